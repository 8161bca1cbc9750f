//! Hexadecimal encoding for keys, hashes and signatures.

/// Encodes bytes in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| pair(*byte)).map(char::from).collect()
}

/// Encodes bytes in upper case.
pub(crate) fn upper(bytes: &[u8]) -> String {
    hex(bytes).to_ascii_uppercase()
}

/// Encodes a digest of 32 bytes in lower case, without allocation.
pub(crate) fn of_digest(digest: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (digits, byte) in text.chunks_exact_mut(2).zip(digest) {
        digits.copy_from_slice(&pair(*byte));
    }
    text
}

fn pair(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 0xF].map(|digit| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 })
}

/// Decodes `N` bytes from hexadecimal in upper or lower case; `None` for any other text or length.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; N];
    (pairs.len() == N && rest.is_empty()).then_some(())?;
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(bytes)
}

/// Decodes bytes of any number from hexadecimal in upper or lower case; `None` for any other text.
pub(crate) fn unhex_all(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        u8::try_from(high? << 4 | low?).ok()
    };
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_decode_and_other_text_does_not() {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(0x90..).for_each(|(byte, value)| *byte = value);
        let text = hex(&bytes);
        assert_eq!(of_digest(&bytes), text.as_bytes());
        assert_eq!(unhex(&text), Some(bytes));
        assert_eq!(unhex(&text.to_uppercase()), Some(bytes));
        assert_eq!(unhex_all(&text), Some(bytes.to_vec()));
        for wrong in ["", "0", "+f", "0g", "000"] {
            assert_eq!(unhex::<1>(wrong), None, "{wrong}");
            assert!(wrong.is_empty() || unhex_all(wrong).is_none(), "{wrong}");
        }
    }
}
