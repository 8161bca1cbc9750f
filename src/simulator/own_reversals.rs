//! Reversals of the switch: sent for its simulated banks, booked when the bank has confirmed them.
//!
//! The books say what a person at the switch believes. A credit stands until the bank has answered that it is reversed. After 'not
//! found' it stands, and the switch asks again. After a partial reversal only a part of the money is back.

use super::keys::MessageKey;
use super::keys::OriginalReference;
use super::members::Member;
use super::message::TextMessage;
use super::model::Switch;
use super::open_requests::{MoneyBack, Purpose};
use super::records::{State, TransferNumber};
use crate::iso8583::De;
use crate::values::{Moment, ResponseCode, Transmission};

/// The reason code (DE39) of a reversal that the customer asks for.
const CUSTOMER_CANCELS: u8 = 17;

impl Switch {
    /// Reverses a transfer of a simulated bank, since its customer cancels it. With an actual amount (DE95), only the rest of the
    /// amount is to come back.
    pub(super) fn send_reversal(
        &mut self,
        number: TransferNumber,
        request: &TextMessage,
        actual: Option<u64>,
        now: Moment,
    ) {
        let Some(form) = self.rules.reversal else { return };
        let reason = ResponseCode::from_number(CUSTOMER_CANCELS);
        let mut reversal = self.reversal_of(request, form, reason, now);
        if let Some(actual) = actual {
            reversal.set_display(De::REPLACEMENT_AMOUNTS, format_args!("{actual:012}{:030}", 0));
        }
        let Some(transfer) = self.records.get_mut(number) else { return };
        let issuer = transfer.issuer;
        let back = if transfer.state == State::Approved {
            transfer.is_being_reversed = true;
            let minor = transfer.minor.saturating_sub(actual.unwrap_or_default());
            Some(MoneyBack { number, minor })
        } else {
            self.reverse(number, &reversal);
            None
        };
        self.send_request(issuer, reversal, Purpose::Reversal(back), now);
    }

    /// Handles the response to a reversal. Only 'done' and 'already done' end it with money back.
    pub(super) fn handle_reversal_response(
        &mut self,
        key: MessageKey,
        back: Option<MoneyBack>,
        code: ResponseCode,
        now: Moment,
    ) {
        let codes = self.rules.codes;
        let Some(mut open) = self.open_requests.take(key) else { return };
        if code == codes.approved || code == codes.already_reversed {
            return self.book_reversal(back, &open.message);
        }
        let is_not_found = code == codes.not_found;
        let counts = self.ledger.counts();
        counts.reversals_not_found += u64::from(is_not_found);
        counts.reversals_refused += u64::from(!is_not_found);
        if let Some(plain) = open.plain.take() {
            self.ask_again(open.to, *plain, back, now);
        } else if is_not_found || open.insists {
            // It is repeated at its next deadline.
            self.open_requests.put(key, open);
        } else {
            self.end_reversal(back);
        }
    }

    /// Sends a reversal whose odd form was refused in its usual form. It is repeated until the bank confirms it.
    fn ask_again(
        &mut self,
        to: Member,
        mut plain: TextMessage,
        back: Option<MoneyBack>,
        now: Moment,
    ) {
        let form = self.rules.reversal.map(|form| form.original);
        if form == Some(OriginalReference::OriginalDataElements) {
            plain.set_display(De::STAN, self.next_stan());
            plain.set_display(De::TRANSMISSION, Transmission::of(now));
        }
        self.insist(to, plain, Purpose::Reversal(back), now);
    }

    /// Books a confirmed reversal: money that had moved is back, all of it or a part.
    fn book_reversal(&mut self, back: Option<MoneyBack>, reversal: &TextMessage) {
        let Some(MoneyBack { number, minor }) = back else { return };
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        transfer.is_being_reversed = false;
        if transfer.state != State::Approved {
            return;
        }
        if minor == transfer.minor {
            return self.reverse(number, reversal);
        }
        if minor == 0 {
            return;
        }
        transfer.returned = minor;
        transfer.reversed_on = Some(today);
        let transfer = transfer.clone();
        self.ledger.counts().partial_reversals += 1;
        self.ledger.book(transfer.to(), transfer.from(), minor);
        if let Some(index) = transfer.account {
            self.accounts.move_money(index, -transfer.account_change(minor));
        }
    }

    /// Ends a reversal that the bank did not confirm: the transfer stands.
    pub(super) fn end_reversal(&mut self, back: Option<MoneyBack>) {
        if let Some(MoneyBack { number, .. }) = back
            && let Some(transfer) = self.records.get_mut(number)
        {
            transfer.is_being_reversed = false;
        }
    }
}
