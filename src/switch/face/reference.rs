//! Messages by `iso8583_rs`: the other end of the wire that shares no line with the adapter's codec.
//!
//! It holds one spec a process, that of the environment's `SPEC_FILE`, and panics on what is no message; so it is asked
//! behind a guard, in a process that does nothing else. It reads bitmaps of bits alone: hex ones are written over for it.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use bytes::{BufMut, BytesMut};
use iso8583_rs::iso8583::iso_spec::{self, Spec};
use thiserror::Error;

use super::codec::{Unreadable, is_text};
use crate::iso8583::{De, Mti};
use crate::switch::Wire;

/// `iso8583_rs`, with the spec of this process.
#[derive(Clone, Copy)]
pub struct Reference {
    spec: &'static Spec,
    /// Whether bitmaps are hex on the wire.
    hex_bitmaps: bool,
}

/// `iso8583_rs` doesn't take the spec, or was given none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("iso8583_rs takes no spec from SPEC_FILE")]
pub struct NoReference;

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reference({})", self.spec.name())
    }
}

thread_local! {
    /// Whether a panic of this thread is `iso8583_rs`'s way to say no.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What it gives; `None` if it panics. The text of the panic may hold a piece of a message, and is told to nobody.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                usual(panic);
            }
        }));
    });
    GUARDED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(false);
    done
}

/// Bytes of an MTI of characters.
const MTI: usize = 4;

/// Bitmaps at most.
const BITMAPS: usize = 3;

impl Reference {
    /// With the spec that `SPEC_FILE` names.
    ///
    /// # Errors
    /// If there is none, or it doesn't take it.
    pub fn new(hex_bitmaps: bool) -> Result<Self, NoReference> {
        let spec = guarded(|| iso_spec::spec("")).ok_or(NoReference)?;
        Ok(Self { spec, hex_bitmaps })
    }

    pub(super) fn read(&self, message: &[u8]) -> Result<Wire, Unreadable> {
        let refused = || Unreadable("iso8583_rs doesn't read it".to_owned());
        let bytes =
            if self.hex_bitmaps { with_binary_bitmaps(message) } else { Some(message.to_vec()) };
        let mut bytes = bytes.ok_or_else(refused)?;
        guarded(|| self.read_guarded(&mut bytes)).flatten().ok_or_else(refused)
    }

    fn read_guarded(&self, bytes: &mut Vec<u8>) -> Option<Wire> {
        let mti = bytes.first_chunk::<MTI>().copied().and_then(Mti::from_ascii)?;
        let message = self.spec.parse(bytes).ok()?;
        let mut wire = Wire::new(mti);
        for de in (2..=192).filter_map(De::new).filter(|de| is_text(*de)) {
            let number = u32::from(de.number());
            if message.bmp.is_on(number) {
                wire.set(de, &message.bmp_child_value(number).ok()?);
            }
        }
        Some(wire)
    }

    pub(super) fn write(&self, wire: &Wire, into: &mut BytesMut) -> Option<()> {
        let bytes = guarded(|| self.written(wire)).flatten()?;
        let bytes = if self.hex_bitmaps { with_hex_bitmaps(&bytes)? } else { bytes };
        into.put_slice(&bytes);
        Some(())
    }

    fn written(&self, wire: &Wire) -> Option<Vec<u8>> {
        let mti = wire.mti().to_string();
        let segment = self.spec.get_message_from_header(&mti).ok()?;
        let mut message = iso_spec::new_msg(self.spec, segment);
        message.set("message_type", &mti).ok()?;
        for (de, text) in wire.elements() {
            message.set_on(de.number().into(), text).ok()?;
        }
        message.assemble().ok()
    }
}

/// The message with bitmaps of bits in place of its hex ones.
fn with_binary_bitmaps(message: &[u8]) -> Option<Vec<u8>> {
    let (mti, mut rest) = message.split_at_checked(MTI)?;
    let mut bytes = mti.to_vec();
    for _ in 0..BITMAPS {
        let (hex, others) = rest.split_at_checked(16)?;
        let bits = u64::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?;
        bytes.extend(bits.to_be_bytes());
        rest = others;
        if bits >> 63 == 0 {
            break;
        }
    }
    bytes.extend(rest);
    Some(bytes)
}

/// The message with hex bitmaps in place of those of bits.
fn with_hex_bitmaps(message: &[u8]) -> Option<Vec<u8>> {
    let (mti, mut rest) = message.split_at_checked(MTI)?;
    let mut bytes = mti.to_vec();
    for _ in 0..BITMAPS {
        let (bits, others) = rest.split_first_chunk::<8>()?;
        let bits = u64::from_be_bytes(*bits);
        bytes.extend(format!("{bits:016X}").into_bytes());
        rest = others;
        if bits >> 63 == 0 {
            break;
        }
    }
    bytes.extend(rest);
    Some(bytes)
}
