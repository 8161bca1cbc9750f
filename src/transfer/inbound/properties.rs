//! The table of the states of an inbound transfer: what is true of each of them.

use super::{BarCause, InboundState as State, InboundTransfer};
use crate::codes::inbound_state as code;
use crate::transfer::books::Share;
use crate::transfer::core_reply::PriorPosting;
use crate::transfer::state::{Properties, Wait};

impl InboundTransfer {
    /// Returns the properties of the state.
    #[must_use]
    pub fn properties(&self) -> Properties {
        self.state.properties()
    }
}

impl State {
    /// Returns the row of this state.
    pub(super) const fn properties(&self) -> Properties {
        match self {
            Self::Received => {
                Properties::new(code::RECEIVED, "received", Share::Nothing, Wait::Decision)
            }
            // A response to the switch does not wait for a turn: the switch needs it in time.
            Self::Posting { due, .. } => {
                Properties::new(code::POSTING, "posting", Share::Nothing, Wait::TimeOut(*due))
            }
            Self::Posted(_) => {
                Properties::new(code::POSTED, "posted", Share::Settled, Wait::Decision)
            }
            Self::Approved { .. } => {
                Properties::new(code::APPROVED, "approved", Share::Settled, Wait::Nothing)
            }
            Self::PostingRefused(_) => {
                let (code, name) = (code::POSTING_REFUSED, "posting refused");
                Properties::new(code, name, Share::Nothing, Wait::Decision)
            }
            Self::Declined(_) => {
                Properties::new(code::DECLINED, "declined", Share::Nothing, Wait::Nothing)
            }
            Self::Reversing { cause, cancel } => {
                let is_booked = cause.is_after_approval();
                let share = if is_booked { Share::InFlight } else { Share::Nothing };
                Properties::new(code::REVERSING, "reversing", share, Wait::Core(cancel.due))
                    .exception(cancel.is_exception)
            }
            Self::Reversed { cause, prior } => {
                let is_booked = cause.is_after_approval() || matches!(prior, PriorPosting::Posted);
                let share = if is_booked { Share::Refunded } else { Share::Nothing };
                Properties::new(code::REVERSED, "reversed", share, Wait::Nothing)
            }
            Self::PartiallyReversing { part, pending, .. } => {
                let (code, name) = (code::PARTIALLY_REVERSING, "partially reversing");
                let (share, wait) = (Share::PartInFlight(part.returned), Wait::Core(pending.due));
                Properties::new(code, name, share, wait).exception(pending.is_exception)
            }
            Self::PartiallyReversed { part, .. } => {
                let (code, name) = (code::PARTIALLY_REVERSED, "partially reversed");
                Properties::new(code, name, Share::PartRefunded(part.returned), Wait::Nothing)
            }
            Self::Barred(BarCause::Reversal { .. }) => {
                let name = "barred (by reversal)";
                Properties::new(code::BARRED, name, Share::Nothing, Wait::Nothing)
            }
            Self::Barred(BarCause::StatusInquiry) => {
                let name = "barred (by status inquiry)";
                Properties::new(code::BARRED, name, Share::Nothing, Wait::Nothing)
            }
        }
    }
}
