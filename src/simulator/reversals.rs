//! Reversals: before their original, while it is open, after it, and repeated.

use super::keys::MessageKey;
use super::keys::OriginalReference;
use super::members::{Member, Presence};
use super::message::TextMessage;
use super::model::Switch;
use super::network_rules::ReversalForm;
use super::open_requests::{Purpose, response_key};
use super::records::{State, TransferNumber, TransferRecord};
use super::requests::BankRequest;
use crate::iso8583::De;
use crate::values::{MinorUnits, Moment, Offset, ResponseCode};

/// The elements that identify a reversal among all reversals of the same original.
const IDENTITY: [De; 3] = [De::TRANSMISSION, De::STAN, De::ACQUIRER];

impl Switch {
    /// Handles a reversal of a bank: responds at once, and forwards it to the destination, which gets it until it responds.
    pub(super) fn handle_reversal(&mut self, request: BankRequest, now: Moment) {
        let decided = self.decide_reversal(&request, now);
        let (code, forward_to) = decided.unwrap_or_else(|code| {
            self.ledger.counts().refused += 1;
            (code, None)
        });
        self.respond(&request, code, now);
        if let Some(issuer) = forward_to {
            self.send_request(issuer, request.message, Purpose::Reversal(None), now);
        }
    }

    /// Returns the response code, and the bank that the reversal is forwarded to.
    fn decide_reversal(
        &mut self,
        request: &BankRequest,
        now: Moment,
    ) -> Result<(ResponseCode, Option<Member>), ResponseCode> {
        let codes = self.rules.codes;
        let form = self.rules.reversal.ok_or(codes.unsupported)?;
        self.check_sender(request)?;
        if let Some(code) = request.declined() {
            return Ok((code, None));
        }
        if request.message.get(De::REPLACEMENT_AMOUNTS).is_some() {
            // The switch has no partial reversals of banks. Ignoring DE95 would return too much.
            return Err(codes.unsupported);
        }
        let key = request.message.key_of_original(&self.rules.duplicates, form.original);
        let key = key.ok_or(codes.malformed)?;
        let Some(number) = self.records.find(key) else {
            return self.bar(request, key, form, now).map(|code| (code, None));
        };
        let known = self.records.get(number).filter(|known| known.acquirer == request.from);
        let known = known.ok_or(codes.malformed)?;
        if request.message.value(De::AMOUNT) != Some(MinorUnits(known.minor)) {
            self.ledger.counts().reversals_mismatched += 1;
            return Ok((codes.amount_mismatch, None));
        }
        let is_repeat = known.reversal_hash == request.message.key(&IDENTITY).short();
        let (state, issuer) = (known.state, known.issuer);
        Ok(match state {
            State::Open(_) | State::Approved => {
                self.reverse(number, &request.message);
                let is_connected = self.members.presence(issuer) != Presence::Simulated;
                (codes.approved, Some(issuer).filter(|_| is_connected))
            }
            State::Barred | State::Reversed => {
                self.ledger.counts().reversals_without_effect += 1;
                let first = if state == State::Barred { codes.barred } else { codes.approved };
                (if is_repeat { first } else { codes.already_reversed }, None)
            }
            State::Declined(_) | State::Unanswered => {
                self.ledger.counts().reversals_without_effect += 1;
                (codes.approved, None)
            }
        })
    }

    /// Handles a reversal of an unknown original: if the original can still come, it is barred.
    fn bar(
        &mut self,
        request: &BankRequest,
        key: MessageKey,
        form: ReversalForm,
        now: Moment,
    ) -> Result<ResponseCode, ResponseCode> {
        let codes = self.rules.codes;
        let transfer = self.read_original(request, key, form, now)?;
        if self.may_be_forgotten(&transfer) {
            return Ok(codes.not_found);
        }
        if self.records.len() >= self.limits.transfers {
            return Err(codes.unavailable);
        }
        self.ledger.counts().reversals_before_request += 1;
        self.records.insert(transfer);
        Ok(codes.barred)
    }

    /// Reads from a reversal what it says about its original.
    fn read_original(
        &self,
        request: &BankRequest,
        key: MessageKey,
        form: ReversalForm,
        now: Moment,
    ) -> Result<TransferRecord, ResponseCode> {
        let mut transfer = self.read_transfer(&request.message, request.from, now)?;
        transfer.key = key;
        transfer.state = State::Barred;
        transfer.reversal_hash = request.message.key(&IDENTITY).short();
        match request.message.trace_numbers_of_original() {
            Some((stan, transmission)) => {
                transfer.stan = stan;
                transfer.transmitted = transmission.nearest(now, Offset::UTC);
            }
            None if form.original == OriginalReference::OriginalDataElements => {
                return Err(self.rules.codes.malformed);
            }
            None => {}
        }
        Ok(transfer)
    }

    /// Reverses a transfer that is open or approved.
    pub(super) fn reverse(&mut self, number: TransferNumber, reversal: &TextMessage) {
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        let before = std::mem::replace(&mut transfer.state, State::Reversed);
        transfer.reversal_hash = reversal.key(&IDENTITY).short();
        let has_moved = before == State::Approved;
        transfer.reversed_on = has_moved.then_some(today);
        let transfer = transfer.clone();
        self.ledger.counts().reversals += 1;
        if has_moved {
            self.ledger.book(transfer.to(), transfer.from(), transfer.minor);
            if let Some(index) = transfer.account {
                self.accounts.move_money(index, -transfer.account_change(transfer.minor));
            }
        } else {
            self.close_request(&transfer);
            self.end_unmoved(number, State::Reversed);
        }
    }

    /// Closes the open request of a transfer: its response is not needed any more.
    fn close_request(&mut self, transfer: &TransferRecord) {
        let key = response_key(transfer.issuer, &self.trace_numbers_of(transfer));
        self.open_requests.take(key);
    }
}
