//! How the content of a data element is encoded in bytes.

use super::ebcdic::CodePage;

/// How characters, digits or bits are encoded in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// One ASCII character per byte.
    Ascii,
    /// One EBCDIC character per byte.
    Ebcdic(CodePage),
    /// Two digits per byte.
    Bcd(Pad),
    /// Raw bytes.
    Binary,
    /// Two hex characters for each byte of the value.
    Hex(Option<CodePage>),
}

/// Where and how an odd number of BCD digits is padded to whole bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    Left,
    RightZero,
    RightF,
}
