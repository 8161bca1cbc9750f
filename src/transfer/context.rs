//! What a decision needs besides the state and the input.

use super::order::TraceSource;
use super::rules::{CoreRules, Rules};
use super::state::PendingCancel;
use crate::values::Moment;

/// The time, the rules and new trace numbers for a decision.
pub struct Context<'a> {
    /// The current time.
    pub now: Moment,
    /// The rules of the network.
    pub rules: &'a Rules,
    /// How commands to core are repeated.
    pub core: &'a CoreRules,
    /// The source of trace numbers and of jitter.
    pub numbers: &'a mut dyn TraceSource,
}

impl Context<'_> {
    /// Returns when to repeat a posting command that is sent now, after `tries` earlier attempts.
    pub(super) fn posting_due(&mut self, tries: u16) -> Moment {
        let draw = self.numbers.draw();
        self.core.repeats.next(self.now, tries.saturating_add(1), draw)
    }

    /// Returns when to repeat a cancel that is sent now. A cancel is repeated until core confirms it. After
    /// [`CoreRules::cancel_tries`] attempts the interval is longer.
    pub(super) fn cancel_due(&mut self, tries: u16) -> Moment {
        if tries >= self.core.cancel_tries {
            return self.now.after(self.core.cancel_interval);
        }
        self.posting_due(tries)
    }

    /// Whether a cancel has now passed the limit of requests and makes its transfer an exception. The limit can be lower
    /// than at the last request, because the settings can be reloaded.
    pub(super) const fn is_overdue(&self, cancel: &PendingCancel) -> bool {
        !cancel.is_exception && cancel.tries >= self.core.cancel_tries
    }
}
