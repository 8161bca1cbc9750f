//! Starts the adapter from its settings, and shuts it down.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

use super::health;
use super::ids::IdGenerator;
use super::inputs::{self, Command, EndedNode, Inputs};
use super::ledger_record::LedgerRecord;
use super::lookups;
use super::metrics::{Metrics, Sources};
use super::node::{Node, NodeError};
use super::pending_responses::PendingResponses;
use super::port::RequestQueue;
use super::settings::{Link, LinkEndpoint, Settings, changed_keys};
use super::waiting::WaitingRequests;
use crate::api::{self, Api};
use crate::clock::Clock;
use crate::core_banking::{self, LedgerKeys};
use crate::engine::{Engine, Schedule, TraceAllocator, TraceWatermark};
use crate::journal::{self, Chain, Checkpoints, Journal, JournalError, Reader};
use crate::link::{self, Endpoint};
use crate::random::unpredictable;
use crate::records::{self, RecordsError};
use crate::signing::LedgerHead;
use crate::values::{Date, Moment, Offset};

/// How far the clock may be behind the last message of ours. Further behind, the start is refused.
const CLOCK_BEHIND_MAX: Duration = Duration::from_mins(2);

/// Prefixes of the keys that a running adapter reloads.
const RELOADED: [&str; 19] = [
    "limits.inbound_amount_max",
    "limits.open_transfers",
    "limits.open_inquiries",
    "limits.journal_lookups",
    "limits.closed_transfers",
    "core.first_delay",
    "core.max_delay",
    "core.jitter_percent",
    "core.posting_tries",
    "core.cancel_tries",
    "core.exception_repeat_interval",
    "telemetry.log",
    "network.calendar_file",
    "network.override.declines",
    "network.override.response_classes",
    "network.override.timers",
    "network.override.reversal",
    "network.override.hold",
    "network.override.inbound",
];

/// Exceptions from those: prefixes of the keys that messages are read and encoded by, which need a restart.
const NOT_RELOADED: [&str; 7] = [
    "network.override.reversal.reasons",
    "network.override.inbound.ignored",
    "network.override.inbound.reversals",
    "network.override.inbound.invalid_amount",
    "network.override.inbound.malformed",
    "network.override.inbound.misrouted",
    "network.override.inbound.unsupported",
];

/// The size in bytes of a buffer that the messages of ours share.
const ENCODE_BUFFER_SIZE: usize = 64 << 10;

/// Requests of the switch that can wait for their response.
const PENDING_RESPONSES_MAX: usize = 200_000;

/// Why the adapter did not start, or did not stop cleanly.
#[derive(Debug, Error)]
pub enum StartError {
    /// Addresses that could not be listened on: a line each.
    #[error("{}", .0.join("; "))]
    Listen(Vec<String>),
    /// The journal could not be opened or closed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The content of the journal could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The clock was set back, by this many seconds.
    #[error(
        "the clock is {0} s behind the last message that was sent: correct it, or wait; otherwise trace numbers repeat"
    )]
    ClockBehind(u64),
    /// The system could not start a thread.
    #[error("thread not started: {0}")]
    Thread(#[from] io::Error),
    /// The port to core banking could not be opened.
    #[error(transparent)]
    Core(#[from] core_banking::CoreBankingError),
    /// The journal has no rows, but the ledger has postings.
    #[error(
        "the store is new, but the embedded ledger has postings: restore the store that belongs to it, or begin with a new ledger too"
    )]
    NewStore,
    /// The node stopped by itself.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// Open work did not end before the time for a stop was over. Durable facts are kept.
    #[error(
        "open work did not end within {} s (limits.drain): the next start continues it",
        .0.as_secs()
    )]
    DrainTimeout(Duration),
}

/// Reads the settings again. `None` if they are wrong, which is logged.
pub type Reload = Box<dyn Fn() -> Option<Settings> + Send>;

/// Runs the adapter until `stop` completes. Then it refuses new work, answers waiting requests, signs the links off, and
/// makes everything durable. Each message of `reloads` makes it read its settings again.
///
/// # Errors
/// If the adapter can't start, stops by itself, or does not stop cleanly.
pub async fn run(
    settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
    reloads: mpsc::Receiver<()>,
    reload: Reload,
) -> Result<(), StartError> {
    let Settings {
        node,
        keys,
        network,
        working_days,
        store,
        links,
        api,
        core,
        console,
        limits,
        tree,
        log: _,
    } = settings;
    let clock = Clock::new();
    let listeners = Listeners::open(api.listen, console, links).await?;
    warn_of_no_checkpoints(&store.checkpoints);
    let journal = journal::open(&store.url, &keys.of_journal(), &store.checkpoints)?;
    let reader = journal.reader()?;
    let now = clock.now();
    let watermark = watermark(reader.as_ref(), now, network.offset())?;
    let trace_numbers =
        TraceAllocator::new(node, watermark, now, unpredictable()).with_rrns(network.rrn_form());
    let schedule = Schedule::new(now, limits.repeats);
    let rules = Arc::new(network.rules().clone());
    let mut engine =
        Engine::new(Arc::clone(&rules), core.rules.clone(), limits.engine, schedule, trace_numbers);
    records::restore(reader.as_ref(), &mut engine)?;
    let open = engine.open_transfers();
    engine.resume(now);
    // No link is up yet.
    engine.set_switch_reachable(false);

    for de in network.unchecked_macs() {
        tracing::warn!(%de, "MAC is not checked");
    }
    let network = Arc::new(network);
    let ledger_keys = LedgerKeys { signing: keys.signing, trusted: keys.trusted };
    let recorded = records::recorded_ledger(reader.as_ref())?;
    let (core, core_replies) = start_core(core, &ledger_keys, recorded, (clock, journal.as_ref()))?;
    let (session, spec) = (Arc::clone(network.session()), Arc::clone(network.spec()));
    let (links, link_events) =
        link::start(session, spec, listeners.endpoints, clock, unpredictable());
    let metrics = Arc::new(Metrics::new(Sources {
        network: &network,
        link_names: &listeners.names,
        in_flight: links.in_flight(),
        core: core.meter(),
        checkpoints: journal.checkpoint_clock(),
    }));
    let (lookup_sender, lookup_results) = mpsc::unbounded_channel();
    let (committed_sender, committed) = mpsc::unbounded_channel();
    let (command_sender, commands) = mpsc::channel(16);
    let ids = Arc::new(IdGenerator::new(clock, node));
    let (request_queue, channel_requests) = RequestQueue::new(clock, Arc::clone(&ids));
    let node = Node {
        engine,
        network,
        rules,
        working_days,
        journal,
        committed: committed_sender,
        lookups: lookups::start(reader, lookup_sender)?,
        links,
        link_names: listeners.names,
        links_up: BTreeSet::new(),
        core,
        ledger_record: LedgerRecord::new(recorded),
        ids,
        metrics: Arc::clone(&metrics),
        clock,
        now,
        waiting: WaitingRequests::default(),
        pending_responses: PendingResponses::new(PENDING_RESPONSES_MAX),
        messages: Vec::new(),
        core_commands: Vec::new(),
        encode_buffer: BytesMut::with_capacity(ENCODE_BUFFER_SIZE),
    };
    // Metrics that are read before the first turn show the transfers that the journal left open.
    node.update_gauges();
    let inputs = Inputs {
        channel_requests,
        links: link_events,
        core: core_replies,
        committed,
        lookups: lookup_results,
        commands,
    };
    let running = tokio::spawn(inputs::run(node, inputs));
    let (end, ended) = watch::channel(false);
    let (api_address, console_address) =
        (listeners.api.local_addr()?, listeners.console.local_addr()?);
    let health = tokio::spawn(health::serve(listeners.console, metrics, ended_signal(ended)));
    drop(tokio::spawn(reload_settings(reloads, reload, tree, command_sender.clone())));
    tracing::info!(open, api = %api_address, console = %console_address, "adapter started");

    let api = Api::new(api, keys.record, request_queue);
    serve(listeners.api, api, running, command_sender, stop, limits.drain).await?;
    let _no_receiver = end.send(true);
    let _ended = health.await;
    tracing::info!("adapter stopped");
    Ok(())
}

fn warn_of_no_checkpoints(checkpoints: &Checkpoints) {
    if checkpoints.files.is_empty() {
        tracing::warn!(
            "no checkpoints: a store that lost its last rows is not noticed (store.checkpoints)"
        );
    }
}

/// Returns the watermark of the trace numbers. Without one, the first business date is today in the network's time zone.
fn watermark(
    reader: &dyn Reader,
    now: Moment,
    offset: Offset,
) -> Result<TraceWatermark, StartError> {
    let Some(watermark) = records::trace_watermark(reader)? else {
        return Ok(TraceWatermark::first(Date::of(now, offset)));
    };
    let behind = watermark.latest_transmission.since(now);
    if behind > CLOCK_BEHIND_MAX {
        return Err(StartError::ClockBehind(behind.as_secs()));
    }
    Ok(watermark)
}

/// Serves channels until the stop, and then shuts down in order: waiting channel requests get their response first, then
/// open requests at the switch.
async fn serve(
    listener: TcpListener,
    api: Arc<Api<RequestQueue>>,
    mut running: JoinHandle<Result<EndedNode, NodeError>>,
    commands: mpsc::Sender<Command>,
    stop: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> Result<(), StartError> {
    let (stop_channels, stopped) = watch::channel(false);
    let channels =
        tokio::spawn(async move { api::serve(listener, api, ended_signal(stopped)).await });
    tokio::select! {
        // The node ends by itself only after an error.
        ended = &mut running => return close(ended).await,
        () = stop => {}
    }
    tracing::info!("adapter stopping");
    let latest = Instant::now() + drain;
    let _ended = commands.send(Command::Drain).await;
    let _no_receiver = stop_channels.send(true);
    let is_drained = timeout_at(latest, channels).await.is_ok();
    let _ended = commands.send(Command::SignOff).await;
    match timeout_at(latest, &mut running).await {
        Ok(ended) => close(ended).await?,
        Err(_) => return Err(StartError::DrainTimeout(drain)),
    }
    if is_drained { Ok(()) } else { Err(StartError::DrainTimeout(drain)) }
}

/// Starts the port to core. A journal without rows beside a ledger with postings has lost what was paid already, and is refused.
fn start_core(
    settings: core_banking::Settings,
    keys: &LedgerKeys,
    recorded: Option<LedgerHead>,
    (clock, journal): (Clock, &dyn Journal),
) -> Result<(core_banking::Handle, core_banking::Replies), StartError> {
    let (core, replies) = core_banking::start(settings, keys, recorded, clock)?;
    if journal.head(Chain::Transfers).count == 0 && core.had_postings() {
        return Err(StartError::NewStore);
    }
    Ok((core, replies))
}

/// Closes core, has the journal record the last head of the ledger, and closes the journal.
async fn close(ended: Result<Result<EndedNode, NodeError>, JoinError>) -> Result<(), StartError> {
    let ended = ended.map_err(NodeError::Panicked)??;
    let EndedNode { journal, core, core_replies, mut ledger_record, clock } = ended;
    let last = core.close(core_replies).await;
    if let Some(head) = last.as_ref().ok().and_then(|head| ledger_record.take_new(*head)) {
        let batch = records::ledger_batch(head, clock.now()).map_err(NodeError::Form)?;
        // The journal keeps the error of a failed write, and returns it when it closes.
        journal.append(batch, Box::new(drop));
    }
    journal.close()?;
    last.map(drop).map_err(|fault| NodeError::Core(fault).into())
}

/// Completes when `true` is sent, or the sender is gone.
async fn ended_signal(mut ended: watch::Receiver<bool>) {
    let _sender_gone = ended.wait_for(|ended| *ended).await;
}

fn is_reloaded(key: &str) -> bool {
    let has_prefix = |prefix: &&str| key.starts_with(*prefix);
    RELOADED.iter().any(has_prefix) && !NOT_RELOADED.iter().any(has_prefix)
}

/// Reads the settings again at every message of `reloads`, applies what can be applied, and logs which changed keys need a restart.
async fn reload_settings(
    mut reloads: mpsc::Receiver<()>,
    reload: Reload,
    mut tree: config::Value,
    commands: mpsc::Sender<Command>,
) {
    while reloads.recv().await.is_some() {
        let Some(settings) = reload() else { continue };
        for key in changed_keys(&tree, &settings.tree) {
            if is_reloaded(&key) {
                tracing::info!(key, "setting applied");
            } else {
                tracing::warn!(key, "setting needs a restart");
            }
        }
        let rules = Box::new(settings.network.rules().clone());
        let (core, limits) = (settings.core.rules, settings.limits.engine);
        let working_days = settings.working_days;
        tracing::info!("configuration reloaded");
        if commands.send(Command::Reconfigure(rules, working_days, core, limits)).await.is_err() {
            return;
        }
        tree = settings.tree;
    }
}

/// All listening sockets, and the endpoints of the links.
struct Listeners {
    api: TcpListener,
    console: TcpListener,
    endpoints: Vec<Endpoint>,
    names: Vec<String>,
}

impl Listeners {
    /// Listens on all addresses.
    ///
    /// # Errors
    /// If an address can't be listened on; every such address is in the error.
    async fn open(
        api: SocketAddr,
        console: SocketAddr,
        links: Vec<Link>,
    ) -> Result<Self, StartError> {
        let mut errors = Vec::new();
        let api = listen("api.listen", api).await.map_err(|error| errors.push(error));
        let console = listen("console.listen", console).await.map_err(|error| errors.push(error));
        let (mut endpoints, mut names) = (Vec::new(), Vec::new());
        for Link { name, endpoint } in links {
            match open_endpoint(&name, endpoint).await {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) => errors.push(error),
            }
            names.push(name);
        }
        match (api, console) {
            (Ok(api), Ok(console)) if errors.is_empty() => {
                Ok(Self { api, console, endpoints, names })
            }
            (Ok(_) | Err(()), Ok(_) | Err(())) => Err(StartError::Listen(errors)),
        }
    }
}

async fn open_endpoint(name: &str, endpoint: LinkEndpoint) -> Result<Endpoint, String> {
    match endpoint {
        LinkEndpoint::Connect { address, tls } => Ok(Endpoint::Dial { address, tls }),
        LinkEndpoint::Listen { address, allowed, tls } => {
            let listener = listen(&format!("link {name}"), address).await?;
            Ok(Endpoint::Listen { listener, allowed, tls })
        }
    }
}

async fn listen(what: &str, address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{what} {address}: in use; stop the program that listens there, or choose another port")
        }
        _ => format!("{what} {address}: can't listen: {error}"),
    })
}
