//! Alerts on their way to the record: what was raised and what ended since the last act.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use super::fact::{AlertFact, AlertSubject};
use super::{ALERTS_MAX, Alerts};
use crate::control::ids::AlertId;
use crate::values::{Alert, Moment, TokenBucket};

/// Alerts on record: this many at once, and then this many a second; apart for alerts about transfers and for others, so that a flood of
/// exceptions does not hide a link that is down.
const BURST: NonZeroU32 = NonZeroU32::new(100).unwrap();
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Alerts that wait for the next act. Further ones are left out.
const WAITING_MAX: usize = 1000;

/// The kind and the subject of an alert.
type Key = (Alert, Option<AlertSubject>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChangeKind {
    Raised,
    Ended,
}

/// What was raised and what ended since the last act.
#[derive(Debug)]
pub struct AlertInbox {
    changes: Vec<(Key, ChangeKind)>,
    /// When the last of them came.
    changed_at: Moment,
    /// Those whose last change is that they were raised.
    raised: HashSet<Key>,
    about_transfers: TokenBucket,
    about_others: TokenBucket,
    left_out: u64,
}

impl Default for AlertInbox {
    fn default() -> Self {
        let bucket = || TokenBucket::new(Moment::default(), PER_SECOND, BURST);
        Self {
            changes: Vec::new(),
            changed_at: Moment::default(),
            raised: HashSet::new(),
            about_transfers: bucket(),
            about_others: bucket(),
            left_out: 0,
        }
    }
}

impl AlertInbox {
    /// Adds that something needs a person.
    pub fn raise(&mut self, kind: Alert, subject: Option<AlertSubject>, now: Moment) {
        self.changed_at = now;
        if self.changes.len() < WAITING_MAX {
            self.raised.insert((kind, subject.clone()));
            self.changes.push(((kind, subject), ChangeKind::Raised));
        } else {
            self.left_out += 1;
        }
    }

    /// Adds that it is true no more, if it is open in `alerts` or was raised since.
    pub fn end(
        &mut self,
        alerts: &Alerts,
        kind: Alert,
        subject: Option<AlertSubject>,
        now: Moment,
    ) {
        let is_open = alerts.open_of(kind, subject.as_ref()).is_some();
        let key = (kind, subject);
        let was_raised = !self.raised.is_empty() && self.raised.remove(&key);
        if is_open || was_raised {
            self.changes.push((key, ChangeKind::Ended));
            self.changed_at = now;
        }
    }

    /// Returns the number of changes that wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Returns whether no change waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns whether an alert of a kind was raised after the first `before` changes.
    #[must_use]
    pub fn has_raised(&self, kind: Alert, before: usize) -> bool {
        let mut later = self.changes.iter().skip(before);
        later.any(|((raised, _), change)| *raised == kind && *change == ChangeKind::Raised)
    }

    /// Returns the moment of the act that has the changes: that of the last one; `now` if no change waits.
    #[must_use]
    pub const fn moment(&self, now: Moment) -> Moment {
        if self.changes.is_empty() { now } else { self.changed_at }
    }

    /// Returns when to record how many alerts were left out, if any were.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        (self.left_out > 0).then(|| self.about_others.next())
    }

    /// Takes the changes as facts that follow from `alerts`. What is open already, or not open, gives none.
    #[must_use]
    pub fn take_facts(&mut self, alerts: &Alerts, now: Moment) -> Vec<AlertFact> {
        let mut facts = Vec::new();
        let mut next = alerts.next_id();
        let mut open_count = alerts.open.len();
        // What these facts have changed.
        let mut touched: HashMap<Key, Option<AlertId>> = HashMap::new();
        self.raised.clear();
        for (key, change) in std::mem::take(&mut self.changes) {
            let (kind, known) = (key.0, alerts.open_of(key.0, key.1.as_ref()));
            let open = touched.get(&key).copied().unwrap_or(known);
            match (change, open) {
                (ChangeKind::Raised, Some(_)) | (ChangeKind::Ended, None) => {}
                (ChangeKind::Raised, None) => {
                    if open_count >= ALERTS_MAX || !self.bucket(key.1.as_ref()).take(now) {
                        self.left_out += 1;
                        continue;
                    }
                    facts.push(AlertFact::Raised { id: next, kind, subject: key.1.clone() });
                    touched.insert(key, Some(next));
                    (next, open_count) = (AlertId(next.0 + 1), open_count + 1);
                }
                (ChangeKind::Ended, Some(id)) => {
                    facts.push(AlertFact::Ended { id });
                    touched.insert(key, None);
                    open_count = open_count.saturating_sub(1);
                }
            }
        }
        if self.left_out > 0 && self.about_others.take(now) {
            facts.push(AlertFact::LeftOut { count: std::mem::take(&mut self.left_out) });
        }
        facts
    }

    fn bucket(&mut self, subject: Option<&AlertSubject>) -> &mut TokenBucket {
        match subject {
            Some(AlertSubject::Transfer(_)) => &mut self.about_transfers,
            Some(AlertSubject::Link(_)) | None => &mut self.about_others,
        }
    }
}
