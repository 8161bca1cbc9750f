//! Amounts for people.

use crate::iso8583::{CurrencyName, De, Message};
use crate::values::display::{amount, grouped};

/// The currency of the amounts of a message.
pub(super) enum Money<'m> {
    /// A currency that the spec defines.
    Named(&'m CurrencyName),
    /// The code of a currency that the spec does not define.
    Unnamed(String),
    /// The message has no currency, and the spec does not define exactly one.
    Unknown,
}

impl<'m> Money<'m> {
    /// Returns the currency of DE49, or the currency of the spec if it defines exactly one.
    pub(super) fn of(message: &'m Message<'_>) -> Self {
        let spec = message.spec();
        if let Some(field) = message.field(De::CURRENCY) {
            let code = field.reveal();
            return spec
                .currency(&code)
                .map_or_else(|| Self::Unnamed(code.into_owned()), Self::Named);
        }
        let mut all = spec.currencies();
        match (all.next(), all.next()) {
            (Some((_, only)), None) => Self::Named(only),
            _ => Self::Unknown,
        }
    }

    /// Formats digits, or a sign and digits, as an amount; `None` if the text is neither.
    pub(super) fn format(&self, text: &str) -> Option<String> {
        let (side, digits) = match text.split_at_checked(1)? {
            ("C", digits) => ("credit ", digits),
            ("D", digits) => ("debit ", digits),
            _ => ("", text),
        };
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        Some(match self {
            Self::Named(currency) => {
                format!("{side}{}", amount(&currency.name, digits, currency.decimals))
            }
            Self::Unnamed(code) => {
                format!("{side}{} minor units of currency {code}", grouped(digits, 0))
            }
            Self::Unknown => format!("{side}{} minor units", grouped(digits, 0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_amounts_are_credits_or_debits() {
        let rupiah = CurrencyName { name: "IDR".to_owned(), decimals: 2 };
        let format = |text| Money::Named(&rupiah).format(text);
        assert_eq!(format("C0000001250").as_deref(), Some("credit Rp 12.50"));
        assert_eq!(format("D0000000000").as_deref(), Some("debit Rp 0.00"));
        for wrong in ["", "C", "E12", "12 "] {
            assert_eq!(format(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_undefined_currency_is_shown_by_its_code() {
        let format = |money: &Money<'_>| money.format("0012345").unwrap();
        assert_eq!(format(&Money::Unnamed("840".into())), "12,345 minor units of currency 840");
        assert_eq!(format(&Money::Unknown), "12,345 minor units");
    }
}
