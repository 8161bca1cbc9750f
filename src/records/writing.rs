//! What the engine decides, as what the journal keeps.

use std::borrow::Cow;

use super::{CLOSED_BOOKS, COUNTED};
use crate::engine::form::{self, FormError};
use crate::engine::{Batch, Begun, Claim, Fact, Record, Step};
use crate::journal::{self, Begins, Direction, Form, Note, Numbers, Row, Summary};
use crate::transfer::{Demand, InboundFact, Order, OutboundFact};
use crate::values::TransferId;

/// The rows and notes of a batch: each step is a row.
///
/// # Errors
/// None that is known, as of [`form::write`].
pub fn rows(batch: &Batch) -> Result<journal::Batch, FormError> {
    let mut rows = Vec::with_capacity(batch.steps.len());
    let (mut records, mut claims) = (batch.records.as_slice(), batch.claims.as_slice());
    for step in &batch.steps {
        let (own, rest) = records.split_at(step.facts.min(records.len()));
        records = rest;
        rows.extend(row(step, own, &mut claims).transpose()?);
    }
    let notes = [
        batch.counted.as_ref().map(|counted| note(COUNTED, counted)),
        batch.closed.as_ref().map(|books| note(CLOSED_BOOKS, books)),
    ];
    Ok(journal::Batch { rows, notes: notes.into_iter().flatten().collect::<Result<_, _>>()? })
}

/// The row of a step; none of a step without facts, which there is not.
fn row(step: &Step, records: &[Record], claims: &mut &[Claim]) -> Option<Result<Row, FormError>> {
    let first = records.first()?;
    let facts: Vec<&Fact> = records.iter().map(|record| &record.fact).collect();
    let begins = summary(&first.fact)
        .zip(begun(step.id, claims))
        .map(|(summary, begun)| Box::new(Begins { begun, summary }));
    let form = text(&facts);
    Some(form.map(|form| Row {
        id: step.id,
        at: first.at,
        state: Cow::Borrowed(step.state),
        open: step.open,
        numbers: numbers(facts),
        begins,
        form,
    }))
}

fn text(facts: &[&Fact]) -> Result<Form, FormError> {
    // About what most steps take: the buffer grows for those that begin a transfer.
    let mut text = Vec::with_capacity(256);
    form::write(facts, &mut text)?;
    let text = String::from_utf8(text).map_err(serde::ser::Error::custom);
    Ok(Form(text.map_err(FormError::Malformed)?))
}

/// What the next transfer begins under, whose claims are taken out. They stand in the order of the beginnings, that to
/// the key of the request first.
fn begun(id: TransferId, claims: &mut &[Claim]) -> Option<Begun> {
    let request = next_of(id, claims)?;
    let reference = next_of(id, claims).map(|claim| claim.key);
    Some(Begun { request: request.key, reference, body: request.body })
}

fn next_of(id: TransferId, claims: &mut &[Claim]) -> Option<Claim> {
    let (first, rest) = claims.split_first().filter(|(first, _)| first.id == id)?;
    *claims = rest;
    Some(*first)
}

/// What a transfer is looked up by that begins with this fact.
pub(super) fn summary(fact: &Fact) -> Option<Summary> {
    match beginning(fact)? {
        Beginning::Order(order) => Some(Summary {
            direction: Direction::Out,
            own: order.from,
            other: Some(order.to),
            amount: order.amount,
            bank: order.counterparty,
        }),
        Beginning::Demand(demand) => Some(Summary {
            direction: Direction::In,
            own: demand.account,
            other: demand.other,
            amount: demand.amount,
            bank: demand.counterparty,
        }),
    }
}

/// What a transfer is about, in the fact that it begins with.
enum Beginning<'f> {
    Order(&'f Order),
    Demand(&'f Demand),
}

fn beginning(fact: &Fact) -> Option<Beginning<'_>> {
    match fact {
        Fact::Out(OutboundFact::Accepted(order)) => Some(Beginning::Order(order)),
        Fact::In(InboundFact::Received { demand } | InboundFact::Barred { demand, .. }) => {
            Some(Beginning::Demand(demand))
        }
        Fact::Out(_) | Fact::In(_) => None,
    }
}

/// The transfer that a fact begins.
pub(super) fn begun_by(fact: &Fact) -> Option<TransferId> {
    beginning(fact).map(|beginning| match beginning {
        Beginning::Order(order) => order.id,
        Beginning::Demand(demand) => demand.id,
    })
}

/// The numbers of a message of these facts: of the one that they make ready, or of the other bank's that begins them.
pub(super) fn numbers<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> Option<Numbers> {
    facts.into_iter().find_map(|fact| match (fact.trace(), beginning(fact)) {
        (Some(trace), _) => Some(Numbers {
            stan: trace.stan,
            rrn: trace.rrn,
            second: Some(trace.at.millis() / 1000),
        }),
        (None, Some(Beginning::Demand(Demand { origin, .. }))) => {
            Some(Numbers { stan: origin.stan, rrn: origin.rrn, second: None })
        }
        (None, Some(Beginning::Order(_)) | None) => None,
    })
}

fn note(name: &'static str, value: &impl serde::Serialize) -> Result<Note, FormError> {
    Ok(Note { name: Cow::Borrowed(name), value: serde_json::to_vec(value)? })
}
