//! Reads a data element of a spec.

use std::sync::Arc;

use super::map::{Faults, Map};
use super::yaml::NodeRef;
use super::{Attributes, Element, presentation, subfields};
use crate::iso8583::class::Class;
use crate::iso8583::coding::{Coding, Pad};
use crate::iso8583::de::De;
use crate::iso8583::ebcdic::CodePage;
use crate::iso8583::layout::{Indicator, Layout};

const KEYS: [&str; 19] = [
    "name",
    "id",
    "position",
    "type",
    "len",
    "len_encoding",
    "data_encoding",
    "class",
    "min",
    "max",
    "digits",
    "length_in",
    "pad",
    "code_page",
    "title",
    "sensitive",
    "format",
    "meanings",
    "subfields",
];

/// A data element of a spec. A part that has a fault is `None`.
pub(super) struct ParsedElement {
    pub(super) de: Option<De>,
    pub(super) name: Option<Arc<str>>,
    pub(super) layout: Option<Layout>,
    pub(super) element: Option<Element>,
}

pub(super) fn read(source: &NodeRef, path: &str, faults: &mut Faults) -> Option<ParsedElement> {
    let map = Map::open_named(source, path, &KEYS, faults)?;
    let name = map.require_word("name", faults).map(Arc::from);
    map.require_id(faults);
    let de = read_position(&map, faults);
    let layout = read_layout(&map, faults);
    let attributes =
        layout.map(|it| Attributes { class: it.class, min: it.min.into(), max: it.max.into() });
    let title = map.text("title", faults).map(str::to_owned);
    let presentation = presentation::read(&map, attributes, faults);
    let subfields = map.get("subfields").map(|source| {
        let within = attributes.filter(|attributes| attributes.class != Class::B);
        if attributes.is_some() && within.is_none() {
            map.fault("subfields", "class b can't have subfields", faults);
        }
        subfields::read(source, &map.at("subfields"), within, presentation.sensitive, faults)
    });
    let element = match (&name, subfields) {
        (Some(name), None) => {
            Some(Element { name: Arc::clone(name), title, subfields: None, presentation })
        }
        (Some(name), Some(Some(subfields))) => Some(Element {
            name: Arc::clone(name),
            title,
            subfields: Some(subfields),
            presentation,
        }),
        (None, _) | (Some(_), Some(None)) => None,
    };
    Some(ParsedElement { de, name, layout, element })
}

fn read_position(map: &Map<'_>, faults: &mut Faults) -> Option<De> {
    let number = map.require_number("position", faults)?;
    let de = u8::try_from(number).ok().and_then(De::new);
    if de.is_none() {
        map.fault("position", format!("must be 2 to 192, but not 65 (got {number})"), faults);
    }
    de
}

/// Reads the code page. The key is a fault in other encodings.
pub(super) fn code_page(map: &Map<'_>, ebcdic: bool, faults: &mut Faults) -> CodePage {
    let pages = [("037", CodePage::Ibm037), ("1047", CodePage::Ibm1047)];
    let page = map.choice("code_page", &pages, faults);
    refuse_unless(ebcdic, map, "code_page", faults);
    page.unwrap_or(CodePage::Ibm037)
}

fn refuse_unless(applies: bool, map: &Map<'_>, key: &str, faults: &mut Faults) {
    if !applies && map.get(key).is_some() {
        map.fault(key, "does not apply to this data_encoding", faults);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Ascii,
    Ebcdic,
    Bcd,
    Binary,
}

const ENCODINGS: [(&str, Encoding); 4] = [
    ("ASCII", Encoding::Ascii),
    ("EBCDIC", Encoding::Ebcdic),
    ("BCD", Encoding::Bcd),
    ("BINARY", Encoding::Binary),
];

fn read_layout(map: &Map<'_>, faults: &mut Faults) -> Option<Layout> {
    let class = map.require_choice("class", &Class::NAMES, faults);
    let coding = read_coding(map, class, faults);
    let fixed = map.require_choice("type", &[("Fixed", true), ("Variable", false)], faults);
    let length = LengthKeys::read(map, faults);
    let in_bytes = map.choice("length_in", &[("digits", false), ("bytes", true)], faults);
    let length =
        if fixed? { length.fixed(map, coding, faults) } else { length.variable(map, faults) };
    let (indicator, min, max) = length?;
    let counts_bytes = indicator != Indicator::Fixed && in_bytes.unwrap_or(false);
    let (class, coding) = (class?, coding?);
    let layout = Layout { coding, class, indicator, counts_bytes, min, max };
    let validated = layout.validated();
    validated
        .map_err(|wrong| wrong.into_iter().for_each(|(key, why)| map.fault(key, why, faults)))
        .ok()
}

fn read_coding(map: &Map<'_>, class: Option<Class>, faults: &mut Faults) -> Option<Coding> {
    let encoding = map.require_choice("data_encoding", &ENCODINGS, faults);
    let is = |other| encoding.is_none_or(|encoding| encoding == other);
    let page = code_page(map, is(Encoding::Ebcdic), faults);
    let pads = [("left", Pad::Left), ("right-0", Pad::RightZero), ("right-F", Pad::RightF)];
    let pad = map.choice("pad", &pads, faults).unwrap_or(Pad::Left);
    for key in ["pad", "digits", "length_in"] {
        refuse_unless(is(Encoding::Bcd), map, key, faults);
    }
    match (class?, encoding?) {
        (Class::B, Encoding::Binary) => Some(Coding::Binary),
        (Class::B, Encoding::Ascii) => Some(Coding::Hex(None)),
        (Class::B, Encoding::Ebcdic) => Some(Coding::Hex(Some(page))),
        (Class::N | Class::Z, Encoding::Bcd) => Some(Coding::Bcd(pad)),
        (class, Encoding::Binary | Encoding::Bcd) => {
            map.fault("data_encoding", format!("can't encode class {class}"), faults);
            None
        }
        (_, Encoding::Ascii) => Some(Coding::Ascii),
        (_, Encoding::Ebcdic) => Some(Coding::Ebcdic(page)),
    }
}

/// The keys of the length of a value, for both types.
struct LengthKeys {
    len: Option<usize>,
    len_encoding: Option<Encoding>,
    min: Option<usize>,
    max: Option<usize>,
    digits: Option<usize>,
}

impl LengthKeys {
    fn read(map: &Map<'_>, faults: &mut Faults) -> Self {
        Self {
            len: map.require_number("len", faults),
            len_encoding: map.choice("len_encoding", &ENCODINGS, faults),
            min: map.number("min", faults),
            max: map.number("max", faults),
            digits: map.number("digits", faults),
        }
    }

    /// Returns the digits, characters or (class `b`) bytes of a fixed element with `len` bytes on the wire.
    fn fixed(
        self,
        map: &Map<'_>,
        coding: Option<Coding>,
        faults: &mut Faults,
    ) -> Option<(Indicator, u16, u16)> {
        for key in ["min", "max", "len_encoding", "length_in"] {
            if map.get(key).is_some() {
                map.fault(key, "does not apply to type Fixed", faults);
            }
        }
        let len = self.len?;
        let length = match coding? {
            Coding::Ascii | Coding::Ebcdic(_) | Coding::Binary => len,
            Coding::Hex(_) => {
                if !len.is_multiple_of(2) {
                    let reason = "must be even: hex has two characters per byte";
                    map.fault("len", reason, faults);
                }
                len / 2
            }
            Coding::Bcd(_) => self.digits_in(len, map, faults),
        };
        let length = u16::try_from(length);
        if length.is_err() {
            map.fault("len", "exceeds 65535 digits", faults);
        }
        length.ok().map(|length| (Indicator::Fixed, length, length))
    }

    fn digits_in(&self, len: usize, map: &Map<'_>, faults: &mut Faults) -> usize {
        let most = len * 2;
        let digits = self.digits.unwrap_or(most);
        if len > 0 && digits.div_ceil(2) != len {
            let reason = format!("must be {} or {most} for {len} bytes (got {digits})", most - 1);
            map.fault("digits", reason, faults);
        }
        digits
    }

    fn variable(self, map: &Map<'_>, faults: &mut Faults) -> Option<(Indicator, u16, u16)> {
        if map.get("digits").is_some() {
            map.fault("digits", "does not apply to type Variable: use `max`", faults);
        }
        map.require("len_encoding", faults);
        map.require("max", faults);
        let (len, encoding) = (self.len?, self.len_encoding?);
        let most = match encoding {
            Encoding::Ascii | Encoding::Ebcdic => 4,
            Encoding::Bcd | Encoding::Binary => 2,
        };
        let width = u8::try_from(len).ok().filter(|width| (1..=most).contains(width));
        if width.is_none() {
            let reason = format!(
                "must be 1 to {most} bytes for a length indicator in this encoding (got {len})"
            );
            map.fault("len", reason, faults);
        }
        let indicator = match encoding {
            Encoding::Ascii => Indicator::Ascii,
            Encoding::Ebcdic => Indicator::Ebcdic,
            Encoding::Bcd => Indicator::Bcd,
            Encoding::Binary => Indicator::Binary,
        };
        // Neither exceeds 65535, because no number of a spec does.
        let (min, max) = (self.min.unwrap_or(0).try_into().ok()?, self.max?.try_into().ok()?);
        Some((indicator(width?), min, max))
    }
}
