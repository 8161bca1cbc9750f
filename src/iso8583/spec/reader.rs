//! Reads a spec from its text.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::faults::Fault;
use super::map::{Faults, Map};
use super::yaml::{self, Node};
use super::{CurrencyName, MessageLayout, MtiCoding, Spec, UNSELECTED, element, frame};
use crate::iso8583::bitmap::BitmapCoding;
use crate::iso8583::de::HIGHEST;
use crate::iso8583::ebcdic::CodePage;
use crate::iso8583::mti::Mti;
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
    let root = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut faults = Faults::default();
    let spec = read_spec(&root, &mut faults);
    let Faults(mut found) = faults;
    match spec {
        Some(spec) if found.is_empty() => Ok(spec),
        Some(_) | None => {
            // An anchored field is read once for each layout that shares it.
            found.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
            found.dedup_by(|a, b| a.line == b.line && a.reason == b.reason);
            Err(found)
        }
    }
}

fn read_spec(root: &Node, faults: &mut Faults) -> Option<Spec> {
    let map = Map::open(root, "", &SPEC_KEYS, faults)?;
    let name = map.require_text("name", faults);
    map.require_number("id", faults);
    let framing = map.require("framing", faults).and_then(|node| frame::read(node, faults));
    let pan_digits = map.choice("pan_digits", &[("6", 6), ("8", 8)], faults);
    let currencies = read_currencies(&map, faults);
    let header = read_header(&map, faults);
    let messages = read_messages(&map, faults);
    let (mti, bitmap) = same_coding(&map, &messages, header, faults)?;
    let messages: Vec<_> = messages.into_iter().filter_map(|(message, _)| message).collect();
    let by_mti = read_selectors(&map, &messages, faults);
    Some(Spec {
        name: name?.to_owned(),
        framing: framing?,
        pan_digits: pan_digits.unwrap_or(crate::masking::BIN_DIGITS),
        currencies,
        mti,
        bitmap,
        messages,
        by_mti,
    })
}

fn read_currencies(map: &Map<'_>, faults: &mut Faults) -> BTreeMap<String, CurrencyName> {
    let Some(node) = map.get("currencies") else { return BTreeMap::new() };
    let Some(codes) = Map::open_any(node, "currencies", faults) else { return BTreeMap::new() };
    let mut read = |entry: &yaml::Entry| {
        let path = codes.at(&entry.key);
        if entry.key.len() != 3 || !entry.key.bytes().all(|byte| byte.is_ascii_digit()) {
            faults.add(entry.line, &path, "takes three digits, an ISO 4217 numeric code");
        }
        let currency = Map::open(&entry.value, &path, &CURRENCY_KEYS, faults)?;
        let name = currency.require_text("name", faults)?.to_owned();
        let decimals = currency.require_number("decimals", faults)?;
        if decimals > 4 {
            currency.fault("decimals", "no currency has more than 4", faults);
        }
        Some((entry.key.clone(), CurrencyName { name, decimals }))
    };
    codes.entries().iter().filter_map(&mut read).collect()
}

/// The MTI as a selector: one field, coded as `message_type`.
fn read_header(map: &Map<'_>, faults: &mut Faults) -> Option<MtiCoding> {
    match map.list("header_fields", faults)? {
        [field] => read_mti(field, "header_fields[0]", None, faults),
        fields => {
            let reason = format!("takes one field, the MTI, has {}", fields.len());
            map.fault("header_fields", reason, faults);
            None
        }
    }
}

type Codings = (MtiCoding, BitmapCoding);

fn read_messages(
    map: &Map<'_>,
    faults: &mut Faults,
) -> Vec<(Option<MessageLayout>, Option<Codings>)> {
    let nodes = map.list("messages", faults).unwrap_or_default();
    if map.get("messages").is_some() && (nodes.is_empty() || nodes.len() >= usize::from(UNSELECTED))
    {
        map.fault("messages", "takes 1 to 254 message layouts", faults);
    }
    let read =
        |(nth, node): (usize, &Rc<Node>)| read_message(node, nth, faults).unwrap_or_default();
    nodes.iter().enumerate().map(read).collect()
}

fn read_message(
    node: &Node,
    nth: usize,
    faults: &mut Faults,
) -> Option<(Option<MessageLayout>, Option<Codings>)> {
    let map = Map::open(node, &format!("messages[{nth}]"), &MESSAGE_KEYS, faults)?;
    let name = map.require_text("name", faults);
    map.require_number("id", faults);
    let selector = read_selector(&map, faults);
    let [message_type, bitmap] = map.list("fields", faults)? else {
        map.fault("fields", "takes two fields, `message_type` and `bitmap`", faults);
        return None;
    };
    let mti = read_mti(message_type, &map.at("message_type"), Some("message_type"), faults);
    let (coding, elements) = read_bitmap(bitmap, &map.at("bitmap"), faults)?;
    let layout = name.map(|name| build(name, selector, elements));
    Some((layout, mti.zip(coding)))
}

fn build(name: &str, selector: Vec<Mti>, read: Vec<element::Read>) -> MessageLayout {
    let mut layouts = Box::new([None; HIGHEST as usize + 1]);
    let mut elements: Box<[_]> = (0..=HIGHEST).map(|_| None).collect();
    let highest = read.iter().map(|element| element.de.number()).max().unwrap_or_default();
    let mut steps = Box::new([Step::LONG; 256]);
    let mut ends = Vec::new();
    for element::Read { de, layout, element } in read {
        if let Some(place) = layouts.get_mut(usize::from(de.number())) {
            *place = Some(layout);
        }
        if let Some(place) = steps.get_mut(usize::from(de.number())) {
            *place = Step::of(&layout, element.subfields.as_ref(), &mut ends);
        }
        if let Some(place) = elements.get_mut(usize::from(de.number())) {
            *place = Some(element);
        }
    }
    let bitmaps = usize::from(highest.saturating_sub(1)) / 64 + 1;
    MessageLayout { name: name.to_owned(), selector, layouts, elements, steps, ends, bitmaps }
}

fn read_selector(map: &Map<'_>, faults: &mut Faults) -> Vec<Mti> {
    let nodes = map.list("selector", faults).unwrap_or_default();
    let mut read = |node: &Rc<Node>| {
        let text = map.text_of("selector", node, faults)?;
        let mti = text.as_bytes().try_into().ok().and_then(Mti::from_ascii);
        if mti.is_none() {
            faults.add(
                node.line,
                map.at("selector"),
                format!("`{text}` is not an MTI of four digits"),
            );
        }
        mti
    };
    nodes.iter().filter_map(&mut read).collect()
}

/// Reads the field of the MTI; it is called `named`, where that is given.
fn read_mti(
    node: &Node,
    path: &str,
    named: Option<&'static str>,
    faults: &mut Faults,
) -> Option<MtiCoding> {
    let map = Map::open(node, path, &MTI_KEYS, faults)?;
    check_name(&map, named, faults);
    map.require_choice("type", &[("Fixed", ())], faults);
    let page = element::code_page(&map, faults);
    let choices =
        [("ASCII", MtiCoding::Ascii), ("EBCDIC", MtiCoding::Ebcdic(page)), ("BCD", MtiCoding::Bcd)];
    let coding = map.require_choice("data_encoding", &choices, faults)?;
    if map.require_number("len", faults)? != coding.width() {
        map.fault("len", format!("an MTI in this encoding has {} bytes", coding.width()), faults);
    }
    Some(coding)
}

fn check_name(map: &Map<'_>, named: Option<&str>, faults: &mut Faults) {
    map.require_number("id", faults);
    let name = map.require_text("name", faults);
    if let (Some(named), Some(name)) = (named, name)
        && name != named
    {
        map.fault("name", format!("this field is called `{named}`, not `{name}`"), faults);
    }
}

fn read_bitmap(
    node: &Node,
    path: &str,
    faults: &mut Faults,
) -> Option<(Option<BitmapCoding>, Vec<element::Read>)> {
    let map = Map::open(node, path, &BITMAP_KEYS, faults)?;
    check_name(&map, Some("bitmap"), faults);
    map.require_choice("type", &[("Bitmapped", ())], faults);
    map.require_number("len", faults);
    let page: CodePage = element::code_page(&map, faults);
    let choices = [
        ("BINARY", BitmapCoding::Binary),
        ("ASCII", BitmapCoding::Hex(None)),
        ("EBCDIC", BitmapCoding::Hex(Some(page))),
    ];
    let coding = map.require_choice("data_encoding", &choices, faults);
    let children = map.list("children", faults)?;
    Some((coding, read_elements(children, path, faults)))
}

fn read_elements(children: &[Rc<Node>], path: &str, faults: &mut Faults) -> Vec<element::Read> {
    let mut elements: Vec<element::Read> = Vec::new();
    for (nth, child) in children.iter().enumerate() {
        let Some(read) = element::read(child, &format!("{path}.children[{nth}]"), faults) else {
            continue;
        };
        for other in &elements {
            if other.de == read.de {
                faults.add(child.line, path, format!("{} stands twice", read.de));
            }
            if other.element.name == read.element.name {
                let reason =
                    format!("{} and {} are both called `{}`", other.de, read.de, read.element.name);
                faults.add(child.line, path, reason);
            }
        }
        elements.push(read);
    }
    elements
}

/// One coding of MTI and bitmap for all layouts: the MTI is read before its layout is known.
fn same_coding(
    map: &Map<'_>,
    messages: &[(Option<MessageLayout>, Option<Codings>)],
    header: Option<MtiCoding>,
    faults: &mut Faults,
) -> Option<Codings> {
    let mut codings = messages.iter().filter_map(|(_, codings)| *codings);
    let first = codings.next()?;
    if codings.any(|other| other != first) {
        map.fault("messages", "all layouts take the same coding of MTI and of bitmap", faults);
    }
    if header.is_some_and(|header| header != first.0) {
        map.fault("header_fields", "the MTI is coded otherwise in `message_type`", faults);
    }
    Some(first)
}

fn read_selectors(map: &Map<'_>, messages: &[MessageLayout], faults: &mut Faults) -> Vec<u8> {
    let mut by_mti = vec![UNSELECTED; 10_000];
    for (message, nth) in messages.iter().zip(0_u8..) {
        for mti in &message.selector {
            let Some(place) = by_mti.get_mut(usize::from(mti.number())) else { continue };
            if *place != UNSELECTED {
                map.fault("messages", format!("MTI {mti} is selected twice"), faults);
            }
            *place = nth;
        }
    }
    by_mti
}
