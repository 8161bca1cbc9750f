//! The fold: a state and a fact give the next state. A fact that no decision can produce is an [`IllegalFact`].

use super::{InboundFact as Fact, InboundTransfer};
use crate::transfer::IllegalFact;

type Folded = Result<InboundTransfer, IllegalFact>;

impl InboundTransfer {
    /// Returns the transfer that begins with this fact.
    ///
    /// # Errors
    /// If the fact cannot begin a transfer.
    pub fn begin(fact: &Fact) -> Folded {
        match fact {
            Fact::Received { request } => Ok(Self::Received(request.clone())),
            Fact::Barred { request, cause } => Ok(Self::Barred(request.clone(), *cause)),
            other => Err(IllegalFact { state: "none", fact: other.code() }),
        }
    }

    /// Returns the state after a fact.
    ///
    /// # Errors
    /// If the fact cannot follow this state.
    pub fn evolve(self, fact: &Fact) -> Folded {
        match fact {
            Fact::Received { .. } | Fact::Barred { .. } => Err(self.illegal(fact)),
            Fact::PostingRequested { due, respond_by } => match self {
                Self::Received(request) => {
                    Ok(Self::Posting { request, tries: 1, due: *due, respond_by: *respond_by })
                }
                Self::Posting { request, tries, respond_by, .. } => Ok(Self::Posting {
                    request,
                    tries: tries.saturating_add(1),
                    due: *due,
                    respond_by,
                }),
                state => Err(state.illegal(fact)),
            },
            Fact::Posted(receipt) => match self {
                Self::Posting { request, .. } => Ok(Self::Posted(request, receipt.clone())),
                state => Err(state.illegal(fact)),
            },
            Fact::PostingRefused(refusal) => match self {
                Self::Posting { request, .. } => Ok(Self::PostingRefused(request, *refusal)),
                state => Err(state.illegal(fact)),
            },
            Fact::Responded(code) => match self {
                Self::Posted(request, receipt) => {
                    Ok(Self::Approved { request, receipt, code: *code })
                }
                Self::PostingRefused(request, _) => Ok(Self::Declined { request, code: *code }),
                // When reversing, the reversal began in the same decision. When barred, a response changes nothing.
                state @ (Self::Reversing { .. } | Self::Barred(..)) => Ok(state),
                state => Err(state.illegal(fact)),
            },
            Fact::ReversalRequested { cause, due } => match self {
                Self::Posting { request, .. } | Self::Approved { request, .. } => {
                    Ok(Self::Reversing { request, cause: *cause, tries: 1, due: *due })
                }
                Self::Reversing { request, cause, tries, .. } => Ok(Self::Reversing {
                    request,
                    cause,
                    tries: tries.saturating_add(1),
                    due: *due,
                }),
                state => Err(state.illegal(fact)),
            },
            // The fact that follows carries out the resolution.
            Fact::Resolved(_) => match self {
                state @ Self::Reversing { .. } => Ok(state),
                state => Err(state.illegal(fact)),
            },
            Fact::Reversed(prior) => match self {
                Self::Reversing { request, cause, .. } => {
                    Ok(Self::Reversed { request, cause, prior: *prior })
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
        IllegalFact { state: self.code(), fact: fact.code() }
    }
}
