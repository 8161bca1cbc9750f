//! The node: one task that handles events, lets the engine decide, commits the facts, and then releases the effects.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use bytes::BytesMut;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinError;

use super::acts::Acts;
use super::conditions::Conditions;
use super::ids::IdGenerator;
use super::ledger_record::LedgerRecord;
use super::lookups::{LookupRequest, LookupResult};
use super::metrics::{Metrics, set};
use super::operated_links::OperatedLinks;
use super::pending_responses::PendingResponses;
use super::port::ChannelRequest;
use super::reload_changes::NodeChanges;
use super::waiting::{Waiter, WaitingRequests};
use crate::clock::Clock;
use crate::core_banking::{self, CoreCommand};
use crate::engine::stored_facts::StoredFactsError;
use crate::engine::{Engine, Event, Lookup, TransferInput};
use crate::journal::{Journal, JournalError};
use crate::link::{self, CorrelationId, LinkId, OutgoingMessage};
use crate::network::Network;
use crate::records::{RecordsError, journal_batch, ledger_batch, ledger_metadata};
use crate::transfer::{IllegalFact, OutboundInput, Rules, SendStatus};
use crate::values::{Direction, KeyReservation, Moment, TransferId, WorkingDays};

/// Why the node stopped by itself. The journal keeps every durable fact, and the next start continues from there.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The facts of a transfer in the journal do not fit together.
    #[error("{0}; run `titian verify` to find the first wrong row")]
    Fold(#[from] IllegalFact),
    /// The ledger could not be written or read.
    #[error(transparent)]
    Core(#[from] core_banking::CoreBankingError),
    /// A fact could not be serialized.
    #[error("fact not serialized: {0}")]
    Form(#[from] StoredFactsError),
    /// The task panicked.
    #[error("internal error of titian: {0}; durable facts are kept, start titian again")]
    Panicked(JoinError),
    /// The thread for journal lookups has ended.
    #[error("the thread for journal lookups has ended; start titian again")]
    LookupsEnded,
}

/// The number of a batch, and whether it is durable.
pub(super) type Committed = (u64, Result<Vec<KeyReservation>, JournalError>);

/// The node.
pub(super) struct Node {
    pub(super) engine: Engine,
    pub(super) network: Arc<Network>,
    /// The rules that the engine uses.
    pub(super) rules: Arc<Rules>,
    /// The days on which the network settles.
    pub(super) working_days: WorkingDays,
    pub(super) journal: Box<dyn Journal>,
    pub(super) committed: UnboundedSender<Committed>,
    pub(super) lookups: Sender<LookupRequest>,
    pub(super) links: link::Handle,
    pub(super) operated_links: OperatedLinks,
    pub(super) link_names: Vec<String>,
    /// Links that can carry requests.
    pub(super) links_up: BTreeSet<LinkId>,
    pub(super) core: core_banking::Handle,
    pub(super) ledger_record: LedgerRecord,
    pub(super) ids: Arc<IdGenerator>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    /// When this turn began.
    pub(super) now: Moment,
    pub(super) waiting: WaitingRequests,
    pub(super) acts: Acts,
    /// Has the settings read again.
    pub(super) settings_approved: Arc<Notify>,
    pub(super) conditions: Conditions,
    pub(super) pending_responses: PendingResponses,
    /// Messages of this turn for the switch.
    pub(super) messages: Vec<OutgoingMessage>,
    /// Messages that the links must withdraw, if they are not written.
    pub(super) withdrawn: BTreeSet<CorrelationId>,
    /// Commands of this turn for core.
    pub(super) core_commands: Vec<CoreCommand>,
    /// Where messages are encoded before they are split off.
    pub(super) encode_buffer: BytesMut,
}

/// Inputs.
impl Node {
    /// Sets the time of this turn.
    pub(super) fn begin_turn(&mut self) {
        self.now = self.clock.now();
    }

    pub(super) fn handle(&mut self, event: Event) {
        self.engine.handle_event(event, self.now);
    }

    pub(super) fn handle_channel_request(&mut self, request: ChannelRequest) {
        match request {
            ChannelRequest::Transfer(order, identity, sender) => {
                self.waiting.insert(order.id, Waiter::Transfer(sender));
                self.handle(Event::Order { order, identity });
            }
            ChannelRequest::Inquiry(inquiry, sender) => {
                self.waiting.insert(inquiry.id, Waiter::Inquiry(sender));
                self.handle(Event::Inquiry(inquiry, Direction::Outbound));
            }
            ChannelRequest::Status(key, sender) => {
                let query_id = self.ids.next();
                self.waiting.insert(query_id, Waiter::Status(sender));
                self.handle(Event::StatusQuery(query_id, Lookup::IdempotencyKey(key)));
            }
        }
    }

    pub(super) fn handle_committed(
        &mut self,
        (number, result): Committed,
    ) -> Result<(), NodeError> {
        self.engine.handle_commit(number, &result?);
        Ok(())
    }

    pub(super) fn handle_lookup_result(
        &mut self,
        result: Result<LookupResult, RecordsError>,
    ) -> Result<(), NodeError> {
        let LookupResult { number, found, event } = result?;
        Ok(self.engine.handle_lookup_result(number, &found, *event, self.now)?)
    }

    /// Uses other settings, and records that.
    pub(super) fn reload(&mut self, changes: NodeChanges) {
        let NodeChanges { rules, working_days, core_rules, limits, core, reloaded, wanted, done } =
            changes;
        if let Some(rules) = rules {
            self.rules = Arc::new(rules);
        }
        if let Some(core) = core {
            self.core.reconfigure(core);
        }
        self.working_days = working_days;
        self.engine.reconfigure(Arc::clone(&self.rules), core_rules, limits);
        self.engine.record_reload(reloaded, &wanted, self.now);
        // A reload that is given up needs no answer.
        let _given_up = done.send(Arc::clone(self.engine.control()));
    }

    /// Handles what became of the request of a transfer.
    pub(super) fn handle_request_status(&mut self, id: TransferId, status: SendStatus) {
        let input = TransferInput::Outbound(OutboundInput::Send(status));
        self.handle(Event::Transfer(id, input));
    }
}

/// Outputs.
impl Node {
    /// Handles deadlines that are due, commits what was decided, and releases what is durable, until nothing is left that can be
    /// done at once.
    pub(super) fn turn(&mut self) -> Result<(), NodeError> {
        if let Some(fault) = self.journal.fault() {
            return Err(fault.into());
        }
        if self.engine.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.engine.handle_deadline(self.now);
        }
        self.watch_conditions();
        loop {
            self.commit()?;
            let mut is_idle = true;
            while let Some(output) = self.engine.poll_output() {
                is_idle = false;
                self.release(output)?;
            }
            if is_idle {
                break;
            }
        }
        self.flush();
        self.update_gauges();
        Ok(())
    }

    /// Gives the journal the decided batch, if the previous one is committed.
    fn commit(&mut self) -> Result<(), NodeError> {
        let Some(batch) = self.engine.poll_batch(self.now) else { return self.record_ledger() };
        let (number, mut rows) = (batch.number, journal_batch(batch)?);
        let ledger = self.ledger_record.take_due(self.now, || self.core.ledger_head());
        rows.metadata.extend(ledger.map(ledger_metadata).transpose()?);
        let (count, committed) = (rows.rows.len() as u64, self.committed.clone());
        let metrics = Arc::clone(&self.metrics);
        self.metrics.journal_batches.inc();
        let start = Instant::now();
        let done = Box::new(move |result: Result<_, _>| {
            if result.is_ok() {
                metrics.journal_commit_duration.observe(start.elapsed().as_secs_f64());
                metrics.journal_rows.inc_by(count);
            }
            // If the receiver is gone, the node has stopped: the durable facts stay.
            let _stopped = committed.send((number, result));
        });
        self.journal.append(rows, done);
        Ok(())
    }

    /// Has the journal record the ledger's head, if it is due and no other batch carries it.
    fn record_ledger(&mut self) -> Result<(), NodeError> {
        if let Some(head) = self.ledger_record.take_due(self.now, || self.core.ledger_head()) {
            // The journal keeps the error of a failed write, and returns it to the next batch.
            self.journal.append(ledger_batch(head, self.now)?, Box::new(drop));
        }
        Ok(())
    }

    /// Returns when the node must act next, if no input comes.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        let ledger = self.ledger_record.deadline(self.core.ledger_head());
        self.engine.next_deadline().into_iter().chain(ledger).min()
    }

    /// Hands over the messages and commands of this turn. Messages that the links have no room for wait for the next turn, up
    /// to their deadline.
    pub(super) fn flush(&mut self) {
        if !self.core_commands.is_empty() {
            self.core.send(std::mem::take(&mut self.core_commands));
        }
        if !self.messages.is_empty() && self.links.try_send(&mut self.messages).is_err() {
            for OutgoingMessage { correlation_id, .. } in std::mem::take(&mut self.messages) {
                self.handle_link_event(link::Event::NotSent(
                    correlation_id,
                    link::NotSent::Draining,
                ));
            }
        }
        // The links report each message of theirs when they stop.
        if !self.withdrawn.is_empty() && self.links.try_withdraw(&mut self.withdrawn).is_err() {
            self.withdrawn.clear();
        }
    }

    /// Sets the gauges to what the journal has.
    pub(super) fn show_restored(&self) {
        self.metrics.alerts.show_open(self.engine.control().alerts());
        self.update_gauges();
    }

    fn update_gauges(&self) {
        set(&self.metrics.open_outbound, self.engine.open_in(Direction::Outbound));
        set(&self.metrics.open_inbound, self.engine.open_in(Direction::Inbound));
        set(&self.metrics.exceptions_open, self.engine.exceptions().len());
        set(&self.metrics.inquiries_open, self.engine.open_inquiries());
        set(&self.metrics.channel_requests_waiting, self.waiting.len());
        set(&self.metrics.inbound_responses_pending, self.pending_responses.len());
    }
}
