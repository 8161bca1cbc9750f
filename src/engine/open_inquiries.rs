//! The open inquiries, found by id, by trace numbers and by deadline.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use super::live::{IdHasher, trace_key};
use crate::transfer::{Inquiry, OpenInquiry, TraceNumbers};
use crate::values::{Moment, TransferId};

/// The open inquiries and their indexes.
#[derive(Debug, Default)]
pub(super) struct OpenInquiries {
    by_id: HashMap<u128, ActiveInquiry, BuildHasherDefault<IdHasher>>,
    /// By the trace numbers that a response echoes. It carries no milliseconds, and may leave out the business date.
    by_trace: HashMap<u128, u128, BuildHasherDefault<IdHasher>>,
    /// Inquiries are few and short, so an ordered set is enough for their deadlines.
    deadlines: BTreeSet<(Moment, u128)>,
}

/// An open inquiry with its state and the trace numbers of all its messages. A response to any of them counts.
#[derive(Debug)]
pub(super) struct ActiveInquiry {
    pub(super) inquiry: Inquiry,
    pub(super) state: OpenInquiry,
    pub(super) traces: Vec<TraceNumbers>,
}

impl OpenInquiries {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn contains(&self, id: TransferId) -> bool {
        self.by_id.contains_key(&id.0)
    }

    pub(super) fn get(&self, id: TransferId) -> Option<&ActiveInquiry> {
        self.by_id.get(&id.0)
    }

    /// Returns the inquiry with the earliest deadline, and that deadline.
    pub(super) fn first_due(&self) -> Option<(Moment, TransferId)> {
        self.deadlines.first().map(|(at, id)| (*at, TransferId(*id)))
    }

    pub(super) fn by_trace(&self, trace: TraceNumbers) -> Option<TransferId> {
        self.by_trace.get(&trace_key(trace)).map(|id| TransferId(*id))
    }

    pub(super) fn insert(&mut self, active: ActiveInquiry) {
        let id = active.inquiry.id.0;
        self.deadlines.insert((active.state.due, id));
        self.by_trace.extend(active.traces.iter().map(|trace| (trace_key(*trace), id)));
        self.by_id.insert(id, active);
    }

    pub(super) fn remove(&mut self, id: TransferId) -> Option<ActiveInquiry> {
        let active = self.by_id.remove(&id.0)?;
        self.deadlines.remove(&(active.state.due, id.0));
        for trace in &active.traces {
            self.by_trace.remove(&trace_key(*trace));
        }
        Some(active)
    }
}
