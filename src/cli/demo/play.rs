//! The play: everybody comes on, transfers go both ways, the adapter is killed and comes back, and the books are compared.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{sleep, sleep_until};

use super::folder::configure;
use super::progress::{Progress, Tally};
use super::{Demo, load};
use crate::cli::failure::{Failure, write};
use crate::link::Clock;
use crate::rig::{Channel, Client, Closing, Folder, PATIENCE, Stage, Watcher};

/// How long what is under way at the end may take.
const ENDING: Duration = Duration::from_mins(5);

/// Plays it all; when `stop` comes it is over.
pub(super) async fn play(demo: &Demo, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    let mut stop = pin!(stop);
    let mut play = tokio::select! {
        play = Play::begin(demo) => play?,
        () = &mut stop => return Err(Failure::No("stopped before it began".to_owned())),
    };
    let begun = Instant::now();
    tokio::select! {
        done = play.load(demo) => done?,
        () = &mut stop => return Err(Failure::No("stopped in the middle".to_owned())),
    }
    let end = play.compare().await?;
    write(&play.told(demo, &end, begun.elapsed()))?;
    if demo.keep {
        write(&play.to_try())?;
        stop.await;
    }
    play.stage.leave().await?;
    match end.differences().as_slice() {
        [] => Ok(()),
        differences => Err(Failure::No(format!("the books differ: {}", differences.join(", ")))),
    }
}

/// All who take part.
struct Play {
    stage: Stage,
    settings: PathBuf,
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
    closing: Closing,
    /// What channels were told to be settled, in minor units.
    heard: u128,
    /// Transfers that wait for two persons.
    exceptions: u64,
}

impl End {
    fn differences(&self) -> Vec<&'static str> {
        let mut differences = self.closing.books.differences();
        if self.heard != self.closing.books.out.moved {
            differences.push("what channels were told");
        }
        if self.closing.audited.open > self.exceptions {
            differences.push("transfers that are open still");
        }
        differences
    }
}

impl Play {
    /// Brings everybody on.
    async fn begin(demo: &Demo) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| format!("this program can't be found: {error}"))?;
        let folder = Folder::make(demo.dir.as_deref(), "demo")?;
        let mut stage = Stage::set(program, folder, demo.seed, [free(8583), free(8584)]).await?;
        let listen = stage.switch.address("listen")?;
        stage.operator.faults(&load::faults(demo.faults)).await?;
        let settings = configure(&stage.folder, listen, free(8080), free(8081))?;
        let watcher = stage.adapter(&settings).await?;
        let (api, console) = (stage.address("api")?, stage.address("console")?);
        // When it comes back it is where it was.
        configure(&stage.folder, listen, api, console)?;
        let channel = Arc::new(Channel::new(Client::new(api, PATIENCE), Clock::new()));
        stage.operator.traffic(&load::traffic(demo.tps)).await?;
        let tally = Arc::default();
        Ok(Self { stage, settings, watcher, channel, api, console, tally, crash: None })
    }

    /// Asks for all transfers at their times, kills the adapter in the middle, and waits until nothing is under way.
    async fn load(&mut self, demo: &Demo) -> Result<(), Failure> {
        let mut progress = Progress::new(demo.transfers);
        progress.say(&format!(
            "the adapter is on http://{}, its health on http://{}/metrics, all files in {}",
            self.api,
            self.console,
            self.stage.folder.path.display()
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
        self.stage.operator.quiet().await?;
        self.stage.operator.faults(&json!([])).await?;
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
        if let Some(adapter) = self.stage.adapter.take() {
            adapter.kill().await?;
        }
        let gone = Instant::now();
        progress.say("the adapter is killed (SIGKILL), and started again");
        self.watcher = self.stage.adapter(&self.settings).await?;
        let open = self.stage.adapter.as_ref().and_then(|adapter| adapter.field("open"));
        let open = open.and_then(|open| open.parse().ok()).unwrap_or_default();
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
        let questions = self.stage.operator.open_questions().await?;
        let open = self.watcher.metric("titian_transfers_open").await?;
        let exceptions = self.watcher.metric("titian_exceptions").await?;
        let unheard =
            (Tally::get(&self.tally.asked) - self.tally.ended()).saturating_sub(exceptions);
        let transfers = open.saturating_sub(exceptions).max(unheard);
        Ok([transfers, questions])
    }

    /// The books of all.
    async fn compare(&self) -> Result<End, Failure> {
        let closing = self.stage.close().await?;
        let heard = Tally::get(&self.tally.settled_minor).into();
        let exceptions = self.watcher.metric("titian_exceptions").await?;
        Ok(End { closing, heard, exceptions })
    }

    fn told(&self, demo: &Demo, end: &End, took: Duration) -> String {
        let count = |number| Tally::get(number);
        let Tally { settled, given_back, refused, senseless, again, .. } = &*self.tally;
        let Closing { books, audited } = &end.closing;
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
            self.stage.switch.field("admin").unwrap_or_default(),
            self.stage.folder.file("titian.db").display(),
        )
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
