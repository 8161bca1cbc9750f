//! The values of a message, checked against the spec one by one.

use std::collections::BTreeMap;

use bytes::BytesMut;

use super::draft::Entry;
use super::parts;
use crate::cli::beginning;
use crate::iso8583::{
    De, Element, EncodeError, EncodeReason, Encoder, Field, MessageLayout, Mti, Shown, Spec,
};
use crate::masking::BIN_DIGITS;

/// What is said of a value with the stars of a masked one.
const MASKED: &str =
    "this looks masked; decode with --reveal to get what can be encoded, or say --as-given";

/// Writes the values of a message of one type.
pub(super) struct Values<'s> {
    spec: &'s Spec,
    mti: Mti,
    /// Whether values that look masked are taken.
    as_given: bool,
}

impl<'s> Values<'s> {
    pub(super) const fn new(spec: &'s Spec, mti: Mti, as_given: bool) -> Self {
        Self { spec, mti, as_given }
    }

    /// The message. All values are checked before; what is wrong with them is added to the faults.
    pub(super) fn encode(
        &self,
        fields: &BTreeMap<De, Entry>,
        faults: &mut Vec<String>,
    ) -> BytesMut {
        let mut bytes = BytesMut::new();
        let Some(layout) = self.spec.layout_of(self.mti) else {
            let (mti, spec) = (self.mti, self.spec.name());
            faults.push(format!("mti {mti} is in no message layout of the spec {spec}"));
            return bytes;
        };
        let mut values = Vec::new();
        for (de, entry) in fields {
            match self.value(layout, *de, entry) {
                Ok(value) => values.extend(value.map(|value| (*de, value))),
                Err(fault) => faults.push(fault),
            }
        }
        if let Err(error) = self.write(&values, &mut bytes) {
            faults.push(error.to_string());
        }
        bytes
    }

    fn write(&self, values: &[(De, String)], bytes: &mut BytesMut) -> Result<(), EncodeError> {
        let mut encoder = self.spec.encoder(self.mti, bytes)?;
        for (de, value) in values {
            encoder.text(*de, value)?;
        }
        encoder.finish();
        Ok(())
    }

    /// The whole value of an element, filled up; `None` if what is wrong with it was told before.
    fn value(
        &self,
        layout: &MessageLayout,
        de: De,
        entry: &Entry,
    ) -> Result<Option<String>, String> {
        let Some((_, element)) = layout.elements().find(|(other, _)| *other == de) else {
            let (mti, spec) = (self.mti, self.spec.name());
            return Err(format!("{de}: the spec {spec} does not have it in {mti} messages"));
        };
        let told = |fault: String| format!("{de} ({}): {fault}", element.name());
        check_labels(layout, de, element, entry).map_err(told)?;
        let value = entry.value.as_deref().map(|value| self.of_value(de, element, value));
        let value = value.transpose().map_err(told)?;
        let parts = entry.subfields.as_deref().map(|parts| self.of_parts(de, element, parts));
        let parts = parts.transpose().map_err(told)?;
        match (value, parts) {
            (Some(value), Some(parts)) if value != parts => {
                Err(told("value and subfields disagree; leave one of them out".to_owned()))
            }
            (value, parts) => Ok(value.or(parts)),
        }
    }

    fn of_value(&self, de: De, element: &Element, value: &str) -> Result<String, String> {
        self.alone(de, |encoder| encoder.text(de, value).map(|_| ())).map_err(|reason| {
            let refused =
                !matches!(reason, EncodeReason::TooLong { .. } | EncodeReason::TooShort { .. });
            if refused && !self.as_given && value.contains('*') && element.is_sensitive() {
                return MASKED.to_owned();
            }
            format!("{reason}{}", has(element, value))
        })?
    }

    fn of_parts(
        &self,
        de: De,
        element: &Element,
        given: &[(String, String)],
    ) -> Result<String, String> {
        let write = |given: &[(&str, &str)]| {
            self.alone(de, |encoder| parts::write(encoder, de, element, given))
        };
        let given = parts::ordered(element, given)?;
        write(&given).map_err(|reason| {
            match parts::culprit(&given, |some| write(some).map(|_| ())) {
                Some((key, text, reason)) => {
                    format!("{}: {}", beginning(key), parts::wrong(text, reason))
                }
                None => parts::missing(element, given.len()).unwrap_or_else(|| reason.to_string()),
            }
        })?
    }

    /// Writes one element alone, to find out whether it can be, and reads it back: the value as it lies in
    /// the message. The inner error is a value that can be written but looks masked.
    fn alone(
        &self,
        de: De,
        write: impl FnOnce(&mut Encoder<'_, '_>) -> Result<(), EncodeError>,
    ) -> Result<Result<String, String>, EncodeReason> {
        let mut bytes = BytesMut::new();
        let written = self.spec.encoder(self.mti, &mut bytes).and_then(|mut encoder| {
            write(&mut encoder)?;
            encoder.finish();
            Ok(())
        });
        written.map_err(|error| error.reason)?;
        Ok(match self.spec.decode(bytes.freeze()) {
            Ok(message) => match message.field(de) {
                Some(field) if !self.as_given && looks_masked(&field) => Err(MASKED.to_owned()),
                Some(field) => Ok(field.reveal().into_owned()),
                None => Ok(String::new()),
            },
            Err(error) => Err(error.to_string()),
        })
    }
}

/// Whether a sensitive value, or a part of one, is as masking leaves it. A star alone may be a real one.
fn looks_masked(field: &Field<'_>) -> bool {
    let starred = |whole: &str, masked: &str| whole.contains('*') && whole == masked;
    if field.element().shown().sensitive.is_some() {
        return starred(&field.reveal(), &field.masked());
    }
    let sensitive = |shown: Option<&Shown>| shown.is_none_or(|shown| shown.sensitive.is_some());
    let mut parts = field.subfields().into_iter();
    parts.any(|part| sensitive(part.shown()) && starred(&part.reveal(), &part.masked()))
}

/// The value, masked. One with sensitive parts is not told: it is not known where they lie in what is wrong.
fn has(element: &Element, value: &str) -> String {
    match element.shown().sensitive {
        Some(kind) => format!("; it is \"{}\"", beginning(&kind.mask(value, BIN_DIGITS))),
        None if element.is_sensitive() => String::new(),
        None => format!("; it is \"{}\"", beginning(value)),
    }
}

/// A name or title that is given must be the element's own.
fn check_labels(
    layout: &MessageLayout,
    de: De,
    element: &Element,
    entry: &Entry,
) -> Result<(), String> {
    let wrong = |given: &Option<String>, own: &str| given.clone().filter(|given| given != own);
    let name = wrong(&entry.name, element.name());
    let Some(label) = name.or_else(|| wrong(&entry.title, element.title())) else { return Ok(()) };
    let named = |it: &Element| it.name() == label || it.title() == label;
    let other = layout.elements().find(|(other, element)| *other != de && named(element));
    Err(match other {
        Some((other, _)) => format!("its name is given as {label}, which is {other}"),
        None => format!("its name is given as {}", beginning(&label)),
    })
}
