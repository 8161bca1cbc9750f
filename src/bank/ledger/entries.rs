//! What the ledger does with postings: the rules, within a transaction of the writer.

use std::cell::RefCell;

use super::names::{Kind, Named};
use super::store::Store;
use crate::bank::error::BankError;
use crate::bank::wire::{State, Status};
use crate::transfer::{AccountAnswer, CancelAnswer, Holding, Posting, Refusal, Side, Was};
use crate::values::{AccountNumber, Amount, Currency, Institution, Name, TransferId, Value};

/// The ledger, while the writer has a transaction open. What a transaction moves on the bank's own accounts, which are one side of
/// every entry, is put to their balances once, before its end ([`Entries::balance`]).
pub(crate) struct Entries<'s> {
    pub(super) store: &'s Store,
    own: RefCell<Vec<Own>>,
}

/// One of the bank's own accounts.
struct Own {
    name: &'static str,
    currency: u16,
    id: i64,
    /// What came to it in this transaction.
    moved: i64,
}

/// What became of the question for a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// It is made.
    Now,
    /// It was made before.
    Before,
    /// It is not made, now or before, and won't be.
    Refused(Refusal),
    /// Another stands under the id, so.
    Conflict(State),
    /// The id was cancelled.
    Barred,
}

/// What was found of an account.
pub(crate) enum Found {
    /// There is none.
    Nothing,
    /// This.
    Account { name: Name, status: Status, balance: Amount },
}

/// What is known of an id.
struct Known {
    state: State,
    reason: Option<Refusal>,
    /// What was asked for; of an id that was barred before it came nothing is.
    asked: Option<Asked>,
}

#[derive(PartialEq, Eq)]
struct Asked {
    side: Side,
    account: AccountNumber,
    amount: i64,
    currency: u16,
    counterparty: Institution,
}

/// An account of a customer.
struct Account {
    id: i64,
    status: Status,
    currency: u16,
    balance: i64,
}

impl<'s> Entries<'s> {
    pub(super) const fn new(store: &'s Store) -> Self {
        Self { store, own: RefCell::new(Vec::new()) }
    }
}

impl Entries<'_> {
    /// Makes a posting, once. What was refused stays refused, so that an old question that comes late moves no money.
    pub(crate) fn post(&self, posting: &Posting) -> Result<Made, BankError> {
        let asked = match i64::try_from(posting.amount.minor()) {
            Ok(amount) if amount > 0 => Asked::of(posting, amount),
            // No account has as much.
            _ => return Ok(Made::Refused(Refusal::Limit)),
        };
        match self.known(posting.id)? {
            Some(Known { state: State::Cancelled, .. }) => Ok(Made::Barred),
            Some(known) if known.asked.as_ref() != Some(&asked) => Ok(Made::Conflict(known.state)),
            Some(Known { state: State::Posted, .. }) => Ok(Made::Before),
            Some(Known { state: State::Refused, reason, .. }) => {
                Ok(Made::Refused(reason.unwrap_or(Refusal::Other)))
            }
            None => {
                let refusal = self.move_money(posting.id, &asked)?.err();
                self.note(posting.id, &asked, refusal)?;
                Ok(refusal.map_or(Made::Now, Made::Refused))
            }
        }
    }

    /// Cancels a posting, or bars its id. A credit that the customer has spent can't be taken back.
    pub(crate) fn cancel(&self, id: TransferId) -> Result<CancelAnswer, BankError> {
        let was = match self.known(id)? {
            None | Some(Known { state: State::Refused, .. }) => Was::Absent,
            Some(Known { state: State::Cancelled, .. }) => {
                return Ok(CancelAnswer::Was(Was::Cancelled));
            }
            Some(Known { state: State::Posted, asked, .. }) => {
                let asked = asked.ok_or_else(|| self.damaged(id, "stands, but not for what"))?;
                if !self.undo(id, &asked)? {
                    return Ok(CancelAnswer::Refused);
                }
                Was::Posted
            }
        };
        let sql = "INSERT INTO postings (id, state) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET state = ?2";
        self.store.put(sql, (id.0.to_be_bytes(), State::Cancelled.name()))?;
        Ok(CancelAnswer::Was(was))
    }

    /// How a posting stands, if its id is known.
    pub(crate) fn state(&self, id: TransferId) -> Result<Option<State>, BankError> {
        Ok(self.known(id)?.map(|known| known.state))
    }

    /// What is known of an account.
    pub(crate) fn account(&self, number: &AccountNumber) -> Result<Found, BankError> {
        let sql =
            "SELECT name, status, currency, balance FROM accounts WHERE own = 0 AND number = ?1";
        let found =
            self.store.find(sql, [number.reveal()], |row| {
                let name = Name::new(&row.get::<_, String>(0)?);
                let status = Status::of(&row.get::<_, String>(1)?);
                let currency = Currency::new(row.get(2)?);
                let balance: u64 = row.get(3)?;
                Ok(name.zip(status).zip(currency).map(|((name, status), currency)| {
                    Found::Account { name, status, balance: Amount::new(balance, currency) }
                }))
            })?;
        match found {
            None => Ok(Found::Nothing),
            Some(found) => found.ok_or_else(|| {
                BankError::damaged(&self.store.path, format!("account {number} can't be read"))
            }),
        }
    }
}

impl Entries<'_> {
    fn known(&self, id: TransferId) -> Result<Option<Known>, BankError> {
        let sql = "SELECT state, reason, side, account, amount, currency, counterparty FROM postings WHERE id = ?1";
        let known = self.store.find(sql, [id.0.to_be_bytes()], |row| {
            let text = |at| row.get::<_, Option<String>>(at);
            let reason = text(1)?.and_then(|name| Refusal::of(&name));
            let side = text(2)?.and_then(|name| Side::of(&name));
            let account = text(3)?.and_then(|text| AccountNumber::from_ascii(text.as_bytes()));
            let (amount, currency) = (row.get::<_, Option<i64>>(4)?, row.get::<_, Option<u16>>(5)?);
            let counterparty = text(6)?.and_then(|text| Institution::from_ascii(text.as_bytes()));
            let asked = || {
                Some(Asked {
                    side: side?,
                    account: account?,
                    amount: amount?,
                    currency: currency?,
                    counterparty: counterparty?,
                })
            };
            let state = text(0)?.and_then(|name| State::of(&name));
            Ok(state.map(|state| Known { state, reason, asked: asked() }))
        })?;
        match known {
            None => Ok(None),
            Some(known) => known.map(Some).ok_or_else(|| self.damaged(id, "has no state")),
        }
    }

    fn note(
        &self,
        id: TransferId,
        asked: &Asked,
        refusal: Option<Refusal>,
    ) -> Result<(), BankError> {
        let state = if refusal.is_some() { State::Refused } else { State::Posted };
        let Asked { side, account, amount, currency, counterparty } = asked;
        self.store.put(
            "INSERT INTO postings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                id.0.to_be_bytes(),
                state.name(),
                refusal.map(Refusal::name),
                side.name(),
                account.reveal(),
                amount,
                currency,
                counterparty.as_str(),
            ),
        )
    }

    /// Moves the money between the customer's account and the bank's, if the account lets it.
    fn move_money(&self, id: TransferId, asked: &Asked) -> Result<Result<(), Refusal>, BankError> {
        let Some(account) = self.customer(&asked.account)? else {
            return Ok(Err(Refusal::NoSuchAccount));
        };
        if account.status != Status::Active {
            return Ok(Err(Refusal::InactiveAccount));
        }
        if account.currency != asked.currency {
            return Ok(Err(Refusal::Other));
        }
        let kind = match asked.side {
            Side::Debit => Kind::Debit,
            Side::Credit => Kind::Credit,
        };
        if let Some(refusal) = account.refuses(asked.side, asked.amount) {
            return Ok(Err(refusal));
        }
        self.enter(Some(id), kind, (account.id, account.currency), asked.amount).map(Ok)
    }

    /// Moves the money back; whether that could be done. The status of the account is not asked for: what was not due is given
    /// back to whom it belongs.
    fn undo(&self, id: TransferId, asked: &Asked) -> Result<bool, BankError> {
        let account = self.customer(&asked.account)?;
        let account = account.ok_or_else(|| self.damaged(id, "stands on no account"))?;
        let (side, kind) = match asked.side {
            Side::Debit => (Side::Credit, Kind::GivenBack),
            Side::Credit => (Side::Debit, Kind::TakenBack),
        };
        if account.refuses(side, asked.amount).is_some() {
            return Ok(false);
        }
        self.enter(Some(id), kind, (account.id, account.currency), asked.amount)?;
        Ok(true)
    }

    fn customer(&self, number: &AccountNumber) -> Result<Option<Account>, BankError> {
        let sql =
            "SELECT id, status, currency, balance FROM accounts WHERE own = 0 AND number = ?1";
        self.store.find(sql, [number.reveal()], |row| {
            // One that is none is not active either.
            let status = Status::of(&row.get::<_, String>(1)?).unwrap_or(Status::Closed);
            Ok(Account { id: row.get(0)?, status, currency: row.get(2)?, balance: row.get(3)? })
        })
    }

    /// An amount between a customer's account and one of the bank's own. Only here balances change.
    pub(super) fn enter(
        &self,
        posting: Option<TransferId>,
        kind: Kind,
        (customer, currency): (i64, u16),
        amount: i64,
    ) -> Result<(), BankError> {
        let (own, is_taken) = match kind {
            Kind::Debit | Kind::TakenBack => ("clearing", true),
            Kind::Credit | Kind::GivenBack => ("clearing", false),
            Kind::Opening => ("capital", false),
        };
        let own = self.own(own, currency, if is_taken { amount } else { -amount })?;
        let (debited, credited) = if is_taken { (customer, own) } else { (own, customer) };
        let posting = posting.map(|id| id.0.to_be_bytes());
        let sql = "INSERT INTO entries (posting, kind, debited, credited, amount) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.store.put(sql, (posting, kind.name(), debited, credited, amount))?;
        self.add(customer, if is_taken { -amount } else { amount })
    }

    fn add(&self, account: i64, amount: i64) -> Result<(), BankError> {
        self.store
            .put("UPDATE accounts SET balance = balance + ?2 WHERE id = ?1", (account, amount))
    }

    /// One of the bank's own accounts, to which something comes.
    fn own(&self, name: &'static str, currency: u16, amount: i64) -> Result<i64, BankError> {
        let mut own = self.own.borrow_mut();
        if let Some(own) = own.iter_mut().find(|own| own.name == name && own.currency == currency) {
            match own.moved.checked_add(amount) {
                Some(sum) => own.moved = sum,
                None => self.add(own.id, std::mem::replace(&mut own.moved, amount))?,
            }
            return Ok(own.id);
        }
        let id = self.own_id(name, currency)?;
        own.push(Own { name, currency, id, moved: amount });
        Ok(id)
    }

    /// Finds an account of the bank's own, or opens it.
    fn own_id(&self, name: &str, currency: u16) -> Result<i64, BankError> {
        let number = format!("{name}/{currency:03}");
        let sql = "SELECT id FROM accounts WHERE own = 1 AND number = ?1";
        if let Some(id) = self.store.find(sql, [&number], |row| row.get(0))? {
            return Ok(id);
        }
        let sql = "INSERT INTO accounts (own, number, name, status, currency, balance) VALUES (1, ?1, ?1, 'active', ?2, 0)";
        self.store.put(sql, (&number, currency))?;
        Ok(self.store.db.last_insert_rowid())
    }

    /// Puts what was moved on the bank's own accounts to their balances: to be called before a transaction ends.
    pub(super) fn balance(&self) -> Result<(), BankError> {
        for own in self.own.borrow_mut().iter_mut().filter(|own| own.moved != 0) {
            self.add(own.id, std::mem::take(&mut own.moved))?;
        }
        Ok(())
    }

    fn damaged(&self, id: TransferId, what: &str) -> BankError {
        BankError::damaged(&self.store.path, format!("posting {id} {what}"))
    }
}

impl Asked {
    const fn of(posting: &Posting, amount: i64) -> Self {
        let Posting { side, account, counterparty, .. } = *posting;
        let currency = posting.amount.currency().code();
        Self { side, account, amount, currency, counterparty }
    }
}

impl Account {
    /// Why so much can't be moved on this side, if so.
    fn refuses(&self, side: Side, amount: i64) -> Option<Refusal> {
        match side {
            Side::Debit => (self.balance < amount).then_some(Refusal::InsufficientFunds),
            Side::Credit => self.balance.checked_add(amount).is_none().then_some(Refusal::Limit),
        }
    }
}

impl Found {
    /// As it is told to the switch.
    pub(super) fn answer(self) -> AccountAnswer {
        match self {
            Self::Nothing => AccountAnswer::Refused(Refusal::NoSuchAccount),
            Self::Account { name, status: Status::Active, balance } => {
                AccountAnswer::Active(Holding { holder: Some(name), balance: Some(balance) })
            }
            Self::Account { .. } => AccountAnswer::Refused(Refusal::InactiveAccount),
        }
    }
}
