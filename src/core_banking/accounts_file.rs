//! The file of accounts that the embedded ledger opens: CSV with a header.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::{CoreBankingError, ErrorContext};
use super::ledger::names::Coded;
use super::wire::AccountStatus;
use crate::values::{AccountNumber, MinorUnits, Money, Name, Value};

/// The header.
const HEADER: &str = "number,name,status,currency,opening_balance";

/// The maximum length of a line, in bytes.
const LINE_MAX: u64 = 1_024;

/// Reads the accounts of the file in order. Stops at the first invalid line, and at the first error of `each`.
///
/// # Errors
/// If the file cannot be read or a line is invalid, or the error of `each`.
pub(super) fn read(
    path: &Path,
    mut each: impl FnMut(AccountRow) -> Result<(), CoreBankingError>,
) -> Result<(), CoreBankingError> {
    let action = "reading the accounts";
    let mut file = BufReader::new(File::open(path).context(action, path)?);
    let mut text = String::new();
    for line in 1.. {
        text.clear();
        file.by_ref().take(LINE_MAX).read_line(&mut text).context(action, path)?;
        let error = |detail| CoreBankingError::Accounts { path: path.to_owned(), line, detail };
        match text.trim_end_matches(['\n', '\r']) {
            "" if text.is_empty() => break,
            header if line == 1 && header == HEADER => {}
            _ if line == 1 => return Err(error(format!("the header must be {HEADER}"))),
            "" => {}
            row => each(AccountRow::parse(row).map_err(error)?)?,
        }
    }
    Ok(())
}

/// An account of the file.
pub(super) struct AccountRow {
    pub(super) number: AccountNumber,
    pub(super) name: Name,
    pub(super) status: AccountStatus,
    /// ISO 4217 numeric.
    pub(super) currency: u16,
    /// The opening balance in minor units.
    pub(super) opening: i64,
}

impl AccountRow {
    fn parse(text: &str) -> Result<Self, String> {
        let fields = fields(text)
            .ok_or("a quotation mark is not closed, or the line has more than 1024 bytes")?;
        let [number, name, status, currency, opening] = &fields[..] else {
            return Err(format!("has {} fields; write {HEADER}", fields.len()));
        };
        let number = AccountNumber::from_ascii(number.as_bytes());
        let opening = MinorUnits::from_ascii(opening.as_bytes());
        Ok(Self {
            number: number.ok_or_else(|| format!("number: must be {}", AccountNumber::EXPECTED))?,
            name: Name::new(name).ok_or_else(|| format!("name: must be {}", Name::EXPECTED))?,
            status: AccountStatus::of(status)
                .ok_or("status: must be active, blocked, dormant or closed")?,
            currency: Money::currency(currency).ok_or("currency: must be IDR")?.code(),
            opening: opening
                .and_then(|minor| i64::try_from(minor.0).ok())
                .ok_or("opening_balance: must be digits, in minor units")?,
        })
    }
}

/// Splits a line into fields. A quoted field may contain commas and doubled quotation marks.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let field = fields.last_mut()?;
        match char {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            char => field.push(char),
        }
    }
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_field_may_contain_commas_and_quotation_marks() {
        assert_eq!(fields("1,Siti,,").unwrap(), ["1", "Siti", "", ""]);
        assert_eq!(fields("1,\"PT A, \"\"B\"\"\",x").unwrap(), ["1", "PT A, \"B\"", "x"]);
        assert_eq!(fields("1,\"open"), None);
    }

    #[test]
    fn errors_name_the_field_and_show_no_account_data() {
        let error = |line| AccountRow::parse(line).err().unwrap();
        assert!(AccountRow::parse("1234567890,Siti,active,IDR,0").is_ok());
        for (line, what) in [
            ("1234567890,Siti,active,IDR", "4 fields"),
            (",Siti,active,IDR,0", "number: must be"),
            ("1234567890,,active,IDR,0", "name: must be"),
            ("1234567890,Siti,open,IDR,0", "status: must be"),
            ("1234567890,Siti,active,USD,0", "currency: must be"),
            ("1234567890,Siti,active,IDR,-1", "opening_balance: must be"),
            ("1234567890,Siti,active,IDR,9223372036854775808", "opening_balance: must be"),
        ] {
            let error = error(line);
            assert!(error.contains(what), "{error}");
            assert!(!error.contains("1234567890") && !error.contains("Siti"), "{error}");
        }
    }
}
