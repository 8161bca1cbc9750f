//! A request of the load: built once; for each transfer only the fields that differ are replaced.

use std::ops::Range;
use std::time::Duration;

use super::Core;
use super::keys::PARTNER;
use super::settings::ACCOUNTS;
use crate::api::{SignatureKey, SignedRequest};
use crate::clock::Clock;
use crate::harness::{account, timestamp};
use crate::values::Moment;

const PATH: &str = "/v1.0/transfer-interbank";

/// The amount of each transfer, in minor units.
pub(super) const MINOR: u64 = 12_500_000;

/// The maximum age of a timestamp. The adapter accepts five minutes.
const TIMESTAMP_MAX_AGE: Duration = Duration::from_mins(1);

/// Placeholders, as long as the values that replace them.
const TWELVE: &str = "000000000000";
const SIGNED: &str =
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// The payee of a load.
#[derive(Clone, Copy)]
pub(super) struct Payee {
    /// The beneficiary bank.
    pub(super) bank: &'static str,
    /// The offset of its transfer numbers, so that they are unique in a run.
    pub(super) first_number: u64,
}

/// The payee of the measured load.
pub(super) const PAYEE: Payee = Payee { bank: "014", first_number: 0 };

/// A complete HTTP request.
#[derive(Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    first_number: u64,
    token: String,
    key: SignatureKey,
    clock: Clock,
    stamped: Option<(Moment, String)>,
    body: Range<usize>,
    places: Places,
}

/// The positions of the fields that differ.
#[derive(Clone)]
struct Places {
    stamp: Range<usize>,
    signature: Range<usize>,
    external: Range<usize>,
    reference: Range<usize>,
    from: Range<usize>,
    to: Range<usize>,
}

impl Request {
    /// Builds a request of the bench's partner.
    pub(super) fn new(token: String, key: SignatureKey, core: Core, payee: Payee) -> Self {
        let clock = Clock::new();
        let (stamp, from) = (timestamp(clock.now()), account(0));
        let debited = match core {
            Core::Embedded => "",
            Core::Caller => ",\"additionalInfo\":{\"debitReference\":\"D1\"}",
        };
        let mut text = Text::default();
        text.add("{\"partnerReferenceNo\":\"");
        let reference = text.add(TWELVE);
        text.add(
            "\",\"amount\":{\"value\":\"125000.00\",\"currency\":\"IDR\"},\
             \"beneficiaryAccountName\":\"Siti Rahayu\",\"beneficiaryAccountNo\":\"",
        );
        let to = text.add(TWELVE);
        text.add(&format!("\",\"beneficiaryBankCode\":\"{}\",\"sourceAccountNo\":\"", payee.bank));
        let from = text.add(&from);
        text.add(&format!(
            "\",\"transactionDate\":\"{stamp}\",\"currency\":\"IDR\",\
             \"originatorInfos\":[{{\"originatorCustomerName\":\"Budi Santoso\"}}],\
             \"customerReference\":\"rent\",\"feeType\":\"OUR\"{debited}}}"
        ));
        let body = std::mem::take(&mut text).0;

        text.add(&format!(
            "POST {PATH} HTTP/1.1\r\nhost: titian\r\ncontent-type: application/json\r\n\
             authorization: Bearer {token}\r\nx-partner-id: {PARTNER}\r\nchannel-id: 95011\r\nx-timestamp: "
        ));
        let stamp = text.add(&stamp);
        text.add("\r\nx-external-id: ");
        let external = text.add(TWELVE);
        text.add("\r\nx-signature: ");
        let signature = text.add(SIGNED);
        text.add(&format!("\r\ncontent-length: {}\r\n\r\n", body.len()));
        let head = text.0.len();
        let in_body = |place: Range<usize>| place.start + head..place.end + head;
        let places = Places {
            stamp,
            signature,
            external,
            reference: in_body(reference),
            from: in_body(from),
            to: in_body(to),
        };
        let body = text.add(&body);
        let (bytes, first_number) = (text.0.into_bytes(), payee.first_number);
        Self { bytes, first_number, token, key, clock, stamped: None, body, places }
    }

    /// The request for the transfer of this number, signed.
    pub(super) fn for_transfer(&mut self, number: u64) -> &[u8] {
        let number = self.first_number.saturating_add(number);
        let digits = digits(number);
        let Places { external, reference, from, to, .. } = self.places.clone();
        self.replace(external, &digits);
        self.replace(reference, &digits);
        self.replace(to, &digits);
        self.replace(from, &account(number % ACCOUNTS));
        self.sign();
        &self.bytes
    }

    fn sign(&mut self) {
        let now = self.clock.now();
        let is_fresh = |(at, _): &(Moment, String)| now.since(*at) < TIMESTAMP_MAX_AGE;
        let timestamp = match self.stamped.take().filter(is_fresh) {
            Some(stamped) => stamped,
            None => (now, timestamp(now)),
        };
        let body = self.bytes.get(self.body.clone()).unwrap_or_default();
        let claim = SignedRequest {
            method: "POST",
            path: PATH,
            token: &self.token,
            body,
            timestamp: &timestamp.1,
        };
        let signature = self.key.sign(&claim);
        self.replace(self.places.stamp.clone(), &timestamp.1);
        self.replace(self.places.signature.clone(), &signature);
        self.stamped = Some(timestamp);
    }

    /// Replaces a field by a text of the same length.
    fn replace(&mut self, place: Range<usize>, text: &str) {
        let bytes = self.bytes.get_mut(place).unwrap_or_default();
        debug_assert_eq!(bytes.len(), text.len(), "a field and its value have the same length");
        bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    }
}

/// Formats the number of a transfer for its request.
pub(super) fn digits(number: u64) -> String {
    format!("{number:012}")
}

/// A text under construction; `add` returns the position of each piece.
#[derive(Default)]
struct Text(String);

impl Text {
    fn add(&mut self, piece: &str) -> Range<usize> {
        let start = self.0.len();
        self.0.push_str(piece);
        start..self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_complete_and_signed_and_differs_by_its_number() {
        let key = SignatureKey::new(b"a secret of 24 bytes....").unwrap();
        let mut request = Request::new("token".into(), key.clone(), Core::Caller, PAYEE);
        let first = String::from_utf8(request.for_transfer(7).to_vec()).unwrap();
        let second = String::from_utf8(request.for_transfer(8).to_vec()).unwrap();
        assert_ne!(first, second);
        let (head, body) = first.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
        };
        assert_eq!(header("content-length"), body.len().to_string());
        assert_eq!(header("x-external-id"), "000000000007");
        let fields: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(fields["partnerReferenceNo"], "000000000007");
        assert_eq!(fields["sourceAccountNo"], "5550000007");
        let (body, timestamp) = (body.as_bytes(), header("x-timestamp"));
        let claim = SignedRequest { method: "POST", path: PATH, token: "token", body, timestamp };
        assert!(key.verifies(&claim, header("x-signature")));
    }
}
