//! The conditions that are alerts while they hold: a link is down, core does not answer, checkpoints cannot be written.

use std::time::Duration;

use crate::control::AlertSubject;
use crate::core_banking::Counts;
use crate::link::{LinkPhase, LinkState, LinkWish};
use crate::transfer::Alert;
use crate::values::{Moment, Reference, Value};

/// How often the conditions are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// How long a link may be without a session before it is down. A link that connects again at once needs no person.
const LINK_DOWN_AFTER: Duration = Duration::from_secs(5);

/// Requests to core without a reply, one after another, after which core is down.
const CORE_FAILURES: u64 = 3;

/// Whether something holds that is an alert while it does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) alert: Alert,
    pub(super) subject: Option<AlertSubject>,
    pub(super) holds: bool,
    /// Whether it did not hold before, or held.
    pub(super) is_new: bool,
}

/// What is known of the conditions.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    next: Moment,
    core: CoreWatch,
    /// Since when each link is without a session that it should have.
    links_down: Vec<Option<Moment>>,
    /// The conditions that hold.
    held: Vec<(Alert, Option<AlertSubject>)>,
    found: Vec<Condition>,
}

/// The requests to core up to the last look.
#[derive(Debug, Default)]
struct CoreWatch {
    last: Counts,
    /// Requests without a reply since the last reply.
    failures: u64,
}

impl Conditions {
    /// Returns whether it is time to look.
    pub(super) fn is_due(&mut self, now: Moment) -> bool {
        let is_due = self.next <= now;
        if is_due {
            self.next = now.after(EVERY);
        }
        is_due
    }

    /// Takes all that was found.
    pub(super) fn take_all(&mut self) -> Vec<Condition> {
        std::mem::take(&mut self.found)
    }

    pub(super) fn look_at_checkpoints(&mut self, is_failing: bool) {
        self.find(Alert::CheckpointLate, None, is_failing);
    }

    /// Looks at the requests to core; `None` if core is the embedded ledger, which always answers.
    pub(super) fn look_at_core(&mut self, counts: Option<Counts>) {
        let Some(counts) = counts else { return self.find(Alert::CoreDown, None, false) };
        let CoreWatch { last, failures } = &mut self.core;
        let unanswered = |counts: &Counts| counts.no_reply + counts.expired;
        let has_replied = counts.replied > last.replied;
        let more = unanswered(&counts).saturating_sub(unanswered(last));
        (*failures, *last) = (if has_replied { 0 } else { *failures + more }, counts);
        if has_replied {
            self.find(Alert::CoreDown, None, false);
        } else if *failures >= CORE_FAILURES {
            self.find(Alert::CoreDown, None, true);
        }
    }

    pub(super) fn look_at_links(&mut self, links: &[(String, LinkState)], now: Moment) {
        self.links_down.resize(links.len(), None);
        for (place, (name, state)) in links.iter().enumerate() {
            let should_carry = match state.wish {
                LinkWish::SignedOn => true,
                LinkWish::Drained | LinkWish::SignedOff => false,
            };
            let is_down = should_carry && state.phase != LinkPhase::SignedOn;
            let Some(down) = self.links_down.get_mut(place) else { continue };
            *down = is_down.then(|| down.unwrap_or(now));
            let since = *down;
            let subject = Reference::from_ascii(name.as_bytes()).map(AlertSubject::Link);
            match since {
                None => self.find(Alert::LinkDown, subject, false),
                Some(since) if now.since(since) >= LINK_DOWN_AFTER => {
                    self.find(Alert::LinkDown, subject, true);
                }
                Some(_) => {}
            }
        }
    }

    fn find(&mut self, alert: Alert, subject: Option<AlertSubject>, holds: bool) {
        let place = self.held.iter().position(|(held, about)| (*held, about) == (alert, &subject));
        let is_new = holds == place.is_none();
        match place {
            Some(place) if !holds => drop(self.held.swap_remove(place)),
            None if holds => self.held.push((alert, subject.clone())),
            Some(_) | None => {}
        }
        self.found.push(Condition { alert, subject, holds, is_new });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{LinkId, Role};

    const NOW: Moment = Moment::from_millis(1_795_521_600_000);

    fn holds(conditions: &mut Conditions) -> Vec<(bool, bool)> {
        conditions.take_all().iter().map(|found| (found.holds, found.is_new)).collect()
    }

    #[test]
    fn core_is_down_after_several_requests_without_a_reply_until_it_replies() {
        let mut conditions = Conditions::default();
        let mut look = |replied, no_reply| {
            let counts = Counts { replied, no_reply, ..Counts::default() };
            conditions.look_at_core(Some(counts));
            holds(&mut conditions)
        };
        assert_eq!(look(0, 0), [], "nothing is known");
        assert_eq!(look(1, 0), [(false, false)]);
        assert_eq!(look(1, 2), []);
        assert_eq!(look(1, 3), [(true, true)]);
        assert_eq!(look(1, 9), [(true, false)]);
        assert_eq!(look(1, 9), [(true, false)], "until it replies");
        assert_eq!(look(2, 10), [(false, true)]);
        assert_eq!(look(2, 12), []);
        conditions.look_at_core(None);
        assert_eq!(holds(&mut conditions), [(false, false)]);
    }

    #[test]
    fn a_link_is_down_while_it_should_carry_requests_and_does_not() {
        let state = |wish, phase| LinkState {
            link: LinkId(0),
            role: Role::Dial,
            address: "switch:7001".into(),
            peer: None,
            phase,
            since: NOW,
            wish,
            is_held: false,
            next_attempt: None,
            last_error: None,
            in_flight: 0,
            last_echo: None,
            response_times: None,
            messages: Vec::new(),
        };
        let mut conditions = Conditions::default();
        let mut look = |seconds, wish, phase| {
            let now = NOW.after(Duration::from_secs(seconds));
            conditions.look_at_links(&[("a".to_owned(), state(wish, phase))], now);
            holds(&mut conditions)
        };
        let wish = LinkWish::SignedOn;
        assert_eq!(look(0, wish, LinkPhase::Connecting), [], "it may connect at once");
        assert_eq!(look(4, wish, LinkPhase::NotConnected), []);
        assert_eq!(look(5, wish, LinkPhase::SigningOn), [(true, true)]);
        assert_eq!(look(6, wish, LinkPhase::SignedOn), [(false, true)]);
        assert_eq!(look(7, wish, LinkPhase::NotConnected), [], "counted anew");
        assert_eq!(look(20, wish, LinkPhase::NotConnected), [(true, true)]);
        assert_eq!(look(21, LinkWish::SignedOff, LinkPhase::SignedOff), [(false, true)], "by hand");
        assert_eq!(look(22, LinkWish::Drained, LinkPhase::Drained), [(false, false)]);
    }

    #[test]
    fn conditions_are_looked_at_once_a_second() {
        let mut conditions = Conditions::default();
        let looks = (0..3_000)
            .filter(|millis| conditions.is_due(NOW.after(Duration::from_millis(*millis))));
        assert_eq!(looks.collect::<Vec<_>>(), [0, 1_000, 2_000]);
    }
}
