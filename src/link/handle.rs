//! The owner's side of the links: commands and events.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::LinkId;
use super::event::{Event, OutgoingMessage};

/// A command of the owner.
pub(super) enum Command {
    Send(Vec<OutgoingMessage>),
    SignOff(LinkId),
    SignOn(LinkId),
    Drain,
}

/// The owner's handle to the links. When the last handle is dropped, the links sign off.
#[derive(Clone)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    /// Requests in flight on each link, as the driver last saw them.
    pub(super) in_flight: Arc<[AtomicUsize]>,
}

/// The links have stopped. The command was not executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the links have stopped")]
pub struct Stopped;

impl Handle {
    /// Returns the requests in flight, by link. The counts outlive the handle.
    #[must_use]
    pub fn in_flight(&self) -> Arc<[AtomicUsize]> {
        Arc::clone(&self.in_flight)
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

    /// Waits until the queue of commands has capacity, or the links have stopped.
    pub async fn wait_for_capacity(&self) {
        drop(self.commands.reserve().await);
    }

    /// Signs a link off after the responses in flight have arrived.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn sign_off(&self, link: LinkId) -> Result<(), Stopped> {
        self.command(Command::SignOff(link)).await
    }

    /// Signs a link on again.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn sign_on(&self, link: LinkId) -> Result<(), Stopped> {
        self.command(Command::SignOn(link)).await
    }

    /// Signs all links off and stops. The events end after that.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn drain(&self) -> Result<(), Stopped> {
        self.command(Command::Drain).await
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
