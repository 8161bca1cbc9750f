//! The two ends of the port: questions go in, answers come out.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};

use super::answers::{Answers, Teller, answers};
use super::client::{self, Waiting};
use super::error::BankError;
use super::ledger::Ledger;
use super::meter::{Fate, Meter};
use super::settings::{Core, Settings};
use crate::transfer::{AccountAnswer, CancelAnswer, Posting, PostingAnswer};
use crate::values::{AccountNumber, Moment, TransferId};

/// Questions that may wait for the client's connections.
const ASKS: usize = 16_384;

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// A question to core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To make a posting. To ask again changes nothing.
    Post(Posting),
    /// To cancel the posting of a transfer, or to bar it if it never came. To ask again changes nothing.
    Cancel(TransferId),
    /// Whose an account is and whether it can be paid to, for an exchange.
    Account(TransferId, AccountNumber),
}

/// What core says; the unknown too, once a question, unless more of it is untold than may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Of a posting.
    Posting(TransferId, PostingAnswer),
    /// Of a cancel.
    Cancel(TransferId, CancelAnswer),
    /// Of an account, for an exchange.
    Account(TransferId, AccountAnswer),
}

impl Ask {
    /// The transfer or exchange that it is for.
    #[must_use]
    pub const fn id(&self) -> TransferId {
        match self {
            Self::Post(Posting { id, .. }) | Self::Cancel(id) | Self::Account(id, _) => *id,
        }
    }

    /// That core said nothing to it.
    pub(super) const fn unknown(&self) -> Told {
        match self {
            Self::Post(Posting { id, .. }) => Told::Posting(*id, PostingAnswer::None),
            Self::Cancel(id) => Told::Cancel(*id, CancelAnswer::None),
            Self::Account(id, _) => Told::Account(*id, AccountAnswer::None),
        }
    }
}

/// Opens the port, on the runtime that this is called in. `clock` times the signatures of requests.
///
/// # Errors
/// If the embedded ledger can't be opened. A core over HTTP that is away is none: it may come.
pub fn start(settings: Settings, clock: Clock) -> Result<(Handle, Events), BankError> {
    let (told, answers) = answers();
    let meter = Meter::default();
    let core = match settings.core {
        Core::Http(http) => {
            let (asks, queue) = channel(ASKS);
            client::start(*http, clock, queue, &told, &meter);
            Way::Http(asks)
        }
        Core::Embedded(embedded) => {
            Way::Ledger(Ledger::open_asked(&embedded, told.clone(), meter.clone())?)
        }
    };
    Ok((Handle { core, told, meter }, Events(answers)))
}

enum Way {
    Http(Sender<Waiting>),
    Ledger(Ledger),
}

/// The owner's end: questions go in. When it is dropped those under way are answered, and the events end.
pub struct Handle {
    core: Way,
    told: Teller,
    meter: Meter,
}

impl Handle {
    /// Asks, and neither blocks nor waits. A question over the bound is not put to core: it is told as unknown at once, so that
    /// whoever asks asks again; nothing at all is told where too much is untold already, which is the same to whoever asks again
    /// when its time comes.
    pub fn ask(&self, asks: Vec<Ask>) {
        let since = Instant::now();
        let over = match &self.core {
            Way::Http(queue) => asks.into_iter().filter_map(|ask| put(queue, ask, since)).collect(),
            Way::Ledger(ledger) => ledger.ask(asks),
        };
        for ask in over {
            self.meter.count(Fate::Over);
            if self.meter.may_warn(since) {
                tracing::warn!(transfer = %ask.id(), "core is not asked: too many questions wait, or the ledger has stopped");
            }
            self.told.try_tell(ask.unknown());
        }
    }

    /// What became of the questions.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Takes no more questions. The events end when those under way are answered, and the ledger is closed then.
    pub fn drain(self) {}
}

/// Gives a question back for which there is no room.
fn put(queue: &Sender<Waiting>, ask: Ask, since: Instant) -> Option<Ask> {
    queue.try_send(Waiting { ask, since }).err().map(|error| {
        let (TrySendError::Full(waiting) | TrySendError::Closed(waiting)) = error;
        waiting.ask
    })
}

/// What core says, in batches.
pub struct Events(Answers);

impl Events {
    /// The next batch; `None` when the port is closed or has failed.
    pub async fn next(&mut self) -> Option<Vec<Told>> {
        self.0.next().await
    }

    /// Why the events ended, if the ledger failed: what it had not answered may be done or not, and a start reads which.
    #[must_use]
    pub const fn fault(&self) -> Option<&BankError> {
        self.0.fault()
    }
}
