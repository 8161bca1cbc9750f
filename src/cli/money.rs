//! Minor units as people read them.

/// Minor units as major ones, with a comma at each thousand. Amounts may have more digits than a machine
/// word, so they are handled as text.
pub(super) fn major(digits: &str, decimals: usize) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_become_major_ones() {
        for (digits, decimals, expected) in [
            ("000012500000", 2, "125,000.00"),
            ("000000000000", 2, "0.00"),
            ("000000000005", 2, "0.05"),
            ("0123456", 0, "123,456"),
            ("999", 0, "999"),
            ("1000", 3, "1.000"),
            ("123456789012345678901234", 2, "1,234,567,890,123,456,789,012.34"),
        ] {
            assert_eq!(major(digits, decimals), expected);
        }
    }
}
