//! The stored postings of the ledger: their terms, their state, and how much of them is reversed.

use super::names::Coded;
use super::store::Store;
use crate::core_banking::error::CoreBankingError;
use crate::core_banking::wire::PostingState;
use crate::transfer::{Posting, Refusal, Side};
use crate::values::{AccountNumber, Institution, TransferId, Value};

/// The stored posting of an id.
pub(super) struct StoredPosting {
    pub(super) state: PostingState,
    pub(super) reason: Option<Refusal>,
    /// The sum of the postings in effect that reverse it.
    pub(super) reversed: i64,
    /// The terms; `None` if the id was barred before a posting came.
    pub(super) terms: Option<PostingTerms>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PostingTerms {
    pub(super) side: Side,
    pub(super) account: AccountNumber,
    pub(super) amount: i64,
    pub(super) currency: u16,
    pub(super) counterparty: Institution,
    /// The posting that it reverses in part.
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

impl Store {
    /// Returns the posting of an id, if the id is known.
    pub(super) fn posting(
        &self,
        id: TransferId,
    ) -> Result<Option<StoredPosting>, CoreBankingError> {
        let sql = "SELECT state, reason, side, account, amount, currency, counterparty, reverses, reversed FROM postings WHERE id = ?1";
        let stored = self.find(sql, [id.0.to_be_bytes()], |row| {
            let text = |column| row.get::<_, Option<String>>(column);
            let reason = text(1)?.and_then(|code| Refusal::of(&code));
            let side = text(2)?.and_then(|code| Side::of(&code));
            let account = text(3)?.and_then(|text| AccountNumber::from_ascii(text.as_bytes()));
            let (amount, currency) = (row.get::<_, Option<i64>>(4)?, row.get::<_, Option<u16>>(5)?);
            let counterparty = text(6)?.and_then(|text| Institution::from_ascii(text.as_bytes()));
            let original = row.get::<_, Option<[u8; 16]>>(7)?;
            let terms = || {
                Some(PostingTerms {
                    side: side?,
                    account: account?,
                    amount: amount?,
                    currency: currency?,
                    counterparty: counterparty?,
                    reverses: original.map(|id| TransferId(u128::from_be_bytes(id))),
                })
            };
            let (state, reversed) =
                (text(0)?.and_then(|code| PostingState::of(&code)), row.get(8)?);
            Ok(state.map(|state| StoredPosting { state, reason, reversed, terms: terms() }))
        })?;
        match stored {
            None => Ok(None),
            Some(stored) => stored.map(Some).ok_or_else(|| self.damaged(id, "invalid state")),
        }
    }

    /// Stores a new posting, made or refused.
    pub(super) fn add_posting(
        &self,
        id: TransferId,
        terms: &PostingTerms,
        refusal: Option<Refusal>,
    ) -> Result<(), CoreBankingError> {
        let state = if refusal.is_some() { PostingState::Refused } else { PostingState::Posted };
        let PostingTerms { side, account, amount, currency, counterparty, reverses } = terms;
        self.execute(
            "INSERT INTO postings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)",
            (
                id.0.to_be_bytes(),
                state.code(),
                refusal.map(Refusal::code),
                side.code(),
                account.reveal(),
                amount,
                currency,
                counterparty.as_str(),
                reverses.map(|id| id.0.to_be_bytes()),
            ),
        )
    }

    /// Marks a posting as cancelled, or bars its id.
    pub(super) fn mark_cancelled(&self, id: TransferId) -> Result<(), CoreBankingError> {
        let sql = "INSERT INTO postings (id, state) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET state = ?2";
        self.execute(sql, (id.0.to_be_bytes(), PostingState::Cancelled.code()))
    }

    /// Changes how much of a posting is reversed.
    pub(super) fn change_reversed(
        &self,
        id: TransferId,
        change: i64,
    ) -> Result<(), CoreBankingError> {
        let sql = "UPDATE postings SET reversed = reversed + ?2 WHERE id = ?1";
        self.execute(sql, (id.0.to_be_bytes(), change))
    }

    pub(super) fn damaged(&self, id: TransferId, detail: &str) -> CoreBankingError {
        CoreBankingError::damaged(&self.path, format!("posting {id}: {detail}"))
    }
}
