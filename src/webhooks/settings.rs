//! The settings of webhooks: the list `[[alerts]]`.

use std::time::Duration;

use super::signature::WebhookKey;
use crate::codes::alert;
use crate::http_client::Endpoint;
use crate::settings::{Section, all};
use crate::tls::read_authority;
use crate::values::{Alert, Backoff};

/// The jitter of the delays between repeats, in percent.
const JITTER_PERCENT: u8 = 20;

/// The first and the longest delay between repeats, if the settings have none.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_mins(5);

/// The most webhooks.
const WEBHOOKS_MAX: usize = 16;

/// A receiver of alerts.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where alerts are sent.
    pub(super) url: Endpoint,
    /// The key that signs the requests.
    pub(super) key: WebhookKey,
    /// The certificates that sign the receiver's, in PEM.
    pub(super) authority: Option<String>,
    /// The kinds that are sent; `None`: all.
    kinds: Option<Vec<Alert>>,
    /// The delays between repeats.
    pub(super) backoff: Backoff,
}

impl Webhook {
    /// Reads the list `[[alerts]]`.
    #[must_use]
    pub fn read_all(top: &Section<'_>) -> Option<Vec<Self>> {
        let sections = top.sections("alerts");
        if sections.len() > WEBHOOKS_MAX {
            top.fault("alerts", format!("has {} webhooks, at most {WEBHOOKS_MAX}", sections.len()));
            return None;
        }
        all(sections.iter().map(Self::read))
    }

    fn read(section: &Section<'_>) -> Option<Self> {
        let url = section.text("url", Endpoint::parse);
        let key = section.secret("secret_file", "secret_env", |secret| {
            let key = WebhookKey::new(secret);
            key.ok_or_else(|| format!("has fewer than {} bytes", WebhookKey::MIN_BYTES))
        });
        let is_encrypted = url.as_ref().is_some_and(Endpoint::is_encrypted);
        let authority = read_authority(section, is_encrypted, "receiver");
        let kinds = section.has("kinds").then(|| section.texts("kinds", read_kind));
        let backoff = read_backoff(section);
        let kinds = kinds.map_or(Some(None), |kinds| kinds.map(Some))?;
        let (url, key, authority) = (url?, key?, authority.ok()?);
        Some(Self { url, key, authority, kinds, backoff: backoff? })
    }

    /// Returns whether it gets alerts of a kind.
    pub(super) fn wants(&self, kind: Alert) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }
}

fn read_kind(text: &str) -> Result<Alert, String> {
    Alert::from_code(text)
        .ok_or_else(|| format!("{text:?} is not one of {}", alert::ALL.join(", ")))
}

fn read_backoff(section: &Section<'_>) -> Option<Backoff> {
    let time = |key, otherwise| {
        if section.has(key) { section.time(key) } else { Some(otherwise) }
    };
    let (first, longest) = (time("first_delay", FIRST_DELAY), time("max_delay", MAX_DELAY));
    let (first, longest) = (first?, longest?);
    if first > longest || first.is_zero() {
        section.fault("first_delay", "must be between 1ms and max_delay");
        return None;
    }
    Some(Backoff { first, longest, jitter_percent: JITTER_PERCENT })
}
