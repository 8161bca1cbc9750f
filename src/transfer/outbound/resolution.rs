//! Manual resolutions of outbound exceptions: which outcomes a state allows, and what each of them does.

use super::builder::DecisionBuilder;
use super::fact::OutboundFact as Fact;
use super::properties::FailureCause;
use super::reasons::{RefundReason, SettledBy};
use super::{Conflict, ExceptionCause, OutboundState as State, OutboundTransfer};
use crate::codes::exception_cause as code;
use crate::transfer::books::Share;
use crate::transfer::core_reply::PriorPosting;
use crate::transfer::input::OutboundInput;
use crate::transfer::order::Funding;
use crate::transfer::resolution::{
    PossibleResolution, Resolution, ResolutionCommand, ResolutionOutcome as Outcome,
    ResolutionShares,
};
use crate::transfer::status::TransferStatus;

/// What a resolution does.
#[derive(Clone, Copy)]
enum Act {
    /// The transfer succeeded.
    Settle,
    /// The transfer failed: core refunds the debit, or the channel that made it does.
    Refund,
    /// The transfer failed, and the bank returned the debit in core by hand.
    RefundByHand,
    /// The bank returned the debit in core by hand, and core need not confirm the cancel any more.
    CompleteRefund(RefundReason),
    /// The bank removed the debit in core by hand. No request was sent.
    Reject,
    /// The customer was refunded, and the transfer failed: the evidence of success was wrong.
    KeepRefund,
    /// The customer was refunded, and the beneficiary was paid. The bank bears the loss.
    WriteOff,
}

impl OutboundTransfer {
    /// Returns the resolutions that are possible now. There are none unless the transfer is an exception.
    pub fn resolutions(&self) -> impl Iterator<Item = PossibleResolution> + '_ {
        let (before, amount) = (self.properties().share, self.order.amount);
        Outcome::ALL.into_iter().filter_map(move |outcome| {
            let act = self.act(outcome)?;
            Some(act.shares(&self.order.funding).of(outcome, before, amount))
        })
    }

    /// Returns the code of the reason why the transfer needs a manual resolution, if it does.
    #[must_use]
    pub fn exception_cause(&self) -> Option<&'static str> {
        let code = match &self.state {
            State::Exception(_, ExceptionCause::Unreversed(_)) => code::REVERSAL_UNCONFIRMED,
            State::Exception(_, ExceptionCause::Undecided { .. }) => code::OUTCOME_UNDECIDED,
            State::ConflictingOutcome(..) => code::CONFLICTING_OUTCOME,
            State::CancellingDebit { .. } | State::Refunding { .. } => code::CANCEL_UNCONFIRMED,
            State::Accepted
            | State::Debiting { .. }
            | State::Debited(_)
            | State::ReadyToSend(_)
            | State::Sent(_)
            | State::OutcomeUnknown(..)
            | State::Reversing(..)
            | State::Inquiring { .. }
            | State::Settled { .. }
            | State::Refunded { .. }
            | State::PaidTwice(_)
            | State::Rejected(_) => return None,
        };
        self.properties().is_exception.then_some(code)
    }

    /// Returns what an outcome does in this state; `None` if it is not possible.
    fn act(&self, outcome: Outcome) -> Option<Act> {
        match &self.state {
            State::CancellingDebit { cancel, .. } if cancel.is_exception => match outcome {
                Outcome::PostedByHand => Some(Act::Reject),
                Outcome::Settled | Outcome::Refunded | Outcome::WrittenOff => None,
            },
            State::Refunding { reason, cancel, .. } if cancel.is_exception => match outcome {
                Outcome::PostedByHand => Some(Act::CompleteRefund(*reason)),
                Outcome::Settled | Outcome::Refunded | Outcome::WrittenOff => None,
            },
            State::Exception(..)
            | State::ConflictingOutcome(_, Conflict::SettledButReversed(_)) => match outcome {
                Outcome::Settled => Some(Act::Settle),
                Outcome::Refunded => Some(Act::Refund),
                Outcome::PostedByHand => match self.order.funding {
                    Funding::Core => Some(Act::RefundByHand),
                    // The channel made the debit, so core has none.
                    Funding::Caller(_) => None,
                },
                Outcome::WrittenOff => None,
            },
            State::ConflictingOutcome(_, Conflict::RefundedButSettled) => match outcome {
                Outcome::Refunded => Some(Act::KeepRefund),
                Outcome::WrittenOff => Some(Act::WriteOff),
                Outcome::Settled | Outcome::PostedByHand => None,
            },
            State::Accepted
            | State::Debiting { .. }
            | State::CancellingDebit { .. }
            | State::Debited(_)
            | State::ReadyToSend(_)
            | State::Sent(_)
            | State::OutcomeUnknown(..)
            | State::Reversing(..)
            | State::Inquiring { .. }
            | State::Refunding { .. }
            | State::Settled { .. }
            | State::Refunded { .. }
            | State::PaidTwice(_)
            | State::Rejected(_) => None,
        }
    }

    /// Adds the facts and effects of a resolution. One that is not possible changes nothing; the engine refuses it before.
    pub(super) fn resolve(
        &self,
        resolution: &Resolution,
        input: &OutboundInput,
        builder: &mut DecisionBuilder<'_, '_>,
    ) {
        let Some(act) = self.act(resolution.outcome) else {
            return builder.record_unexpected(input);
        };
        builder.record(Fact::Resolved(resolution.clone()));
        match act {
            Act::Settle => builder.settle(SettledBy::ManualResolution),
            Act::Refund => builder.refund(RefundReason::Resolved),
            Act::RefundByHand => {
                let (reason, due) = (RefundReason::Resolved, builder.context.now);
                builder.record(Fact::RefundRequested { reason, due });
                builder.complete_refund(reason, None);
            }
            Act::CompleteRefund(reason) => builder.complete_refund(reason, None),
            Act::Reject => self.reject(builder),
            Act::KeepRefund => {
                builder.record(Fact::Refunded(None));
                let cause = FailureCause::Refunded(RefundReason::Resolved);
                builder.notify_failure(TransferStatus::Refunded, cause);
            }
            Act::WriteOff => {
                builder.record(Fact::PaidTwice);
                builder.notify_channel(TransferStatus::Settled);
            }
        }
    }

    fn reject(&self, builder: &mut DecisionBuilder<'_, '_>) {
        if let State::CancellingDebit { reason, .. } = &self.state {
            builder.reject(reason.rejection(PriorPosting::Cancelled));
        }
    }
}

impl Act {
    const fn shares(self, funding: &Funding) -> ResolutionShares {
        match (self, funding) {
            (Self::Settle, _) => ResolutionShares::done(Share::Settled),
            (Self::Refund, Funding::Core) => ResolutionShares {
                after: Share::InFlight,
                command: Some(ResolutionCommand::CancelPosting),
                confirmed: Share::Refunded,
            },
            (Self::Refund, Funding::Caller(_))
            | (Self::RefundByHand | Self::CompleteRefund(_) | Self::KeepRefund, _) => {
                ResolutionShares::done(Share::Refunded)
            }
            (Self::Reject, _) => ResolutionShares::done(Share::Nothing),
            (Self::WriteOff, _) => ResolutionShares::done(Share::WrittenOff),
        }
    }
}
