//! The queue of requests that wait for a link.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use crate::iso8583::Mti;
use crate::link::CorrelationId;
use crate::network::MatchingKey;
use crate::values::Moment;

/// A request that waits for a link.
pub(super) struct QueuedRequest {
    pub(super) correlation_id: CorrelationId,
    pub(super) message: Bytes,
    pub(super) mti: Mti,
    pub(super) key: MatchingKey,
    pub(super) deadline: Moment,
}

/// Requests that wait for a link, in order of arrival.
#[derive(Default)]
pub(super) struct RequestQueue {
    requests: VecDeque<QueuedRequest>,
    /// A lower bound of all deadlines.
    earliest_deadline: Option<Moment>,
}

impl RequestQueue {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) const fn next_deadline(&self) -> Option<Moment> {
        self.earliest_deadline
    }

    pub(super) fn push(&mut self, request: QueuedRequest) {
        let earliest = self.earliest_deadline.unwrap_or(request.deadline);
        self.earliest_deadline = Some(earliest.min(request.deadline));
        self.requests.push_back(request);
    }

    pub(super) fn pop(&mut self) -> Option<QueuedRequest> {
        let request = self.requests.pop_front();
        if self.requests.is_empty() {
            self.earliest_deadline = None;
        }
        request
    }

    /// Removes requests whose deadline has passed.
    pub(super) fn expire(&mut self, now: Moment, mut removed: impl FnMut(CorrelationId)) {
        if self.earliest_deadline.is_none_or(|earliest| earliest > now) {
            return;
        }
        self.requests.retain(|request| {
            let is_late = request.deadline <= now;
            if is_late {
                removed(request.correlation_id);
            }
            !is_late
        });
        self.earliest_deadline = self.requests.iter().map(|request| request.deadline).min();
    }

    /// Removes requests that are withdrawn.
    pub(super) fn withdraw(
        &mut self,
        withdrawn: &BTreeSet<CorrelationId>,
        mut removed: impl FnMut(CorrelationId),
    ) {
        self.requests.retain(|request| {
            let is_withdrawn = withdrawn.contains(&request.correlation_id);
            if is_withdrawn {
                removed(request.correlation_id);
            }
            !is_withdrawn
        });
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = CorrelationId> {
        self.earliest_deadline = None;
        self.requests.drain(..).map(|request| request.correlation_id)
    }
}
