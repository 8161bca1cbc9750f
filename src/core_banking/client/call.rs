//! The HTTP request of a command.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::http::Method;

use crate::core_banking::command::CoreCommand;
use crate::core_banking::wire::PostingBody;
use crate::values::AccountNumber;

/// A request. The same command always gives the same request.
pub(super) struct Call {
    pub(super) method: Method,
    /// The path, including core's base path.
    pub(super) path: String,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new(base: &str, command: &CoreCommand) -> Self {
        match command {
            CoreCommand::Post(posting) => {
                // The body has only text fields, so serialising can't fail.
                let body = serde_json::to_vec(&PostingBody::from(posting)).unwrap_or_default();
                let path = format!("{base}/postings/{}", posting.id);
                Self { method: Method::PUT, path, body: body.into() }
            }
            CoreCommand::Cancel(_) | CoreCommand::CancelPart(_) => {
                let path = format!("{base}/postings/{}", command.id());
                Self { method: Method::DELETE, path, body: Bytes::new() }
            }
            CoreCommand::Account(_, number) => {
                let path = format!("{base}/accounts/{}", escaped(number));
                Self { method: Method::GET, path, body: Bytes::new() }
            }
        }
    }
}

/// Returns an account number as a path segment. Escapes everything except letters and digits, also dots, because URL
/// normalisation removes dot segments.
fn escaped(number: &AccountNumber) -> String {
    let mut text = String::new();
    for byte in number.reveal().bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(byte.into());
        } else {
            // Writing to a string can't fail.
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
    fn the_body_of_a_posting_is_the_same_in_every_version() {
        let posting = Posting {
            id: TransferId(0x0190_a4b5_c6d7_7e8f_8a0b_1c2d_3e4f_5061),
            side: Side::Debit,
            account: account("1234567890"),
            amount: Amount::new(12_500_005, Currency::IDR),
            counterparty: Institution::from_ascii(b"014").unwrap(),
            reverses: None,
        };
        let call = Call::new("/v1", &CoreCommand::Post(posting.clone()));
        let body = "{\"transferId\":\"0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061\",\"direction\":\"debit\",\
            \"account\":\"1234567890\",\"amount\":{\"value\":\"125000.05\",\"currency\":\"IDR\"},\
            \"counterparty\":\"014\",\"narrative\":\"Interbank transfer to bank 014\"}";
        assert_eq!(call.body, body);
        assert_eq!(call.path, "/v1/postings/0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061");
        let read: PostingBody = serde_json::from_str(body).unwrap();
        assert_eq!(read.posting(posting.id), Some(posting));
    }

    #[test]
    fn a_partial_reversal_has_an_id_of_its_own_and_names_its_original() {
        let transfer_id = TransferId(0x0190_a4b5_c6d7_7e8f_8a0b_1c2d_3e4f_5061);
        let posting = Posting {
            id: TransferId(0x0190_a4b5_c6d7_7e8f_8a0b_1c2d_3e4f_5062),
            side: Side::Credit,
            account: account("1234567890"),
            amount: Amount::new(60_000, Currency::IDR),
            counterparty: Institution::from_ascii(b"014").unwrap(),
            reverses: Some(transfer_id),
        };
        let call = Call::new("", &CoreCommand::Post(posting.clone()));
        let body = "{\"transferId\":\"0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061\",\"direction\":\"credit\",\
            \"account\":\"1234567890\",\"amount\":{\"value\":\"600.00\",\"currency\":\"IDR\"},\
            \"counterparty\":\"014\",\"narrative\":\"Reversal of interbank transfer to bank 014\",\
            \"reverses\":\"0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061\"}";
        assert_eq!(call.body, body);
        assert_eq!(call.path, "/postings/0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5062");
        let read: PostingBody = serde_json::from_str(body).unwrap();
        assert_eq!(read.posting(posting.id), Some(posting));
        assert_eq!(read.posting(transfer_id), None, "a posting does not reverse itself");
    }

    #[test]
    fn an_account_number_never_changes_the_path_structure() {
        let path = |text| Call::new("", &CoreCommand::Account(TransferId(1), account(text))).path;
        assert_eq!(path("12-34"), "/accounts/12%2D34");
        assert_eq!(path(".."), "/accounts/%2E%2E");
        assert_eq!(path("a/b?c#d %"), "/accounts/a%2Fb%3Fc%23d%20%25");
    }
}
