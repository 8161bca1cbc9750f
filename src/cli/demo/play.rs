//! The run of a demo: start all processes, send transfers in both directions, kill and restart the adapter, compare the
//! books.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{sleep, sleep_until};

use super::folder::configure;
use super::progress::{Open, Progress, Tally};
use super::{Demo, load};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, write};
use crate::cli::interruption::{interruption, leave, until_stopped};
use crate::clock::Clock;
use crate::harness::{
    AdapterProbe, ChannelClient, FinalBooks, Folder, Harness, HttpClient, RESPONSE_TIMEOUT,
    ReservedPort,
};

/// How long open transfers may take after the last request.
const ENDING: Duration = Duration::from_mins(5);

/// Runs the demo until its end, or until Ctrl-C.
pub(super) async fn play(demo: &Demo) -> Result<Exit, Failure> {
    let mut stop = pin!(interruption()?);
    let folder = Folder::make(demo.dir.as_deref(), "demo")?;
    let path = folder.path.clone();
    let done = match until_stopped(stop.as_mut(), course(demo, folder)).await {
        None => Ok(Exit::Interrupted),
        Some(Err(failure)) => Err(failure),
        Some(Ok((play, end))) => finish(demo, play, &end, stop).await,
    };
    leave(&path, demo.dir.is_none(), demo.keep, done)
}

/// Runs the demo up to its report. All processes still run.
async fn course(demo: &Demo, folder: Folder) -> Result<(Play, End), Failure> {
    let mut play = Play::begin(demo, folder).await?;
    let started = Instant::now();
    play.load(demo).await?;
    let end = play.compare().await?;
    write(&play.report(demo, &end, started.elapsed()))?;
    Ok((play, end))
}

/// Stops all processes: at once, or, with `--keep`, at `stop`.
async fn finish(
    demo: &Demo,
    play: Play,
    end: &End,
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    if demo.keep {
        write(&play.try_out())?;
        stop.await;
    }
    play.stage.stop().await?;
    match end.differences().as_slice() {
        [] => Ok(Exit::Success),
        differences => {
            Err(Failure::Negative(format!("the books differ: {}", differences.join(", "))))
        }
    }
}

/// The processes and clients of a demo.
struct Play {
    stage: Harness,
    settings: PathBuf,
    watcher: AdapterProbe,
    channel: Arc<ChannelClient>,
    /// Ports of the switch, of its admin interface, of the channel API and of the console.
    ports: [ReservedPort; 4],
    tally: Arc<Tally>,
    /// The number of open transfers at the restart, and how long the adapter was down.
    crash: Option<(u64, Duration)>,
}

/// The books of all parties at the end.
struct End {
    closing: FinalBooks,
    /// The sum that channels saw as settled, in minor units.
    channel_settled: u128,
    /// Transfers that wait for a manual resolution.
    exceptions: u64,
}

impl End {
    fn differences(&self) -> Vec<&'static str> {
        let mut differences = self.closing.books.differences();
        if self.channel_settled != self.closing.books.outbound.settled {
            differences.push("the sum that channels saw as settled");
        }
        if self.closing.audited.open > self.exceptions {
            differences.push("open transfers");
        }
        differences
    }
}

impl Play {
    /// Starts the switch and the adapter.
    async fn begin(demo: &Demo, folder: Folder) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| format!("cannot find the path of this program: {error}"))?;
        let port = |usual| {
            ReservedPort::new(usual).map_err(|error| format!("cannot find a free port: {error}"))
        };
        let ports = [port(8583)?, port(8584)?, port(8080)?, port(8081)?];
        let [switch, admin, api, console] = ports.each_ref().map(|port| port.address);
        let mut stage = Harness::start(program, folder, demo.seed, [switch, admin]).await?;
        stage.switch_admin.set_fault_rules(&load::faults(demo.faults)).await?;
        let settings = configure(&stage.folder, switch, (api, console), "5s")?;
        let watcher = stage.start_adapter(&settings).await?;
        let channel =
            Arc::new(ChannelClient::new(HttpClient::new(api, RESPONSE_TIMEOUT), Clock::new()));
        stage.switch_admin.start_traffic(&load::traffic(demo.tps, demo.faults)).await?;
        let tally = Arc::default();
        Ok(Self { stage, settings, watcher, channel, ports, tally, crash: None })
    }

    /// Requests all transfers on schedule, kills the adapter in the middle, and waits until no transfer is open.
    async fn load(&mut self, demo: &Demo) -> Result<(), Failure> {
        let mut progress = Progress::new(demo.transfers);
        let [_, admin, api, console] = self.ports.each_ref().map(|port| port.address);
        progress.log(&format!(
            "channel API   http://{api}\n\
             metrics       http://{console}/metrics\n\
             switch        http://{admin}/state\n\
             files         {}",
            self.stage.folder.path.display()
        ));
        let started = Instant::now();
        for index in 0..demo.transfers {
            let due = started + Duration::from_micros(index * 1_000_000 / demo.tps);
            sleep_until(due.into()).await;
            self.request(demo.seed, index);
            progress.draw(&self.tally);
            if index == demo.transfers / 2 {
                self.crash(&progress).await?;
            }
        }
        self.stage.switch_admin.stop_traffic().await?;
        self.stage.switch_admin.set_fault_rules(&json!([])).await?;
        let waited = self.wait_until_ended(&mut progress).await;
        progress.finish(&self.tally);
        waited
    }

    /// Waits until no transfer is open.
    async fn wait_until_ended(&self, progress: &mut Progress) -> Result<(), Failure> {
        let last = Instant::now();
        loop {
            let open = self.open().await?;
            if open == (Open { transfers: 0, requests: 0 }) {
                return Ok(());
            }
            if last.elapsed() > ENDING {
                let Open { transfers, requests } = open;
                return Err(Failure::Negative(format!(
                    "after {ENDING:?}, {transfers} transfers are still open, {requests} at the switch"
                )));
            }
            progress.draw_waiting(&self.tally, open, last);
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn request(&self, seed: u64, index: u64) {
        let (channel, tally) = (Arc::clone(&self.channel), Arc::clone(&self.tally));
        tally.requested.fetch_add(1, Ordering::Relaxed);
        drop(tokio::spawn(async move {
            let wanted = load::wanted(seed, index);
            let retry = || _ = tally.retries.fetch_add(1, Ordering::Relaxed);
            let outcome = channel.transfer(&wanted, retry).await;
            tally.count(outcome, wanted.minor);
        }));
    }

    /// Kills the adapter, as a power failure would, and starts it again.
    async fn crash(&mut self, progress: &Progress) -> Result<(), Failure> {
        if let Some(adapter) = self.stage.adapter.take() {
            adapter.kill().await?;
        }
        let killed = Instant::now();
        progress.log("adapter killed (SIGKILL); starting it again");
        self.watcher = self.stage.start_adapter(&self.settings).await?;
        let open = self.stage.adapter.as_ref().and_then(|adapter| adapter.field("open"));
        let open = open.and_then(|open| open.parse().ok()).unwrap_or_default();
        let down = killed.elapsed();
        self.crash = Some((open, down));
        progress.log(&format!(
            "adapter up after {} ms; {open} open transfers recovered",
            down.as_millis()
        ));
        Ok(())
    }

    /// Returns the number of open transfers at the adapter and of open requests at the switch.
    ///
    /// The switch is read first, because its requests begin transfers at the adapter. Exceptions are not counted: they
    /// wait for a manual resolution, and channels see them as pending.
    async fn open(&self) -> Result<Open, Failure> {
        let requests = self.stage.switch_admin.open_requests().await?;
        let open = self.watcher.metric("titian_transfers_open").await?;
        let exceptions = self.watcher.metric("titian_exceptions_open").await?;
        let unanswered =
            (Tally::get(&self.tally.requested) - self.tally.ended()).saturating_sub(exceptions);
        let transfers = open.saturating_sub(exceptions).max(unanswered);
        Ok(Open { transfers, requests })
    }

    /// Reads the books of all parties.
    async fn compare(&self) -> Result<End, Failure> {
        let closing = self.stage.read_books().await?;
        let channel_settled = Tally::get(&self.tally.settled_minor).into();
        let exceptions = self.watcher.metric("titian_exceptions_open").await?;
        Ok(End { closing, channel_settled, exceptions })
    }

    fn report(&self, demo: &Demo, end: &End, took: Duration) -> String {
        let count = |number| Tally::get(number);
        let Tally { settled, refunded, rejected, unexpected, retries, .. } = &*self.tally;
        let FinalBooks { books, audited } = &end.closing;
        let mut lines = vec![String::new()];
        let mut line = |name: &str, value: String| lines.push(format!("{name:<14} {value}"));
        line("requested", format!("{} transfers in {:.1} s", demo.transfers, took.as_secs_f64()));
        line("settled", count(settled).to_string());
        line("refunded", count(refunded).to_string());
        line("rejected", count(rejected).to_string());
        if count(unexpected) > 0 {
            line("unexpected", count(unexpected).to_string());
        }
        if end.exceptions > 0 {
            line("exceptions", format!("{}, need a manual resolution", end.exceptions));
        }
        line(
            "retries",
            format!("{} requests repeated for lack of a final response", count(retries)),
        );
        line("received", format!("{} inbound transfers", books.switch.received.0));
        if let Some((open, down)) = self.crash {
            line(
                "crash",
                format!("{open} open transfers recovered, down for {} ms", down.as_millis()),
            );
        }
        line(
            "journal",
            format!(
                "{} rows of {} transfers, chain verified, {} checkpoints",
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

    fn try_out(&self) -> String {
        let [_, admin, api, console] = self.ports.each_ref().map(|port| port.address);
        format!(
            "\nRunning until Ctrl-C. To try it:\n\n\
             curl -s http://{api}/v1.0/transfer-interbank \\\n  \
             -H 'Content-Type: application/json' -H 'X-PARTNER-ID: local' \\\n  \
             -H \"X-TIMESTAMP: $(date +%Y-%m-%dT%H:%M:%S%:z)\" \\\n  \
             -H \"X-EXTERNAL-ID: $(date +%s)\" -H 'CHANNEL-ID: 95011' -d '{{\n    \
             \"partnerReferenceNo\": \"TRY-1\", \"currency\": \"IDR\",\n    \
             \"amount\": {{\"value\": \"125000.00\", \"currency\": \"IDR\"}},\n    \
             \"sourceAccountNo\": \"5550000042\", \"beneficiaryBankCode\": \"014\",\n    \
             \"beneficiaryAccountNo\": \"1234567890\", \"beneficiaryAccountName\": \"BUDI\",\n    \
             \"transactionDate\": \"2026-11-24T20:00:00+07:00\"}}'\n\n\
             curl -s http://{console}/metrics\n\
             curl -s http://{admin}/state\n\
             titian verify --store sqlite://{}\n",
            self.stage.folder.file("titian.db").display(),
        )
    }
}
