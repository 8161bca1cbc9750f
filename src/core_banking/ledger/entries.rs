//! The posting rules of the ledger, within a transaction of the writer.

use std::cell::RefCell;

use super::names::{Coded, EntryKind};
use super::postings::{PostingTerms, StoredPosting};
use super::store::Store;
use crate::codes::ledger_account;
use crate::core_banking::error::CoreBankingError;
use crate::core_banking::wire::{AccountStatus, PostingState};
use crate::transfer::{
    AccountDetails, AccountReply, CancelReply, Posting, PriorPosting, Refusal, Side,
};
use crate::values::{AccountNumber, Amount, Currency, Name, TransferId};

/// The ledger within an open transaction of the writer. One side of every entry is an internal account of the bank. Their
/// balances are updated once, before the commit ([`Entries::update_internal_balances`]).
pub(crate) struct Entries<'s> {
    pub(super) store: &'s Store,
    internal: RefCell<Vec<InternalAccount>>,
}

/// One of the bank's own accounts.
struct InternalAccount {
    name: &'static str,
    currency: u16,
    id: i64,
    /// The change of its balance in this transaction.
    change: i64,
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

/// Whether money was moved, or why not.
type Moved = Result<(), Refusal>;

/// A customer account.
struct Account {
    id: i64,
    status: AccountStatus,
    currency: u16,
    balance: i64,
}

impl<'s> Entries<'s> {
    pub(super) const fn new(store: &'s Store) -> Self {
        Self { store, internal: RefCell::new(Vec::new()) }
    }
}

impl Entries<'_> {
    /// Makes a posting once. A refused posting stays refused, so that a late repeat moves no money.
    pub(crate) fn post(&self, posting: &Posting) -> Result<PostingOutcome, CoreBankingError> {
        let terms = match i64::try_from(posting.amount.minor()) {
            Ok(amount) if amount > 0 => PostingTerms::of(posting, amount),
            // No account can have such a balance.
            _ => return Ok(PostingOutcome::Refused(Refusal::Limit)),
        };
        let Some(stored) = self.store.posting(posting.id)? else {
            let moved = match terms.reverses {
                None => self.move_money(posting.id, &terms)?,
                Some(original) => self.reverse_part(posting.id, original, &terms)?,
            };
            let refusal = moved.err();
            self.store.add_posting(posting.id, &terms, refusal)?;
            return Ok(refusal.map_or(PostingOutcome::Posted, PostingOutcome::Refused));
        };
        let StoredPosting { state, reason, terms: stored, .. } = stored;
        Ok(match state {
            PostingState::Cancelled => PostingOutcome::Barred,
            state if stored.as_ref() != Some(&terms) => PostingOutcome::Conflict(state),
            PostingState::Posted => PostingOutcome::AlreadyPosted,
            PostingState::Refused => PostingOutcome::Refused(reason.unwrap_or(Refusal::Other)),
        })
    }

    /// Cancels a posting, or bars its id. A credit that the customer has spent can't be reversed.
    pub(crate) fn cancel(&self, id: TransferId) -> Result<CancelReply, CoreBankingError> {
        let was = match self.store.posting(id)? {
            None | Some(StoredPosting { state: PostingState::Refused, .. }) => PriorPosting::Absent,
            Some(StoredPosting { state: PostingState::Cancelled, .. }) => {
                return Ok(CancelReply::Cancelled(PriorPosting::Cancelled));
            }
            Some(StoredPosting { state: PostingState::Posted, terms, reversed, .. }) => {
                let terms = terms.ok_or_else(|| self.store.damaged(id, "posted without terms"))?;
                let cancelled = match terms.reverses {
                    None => self.reverse(id, &terms, terms.amount - reversed)?,
                    Some(original) => self.cancel_part(id, original, &terms)?,
                };
                if cancelled.is_err() {
                    return Ok(CancelReply::Refused);
                }
                PriorPosting::Posted
            }
        };
        self.store.mark_cancelled(id)?;
        Ok(CancelReply::Cancelled(was))
    }

    /// Returns the state of a posting, if its id is known.
    pub(crate) fn state(&self, id: TransferId) -> Result<Option<PostingState>, CoreBankingError> {
        Ok(self.store.posting(id)?.map(|stored| stored.state))
    }

    /// Looks up a customer account.
    pub(crate) fn account(
        &self,
        number: &AccountNumber,
    ) -> Result<AccountLookup, CoreBankingError> {
        let sql = "SELECT name, status, currency, balance FROM accounts WHERE is_internal = 0 AND number = ?1";
        let found = self.store.find(sql, [number.reveal()], |row| {
            let name = Name::new(&row.get::<_, String>(0)?);
            let status = AccountStatus::of(&row.get::<_, String>(1)?);
            let currency = Currency::new(row.get(2)?);
            let balance: u64 = row.get(3)?;
            Ok(name.zip(status).zip(currency).map(|((name, status), currency)| {
                let balance = Amount::new(balance, currency);
                AccountLookup::Found { name, status, balance }
            }))
        })?;
        match found {
            None => Ok(AccountLookup::NotFound),
            Some(found) => found.ok_or_else(|| {
                let detail = format!("account {number}: invalid name, status or currency");
                CoreBankingError::damaged(&self.store.path, detail)
            }),
        }
    }
}

impl Entries<'_> {
    /// Moves the money between the customer account and the clearing account, or returns why the customer account refuses
    /// it.
    fn move_money(&self, id: TransferId, terms: &PostingTerms) -> Result<Moved, CoreBankingError> {
        let Some(account) = self.customer_account(&terms.account)? else {
            return Ok(Err(Refusal::NoSuchAccount));
        };
        if account.status != AccountStatus::Active {
            return Ok(Err(Refusal::InactiveAccount));
        }
        if account.currency != terms.currency {
            return Ok(Err(Refusal::Other));
        }
        let kind = match terms.side {
            Side::Debit => EntryKind::Debit,
            Side::Credit => EntryKind::Credit,
        };
        if let Some(refusal) = account.refusal(terms.side, terms.amount) {
            return Ok(Err(refusal));
        }
        self.add_entry(Some(id), kind, (account.id, account.currency), terms.amount).map(Ok)
    }

    /// Reverses a part of another posting by a posting of its own. All parts together are at most the original.
    fn reverse_part(
        &self,
        id: TransferId,
        original: TransferId,
        terms: &PostingTerms,
    ) -> Result<Moved, CoreBankingError> {
        let Some(StoredPosting { state: PostingState::Posted, terms: Some(of), reversed, .. }) =
            self.store.posting(original)?
        else {
            return Ok(Err(Refusal::NoSuchOriginal));
        };
        if !of.can_be_reversed_by(terms) {
            return Ok(Err(Refusal::NoSuchOriginal));
        }
        if terms.amount > of.amount - reversed {
            return Ok(Err(Refusal::AboveOriginal));
        }
        let moved = self.reverse(id, &of, terms.amount)?;
        if moved.is_ok() {
            self.store.change_reversed(original, terms.amount)?;
        }
        Ok(moved)
    }

    /// Cancels a posting that reverses a part of another one, so that this part stands again. If the original is cancelled too, no
    /// money moves.
    fn cancel_part(
        &self,
        id: TransferId,
        original: TransferId,
        terms: &PostingTerms,
    ) -> Result<Moved, CoreBankingError> {
        if self.state(original)? != Some(PostingState::Posted) {
            return Ok(Ok(()));
        }
        let moved = self.reverse(id, terms, terms.amount)?;
        if moved.is_ok() {
            self.store.change_reversed(original, -terms.amount)?;
        }
        Ok(moved)
    }

    /// Reverses an amount of a posting, or returns why the account can't take the money back. The account's status is ignored: a
    /// reversal restores money to its owner.
    fn reverse(
        &self,
        id: TransferId,
        terms: &PostingTerms,
        amount: i64,
    ) -> Result<Moved, CoreBankingError> {
        // The parts that were reversed before are all of it.
        if amount == 0 {
            return Ok(Ok(()));
        }
        let account = self.customer_account(&terms.account)?;
        let account =
            account.ok_or_else(|| self.store.damaged(id, "posted on an unknown account"))?;
        let (side, kind) = match (terms.side, terms.reverses) {
            (Side::Debit, None) => (Side::Credit, EntryKind::Refund),
            (Side::Credit, None) => (Side::Debit, EntryKind::CreditReversal),
            // Without the reversal the original stands again.
            (Side::Debit, Some(_)) => (Side::Credit, EntryKind::Credit),
            (Side::Credit, Some(_)) => (Side::Debit, EntryKind::Debit),
        };
        if let Some(refusal) = account.refusal(side, amount) {
            return Ok(Err(refusal));
        }
        self.add_entry(Some(id), kind, (account.id, account.currency), amount).map(Ok)
    }

    fn customer_account(
        &self,
        number: &AccountNumber,
    ) -> Result<Option<Account>, CoreBankingError> {
        let sql = "SELECT id, status, currency, balance FROM accounts WHERE is_internal = 0 AND number = ?1";
        self.store.find(sql, [number.reveal()], |row| {
            // An invalid status counts as closed, so that nothing is posted.
            let status = AccountStatus::of(&row.get::<_, String>(1)?);
            let status = status.unwrap_or(AccountStatus::Closed);
            Ok(Account { id: row.get(0)?, status, currency: row.get(2)?, balance: row.get(3)? })
        })
    }

    /// Adds an entry between a customer account and an internal account. Balances change only here.
    pub(super) fn add_entry(
        &self,
        posting: Option<TransferId>,
        kind: EntryKind,
        (customer, currency): (i64, u16),
        amount: i64,
    ) -> Result<(), CoreBankingError> {
        let (internal, is_debit) = match kind {
            EntryKind::Debit | EntryKind::CreditReversal => (ledger_account::CLEARING, true),
            EntryKind::Credit | EntryKind::Refund => (ledger_account::CLEARING, false),
            EntryKind::Opening => (ledger_account::CAPITAL, false),
        };
        let change = if is_debit { amount } else { -amount };
        let internal = self.change_internal_account(internal, currency, change)?;
        let (debit, credit) = if is_debit { (customer, internal) } else { (internal, customer) };
        let posting = posting.map(|id| id.0.to_be_bytes());
        let sql = "INSERT INTO entries (posting, kind, debit_account, credit_account, amount) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.store.execute(sql, (posting, kind.code(), debit, credit, amount))?;
        self.change_balance(customer, -change)
    }

    fn change_balance(&self, account: i64, change: i64) -> Result<(), CoreBankingError> {
        let sql = "UPDATE accounts SET balance = balance + ?2 WHERE id = ?1";
        self.store.execute(sql, (account, change))
    }

    /// Records a change of an internal account's balance. Returns the account's id.
    fn change_internal_account(
        &self,
        name: &'static str,
        currency: u16,
        change: i64,
    ) -> Result<i64, CoreBankingError> {
        let mut accounts = self.internal.borrow_mut();
        let known =
            accounts.iter_mut().find(|known| known.name == name && known.currency == currency);
        if let Some(account) = known {
            if let Some(sum) = account.change.checked_add(change) {
                account.change = sum;
            } else {
                let before = std::mem::replace(&mut account.change, change);
                self.change_balance(account.id, before)?;
            }
            return Ok(account.id);
        }
        let id = self.internal_account_id(name, currency)?;
        accounts.push(InternalAccount { name, currency, id, change });
        Ok(id)
    }

    /// Finds or opens an internal account.
    fn internal_account_id(&self, name: &str, currency: u16) -> Result<i64, CoreBankingError> {
        let number = format!("{name}/{currency:03}");
        let sql = "SELECT id FROM accounts WHERE is_internal = 1 AND number = ?1";
        if let Some(id) = self.store.find(sql, [&number], |row| row.get(0))? {
            return Ok(id);
        }
        let sql = "INSERT INTO accounts (is_internal, number, name, status, currency, balance) VALUES (1, ?1, ?1, ?3, ?2, 0)";
        self.store.execute(sql, (&number, currency, AccountStatus::Active.code()))?;
        Ok(self.store.db.last_insert_rowid())
    }

    /// Updates the balances of the internal accounts. The writer calls it before each commit.
    pub(super) fn update_internal_balances(&self) -> Result<(), CoreBankingError> {
        let mut accounts = self.internal.borrow_mut();
        for account in accounts.iter_mut().filter(|account| account.change != 0) {
            self.change_balance(account.id, std::mem::take(&mut account.change))?;
        }
        Ok(())
    }
}

impl Account {
    /// Returns why the account refuses an amount on this side; `None` if it accepts it.
    fn refusal(&self, side: Side, amount: i64) -> Option<Refusal> {
        match side {
            Side::Debit => (self.balance < amount).then_some(Refusal::InsufficientFunds),
            Side::Credit => self.balance.checked_add(amount).is_none().then_some(Refusal::Limit),
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
