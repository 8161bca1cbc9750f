//! A bank's house: the adapter with its settings, its core, its channels, and what stays when the adapter is gone.

use std::fmt::Write as _;
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use titian::bank::{self, Embedded, Ledger};
use titian::journal::{Checkpoints, Evidence, PublicKeys};
use titian::link::Clock;
use titian::records::{Audited, audit};
use titian::rig::{Channel, Client, Process, ProcessError, Watcher};
use titian::values::Currency;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::proxy::CoreProxy;

pub(crate) const TITIAN: &str = env!("CARGO_BIN_EXE_titian");

/// How long anything may take before a test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// The account of a customer who can pay, and of one who can't.
pub(crate) const RICH: &str = "5550000000";
pub(crate) const POOR: &str = "5550000001";

/// Core banking of the house.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// The ledger in the adapter.
    Embedded,
    /// The ledger of the test, over HTTP and a proxy.
    Http,
}

/// What a house is like.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) bank: &'static str,
    pub(crate) network: &'static str,
    pub(crate) core: Core,
    /// Settings over those of the file.
    pub(crate) set: Vec<&'static str>,
    /// What the adapter is started through, if not as it is: a program and its arguments.
    pub(crate) through: Vec<String>,
    /// Where the folder of the house is.
    pub(crate) within: PathBuf,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            bank: "213",
            network: "nusantara",
            core: Core::Embedded,
            set: Vec::new(),
            through: Vec::new(),
            within: std::env::temp_dir(),
        }
    }
}

/// The house.
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) host: Ipv4Addr,
    pub(crate) channel: Arc<Channel>,
    pub(crate) watcher: Watcher,
    pub(crate) core: Option<CoreProxy>,
    pub(crate) adapter: Option<Process>,
}

/// An address of this machine that no other test has, so that the ports of an adapter that is gone stay free for it.
fn host() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let own = std::process::id();
    let part = |number: u32| u8::try_from(number % 250 + 1).unwrap();
    Ipv4Addr::new(127, part(own / 250), part(own), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl House {
    /// A house whose links go to an address. Its adapter is not started.
    pub(crate) async fn build(plan: Plan, links: SocketAddr) -> Self {
        let host = host();
        let folder = plan.within.join(format!("titian-e2e-{host}"));
        // One of an earlier process of the same number.
        let _none = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let api = Client::new((host, 8080).into(), PATIENCE);
        let console = Client::new((host, 8081).into(), PATIENCE);
        let mut house = Self {
            folder,
            plan,
            host,
            channel: Arc::new(Channel::new(api, Clock::new())),
            watcher: Watcher::new(console),
            core: None,
            adapter: None,
        };
        fs::write(house.log_file(), "").unwrap();
        fs::write(house.file("checkpoint.key"), "07".repeat(32)).unwrap();
        fs::write(house.file("checkpoint.pub"), house.checkpoints().public_key()).unwrap();
        fs::write(house.file("accounts.csv"), accounts()).unwrap();
        if house.plan.core == Core::Http {
            house.core = Some(house.open_core().await);
        }
        fs::write(house.file("titian.toml"), house.settings(links)).unwrap();
        house
    }

    async fn open_core(&self) -> CoreProxy {
        let settings =
            Embedded { ledger: self.file("ledger.db"), accounts: Some(self.file("accounts.csv")) };
        let ledger = Ledger::open(&settings, |_| {}).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        drop(tokio::spawn(bank::serve(listener, ledger, None, std::future::pending())));
        CoreProxy::start(at).await
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    fn checkpoints(&self) -> Checkpoints {
        let (file, node) = (self.file("checkpoints"), "0".to_owned());
        Checkpoints { file, node, seed: [7; 32], every: Duration::from_secs(1) }
    }

    fn settings(&self, links: SocketAddr) -> String {
        let (host, Plan { bank, network, .. }) = (self.host, &self.plan);
        let doubt = match *network {
            "holdfast" => "hold = { apart = \"300ms\" }",
            _ => "reversal = { first = \"200ms\", longest = \"1s\" }",
        };
        let core = match &self.core {
            None => format!("accounts_file = {:?}", self.path("accounts.csv")),
            Some(core) => {
                format!("mode = \"http\"\nurl = \"http://{}\"\ntimeout = \"400ms\"", core.at)
            }
        };
        format!(
            "[bank]\ncode = {bank:?}\niin = \"93600{bank}\"\n\
             [store]\nurl = \"sqlite://{store}\"\ncheckpoints = {checkpoints:?}\n\
             checkpoint_key_file = {key:?}\ncheckpoint_every = \"200ms\"\n\
             [network]\nname = {network:?}\n\
             [network.change]\ntimers = {{ response = \"800ms\" }}\n{doubt}\n\
             session = {{ timers = {{ reconnect = {{ first = \"50ms\", longest = \"300ms\" }} }}, \
             caps = {{ per_second = 100000, burst = 100000 }} }}\n\
             [[links]]\nname = \"a\"\nconnect = \"{links}\"\n\
             [[links]]\nname = \"b\"\nconnect = \"{links}\"\n\
             [api]\nlisten = \"{host}:8080\"\nauth = \"none\"\nwait = \"3s\"\nrate = 1000000\nburst = 1000000\n\
             [console]\nlisten = \"{host}:8081\"\n\
             [core]\nledger = \"sqlite://{ledger}\"\n{core}\n\
             [limits]\noverdue_per_second = 5000\noverdue_per_bank = 5000\noverdue_burst = 5000\n",
            store = self.path("titian.db"),
            ledger = self.path("ledger.db"),
            checkpoints = self.path("checkpoints"),
            key = self.path("checkpoint.key"),
        )
    }

    /// The arguments of the adapter.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let set = self.plan.set.iter().flat_map(|set| ["--set".to_owned(), (*set).to_owned()]);
        let fixed = ["serve".to_owned(), "--config".to_owned(), self.path("titian.toml")];
        fixed.into_iter().chain(set).collect()
    }

    /// Starts the adapter, and says why it does not come up.
    pub(crate) async fn try_start(&mut self) -> Result<(), ProcessError> {
        let mut words = self.plan.through.clone();
        words.push(TITIAN.to_owned());
        words.extend(self.arguments());
        let (program, arguments) = words.split_first().unwrap();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let log = self.log_file();
        let program = Path::new(program);
        let started =
            Process::start(program, "titian serve", &arguments, "the adapter is up", &log).await?;
        self.adapter = Some(started);
        Ok(())
    }

    /// Starts the adapter, and waits until a link is up.
    pub(crate) async fn start(&mut self) {
        self.try_start().await.unwrap();
        self.until_ready().await;
    }

    pub(crate) async fn until_ready(&self) {
        until("the adapter is ready", || self.watcher.is_ready()).await;
    }

    /// Waits until a metric is as it should be.
    pub(crate) async fn until_metric(&self, name: &str, holds: impl Fn(u64) -> bool) {
        until(name, async || self.watcher.metric(name).await.is_ok_and(&holds)).await;
    }

    /// Whether nothing is under way but what waits for two persons.
    pub(crate) async fn is_quiet(&self) -> bool {
        let open = self.watcher.metric("titian_transfers_open").await.unwrap();
        open == self.watcher.metric("titian_exceptions").await.unwrap()
    }

    /// Waits until the log has a text.
    pub(crate) async fn until_logged(&self, text: &str) {
        until(text, async || self.log().contains(text)).await;
    }

    /// Not in the folder, whose disk may be full.
    fn log_file(&self) -> PathBuf {
        std::env::temp_dir().join(format!("titian-e2e-{}.log", self.host))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Nothing of it stays.
    pub(crate) fn clear(&self) {
        fs::remove_dir_all(&self.folder).unwrap();
        fs::remove_file(self.log_file()).unwrap();
    }

    /// The adapter is gone, as if its machine had lost its power.
    pub(crate) async fn kill(&mut self) {
        self.adapter.take().unwrap().kill().await.unwrap();
    }

    /// The adapter is told to stop, and does.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.adapter.take().unwrap().stop(PATIENCE).await.unwrap()
    }

    /// The books of the bank.
    pub(crate) fn ledger(&self) -> bank::Books {
        let books = bank::books(&self.file("ledger.db")).unwrap();
        books.get(&Currency::IDR).copied().unwrap_or_default()
    }

    /// What an audit of the journal finds, checkpoints too.
    pub(crate) fn audit(&self) -> Audited {
        let keys = PublicKeys::parse(&self.checkpoints().public_key()).unwrap();
        let (store, checkpoints) = (self.file("titian.db"), self.file("checkpoints"));
        let checkpoints = Some((checkpoints.as_path(), &keys));
        audit(&Evidence { archives: &[], store: &store, checkpoints }).unwrap()
    }

    /// That `titian verify` finds nothing wrong.
    pub(crate) async fn verify(&self) {
        let store = format!("sqlite://{}", self.path("titian.db"));
        let (checkpoints, key) = (self.path("checkpoints"), self.path("checkpoint.pub"));
        let output = tokio::process::Command::new(TITIAN)
            .args(["verify", "--store", &store])
            .args(["--checkpoints", &checkpoints, "--public-key", &key])
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
    }
}

/// Waits until something holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
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
