//! What becomes true of alerts.

use serde::{Deserialize, Serialize};

use crate::control::ids::AlertId;
use crate::control::person::PersonId;
use crate::values::{Alert, Reference, TransferId};

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlertSubject {
    /// A transfer, or an inquiry.
    #[serde(rename = "transfer")]
    Transfer(TransferId),
    /// A link, by its name in the settings.
    #[serde(rename = "link")]
    Link(Reference),
}

/// Something that became true of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertFact {
    /// Something needs a person.
    #[serde(rename = "raised")]
    Raised {
        /// Its id.
        #[serde(rename = "id")]
        id: AlertId,
        /// What happened.
        #[serde(rename = "alert")]
        kind: Alert,
        /// What it is about; `None`: the adapter as a whole.
        #[serde(rename = "subject", default, skip_serializing_if = "Option::is_none")]
        subject: Option<AlertSubject>,
    },
    /// An operator knows of it.
    #[serde(rename = "acknowledged")]
    Acknowledged {
        /// Its id.
        #[serde(rename = "id")]
        id: AlertId,
        /// The operator.
        #[serde(rename = "by")]
        by: PersonId,
        /// What the operator says of it.
        #[serde(rename = "note")]
        note: Box<str>,
    },
    /// It needs a person no more.
    #[serde(rename = "ended")]
    Ended {
        /// Its id.
        #[serde(rename = "id")]
        id: AlertId,
    },
    /// Alerts got no row of their own: there were too many. The log and the metrics have each.
    #[serde(rename = "left_out")]
    LeftOut {
        /// How many.
        #[serde(rename = "count")]
        count: u64,
    },
}
