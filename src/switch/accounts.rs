//! The accounts at banks that the switch plays.

use std::collections::HashMap;

use super::chance::mixed;
use super::keys::Key;
use super::members::Member;
use crate::values::AccountNumber;

/// An account at a bank that the switch plays.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The holder's name.
    pub name: String,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// What it holds, in minor units; `None` if that is without bound.
    pub balance: Option<u64>,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// It can.
    Open,
    /// Nothing comes to it or goes from it.
    Closed,
    /// There is none of this number, though [`Others::Exist`].
    Absent,
}

/// Which accounts there are besides those that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Every other number is an account, open and without bound, of somebody whose name follows from the number.
    Exist,
    /// None.
    Unknown,
}

/// Where a listed account stands in the fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The fixture.
pub(super) struct Accounts {
    others: Others,
    listed: Vec<Account>,
    places: HashMap<(u16, AccountNumber), Place>,
}

/// What the fixture has of a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Listed(Place, AccountStatus),
    /// Not listed, and usable all the same.
    Other,
    Unknown,
}

impl Accounts {
    /// Accounts that may be listed.
    pub(super) const LISTED_MAX: usize = 1_000_000;

    /// No listed accounts.
    pub(super) fn new(others: Others) -> Self {
        Self { others, listed: Vec::new(), places: HashMap::new() }
    }

    /// Lists an account in place of what was listed under its number; `false` if there is no room.
    pub(super) fn list(&mut self, bank: Member, number: AccountNumber, account: Account) -> bool {
        if let Some(place) = self.places.get(&(bank.0, number)).copied() {
            if let Some(there) = self.get_mut(place) {
                *there = account;
            }
            return true;
        }
        let place = u32::try_from(self.listed.len()).ok();
        let Some(place) = place.filter(|_| self.listed.len() < Self::LISTED_MAX) else {
            return false;
        };
        self.listed.push(account);
        self.places.insert((bank.0, number), Place(place));
        true
    }

    pub(super) fn find(&self, bank: Member, number: AccountNumber) -> Found {
        match (self.places.get(&(bank.0, number)), self.others) {
            (Some(place), _) => match self.get(*place) {
                Some(account) => Found::Listed(*place, account.status),
                None => Found::Unknown,
            },
            (None, Others::Exist) => Found::Other,
            (None, Others::Unknown) => Found::Unknown,
        }
    }

    /// The holder's name, listed or made from the number.
    pub(super) fn name(&self, bank: Member, number: AccountNumber) -> String {
        let listed = self.places.get(&(bank.0, number)).and_then(|place| self.get(*place));
        listed.map_or_else(|| made_up(bank, number), |account| account.name.clone())
    }

    /// What a listed account holds; `None` if that is without bound.
    pub(super) fn balance(&self, place: Place) -> Option<u64> {
        self.get(place).and_then(|account| account.balance)
    }

    /// Adds to what a listed account holds, or takes from it. One with a bound is not taken below zero by a transfer, since
    /// that was looked at before; what a reversal takes that isn't there any more is the bank's loss.
    pub(super) fn move_money(&mut self, place: Place, minor: i128) {
        let balance = self.get_mut(place).and_then(|account| account.balance.as_mut());
        if let Some(balance) = balance {
            let after = i128::from(*balance).saturating_add(minor).max(0);
            *balance = u64::try_from(after).unwrap_or(u64::MAX);
        }
    }

    fn get(&self, place: Place) -> Option<&Account> {
        usize::try_from(place.0).ok().and_then(|at| self.listed.get(at))
    }

    fn get_mut(&mut self, place: Place) -> Option<&mut Account> {
        usize::try_from(place.0).ok().and_then(|at| self.listed.get_mut(at))
    }
}

const FIRST: [&str; 16] = [
    "AGUS", "BUDI", "CITRA", "DEWI", "EKO", "FITRI", "GITA", "HENDRA", "INDAH", "JOKO", "KARTIKA",
    "LESTARI", "MEGA", "NUR", "PUTRI", "RIZKI",
];
const LAST: [&str; 16] = [
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

/// The name that follows from an account's number.
fn made_up(bank: Member, number: AccountNumber) -> String {
    let drawn = mixed(Key::of([number.reveal()]).short() ^ u64::from(bank.0));
    let pick = |names: [&'static str; 16], bits: u64| {
        names.into_iter().nth(usize::try_from(bits % 16).unwrap_or_default()).unwrap_or_default()
    };
    format!("{} {}", pick(FIRST, drawn), pick(LAST, drawn >> 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    fn number(text: &str) -> AccountNumber {
        AccountNumber::from_ascii(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_follows_from_bank_and_number() {
        let accounts = Accounts::new(Others::Exist);
        let name = accounts.name(Member(0), number("1234567890"));
        assert_eq!(name, accounts.name(Member(0), number("1234567890")));
        let names: std::collections::BTreeSet<_> =
            (0..100).map(|n| accounts.name(Member(1), number(&format!("{n:010}")))).collect();
        assert!(names.len() > 50, "{}", names.len());
    }

    #[test]
    fn a_listed_account_is_what_the_list_says() {
        let mut accounts = Accounts::new(Others::Unknown);
        let account = |status, balance| Account { name: "SITI".into(), status, balance };
        assert!(accounts.list(Member(0), number("1"), account(AccountStatus::Open, Some(100))));
        assert!(accounts.list(Member(0), number("2"), account(AccountStatus::Closed, None)));
        let Found::Listed(place, AccountStatus::Open) = accounts.find(Member(0), number("1"))
        else {
            panic!("the first is open")
        };
        accounts.move_money(place, -60);
        assert_eq!(accounts.balance(place), Some(40));
        accounts.move_money(place, -60);
        assert_eq!(accounts.balance(place), Some(0));
        assert_eq!(accounts.find(Member(1), number("1")), Found::Unknown, "another bank's");
    }
}
