//! Reads a data element of a spec.

use std::sync::Arc;

use super::map::{Faults, Map};
use super::yaml::Place;
use super::{Element, Form, shown, subfields};
use crate::iso8583::class::Class;
use crate::iso8583::de::De;
use crate::iso8583::ebcdic::CodePage;
use crate::iso8583::layout::{Coding, Indicator, Layout, Pad};

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

/// A data element as it stands in the spec. What has a fault is missing.
pub(super) struct Read {
    pub(super) de: Option<De>,
    pub(super) name: Option<Arc<str>>,
    pub(super) layout: Option<Layout>,
    pub(super) element: Option<Element>,
}

pub(super) fn read(place: &Place, path: &str, faults: &mut Faults) -> Option<Read> {
    let map = Map::open_named(place, path, &KEYS, faults)?;
    let name = map.require_word("name", faults).map(Arc::from);
    map.require_id(faults);
    let de = read_position(&map, faults);
    let layout = read_layout(&map, faults);
    let form = layout.map(|it| Form { class: it.class, min: it.min.into(), max: it.max.into() });
    let title = map.text("title", faults).map(str::to_owned);
    let shown = shown::read(&map, form, faults);
    let made = map.get("subfields").map(|place| {
        let within = form.filter(|form| form.class != Class::B);
        if form.is_some() && within.is_none() {
            map.fault("subfields", "bits have none", faults);
        }
        subfields::read(place, &map.at("subfields"), within, shown.sensitive, faults)
    });
    let element = match (&name, made) {
        (Some(name), None) => {
            Some(Element { name: Arc::clone(name), title, subfields: None, shown })
        }
        (Some(name), Some(Some(made))) => {
            Some(Element { name: Arc::clone(name), title, subfields: Some(made), shown })
        }
        (None, _) | (Some(_), Some(None)) => None,
    };
    Some(Read { de, name, layout, element })
}

fn read_position(map: &Map<'_>, faults: &mut Faults) -> Option<De> {
    let number = map.require_number("position", faults)?;
    let de = u8::try_from(number).ok().and_then(De::new);
    if de.is_none() {
        map.fault("position", format!("takes 2 to 192 without 65, has {number}"), faults);
    }
    de
}

/// The code page of what is coded in EBCDIC; elsewhere the key has no meaning.
pub(super) fn code_page(map: &Map<'_>, ebcdic: bool, faults: &mut Faults) -> CodePage {
    let pages = [("037", CodePage::Ibm037), ("1047", CodePage::Ibm1047)];
    let page = map.choice("code_page", &pages, faults);
    refuse_unless(ebcdic, map, "code_page", faults);
    page.unwrap_or(CodePage::Ibm037)
}

fn refuse_unless(meant: bool, map: &Map<'_>, key: &str, faults: &mut Faults) {
    if !meant && map.get(key).is_some() {
        map.fault(key, "has no meaning in this data_encoding", faults);
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
    let extent = Extent::read(map, faults);
    let in_bytes = map.choice("length_in", &[("digits", false), ("bytes", true)], faults);
    let extent =
        if fixed? { extent.fixed(map, coding, faults) } else { extent.variable(map, faults) };
    let (indicator, min, max) = extent?;
    let counts_bytes = indicator != Indicator::Fixed && in_bytes.unwrap_or(false);
    let (class, coding) = (class?, coding?);
    let layout = Layout { coding, class, indicator, counts_bytes, min, max };
    let checked = layout.checked();
    checked
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
            map.fault("data_encoding", format!("can't carry class {class}"), faults);
            None
        }
        (_, Encoding::Ascii) => Some(Coding::Ascii),
        (_, Encoding::Ebcdic) => Some(Coding::Ebcdic(page)),
    }
}

/// The keys that say how long a value is, whatever the type.
struct Extent {
    len: Option<usize>,
    len_encoding: Option<Encoding>,
    min: Option<usize>,
    max: Option<usize>,
    digits: Option<usize>,
}

impl Extent {
    fn read(map: &Map<'_>, faults: &mut Faults) -> Self {
        Self {
            len: map.require_number("len", faults),
            len_encoding: map.choice("len_encoding", &ENCODINGS, faults),
            min: map.number("min", faults),
            max: map.number("max", faults),
            digits: map.number("digits", faults),
        }
    }

    /// Digits, characters or (class `b`) bytes of a fixed element of `len` bytes on the wire.
    fn fixed(
        self,
        map: &Map<'_>,
        coding: Option<Coding>,
        faults: &mut Faults,
    ) -> Option<(Indicator, u16, u16)> {
        for key in ["min", "max", "len_encoding", "length_in"] {
            if map.get(key).is_some() {
                map.fault(key, "has no meaning for a Fixed one", faults);
            }
        }
        let len = self.len?;
        let length = match coding? {
            Coding::Ascii | Coding::Ebcdic(_) | Coding::Binary => len,
            Coding::Hex(_) => {
                if !len.is_multiple_of(2) {
                    let reason = "bits in hex take two characters a byte: an even number";
                    map.fault("len", reason, faults);
                }
                len / 2
            }
            Coding::Bcd(_) => self.digits_in(len, map, faults),
        };
        let length = u16::try_from(length);
        if length.is_err() {
            map.fault("len", "holds more than 65535 digits", faults);
        }
        length.ok().map(|length| (Indicator::Fixed, length, length))
    }

    fn digits_in(&self, len: usize, map: &Map<'_>, faults: &mut Faults) -> usize {
        let most = len * 2;
        let digits = self.digits.unwrap_or(most);
        if len > 0 && digits.div_ceil(2) != len {
            let reason = format!("{len} bytes hold {} or {most} digits", most - 1);
            map.fault("digits", reason, faults);
        }
        digits
    }

    fn variable(self, map: &Map<'_>, faults: &mut Faults) -> Option<(Indicator, u16, u16)> {
        if map.get("digits").is_some() {
            map.fault("digits", "has no meaning for a Variable one; it takes `max`", faults);
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
            let reason = format!("a length indicator in this encoding has 1 to {most} bytes");
            map.fault("len", reason, faults);
        }
        let indicator = match encoding {
            Encoding::Ascii => Indicator::Ascii,
            Encoding::Ebcdic => Indicator::Ebcdic,
            Encoding::Bcd => Indicator::Bcd,
            Encoding::Binary => Indicator::Binary,
        };
        // Neither is over 65535, as no number of a spec is.
        let (min, max) = (self.min.unwrap_or(0).try_into().ok()?, self.max?.try_into().ok()?);
        Some((indicator(width?), min, max))
    }
}
