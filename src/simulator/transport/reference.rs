//! Reads and writes messages with `iso8583_rs`, which shares no code with the adapter's codec.
//!
//! `iso8583_rs` holds one spec per process, the one that the environment's `SPEC_FILE` names, and panics on invalid input. So it
//! runs in a process that does nothing else, and its panics are caught. It reads binary bitmaps only: hexadecimal ones are
//! converted.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use bytes::{BufMut, BytesMut};
use iso8583_rs::iso8583::iso_spec::{self, Spec};
use thiserror::Error;

use super::text_elements::{ReadError, is_text};
use crate::iso8583::{De, Mti};
use crate::simulator::TextMessage;

/// `iso8583_rs` with the spec of this process.
#[derive(Clone, Copy)]
pub struct Reference {
    spec: &'static Spec,
    /// Whether bitmaps are hexadecimal on the wire.
    has_hex_bitmaps: bool,
}

/// `iso8583_rs` refuses the spec, or has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("SPEC_FILE: iso8583_rs cannot load the spec")]
pub struct ReferenceUnavailable;

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reference({})", self.spec.name())
    }
}

thread_local! {
    /// Whether this thread is in `iso8583_rs`, whose panics mean that it refuses the input.
    static IN_REFERENCE: Cell<bool> = const { Cell::new(false) };
}

/// Calls `iso8583_rs`; `None` if it panics. The panic is not printed, since its text may contain a part of a message.
fn catch_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default_hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IN_REFERENCE.get() {
                default_hook(panic);
            }
        }));
    });
    IN_REFERENCE.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work)).ok();
    IN_REFERENCE.set(false);
    result
}

/// Bytes of a message type in characters.
const MTI_LENGTH: usize = 4;

/// The most bitmaps of a message.
const BITMAPS_MAX: usize = 3;

impl Reference {
    /// Loads the spec that `SPEC_FILE` names.
    ///
    /// # Errors
    /// If `SPEC_FILE` is not set, or `iso8583_rs` refuses the spec.
    pub fn new(has_hex_bitmaps: bool) -> Result<Self, ReferenceUnavailable> {
        let spec = catch_panic(|| iso_spec::spec("")).ok_or(ReferenceUnavailable)?;
        Ok(Self { spec, has_hex_bitmaps })
    }

    pub(super) const fn has_hex_bitmaps(&self) -> bool {
        self.has_hex_bitmaps
    }

    pub(super) fn read(&self, bytes: &[u8]) -> Result<TextMessage, ReadError> {
        let refused = || ReadError("iso8583_rs cannot read the message".to_owned());
        let bytes =
            if self.has_hex_bitmaps { with_binary_bitmaps(bytes) } else { Some(bytes.to_vec()) };
        let mut bytes = bytes.ok_or_else(refused)?;
        catch_panic(|| self.parse(&mut bytes)).flatten().ok_or_else(refused)
    }

    fn parse(&self, bytes: &mut Vec<u8>) -> Option<TextMessage> {
        let mti = bytes.first_chunk::<MTI_LENGTH>().copied().and_then(Mti::from_ascii)?;
        let parsed = self.spec.parse(bytes).ok()?;
        let mut message = TextMessage::new(mti);
        for de in (2..=192).filter_map(De::new).filter(|de| is_text(*de)) {
            let number = u32::from(de.number());
            if parsed.bmp.is_on(number) {
                message.set(de, &parsed.bmp_child_value(number).ok()?);
            }
        }
        Some(message)
    }

    pub(super) fn write(&self, message: &TextMessage, into: &mut BytesMut) -> Option<()> {
        let bytes = catch_panic(|| self.assemble(message)).flatten()?;
        let bytes = if self.has_hex_bitmaps { with_hex_bitmaps(&bytes)? } else { bytes };
        into.put_slice(&bytes);
        Some(())
    }

    fn assemble(&self, message: &TextMessage) -> Option<Vec<u8>> {
        let mti = message.mti().to_string();
        let segment = self.spec.get_message_from_header(&mti).ok()?;
        let mut assembled = iso_spec::new_msg(self.spec, segment);
        assembled.set("message_type", &mti).ok()?;
        for (de, text) in message.elements() {
            assembled.set_on(de.number().into(), text).ok()?;
        }
        assembled.assemble().ok()
    }
}

/// Converts the hexadecimal bitmaps of a message to binary ones.
fn with_binary_bitmaps(message: &[u8]) -> Option<Vec<u8>> {
    let read = |hex: &[u8]| u64::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok();
    with_bitmaps(message, 16, read, |bits| bits.to_be_bytes().to_vec())
}

/// Converts the binary bitmaps of a message to hexadecimal ones.
fn with_hex_bitmaps(message: &[u8]) -> Option<Vec<u8>> {
    let read = |bits: &[u8]| bits.first_chunk().copied().map(u64::from_be_bytes);
    with_bitmaps(message, 8, read, |bits| format!("{bits:016X}").into_bytes())
}

/// Converts the bitmaps of a message, each `width` bytes wide.
fn with_bitmaps(
    message: &[u8],
    width: usize,
    read: impl Fn(&[u8]) -> Option<u64>,
    write: impl Fn(u64) -> Vec<u8>,
) -> Option<Vec<u8>> {
    let (mti, mut rest) = message.split_at_checked(MTI_LENGTH)?;
    let mut bytes = mti.to_vec();
    for _ in 0..BITMAPS_MAX {
        let (bitmap, after) = rest.split_at_checked(width)?;
        let bits = read(bitmap)?;
        bytes.extend(write(bits));
        rest = after;
        if bits >> 63 == 0 {
            break;
        }
    }
    bytes.extend(rest);
    Some(bytes)
}
