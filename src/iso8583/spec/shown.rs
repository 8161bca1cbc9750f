//! Reads how a value is shown.

use std::collections::BTreeMap;

use super::map::{Faults, Map, scalar};
use super::{Form, Format, Shown};
use crate::iso8583::class::Class;
use crate::masking::Sensitive;

const FORMATS: [(&str, Format); 5] = [
    ("amount", Format::Amount),
    ("MMDDhhmmss", Format::Transmission),
    ("MMDD", Format::MonthDay),
    ("hhmmss", Format::Time),
    ("YYMM", Format::YearMonth),
];

/// Reads the keys of an element or a subfield that takes values of this form, if that is known.
pub(super) fn read(map: &Map<'_>, form: Option<Form>, faults: &mut Faults) -> Shown {
    let sensitive = map.choice("sensitive", &Sensitive::NAMES, faults);
    let format = map.choice("format", &FORMATS, faults);
    if let (Some(form), Some(format)) = (form, format)
        && let Err(takes) = check_format(form, format)
    {
        map.fault("format", format!("takes {takes}"), faults);
    }
    Shown { sensitive, format, meanings: read_meanings(map, form, faults) }
}

/// Whether values of a form can be read so; the error is what can.
fn check_format(form: Form, format: Format) -> Result<(), &'static str> {
    let (digits, takes) = match format {
        Format::Amount if matches!(form.class, Class::N | Class::Xn) => return Ok(()),
        Format::Amount => return Err("class n or x+n"),
        Format::Transmission => (10, "ten digits of class n"),
        Format::Time => (6, "six digits of class n"),
        Format::MonthDay | Format::YearMonth => (4, "four digits of class n"),
    };
    let fits = form.class == Class::N && (form.min..=form.max).contains(&digits);
    if fits { Ok(()) } else { Err(takes) }
}

fn read_meanings(
    map: &Map<'_>,
    form: Option<Form>,
    faults: &mut Faults,
) -> BTreeMap<String, String> {
    let codes =
        map.get("meanings").and_then(|place| Map::open_any(place, &map.at("meanings"), faults));
    let Some(codes) = codes else { return BTreeMap::new() };
    let mut meanings = BTreeMap::new();
    for entry in codes.entries() {
        if form.is_some_and(|form| !form.admits(&entry.key)) {
            codes.fault(&entry.key, "could never be the value", faults);
        }
        if let Some(words) = scalar(&entry.value, &codes.at(&entry.key), faults) {
            meanings.insert(entry.key.clone(), words.text.clone());
        }
    }
    meanings
}

impl Form {
    /// Whether a text can be a value of this form, as decoding gives it.
    fn admits(self, text: &str) -> bool {
        let (characters, length) = match self.class {
            Class::B => {
                let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
                (text.len().is_multiple_of(2) && text.bytes().all(hex), text.len() / 2)
            }
            class => (class.admits_all(text.as_bytes()), text.len()),
        };
        characters && (self.min..=self.max).contains(&length)
    }
}
