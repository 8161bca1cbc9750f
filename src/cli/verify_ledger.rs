//! `titian verify --ledger`: verifies the embedded ledger beside the journal.

use std::fmt::Write;

use super::failure::Failure;
use super::spec::currency_label;
use super::store::existing;
use crate::core_banking::{CoreBankingError, VerifiedLedger, verify_ledger};
use crate::journal::StoreUrl;
use crate::signing::{LedgerHead, TrustedKeys};
use crate::values::display::{grouped, symbol};

/// Verifies a ledger, which must have the head that the journal records. Returns its lines of the report.
///
/// # Errors
/// If the file can't be read, or the ledger is not what was signed, or not the recorded one.
pub(super) fn verified(
    ledger: &str,
    keys: &TrustedKeys,
    recorded: Option<LedgerHead>,
) -> Result<String, Failure> {
    let path = existing(ledger.strip_prefix(StoreUrl::SQLITE).unwrap_or(ledger))?;
    let mut text = lines(&verify_ledger(&path, keys, recorded)?);
    let recorded = match recorded {
        Some(recorded) => format!("has row {} of the journal's record", recorded.head.count),
        None => "the journal records no ledger".to_owned(),
    };
    // Writing to a string can't fail.
    let _ = writeln!(text, "{:<12} {recorded}", "recorded");
    Ok(text)
}

impl From<CoreBankingError> for Failure {
    /// Damage is a negative result. A ledger that can't be read is wrong input.
    fn from(error: CoreBankingError) -> Self {
        match error {
            CoreBankingError::Damaged { .. }
            | CoreBankingError::Distrusted { .. }
            | CoreBankingError::NotAsRecorded { .. } => Self::Negative(error.to_string()),
            CoreBankingError::InUse(_)
            | CoreBankingError::Foreign(_)
            | CoreBankingError::Changed(_)
            | CoreBankingError::Unsafe(_)
            | CoreBankingError::Accounts { .. }
            | CoreBankingError::Io { .. } => Self::from(error.to_string()),
        }
    }
}

/// Formats a verified ledger.
fn lines(verified: &VerifiedLedger) -> String {
    let VerifiedLedger { head, accounts, postings, books } = verified;
    let mut text = String::from("\n");
    for (name, value) in [
        ("ledger", format!("{} rows, {accounts} accounts, {postings} postings", head.count)),
        ("ledger head", head.to_string()),
    ] {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:<12} {value}");
    }
    for (currency, books) in books {
        let (name, decimals) = currency_label(*currency);
        let sum = |minor: i64| {
            let sign = if minor < 0 { "-" } else { "" };
            format!("{sign}{}", grouped(&minor.unsigned_abs().to_string(), decimals))
        };
        let _ = writeln!(
            text,
            "{:<12} customers {}, clearing {}",
            format!("balances {}", symbol(&name)),
            sum(books.customers),
            sum(books.clearing)
        );
    }
    text
}
