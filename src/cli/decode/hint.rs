//! Hints after a failed decode: the other framing, or another network.

use bytes::Bytes;

use super::frames::Decoded;
use crate::cli::spec;
use crate::iso8583::Spec;

/// Returns the options with which the bytes decode. With `others`, the other shipped specs are tried too.
pub(super) fn of(spec: &Spec, bytes: &Bytes, framed: bool, others: bool) -> Option<String> {
    if decodes(spec, bytes, !framed) {
        let with = if framed { "without" } else { "with" };
        return Some(format!("the input is valid {with} --framed"));
    }
    if !others {
        return None;
    }
    let options = |framed| if framed { " --framed" } else { "" };
    spec::shipped().find_map(|(name, spec)| {
        let framed = [framed, !framed].into_iter().find(|framed| decodes(&spec, bytes, *framed))?;
        Some(format!("the input is valid with --spec {name}{}", options(framed)))
    })
}

fn decodes(spec: &Spec, bytes: &Bytes, framed: bool) -> bool {
    Decoded::read(spec, bytes, framed).fault.is_none()
}
