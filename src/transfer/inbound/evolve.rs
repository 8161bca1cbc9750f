//! The fold: a state and a fact give the next state. What deciding can't say is [`Illegal`].

use super::{Inbound, InboundFact as Fact};
use crate::transfer::Illegal;

type Folded = Result<Inbound, Illegal>;

impl Inbound {
    /// The transfer that begins with this fact.
    ///
    /// # Errors
    /// If it isn't the first of a transfer.
    pub fn begin(fact: &Fact) -> Folded {
        match fact {
            Fact::Received { demand } => Ok(Self::Received(demand.clone())),
            Fact::Barred { demand, by } => Ok(Self::Barred(demand.clone(), *by)),
            other => Err(Illegal { state: "none", fact: other.name() }),
        }
    }

    /// The state after a fact.
    ///
    /// # Errors
    /// If the fact can't follow on this state.
    pub fn evolve(self, fact: &Fact) -> Folded {
        match fact {
            Fact::Received { .. } | Fact::Barred { .. } => Err(self.illegal(fact)),
            Fact::PostingAsked { due, answer_by } => match self {
                Self::Received(demand) => {
                    Ok(Self::Posting { demand, tries: 1, due: *due, answer_by: *answer_by })
                }
                Self::Posting { demand, tries, answer_by, .. } => Ok(Self::Posting {
                    demand,
                    tries: tries.saturating_add(1),
                    due: *due,
                    answer_by,
                }),
                state => Err(state.illegal(fact)),
            },
            Fact::Posted(receipt) => match self {
                Self::Posting { demand, .. } => Ok(Self::Posted(demand, receipt.clone())),
                state => Err(state.illegal(fact)),
            },
            Fact::Rejected(refusal) => match self {
                Self::Posting { demand, .. } => Ok(Self::Rejected(demand, *refusal)),
                state => Err(state.illegal(fact)),
            },
            Fact::Answered(code) => match self {
                Self::Posted(demand, receipt) => {
                    Ok(Self::Approved { demand, receipt, code: *code })
                }
                Self::Rejected(demand, _) => Ok(Self::Declined { demand, code: *code }),
                // In doubt, the undoing that the answer speaks of began with it. Barred, it changes nothing.
                state @ (Self::Undoing { .. } | Self::Barred(..)) => Ok(state),
                state => Err(state.illegal(fact)),
            },
            Fact::UndoAsked { undo, due } => match self {
                Self::Posting { demand, .. } | Self::Approved { demand, .. } => {
                    Ok(Self::Undoing { demand, undo: *undo, tries: 1, due: *due })
                }
                Self::Undoing { demand, undo, tries, .. } => {
                    Ok(Self::Undoing { demand, undo, tries: tries.saturating_add(1), due: *due })
                }
                state => Err(state.illegal(fact)),
            },
            // The verdict is carried out by the fact that follows.
            Fact::Resolved(_) => match self {
                state @ Self::Undoing { .. } => Ok(state),
                state => Err(state.illegal(fact)),
            },
            Fact::Undone(was) => match self {
                Self::Undoing { demand, undo, .. } => Ok(Self::Undone { demand, undo, was: *was }),
                state => Err(state.illegal(fact)),
            },
            Fact::CameAgain
            | Fact::ReversalAnswered(_)
            | Fact::Mismatched(_)
            | Fact::StatusAnswered(_)
            | Fact::Unexpected(_) => Ok(self),
        }
    }

    fn illegal(&self, fact: &Fact) -> Illegal {
        Illegal { state: self.name(), fact: fact.name() }
    }
}
