//! What a question is over HTTP.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::http::Method;

use crate::bank::port::Ask;
use crate::bank::wire::PostingBody;
use crate::values::AccountNumber;

/// A request: of one question always the same.
pub(super) struct Call {
    pub(super) method: Method,
    /// With what the paths of core begin with.
    pub(super) path: String,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new(base: &str, ask: &Ask) -> Self {
        match ask {
            Ask::Post(posting) => {
                // Text and text alone: writing it doesn't fail.
                let body = serde_json::to_vec(&PostingBody::from(posting)).unwrap_or_default();
                let path = format!("{base}/postings/{}", posting.id);
                Self { method: Method::PUT, path, body: body.into() }
            }
            Ask::Cancel(id) => {
                let path = format!("{base}/postings/{id}");
                Self { method: Method::DELETE, path, body: Bytes::new() }
            }
            Ask::Account(_, number) => {
                let path = format!("{base}/accounts/{}", escaped(number));
                Self { method: Method::GET, path, body: Bytes::new() }
            }
        }
    }
}

/// An account number as a part of a path: what is neither letter nor digit is escaped, also dots, which paths leave out.
fn escaped(number: &AccountNumber) -> String {
    let mut text = String::new();
    for byte in number.reveal().bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(byte.into());
        } else {
            // Writing to a text doesn't fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::{Posting, Side};
    use crate::values::{Amount, Currency, Institution, TransferId, Value};

    fn account(text: &str) -> AccountNumber {
        AccountNumber::from_ascii(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_posting_is_these_bytes_in_every_version_of_the_program() {
        let posting = Posting {
            id: TransferId(0x0190_a4b5_c6d7_7e8f_8a0b_1c2d_3e4f_5061),
            side: Side::Debit,
            account: account("1234567890"),
            amount: Amount::new(12_500_005, Currency::IDR),
            counterparty: Institution::from_ascii(b"014").unwrap(),
        };
        let call = Call::new("/v1", &Ask::Post(posting.clone()));
        let body = "{\"transferId\":\"0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061\",\"direction\":\"debit\",\
            \"account\":\"1234567890\",\"amount\":{\"value\":\"125000.05\",\"currency\":\"IDR\"},\
            \"counterparty\":\"014\",\"narrative\":\"Interbank transfer to bank 014\"}";
        assert_eq!(call.body, body);
        assert_eq!(call.path, "/v1/postings/0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061");
        let read: PostingBody = serde_json::from_str(body).unwrap();
        assert_eq!(read.posting(), Some(posting));
    }

    #[test]
    fn no_account_number_leaves_its_place_in_the_path() {
        let path = |text| Call::new("", &Ask::Account(TransferId(1), account(text))).path;
        assert_eq!(path("12-34"), "/accounts/12%2D34");
        assert_eq!(path(".."), "/accounts/%2E%2E");
        assert_eq!(path("a/b?c#d %"), "/accounts/a%2Fb%3Fc%23d%20%25");
    }
}
