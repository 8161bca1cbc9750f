//! The values that transfers and messages share.
//!
//! Each value is a type of its own, built from valid text only, so that a STAN cannot be used as an RRN and an amount
//! cannot lose its currency. Personal values print masked, `Debug` too; `reveal` returns the full value. Free text refuses
//! track data of cards, which must never be stored.

mod account;
mod alert;
mod amount;
mod backoff;
mod codes;
mod date;
mod direction;
pub mod display;
mod form;
mod iso;
mod keys;
mod link_order;
mod moment;
mod money;
mod personal_text;
mod text;
mod time;
mod token_bucket;
mod track_data;
pub mod unmasked;
mod working_days;

pub use account::{AccountNumber, Pan};
pub use alert::{Alert, AlertEnd};
pub use amount::{Amount, AmountError, Currency, MinorUnits};
pub use backoff::Backoff;
pub use codes::{
    Institution, MerchantType, NetworkCode, ProcessingCode, ResponseCode, Rrn, RrnForm, Stan,
    Terminal, TransferId,
};
pub use date::{Date, Offset};
pub use direction::Direction;
pub use iso::{iso_moment, moment_from_iso};
pub use keys::{IdempotencyKey, KeyReservation, RequestFingerprint, RequestIdentity};
pub use link_order::LinkOrder;
pub use moment::Moment;
pub use money::{Money, MoneyError, MoneyJson};
pub use personal_text::{
    PLACEHOLDER, PersonalText, PersonalTextError, has_places, put_back, write_apart,
};
pub use text::{Name, Reference};
pub use time::{MonthDay, TimeOfDay, Transmission};
pub use token_bucket::TokenBucket;
pub use track_data::has_track_data;
pub use working_days::WorkingDays;

/// A value that can be read from the ASCII text of a data element.
pub trait Value: Sized {
    /// The description of valid text for errors, such as "six digits".
    const EXPECTED: &'static str;

    /// Parses the full text; `None` if the text is not `EXPECTED`.
    fn from_ascii(text: &[u8]) -> Option<Self>;
}

/// Parses digits as a number; `None` for an empty text, for other characters and on overflow.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then_some(())?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Up to `N` ASCII characters, stored inline without allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Short<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Short<N> {
    /// Returns `None` if the text is empty, longer than `N`, or has a character that is not `allowed`.
    fn new(text: &[u8], allowed: impl Fn(u8) -> bool) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let length = u8::try_from(text.len()).ok()?;
        (length > 0 && text.iter().all(|byte| byte.is_ascii() && allowed(*byte)))
            .then_some(Self { bytes, length })
    }

    fn as_str(&self) -> &str {
        // The constructor accepts ASCII only, so the fallback is never used.
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}
