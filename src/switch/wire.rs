//! A decoded message as the switch sees it: its type and the text of its data elements, whichever codec read it.

use std::fmt;

use crate::iso8583::{De, Mti};
use crate::masking;
use crate::values::Value;

/// A message: its type and its data elements as text, in the order of their numbers.
///
/// A face fills it from whichever codec it speaks with, without what is that codec's own business: bitmaps, MAC,
/// binary elements. It prints masked.
#[derive(Clone)]
pub struct Wire {
    mti: Mti,
    /// The texts, one behind the other. One that was replaced stays, and is in no place.
    text: String,
    places: Vec<Place>,
    line: u64,
}

#[derive(Clone, Copy)]
struct Place {
    de: De,
    start: usize,
    end: usize,
}

/// What a message commonly takes.
const TEXT_USUAL: usize = 320;
const ELEMENTS_USUAL: usize = 26;

impl Wire {
    /// A message without data elements.
    #[must_use]
    pub fn new(mti: Mti) -> Self {
        Self {
            mti,
            text: String::with_capacity(TEXT_USUAL),
            places: Vec::with_capacity(ELEMENTS_USUAL),
            line: 0,
        }
    }

    /// Marked as one that came on this connection, by a number of the face's. What is made of it has the mark too, so that an
    /// answer goes back where the request came from. It says nothing to the switch, and makes no difference between messages.
    #[must_use]
    pub fn on_line(self, line: u64) -> Self {
        Self { line, ..self }
    }

    /// The connection that it, or what it was made of, came on; 0 for what the switch made of itself.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Its type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
    }

    /// The text of a data element, untrimmed, if the message has it. Not for logs.
    #[must_use]
    pub fn get(&self, de: De) -> Option<&str> {
        let at = self.find(de).ok()?;
        self.places.get(at).and_then(|place| self.text.get(place.start..place.end))
    }

    /// A data element as a value; `None` if it isn't there or isn't what the value expects.
    #[must_use]
    pub fn value<V: Value>(&self, de: De) -> Option<V> {
        V::from_ascii(self.get(de)?.as_bytes())
    }

    /// The data elements in the order of their numbers.
    pub fn elements(&self) -> impl Iterator<Item = (De, &str)> {
        self.places
            .iter()
            .map(|place| (place.de, self.text.get(place.start..place.end).unwrap_or_default()))
    }

    /// Sets a data element, in place of what it was.
    pub fn set(&mut self, de: De, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.place(de, start);
    }

    /// Sets a data element to what a value shows.
    pub(super) fn show(&mut self, de: De, value: impl fmt::Display) {
        use fmt::Write;
        let start = self.text.len();
        // Writing to a string can't fail.
        let _ = write!(self.text, "{value}");
        self.place(de, start);
    }

    /// The same message as a repeat of itself (0200 → 0201); as it is, if its type has none.
    pub(super) fn repeated(mut self) -> Self {
        self.mti = self.mti.repeat().unwrap_or(self.mti);
        self
    }

    /// Gives the elements that are in the list to a message of another type.
    pub(super) fn copied(&self, mti: Mti, elements: &[De]) -> Self {
        let mut copy = Self::new(mti).on_line(self.line);
        for (de, text) in self.elements().filter(|(de, _)| elements.contains(de)) {
            copy.set(de, text);
        }
        copy
    }

    /// Files what was put at the end of the text.
    fn place(&mut self, de: De, start: usize) {
        let place = Place { de, start, end: self.text.len() };
        match self.find(de) {
            Ok(at) => {
                if let Some(there) = self.places.get_mut(at) {
                    *there = place;
                }
            }
            Err(at) => self.places.insert(at, place),
        }
    }

    /// Elements are mostly set in order, so the end is looked at first.
    fn find(&self, de: De) -> Result<usize, usize> {
        match self.places.last() {
            Some(last) if last.de >= de => self.places.binary_search_by_key(&de, |place| place.de),
            Some(_) | None => Err(self.places.len()),
        }
    }
}

impl PartialEq for Wire {
    fn eq(&self, other: &Self) -> bool {
        self.mti == other.mti && self.elements().eq(other.elements())
    }
}

impl Eq for Wire {}

/// The elements that are of nobody in particular.
pub(super) const HARMLESS: [De; 18] = [
    De::PROCESSING_CODE,
    De::AMOUNT,
    De::TRANSMISSION,
    De::STAN,
    De::LOCAL_TIME,
    De::LOCAL_DATE,
    De::SETTLEMENT_DATE,
    De::MERCHANT_TYPE,
    De::ACQUIRER,
    De::FORWARDER,
    De::RRN,
    De::AUTHORIZATION,
    De::RESPONSE_CODE,
    De::CURRENCY,
    De::NETWORK_CODE,
    De::ORIGINAL,
    De::RECEIVER,
    De::DESTINATION_BANK,
];

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mti)?;
        for (de, text) in self.elements() {
            match de {
                De::PAN => write!(f, " 2={}", masking::pan(text, masking::BIN_DIGITS))?,
                De::FROM_ACCOUNT | De::TO_ACCOUNT => {
                    write!(f, " {}={}", de.number(), masking::account(text))?;
                }
                harmless if HARMLESS.contains(&harmless) => write!(f, " {}={text}", de.number())?,
                other => write!(f, " {}=({})", other.number(), text.len())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> Wire {
        let mut wire = Wire::new(Mti::new(200).unwrap());
        wire.set(De::TO_ACCOUNT, "9876543210");
        wire.set(De::STAN, "000042");
        wire.set(De::PAN, "6011123456789018");
        wire.set(De::ADDITIONAL_DATA, "SITI RAHAYU");
        wire
    }

    #[test]
    fn elements_stand_in_order_and_the_last_that_was_set_counts() {
        let mut wire = wire();
        wire.set(De::STAN, "000043");
        let numbers: Vec<_> = wire.elements().map(|(de, _)| de.number()).collect();
        assert_eq!(numbers, [2, 11, 48, 103]);
        assert_eq!(wire.get(De::STAN), Some("000043"));
        assert_eq!(wire.get(De::RRN), None);
        let mut same = super::tests::wire();
        assert_ne!(same, wire);
        same.show(De::STAN, crate::values::Stan::new(43).unwrap());
        assert_eq!(same, wire);
        assert_eq!(wire.repeated().mti(), Mti::new(201).unwrap());
    }

    #[test]
    fn nothing_personal_is_printed() {
        assert_eq!(
            format!("{:?}", wire()),
            "0200 2=601112******9018 11=000042 48=(11) 103=******3210"
        );
    }
}
