//! Writes the engine's decisions as journal rows.

use std::borrow::Cow;

use super::{CLOSED_BOOKS, TRACE_WATERMARK};
use crate::control::Act;
use crate::engine::stored_facts::{self, StoredFactsError, WrittenFacts};
use crate::engine::{Batch, Fact, RecordedFact, Step};
use crate::journal::{self, ControlRow, MessageTrace, Metadata, Row, StoredFacts, TransferStart};
use crate::transfer::{InboundFact, InboundRequest, Order, OutboundFact};
use crate::values::{Institution, KeyReservation, RequestIdentity, TransferId};

/// Returns a batch of the engine as rows and metadata of the journal. Each step is one row.
///
/// # Errors
/// None is known, as for [`stored_facts::write`].
pub fn journal_batch(batch: &Batch) -> Result<journal::Batch, StoredFactsError> {
    let mut rows = Vec::with_capacity(batch.steps.len());
    let (mut records, mut reservations) = (batch.records.as_slice(), batch.reservations.as_slice());
    for step in &batch.steps {
        let (own, rest) = records.split_at(step.fact_count.min(records.len()));
        records = rest;
        rows.extend(row(step, own, &mut reservations).transpose()?);
    }
    let metadata = [
        batch.watermark.as_ref().map(|watermark| metadata(TRACE_WATERMARK, watermark)),
        batch.closed_books.as_ref().map(|books| metadata(CLOSED_BOOKS, books)),
    ];
    let metadata = metadata.into_iter().flatten().collect::<Result<_, _>>()?;
    let control = batch.acts.iter().map(control_row).collect::<Result<_, _>>()?;
    Ok(journal::Batch { rows, control, metadata })
}

/// Returns the row of an act.
fn control_row(act: &Act) -> Result<ControlRow, StoredFactsError> {
    let text = StoredFacts(serde_json::to_string(act)?);
    Ok(ControlRow { recorded_at: act.at, act: text })
}

/// Returns the row of a step. A step without facts, which the engine never makes, has none.
fn row(
    step: &Step,
    records: &[RecordedFact],
    reservations: &mut &[KeyReservation],
) -> Option<Result<Row, StoredFactsError>> {
    let first = records.first()?;
    let facts: Vec<&Fact> = records.iter().map(|record| &record.fact).collect();
    let start = start_of(&first.fact).zip(take_identity(step.id, reservations));
    let start = start.map(|(start, identity)| {
        let admitted_under = step.admitted_under.unwrap_or(0);
        Box::new(TransferStart { identity, requested_by: start.requested_by(), admitted_under })
    });
    Some(stored_facts::write(&facts).map(|WrittenFacts { text, personal }| Row {
        id: step.id,
        recorded_at: first.at,
        state: Cow::Borrowed(step.state),
        is_open: step.open,
        trace: message_trace(facts),
        start,
        facts: StoredFacts(text),
        personal,
    }))
}

/// Takes the reservations of a transfer from the front of the list and returns them as its identity. The list has the
/// order of the transfer starts; the key of the request comes before the key of the reference.
fn take_identity(id: TransferId, reservations: &mut &[KeyReservation]) -> Option<RequestIdentity> {
    let request = take_reservation(id, reservations)?;
    let reference_key = take_reservation(id, reservations).map(|reservation| reservation.key);
    Some(RequestIdentity {
        request_key: request.key,
        reference_key,
        fingerprint: request.fingerprint,
    })
}

fn take_reservation(
    id: TransferId,
    reservations: &mut &[KeyReservation],
) -> Option<KeyReservation> {
    let (first, rest) = reservations.split_first().filter(|(first, _)| first.id == id)?;
    *reservations = rest;
    Some(*first)
}

/// What the first fact of a transfer holds.
pub(super) enum Start<'f> {
    Order(&'f Order),
    InboundRequest(&'f InboundRequest),
}

impl Start<'_> {
    /// Returns the bank that sent the request of an inbound transfer.
    pub(super) fn requested_by(&self) -> Option<Institution> {
        match self {
            Self::Order(_) => None,
            Self::InboundRequest(request) => Some(request.counterparty),
        }
    }

    /// Returns the id of the transfer.
    pub(super) fn id(&self) -> TransferId {
        match self {
            Self::Order(order) => order.id,
            Self::InboundRequest(request) => request.id,
        }
    }
}

/// Returns the start of the transfer that begins with this fact.
pub(super) fn start_of(fact: &Fact) -> Option<Start<'_>> {
    match fact {
        Fact::Outbound(OutboundFact::Accepted(order)) => Some(Start::Order(order)),
        Fact::Inbound(InboundFact::Received { request } | InboundFact::Barred { request, .. }) => {
            Some(Start::InboundRequest(request))
        }
        Fact::Outbound(_) | Fact::Inbound(_) => None,
    }
}

/// Returns the trace numbers of the message that these facts prepare, or of the request that starts the transfer.
pub(super) fn message_trace<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> Option<MessageTrace> {
    facts.into_iter().find_map(|fact| match (fact.trace(), start_of(fact)) {
        (Some(trace), _) => Some(MessageTrace {
            stan: trace.stan,
            rrn: trace.rrn,
            transmission_second: Some(trace.transmitted_at.seconds()),
        }),
        (None, Some(Start::InboundRequest(InboundRequest { trace, .. }))) => {
            Some(MessageTrace { stan: trace.stan, rrn: trace.rrn, transmission_second: None })
        }
        (None, Some(Start::Order(_)) | None) => None,
    })
}

fn metadata(
    name: &'static str,
    value: &impl serde::Serialize,
) -> Result<Metadata, StoredFactsError> {
    Ok(Metadata { name: Cow::Borrowed(name), value: serde_json::to_vec(value)? })
}
