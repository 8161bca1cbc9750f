//! What happened in a run, counted.

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) orders: u64,
    pub(crate) demands: u64,
    pub(crate) events: u64,
    pub(crate) crashes: u64,
    pub(crate) line_breaks: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) sync_errors: u64,
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) doubled: u64,
    pub(crate) duplicates: u64,
    pub(crate) settled: u64,
    pub(crate) refunded: u64,
    pub(crate) refused: u64,
    pub(crate) resolved: u64,
    pub(crate) inquiries: u64,
    pub(crate) inquired: u64,
    pub(crate) pauses: u64,
    pub(crate) contradicted: u64,
    pub(crate) paid_twice: u64,
    pub(crate) cut_overs: u64,
    pub(crate) conflicts: u64,
    pub(crate) unanswerable: u64,
    pub(crate) checks: u64,
}

impl Counts {
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        for (sum, count) in [
            (&mut self.orders, other.orders),
            (&mut self.demands, other.demands),
            (&mut self.events, other.events),
            (&mut self.crashes, other.crashes),
            (&mut self.line_breaks, other.line_breaks),
            (&mut self.clock_jumps, other.clock_jumps),
            (&mut self.sync_errors, other.sync_errors),
            (&mut self.lost, other.lost),
            (&mut self.late, other.late),
            (&mut self.doubled, other.doubled),
            (&mut self.duplicates, other.duplicates),
            (&mut self.settled, other.settled),
            (&mut self.refunded, other.refunded),
            (&mut self.refused, other.refused),
            (&mut self.resolved, other.resolved),
            (&mut self.inquiries, other.inquiries),
            (&mut self.inquired, other.inquired),
            (&mut self.pauses, other.pauses),
            (&mut self.contradicted, other.contradicted),
            (&mut self.paid_twice, other.paid_twice),
            (&mut self.cut_overs, other.cut_overs),
            (&mut self.conflicts, other.conflicts),
            (&mut self.unanswerable, other.unanswerable),
            (&mut self.checks, other.checks),
        ] {
            *sum += count;
        }
        self
    }
}
