//! Money: integer minor units with a currency, and checked arithmetic.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Value, digits};

/// A currency by its ISO 4217 numeric code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u16);

impl Currency {
    /// The rupiah, 360.
    pub const IDR: Self = Self(360);

    /// Returns the currency of an ISO 4217 numeric code; `None` above 999.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code <= 999 { Some(Self(code)) } else { None }
    }

    /// Returns the numeric code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl Value for Currency {
    const EXPECTED: &'static str = "three digits, an ISO 4217 numeric code";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        (text.len() == 3).then(|| digits(text))?.and_then(|code| Self::new(code.try_into().ok()?))
    }
}

/// A number of minor units (sen, cents). The currency is in another data element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MinorUnits(pub u64);

impl MinorUnits {
    /// Returns the amount in a currency.
    #[must_use]
    pub const fn of(self, currency: Currency) -> Amount {
        Amount { minor: self.0, currency }
    }
}

impl Value for MinorUnits {
    const EXPECTED: &'static str = "digits, the amount in minor units";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        digits(text).map(Self)
    }
}

/// An amount of money, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    #[serde(rename = "minor")]
    minor: u64,
    #[serde(rename = "currency")]
    currency: Currency,
}

/// The reasons why two amounts cannot be added or subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// The currencies differ.
    #[error("amounts in different currencies cannot be combined: {0} and {1}")]
    CurrenciesDiffer(Currency, Currency),
    /// The result is below zero or does not fit 64 bits.
    #[error("the sum or difference of the amounts is out of range")]
    OutOfRange,
}

impl Amount {
    /// Creates an amount of `minor` minor units.
    #[must_use]
    pub const fn new(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Returns the number of minor units.
    #[must_use]
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// Returns the currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Adds two amounts.
    ///
    /// # Errors
    /// If the currencies differ or the sum overflows.
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        self.combine(other, u64::checked_add)
    }

    /// Subtracts `other`.
    ///
    /// # Errors
    /// If the currencies differ or `other` is larger.
    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        self.combine(other, u64::checked_sub)
    }

    fn combine(
        self,
        other: Self,
        operation: fn(u64, u64) -> Option<u64>,
    ) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::CurrenciesDiffer(self.currency, other.currency));
        }
        let minor = operation(self.minor, other.minor).ok_or(AmountError::OutOfRange)?;
        Ok(Self { minor, currency: self.currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_checked() {
        let rupiah = |minor| Amount::new(minor, Currency::IDR);
        assert_eq!(rupiah(3).checked_add(rupiah(4)), Ok(rupiah(7)));
        assert_eq!(rupiah(3).checked_sub(rupiah(4)), Err(AmountError::OutOfRange));
        assert_eq!(rupiah(u64::MAX).checked_add(rupiah(1)), Err(AmountError::OutOfRange));
        let dollars = Amount::new(4, Currency::new(840).unwrap());
        assert!(matches!(
            rupiah(3).checked_add(dollars),
            Err(AmountError::CurrenciesDiffer(Currency::IDR, _))
        ));
    }

    #[test]
    fn an_amount_consists_of_digits_only() {
        assert_eq!(MinorUnits::from_ascii(b"000012500000"), Some(MinorUnits(12_500_000)));
        for wrong in [&b""[..], b"12.5", b"-1", b" 1", b"18446744073709551616"] {
            assert_eq!(MinorUnits::from_ascii(wrong), None);
        }
        assert_eq!(Currency::from_ascii(b"360"), Some(Currency::IDR));
        assert_eq!(Currency::from_ascii(b"0360"), None);
    }
}
