//! Track data of cards in free text. Values refuse it, so that it cannot get into the record (PCI DSS 3.3.1).

/// The fewest digits of a card number.
const PAN_DIGITS: usize = 12;

/// Returns whether a text has track data of a card: a card number with the begin or the end that it has on a track.
///
/// ```text
/// track 1   %B5221841234567890^RAHAYU/SITI^2512...?
/// track 2   ;5221841234567890=2512...?     in DE35 also with D for the equals sign
/// track 3   ;015221841234567890=...?
/// ```
///
/// Blanks after a digit do not count. A card number alone is not track data.
#[must_use]
pub fn has_track_data(text: &str) -> bool {
    if text.len() < PAN_DIGITS {
        return false;
    }
    let mut digits = 0;
    let mut begin = None;
    let mut before = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                if digits == 0 {
                    begin = before;
                }
                digits += 1;
                if digits == PAN_DIGITS && matches!(begin, Some(b';' | b'%')) {
                    return true;
                }
            }
            // `%B` begins track 1.
            b'B' | b'b' if before == Some(b'%') => digits = 0,
            b' ' if digits == 0 => before = Some(b' '),
            b' ' => {}
            _ if digits >= PAN_DIGITS && is_separator(text, at, byte) => return true,
            _ => (digits, before) = (0, Some(byte)),
        }
    }
    false
}

/// Whether a byte after a card number ends it on a track. A `D` does if an expiry date follows: year and month.
fn is_separator(text: &str, at: usize, byte: u8) -> bool {
    match byte {
        b'=' | b'^' => true,
        b'D' | b'd' => match text.as_bytes().get(at + 1..at + 5) {
            Some([y1, y2, m1, m2]) => {
                let is_month = matches!((m1, m2), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2'));
                is_month && y1.is_ascii_digit() && y2.is_ascii_digit()
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{AccountNumber, Name, Reference, Value};

    /// Texts with track data: whole, in other forms, and cut off at either end.
    const TRACKS: [&str; 12] = [
        ";5221841234567890=25121010000012300000?",
        "%B5221841234567890^RAHAYU/SITI^25121010000000123?",
        "%b5221 8412 3456 7890^RAHAYU/SITI^2512?",
        ";015221841234567890=724724000000000000030300?",
        "5221841234567890D25121010000012300000F",
        "5221841234567890d2512",
        "5221841234567890=2512",
        ";5221841234567",
        "%B522184123456",
        "SITI ;5221 8412 3456 7890",
        "5221841234567890 =2512",
        "221841234567890^RAH",
    ];

    #[test]
    fn no_text_that_is_stored_can_have_track_data() {
        for text in TRACKS {
            assert!(has_track_data(text), "{text}");
            assert_eq!(Name::new(text), None, "{text}");
            assert_eq!(Reference::from_ascii(text.as_bytes()), None, "{text}");
            let account = text.as_bytes().get(..28).unwrap_or(text.as_bytes());
            assert_eq!(AccountNumber::from_ascii(account), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_customers_and_partners_are_not_track_data() {
        for text in [
            "",
            "5221841234567890",
            "20261128103000123456",
            "INV/2026;11=28",
            "SITI RAHAYU; TELP 081234567890",
            "A=B^C",
            "12345678901=2512",
            "123456789012DEC",
            "123456789012D2513",
            "100% 081234567890",
            "019ab65a-bc00-7000-8000-000000000001",
        ] {
            assert!(!has_track_data(text), "{text}");
        }
    }
}
