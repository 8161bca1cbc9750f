//! Weak secrets: values that a person typed or a program forgot to fill. A random value is never among them in practice.

use std::collections::BTreeSet;

use thiserror::Error;

/// The fewest different bytes of a secret.
const DIFFERENT_MIN: usize = 5;

/// Why a secret is too easy to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Weakness {
    /// The secret is zero.
    #[error("is zero")]
    Zero,
    /// A part of the secret is repeated until its end.
    #[error("repeats its first {0} bytes")]
    Periodic(usize),
    /// The secret has few different bytes.
    #[error("has only {0} different bytes")]
    Uniform(usize),
    /// The secret counts, as in 0123456789abcdef.
    #[error("is a sequence, in which most bytes follow from the one before")]
    Sequence,
}

/// Returns why a secret is weak. A secret in hexadecimal digits is also judged by the bytes that they stand for.
#[must_use]
pub fn weakness(secret: &str) -> Option<Weakness> {
    let bytes = secret.as_bytes();
    unhexed(bytes).and_then(|bytes| judged(&bytes)).or_else(|| judged(bytes))
}

fn judged(bytes: &[u8]) -> Option<Weakness> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Some(Weakness::Zero);
    }
    let repeats =
        |period: &usize| bytes.iter().zip(bytes.iter().skip(*period)).all(|(a, b)| a == b);
    if let Some(period) = (1..=bytes.len() / 2).find(repeats) {
        return Some(Weakness::Periodic(period));
    }
    let different = bytes.iter().collect::<BTreeSet<_>>().len();
    if different < DIFFERENT_MIN {
        return Some(Weakness::Uniform(different));
    }
    let steps = bytes.iter().zip(bytes.iter().skip(1));
    let near = steps.filter(|(byte, next)| byte.abs_diff(**next) <= 1).count();
    (near * 4 >= bytes.len().saturating_sub(1) * 3).then_some(Weakness::Sequence)
}

/// Decodes a text of hexadecimal digits.
fn unhexed(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;
    use crate::random::Random;

    #[test]
    fn what_a_person_types_is_weak() {
        let counted: Vec<u8> = (0..32).collect();
        let down: Vec<u8> = (100..132).rev().collect();
        for (secret, expected) in [
            (&*"0".repeat(64), Weakness::Zero),
            (&"07".repeat(32), Weakness::Periodic(1)),
            (&"a".repeat(16), Weakness::Periodic(1)),
            (&"ab".repeat(12), Weakness::Periodic(1)),
            (&"xy".repeat(12), Weakness::Periodic(2)),
            ("secret-secret-secret", Weakness::Periodic(7)),
            (&"0123456789abcdef".repeat(4), Weakness::Periodic(8)),
            (&"correct horse battery".repeat(2), Weakness::Periodic(21)),
            ("aaaaaaaaxaaaaaaaay", Weakness::Uniform(3)),
            ("0123456789abcdef", Weakness::Sequence),
            ("abcdefghijklmnopqrstuvwxyz", Weakness::Sequence),
            (&hex(&counted), Weakness::Sequence),
            (&hex(&down), Weakness::Sequence),
        ] {
            assert_eq!(weakness(secret), Some(expected), "{secret}");
        }
        assert_eq!(weakness(""), Some(Weakness::Zero));
    }

    #[test]
    fn random_secrets_are_not_weak() {
        let mut random = Random::new(7);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..4).flat_map(|_| random.draw().to_be_bytes()).collect();
            assert_eq!(weakness(&hex(&bytes)), None);
            let text: String = bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect();
            assert_eq!(weakness(&text), None, "{text}");
        }
    }
}
