//! The subfields of a value: their order, and the first invalid one.

use crate::cli::beginning;
use crate::iso8583::{
    De, Element, EncodeError, EncodeReason, Encoder, SubfieldFault, SubfieldReason,
};
use crate::spelling::did_you_mean;

/// A subfield: its name or tag, and its text.
type GivenSubfield<'p> = (&'p str, &'p str);

/// Returns fixed subfields in the order of the spec, without gaps; tagged ones as given.
pub(super) fn ordered<'p>(
    element: &Element,
    given: &'p [(String, String)],
) -> Result<Vec<GivenSubfield<'p>>, String> {
    let given: Vec<_> = given.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let names: Vec<_> = element.fixed_subfield_names().collect();
    if names.is_empty() {
        return Ok(given);
    }
    if let Some((key, _)) = given.iter().find(|(key, _)| !names.contains(key)) {
        let (key, suggestion) = (beginning(key), did_you_mean(key, names.iter().copied()));
        return Err(format!(
            "unknown subfield {key}; known subfields: {}{suggestion}",
            names.join(", ")
        ));
    }
    let part = |name: &str| given.iter().find(|(key, _)| *key == name).copied();
    let placed: Vec<_> = names.iter().map(|name| part(name)).collect();
    let count = placed.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    placed
        .into_iter()
        .zip(&names)
        .take(count)
        .map(|(part, name)| part.ok_or_else(|| format!("{name} is missing")))
        .collect()
}

/// Writes a value from its subfields.
pub(super) fn write(
    encoder: &mut Encoder<'_, '_>,
    de: De,
    element: &Element,
    parts: &[GivenSubfield<'_>],
) -> Result<(), EncodeError> {
    let fixed = element.fixed_subfield_names().next().is_some();
    let texts: Vec<_> = parts.iter().map(|(_, text)| *text).collect();
    if fixed {
        encoder.fixed_subfields(de, &texts).map(|_| ())
    } else {
        encoder.tagged_subfields(de, parts).map(|_| ())
    }
}

/// Returns the first subfield that can't be written, and the reason.
pub(super) fn first_invalid<'p>(
    parts: &[GivenSubfield<'p>],
    write: impl Fn(&[GivenSubfield<'p>]) -> Result<(), EncodeReason>,
) -> Option<(&'p str, &'p str, EncodeReason)> {
    let ends = |reason: &EncodeReason| matches!(reason, EncodeReason::Subfields(fault) if fault.reason == SubfieldReason::LengthMismatch);
    parts.iter().zip(1..).find_map(|((key, text), count)| {
        let reason = write(parts.get(..count)?).err().filter(|reason| !ends(reason))?;
        Some((*key, *text, reason))
    })
}

/// Describes the error in a subfield. A position in the whole value would not help.
pub(super) fn describe(text: &str, reason: EncodeReason) -> String {
    let star = if text.contains('*') {
        "; it contains *: if it is masked, decode with --reveal"
    } else {
        ""
    };
    match reason {
        EncodeReason::Class { class, .. }
        | EncodeReason::Subfields(SubfieldFault { reason: SubfieldReason::Class(class), .. }) => {
            format!("must be {}{star}", class.expected())
        }
        other => other.to_string(),
    }
}

/// Reports a fixed subfield that is missing behind the given ones.
pub(super) fn missing(element: &Element, given: usize) -> Option<String> {
    element.fixed_subfield_names().nth(given).map(|name| format!("{name} is missing"))
}
