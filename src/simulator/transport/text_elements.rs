//! What both codecs read: the elements that are text.

use thiserror::Error;

use crate::iso8583::De;

/// The reason why a message cannot be read. Values in it are masked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ReadError(pub(super) String);

/// Binary elements: PIN blocks, keys and MACs. The model does not use them.
const BINARY: [De; 4] = [De::PIN_DATA, De::MAC, De::MESSAGE_SECURITY, De::MAC_2];

/// Whether an element is text, and so a part of a `TextMessage`.
pub(super) fn is_text(de: De) -> bool {
    !BINARY.contains(&de)
}
