//! Card and account numbers. They print masked; only `reveal` returns the full number.

use std::fmt;

use super::{Short, Value, has_track_data};
use crate::masking;

/// A primary account number (DE2): 1 to 19 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pan(Short<19>);

impl Pan {
    /// Returns the full number. Do not log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl Value for Pan {
    const EXPECTED: &'static str = "1 to 19 digits";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        Short::new(text, |byte| byte.is_ascii_digit()).map(Self)
    }
}

impl fmt::Display for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masking::pan(self.reveal(), masking::BIN_DIGITS))
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({self})")
    }
}

/// An account number at a bank (DE102, DE103): 1 to 28 printable characters without track data of a card.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountNumber(Short<28>);

impl AccountNumber {
    /// Returns the full number. Do not log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl Value for AccountNumber {
    const EXPECTED: &'static str = "1 to 28 printable characters without card track data";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let number = Short::new(text, |byte| (b' '..=b'~').contains(&byte))?;
        (!has_track_data(number.as_str())).then_some(Self(number))
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masking::account(self.reveal()))
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_display_nor_debug_shows_the_number() {
        let pan = Pan::from_ascii(b"6011123456789018").unwrap();
        assert_eq!(format!("{pan} {pan:?}"), "601112******9018 Pan(601112******9018)");
        let account = AccountNumber::from_ascii(b"1234567890").unwrap();
        assert_eq!(format!("{account} {account:?}"), "******7890 AccountNumber(******7890)");
    }

    #[test]
    fn empty_and_too_long_numbers_are_refused() {
        assert!(Pan::from_ascii(&[b'1'; 20]).is_none());
        assert!(Pan::from_ascii(b"").is_none());
        assert!(AccountNumber::from_ascii(&[b'1'; 29]).is_none());
        assert!(AccountNumber::from_ascii("é".as_bytes()).is_none());
    }
}
