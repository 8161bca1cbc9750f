//! Answers of banks to what the switch asked them, and what happens when none comes.

use super::compose::{authorization_of, response};
use super::keys::Key;
use super::members::Member;
use super::questions::{Asker, Purpose, Question, key_to};
use super::records::{Number, State};
use super::wire::Wire;
use super::{ReversalForm, Switch};
use crate::iso8583::De;
use crate::values::{MinorUnits, Moment, ResponseCode};

/// How often a notice goes out at most.
const NOTICE_TRIES: u32 = 3;

impl Switch {
    /// Takes in an answer. One that belongs to no open question, or speaks of another amount, is counted and changes
    /// nothing.
    pub(super) fn answered(&mut self, from: Member, wire: &Wire, now: Moment) {
        let key = key_to(from, wire);
        let Some(question) = self.questions.get_mut(key) else {
            return self.unmatched(wire);
        };
        if question.unheard > 0 {
            question.unheard -= 1;
            return;
        }
        let amounts = [wire, &question.wire].map(|wire| wire.value::<MinorUnits>(De::AMOUNT));
        let code = wire.value::<ResponseCode>(De::RESPONSE_CODE);
        let Some(code) = code.filter(|_| amounts[0] == amounts[1]) else {
            self.ledger.counts().answers_unmatched += 1;
            return;
        };
        if self.dialect.leaves_open(wire, code) {
            return;
        }
        if let Some(question) = self.questions.take(key) {
            self.resolve(&question, wire, code, now);
        }
    }

    fn unmatched(&mut self, wire: &Wire) {
        let known = self.records.find(wire.key(&self.dialect.duplicates)).is_some();
        let counts = self.ledger.counts();
        let count = if known { &mut counts.answers_late } else { &mut counts.answers_unmatched };
        *count += 1;
    }

    fn resolve(&mut self, question: &Question, wire: &Wire, code: ResponseCode, now: Moment) {
        let codes = self.dialect.codes;
        match question.purpose {
            Purpose::Inquiry(asker) => {
                self.inquiry_answered(&question.wire, asker, wire, code, now);
            }
            Purpose::Transfer(number, asker) => {
                if code == codes.approved {
                    let bank_says = authorization_of(wire);
                    self.approve(number, bank_says);
                } else {
                    self.decline(number, code);
                }
                self.outcome(number, &question.wire, asker, now);
                if code == codes.approved && matches!(asker, Asker::Switch) {
                    self.maybe_regret(number, &question.wire, now);
                }
            }
            Purpose::Reversal if code != codes.approved && code != codes.reversed_already => {
                self.ledger.counts().reversals_refused += 1;
            }
            Purpose::Reversal | Purpose::Notice => {}
        }
    }

    fn inquiry_answered(
        &mut self,
        request: &Wire,
        asker: Asker,
        answer: &Wire,
        code: ResponseCode,
        now: Moment,
    ) {
        let Asker::Bank(to, fault) = asker else { return };
        let mut named = response(request, code);
        if let Some(names) = answer.get(De::ADDITIONAL_DATA) {
            named.set(De::ADDITIONAL_DATA, names);
        }
        self.send_answer(to, fault, named, now);
    }

    /// The time of a question is over.
    pub(super) fn expire(&mut self, key: Key, question: Question, now: Moment) {
        match question.purpose {
            Purpose::Inquiry(Asker::Bank(to, fault)) => {
                let answer = response(&question.wire, self.dialect.codes.no_answer);
                self.send_answer(to, fault, answer, now);
            }
            Purpose::Inquiry(Asker::Switch | Asker::Told) => {}
            Purpose::Transfer(number, asker) => match (asker, self.dialect.reversal) {
                (Asker::Switch, _) if question.tries <= self.dialect.timers.repeats => {
                    self.ask_again(key, question, now);
                }
                (_, Some(form)) => self.reverse_unanswered(&question, number, asker, form, now),
                (_, None) => self.hold_unanswered(key, question, number, asker, now),
            },
            Purpose::Reversal => self.ask_again(key, question, now),
            Purpose::Notice if question.tries < NOTICE_TRIES => self.ask_again(key, question, now),
            Purpose::Notice => self.ledger.counts().given_up += 1,
        }
    }

    /// The transfer never moves: its originator is told, and the destination is to undo what it may have done.
    fn reverse_unanswered(
        &mut self,
        question: &Question,
        number: Number,
        asker: Asker,
        form: ReversalForm,
        now: Moment,
    ) {
        self.ledger.counts().unanswered += 1;
        self.end_unmoved(number, State::Unanswered);
        self.outcome(number, &question.wire, asker, now);
        let code = self.dialect.codes.no_answer;
        let reversal = self.reversal_of(&question.wire, form, code, now);
        self.ask(question.to, reversal, Purpose::Reversal, now);
    }

    /// Where nothing can be reversed only the destination can say what it did: it is asked for the status, and its originator
    /// told that the outcome is open.
    fn hold_unanswered(
        &mut self,
        key: Key,
        mut question: Question,
        number: Number,
        asker: Asker,
        now: Moment,
    ) {
        let code = self.dialect.codes.no_answer;
        if self.is_given_up(&question, now) {
            return self.decline(number, code);
        }
        if let Some(transfer) = self.records.get_mut(number)
            && transfer.state == State::Open(None)
        {
            transfer.state = State::Open(Some(code));
            self.ledger.counts().unanswered += 1;
        }
        self.outcome(number, &question.wire, asker, now);
        if matches!(asker, Asker::Bank(..)) {
            question.purpose = Purpose::Transfer(number, Asker::Told);
        }
        if let Some(status) = self.dialect.status {
            question.ask_for(status);
        }
        self.ask_again(key, question, now);
    }

    /// Sends a question once more, as a repeat; unless its time is over for good.
    fn ask_again(&mut self, key: Key, mut question: Question, now: Moment) {
        if self.is_given_up(&question, now) {
            return;
        }
        let timers = self.dialect.timers;
        let first_repeats = matches!(question.purpose, Purpose::Transfer(_, Asker::Switch))
            && question.tries <= timers.repeats;
        question.due =
            now.after(if first_repeats { timers.answer_within } else { timers.repeat_every });
        question.tries += 1;
        question.wire = question.wire.repeated();
        self.send_question(&mut question);
        self.questions.put(key, question);
    }

    fn is_given_up(&mut self, question: &Question, now: Moment) -> bool {
        let over = now.since(question.since) >= self.dialect.timers.give_up_after;
        self.ledger.counts().given_up += u64::from(over);
        over
    }
}
