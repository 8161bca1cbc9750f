//! The security log: sign-ins, and what was refused before a person was known. Its lines have the target `security`.
//!
//! A flood of attempts writes a bounded number of lines; the next line says how many were left out. What was typed as a person is shown
//! only if it is the id of an operator: it may be a password in the wrong field.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::control::PersonId;
use crate::values::{Moment, TokenBucket};

/// Lines of refusals a second, and at once after a pause.
const RATE: (u32, u32) = (5, 50);

/// The log.
#[derive(Debug)]
pub(super) struct SecurityLog {
    bucket: Mutex<TokenBucket>,
    left_out: AtomicU64,
}

impl SecurityLog {
    pub(super) fn new(now: Moment) -> Self {
        let [rate, burst] =
            [RATE.0, RATE.1].map(|of| NonZeroU32::new(of).unwrap_or(NonZeroU32::MIN));
        Self { bucket: Mutex::new(TokenBucket::new(now, rate, burst)), left_out: AtomicU64::new(0) }
    }

    /// Logs that a person signed in, out, or gave a code.
    #[expect(clippy::unused_self, reason = "all lines go through the log")]
    pub(super) fn event(&self, event: &'static str, person: &PersonId, from: IpAddr) {
        tracing::info!(target: "security", person = person.as_str(), %from, "{event}");
    }

    /// Logs that something was refused, with the reason. `person` is an operator.
    pub(super) fn refused(
        &self,
        event: &'static str,
        reason: &'static str,
        person: Option<&PersonId>,
        (from, now): (IpAddr, Moment),
    ) {
        if !self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        let person = person.map_or("unknown", PersonId::as_str);
        tracing::warn!(target: "security", reason, person, %from, left_out, "{event}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_counted_and_not_written() {
        let log = SecurityLog::new(Moment::from_millis(0));
        let refuse = |millis| {
            let at = (IpAddr::from([10, 0, 0, 1]), Moment::from_millis(millis));
            log.refused("sign-in refused", "wrong_password", None, at);
        };
        (0..200).for_each(|_| refuse(0));
        assert_eq!(log.left_out.load(Ordering::Relaxed), 150);
        refuse(1000);
        assert_eq!(log.left_out.load(Ordering::Relaxed), 0);
    }
}
