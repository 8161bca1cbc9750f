//! What a webhook sends next. It is pure: time and random numbers are arguments.

use std::collections::BTreeMap;

use crate::codes::delivery_state;
use crate::control::{AlertId, Alerts};
use crate::values::{Alert, Backoff, Moment};

/// The alerts that a webhook sends or has sent.
#[derive(Debug)]
pub(super) struct Outbox {
    /// The number of acts at the start. What ended before is not sent.
    since: u64,
    entries: BTreeMap<AlertId, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The number of the act that changed the alert last.
    changed_by: u64,
    next_try: Moment,
    delivery: Delivery,
}

/// How far the delivery of an alert is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The code of the state.
    pub state: &'static str,
    /// Requests for the present state of the alert.
    pub tries: u16,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// When the receiver got the present state of the alert.
    pub delivered_at: Option<Moment>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The receiver has it.
    Delivered,
    /// The receiver does not want it: it gets no repeat.
    Refused(String),
    /// Unknown, or not now: it is sent again.
    Failed(String),
}

impl Delivery {
    const PENDING: Self =
        Self { state: delivery_state::PENDING, tries: 0, last_error: None, delivered_at: None };
}

impl Outbox {
    /// Creates an outbox. `since` is the number of acts at the start.
    pub(super) const fn new(since: u64) -> Self {
        Self { since, entries: BTreeMap::new() }
    }

    /// Returns how far the delivery of an alert is; `None` if the webhook does not get it.
    pub(super) fn delivery(&self, alert: AlertId) -> Option<Delivery> {
        self.entries.get(&alert).map(|entry| entry.delivery.clone())
    }

    /// Adds the alerts that are new or have changed, and forgets those that have left memory. `wants` chooses the kinds.
    pub(super) fn follow(&mut self, alerts: &Alerts, wants: impl Fn(Alert) -> bool, now: Moment) {
        self.entries.retain(|id, _| alerts.get(*id).is_some());
        for (id, alert) in alerts.iter().filter(|(_, alert)| wants(alert.kind)) {
            let known = self.entries.get(&id).map(|entry| entry.changed_by);
            let is_old = alert.ended_at.is_some() && alert.changed_by <= self.since;
            if known.is_some_and(|known| known >= alert.changed_by) || is_old {
                continue;
            }
            let (changed_by, delivery) = (alert.changed_by, Delivery::PENDING);
            self.entries.insert(id, Entry { changed_by, next_try: now, delivery });
        }
    }

    /// Returns the alert whose turn is next, with the moment of it.
    pub(super) fn next(&self) -> Option<(Moment, AlertId)> {
        let pending = |entry: &Entry| entry.delivery.state == delivery_state::PENDING;
        let next = self.entries.iter().filter(|(_, entry)| pending(entry));
        next.map(|(id, entry)| (entry.next_try, *id)).min()
    }

    /// Records what became of a request with the state of an alert after the act `changed_by`. `draw` is a random number.
    pub(super) fn record(
        &mut self,
        (id, changed_by): (AlertId, u64),
        sent: Sent,
        backoff: &Backoff,
        (now, draw): (Moment, u32),
    ) {
        // The alert may have changed meanwhile: then its new state is sent.
        let entry = self.entries.get_mut(&id).filter(|entry| entry.changed_by == changed_by);
        let Some(Entry { next_try, delivery, .. }) = entry else { return };
        delivery.tries = delivery.tries.saturating_add(1);
        match sent {
            Sent::Delivered => {
                delivery.state = delivery_state::DELIVERED;
                (delivery.last_error, delivery.delivered_at) = (None, Some(now));
            }
            Sent::Refused(reason) => {
                (delivery.state, delivery.last_error) = (delivery_state::FAILED, Some(reason));
            }
            Sent::Failed(reason) => {
                delivery.last_error = Some(reason);
                *next_try = backoff.next(now, delivery.tries, draw);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::control::{Act, AlertFact, Control, ControlFact};

    const NOW: Moment = Moment::from_millis(1_795_521_600_000);
    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(4),
        jitter_percent: 0,
    };

    fn apply(control: &mut Control, fact: AlertFact) {
        let facts = vec![ControlFact::Alert(fact)];
        control.apply(&Act { version: Act::VERSION, at: NOW, by: None, facts }).unwrap();
    }

    fn raise(control: &mut Control, id: u64, kind: Alert) {
        apply(control, AlertFact::Raised { id: AlertId(id), kind, subject: None });
    }

    fn seconds(count: u64) -> Moment {
        NOW.after(Duration::from_secs(count))
    }

    #[test]
    fn an_alert_is_sent_until_the_receiver_has_each_of_its_states() {
        let (mut control, mut outbox) = (Control::default(), Outbox::new(0));
        raise(&mut control, 1, Alert::CoreDown);
        raise(&mut control, 2, Alert::CutOverRefused);
        let follow = |outbox: &mut Outbox, control: &Control, now| {
            outbox.follow(control.alerts(), |kind| kind == Alert::CoreDown, now);
        };
        follow(&mut outbox, &control, NOW);
        assert_eq!(outbox.delivery(AlertId(2)), None, "not one of the kinds");
        assert_eq!(outbox.next(), Some((NOW, AlertId(1))));
        let first = (AlertId(1), 1);
        for (tries, wait) in [(1, 1), (2, 2), (3, 4), (4, 4)] {
            outbox.record(first, Sent::Failed("closed".to_owned()), &BACKOFF, (NOW, 7));
            assert_eq!(outbox.next(), Some((seconds(wait), AlertId(1))), "{tries}");
        }
        let delivery = outbox.delivery(AlertId(1)).unwrap();
        assert_eq!((delivery.tries, delivery.last_error.as_deref()), (4, Some("closed")));
        outbox.record(first, Sent::Delivered, &BACKOFF, (NOW, 7));
        assert_eq!(outbox.next(), None);
        // Its end is sent too; an answer to the state before does not count for it.
        apply(&mut control, AlertFact::Ended { id: AlertId(1) });
        follow(&mut outbox, &control, NOW);
        assert_eq!(outbox.next(), Some((NOW, AlertId(1))));
        outbox.record(first, Sent::Delivered, &BACKOFF, (NOW, 7));
        assert_eq!(outbox.next(), Some((NOW, AlertId(1))));
        outbox.record((AlertId(1), 3), Sent::Refused("400".to_owned()), &BACKOFF, (NOW, 7));
        assert_eq!(outbox.next(), None, "it is not sent again");
        assert_eq!(outbox.delivery(AlertId(1)).unwrap().state, "failed");
    }

    #[test]
    fn one_alert_that_fails_does_not_hold_up_another() {
        let (mut control, mut outbox) = (Control::default(), Outbox::new(0));
        raise(&mut control, 1, Alert::CoreDown);
        outbox.follow(control.alerts(), |_| true, NOW);
        outbox.record((AlertId(1), 1), Sent::Failed("500".to_owned()), &BACKOFF, (NOW, 0));
        raise(&mut control, 2, Alert::LinkDown);
        outbox.follow(control.alerts(), |_| true, NOW);
        assert_eq!(outbox.next(), Some((NOW, AlertId(2))));
    }

    #[test]
    fn after_a_restart_the_open_alerts_are_sent_again() {
        let mut control = Control::default();
        raise(&mut control, 1, Alert::CoreDown);
        raise(&mut control, 2, Alert::LinkDown);
        apply(&mut control, AlertFact::Ended { id: AlertId(1) });
        let mut outbox = Outbox::new(control.rows());
        outbox.follow(control.alerts(), |_| true, NOW);
        assert_eq!((outbox.delivery(AlertId(1)), outbox.next()), (None, Some((NOW, AlertId(2)))));
    }
}
