//! `titian export`: all steps of one transfer, as JSON.

use clap::Args;
use serde_json::{Value as Json, json};

use super::beginning;
use super::failure::{self, Failure};
use super::store::StoreOption;
use crate::engine::stored_facts::{self, StoredFactsError};
use crate::journal::{self, ChainedRow};
use crate::masking::{BIN_DIGITS, Sensitive};
use crate::values::{TransferId, Value};

const NOTES: &str = "\
Examples:
  titian export --store sqlite://titian.db --transfer 019ab65a-bc00-7000-8000-000000000001
  titian export --store sqlite://titian.db --transfer 019ab65a-… | jq '.steps[].state'

Each step has its row number and hash in the chain, its time, the state code that
it leads to, and its facts. Account numbers, card numbers and names are masked
unless --reveal is given. The store may be an archive, and may be in use.";

/// The fields of facts that hold personal data.
const PERSONAL: [(&str, Sensitive); 7] = [
    ("source_account", Sensitive::Account),
    ("beneficiary_account", Sensitive::Account),
    ("account", Sensitive::Account),
    ("other_account", Sensitive::Account),
    ("pan", Sensitive::Pan),
    ("sender_name", Sensitive::Name),
    ("beneficiary_name", Sensitive::Name),
];

/// Show all steps of one transfer, as JSON
#[derive(Args)]
#[command(after_help = "Examples: titian export --help", after_long_help = NOTES)]
pub(super) struct Export {
    #[command(flatten)]
    store: StoreOption,

    /// Id of the transfer, a UUID
    #[arg(long, value_name = "ID")]
    transfer: String,

    /// Show personal data unmasked
    #[arg(long)]
    reveal: bool,
}

impl Export {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.url()?;
        let id = TransferId::from_ascii(self.transfer.as_bytes()).ok_or_else(|| {
            format!(
                "--transfer: expected {} (got \"{}\")",
                TransferId::EXPECTED,
                beginning(&self.transfer)
            )
        })?;
        let rows = journal::open_to_read(&store)?.transfer(id)?;
        let Some(last) = rows.last() else {
            let line = format!("transfer {id} not found in {}", store.path().display());
            return Err(Failure::Negative(line));
        };
        let steps = rows.iter().map(|row| self.step(row));
        let document = json!({
            "transfer": id.to_string(),
            "state": last.row.state,
            "open": last.row.is_open,
            "steps": steps.collect::<Result<Vec<_>, _>>()?,
        });
        let text = serde_json::to_string_pretty(&document);
        failure::write(&(text.map_err(|error| Failure::Output(error.into()))? + "\n"))
    }

    fn step(&self, ChainedRow { head, row }: &ChainedRow) -> Result<Json, Failure> {
        let mut facts = facts(&row.facts.0).map_err(|error| match error {
            StoredFactsError::Newer { .. } => Failure::from(format!("row {}: {error}", head.count)),
            StoredFactsError::Malformed(_) => {
                Failure::Negative(format!("row {}: {error}", head.count))
            }
        })?;
        if !self.reveal {
            mask(&mut facts);
        }
        let (stan, rrn) = row.trace.map(|numbers| (numbers.stan, numbers.rrn)).unzip();
        Ok(json!({
            "row": head.count,
            "hash": head.hash_hex(),
            "at": row.recorded_at.iso8601(),
            "state": row.state,
            "stan": stan,
            "rrn": rrn,
            "facts": facts,
        }))
    }
}

/// Returns the facts of a row as JSON.
fn facts(text: &str) -> Result<Json, StoredFactsError> {
    stored_facts::read(text)?;
    let mut form: Json = serde_json::from_str(text)?;
    Ok(form.get_mut("facts").map(Json::take).unwrap_or_default())
}

/// Masks personal data at any depth.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_masked_at_any_depth() {
        let mut facts = json!([{"inbound": {"unexpected_input": {"reversal": {
            "account": "1234567890", "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"outbound": {"accepted": {"pan": "6011123456789018", "other_account": "9876543210", "beneficiary_account": "1234567890"}}}]);
        mask(&mut facts);
        let expected = json!([{"inbound": {"unexpected_input": {"reversal": {
            "account": "******7890", "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"outbound": {"accepted": {"pan": "601112******9018", "other_account": "******3210", "beneficiary_account": "******7890"}}}]);
        assert_eq!(facts, expected);
    }
}
