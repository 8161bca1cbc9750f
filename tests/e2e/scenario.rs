//! A scenario: a switch, a bank, and the proxies between them; and the checks at the end of every scenario.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use titian::harness::{HttpClient, Process, SwitchAdmin, ThreeBooks, TransferRequest};

use super::bank::{HIGH_BALANCE, Options, TIMEOUT, TITIAN, TestBank, wait_until};
use super::proxy::LinkProxy;

/// The simulated switch and its admin interface.
pub(crate) struct Switch {
    pub(crate) process: Process,
    pub(crate) admin: SwitchAdmin,
    pub(crate) listen: SocketAddr,
    log: PathBuf,
}

impl Switch {
    pub(crate) async fn start(network: &str, more: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let log =
            std::env::temp_dir().join(format!("titian-e2e-{}-{next}.switch", std::process::id()));
        let fixed = ["switch", "--listen", ":0", "--admin", ":0", "--network", network];
        let arguments: Vec<_> = fixed.into_iter().chain(more.iter().copied()).collect();
        let program = Path::new(TITIAN);
        let process =
            Process::start(program, "titian switch", &arguments, "listening", &log).await.unwrap();
        let (listen, admin) =
            (process.address("listen").unwrap(), process.address("admin").unwrap());
        Self { admin: SwitchAdmin::new(HttpClient::new(admin, TIMEOUT)), listen, log, process }
    }

    /// Sets the fault rules: message type, chance and action.
    pub(crate) async fn set_faults(&self, rules: &[(&str, f64, Value)]) {
        let rules = rules.iter().map(|(mti, chance, action)| {
            json!({ "match": { "mti": mti }, "chance": chance, "action": action })
        });
        self.admin.set_fault_rules(&rules.collect()).await.unwrap();
    }
}

/// The parties of a scenario.
pub(crate) struct Scenario {
    pub(crate) switch: Switch,
    pub(crate) link: LinkProxy,
    pub(crate) bank: TestBank,
}

impl Scenario {
    /// Starts all parties, and waits until a link is up.
    pub(crate) async fn start(options: Options) -> Self {
        Self::start_with(options, &[]).await
    }

    /// Starts them with arguments for the switch.
    pub(crate) async fn start_with(options: Options, arguments: &[&str]) -> Self {
        let mut scenario = Self::prepare(options, arguments).await;
        scenario.bank.start().await;
        scenario
    }

    /// Starts all parties but the adapter.
    pub(crate) async fn prepare(options: Options, arguments: &[&str]) -> Self {
        let switch = Switch::start(options.network, arguments).await;
        let link = LinkProxy::start(switch.listen).await;
        // The proxy knows the frames of one network only.
        let links = if options.network == "nusantara" { link.at } else { switch.listen };
        Self { bank: TestBank::prepare(options, links).await, switch, link }
    }

    /// Requests a transfer once. Returns HTTP status and response code.
    pub(crate) async fn request_transfer(&self, transfer: &TransferRequest) -> (u16, String) {
        let (status, body) = self.bank.channel.submit(transfer).await.unwrap();
        (status, body["responseCode"].as_str().unwrap().to_owned())
    }

    /// Sends a credit of another bank to a customer. Returns its RRN.
    pub(crate) async fn send_inbound_credit(&self) -> String {
        let order = json!({
            "kind": "credit", "from": "002", "to": self.bank.options.bank,
            "from_account": "1000000001", "to_account": HIGH_BALANCE, "amount_minor": 7_500_000,
        });
        self.switch.admin.send_inbound(&order).await.unwrap()
    }

    /// Returns `latestTransactionStatus` of a transfer.
    pub(crate) async fn status(&self, number: u64) -> String {
        let (_, body) = self.bank.channel.status(number).await.unwrap();
        body["latestTransactionStatus"].as_str().unwrap_or("none").to_owned()
    }

    /// Waits until a transfer has a status.
    pub(crate) async fn wait_for_status(&self, number: u64, status: &str) {
        wait_until(status, async || self.status(number).await == status).await;
    }

    /// Waits until nothing is open: at the switch first, because its requests start work at the bank.
    pub(crate) async fn wait_until_idle(&self) {
        wait_until("nothing is open", async || {
            self.switch.admin.open_requests().await.unwrap() == 0 && self.bank.is_idle().await
        })
        .await;
    }

    /// Waits until nothing is open, stops the adapter, and checks that the three books agree and the journal is valid.
    pub(crate) async fn finish(mut self) -> ThreeBooks {
        self.wait_until_idle().await;
        let exceptions = self.bank.probe.metric("titian_exceptions_open").await.unwrap();
        let status = self.bank.stop().await;
        assert_eq!(status.code(), Some(0), "{}", self.bank.log());
        self.compare(exceptions).await
    }

    /// Checks books and journal after the adapter has stopped.
    pub(crate) async fn compare(self, exceptions: u64) -> ThreeBooks {
        self.compare_allowing(exceptions, &[]).await
    }

    /// Checks books and journal; the books must have exactly these differences.
    pub(crate) async fn compare_allowing(
        self,
        exceptions: u64,
        differences: &[&str],
    ) -> ThreeBooks {
        let audited = self.bank.audit();
        assert_eq!(audited.open, exceptions);
        let switch = self.switch.admin.totals(self.bank.options.bank).await.unwrap();
        let books = ThreeBooks::new(self.bank.ledger(), &audited.books, switch);
        assert_eq!(books.differences(), differences, "{}\n{books}", self.bank.folder.display());
        self.bank.verify().await;
        self.switch.process.stop(TIMEOUT).await.unwrap();
        self.bank.clear();
        fs::remove_file(self.switch.log).unwrap();
        books
    }
}

/// Returns the request for a transfer from an account with a high balance.
pub(crate) fn transfer(number: u64) -> TransferRequest {
    TransferRequest {
        number,
        from: HIGH_BALANCE.to_owned(),
        to: ("014".to_owned(), "2000000001".to_owned()),
        minor: 12_500_000,
    }
}
