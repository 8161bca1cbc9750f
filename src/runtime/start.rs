//! From settings to a running adapter, and to its end.

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
use tokio::time::timeout;

use super::asked::AskedOfUs;
use super::console;
use super::desk;
use super::ids::{Ids, random};
use super::inlets::{self, Inlets, Wish};
use super::lookups;
use super::metrics::Metrics;
use super::node::{Node, NodeError};
use super::settings::{Link, LinkWay, Settings, changed};
use super::waiting::Waiting;
use crate::api::{self, Api};
use crate::bank;
use crate::engine::{Counted, Engine, Numbering, Schedule};
use crate::journal::{Journal, JournalError, Reader};
use crate::link::{self, Clock, Endpoint};
use crate::records::{self, RecordsError};
use crate::values::{Date, Moment, Offset};

/// How far the clock may be behind the last message of ours before a start is refused.
const BEHIND: Duration = Duration::from_mins(2);

/// What the keys begin with that a running adapter takes.
const LIVE: [&str; 10] = [
    "limits.open",
    "limits.exchanges",
    "limits.lookups",
    "limits.remembered",
    "telemetry.log",
    "network.change.classes",
    "network.change.timers",
    "network.change.reversal",
    "network.change.hold",
    "network.change.inbound",
];

/// And among those what they begin with that messages are made by: a start takes it.
const NOT_LIVE: [&str; 3] = [
    "network.change.reversal.reasons",
    "network.change.inbound.malformed",
    "network.change.inbound.unsupported",
];

/// Messages of the switch that may be owed an answer.
const OWED: usize = 200_000;

/// Why the adapter does not start, or stops before it is told to.
#[derive(Debug, Error)]
pub enum StartError {
    /// Addresses that can't be listened on: a line each.
    #[error("{}", .0.join("; "))]
    Listen(Vec<String>),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What is in it.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The clock was set back.
    #[error(
        "the clock is {0} s behind the last message that was sent: set it right, or wait; numbers would be used twice"
    )]
    Clock(u64),
    /// A thread can't be started.
    #[error("a thread can't be started: {0}")]
    Thread(#[from] io::Error),
    /// Core.
    #[error(transparent)]
    Core(#[from] bank::BankError),
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// It was told to stop, and what was under way did not end in time. What is durable stands.
    #[error("what was under way did not end within {} s: the next start takes it up", .0.as_secs())]
    Slow(Duration),
}

/// Reads the settings again, when somebody wants that.
pub type Reload = Box<dyn Fn() -> Option<Settings> + Send>;

/// Runs the adapter until `stop` comes: then new work is refused, who waits is answered, the links are signed off, and all
/// that was decided is durable. Whenever `again` comes the settings are read again.
///
/// # Errors
/// Why it does not start, or stopped before it was told to, or not cleanly.
pub async fn run(
    settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
    again: mpsc::Receiver<()>,
    reload: Reload,
) -> Result<(), StartError> {
    let Settings { node, network, store, links, api, core, console, limits, tree, log: _ } =
        settings;
    let (clock, metrics) = (Clock::new(), Arc::new(Metrics::default()));
    let doors = Doors::open(api.listen, console, links).await?;
    let journal = Journal::open(&store.file, store.checkpoints.as_ref())?;
    let reader = journal.reader()?;
    let now = clock.now();
    let counted = counted(&reader, now, network.offset())?;
    let numbers = Numbering::new(node, counted, now, random());
    let schedule = Schedule::new(now, limits.pace);
    let rules = Arc::new(network.rules().clone());
    let mut engine = Engine::new(Arc::clone(&rules), limits.engine, schedule, numbers);
    records::restore(&reader, &mut engine)?;
    let open = engine.open();
    engine.resume(now);
    // No link is up yet.
    engine.reach(false);

    let network = Arc::new(network);
    let (to_bank, from_bank) = bank::start(core, Arc::new(move || clock.now()))?;
    let (session, spec) = (Arc::clone(network.session()), Arc::clone(network.spec()));
    let (to_links, from_links) = link::start(session, spec, doors.endpoints, clock, random());
    let (tell_found, found) = mpsc::unbounded_channel();
    let (tell_committed, committed) = mpsc::unbounded_channel();
    let (wish, wishes) = mpsc::channel(16);
    let ids = Arc::new(Ids::new(clock, node));
    let (desk, asks) = desk::Desk::new(clock, Arc::clone(&ids));
    let node = Node {
        engine,
        network,
        rules,
        journal,
        committed: tell_committed,
        lookups: lookups::start(reader, tell_found)?,
        links: to_links,
        link_names: doors.names,
        up: BTreeSet::new(),
        bank: to_bank,
        ids,
        metrics: Arc::clone(&metrics),
        clock,
        now,
        waiting: Waiting::default(),
        asked: AskedOfUs::new(OWED),
        messages: Vec::new(),
        postings: Vec::new(),
        scratch: BytesMut::new(),
    };
    // Whoever reads metrics at once is told what the journal left open.
    node.gauge();
    let inlets = Inlets { asks, links: from_links, bank: from_bank, committed, found, wishes };
    let running = tokio::spawn(inlets::run(node, inlets));
    let (end, ended) = watch::channel(false);
    let (at, health_at) = (doors.api.local_addr()?, doors.console.local_addr()?);
    let health = tokio::spawn(console::serve(doors.console, metrics, over(ended.clone())));
    drop(tokio::spawn(follow(again, reload, tree, wish.clone())));
    tracing::info!(open, api = %at, console = %health_at, "the adapter is up");

    let api = Api::new(api, desk);
    serve(doors.api, api, running, wish, stop, limits.drain).await?;
    let _unheard = end.send(true);
    let _ended = health.await;
    tracing::info!("stopped");
    Ok(())
}

/// How far the numbers have come. The first business date is the day that it is where the network is.
fn counted(reader: &Reader, now: Moment, offset: Offset) -> Result<Counted, StartError> {
    let Some(counted) = records::counted(reader)? else {
        return Ok(Counted::first(Date::of(now, offset)));
    };
    let behind = counted.latest.since(now);
    if behind > BEHIND {
        return Err(StartError::Clock(behind.as_secs()));
    }
    Ok(counted)
}

/// Serves channels until the stop, and then ends all in order: who waits is answered, what is under way at the switch too.
async fn serve(
    listener: TcpListener,
    api: Arc<Api<desk::Desk>>,
    mut running: JoinHandle<Result<Node, NodeError>>,
    wish: mpsc::Sender<Wish>,
    stop: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> Result<(), StartError> {
    let (tell, told) = watch::channel(false);
    let channels = tokio::spawn(async move { api::serve(listener, api, over(told)).await });
    tokio::select! {
        // It ends of itself only by a fault.
        ended = &mut running => return close(ended),
        () = stop => {}
    }
    tracing::info!("stopping: new work is refused, what is under way is answered");
    let _ended = wish.send(Wish::Drain).await;
    let _unheard = tell.send(true);
    let all_answered = timeout(drain, channels).await.is_ok();
    let _ended = wish.send(Wish::SignOff).await;
    match timeout(drain, &mut running).await {
        Ok(ended) => close(ended)?,
        Err(_) => return Err(StartError::Slow(drain)),
    }
    if all_answered { Ok(()) } else { Err(StartError::Slow(drain)) }
}

/// Closes what the node had.
fn close(ended: Result<Result<Node, NodeError>, JoinError>) -> Result<(), StartError> {
    let Node { journal, bank, .. } = ended.map_err(NodeError::Broken)??;
    drop(bank);
    Ok(journal.close()?)
}

/// When something is over.
async fn over(mut ended: watch::Receiver<bool>) {
    // Whoever would say so is gone: it is over.
    let _gone = ended.wait_for(|ended| *ended).await;
}

fn is_live(key: &str) -> bool {
    let begins = |with: &&str| key.starts_with(*with);
    LIVE.iter().any(begins) && !NOT_LIVE.iter().any(begins)
}

/// Reads the settings again whenever that is asked for, takes what can be taken, and says of the rest that it needs a start.
async fn follow(
    mut again: mpsc::Receiver<()>,
    reload: Reload,
    mut tree: config::Value,
    wish: mpsc::Sender<Wish>,
) {
    while again.recv().await.is_some() {
        let Some(settings) = reload() else { continue };
        for key in changed(&tree, &settings.tree) {
            if is_live(&key) {
                tracing::info!(key, "taken");
            } else {
                tracing::warn!(key, "changed, and is taken by the next start only");
            }
        }
        let rules = Box::new(settings.network.rules().clone());
        tracing::info!("the bounds and the rules of the network are as the settings say");
        if wish.send(Wish::Change(rules, settings.limits.engine)).await.is_err() {
            return;
        }
        tree = settings.tree;
    }
}

/// What is listened on.
struct Doors {
    api: TcpListener,
    console: TcpListener,
    endpoints: Vec<Endpoint>,
    names: Vec<String>,
}

impl Doors {
    /// Listens on all addresses, or tells of each that can't be listened on.
    async fn open(
        api: SocketAddr,
        console: SocketAddr,
        links: Vec<Link>,
    ) -> Result<Self, StartError> {
        let mut closed = Vec::new();
        let api = listen("api.listen", api).await.map_err(|why| closed.push(why));
        let console = listen("console.listen", console).await.map_err(|why| closed.push(why));
        let (mut endpoints, mut names) = (Vec::new(), Vec::new());
        for Link { name, way } in links {
            match endpoint(&name, way).await {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(why) => closed.push(why),
            }
            names.push(name);
        }
        match (api, console) {
            (Ok(api), Ok(console)) if closed.is_empty() => {
                Ok(Self { api, console, endpoints, names })
            }
            (Ok(_) | Err(()), Ok(_) | Err(())) => Err(StartError::Listen(closed)),
        }
    }
}

async fn endpoint(name: &str, way: LinkWay) -> Result<Endpoint, String> {
    match way {
        LinkWay::Connect { address, tls } => Ok(Endpoint::Dial { address, tls }),
        LinkWay::Listen { address, allowed, tls } => {
            let listener = listen(&format!("link {name}"), address).await?;
            Ok(Endpoint::Listen { listener, allowed, tls })
        }
    }
}

async fn listen(what: &str, address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{what} {address}: in use; stop what listens there, or choose another port")
        }
        _ => format!("{what} {address}: can't listen: {error}"),
    })
}
