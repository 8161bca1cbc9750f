//! Webhooks: each alert is sent to the bank's systems, at least once, however often that takes.
//!
//! ```text
//! Control: the alerts ─► Outbox: which alert is due ─► Sender: POST, signed ─► the receiver
//!                              ▲        │
//!                              └────────┘ delivered, refused, or again later
//! ```
//! What is sent is the present state of an alert. The open alerts are sent again after a restart; the id of an alert stays, so the
//! receiver drops what it has. Nothing of this holds up the adapter: what waits is the alerts in memory, which are bounded.

mod outbox;
mod sender;
mod settings;
mod signature;

use std::sync::{Arc, Mutex, PoisonError};

pub use outbox::Delivery;
use outbox::Outbox;
pub use settings::Webhook;
pub use signature::{WebhookInput, WebhookKey};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::control::{AlertId, Control};

/// The webhooks that run. Its copies are of the same ones.
#[derive(Clone, Default)]
pub struct Webhooks(Arc<[Running]>);

/// A webhook that runs.
struct Running {
    /// The host, as operators see it. The path may have a secret.
    name: String,
    outbox: Arc<Mutex<Outbox>>,
}

impl Webhooks {
    /// Starts them. They end when `control` has no sender any more.
    #[must_use]
    pub fn start(
        webhooks: Vec<Webhook>,
        control: &watch::Receiver<Arc<Control>>,
        clock: Clock,
    ) -> Self {
        let start = |webhook: Webhook| {
            let since = control.borrow().rows();
            let name = webhook.url.authority().to_owned();
            let outbox = Arc::new(Mutex::new(Outbox::new(since)));
            let sender = sender::run(webhook, control.clone(), Arc::clone(&outbox), clock);
            drop(tokio::spawn(sender));
            Running { name, outbox }
        };
        Self(webhooks.into_iter().map(start).collect())
    }

    /// Returns how far the delivery of an alert is, for each webhook that gets it: its host, and the delivery.
    #[must_use]
    pub fn deliveries(&self, alert: AlertId) -> Vec<(String, Delivery)> {
        let delivery = |webhook: &Running| {
            let outbox = webhook.outbox.lock().unwrap_or_else(PoisonError::into_inner);
            Some((webhook.name.clone(), outbox.delivery(alert)?))
        };
        self.0.iter().filter_map(delivery).collect()
    }
}
