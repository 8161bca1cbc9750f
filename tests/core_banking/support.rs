//! Ledgers in temporary folders, served ledgers, and ports to both.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use titian::clock::Clock;
use titian::core_banking::{
    Books, CoreBankingError, CoreCommand, CoreReply, Counts, Embedded, Handle, Ledger, LedgerKeys,
    Replies, Settings, SigningKey, books, serve, start, verify_ledger,
};
use titian::harness::write_key_file;
use titian::private_files::Access;
use titian::settings::{Faults, Section, tree};
use titian::signing::{self, LedgerHead, TrustedKey, TrustedKeys};
use titian::transfer::{AccountReply, CancelReply, Posting, PostingReply, Side};
use titian::values::{AccountNumber, Amount, Currency, Institution, Moment, TransferId, Value};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// 2026-11-24T18:30:00Z.
pub(crate) const NOW: u64 = 1_795_545_000_000;

/// The accounts of the tests: one or more of each status, with opening balances.
pub(crate) const ACCOUNTS: &str = "number,name,status,currency,opening_balance\n\
    1000000001,SITI RAHAYU,active,IDR,100000\n\
    1000000002,\"BUDI, PT\",active,IDR,0\n\
    1000000003,DEWI,blocked,IDR,100000\n\
    1000000004,EKO,dormant,IDR,100000\n\
    1000000005,FITRI,closed,IDR,0\n";

pub(crate) const SITI: &str = "1000000001";
pub(crate) const BUDI: &str = "1000000002";

/// A temporary folder, removed on drop.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("titian-core-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("accounts.csv"), ACCOUNTS).unwrap();
        Self(folder)
    }

    /// Writes the file of a key or certificate. Returns its path.
    pub(crate) fn key_file(&self, name: &str, access: Access, text: &str) -> String {
        write_key_file(&self.0.join(name), access, text).unwrap().display().to_string()
    }

    pub(crate) fn embedded(&self) -> Embedded {
        embedded(&self.0)
    }

    /// Returns the books, and checks that they balance and are those of the verified rows.
    pub(crate) fn books(&self) -> Books {
        let path = self.embedded().ledger;
        let verified = verify_ledger(&path, &keys().trusted, None).unwrap().books[&Currency::IDR];
        let books = books(&path).unwrap()[&Currency::IDR];
        assert!(books.is_balanced() && verified.is_balanced(), "{books:?} {verified:?}");
        books
    }

    pub(crate) fn settings(&self) -> Settings {
        read(&self.text()).unwrap()
    }

    /// Returns the settings text for the ledger in this folder.
    pub(crate) fn text(&self) -> String {
        let (ledger, accounts) = (self.0.join("ledger.db"), self.0.join("accounts.csv"));
        format!(
            "mode = \"embedded\"\ndebit = \"titian\"\nledger = \"sqlite://{}\"\naccounts_file = \"{}\"",
            ledger.display(),
            accounts.display()
        )
    }

    pub(crate) fn port(&self) -> Port {
        Port::open(self.settings()).unwrap()
    }

    /// Starts a core over HTTP and a port to it.
    pub(crate) async fn over_http(&self) -> (Core, Port) {
        let core = Core::open(self, None).await;
        let port = core.port("timeout = \"10s\"\nconnections = 4");
        (core, port)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The keys of every ledger of the tests.
pub(crate) fn keys() -> LedgerKeys {
    keys_of(7)
}

/// Returns a key and the trust in it for all rows.
pub(crate) fn keys_of(seed: u8) -> LedgerKeys {
    let signing = signing::SigningKey::from_seed(&[seed; 32]);
    let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
    LedgerKeys { signing, trusted }
}

pub(crate) fn embedded(folder: &Path) -> Embedded {
    Embedded { ledger: folder.join("ledger.db"), accounts: Some(folder.join("accounts.csv")) }
}

/// Reads the settings of a section, or its errors. Keys of repeats that it lacks are as shipped.
pub(crate) fn read(section: &str) -> Result<Settings, Vec<String>> {
    let shipped = fs::read_to_string("config/default.toml").unwrap();
    let (_, repeats) = shipped.split_once("\nfirst_delay").unwrap();
    let (repeats, _) = repeats.split_once("\n#").unwrap();
    let repeats = format!("first_delay{repeats}");
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_owned());
    let is_own = |line: &&str| section.lines().any(|own| key(own) == key(line));
    let others: Vec<_> = repeats.lines().filter(|line| !is_own(line)).collect();
    let card = if section.contains("verifies_card") { "" } else { "verifies_card = false" };
    let text = format!("[core]\n{card}\n{}\n{section}", others.join("\n"));
    let tree = tree("titian.toml", &text).unwrap();
    let faults = Faults::default();
    let settings = Section::top("titian.toml", &tree, &faults)
        .and_then(|top| Settings::read(&top.section("core")?));
    let faults: Vec<_> = faults.all().iter().map(ToString::to_string).collect();
    settings.filter(|_| faults.is_empty()).ok_or(faults)
}

/// The port, with one command at a time.
pub(crate) struct Port {
    pub(crate) handle: Handle,
    pub(crate) replies: Replies,
    /// The clock of the timestamps. It starts at [`NOW`].
    pub(crate) clock: Clock,
    unread: Vec<CoreReply>,
}

impl Port {
    pub(crate) fn open(settings: Settings) -> Result<Self, CoreBankingError> {
        Self::open_with(settings, &keys())
    }

    /// Opens the port to a ledger of which the journal records a head.
    pub(crate) fn open_recorded(
        settings: Settings,
        recorded: Option<LedgerHead>,
    ) -> Result<Self, CoreBankingError> {
        Self::start(settings, &keys(), recorded)
    }

    pub(crate) fn open_with(
        settings: Settings,
        keys: &LedgerKeys,
    ) -> Result<Self, CoreBankingError> {
        Self::start(settings, keys, None)
    }

    fn start(
        settings: Settings,
        keys: &LedgerKeys,
        recorded: Option<LedgerHead>,
    ) -> Result<Self, CoreBankingError> {
        let clock = Clock::at(Moment::from_millis(NOW));
        let (handle, replies) = start(settings, keys, recorded, clock)?;
        Ok(Self { handle, replies, clock, unread: Vec::new() })
    }

    /// Opens the port to a core at an address.
    pub(crate) fn at(address: SocketAddr, lines: &str) -> Self {
        let text =
            format!("mode = \"http\"\ndebit = \"titian\"\nurl = \"http://{address}\"\n{lines}");
        Self::open(read(&text).unwrap()).unwrap()
    }

    /// Returns the next reply.
    pub(crate) async fn next_reply(&mut self) -> CoreReply {
        if self.unread.is_empty() {
            self.unread = self.replies.next().await.expect("the port replies");
            self.unread.reverse();
        }
        self.unread.pop().unwrap()
    }

    pub(crate) async fn send(&mut self, command: CoreCommand) -> CoreReply {
        self.handle.send(vec![command]);
        self.next_reply().await
    }

    pub(crate) async fn post(&mut self, posting: &Posting) -> PostingReply {
        match self.send(CoreCommand::Post(posting.clone())).await {
            CoreReply::Posting(id, reply) if id == posting.id && posting.reverses.is_none() => {
                reply
            }
            CoreReply::PartialReversal(id, reply) if Some(id) == posting.reverses => reply,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) async fn cancel(&mut self, number: u128) -> CancelReply {
        match self.send(CoreCommand::Cancel(id(number))).await {
            CoreReply::Cancel(of, reply) if of == id(number) => reply,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) async fn account(&mut self, number: &str) -> AccountReply {
        match self.send(CoreCommand::Account(id(77), account(number))).await {
            CoreReply::Account(of, reply) if of == id(77) => reply,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.handle.meter().read()
    }

    /// Drains the port. Returns the last replies. The ledger is unlocked afterwards.
    pub(crate) async fn close(self) -> Vec<CoreReply> {
        let Self { handle, mut replies, unread: mut last, clock: _ } = self;
        handle.drain();
        while let Some(reply) = replies.next().await {
            last.extend(reply);
        }
        assert!(replies.fault().is_none());
        last
    }
}

/// The ledger as a core over HTTP.
pub(crate) struct Core {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
    ended: oneshot::Receiver<Option<CoreBankingError>>,
}

impl Core {
    pub(crate) async fn open(folder: &Folder, key: Option<SigningKey>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let ledger = Ledger::open(&folder.embedded(), &keys(), move |fault| {
            let _ = end.send(fault);
        });
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(listener, ledger.unwrap(), key, stopped));
        Self { address, stop, served, ended }
    }

    pub(crate) fn port(&self, lines: &str) -> Port {
        Port::at(self.address, lines)
    }

    /// Stops the core. The ledger is unlocked afterwards.
    pub(crate) async fn close(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
        assert!(self.ended.await.unwrap().is_none());
    }
}

/// Returns ids in the order of their numbers.
pub(crate) const fn id(number: u128) -> TransferId {
    TransferId(0x0193_5f00_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn account(number: &str) -> AccountNumber {
    AccountNumber::from_ascii(number.as_bytes()).unwrap()
}

pub(crate) fn posting(number: u128, side: Side, of: &str, minor: u64) -> Posting {
    Posting {
        id: id(number),
        side,
        account: account(of),
        amount: Amount::new(minor, Currency::IDR),
        counterparty: Institution::from_ascii(b"014").unwrap(),
        reverses: None,
    }
}

/// Returns a posting that reverses a part of the posting with the number `of`.
pub(crate) fn partial_reversal(
    number: u128,
    of: u128,
    (side, account): (Side, &str),
    minor: u64,
) -> Posting {
    Posting { reverses: Some(id(of)), ..posting(number, side, account, minor) }
}
