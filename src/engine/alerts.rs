//! Alerts in the engine: what was raised and what ended becomes facts of the batch that it happened in.

use std::sync::Arc;

use super::Engine;
use super::controls::Controls;
use super::event::Output;
use super::schedule::Slot;
use crate::control::{AlertSubject, ControlFact};
use crate::transfer::{Alert, Effect};
use crate::values::{Moment, TransferId};

/// The most facts about alerts in an act.
const FACTS_MAX: usize = 500;

/// Alerts about a transfer that end when it needs a manual resolution no more.
const OF_EXCEPTIONS: [Alert; 2] = [Alert::Exception, Alert::ConflictingOutcome];

impl Engine {
    /// Raises an alert that no transfer decides. If it is open, nothing changes.
    pub fn raise_alert(&mut self, alert: Alert, subject: Option<AlertSubject>, now: Moment) {
        if self.control().alerts().open_of(alert, subject.as_ref()).is_none() {
            self.controls.alerts.raise(alert, subject, now);
        }
    }

    /// Ends an alert: it is true no more. If it is not open, nothing changes.
    pub fn end_alert(&mut self, alert: Alert, subject: Option<AlertSubject>, now: Moment) {
        self.controls.end_alert(alert, subject, now);
    }

    /// Raises an alert about a transfer or an inquiry, and has it reported.
    pub(super) fn put_alert(&mut self, id: TransferId, alert: Alert, now: Moment) {
        self.controls.alerts.raise(alert, Some(AlertSubject::Transfer(id)), now);
        self.put(Output::Effect(Effect::Alert(id, alert)));
    }

    /// Whether an alert is open or waits for its act.
    pub(super) fn has_alerts(&self) -> bool {
        !self.controls.alerts.is_empty() || self.control().alerts().open().len() > 0
    }

    /// Ends the alerts about a transfer that are true no more after a step. The step raised those after the first `before` changes.
    /// While no alert is open, it costs two comparisons.
    pub(super) fn end_alerts_of(
        &mut self,
        slot: Slot,
        (was_final, before): (bool, usize),
        now: Moment,
    ) {
        if !self.has_alerts() {
            return;
        }
        let Some(live) = self.live.get(slot) else { return };
        let (id, properties) = (live.id, live.transfer.properties());
        let subject = || Some(AlertSubject::Transfer(id));
        if !properties.is_exception {
            for alert in OF_EXCEPTIONS {
                self.end_alert(alert, subject(), now);
            }
        }
        let is_closed = properties.is_final() && !was_final;
        if is_closed && !self.controls.alerts.has_raised(Alert::CoreDiffers, before) {
            self.end_alert(Alert::CoreDiffers, subject(), now);
        }
    }

    /// Makes the open alerts about exceptions those of the restored transfers.
    pub(super) fn restore_alerts(&mut self, now: Moment) {
        let alerts = Arc::clone(self.control().alerts());
        for (alert, subject) in alerts.open().filter(|(alert, _)| OF_EXCEPTIONS.contains(alert)) {
            let Some(AlertSubject::Transfer(id)) = subject else { continue };
            if self.transfer(*id).is_none_or(|transfer| !transfer.properties().is_exception) {
                self.end_alert(alert, subject.cloned(), now);
            }
        }
        let exceptions: Vec<_> = self.exceptions().collect();
        for id in exceptions {
            let subject = AlertSubject::Transfer(id);
            let is_open = |alert| alerts.open_of(alert, Some(&subject)).is_some();
            if !OF_EXCEPTIONS.into_iter().any(is_open) {
                self.controls.alerts.raise(Alert::Exception, Some(subject), now);
            }
        }
    }

    /// Records what was raised and what ended, in the open batch.
    pub(super) fn record_alerts(&mut self, now: Moment) {
        let is_due = self.controls.alerts.next_deadline().is_some_and(|at| at <= now);
        if self.controls.alerts.is_empty() && !is_due {
            return;
        }
        let Controls { control, alerts, .. } = &mut self.controls;
        let at = alerts.moment(now);
        let facts = alerts.take_facts(control.alerts(), at);
        for facts in facts.chunks(FACTS_MAX) {
            let facts = facts.iter().cloned().map(ControlFact::Alert).collect();
            self.record_act(None, facts, (TransferId(0), at));
        }
    }
}
