//! The file of accounts: CSV, with a header, of which those are opened that the ledger doesn't have yet.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::entries::Entries;
use super::names::{Kind, Named};
use super::store::Store;
use crate::bank::error::{BankError, During};
use crate::bank::wire::Status;
use crate::values::{AccountNumber, MinorUnits, Money, Name, Value};

/// The header.
const HEADER: &str = "number,name,status,currency,opening_balance";

/// Bytes of a line.
const LINE_MAX: u64 = 1_024;

/// Opens the accounts of the file that the ledger doesn't have: all of them, or, if a line is wrong, none.
pub(super) fn open_new(store: &Store, path: &Path) -> Result<(), BankError> {
    let doing = "reading the accounts";
    let mut file = BufReader::new(File::open(path).during(doing, path)?);
    let transaction = store.begin()?;
    let entries = Entries::new(store);
    let mut text = String::new();
    for line in 1.. {
        text.clear();
        file.by_ref().take(LINE_MAX).read_line(&mut text).during(doing, path)?;
        let wrong = |what| BankError::Accounts { path: path.to_owned(), line, what };
        match text.trim_end_matches(['\n', '\r']) {
            "" if text.is_empty() => break,
            header if line == 1 && header == HEADER => {}
            _ if line == 1 => return Err(wrong(format!("is not the header {HEADER}"))),
            "" => {}
            row => Row::parse(row).map_err(wrong)?.open(&entries)?,
        }
    }
    entries.balance()?;
    transaction.commit().during("writing to the ledger", &store.path)
}

/// An account, as the file has it.
struct Row {
    number: AccountNumber,
    name: Name,
    status: Status,
    currency: u16,
    opening: i64,
}

impl Row {
    fn parse(text: &str) -> Result<Self, String> {
        let fields =
            fields(text).ok_or("has a quotation mark that isn't closed, or too many bytes")?;
        let [number, name, status, currency, opening] = &fields[..] else {
            return Err(format!("has {} fields, not {HEADER}", fields.len()));
        };
        let number = AccountNumber::from_ascii(number.as_bytes());
        let opening = MinorUnits::from_ascii(opening.as_bytes());
        Ok(Self {
            number: number
                .ok_or_else(|| format!("the number is not {}", AccountNumber::EXPECTED))?,
            name: Name::new(name).ok_or("the name is not 1 to 100 printable characters")?,
            status: Status::of(status)
                .ok_or("the status is none of active, blocked, dormant, closed")?,
            currency: Money::currency(currency).ok_or("the currency is not IDR")?.code(),
            opening: opening
                .and_then(|minor| i64::try_from(minor.0).ok())
                .ok_or("the opening balance is not digits, in minor units")?,
        })
    }

    fn open(&self, entries: &Entries<'_>) -> Result<(), BankError> {
        let Self { number, name, status, currency, opening } = self;
        let store = entries.store;
        let sql = "INSERT INTO accounts (own, number, name, status, currency, balance) VALUES (0, ?1, ?2, ?3, ?4, 0) \
            ON CONFLICT DO NOTHING RETURNING id";
        let values = (number.reveal(), name.reveal(), status.name(), currency);
        let opened = store.find(sql, values, |row| row.get(0))?;
        match opened {
            Some(id) if *opening > 0 => {
                entries.enter(None, Kind::Opening, (id, *currency), *opening)
            }
            _ => Ok(()),
        }
    }
}

/// The fields of a line. One in quotation marks may have commas, and quotation marks that are doubled.
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
    fn a_field_may_have_what_parts_fields_if_it_is_quoted() {
        assert_eq!(fields("1,Siti,,").unwrap(), ["1", "Siti", "", ""]);
        assert_eq!(fields("1,\"PT A, \"\"B\"\"\",x").unwrap(), ["1", "PT A, \"B\"", "x"]);
        assert_eq!(fields("1,\"open"), None);
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_and_nobody_shown() {
        let told = |line| Row::parse(line).err().unwrap();
        assert!(Row::parse("1234567890,Siti,active,IDR,0").is_ok());
        for (line, what) in [
            ("1234567890,Siti,active,IDR", "4 fields"),
            (",Siti,active,IDR,0", "the number is not"),
            ("1234567890,,active,IDR,0", "the name is not"),
            ("1234567890,Siti,open,IDR,0", "the status is none of"),
            ("1234567890,Siti,active,USD,0", "the currency is not"),
            ("1234567890,Siti,active,IDR,-1", "the opening balance is not"),
            ("1234567890,Siti,active,IDR,9223372036854775808", "the opening balance is not"),
        ] {
            let told = told(line);
            assert!(told.contains(what), "{told}");
            assert!(!told.contains("1234567890") && !told.contains("Siti"), "{told}");
        }
    }
}
