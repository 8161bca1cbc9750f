//! Manual resolutions of inbound exceptions: which outcomes a state allows, and what each of them does.

use super::builder::DecisionBuilder;
use super::reversal::{PartEnd, PartialReversal};
use super::{InboundFact as Fact, InboundInput as Input, InboundState as State, InboundTransfer};
use crate::codes::exception_cause as code;
use crate::transfer::books::Share;
use crate::transfer::effect::Side;
use crate::transfer::resolution::{
    PossibleResolution, Resolution, ResolutionCommand, ResolutionOutcome as Outcome,
    ResolutionShares,
};

/// What a resolution does.
#[derive(Clone, Copy)]
enum Act {
    /// The bank reversed the posting in core by hand. Holds the transfer's share of the books then.
    Reverse(Share),
    /// The posting stands, and the bank bears the loss.
    WriteOff,
    /// The posting that returns the part is cancelled or barred first, so that it cannot return the part once more.
    CancelPart(PartialReversal, PartEnd),
    /// The bank made sure in core by hand that the posting does not stand.
    EndPart(PartialReversal, PartEnd),
}

impl InboundTransfer {
    /// Returns the resolutions that are possible now. There are none unless the transfer is an exception.
    pub fn resolutions(&self) -> impl Iterator<Item = PossibleResolution> + '_ {
        let (before, amount) = (self.properties().share, self.request.amount);
        Outcome::ALL.into_iter().filter_map(move |outcome| {
            Some(self.act(outcome)?.shares().of(outcome, before, amount))
        })
    }

    /// Returns the code of the reason why the transfer needs a manual resolution, if it does.
    #[must_use]
    pub fn exception_cause(&self) -> Option<&'static str> {
        let code = match &self.state {
            State::Reversing { .. } | State::CancellingPart { .. } => code::CANCEL_UNCONFIRMED,
            State::PartiallyReversing { .. } => code::PART_UNCONFIRMED,
            State::Received
            | State::Posting { .. }
            | State::Posted(_)
            | State::Approved { .. }
            | State::PostingRefused(_)
            | State::Declined(_)
            | State::Reversed { .. }
            | State::WrittenOff { .. }
            | State::PartiallyReversed { .. }
            | State::PartWrittenOff { .. }
            | State::Barred(_) => return None,
        };
        self.properties().is_exception.then_some(code)
    }

    /// Returns what an outcome does in this state; `None` if it is not possible.
    fn act(&self, outcome: Outcome) -> Option<Act> {
        let end = match (outcome, self.request.side) {
            (Outcome::PostedByHand, _) => PartEnd::ReturnedByHand,
            (Outcome::WrittenOff, Side::Credit) => PartEnd::WrittenOff,
            // Our customer paid a withdrawal. If it is not returned, the loss is not the bank's.
            (Outcome::WrittenOff, Side::Debit) | (Outcome::Settled | Outcome::Refunded, _) => {
                return None;
            }
        };
        match &self.state {
            State::Reversing { cause, cancel } if cancel.is_exception => Some(match end {
                PartEnd::ReturnedByHand => {
                    let is_booked = cause.is_after_approval();
                    Act::Reverse(if is_booked { Share::Refunded } else { Share::Nothing })
                }
                PartEnd::WrittenOff => Act::WriteOff,
            }),
            State::PartiallyReversing { part, pending, .. } if pending.is_exception => {
                Some(Act::CancelPart(*part, end))
            }
            State::CancellingPart { part, cancel, end, .. } if cancel.is_exception => {
                (outcome == Outcome::PostedByHand).then_some(Act::EndPart(*part, *end))
            }
            State::Received
            | State::Posting { .. }
            | State::Posted(_)
            | State::Approved { .. }
            | State::PostingRefused(_)
            | State::Declined(_)
            | State::Reversing { .. }
            | State::Reversed { .. }
            | State::WrittenOff { .. }
            | State::PartiallyReversing { .. }
            | State::PartiallyReversed { .. }
            | State::CancellingPart { .. }
            | State::PartWrittenOff { .. }
            | State::Barred(_) => None,
        }
    }

    /// Adds the facts and effects of a resolution. One that is not possible changes nothing; the engine refuses it before.
    pub(super) fn resolve(
        &self,
        resolution: &Resolution,
        input: &Input,
        builder: &mut DecisionBuilder<'_, '_>,
    ) {
        let Some(act) = self.act(resolution.outcome) else {
            return builder.record_unexpected(input);
        };
        builder.record(Fact::Resolved(resolution.clone()));
        match act {
            Act::Reverse(_) => builder.record_reversed(None),
            Act::WriteOff => builder.record(Fact::WrittenOff),
            Act::CancelPart(part, end) => builder.request_part_cancel(&part, end, None),
            Act::EndPart(_, end) => builder.end_part(end),
        }
    }
}

impl Act {
    const fn shares(self) -> ResolutionShares {
        match self {
            Self::Reverse(share) => ResolutionShares::done(share),
            Self::WriteOff => ResolutionShares::done(Share::WrittenOff),
            Self::CancelPart(part, end) => {
                let share = end.share(part.returned);
                let command = Some(ResolutionCommand::CancelPart);
                ResolutionShares { after: share, command, confirmed: share }
            }
            Self::EndPart(part, end) => ResolutionShares::done(end.share(part.returned)),
        }
    }
}
