//! Serialization of values for the journal, as their usual text.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Currency, Date, IdempotencyKey, Institution, MerchantType, Moment, MonthDay, ProcessingCode,
    Reference, ResponseCode, Rrn, Stan, Terminal, TransferId, Transmission, Value,
};

/// Implements serialization as text for values that print in full.
macro_rules! as_text {
    ($($value:ty),+) => {$(
        impl Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::from_ascii(text.as_bytes()).ok_or_else(|| {
                    let expected = <Self as Value>::EXPECTED;
                    D::Error::custom(format_args!("{text:?} is not {expected}"))
                })
            }
        }
    )+};
}

as_text!(
    Currency,
    Date,
    IdempotencyKey,
    Institution,
    MerchantType,
    MonthDay,
    ProcessingCode,
    Reference,
    ResponseCode,
    Rrn,
    Stan,
    Terminal,
    TransferId,
    Transmission
);

/// As milliseconds.
impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.millis())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_millis)
    }
}

impl Value for IdempotencyKey {
    const EXPECTED: &'static str = "32 hexadecimal digits";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let digits = text.iter().map(|digit| char::from(*digit).to_digit(16).map(u128::from));
        let number = digits.into_iter().try_fold(0, |number, digit| Some(number << 4 | digit?));
        number.filter(|_| text.len() == 32).map(Self)
    }
}

impl Value for TransferId {
    const EXPECTED: &'static str = "a UUID";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let hyphens = [8, 13, 18, 23];
        let mut number = 0;
        for (byte, at) in text.iter().zip(0..) {
            match (hyphens.contains(&at), byte) {
                (true, b'-') => {}
                (false, digit) => {
                    number = number << 4 | u128::from(char::from(*digit).to_digit(16)?);
                }
                (true, _) => return None,
            }
        }
        (text.len() == 36).then_some(Self(number))
    }
}
