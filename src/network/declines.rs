//! The section `[declines]` of a profile: what the response codes of the switch that decline mean.

use crate::settings::{Section, all};
use crate::transfer::{DeclineMeanings, Refusal, ResponseClass, ResponseClasses};
use crate::values::ResponseCode;

/// Reads what the response codes that decline mean. A code that is not listed has no meaning beyond that.
pub(super) fn read_declines(
    section: &Section<'_>,
    classes: Option<&ResponseClasses>,
) -> Option<DeclineMeanings> {
    let keys = [
        ("insufficient_funds", Refusal::InsufficientFunds),
        ("inactive_account", Refusal::InactiveAccount),
        ("no_such_account", Refusal::NoSuchAccount),
        ("limit", Refusal::Limit),
    ];
    let read = keys.iter().map(|(key, meaning)| {
        let codes: Vec<ResponseCode> = section.values(key)?;
        let declines = |code: &&ResponseCode| {
            classes.is_some_and(|classes| classes.of(**code) != ResponseClass::Declined)
        };
        if let Some(code) = codes.iter().find(declines) {
            let reason =
                format!("{code} is not in response_classes.declined: add it there, or remove it");
            section.fault(key, reason);
        }
        Some((codes, *meaning))
    });
    let mut listed: Vec<(ResponseCode, Refusal)> = Vec::new();
    for (codes, meaning) in all(read)? {
        for code in codes {
            if listed.iter().any(|(other, _)| *other == code) {
                section
                    .fault("", format!("response code {code} is listed twice: keep one meaning"));
            }
            listed.push((code, meaning));
        }
    }
    Some(DeclineMeanings::new(listed))
}
