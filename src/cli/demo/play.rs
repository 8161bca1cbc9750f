//! The play: everybody comes on, transfers go both ways, the adapter is killed and comes back, and the books are compared.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{sleep, sleep_until};

use super::folder::{BANK, Folder};
use super::progress::{Progress, Tally};
use super::{Demo, load};
use crate::bank;
use crate::cli::failure::{Failure, write};
use crate::journal::{Evidence, PublicKeys};
use crate::link::Clock;
use crate::records::{Audited, audit};
use crate::rig::{
    AdminError, AtSwitch, Channel, Client, Operator, Process, ProcessError, ThreeBooks, Watcher,
};
use crate::values::Currency;

/// How long an answer of the adapter or the switch is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long what is under way at the end may take.
const ENDING: Duration = Duration::from_mins(5);

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Self {
        error.to_string().into()
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        Self::No(error.to_string())
    }
}

/// Plays it all; when `stop` comes it is over.
pub(super) async fn play(demo: &Demo, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    let mut stop = pin!(stop);
    let mut stage = tokio::select! {
        stage = Stage::set(demo) => stage?,
        () = &mut stop => return Err(Failure::No("stopped before it began".to_owned())),
    };
    let begun = Instant::now();
    tokio::select! {
        done = stage.load(demo) => done?,
        () = &mut stop => return Err(Failure::No("stopped in the middle".to_owned())),
    }
    let end = stage.compare().await?;
    write(&stage.told(demo, &end, begun.elapsed()))?;
    if demo.keep {
        write(&stage.to_try())?;
        stop.await;
    }
    stage.leave().await?;
    match end.differences().as_slice() {
        [] => Ok(()),
        differences => Err(Failure::No(format!("the books differ: {}", differences.join(", ")))),
    }
}

/// All who take part.
struct Stage {
    program: PathBuf,
    folder: Folder,
    settings: PathBuf,
    switch: Process,
    adapter: Option<Process>,
    operator: Operator,
    watcher: Watcher,
    channel: Arc<Channel>,
    api: SocketAddr,
    console: SocketAddr,
    tally: Arc<Tally>,
    /// How many transfers were open when the adapter came back, and how long it was away.
    crash: Option<(u64, Duration)>,
}

/// What the books of all said.
struct End {
    books: ThreeBooks,
    audited: Audited,
    /// What channels were told to be settled, in minor units.
    heard: u128,
    /// Transfers that wait for two persons.
    exceptions: u64,
}

impl End {
    fn differences(&self) -> Vec<&'static str> {
        let mut differences = self.books.differences();
        if self.heard != self.books.out.moved {
            differences.push("what channels were told");
        }
        if self.audited.open > self.exceptions {
            differences.push("transfers that are open still");
        }
        differences
    }
}

impl Stage {
    /// Brings everybody on.
    async fn set(demo: &Demo) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| format!("this program can't be found: {error}"))?;
        let folder = Folder::make(demo.dir.as_deref())?;
        let switch = Self::switch(&program, &folder, demo.seed).await?;
        let (listen, admin) = (switch.address("listen")?, switch.address("admin")?);
        let operator = Operator::new(Client::new(admin, PATIENCE));
        operator.faults(&load::faults(demo.faults)).await?;
        let (api, console) = (free(8080), free(8081));
        let settings = folder.configure(listen, api, console)?;
        let adapter = Self::adapter(&program, &folder, &settings).await?;
        let (api, console) = (adapter.address("api")?, adapter.address("console")?);
        // When it comes back it is where it was.
        folder.configure(listen, api, console)?;
        let clock = Clock::new();
        let channel = Arc::new(Channel::new(Client::new(api, PATIENCE), clock));
        let watcher = Watcher::new(Client::new(console, PATIENCE));
        let stage = Self {
            program,
            folder,
            settings,
            switch,
            adapter: Some(adapter),
            operator,
            watcher,
            channel,
            api,
            console,
            tally: Arc::default(),
            crash: None,
        };
        stage.wait_until_ready().await?;
        stage.operator.traffic(&load::traffic(demo.tps)).await?;
        Ok(stage)
    }

    async fn switch(program: &Path, folder: &Folder, seed: u64) -> Result<Process, Failure> {
        let seed = seed.to_string();
        let settlement = folder.file("settlement").display().to_string();
        let (listen, admin) = (free(8583).to_string(), free(8584).to_string());
        let arguments = [
            "switch",
            "--listen",
            &listen,
            "--admin",
            &admin,
            "--seed",
            &seed,
            "--settlement-dir",
            &settlement,
        ];
        let log = folder.file("switch.log");
        Ok(Process::start(program, "titian switch", &arguments, "listening", &log).await?)
    }

    async fn adapter(program: &Path, folder: &Folder, settings: &Path) -> Result<Process, Failure> {
        let settings = settings.display().to_string();
        let arguments = ["serve", "--config", &settings];
        let (log, up) = (folder.file("adapter.log"), "the adapter is up");
        Ok(Process::start(program, "titian serve", &arguments, up, &log).await?)
    }

    async fn wait_until_ready(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        while !self.watcher.is_ready().await {
            if begun.elapsed() > PATIENCE {
                let log = self.folder.file("adapter.log");
                return Err(Failure::No(format!("the adapter is not ready: {}", log.display())));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Asks for all transfers at their times, kills the adapter in the middle, and waits until nothing is under way.
    async fn load(&mut self, demo: &Demo) -> Result<(), Failure> {
        let mut progress = Progress::new(demo.transfers);
        progress.say(&format!(
            "the adapter is on http://{}, its health on http://{}/metrics, all files in {}",
            self.api,
            self.console,
            self.folder.path.display()
        ));
        let begun = Instant::now();
        for place in 0..demo.transfers {
            let due = begun + Duration::from_micros(place * 1_000_000 / demo.tps);
            sleep_until(due.into()).await;
            self.ask(demo.seed, place);
            progress.draw(&self.tally, "");
            if place == demo.transfers / 2 {
                self.crash(&progress).await?;
            }
        }
        self.operator.quiet().await?;
        self.operator.faults(&json!([])).await?;
        let last = Instant::now();
        loop {
            let under_way = self.under_way().await?;
            if under_way == [0, 0] {
                break;
            }
            if last.elapsed() > ENDING {
                progress.finish(&self.tally);
                return Err(Failure::No(format!("transfers are under way after {ENDING:?} still")));
            }
            let [transfers, questions] = under_way;
            progress.draw(
                &self.tally,
                &format!("under way still: {transfers} at the adapter, {questions} at the switch"),
            );
            sleep(Duration::from_millis(100)).await;
        }
        progress.finish(&self.tally);
        Ok(())
    }

    fn ask(&self, seed: u64, place: u64) {
        let (channel, tally) = (Arc::clone(&self.channel), Arc::clone(&self.tally));
        tally.asked.fetch_add(1, Ordering::Relaxed);
        drop(tokio::spawn(async move {
            let wanted = load::wanted(seed, place);
            let again = || _ = tally.again.fetch_add(1, Ordering::Relaxed);
            let outcome = channel.transfer(&wanted, again).await;
            tally.told(outcome, wanted.minor);
        }));
    }

    /// The adapter is gone, as if its machine had lost its power, and comes back.
    async fn crash(&mut self, progress: &Progress) -> Result<(), Failure> {
        if let Some(adapter) = self.adapter.take() {
            adapter.kill().await?;
        }
        let gone = Instant::now();
        progress.say("the adapter is killed (SIGKILL), and started again");
        let adapter = Self::adapter(&self.program, &self.folder, &self.settings).await?;
        let open = adapter.field("open").and_then(|open| open.parse().ok()).unwrap_or_default();
        self.adapter = Some(adapter);
        self.wait_until_ready().await?;
        let away = gone.elapsed();
        self.crash = Some((open, away));
        progress.say(&format!(
            "it is back after {} ms, and takes up {open} transfers that were under way",
            away.as_millis()
        ));
        Ok(())
    }

    /// What is under way at the adapter and at the switch, which is asked first, since what it asks begins something there. What waits for two persons does not move by itself, and channels
    /// that ask about it will be told that it is pending.
    async fn under_way(&self) -> Result<[u64; 2], Failure> {
        let questions = self.operator.open_questions().await?;
        let open = self.watcher.metric("titian_transfers_open").await?;
        let exceptions = self.watcher.metric("titian_exceptions").await?;
        let unheard =
            (Tally::get(&self.tally.asked) - self.tally.ended()).saturating_sub(exceptions);
        let transfers = open.saturating_sub(exceptions).max(unheard);
        Ok([transfers, questions])
    }

    /// The books of all.
    async fn compare(&self) -> Result<End, Failure> {
        let (store, ledger) = (self.folder.file("titian.db"), self.folder.file("ledger.db"));
        let switch: AtSwitch = self.operator.books(BANK).await?;
        let keys = PublicKeys::parse(&self.folder.checkpoints().public_key());
        let keys = keys.ok_or_else(|| Failure::No("the public key can't be read".to_owned()))?;
        let checkpoints = self.folder.file("checkpoints");
        let checkpoints = Some((checkpoints.as_path(), &keys));
        let audited = audit(&Evidence { archives: &[], store: &store, checkpoints })?;
        let bank = bank::books(&ledger).map_err(|error| Failure::No(error.to_string()))?;
        let bank = bank.get(&Currency::IDR).copied().unwrap_or_default();
        let heard = Tally::get(&self.tally.settled_minor).into();
        let exceptions = self.watcher.metric("titian_exceptions").await?;
        Ok(End { books: ThreeBooks::new(bank, &audited.books, switch), audited, heard, exceptions })
    }

    fn told(&self, demo: &Demo, end: &End, took: Duration) -> String {
        let count = |number| Tally::get(number);
        let Tally { settled, given_back, refused, senseless, again, .. } = &*self.tally;
        let (books, audited) = (&end.books, &end.audited);
        let mut lines = vec![String::new()];
        let mut line = |name: &str, value: String| lines.push(format!("{name:<14} {value}"));
        line("asked for", format!("{} transfers in {:.1} s", demo.transfers, took.as_secs_f64()));
        line("settled", count(settled).to_string());
        line("given back", count(given_back).to_string());
        line("refused", count(refused).to_string());
        if count(senseless) > 0 {
            line("senseless", count(senseless).to_string());
        }
        if end.exceptions > 0 {
            line(
                "exceptions",
                format!(
                    "{}: what the switch said of them can't all be true; two persons are to look",
                    end.exceptions
                ),
            );
        }
        line("asked again", format!("{} times, since no answer said how it stands", count(again)));
        line("received", format!("{} transfers of other banks", books.switch.received.0));
        if let Some((open, away)) = self.crash {
            line("crash", format!("{open} transfers taken up, away for {} ms", away.as_millis()));
        }
        line(
            "journal",
            format!(
                "{} rows of {} transfers, chain whole, {} signed checkpoints",
                audited.verified.head.count, audited.transfers, audited.verified.checkpoints
            ),
        );
        lines.push(String::new());
        lines.push(books.to_string());
        lines.push(match end.differences().as_slice() {
            [] => "every rupiah is explained: the three books agree\n".to_owned(),
            differences => format!("NOT explained: {}\n", differences.join(", ")),
        });
        lines.join("\n")
    }

    fn to_try(&self) -> String {
        let Self { api, console, .. } = self;
        format!(
            "\nIt stays up until Ctrl-C. To try:\n\n\
             curl -s http://{api}/v1.0/transfer-interbank -H 'Content-Type: application/json' \\\n  \
             -H \"X-TIMESTAMP: $(date +%Y-%m-%dT%H:%M:%S%:z)\" -H 'X-PARTNER-ID: local' \\\n  \
             -H \"X-EXTERNAL-ID: $(date +%s)\" -H 'CHANNEL-ID: 95011' -d '{{\n    \
             \"partnerReferenceNo\": \"TRY-1\", \"amount\": {{\"value\": \"125000.00\", \"currency\": \"IDR\"}},\n    \
             \"beneficiaryAccountName\": \"BUDI\", \"beneficiaryAccountNo\": \"1234567890\", \"beneficiaryBankCode\": \"014\",\n    \
             \"sourceAccountNo\": \"5550000042\", \"transactionDate\": \"2026-11-24T20:00:00+07:00\", \"currency\": \"IDR\"}}'\n\n\
             curl -s http://{console}/metrics\n\
             curl -s http://{}/state\n\
             titian verify --store sqlite://{}\n",
            self.switch.field("admin").unwrap_or_default(),
            self.folder.file("titian.db").display(),
        )
    }

    /// Everybody leaves, the adapter as it should.
    async fn leave(mut self) -> Result<(), Failure> {
        if let Some(adapter) = self.adapter.take() {
            let ended = adapter.stop(Duration::from_mins(2)).await?;
            if !ended.success() {
                let log = self.folder.file("adapter.log");
                return Err(Failure::No(format!(
                    "the adapter ended with {ended}: {}",
                    log.display()
                )));
            }
        }
        self.switch.stop(PATIENCE).await?;
        Ok(())
    }
}

/// An address that is free: the usual one, or else any.
fn free(usual: u16) -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, usual));
    if TcpListener::bind(usual).is_ok() {
        usual
    } else {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }
}
