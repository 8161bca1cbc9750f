//! The owner's side of the links: commands and events.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::event::{Event, OutgoingMessage};
use super::order::{OrderError, OrderResult};
use super::state::LinkStates;
use super::tcp::LinkTls;
use super::{CorrelationId, LinkId};
use crate::values::LinkOrder;

/// A command of the owner.
pub(super) enum Command {
    Send(Vec<OutgoingMessage>),
    Withdraw(BTreeSet<CorrelationId>),
    Order(LinkId, LinkOrder, oneshot::Sender<OrderResult>),
    Tls(LinkId, LinkTls),
    Stop,
}

/// The owner's handle to the links. When the last handle is dropped, the links sign off.
#[derive(Clone)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) states: watch::Receiver<LinkStates>,
}

/// The links have stopped. The command was not executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the links have stopped")]
pub struct Stopped;

impl Handle {
    /// Returns the states of all links, in the order of their ids. They are at most 100 ms old, and newer than every order that
    /// has its result.
    #[must_use]
    pub fn states(&self) -> LinkStates {
        Arc::clone(&self.states.borrow())
    }

    /// Returns the states as they change, for readers that follow them. The last ones outlive the links.
    #[must_use]
    pub fn follow_states(&self) -> watch::Receiver<LinkStates> {
        self.states.clone()
    }

    /// Sends messages. Events report on each of them. Waits while the queue of commands is full, so the caller must keep
    /// reading events meanwhile.
    ///
    /// # Errors
    /// If the links have stopped. Then not a single byte of the messages is written.
    pub async fn send(&self, messages: Vec<OutgoingMessage>) -> Result<(), Stopped> {
        self.command(Command::Send(messages)).await
    }

    /// Sends messages if the queue of commands has capacity now. Otherwise `messages` stays as it is; see
    /// [`Handle::wait_for_capacity`].
    ///
    /// # Errors
    /// If the links have stopped. Then not a single byte of the messages is written.
    pub fn try_send(&self, messages: &mut Vec<OutgoingMessage>) -> Result<(), Stopped> {
        match self.commands.try_reserve() {
            Ok(permit) => {
                permit.send(Command::Send(std::mem::take(messages)));
                Ok(())
            }
            Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Closed(())) => Err(Stopped),
        }
    }

    /// Withdraws messages of which not a single byte is written, if the queue of commands has capacity now. Otherwise `messages` stays as
    /// it is. An event reports each message that was withdrawn; the others go their way.
    ///
    /// # Errors
    /// If the links have stopped.
    pub fn try_withdraw(&self, messages: &mut BTreeSet<CorrelationId>) -> Result<(), Stopped> {
        match self.commands.try_reserve() {
            Ok(permit) => {
                permit.send(Command::Withdraw(std::mem::take(messages)));
                Ok(())
            }
            Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Closed(())) => Err(Stopped),
        }
    }

    /// Waits until the queue of commands has capacity, or the links have stopped.
    pub async fn wait_for_capacity(&self) {
        drop(self.commands.reserve().await);
    }

    /// Gives an operator's order to a link, and waits for its result: that of an echo for as long as the network's
    /// `echo_response` at most. The caller must keep reading events meanwhile.
    ///
    /// # Errors
    /// If the order cannot be carried out, or the echo failed.
    pub async fn order(&self, link: LinkId, order: LinkOrder) -> OrderResult {
        let (sender, result) = oneshot::channel();
        let command = Command::Order(link, order, sender);
        self.command(command).await.map_err(|Stopped| OrderError::Stopping)?;
        result.await.unwrap_or(Err(OrderError::Stopping))
    }

    /// Replaces the TLS settings of a link: new connections use them, and open ones stay. The side that connects stays the same. The caller
    /// must keep reading events meanwhile.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn set_tls(&self, link: LinkId, tls: LinkTls) -> Result<(), Stopped> {
        self.command(Command::Tls(link, tls)).await
    }

    /// Signs all links off and stops. The events end after that.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn stop(&self) -> Result<(), Stopped> {
        self.command(Command::Stop).await
    }

    async fn command(&self, command: Command) -> Result<(), Stopped> {
        self.commands.send(command).await.map_err(|_| Stopped)
    }
}

/// The events of the links, in batches.
pub struct Events(pub(super) mpsc::Receiver<Vec<Event>>);

impl Events {
    /// Returns the next batch; `None` when the links have stopped.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        self.0.recv().await
    }
}
