//! Amounts as people read them: `Rp 1,234,567.89`. One form for tables, logs, errors and pages.

/// Formats minor units as major units with a comma at each thousand: `1,234,567.89`.
///
/// `digits` are decimal digits; amounts of a message may have more of them than a machine word holds, so they stay text.
#[must_use]
pub fn grouped(digits: &str, decimals: usize) -> String {
    let digits = format!("{:0>1$}", digits.trim_start_matches('0'), decimals + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - decimals).unwrap_or_default();
    let mut text = String::new();
    for (place, digit) in whole.char_indices() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals == 0 { text } else { format!("{text}.{fraction}") }
}

/// Formats an amount with its currency: `Rp 1,234,567.89`, `USD 1,234.56`.
///
/// `currency` is the ISO 4217 code in letters; rupiah has its sign.
#[must_use]
pub fn amount(currency: &str, digits: &str, decimals: usize) -> String {
    format!("{} {}", symbol(currency), grouped(digits, decimals))
}

/// Returns the sign of a currency before its amounts: `Rp` for rupiah, else its ISO 4217 code in letters.
#[must_use]
pub fn symbol(currency: &str) -> &str {
    if currency == "IDR" { "Rp" } else { currency }
}

/// Formats minor units of rupiah, negative ones with a leading minus: `-Rp 1,234.56`.
#[must_use]
pub fn rupiah(minor: i128) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", amount("IDR", &minor.unsigned_abs().to_string(), 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_grouped_by_thousands() {
        for (digits, decimals, expected) in [
            ("000012500000", 2, "125,000.00"),
            ("000000000000", 2, "0.00"),
            ("000000000005", 2, "0.05"),
            ("0123456", 0, "123,456"),
            ("999", 0, "999"),
            ("1000", 3, "1.000"),
            ("123456789012345678901234", 2, "1,234,567,890,123,456,789,012.34"),
        ] {
            assert_eq!(grouped(digits, decimals), expected);
        }
    }

    #[test]
    fn rupiah_has_its_sign_and_other_currencies_their_code() {
        assert_eq!(amount("IDR", "123456789", 2), "Rp 1,234,567.89");
        assert_eq!(amount("USD", "0000123456", 2), "USD 1,234.56");
        assert_eq!(rupiah(-123_456), "-Rp 1,234.56");
    }
}
