//! Starts the adapter from its settings, and shuts it down.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::BytesMut;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout, timeout_at};

use super::acts::Acts;
use super::conditions::Conditions;
use super::control_names::{account_hasher, control_names, started};
use super::health;
use super::ids::IdGenerator;
use super::inputs::{self, Command, EndedNode, Inputs};
use super::ledger_record::LedgerRecord;
use super::listeners::Listeners;
use super::lookups;
use super::metrics::{Metrics, Sources};
use super::node::{Node, NodeError};
use super::operated_links::OperatedLinks;
use super::operators::{OperatorParts, OperatorQueue, OperatorRequest};
use super::pending_responses::PendingResponses;
use super::port::RequestQueue;
use super::reload::{Reload, Reloader, Running, log_held};
use super::settings::{Limits, Restricted, Settings};
use super::waiting::WaitingRequests;
use crate::admin::{self, Admin};
use crate::api::{self, Api};
use crate::clock::Clock;
use crate::control::{OfflineAct, OperatorKeys};
use crate::core_banking::{self, LedgerKeys};
use crate::engine::{Engine, Schedule, TraceAllocator, TraceWatermark};
use crate::journal::{self, Chain, Checkpoints, Journal, JournalError, Reader};
use crate::link;
use crate::network::Network;
use crate::random::unpredictable;
use crate::records::{self, RecordsError};
use crate::settings::Fault;
use crate::signing::LedgerHead;
use crate::transfer::{CoreRules, Rules};
use crate::values::{Date, Moment, Offset};

/// How far the clock may be behind the last message of ours. Further behind, the start is refused.
const CLOCK_BEHIND_MAX: Duration = Duration::from_mins(2);

/// The longest time that a stop waits for requests to the console.
const CONSOLE_STOP: Duration = Duration::from_secs(2);

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
    /// The settings are wrong with the approved values in the place of looser ones: a line each.
    #[error("with the approved values: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<Fault>),
    /// The offline act cannot be committed.
    #[error("keys.offline_act_file: {0}; remove the setting to start without it")]
    OfflineAct(String),
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

/// Runs the adapter until `stop` completes. Then it refuses new work, answers waiting requests, signs the links off, and
/// makes everything durable. Each message of `reloads` makes it read its settings again.
///
/// # Errors
/// If the adapter can't start, stops by itself, or does not stop cleanly.
pub async fn run(
    mut settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
    reloads: mpsc::Receiver<()>,
    reload: Reload,
) -> Result<(), StartError> {
    let clock = Clock::new();
    let listeners = open_listeners(&mut settings).await?;
    let Settings { store, keys, .. } = &settings;
    let journal = journal::open(&store.url, &keys.of_journal(), &store.checkpoints)?;
    let reader = journal.reader()?;
    let control = records::read_control(reader.as_ref())?;
    let restricted = settings.restricted(control.settings()).map_err(StartError::Settings)?;
    let Restricted { settings: taken, wanted, held } = restricted;
    let (keys, network, node) = (taken.keys, taken.network, taken.node);
    warn_of_what_is_missing(&taken.store.checkpoints, &network);
    let now = clock.now();
    let against = OfflineAct::against(journal.chain_id(), journal.head(Chain::Transfers));
    let rules = Arc::new(network.rules().clone());
    let rules_of = (Arc::clone(&rules), taken.core.rules.clone());
    let mut engine = new_engine(reader.as_ref(), &network, (node, now), rules_of, taken.limits)?;
    engine.restore_control(control);
    let running = Running::new(taken.source.entries());
    let started = started(control_names(&network, &listeners.names, &taken.api), running.hash());
    engine.start(started, &wanted, account_hasher(&keys.record), now);
    log_held(&held, engine.control());
    let offline = keys.offline_act.map(|act| (act, &keys.operators, &*against));
    let open = resume(&mut engine, reader.as_ref(), offline, now)?;

    let network = Arc::new(network);
    let ledger_keys = LedgerKeys { signing: keys.signing, trusted: keys.trusted };
    let recorded = records::recorded_ledger(reader.as_ref())?;
    let (core, core_replies) =
        start_core(taken.core, &ledger_keys, recorded, (clock, journal.as_ref()))?;
    let (links, link_events) = start_links(&network, listeners.endpoints, clock);
    let metrics = open_metrics(&network, &listeners.names, (&links, &core), journal.as_ref());
    let (lookup_sender, lookup_results) = mpsc::unbounded_channel();
    let (committed_sender, committed) = mpsc::unbounded_channel();
    let (command_sender, commands) = mpsc::channel(16);
    let ids = Arc::new(IdGenerator::new(clock, node));
    let (request_queue, channel_requests) = RequestQueue::new(clock, Arc::clone(&ids));
    let operated_links = OperatedLinks::new(links.clone(), listeners.names.clone().into());
    let (views, settings) = watch::channel(running.views(&held, &[]).into());
    let parts = OperatorParts {
        clock,
        ids: Arc::clone(&ids),
        record: keys.record.clone(),
        reader: journal.reader()?,
        links: operated_links.clone(),
        settings,
        webhooks: taken.webhooks,
    };
    let (admin, operators, acts) = open_admin(parts, &engine, taken.admin);
    let settings_approved = Arc::new(Notify::new());
    let node = Node {
        engine,
        network,
        rules,
        working_days: taken.working_days,
        journal,
        committed: committed_sender,
        lookups: lookups::start(reader, lookup_sender)?,
        links: links.clone(),
        operated_links,
        link_names: listeners.names,
        links_up: BTreeSet::new(),
        core,
        ledger_record: LedgerRecord::new(recorded),
        ids,
        metrics: Arc::clone(&metrics),
        clock,
        now,
        waiting: WaitingRequests::default(),
        acts,
        settings_approved: Arc::clone(&settings_approved),
        conditions: Conditions::default(),
        pending_responses: PendingResponses::new(PENDING_RESPONSES_MAX),
        messages: Vec::new(),
        withdrawn: BTreeSet::new(),
        core_commands: Vec::new(),
        encode_buffer: BytesMut::with_capacity(ENCODE_BUFFER_SIZE),
    };
    // Metrics that are read before the first turn show the transfers that the journal left open.
    node.show_restored();
    let inputs = Inputs {
        channel_requests,
        links: link_events,
        core: core_replies,
        committed,
        lookups: lookup_results,
        operators,
        commands,
    };
    let node = tokio::spawn(inputs::run(node, inputs));
    let at = (listeners.api.local_addr()?, listeners.console.local_addr()?);
    let console = serve_console(listeners.console, metrics, admin);
    let api = Api::new(taken.api, keys.record, request_queue);
    let commands = command_sender.clone();
    let reloader = Reloader { reload, running, api: Arc::clone(&api), links, commands, views };
    drop(tokio::spawn(reloader.run(reloads, settings_approved)));
    tracing::info!(open, api = %at.0, console = %at.1, "adapter started");

    serve(listeners.api, api, node, command_sender, stop, taken.limits.drain).await?;
    stop_console(console).await;
    tracing::info!("adapter stopped");
    Ok(())
}

async fn open_listeners(settings: &mut Settings) -> Result<Listeners, StartError> {
    let links = std::mem::take(&mut settings.links);
    let opened = Listeners::open(settings.api.listen, settings.console, links).await;
    opened.map_err(StartError::Listen)
}

fn start_links(
    network: &Network,
    endpoints: Vec<link::Endpoint>,
    clock: Clock,
) -> (link::Handle, link::Events) {
    let (session, spec) = (Arc::clone(network.session()), Arc::clone(network.spec()));
    link::start(session, spec, endpoints, clock, unpredictable())
}

fn open_metrics(
    network: &Network,
    link_names: &[String],
    (links, core): (&link::Handle, &core_banking::Handle),
    journal: &dyn Journal,
) -> Arc<Metrics> {
    let checkpoints = journal.checkpoint_clock();
    let (links, core) = (links.follow_states(), core.meter());
    Arc::new(Metrics::new(Sources { network, link_names, links, core, checkpoints }))
}

/// A console that serves, and what ends it.
type Console = (watch::Sender<bool>, JoinHandle<io::Result<()>>);

fn serve_console(listener: TcpListener, metrics: Arc<Metrics>, admin: Router) -> Console {
    let (end, ended) = watch::channel(false);
    (end, tokio::spawn(health::serve(listener, metrics, admin, ended_signal(ended))))
}

async fn stop_console((end, console): Console) {
    let _no_receiver = end.send(true);
    // A reader that does not read must not hold the stop.
    let _ended = timeout(CONSOLE_STOP, console).await;
}

/// Returns the routes of the admin API, and the node's ends of its port.
fn open_admin(
    parts: OperatorParts,
    engine: &Engine,
    sign_in: admin::Settings,
) -> (Router, mpsc::Receiver<OperatorRequest>, Acts) {
    let (clock, record) = (parts.clock, parts.record.clone());
    let (queue, operators, acts) = OperatorQueue::new(parts, Arc::clone(engine.control()));
    let admin = Admin::new(queue.clone(), sign_in, &record, move || clock.now());
    (admin::router(Arc::new(admin), admin::operations(queue)), operators, acts)
}

/// Returns an engine without transfers.
fn new_engine(
    reader: &dyn Reader,
    network: &Network,
    (node, now): (u8, Moment),
    (rules, core): (Arc<Rules>, CoreRules),
    limits: Limits,
) -> Result<Engine, StartError> {
    let watermark = watermark(reader, now, network.offset())?;
    let trace_numbers =
        TraceAllocator::new(node, watermark, now, unpredictable()).with_rrns(network.rrn_form());
    let schedule = Schedule::new(now, limits.repeats);
    Ok(Engine::new(rules, core, limits.engine, schedule, trace_numbers))
}

/// Commits an offline act, unless an earlier start did, and resumes the open transfers. Returns how many there are.
fn resume(
    engine: &mut Engine,
    reader: &dyn Reader,
    offline: Option<(OfflineAct, &OperatorKeys, &str)>,
    now: Moment,
) -> Result<usize, StartError> {
    match offline {
        Some((act, _, _)) if engine.control().has_run(&act) => {
            tracing::info!("the offline act was committed by an earlier start");
        }
        Some((act, operators, against)) => {
            let signers = act.check(operators, against, now);
            let [one, other] =
                signers.map_err(|refusal| StartError::OfflineAct(refusal.to_string()))?;
            engine.run_offline(act, now).map_err(StartError::OfflineAct)?;
            tracing::warn!(one = one.as_str(), other = other.as_str(), "offline act committed");
        }
        None => {}
    }
    records::restore(reader, engine)?;
    let open = engine.open_transfers();
    engine.resume(now);
    // No link is up yet.
    engine.set_switch_reachable(false);
    Ok(open)
}

fn warn_of_what_is_missing(checkpoints: &Checkpoints, network: &Network) {
    if checkpoints.files.is_empty() {
        tracing::warn!(
            "no checkpoints: a store that lost its last rows is not noticed (store.checkpoints)"
        );
    }
    for de in network.unchecked_macs() {
        tracing::warn!(%de, "MAC is not checked");
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
