//! Keys that identify a message by some of its data elements, and how a reversal refers to its original.

use super::message::TextMessage;
use crate::iso8583::De;
use crate::random::mixed;
use crate::values::Institution;

/// A hash of some data elements (FNV-1a, 128 bits).
///
/// Two different messages get the same key by chance once in 10^26 kept transfers. The hash is not safe against chosen
/// collisions; they would harm a simulation only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct MessageKey([u64; 2]);

impl MessageKey {
    /// Returns the key of texts in their order.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        const BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
        // UTF-8 text never contains this byte, so "12","3" and "1","23" have different keys.
        const END: u8 = 0xFF;
        let hash = texts
            .into_iter()
            .flat_map(|text| text.bytes().chain([END]))
            .fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
        Self::from(hash)
    }

    /// Adds a number to the key.
    pub(super) const fn with(self, number: u64) -> Self {
        Self([self.0[0] ^ mixed(number), self.0[1]])
    }

    /// Returns half of the key, where 64 bits are enough.
    pub(super) const fn short(self) -> u64 {
        self.0[0]
    }
}

impl From<u128> for MessageKey {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    fn from(number: u128) -> Self {
        Self([(number >> 64) as u64, number as u64])
    }
}

/// How a reversal refers to its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalReference {
    /// By the original data elements (DE90).
    OriginalDataElements,
    /// By the same trace numbers.
    SameTraceNumbers,
}

/// Removes leading zeros of an institution: DE90 pads it to 11 digits.
fn without_padding(de: De, text: &str) -> &str {
    match de {
        De::ACQUIRER | De::FORWARDER => text.trim_start_matches('0'),
        _ => text,
    }
}

impl TextMessage {
    /// Returns the key of this message over some elements. A missing element counts as empty.
    pub(super) fn key(&self, elements: &[De]) -> MessageKey {
        MessageKey::of(
            elements.iter().map(|de| without_padding(*de, self.get(*de).unwrap_or_default())),
        )
    }

    /// Returns the key of the original of this reversal; `None` if the reference is DE90 and that is missing or invalid.
    pub(super) fn key_of_original(
        &self,
        elements: &[De],
        reference: OriginalReference,
    ) -> Option<MessageKey> {
        if reference == OriginalReference::SameTraceNumbers {
            return Some(self.key(elements));
        }
        let original = OriginalElements::read(self.get(De::ORIGINAL)?)?;
        Some(MessageKey::of(elements.iter().map(|de| {
            let text = match *de {
                De::STAN => original.stan,
                De::TRANSMISSION => original.transmission,
                De::ACQUIRER => original.acquirer,
                De::FORWARDER => original.forwarder,
                other => self.get(other).unwrap_or_default(),
            };
            without_padding(*de, text)
        })))
    }
}

/// The original data elements, DE90 (ISO 8583:1987): MTI 4 digits, STAN 6, transmission time 10, acquirer 11, forwarder 11.
pub(super) struct OriginalElements<'t> {
    pub(super) stan: &'t str,
    pub(super) transmission: &'t str,
    pub(super) acquirer: &'t str,
    pub(super) forwarder: &'t str,
}

impl<'t> OriginalElements<'t> {
    /// Reads DE90; `None` if it is not 42 digits.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        (text.len() == 42 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
        Some(Self {
            stan: text.get(4..10)?,
            transmission: text.get(10..20)?,
            acquirer: text.get(20..31)?,
            forwarder: text.get(31..42)?,
        })
    }

    /// Sets the acquirer in the DE90 of a reversal.
    pub(super) fn set_acquirer(reversal: &mut TextMessage, acquirer: Institution) {
        let text = reversal.get(De::ORIGINAL).unwrap_or_default();
        let (before, after) =
            (text.get(..20).unwrap_or_default(), text.get(31..).unwrap_or_default());
        let changed = format!("{before}{:0>11}{after}", acquirer.as_str());
        reversal.set(De::ORIGINAL, &changed);
    }

    /// Returns DE90 for the reversal of a message.
    pub(super) fn text_of(message: &TextMessage) -> String {
        let text = |de| message.get(de).unwrap_or_default();
        format!(
            "{:04}{:0>6}{:0>10}{:0>11}{:0>11}",
            // A repeat refers to the type that it repeats: 0201 to 0200.
            message.mti().number() & !1,
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

    fn request() -> TextMessage {
        let mut message = TextMessage::new(Mti::new(200).unwrap());
        message.set(De::TRANSMISSION, "1124021530");
        message.set(De::STAN, "000042");
        message.set(De::ACQUIRER, "014");
        message.set(De::RRN, "632811000042");
        message
    }

    #[test]
    fn a_reversal_refers_to_its_original_by_de90_or_by_the_same_trace_numbers() {
        let request = request();
        let mut reversal = TextMessage::new(Mti::new(420).unwrap());
        reversal.set(De::STAN, "000099");
        reversal.set(De::ORIGINAL, &OriginalElements::text_of(&request));
        assert_eq!(
            reversal.key_of_original(&DUPLICATES, OriginalReference::OriginalDataElements),
            Some(request.key(&DUPLICATES))
        );
        let trace_numbers = [De::STAN, De::RRN, De::ACQUIRER];
        assert_eq!(
            request.key_of_original(&trace_numbers, OriginalReference::SameTraceNumbers),
            Some(request.key(&trace_numbers))
        );
        reversal.set(De::ORIGINAL, "0200");
        assert_eq!(
            reversal.key_of_original(&DUPLICATES, OriginalReference::OriginalDataElements),
            None
        );
    }

    #[test]
    fn the_boundaries_of_texts_are_part_of_the_key() {
        assert_ne!(MessageKey::of(["12", "3"]), MessageKey::of(["1", "23"]));
        assert_ne!(MessageKey::of(["12"]), MessageKey::of(["12", ""]));
    }
}
