//! The rows of the ledger's chain: a JSON line for each change. The ledger is the fold of these rows.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names::EntryKind;
use crate::codes::ledger_account;
use crate::core_banking::wire::AccountStatus;
use crate::transfer::{Posting, Refusal, Side};
use crate::values::{AccountNumber, Institution, Name, TransferId, Value, unmasked};

/// A change of the ledger.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Change {
    /// An account is opened.
    #[serde(rename = "account_opened")]
    AccountOpened(AccountOpened),
    /// A posting is made. If it reverses a part of another one, that one is reversed by its amount.
    #[serde(rename = "posting_made")]
    PostingMade { id: TransferId, terms: PostingTerms, entry: Entry },
    /// A posting is refused for ever.
    #[serde(rename = "posting_refused")]
    PostingRefused { id: TransferId, terms: PostingTerms, reason: Refusal },
    /// A posting that stood is cancelled. Without an entry, all of it was reversed in parts before, or its original is
    /// cancelled.
    #[serde(rename = "posting_cancelled")]
    PostingCancelled {
        id: TransferId,
        /// What the posting reversed of another one. That much stands again.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        restores: Option<Part>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        entry: Option<Entry>,
    },
    /// The id of a posting that does not stand is barred for ever.
    #[serde(rename = "posting_barred")]
    PostingBarred { id: TransferId },
}

/// An account as it is opened.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountOpened {
    #[serde(with = "unmasked")]
    pub(super) number: AccountNumber,
    #[serde(with = "unmasked")]
    pub(super) name: Name,
    pub(super) status: AccountStatus,
    /// ISO 4217 numeric.
    pub(super) currency: u16,
    /// The opening balance, if it is above zero.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) entry: Option<Entry>,
}

/// A part of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) posting: TransferId,
    /// In minor units.
    pub(super) amount: i64,
}

/// The terms of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostingTerms {
    pub(super) side: Side,
    #[serde(with = "unmasked")]
    pub(super) account: AccountNumber,
    /// In minor units, above zero.
    pub(super) amount: i64,
    /// ISO 4217 numeric.
    pub(super) currency: u16,
    pub(super) counterparty: Institution,
    /// The posting that it reverses in part.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) reverses: Option<TransferId>,
}

impl PostingTerms {
    pub(super) const fn of(posting: &Posting, amount: i64) -> Self {
        let Posting { side, account, counterparty, reverses, .. } = *posting;
        let currency = posting.amount.currency().code();
        Self { side, account, amount, currency, counterparty, reverses }
    }

    /// Whether a posting can reverse this one: it is on the other side of the same account. A reversal is not reversed in part.
    pub(super) fn can_be_reversed_by(&self, other: &Self) -> bool {
        self.reverses.is_none()
            && self.side != other.side
            && self.account == other.account
            && self.currency == other.currency
    }
}

/// An amount that moves between a customer's account and an account of the bank. The kind says which one is debited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    /// The customer's account.
    pub(super) account: AccountNumber,
    /// ISO 4217 numeric.
    pub(super) currency: u16,
    /// In minor units, above zero.
    pub(super) amount: i64,
}

impl Entry {
    /// Returns the change of the customer's balance.
    pub(super) const fn change(&self) -> i64 {
        if self.kind.is_debit() { -self.amount } else { self.amount }
    }

    const fn bank_account(&self) -> BankAccount {
        let name = match self.kind {
            EntryKind::Opening => ledger_account::CAPITAL,
            EntryKind::Debit
            | EntryKind::Credit
            | EntryKind::Refund
            | EntryKind::CreditReversal => ledger_account::CLEARING,
        };
        BankAccount { name, currency: self.currency }
    }

    fn of(text: &EntryText<'_>) -> Option<Self> {
        let (customer, bank) = if text.kind.is_debit() {
            (&text.debit_account, &text.credit_account)
        } else {
            (&text.credit_account, &text.debit_account)
        };
        let (_, currency) = bank.rsplit_once('/')?;
        let account = AccountNumber::from_ascii(customer.as_bytes())?;
        let (kind, amount, currency) = (text.kind, text.amount, currency.parse().ok()?);
        let entry = Self { kind, account, currency, amount };
        (amount > 0 && entry.bank_account().to_string() == **bank).then_some(entry)
    }
}

/// An account of the bank, the other side of every entry.
struct BankAccount {
    name: &'static str,
    currency: u16,
}

impl std::fmt::Display for BankAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{:03}", self.name, self.currency)
    }
}

impl Serialize for BankAccount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An entry as it is stored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryText<'r> {
    kind: EntryKind,
    #[serde(borrow)]
    debit_account: Cow<'r, str>,
    #[serde(borrow)]
    credit_account: Cow<'r, str>,
    amount: i64,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("entry", 4)?;
        fields.serialize_field("kind", &self.kind)?;
        let (customer, bank) = (self.account.reveal(), self.bank_account());
        if self.kind.is_debit() {
            fields.serialize_field("debit_account", customer)?;
            fields.serialize_field("credit_account", &bank)?;
        } else {
            fields.serialize_field("debit_account", &bank)?;
            fields.serialize_field("credit_account", customer)?;
        }
        fields.serialize_field("amount", &self.amount)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = EntryText::deserialize(deserializer)?;
        Self::of(&text).ok_or_else(|| D::Error::custom("the accounts of an entry are invalid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::ledger_change;

    fn changes() -> Vec<Change> {
        let account = AccountNumber::from_ascii(b"1000000001").unwrap();
        let counterparty = Institution::from_ascii(b"014").unwrap();
        let (id, original) = (TransferId(7), TransferId(6));
        let entry = |kind| Entry { kind, account, currency: 360, amount: 5 };
        let terms = |reverses| PostingTerms {
            side: Side::Credit,
            account,
            amount: 5,
            currency: 360,
            counterparty,
            reverses,
        };
        let opened = AccountOpened {
            number: account,
            name: Name::new("BUDI \"B\", PT").unwrap(),
            status: AccountStatus::Active,
            currency: 360,
            entry: Some(entry(EntryKind::Opening)),
        };
        vec![
            Change::AccountOpened(opened),
            Change::PostingMade {
                id,
                terms: terms(Some(original)),
                entry: entry(EntryKind::Refund),
            },
            Change::PostingRefused { id, terms: terms(None), reason: Refusal::Limit },
            Change::PostingCancelled {
                id,
                restores: Some(Part { posting: original, amount: 5 }),
                entry: Some(entry(EntryKind::CreditReversal)),
            },
            Change::PostingBarred { id },
        ]
    }

    #[test]
    fn a_change_is_read_as_it_is_written_under_its_code() {
        let mut codes = Vec::new();
        for change in changes() {
            let line = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<Change>(&line).unwrap(), change, "{line}");
            codes.push(line.split('"').nth(1).unwrap().to_owned());
        }
        assert_eq!(codes, ledger_change::ALL);
    }

    #[test]
    fn both_accounts_of_an_entry_are_stored_and_must_fit_its_kind() {
        let stored = |debit: &str, credit: &str, amount: i64| {
            let line = format!(
                r#"{{"kind":"debit","debit_account":"{debit}","credit_account":"{credit}","amount":{amount}}}"#
            );
            serde_json::from_str::<Entry>(&line)
                .map(|entry| (serde_json::to_string(&entry).unwrap(), line))
        };
        let (written, read) = stored("1000000001", "clearing/360", 5).unwrap();
        assert_eq!(written, read);
        for (debit, credit, amount) in [
            ("clearing/360", "1000000001", 5),
            ("1000000001", "capital/360", 5),
            ("1000000001", "clearing/0360", 5),
            ("1000000001", "clearing/360", 0),
            ("1000000001", "clearing/360", -5),
            ("", "clearing/360", 5),
        ] {
            assert!(stored(debit, credit, amount).is_err(), "{debit} {credit} {amount}");
        }
    }
}
