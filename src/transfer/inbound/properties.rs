//! The table of the states of an inbound transfer: what is true of each of them.

use super::reversal::PartEnd;
use super::{BarCause, InboundState as State, InboundTransfer};
use crate::codes::inbound_state as code;
use crate::transfer::books::Share;
use crate::transfer::core_reply::PriorPosting;
use crate::transfer::state::{Properties, Wait};
use crate::values::Amount;

impl InboundTransfer {
    /// Returns the properties of the state.
    #[must_use]
    pub fn properties(&self) -> Properties {
        self.state.properties()
    }
}

impl PartEnd {
    /// Returns the share of a transfer with this part.
    pub(super) const fn share(self, returned: Amount) -> Share {
        match self {
            Self::ReturnedByHand => Share::PartRefunded(returned),
            Self::WrittenOff => Share::PartWrittenOff(returned),
        }
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
                let was_posted = matches!(prior, Some(PriorPosting::Posted));
                let is_booked = cause.is_after_approval() || was_posted;
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
            Self::WrittenOff { .. } => {
                let share = Share::WrittenOff;
                Properties::new(code::WRITTEN_OFF, "written off", share, Wait::Nothing)
            }
            Self::CancellingPart { part, cancel, end, .. } => {
                let (code, name) = (code::CANCELLING_PART, "cancelling part");
                let (share, wait) = (end.share(part.returned), Wait::Core(cancel.due));
                Properties::new(code, name, share, wait).exception(cancel.is_exception)
            }
            Self::PartWrittenOff { part, .. } => {
                let (code, name) = (code::PART_WRITTEN_OFF, "part written off");
                Properties::new(code, name, Share::PartWrittenOff(part.returned), Wait::Nothing)
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
