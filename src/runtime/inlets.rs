//! Where things come in, and the loop that takes them.

use std::future::ready;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::time::{Instant, Sleep, sleep_until};

use super::desk::Ask;
use super::lookups::Found;
use super::node::{Committed, Node, NodeError};
use crate::engine::Limits;
use crate::records::RecordsError;
use crate::transfer::Rules;
use crate::values::Moment;
use crate::{bank, link};

/// Questions of channels that one turn takes at most.
const ASKS: usize = 256;

/// Where things come in: as many are looked at before it is decided what is to be made durable.
const INLETS: usize = 6;

/// How long the loop sleeps at most.
const REST: Duration = Duration::from_mins(1);

/// What the node is asked besides.
pub(super) enum Wish {
    /// Refuse new work from now on.
    Drain,
    /// Sign the links off, and end when that is done and all is durable.
    SignOff,
    /// Go by other rules and bounds.
    Change(Box<Rules>, Limits),
}

/// Where things come in.
pub(super) struct Inlets {
    pub(super) asks: Receiver<Ask>,
    pub(super) links: link::Events,
    pub(super) bank: bank::Events,
    pub(super) committed: UnboundedReceiver<Committed>,
    pub(super) found: UnboundedReceiver<Result<Found, RecordsError>>,
    pub(super) wishes: Receiver<Wish>,
}

/// How far the end of it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It goes on.
    Serving,
    /// The links are being signed off.
    SigningOff,
    /// They are.
    SignedOff,
}

/// Runs the node until it is told to end; then all that was decided is durable. The node comes back, to be closed.
pub(super) async fn run(mut node: Node, inlets: Inlets) -> Result<Node, NodeError> {
    let mut timer = pin!(sleep_until(Instant::now()));
    let asks = Vec::with_capacity(ASKS);
    let mut intake = Intake { inlets, asks, stage: Stage::Serving, core_answers: true };
    loop {
        set(timer.as_mut(), &node);
        intake.take(&mut node, timer.as_mut()).await?;
        // What has come at the other inlets by now is decided with it, and not a commit later.
        for _ in 1..INLETS {
            tokio::select! {
                biased;
                taken = intake.take(&mut node, timer.as_mut()) => taken?,
                () = ready(()) => break,
            }
        }
        node.turn()?;
        if intake.stage == Stage::SignedOff && node.engine.is_settled() {
            return Ok(node);
        }
    }
}

/// Takes in what comes.
struct Intake {
    inlets: Inlets,
    asks: Vec<Ask>,
    stage: Stage,
    core_answers: bool,
}

impl Intake {
    /// Takes in what there is at one inlet, whichever has something first. Nothing is taken if this is not waited for.
    async fn take(&mut self, node: &mut Node, timer: Pin<&mut Sleep>) -> Result<(), NodeError> {
        let Self { inlets, asks, stage, core_answers } = self;
        let crowded = !node.messages.is_empty();
        tokio::select! {
            Some(committed) = inlets.committed.recv() => {
                node.begin_turn();
                node.commit(committed)?;
            }
            events = inlets.links.next(), if *stage != Stage::SignedOff => {
                node.begin_turn();
                match events {
                    Some(events) => events.into_iter().for_each(|event| node.link_event(event)),
                    None => *stage = Stage::SignedOff,
                }
            }
            told = inlets.bank.next(), if *core_answers => {
                node.begin_turn();
                match told {
                    Some(told) => told.into_iter().for_each(|told| node.told(told)),
                    None => match inlets.bank.fault() {
                        Some(fault) => return Err(fault.clone().into()),
                        None => *core_answers = false,
                    },
                }
            }
            count = inlets.asks.recv_many(asks, ASKS), if !inlets.asks.is_closed() => {
                node.begin_turn();
                if count == 0 {
                    inlets.asks.close();
                }
                asks.drain(..).for_each(|ask| node.ask(ask));
            }
            Some(found) = inlets.found.recv() => {
                node.begin_turn();
                node.find(found)?;
            }
            Some(wish) = inlets.wishes.recv() => {
                node.begin_turn();
                *stage = wished(node, wish, *stage);
            }
            () = node.links.room(), if crowded => node.begin_turn(),
            () = timer => node.begin_turn(),
        }
        Ok(())
    }
}

fn wished(node: &mut Node, wish: Wish, stage: Stage) -> Stage {
    match wish {
        Wish::Drain => {
            node.metrics.draining.set(1);
            node.engine.drain();
            stage
        }
        // Not waited for: the links may wait for their events to be taken. If they have stopped already, these end.
        Wish::SignOff => {
            let links = node.links.clone();
            drop(tokio::spawn(async move { links.drain().await }));
            Stage::SigningOff
        }
        Wish::Change(rules, limits) => {
            node.change(*rules, limits);
            stage
        }
    }
}

/// The timer wakes when the engine is due. One that wakes sooner than needed is left as it is.
fn set(mut timer: Pin<&mut Sleep>, node: &Node) {
    let rest = node.now.after(REST);
    let next = node.engine.next_deadline().map_or(rest, |deadline: Moment| deadline.min(rest));
    let at: Instant = node.clock.instant_of(next).into();
    if timer.is_elapsed() || at < timer.deadline() {
        timer.as_mut().reset(at);
    }
}
