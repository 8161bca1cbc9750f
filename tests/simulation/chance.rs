//! One seed draws everything.

/// A small generator (xorshift64*), so that a run depends on its seed alone.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        chance.next();
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, times: u64) -> bool {
        self.next() % 1000 < times
    }
}

/// How often things fail in a run, in a thousand; drawn from the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) doubled: u64,
    pub(crate) mismatched: u64,
    pub(crate) retimed: u64,
    pub(crate) declined: u64,
    pub(crate) unclear: u64,
    pub(crate) core_silent: u64,
    pub(crate) core_refuses: u64,
    pub(crate) not_found: u64,
    pub(crate) line_breaks: u64,
    pub(crate) crashes: u64,
    pub(crate) sync_errors: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) pauses: u64,
    pub(crate) link_holds: u64,
    pub(crate) cancels_refused: u64,
    pub(crate) hasty_persons: u64,
}

impl Faults {
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        // A third of the runs is calm in each respect, so that faults are also seen alone.
        let mut rate = |most: u64| if chance.permille(333) { 0 } else { chance.between(0, most) };
        Self {
            lost: rate(80),
            late: rate(80),
            doubled: rate(80),
            mismatched: rate(20),
            retimed: rate(20),
            declined: rate(150),
            unclear: rate(100),
            core_silent: rate(80),
            core_refuses: rate(100),
            not_found: rate(500),
            line_breaks: rate(4),
            crashes: rate(3),
            sync_errors: rate(2),
            clock_jumps: rate(2),
            pauses: rate(2),
            link_holds: rate(50),
            cancels_refused: rate(50),
            hasty_persons: rate(500),
        }
    }

    pub(crate) const NONE: Self = Self {
        lost: 0,
        late: 0,
        doubled: 0,
        mismatched: 0,
        retimed: 0,
        declined: 0,
        unclear: 0,
        core_silent: 0,
        core_refuses: 0,
        not_found: 0,
        line_breaks: 0,
        crashes: 0,
        sync_errors: 0,
        clock_jumps: 0,
        pauses: 0,
        link_holds: 0,
        cancels_refused: 0,
        hasty_persons: 0,
    };
}
