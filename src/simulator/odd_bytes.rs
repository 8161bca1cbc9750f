//! Odd bytes: what makes the encoding of a message differ in one place from what its spec allows.

/// What is odd in the encoding of a message. Real switches send all of these, in requests and in responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddBytes {
    /// One byte of the card acceptor's name (DE43) is not ASCII.
    NotAscii,
    /// The names (DE48) are empty, with a length of `000`.
    EmptyNames,
    /// The bitmap has an element that no spec of the shipped networks defines (DE5). It has no data.
    UndefinedElement,
    /// One byte follows after the last element.
    TrailingByte,
}

/// What DE48 has until it is encoded, in a message whose names become empty.
pub(super) const NAMES: &str = "EMPTY NAMES                   ";

/// The name that DE43 has in messages that have none of their own.
pub(super) const ACCEPTOR: &str = "SIMULATED BANK JAKARTA ID               ";
