//! The fold: a state and a fact give the next state. A fact that no decision can produce is an [`IllegalFact`].

use std::sync::Arc;

use super::reversal::PartEnd;
use super::{InboundFact as Fact, InboundState as State, InboundTransfer};
use crate::transfer::state::{IllegalFact, PendingCancel};

type Folded = Result<State, IllegalFact>;

impl InboundTransfer {
    /// Returns the transfer that begins with this fact.
    ///
    /// # Errors
    /// If the fact cannot begin a transfer.
    pub fn begin(fact: &Fact) -> Result<Self, IllegalFact> {
        match fact {
            Fact::Received { request } => {
                Ok(Self { request: Arc::clone(request), state: State::Received })
            }
            Fact::Barred { request, cause } => {
                Ok(Self { request: Arc::clone(request), state: State::Barred(*cause) })
            }
            other => Err(IllegalFact { state: "none", fact: other.code() }),
        }
    }

    /// Returns the transfer after a fact.
    ///
    /// # Errors
    /// If the fact cannot follow this state.
    pub fn evolve(self, fact: &Fact) -> Result<Self, IllegalFact> {
        let state = self.state.evolve(fact)?;
        Ok(Self { state, ..self })
    }
}

impl State {
    fn evolve(self, fact: &Fact) -> Folded {
        match fact {
            Fact::Received { .. } | Fact::Barred { .. } => Err(self.illegal(fact)),
            Fact::PostingRequested { due, respond_by } => match self {
                Self::Received => {
                    Ok(Self::Posting { tries: 1, due: *due, respond_by: *respond_by })
                }
                Self::Posting { tries, respond_by, .. } => {
                    Ok(Self::Posting { tries: tries.saturating_add(1), due: *due, respond_by })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::Posted(receipt) => match self {
                Self::Posting { .. } => Ok(Self::Posted(receipt.clone())),
                state => Err(state.illegal(fact)),
            },
            Fact::PostingRefused(refusal) => match self {
                // A request that is over a limit is refused before core is asked.
                Self::Received | Self::Posting { .. } => Ok(Self::PostingRefused(*refusal)),
                state => Err(state.illegal(fact)),
            },
            Fact::Responded(code) => match self {
                Self::Posted(receipt) => Ok(Self::Approved { receipt, code: *code }),
                Self::PostingRefused(_) => Ok(Self::Declined(*code)),
                // When reversing, the reversal began in the same decision. When barred, a response changes nothing.
                state @ (Self::Reversing { .. } | Self::Barred(_)) => Ok(state),
                state => Err(state.illegal(fact)),
            },
            Fact::ReversalRequested { cause, due } => match self {
                Self::Posting { .. } | Self::Approved { .. } => {
                    Ok(Self::Reversing { cause: *cause, cancel: PendingCancel::first(*due) })
                }
                Self::Reversing { cause, cancel } => {
                    Ok(Self::Reversing { cause, cancel: cancel.repeated(*due) })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::PartialReversalRequested { part, due } => match self {
                Self::Approved { code, .. } => Ok(Self::PartiallyReversing {
                    code,
                    part: *part,
                    pending: PendingCancel::first(*due),
                }),
                Self::PartiallyReversing { code, part, pending } => {
                    Ok(Self::PartiallyReversing { code, part, pending: pending.repeated(*due) })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::PartiallyReversed => match self {
                Self::PartiallyReversing { code, part, .. }
                | Self::CancellingPart { code, part, end: PartEnd::ReturnedByHand, .. } => {
                    Ok(Self::PartiallyReversed { code, part })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::PartCancelRequested { end, due } => match self {
                Self::PartiallyReversing { code, part, .. } => {
                    let cancel = PendingCancel::first(*due);
                    Ok(Self::CancellingPart { code, part, cancel, end: *end })
                }
                Self::CancellingPart { code, part, cancel, end } => {
                    let cancel = cancel.repeated(*due);
                    Ok(Self::CancellingPart { code, part, cancel, end })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::WrittenOff => match self {
                Self::Reversing { cause, .. } => Ok(Self::WrittenOff { cause }),
                Self::CancellingPart { code, part, end: PartEnd::WrittenOff, .. } => {
                    Ok(Self::PartWrittenOff { code, part })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::ExceptionRaised => match self {
                Self::PartiallyReversing { code, part, pending } if !pending.is_exception => {
                    Ok(Self::PartiallyReversing { code, part, pending: pending.escalated() })
                }
                Self::Reversing { cause, cancel } if !cancel.is_exception => {
                    Ok(Self::Reversing { cause, cancel: cancel.escalated() })
                }
                Self::CancellingPart { code, part, cancel, end } if !cancel.is_exception => {
                    Ok(Self::CancellingPart { code, part, cancel: cancel.escalated(), end })
                }
                state => Err(state.illegal(fact)),
            },
            // The facts that follow carry out the resolution.
            Fact::Resolved(_) => match self {
                state @ (Self::Reversing { .. }
                | Self::PartiallyReversing { .. }
                | Self::CancellingPart { .. }) => Ok(state),
                state => Err(state.illegal(fact)),
            },
            Fact::Reversed(prior) => match self {
                // Core may confirm a cancel after its loss was written off: then there is no loss.
                Self::Reversing { cause, .. } | Self::WrittenOff { cause } => {
                    Ok(Self::Reversed { cause, prior: *prior })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::RequestRepeated
            | Fact::ReversalResponded(_)
            | Fact::Mismatched(_)
            | Fact::StatusResponded(_)
            | Fact::UnexpectedInput(_) => Ok(self),
        }
    }

    fn illegal(&self, fact: &Fact) -> IllegalFact {
        IllegalFact { state: self.properties().code, fact: fact.code() }
    }
}
