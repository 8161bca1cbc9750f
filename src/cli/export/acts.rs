//! `titian export --acts`: what operators and the adapter did, as JSON.

use serde_json::{Value as Json, json};

use crate::cli::failure::Failure;
use crate::control::{Act, hide_secrets};
use crate::journal::{self, StoreUrl};
use crate::masking::{BIN_DIGITS, Sensitive};
use crate::records::read_act;

/// Returns the acts after a number. All acts of the store are checked from the first.
pub(super) fn acts(store: &StoreUrl, after: u64) -> Result<Json, Failure> {
    let mut acts = Vec::new();
    let stored = journal::open_to_read(store)?;
    journal::scan_acts(stored.as_ref(), |number, text| {
        let act = read_act(text)?;
        if number > after {
            acts.push(shown(number, &act));
        }
        Ok(())
    })?;
    Ok(json!({ "acts": acts }))
}

fn shown(number: u64, act: &Act) -> Json {
    let mut facts = json!(act.facts);
    hide_secrets(&mut facts);
    mask(&mut facts);
    json!({
        "act": number,
        "at": act.at.iso8601(),
        "by": act.by.as_ref().map_or_else(|| "titian".into(), |by| json!(by)),
        "facts": facts,
    })
}

/// Masks the names of operators, at any depth.
fn mask(value: &mut Json) {
    match value {
        Json::Array(elements) => elements.iter_mut().for_each(mask),
        Json::Object(members) => {
            let is_person = members.contains_key("person");
            for (name, member) in members {
                match member {
                    Json::String(text) if name == "name" && is_person => {
                        *member = Sensitive::Name.mask(text, BIN_DIGITS).into();
                    }
                    Json::Array(_) | Json::Object(_) => mask(member),
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_operators_are_masked_at_any_depth() {
        let mut facts = json!([
            { "people": { "operator_added": { "person": "e17", "name": "Siti Rahma", "role": "viewer" } } },
            { "signed_offline": { "against": "x",
                "command": { "first_administrators": [{ "person": "e17", "name": "Siti Rahma" }] } } },
            { "started": { "names": { "services": [{ "name": "transfer", "codes": [] }] } } },
            { "refused": { "command": "restrict", "reason": "the role viewer may not do this" } },
        ]);
        mask(&mut facts);
        let expected = json!([
            { "people": { "operator_added": { "person": "e17", "name": "S*** R****", "role": "viewer" } } },
            { "signed_offline": { "against": "x",
                "command": { "first_administrators": [{ "person": "e17", "name": "S*** R****" }] } } },
            { "started": { "names": { "services": [{ "name": "transfer", "codes": [] }] } } },
            { "refused": { "command": "restrict", "reason": "the role viewer may not do this" } },
        ]);
        assert_eq!(facts, expected);
    }
}
