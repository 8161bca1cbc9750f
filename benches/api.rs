//! The cost of a signed transfer in the channel API, with a port that responds at once: in the router alone (nanoseconds and
//! allocations) and over sockets (requests a second), each beside a bare axum handler in the same run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark that can't continue stops"
)]

use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use axum::routing::post;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use titian::api::{
    AccountInquiryResponse, Api, ChannelPort, Debit, NotProcessed, Settings, SharedSettings,
    SignatureKey, SignedRequest, TransferResponse, serve,
};
use titian::personal::RecordKey;
use titian::settings::{Faults, Section, tree};
use titian::transfer::{Inquiry, Order, StatusReport, TransferStatus};
use titian::values::{
    Currency, IdempotencyKey, Moment, Offset, ProcessingCode, RequestIdentity, TransferId, Value,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

#[path = "../tests/api/key.rs"]
mod key;

const NOW: u64 = 1_795_545_000_000;
const TIMESTAMP: &str = "2026-11-25T01:30:00+07:00";
const PATH: &str = "/v1.0/transfer-interbank";

#[derive(Default)]
struct ImmediatePort(AtomicU64);

impl ChannelPort for ImmediatePort {
    fn now(&self) -> Moment {
        Moment::from_millis(NOW)
    }

    fn next_id(&self) -> TransferId {
        TransferId(self.0.fetch_add(1, Ordering::Relaxed).into())
    }

    async fn transfer(&self, order: Arc<Order>, _: RequestIdentity) -> TransferResponse {
        let status = TransferStatus::Settled;
        TransferResponse::Report(StatusReport { order, status, trace: None, failure: None })
    }

    async fn account_inquiry(&self, _: Inquiry) -> AccountInquiryResponse {
        AccountInquiryResponse::NoResponse
    }

    async fn transfer_status(
        &self,
        _: IdempotencyKey,
    ) -> Result<Option<StatusReport>, NotProcessed> {
        Ok(None)
    }
}

fn main() {
    // `cargo test --benches` runs this too, to see that it works: a short run is enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, requests) = if full { (9, 20_000) } else { (1, 50) };
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let api = Api::new(settings(), RecordKey::new([10; 32]), ImmediatePort::default());
    let token = token(&runtime, &api);
    let signed: Vec<_> = (0..requests).map(|number| signed(&token, number)).collect();

    println!("in the router, no socket; medians of {rounds} rounds of {requests}");
    let mut costs = [const { Vec::new() }; 2];
    let routers = [bare(), api.router()];
    for _ in 0..rounds {
        for (router, costs) in routers.iter().zip(&mut costs) {
            costs.push(in_process(router, &signed));
        }
    }
    for (name, costs) in ["bare handler", "signed transfer"].iter().zip(&mut costs) {
        costs.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (nanos, allocations) = costs[costs.len() / 2];
        println!("{name:>16}: {nanos:.0} ns, {allocations:.1} allocations");
    }

    println!("\nover sockets, clients in this process too; medians of {rounds} rounds");
    for connections in [16, 256] {
        let mut rates = [const { Vec::new() }; 2];
        for _ in 0..rounds {
            rates[0].push(runtime.block_on(over_sockets(None, &signed, connections)));
            rates[1].push(runtime.block_on(over_sockets(Some(&api), &signed, connections)));
        }
        let [bare, ours] = rates.map(|mut rates| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        });
        let share = ours / bare;
        println!(
            "{connections:>4} connections: bare {bare:.0}/s, signed transfers {ours:.0}/s, {share:.2} of it"
        );
    }
}

fn bare() -> Router {
    let respond = |body: Bytes| async move {
        ([(header::CONTENT_TYPE, "application/json")], body.slice(..body.len().min(300)))
    };
    Router::new().route(PATH, post(respond))
}

/// Returns nanoseconds and allocations a request.
fn in_process(router: &Router, signed: &[Signed]) -> (f64, f64) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let service = TowerToHyperService::new(router.clone());
    let requests: Vec<_> = signed.iter().map(Signed::request).collect();
    let count = requests.len() as f64;
    let mut nanos = 0.0;
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            let start = Instant::now();
            for request in requests {
                let response = service.call(request).await.unwrap();
                assert_eq!(response.status(), 200);
            }
            nanos = start.elapsed().as_secs_f64() * 1e9;
        });
    });
    (nanos / count, counted.count_total as f64 / count)
}

/// Returns requests a second over a number of connections, one request at a time on each.
async fn over_sockets(
    api: Option<&Arc<Api<ImmediatePort>>>,
    signed: &[Signed],
    connections: usize,
) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = match api {
        Some(api) => tokio::spawn(serve(listener, Arc::clone(api), std::future::pending())),
        None => tokio::spawn(async move { axum::serve(listener, bare()).await.unwrap() }),
    };
    let shares: Vec<Vec<Vec<u8>>> = (0..connections)
        .map(|own| signed.iter().skip(own).step_by(connections).map(Signed::bytes).collect())
        .collect();
    // Connected before the clock starts: only requests are measured.
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    let start = Instant::now();
    let clients: Vec<_> = streams
        .into_iter()
        .zip(shares)
        .map(|(stream, share)| tokio::spawn(client(stream, share)))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let rate = signed.len() as f64 / start.elapsed().as_secs_f64();
    server.abort();
    rate
}

async fn client(mut stream: TcpStream, share: Vec<Vec<u8>>) {
    stream.set_nodelay(true).unwrap();
    let mut answer = vec![0; 4096];
    for request in share {
        stream.write_all(&request).await.unwrap();
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
    }
}

struct Signed {
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Signed {
    fn request(&self) -> Request<Body> {
        let mut request = Request::post(PATH);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("POST {PATH} HTTP/1.1\r\nhost: titian\r\n");
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "content-length: {}\r\n\r\n", self.body.len()).unwrap();
        [head.as_bytes(), &self.body].concat()
    }
}

fn signed(token: &str, number: usize) -> Signed {
    let body = format!(
        "{{\"partnerReferenceNo\":\"T{number}\",\"amount\":{{\"value\":\"125000.00\",\"currency\":\"IDR\"}},\
         \"beneficiaryAccountName\":\"Siti Rahayu\",\"beneficiaryAccountNo\":\"8881234567\",\
         \"beneficiaryBankCode\":\"014\",\"sourceAccountNo\":\"1230004567\",\"transactionDate\":\"{TIMESTAMP}\",\
         \"currency\":\"IDR\",\"originatorInfos\":[{{\"originatorCustomerName\":\"Budi Santoso\"}}],\
         \"customerReference\":\"rent\",\"feeType\":\"OUR\"}}"
    )
    .into_bytes();
    let request =
        SignedRequest { method: "POST", path: PATH, token, body: &body, timestamp: TIMESTAMP };
    let secret = include_str!("../tests/api/mobile.secret").trim_end();
    let signature = SignatureKey::new(secret.as_bytes()).unwrap().sign(&request);
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("authorization", format!("Bearer {token}")),
        ("x-timestamp", TIMESTAMP.to_owned()),
        ("x-signature", signature),
        ("x-partner-id", "MOBILE".to_owned()),
        ("x-external-id", number.to_string()),
        ("channel-id", "95221".to_owned()),
    ];
    Signed { headers, body }
}

/// Gets a token as a client does, and prints the cost.
fn token(runtime: &Runtime, api: &Arc<Api<ImmediatePort>>) -> String {
    use base64ct::{Base64, Encoding};
    use rsa::pkcs1v15::SigningKey;
    use rsa::signature::{SignatureEncoding, Signer};
    let signer = SigningKey::<sha2::Sha256>::new(key::MOBILE.clone());
    let signature = signer.sign(format!("client-1|{TIMESTAMP}").as_bytes()).to_bytes();
    let request = Request::post("/v1.0/access-token/b2b")
        .header("content-type", "application/json")
        .header("x-client-key", "client-1")
        .header("x-timestamp", TIMESTAMP)
        .header("x-signature", Base64::encode_string(&signature))
        .body(Body::from("{\"grantType\":\"client_credentials\"}"))
        .unwrap();
    let service = TowerToHyperService::new(api.router());
    let start = Instant::now();
    let body = wait(runtime, async {
        let response = service.call(request).await.unwrap();
        axum::body::to_bytes(response.into_body(), 4096).await.unwrap()
    });
    println!("a token: {} µs\n", start.elapsed().as_micros());
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    answer["accessToken"].as_str().unwrap().to_owned()
}

fn wait<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), future).await.unwrap() })
}

/// The default settings without rate limits.
fn settings() -> Settings {
    let text = include_str!("../config/default.toml")
        .replace("rate = 500 ", "rate = 1000000 ")
        .replace("burst = 1000 ", "burst = 1000000 ")
        .replacen("[api]", &format!("[api]\ntoken_key_file = {:?}", *key::TOKEN_KEY), 1)
        + &format!(
            "[api.partners.MOBILE]\nclient_id = \"client-1\"\npublic_key_file = {:?}\n\
             secret_file = {:?}\n",
            *key::MOBILE_PUBLIC,
            *key::MOBILE_SECRET
        );
    let tree = tree("titian.toml", &text).unwrap();
    let faults = Faults::default();
    let shared = SharedSettings {
        transfer_code: ProcessingCode::from_ascii(b"401000").unwrap(),
        inquiry_code: ProcessingCode::from_ascii(b"391000").unwrap(),
        currency: Currency::IDR,
        offset: Offset::hours(7),
        debit: Debit::Titian,
    };
    let top = Section::top("titian.toml", &tree, &faults).unwrap();
    Settings::read(&top.section("api").unwrap(), Some(shared)).unwrap()
}
