//! Personal data of the record: names, account numbers and card numbers stand encrypted beside the rows.
//!
//! ```text
//! record key ─┬─► look-up hashes and request fingerprints (HMAC-SHA-256)
//!             └─► wraps a random key of each month ─► seals the personal data of the month's rows (AES-256-GCM-SIV)
//! ```
//!
//! A sealed value is a random salt and the ciphertext. It is bound to its [`Place`] and its month, so that it opens nowhere
//! else. The chain covers its [`digest`]. So the chain proves that a sealed value is the one that was written, without any
//! key, and the digest of a value that is destroyed tells nothing about it.

mod error;
mod key;
mod month;
mod month_keys;
mod seal;
mod sealing_key;

pub use error::PersonalError;
pub use key::RecordKey;
pub use month::Month;
pub use month_keys::{MonthKey, MonthKeys};
pub use seal::{Place, digest};
pub use sealing_key::SealingKey;
