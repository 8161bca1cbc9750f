//! Opens the accounts of a file that the ledger lacks.

use std::path::Path;

use super::names::EntryKind;
use super::rows::{AccountOpened, Change, Entry};
use super::store::Store;
use crate::core_banking::accounts_file::{self, AccountRow};
use crate::core_banking::error::CoreBankingError;

/// Accounts of a batch. An account inquiry reads the batch that opened the account.
const BATCH_ACCOUNTS: u64 = 64;

/// Opens the accounts of the file that the ledger lacks: all of them, or none if a line is invalid.
pub(super) fn open_missing_accounts(store: &Store, path: &Path) -> Result<(), CoreBankingError> {
    let transaction = store.begin()?;
    accounts_file::read(path, |row| open(row, store))?;
    store.commit(transaction)
}

fn open(row: AccountRow, store: &Store) -> Result<(), CoreBankingError> {
    let AccountRow { number, name, status, currency, opening } = row;
    if store.account(&number).is_some() {
        return Ok(());
    }
    let kind = EntryKind::Opening;
    let entry = (opening > 0).then_some(Entry { kind, account: number, currency, amount: opening });
    store.record(&Change::AccountOpened(AccountOpened {
        number,
        name,
        status,
        currency,
        entry,
    }))?;
    if store.recorded() < BATCH_ACCOUNTS { Ok(()) } else { store.append() }
}
