//! The moves that states make: which facts and effects belong together.

use super::{
    Dispatch, Doubt, OutboundFact as Fact, RefusedFor, Reversal, SettledBy, Unwanted, Why,
};
use crate::mutation::{Mutant, broken};
use crate::transfer::Context;
use crate::transfer::effect::{Alarm, Cleared, Decision, Effect, Posting, ReversalSend, Side};
use crate::transfer::input::{Input, Resolution, Verdict};
use crate::transfer::order::{Answer, Funding, Order, Receipt, Trace};
use crate::transfer::rules::{AfterUnknown, Class, InquiryRules, ReversalClass, ReversalRules};
use crate::values::Moment;

/// A decision being made about a transfer.
pub(super) struct Next<'d, 'c> {
    pub(super) order: &'d Order,
    pub(super) context: &'d mut Context<'c>,
    pub(super) decision: &'d mut Decision<Fact>,
}

impl Next<'_, '_> {
    pub(super) fn ask_debit(&mut self, tries: u16) {
        let due = self.core_due(tries);
        self.fact(Fact::DebitAsked { due });
        let Order { id, from, amount, .. } = *self.order;
        self.effect(Effect::AskPosting(Posting { id, side: Side::Debit, account: from, amount }));
    }

    pub(super) fn cancel_debit(&mut self, why: Unwanted, tries: u16) {
        let due = self.core_due(tries);
        self.fact(Fact::DebitCancelAsked { why, due });
        self.effect(Effect::CancelPosting(self.order.id));
    }

    pub(super) fn refuse(&mut self, why: RefusedFor) {
        self.fact(Fact::Refused(why));
        self.tell();
    }

    /// The debit stands: the request is made ready under new numbers, and sent once that is on disk.
    pub(super) fn send(&mut self, receipt: &Receipt) {
        let now = self.context.now;
        let trace = self.context.numbers.trace(now);
        self.fact(Fact::Debited(receipt.clone()));
        self.fact(Fact::RequestReady {
            trace,
            due: now.after(self.context.rules.response_timeout),
        });
        self.effect(Effect::SendRequest(Cleared::new(self.order.id, trace, receipt)));
    }

    pub(super) fn settle(&mut self, by: SettledBy) {
        self.fact(Fact::Settled(by));
        if broken(Mutant::SettleTwice) {
            self.fact(Fact::Settled(by));
        }
        self.tell();
    }

    /// Nobody knows the outcome: it is reversed, or asked for where the network knows no reversal.
    pub(super) fn doubt(&mut self, dispatch: &Dispatch, doubt: Doubt) {
        if broken(Mutant::RefundOnDoubt) {
            return self.refund(Why::NotSent);
        }
        self.fact(Fact::Doubted(doubt));
        match &self.context.rules.after_unknown {
            AfterUnknown::Reverse(rules) => self.reverse(dispatch, doubt, rules),
            AfterUnknown::Hold(rules) => self.ask_status(dispatch, rules),
        }
        self.tell();
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
        if !answer.speaks_of(self.order) {
            return self.mismatch(*answer);
        }
        match self.context.rules.classes.of(answer.code) {
            Class::Approved => self.settle(SettledBy::Answer(answer.code)),
            Class::Declined => self.refund(Why::Declined(answer.code)),
            Class::Unknown | Class::Retry => self.fact(Fact::Late(*answer)),
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
                let due = self.core_due(tries);
                self.fact(Fact::RefundAsked { why, due });
                self.effect(Effect::CancelPosting(self.order.id));
            }
            Funding::Caller(_) => {
                self.fact(Fact::RefundAsked { why, due: self.context.now });
                self.fact(Fact::Refunded(None));
                self.tell();
            }
        }
    }

    /// An answer after the money was on its way back. That it was approved can't be true as well.
    pub(super) fn answer_after_end(&mut self, answer: Answer) {
        if broken(Mutant::DropLateAnswer) {
            return;
        }
        if !answer.speaks_of(self.order) {
            return self.mismatch(answer);
        }
        match self.context.rules.classes.of(answer.code) {
            Class::Approved => {
                self.fact(Fact::Contradicted(answer));
                self.raise(Alarm::Contradiction);
            }
            Class::Declined | Class::Unknown | Class::Retry => self.fact(Fact::Late(answer)),
        }
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

    /// When core is to be asked again, after it was asked so often and now once more.
    pub(super) fn core_due(&mut self, tries: u16) -> Moment {
        let draw = self.context.numbers.draw();
        self.context.rules.core.next(self.context.now, tries.saturating_add(1), draw)
    }

    pub(super) fn tell(&mut self) {
        self.effect(Effect::Tell(self.order.id));
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
