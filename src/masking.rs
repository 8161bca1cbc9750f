//! How secret and personal data is shown where it must not be seen: by kind, never whole.

use std::fmt;

use crate::spelling::name_of;

/// How many leading digits of a PAN may be shown (ISO/IEC 7812 issuer identification number), unless a
/// spec says 8. The last four are shown besides.
pub const BIN_DIGITS: usize = 6;

/// What makes a value sensitive, and so how it is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensitive {
    /// A card number: the issuer's digits and the last four stay.
    Pan,
    /// An account number: the last four characters stay.
    Account,
    /// A person's name: the first letter of each word stays.
    Name,
    /// A PIN block: nothing stays but the length.
    Pin,
    /// Key material: nothing stays but the length.
    Key,
    /// Magnetic stripe data: nothing stays but the length.
    Track,
    /// Private data whose content the spec does not describe, so nobody can say that it is harmless:
    /// nothing stays but the length.
    Private,
}

impl Sensitive {
    /// The kinds by the names that a spec uses.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("pan", Self::Pan),
        ("account", Self::Account),
        ("name", Self::Name),
        ("pin", Self::Pin),
        ("key", Self::Key),
        ("track", Self::Track),
        ("private", Self::Private),
    ];

    /// The text of a value of this kind, masked. `bin_digits` counts for a PAN only.
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

/// Keeps `head` characters in front and `tail` at the end.
fn keep_ends(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    text.chars()
        .enumerate()
        .map(|(at, char)| if at < head || at >= count - tail { char } else { '*' })
        .collect()
}

/// A card number as 6 + 4 or 8 + 4. One too short to hide at least four digits is hidden whole.
#[must_use]
pub fn pan(number: &str, bin_digits: usize) -> String {
    if number.chars().count() < bin_digits + 8 {
        return stars(number.chars().count());
    }
    keep_ends(number, bin_digits, 4)
}

/// An account number by its last four characters. One too short to hide at least four is hidden whole;
/// blanks at the end are padding and don't count.
#[must_use]
pub fn account(number: &str) -> String {
    let trimmed = number.trim_end();
    let padding = &number[trimmed.len()..];
    let count = trimmed.chars().count();
    let tail = if count < 8 { 0 } else { 4 };
    keep_ends(trimmed, 0, tail) + padding
}

/// A person's name by the first letter of each word.
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
