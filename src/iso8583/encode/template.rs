//! A message with a fixed list of data elements.

use bytes::BytesMut;

use super::{EncodeError, EncodeReason, ROOM, long};
use crate::iso8583::de::De;
use crate::iso8583::message::MESSAGE_MAX;
use crate::iso8583::mti::Mti;
use crate::iso8583::spec::{MessageLayout, Spec};
use crate::iso8583::step::Step;

/// A message type with the list of its data elements, as networks prescribe them. What the list fixes is
/// worked out once: the order, the bitmaps, the way of each element. So it is the fastest way to a message.
pub struct Template<'s> {
    layout: &'s MessageLayout,
    /// MTI and bitmaps, as they lie on the wire.
    head: Vec<u8>,
    elements: Vec<(De, Step)>,
}

impl Spec {
    /// A template of the data elements, in ascending order.
    ///
    /// # Errors
    /// If no message layout selects the MTI, or a data element is out of order or not defined.
    pub fn template(&self, mti: Mti, elements: &[De]) -> Result<Template<'_>, EncodeError> {
        let mut head = BytesMut::new();
        let mut encoder = self.encoder(mti, &mut head)?;
        for de in elements {
            encoder.enter(*de)?;
            encoder.defined(*de)?;
            encoder.leave(*de, encoder.at)?;
        }
        encoder.finish();
        let unknown = EncodeError::whole(EncodeReason::UnknownMti(mti));
        let layout = self.layout_of(mti).ok_or(unknown)?;
        let elements = elements.iter().map(|de| (*de, *layout.step(de.number()))).collect();
        Ok(Template { layout, head: head.to_vec(), elements })
    }
}

impl Template<'_> {
    /// Writes the message of these values, one for each data element in order, behind what `buffer` holds.
    /// Values are taken as [`Encoder::text`](super::Encoder::text) takes them.
    ///
    /// # Errors
    /// If there are more or fewer values than data elements, the message gets too long, or as `text`; `buffer` is then as before.
    #[inline]
    pub fn encode<V: AsRef<[u8]>>(
        &self,
        values: &[V],
        buffer: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let (given, taken) = (values.len(), self.elements.len());
        if given != taken {
            return Err(EncodeError::whole(EncodeReason::ValueCount { given, taken }));
        }
        let start = buffer.len();
        let written = self.write(values, buffer);
        buffer.truncate(*written.as_ref().unwrap_or(&start));
        written.map(|_end| ())
    }

    /// Writes the message; gives where it ends. The buffer may be longer.
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
        while let Some((de, value)) = self.write_short(&mut pairs, buffer, &mut at) {
            at = long::write(self.layout, de, value.as_ref(), buffer, at)?;
        }
        if at - start > MESSAGE_MAX {
            return Err(EncodeError::whole(EncodeReason::TooLarge));
        }
        Ok(at)
    }

    /// Writes values as long as each needs nothing but its step; gives the first that needs more.
    #[inline(always)]
    fn write_short<'v, V: AsRef<[u8]>>(
        &self,
        pairs: &mut impl Iterator<Item = (&'v (De, Step), &'v V)>,
        to: &mut [u8],
        at: &mut usize,
    ) -> Option<(De, &'v V)> {
        let lengths = self.layout.ends.as_slice();
        for ((de, step), value) in pairs {
            match step.put(value.as_ref(), to, *at, lengths) {
                Some(end) => *at = end,
                None => return Some((*de, value)),
            }
        }
        None
    }
}
