//! Reads fault rules from JSON.

use std::time::Duration;

use serde_json::Value;

use super::{FaultAction, FaultRule, FaultRuleView, FaultRules};
use crate::iso8583::{De, Mti};
use crate::simulator::input::{InputError, InputValue, document};
use crate::simulator::message::NOT_PERSONAL;
use crate::simulator::odd_bytes::OddBytes;
use crate::simulator::odd_forms::OddForm;
use crate::values::{ResponseCode, digits};

/// The longest delay, in milliseconds: a day.
const DELAY_MAX_MS: u64 = 86_400_000;

impl FaultRules {
    /// Reads rules: a JSON array of `{match: {mti, de: {number: text}}, chance, action}`. A rule without `match` applies to all
    /// requests, one without `chance` (0 to 1) always. An action is its name, or an object of its name and parameters:
    /// `"drop_request"`, `{"decline": {"rc": "51"}}`, `{"late": {"ms": 35000}}`.
    ///
    /// # Errors
    /// The first mistake, with its rule and key.
    pub fn from_json(bytes: &[u8]) -> Result<Self, InputError> {
        read(bytes).map(Self)
    }
}

fn read(bytes: &[u8]) -> Result<Vec<FaultRule>, InputError> {
    let rules = document(bytes, "faults")?;
    let whole = InputValue { value: &rules, path: "faults" };
    let rules = rules.as_array().ok_or_else(|| whole.error("must be an array of rules"))?;
    if rules.len() > FaultRules::RULES_MAX {
        let most = FaultRules::RULES_MAX;
        let count = rules.len();
        return Err(whole.error(format!("must be at most {most} rules (got {count})")));
    }
    let numbered = rules.iter().zip(1..);
    numbered
        .map(|(value, number): (_, u32)| {
            rule(value).map_err(|error| error.within(&format!("rule {number}")))
        })
        .collect()
}

fn rule(value: &Value) -> Result<FaultRule, InputError> {
    let object = InputValue { value, path: "" }.object(&["match", "chance", "action"])?;
    let matched = object.find("match").map(|value| value.object(&["mti", "de"])).transpose()?;
    let find = |key| matched.as_ref().and_then(|matched| matched.find(key));
    Ok(FaultRule {
        mti: find("mti").map(request).transpose()?,
        elements: find("de").map_or(Ok(Vec::new()), elements)?,
        chance: object.find("chance").map_or(Ok(1_000_000), chance)?,
        action: action(object.need("action")?)?,
        view: FaultRuleView { rule: masked(value.clone()), matched: 0, hits: 0 },
    })
}

/// Masks the rule for display: texts of elements that may be personal data become asterisks.
fn masked(mut rule: Value) -> Value {
    if let Some(Value::Object(elements)) = rule.pointer_mut("/match/de") {
        for (number, text) in elements {
            let is_public = NOT_PERSONAL.iter().any(|de| de.number().to_string() == *number);
            if !is_public && let Value::String(text) = text {
                *text = "*".repeat(text.chars().count());
            }
        }
    }
    rule
}

fn request(value: InputValue<'_>) -> Result<Mti, InputError> {
    let digits = value.text()?.as_bytes().first_chunk::<4>().copied().and_then(Mti::from_ascii);
    let mti = digits.filter(|mti| mti.is_request());
    mti.ok_or_else(|| {
        value.error("must be the four digits of a request type, such as \"0200\" or \"0421\"")
    })
}

fn elements(value: InputValue<'_>) -> Result<Vec<(De, String)>, InputError> {
    let each = value.any_object()?.iter().map(|(number, text)| {
        let de = digits(number.as_bytes()).and_then(|number| De::new(number.try_into().ok()?));
        let de =
            de.ok_or_else(|| value.error(format!("`{number}` is not a data element (2 to 192)")))?;
        Ok((de, InputValue { value: text, path: number }.text()?.to_owned()))
    });
    each.collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1,000,000")]
fn chance(value: InputValue<'_>) -> Result<u32, InputError> {
    let chance = value.value.as_f64().filter(|chance| (0.0..=1.0).contains(chance));
    let chance = chance.ok_or_else(|| value.error("must be a number from 0 to 1"))?;
    Ok((chance * 1e6).round() as u32)
}

/// The actions without parameters.
const WITHOUT_PARAMETERS: [(&str, FaultAction); 21] = [
    ("drop_request", FaultAction::DropRequest),
    ("drop_response", FaultAction::DropResponse),
    ("duplicate", FaultAction::Duplicate),
    ("wrong_amount", FaultAction::WrongAmount),
    ("unknown_stan", FaultAction::UnknownStan),
    ("garbage", FaultAction::Garbage),
    ("disconnect", FaultAction::Disconnect),
    ("overwrite_de7", FaultAction::OverwriteDe7),
    ("original_without_institutions", FaultAction::Form(OddForm::OriginalWithoutInstitutions)),
    ("original_without_time", FaultAction::Form(OddForm::OriginalWithoutTime)),
    ("original_zeros", FaultAction::Form(OddForm::OriginalZeros)),
    ("original_of_other_bank", FaultAction::Form(OddForm::OriginalOfOtherBank)),
    ("no_original", FaultAction::Form(OddForm::NoOriginal)),
    ("unknown_original", FaultAction::Form(OddForm::UnknownOriginal)),
    ("zero_replacement", FaultAction::Form(OddForm::ZeroReplacement)),
    ("misrouted", FaultAction::Form(OddForm::Misrouted)),
    ("acquirer_is_receiver", FaultAction::Form(OddForm::AcquirerIsReceiver)),
    ("not_ascii", FaultAction::Bytes(OddBytes::NotAscii)),
    ("empty_names", FaultAction::Bytes(OddBytes::EmptyNames)),
    ("undefined_element", FaultAction::Bytes(OddBytes::UndefinedElement)),
    ("trailing_byte", FaultAction::Bytes(OddBytes::TrailingByte)),
];

/// Reads an action: its name, or an object of its name and parameters.
fn action(value: InputValue<'_>) -> Result<FaultAction, InputError> {
    let (name, parameters) = match value.value {
        Value::String(name) => (name.as_str(), None),
        Value::Object(map) if map.len() == 1 => match map.iter().next() {
            Some((name, parameters)) => {
                (name.as_str(), Some(InputValue { value: parameters, path: name }))
            }
            None => return Err(value.error("must have the name of an action")),
        },
        _ => return Err(value.error("must be one action: its name, or {name: {parameters}}")),
    };
    if let Some((_, action)) = WITHOUT_PARAMETERS.iter().find(|(known, _)| *known == name) {
        parameters.map_or(Ok(()), |parameters| parameters.object(&[]).map(drop))?;
        return Ok(*action);
    }
    let missing = |key: &str| value.error(format!("`{name}` needs {{\"{key}\": …}}"));
    match name {
        "decline" => decline(parameters.ok_or_else(|| missing("rc"))?),
        "delay" => delay(parameters.ok_or_else(|| missing("ms"))?).map(FaultAction::Delay),
        "late" => delay(parameters.ok_or_else(|| missing("ms"))?).map(FaultAction::Late),
        other => {
            let known = ["decline", "delay", "late"].into_iter();
            let known: Vec<_> =
                known.chain(WITHOUT_PARAMETERS.iter().map(|(name, _)| *name)).collect();
            Err(value.unknown("action", other, &known))
        }
    }
}

fn decline(value: InputValue<'_>) -> Result<FaultAction, InputError> {
    value.object(&["rc"])?.need("rc")?.value::<ResponseCode>().map(FaultAction::Decline)
}

fn delay(value: InputValue<'_>) -> Result<Duration, InputError> {
    value.object(&["ms"])?.need("ms")?.whole(0, DELAY_MAX_MS).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        FaultRules::from_json(json.as_bytes()).err().unwrap().to_string()
    }

    #[test]
    fn errors_name_the_rule_the_key_and_the_nearest_known_name() {
        let errors = [
            "{",
            "{}",
            r#"["x"]"#,
            r#"[{"action": "drop_request"}, {"acton": "drop_request"}]"#,
            r#"[{"chance": 1}]"#,
            r#"[{"action": "drop_requst"}]"#,
            r#"[{"action": "late"}]"#,
            r#"[{"action": {"late": {"s": 1}}}]"#,
            r#"[{"action": {"late": {"ms": -1}}}]"#,
            r#"[{"action": {"decline": {"rc": "5"}}}]"#,
            r#"[{"action": {"garbage": {"ms": 1}}}]"#,
            r#"[{"action": {}}]"#,
            r#"[{"action": "garbage", "chance": 1.5}]"#,
            r#"[{"action": "garbage", "match": {"mti": "0210"}}]"#,
            r#"[{"action": "garbage", "match": {"mti": 200}}]"#,
            r#"[{"action": "garbage", "match": {"dee": {}}}]"#,
            r#"[{"action": "garbage", "match": {"de": {"65": "1"}}}]"#,
            r#"[{"action": "garbage", "match": {"de": {"4": 1}}}]"#,
        ]
        .map(|json| format!("{json}\n    {}\n", error(json)))
        .concat();
        insta::assert_snapshot!(errors);
    }

    #[test]
    fn personal_data_in_rules_is_masked() {
        let json = br#"[{"match": {"de": {"4": "1", "103": "9876543210"}}, "action": "garbage"}]"#;
        let faults = FaultRules::from_json(json).unwrap();
        let shown = faults.views().next().unwrap().rule["match"]["de"].to_string();
        assert_eq!(shown, r#"{"4":"1","103":"**********"}"#);
    }

    #[test]
    fn too_many_rules_are_refused() {
        let rules = vec![r#"{"action": "garbage"}"#; FaultRules::RULES_MAX + 1].join(",");
        assert_eq!(error(&format!("[{rules}]")), "faults: must be at most 256 rules (got 257)");
    }
}
