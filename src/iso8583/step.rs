//! The short way through an element: most are plain ASCII, fixed or with two or three digits of length.
//!
//! A step says yes or nothing. What it does not pass goes the long way, by its [`Layout`], which knows all
//! codings and finds what is wrong; so the two can't disagree on what is valid as long as a step passes
//! nothing that the long way refuses, and a test holds that.

#[cfg(test)]
pub(super) mod candidates;

use super::class::swar::{self, Range};
use super::class::{Class, every_word, tiny_word};
use super::layout::{Coding, Indicator, Layout};
use super::subfields::Subfields;

/// What decoding and encoding do at an element. There is no jump by kind in it: an element is told from
/// another by numbers, which costs half of what a mispredicted jump does.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The characters that the element admits, where they are one range.
    range: &'static Range,
    /// The least length, and how much more the most is.
    min: u16,
    span: u16,
    /// Digits of the length indicator: none, two or three.
    width: u8,
    kind: Kind,
    /// The lengths at which a value with subfields may end, as a range of the layout's list; none if it has
    /// no subfields.
    ends_from: u8,
    ends_count: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Characters of one range.
    Text,
    /// Characters of one range, made of subfields.
    Parts,
    /// Letters, digits and blanks, which is more than one range.
    Alphanumeric,
    /// Raw bytes, whose text is hex: they are encoded the long way.
    Bits,
}

static DIGITS: Range = Range::new(b'0', b'9');
static PRINTABLE: Range = Range::new(b' ', b'~');
static NOTHING: Range = Range::NOTHING;

impl Step {
    /// The step of an element that isn't defined or always goes the long way: one character, and no
    /// character will do.
    pub(super) const LONG: Self = Self {
        range: &NOTHING,
        min: 1,
        span: 0,
        width: 0,
        kind: Kind::Text,
        ends_from: 0,
        ends_count: 0,
    };

    /// The step of an element; the lengths at which its subfields end are added to `ends`.
    pub(super) fn of(layout: &Layout, subfields: Option<&Subfields>, ends: &mut Vec<u16>) -> Self {
        Self::short(layout, subfields, ends).unwrap_or(Self::LONG)
    }

    fn short(layout: &Layout, subfields: Option<&Subfields>, ends: &mut Vec<u16>) -> Option<Self> {
        let (range, kind) = match (layout.coding, layout.class) {
            (Coding::Ascii, Class::N) => (&DIGITS, Kind::Text),
            (Coding::Ascii, Class::Ans) => (&PRINTABLE, Kind::Text),
            (Coding::Ascii, Class::An) => (&NOTHING, Kind::Alphanumeric),
            (Coding::Binary, _) => (&NOTHING, Kind::Bits),
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
        let step = Self { range, min, span, width, kind, ends_from: 0, ends_count: 0 };
        match (subfields, kind) {
            (None, _) => Some(step),
            (Some(subfields), Kind::Text) => {
                let lengths = subfields.lengths_alike(layout.class)?;
                let ends_from = u8::try_from(ends.len()).ok()?;
                let ends_count = u8::try_from(lengths.len()).ok()?;
                ends.extend(lengths);
                Some(Self { kind: Kind::Parts, ends_from, ends_count, ..step })
            }
            (Some(_), Kind::Parts | Kind::Alphanumeric | Kind::Bits) => None,
        }
    }

    /// Where the element at `at` ends, if it is valid; else it is to go the long way.
    #[inline(always)]
    pub(super) fn pass(&self, input: &[u8], at: usize, ends: &[u16]) -> Option<usize> {
        let (content_at, length) = if self.width == 0 {
            (at, usize::from(self.min))
        } else if self.width == 2 {
            (at + 2, self.stated(*input.get(at..)?.first_chunk::<2>()?)?)
        } else {
            (at + 3, self.stated(*input.get(at..)?.first_chunk::<3>()?)?)
        };
        let end = content_at + length;
        let text = input.get(content_at..end)?;
        let good = if self.kind == Kind::Text && length <= 16 {
            short_is(text, |word| self.range.refused(word))
        } else {
            self.rare_is(text, ends)
        };
        good.then_some(end)
    }

    /// Whether a value other than a short text of one range is valid.
    #[inline(never)]
    fn rare_is(&self, value: &[u8], ends: &[u16]) -> bool {
        match self.kind {
            Kind::Text => every_word(value, |word| self.range.refused(word)),
            Kind::Parts => {
                self.may_end(value.len(), ends)
                    && every_word(value, |word| self.range.refused(word))
            }
            Kind::Alphanumeric => every_word(value, swar::alphanumeric_or_blank),
            Kind::Bits => true,
        }
    }

    /// Writes the element of a value at `at`; gives where it ends, if the value is valid and there is room.
    /// What was written is else to be written over.
    #[inline(always)]
    pub(super) fn put(
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
            state(length, width, room)?;
        }
        let content = room.get_mut(width..)?;
        let good = if self.kind == Kind::Text && length <= 16 {
            put_short(value, content, |word| self.range.refused(word))
        } else {
            self.put_rare(value, content, ends)
        };
        good.then_some(end)
    }

    /// Writes a value other than a short text of one range, if it is valid.
    #[inline(never)]
    fn put_rare(&self, value: &[u8], to: &mut [u8], ends: &[u16]) -> bool {
        if self.kind == Kind::Alphanumeric && value.len() <= 16 {
            return put_short(value, to, swar::alphanumeric_or_blank);
        }
        to.copy_from_slice(value);
        self.kind != Kind::Bits && self.rare_is(value, ends)
    }

    /// The stated length, if it is digits and within what the spec allows.
    #[inline(always)]
    fn stated<const N: usize>(&self, digits: [u8; N]) -> Option<usize> {
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
fn state(length: usize, width: usize, to: &mut [u8]) -> Option<()> {
    if width == 2 {
        *to.first_chunk_mut::<2>()? = *PAIRS.get(length)?;
    } else {
        let [_, hundreds] = *PAIRS.get(length / 100)?;
        let [tens, ones] = *PAIRS.get(length % 100)?;
        *to.first_chunk_mut::<3>()? = [hundreds, tens, ones];
    }
    Some(())
}

/// Runs a check of eight bytes at a time over a text of at most sixteen. Its head and tail overlap, so that
/// no byte outside is looked at and none is missed.
#[inline(always)]
fn short_is(text: &[u8], refused: impl Fn(u64) -> u64) -> bool {
    if let (Some(head), Some(tail)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        refused(u64::from_le_bytes(*head)) | refused(u64::from_le_bytes(*tail)) == 0
    } else if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        refused(word_of(*head, *tail)) == 0
    } else {
        text.is_empty() || refused(tiny_word(text)) == 0
    }
}

/// Copies a text of at most sixteen bytes to as many bytes and checks it on the way.
#[inline(always)]
fn put_short(text: &[u8], to: &mut [u8], refused: impl Fn(u64) -> u64) -> bool {
    if let (Some(head), Some(tail)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let (head, tail) = (*head, *tail);
        put_ends(head, tail, to);
        refused(u64::from_le_bytes(head)) | refused(u64::from_le_bytes(tail)) == 0
    } else if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let (head, tail) = (*head, *tail);
        put_ends(head, tail, to);
        refused(word_of(head, tail)) == 0
    } else {
        for (byte, place) in text.iter().zip(to) {
            *place = *byte;
        }
        text.is_empty() || refused(tiny_word(text)) == 0
    }
}

#[inline(always)]
fn put_ends<const N: usize>(head: [u8; N], tail: [u8; N], to: &mut [u8]) {
    if let Some(place) = to.first_chunk_mut::<N>() {
        *place = head;
    }
    if let Some(place) = to.last_chunk_mut::<N>() {
        *place = tail;
    }
}

#[inline(always)]
fn word_of(head: [u8; 4], tail: [u8; 4]) -> u64 {
    u64::from(u32::from_le_bytes(head)) | u64::from(u32::from_le_bytes(tail)) << 32
}

/// The numbers of two digits, in ASCII.
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
