//! The subfields of a value: in their order, and which of them is wrong.

use crate::cli::beginning;
use crate::iso8583::{
    De, Element, EncodeError, EncodeReason, Encoder, SubfieldFault, SubfieldReason,
};
use crate::spelling::did_you_mean;

/// A subfield by its name or tag, and its text.
type Part<'p> = (&'p str, &'p str);

/// Fixed subfields in the order of the spec, none left out between two; tagged ones as they are given.
pub(super) fn ordered<'p>(
    element: &Element,
    given: &'p [(String, String)],
) -> Result<Vec<Part<'p>>, String> {
    let given: Vec<_> = given.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let names: Vec<_> = element.part_names().collect();
    if names.is_empty() {
        return Ok(given);
    }
    if let Some((key, _)) = given.iter().find(|(key, _)| !names.contains(key)) {
        let (key, meant) = (beginning(key), did_you_mean(key, names.iter().copied()));
        return Err(format!("it has no subfield {key}; it has {}{meant}", names.join(", ")));
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
    parts: &[Part<'_>],
) -> Result<(), EncodeError> {
    let fixed = element.part_names().next().is_some();
    let texts: Vec<_> = parts.iter().map(|(_, text)| *text).collect();
    if fixed { encoder.parts(de, &texts).map(|_| ()) } else { encoder.tags(de, parts).map(|_| ()) }
}

/// The first subfield with which a value can't be written, and why.
pub(super) fn culprit<'p>(
    parts: &[Part<'p>],
    write: impl Fn(&[Part<'p>]) -> Result<(), EncodeReason>,
) -> Option<(&'p str, &'p str, EncodeReason)> {
    let ends = |reason: &EncodeReason| matches!(reason, EncodeReason::Subfields(fault) if fault.reason == SubfieldReason::Ends);
    parts.iter().zip(1..).find_map(|((key, text), count)| {
        let reason = write(parts.get(..count)?).err().filter(|reason| !ends(reason))?;
        Some((*key, *text, reason))
    })
}

/// What is wrong with the text of a subfield. A place in the whole value would be no help.
pub(super) fn wrong(text: &str, reason: EncodeReason) -> String {
    let star =
        if text.contains('*') { "; it has a *: if it is masked, decode with --reveal" } else { "" };
    match reason {
        EncodeReason::Class { class, .. }
        | EncodeReason::Subfields(SubfieldFault { reason: SubfieldReason::Class(class), .. }) => {
            format!("takes {}{star}", class.expected())
        }
        other => other.to_string(),
    }
}

/// That a fixed subfield is missing behind the ones that are given.
pub(super) fn missing(element: &Element, given: usize) -> Option<String> {
    element.part_names().nth(given).map(|name| format!("{name} is missing"))
}
