//! Reads a data element of a spec.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::map::{Faults, Map};
use super::yaml::{Kind, Node};
use super::{Element, Format, Shown};
use crate::iso8583::class::Class;
use crate::iso8583::de::De;
use crate::iso8583::ebcdic::CodePage;
use crate::iso8583::layout::{Coding, Indicator, Layout, Pad};
use crate::iso8583::subfields::{Part, Subfields, Tag, Tagged};
use crate::masking::Sensitive;

const ELEMENT_KEYS: [&str; 18] = [
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
];
const PART_KEYS: [&str; 8] =
    ["name", "len", "class", "title", "sensitive", "format", "meanings", "optional"];
const TAGGED_KEYS: [&str; 3] = ["tag", "length", "tags"];
const TAG_KEYS: [&str; 7] = ["name", "class", "max", "title", "sensitive", "format", "meanings"];
const FORMATS: [(&str, Format); 5] = [
    ("amount", Format::Amount),
    ("MMDDhhmmss", Format::Transmission),
    ("MMDD", Format::MonthDay),
    ("hhmmss", Format::Time),
    ("YYMM", Format::YearMonth),
];

/// A data element as it stands in the spec.
pub(super) struct Read {
    pub(super) de: De,
    pub(super) layout: Layout,
    pub(super) element: Element,
}

pub(super) fn read(node: &Node, path: &str, faults: &mut Faults) -> Option<Read> {
    let keys: Vec<_> = ELEMENT_KEYS.into_iter().chain(["subfields"]).collect();
    let map = Map::open(node, path, &keys, faults)?;
    let name = map.require_text("name", faults);
    map.require_number("id", faults);
    let map = map.named(format!("{path}({})", name.unwrap_or("?")));
    let de = read_position(&map, faults);
    let class = map.require_choice("class", &Class::NAMES, faults);
    let coding = class.and_then(|class| read_coding(&map, class, faults));
    let subfields = map.get("subfields").map(|node| read_subfields(node, &map, faults));
    let shown = read_shown(&map, faults);
    let title = map.text("title", faults).map(str::to_owned);
    let layout = read_layout(&map, class?, coding?, subfields.is_some(), faults);
    let subfields = match subfields {
        Some(read) => Some(read?),
        None => None,
    };
    if let (Some(layout), Some(subfields)) = (&layout, &subfields) {
        check_subfields(&map, layout, subfields, faults);
    }
    let element = Element { name: Arc::from(name?), title, subfields, shown };
    Some(Read { de: de?, layout: layout?, element })
}

fn read_position(map: &Map<'_>, faults: &mut Faults) -> Option<De> {
    let number = map.require_number("position", faults)?;
    let de = u8::try_from(number).ok().and_then(De::new);
    if de.is_none() {
        map.fault("position", format!("takes 2 to 192 without 65, has {number}"), faults);
    }
    de
}

pub(super) fn code_page(map: &Map<'_>, faults: &mut Faults) -> CodePage {
    let pages = [("037", CodePage::Ibm037), ("1047", CodePage::Ibm1047)];
    map.choice("code_page", &pages, faults).unwrap_or(CodePage::Ibm037)
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

fn read_coding(map: &Map<'_>, class: Class, faults: &mut Faults) -> Option<Coding> {
    let encoding = map.require_choice("data_encoding", &ENCODINGS, faults)?;
    let page = code_page(map, faults);
    let pads = [("left", Pad::Left), ("right-0", Pad::RightZero), ("right-F", Pad::RightF)];
    let pad = map.choice("pad", &pads, faults).unwrap_or(Pad::Left);
    for (key, taken) in [
        ("pad", encoding == Encoding::Bcd),
        ("digits", encoding == Encoding::Bcd),
        ("length_in", encoding == Encoding::Bcd),
        ("code_page", encoding == Encoding::Ebcdic),
    ] {
        if map.get(key).is_some() && !taken {
            map.fault(key, "has no meaning in this data_encoding", faults);
        }
    }
    match (class, encoding) {
        (Class::B, Encoding::Binary) => Some(Coding::Binary),
        (Class::B, Encoding::Ascii) => Some(Coding::Hex(None)),
        (Class::B, Encoding::Ebcdic) => Some(Coding::Hex(Some(page))),
        (Class::N | Class::Z, Encoding::Bcd) => Some(Coding::Bcd(pad)),
        (Class::B, Encoding::Bcd) | (_, Encoding::Binary | Encoding::Bcd) => {
            map.fault("data_encoding", format!("can't carry class {class}"), faults);
            None
        }
        (_, Encoding::Ascii) => Some(Coding::Ascii),
        (_, Encoding::Ebcdic) => Some(Coding::Ebcdic(page)),
    }
}

fn read_layout(
    map: &Map<'_>,
    class: Class,
    coding: Coding,
    has_subfields: bool,
    faults: &mut Faults,
) -> Option<Layout> {
    let fixed = map.require_choice("type", &[("Fixed", true), ("Variable", false)], faults)?;
    let len = map.require_number("len", faults)?;
    let in_bytes = map.choice("length_in", &[("digits", false), ("bytes", true)], faults);
    let counts_bytes = in_bytes.unwrap_or(false);
    let (indicator, min, max) = if fixed {
        let length = fixed_length(map, coding, len, faults)?;
        (Indicator::Fixed, length, length)
    } else {
        variable_lengths(map, len, faults)?
    };
    let (Ok(min), Ok(max)) = (u16::try_from(min), u16::try_from(max)) else {
        map.fault("len", "a data element has at most 65535 bytes", faults);
        return None;
    };
    let layout = Layout { coding, class, indicator, counts_bytes, min, max, has_subfields };
    check_layout(map, &layout, faults);
    Some(layout)
}

/// Digits, characters or (class `b`) bytes of a fixed element of `len` bytes on the wire.
fn fixed_length(map: &Map<'_>, coding: Coding, len: usize, faults: &mut Faults) -> Option<usize> {
    for key in ["min", "max", "len_encoding", "length_in"] {
        if map.get(key).is_some() {
            map.fault(key, "has no meaning for a Fixed one", faults);
        }
    }
    if len == 0 {
        map.fault("len", "takes 1 or more", faults);
        return None;
    }
    match coding {
        Coding::Ascii | Coding::Ebcdic(_) | Coding::Binary => Some(len),
        Coding::Hex(_) if len.is_multiple_of(2) => Some(len / 2),
        Coding::Hex(_) => {
            map.fault("len", "bits in hex take two characters a byte: an even number", faults);
            None
        }
        Coding::Bcd(_) => {
            let digits = map.number("digits", faults).unwrap_or(len * 2);
            if digits.div_ceil(2) != len {
                let reason = format!("{len} bytes hold {} or {} digits", len * 2 - 1, len * 2);
                map.fault("digits", reason, faults);
            }
            Some(digits)
        }
    }
}

fn variable_lengths(
    map: &Map<'_>,
    len: usize,
    faults: &mut Faults,
) -> Option<(Indicator, usize, usize)> {
    if map.get("digits").is_some() {
        map.fault("digits", "has no meaning for a Variable one; it takes `max`", faults);
    }
    let encoding = map.require_choice("len_encoding", &ENCODINGS, faults)?;
    let max = map.require_number("max", faults)?;
    let min = map.number("min", faults).unwrap_or(0);
    let most = match encoding {
        Encoding::Ascii | Encoding::Ebcdic => 4,
        Encoding::Bcd | Encoding::Binary => 2,
    };
    let Some(width) = u8::try_from(len).ok().filter(|width| (1..=most).contains(width)) else {
        map.fault(
            "len",
            format!("a length indicator in this encoding has 1 to {most} bytes"),
            faults,
        );
        return None;
    };
    let indicator = match encoding {
        Encoding::Ascii => Indicator::Ascii(width),
        Encoding::Ebcdic => Indicator::Ebcdic(width),
        Encoding::Bcd => Indicator::Bcd(width),
        Encoding::Binary => Indicator::Binary(width),
    };
    Some((indicator, min, max))
}

/// The invariants of a [`Layout`].
fn check_layout(map: &Map<'_>, layout: &Layout, faults: &mut Faults) {
    if layout.min > layout.max {
        map.fault("min", format!("is over max, {}", layout.max), faults);
    }
    if layout.max == 0 {
        map.fault("max", "takes 1 or more", faults);
    }
    let highest = layout.indicator.highest();
    if layout.stated(usize::from(layout.max)) > highest {
        let reason = format!("its length indicator states at most {highest}");
        map.fault("max", reason, faults);
    }
    if layout.counts_bytes && layout.coding != Coding::Bcd(Pad::RightF) {
        let reason = "a length in bytes can't tell an odd number of digits without `pad: right-F`";
        map.fault("length_in", reason, faults);
    }
}

fn read_shown(map: &Map<'_>, faults: &mut Faults) -> Shown {
    let mut meanings = BTreeMap::new();
    if let Some(node) = map.get("meanings")
        && let Some(codes) = Map::open_any(node, &map.at("meanings"), faults)
    {
        for entry in codes.entries() {
            if let Some(words) = codes.text_of(&entry.key, &entry.value, faults) {
                meanings.insert(entry.key.clone(), words.to_owned());
            }
        }
    }
    Shown {
        sensitive: map.choice("sensitive", &Sensitive::NAMES, faults),
        format: map.choice("format", &FORMATS, faults),
        meanings,
    }
}

fn read_subfields(node: &Node, element: &Map<'_>, faults: &mut Faults) -> Option<Subfields> {
    let path = element.at("subfields");
    let Kind::List(items) = &node.kind else {
        return read_tagged(node, &path, faults).map(Subfields::Tagged);
    };
    let mut parts: Vec<Part> = Vec::new();
    for (nth, item) in items.iter().enumerate() {
        let part = read_part(item, &format!("{path}[{nth}]"), faults)?;
        if parts.iter().any(|other| other.name == part.name) {
            faults.add(item.line, &path, format!("`{}` stands twice", part.name));
        }
        if !part.optional && parts.last().is_some_and(|before| before.optional) {
            faults.add(item.line, &path, format!("`{}` follows an optional one", part.name));
        }
        parts.push(part);
    }
    if parts.is_empty() {
        faults.add(node.line, &path, "takes at least one subfield");
    }
    Some(Subfields::Fixed(parts))
}

fn read_part(node: &Node, path: &str, faults: &mut Faults) -> Option<Part> {
    let map = Map::open(node, path, &PART_KEYS, faults)?;
    let length = map.require_number("len", faults)?;
    if length == 0 {
        map.fault("len", "takes 1 or more", faults);
    }
    Some(Part {
        name: map.require_text("name", faults)?.to_owned(),
        title: map.text("title", faults).map(str::to_owned),
        length,
        class: read_text_class(&map, faults)?,
        optional: map.flag("optional", faults).unwrap_or(false),
        shown: read_shown(&map, faults),
    })
}

fn read_text_class(map: &Map<'_>, faults: &mut Faults) -> Option<Class> {
    let class = map.require_choice("class", &Class::NAMES, faults)?;
    if matches!(class, Class::B | Class::Z) {
        map.fault("class", format!("{class} can't be a subfield's"), faults);
    }
    Some(class)
}

fn read_tagged(node: &Node, path: &str, faults: &mut Faults) -> Option<Tagged> {
    let map = Map::open(node, path, &TAGGED_KEYS, faults)?;
    let tag_width = map.require_number("tag", faults)?;
    let length_width = map.require_number("length", faults)?;
    for (key, width) in [("tag", tag_width), ("length", length_width)] {
        if !(1..=4).contains(&width) {
            map.fault(key, "takes 1 to 4 characters", faults);
        }
    }
    let known = Map::open_any(map.require("tags", faults)?, &map.at("tags"), faults)?;
    let mut tags = Vec::new();
    for entry in known.entries() {
        if entry.key.len() != tag_width {
            let reason = format!("takes {tag_width} characters, as `tag` says");
            faults.add(entry.line, known.at(&entry.key), reason);
        }
        tags.extend(read_tag(&entry.key, &entry.value, &known.at(&entry.key), faults));
    }
    Some(Tagged { tag_width, length_width, tags })
}

fn read_tag(tag: &str, node: &Node, path: &str, faults: &mut Faults) -> Option<Tag> {
    let map = Map::open(node, path, &TAG_KEYS, faults)?;
    Some(Tag {
        key: tag.to_owned(),
        name: map.require_text("name", faults)?.to_owned(),
        title: map.text("title", faults).map(str::to_owned),
        max: map.require_number("max", faults)?,
        class: read_text_class(&map, faults)?,
        shown: read_shown(&map, faults),
    })
}

/// Subfields that no value of the element could be made of are a fault.
fn check_subfields(map: &Map<'_>, layout: &Layout, subfields: &Subfields, faults: &mut Faults) {
    if matches!(layout.class, Class::B) {
        map.fault("subfields", "bits have none", faults);
    }
    let Subfields::Fixed(parts) = subfields else { return };
    let all: usize = parts.iter().map(|part| part.length).sum();
    let required: usize = parts.iter().filter(|part| !part.optional).map(|part| part.length).sum();
    let (min, max) = (usize::from(layout.min), usize::from(layout.max));
    if all > max || all < min || (layout.indicator == Indicator::Fixed && required != max) {
        let reason = format!("have {all} characters, the element {min} to {max}");
        map.fault("subfields", reason, faults);
    }
}
