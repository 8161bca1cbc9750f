//! The inputs of the node, and the main loop.

use std::future::ready;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ledger_record::LedgerRecord;
use super::lookups::LookupResult;
use super::node::{Committed, Node, NodeError};
use super::operators::OperatorRequest;
use super::port::ChannelRequest;
use super::reload_changes::NodeChanges;
use crate::clock::Clock;
use crate::control::Control;
use crate::journal::Journal;
use crate::records::RecordsError;
use crate::values::Moment;
use crate::{core_banking, link};

/// Channel requests that one turn handles at most.
const CHANNEL_REQUESTS_MAX: usize = 256;

/// The number of inputs: as many are polled before a turn decides what to commit.
const INPUTS: usize = 7;

/// The longest sleep of the loop. So it sees a journal that stopped by itself.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// A command for the node.
pub(super) enum Command {
    /// Refuse new work from now on.
    Drain,
    /// Sign the links off, and end when that is done and everything is durable.
    SignOff,
    /// Return the state of control. It may be one batch ahead of the record.
    Control(oneshot::Sender<Arc<Control>>),
    /// Use other settings.
    Reload(Box<NodeChanges>),
}

/// The inputs.
pub(super) struct Inputs {
    pub(super) channel_requests: Receiver<ChannelRequest>,
    pub(super) links: link::Events,
    pub(super) core: core_banking::Replies,
    pub(super) committed: UnboundedReceiver<Committed>,
    pub(super) lookups: UnboundedReceiver<Result<LookupResult, RecordsError>>,
    pub(super) operators: Receiver<OperatorRequest>,
    pub(super) commands: Receiver<Command>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    SigningOff,
    SignedOff,
}

/// The parts of a node that are closed after its end.
pub(super) struct EndedNode {
    pub(super) journal: Box<dyn Journal>,
    pub(super) core: core_banking::Handle,
    pub(super) core_replies: core_banking::Replies,
    pub(super) ledger_record: LedgerRecord,
    pub(super) clock: Clock,
}

/// Runs the node until a command ends it; by then all facts are durable. Returns the parts that must be closed.
pub(super) async fn run(mut node: Node, inputs: Inputs) -> Result<EndedNode, NodeError> {
    let mut timer = pin!(sleep_until(Instant::now()));
    let buffer = Vec::with_capacity(CHANNEL_REQUESTS_MAX);
    let mut main_loop = MainLoop { inputs, buffer, stage: Stage::Serving, is_core_open: true };
    loop {
        set_timer(timer.as_mut(), &node);
        main_loop.handle_next(&mut node, timer.as_mut()).await?;
        // What has arrived at the other inputs by now is decided in the same turn, not a commit later.
        for _ in 1..INPUTS {
            tokio::select! {
                biased;
                handled = main_loop.handle_next(&mut node, timer.as_mut()) => handled?,
                () = ready(()) => break,
            }
        }
        node.turn()?;
        if main_loop.stage == Stage::SignedOff && node.engine.is_idle() {
            let Node { journal, core, ledger_record, clock, .. } = node;
            let core_replies = main_loop.inputs.core;
            return Ok(EndedNode { journal, core, core_replies, ledger_record, clock });
        }
    }
}

struct MainLoop {
    inputs: Inputs,
    /// Channel requests of this turn.
    buffer: Vec<ChannelRequest>,
    stage: Stage,
    /// Whether core can still reply.
    is_core_open: bool,
}

impl MainLoop {
    /// Handles what is there at one input: the first that has something. If the future is dropped, nothing is lost.
    async fn handle_next(
        &mut self,
        node: &mut Node,
        timer: Pin<&mut Sleep>,
    ) -> Result<(), NodeError> {
        let Self { inputs, buffer, stage, is_core_open } = self;
        let has_unsent = !node.messages.is_empty();
        tokio::select! {
            Some(committed) = inputs.committed.recv() => {
                node.begin_turn();
                node.handle_committed(committed)?;
            }
            events = inputs.links.next(), if *stage != Stage::SignedOff => {
                node.begin_turn();
                match events {
                    Some(events) => {
                        for event in events {
                            node.handle_link_event(event);
                        }
                    }
                    None => *stage = Stage::SignedOff,
                }
            }
            replies = inputs.core.next(), if *is_core_open => {
                node.begin_turn();
                match replies {
                    Some(replies) => {
                        for reply in replies {
                            node.handle_core_reply(reply);
                        }
                    }
                    None => match inputs.core.fault() {
                        Some(fault) => return Err(fault.clone().into()),
                        None => *is_core_open = false,
                    },
                }
            }
            count = inputs.channel_requests.recv_many(buffer, CHANNEL_REQUESTS_MAX),
                if !inputs.channel_requests.is_closed() =>
            {
                node.begin_turn();
                if count == 0 {
                    inputs.channel_requests.close();
                }
                buffer.drain(..).for_each(|request| node.handle_channel_request(request));
            }
            Some(result) = inputs.lookups.recv() => {
                node.begin_turn();
                node.handle_lookup_result(result)?;
            }
            Some(request) = inputs.operators.recv() => {
                node.begin_turn();
                node.handle_operator_request(request);
            }
            Some(command) = inputs.commands.recv() => {
                node.begin_turn();
                *stage = handle_command(node, command, *stage);
            }
            () = node.links.wait_for_capacity(), if has_unsent => node.begin_turn(),
            () = timer => node.begin_turn(),
        }
        Ok(())
    }
}

fn handle_command(node: &mut Node, command: Command, stage: Stage) -> Stage {
    match command {
        Command::Drain => {
            node.metrics.draining.set(1);
            node.engine.drain();
            stage
        }
        // Not awaited: the links may wait until their events are taken. If they have stopped already, the events end.
        Command::SignOff => {
            let links = node.links.clone();
            drop(tokio::spawn(async move { links.stop().await }));
            Stage::SigningOff
        }
        Command::Control(sender) => {
            // A reload that is given up needs no answer.
            let _given_up = sender.send(Arc::clone(node.engine.control()));
            stage
        }
        Command::Reload(changes) => {
            node.reload(*changes);
            stage
        }
    }
}

/// Sets the timer to the node's next deadline. A timer that fires earlier stays as it is.
fn set_timer(mut timer: Pin<&mut Sleep>, node: &Node) {
    let latest = node.now.after(SLEEP_MAX);
    let next = node.next_deadline().map_or(latest, |deadline: Moment| deadline.min(latest));
    let at: Instant = node.clock.instant_of(next).into();
    if timer.is_elapsed() || at < timer.deadline() {
        timer.as_mut().reset(at);
    }
}
