//! Reads a spec from its text.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::faults::SpecFault;
use super::map::{Faults, Map, scalar};
use super::yaml::{self, NodeRef};
use super::{CurrencyName, MessageLayout, NO_LAYOUT, Spec, element, frame};
use crate::iso8583::bitmap::BitmapCoding;
use crate::iso8583::de::{De, HIGHEST_DE};
use crate::iso8583::fast_path::FastPath;
use crate::iso8583::mti::{Mti, MtiCoding};

const SPEC_KEYS: [&str; 7] =
    ["name", "id", "header_fields", "messages", "framing", "pan_digits", "currencies"];
const MESSAGE_KEYS: [&str; 4] = ["name", "id", "selector", "fields"];
const CURRENCY_KEYS: [&str; 2] = ["name", "decimals"];
const MTI_KEYS: [&str; 6] = ["name", "id", "type", "len", "data_encoding", "code_page"];
const BITMAP_KEYS: [&str; 7] =
    ["name", "id", "type", "len", "data_encoding", "code_page", "children"];

/// Compiles the text, or returns all faults.
pub(super) fn read(text: &str) -> Result<Spec, Vec<SpecFault>> {
    let (root, found) = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::default();
    let spec = read_spec(&root, &mut faults);
    let mut found = [found, faults.found].concat();
    match spec {
        Some(spec) if found.is_empty() => Ok(spec),
        Some(_) | None => {
            found.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
            Err(found)
        }
    }
}

fn read_spec(root: &NodeRef, faults: &mut Faults) -> Option<Spec> {
    let map = Map::open(root, "", &SPEC_KEYS, faults)?;
    let name = map.require_text("name", faults);
    map.require_id(faults);
    let framing = map.require("framing", faults).and_then(|source| frame::read(source, faults));
    let pan_digits = map.choice("pan_digits", &[("6", 6), ("8", 8)], faults);
    let currencies = read_currencies(&map, faults);
    let header = read_header(&map, faults);
    let mut messages = Messages::new(header);
    messages.read(&map, faults);
    let Messages { mti, bitmap, layouts, by_mti, .. } = messages;
    Some(Spec {
        name: name?.to_owned(),
        framing: framing?,
        pan_digits: pan_digits.unwrap_or(crate::masking::BIN_DIGITS),
        currencies,
        mti: mti?,
        bitmap: bitmap?,
        messages: layouts,
        by_mti,
    })
}

fn read_currencies(map: &Map<'_>, faults: &mut Faults) -> BTreeMap<String, CurrencyName> {
    let codes = map.get("currencies").and_then(|it| Map::open_any(it, "currencies", faults));
    let Some(codes) = codes else { return BTreeMap::new() };
    let mut read = |entry: &yaml::MapEntry| {
        let code = entry.key.as_str();
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            codes.fault(code, "must be an ISO 4217 numeric code of three digits", faults);
        }
        let currency = Map::open(&entry.value, &codes.at(code), &CURRENCY_KEYS, faults)?;
        let name = currency.require_text("name", faults);
        let decimals = currency.require_number("decimals", faults);
        if decimals.is_some_and(|decimals| decimals > 4) {
            currency.fault("decimals", "must be at most 4", faults);
        }
        Some((code.to_owned(), CurrencyName { name: name?.to_owned(), decimals: decimals? }))
    };
    codes.entries().iter().filter_map(&mut read).collect()
}

/// Reads the MTI of the header: one field, coded like `message_type`.
fn read_header(map: &Map<'_>, faults: &mut Faults) -> Option<MtiCoding> {
    match map.require_list("header_fields", faults)? {
        [field] => read_mti(field, "header_fields[0]", None, faults),
        fields => {
            let reason = format!("must have one field, the MTI (got {})", fields.len());
            map.fault("header_fields", reason, faults);
            None
        }
    }
}

/// The message layouts while they are read. All use one coding of MTI and bitmap, because the MTI is read
/// before its layout is known.
struct Messages {
    mti: Option<MtiCoding>,
    bitmap: Option<BitmapCoding>,
    layouts: Vec<MessageLayout>,
    by_mti: Vec<u8>,
}

impl Messages {
    fn new(mti: Option<MtiCoding>) -> Self {
        Self { mti, bitmap: None, layouts: Vec::new(), by_mti: vec![NO_LAYOUT; 10_000] }
    }

    fn read(&mut self, map: &Map<'_>, faults: &mut Faults) {
        let Some(sources) = map.require_list("messages", faults) else { return };
        if sources.is_empty() || sources.len() >= usize::from(NO_LAYOUT) {
            map.fault("messages", "must have 1 to 254 message layouts", faults);
        }
        for (source, nth) in sources.iter().zip(0..NO_LAYOUT) {
            let layout = self.read_message(source, nth, faults);
            self.layouts.extend(layout);
        }
    }

    fn read_message(
        &mut self,
        source: &NodeRef,
        nth: u8,
        faults: &mut Faults,
    ) -> Option<MessageLayout> {
        let map = Map::open(source, &format!("messages[{nth}]"), &MESSAGE_KEYS, faults)?;
        let name = map.require_text("name", faults);
        map.require_id(faults);
        let selector = self.read_selector(&map, nth, faults);
        let elements = match map.require_list("fields", faults)? {
            [message_type, bitmap] => {
                let path = |nth| format!("{}[{nth}]", map.at("fields"));
                let mti = read_mti(message_type, &path(0), Some("message_type"), faults);
                let (coding, elements) = read_bitmap(bitmap, &path(1), faults).unwrap_or_default();
                require_same(&mut self.mti, mti, message_type, &path(0), faults);
                require_same(&mut self.bitmap, coding, bitmap, &path(1), faults);
                elements
            }
            fields => {
                let count = fields.len();
                let reason = format!("must have two, `message_type` and `bitmap` (got {count})");
                map.fault("fields", reason, faults);
                return None;
            }
        };
        Some(build(name?, selector, elements))
    }

    fn read_selector(&mut self, map: &Map<'_>, nth: u8, faults: &mut Faults) -> Vec<Mti> {
        let items = map.require_list("selector", faults);
        if items.is_some_and(<[NodeRef]>::is_empty) {
            map.fault("selector", "must have at least one MTI", faults);
        }
        let mut selector = Vec::new();
        for (source, item) in items.unwrap_or_default().iter().zip(0..) {
            let path = format!("{}[{item}]", map.at("selector"));
            let Some(mti) = read_selected(source, &path, faults) else { continue };
            match self.by_mti.get_mut(usize::from(mti.number())) {
                Some(free) if *free == NO_LAYOUT => *free = nth,
                _ => faults.add(source, path, format!("duplicate MTI {mti}")),
            }
            selector.push(mti);
        }
        selector
    }
}

fn read_selected(source: &NodeRef, path: &str, faults: &mut Faults) -> Option<Mti> {
    let selected = scalar(source, path, faults)?;
    let text = &selected.text;
    let mti = text.as_bytes().try_into().ok().and_then(Mti::from_ascii);
    if mti.is_none() {
        faults.add(source, path, format!("must be an MTI of four digits (got `{text}`)"));
    } else if !selected.quoted {
        let reason =
            format!("must be in quotes (got `{text}`): `iso8583_rs` reads a number without them");
        faults.add(source, path, reason);
    }
    mti
}

/// Keeps the first coding, and adds a fault for a different one.
fn require_same<T: Copy + PartialEq>(
    first: &mut Option<T>,
    read: Option<T>,
    source: &NodeRef,
    path: &str,
    faults: &mut Faults,
) {
    let Some(read) = read else { return };
    if *first.get_or_insert(read) != read {
        faults.add(source, path, "must have the same coding in all layouts and the header");
    }
}

fn build(name: &str, selector: Vec<Mti>, read: Vec<element::ParsedElement>) -> MessageLayout {
    let mut layouts = Box::new([None; HIGHEST_DE as usize + 1]);
    let mut elements: Box<[_]> = (0..=HIGHEST_DE).map(|_| None).collect();
    let mut fast_paths = Box::new([FastPath::NONE; 256]);
    let mut ends = Vec::new();
    let mut highest = 0;
    for element::ParsedElement { de, layout, element, .. } in read {
        let (Some(de), Some(layout), Some(element)) = (de, layout, element) else { continue };
        let number = usize::from(de.number());
        highest = highest.max(number);
        if let Some(slot) = layouts.get_mut(number) {
            *slot = Some(layout);
        }
        if let Some(slot) = fast_paths.get_mut(number) {
            *slot = FastPath::new(&layout, element.subfields.as_ref(), &mut ends);
        }
        if let Some(slot) = elements.get_mut(number) {
            *slot = Some(element);
        }
    }
    let bitmaps = highest.saturating_sub(1) / 64 + 1;
    MessageLayout { name: name.to_owned(), selector, layouts, elements, fast_paths, ends, bitmaps }
}

/// Reads the field of the MTI. It must have the name `named`, if that is given.
fn read_mti(
    source: &NodeRef,
    path: &str,
    named: Option<&'static str>,
    faults: &mut Faults,
) -> Option<MtiCoding> {
    let map = Map::open(source, path, &MTI_KEYS, faults)?;
    check_name(&map, named, faults);
    map.require_choice("type", &[("Fixed", ())], faults);
    let len = map.require_number("len", faults);
    let choices = [("ASCII", 0), ("EBCDIC", 1), ("BCD", 2)];
    let encoding = map.require_choice("data_encoding", &choices, faults);
    let page = element::code_page(&map, encoding.is_none_or(|it| it == 1), faults);
    let coding = match encoding? {
        0 => MtiCoding::Ascii,
        1 => MtiCoding::Ebcdic(page),
        _ => MtiCoding::Bcd,
    };
    if len.is_some_and(|len| len != coding.width()) {
        map.fault("len", format!("must be {} for an MTI in this encoding", coding.width()), faults);
    }
    Some(coding)
}

fn check_name(map: &Map<'_>, named: Option<&str>, faults: &mut Faults) {
    map.require_id(faults);
    let name = map.require_word("name", faults);
    if let (Some(named), Some(name)) = (named, name)
        && name != named
    {
        map.fault("name", format!("must be `{named}` (got `{name}`)"), faults);
    }
}

type Bitmapped = (Option<BitmapCoding>, Vec<element::ParsedElement>);

fn read_bitmap(source: &NodeRef, path: &str, faults: &mut Faults) -> Option<Bitmapped> {
    let map = Map::open(source, path, &BITMAP_KEYS, faults)?;
    check_name(&map, Some("bitmap"), faults);
    map.require_choice("type", &[("Bitmapped", ())], faults);
    if map.require_number("len", faults).is_some_and(|len| len != 0) {
        map.fault("len", "must be 0: bitmaps announce how many follow", faults);
    }
    let choices = [("BINARY", 0), ("ASCII", 1), ("EBCDIC", 2)];
    let encoding = map.require_choice("data_encoding", &choices, faults);
    let page = element::code_page(&map, encoding.is_none_or(|it| it == 2), faults);
    let coding = encoding.map(|encoding| match encoding {
        0 => BitmapCoding::Binary,
        1 => BitmapCoding::Hex(None),
        _ => BitmapCoding::Hex(Some(page)),
    });
    let children = map.require_list("children", faults).unwrap_or_default();
    Some((coding, read_elements(children, &map.at("children"), faults)))
}

fn read_elements(
    children: &[NodeRef],
    path: &str,
    faults: &mut Faults,
) -> Vec<element::ParsedElement> {
    let mut elements = Vec::new();
    let mut seen: (HashSet<De>, HashSet<Arc<str>>) = Default::default();
    for (nth, child) in children.iter().enumerate() {
        let path = format!("{path}[{nth}]");
        let Some(read) = element::read(child, &path, faults) else { continue };
        if let Some(de) = read.de
            && !seen.0.insert(de)
        {
            faults.add(child, &path, format!("duplicate {de}"));
        }
        if let Some(name) = &read.name
            && !seen.1.insert(Arc::clone(name))
        {
            faults.add(child, &path, format!("duplicate name `{name}`"));
        }
        elements.push(read);
    }
    elements
}
