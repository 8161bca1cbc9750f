//! The owner's ends: what it asks of the links goes in, what happens at them comes out.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::{Event, LinkId, Outgoing};

/// What the owner asks of the links.
pub(super) enum Command {
    Send(Vec<Outgoing>),
    SignOff(LinkId),
    SignOn(LinkId),
    Drain,
}

/// The owner's end: messages and wishes go in. When the last is dropped the links are signed off.
#[derive(Clone)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
}

/// The links have stopped; what was given with the call is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the links have stopped")]
pub struct Stopped;

impl Handle {
    /// Gives messages to be sent. Each one is told of in the events. Waits where the links are behind: so whoever
    /// waits for this must not keep the events from being taken.
    ///
    /// # Errors
    /// If the links have stopped: no byte of these is written.
    pub async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Stopped> {
        self.command(Command::Send(messages)).await
    }

    /// The same, if the links have room for it now; otherwise nothing is taken, and [`Handle::room`] says when there is.
    ///
    /// # Errors
    /// If the links have stopped: no byte of these is written.
    pub fn try_send(&self, messages: &mut Vec<Outgoing>) -> Result<(), Stopped> {
        match self.commands.try_reserve() {
            Ok(room) => {
                room.send(Command::Send(std::mem::take(messages)));
                Ok(())
            }
            Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Closed(())) => Err(Stopped),
        }
    }

    /// Waits until the links have room for what is sent to them, or have stopped.
    pub async fn room(&self) {
        drop(self.commands.reserve().await);
    }

    /// Signs a link off when what is under way on it is answered.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn sign_off(&self, link: LinkId) -> Result<(), Stopped> {
        self.command(Command::SignOff(link)).await
    }

    /// Brings a link up again that was signed off.
    ///
    /// # Errors
    /// If the links have stopped.
    pub async fn sign_on(&self, link: LinkId) -> Result<(), Stopped> {
        self.command(Command::SignOn(link)).await
    }

    /// Signs all links off, and stops. The events end when that is done.
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

/// What happens at the links, in batches.
pub struct Events(pub(super) mpsc::Receiver<Vec<Event>>);

impl Events {
    /// The next batch; `None` when the links have stopped.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        self.0.recv().await
    }
}
