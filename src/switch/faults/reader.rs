//! Reads the rules of faults.

use std::time::Duration;

use serde_json::Value;

use super::{Action, Faults, Rule, Tally};
use crate::iso8583::{De, Mti};
use crate::switch::input::{InputError, Part, document};
use crate::switch::wire::HARMLESS;
use crate::values::{ResponseCode, digits};

/// The longest that a fault makes anything wait: a day.
const WAIT_MAX: u64 = 86_400_000;

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Rule>, InputError> {
    let rules = document(bytes, "faults")?;
    let whole = Part { value: &rules, place: "faults" };
    let rules = rules.as_array().ok_or_else(|| whole.error("it is no array of rules"))?;
    if rules.len() > Faults::RULES_MAX {
        let most = Faults::RULES_MAX;
        return Err(whole.error(format!("{} rules are too many, at most {most}", rules.len())));
    }
    let numbered = rules.iter().zip(1..);
    numbered
        .map(|(value, number): (_, u32)| {
            rule(value).map_err(|error| error.within(&format!("rule {number}")))
        })
        .collect()
}

fn rule(value: &Value) -> Result<Rule, InputError> {
    let object = Part { value, place: "" }.object(&["match", "chance", "action"])?;
    let matched = object.find("match").map(|part| part.object(&["mti", "de"])).transpose()?;
    let find = |key| matched.as_ref().and_then(|matched| matched.find(key));
    Ok(Rule {
        mti: find("mti").map(request).transpose()?,
        elements: find("de").map_or(Ok(Vec::new()), elements)?,
        chance: object.find("chance").map_or(Ok(1_000_000), chance)?,
        action: action(object.need("action")?)?,
        tally: Tally { rule: masked(value.clone()), matched: 0, hits: 0 },
    })
}

/// The rule as it is shown: what it wants of elements that may be personal only by its length.
fn masked(mut rule: Value) -> Value {
    if let Some(Value::Object(elements)) = rule.pointer_mut("/match/de") {
        for (number, text) in elements {
            let harmless = HARMLESS.iter().any(|de| de.number().to_string() == *number);
            if !harmless && let Value::String(text) = text {
                *text = "*".repeat(text.chars().count());
            }
        }
    }
    rule
}

fn request(part: Part<'_>) -> Result<Mti, InputError> {
    let digits = part.text()?.as_bytes().first_chunk::<4>().copied().and_then(Mti::from_ascii);
    let mti = digits.filter(|mti| mti.is_request());
    mti.ok_or_else(|| part.error("it takes the four digits of a request, such as 0200 or 0421"))
}

fn elements(part: Part<'_>) -> Result<Vec<(De, String)>, InputError> {
    let each = part.any_object()?.iter().map(|(number, text)| {
        let de = digits(number.as_bytes()).and_then(|number| De::new(number.try_into().ok()?));
        let de =
            de.ok_or_else(|| part.error(format!("`{number}` is no data element, 2 to 192")))?;
        Ok((de, Part { value: text, place: number }.text()?.to_owned()))
    });
    each.collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from zero to a million"
)]
fn chance(part: Part<'_>) -> Result<u32, InputError> {
    let chance = part.value.as_f64().filter(|chance| (0.0..=1.0).contains(chance));
    let chance = chance.ok_or_else(|| part.error("it takes a number from 0 to 1"))?;
    Ok((chance * 1e6).round() as u32)
}

const BARE: [(&str, Action); 8] = [
    ("drop_request", Action::DropRequest),
    ("drop_response", Action::DropResponse),
    ("duplicate", Action::Duplicate),
    ("wrong_amount", Action::WrongAmount),
    ("unknown_stan", Action::UnknownStan),
    ("garbage", Action::Garbage),
    ("disconnect", Action::Disconnect),
    ("overwrite_de7", Action::OverwriteDe7),
];

/// An action is its name, or an object of its name and what it takes.
fn action(part: Part<'_>) -> Result<Action, InputError> {
    let (name, taken) = match part.value {
        Value::String(name) => (name.as_str(), None),
        Value::Object(map) if map.len() == 1 => match map.iter().next() {
            Some((name, taken)) => (name.as_str(), Some(Part { value: taken, place: name })),
            None => return Err(part.error("it names no action")),
        },
        _ => return Err(part.error("it takes one action: its name, or {name: {what it takes}}")),
    };
    if let Some((_, action)) = BARE.iter().find(|(bare, _)| *bare == name) {
        taken.map_or(Ok(()), |taken| taken.object(&[]).map(drop))?;
        return Ok(*action);
    }
    let needed = |what: &str| part.error(format!("`{name}` takes {{\"{what}\": …}}"));
    match name {
        "decline" => decline(taken.ok_or_else(|| needed("rc"))?),
        "delay" => wait(taken.ok_or_else(|| needed("ms"))?).map(Action::Delay),
        "late" => wait(taken.ok_or_else(|| needed("ms"))?).map(Action::Late),
        other => {
            let known = ["decline", "delay", "late"].into_iter();
            let known: Vec<_> = known.chain(BARE.iter().map(|(name, _)| *name)).collect();
            Err(part.unknown("action", other, &known))
        }
    }
}

fn decline(part: Part<'_>) -> Result<Action, InputError> {
    part.object(&["rc"])?.need("rc")?.value::<ResponseCode>().map(Action::Decline)
}

fn wait(part: Part<'_>) -> Result<Duration, InputError> {
    part.object(&["ms"])?.need("ms")?.whole(0, WAIT_MAX).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> String {
        Faults::from_json(json.as_bytes()).err().unwrap().to_string()
    }

    #[test]
    fn errors_name_the_rule_the_key_and_what_was_meant() {
        let told = [
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
        .map(|json| format!("{json}\n    {}\n", fault(json)))
        .concat();
        insta::assert_snapshot!(told);
    }

    #[test]
    fn what_a_rule_wants_of_an_account_is_not_shown() {
        let json = br#"[{"match": {"de": {"4": "1", "103": "9876543210"}}, "action": "garbage"}]"#;
        let faults = Faults::from_json(json).unwrap();
        let shown = faults.tallies().next().unwrap().rule["match"]["de"].to_string();
        assert_eq!(shown, r#"{"4":"1","103":"**********"}"#);
    }

    #[test]
    fn rules_beyond_the_bound_are_refused() {
        let rules = vec![r#"{"action": "garbage"}"#; Faults::RULES_MAX + 1].join(",");
        assert_eq!(fault(&format!("[{rules}]")), "faults: 257 rules are too many, at most 256");
    }
}
