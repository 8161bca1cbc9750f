//! Reads the `framing` of a spec.

use super::map::{Faults, Map, scalar};
use super::yaml::{NodeKind, NodeRef};
use crate::iso8583::characters::nibble_of;
use crate::iso8583::framing::{Framing, Header, HeaderByte, Length};

const KEYS: [&str; 6] = ["length", "counts", "header", "trailer", "keep_alive", "max"];
/// The default maximum of the bytes of header, message and trailer of a frame.
const MAX_FRAME: usize = 8192;

pub(super) fn read(source: &NodeRef, faults: &mut Faults) -> Option<Framing> {
    let map = Map::open(source, "framing", &KEYS, faults)?;
    let length = map.require_choice("length", &Length::NAMES, faults);
    let (counts_itself, counts_trailer) = read_counts(&map, faults);
    let header = read_header(&map, faults);
    let trailer = match map.text("trailer", faults) {
        Some(text) => bytes(&map, "trailer", text, faults),
        None => Some(Vec::new()),
    };
    let keep_alive = map.flag("keep_alive", faults).unwrap_or(false);
    let max_frame = map.number("max", faults).unwrap_or(MAX_FRAME);
    let framing = Framing {
        length: length?,
        counts_itself,
        trailer: trailer?,
        counts_trailer,
        header: header?,
        keep_alive,
        max_frame,
    };
    let validated = framing.validated();
    validated
        .map_err(|wrong| wrong.into_iter().for_each(|(key, why)| map.fault(key, why, faults)))
        .ok()
}

fn read_counts(map: &Map<'_>, faults: &mut Faults) -> (bool, bool) {
    let items = map.list("counts", faults).unwrap_or_default();
    let mut counts = (false, false);
    for (nth, item) in items.iter().enumerate() {
        let path = format!("{}[{nth}]", map.at("counts"));
        match scalar(item, &path, faults).map(|scalar| scalar.text.as_str()) {
            Some("itself") => counts.0 = true,
            Some("trailer") => counts.1 = true,
            Some(other) => {
                faults.add(item, path, format!("must be `itself` or `trailer` (got `{other}`)"));
            }
            None => {}
        }
    }
    counts
}

fn read_header(map: &Map<'_>, faults: &mut Faults) -> Option<Header> {
    let Some(source) = map.get("header") else { return Some(Header::None) };
    if matches!(source.node.kind, NodeKind::Scalar(_)) {
        let choices = [("none", false), ("tpdu", true)];
        let tpdu = map.choice("header", &choices, faults)?;
        return Some(if tpdu { Header::Tpdu } else { Header::None });
    }
    let header = Map::open(source, &map.at("header"), &["pattern", "hex"], faults)?;
    match (header.text("pattern", faults), header.text("hex", faults)) {
        (Some(pattern), None) if !pattern.is_empty() => {
            Some(Header::Pattern(pattern.bytes().map(pattern_byte).collect()))
        }
        (None, Some(hex)) if !hex.is_empty() => Some(Header::Pattern(
            bytes(&header, "hex", hex, faults)?.into_iter().map(HeaderByte::Literal).collect(),
        )),
        _ => {
            map.fault("header", "must have either `pattern` or `hex`, not empty", faults);
            None
        }
    }
}

const fn pattern_byte(byte: u8) -> HeaderByte {
    match byte {
        b'#' => HeaderByte::Digit,
        b'?' => HeaderByte::Any,
        literal => HeaderByte::Literal(literal),
    }
}

fn bytes(map: &Map<'_>, key: &str, hex: &str, faults: &mut Faults) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let read = |[high, low]: &[u8; 2]| Some(nibble_of(*high)? << 4 | nibble_of(*low)?);
    let bytes = if rest.is_empty() { pairs.iter().map(read).collect() } else { None };
    if bytes.is_none() {
        map.fault(key, format!("must be hex, two characters per byte (got `{hex}`)"), faults);
    }
    bytes
}
