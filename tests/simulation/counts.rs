//! Counts of what happened in a run.

use std::collections::BTreeMap;

/// The counts of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) orders: u64,
    pub(crate) inbound_requests: u64,
    pub(crate) events: u64,
    pub(crate) crashes: u64,
    pub(crate) link_breaks: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) commit_errors: u64,
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) duplicated_responses: u64,
    pub(crate) duplicates: u64,
    pub(crate) settled: u64,
    pub(crate) refunded: u64,
    pub(crate) rejected: u64,
    pub(crate) resolved: u64,
    pub(crate) wrongly_resolved: u64,
    pub(crate) posted_by_hand: u64,
    pub(crate) written_off: u64,
    pub(crate) resolutions_refused: u64,
    pub(crate) inquiries: u64,
    pub(crate) inquiries_ended: u64,
    pub(crate) pauses: u64,
    pub(crate) conflicting_outcomes: u64,
    pub(crate) paid_twice: u64,
    pub(crate) cut_overs: u64,
    pub(crate) key_conflicts: u64,
    pub(crate) lost_inbound_messages: u64,
    pub(crate) unreadable: u64,
    pub(crate) unsupported: u64,
    pub(crate) wrong_dates: u64,
    pub(crate) replays: u64,
    pub(crate) partial_reversals: u64,
    pub(crate) checks: u64,
    /// What people did, what was refused, and what passed a restriction, by its name.
    pub(crate) acts: BTreeMap<String, u64>,
}

impl Counts {
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        for (sum, count) in [
            (&mut self.orders, other.orders),
            (&mut self.inbound_requests, other.inbound_requests),
            (&mut self.events, other.events),
            (&mut self.crashes, other.crashes),
            (&mut self.link_breaks, other.link_breaks),
            (&mut self.clock_jumps, other.clock_jumps),
            (&mut self.commit_errors, other.commit_errors),
            (&mut self.lost, other.lost),
            (&mut self.late, other.late),
            (&mut self.duplicated_responses, other.duplicated_responses),
            (&mut self.duplicates, other.duplicates),
            (&mut self.settled, other.settled),
            (&mut self.refunded, other.refunded),
            (&mut self.rejected, other.rejected),
            (&mut self.resolved, other.resolved),
            (&mut self.wrongly_resolved, other.wrongly_resolved),
            (&mut self.posted_by_hand, other.posted_by_hand),
            (&mut self.written_off, other.written_off),
            (&mut self.resolutions_refused, other.resolutions_refused),
            (&mut self.inquiries, other.inquiries),
            (&mut self.inquiries_ended, other.inquiries_ended),
            (&mut self.pauses, other.pauses),
            (&mut self.conflicting_outcomes, other.conflicting_outcomes),
            (&mut self.paid_twice, other.paid_twice),
            (&mut self.cut_overs, other.cut_overs),
            (&mut self.key_conflicts, other.key_conflicts),
            (&mut self.lost_inbound_messages, other.lost_inbound_messages),
            (&mut self.unreadable, other.unreadable),
            (&mut self.unsupported, other.unsupported),
            (&mut self.wrong_dates, other.wrong_dates),
            (&mut self.replays, other.replays),
            (&mut self.partial_reversals, other.partial_reversals),
            (&mut self.checks, other.checks),
        ] {
            *sum += count;
        }
        for (name, count) in &other.acts {
            *self.acts.entry(name.clone()).or_default() += count;
        }
        self
    }

    /// Counts something that people did, or that came of it.
    pub(crate) fn act(&mut self, name: impl Into<String>) {
        *self.acts.entry(name.into()).or_default() += 1;
    }
}
