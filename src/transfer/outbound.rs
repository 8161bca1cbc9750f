//! A transfer that leaves our bank: from the order to the money being settled or given back.
//!
//! ```text
//! Accepted ─► Debiting ─► Ready ─► Sent ─────────────► Settled
//!                │          │        ├─► Refunding ───► Refunded
//!                ▼          │        └─► Doubtful ─► Reversing ─► Refunding
//!         CancellingDebit   └─► Refunding                └─► Exception ─► Settled, Refunding
//!                └─► Refused             (Inquiring, where the network knows no reversal)
//!
//! Settled, Refunding, Refunded ─► Contradicted ─► Settled, Refunding, Refunded, PaidTwice   (two persons)
//! ```
//!
//! `docs/transfer.md` has the whole diagram, made from this code, and every state with every input.

mod decide;
mod evolve;
mod fact;
mod moves;

pub use fact::{Evidence, OutboundFact};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::effect::Standing;
use super::input::{Refusal, Was};
use super::order::{Order, Receipt, Trace};
use crate::values::{Moment, ResponseCode};

/// Where an outbound transfer stands, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outbound {
    /// Taken on. Never at rest: what follows is decided with it.
    Accepted(Order),
    /// Core was asked for the debit.
    Debiting {
        /// What is to be moved.
        order: Order,
        /// How often core was asked.
        tries: u16,
        /// When to ask again.
        due: Moment,
    },
    /// The debit must not stand. Core is asked to cancel it until it says that it has.
    CancellingDebit {
        /// What was to be moved.
        order: Order,
        /// Why.
        why: Unwanted,
        /// How often core was asked.
        tries: u16,
        /// When to ask again.
        due: Moment,
    },
    /// The debit stands. Never at rest: the request is made ready with it.
    Debited(Order, Receipt),
    /// The debit stands and the request is on disk; from here on it may be on the wire.
    Ready(Dispatch),
    /// The request was written to the session.
    Sent(Dispatch),
    /// The outcome is unknown, and what is done about it waits its turn, so that a switch that comes back is not run over.
    Doubtful(Dispatch, Doubt),
    /// The outcome is unknown, and the switch is asked to undo it until it says that it has.
    Reversing(Dispatch, Reversal),
    /// The outcome is unknown, the network knows no reversal, and its status is asked.
    Inquiring {
        /// The request.
        dispatch: Dispatch,
        /// How often it was asked.
        tries: u16,
    },
    /// Two persons are to decide; what can be done without them goes on.
    Exception(Dispatch, Cause),
    /// The money did not move, and core is asked to give it back until it says that it has.
    Refunding {
        /// What was not moved.
        order: Order,
        /// The debit that is undone.
        receipt: Receipt,
        /// Why the money is given back.
        why: Why,
        /// How often core was asked.
        tries: u16,
        /// When to ask again.
        due: Moment,
    },
    /// The money has moved.
    Settled {
        /// What was moved.
        order: Order,
        /// The debit behind it.
        receipt: Receipt,
        /// Who says so.
        by: SettledBy,
    },
    /// The money did not move, and the customer has it back.
    Refunded {
        /// What was not moved.
        order: Order,
        /// Why.
        why: Why,
    },
    /// What was an end can't be true. Two persons are to look.
    Contradicted(Order, Conflict),
    /// The customer has the money back, and it has moved all the same: two persons have said so, and the bank bears it.
    PaidTwice(Order),
    /// Nothing was sent, and no debit stands.
    Refused {
        /// What was refused.
        order: Order,
        /// Why.
        why: RefusedFor,
    },
}

/// A request with the debit behind it, and until when it is waited for what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// What is to be moved.
    pub order: Order,
    /// The debit that stands behind it.
    pub receipt: Receipt,
    /// The numbers that the request goes under.
    pub trace: Trace,
    /// When it has been waited long enough.
    pub due: Moment,
}

/// A reversal under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Why the outcome is unknown, which the reversal says.
    pub because: Doubt,
    /// The numbers that it goes under.
    pub trace: Trace,
    /// How often it was sent.
    pub tries: u16,
    /// How often the switch did not find the original.
    pub not_found: u16,
    /// When it began.
    pub since: Moment,
}

/// Why an exception waits for two persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The switch won't confirm the reversal; it is repeated still, slowly.
    Unreversed(Reversal),
    /// The network knows no reversal, and nobody says what became of the transfer.
    Undecided,
}

/// What is said of a transfer that had come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The customer has the money back, and the switch says that it has moved.
    GivenBackYetMoved,
    /// It was settled, and the switch says that it has undone it, or its file does not have it.
    SettledYetUndone(Receipt),
}

/// Why a debit must not stand before anything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwanted {
    /// Core left it in doubt.
    Doubtful,
    /// Core refused it, but had been asked more than once: another of the questions may still be on its way,
    /// and find the account able to pay.
    Refused(Refusal),
}

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The switch declined.
    Declined(ResponseCode),
    /// The request certainly never left.
    NotSent,
    /// The switch confirmed the reversal.
    Reversed,
    /// The settlement file does not have it.
    NotSettled,
    /// Two persons decided so.
    Resolved,
    /// The money is given back for one of these reasons, and then the switch said that it has moved.
    YetApproved,
}

/// Who says that the money has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// The answer to the request, or to a status inquiry.
    Answer(ResponseCode),
    /// The settlement file.
    SettlementFile,
    /// Two persons.
    Persons,
}

/// Why a transfer was refused before anything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedFor {
    /// Core refused the debit.
    Core(Refusal),
    /// Core bars the posting's id.
    Barred,
    /// Core refused the debit, had been asked more than once, and cancelled what it was then.
    CoreThenCancelled(Refusal, Was),
    /// Core left the debit in doubt, and cancelled what it was then.
    Doubtful(Was),
}

/// Why the outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// No answer in time.
    Timeout,
    /// The session broke.
    LineLost,
    /// The program stopped after the request was on disk.
    Restart,
    /// The switch itself does not know.
    Code(ResponseCode),
}

/// A fact that can't follow on a state: the journal is damaged, or another version's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{fact} can't follow in state {state}")]
pub struct Illegal {
    /// The state's name.
    pub state: &'static str,
    /// The fact's name.
    pub fact: &'static str,
}

impl Outbound {
    /// What the transfer is about.
    #[must_use]
    pub const fn order(&self) -> &Order {
        match self {
            Self::Accepted(order)
            | Self::Debiting { order, .. }
            | Self::CancellingDebit { order, .. }
            | Self::Debited(order, _)
            | Self::Ready(Dispatch { order, .. })
            | Self::Sent(Dispatch { order, .. })
            | Self::Doubtful(Dispatch { order, .. }, _)
            | Self::Reversing(Dispatch { order, .. }, _)
            | Self::Inquiring { dispatch: Dispatch { order, .. }, .. }
            | Self::Exception(Dispatch { order, .. }, _)
            | Self::Refunding { order, .. }
            | Self::Settled { order, .. }
            | Self::Refunded { order, .. }
            | Self::Contradicted(order, _)
            | Self::PaidTwice(order)
            | Self::Refused { order, .. } => order,
        }
    }

    /// When the state is to be asked with [`Input::Due`](super::Input::Due), if ever.
    #[must_use]
    pub const fn due(&self) -> Option<Moment> {
        match self {
            Self::Debiting { due, .. }
            | Self::CancellingDebit { due, .. }
            | Self::Refunding { due, .. }
            | Self::Ready(Dispatch { due, .. })
            | Self::Sent(Dispatch { due, .. })
            | Self::Doubtful(Dispatch { due, .. }, _)
            | Self::Reversing(Dispatch { due, .. }, _)
            | Self::Inquiring { dispatch: Dispatch { due, .. }, .. }
            | Self::Exception(Dispatch { due, .. }, Cause::Unreversed(_)) => Some(*due),
            Self::Accepted(_)
            | Self::Debited(..)
            | Self::Exception(_, Cause::Undecided)
            | Self::Settled { .. }
            | Self::Refunded { .. }
            | Self::Contradicted(..)
            | Self::PaidTwice(_)
            | Self::Refused { .. } => None,
        }
    }

    /// How it stands, as a channel is told.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Accepted(_) | Self::Debiting { .. } | Self::CancellingDebit { .. } => {
                Standing::Initiated
            }
            Self::Debited(..) | Self::Ready(_) | Self::Sent(_) => Standing::Paying,
            Self::Doubtful(..)
            | Self::Reversing(..)
            | Self::Inquiring { .. }
            | Self::Exception(..)
            | Self::Refunding { why: Why::YetApproved, .. }
            | Self::Contradicted(..) => Standing::Pending,
            Self::Refunding { .. } => Standing::GivingBack,
            Self::Settled { .. } | Self::PaidTwice(_) => Standing::Settled,
            Self::Refunded { .. } => Standing::GivenBack,
            Self::Refused { .. } => Standing::Refused,
        }
    }

    /// Whether two persons are to decide.
    #[must_use]
    pub const fn is_exception(&self) -> bool {
        matches!(self, Self::Exception(..) | Self::Contradicted(..))
    }

    /// Whether nothing is left to be done: it may leave the live table.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Settled { .. }
            | Self::Refunded { .. }
            | Self::PaidTwice(_)
            | Self::Refused { .. } => true,
            Self::Accepted(_)
            | Self::Debiting { .. }
            | Self::CancellingDebit { .. }
            | Self::Debited(..)
            | Self::Ready(_)
            | Self::Sent(_)
            | Self::Doubtful(..)
            | Self::Reversing(..)
            | Self::Inquiring { .. }
            | Self::Exception(..)
            | Self::Refunding { .. }
            | Self::Contradicted(..) => false,
        }
    }

    /// The state's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "Accepted",
            Self::Debiting { .. } => "Debiting",
            Self::CancellingDebit { .. } => "CancellingDebit",
            Self::Debited(..) => "Debited",
            Self::Ready(_) => "Ready",
            Self::Sent(_) => "Sent",
            Self::Doubtful(..) => "Doubtful",
            Self::Reversing(..) => "Reversing",
            Self::Inquiring { .. } => "Inquiring",
            Self::Exception(_, Cause::Unreversed(_)) => "Exception (unreversed)",
            Self::Exception(_, Cause::Undecided) => "Exception (undecided)",
            Self::Refunding { why: Why::YetApproved, .. } => "Refunding (yet approved)",
            Self::Refunding { .. } => "Refunding",
            Self::Settled { .. } => "Settled",
            Self::Refunded { .. } => "Refunded",
            Self::Contradicted(_, Conflict::GivenBackYetMoved) => "Contradicted (given back)",
            Self::Contradicted(_, Conflict::SettledYetUndone(_)) => "Contradicted (settled)",
            Self::PaidTwice(_) => "PaidTwice",
            Self::Refused { .. } => "Refused",
        }
    }
}
