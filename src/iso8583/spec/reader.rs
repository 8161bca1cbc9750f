//! Reads a spec from its text.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::faults::Fault;
use super::map::{Faults, Map, scalar};
use super::yaml::{self, Place};
use super::{CurrencyName, MessageLayout, Spec, UNSELECTED, element, frame};
use crate::iso8583::bitmap::BitmapCoding;
use crate::iso8583::de::{De, HIGHEST};
use crate::iso8583::mti::{Mti, MtiCoding};
use crate::iso8583::step::Step;

const SPEC_KEYS: [&str; 7] =
    ["name", "id", "header_fields", "messages", "framing", "pan_digits", "currencies"];
const MESSAGE_KEYS: [&str; 4] = ["name", "id", "selector", "fields"];
const CURRENCY_KEYS: [&str; 2] = ["name", "decimals"];
const MTI_KEYS: [&str; 6] = ["name", "id", "type", "len", "data_encoding", "code_page"];
const BITMAP_KEYS: [&str; 7] =
    ["name", "id", "type", "len", "data_encoding", "code_page", "children"];

/// Compiles the text, or finds all that is wrong with it.
pub(super) fn read(text: &str) -> Result<Spec, Vec<Fault>> {
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

fn read_spec(root: &Place, faults: &mut Faults) -> Option<Spec> {
    let map = Map::open(root, "", &SPEC_KEYS, faults)?;
    let name = map.require_text("name", faults);
    map.require_id(faults);
    let framing = map.require("framing", faults).and_then(|place| frame::read(place, faults));
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
    let mut read = |entry: &yaml::Entry| {
        let code = entry.key.as_str();
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            codes.fault(code, "takes three digits, an ISO 4217 numeric code", faults);
        }
        let currency = Map::open(&entry.value, &codes.at(code), &CURRENCY_KEYS, faults)?;
        let name = currency.require_text("name", faults);
        let decimals = currency.require_number("decimals", faults);
        if decimals.is_some_and(|decimals| decimals > 4) {
            currency.fault("decimals", "no currency has more than 4", faults);
        }
        Some((code.to_owned(), CurrencyName { name: name?.to_owned(), decimals: decimals? }))
    };
    codes.entries().iter().filter_map(&mut read).collect()
}

/// The MTI as a selector: one field, coded as `message_type`.
fn read_header(map: &Map<'_>, faults: &mut Faults) -> Option<MtiCoding> {
    match map.require_list("header_fields", faults)? {
        [field] => read_mti(field, "header_fields[0]", None, faults),
        fields => {
            let reason = format!("takes one field, the MTI, has {}", fields.len());
            map.fault("header_fields", reason, faults);
            None
        }
    }
}

/// The message layouts as they are read. All have one coding of MTI and bitmap, as the MTI is read before its
/// layout is known.
struct Messages {
    mti: Option<MtiCoding>,
    bitmap: Option<BitmapCoding>,
    layouts: Vec<MessageLayout>,
    by_mti: Vec<u8>,
}

impl Messages {
    fn new(mti: Option<MtiCoding>) -> Self {
        Self { mti, bitmap: None, layouts: Vec::new(), by_mti: vec![UNSELECTED; 10_000] }
    }

    fn read(&mut self, map: &Map<'_>, faults: &mut Faults) {
        let Some(places) = map.require_list("messages", faults) else { return };
        if places.is_empty() || places.len() >= usize::from(UNSELECTED) {
            map.fault("messages", "takes 1 to 254 message layouts", faults);
        }
        for (place, nth) in places.iter().zip(0..UNSELECTED) {
            let layout = self.read_message(place, nth, faults);
            self.layouts.extend(layout);
        }
    }

    fn read_message(
        &mut self,
        place: &Place,
        nth: u8,
        faults: &mut Faults,
    ) -> Option<MessageLayout> {
        let map = Map::open(place, &format!("messages[{nth}]"), &MESSAGE_KEYS, faults)?;
        let name = map.require_text("name", faults);
        map.require_id(faults);
        let selector = self.read_selector(&map, nth, faults);
        let elements = match map.require_list("fields", faults)? {
            [message_type, bitmap] => {
                let path = |nth| format!("{}[{nth}]", map.at("fields"));
                let mti = read_mti(message_type, &path(0), Some("message_type"), faults);
                let (coding, elements) = read_bitmap(bitmap, &path(1), faults).unwrap_or_default();
                agree(&mut self.mti, mti, message_type, &path(0), faults);
                agree(&mut self.bitmap, coding, bitmap, &path(1), faults);
                elements
            }
            fields => {
                let has = fields.len();
                let reason = format!("takes two, `message_type` and `bitmap`, has {has}");
                map.fault("fields", reason, faults);
                return None;
            }
        };
        Some(build(name?, selector, elements))
    }

    fn read_selector(&mut self, map: &Map<'_>, nth: u8, faults: &mut Faults) -> Vec<Mti> {
        let items = map.require_list("selector", faults);
        if items.is_some_and(<[Place]>::is_empty) {
            map.fault("selector", "takes one MTI or more", faults);
        }
        let mut selector = Vec::new();
        for (place, item) in items.unwrap_or_default().iter().zip(0..) {
            let path = format!("{}[{item}]", map.at("selector"));
            let Some(mti) = read_selected(place, &path, faults) else { continue };
            match self.by_mti.get_mut(usize::from(mti.number())) {
                Some(free) if *free == UNSELECTED => *free = nth,
                _ => faults.add(place, path, format!("MTI {mti} is selected twice")),
            }
            selector.push(mti);
        }
        selector
    }
}

fn read_selected(place: &Place, path: &str, faults: &mut Faults) -> Option<Mti> {
    let selected = scalar(place, path, faults)?;
    let text = &selected.text;
    let mti = text.as_bytes().try_into().ok().and_then(Mti::from_ascii);
    if mti.is_none() {
        faults.add(place, path, format!("takes an MTI of four digits, has `{text}`"));
    } else if !selected.quoted {
        let reason = format!("`{text}` takes quotes: without them the dialect reads a number");
        faults.add(place, path, reason);
    }
    mti
}

/// Keeps the first coding, and refuses another.
fn agree<T: Copy + PartialEq>(
    first: &mut Option<T>,
    read: Option<T>,
    place: &Place,
    path: &str,
    faults: &mut Faults,
) {
    let Some(read) = read else { return };
    if *first.get_or_insert(read) != read {
        faults.add(place, path, "is coded otherwise before; all layouts and the header agree");
    }
}

fn build(name: &str, selector: Vec<Mti>, read: Vec<element::Read>) -> MessageLayout {
    let mut layouts = Box::new([None; HIGHEST as usize + 1]);
    let mut elements: Box<[_]> = (0..=HIGHEST).map(|_| None).collect();
    let mut steps = Box::new([Step::LONG; 256]);
    let mut ends = Vec::new();
    let mut highest = 0;
    for element::Read { de, layout, element, .. } in read {
        let (Some(de), Some(layout), Some(element)) = (de, layout, element) else { continue };
        let number = usize::from(de.number());
        highest = highest.max(number);
        if let Some(place) = layouts.get_mut(number) {
            *place = Some(layout);
        }
        if let Some(place) = steps.get_mut(number) {
            *place = Step::of(&layout, element.subfields.as_ref(), &mut ends);
        }
        if let Some(place) = elements.get_mut(number) {
            *place = Some(element);
        }
    }
    let bitmaps = highest.saturating_sub(1) / 64 + 1;
    MessageLayout { name: name.to_owned(), selector, layouts, elements, steps, ends, bitmaps }
}

/// Reads the field of the MTI; it is called `named`, where that is given.
fn read_mti(
    place: &Place,
    path: &str,
    named: Option<&'static str>,
    faults: &mut Faults,
) -> Option<MtiCoding> {
    let map = Map::open(place, path, &MTI_KEYS, faults)?;
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
        map.fault("len", format!("an MTI in this encoding has {} bytes", coding.width()), faults);
    }
    Some(coding)
}

fn check_name(map: &Map<'_>, named: Option<&str>, faults: &mut Faults) {
    map.require_id(faults);
    let name = map.require_word("name", faults);
    if let (Some(named), Some(name)) = (named, name)
        && name != named
    {
        map.fault("name", format!("this field is called `{named}`, not `{name}`"), faults);
    }
}

type Bitmapped = (Option<BitmapCoding>, Vec<element::Read>);

fn read_bitmap(place: &Place, path: &str, faults: &mut Faults) -> Option<Bitmapped> {
    let map = Map::open(place, path, &BITMAP_KEYS, faults)?;
    check_name(&map, Some("bitmap"), faults);
    map.require_choice("type", &[("Bitmapped", ())], faults);
    if map.require_number("len", faults).is_some_and(|len| len != 0) {
        map.fault("len", "takes 0: bitmaps say themselves how many there are", faults);
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

fn read_elements(children: &[Place], path: &str, faults: &mut Faults) -> Vec<element::Read> {
    let mut elements = Vec::new();
    let mut seen: (HashSet<De>, HashSet<Arc<str>>) = Default::default();
    for (nth, child) in children.iter().enumerate() {
        let path = format!("{path}[{nth}]");
        let Some(read) = element::read(child, &path, faults) else { continue };
        if let Some(de) = read.de
            && !seen.0.insert(de)
        {
            faults.add(child, &path, format!("{de} stands twice"));
        }
        if let Some(name) = &read.name
            && !seen.1.insert(Arc::clone(name))
        {
            faults.add(child, &path, format!("another data element is called `{name}` too"));
        }
        elements.push(read);
    }
    elements
}
