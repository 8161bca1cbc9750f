//! The two ends of the port: commands go in, replies come out.

use std::time::Instant;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};

use super::client::{self, CoreInUse, QueuedCommand};
use super::command::{CoreCommand, CoreReply};
use super::error::CoreBankingError;
use super::ledger::{Ledger, LedgerKeys, LedgerStart};
use super::meter::{Meter, Operation, RequestResult};
use super::replies::{ReplyReceiver, ReplySender, reply_channel};
use super::settings::{Core, Settings};
use crate::clock::Clock;
use crate::signing::LedgerHead;

/// Commands that may wait for the client's connections.
const QUEUE_MAX: usize = 16_384;

/// Opens the port on the current runtime. `keys` sign and prove the embedded ledger, which must have the head that the journal
/// has `recorded`. `clock` gives the timestamps of signed requests and batches.
///
/// # Errors
/// If the embedded ledger can't be opened or is not the recorded one. An unreachable core over HTTP is not an error: it may come back.
pub fn start(
    settings: Settings,
    keys: &LedgerKeys,
    recorded: Option<LedgerHead>,
    clock: Clock,
) -> Result<(Handle, Replies), CoreBankingError> {
    let (sender, receiver) = reply_channel();
    let meter = Meter::default();
    let core = match settings.core {
        Core::Http(http) => {
            let (commands, queue) = channel(QUEUE_MAX);
            let core = client::start(*http, clock, queue, &sender, &meter);
            Backend::Http(commands, core)
        }
        Core::Embedded(embedded) => {
            let start = LedgerStart { keys, recorded, clock };
            Backend::Ledger(Ledger::open_for_port(&embedded, start, sender.clone(), meter.clone())?)
        }
    };
    Ok((Handle { core, replies: sender, meter }, Replies(receiver)))
}

enum Backend {
    Http(Sender<QueuedCommand>, CoreInUse),
    Ledger(Ledger),
}

/// The sending end of the port. After it is dropped, the commands in flight get their replies, and the replies end.
pub struct Handle {
    core: Backend,
    replies: ReplySender,
    meter: Meter,
}

impl Handle {
    /// Sends commands. It neither blocks nor waits.
    ///
    /// A command that exceeds the queue's bound is not sent to core. Its reply is "unknown" at once, so that the caller
    /// repeats it. If the reply channel is full too, the command gets no reply, and the caller's own timer repeats it.
    pub fn send(&self, commands: Vec<CoreCommand>) {
        let since = Instant::now();
        let rejected = match &self.core {
            Backend::Http(queue, _) => {
                commands.into_iter().filter_map(|command| enqueue(queue, command, since)).collect()
            }
            Backend::Ledger(ledger) => ledger.submit_commands(commands),
        };
        for command in rejected {
            self.meter.count(Operation::of(&command), RequestResult::QueueFull);
            if self.meter.may_warn(since) {
                tracing::warn!(transfer = %command.id(), "core command not sent: queue full or ledger stopped");
            }
            self.replies.try_send(command.unknown());
        }
    }

    /// Replaces time-out, key and TLS of a core over HTTP. A core of the other mode changes nothing.
    pub fn reconfigure(&self, core: Core) {
        match (&self.core, core) {
            (Backend::Http(_, in_use), Core::Http(http)) => in_use.replace(*http),
            (Backend::Http(..) | Backend::Ledger(_), Core::Http(_) | Core::Embedded(_)) => {}
        }
    }

    /// Returns the meter of the core requests.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Returns the last durable head of the embedded ledger; `None` before its first row, and for a core over HTTP.
    #[must_use]
    pub fn ledger_head(&self) -> Option<LedgerHead> {
        match &self.core {
            Backend::Http(..) => None,
            Backend::Ledger(ledger) => ledger.head.get(),
        }
    }

    /// Returns whether the embedded ledger had postings when it was opened; `false` for a core over HTTP.
    #[must_use]
    pub const fn had_postings(&self) -> bool {
        match &self.core {
            Backend::Http(..) => false,
            Backend::Ledger(ledger) => ledger.had_postings,
        }
    }

    /// Accepts no more commands. With the embedded ledger, waits until it has ended its work and is closed. Returns its last
    /// durable head.
    ///
    /// # Errors
    /// If the ledger failed.
    pub async fn close(self, mut replies: Replies) -> Result<Option<LedgerHead>, CoreBankingError> {
        let head = match &self.core {
            Backend::Http(..) => return Ok(None),
            Backend::Ledger(ledger) => ledger.head.clone(),
        };
        drop(self);
        while replies.next().await.is_some() {}
        replies.fault().map_or_else(|| Ok(head.get()), |fault| Err(fault.clone()))
    }

    /// Accepts no more commands. The replies end after the commands in flight got theirs, and the ledger is then closed.
    pub fn drain(self) {}
}

/// Queues a command. Returns it if the queue is full.
fn enqueue(
    queue: &Sender<QueuedCommand>,
    command: CoreCommand,
    since: Instant,
) -> Option<CoreCommand> {
    queue.try_send(QueuedCommand { command, since }).err().map(|error| {
        let (TrySendError::Full(queued) | TrySendError::Closed(queued)) = error;
        queued.command
    })
}

/// The receiving end of the port: core's replies, in batches.
pub struct Replies(ReplyReceiver);

impl Replies {
    /// Returns the next batch; `None` when the port is closed or has failed.
    pub async fn next(&mut self) -> Option<Vec<CoreReply>> {
        self.0.next().await
    }

    /// Returns the error that ended the replies, if the ledger failed. Commands without a reply may be executed or not; the
    /// next start finds out.
    #[must_use]
    pub const fn fault(&self) -> Option<&CoreBankingError> {
        self.0.fault()
    }
}
