//! The fold: a state and a fact give the next state.
//!
//! Only facts that a decision can produce are accepted. Any other fact is an [`IllegalFact`], so that a damaged journal
//! is rejected and never guessed at. This is the only reason why matches in this file end with any other state.

use std::sync::Arc;

use super::fact::OutboundFact as Fact;
use super::reasons::{CancelReason, RefundReason, SettledBy};
use super::{
    Conflict, Dispatch, ExceptionCause, OutboundState as State, OutboundTransfer, Reversal,
};
use crate::transfer::core_reply::PriorPosting;
use crate::transfer::order::TraceNumbers;
use crate::transfer::state::{IllegalFact, PendingCancel};
use crate::values::Moment;

type Folded = Result<State, IllegalFact>;

impl OutboundTransfer {
    /// Returns the transfer that begins with this fact.
    ///
    /// # Errors
    /// If the fact cannot begin a transfer.
    pub fn begin(fact: &Fact) -> Result<Self, IllegalFact> {
        match fact {
            Fact::Accepted(order) => Ok(Self { order: Arc::clone(order), state: State::Accepted }),
            other => Err(IllegalFact { state: "none", fact: other.code() }),
        }
    }

    /// Returns the transfer after a fact that became true at this time.
    ///
    /// # Errors
    /// If the fact cannot follow this state.
    pub fn evolve(self, fact: &Fact, at: Moment) -> Result<Self, IllegalFact> {
        let state = self.state.evolve(fact, at)?;
        Ok(Self { state, ..self })
    }
}

impl State {
    fn evolve(self, fact: &Fact, at: Moment) -> Folded {
        match fact {
            Fact::Accepted(_) => Err(self.illegal(fact)),
            Fact::DebitRequested { due } => self.debit_requested(fact, *due),
            Fact::DebitCancelRequested { reason, due } => {
                self.debit_cancel_requested(fact, *reason, *due)
            }
            Fact::Debited(receipt) => match self {
                Self::Accepted | Self::Debiting { .. } => Ok(Self::Debited(receipt.clone())),
                state => Err(state.illegal(fact)),
            },
            Fact::Rejected(reason) => match self {
                Self::Debiting { .. } | Self::CancellingDebit { .. } => Ok(Self::Rejected(*reason)),
                state => Err(state.illegal(fact)),
            },
            Fact::RequestReady { trace, due } => match self {
                Self::Debited(receipt) => {
                    Ok(Self::ReadyToSend(Dispatch { receipt, trace: *trace, due: *due }))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::Sent { due } => match self {
                Self::ReadyToSend(dispatch) => Ok(Self::Sent(Dispatch { due: *due, ..dispatch })),
                state => Err(state.illegal(fact)),
            },
            Fact::OutcomeUnknown { cause, due } => match self {
                Self::ReadyToSend(dispatch) | Self::Sent(dispatch) => {
                    Ok(Self::OutcomeUnknown(Dispatch { due: *due, ..dispatch }, *cause))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::Settled(by) => self.settled(fact, *by),
            Fact::ReversalReady { trace } => self.reversal_ready(fact, *trace, at),
            Fact::ReversalSent { due } => self.reversal_sent(fact, *due),
            Fact::ReversalNotFound(_) => self.reversal_not_found(fact),
            Fact::StatusInquirySent { due } => self.status_inquiry_sent(fact, *due),
            Fact::ExceptionRaised => self.exception_raised(fact),
            Fact::Resolved(_) => self.resolved(fact),
            Fact::RefundRequested { reason, due } => self.refund_requested(fact, *reason, *due),
            Fact::Refunded(prior) => self.refunded(fact, *prior),
            Fact::ConflictingOutcome(_) => self.conflicting_outcome(fact),
            Fact::PaidTwice => match self {
                Self::ConflictingOutcome(trace, Conflict::RefundedButSettled) => {
                    Ok(Self::PaidTwice(trace))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::ReversalUnclear(_)
            | Fact::LateResponse(_)
            | Fact::RepeatedResponse(_)
            | Fact::MismatchedResponse(_)
            | Fact::UnexpectedInput(_) => Ok(self),
        }
    }

    fn illegal(&self, fact: &Fact) -> IllegalFact {
        IllegalFact { state: self.row().properties.code, fact: fact.code() }
    }

    fn debit_requested(self, fact: &Fact, due: Moment) -> Folded {
        match self {
            Self::Accepted => Ok(Self::Debiting { tries: 1, due }),
            Self::Debiting { tries, .. } => {
                Ok(Self::Debiting { tries: tries.saturating_add(1), due })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn debit_cancel_requested(self, fact: &Fact, reason: CancelReason, due: Moment) -> Folded {
        match self {
            Self::Debiting { .. } => {
                Ok(Self::CancellingDebit { reason, cancel: PendingCancel::first(due) })
            }
            Self::CancellingDebit { reason, cancel } => {
                Ok(Self::CancellingDebit { reason, cancel: cancel.repeated(due) })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn settled(self, fact: &Fact, by: SettledBy) -> Folded {
        match self {
            Self::ReadyToSend(dispatch)
            | Self::Sent(dispatch)
            | Self::OutcomeUnknown(dispatch, _)
            | Self::Inquiring { dispatch, .. }
            | Self::Exception(dispatch, _) => {
                let Dispatch { receipt, trace, .. } = dispatch;
                Ok(Self::Settled { receipt, trace, by })
            }
            Self::ConflictingOutcome(trace, Conflict::SettledButReversed(receipt)) => {
                Ok(Self::Settled { receipt, trace, by })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn reversal_ready(self, fact: &Fact, trace: TraceNumbers, since: Moment) -> Folded {
        match self {
            Self::OutcomeUnknown(dispatch, cause) => {
                let reversal = Reversal { cause, trace, tries: 0, not_found: 0, since };
                Ok(Self::Reversing(dispatch, reversal))
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn reversal_sent(self, fact: &Fact, due: Moment) -> Folded {
        self.change_reversal(fact, |dispatch, reversal| {
            dispatch.due = due;
            reversal.tries = reversal.tries.saturating_add(1);
        })
    }

    fn reversal_not_found(self, fact: &Fact) -> Folded {
        self.change_reversal(fact, |_, reversal| {
            reversal.not_found = reversal.not_found.saturating_add(1);
        })
    }

    /// Changes the reversal of the state, whether the transfer is an exception or not.
    fn change_reversal(
        mut self,
        fact: &Fact,
        change: impl FnOnce(&mut Dispatch, &mut Reversal),
    ) -> Folded {
        match &mut self {
            Self::Reversing(dispatch, reversal)
            | Self::Exception(dispatch, ExceptionCause::Unreversed(reversal)) => {
                change(dispatch, reversal);
                Ok(self)
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn status_inquiry_sent(self, fact: &Fact, due: Moment) -> Folded {
        match self {
            Self::OutcomeUnknown(dispatch, _) => {
                Ok(Self::Inquiring { dispatch: Dispatch { due, ..dispatch }, tries: 1 })
            }
            Self::Inquiring { dispatch, tries } => {
                let tries = tries.saturating_add(1);
                Ok(Self::Inquiring { dispatch: Dispatch { due, ..dispatch }, tries })
            }
            Self::Exception(dispatch, ExceptionCause::Undecided { tries }) => {
                let cause = ExceptionCause::Undecided { tries: tries.saturating_add(1) };
                Ok(Self::Exception(Dispatch { due, ..dispatch }, cause))
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn exception_raised(self, fact: &Fact) -> Folded {
        match self {
            Self::Reversing(dispatch, reversal) => {
                Ok(Self::Exception(dispatch, ExceptionCause::Unreversed(reversal)))
            }
            Self::Inquiring { dispatch, .. } => {
                Ok(Self::Exception(dispatch, ExceptionCause::Undecided { tries: 0 }))
            }
            Self::CancellingDebit { reason, cancel } if !cancel.is_exception => {
                Ok(Self::CancellingDebit { reason, cancel: cancel.escalated() })
            }
            Self::Refunding { receipt, trace, reason, cancel } if !cancel.is_exception => {
                Ok(Self::Refunding { receipt, trace, reason, cancel: cancel.escalated() })
            }
            state => Err(state.illegal(fact)),
        }
    }

    /// The facts that follow carry out the resolution.
    fn resolved(self, fact: &Fact) -> Folded {
        match self {
            state @ (Self::Exception(..)
            | Self::ConflictingOutcome(..)
            | Self::CancellingDebit { .. }
            | Self::Refunding { .. }) => Ok(state),
            state => Err(state.illegal(fact)),
        }
    }

    fn refund_requested(self, fact: &Fact, reason: RefundReason, due: Moment) -> Folded {
        let cancel = PendingCancel::first(due);
        match self {
            Self::ReadyToSend(dispatch)
            | Self::Sent(dispatch)
            | Self::OutcomeUnknown(dispatch, _)
            | Self::Reversing(dispatch, _)
            | Self::Inquiring { dispatch, .. }
            | Self::Exception(dispatch, _) => {
                let Dispatch { receipt, trace, .. } = dispatch;
                Ok(Self::Refunding { receipt, trace, reason, cancel })
            }
            Self::ConflictingOutcome(trace, Conflict::SettledButReversed(receipt)) => {
                Ok(Self::Refunding { receipt, trace, reason, cancel })
            }
            Self::Refunding { receipt, trace, reason, cancel } => {
                Ok(Self::Refunding { receipt, trace, reason, cancel: cancel.repeated(due) })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn refunded(self, fact: &Fact, prior: Option<PriorPosting>) -> Folded {
        match self {
            Self::Refunding { trace, reason: RefundReason::ApprovedMeanwhile, .. } => {
                Ok(Self::ConflictingOutcome(trace, Conflict::RefundedButSettled))
            }
            Self::Refunding { trace, reason, .. } => Ok(Self::Refunded { trace, reason, prior }),
            Self::ConflictingOutcome(trace, Conflict::RefundedButSettled) => {
                Ok(Self::Refunded { trace, reason: RefundReason::Resolved, prior })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn conflicting_outcome(self, fact: &Fact) -> Folded {
        match self {
            Self::Refunding { receipt, trace, cancel, .. } => {
                let reason = RefundReason::ApprovedMeanwhile;
                Ok(Self::Refunding { receipt, trace, reason, cancel })
            }
            Self::Refunded { trace, .. } => {
                Ok(Self::ConflictingOutcome(trace, Conflict::RefundedButSettled))
            }
            Self::Settled { receipt, trace, .. } => {
                Ok(Self::ConflictingOutcome(trace, Conflict::SettledButReversed(receipt)))
            }
            state @ (Self::ConflictingOutcome(..) | Self::PaidTwice(_)) => Ok(state),
            state => Err(state.illegal(fact)),
        }
    }
}
