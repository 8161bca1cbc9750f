//! The accounts of simulated banks.

use std::collections::HashMap;

use super::keys::MessageKey;
use super::members::Member;
use crate::random::mixed;
use crate::values::AccountNumber;

/// An account of a simulated bank.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The holder's name.
    pub name: String,
    /// The status.
    pub status: AccountStatus,
    /// The balance in minor units; `None` if the account has unlimited money.
    pub balance: Option<u64>,
}

/// The status of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// The account can be debited and credited.
    Open,
    /// Debits and credits are refused.
    Closed,
    /// The account does not exist, also with [`UnlistedAccounts::Exist`].
    Absent,
}

/// Whether accounts that are not listed exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlistedAccounts {
    /// Every number is an open account with unlimited money. The name of its holder is derived from the number.
    Exist,
    /// They do not exist.
    Unknown,
}

/// The index of a listed account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccountIndex(u32);

/// The accounts of all simulated banks.
pub(super) struct Accounts {
    unlisted: UnlistedAccounts,
    listed: Vec<Account>,
    indexes: HashMap<(u16, AccountNumber), AccountIndex>,
}

/// The result of looking up an account number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AccountLookup {
    Listed(AccountIndex, AccountStatus),
    /// Not listed: an open account.
    Unlisted,
    Unknown,
}

impl Accounts {
    /// The most listed accounts.
    pub(super) const LISTED_MAX: usize = 1_000_000;

    /// Makes the accounts, none of them listed.
    pub(super) fn new(unlisted: UnlistedAccounts) -> Self {
        Self { unlisted, listed: Vec::new(), indexes: HashMap::new() }
    }

    /// Lists an account, and replaces one with the same number. Returns `false` at the bound.
    pub(super) fn list(&mut self, bank: Member, number: AccountNumber, account: Account) -> bool {
        if let Some(index) = self.indexes.get(&(bank.0, number)).copied() {
            if let Some(listed) = self.get_mut(index) {
                *listed = account;
            }
            return true;
        }
        let index = u32::try_from(self.listed.len()).ok();
        let Some(index) = index.filter(|_| self.listed.len() < Self::LISTED_MAX) else {
            return false;
        };
        self.listed.push(account);
        self.indexes.insert((bank.0, number), AccountIndex(index));
        true
    }

    pub(super) fn find(&self, bank: Member, number: AccountNumber) -> AccountLookup {
        match (self.indexes.get(&(bank.0, number)), self.unlisted) {
            (Some(index), _) => match self.get(*index) {
                Some(account) => AccountLookup::Listed(*index, account.status),
                None => AccountLookup::Unknown,
            },
            (None, UnlistedAccounts::Exist) => AccountLookup::Unlisted,
            (None, UnlistedAccounts::Unknown) => AccountLookup::Unknown,
        }
    }

    /// Returns the holder's name, listed or derived from the number.
    pub(super) fn name(&self, bank: Member, number: AccountNumber) -> String {
        let listed = self.indexes.get(&(bank.0, number)).and_then(|index| self.get(*index));
        listed.map_or_else(|| derived_name(bank, number), |account| account.name.clone())
    }

    /// Returns the balance of a listed account; `None` if it has unlimited money.
    pub(super) fn balance(&self, index: AccountIndex) -> Option<u64> {
        self.get(index).and_then(|account| account.balance)
    }

    /// Credits a listed account, or debits it with a negative amount.
    ///
    /// The balance does not go below zero: a transfer is checked before, and what a reversal cannot take back any more is the
    /// bank's loss.
    pub(super) fn move_money(&mut self, index: AccountIndex, minor: i128) {
        let balance = self.get_mut(index).and_then(|account| account.balance.as_mut());
        if let Some(balance) = balance {
            let after = i128::from(*balance).saturating_add(minor).max(0);
            *balance = u64::try_from(after).unwrap_or(u64::MAX);
        }
    }

    fn get(&self, index: AccountIndex) -> Option<&Account> {
        usize::try_from(index.0).ok().and_then(|index| self.listed.get(index))
    }

    fn get_mut(&mut self, index: AccountIndex) -> Option<&mut Account> {
        usize::try_from(index.0).ok().and_then(|index| self.listed.get_mut(index))
    }
}

const FIRST_NAMES: [&str; 16] = [
    "AGUS", "BUDI", "CITRA", "DEWI", "EKO", "FITRI", "GITA", "HENDRA", "INDAH", "JOKO", "KARTIKA",
    "LESTARI", "MEGA", "NUR", "PUTRI", "RIZKI",
];
const LAST_NAMES: [&str; 16] = [
    "ANGGRAINI",
    "FIRMANSYAH",
    "GUNAWAN",
    "HALIM",
    "HIDAYAT",
    "KUSUMA",
    "MAULANA",
    "NUGROHO",
    "PERMATA",
    "PRATAMA",
    "RAHAYU",
    "SANTOSO",
    "SAPUTRA",
    "SIREGAR",
    "WIBOWO",
    "WIJAYA",
];

/// Derives the name of the holder from bank and account number.
fn derived_name(bank: Member, number: AccountNumber) -> String {
    let drawn = mixed(MessageKey::of([number.reveal()]).short() ^ u64::from(bank.0));
    let pick = |names: [&'static str; 16], bits: u64| {
        names.into_iter().nth(usize::try_from(bits % 16).unwrap_or_default()).unwrap_or_default()
    };
    format!("{} {}", pick(FIRST_NAMES, drawn), pick(LAST_NAMES, drawn >> 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    fn number(text: &str) -> AccountNumber {
        AccountNumber::from_ascii(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_is_derived_from_bank_and_number() {
        let accounts = Accounts::new(UnlistedAccounts::Exist);
        let name = accounts.name(Member(0), number("1234567890"));
        assert_eq!(name, accounts.name(Member(0), number("1234567890")));
        let names: std::collections::BTreeSet<_> =
            (0..100).map(|n| accounts.name(Member(1), number(&format!("{n:010}")))).collect();
        assert!(names.len() > 50, "{}", names.len());
    }

    #[test]
    fn a_listed_account_has_its_status_and_balance() {
        let mut accounts = Accounts::new(UnlistedAccounts::Unknown);
        let account = |status, balance| Account { name: "SITI".into(), status, balance };
        assert!(accounts.list(Member(0), number("1"), account(AccountStatus::Open, Some(100))));
        assert!(accounts.list(Member(0), number("2"), account(AccountStatus::Closed, None)));
        let AccountLookup::Listed(index, AccountStatus::Open) =
            accounts.find(Member(0), number("1"))
        else {
            panic!("the first is open")
        };
        accounts.move_money(index, -60);
        assert_eq!(accounts.balance(index), Some(40));
        accounts.move_money(index, -60);
        assert_eq!(accounts.balance(index), Some(0));
        assert_eq!(
            accounts.find(Member(1), number("1")),
            AccountLookup::Unknown,
            "an account of another bank"
        );
    }
}
