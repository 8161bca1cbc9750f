//! A message as JSON has it, before the spec is asked.

use std::collections::BTreeMap;

use super::document::Json;
use super::object::{self, Object};
use crate::cli::beginning;
use crate::iso8583::{De, Mti};

/// An item of the input.
pub(super) enum Item {
    Message(Draft),
    KeepAlive,
}

/// A message to be written.
pub(super) struct Draft {
    /// `None` if that is wrong, which was told.
    pub(super) mti: Option<Mti>,
    pub(super) header: Option<String>,
    pub(super) fields: BTreeMap<De, Entry>,
}

/// What is given of a data element.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) value: Option<String>,
    pub(super) subfields: Option<Vec<(String, String)>>,
}

/// Reads a message; what is wrong is added to the faults, what is right is read all the same.
pub(super) fn read(json: Json, faults: &mut Vec<String>) -> Option<Item> {
    const KNOWN: [&str; 4] = ["mti", "header", "fields", "keep_alive"];
    if !matches!(json, Json::Object(_)) {
        faults.push(format!("a message takes an object, has {}", json.kind()));
        return None;
    }
    let mut object = Object::open("", json, &KNOWN, faults)?;
    match object.take("keep_alive") {
        Some(Json::Bool(true)) => {
            let beside = object
                .rest()
                .map(|key| format!("keep_alive stands alone, without {}", beginning(key)));
            faults.extend(beside);
            return Some(Item::KeepAlive);
        }
        Some(other) => faults.push(format!("keep_alive takes true, has {}", other.kind())),
        None => {}
    }
    let mti = object
        .require("mti", "four digits as text", faults)
        .and_then(|json| read_mti(json).map_err(|fault| faults.push(fault)).ok());
    let header = object.take_text("header", faults);
    let fields = object
        .require("fields", "an object of data elements", faults)
        .map_or_else(BTreeMap::new, |json| read_fields(json, faults));
    Some(Item::Message(Draft { mti, header, fields }))
}

fn read_mti(json: Json) -> Result<Mti, String> {
    let text = object::text(json).map_err(|fault| format!("mti {fault}"))?;
    let mti = <[u8; 4]>::try_from(text.as_bytes()).ok().and_then(Mti::from_ascii);
    mti.ok_or_else(|| format!("mti takes four digits, has {}", beginning(&text)))
}

fn read_fields(json: Json, faults: &mut Vec<String>) -> BTreeMap<De, Entry> {
    let mut fields = BTreeMap::new();
    let Json::Object(members) = json else {
        faults.push(format!("fields takes an object, has {}", json.kind()));
        return fields;
    };
    for (key, json) in members {
        let Some(de) = key.parse().ok().and_then(De::new) else {
            let key = beginning(&key);
            faults.push(format!("fields: {key} is no data element; they are 2 to 192 without 65"));
            continue;
        };
        let entry = read_entry(de, json, faults).unwrap_or_default();
        if fields.insert(de, entry).is_some() {
            faults.push(format!("{de} stands twice"));
        }
    }
    fields
}

/// The whole form, or the short one: the value alone.
fn read_entry(de: De, json: Json, faults: &mut Vec<String>) -> Option<Entry> {
    if !matches!(json, Json::Object(_)) {
        let value =
            object::text(json).map_err(|fault| faults.push(format!("{de} {fault}"))).ok()?;
        return Some(Entry { value: Some(value), ..Entry::default() });
    }
    let known = ["name", "title", "value", "subfields"];
    let mut object = Object::open(format!("{de}: "), json, &known, faults)?;
    let [name, title, value] = ["name", "title", "value"].map(|key| object.take_text(key, faults));
    let subfields = object.take("subfields").map(|json| read_subfields(de, json, faults));
    if value.is_none() && subfields.is_none() {
        faults.push(format!("{de}: takes a value or subfields"));
    }
    Some(Entry { name, title, value, subfields })
}

fn read_subfields(de: De, json: Json, faults: &mut Vec<String>) -> Vec<(String, String)> {
    let Json::Object(members) = json else {
        faults.push(format!("{de}: subfields takes an object, has {}", json.kind()));
        return Vec::new();
    };
    let doubles = object::doubles(&members).map(beginning);
    faults.extend(doubles.map(|key| format!("{de}: {key} stands twice")));
    let mut subfields = Vec::new();
    for (key, json) in members {
        match object::text(json) {
            Ok(text) => subfields.push((key, text)),
            Err(fault) => faults.push(format!("{de}: {} {fault}", beginning(&key))),
        }
    }
    subfields
}
