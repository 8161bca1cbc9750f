//! Random numbers and fault rates. One seed decides a whole run.

/// A small generator (xorshift64*), so that a run depends on its seed alone.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// Returns true with a probability of `times` in a thousand.
    pub(crate) fn permille(&mut self, times: u64) -> bool {
        self.next() % 1000 < times
    }
}

/// The fault rates of a run, in a thousand. They are drawn from the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultRates {
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) duplicated: u64,
    pub(crate) mismatched: u64,
    pub(crate) retimed: u64,
    pub(crate) declined: u64,
    pub(crate) unclear: u64,
    pub(crate) core_replies_lost: u64,
    pub(crate) core_refuses: u64,
    pub(crate) not_found: u64,
    pub(crate) link_breaks: u64,
    pub(crate) crashes: u64,
    pub(crate) commit_errors: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) pauses: u64,
    pub(crate) link_delays: u64,
    pub(crate) cancels_refused: u64,
    pub(crate) early_resolutions: u64,
    pub(crate) wrong_resolutions: u64,
    /// How often people act beside the resolution of exceptions.
    pub(crate) people: u64,
}

impl FaultRates {
    pub(crate) fn draw(random: &mut Random) -> Self {
        // Each fault is off in a third of the runs, so that the others also occur without it.
        let mut rate = |most: u64| if random.permille(333) { 0 } else { random.between(0, most) };
        Self {
            lost: rate(80),
            late: rate(80),
            duplicated: rate(80),
            mismatched: rate(20),
            retimed: rate(20),
            declined: rate(150),
            unclear: rate(100),
            core_replies_lost: rate(80),
            core_refuses: rate(100),
            not_found: rate(500),
            link_breaks: rate(4),
            crashes: rate(3),
            commit_errors: rate(2),
            clock_jumps: rate(2),
            pauses: rate(2),
            link_delays: rate(50),
            cancels_refused: rate(50),
            early_resolutions: rate(500),
            wrong_resolutions: rate(300),
            people: rate(100),
        }
    }

    pub(crate) const NONE: Self = Self {
        lost: 0,
        late: 0,
        duplicated: 0,
        mismatched: 0,
        retimed: 0,
        declined: 0,
        unclear: 0,
        core_replies_lost: 0,
        core_refuses: 0,
        not_found: 0,
        link_breaks: 0,
        crashes: 0,
        commit_errors: 0,
        clock_jumps: 0,
        pauses: 0,
        link_delays: 0,
        cancels_refused: 0,
        early_resolutions: 0,
        wrong_resolutions: 0,
        people: 0,
    };
}
