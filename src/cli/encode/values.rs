//! The values of a message, checked one by one against the spec.

use std::collections::BTreeMap;

use bytes::BytesMut;

use super::draft::FieldDraft;
use super::subfields;
use crate::cli::beginning;
use crate::iso8583::{
    De, Element, EncodeError, EncodeReason, Encoder, Field, MessageLayout, Mti, Presentation, Spec,
};
use crate::masking::BIN_DIGITS;

/// The error for a value with the stars of a masked one.
const MASKED: &str = "the value looks masked: decode with --reveal, or use --as-given";

/// Writes the values of a message of one type.
pub(super) struct Values<'s> {
    spec: &'s Spec,
    mti: Mti,
    /// Whether values that look masked are accepted.
    as_given: bool,
}

impl<'s> Values<'s> {
    pub(super) const fn new(spec: &'s Spec, mti: Mti, as_given: bool) -> Self {
        Self { spec, mti, as_given }
    }

    /// Returns the message. All values are checked first; errors are added to the faults.
    pub(super) fn encode(
        &self,
        fields: &BTreeMap<De, FieldDraft>,
        faults: &mut Vec<String>,
    ) -> BytesMut {
        let mut bytes = BytesMut::new();
        let Some(layout) = self.spec.layout_of(self.mti) else {
            let (mti, spec) = (self.mti, self.spec.name());
            faults.push(format!("mti: no message layout of the spec {spec} selects {mti}"));
            return bytes;
        };
        let mut values = Vec::new();
        for (de, field) in fields {
            match self.value(layout, *de, field) {
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

    /// Returns the whole, padded value of an element; `None` if its error has been reported before.
    fn value(
        &self,
        layout: &MessageLayout,
        de: De,
        field: &FieldDraft,
    ) -> Result<Option<String>, String> {
        let Some((_, element)) = layout.elements().find(|(other, _)| *other == de) else {
            let (mti, spec) = (self.mti, self.spec.name());
            return Err(format!("{de}: the spec {spec} does not define it for MTI {mti}"));
        };
        let located = |fault: String| format!("{de} ({}): {fault}", element.name());
        check_labels(layout, de, element, field).map_err(located)?;
        let value = field.value.as_deref().map(|value| self.text_value(de, element, value));
        let value = value.transpose().map_err(located)?;
        let parts =
            field.subfields.as_deref().map(|parts| self.subfields_value(de, element, parts));
        let parts = parts.transpose().map_err(located)?;
        match (value, parts) {
            (Some(value), Some(parts)) if value != parts => {
                Err(located("value and subfields differ: remove one of them".to_owned()))
            }
            (value, parts) => Ok(value.or(parts)),
        }
    }

    fn text_value(&self, de: De, element: &Element, value: &str) -> Result<String, String> {
        self.written_alone(de, |encoder| encoder.text(de, value).map(|_| ())).map_err(|reason| {
            let refused =
                !matches!(reason, EncodeReason::TooLong { .. } | EncodeReason::TooShort { .. });
            if refused && !self.as_given && value.contains('*') && element.is_sensitive() {
                return MASKED.to_owned();
            }
            format!("{reason}{}", value_note(element, value))
        })?
    }

    fn subfields_value(
        &self,
        de: De,
        element: &Element,
        given: &[(String, String)],
    ) -> Result<String, String> {
        let write = |given: &[(&str, &str)]| {
            self.written_alone(de, |encoder| subfields::write(encoder, de, element, given))
        };
        let given = subfields::ordered(element, given)?;
        write(&given).map_err(|reason| {
            match subfields::first_invalid(&given, |some| write(some).map(|_| ())) {
                Some((key, text, reason)) => {
                    format!("{}: {}", beginning(key), subfields::describe(text, reason))
                }
                None => {
                    subfields::missing(element, given.len()).unwrap_or_else(|| reason.to_string())
                }
            }
        })?
    }

    /// Writes one element alone to check it, and reads it back: the value as it is in the message. The inner
    /// error is a valid value that looks masked.
    fn written_alone(
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

/// Returns whether a sensitive value or subfield looks masked. A single star may be real data.
fn looks_masked(field: &Field<'_>) -> bool {
    let starred = |whole: &str, masked: &str| whole.contains('*') && whole == masked;
    if field.element().presentation().sensitive.is_some() {
        return starred(&field.reveal(), &field.masked());
    }
    let sensitive =
        |shown: Option<&Presentation>| shown.is_none_or(|shown| shown.sensitive.is_some());
    let mut parts = field.subfields().into_iter();
    parts.any(|part| sensitive(part.presentation()) && starred(&part.reveal(), &part.masked()))
}

/// Returns the value, masked, for an error. A value with sensitive subfields is left out, because an invalid
/// value can't be split into them.
fn value_note(element: &Element, value: &str) -> String {
    match element.presentation().sensitive {
        Some(kind) => format!(" (got \"{}\")", beginning(&kind.mask(value, BIN_DIGITS))),
        None if element.is_sensitive() => String::new(),
        None => format!(" (got \"{}\")", beginning(value)),
    }
}

/// Checks that a given name or title belongs to the element.
fn check_labels(
    layout: &MessageLayout,
    de: De,
    element: &Element,
    field: &FieldDraft,
) -> Result<(), String> {
    let differing = |given: &Option<String>, own: &str| given.clone().filter(|given| given != own);
    let name = differing(&field.name, element.name());
    let Some(label) = name.or_else(|| differing(&field.title, element.title())) else {
        return Ok(());
    };
    let named = |it: &Element| it.name() == label || it.title() == label;
    let other = layout.elements().find(|(other, element)| *other != de && named(element));
    Err(match other {
        Some((other, _)) => format!("the name {label} belongs to {other}"),
        None => format!("unknown name {}", beginning(&label)),
    })
}
