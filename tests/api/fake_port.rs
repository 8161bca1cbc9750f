//! A fake port with scripted responses, and an API server in front of it.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use titian::api::{
    AccountInquiryResponse, Api, ChannelPort, Debit, NotProcessed, Settings, SharedSettings,
    TransferResponse, serve,
};
use titian::personal::RecordKey;
use titian::settings::{Faults, Section, tree};
use titian::transfer::{FailureReason, Inquiry, Order, StatusReport, TraceNumbers, TransferStatus};
use titian::values::{
    Currency, Date, IdempotencyKey, Moment, Name, Offset, ProcessingCode, RequestFingerprint,
    RequestIdentity, Rrn, Stan, TransferId, Value,
};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::key::{MOBILE_PUBLIC, MOBILE_SECRET, TOKEN_KEY};

/// 2026-11-24T18:30:00Z.
pub(crate) const NOW: u64 = 1_795_545_000_000;

/// The next responses of the port.
#[derive(Clone, Debug)]
pub(crate) enum PortBehavior {
    /// The status of the transfer.
    Report(TransferStatus, Option<FailureReason>),
    /// Not processed.
    NotProcessed(NotProcessed),
    /// No response before `settle_all`.
    NoResponse,
}

#[derive(Default)]
struct PortState {
    orders: Vec<(Arc<Order>, RequestIdentity)>,
    by_key: HashMap<IdempotencyKey, (RequestFingerprint, usize)>,
    reports: Vec<StatusReport>,
    behavior: Option<PortBehavior>,
    inquiry_response: Option<AccountInquiryResponse>,
    fails_status: bool,
    waiting: Vec<oneshot::Sender<TransferResponse>>,
}

/// The port. Its copies share their state.
#[derive(Clone)]
pub(crate) struct FakePort {
    state: Arc<Mutex<PortState>>,
    clock: Arc<AtomicU64>,
    ids: Arc<AtomicU64>,
    accepted: Arc<watch::Sender<usize>>,
}

impl FakePort {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::default(),
            clock: Arc::new(NOW.into()),
            ids: Arc::default(),
            accepted: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Sets the response to every transfer from now on.
    pub(crate) fn set_behavior(&self, behavior: PortBehavior) {
        self.state.lock().unwrap().behavior = Some(behavior);
    }

    /// Sets the response to every account inquiry. Before that none is sent.
    pub(crate) fn set_inquiry_response(&self, response: AccountInquiryResponse) {
        self.state.lock().unwrap().inquiry_response = Some(response);
    }

    /// Makes every status query fail from now on.
    pub(crate) fn fail_status(&self) {
        self.state.lock().unwrap().fails_status = true;
    }

    pub(crate) fn set_clock(&self, millis: u64) {
        self.clock.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn orders(&self) -> Vec<(Arc<Order>, RequestIdentity)> {
        self.state.lock().unwrap().orders.clone()
    }

    /// Waits until the port has accepted this number of transfers.
    pub(crate) async fn accepted(&self, count: usize) {
        self.accepted.subscribe().wait_for(|accepted| *accepted >= count).await.unwrap();
    }

    /// Settles every waiting transfer. Returns the number of clients that still waited.
    pub(crate) fn settle_all(&self) -> usize {
        let mut state = self.state.lock().unwrap();
        for report in &mut state.reports {
            report.status = TransferStatus::Settled;
        }
        let last = state.reports.last().unwrap().clone();
        let waiting = std::mem::take(&mut state.waiting);
        let send = |one: oneshot::Sender<_>| one.send(TransferResponse::Report(last.clone())).ok();
        waiting.into_iter().filter_map(send).count()
    }

    fn accept(&self, order: Arc<Order>, identity: RequestIdentity) -> Accepted {
        let mut state = self.state.lock().unwrap();
        let behavior =
            state.behavior.clone().unwrap_or(PortBehavior::Report(TransferStatus::Settled, None));
        if let PortBehavior::NotProcessed(reason) = behavior.clone() {
            return Accepted::Responded(TransferResponse::NotProcessed(reason));
        }
        let known = identity.keys().find_map(|key| Some((key, *state.by_key.get(&key)?)));
        if let Some((key, (body, at))) = known {
            return Accepted::Responded(if body == identity.fingerprint {
                TransferResponse::Report(state.reports[at].clone())
            } else {
                TransferResponse::KeyConflict(key)
            });
        }
        let at = state.orders.len();
        state.by_key.extend(identity.keys().map(|key| (key, (identity.fingerprint, at))));
        let (status, reason) = match behavior {
            PortBehavior::Report(status, reason) => (status, reason),
            PortBehavior::NotProcessed(_) | PortBehavior::NoResponse => {
                (TransferStatus::Processing, None)
            }
        };
        let trace = (status != TransferStatus::Rejected).then(trace);
        let report = StatusReport { order: Arc::clone(&order), status, trace, failure: reason };
        state.reports.push(report.clone());
        state.orders.push((order, identity));
        let accepted = state.orders.len();
        let response = if let PortBehavior::NoResponse = behavior {
            let (waits, waiting) = oneshot::channel();
            state.waiting.push(waits);
            Accepted::Waiting(waiting)
        } else {
            Accepted::Responded(TransferResponse::Report(report))
        };
        drop(state);
        self.accepted.send_replace(accepted);
        response
    }
}

enum Accepted {
    Responded(TransferResponse),
    Waiting(oneshot::Receiver<TransferResponse>),
}

fn trace() -> TraceNumbers {
    TraceNumbers {
        stan: Stan::new(42).unwrap(),
        rrn: Rrn::from_ascii(b"632918000042").unwrap(),
        transmitted_at: Moment::from_millis(NOW),
        settlement_date: Date::from_ascii(b"2026-11-25").unwrap(),
    }
}

impl ChannelPort for FakePort {
    fn now(&self) -> Moment {
        Moment::from_millis(self.clock.load(Ordering::Relaxed))
    }

    fn next_id(&self) -> TransferId {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        TransferId((u128::from(NOW) << 80) | (7 << 76) | (1 << 63) | u128::from(number))
    }

    fn transfer(
        &self,
        order: Arc<Order>,
        identity: RequestIdentity,
    ) -> impl Future<Output = TransferResponse> + Send + '_ {
        let accepted = self.accept(order, identity);
        async move {
            match accepted {
                Accepted::Responded(response) => response,
                Accepted::Waiting(waiting) => waiting.await.unwrap(),
            }
        }
    }

    async fn account_inquiry(&self, _: Inquiry) -> AccountInquiryResponse {
        let response = self.state.lock().unwrap().inquiry_response.clone();
        match response {
            Some(response) => response,
            None => pending().await,
        }
    }

    async fn transfer_status(
        &self,
        key: IdempotencyKey,
    ) -> Result<Option<StatusReport>, NotProcessed> {
        let found = {
            let state = self.state.lock().unwrap();
            if state.fails_status {
                return Err(NotProcessed::InternalError);
            }
            state.by_key.get(&key).map(|(_, at)| state.reports[*at].clone())
        };
        Ok(found)
    }
}

pub(crate) fn name(text: &str) -> AccountInquiryResponse {
    AccountInquiryResponse::Found(Some(Name::new(text).unwrap()))
}

/// The default settings with a partner `MOBILE`, overridden by these lines.
pub(crate) fn config(overrides: &str) -> String {
    let defaults = std::fs::read_to_string("config/default.toml").unwrap();
    let overridden = |line: &str| {
        let key = |line: &str| {
            line.split_once(" = ").map(|(key, _)| key.trim_matches(['#', ' ']).to_owned())
        };
        key(line)
            .is_some_and(|own| overrides.lines().any(|other| key(other).as_ref() == Some(&own)))
    };
    let kept = defaults.lines().filter(|line| line.starts_with('[') || !overridden(line));
    let kept = kept.collect::<Vec<_>>().join("\n");
    kept.replacen("[api]", &format!("[api]\ntoken_key_file = {:?}\n{overrides}", *TOKEN_KEY), 1)
        + &format!(
            "\n[api.partners.MOBILE]\nclient_id = \"client-1\"\npublic_key_file = {:?}\n\
             secret_file = {:?}\n",
            *MOBILE_PUBLIC, *MOBILE_SECRET
        )
}

pub(crate) const SHARED_SETTINGS: fn(Debit) -> SharedSettings = |debit| SharedSettings {
    transfer_code: ProcessingCode::from_ascii(b"401000").unwrap(),
    inquiry_code: ProcessingCode::from_ascii(b"391000").unwrap(),
    currency: Currency::IDR,
    offset: Offset::hours(7),
    debit,
};

/// Reads the settings of a text. Returns them, or their faults.
pub(crate) fn read(text: &str, debit: Debit) -> Result<Settings, Vec<String>> {
    let tree = tree("titian.toml", text).map_err(|fault| vec![fault.to_string()])?;
    let faults = Faults::default();
    let settings = Section::top("titian.toml", &tree, &faults).and_then(|top| {
        for others in ["bank", "keys", "store", "network", "console", "core", "limits", "telemetry"]
        {
            let _there = top.has(others);
        }
        Settings::read(&top.section("api")?, Some(SHARED_SETTINGS(debit)))
    });
    let faults: Vec<_> = faults.all().iter().map(ToString::to_string).collect();
    settings.filter(|_| faults.is_empty()).ok_or(faults)
}

/// The API on a socket.
pub(crate) struct ApiServer {
    pub(crate) port: FakePort,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl ApiServer {
    /// Starts a server with these lines over the default settings.
    pub(crate) async fn start(overrides: &str) -> Self {
        Self::with(read(&config(overrides), Debit::Titian).unwrap()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let port = FakePort::new();
        let api = Api::new(settings, RecordKey::new([10; 32]), port.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, api, async move {
            let _gone = stopped.await;
        }));
        Self { port, address, stop, served }
    }

    /// Stops the server. The task ends when every open request has its response.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.served
    }
}

/// Waits for a future that must complete `in_time`.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(2), future).await.expect("completes in time")
}
