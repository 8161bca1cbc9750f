//! A message from JSON, before it is checked against the spec.

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

/// A message to be encoded.
pub(super) struct Draft {
    /// `None` if it is invalid, which has been reported.
    pub(super) mti: Option<Mti>,
    pub(super) header: Option<String>,
    pub(super) fields: BTreeMap<De, FieldDraft>,
}

/// The given parts of a data element.
#[derive(Default)]
pub(super) struct FieldDraft {
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) value: Option<String>,
    pub(super) subfields: Option<Vec<(String, String)>>,
}

/// Reads a message. Errors are added to the faults; the valid parts are read nevertheless.
pub(super) fn read(json: Json, faults: &mut Vec<String>) -> Option<Item> {
    const KNOWN: [&str; 4] = ["mti", "header", "fields", "keep_alive"];
    if !matches!(json, Json::Object(_)) {
        faults.push(format!("message: must be an object (got {})", json.kind()));
        return None;
    }
    let mut object = Object::open("", json, &KNOWN, faults)?;
    match object.take("keep_alive") {
        Some(Json::Bool(true)) => {
            let beside = object
                .rest()
                .map(|key| format!("keep_alive: can't be combined with {}", beginning(key)));
            faults.extend(beside);
            return Some(Item::KeepAlive);
        }
        Some(other) => faults.push(format!("keep_alive: must be true (got {})", other.kind())),
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
    let text = object::text(json).map_err(|fault| format!("mti: {fault}"))?;
    let mti = <[u8; 4]>::try_from(text.as_bytes()).ok().and_then(Mti::from_ascii);
    mti.ok_or_else(|| format!("mti: must be four digits (got {})", beginning(&text)))
}

fn read_fields(json: Json, faults: &mut Vec<String>) -> BTreeMap<De, FieldDraft> {
    let mut fields = BTreeMap::new();
    let Json::Object(members) = json else {
        faults.push(format!("fields: must be an object (got {})", json.kind()));
        return fields;
    };
    for (key, json) in members {
        let Some(de) = key.parse().ok().and_then(De::new) else {
            let key = beginning(&key);
            faults.push(format!("fields: {key} is not a data element: use 2 to 192, but not 65"));
            continue;
        };
        let field = read_field(de, json, faults).unwrap_or_default();
        if fields.insert(de, field).is_some() {
            faults.push(format!("{de}: duplicate data element"));
        }
    }
    fields
}

/// Reads a data element in the long form, or in the short form: only the value.
fn read_field(de: De, json: Json, faults: &mut Vec<String>) -> Option<FieldDraft> {
    if !matches!(json, Json::Object(_)) {
        let value =
            object::text(json).map_err(|fault| faults.push(format!("{de}: {fault}"))).ok()?;
        return Some(FieldDraft { value: Some(value), ..FieldDraft::default() });
    }
    let known = ["name", "title", "value", "subfields"];
    let mut object = Object::open(format!("{de}: "), json, &known, faults)?;
    let [name, title, value] = ["name", "title", "value"].map(|key| object.take_text(key, faults));
    let subfields = object.take("subfields").map(|json| read_subfields(de, json, faults));
    if value.is_none() && subfields.is_none() {
        faults.push(format!("{de}: must have a value or subfields"));
    }
    Some(FieldDraft { name, title, value, subfields })
}

fn read_subfields(de: De, json: Json, faults: &mut Vec<String>) -> Vec<(String, String)> {
    let Json::Object(members) = json else {
        faults.push(format!("{de}: subfields must be an object (got {})", json.kind()));
        return Vec::new();
    };
    let duplicate_keys = object::duplicate_keys(&members).map(beginning);
    faults.extend(duplicate_keys.map(|key| format!("{de}: duplicate key {key}")));
    let mut subfields = Vec::new();
    for (key, json) in members {
        match object::text(json) {
            Ok(text) => subfields.push((key, text)),
            Err(fault) => faults.push(format!("{de}: {}: {fault}", beginning(&key))),
        }
    }
    subfields
}
