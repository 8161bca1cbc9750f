//! Amounts as people read them.

use crate::cli::money::major;
use crate::iso8583::{CurrencyName, De, Message};

/// What the amounts of a message are in.
pub(super) enum Money<'m> {
    /// A currency that the spec names.
    Named(&'m CurrencyName),
    /// The code of one that it does not.
    Unnamed(String),
    /// The message does not say, and the network has more than one.
    Unsaid,
}

impl<'m> Money<'m> {
    /// The currency of DE49, or the network's if it has but one.
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
            _ => Self::Unsaid,
        }
    }

    /// Digits, or a sign and digits, in words; `None` if the text is neither.
    pub(super) fn words(&self, text: &str) -> Option<String> {
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
                format!("{side}{} {}", currency.name, major(digits, currency.decimals))
            }
            Self::Unnamed(code) => {
                format!("{side}{} minor units of currency {code}", major(digits, 0))
            }
            Self::Unsaid => format!("{side}{} minor units", major(digits, 0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_a_credit_or_a_debit() {
        let rupiah = CurrencyName { name: "IDR".to_owned(), decimals: 2 };
        let words = |text| Money::Named(&rupiah).words(text);
        assert_eq!(words("C0000001250").as_deref(), Some("credit IDR 12.50"));
        assert_eq!(words("D0000000000").as_deref(), Some("debit IDR 0.00"));
        for wrong in ["", "C", "E12", "12 "] {
            assert_eq!(words(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_currency_without_a_name_is_told_by_its_code() {
        let words = |money: &Money<'_>| money.words("0012345").unwrap();
        assert_eq!(words(&Money::Unnamed("840".into())), "12,345 minor units of currency 840");
        assert_eq!(words(&Money::Unsaid), "12,345 minor units");
    }
}
