//! What may be right where decoding went wrong: the other framing, another network.

use bytes::Bytes;

use super::frames::Decoded;
use crate::cli::spec;
use crate::iso8583::Spec;

/// The options by which these bytes decode, in words; `others` if it may be by another spec.
pub(super) fn of(spec: &Spec, bytes: &Bytes, framed: bool, others: bool) -> Option<String> {
    if decodes(spec, bytes, !framed) {
        let with = if framed { "without" } else { "with" };
        return Some(format!("decodes {with} --framed"));
    }
    if !others {
        return None;
    }
    let options = |framed| if framed { " --framed" } else { "" };
    spec::shipped().find_map(|(name, spec)| {
        let framed = [framed, !framed].into_iter().find(|framed| decodes(&spec, bytes, *framed))?;
        Some(format!("decodes with --spec {name}{}", options(framed)))
    })
}

fn decodes(spec: &Spec, bytes: &Bytes, framed: bool) -> bool {
    Decoded::read(spec, bytes, framed).fault.is_none()
}
