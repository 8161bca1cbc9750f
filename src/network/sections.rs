//! Values that several sections of a profile have.

use crate::iso8583::{De, Mti};
use crate::settings::Section;

/// Reads a list of data elements in ascending order.
pub(super) fn elements(section: &Section<'_>, key: &'static str) -> Option<Vec<De>> {
    let numbers = section.numbers(key, &(2..=192))?;
    let elements = numbers.into_iter().map(|number| De::new(u8::try_from(number).ok()?));
    let elements = elements.collect::<Option<Vec<_>>>();
    match elements {
        Some(elements) if elements.is_sorted_by(|a, b| a < b) => Some(elements),
        _ => {
            section.fault(key, "must be a list of data elements in ascending order");
            None
        }
    }
}

/// Reads a message type (MTI).
pub(super) fn message_type(text: &str) -> Result<Mti, String> {
    let digits: Option<[u8; 4]> = text.as_bytes().try_into().ok();
    digits
        .and_then(Mti::from_ascii)
        .ok_or_else(|| format!("{text:?} is not a message type: write four digits, such as 0200"))
}
