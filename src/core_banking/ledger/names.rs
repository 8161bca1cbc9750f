//! The codes of the ledger's file.

use serde::{Deserialize, Serialize};

use crate::codes::{self, account_status, entry_kind, posting_state, refusal};
use crate::core_banking::wire::{AccountStatus, PostingState};
use crate::transfer::{Refusal, Side};

/// A value that is stored as a code.
pub(in crate::core_banking) trait Coded: Copy + 'static {
    /// All values.
    const ALL: &'static [Self];

    /// Returns the code that the file has.
    fn code(self) -> &'static str;

    /// Returns the value of a code; `None` for an unknown code.
    fn of(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.code() == code)
    }
}

impl Coded for Side {
    const ALL: &'static [Self] = &[Self::Debit, Self::Credit];

    fn code(self) -> &'static str {
        match self {
            Self::Debit => codes::side::DEBIT,
            Self::Credit => codes::side::CREDIT,
        }
    }
}

impl Coded for PostingState {
    const ALL: &'static [Self] = &[Self::Posted, Self::Refused, Self::Cancelled];

    fn code(self) -> &'static str {
        match self {
            Self::Posted => posting_state::POSTED,
            Self::Refused => posting_state::REFUSED,
            Self::Cancelled => posting_state::CANCELLED,
        }
    }
}

impl Coded for AccountStatus {
    const ALL: &'static [Self] = &[Self::Active, Self::Blocked, Self::Dormant, Self::Closed];

    fn code(self) -> &'static str {
        match self {
            Self::Active => account_status::ACTIVE,
            Self::Blocked => account_status::BLOCKED,
            Self::Dormant => account_status::DORMANT,
            Self::Closed => account_status::CLOSED,
        }
    }
}

impl Coded for Refusal {
    const ALL: &'static [Self] = &[
        Self::InsufficientFunds,
        Self::InactiveAccount,
        Self::NoSuchAccount,
        Self::Limit,
        Self::NoSuchOriginal,
        Self::AboveOriginal,
        Self::ServiceClosed,
        Self::Other,
    ];

    fn code(self) -> &'static str {
        match self {
            Self::InsufficientFunds => refusal::INSUFFICIENT_FUNDS,
            Self::InactiveAccount => refusal::INACTIVE_ACCOUNT,
            Self::NoSuchAccount => refusal::NO_SUCH_ACCOUNT,
            Self::Limit => refusal::LIMIT,
            Self::NoSuchOriginal => refusal::NO_SUCH_ORIGINAL,
            Self::AboveOriginal => refusal::ABOVE_ORIGINAL,
            Self::ServiceClosed => refusal::SERVICE_CLOSED,
            Self::Other => refusal::OTHER,
        }
    }
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EntryKind {
    /// The opening balance of an account.
    #[serde(rename = "opening")]
    Opening,
    /// A debit.
    #[serde(rename = "debit")]
    Debit,
    /// A credit.
    #[serde(rename = "credit")]
    Credit,
    /// The reversal of a debit, or of a part of it.
    #[serde(rename = "refund")]
    Refund,
    /// The reversal of a credit, or of a part of it.
    #[serde(rename = "credit_reversal")]
    CreditReversal,
}

impl EntryKind {
    /// Whether the customer's account is debited.
    pub(super) const fn is_debit(self) -> bool {
        match self {
            Self::Debit | Self::CreditReversal => true,
            Self::Opening | Self::Credit | Self::Refund => false,
        }
    }
}

impl Coded for EntryKind {
    const ALL: &'static [Self] =
        &[Self::Opening, Self::Debit, Self::Credit, Self::Refund, Self::CreditReversal];

    fn code(self) -> &'static str {
        match self {
            Self::Opening => entry_kind::OPENING,
            Self::Debit => entry_kind::DEBIT,
            Self::Credit => entry_kind::CREDIT,
            Self::Refund => entry_kind::REFUND,
            Self::CreditReversal => entry_kind::CREDIT_REVERSAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes_of<T: Coded>() -> Vec<&'static str> {
        T::ALL.iter().map(|value| value.code()).collect()
    }

    /// The words of the HTTP API and of the chain's rows are those of the table.
    fn api_words<T: Coded + Serialize>() -> Vec<String> {
        let word = |value: &T| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned();
        T::ALL.iter().map(word).collect()
    }

    #[test]
    fn stored_names_are_the_codes() {
        assert_eq!(codes_of::<Side>(), codes::side::ALL);
        assert_eq!(codes_of::<PostingState>(), posting_state::ALL);
        assert_eq!(codes_of::<AccountStatus>(), account_status::ALL);
        assert_eq!(codes_of::<Refusal>(), refusal::ALL);
        assert_eq!(codes_of::<EntryKind>(), entry_kind::ALL);
        assert_eq!(api_words::<Side>(), codes::side::ALL);
        assert_eq!(api_words::<PostingState>(), posting_state::ALL);
        assert_eq!(api_words::<AccountStatus>(), account_status::ALL);
        assert_eq!(api_words::<Refusal>(), refusal::ALL);
        assert_eq!(api_words::<EntryKind>(), entry_kind::ALL);
    }
}
