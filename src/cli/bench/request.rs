//! A request of the load: written once, and for each transfer only what differs is put in its place.

use std::ops::Range;
use std::time::Duration;

use super::Core;
use super::keys::PARTNER;
use super::settings::ACCOUNTS;
use crate::api::{Claim, SignatureKey};
use crate::link::Clock;
use crate::rig::{account, stamp};
use crate::values::Moment;

const PATH: &str = "/v1.0/transfer-interbank";

/// How much each transfer moves, in minor units.
pub(super) const MINOR: u64 = 12_500_000;

/// How old a timestamp may be. The adapter takes five minutes.
const STAMPED_EVERY: Duration = Duration::from_mins(1);

/// What is in the places before anything is put there, as long as what comes there.
const TWELVE: &str = "000000000000";
const SIGNED: &str =
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// Whom a load pays.
#[derive(Clone, Copy)]
pub(super) struct Payee {
    /// The bank that is paid.
    pub(super) bank: &'static str,
    /// What the numbers of transfers to it begin behind, so that no two are the same.
    pub(super) behind: u64,
}

/// Whom the load that is measured pays.
pub(super) const PAYEE: Payee = Payee { bank: "014", behind: 0 };

/// A request, whole.
#[derive(Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    behind: u64,
    token: String,
    key: SignatureKey,
    clock: Clock,
    stamped: Option<(Moment, String)>,
    body: Range<usize>,
    places: Places,
}

/// Where what differs stands.
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
    /// A request of the partner of the bench.
    pub(super) fn new(token: String, key: SignatureKey, core: Core, payee: Payee) -> Self {
        let clock = Clock::new();
        let (stamp, from) = (stamp(clock.now()), account(0));
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
        let (bytes, behind) = (text.0.into_bytes(), payee.behind);
        Self { bytes, behind, token, key, clock, stamped: None, body, places }
    }

    /// The request for the transfer of this number, signed.
    pub(super) fn for_transfer(&mut self, number: u64) -> &[u8] {
        let number = self.behind.saturating_add(number);
        let digits = digits(number);
        let Places { external, reference, from, to, .. } = self.places.clone();
        self.put(external, &digits);
        self.put(reference, &digits);
        self.put(to, &digits);
        self.put(from, &account(number % ACCOUNTS));
        self.sign();
        &self.bytes
    }

    fn sign(&mut self) {
        let now = self.clock.now();
        let is_fresh = |(at, _): &(Moment, String)| now.since(*at) < STAMPED_EVERY;
        let timestamp = match self.stamped.take().filter(is_fresh) {
            Some(stamped) => stamped,
            None => (now, stamp(now)),
        };
        let body = self.bytes.get(self.body.clone()).unwrap_or_default();
        let claim =
            Claim { method: "POST", path: PATH, token: &self.token, body, timestamp: &timestamp.1 };
        let signature = self.key.sign(&claim);
        self.put(self.places.stamp.clone(), &timestamp.1);
        self.put(self.places.signature.clone(), &signature);
        self.stamped = Some(timestamp);
    }

    /// Puts a text where one of the same length stands.
    fn put(&mut self, place: Range<usize>, text: &str) {
        let bytes = self.bytes.get_mut(place).unwrap_or_default();
        debug_assert_eq!(bytes.len(), text.len(), "a place and what comes there are as long");
        bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    }
}

/// The number of a transfer, as it is in its request.
pub(super) fn digits(number: u64) -> String {
    format!("{number:012}")
}

/// A text that tells where each of its pieces stands.
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
    fn a_request_is_whole_and_signed_and_differs_by_its_number() {
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
        let told: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(told["partnerReferenceNo"], "000000000007");
        assert_eq!(told["sourceAccountNo"], "5550000007");
        let (body, timestamp) = (body.as_bytes(), header("x-timestamp"));
        let claim = Claim { method: "POST", path: PATH, token: "token", body, timestamp };
        assert!(key.verifies(&claim, header("x-signature")));
    }
}
