//! `titian export`: the whole life of one transfer, as JSON.

use clap::Args;
use serde_json::{Value as Json, json};

use super::beginning;
use super::failure::{self, Failure};
use super::store::StoreOption;
use crate::engine::form::{self, FormError};
use crate::journal::{self, Head, Row};
use crate::masking::{BIN_DIGITS, Sensitive};
use crate::values::{Date, Moment, Offset, TimeOfDay, TransferId, Value};

const NOTES: &str = "\
Examples:
  titian export --store sqlite://titian.db --transfer 019ab65a-bc00-7000-8000-000000000001
  titian export --store sqlite://titian.db --transfer 019ab65a-… | jq '.steps[].state'

Each step with its number and hash in the chain, when it became true, the state
that it leads to, and its facts. Account numbers, card numbers and names are masked
unless --reveal is given. The store may be an archive, and may be in use.";

/// What in facts is personal, by the names that it has there.
const PERSONAL: [(&str, Sensitive); 7] = [
    ("from", Sensitive::Account),
    ("to", Sensitive::Account),
    ("account", Sensitive::Account),
    ("other", Sensitive::Account),
    ("pan", Sensitive::Pan),
    ("sender", Sensitive::Name),
    ("beneficiary", Sensitive::Name),
];

/// Show the whole life of one transfer, as JSON
#[derive(Args)]
#[command(after_help = "Examples: titian export --help", after_long_help = NOTES)]
pub(super) struct Export {
    #[command(flatten)]
    store: StoreOption,

    /// Id of the transfer, a UUID
    #[arg(long, value_name = "ID")]
    transfer: String,

    /// Show personal values whole
    #[arg(long)]
    reveal: bool,
}

impl Export {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.file()?;
        let id = TransferId::from_ascii(self.transfer.as_bytes()).ok_or_else(|| {
            format!("--transfer {}: it is not {}", beginning(&self.transfer), TransferId::EXPECTED)
        })?;
        let rows = journal::life(&store, id)?;
        let Some((_, last)) = rows.last() else {
            let line = format!("there is no transfer {id} in {}", store.display());
            return Err(Failure::No(line));
        };
        let steps = rows.iter().map(|(head, row)| self.step(*head, row));
        let document = json!({
            "transfer": id.to_string(),
            "state": last.state,
            "open": last.open,
            "steps": steps.collect::<Result<Vec<_>, _>>()?,
        });
        let text = serde_json::to_string_pretty(&document);
        failure::write(&(text.map_err(|error| Failure::Output(error.into()))? + "\n"))
    }

    fn step(&self, head: Head, row: &Row) -> Result<Json, Failure> {
        let mut facts = facts(&row.form.0).map_err(|error| match error {
            FormError::Newer { .. } => Failure::from(format!("row {}: {error}", head.count)),
            FormError::Malformed(_) => Failure::No(format!("row {}: {error}", head.count)),
        })?;
        if !self.reveal {
            mask(&mut facts);
        }
        let (stan, rrn) = row.numbers.map(|numbers| (numbers.stan, numbers.rrn)).unzip();
        Ok(json!({
            "row": head.count,
            "hash": head.hash_in_hex(),
            "at": time(row.at),
            "state": row.state,
            "stan": stan,
            "rrn": rrn,
            "facts": facts,
        }))
    }
}

/// The facts of a row, as they are written.
fn facts(text: &str) -> Result<Json, FormError> {
    form::read(text.as_bytes())?;
    let mut form: Json = serde_json::from_str(text)?;
    Ok(form.get_mut("facts").map(Json::take).unwrap_or_default())
}

/// Masks what is personal, however deep it stands.
fn mask(value: &mut Json) {
    match value {
        Json::Array(values) => values.iter_mut().for_each(mask),
        Json::Object(members) => {
            for (name, value) in members {
                let kind = PERSONAL.iter().find(|(personal, _)| personal == name);
                match (kind, &*value) {
                    (Some((_, kind)), Json::String(text)) => {
                        *value = kind.mask(text, BIN_DIGITS).into();
                    }
                    _ => mask(value),
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// A moment by RFC 3339, in UTC.
fn time(at: Moment) -> String {
    let (date, time) = (Date::of(at, Offset::UTC), TimeOfDay::of(at, Offset::UTC));
    let millis = at.millis() % 1000;
    format!("{date}T{:02}:{:02}:{:02}.{millis:03}Z", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_personal_is_masked_however_deep_it_stands_and_nothing_else() {
        let mut facts = json!([{"in": {"unexpected": {"reversal": {
            "account": "1234567890", "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"out": {"accepted": {"pan": "6011123456789018", "other": "9876543210", "to": "1234567890"}}}]);
        mask(&mut facts);
        let expected = json!([{"in": {"unexpected": {"reversal": {
            "account": "******7890", "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"out": {"accepted": {"pan": "601112******9018", "other": "******3210", "to": "******7890"}}}]);
        assert_eq!(facts, expected);
    }
}
