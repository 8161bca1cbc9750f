//! A decoded message as the model sees it, independent of the codec.

use std::fmt;

use super::odd_bytes::{ACCEPTOR, NAMES, OddBytes};
use crate::iso8583::{De, Mti};
use crate::masking;
use crate::values::Value;

/// A message: its type, and its data elements as text in the order of their numbers.
///
/// The transport makes it with either codec. It has no bitmaps and no binary elements such as the MAC. `Debug` prints it masked.
#[derive(Clone)]
pub struct TextMessage {
    mti: Mti,
    /// The texts, one after another. A replaced text stays here, without a span.
    text: String,
    spans: Vec<ElementSpan>,
    connection: u64,
    odd_bytes: Option<OddBytes>,
}

#[derive(Clone, Copy)]
struct ElementSpan {
    de: De,
    start: usize,
    end: usize,
}

/// The usual length of all texts of a message.
const TEXT_USUAL: usize = 320;
/// The usual number of data elements of a message.
const ELEMENTS_USUAL: usize = 26;

impl TextMessage {
    /// Makes a message without data elements.
    #[must_use]
    pub fn new(mti: Mti) -> Self {
        Self {
            mti,
            text: String::with_capacity(TEXT_USUAL),
            spans: Vec::with_capacity(ELEMENTS_USUAL),
            connection: 0,
            odd_bytes: None,
        }
    }

    /// Sets the connection that it came on, an id of the transport. Messages made from it keep the connection, so that a
    /// response goes back where its request came from. The model does not use it, and comparisons ignore it.
    #[must_use]
    pub fn on_connection(self, connection: u64) -> Self {
        Self { connection, ..self }
    }

    /// Returns the connection that it, or the message it was made from, came on; 0 for messages of the switch itself.
    #[must_use]
    pub const fn connection(&self) -> u64 {
        self.connection
    }

    /// Returns what is odd in its encoding, if anything. Comparisons ignore it, and messages made from it do not have it.
    #[must_use]
    pub const fn odd_bytes(&self) -> Option<OddBytes> {
        self.odd_bytes
    }

    /// Makes its encoding odd. The codec changes the bytes; this gives the message the element that becomes odd.
    pub(super) fn set_odd_bytes(&mut self, odd: OddBytes) {
        match odd {
            OddBytes::NotAscii if self.get(De::CARD_ACCEPTOR_NAME).is_none() => {
                self.set(De::CARD_ACCEPTOR_NAME, ACCEPTOR);
            }
            OddBytes::EmptyNames => self.set(De::ADDITIONAL_DATA, NAMES),
            OddBytes::NotAscii | OddBytes::UndefinedElement | OddBytes::TrailingByte => {}
        }
        self.odd_bytes = Some(odd);
    }

    /// Returns the message type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
    }

    /// Returns the text of a data element with its padding; `None` if the message does not have it. Not for logs.
    #[must_use]
    pub fn get(&self, de: De) -> Option<&str> {
        let at = self.find(de).ok()?;
        self.spans.get(at).and_then(|span| self.text.get(span.start..span.end))
    }

    /// Returns a data element as a value; `None` if it is missing or invalid.
    #[must_use]
    pub fn value<V: Value>(&self, de: De) -> Option<V> {
        V::from_ascii(self.get(de)?.as_bytes())
    }

    /// Returns the data elements in the order of their numbers.
    pub fn elements(&self) -> impl Iterator<Item = (De, &str)> {
        self.spans
            .iter()
            .map(|span| (span.de, self.text.get(span.start..span.end).unwrap_or_default()))
    }

    /// Sets a data element, and replaces its previous text.
    pub fn set(&mut self, de: De, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.add_span(de, start);
    }

    /// Sets a data element to the displayed form of a value.
    pub(super) fn set_display(&mut self, de: De, value: impl fmt::Display) {
        use fmt::Write;
        let start = self.text.len();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        self.add_span(de, start);
    }

    /// Removes a data element.
    pub(super) fn remove(&mut self, de: De) {
        self.spans.retain(|span| span.de != de);
    }

    /// Turns the message into a repeat (0200 → 0201). A type without a repeat stays as it is.
    pub(super) fn into_repeat(mut self) -> Self {
        self.mti = self.mti.repeat().unwrap_or(self.mti);
        self
    }

    /// Makes a message of another type with some elements of this one.
    pub(super) fn copy_as(&self, mti: Mti, elements: &[De]) -> Self {
        let mut copy = Self::new(mti).on_connection(self.connection);
        for (de, text) in self.elements().filter(|(de, _)| elements.contains(de)) {
            copy.set(de, text);
        }
        copy
    }

    /// Records the text from `start` on as that of an element.
    fn add_span(&mut self, de: De, start: usize) {
        let span = ElementSpan { de, start, end: self.text.len() };
        match self.find(de) {
            Ok(at) => {
                if let Some(known) = self.spans.get_mut(at) {
                    *known = span;
                }
            }
            Err(at) => self.spans.insert(at, span),
        }
    }

    /// Finds an element. Elements are mostly set in order, so the last one is compared first.
    fn find(&self, de: De) -> Result<usize, usize> {
        match self.spans.last() {
            Some(last) if last.de >= de => self.spans.binary_search_by_key(&de, |span| span.de),
            Some(_) | None => Err(self.spans.len()),
        }
    }
}

impl PartialEq for TextMessage {
    fn eq(&self, other: &Self) -> bool {
        self.mti == other.mti && self.elements().eq(other.elements())
    }
}

impl Eq for TextMessage {}

/// The elements that are not personal data. Others are masked in logs and in the state.
pub(super) const NOT_PERSONAL: [De; 18] = [
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

impl fmt::Debug for TextMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mti)?;
        for (de, text) in self.elements() {
            match de {
                De::PAN => write!(f, " 2={}", masking::pan(text, masking::BIN_DIGITS))?,
                De::FROM_ACCOUNT | De::TO_ACCOUNT => {
                    write!(f, " {}={}", de.number(), masking::account(text))?;
                }
                public if NOT_PERSONAL.contains(&public) => write!(f, " {}={text}", de.number())?,
                other => write!(f, " {}=({})", other.number(), text.len())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> TextMessage {
        let mut message = TextMessage::new(Mti::new(200).unwrap());
        message.set(De::TO_ACCOUNT, "9876543210");
        message.set(De::STAN, "000042");
        message.set(De::PAN, "6011123456789018");
        message.set(De::ADDITIONAL_DATA, "SITI RAHAYU");
        message
    }

    #[test]
    fn elements_are_in_order_and_the_last_text_counts() {
        let mut message = message();
        message.set(De::STAN, "000043");
        let numbers: Vec<_> = message.elements().map(|(de, _)| de.number()).collect();
        assert_eq!(numbers, [2, 11, 48, 103]);
        assert_eq!(message.get(De::STAN), Some("000043"));
        assert_eq!(message.get(De::RRN), None);
        let mut same = super::tests::message();
        assert_ne!(same, message);
        same.set_display(De::STAN, crate::values::Stan::new(43).unwrap());
        assert_eq!(same, message);
        assert_eq!(message.into_repeat().mti(), Mti::new(201).unwrap());
    }

    #[test]
    fn personal_data_is_masked() {
        assert_eq!(
            format!("{:?}", message()),
            "0200 2=601112******9018 11=000042 48=(11) 103=******3210"
        );
    }
}
