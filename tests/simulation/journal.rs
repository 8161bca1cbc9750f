//! The journal: what was synced stays, what was not is lost or not.

use std::collections::HashMap;

use titian::engine::{Batch, Begun, Claim, Counted, Fact, Life, Lookup, Record};
use titian::transfer::{OutboundFact, Trace};
use titian::values::TransferId;

use crate::switch::wire_key;

/// A transfer of the journal, what it began under, and its state.
pub(crate) type Lived = (TransferId, Option<Begun>, Life);

/// What is being synced.
pub(crate) struct Pending {
    pub(crate) number: u64,
    records: Vec<Record>,
    claims: Vec<Claim>,
    counted: Option<Counted>,
}

pub(crate) struct Journal {
    pub(crate) transfers: HashMap<u128, Vec<Record>>,
    order: Vec<u128>,
    claims: HashMap<u128, Claim>,
    begun: HashMap<u128, Begun>,
    by_trace: HashMap<(u32, u64), u128>,
    pub(crate) counted: Counted,
    pub(crate) syncing: Option<Pending>,
}

impl Journal {
    pub(crate) fn new(counted: Counted) -> Self {
        Self {
            transfers: HashMap::new(),
            order: Vec::new(),
            claims: HashMap::new(),
            begun: HashMap::new(),
            by_trace: HashMap::new(),
            counted,
            syncing: None,
        }
    }

    pub(crate) fn begin(&mut self, batch: &Batch) {
        assert!(self.syncing.is_none(), "one batch at a time");
        self.syncing = Some(Pending {
            number: batch.number,
            records: batch.records.clone(),
            claims: batch.claims.clone(),
            counted: batch.counted,
        });
    }

    /// Makes the pending batch durable; gives the claims that were taken before.
    pub(crate) fn sync(&mut self) -> Vec<Claim> {
        let Some(pending) = self.syncing.take() else { return Vec::new() };
        let mut existing = Vec::new();
        let mut void = Vec::new();
        for claim in &pending.claims {
            if let Some(taken) = self.claims.get(&claim.key.0) {
                existing.push(*taken);
                void.push(claim.id);
            }
        }
        for claim in pending.claims {
            if !void.contains(&claim.id) {
                self.begun
                    .entry(claim.id.0)
                    .and_modify(|begun| begun.reference = Some(claim.key))
                    .or_insert(Begun { request: claim.key, reference: None, body: claim.body });
                self.claims.insert(claim.key.0, claim);
            }
        }
        for record in pending.records {
            if !void.contains(&record.id) {
                self.append(record);
            }
        }
        self.counted = pending.counted.unwrap_or(self.counted);
        existing
    }

    fn append(&mut self, record: Record) {
        if let Some(trace) = trace_of(&record.fact) {
            self.by_trace.insert(wire_key(trace), record.id.0);
        }
        let records = self.transfers.entry(record.id.0).or_insert_with(|| {
            self.order.push(record.id.0);
            Vec::new()
        });
        records.push(record);
    }

    pub(crate) fn records(&self, id: TransferId) -> &[Record] {
        self.transfers.get(&id.0).map_or(&[], Vec::as_slice)
    }

    /// The transfer that goes under a trace.
    pub(crate) fn by_trace(&self, trace: Trace) -> Option<TransferId> {
        self.by_trace.get(&wire_key(trace)).map(|id| TransferId(*id))
    }

    pub(crate) fn look_up(&self, lookup: Lookup) -> (&[Record], Option<Begun>) {
        let id = match lookup {
            Lookup::Id(id) => Some(id),
            Lookup::Key(key) => self.claims.get(&key.0).map(|claim| claim.id),
            Lookup::Trace(trace) => self.by_trace(trace),
            Lookup::Begun(begun) => {
                begun.keys().find_map(|key| self.claims.get(&key.0).map(|claim| claim.id))
            }
        };
        let Some(id) = id else { return (&[], None) };
        (self.records(id), self.begun.get(&id.0).copied())
    }

    /// The state of a transfer.
    pub(crate) fn life(&self, id: TransferId) -> Option<Life> {
        self.records(id).iter().fold(None, |life, record| {
            Some(Life::fold(life, &record.fact, record.at).expect("the journal folds"))
        })
    }

    /// Every transfer in the order in which they began, with its claim and its state.
    pub(crate) fn lives(&self) -> Vec<Lived> {
        let fold = |id: &u128| {
            let life = self.life(TransferId(*id))?;
            Some((TransferId(*id), self.begun.get(id).copied(), life))
        };
        self.order.iter().filter_map(fold).collect()
    }
}

fn trace_of(fact: &Fact) -> Option<Trace> {
    match fact {
        Fact::Out(
            OutboundFact::RequestReady { trace, .. } | OutboundFact::ReversalReady { trace },
        ) => Some(*trace),
        Fact::Out(_) | Fact::In(_) => None,
    }
}
