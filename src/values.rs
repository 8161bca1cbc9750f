//! The values that money movements and messages both speak of.
//!
//! Each is a type of its own, made only from text that is valid for it, so that a STAN can't be taken for an
//! RRN and an amount can't lose its currency. What is personal prints masked, in `Debug` too; the whole
//! value is had by a call named `reveal`.

mod account;
mod amount;
mod backoff;
mod codes;
mod date;
mod form;
mod moment;
mod money;
mod text;
mod time;
pub mod whole;

pub use account::{AccountNumber, Pan};
pub use amount::{Amount, AmountError, Currency, MinorUnits};
pub use backoff::Backoff;
pub use codes::{
    Institution, MerchantType, NetworkCode, ProcessingCode, ResponseCode, Rrn, Stan, Terminal,
    TransferId,
};
pub use date::{Date, Offset};
pub use moment::Moment;
pub use money::{Money, MoneyError};
pub use text::{Name, Reference};
pub use time::{MonthDay, TimeOfDay, Transmission};

/// A value that can be read from the ASCII text of a data element.
pub trait Value: Sized {
    /// What valid text looks like, for the error: "six digits".
    const EXPECTED: &'static str;

    /// Reads the value from the whole text; `None` if the text is not `EXPECTED`.
    fn from_ascii(text: &[u8]) -> Option<Self>;
}

/// Reads digits as a number; `None` on anything else, on no digits and on overflow.
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

/// Up to `N` ASCII characters held in place, without allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Short<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Short<N> {
    /// `None` if the text is empty, longer than `N`, or has a character that `allowed` refuses.
    fn new(text: &[u8], allowed: impl Fn(u8) -> bool) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let length = u8::try_from(text.len()).ok()?;
        (length > 0 && text.iter().all(|byte| byte.is_ascii() && allowed(*byte)))
            .then_some(Self { bytes, length })
    }

    fn as_str(&self) -> &str {
        // The constructor admits ASCII only, so the fallback is never taken.
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}
