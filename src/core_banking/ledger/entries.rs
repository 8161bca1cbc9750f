//! The posting rules of the ledger, within a transaction of the writer.

use super::balances::Account;
use super::names::EntryKind;
use super::rows::{Change, Entry, Part, PostingTerms};
use super::store::Store;
use crate::core_banking::error::CoreBankingError;
use crate::core_banking::wire::{AccountStatus, PostingState};
use crate::transfer::{
    AccountDetails, AccountReply, CancelReply, Posting, PriorPosting, Refusal, Side,
};
use crate::values::{AccountNumber, Amount, Currency, Name, TransferId};

/// The ledger within an open transaction of the writer.
pub(crate) struct Entries<'s> {
    store: &'s Store,
}

/// The outcome of a posting command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostingOutcome {
    /// Posted now.
    Posted,
    /// Posted before.
    AlreadyPosted,
    /// Not posted, and never will be under this id.
    Refused(Refusal),
    /// The id belongs to a posting with other terms, in this state.
    Conflict(PostingState),
    /// The id was cancelled.
    Barred,
}

/// The result of an account look-up.
pub(crate) enum AccountLookup {
    /// The account does not exist.
    NotFound,
    /// The account.
    Found { name: Name, status: AccountStatus, balance: Amount },
}

/// The entry that moves the money, or why none does.
type Moved = Result<Entry, Refusal>;

impl<'s> Entries<'s> {
    pub(super) const fn new(store: &'s Store) -> Self {
        Self { store }
    }
}

impl Entries<'_> {
    /// Makes a posting once. A refused posting stays refused, so that a late repeat moves no money.
    pub(crate) fn post(&self, posting: &Posting) -> Result<PostingOutcome, CoreBankingError> {
        let id = posting.id;
        let terms = match i64::try_from(posting.amount.minor()) {
            Ok(amount) if amount > 0 => PostingTerms::of(posting, amount),
            // No account can have such a balance.
            _ => return Ok(PostingOutcome::Refused(Refusal::Limit)),
        };
        if let Some(stored) = self.store.posting(id)? {
            return Ok(match stored.state() {
                PostingState::Cancelled => PostingOutcome::Barred,
                state if stored.terms != Some(terms) => PostingOutcome::Conflict(state),
                PostingState::Posted => PostingOutcome::AlreadyPosted,
                PostingState::Refused => {
                    PostingOutcome::Refused(stored.refusal.unwrap_or(Refusal::Other))
                }
            });
        }
        let moved = match terms.reverses {
            None => self.move_money(&terms),
            Some(original) => self.reverse_part(original, &terms)?,
        };
        let (change, outcome) = match moved {
            Ok(entry) => (Change::PostingMade { id, terms, entry }, PostingOutcome::Posted),
            Err(reason) => {
                (Change::PostingRefused { id, terms, reason }, PostingOutcome::Refused(reason))
            }
        };
        self.store.record(&change)?;
        Ok(outcome)
    }

    /// Cancels a posting, or bars its id. A credit that the customer has spent can't be reversed.
    pub(crate) fn cancel(&self, id: TransferId) -> Result<CancelReply, CoreBankingError> {
        let stored = self.store.posting(id)?;
        let Some((terms, reversed)) = stored.and_then(|stored| match stored.state() {
            PostingState::Posted => Some((stored.terms?, stored.reversed)),
            PostingState::Refused | PostingState::Cancelled => None,
        }) else {
            if stored.is_some_and(|stored| stored.is_cancelled) {
                return Ok(CancelReply::Cancelled(PriorPosting::Cancelled));
            }
            self.store.record(&Change::PostingBarred { id })?;
            return Ok(CancelReply::Cancelled(PriorPosting::Absent));
        };
        let restores = self.restored_part(&terms)?;
        let amount = match (terms.reverses, restores) {
            (None, _) => terms.amount - reversed,
            (Some(_), Some(part)) => part.amount,
            (Some(_), None) => 0,
        };
        // Without an amount no money moves: all of it was reversed in parts, or the original is cancelled.
        let entry = match (amount > 0).then(|| self.reverse(id, &terms, amount)).transpose()? {
            Some(Err(_)) => return Ok(CancelReply::Refused),
            Some(Ok(entry)) => Some(entry),
            None => None,
        };
        self.store.record(&Change::PostingCancelled { id, restores, entry })?;
        Ok(CancelReply::Cancelled(PriorPosting::Posted))
    }

    /// Returns the state of a posting, if its id is known.
    pub(crate) fn state(&self, id: TransferId) -> Result<Option<PostingState>, CoreBankingError> {
        Ok(self.store.posting(id)?.map(|stored| stored.state()))
    }

    /// Looks up a customer account.
    pub(crate) fn account(
        &self,
        number: &AccountNumber,
    ) -> Result<AccountLookup, CoreBankingError> {
        let Some(account) = self.store.account(number) else { return Ok(AccountLookup::NotFound) };
        let name = self.store.name(number, &account)?;
        let currency = Currency::new(account.currency).ok_or_else(|| {
            let detail = format!("account {number}: invalid currency");
            CoreBankingError::damaged(&self.store.path, detail)
        })?;
        let balance = Amount::new(account.balance.unsigned_abs(), currency);
        Ok(AccountLookup::Found { name, status: account.status, balance })
    }
}

impl Entries<'_> {
    /// Moves the money between the customer account and the clearing account, or returns why the customer account refuses
    /// it.
    fn move_money(&self, terms: &PostingTerms) -> Moved {
        let account = self.store.account(&terms.account).ok_or(Refusal::NoSuchAccount)?;
        if account.status != AccountStatus::Active {
            return Err(Refusal::InactiveAccount);
        }
        if account.currency != terms.currency {
            return Err(Refusal::Other);
        }
        let kind = match terms.side {
            Side::Debit => EntryKind::Debit,
            Side::Credit => EntryKind::Credit,
        };
        account.checked(entry(kind, terms, terms.amount))
    }

    /// Reverses a part of another posting by a posting of its own. All parts together are at most the original.
    fn reverse_part(
        &self,
        original: TransferId,
        terms: &PostingTerms,
    ) -> Result<Moved, CoreBankingError> {
        let stored = self.store.posting(original)?;
        let posted = stored.filter(|stored| stored.state() == PostingState::Posted);
        let Some((of, reversed)) = posted.and_then(|posted| Some((posted.terms?, posted.reversed)))
        else {
            return Ok(Err(Refusal::NoSuchOriginal));
        };
        if !of.can_be_reversed_by(terms) {
            return Ok(Err(Refusal::NoSuchOriginal));
        }
        if terms.amount > of.amount - reversed {
            return Ok(Err(Refusal::AboveOriginal));
        }
        self.reverse(original, &of, terms.amount)
    }

    /// Returns the part of another posting that stands again when a posting with these terms is cancelled; `None` if it reverses
    /// none, or the original is cancelled too.
    fn restored_part(&self, terms: &PostingTerms) -> Result<Option<Part>, CoreBankingError> {
        let Some(posting) = terms.reverses else { return Ok(None) };
        let is_posted = self.state(posting)? == Some(PostingState::Posted);
        Ok(is_posted.then_some(Part { posting, amount: terms.amount }))
    }

    /// Reverses an amount of a posting, or returns why the account can't take the money back. The account's status is ignored: a
    /// reversal restores money to its owner.
    fn reverse(
        &self,
        id: TransferId,
        terms: &PostingTerms,
        amount: i64,
    ) -> Result<Moved, CoreBankingError> {
        let account = self.store.account(&terms.account);
        let account =
            account.ok_or_else(|| self.store.damaged(id, "posted on an unknown account"))?;
        let kind = match (terms.side, terms.reverses) {
            (Side::Debit, None) => EntryKind::Refund,
            (Side::Credit, None) => EntryKind::CreditReversal,
            // Without the reversal the original stands again.
            (Side::Debit, Some(_)) => EntryKind::Credit,
            (Side::Credit, Some(_)) => EntryKind::Debit,
        };
        Ok(account.checked(entry(kind, terms, amount)))
    }
}

const fn entry(kind: EntryKind, terms: &PostingTerms, amount: i64) -> Entry {
    Entry { kind, account: terms.account, currency: terms.currency, amount }
}

impl Account {
    /// Returns an entry that the account accepts, or why it refuses it.
    fn checked(&self, entry: Entry) -> Moved {
        match self.balance.checked_add(entry.change()) {
            Some(balance) if balance >= 0 => Ok(entry),
            Some(_) => Err(Refusal::InsufficientFunds),
            None => Err(Refusal::Limit),
        }
    }
}

impl AccountLookup {
    /// Returns the reply of the port.
    pub(super) fn reply(self) -> AccountReply {
        match self {
            Self::NotFound => AccountReply::Refused(Refusal::NoSuchAccount),
            Self::Found { name, status: AccountStatus::Active, balance } => {
                AccountReply::Active(AccountDetails { holder: Some(name), balance: Some(balance) })
            }
            Self::Found { .. } => AccountReply::Refused(Refusal::InactiveAccount),
        }
    }
}
