//! The journal. Committed batches stay. A batch in an open commit may be lost at a crash.

use std::collections::HashMap;

use titian::control::Act;
use titian::engine::{Batch, Fact, Lookup, RecordedFact, StoredTransfer, TraceWatermark, Transfer};
use titian::transfer::{InboundFact, InboundRequest, OutboundFact, TraceNumbers};
use titian::values::{
    IdempotencyKey, Institution, KeyReservation, Moment, RequestIdentity, Rrn, TransferId,
};

use super::switch::wire_key;

/// A transfer of the journal, the identity of its request, and its state.
pub(crate) type JournalTransfer = (TransferId, Option<RequestIdentity>, Transfer);

/// The batch of the open commit.
pub(crate) struct PendingBatch {
    pub(crate) number: u64,
    records: Vec<RecordedFact>,
    reservations: Vec<KeyReservation>,
    watermark: Option<TraceWatermark>,
    acts: Vec<Act>,
    begun: Vec<(TransferId, u64)>,
}

pub(crate) struct Journal {
    pub(crate) transfers: HashMap<u128, Vec<RecordedFact>>,
    order: Vec<u128>,
    pub(crate) acts: Vec<Act>,
    /// The transfers in the order of their first rows, with the number of acts that each began under.
    pub(crate) begun: Vec<(TransferId, u64)>,
    reservations: HashMap<u128, KeyReservation>,
    identities: HashMap<u128, RequestIdentity>,
    by_trace: HashMap<(u32, u64), u128>,
    pub(crate) watermark: TraceWatermark,
    pub(crate) committing: Option<PendingBatch>,
}

impl Journal {
    pub(crate) fn new(watermark: TraceWatermark) -> Self {
        Self {
            transfers: HashMap::new(),
            order: Vec::new(),
            acts: Vec::new(),
            begun: Vec::new(),
            reservations: HashMap::new(),
            identities: HashMap::new(),
            by_trace: HashMap::new(),
            watermark,
            committing: None,
        }
    }

    pub(crate) fn begin_commit(&mut self, batch: &Batch) {
        assert!(self.committing.is_none(), "one batch at a time");
        self.committing = Some(PendingBatch {
            number: batch.number,
            records: batch.records.clone(),
            reservations: batch.reservations.clone(),
            watermark: batch.watermark,
            acts: batch.acts.clone(),
            begun: batch
                .steps
                .iter()
                .filter_map(|step| Some((step.id, step.admitted_under?)))
                .collect(),
        });
    }

    /// Makes the pending batch durable. Returns the earlier reservations of its keys.
    pub(crate) fn commit(&mut self) -> Vec<KeyReservation> {
        let Some(pending) = self.committing.take() else { return Vec::new() };
        let mut earlier = Vec::new();
        let mut withdrawn = Vec::new();
        for reservation in &pending.reservations {
            if let Some(holder) = self.reservations.get(&reservation.key.0) {
                earlier.push(*holder);
                withdrawn.push(reservation.id);
            }
        }
        for reservation in pending.reservations {
            if !withdrawn.contains(&reservation.id) {
                self.identities
                    .entry(reservation.id.0)
                    .and_modify(|identity| identity.reference_key = Some(reservation.key))
                    .or_insert(RequestIdentity {
                        request_key: reservation.key,
                        reference_key: None,
                        fingerprint: reservation.fingerprint,
                    });
                self.reservations.insert(reservation.key.0, reservation);
            }
        }
        for record in pending.records {
            if !withdrawn.contains(&record.id) {
                self.append(record);
            }
        }
        self.acts.extend(pending.acts);
        self.begun.extend(pending.begun.into_iter().filter(|(id, _)| !withdrawn.contains(id)));
        self.watermark = pending.watermark.unwrap_or(self.watermark);
        earlier
    }

    fn append(&mut self, record: RecordedFact) {
        if let Some(trace) = trace_of(&record.fact) {
            self.by_trace.insert(wire_key(trace), record.id.0);
        }
        let records = self.transfers.entry(record.id.0).or_insert_with(|| {
            self.order.push(record.id.0);
            Vec::new()
        });
        records.push(record);
    }

    pub(crate) fn records(&self, id: TransferId) -> &[RecordedFact] {
        self.transfers.get(&id.0).map_or(&[], Vec::as_slice)
    }

    /// Returns the transfer that has these trace numbers.
    pub(crate) fn by_trace(&self, trace: TraceNumbers) -> Option<TransferId> {
        self.by_trace.get(&wire_key(trace)).map(|id| TransferId(*id))
    }

    pub(crate) fn look_up(&self, lookup: Lookup) -> Vec<StoredTransfer> {
        let id = match lookup {
            Lookup::Id(id) => Some(id),
            Lookup::IdempotencyKey(key) => self.holder(key),
            Lookup::TraceNumbers(trace) => self.by_trace(trace),
            Lookup::RequestIdentity(identity) => identity.keys().find_map(|key| self.holder(key)),
            Lookup::InboundReference { bank, rrn, since } => {
                return self.by_inbound_reference(bank, rrn, since);
            }
        };
        id.into_iter().filter_map(|id| self.stored(id)).collect()
    }

    fn stored(&self, id: TransferId) -> Option<StoredTransfer> {
        let facts = self.transfers.get(&id.0)?.clone();
        Some(StoredTransfer { facts, identity: self.identities.get(&id.0).copied() })
    }

    /// Returns the inbound transfers with this RRN of this bank, the newest first.
    fn by_inbound_reference(
        &self,
        bank: Institution,
        rrn: Rrn,
        since: Moment,
    ) -> Vec<StoredTransfer> {
        let trimmed = |bank: Institution| bank.as_str().trim_start_matches('0').to_owned();
        let is_same = |request: &InboundRequest| {
            request.trace.rrn == rrn && trimmed(request.counterparty) == trimmed(bank)
        };
        let is_found = |id: &&u128| {
            self.transfers[*id].first().is_some_and(|first| match &first.fact {
                Fact::Inbound(
                    InboundFact::Received { request } | InboundFact::Barred { request, .. },
                ) => first.at >= since && is_same(request),
                _ => false,
            })
        };
        let newest = self.order.iter().rev().filter(is_found).take(Lookup::REFERENCES_MAX);
        newest.filter_map(|id| self.stored(TransferId(*id))).collect()
    }

    /// Returns the transfer that holds a key.
    fn holder(&self, key: IdempotencyKey) -> Option<TransferId> {
        self.reservations.get(&key.0).map(|reservation| reservation.id)
    }

    /// Returns the state of a transfer.
    pub(crate) fn transfer(&self, id: TransferId) -> Option<Transfer> {
        self.records(id).iter().fold(None, |transfer, record| {
            Some(Transfer::fold(transfer, &record.fact, record.at).expect("the journal folds"))
        })
    }

    /// Whether a durable transfer is or was in such a state.
    pub(crate) fn has_state(&self, id: TransferId, is_such: impl Fn(&Transfer) -> bool) -> bool {
        let mut state = None;
        self.records(id).iter().any(|record| {
            state = Some(Transfer::fold(state.take(), &record.fact, record.at).unwrap());
            state.as_ref().is_some_and(&is_such)
        })
    }

    /// Returns all transfers in the order in which they started.
    pub(crate) fn transfers(&self) -> Vec<JournalTransfer> {
        let fold = |id: &u128| {
            let transfer = self.transfer(TransferId(*id))?;
            Some((TransferId(*id), self.identities.get(id).copied(), transfer))
        };
        self.order.iter().filter_map(fold).collect()
    }
}

fn trace_of(fact: &Fact) -> Option<TraceNumbers> {
    match fact {
        Fact::Outbound(
            OutboundFact::RequestReady { trace, .. } | OutboundFact::ReversalReady { trace },
        ) => Some(*trace),
        Fact::Outbound(_) | Fact::Inbound(_) => None,
    }
}
