//! The key by which a response is matched to its request.

use std::hash::{Hash, Hasher};

use crate::iso8583::{De, Message, Mti};

/// The matching key that a request and its response share: the MTI class, and the wire bytes of some data elements.
/// Stored inline, without allocation.
#[derive(Clone, Copy)]
pub struct MatchingKey {
    class: u8,
    length: u8,
    bytes: [u8; Self::LENGTH_MAX],
}

impl MatchingKey {
    /// The maximum length of a key in bytes. It holds DE11, 12, 13, 32 and 41 twice.
    pub const LENGTH_MAX: usize = 62;

    /// Creates the key of a message of this type, before its first data element.
    #[must_use]
    pub const fn new(mti: Mti) -> Self {
        Self { class: mti.class(), length: 0, bytes: [0; Self::LENGTH_MAX] }
    }

    /// Appends the wire bytes of the next data element; `None` if the key becomes too long.
    #[must_use]
    pub fn push(&mut self, wire: &[u8]) -> Option<()> {
        let start = usize::from(self.length);
        let end = start + wire.len();
        self.bytes.get_mut(start..end)?.copy_from_slice(wire);
        self.length = u8::try_from(end).ok()?;
        Some(())
    }

    /// Returns the key of a message; `None` if a data element is missing, or the elements exceed 62 bytes.
    #[must_use]
    pub fn of(message: &Message<'_>, elements: &[De]) -> Option<Self> {
        let mut key = Self::new(message.mti());
        for de in elements {
            key.push(message.wire(*de)?)?;
        }
        Some(key)
    }

    fn value(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl PartialEq for MatchingKey {
    fn eq(&self, other: &Self) -> bool {
        self.class == other.class && self.value() == other.value()
    }
}

impl Eq for MatchingKey {}

impl Hash for MatchingKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.class);
        state.write(self.value());
    }
}
