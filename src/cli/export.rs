//! `titian export`: all steps of one transfer, or the acts of operators, as JSON.

mod acts;

use clap::Args;
use serde_json::{Value as Json, json};

use super::beginning;
use super::failure::{self, Failure};
use super::store::StoreOption;
use crate::engine::stored_facts::{self, StoredFactsError};
use crate::journal::{self, ChainedRow, Row};
use crate::masking::{BIN_DIGITS, Sensitive};
use crate::values::{TransferId, Value};

const NOTES: &str = "\
Examples:
  titian export --store sqlite://titian.db --transfer 019ab65a-bc00-7000-8000-000000000001
  titian export --store sqlite://titian.db --transfer 019ab65a-… | jq '.steps[].state'
  titian export --store sqlite://titian.db --acts --after 120

Each step has its row number and hash in the chain, its time, the state code that
it leads to, and its facts. Account numbers, card numbers and names are masked;
\"encrypted\" stands for one that cannot be read. Unmasking goes through the admin
API only. The store may be an archive, and may be in use.

Each act has its number, its time, who did it (`titian`: the adapter itself), and
its facts; names are masked. All acts are checked: that they follow each other, and
end where the rows of the transfers say. `titian verify` checks signatures too.";

/// What is shown of a value that cannot be read.
const ENCRYPTED: &str = "encrypted";

/// The fields of facts that hold personal data.
const PERSONAL: [(&str, Sensitive); 8] = [
    ("source_account", Sensitive::Account),
    ("beneficiary_account", Sensitive::Account),
    ("account", Sensitive::Account),
    ("other_account", Sensitive::Account),
    ("pan", Sensitive::Pan),
    ("sender_name", Sensitive::Name),
    ("beneficiary_name", Sensitive::Name),
    ("reference", Sensitive::Private),
];

/// Show all steps of one transfer, or the acts of operators, as JSON
#[derive(Args)]
#[command(after_help = "Examples: titian export --help", after_long_help = NOTES)]
pub(super) struct Export {
    #[command(flatten)]
    store: StoreOption,

    /// Id of the transfer, a UUID
    #[arg(long, value_name = "ID", required_unless_present = "acts")]
    transfer: Option<String>,

    /// The acts of operators and of the adapter
    #[arg(long, conflicts_with = "transfer")]
    acts: bool,

    /// Show the acts after this number
    #[arg(long, value_name = "N", default_value_t = 0, requires = "acts")]
    after: u64,

    /// The form
    #[arg(long, value_parser = ["json"], default_value = "json")]
    format: String,
}

impl Export {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.url()?;
        let Some(text) = &self.transfer else { return write(&acts::acts(&store, self.after)?) };
        let id = TransferId::from_ascii(text.as_bytes()).ok_or_else(|| {
            let expected = TransferId::EXPECTED;
            format!("--transfer: expected {expected} (got \"{}\")", beginning(text))
        })?;
        let rows = journal::open_to_read(&store)?.transfer(id)?;
        let Some(last) = rows.last() else {
            let line = format!("transfer {id} not found in {}", store.path().display());
            return Err(Failure::Negative(line));
        };
        let steps = rows.iter().map(step);
        let document = json!({
            "transfer": id.to_string(),
            "state": last.row.state,
            "open": last.row.is_open,
            "steps": steps.collect::<Result<Vec<_>, _>>()?,
        });
        write(&document)
    }
}

fn write(document: &Json) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document);
    failure::write(&(text.map_err(|error| Failure::Output(error.into()))? + "\n"))
}

fn step(ChainedRow { head, row, .. }: &ChainedRow) -> Result<Json, Failure> {
    let facts = facts(row).map_err(|error| match error {
        StoredFactsError::Newer { .. } => Failure::from(format!("row {}: {error}", head.count)),
        StoredFactsError::Malformed(_)
        | StoredFactsError::Personal(_)
        | StoredFactsError::Encrypted => Failure::Negative(format!("row {}: {error}", head.count)),
    })?;
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

/// Returns the facts of a row as JSON, with their personal values masked.
fn facts(row: &Row) -> Result<Json, StoredFactsError> {
    let (text, personal) = (&row.facts.0, row.personal.as_ref());
    stored_facts::read(text, personal)?;
    let mut form: Json = serde_json::from_str(text)?;
    let values = personal.map(|personal| serde_json::from_str::<Vec<String>>(&personal.0));
    let mut facts = form.get_mut("facts").map(Json::take).unwrap_or_default();
    mask(&mut facts, values.transpose()?.as_deref());
    Ok(facts)
}

/// Replaces the places of personal values, at any depth, by the masked values. `None`: they cannot be read.
fn mask(facts: &mut Json, values: Option<&[String]>) {
    match facts {
        Json::Array(elements) => elements.iter_mut().for_each(|element| mask(element, values)),
        Json::Object(members) => {
            for (name, member) in members {
                match place(member) {
                    Some(number) => *member = masked(name, number, values).into(),
                    None => mask(member, values),
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// Returns the number of the personal value at a place; `None` for another value.
fn place(member: &Json) -> Option<u64> {
    member.as_object()?.get("@")?.as_u64()
}

fn masked(field: &str, number: u64, values: Option<&[String]>) -> String {
    let Some(values) = values else { return ENCRYPTED.to_owned() };
    let value = usize::try_from(number).ok().and_then(|number| values.get(number));
    let value = value.map_or("", String::as_str);
    let kind = PERSONAL.iter().find(|(personal, _)| *personal == field);
    kind.map_or(Sensitive::Private, |(_, kind)| *kind).mask(value, BIN_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_are_masked_or_encrypted_at_any_depth() {
        let facts = json!([{"inbound": {"unexpected_input": {"reversal": {
            "account": {"@": 0}, "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"outbound": {"accepted": {"pan": {"@": 1}, "sender_name": {"@": 2}, "new_field": {"@": 0}}}}]);
        let values = ["1234567890", "6011123456789018", "Siti Rahayu"].map(str::to_owned);
        let mut shown = facts.clone();
        mask(&mut shown, Some(&values));
        let expected = json!([{"inbound": {"unexpected_input": {"reversal": {
            "account": "******7890", "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"outbound": {"accepted": {
            "pan": "601112******9018", "sender_name": "S*** R*****", "new_field": "**********"
        }}}]);
        assert_eq!(shown, expected);
        let mut shown = facts;
        mask(&mut shown, None);
        let expected = json!([{"inbound": {"unexpected_input": {"reversal": {
            "account": "encrypted", "id": "01a20d6d-5a01-0000-0000-000000000003"
        }}}}, {"outbound": {"accepted": {
            "pan": "encrypted", "sender_name": "encrypted", "new_field": "encrypted"
        }}}]);
        assert_eq!(shown, expected);
    }
}
