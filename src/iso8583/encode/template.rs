//! Messages with a fixed list of data elements.

use bytes::BytesMut;

use super::error::{EncodeError, EncodeReason};
use super::room::ROOM;
use super::slow_path;
use crate::iso8583::de::De;
use crate::iso8583::fast_path::FastPath;
use crate::iso8583::message::MESSAGE_MAX;
use crate::iso8583::mti::Mti;
use crate::iso8583::spec::{MessageLayout, Spec};

/// A message type with a fixed list of data elements, as networks prescribe it. Order, bitmaps and fast paths
/// are computed once, which makes it the fastest way to encode a message.
pub struct Template<'s> {
    layout: &'s MessageLayout,
    /// MTI and bitmaps, as they are on the wire.
    head: Vec<u8>,
    elements: Vec<(De, FastPath)>,
}

impl Spec {
    /// Builds a template of data elements, in ascending order.
    ///
    /// # Errors
    /// If no message layout selects the MTI, or a data element is out of order or undefined.
    pub fn template(&self, mti: Mti, elements: &[De]) -> Result<Template<'_>, EncodeError> {
        let mut head = BytesMut::new();
        let mut encoder = self.encoder(mti, &mut head)?;
        for de in elements {
            encoder.check_order(*de)?;
            encoder.require_layout(*de)?;
            encoder.append(*de, encoder.at)?;
        }
        encoder.finish();
        let unknown = EncodeError::for_message(EncodeReason::UnknownMti(mti));
        let layout = self.layout_of(mti).ok_or(unknown)?;
        let elements = elements.iter().map(|de| (*de, *layout.fast_path(de.number()))).collect();
        Ok(Template { layout, head: head.to_vec(), elements })
    }
}

impl Template<'_> {
    /// Writes a message with these values, one for each data element in order, behind the content of
    /// `buffer`. Values are as in [`Encoder::text`](super::Encoder::text).
    ///
    /// # Errors
    /// If the number of values is wrong, the message is too long, or a value is invalid as for `text`.
    /// `buffer` is then unchanged.
    #[inline]
    pub fn encode<V: AsRef<[u8]>>(
        &self,
        values: &[V],
        buffer: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let (given, expected) = (values.len(), self.elements.len());
        if given != expected {
            return Err(EncodeError::for_message(EncodeReason::ValueCount { given, expected }));
        }
        let start = buffer.len();
        let written = self.write(values, buffer);
        buffer.truncate(*written.as_ref().unwrap_or(&start));
        written.map(|_end| ())
    }

    /// Writes the message. Returns its end. The buffer may be longer.
    #[inline(always)]
    fn write<V: AsRef<[u8]>>(
        &self,
        values: &[V],
        buffer: &mut BytesMut,
    ) -> Result<usize, EncodeError> {
        let start = buffer.len();
        let mut at = start + self.head.len();
        buffer.resize(at + ROOM, 0);
        if let Some(head) = buffer.get_mut(start..at) {
            head.copy_from_slice(&self.head);
        }
        let mut pairs = self.elements.iter().zip(values);
        while let Some((de, value)) = self.write_fast(&mut pairs, buffer, &mut at) {
            at = slow_path::write(self.layout, de, value.as_ref(), buffer, at)?;
        }
        if at - start > MESSAGE_MAX {
            return Err(EncodeError::for_message(EncodeReason::TooLarge));
        }
        Ok(at)
    }

    /// Writes values until one needs the slow path, and returns that one.
    #[inline(always)]
    fn write_fast<'v, V: AsRef<[u8]>>(
        &self,
        pairs: &mut impl Iterator<Item = (&'v (De, FastPath), &'v V)>,
        to: &mut [u8],
        at: &mut usize,
    ) -> Option<(De, &'v V)> {
        let lengths = self.layout.ends.as_slice();
        for ((de, fast_path), value) in pairs {
            match fast_path.write(value.as_ref(), to, *at, lengths) {
                Some(end) => *at = end,
                None => return Some((*de, value)),
            }
        }
        None
    }
}
