//! A bank: the adapter with its settings, its core and its channel, and the files that stay after the adapter is killed.

use std::fmt::Write as _;
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use titian::clock::Clock;
use titian::core_banking::{self, Embedded, Ledger, LedgerKeys};
use titian::harness::{
    AdapterProbe, ChannelClient, HttpClient, Process, ProcessError, write_key_file,
};
use titian::journal::{Evidence, StoreUrl};
use titian::private_files::Access;
use titian::random;
use titian::records::{AuditReport, audit};
use titian::signing::{SigningKey, TrustedKey, TrustedKeys};
use titian::values::Currency;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::proxy::CoreProxy;

pub(crate) const TITIAN: &str = env!("CARGO_BIN_EXE_titian");

/// The longest wait before a test fails.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(3);

/// Accounts with enough and with too little money.
pub(crate) const HIGH_BALANCE: &str = "5550000000";
pub(crate) const LOW_BALANCE: &str = "5550000001";

/// Core banking of the bank.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// The embedded ledger.
    Embedded,
    /// A ledger in the test, over HTTP and a proxy.
    Http,
}

/// The options of a bank.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) bank: &'static str,
    pub(crate) network: &'static str,
    pub(crate) core: Core,
    /// How long the switch may take for a response. The default is longer than any response takes that comes at all.
    pub(crate) response: &'static str,
    /// How long a channel waits for an outcome (`api.wait`). The default is longer than any outcome takes.
    pub(crate) wait: &'static str,
    /// Settings that override the file.
    pub(crate) set: Vec<&'static str>,
    /// A program and its arguments that start the adapter; empty: none.
    pub(crate) wrapper: Vec<String>,
    /// The folder that holds the bank's folder.
    pub(crate) parent_folder: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bank: "213",
            network: "nusantara",
            core: Core::Embedded,
            response: "60s",
            wait: "60s",
            set: Vec::new(),
            wrapper: Vec::new(),
            parent_folder: std::env::temp_dir(),
        }
    }
}

impl Options {
    /// For tests in which responses are missing: short times, after which nothing may depend on what came first.
    pub(crate) fn impatient() -> Self {
        Self { response: "800ms", wait: "3s", ..Self::default() }
    }
}

/// A bank.
pub(crate) struct TestBank {
    pub(crate) folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) host: Ipv4Addr,
    pub(crate) channel: Arc<ChannelClient>,
    pub(crate) probe: AdapterProbe,
    pub(crate) core: Option<CoreProxy>,
    pub(crate) adapter: Option<Process>,
}

/// Returns a loopback address that no other test uses, so that the ports stay free while the adapter is down.
fn host() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let own = std::process::id();
    let part = |number: u32| u8::try_from(number % 250 + 1).unwrap();
    Ipv4Addr::new(127, part(own / 250), part(own), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl TestBank {
    /// Prepares a bank whose links go to an address. Does not start its adapter.
    pub(crate) async fn prepare(options: Options, links: SocketAddr) -> Self {
        let host = host();
        let folder = options.parent_folder.join(format!("titian-e2e-{host}"));
        // A folder of an earlier process with the same id.
        let _none = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let api = HttpClient::new(SocketAddr::from((host, 8080)), TIMEOUT);
        let console = HttpClient::new(SocketAddr::from((host, 8081)), TIMEOUT);
        let mut bank = Self {
            folder,
            options,
            host,
            channel: Arc::new(ChannelClient::new(api, Clock::new())),
            probe: AdapterProbe::new(console),
            core: None,
            adapter: None,
        };
        fs::write(bank.log_file(), "").unwrap();
        bank.write_keys();
        fs::write(bank.file("accounts.csv"), accounts()).unwrap();
        if bank.options.core == Core::Http {
            bank.core = Some(bank.open_core().await);
        }
        fs::write(bank.file("titian.toml"), bank.settings(links)).unwrap();
        bank
    }

    async fn open_core(&self) -> CoreProxy {
        let settings =
            Embedded { ledger: self.file("ledger.db"), accounts: Some(self.file("accounts.csv")) };
        let signing = signing_key();
        let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
        let ledger = Ledger::open(&settings, &LedgerKeys { signing, trusted }, |_| {}).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        drop(tokio::spawn(core_banking::serve(listener, ledger, None, std::future::pending())));
        CoreProxy::start(at).await
    }

    /// The keys of the record.
    fn write_keys(&self) {
        let public = TrustedKey::always(signing_key().public());
        let hex =
            |seed| [0, 1, 2, 3].map(|nth| format!("{:016x}", random::nth(seed, nth))).concat();
        self.write_key("node0.key", Access::Secret, &hex(7));
        self.write_key("node0.pub", Access::Public, &public.to_string());
        self.write_key("record.key", Access::Secret, &hex(8));
    }

    fn write_key(&self, name: &str, access: Access, text: &str) {
        write_key_file(&self.file(name), access, text).unwrap();
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    fn settings(&self, links: SocketAddr) -> String {
        let (host, Options { bank, network, response, wait, .. }) = (self.host, &self.options);
        let unknown_outcome = match *network {
            "holdfast" => "hold = { status_interval = \"300ms\" }",
            _ => "reversal = { first_delay = \"200ms\", max_delay = \"1s\" }",
        };
        let core = match &self.core {
            None => format!("accounts_file = {:?}", self.path("accounts.csv")),
            Some(core) => {
                format!("mode = \"http\"\nurl = \"http://{}\"\ntimeout = \"1s\"", core.at)
            }
        };
        format!(
            "[bank]\ncode = {bank:?}\niin = \"93600{bank}\"\n\
             [keys]\nsigning_key_file = {signing:?}\ntrusted_files = [{trusted:?}]\nrecord_key_file = {record:?}\n\
             [store]\nurl = \"sqlite://{store}\"\ncheckpoints = [{checkpoints:?}]\n\
             checkpoint_every = \"200ms\"\n\
             [network]\nname = {network:?}\n\
             [network.override]\ntimers = {{ response = {response:?} }}\n{unknown_outcome}\n\
             session = {{ timers = {{ reconnect = {{ first_delay = \"50ms\", max_delay = \"300ms\" }} }}, \
             limits = {{ per_second = 100000, burst = 100000 }} }}\n\
             [[links]]\nname = \"a\"\nconnect = \"{links}\"\n\
             [[links]]\nname = \"b\"\nconnect = \"{links}\"\n\
             [api]\nlisten = \"{host}:8080\"\nauth = \"none\"\nwait = {wait:?}\nrate = 1000000\nburst = 1000000\n\
             [console]\nlisten = \"{host}:8081\"\n\
             [core]\nledger = \"sqlite://{ledger}\"\n{core}\n\
             [limits]\nrepeats_per_second = 5000\nrepeats_per_bank = 5000\nrepeats_burst = 5000\n",
            store = self.path("titian.db"),
            ledger = self.path("ledger.db"),
            checkpoints = self.path("checkpoints"),
            signing = self.path("node0.key"),
            trusted = self.path("node0.pub"),
            record = self.path("record.key"),
        )
    }

    /// The arguments of the adapter.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let set = self.options.set.iter().flat_map(|set| ["--set".to_owned(), (*set).to_owned()]);
        let fixed = ["serve".to_owned(), "--config".to_owned(), self.path("titian.toml")];
        fixed.into_iter().chain(set).collect()
    }

    /// Starts the adapter, or returns why it did not start.
    pub(crate) async fn try_start(&mut self) -> Result<(), ProcessError> {
        let mut words = self.options.wrapper.clone();
        words.push(TITIAN.to_owned());
        words.extend(self.arguments());
        let (program, arguments) = words.split_first().unwrap();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let log = self.log_file();
        let program = Path::new(program);
        let started =
            Process::start(program, "titian serve", &arguments, "adapter started", &log).await?;
        self.adapter = Some(started);
        Ok(())
    }

    /// Starts the adapter, and waits until a link is up.
    pub(crate) async fn start(&mut self) {
        self.try_start().await.unwrap();
        self.wait_until_ready().await;
    }

    pub(crate) async fn wait_until_ready(&self) {
        wait_until("the adapter is ready", || self.probe.is_ready()).await;
    }

    /// Waits until a condition of a metric holds.
    pub(crate) async fn wait_for_metric(&self, name: &str, holds: impl Fn(u64) -> bool) {
        wait_until(name, async || self.probe.metric(name).await.is_ok_and(&holds)).await;
    }

    /// Returns whether no transfer is open but exceptions.
    pub(crate) async fn is_idle(&self) -> bool {
        let open = self.probe.metric("titian_transfers_open").await.unwrap();
        open == self.probe.metric("titian_exceptions_open").await.unwrap()
    }

    /// Waits for a text in the log.
    pub(crate) async fn wait_for_log(&self, text: &str) {
        wait_until(text, async || self.log().contains(text)).await;
    }

    /// Returns the log file. It is outside of the folder, whose disk may be full.
    pub(crate) fn log_file(&self) -> PathBuf {
        std::env::temp_dir().join(format!("titian-e2e-{}.log", self.host))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Removes all files.
    pub(crate) fn clear(&self) {
        fs::remove_dir_all(&self.folder).unwrap();
        fs::remove_file(self.log_file()).unwrap();
    }

    /// Kills the adapter, as a power loss does.
    pub(crate) async fn kill(&mut self) {
        self.adapter.take().unwrap().kill().await.unwrap();
    }

    /// Stops the adapter.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.adapter.take().unwrap().stop(TIMEOUT).await.unwrap()
    }

    /// Returns the books of the ledger.
    pub(crate) fn ledger(&self) -> core_banking::Books {
        let books = core_banking::books(&self.file("ledger.db")).unwrap();
        books.get(&Currency::IDR).copied().unwrap_or_default()
    }

    /// Audits the journal with its checkpoints.
    pub(crate) fn audit(&self) -> AuditReport {
        let keys = TrustedKeys::new(vec![TrustedKey::always(signing_key().public())]);
        let store = StoreUrl::Sqlite(self.file("titian.db"));
        let checkpoints = [self.file("checkpoints")];
        let (store, checkpoints, keys) = (&store, &checkpoints[..], Some(&keys));
        audit(&Evidence { archives: &[], store, checkpoints, keys }).unwrap()
    }

    /// Returns all steps of a transfer as JSON.
    pub(crate) async fn export(&self, transfer: &str) -> String {
        let store = format!("sqlite://{}", self.path("titian.db"));
        let output = tokio::process::Command::new(TITIAN)
            .args(["export", "--store", &store, "--transfer", transfer])
            .output()
            .await
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Checks that `titian verify` succeeds.
    pub(crate) async fn verify(&self) {
        let store = format!("sqlite://{}", self.path("titian.db"));
        let (checkpoints, key) = (self.path("checkpoints"), self.path("node0.pub"));
        let ledger = self.path("ledger.db");
        let ledger = ["--ledger", ledger.as_str()];
        let output = tokio::process::Command::new(TITIAN)
            .args(["verify", "--store", &store])
            .args(["--checkpoints", &checkpoints, "--public-key", &key])
            .args(ledger.iter().filter(|_| self.core.is_none()))
            .output()
            .await
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
    }
}

/// The signing key of every bank here.
fn signing_key() -> SigningKey {
    let seed = [0, 1, 2, 3].map(|nth| random::nth(7, nth).to_be_bytes()).concat();
    SigningKey::from_seed(&seed.try_into().unwrap())
}

/// Waits until a condition holds.
pub(crate) async fn wait_until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < TIMEOUT, "timeout: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

fn accounts() -> String {
    let mut text = String::from("number,name,status,currency,opening_balance\n");
    for number in 0..100 {
        let balance: u64 = if number == 1 { 100_000 } else { 100_000_000_000_000 };
        writeln!(text, "55500{number:05},NASABAH {number},active,IDR,{balance}").unwrap();
    }
    text
}
