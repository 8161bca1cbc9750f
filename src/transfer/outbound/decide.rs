//! What happens next: a state and an input give facts and effects.
//!
//! Each state answers every input. What it does not expect is recorded, and changes nothing.

use super::moves::Next;
use super::{
    Cause, Conflict, Dispatch, Doubt, Evidence, Outbound, OutboundFact as Fact, RefusedFor,
    Reversal, SettledBy, Unwanted, Why,
};
use crate::mutation::{Mutant, broken};
use crate::transfer::Context;
use crate::transfer::effect::{Alarm, Cleared, Decision, Effect};
use crate::transfer::input::{CancelAnswer, Input, Line, PostingAnswer, Verdict, Was};
use crate::transfer::order::{Funding, Order, Receipt};
use crate::transfer::rules::{AfterUnknown, Class, ReversalClass};

impl Outbound {
    /// Takes an order on: core is asked for the debit, or the request goes where the caller has debited.
    pub fn accept(order: &Order, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        decision.facts.push(Fact::Accepted(order.clone()));
        let mut next = Next { order, context, decision };
        match &order.funding {
            Funding::Core => next.ask_debit(0),
            Funding::Caller(reference) => next.send(&Receipt::caller(reference.clone())),
        }
    }

    /// What an input brings about in this state.
    pub fn decide(&self, input: &Input, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        let mut next = Next { order: self.order(), context, decision };
        match self {
            Self::Accepted(_) | Self::Debited(..) => next.unexpected(input),
            Self::Debiting { tries, .. } => next.debiting(*tries, input),
            Self::CancellingDebit { why, tries, .. } => next.cancelling_debit(*why, *tries, input),
            Self::Ready(dispatch) => next.ready(dispatch, input),
            Self::Sent(_) => next.sent(input),
            Self::Doubtful(dispatch, doubt) => next.doubtful(dispatch, *doubt, input),
            Self::Reversing(dispatch, reversal) => next.reversing(dispatch, reversal, input),
            Self::Inquiring { dispatch, tries } => next.inquiring(dispatch, *tries, input),
            Self::Exception(dispatch, Cause::Unreversed(reversal)) => {
                next.unreversed(dispatch, reversal, input);
            }
            Self::Exception(_, Cause::Undecided) => next.undecided(input),
            Self::Refunding { why, tries, .. } => next.refunding(*why, *tries, input),
            Self::Settled { by, .. } => next.settled(*by, input),
            Self::Refunded { .. } => next.refunded(input),
            Self::Contradicted(_, conflict) => next.contradicted(conflict, input),
            Self::PaidTwice(_) => next.paid_twice(input),
            Self::Refused { .. } => next.refused(input),
        }
    }
}

/// The states, in the order of a transfer's life.
impl Next<'_, '_> {
    fn debiting(&mut self, tries: u16, input: &Input) {
        match input {
            Input::Posting(PostingAnswer::Posted) => {
                self.send(&Receipt::posted(self.context.now));
            }
            Input::Posting(PostingAnswer::Refused(refusal)) if tries == 1 => {
                self.refuse(RefusedFor::Core(*refusal));
            }
            Input::Posting(PostingAnswer::Refused(refusal)) => {
                self.cancel_debit(Unwanted::Refused(*refusal), 0);
            }
            Input::Posting(PostingAnswer::Barred) => self.refuse(RefusedFor::Barred),
            Input::Posting(PostingAnswer::Conflict) => {
                self.raise(Alarm::CoreDiffers);
                self.cancel_debit(Unwanted::Doubtful, 0);
            }
            Input::Due if tries < self.context.rules.posting_tries => self.ask_debit(tries),
            Input::Due if broken(Mutant::RefuseWithoutCancel) => self.refuse(RefusedFor::Barred),
            Input::Due => self.cancel_debit(Unwanted::Doubtful, 0),
            // The deadline asks again, which a restart brings forward.
            Input::Posting(PostingAnswer::None) | Input::Restarted => {}
            Input::Cancel(_)
            | Input::Line(_)
            | Input::Answer(_)
            | Input::ReversalAnswer(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. }
            | Input::Resolve(_) => self.unexpected(input),
        }
    }

    fn cancelling_debit(&mut self, why: Unwanted, tries: u16, input: &Input) {
        match input {
            Input::Cancel(CancelAnswer::Was(was)) => self.refuse(why.refused(*was)),
            Input::Cancel(CancelAnswer::Refused) => self.core_does_not_cancel(input),
            // Two persons have made core's books right by hand.
            Input::Resolve(resolution) if resolution.verdict == Verdict::Refund => {
                self.fact(Fact::Resolved(resolution.clone()));
                self.refuse(why.refused(Was::Cancelled));
            }
            Input::Due => self.cancel_debit(why, tries),
            // A late answer about the debit changes nothing: core will say what it was.
            Input::Posting(_) | Input::Cancel(CancelAnswer::None) | Input::Restarted => {}
            Input::Line(_)
            | Input::Answer(_)
            | Input::ReversalAnswer(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. }
            | Input::Resolve(_) => self.unexpected(input),
        }
    }

    fn ready(&mut self, dispatch: &Dispatch, input: &Input) {
        match input {
            Input::Line(Line::Sent) => {
                let due = self.context.now.after(self.context.rules.response_timeout);
                self.fact(Fact::Sent { due });
            }
            Input::Line(Line::NotSent) => self.refund(Why::NotSent),
            Input::Restarted if broken(Mutant::ResendAfterRestart) => {
                let Dispatch { trace, due, receipt, .. } = dispatch;
                let cleared = Cleared::new(self.order.id, *trace, *due, receipt);
                self.effect(Effect::SendRequest(cleared));
            }
            // An answer may overtake the news that the request was written.
            Input::Line(Line::Lost)
            | Input::Answer(_)
            | Input::Due
            | Input::Restarted
            | Input::Posting(_)
            | Input::Cancel(_)
            | Input::ReversalAnswer(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. }
            | Input::Resolve(_) => self.sent(input),
        }
    }

    fn sent(&mut self, input: &Input) {
        match input {
            Input::Answer(answer)
                if !answer.speaks_of(self.order) && !broken(Mutant::IgnoreMismatch) =>
            {
                self.mismatch(*answer);
            }
            Input::Answer(answer) => match self.context.rules.classes.of(answer.code) {
                Class::Unknown if broken(Mutant::SettleOnUnknown) => {
                    self.settle(SettledBy::Answer(answer.code));
                }
                Class::Approved => self.settle(SettledBy::Answer(answer.code)),
                Class::Declined => self.refund(Why::Declined(answer.code)),
                Class::Unknown | Class::Retry => self.doubt(Doubt::Code(answer.code)),
            },
            Input::Due => self.doubt(Doubt::Timeout),
            Input::Line(Line::Lost) => self.doubt(Doubt::LineLost),
            Input::Restarted => self.doubt(Doubt::Restart),
            Input::Line(Line::Sent | Line::NotSent)
            | Input::Posting(_)
            | Input::Cancel(_)
            | Input::ReversalAnswer(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. }
            | Input::Resolve(_) => self.unexpected(input),
        }
    }

    /// Its turn comes with the deadline. As long as nothing is being undone, what the switch says is an outcome.
    fn doubtful(&mut self, dispatch: &Dispatch, doubt: Doubt, input: &Input) {
        match input {
            Input::Due => match &self.context.rules.after_unknown {
                AfterUnknown::Reverse(rules) => self.reverse(dispatch, doubt, rules),
                AfterUnknown::Hold(rules) => self.ask_status(dispatch, rules),
            },
            Input::Answer(answer) => self.verdict_of_switch(answer),
            Input::Settlement { settled } => self.verdict_of_file(*settled),
            Input::Line(_) | Input::Restarted => {}
            Input::Posting(_)
            | Input::Cancel(_)
            | Input::ReversalAnswer(_)
            | Input::StatusAnswer(_)
            | Input::Resolve(_) => self.unexpected(input),
        }
    }

    fn reversing(&mut self, dispatch: &Dispatch, reversal: &Reversal, input: &Input) {
        let rules = self.context.rules.reversal();
        match input {
            Input::ReversalAnswer(answer) => {
                self.reversal_answer(answer);
                let not_found =
                    matches!(self.decision.facts.last(), Some(Fact::ReversalNotFound(_)));
                if not_found && reversal.not_found.saturating_add(1) >= rules.not_found_limit {
                    self.except();
                }
            }
            Input::Due => {
                let overdue = self.context.now.since(reversal.since) >= rules.exception_after;
                if overdue {
                    self.except();
                }
                self.reverse_again(dispatch, reversal, rules, overdue);
            }
            Input::Answer(answer) => self.late(*answer),
            Input::Line(_) | Input::Restarted => {}
            Input::Posting(_)
            | Input::Cancel(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. }
            | Input::Resolve(_) => self.unexpected(input),
        }
    }

    fn inquiring(&mut self, dispatch: &Dispatch, tries: u16, input: &Input) {
        match input {
            Input::Answer(answer) => self.verdict_of_switch(answer),
            Input::StatusAnswer(answer) => self.verdict_of_status(answer),
            Input::Settlement { settled } => self.verdict_of_file(*settled),
            Input::Due => match &self.context.rules.after_unknown {
                AfterUnknown::Hold(rules) if tries < rules.tries => {
                    self.ask_status(dispatch, rules);
                }
                AfterUnknown::Hold(_) | AfterUnknown::Reverse(_) => self.except(),
            },
            Input::Line(_) | Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::ReversalAnswer(_) | Input::Resolve(_) => {
                self.unexpected(input);
            }
        }
    }

    /// Two persons are to look at it, and the reversal is repeated still.
    fn unreversed(&mut self, dispatch: &Dispatch, reversal: &Reversal, input: &Input) {
        match input {
            Input::ReversalAnswer(answer) => self.reversal_answer(answer),
            Input::Due => {
                self.reverse_again(dispatch, reversal, self.context.rules.reversal(), true);
            }
            Input::Answer(answer) => self.late(*answer),
            Input::Resolve(resolution) => self.resolve(resolution),
            Input::Line(_) | Input::Restarted => {}
            Input::Posting(_)
            | Input::Cancel(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. } => self.unexpected(input),
        }
    }

    /// The network knows no reversal: the switch, the settlement file or two persons decide.
    fn undecided(&mut self, input: &Input) {
        match input {
            Input::Answer(answer) => self.verdict_of_switch(answer),
            Input::StatusAnswer(answer) => self.verdict_of_status(answer),
            Input::Settlement { settled } => self.verdict_of_file(*settled),
            Input::Resolve(resolution) => self.resolve(resolution),
            Input::Line(_) | Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::ReversalAnswer(_) | Input::Due => {
                self.unexpected(input);
            }
        }
    }

    fn refunding(&mut self, why: Why, tries: u16, input: &Input) {
        match input {
            Input::Cancel(CancelAnswer::Was(was)) => {
                if *was == Was::Absent {
                    self.raise(Alarm::CoreDiffers);
                }
                self.refunded_now(why, Some(*was));
            }
            Input::Cancel(CancelAnswer::Refused) => self.core_does_not_cancel(input),
            // Two persons have made core's books right by hand.
            Input::Resolve(resolution) if resolution.verdict == Verdict::Refund => {
                self.fact(Fact::Resolved(resolution.clone()));
                self.refunded_now(why, None);
            }
            Input::Due => self.ask_refund(why, tries),
            Input::Answer(answer) => self.answer_after_end(*answer),
            Input::StatusAnswer(answer) => self.status_after_end(*answer),
            Input::ReversalAnswer(answer) => self.fact(Fact::Repeated(*answer)),
            Input::Settlement { settled: true } => self.contradict(Evidence::SettlementFile),
            Input::Settlement { settled: false }
            | Input::Cancel(CancelAnswer::None)
            | Input::Line(_)
            | Input::Restarted => {}
            Input::Posting(_) | Input::Resolve(_) => self.unexpected(input),
        }
    }

    fn settled(&mut self, by: SettledBy, input: &Input) {
        match input {
            Input::Answer(answer) | Input::StatusAnswer(answer) | Input::ReversalAnswer(answer)
                if !answer.speaks_of(self.order) =>
            {
                self.mismatch(*answer);
            }
            Input::Answer(answer) | Input::StatusAnswer(answer) => {
                if self.context.rules.classes.of(answer.code) == Class::Declined {
                    self.raise(Alarm::Contradiction);
                    self.fact(Fact::Late(*answer));
                } else if by == SettledBy::Answer(answer.code) {
                    self.fact(Fact::Repeated(*answer));
                } else {
                    self.fact(Fact::Late(*answer));
                }
            }
            // Two persons settled it while the switch was undoing it.
            Input::ReversalAnswer(answer)
                if self.context.rules.reversal_classes.of(answer.code) == ReversalClass::Done =>
            {
                self.contradict(Evidence::Answer(*answer));
            }
            Input::ReversalAnswer(answer) => self.fact(Fact::Late(*answer)),
            Input::Settlement { settled: false } => self.contradict(Evidence::SettlementFile),
            Input::Line(_) | Input::Settlement { settled: true } | Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::Resolve(_) | Input::Due => {
                self.unexpected(input);
            }
        }
    }

    fn refunded(&mut self, input: &Input) {
        match input {
            Input::Answer(answer) => self.answer_after_end(*answer),
            Input::StatusAnswer(answer) => self.status_after_end(*answer),
            Input::ReversalAnswer(answer) => self.fact(Fact::Repeated(*answer)),
            Input::Settlement { settled: true } => self.contradict(Evidence::SettlementFile),
            Input::Settlement { settled: false }
            | Input::Cancel(_)
            | Input::Line(_)
            | Input::Restarted => {}
            Input::Posting(_) | Input::Resolve(_) | Input::Due => self.unexpected(input),
        }
    }

    fn contradicted(&mut self, conflict: &Conflict, input: &Input) {
        match input {
            Input::Resolve(resolution) => match conflict {
                Conflict::GivenBackYetMoved => self.resolve_given_back(resolution),
                Conflict::SettledYetUndone(_) => self.resolve(resolution),
            },
            Input::Answer(answer) | Input::ReversalAnswer(answer) | Input::StatusAnswer(answer) => {
                self.fact(Fact::Late(*answer));
            }
            Input::Settlement { .. } | Input::Cancel(_) | Input::Line(_) | Input::Restarted => {}
            Input::Posting(_) | Input::Due => self.unexpected(input),
        }
    }

    /// Everything that can be known is known.
    fn paid_twice(&mut self, input: &Input) {
        match input {
            Input::Answer(answer) | Input::ReversalAnswer(answer) | Input::StatusAnswer(answer) => {
                self.fact(Fact::Late(*answer));
            }
            Input::Settlement { .. } | Input::Cancel(_) | Input::Line(_) | Input::Restarted => {}
            Input::Posting(_) | Input::Resolve(_) | Input::Due => self.unexpected(input),
        }
    }

    fn refused(&mut self, input: &Input) {
        match input {
            Input::Posting(PostingAnswer::Posted) => {
                // Core says it has a debit whose cancelling it confirmed.
                self.raise(Alarm::CoreDiffers);
                self.unexpected(input);
            }
            Input::Posting(_) | Input::Cancel(_) | Input::Restarted => {}
            Input::Line(_)
            | Input::Answer(_)
            | Input::ReversalAnswer(_)
            | Input::StatusAnswer(_)
            | Input::Settlement { .. }
            | Input::Resolve(_)
            | Input::Due => self.unexpected(input),
        }
    }
}
