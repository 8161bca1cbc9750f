//! Alerts that a webhook gets: signed, again until it has them, again after a restart, and their ends.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use serde_json::Value;
use titian::harness::write_key_file;
use titian::private_files::Access;
use titian::webhooks::{WebhookInput, WebhookKey};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::bank::{Options, TITIAN, TestBank, wait_until};
use super::scenario::{Scenario, transfer};

const SECRET: &str = "4f1c0d6c1f1b86d0a1f7be0c6fd75f2a8c4ef9b6a0b3d9d2";

/// A receiver of alerts.
#[derive(Default)]
struct Receiver {
    /// Requests that get an error first.
    failures: AtomicUsize,
    got: Mutex<Vec<Value>>,
    moved: AtomicUsize,
}

impl Receiver {
    async fn start(failures: usize) -> (Arc<Self>, SocketAddr) {
        let receiver = Arc::new(Self { failures: AtomicUsize::new(failures), ..Self::default() });
        let router = Router::new()
            .route("/alerts", post(take))
            .route("/moved", post(moved))
            .with_state(Arc::clone(&receiver));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        (receiver, at)
    }

    /// Returns the last state of each alert by its id.
    fn states(&self) -> BTreeMap<u64, String> {
        let got = self.got.lock().unwrap();
        let state = |alert: &Value| {
            (alert["id"].as_u64().unwrap(), alert["state"].as_str().unwrap().to_owned())
        };
        got.iter().map(state).collect()
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }
}

async fn take(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap();
    let input = WebhookInput { timestamp: header("x-titian-timestamp"), body: &body };
    let key = WebhookKey::new(SECRET.as_bytes()).unwrap();
    assert!(key.verifies(&input, header("x-titian-signature")), "the signature");
    let fails = |left: usize| left.checked_sub(1);
    if receiver.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    receiver.got.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    StatusCode::NO_CONTENT.into_response()
}

/// Sends every request to the address that takes alerts.
async fn moved(State(receiver): State<Arc<Receiver>>) -> Redirect {
    receiver.moved.fetch_add(1, Ordering::SeqCst);
    Redirect::temporary("/alerts")
}

/// Adds webhooks to the settings.
fn add_webhooks(bank: &TestBank, at: SocketAddr) {
    let secret = |name: &str, text: &str| {
        write_key_file(&bank.file(name), Access::Secret, text).unwrap();
        bank.path(name)
    };
    let own = secret("webhook.key", SECRET);
    let other = secret("moved.key", &SECRET.replace("4f1c", "77aa"));
    let file = bank.file("titian.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    let webhooks = format!(
        "[[alerts]]\nurl = \"http://{at}/alerts\"\nsecret_file = {own:?}\nkinds = [\"link_down\"]\n\
         first_delay = \"20ms\"\nmax_delay = \"200ms\"\n\
         [[alerts]]\nurl = \"http://{at}/moved\"\nsecret_file = {other:?}\n"
    );
    text.push_str(&webhooks);
    fs::write(file, text).unwrap();
}

/// Returns the acts of a store, as `titian export --acts` shows them.
async fn exported_acts(bank: &TestBank, after: u64) -> Vec<Value> {
    let store = format!("sqlite://{}", bank.path("titian.db"));
    let after = after.to_string();
    let arguments = ["export", "--store", &store, "--acts", "--after", &after];
    let output = Command::new(TITIAN).args(arguments).output().await.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["acts"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_webhook_gets_each_alert_until_it_has_it_and_gets_its_end() {
    let mut scenario = Scenario::prepare(Options::default(), &[]).await;
    let (receiver, at) = Receiver::start(3).await;
    add_webhooks(&scenario.bank, at);
    scenario.bank.start().await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    assert_eq!(scenario.bank.probe.metric("titian_alerts_open").await.unwrap(), 0);

    scenario.link.cut();
    scenario.bank.wait_for_metric("titian_alerts_open", |open| open == 2).await;
    wait_until("both alerts", async || receiver.states().len() == 2).await;
    assert!(receiver.states().values().all(|state| state == "open"), "{:?}", receiver.states());
    let subjects: Vec<_> =
        receiver.got.lock().unwrap().iter().map(|alert| alert["subject"].to_string()).collect();
    assert!(subjects.contains(&"{\"link\":\"a\"}".to_owned()), "{subjects:?}");
    wait_until("the redirects", async || receiver.moved.load(Ordering::SeqCst) == 2).await;

    // The store shows them while the adapter runs, and after a crash the open ones are sent again.
    let acts = exported_acts(&scenario.bank, 1).await;
    assert!(acts.iter().any(|act| act["facts"].to_string().contains("link_down")), "{acts:?}");
    assert!(acts.iter().all(|act| act["by"] == "titian"));
    let (before, ids) = (receiver.count(), receiver.states());
    scenario.bank.kill().await;
    scenario.bank.try_start().await.unwrap();
    wait_until("both again", async || receiver.count() >= before + 2).await;
    assert_eq!(receiver.states(), ids, "their ids stay");

    scenario.link.reconnect();
    scenario.bank.wait_until_ready().await;
    let has_ended = async || receiver.states().values().all(|state| state == "ended");
    wait_until("both have ended", has_ended).await;
    scenario.bank.wait_for_metric("titian_alerts_open", |open| open == 0).await;
    assert_eq!(scenario.request_transfer(&transfer(2)).await.0, 200);
    wait_until("the ends", async || receiver.moved.load(Ordering::SeqCst) >= 6).await;
    assert_eq!(receiver.moved.load(Ordering::SeqCst), 6, "a redirect is not sent again");
    scenario.finish().await;
}
