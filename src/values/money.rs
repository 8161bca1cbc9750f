//! Amounts in the format of SNAP: `{"value":"125000.00","currency":"IDR"}`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Amount, Currency};

/// Currencies by their ISO 4217 alphabetic code. Each has two decimals.
const CURRENCIES: [(&str, Currency); 1] = [("IDR", Currency::IDR)];

/// An amount with conversion to and from the text of SNAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub Amount);

/// The reasons why the value of an amount is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The value is not digits, a point and two decimals, or is more than 16 digits and two decimals.
    Value,
    /// The value is zero.
    Zero,
}

impl Money {
    /// The maximum number of digits before the decimal point: `ISO 4217, 16,2` in SNAP.
    const DIGITS_MAX: usize = 16;

    /// Parses a value into minor units.
    ///
    /// # Errors
    /// If the value is zero, does not have exactly two decimals, or has a sign, a blank or a leading zero.
    pub fn minor(value: &str) -> Result<u64, MoneyError> {
        let (whole, decimals) = value.split_once('.').ok_or(MoneyError::Value)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = (1..=Self::DIGITS_MAX).contains(&whole.len())
            && (whole.len() == 1 || !whole.starts_with('0'));
        if !plain || decimals.len() != 2 || !digits(whole) || !digits(decimals) {
            return Err(MoneyError::Value);
        }
        let number = |text: &str| text.parse::<u64>().map_err(|_| MoneyError::Value);
        let minor = number(whole)?.checked_mul(100).ok_or(MoneyError::Value)? + number(decimals)?;
        if minor == 0 { Err(MoneyError::Zero) } else { Ok(minor) }
    }

    /// Returns the currency of an ISO 4217 alphabetic code.
    #[must_use]
    pub fn currency(letters: &str) -> Option<Currency> {
        CURRENCIES.iter().find(|(name, _)| *name == letters).map(|(_, currency)| *currency)
    }

    /// Returns the alphabetic code of the currency, or the numeric code if the alphabetic one is unknown.
    #[must_use]
    pub fn letters(self) -> String {
        let currency = self.0.currency();
        let known = CURRENCIES.iter().find(|(_, other)| *other == currency);
        known.map_or_else(|| currency.to_string(), |(letters, _)| (*letters).to_owned())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0.minor() / 100, self.0.minor() % 100)
    }
}

/// An amount in JSON: its value and the alphabetic code of its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyJson {
    value: String,
    currency: String,
}

impl From<Amount> for MoneyJson {
    fn from(amount: Amount) -> Self {
        let money = Money(amount);
        Self { value: money.to_string(), currency: money.letters() }
    }
}

impl MoneyJson {
    /// Returns the amount, which may be zero; `None` if value or currency are invalid.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        let currency = Money::currency(&self.currency)?;
        match Money::minor(&self.value) {
            Ok(minor) => Some(Amount::new(minor, currency)),
            Err(MoneyError::Zero) => Some(Amount::new(0, currency)),
            Err(MoneyError::Value) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_plain_decimal_text_is_an_amount() {
        assert_eq!(Money::minor("125000.00"), Ok(12_500_000));
        assert_eq!(Money::minor("0.01"), Ok(1));
        assert_eq!(Money::minor("0.00"), Err(MoneyError::Zero));
        let wrong = [
            "",
            ".",
            "1",
            "1.",
            "1.0",
            "1.000",
            ".50",
            "-1.00",
            "+1.00",
            "01.00",
            " 1.00",
            "1.00 ",
            "1,00",
            "1e3.00",
            "1.+1",
            "10000000000000000.00",
            "١.00",
        ];
        for wrong in wrong {
            assert_eq!(Money::minor(wrong), Err(MoneyError::Value), "{wrong:?}");
        }
        assert_eq!(Money::currency("IDR"), Some(Currency::IDR));
        assert_eq!((Money::currency("USD"), Money::currency("idr")), (None, None));
    }

    proptest! {
        #[test]
        fn a_written_amount_is_parsed_back(minor in 1..1_000_000_000_000_000_000_u64) {
            let money = Money(Amount::new(minor, Currency::IDR));
            prop_assert_eq!(Money::minor(&money.to_string()), Ok(minor));
            prop_assert_eq!(Money::currency(&money.letters()), Some(Currency::IDR));
        }

        #[test]
        fn a_parsed_amount_is_written_the_same(text in "[0-9.+-]{0,20}") {
            if let Ok(minor) = Money::minor(&text) {
                prop_assert_eq!(Money(Amount::new(minor, Currency::IDR)).to_string(), text);
            }
        }
    }
}
