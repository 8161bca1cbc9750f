//! Receipts: proof that a posting stands at core.
//!
//! A debit receipt and a posting receipt are two types, so that a credit to our customer can never fund an outbound
//! request. Neither type can be read from JSON by itself: only the facts that hold one are stored and read again.

use serde::{Deserialize, Serialize};

use crate::values::{Moment, Reference};

/// Proof that the debit of an outbound transfer stands. Core's confirmation or the channel's debit reference makes
/// one. Without it no financial request can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebitReceipt {
    proof: Proof,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Proof {
    #[serde(rename = "posted")]
    Posted {
        #[serde(rename = "posted_at")]
        at: Moment,
    },
    #[serde(rename = "caller")]
    Caller(Reference),
}

impl DebitReceipt {
    /// The receipt of a debit that core confirmed.
    pub(super) const fn posted(at: Moment) -> Self {
        Self { proof: Proof::Posted { at } }
    }

    /// The receipt of a debit that the channel made itself.
    pub(super) const fn caller(reference: Reference) -> Self {
        Self { proof: Proof::Caller(reference) }
    }
}

/// Proof that the posting of an inbound transfer stands. Only core's confirmation makes one. It funds no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostingReceipt {
    at: Moment,
}

impl PostingReceipt {
    /// The receipt of a posting that core confirmed.
    pub(super) const fn posted(at: Moment) -> Self {
        Self { at }
    }
}

/// The stored form of a debit receipt. A receipt that is read from the journal is as good as a new one.
pub(super) mod debit {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{DebitReceipt, Proof};

    pub(in crate::transfer) fn serialize<S: Serializer>(
        receipt: &DebitReceipt,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        receipt.proof.serialize(serializer)
    }

    pub(in crate::transfer) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DebitReceipt, D::Error> {
        Proof::deserialize(deserializer).map(|proof| DebitReceipt { proof })
    }
}

/// The stored form of a posting receipt: the same as that of a debit which core confirmed.
pub(super) mod posting {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{PostingReceipt, Proof};

    pub(in crate::transfer) fn serialize<S: Serializer>(
        receipt: &PostingReceipt,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Proof::Posted { at: receipt.at }.serialize(serializer)
    }

    pub(in crate::transfer) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PostingReceipt, D::Error> {
        match Proof::deserialize(deserializer)? {
            Proof::Posted { at } => Ok(PostingReceipt { at }),
            Proof::Caller(_) => Err(D::Error::custom(
                "posting receipt: must be a confirmation of core (got a debit reference of a channel)",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Stored {
        #[serde(with = "debit")]
        debit: DebitReceipt,
        #[serde(with = "posting")]
        posting: PostingReceipt,
    }

    #[test]
    fn both_receipts_have_the_same_stored_form() {
        let at = Moment::from_millis(7);
        let stored =
            Stored { debit: DebitReceipt::posted(at), posting: PostingReceipt::posted(at) };
        let text = serde_json::to_string(&stored).unwrap();
        let form = r#"{"posted":{"posted_at":7}}"#;
        assert_eq!(text, format!(r#"{{"debit":{form},"posting":{form}}}"#));
        assert_eq!(serde_json::from_str::<Stored>(&text).unwrap(), stored);
    }

    #[test]
    fn posting_receipt_rejects_channel_debit_reference() {
        let text = r#"{"debit":{"caller":"DB-1"},"posting":{"caller":"DB-1"}}"#;
        let error = serde_json::from_str::<Stored>(text).unwrap_err().to_string();
        assert!(error.contains("must be a confirmation of core"), "{error}");
    }
}
