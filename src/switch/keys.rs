//! What makes a message the same message: keys over data elements, and how a reversal names its original.

use super::chance::mixed;
use super::wire::Wire;
use crate::iso8583::De;

/// A number that stands for some data elements: FNV-1a of 128 bits. Two different ones meet by chance once in 10^26
/// transfers that are remembered; nobody who chooses his elements badly harms more than his own simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u64; 2]);

impl Key {
    /// The key of texts, in their order.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        const BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
        // No text has such a byte, so none runs into the next.
        const END: u8 = 0xFF;
        let hash = texts
            .into_iter()
            .flat_map(|text| text.bytes().chain([END]))
            .fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
        Self::from(hash)
    }

    /// The key of the same with a number besides.
    pub(super) const fn with(self, number: u64) -> Self {
        Self([self.0[0] ^ mixed(number), self.0[1]])
    }

    /// A part of it, where less is enough.
    pub(super) const fn short(self) -> u64 {
        self.0[0]
    }
}

impl From<u128> for Key {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    fn from(number: u128) -> Self {
        Self([(number >> 64) as u64, number as u64])
    }
}

/// How a message names the one that it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Original {
    /// In the original data elements, DE90.
    Elements,
    /// By going under the same numbers.
    SameNumbers,
}

/// An institution without zeros before it, as it stands in DE90 with as many as fit.
fn bare(de: De, text: &str) -> &str {
    match de {
        De::ACQUIRER | De::FORWARDER => text.trim_start_matches('0'),
        _ => text,
    }
}

impl Wire {
    /// The key of this message over elements. One that isn't there counts as empty.
    pub(super) fn key(&self, elements: &[De]) -> Key {
        Key::of(elements.iter().map(|de| bare(*de, self.get(*de).unwrap_or_default())))
    }

    /// The key of the original that this message speaks of; `None` if DE90 is to say it and doesn't.
    pub(super) fn key_of_original(&self, elements: &[De], how: Original) -> Option<Key> {
        if how == Original::SameNumbers {
            return Some(self.key(elements));
        }
        let original = OriginalElements::read(self.get(De::ORIGINAL)?)?;
        Some(Key::of(elements.iter().map(|de| {
            let text = match *de {
                De::STAN => original.stan,
                De::TRANSMISSION => original.transmission,
                De::ACQUIRER => original.acquirer,
                De::FORWARDER => original.forwarder,
                other => self.get(other).unwrap_or_default(),
            };
            bare(*de, text)
        })))
    }
}

/// DE90 (ISO 8583:1987): MTI 4, STAN 6, transmission 10, acquirer 11, forwarder 11.
pub(super) struct OriginalElements<'t> {
    pub(super) stan: &'t str,
    pub(super) transmission: &'t str,
    pub(super) acquirer: &'t str,
    pub(super) forwarder: &'t str,
}

impl<'t> OriginalElements<'t> {
    /// `None` if it isn't 42 digits.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        (text.len() == 42 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
        Some(Self {
            stan: text.get(4..10)?,
            transmission: text.get(10..20)?,
            acquirer: text.get(20..31)?,
            forwarder: text.get(31..42)?,
        })
    }

    /// Those of a message.
    pub(super) fn text_of(wire: &Wire) -> String {
        let text = |de| wire.get(de).unwrap_or_default();
        format!(
            "{:04}{:0>6}{:0>10}{:0>11}{:0>11}",
            // Of a repeat, the type that it repeats.
            wire.mti().number() & !1,
            text(De::STAN),
            text(De::TRANSMISSION),
            text(De::ACQUIRER),
            text(De::FORWARDER)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::Mti;

    const DUPLICATES: [De; 3] = [De::TRANSMISSION, De::STAN, De::ACQUIRER];

    fn request() -> Wire {
        let mut wire = Wire::new(Mti::new(200).unwrap());
        wire.set(De::TRANSMISSION, "1124021530");
        wire.set(De::STAN, "000042");
        wire.set(De::ACQUIRER, "014");
        wire.set(De::RRN, "632811000042");
        wire
    }

    #[test]
    fn a_reversal_names_its_original_in_de90_or_by_its_own_numbers() {
        let request = request();
        let mut reversal = Wire::new(Mti::new(420).unwrap());
        reversal.set(De::STAN, "000099");
        reversal.set(De::ORIGINAL, &OriginalElements::text_of(&request));
        assert_eq!(
            reversal.key_of_original(&DUPLICATES, Original::Elements),
            Some(request.key(&DUPLICATES))
        );
        let named = [De::STAN, De::RRN, De::ACQUIRER];
        assert_eq!(
            request.key_of_original(&named, Original::SameNumbers),
            Some(request.key(&named))
        );
        reversal.set(De::ORIGINAL, "0200");
        assert_eq!(reversal.key_of_original(&DUPLICATES, Original::Elements), None);
    }

    #[test]
    fn texts_that_run_together_are_other_keys() {
        assert_ne!(Key::of(["12", "3"]), Key::of(["1", "23"]));
        assert_ne!(Key::of(["12"]), Key::of(["12", ""]));
    }
}
