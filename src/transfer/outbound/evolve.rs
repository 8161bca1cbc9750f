//! The fold: a state and a fact give the next state.
//!
//! Only what deciding can say folds. Everything else is [`Illegal`], so that a damaged journal is refused and
//! never guessed at; for that alone a match in here ends with any other state.

use super::{
    Cause, Conflict, Dispatch, Illegal, Outbound, OutboundFact as Fact, Reversal, SettledBy,
    Unwanted, Why,
};
use crate::transfer::order::Trace;
use crate::values::Moment;

type Folded = Result<Outbound, Illegal>;

impl Outbound {
    /// The transfer that begins with this fact.
    ///
    /// # Errors
    /// If it isn't the first of a transfer.
    pub fn begin(fact: &Fact) -> Folded {
        match fact {
            Fact::Accepted(order) => Ok(Self::Accepted(order.clone())),
            other => Err(Illegal { state: "none", fact: other.name() }),
        }
    }

    /// The state after a fact that became true at a moment.
    ///
    /// # Errors
    /// If the fact can't follow on this state.
    pub fn evolve(self, fact: &Fact, at: Moment) -> Folded {
        match fact {
            Fact::Accepted(_) => Err(self.illegal(fact)),
            Fact::DebitAsked { due } => self.debit_asked(fact, *due),
            Fact::DebitCancelAsked { why, due } => self.debit_cancel_asked(fact, *why, *due),
            Fact::Debited(receipt) => match self {
                Self::Accepted(order) | Self::Debiting { order, .. } => {
                    Ok(Self::Debited(order, receipt.clone()))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::Refused(why) => match self {
                Self::Debiting { order, .. } | Self::CancellingDebit { order, .. } => {
                    Ok(Self::Refused { order, why: *why })
                }
                state => Err(state.illegal(fact)),
            },
            Fact::RequestReady { trace, due } => match self {
                Self::Debited(order, receipt) => {
                    Ok(Self::Ready(Dispatch { order, receipt, trace: *trace, due: *due }))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::Sent { due } => match self {
                Self::Ready(dispatch) => Ok(Self::Sent(Dispatch { due: *due, ..dispatch })),
                state => Err(state.illegal(fact)),
            },
            Fact::Doubted { doubt, due } => match self {
                Self::Ready(dispatch) | Self::Sent(dispatch) => {
                    Ok(Self::Doubtful(Dispatch { due: *due, ..dispatch }, *doubt))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::Settled(by) => self.settled(fact, *by),
            Fact::ReversalReady { trace } => self.reversal_ready(fact, *trace, at),
            Fact::ReversalAsked { due } => self.reversal_asked(fact, *due),
            Fact::ReversalNotFound(_) => self.reversal_not_found(fact),
            Fact::StatusAsked { due } => self.status_asked(fact, *due),
            Fact::Excepted => self.excepted(fact),
            Fact::Resolved(_) => self.resolved(fact),
            Fact::RefundAsked { why, due } => self.refund_asked(fact, *why, *due),
            Fact::Refunded(_) => self.refunded(fact),
            Fact::Contradicted(_) => self.contradicted(fact),
            Fact::PaidTwice => match self {
                Self::Contradicted(order, Conflict::GivenBackYetMoved) => {
                    Ok(Self::PaidTwice(order))
                }
                state => Err(state.illegal(fact)),
            },
            Fact::ReversalUnclear(_)
            | Fact::Late(_)
            | Fact::Repeated(_)
            | Fact::Mismatched(_)
            | Fact::Unexpected(_) => Ok(self),
        }
    }

    fn illegal(&self, fact: &Fact) -> Illegal {
        Illegal { state: self.name(), fact: fact.name() }
    }

    fn debit_asked(self, fact: &Fact, due: Moment) -> Folded {
        match self {
            Self::Accepted(order) => Ok(Self::Debiting { order, tries: 1, due }),
            Self::Debiting { order, tries, .. } => {
                Ok(Self::Debiting { order, tries: tries.saturating_add(1), due })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn debit_cancel_asked(self, fact: &Fact, why: Unwanted, due: Moment) -> Folded {
        match self {
            Self::Debiting { order, .. } => Ok(Self::CancellingDebit { order, why, tries: 1, due }),
            Self::CancellingDebit { order, why, tries, .. } => {
                Ok(Self::CancellingDebit { order, why, tries: tries.saturating_add(1), due })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn settled(self, fact: &Fact, by: SettledBy) -> Folded {
        match self {
            Self::Ready(dispatch)
            | Self::Sent(dispatch)
            | Self::Doubtful(dispatch, _)
            | Self::Inquiring { dispatch, .. }
            | Self::Exception(dispatch, _) => {
                let Dispatch { order, receipt, .. } = dispatch;
                Ok(Self::Settled { order, receipt, by })
            }
            Self::Contradicted(order, Conflict::SettledYetUndone(receipt)) => {
                Ok(Self::Settled { order, receipt, by })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn reversal_ready(self, fact: &Fact, trace: Trace, since: Moment) -> Folded {
        match self {
            Self::Doubtful(dispatch, because) => {
                let reversal = Reversal { because, trace, tries: 0, not_found: 0, since };
                Ok(Self::Reversing(dispatch, reversal))
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn reversal_asked(self, fact: &Fact, due: Moment) -> Folded {
        self.in_reversal(fact, |dispatch, reversal| {
            dispatch.due = due;
            reversal.tries = reversal.tries.saturating_add(1);
        })
    }

    fn reversal_not_found(self, fact: &Fact) -> Folded {
        self.in_reversal(fact, |_, reversal| {
            reversal.not_found = reversal.not_found.saturating_add(1);
        })
    }

    /// The state with its reversal changed, whether two persons look at it or not.
    fn in_reversal(
        mut self,
        fact: &Fact,
        change: impl FnOnce(&mut Dispatch, &mut Reversal),
    ) -> Folded {
        match &mut self {
            Self::Reversing(dispatch, reversal)
            | Self::Exception(dispatch, Cause::Unreversed(reversal)) => {
                change(dispatch, reversal);
                Ok(self)
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn status_asked(self, fact: &Fact, due: Moment) -> Folded {
        match self {
            Self::Doubtful(dispatch, _) => {
                Ok(Self::Inquiring { dispatch: Dispatch { due, ..dispatch }, tries: 1 })
            }
            Self::Inquiring { dispatch, tries } => {
                let tries = tries.saturating_add(1);
                Ok(Self::Inquiring { dispatch: Dispatch { due, ..dispatch }, tries })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn excepted(self, fact: &Fact) -> Folded {
        match self {
            Self::Reversing(dispatch, reversal) => {
                Ok(Self::Exception(dispatch, Cause::Unreversed(reversal)))
            }
            Self::Inquiring { dispatch, .. } => Ok(Self::Exception(dispatch, Cause::Undecided)),
            state => Err(state.illegal(fact)),
        }
    }

    /// The verdict is carried out by the facts that follow.
    fn resolved(self, fact: &Fact) -> Folded {
        match self {
            state @ (Self::Exception(..)
            | Self::Contradicted(..)
            | Self::CancellingDebit { .. }
            | Self::Refunding { .. }) => Ok(state),
            state => Err(state.illegal(fact)),
        }
    }

    fn refund_asked(self, fact: &Fact, why: Why, due: Moment) -> Folded {
        match self {
            Self::Ready(dispatch)
            | Self::Sent(dispatch)
            | Self::Doubtful(dispatch, _)
            | Self::Reversing(dispatch, _)
            | Self::Inquiring { dispatch, .. }
            | Self::Exception(dispatch, _) => {
                let Dispatch { order, receipt, .. } = dispatch;
                Ok(Self::Refunding { order, receipt, why, tries: 1, due })
            }
            Self::Contradicted(order, Conflict::SettledYetUndone(receipt)) => {
                Ok(Self::Refunding { order, receipt, why, tries: 1, due })
            }
            Self::Refunding { order, receipt, why, tries, .. } => {
                Ok(Self::Refunding { order, receipt, why, tries: tries.saturating_add(1), due })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn refunded(self, fact: &Fact) -> Folded {
        match self {
            Self::Refunding { order, why: Why::YetApproved, .. } => {
                Ok(Self::Contradicted(order, Conflict::GivenBackYetMoved))
            }
            Self::Refunding { order, why, .. } => Ok(Self::Refunded { order, why }),
            Self::Contradicted(order, Conflict::GivenBackYetMoved) => {
                Ok(Self::Refunded { order, why: Why::Resolved })
            }
            state => Err(state.illegal(fact)),
        }
    }

    fn contradicted(self, fact: &Fact) -> Folded {
        match self {
            Self::Refunding { order, receipt, tries, due, .. } => {
                Ok(Self::Refunding { order, receipt, why: Why::YetApproved, tries, due })
            }
            Self::Refunded { order, .. } => {
                Ok(Self::Contradicted(order, Conflict::GivenBackYetMoved))
            }
            Self::Settled { order, receipt, .. } => {
                Ok(Self::Contradicted(order, Conflict::SettledYetUndone(receipt)))
            }
            state @ (Self::Contradicted(..) | Self::PaidTwice(_)) => Ok(state),
            state => Err(state.illegal(fact)),
        }
    }
}
