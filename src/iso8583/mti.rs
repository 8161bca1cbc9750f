//! The message type indicator.

use std::fmt;

use super::ebcdic::CodePage;

/// A message type indicator: version, class, function and origin, a digit each (ISO 8583:1987, 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mti(u16);

impl Mti {
    /// 0200, financial request.
    pub const FINANCIAL_REQUEST: Self = Self(200);
    /// 0800, network management request.
    pub const NETWORK_REQUEST: Self = Self(800);

    /// Creates an MTI from its four digits as a number, `200` for 0200; `None` above 9999.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number <= 9999 { Some(Self(number)) } else { None }
    }

    /// Parses four ASCII digits.
    #[must_use]
    pub fn from_ascii(text: [u8; 4]) -> Option<Self> {
        let digits = text.map(|byte| u16::from(byte.wrapping_sub(b'0')));
        let [version, class, function, origin] = digits;
        digits.iter().all(|digit| *digit <= 9).then_some(Self(
            version.wrapping_mul(1000).wrapping_add(class * 100 + function * 10 + origin),
        ))
    }

    /// Returns the four digits as a number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Returns the four digits in ASCII.
    #[must_use]
    pub fn to_ascii(self) -> [u8; 4] {
        [self.0 / 1000, self.0 / 100 % 10, self.0 / 10 % 10, self.0 % 10]
            .map(|digit| b'0' + u8::try_from(digit).unwrap_or_default())
    }

    /// Returns the message class: 1 authorization, 2 financial, 4 reversal, 5 reconciliation, 8 network
    /// management.
    #[must_use]
    pub const fn class(self) -> u8 {
        (self.0 / 100 % 10) as u8
    }

    /// Returns whether this is a network management message (class 8).
    #[must_use]
    pub const fn is_management(self) -> bool {
        self.class() == 8
    }

    /// Returns whether this is a request or an advice, which expects a response (function 0 or 2).
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(self.0 / 10 % 10, 0 | 2)
    }

    /// Returns whether this is a repeat (0201, 0421, …).
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        self.0 % 2 == 1
    }

    /// Returns the repeat of a request or advice: 0201 for 0200 and 0201. `None` for other functions.
    #[must_use]
    pub const fn repeat(self) -> Option<Self> {
        if self.is_request() { Some(Self(self.0 | 1)) } else { None }
    }

    /// Returns the response to a request, an advice or a repeat, as sent to the originator: 0210 for 0200 and
    /// 0201, 0212 for 0202 and 0203, 0430 for 0420 and 0421. `None` for other functions.
    #[must_use]
    pub const fn response(self) -> Option<Self> {
        if self.is_request() { Some(Self((self.0 & !1) + 10)) } else { None }
    }

    /// Returns the name of the message type, such as `financial request`.
    #[must_use]
    pub const fn meaning(self) -> Option<&'static str> {
        Some(match self.0 % 1000 {
            100 => "authorization request",
            101 => "authorization request repeat",
            110 => "authorization response",
            120 => "authorization advice",
            121 => "authorization advice repeat",
            130 => "authorization advice response",
            200 => "financial request",
            201 => "financial request repeat",
            210 => "financial response",
            220 => "financial advice",
            221 => "financial advice repeat",
            230 => "financial advice response",
            400 => "reversal request",
            401 => "reversal request repeat",
            410 => "reversal response",
            420 => "reversal advice",
            421 => "reversal advice repeat",
            430 => "reversal advice response",
            500 => "reconciliation request",
            501 => "reconciliation request repeat",
            510 => "reconciliation response",
            520 => "reconciliation advice",
            521 => "reconciliation advice repeat",
            530 => "reconciliation advice response",
            800 => "network management request",
            801 => "network management request repeat",
            810 => "network management response",
            820 => "network management advice",
            _ => return None,
        })
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mti({self})")
    }
}

/// How the MTI is encoded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MtiCoding {
    Ascii,
    Ebcdic(CodePage),
    Bcd,
}

impl MtiCoding {
    /// Returns the number of bytes on the wire.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Ascii | Self::Ebcdic(_) => 4,
            Self::Bcd => 2,
        }
    }

    /// Reads the MTI from the front of a message; `None` if it is not four digits.
    #[inline(always)]
    pub(super) fn read(self, bytes: &[u8]) -> Option<Mti> {
        let ascii = match self {
            Self::Ascii => *bytes.first_chunk::<4>()?,
            Self::Ebcdic(page) => bytes.first_chunk::<4>()?.map(|byte| page.to_ascii(byte)),
            Self::Bcd => {
                let [high, low] = *bytes.first_chunk::<2>()?;
                [high >> 4, high & 0xF, low >> 4, low & 0xF].map(|nibble| b'0' + nibble)
            }
        };
        Mti::from_ascii(ascii)
    }

    /// Writes the MTI into exactly [`width`](Self::width) bytes.
    #[inline(always)]
    pub(super) fn write(self, mti: Mti, bytes: &mut [u8]) {
        let ascii = mti.to_ascii();
        match (self, ascii.map(|digit| digit - b'0')) {
            (Self::Ascii, _) => copy_front(&ascii, bytes),
            (Self::Ebcdic(page), _) => copy_front(&ascii.map(|byte| page.to_ebcdic(byte)), bytes),
            (Self::Bcd, [a, b, c, d]) => copy_front(&[a << 4 | b, c << 4 | d], bytes),
        }
    }
}

#[inline(always)]
fn copy_front<const N: usize>(from: &[u8; N], to: &mut [u8]) {
    if let Some(front) = to.first_chunk_mut::<N>() {
        *front = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mti(number: u16) -> Mti {
        Mti::new(number).unwrap()
    }

    #[test]
    fn repeats_and_responses_are_derived_from_the_original() {
        for (original, repeat, response) in
            [(200, 201, 210), (201, 201, 210), (420, 421, 430), (421, 421, 430), (800, 801, 810)]
        {
            assert_eq!(mti(original).repeat(), Some(mti(repeat)));
            assert_eq!(mti(original).response(), Some(mti(response)));
        }
        assert_eq!(mti(202).response(), Some(mti(212)));
        assert_eq!(mti(203).response(), Some(mti(212)));
        for without_response in [210, 430, 240, 260, 280] {
            assert_eq!(
                (mti(without_response).repeat(), mti(without_response).response()),
                (None, None)
            );
        }
    }

    #[test]
    fn reads_and_writes_four_digits() {
        assert_eq!(Mti::from_ascii(*b"0421"), Some(mti(421)));
        assert_eq!(mti(421).to_ascii(), *b"0421");
        for wrong in [b"04 1", b"04A1", b":200", b"020/"] {
            assert_eq!(Mti::from_ascii(*wrong), None);
        }
    }
}
