//! The fast path for data elements: most are plain ASCII, fixed or with a length indicator of two or three
//! digits.
//!
//! The fast path only accepts. What it does not accept goes to the slow path, which uses the [`Layout`],
//! supports all codings and finds the error. So both agree as long as the fast path accepts nothing that the
//! slow path rejects. A test enforces that.

#[cfg(test)]
pub(super) mod candidates;

use super::class::swar::{self, Range};
use super::class::{Class, every_word, tiny_word};
use super::coding::Coding;
use super::layout::{Indicator, Layout};
use super::subfields::Subfields;

/// The precomputed checks of an element, for decoding and encoding. Elements differ by numbers instead of by
/// a jump per kind, because that costs half of a mispredicted jump.
#[derive(Clone, Copy)]
pub(super) struct FastPath {
    /// The characters that the element accepts, if they are one range.
    range: &'static Range,
    /// The minimum length, and the difference between maximum and minimum.
    min: u16,
    span: u16,
    /// Digits of the length indicator: 0, 2 or 3.
    width: u8,
    kind: ContentKind,
    /// The valid lengths of a value with subfields, as a range of the list of the message layout. Empty
    /// without subfields.
    ends_from: u8,
    ends_count: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ContentKind {
    /// Characters of one range.
    Text,
    /// Characters of one range that consist of subfields.
    TextWithSubfields,
    /// Letters, digits and spaces, which is more than one range.
    Alphanumeric,
    /// Raw bytes. They are encoded on the slow path, because their text is hex.
    Bits,
}

static DIGITS: Range = Range::new(b'0', b'9');
static PRINTABLE: Range = Range::new(b' ', b'~');
static NOTHING: Range = Range::NOTHING;

impl FastPath {
    /// For an element that is undefined or always needs the slow path. It requires one character and accepts
    /// none.
    pub(super) const NONE: Self = Self {
        range: &NOTHING,
        min: 1,
        span: 0,
        width: 0,
        kind: ContentKind::Text,
        ends_from: 0,
        ends_count: 0,
    };

    /// Builds the fast path of an element. The valid lengths of its subfields are appended to `ends`.
    pub(super) fn new(layout: &Layout, subfields: Option<&Subfields>, ends: &mut Vec<u16>) -> Self {
        Self::try_new(layout, subfields, ends).unwrap_or(Self::NONE)
    }

    fn try_new(
        layout: &Layout,
        subfields: Option<&Subfields>,
        ends: &mut Vec<u16>,
    ) -> Option<Self> {
        let (range, kind) = match (layout.coding, layout.class) {
            (Coding::Ascii, Class::N) => (&DIGITS, ContentKind::Text),
            (Coding::Ascii, Class::Ans) => (&PRINTABLE, ContentKind::Text),
            (Coding::Ascii, Class::An) => (&NOTHING, ContentKind::Alphanumeric),
            (Coding::Binary, _) => (&NOTHING, ContentKind::Bits),
            _ => return None,
        };
        let width = match layout.indicator {
            Indicator::Fixed => 0,
            Indicator::Ascii(width @ (2 | 3)) => width,
            Indicator::Ascii(_)
            | Indicator::Ebcdic(_)
            | Indicator::Bcd(_)
            | Indicator::Binary(_) => return None,
        };
        let (min, span) = (layout.min, layout.max - layout.min);
        let fast_path = Self { range, min, span, width, kind, ends_from: 0, ends_count: 0 };
        match (subfields, kind) {
            (None, _) => Some(fast_path),
            (Some(subfields), ContentKind::Text) => {
                let lengths = subfields.lengths_if_uniform(layout.class)?;
                let ends_from = u8::try_from(ends.len()).ok()?;
                let ends_count = u8::try_from(lengths.len()).ok()?;
                ends.extend(lengths);
                Some(Self {
                    kind: ContentKind::TextWithSubfields,
                    ends_from,
                    ends_count,
                    ..fast_path
                })
            }
            (
                Some(_),
                ContentKind::TextWithSubfields | ContentKind::Alphanumeric | ContentKind::Bits,
            ) => None,
        }
    }

    /// Returns the end of the element at `at` if it is valid; `None` sends it to the slow path.
    #[inline(always)]
    pub(super) fn end_if_valid(&self, input: &[u8], at: usize, ends: &[u16]) -> Option<usize> {
        let (content_at, length) = if self.width == 0 {
            (at, usize::from(self.min))
        } else if self.width == 2 {
            (at + 2, self.indicated_length(*input.get(at..)?.first_chunk::<2>()?)?)
        } else {
            (at + 3, self.indicated_length(*input.get(at..)?.first_chunk::<3>()?)?)
        };
        let end = content_at + length;
        let text = input.get(content_at..end)?;
        let good = if self.kind == ContentKind::Text && length <= 16 {
            is_valid_short(text, |word| self.range.refused(word))
        } else {
            self.is_valid_uncommon(text, ends)
        };
        good.then_some(end)
    }

    /// Returns whether a value is valid that is not a short text of one range.
    #[inline(never)]
    fn is_valid_uncommon(&self, value: &[u8], ends: &[u16]) -> bool {
        match self.kind {
            ContentKind::Text => every_word(value, |word| self.range.refused(word)),
            ContentKind::TextWithSubfields => {
                self.may_end(value.len(), ends)
                    && every_word(value, |word| self.range.refused(word))
            }
            ContentKind::Alphanumeric => every_word(value, swar::alphanumeric_or_space),
            ContentKind::Bits => true,
        }
    }

    /// Writes the element at `at`. Returns its end if the value is valid and there is room. Otherwise the
    /// caller overwrites the bytes.
    #[inline(always)]
    pub(super) fn write(
        &self,
        value: &[u8],
        to: &mut [u8],
        at: usize,
        ends: &[u16],
    ) -> Option<usize> {
        let length = value.len();
        if length.wrapping_sub(usize::from(self.min)) > usize::from(self.span) {
            return None;
        }
        let width = usize::from(self.width);
        let end = at + width + length;
        let room = to.get_mut(at..end)?;
        if width != 0 {
            write_length(length, width, room)?;
        }
        let content = room.get_mut(width..)?;
        let good = if self.kind == ContentKind::Text && length <= 16 {
            write_short(value, content, |word| self.range.refused(word))
        } else {
            self.write_uncommon(value, content, ends)
        };
        good.then_some(end)
    }

    /// Writes a value that is not a short text of one range, if it is valid.
    #[inline(never)]
    fn write_uncommon(&self, value: &[u8], to: &mut [u8], ends: &[u16]) -> bool {
        if self.kind == ContentKind::Alphanumeric && value.len() <= 16 {
            return write_short(value, to, swar::alphanumeric_or_space);
        }
        to.copy_from_slice(value);
        self.kind != ContentKind::Bits && self.is_valid_uncommon(value, ends)
    }

    /// Returns the indicated length if it is a number within the limits of the spec.
    #[inline(always)]
    fn indicated_length<const N: usize>(&self, digits: [u8; N]) -> Option<usize> {
        let mut length = 0;
        let mut highest = 0;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            highest = if digit > highest { digit } else { highest };
            length = length * 10 + u16::from(digit);
        }
        (highest <= 9 && length.wrapping_sub(self.min) <= self.span).then_some(usize::from(length))
    }

    fn may_end(&self, length: usize, ends: &[u16]) -> bool {
        let (from, count) = (usize::from(self.ends_from), usize::from(self.ends_count));
        let own = ends.get(from..from + count).unwrap_or_default();
        own.iter().any(|end| usize::from(*end) == length)
    }
}

/// Writes the digits of a length to the front of `to`.
#[inline(always)]
fn write_length(length: usize, width: usize, to: &mut [u8]) -> Option<()> {
    if width == 2 {
        *to.first_chunk_mut::<2>()? = *PAIRS.get(length)?;
    } else {
        let [_, hundreds] = *PAIRS.get(length / 100)?;
        let [tens, ones] = *PAIRS.get(length % 100)?;
        *to.first_chunk_mut::<3>()? = [hundreds, tens, ones];
    }
    Some(())
}

/// Checks a text of at most sixteen bytes, eight bytes at a time. Head and tail overlap, so every byte of the
/// text is checked and no byte outside.
#[inline(always)]
fn is_valid_short(text: &[u8], refused: impl Fn(u64) -> u64) -> bool {
    if let (Some(head), Some(tail)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        refused(u64::from_le_bytes(*head)) | refused(u64::from_le_bytes(*tail)) == 0
    } else if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        refused(word_of(*head, *tail)) == 0
    } else {
        text.is_empty() || refused(tiny_word(text)) == 0
    }
}

/// Copies a text of at most sixteen bytes and checks it on the way.
#[inline(always)]
fn write_short(text: &[u8], to: &mut [u8], refused: impl Fn(u64) -> u64) -> bool {
    if let (Some(head), Some(tail)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let (head, tail) = (*head, *tail);
        write_head_and_tail(head, tail, to);
        refused(u64::from_le_bytes(head)) | refused(u64::from_le_bytes(tail)) == 0
    } else if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let (head, tail) = (*head, *tail);
        write_head_and_tail(head, tail, to);
        refused(word_of(head, tail)) == 0
    } else {
        for (byte, position) in text.iter().zip(to) {
            *position = *byte;
        }
        text.is_empty() || refused(tiny_word(text)) == 0
    }
}

#[inline(always)]
fn write_head_and_tail<const N: usize>(head: [u8; N], tail: [u8; N], to: &mut [u8]) {
    if let Some(position) = to.first_chunk_mut::<N>() {
        *position = head;
    }
    if let Some(position) = to.last_chunk_mut::<N>() {
        *position = tail;
    }
}

#[inline(always)]
fn word_of(head: [u8; 4], tail: [u8; 4]) -> u64 {
    u64::from(u32::from_le_bytes(head)) | u64::from(u32::from_le_bytes(tail)) << 32
}

/// The numbers 00 to 99 in ASCII.
static PAIRS: [[u8; 2]; 100] = pairs();

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[b'0'; 2]; 100];
    let mut rest: &mut [[u8; 2]] = &mut pairs;
    let mut number = 0;
    while let [pair, others @ ..] = rest {
        *pair = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
        rest = others;
    }
    pairs
}
