//! Sends what is due.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::outbox::{Outbox, Sent};
use super::settings::Webhook;
use super::signature::{SIGNATURE, TIMESTAMP, WebhookInput};
use crate::clock::Clock;
use crate::control::{AlertId, AlertView, Control, StoredAlert};
use crate::http_client::{HttpClient, Server};
use crate::random::unpredictable;
use crate::values::Moment;

/// The longest time of a request, with the connection.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest text of an error that is kept, in characters.
const ERROR_MAX: usize = 200;

/// A webhook with its connection.
struct Sender {
    webhook: Webhook,
    clock: Clock,
    /// The connection. After a failure the host is looked up again.
    client: Option<HttpClient>,
}

/// Sends the alerts until `control` has no sender any more.
pub(super) async fn run(
    webhook: Webhook,
    mut control: watch::Receiver<Arc<Control>>,
    outbox: Arc<Mutex<Outbox>>,
    clock: Clock,
) {
    let outbox = || lock(&outbox);
    let mut sender = Sender { webhook, clock, client: None };
    loop {
        let now = Arc::clone(&control.borrow_and_update());
        let wants = |kind| sender.webhook.wants(kind);
        outbox().follow(now.alerts(), wants, clock.now());
        let next = outbox().next();
        let due = next.filter(|(at, _)| *at <= clock.now());
        if let Some((_, id)) = due
            && let Some(alert) = now.alerts().get(id)
        {
            let sent = sender.send(id, alert).await;
            if let Sent::Refused(reason) | Sent::Failed(reason) = &sent {
                let host = sender.webhook.url.authority();
                tracing::warn!(host, id = id.0, reason, "alert not delivered");
            }
            let draw = u32::try_from(unpredictable() & u64::from(u32::MAX)).unwrap_or_default();
            let at = (clock.now(), draw);
            outbox().record((id, alert.changed_by), sent, &sender.webhook.backoff, at);
            if control.has_changed().is_err() {
                return;
            }
            continue;
        }
        if wait(&mut control, next.map(|(at, _)| at), clock).await.is_err() {
            return;
        }
    }
}

/// Waits until the alerts may have changed, or a moment has come.
async fn wait(
    control: &mut watch::Receiver<Arc<Control>>,
    until: Option<Moment>,
    clock: Clock,
) -> Result<(), watch::error::RecvError> {
    match until {
        None => control.changed().await,
        Some(until) => {
            tokio::select! {
                changed = control.changed() => changed,
                () = sleep_until(clock.instant_of(until).into()) => Ok(()),
            }
        }
    }
}

fn lock(outbox: &Mutex<Outbox>) -> MutexGuard<'_, Outbox> {
    outbox.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sender {
    /// Returns the client of the last request, or a new one.
    async fn connected(&mut self) -> Result<HttpClient, String> {
        if let Some(client) = self.client.take() {
            return Ok(client);
        }
        let Webhook { url, authority, .. } = &self.webhook;
        let server = Server::find(url, authority.as_deref().map(str::as_bytes)).await?;
        Ok(HttpClient::new(server, TIMEOUT))
    }

    async fn send(&mut self, id: AlertId, alert: &StoredAlert) -> Sent {
        let client = match self.connected().await {
            Ok(client) => client,
            Err(reason) => return Sent::Failed(shortened(&reason)),
        };
        // The view has text and numbers only, so it can be serialized.
        let body = serde_json::to_vec(&AlertView::of(id, alert)).unwrap_or_default();
        let timestamp = self.clock.now().millis().to_string();
        let input = WebhookInput { timestamp: &timestamp, body: &body };
        let signature = self.webhook.key.sign(&input);
        let headers = [(TIMESTAMP, timestamp.as_str()), (SIGNATURE, signature.as_str())];
        let target = self.webhook.url.target().to_owned();
        match client.send(Method::POST, &target, &headers, body).await {
            Ok((status, _)) => {
                self.client = Some(client);
                outcome(status)
            }
            Err(error) => Sent::Failed(shortened(&error.to_string())),
        }
    }
}

/// Returns what the status of a response says. A redirect is not followed: the address of the settings is the one that was checked.
fn outcome(status: u16) -> Sent {
    match status {
        200..=299 => Sent::Delivered,
        300..=399 => Sent::Refused(format!("status {status}: redirects are not followed")),
        // A time-out, a conflict with another request, and too many requests pass.
        0..=199 | 408 | 409 | 425 | 429 | 500.. => Sent::Failed(format!("status {status}")),
        400..=499 => Sent::Refused(format!("status {status}")),
    }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(ERROR_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_the_alert_is_sent_again() {
        let state = |status| match outcome(status) {
            Sent::Delivered => "delivered",
            Sent::Refused(_) => "refused",
            Sent::Failed(_) => "again",
        };
        assert_eq!([200, 204].map(state), ["delivered"; 2]);
        assert_eq!([301, 307, 400, 401, 404, 410].map(state), ["refused"; 6]);
        assert_eq!([100, 408, 409, 425, 429, 500, 503, 999].map(state), ["again"; 8]);
    }
}
