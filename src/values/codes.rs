//! Trace numbers, codes and identifiers of messages, institutions and transfers.

use std::fmt;

use super::{Short, Value, digits};

/// A system trace audit number (STAN, DE11): 0 to 999999. It wraps, so it does not identify a message alone. We never send 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stan(u32);

impl Stan {
    /// The highest STAN.
    pub const MAX: u32 = 999_999;

    /// Returns `None` above [`Stan::MAX`].
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number <= Self::MAX { Some(Self(number)) } else { None }
    }

    /// Returns the STAN of a counter, 1 to [`Stan::MAX`]: the counter itself, and after the highest STAN 1 again.
    #[must_use]
    pub const fn wrapped(counter: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below a million")]
        match (counter % Self::MAX as u64) as u32 {
            0 => Self(Self::MAX),
            number => Self(number),
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl Value for Stan {
    const EXPECTED: &'static str = "six digits";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        (text.len() == 6)
            .then(|| digits(text))?
            .and_then(|number| Self::new(number.try_into().ok()?))
    }
}

impl fmt::Display for Stan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// Declares a code of ASCII characters with a minimum and maximum length.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $least:literal to $most:literal, $expected:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Short<$most>);

        impl $name {
            /// Returns the characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl Value for $name {
            const EXPECTED: &'static str = $expected;

            fn from_ascii(text: &[u8]) -> Option<Self> {
                (text.len() >= $least).then(|| Short::new(text, $allowed))?.map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

code! {
    /// A retrieval reference number (RRN, DE37): the same in all messages of a transfer.
    Rrn, 12 to 12, "twelve letters, digits or blanks", |byte| byte.is_ascii_alphanumeric() || byte == b' '
}
code! {
    /// A processing code (DE3): the transaction type, and the types of both accounts.
    ProcessingCode, 6 to 6, "six digits", |byte| byte.is_ascii_digit()
}
code! {
    /// A response code (DE39). Its meaning is defined by the network profile.
    ResponseCode, 2 to 2, "two letters or digits", |byte| byte.is_ascii_alphanumeric()
}

impl ProcessingCode {
    /// Returns the code of six digits, modulo 1,000,000.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        const fn digit(number: u32, unit: u32) -> u8 {
            b'0' + (number / unit % 10) as u8
        }
        let bytes = [
            digit(number, 100_000),
            digit(number, 10_000),
            digit(number, 1_000),
            digit(number, 100),
            digit(number, 10),
            digit(number, 1),
        ];
        Self(Short { bytes, length: 6 })
    }
}

impl ResponseCode {
    /// Returns the code of two digits, modulo 100.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        let number = number % 100;
        Self(Short { bytes: [b'0' + number / 10, b'0' + number % 10], length: 2 })
    }
}

code! {
    /// A network management information code (DE70): the function of a 0800. Its meaning is defined by the network profile.
    NetworkCode, 3 to 3, "three digits", |byte| byte.is_ascii_digit()
}

impl NetworkCode {
    /// Returns the code of three digits, modulo 1000.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "remainders of ten")]
    pub const fn from_number(number: u16) -> Self {
        let digits = [number / 100 % 10, number / 10 % 10, number % 10];
        let [a, b, c] = digits;
        Self(Short { bytes: [b'0' + a as u8, b'0' + b as u8, b'0' + c as u8], length: 3 })
    }
}

/// The characters of the RRNs that we issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RrnForm {
    /// Digits and capital letters.
    #[default]
    Alphanumeric,
    /// Digits only, for a network that takes no letters.
    Numeric,
}

impl Rrn {
    /// Returns the RRN of a number in twelve decimal digits; the number is taken modulo 10^12.
    #[must_use]
    pub fn decimal(mut number: u64) -> Self {
        let mut digits = [0; 12];
        for digit in digits.iter_mut().rev() {
            *digit = u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
        Self::base36(digits)
    }

    /// Returns the RRN of twelve digits in base 36; each digit is taken modulo 36.
    #[must_use]
    pub fn base36(digits: [u8; 12]) -> Self {
        let bytes = digits.map(|digit| match digit % 36 {
            low @ 0..=9 => b'0' + low,
            high => b'A' + high - 10,
        });
        Self(Short { bytes, length: 12 })
    }
}

code! {
    /// An institution identification code (DE32, DE33, DE100): 1 to 11 digits.
    Institution, 1 to 11, "1 to 11 digits", |byte| byte.is_ascii_digit()
}

code! {
    /// A merchant type (DE18), which identifies the channel: 6011 is an ATM, 6017 is a mobile app.
    MerchantType, 4 to 4, "four digits", |byte| byte.is_ascii_digit()
}
code! {
    /// A terminal id (DE41).
    Terminal, 1 to 8, "1 to 8 printable characters", |byte| (b' '..=b'~').contains(&byte)
}

/// The id of a transfer: a UUID of version 7, so ids sort by time. A transfer has it from the start.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId(pub u128);

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = |shift: u32, digits: u32| (self.0 >> shift) & ((1 << (4 * digits)) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            group(96, 8),
            group(80, 4),
            group(64, 4),
            group(48, 4),
            group(0, 12)
        )
    }
}

impl fmt::Debug for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransferId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_accepts_its_own_format_only() {
        assert_eq!(Stan::from_ascii(b"000042"), Stan::new(42));
        assert_eq!(Stan::new(42).unwrap().to_string(), "000042");
        assert!(Stan::from_ascii(b"42").is_none() && Stan::new(1_000_000).is_none());
        for (counter, stan) in [(1, 1), (999_999, 999_999), (1_000_000, 1), (0, 999_999)] {
            assert_eq!(Stan::wrapped(counter).number(), stan, "{counter}: never zero");
        }
        assert_eq!(Rrn::decimal(42).as_str(), "000000000042");
        assert_eq!(Rrn::decimal(7_350_000_000_042).as_str(), "350000000042");
        assert_eq!(Rrn::from_ascii(b"632811000042").unwrap().as_str(), "632811000042");
        assert!(Rrn::from_ascii(b"63281100004").is_none());
        assert!(ProcessingCode::from_ascii(b"40100A").is_none());
        assert_eq!(format!("{:?}", ResponseCode::from_ascii(b"00").unwrap()), "ResponseCode(00)");
        assert!(Institution::from_ascii(b"123456789012").is_none());
        assert_eq!(NetworkCode::from_ascii(b"061"), Some(NetworkCode::from_number(61)));
        assert_eq!(ResponseCode::from_ascii(b"07"), Some(ResponseCode::from_number(7)));
        let code = ProcessingCode::from_ascii(b"012345");
        assert_eq!(code, Some(ProcessingCode::from_number(12_345)));
        let id = TransferId(0x0190_a4b5_c6d7_7e8f_8a0b_1c2d_3e4f_5061);
        assert_eq!(id.to_string(), "0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061");
    }
}
