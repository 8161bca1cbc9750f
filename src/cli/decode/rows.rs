//! The rows of the table of a message.

use super::meaning::Meanings;
use super::view::View;
use crate::hex::upper;
use crate::iso8583::{Field, Message, Subfield};

/// The text in place of the bytes of a sensitive value.
pub(super) const MASKED: &str = "(masked)";

/// A row of the table: MTI, bitmap, a data element or a subfield. Cells may be empty.
#[derive(Default)]
pub(super) struct Row {
    pub(super) number: String,
    pub(super) label: String,
    pub(super) format: String,
    pub(super) byte: String,
    pub(super) raw: String,
    pub(super) value: String,
    pub(super) meaning: String,
}

/// How elements are named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By the names of the spec.
    Names,
    /// By the titles of ISO 8583.
    Titles,
}

impl Naming {
    /// Returns titles if the width has room for them.
    pub(super) const fn at(width: usize) -> Self {
        if width < 120 { Self::Names } else { Self::Titles }
    }

    /// Returns the maximum width of the names.
    pub(super) const fn widest(self) -> usize {
        match self {
            Self::Names => 26,
            Self::Titles => 42,
        }
    }
}

/// Returns the rows of a message.
pub(super) fn of(message: &Message<'_>, view: View, naming: Naming) -> Vec<Row> {
    let words = Meanings::of(message);
    let mut rows = head(message, naming);
    for field in message.fields() {
        let subfields = field.subfields();
        rows.push(element(&field, subfields.len(), &words, view, naming));
        rows.extend(subfields.iter().map(|it| part(&field, it, &words, view, naming)));
    }
    rows
}

/// Returns the rows of MTI and bitmaps. The meaning of the MTI is in the heading.
fn head(message: &Message<'_>, naming: Naming) -> Vec<Row> {
    let bytes = message.bytes();
    let end = message.fields().next().map_or(bytes.len(), |first| first.offset());
    let head = bytes.get(..end).unwrap_or_default();
    let (mti, bitmaps) = head.split_at_checked(message.mti_width()).unwrap_or_default();
    let kind = Row {
        label: named(naming, "message_type", "Message type"),
        byte: "0".to_owned(),
        raw: upper(mti),
        value: message.mti().to_string(),
        ..Row::default()
    };
    let words: Vec<_> = message.bitmaps().collect();
    let width = bitmaps.len() / words.len().max(1);
    let names =
        [("bitmap", "Bitmap"), ("bitmap_2", "Secondary bitmap"), ("bitmap_3", "Tertiary bitmap")];
    let bitmaps = names.iter().zip(words).zip(bitmaps.chunks(width.max(1))).zip(0..);
    let bitmaps = bitmaps.map(|((((name, title), word), raw), nth)| Row {
        label: named(naming, name, title),
        byte: (mti.len() + nth * width).to_string(),
        raw: upper(raw),
        value: format!("{word:016X}"),
        ..Row::default()
    });
    [kind].into_iter().chain(bitmaps).collect()
}

fn named(naming: Naming, name: &str, title: &str) -> String {
    match naming {
        Naming::Names => name.to_owned(),
        Naming::Titles => title.to_owned(),
    }
}

fn element(
    field: &Field<'_>,
    subfields: usize,
    words: &Meanings<'_>,
    view: View,
    naming: Naming,
) -> Row {
    let element = field.element();
    let hidden = view.hides(field);
    let value = view.value(field);
    let meaning =
        if hidden { String::new() } else { words.meaning(element.presentation(), &value) };
    Row {
        number: field.de().number().to_string(),
        label: named(naming, element.name(), element.title()),
        format: field.attributes(),
        byte: field.offset().to_string(),
        raw: if hidden { MASKED.to_owned() } else { raw(field) },
        value: match subfields {
            0 => value.into_owned(),
            1 => "1 subfield".to_owned(),
            _ => format!("{subfields} subfields"),
        },
        meaning,
    }
}

/// Returns the length indicator, if there is one, and the content.
fn raw(field: &Field<'_>) -> String {
    let (indicator, content) =
        field.wire().split_at_checked(field.indicator_width()).unwrap_or_default();
    [indicator, content].map(upper).join(" ").trim().to_owned()
}

fn part(
    field: &Field<'_>,
    subfield: &Subfield<'_>,
    words: &Meanings<'_>,
    view: View,
    naming: Naming,
) -> Row {
    let value = view.subfield(subfield);
    let shown = subfield.presentation().filter(|_| !view.hides_subfield(subfield));
    let key = subfield.key();
    let tagged = field.element().fixed_subfield_names().next().is_none();
    Row {
        label: if tagged {
            let title = if subfield.presentation().is_some() {
                subfield.title()
            } else {
                "not defined in the spec"
            };
            format!("  {key} {title}")
        } else {
            format!("  {}", named(naming, &key, subfield.title()))
        },
        format: subfield.length().to_string(),
        meaning: shown.map_or_else(String::new, |shown| words.meaning(shown, &value)),
        value: value.into_owned(),
        ..Row::default()
    }
}
