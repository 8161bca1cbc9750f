//! The moves that states make: which facts and effects belong together.

use super::{
    Dispatch, Doubt, Evidence, OutboundFact as Fact, RefusedFor, Reversal, SettledBy, Unwanted, Why,
};
use crate::mutation::{Mutant, broken};
use crate::transfer::Context;
use crate::transfer::effect::{
    Alarm, Cleared, Decision, Effect, Posting, ReversalSend, Side, Standing,
};
use crate::transfer::input::{Input, Resolution, Verdict, Was};
use crate::transfer::order::{Answer, Funding, Order, Receipt, Trace};
use crate::transfer::rules::{AfterUnknown, Class, InquiryRules, ReversalClass, ReversalRules};

/// A decision being made about a transfer.
pub(super) struct Next<'d, 'c> {
    pub(super) order: &'d Order,
    pub(super) context: &'d mut Context<'c>,
    pub(super) decision: &'d mut Decision<Fact>,
}

impl Next<'_, '_> {
    pub(super) fn ask_debit(&mut self, tries: u16) {
        let due = self.context.core_due(tries);
        self.fact(Fact::DebitAsked { due });
        let Order { id, from, to, amount, counterparty, .. } = *self.order;
        let account = if broken(Mutant::DebitAnother) { to } else { from };
        let posting = Posting { id, side: Side::Debit, account, amount, counterparty };
        self.effect(Effect::AskPosting(posting));
    }

    pub(super) fn cancel_debit(&mut self, why: Unwanted, tries: u16) {
        let due = self.context.cancel_due(tries);
        self.fact(Fact::DebitCancelAsked { why, due });
        self.cancel_posting(tries);
    }

    /// Core is asked to cancel until it says that it has; when it doesn't for too long, somebody is called.
    fn cancel_posting(&mut self, tries: u16) {
        self.effect(Effect::CancelPosting(self.order.id));
        if self.context.is_overdue(tries) {
            self.raise(Alarm::Exception);
        }
    }

    /// Core won't cancel: it is asked still, and somebody is called.
    pub(super) fn core_does_not_cancel(&mut self, input: &Input) {
        self.raise(Alarm::Exception);
        self.unexpected(input);
    }

    pub(super) fn refuse(&mut self, why: RefusedFor) {
        self.fact(Fact::Refused(why));
        self.tell(Standing::Refused);
    }

    /// The debit stands: the request is made ready under new numbers, and sent once that is on disk.
    pub(super) fn send(&mut self, receipt: &Receipt) {
        let now = self.context.now;
        let trace = self.context.numbers.trace(now);
        self.fact(Fact::Debited(receipt.clone()));
        let timeout = self.context.rules.response_timeout;
        self.fact(Fact::RequestReady { trace, due: now.after(timeout) });
        // What finds no line for so long is not sent, for certain, and given back. Written later it could hardly be answered.
        let write_by = now.after(timeout / 2);
        self.effect(Effect::SendRequest(Cleared::new(self.order.id, trace, write_by, receipt)));
    }

    pub(super) fn settle(&mut self, by: SettledBy) {
        self.fact(Fact::Settled(by));
        if broken(Mutant::SettleTwice) {
            self.fact(Fact::Settled(by));
        }
        self.tell(Standing::Settled);
    }

    /// Nobody knows the outcome: something is done about it as soon as its turn comes.
    pub(super) fn doubt(&mut self, doubt: Doubt) {
        if broken(Mutant::RefundOnDoubt) {
            return self.refund(Why::NotSent);
        }
        self.fact(Fact::Doubted { doubt, due: self.context.now });
        self.tell(Standing::Pending);
    }

    pub(super) fn reverse(&mut self, dispatch: &Dispatch, because: Doubt, rules: &ReversalRules) {
        let now = self.context.now;
        let trace = if rules.same_trace { dispatch.trace } else { self.context.numbers.trace(now) };
        let due = rules.repeats.next(now, 1, self.context.numbers.draw());
        self.fact(Fact::ReversalReady { trace });
        self.fact(Fact::ReversalAsked { due });
        self.send_reversal(dispatch.trace, trace, because, false);
    }

    pub(super) fn reverse_again(
        &mut self,
        dispatch: &Dispatch,
        reversal: &Reversal,
        rules: &ReversalRules,
        slowly: bool,
    ) {
        let now = self.context.now;
        let due = if slowly {
            now.after(rules.exception_repeats)
        } else {
            let tries = reversal.tries.saturating_add(1);
            rules.repeats.next(now, tries, self.context.numbers.draw())
        };
        self.fact(Fact::ReversalAsked { due });
        self.send_reversal(dispatch.trace, reversal.trace, reversal.because, true);
    }

    fn send_reversal(&mut self, original: Trace, trace: Trace, because: Doubt, repeat: bool) {
        let id = self.order.id;
        self.effect(Effect::SendReversal(ReversalSend { id, original, trace, because, repeat }));
    }

    /// Only 'done' ends a reversal. 'Not found' may be 'not found yet', so it is never taken for 'undone'.
    pub(super) fn reversal_answer(&mut self, answer: &Answer) {
        if !answer.speaks_of(self.order) {
            return self.mismatch(*answer);
        }
        match self.context.rules.reversal_classes.of(answer.code) {
            ReversalClass::NotFound if broken(Mutant::RefundOnNotFound) => {
                self.refund(Why::Reversed);
            }
            ReversalClass::Done => self.refund(Why::Reversed),
            ReversalClass::NotFound => self.fact(Fact::ReversalNotFound(*answer)),
            ReversalClass::Again => self.fact(Fact::ReversalUnclear(*answer)),
        }
    }

    pub(super) fn ask_status(&mut self, dispatch: &Dispatch, rules: &InquiryRules) {
        self.fact(Fact::StatusAsked { due: self.context.now.after(rules.apart) });
        self.effect(Effect::SendStatusInquiry(self.order.id, dispatch.trace));
    }

    /// Where nothing is being reversed, what the switch says late is an outcome.
    pub(super) fn verdict_of_switch(&mut self, answer: &Answer) {
        self.verdict(answer, self.context.rules.classes.of(answer.code));
    }

    /// What the answer to a status inquiry says of the transfer, and not of the inquiry.
    pub(super) fn verdict_of_status(&mut self, answer: &Answer) {
        self.verdict(answer, self.status_class(answer));
    }

    fn verdict(&mut self, answer: &Answer, class: Class) {
        if !answer.speaks_of(self.order) {
            return self.mismatch(*answer);
        }
        match class {
            Class::Approved => self.settle(SettledBy::Answer(answer.code)),
            Class::Declined => self.refund(Why::Declined(answer.code)),
            Class::Unknown | Class::Retry => self.fact(Fact::Late(*answer)),
        }
    }

    fn status_class(&self, answer: &Answer) -> Class {
        match &self.context.rules.after_unknown {
            AfterUnknown::Hold(_) if broken(Mutant::StatusAsRequest) => {
                self.context.rules.classes.of(answer.code)
            }
            AfterUnknown::Hold(rules) => rules.classes.of(answer.code),
            AfterUnknown::Reverse(_) => Class::Unknown,
        }
    }

    pub(super) fn verdict_of_file(&mut self, settled: bool) {
        if settled {
            self.settle(SettledBy::SettlementFile);
        } else {
            self.refund(Why::NotSettled);
        }
    }

    pub(super) fn resolve(&mut self, resolution: &Resolution) {
        self.fact(Fact::Resolved(resolution.clone()));
        match resolution.verdict {
            Verdict::Settle => self.settle(SettledBy::Persons),
            Verdict::Refund => self.refund(Why::Resolved),
        }
    }

    /// The same where the customer has the money back already.
    pub(super) fn resolve_given_back(&mut self, resolution: &Resolution) {
        self.fact(Fact::Resolved(resolution.clone()));
        match resolution.verdict {
            Verdict::Settle => {
                self.fact(Fact::PaidTwice);
                self.tell(Standing::Settled);
            }
            Verdict::Refund => {
                self.fact(Fact::Refunded(None));
                self.tell(Standing::GivenBack);
            }
        }
    }

    pub(super) fn except(&mut self) {
        self.fact(Fact::Excepted);
        self.raise(Alarm::Exception);
    }

    /// The money did not move. Core gives it back, or the caller does who took it.
    pub(super) fn refund(&mut self, why: Why) {
        self.ask_refund(why, 0);
    }

    pub(super) fn ask_refund(&mut self, why: Why, tries: u16) {
        match self.order.funding {
            Funding::Core => {
                let due = self.context.cancel_due(tries);
                self.fact(Fact::RefundAsked { why, due });
                self.cancel_posting(tries);
            }
            Funding::Caller(_) => {
                self.fact(Fact::RefundAsked { why, due: self.context.now });
                self.refunded_now(why, None);
            }
        }
    }

    /// The customer has the money back.
    pub(super) fn refunded_now(&mut self, why: Why, was: Option<Was>) {
        self.fact(Fact::Refunded(was));
        if why == Why::YetApproved {
            self.raise(Alarm::Exception);
            self.tell(Standing::Pending);
        } else {
            self.tell(Standing::GivenBack);
        }
    }

    /// An answer after the money was on its way back. That it was approved can't be true as well.
    pub(super) fn answer_after_end(&mut self, answer: Answer) {
        if broken(Mutant::DropLateAnswer) {
            return;
        }
        self.after_end(answer, self.context.rules.classes.of(answer.code));
    }

    /// The same, of a status inquiry.
    pub(super) fn status_after_end(&mut self, answer: Answer) {
        self.after_end(answer, self.status_class(&answer));
    }

    fn after_end(&mut self, answer: Answer, class: Class) {
        if !answer.speaks_of(self.order) {
            return self.mismatch(answer);
        }
        match class {
            Class::Approved => self.contradict(Evidence::Answer(answer)),
            Class::Declined | Class::Unknown | Class::Retry => self.fact(Fact::Late(answer)),
        }
    }

    /// Somebody says what can't be true: two persons are to look.
    pub(super) fn contradict(&mut self, evidence: Evidence) {
        self.fact(Fact::Contradicted(evidence));
        self.raise(Alarm::Contradiction);
        self.tell(Standing::Pending);
    }

    pub(super) fn late(&mut self, answer: Answer) {
        if answer.speaks_of(self.order) {
            self.fact(Fact::Late(answer));
        } else {
            self.mismatch(answer);
        }
    }

    pub(super) fn mismatch(&mut self, answer: Answer) {
        self.fact(Fact::Mismatched(answer));
        self.raise(Alarm::Mismatch);
    }

    pub(super) fn unexpected(&mut self, input: &Input) {
        self.fact(Fact::Unexpected(input.clone()));
    }

    pub(super) fn tell(&mut self, standing: Standing) {
        self.effect(Effect::Tell(self.order.id, standing));
    }

    pub(super) fn raise(&mut self, alarm: Alarm) {
        self.effect(Effect::Raise(self.order.id, alarm));
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.decision.facts.push(fact);
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}

impl Unwanted {
    /// Why the transfer is refused when core has confirmed that no debit stands, and what it was.
    pub(super) const fn refused(self, was: Was) -> RefusedFor {
        match self {
            Self::Doubtful => RefusedFor::Doubtful(was),
            Self::Refused(refusal) => RefusedFor::CoreThenCancelled(refusal, was),
        }
    }
}
