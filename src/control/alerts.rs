//! Alerts: what needs a person. An alert is open from the moment at which it becomes true until it ends; one is open at most for each
//! kind and subject.
//!
//! ```text
//! engine, runtime ─► AlertInbox: raised, ended ─► AlertFact, a bounded number a second ─► Alerts: the fold
//! ```

mod fact;
mod inbox;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

pub use fact::{AlertFact, AlertSubject};
pub use inbox::AlertInbox;
pub use view::AlertView;

use super::ids::AlertId;
use super::person::{Actor, PersonId, Right};
use super::refusal::ActRefusal;
use crate::codes::alert_state;
use crate::values::{Alert, AlertEnd, Moment};

/// The most open alerts. Further ones get no row of their own.
pub const ALERTS_MAX: usize = 10_000;

/// Ended alerts that stay in memory. Older ones are in the record only.
const ENDED_KEPT: usize = 1000;

/// The alerts: the fold of the facts about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// The number of alerts so far, which is the id of the last one.
    count: u64,
    known: BTreeMap<AlertId, Arc<StoredAlert>>,
    open: HashMap<(Alert, Option<AlertSubject>), AlertId>,
    ended: VecDeque<AlertId>,
}

/// An alert with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// What happened.
    pub kind: Alert,
    /// What it is about; `None`: the adapter as a whole.
    pub subject: Option<AlertSubject>,
    /// The moment at which it was raised.
    pub raised_at: Moment,
    /// Who knows of it.
    pub acknowledged: Option<Acknowledgement>,
    /// The moment at which it ended.
    pub ended_at: Option<Moment>,
    /// The number of the act that changed it last.
    pub changed_by: u64,
}

/// What an operator said of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The operator.
    pub by: PersonId,
    /// The moment.
    pub at: Moment,
    /// The note.
    pub note: Box<str>,
}

impl StoredAlert {
    /// Returns the code of its state.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match (self.ended_at, &self.acknowledged) {
            (Some(_), _) => alert_state::ENDED,
            (None, Some(_)) => alert_state::ACKNOWLEDGED,
            (None, None) => alert_state::OPEN,
        }
    }
}

impl Alerts {
    /// Returns an alert, if it is open, or ended not long ago.
    #[must_use]
    pub fn get(&self, id: AlertId) -> Option<&Arc<StoredAlert>> {
        self.known.get(&id)
    }

    /// Returns the alerts in memory, the oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (AlertId, &Arc<StoredAlert>)> {
        self.known.iter().map(|(id, alert)| (*id, alert))
    }

    /// Returns the open alert of a kind about a subject.
    #[must_use]
    pub fn open_of(&self, kind: Alert, subject: Option<&AlertSubject>) -> Option<AlertId> {
        if self.open.is_empty() {
            return None;
        }
        self.open.get(&(kind, subject.cloned())).copied()
    }

    /// Returns the kind and the subject of each open alert.
    #[must_use]
    pub fn open(&self) -> impl ExactSizeIterator<Item = (Alert, Option<&AlertSubject>)> {
        self.open.keys().map(|(kind, subject)| (*kind, subject.as_ref()))
    }

    /// Returns the id that the next alert gets.
    const fn next_id(&self) -> AlertId {
        AlertId(self.count + 1)
    }

    /// Decides the acknowledgement of an alert. It ends an alert that does not end by itself.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn acknowledge(
        &self,
        id: AlertId,
        actor: &Actor,
        note: &str,
    ) -> Result<Vec<AlertFact>, ActRefusal> {
        if !actor.role.has(Right::Close) {
            return Err(ActRefusal::Role(actor.role));
        }
        let alert = self.get(id).ok_or(ActRefusal::UnknownAlert(id))?;
        if alert.ended_at.is_some() || alert.acknowledged.is_some() {
            return Err(ActRefusal::AlertNotOpen(id, alert.state()));
        }
        let (by, note) = (actor.person.clone(), note.into());
        let mut facts = vec![AlertFact::Acknowledged { id, by, note }];
        match alert.kind.end() {
            AlertEnd::Condition => {}
            AlertEnd::Acknowledgement => facts.push(AlertFact::Ended { id }),
        }
        Ok(facts)
    }

    /// Applies a fact of the act with this number.
    pub(super) fn apply(
        &mut self,
        fact: &AlertFact,
        (at, row): (Moment, u64),
    ) -> Result<(), &'static str> {
        match fact {
            AlertFact::Raised { id, kind, subject } => {
                if *id != self.next_id() {
                    return Err("an alert has the id of another one");
                }
                if self.open.insert((*kind, subject.clone()), *id).is_some() {
                    return Err("an alert is raised that is open");
                }
                self.count = id.0;
                let alert = StoredAlert {
                    kind: *kind,
                    subject: subject.clone(),
                    raised_at: at,
                    acknowledged: None,
                    ended_at: None,
                    changed_by: row,
                };
                self.known.insert(*id, Arc::new(alert));
                Ok(())
            }
            AlertFact::Acknowledged { id, by, note } => {
                let alert = self.open_mut(*id)?;
                alert.changed_by = row;
                let (by, note) = (by.clone(), note.clone());
                alert.acknowledged = Some(Acknowledgement { by, at, note });
                Ok(())
            }
            AlertFact::Ended { id } => {
                let alert = self.open_mut(*id)?;
                (alert.changed_by, alert.ended_at) = (row, Some(at));
                let key = (alert.kind, alert.subject.clone());
                self.open.remove(&key);
                self.ended.push_back(*id);
                if self.ended.len() > ENDED_KEPT
                    && let Some(oldest) = self.ended.pop_front()
                {
                    self.known.remove(&oldest);
                }
                Ok(())
            }
            AlertFact::LeftOut { .. } => Ok(()),
        }
    }

    fn open_mut(&mut self, id: AlertId) -> Result<&mut StoredAlert, &'static str> {
        let alert = self.known.get_mut(&id).filter(|alert| alert.ended_at.is_none());
        alert.map(Arc::make_mut).ok_or("an alert is changed that is not open")
    }
}
