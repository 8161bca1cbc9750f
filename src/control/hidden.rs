//! What operators must not see of an act: hashes of secrets, and sealed credentials.

use serde_json::Value as Json;

/// What is shown in their place.
const HIDDEN: &str = "***";

/// Members that hold them. An invitation has the hash of a secret, as text or inside.
const SECRETS: [&str; 3] = ["hash", "credentials", "enrolment"];

/// Hides hashes of secrets and sealed credentials in the JSON of facts or of a command, at any depth; also in the text of a command that
/// operators signed, which becomes JSON.
pub fn hide_secrets(value: &mut Json) {
    match value {
        Json::Array(elements) => elements.iter_mut().for_each(hide_secrets),
        Json::Object(members) => {
            for (name, member) in members {
                match member {
                    Json::String(_) if SECRETS.contains(&name.as_str()) => *member = HIDDEN.into(),
                    Json::String(text) if name == "command" => {
                        if let Ok(mut command) = serde_json::from_str::<Json>(text) {
                            hide_secrets(&mut command);
                            *member = command;
                        }
                    }
                    Json::Array(_) | Json::Object(_) => hide_secrets(member),
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_in_facts_commands_and_signed_text() {
        let mut facts = json!([
            { "people": { "operator_added": { "person": "e17", "role": "viewer",
                "enrolment": { "hash": "ab12", "expires_at": 7 } } } },
            { "people": { "enrolled": { "person": "e17", "credentials": "c0ffee" } } },
            { "add_operator": { "operator": { "person": "e17", "enrolment": "ab12" } } },
            { "make_token": { "id": "t1", "token": { "hash": "ab12", "label": "report" } } },
            { "signed_offline": { "command": "{\"first\":[{\"enrolment\":\"ab12\"}]}" } },
            { "refused": { "command": "restrict" } },
        ]);
        hide_secrets(&mut facts);
        let expected = json!([
            { "people": { "operator_added": { "person": "e17", "role": "viewer",
                "enrolment": { "hash": "***", "expires_at": 7 } } } },
            { "people": { "enrolled": { "person": "e17", "credentials": "***" } } },
            { "add_operator": { "operator": { "person": "e17", "enrolment": "***" } } },
            { "make_token": { "id": "t1", "token": { "hash": "***", "label": "report" } } },
            { "signed_offline": { "command": { "first": [{ "enrolment": "***" }] } } },
            { "refused": { "command": "restrict" } },
        ]);
        assert_eq!(facts, expected);
    }
}
