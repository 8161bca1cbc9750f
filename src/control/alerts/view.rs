//! An alert as operators and webhooks see it.

use serde::Serialize;

use super::fact::AlertSubject;
use super::{Acknowledgement, StoredAlert};
use crate::control::ids::AlertId;
use crate::values::iso_moment;

/// An alert as operators and webhooks see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// Its id.
    pub id: u64,
    /// The code of the alert.
    pub alert: &'static str,
    /// The code of its state.
    pub state: &'static str,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<AlertSubject>,
    /// When it was raised.
    pub raised_at: String,
    /// Who acknowledged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// When it was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<String>,
    /// The note of the acknowledgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<str>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

impl AlertView {
    /// Returns the view of an alert.
    #[must_use]
    pub fn of(id: AlertId, alert: &StoredAlert) -> Self {
        let acknowledged = alert.acknowledged.as_ref();
        let of = |read: fn(&Acknowledgement) -> String| acknowledged.map(read);
        Self {
            id: id.0,
            alert: alert.kind.code(),
            state: alert.state(),
            subject: alert.subject.clone(),
            raised_at: iso_moment(alert.raised_at),
            acknowledged_by: of(|one| one.by.as_str().to_owned()),
            acknowledged_at: of(|one| iso_moment(one.at)),
            note: acknowledged.map(|one| one.note.clone()),
            ended_at: alert.ended_at.map(iso_moment),
        }
    }
}
