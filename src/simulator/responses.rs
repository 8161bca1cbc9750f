//! Responses of banks to requests of the switch, and time-outs.

use super::compose::{authorization_of, response};
use super::keys::MessageKey;
use super::members::Member;
use super::message::TextMessage;
use super::model::Switch;
use super::network_rules::ReversalForm;
use super::open_requests::{OpenRequest, Originator, Purpose, response_key};
use super::records::{State, TransferNumber};
use crate::iso8583::De;
use crate::values::{MinorUnits, Moment, ResponseCode};

/// How often a notice is sent at most.
const NOTICE_ATTEMPTS: u32 = 3;

impl Switch {
    /// Handles a response. One that matches no open request, or has another amount, is counted and has no effect.
    pub(super) fn handle_response(&mut self, from: Member, message: &TextMessage, now: Moment) {
        let key = response_key(from, message);
        let Some(open) = self.open_requests.get_mut(key) else {
            return self.count_unmatched(message);
        };
        if open.responses_to_drop > 0 {
            open.responses_to_drop -= 1;
            return;
        }
        let amounts =
            [message, &open.message].map(|message| message.value::<MinorUnits>(De::AMOUNT));
        let code = message.value::<ResponseCode>(De::RESPONSE_CODE);
        let Some(code) = code.filter(|_| amounts[0] == amounts[1]) else {
            self.ledger.counts().responses_unmatched += 1;
            return;
        };
        if self.rules.leaves_open(message, code) {
            return;
        }
        if let Purpose::Reversal(back) = open.purpose {
            return self.handle_reversal_response(key, back, code, now);
        }
        if let Some(open) = self.open_requests.take(key) {
            self.complete(&open, message, code, now);
        }
    }

    fn count_unmatched(&mut self, message: &TextMessage) {
        let known = self.records.find(message.key(&self.rules.duplicates)).is_some();
        let counts = self.ledger.counts();
        let count =
            if known { &mut counts.responses_late } else { &mut counts.responses_unmatched };
        *count += 1;
    }

    fn complete(
        &mut self,
        open: &OpenRequest,
        response: &TextMessage,
        code: ResponseCode,
        now: Moment,
    ) {
        let codes = self.rules.codes;
        match open.purpose {
            Purpose::Inquiry(originator) => {
                self.complete_inquiry(&open.message, originator, response, code, now);
            }
            Purpose::Transfer(number, originator) => {
                if matches!(originator, Originator::Switch) {
                    self.record_response_time(now.since(open.since));
                }
                if code == codes.approved {
                    self.approve(number, authorization_of(response));
                } else {
                    self.decline(number, code);
                }
                self.send_outcome(number, &open.message, originator, now);
                if code == codes.approved && matches!(originator, Originator::Switch) {
                    self.reverse_by_chance(number, &open.message, now);
                }
            }
            Purpose::Reversal(_) | Purpose::Notice => {}
        }
    }

    fn complete_inquiry(
        &mut self,
        request: &TextMessage,
        originator: Originator,
        from_bank: &TextMessage,
        code: ResponseCode,
        now: Moment,
    ) {
        let Originator::Bank(to, fault) = originator else { return };
        let mut with_name = response(request, code);
        if let Some(names) = from_bank.get(De::ADDITIONAL_DATA) {
            with_name.set(De::ADDITIONAL_DATA, names);
        }
        self.send_response(to, fault, with_name, now);
    }

    /// Handles the deadline of an open request.
    pub(super) fn handle_timeout(&mut self, key: MessageKey, open: OpenRequest, now: Moment) {
        match open.purpose {
            Purpose::Inquiry(Originator::Bank(to, fault)) => {
                let no_response = response(&open.message, self.rules.codes.no_response);
                self.send_response(to, fault, no_response, now);
            }
            Purpose::Inquiry(Originator::Switch | Originator::AlreadyAnswered) => {}
            Purpose::Transfer(number, originator) => match (originator, self.rules.reversal) {
                (Originator::Switch, _) if open.attempts <= self.rules.timers.repeats => {
                    self.repeat_request(key, open, now);
                }
                (_, Some(form)) => self.reverse_unanswered(&open, number, originator, form, now),
                (_, None) => self.inquire_unanswered(key, open, number, originator, now),
            },
            Purpose::Reversal(_) => self.repeat_request(key, open, now),
            Purpose::Notice if open.attempts < NOTICE_ATTEMPTS => {
                self.repeat_request(key, open, now);
            }
            Purpose::Notice => self.ledger.counts().abandoned += 1,
        }
    }

    /// Ends a transfer without a response: no money moves, the originator gets 'no response', and the destination gets a
    /// reversal.
    fn reverse_unanswered(
        &mut self,
        open: &OpenRequest,
        number: TransferNumber,
        originator: Originator,
        form: ReversalForm,
        now: Moment,
    ) {
        self.ledger.counts().unanswered += 1;
        self.end_unmoved(number, State::Unanswered);
        self.send_outcome(number, &open.message, originator, now);
        let code = self.rules.codes.no_response;
        let reversal = self.reversal_of(&open.message, form, code, now);
        self.send_request(open.to, reversal, Purpose::Reversal(None), now);
    }

    /// Inquires the status of a transfer without a response, in a network without reversals: only the destination knows the
    /// outcome. The originator gets 'no response'.
    fn inquire_unanswered(
        &mut self,
        key: MessageKey,
        mut open: OpenRequest,
        number: TransferNumber,
        originator: Originator,
        now: Moment,
    ) {
        let code = self.rules.codes.no_response;
        if self.is_abandoned(&open, now) {
            return self.decline(number, code);
        }
        if let Some(transfer) = self.records.get_mut(number)
            && transfer.state == State::Open(None)
        {
            transfer.state = State::Open(Some(code));
            self.ledger.counts().unanswered += 1;
        }
        self.send_outcome(number, &open.message, originator, now);
        if matches!(originator, Originator::Bank(..)) {
            open.purpose = Purpose::Transfer(number, Originator::AlreadyAnswered);
        }
        if let Some(status) = self.rules.status {
            open.make_status_inquiry(status);
        }
        self.repeat_request(key, open, now);
    }

    /// Sends a request again, as a repeat, unless it is abandoned.
    fn repeat_request(&mut self, key: MessageKey, mut open: OpenRequest, now: Moment) {
        if self.is_abandoned(&open, now) {
            if let Purpose::Reversal(back) = open.purpose {
                self.end_reversal(back);
            }
            return;
        }
        let timers = self.rules.timers;
        let is_before_reversal = matches!(open.purpose, Purpose::Transfer(_, Originator::Switch))
            && open.attempts <= timers.repeats;
        let wait =
            if is_before_reversal { timers.response_timeout } else { timers.repeat_interval };
        open.due = now.after(wait);
        open.attempts += 1;
        open.message = open.message.into_repeat();
        let fault = self.draw_fault(open.to, &open.message);
        self.transmit(&mut open, fault);
        self.open_requests.put(key, open);
    }

    fn is_abandoned(&mut self, open: &OpenRequest, now: Moment) -> bool {
        let is_over = now.since(open.since) >= self.rules.timers.give_up_after;
        self.ledger.counts().abandoned += u64::from(is_over);
        is_over
    }
}
