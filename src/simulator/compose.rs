//! Builds the messages that the switch sends.

use super::commands::RequestDetails;
use super::keys::OriginalElements;
use super::keys::OriginalReference;
use super::message::TextMessage;
use super::model::Switch;
use super::network_rules::ReversalForm;
use super::odd_bytes::ACCEPTOR;
use super::records::TransferRecord;
use crate::iso8583::{De, Mti};
use crate::values::{
    Date, MinorUnits, Moment, ProcessingCode, ResponseCode, Rrn, Stan, TimeOfDay, Transmission,
    Value,
};

/// The elements that a response copies from its request.
const ECHOED: [De; 18] = [
    De::PAN,
    De::PROCESSING_CODE,
    De::AMOUNT,
    De::TRANSMISSION,
    De::STAN,
    De::LOCAL_TIME,
    De::LOCAL_DATE,
    De::SETTLEMENT_DATE,
    De::ACQUIRER,
    De::RRN,
    De::TERMINAL,
    De::CURRENCY,
    De::NETWORK_CODE,
    De::ORIGINAL,
    De::RECEIVER,
    De::FROM_ACCOUNT,
    De::TO_ACCOUNT,
    De::DESTINATION_BANK,
];

/// The elements that a reversal copies from its original.
const REVERSED: [De; 17] = [
    De::PAN,
    De::PROCESSING_CODE,
    De::AMOUNT,
    De::TRANSMISSION,
    De::STAN,
    De::LOCAL_TIME,
    De::LOCAL_DATE,
    De::SETTLEMENT_DATE,
    De::ACQUIRER,
    De::FORWARDER,
    De::RRN,
    De::TERMINAL,
    De::CURRENCY,
    De::RECEIVER,
    De::FROM_ACCOUNT,
    De::TO_ACCOUNT,
    De::DESTINATION_BANK,
];

/// The characters of the beneficiary's name in DE48.
const NAME: usize = 30;
/// The characters of DE48 after it: the customer's reference and the sender's name.
const REST: usize = 46;

/// Builds the response to a request, with a response code.
pub(super) fn response(request: &TextMessage, code: ResponseCode) -> TextMessage {
    let mti = request.mti().response().unwrap_or(request.mti());
    let mut response = request.copy_as(mti, &ECHOED);
    response.set(De::RESPONSE_CODE, code.as_str());
    response
}

impl Switch {
    /// Builds the reversal of a request that the switch sent to a bank.
    pub(super) fn reversal_of(
        &mut self,
        request: &TextMessage,
        form: ReversalForm,
        reason: ResponseCode,
        now: Moment,
    ) -> TextMessage {
        let mut reversal = request.copy_as(form.mti, &REVERSED);
        if form.original == OriginalReference::OriginalDataElements {
            reversal.set_display(De::STAN, self.next_stan());
            reversal.set_display(De::TRANSMISSION, Transmission::of(now));
        }
        reversal.set(De::RESPONSE_CODE, reason.as_str());
        reversal.set(De::ORIGINAL, &OriginalElements::text_of(request));
        reversal
    }

    /// Builds a request of a simulated bank.
    pub(super) fn bank_request(
        &mut self,
        details: &RequestDetails,
        kind: ProcessingCode,
        now: Moment,
    ) -> TextMessage {
        let banks = [details.from, details.to].map(|member| self.members.institution(member));
        let [Some(from), Some(to)] = banks else {
            return TextMessage::new(Mti::FINANCIAL_REQUEST);
        };
        let offset = self.rules.offset;
        let sender = self.accounts.name(details.from, details.from_account);
        let is_inquiry = [self.rules.inquiry, self.rules.balance_inquiry].contains(&kind);
        let beneficiary = if is_inquiry { "" } else { "PENERIMA" };
        let mut message = TextMessage::new(Mti::FINANCIAL_REQUEST);
        message.set(De::PROCESSING_CODE, kind.as_str());
        message.set_display(De::AMOUNT, format_args!("{:012}", details.minor));
        message.set_display(De::TRANSMISSION, Transmission::of(now));
        message.set_display(De::STAN, self.next_stan());
        message.set_display(De::LOCAL_TIME, TimeOfDay::of(now, offset));
        message.set_display(De::LOCAL_DATE, Date::of(now, offset).month_day());
        message.set_display(De::SETTLEMENT_DATE, self.ledger.today().month_day());
        message.set(De::MERCHANT_TYPE, "6017");
        message.set(De::ENTRY_MODE, "012");
        message.set(De::ACQUIRER, from.as_str());
        message.set(De::FORWARDER, self.institution.as_str());
        message.set_display(De::RRN, self.last_rrn());
        message.set(De::TERMINAL, "SIM00001");
        message.set(De::CARD_ACCEPTOR, "SIMULATED      ");
        message.set(De::CARD_ACCEPTOR_NAME, ACCEPTOR);
        message.set_display(
            De::ADDITIONAL_DATA,
            format_args!("{beneficiary:<30}{:<16}{sender:<30.30}", ""),
        );
        message.set_display(De::CURRENCY, self.rules.currency);
        message.set(De::RECEIVER, to.as_str());
        message.set(De::FROM_ACCOUNT, details.from_account.reveal());
        message.set(De::TO_ACCOUNT, details.to_account.reveal());
        message.set(De::DESTINATION_BANK, to.as_str());
        message
    }

    /// Builds a network management request with a business date.
    pub(super) fn notice(&mut self, code: &str, date: Date, now: Moment) -> TextMessage {
        let mut message = TextMessage::new(Mti::NETWORK_REQUEST);
        message.set_display(De::TRANSMISSION, Transmission::of(now));
        message.set_display(De::STAN, self.next_stan());
        message.set_display(De::SETTLEMENT_DATE, date.month_day());
        message.set(De::NETWORK_CODE, code);
        message
    }

    /// Builds a message with the trace numbers of a transfer request.
    pub(super) fn trace_numbers_of(&self, transfer: &TransferRecord) -> TextMessage {
        let mut message = TextMessage::new(Mti::FINANCIAL_REQUEST);
        message.set_display(De::TRANSMISSION, Transmission::of(transfer.transmitted));
        message.set_display(De::STAN, transfer.stan);
        let acquirer = if transfer.names_issuer { transfer.issuer } else { transfer.acquirer };
        if let Some(acquirer) = self.members.institution(acquirer) {
            message.set(De::ACQUIRER, acquirer.as_str());
        }
        message
    }

    pub(super) fn next_stan(&mut self) -> Stan {
        self.issued += 1;
        Stan::wrapped(self.issued)
    }

    /// Returns the RRN of the last issued number: the letter S, so that it differs from every bank's RRN, and the number.
    pub(super) fn last_rrn(&self) -> Rrn {
        let mut rest = self.issued;
        let mut digits = [0; 12];
        for digit in digits.iter_mut().skip(1).rev() {
            *digit = u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        digits[0] = 28;
        Rrn::base36(digits)
    }
}

impl TextMessage {
    /// Sets DE48 to that of the request, with the beneficiary's name in its place.
    pub(super) fn set_beneficiary_name(&mut self, request: &Self, name: &str) {
        let rest = request.get(De::ADDITIONAL_DATA).and_then(|text| text.get(NAME..));
        self.set_display(
            De::ADDITIONAL_DATA,
            format_args!("{name:<NAME$.NAME$}{:<REST$.REST$}", rest.unwrap_or_default()),
        );
    }

    /// Returns STAN and transmission time of the original, from DE90.
    pub(super) fn trace_numbers_of_original(&self) -> Option<(Stan, Transmission)> {
        let original = OriginalElements::read(self.get(De::ORIGINAL)?)?;
        Some((
            Stan::from_ascii(original.stan.as_bytes())?,
            Transmission::from_ascii(original.transmission.as_bytes())?,
        ))
    }
}

/// Raises the amount (DE4) by one minor unit.
pub(super) fn raise_amount(message: &mut TextMessage) {
    if let Some(MinorUnits(minor)) = message.value(De::AMOUNT) {
        message.set_display(De::AMOUNT, format_args!("{:012}", (minor + 1) % 1_000_000_000_000));
    }
}

/// Returns the authorization code (DE38) of a response; blanks if it has none.
pub(super) fn authorization_of(response: &TextMessage) -> [u8; 6] {
    let text = response.get(De::AUTHORIZATION).unwrap_or_default();
    text.as_bytes().first_chunk::<6>().copied().unwrap_or(*b"      ")
}
