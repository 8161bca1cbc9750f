//! Opens the accounts of a file that the ledger lacks.

use std::path::Path;

use super::entries::Entries;
use super::names::{Coded, EntryKind};
use super::store::Store;
use crate::core_banking::accounts_file::{self, AccountRow};
use crate::core_banking::error::{CoreBankingError, ErrorContext};

/// Opens the accounts of the file that the ledger lacks: all of them, or none if a line is invalid.
pub(super) fn open_missing_accounts(store: &Store, path: &Path) -> Result<(), CoreBankingError> {
    let transaction = store.begin()?;
    let entries = Entries::new(store);
    accounts_file::read(path, |row| open(row, &entries))?;
    entries.update_internal_balances()?;
    transaction.commit().context("writing to the ledger", &store.path)
}

fn open(row: &AccountRow, entries: &Entries<'_>) -> Result<(), CoreBankingError> {
    let AccountRow { number, name, status, currency, opening } = row;
    let store = entries.store;
    let sql = "INSERT INTO accounts (is_internal, number, name, status, currency, balance) VALUES (0, ?1, ?2, ?3, ?4, 0) \
            ON CONFLICT DO NOTHING RETURNING id";
    let values = (number.reveal(), name.reveal(), status.code(), currency);
    let opened = store.find(sql, values, |row| row.get(0))?;
    match opened {
        Some(id) if *opening > 0 => {
            entries.add_entry(None, EntryKind::Opening, (id, *currency), *opening)
        }
        _ => Ok(()),
    }
}
