//! Reversals: before their original, while it is open, after it, and again.

use super::keys::Key;
use super::members::{Member, Presence};
use super::questions::{Purpose, key_to};
use super::records::{Number, State, Transfer};
use super::requests::Incoming;
use super::wire::Wire;
use super::{Original, ReversalForm, Switch};
use crate::iso8583::De;
use crate::values::{MinorUnits, Moment, Offset, ResponseCode};

/// What tells a reversal from another one of the same original.
const IDENTITY: [De; 3] = [De::TRANSMISSION, De::STAN, De::ACQUIRER];

impl Switch {
    /// A bank reverses. It is answered at once; the destination is told until it answers.
    pub(super) fn reversal(&mut self, ask: Incoming, now: Moment) {
        let judged = self.judge_reversal(&ask, now);
        let (code, handed_on) = judged.unwrap_or_else(|code| {
            self.ledger.counts().refused += 1;
            (code, None)
        });
        self.answer(&ask, code, now);
        if let Some(issuer) = handed_on {
            self.ask(issuer, ask.wire, Purpose::Reversal, now);
        }
    }

    /// The answer, and the bank that is to be told.
    fn judge_reversal(
        &mut self,
        ask: &Incoming,
        now: Moment,
    ) -> Result<(ResponseCode, Option<Member>), ResponseCode> {
        let codes = self.dialect.codes;
        let form = self.dialect.reversal.ok_or(codes.unsupported)?;
        self.entitled(ask)?;
        if let Some(code) = ask.declined() {
            return Ok((code, None));
        }
        let key = ask.wire.key_of_original(&self.dialect.duplicates, form.original);
        let key = key.ok_or(codes.malformed)?;
        let Some(number) = self.records.find(key) else {
            return self.bar(ask, key, form, now).map(|code| (code, None));
        };
        let known = self.records.get(number).filter(|known| known.acquirer == ask.from);
        let known = known.ok_or(codes.malformed)?;
        if ask.wire.value(De::AMOUNT) != Some(MinorUnits(known.minor)) {
            self.ledger.counts().reversals_mismatched += 1;
            return Ok((codes.other_amount, None));
        }
        let again = known.reversal == ask.wire.key(&IDENTITY).short();
        let (state, issuer) = (known.state, known.issuer);
        Ok(match state {
            State::Open(_) | State::Approved => {
                self.reverse(number, &ask.wire);
                let tells = self.members.presence(issuer) != Presence::Played;
                (codes.approved, Some(issuer).filter(|_| tells))
            }
            State::Barred | State::Reversed => {
                self.ledger.counts().reversals_idle += 1;
                let first = if state == State::Barred { codes.barred } else { codes.approved };
                (if again { first } else { codes.reversed_already }, None)
            }
            State::Declined(_) | State::Unanswered => {
                self.ledger.counts().reversals_idle += 1;
                (codes.approved, None)
            }
        })
    }

    /// A reversal whose original isn't known: if it can still come, it is barred.
    fn bar(
        &mut self,
        ask: &Incoming,
        key: Key,
        form: ReversalForm,
        now: Moment,
    ) -> Result<ResponseCode, ResponseCode> {
        let codes = self.dialect.codes;
        let transfer = self.terms_of_original(ask, key, form, now)?;
        if self.may_be_forgotten(&transfer) {
            return Ok(codes.not_found);
        }
        if self.records.len() >= self.limits.remembered {
            return Err(codes.unavailable);
        }
        self.ledger.counts().reversals_before += 1;
        self.records.insert(transfer);
        Ok(codes.barred)
    }

    /// The original of a reversal as far as that tells.
    fn terms_of_original(
        &self,
        ask: &Incoming,
        key: Key,
        form: ReversalForm,
        now: Moment,
    ) -> Result<Transfer, ResponseCode> {
        let mut transfer = self.terms(&ask.wire, ask.from, now)?;
        transfer.key = key;
        transfer.state = State::Barred;
        transfer.reversal = ask.wire.key(&IDENTITY).short();
        match ask.wire.numbers_of_original() {
            Some((stan, transmission)) => {
                transfer.stan = stan;
                transfer.transmitted = transmission.nearest(now, Offset::UTC);
            }
            None if form.original == Original::Elements => {
                return Err(self.dialect.codes.malformed);
            }
            None => {}
        }
        Ok(transfer)
    }

    /// Undoes a transfer that is open or moved money.
    pub(super) fn reverse(&mut self, number: Number, reversal: &Wire) {
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        let before = std::mem::replace(&mut transfer.state, State::Reversed);
        transfer.reversal = reversal.key(&IDENTITY).short();
        let moved = before == State::Approved;
        transfer.returned = moved.then_some(today);
        let transfer = transfer.clone();
        self.ledger.counts().reversals += 1;
        if moved {
            self.ledger.book(transfer.to(), transfer.from(), transfer.minor);
            if let Some(place) = transfer.account {
                self.accounts.move_money(place, -transfer.on_account());
            }
        } else {
            self.close_question(&transfer);
            self.end_unmoved(number, State::Reversed);
        }
    }

    /// Nobody waits any more for the destination of a transfer.
    fn close_question(&mut self, transfer: &Transfer) {
        let key = key_to(transfer.issuer, &self.numbers_of(transfer));
        self.questions.take(key);
    }
}
