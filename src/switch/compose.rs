//! The messages that the switch makes.

use super::keys::OriginalElements;
use super::orders::Deal;
use super::records::Transfer;
use super::wire::Wire;
use super::{Original, ReversalForm, Switch};
use crate::iso8583::{De, Mti};
use crate::values::{
    Date, MinorUnits, Moment, ProcessingCode, ResponseCode, Rrn, Stan, TimeOfDay, Transmission,
    Value,
};

/// What an answer repeats of its request.
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

/// What a reversal repeats of its original.
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

/// Characters of DE48 that are the beneficiary's name, and those that follow: the customer's reference and the sender's name.
const NAME: usize = 30;
const REST: usize = 46;

/// The answer to a request, with this code.
pub(super) fn response(request: &Wire, code: ResponseCode) -> Wire {
    let mti = request.mti().response().unwrap_or(request.mti());
    let mut response = request.copied(mti, &ECHOED);
    response.set(De::RESPONSE_CODE, code.as_str());
    response
}

impl Switch {
    /// The reversal of a request that the switch sent to a bank.
    pub(super) fn reversal_of(
        &mut self,
        request: &Wire,
        form: ReversalForm,
        reason: ResponseCode,
        now: Moment,
    ) -> Wire {
        let mut reversal = request.copied(form.mti, &REVERSED);
        if form.original == Original::Elements {
            reversal.show(De::STAN, self.next_stan());
            reversal.show(De::TRANSMISSION, Transmission::of(now));
        }
        reversal.set(De::RESPONSE_CODE, reason.as_str());
        reversal.set(De::ORIGINAL, &OriginalElements::text_of(request));
        reversal
    }

    /// A request that the switch makes for a bank that it plays.
    pub(super) fn request_of(&mut self, deal: &Deal, kind: ProcessingCode, now: Moment) -> Wire {
        let banks = [deal.from, deal.to].map(|member| self.members.institution(member));
        let [Some(from), Some(to)] = banks else {
            return Wire::new(Mti::FINANCIAL_REQUEST);
        };
        let offset = self.dialect.offset;
        let sender = self.accounts.name(deal.from, deal.from_account);
        let beneficiary = if kind == self.dialect.inquiry { "" } else { "PENERIMA" };
        let mut wire = Wire::new(Mti::FINANCIAL_REQUEST);
        wire.set(De::PROCESSING_CODE, kind.as_str());
        wire.show(De::AMOUNT, format_args!("{:012}", deal.minor));
        wire.show(De::TRANSMISSION, Transmission::of(now));
        wire.show(De::STAN, self.next_stan());
        wire.show(De::LOCAL_TIME, TimeOfDay::of(now, offset));
        wire.show(De::LOCAL_DATE, Date::of(now, offset).month_day());
        wire.show(De::SETTLEMENT_DATE, self.ledger.today().month_day());
        wire.set(De::MERCHANT_TYPE, "6017");
        wire.set(De::ENTRY_MODE, "012");
        wire.set(De::ACQUIRER, from.as_str());
        wire.set(De::FORWARDER, self.institution.as_str());
        wire.show(De::RRN, self.issued_rrn());
        wire.set(De::TERMINAL, "SIM00001");
        wire.set(De::CARD_ACCEPTOR, "SIMULATED      ");
        wire.show(De::CARD_ACCEPTOR_NAME, format_args!("{:<40}", "SIMULATED BANK JAKARTA ID"));
        wire.show(De::ADDITIONAL_DATA, format_args!("{beneficiary:<30}{:<16}{sender:<30.30}", ""));
        wire.show(De::CURRENCY, self.dialect.currency);
        wire.set(De::RECEIVER, to.as_str());
        wire.set(De::FROM_ACCOUNT, deal.from_account.reveal());
        wire.set(De::TO_ACCOUNT, deal.to_account.reveal());
        wire.set(De::DESTINATION_BANK, to.as_str());
        wire
    }

    /// A network management request.
    pub(super) fn notice(&mut self, code: &str, now: Moment) -> Wire {
        let mut wire = Wire::new(Mti::NETWORK_REQUEST);
        wire.show(De::TRANSMISSION, Transmission::of(now));
        wire.show(De::STAN, self.next_stan());
        wire.show(De::SETTLEMENT_DATE, self.ledger.today().month_day());
        wire.set(De::NETWORK_CODE, code);
        wire
    }

    /// The numbers that the request of a transfer went under.
    pub(super) fn numbers_of(&self, transfer: &Transfer) -> Wire {
        let mut wire = Wire::new(Mti::FINANCIAL_REQUEST);
        wire.show(De::TRANSMISSION, Transmission::of(transfer.transmitted));
        wire.show(De::STAN, transfer.stan);
        if let Some(acquirer) = self.members.institution(transfer.acquirer) {
            wire.set(De::ACQUIRER, acquirer.as_str());
        }
        wire
    }

    pub(super) fn next_stan(&mut self) -> Stan {
        self.issued += 1;
        Stan::wrapped(self.issued)
    }

    /// The RRN that goes with the last number: an S, so that it is no bank's, and the number.
    pub(super) fn issued_rrn(&self) -> Rrn {
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

impl Wire {
    /// Sets DE48 to that of the request, with the beneficiary's name put in.
    pub(super) fn name(&mut self, request: &Self, name: &str) {
        let rest = request.get(De::ADDITIONAL_DATA).and_then(|text| text.get(NAME..));
        self.show(
            De::ADDITIONAL_DATA,
            format_args!("{name:<NAME$.NAME$}{:<REST$.REST$}", rest.unwrap_or_default()),
        );
    }

    /// STAN and transmission of the original that DE90 names.
    pub(super) fn numbers_of_original(&self) -> Option<(Stan, Transmission)> {
        let original = OriginalElements::read(self.get(De::ORIGINAL)?)?;
        Some((
            Stan::from_ascii(original.stan.as_bytes())?,
            Transmission::from_ascii(original.transmission.as_bytes())?,
        ))
    }
}

/// One minor unit too many.
pub(super) fn with_wrong_amount(wire: &mut Wire) {
    if let Some(MinorUnits(minor)) = wire.value(De::AMOUNT) {
        wire.show(De::AMOUNT, format_args!("{:012}", (minor + 1) % 1_000_000_000_000));
    }
}

/// DE38 of an answer; blanks, if it has none.
pub(super) fn authorization_of(answer: &Wire) -> [u8; 6] {
    let text = answer.get(De::AUTHORIZATION).unwrap_or_default();
    text.as_bytes().first_chunk::<6>().copied().unwrap_or(*b"      ")
}
