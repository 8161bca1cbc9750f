//! Masking of secret and personal data for logs and displays.

use std::fmt;

use crate::spelling::name_of;

/// The number of leading PAN digits that are shown: the issuer identification number of ISO/IEC 7812, unless a spec
/// says 8. The last four digits are shown too.
pub const BIN_DIGITS: usize = 6;

/// The kind of sensitive data, which decides how a value is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensitive {
    /// A card number: shows the issuer's digits and the last four.
    Pan,
    /// An account number: shows the last four characters.
    Account,
    /// A person's name: shows the first letter of each word.
    Name,
    /// A PIN block: shows the length only.
    Pin,
    /// Key material: shows the length only.
    Key,
    /// Magnetic stripe data: shows the length only.
    Track,
    /// Private data that the spec does not describe, so it may be sensitive: shows the length only.
    Private,
}

impl Sensitive {
    /// The kinds by their names in a spec.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("pan", Self::Pan),
        ("account", Self::Account),
        ("name", Self::Name),
        ("pin", Self::Pin),
        ("key", Self::Key),
        ("track", Self::Track),
        ("private", Self::Private),
    ];

    /// Masks a text of this kind. `bin_digits` applies to a PAN only.
    #[must_use]
    pub fn mask(self, text: &str, bin_digits: usize) -> String {
        match self {
            Self::Pan => pan(text, bin_digits),
            Self::Account => account(text),
            Self::Name => name(text),
            Self::Pin | Self::Key | Self::Track | Self::Private => stars(text.chars().count()),
        }
    }
}

impl fmt::Display for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&Self::NAMES, self))
    }
}

fn stars(count: usize) -> String {
    "*".repeat(count)
}

/// Shows `head` characters at the start and `tail` at the end.
fn keep_ends(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    text.chars()
        .enumerate()
        .map(|(at, char)| if at < head || at >= count - tail { char } else { '*' })
        .collect()
}

/// Masks a card number as 6 + 4 or 8 + 4 digits. A number too short to hide four digits is masked completely.
#[must_use]
pub fn pan(number: &str, bin_digits: usize) -> String {
    if number.chars().count() < bin_digits + 8 {
        return stars(number.chars().count());
    }
    keep_ends(number, bin_digits, 4)
}

/// Masks an account number except its last four characters. A number too short to hide four characters is masked
/// completely. Trailing blanks are padding and do not count.
#[must_use]
pub fn account(number: &str) -> String {
    let trimmed = number.trim_end();
    let padding = &number[trimmed.len()..];
    let count = trimmed.chars().count();
    let tail = if count < 8 { 0 } else { 4 };
    keep_ends(trimmed, 0, tail) + padding
}

/// Masks a person's name except the first letter of each word.
#[must_use]
pub fn name(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .map(|char| {
            let first = !inside;
            inside = char != ' ';
            if char == ' ' || first { char } else { '*' }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pan_shows_issuer_and_last_four_only() {
        assert_eq!(pan("6011123456789018", 6), "601112******9018");
        assert_eq!(pan("6011123456789018", 8), "60111234****9018");
        assert_eq!(pan("6011123456789", 6), "*************", "too short to hide enough");
        assert_eq!(pan("", 6), "");
    }

    #[test]
    fn an_account_shows_its_last_four() {
        assert_eq!(account("1234567890"), "******7890");
        assert_eq!(account("1234567"), "*******");
        assert_eq!(account("1234567890   "), "******7890   ");
    }

    #[test]
    fn a_name_shows_initials_and_secrets_show_their_length() {
        assert_eq!(name("SITI  RAHAYU   "), "S***  R*****   ");
        assert_eq!(Sensitive::Pin.mask("0123456789ABCDEF", 6), "****************");
        assert_eq!(Sensitive::Track.mask("6011=99", 6), "*******");
    }
}
