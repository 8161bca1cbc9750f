//! Reads how a value is presented.

use std::collections::BTreeMap;

use super::Attributes;
use super::map::{Faults, Map, scalar};
use crate::iso8583::class::Class;
use crate::iso8583::presentation::{Format, Presentation};
use crate::masking::Sensitive;

const FORMATS: [(&str, Format); 5] = [
    ("amount", Format::Amount),
    ("MMDDhhmmss", Format::Transmission),
    ("MMDD", Format::MonthDay),
    ("hhmmss", Format::Time),
    ("YYMM", Format::YearMonth),
];

/// Reads the keys of an element or a subfield. The attributes are `None` if they have faults.
pub(super) fn read(
    map: &Map<'_>,
    attributes: Option<Attributes>,
    faults: &mut Faults,
) -> Presentation {
    let sensitive = map.choice("sensitive", &Sensitive::NAMES, faults);
    let format = map.choice("format", &FORMATS, faults);
    if let (Some(attributes), Some(format)) = (attributes, format)
        && let Err(required) = check_format(attributes, format)
    {
        map.fault("format", format!("requires {required}"), faults);
    }
    Presentation { sensitive, format, meanings: read_meanings(map, attributes, faults) }
}

/// Checks that values with these attributes can have a format. The error names the required attributes.
fn check_format(attributes: Attributes, format: Format) -> Result<(), &'static str> {
    let (digits, required) = match format {
        Format::Amount if matches!(attributes.class, Class::N | Class::Xn) => return Ok(()),
        Format::Amount => return Err("class n or x+n"),
        Format::Transmission => (10, "ten digits of class n"),
        Format::Time => (6, "six digits of class n"),
        Format::MonthDay | Format::YearMonth => (4, "four digits of class n"),
    };
    let fits = attributes.class == Class::N && (attributes.min..=attributes.max).contains(&digits);
    if fits { Ok(()) } else { Err(required) }
}

fn read_meanings(
    map: &Map<'_>,
    attributes: Option<Attributes>,
    faults: &mut Faults,
) -> BTreeMap<String, String> {
    let codes =
        map.get("meanings").and_then(|source| Map::open_any(source, &map.at("meanings"), faults));
    let Some(codes) = codes else { return BTreeMap::new() };
    let mut meanings = BTreeMap::new();
    for entry in codes.entries() {
        if attributes.is_some_and(|attributes| !attributes.accepts(&entry.key)) {
            codes.fault(&entry.key, "the element can't have this value", faults);
        }
        if let Some(words) = scalar(&entry.value, &codes.at(&entry.key), faults) {
            meanings.insert(entry.key.clone(), words.text.clone());
        }
    }
    meanings
}

impl Attributes {
    /// Returns whether a decoded text can be a value with these attributes.
    fn accepts(self, text: &str) -> bool {
        let (characters, length) = match self.class {
            Class::B => {
                let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
                (text.len().is_multiple_of(2) && text.bytes().all(hex), text.len() / 2)
            }
            class => (class.accepts_all(text.as_bytes()), text.len()),
        };
        characters && (self.min..=self.max).contains(&length)
    }
}
