//! The node: one task that takes in what happens, lets the engine decide, makes the facts durable, and only then lets what
//! follows go out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use bytes::BytesMut;
use thiserror::Error;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinError;

use super::asked::AskedOfUs;
use super::desk::Ask;
use super::ids::Ids;
use super::lookups::{Found, Sought};
use super::metrics::Metrics;
use super::waiting::{Waiter, Waiting};
use crate::bank;
use crate::engine::form::FormError;
use crate::engine::{Claim, Concern, Engine, Event, Limits, Lookup};
use crate::journal::{Journal, JournalError};
use crate::link::{self, Clock, LinkId, Outgoing};
use crate::network::Network;
use crate::records::{RecordsError, rows};
use crate::transfer::{Illegal, Input, Line, Rules, Way};
use crate::values::{Moment, TransferId};

/// Why the node stops before it is told to. What is durable stands, and a start goes on from there.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The journal can't write.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal can't be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// What the journal has of a transfer does not fold.
    #[error("{0}; let `titian verify` name the first wrong row")]
    Fold(#[from] Illegal),
    /// The ledger can't write, or can't be read.
    #[error(transparent)]
    Core(#[from] bank::BankError),
    /// A fact has no form.
    #[error("a fact can't be written: {0}")]
    Form(#[from] FormError),
    /// It broke, by a fault of ours.
    #[error("a fault of titian itself: {0}; what is durable stands, start it again")]
    Broken(JoinError),
    /// The thread that looks things up is gone.
    #[error("the thread that reads the journal has ended")]
    NoLookups,
}

/// What the journal says of a batch.
pub(super) type Committed = (u64, Result<Vec<Claim>, JournalError>);

/// The node.
pub(super) struct Node {
    pub(super) engine: Engine,
    pub(super) network: Arc<Network>,
    /// What the network decides for the machines, as the engine goes by it.
    pub(super) rules: Arc<Rules>,
    pub(super) journal: Journal,
    pub(super) committed: UnboundedSender<Committed>,
    pub(super) lookups: Sender<Sought>,
    pub(super) links: link::Handle,
    pub(super) link_names: Vec<String>,
    /// Links that requests may go on.
    pub(super) up: BTreeSet<LinkId>,
    pub(super) bank: bank::Handle,
    pub(super) ids: Arc<Ids>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    /// When this turn began.
    pub(super) now: Moment,
    pub(super) waiting: Waiting,
    pub(super) asked: AskedOfUs,
    /// What this turn says to the switch.
    pub(super) messages: Vec<Outgoing>,
    /// What this turn asks core.
    pub(super) postings: Vec<bank::Ask>,
    /// Where messages are written before they are cut off.
    pub(super) scratch: BytesMut,
}

/// What comes in.
impl Node {
    /// What happens now happens at this moment.
    pub(super) fn begin_turn(&mut self) {
        self.now = self.clock.now();
    }

    pub(super) fn happen(&mut self, event: Event) {
        self.engine.handle(event, self.now);
    }

    /// A channel asks.
    pub(super) fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Transfer(order, begun, tell) => {
                self.waiting.put(order.id, Waiter::Transfer(tell));
                self.happen(Event::Order { order, begun });
            }
            Ask::Inquiry(inquiry, tell) => {
                self.waiting.put(inquiry.id, Waiter::Inquiry(tell));
                self.happen(Event::Inquire(inquiry, Way::Out));
            }
            Ask::Standing(key, tell) => {
                let question = self.ids.next();
                self.waiting.put(question, Waiter::Standing(tell));
                self.happen(Event::Ask(question, Lookup::Key(key)));
            }
        }
    }

    /// The journal has made a batch durable, or can't.
    pub(super) fn commit(&mut self, (number, written): Committed) -> Result<(), NodeError> {
        self.engine.committed(number, &written?);
        Ok(())
    }

    /// The journal was looked into.
    pub(super) fn find(&mut self, found: Result<Found, RecordsError>) -> Result<(), NodeError> {
        let Found { number, records, begun, event } = found?;
        Ok(self.engine.found(number, &records, begun, event, self.now)?)
    }

    /// The network's rules and the bounds are others from now on.
    pub(super) fn change(&mut self, rules: Rules, limits: Limits) {
        self.rules = Arc::new(rules);
        self.engine.change(Arc::clone(&self.rules), limits);
    }
}

/// What goes out.
impl Node {
    /// Decides what is due, makes durable what was decided, lets go of what is durable, and so on until nothing is left to be
    /// done at once.
    pub(super) fn turn(&mut self) -> Result<(), NodeError> {
        if self.engine.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.engine.tick(self.now);
        }
        loop {
            self.seal()?;
            let mut idle = true;
            while let Some(output) = self.engine.next_output() {
                idle = false;
                self.release(output)?;
            }
            if idle {
                break;
            }
        }
        self.flush();
        self.gauge();
        Ok(())
    }

    /// Gives the journal what was decided, if it has done with what it was given before.
    fn seal(&mut self) -> Result<(), NodeError> {
        if !self.engine.is_pressing(self.now) {
            return Ok(());
        }
        let Some(batch) = self.engine.seal() else { return Ok(()) };
        let number = batch.number;
        let rows = rows(batch)?;
        let committed = self.committed.clone();
        self.metrics.batches.add();
        self.journal.append(rows, move |written| {
            // Nobody listens any more: the node has stopped, and what is durable stands.
            let _unheard = committed.send((number, written));
        });
        Ok(())
    }

    /// Hands on what this turn says. What the links have no room for waits for the next turn, and its deadline.
    pub(super) fn flush(&mut self) {
        if !self.postings.is_empty() {
            self.bank.ask(std::mem::take(&mut self.postings));
        }
        if !self.messages.is_empty() && self.links.try_send(&mut self.messages).is_err() {
            for Outgoing { token, .. } in std::mem::take(&mut self.messages) {
                self.link_event(link::Event::NotSent(token, link::NotSent::Draining));
            }
        }
    }

    /// Puts down what is now.
    pub(super) fn gauge(&self) {
        self.metrics.open.set(self.engine.open());
        self.metrics.exceptions.set(self.engine.exceptions().len());
        self.metrics.exchanges.set(self.engine.exchanges());
        self.metrics.waiting.set(self.waiting.len());
        self.metrics.owed.set(self.asked.len());
    }

    /// The line has something to say of a request.
    pub(super) fn line(&mut self, id: TransferId, line: Line) {
        self.happen(Event::Transfer(id, Concern::Out(Input::Line(line))));
    }
}
