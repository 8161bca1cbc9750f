//! Alerts are raised once, end once, and are bounded in number and rate.

use std::time::Duration;

use super::*;
use crate::control::person::{Proof, Role};
use crate::values::{Reference, TransferId, Value};

const NOW: Moment = Moment::from_millis(1_795_521_600_000);

/// Alerts with their inbox and the number of the last act.
#[derive(Default)]
struct World {
    alerts: Alerts,
    inbox: AlertInbox,
    rows: u64,
}

impl World {
    /// Records what waits, and returns it.
    fn record(&mut self, now: Moment) -> Vec<AlertFact> {
        let facts = self.inbox.take_facts(&self.alerts, now);
        self.rows += 1;
        for fact in &facts {
            self.alerts.apply(fact, (now, self.rows)).unwrap();
        }
        facts
    }

    fn raise(&mut self, kind: Alert, subject: Option<&AlertSubject>) -> Vec<AlertFact> {
        self.inbox.raise(kind, subject.cloned(), NOW);
        self.record(NOW)
    }

    fn end(&mut self, kind: Alert, subject: Option<&AlertSubject>) -> Vec<AlertFact> {
        self.inbox.end(&self.alerts, kind, subject.cloned(), NOW);
        self.record(NOW)
    }

    fn acknowledge(&mut self, id: u64, role: Role) -> Result<Vec<AlertFact>, ActRefusal> {
        let person = PersonId::new("e31").unwrap();
        let actor = Actor { person, role, proof: Proof::Token };
        let facts = self.alerts.acknowledge(AlertId(id), &actor, "I look at it")?;
        self.rows += 1;
        for fact in &facts {
            self.alerts.apply(fact, (NOW, self.rows)).unwrap();
        }
        Ok(facts)
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as the inbox takes it")]
fn transfer(id: u128) -> Option<AlertSubject> {
    Some(AlertSubject::Transfer(TransferId(id)))
}

fn link(name: &str) -> Option<AlertSubject> {
    Reference::from_ascii(name.as_bytes()).map(AlertSubject::Link)
}

fn raised(id: u64, kind: Alert, subject: Option<AlertSubject>) -> AlertFact {
    AlertFact::Raised { id: AlertId(id), kind, subject }
}

fn ended(id: u64) -> AlertFact {
    AlertFact::Ended { id: AlertId(id) }
}

#[test]
fn one_alert_is_open_for_each_kind_and_subject() {
    let mut world = World::default();
    let (a, b) = (link("a"), link("b"));
    assert_eq!(world.raise(Alert::LinkDown, a.as_ref()), [raised(1, Alert::LinkDown, a.clone())]);
    assert_eq!(world.raise(Alert::LinkDown, a.as_ref()), [], "it is open");
    assert_eq!(world.raise(Alert::LinkDown, b.as_ref()), [raised(2, Alert::LinkDown, b.clone())]);
    assert_eq!(world.raise(Alert::CoreDown, None), [raised(3, Alert::CoreDown, None)]);
    assert_eq!(world.end(Alert::LinkDown, a.as_ref()), [ended(1)]);
    assert_eq!(world.end(Alert::LinkDown, a.as_ref()), [], "it has ended");
    assert_eq!(world.raise(Alert::LinkDown, a.as_ref()), [raised(4, Alert::LinkDown, a.clone())]);
    let states: Vec<_> = world.alerts.iter().map(|(id, alert)| (id.0, alert.state())).collect();
    assert_eq!(states, [(1, "ended"), (2, "open"), (3, "open"), (4, "open")]);
    // Several changes of one act follow from each other.
    for _ in 0..2 {
        world.inbox.end(&world.alerts, Alert::LinkDown, a.clone(), NOW);
        world.inbox.raise(Alert::LinkDown, a.clone(), NOW);
    }
    let kind = Alert::LinkDown;
    let expected = [ended(4), raised(5, kind, a.clone()), ended(5), raised(6, kind, a)];
    assert_eq!(world.record(NOW), expected);
}

#[test]
fn an_acknowledgement_ends_what_does_not_end_by_itself() {
    let mut world = World::default();
    world.raise(Alert::LinkDown, link("a").as_ref());
    world.raise(Alert::Mismatch, transfer(1).as_ref());
    assert_eq!(world.acknowledge(1, Role::Operator).unwrap().len(), 1);
    assert_eq!(world.acknowledge(2, Role::Supervisor).unwrap().len(), 2);
    let states: Vec<_> = world.alerts.iter().map(|(_, alert)| alert.state()).collect();
    assert_eq!(states, ["acknowledged", "ended"]);
    for (id, role, code) in [
        (1, Role::Operator, "not_open"),
        (2, Role::Operator, "not_open"),
        (3, Role::Operator, "not_found"),
        (1, Role::Viewer, "role"),
        (1, Role::Auditor, "role"),
        (1, Role::Administrator, "role"),
    ] {
        assert_eq!(world.acknowledge(id, role).unwrap_err().code(), code, "{id} {role:?}");
    }
    assert_eq!(world.end(Alert::LinkDown, link("a").as_ref()), [ended(1)]);
    let view = AlertView::of(AlertId(1), world.alerts.get(AlertId(1)).unwrap());
    assert_eq!((view.state, view.note.as_deref()), ("ended", Some("I look at it")));
}

#[test]
fn a_flood_is_bounded_and_says_how_many_were_left_out() {
    let mut world = World::default();
    for id in 0..900 {
        world.inbox.raise(Alert::Exception, transfer(id), NOW);
    }
    world.inbox.raise(Alert::LinkDown, link("a"), NOW);
    let facts = world.record(NOW);
    assert_eq!(facts.len(), 102);
    assert_eq!(facts[100], raised(101, Alert::LinkDown, link("a")), "a flood hides no link");
    assert_eq!(facts[101], AlertFact::LeftOut { count: 800 });
    assert_eq!(world.inbox.next_deadline(), None);
    // A second later some of them get a row.
    for id in 100..300 {
        world.inbox.raise(Alert::Exception, transfer(id), NOW);
    }
    assert_eq!(world.record(NOW.after(Duration::from_secs(1))).len(), 11);
    // What waits is bounded too.
    for id in 0..2000 {
        world.inbox.raise(Alert::Mismatch, transfer(id), NOW);
    }
    assert_eq!(world.inbox.len(), 1000);
    let facts = world.record(NOW.after(Duration::from_mins(1)));
    assert_eq!((facts.len(), facts.last()), (101, Some(&AlertFact::LeftOut { count: 1900 })));
}

#[test]
fn open_alerts_are_bounded() {
    let mut world = World::default();
    let mut now = NOW;
    for batch in 0..200 {
        for id in 0..100 {
            world.inbox.raise(Alert::Exception, transfer(batch * 100 + id), NOW);
        }
        world.record(now);
        now = now.after(Duration::from_secs(20));
    }
    assert_eq!(world.alerts.open().len(), ALERTS_MAX);
    for id in 0..2000 {
        world.inbox.end(&world.alerts, Alert::Exception, transfer(id), NOW);
    }
    world.record(now);
    assert_eq!(world.alerts.open().len(), ALERTS_MAX - 2000);
    assert_eq!(world.alerts.iter().count(), ALERTS_MAX - 2000 + ENDED_KEPT);
}

#[test]
fn a_damaged_record_is_found() {
    let mut alerts = Alerts::default();
    let mut apply = |fact: AlertFact| alerts.apply(&fact, (NOW, 1));
    assert!(apply(raised(2, Alert::CoreDown, None)).is_err(), "another id");
    apply(raised(1, Alert::CoreDown, None)).unwrap();
    assert!(apply(raised(2, Alert::CoreDown, None)).is_err(), "open already");
    assert!(apply(ended(2)).is_err(), "unknown");
}
