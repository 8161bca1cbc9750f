//! The engine: decides everything that happens to the transfers of a node. It has no socket, no disk and no clock.
//!
//! The caller runs this loop:
//!
//! 1. [`Engine::handle_event`] for every event, and [`Engine::handle_deadline`] when [`Engine::next_deadline`] has come;
//! 2. [`Engine::poll_batch`] gives the batch of facts to commit;
//! 3. [`Engine::handle_commit`] when the batch is durable;
//! 4. [`Engine::poll_output`] until it returns `None`.
//!
//! The next batch is decided while the previous one is committed. An output leaves only when every fact that it rests on is
//! durable.

mod admission;
mod alerts;
mod batch;
mod controls;
mod cut_over;
mod event;
mod exceptions;
mod inquiries;
mod live;
mod open_inquiries;
mod recovery;
mod refusals;
mod reversals;
mod schedule;
mod step;
pub mod stored_facts;
mod trace_numbers;
mod transfer;

use std::sync::Arc;

pub use batch::{Batch, Step};
pub use controls::AccountHasher;
pub use cut_over::{CutOverOutcome, CutOverRequest};
pub use event::{
    DuplicateRequest, Event, Fact, Lookup, NotAdmitted, Output, PostingCoreReply, RecordedFact,
    StoredTransfer, Transfer, TransferInput,
};
pub use exceptions::ExceptionView;
pub use refusals::{ResolutionRefusal, RetryRefusal};
pub use schedule::{Delivery, Destination, RateLimits, Schedule, Slot};
pub use trace_numbers::{TraceAllocator, TraceWatermark};
pub use transfer::BooksByDirection;

use crate::transfer::{CoreRules, IllegalFact, Rules};
use crate::values::{Direction, KeyReservation, MinorUnits, Moment, TransferId};
use batch::Batches;
use controls::Controls;
use live::LiveTransfers;
use open_inquiries::OpenInquiries;
use transfer::{ClosedBooks, DecisionBuffers};

/// The limits of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open transfers. At the limit new transfers are refused. Messages that finish an open transfer are never refused.
    pub open_transfers: usize,
    /// The largest amount of an inbound request, in minor units. A larger one is declined.
    pub inbound_amount_max: MinorUnits,
    /// Open inquiries.
    pub open_inquiries: usize,
    /// Lookups in the journal that have no result yet.
    pub journal_lookups: usize,
    /// Closed transfers that stay in memory, so that repeats and late responses find them without a journal lookup.
    pub closed_transfers: usize,
    /// Deadlines that [`Engine::handle_deadline`] handles at most, of transfers and as many of inquiries.
    pub deadlines_at_once: usize,
}

/// The transfers of a node.
pub struct Engine {
    rules: Arc<Rules>,
    core: CoreRules,
    limits: Limits,
    live: LiveTransfers,
    inquiries: OpenInquiries,
    schedule: Schedule,
    trace_numbers: TraceAllocator,
    batches: Batches,
    decision: DecisionBuffers,
    books: BooksByDirection,
    closed_books: ClosedBooks,
    controls: Controls,
    is_draining: bool,
    is_switch_unreachable: bool,
}

impl Engine {
    /// Creates an engine without transfers. [`Engine::restore`] adds those of the journal.
    #[must_use]
    pub fn new(
        rules: Arc<Rules>,
        core: CoreRules,
        limits: Limits,
        schedule: Schedule,
        trace_numbers: TraceAllocator,
    ) -> Self {
        Self {
            rules,
            core,
            limits,
            live: LiveTransfers::default(),
            inquiries: OpenInquiries::default(),
            schedule,
            trace_numbers,
            batches: Batches::default(),
            decision: DecisionBuffers::default(),
            books: BooksByDirection::default(),
            closed_books: ClosedBooks::default(),
            controls: Controls::default(),
            is_draining: false,
            is_switch_unreachable: false,
        }
    }

    /// Returns the number of open transfers.
    #[must_use]
    pub const fn open_transfers(&self) -> usize {
        self.live.open()
    }

    /// Returns the number of open transfers of a direction.
    #[must_use]
    pub const fn open_in(&self, direction: Direction) -> usize {
        self.live.open_in(direction)
    }

    /// Returns the open transfers that need a manual resolution.
    #[must_use]
    pub fn exceptions(&self) -> impl ExactSizeIterator<Item = TransferId> {
        self.live
            .exceptions()
            .map(|(slot, _)| self.live.get(slot).map_or(TransferId(0), |live| live.id))
    }

    /// Returns the number of open inquiries.
    #[must_use]
    pub fn open_inquiries(&self) -> usize {
        self.inquiries.len()
    }

    /// Returns a transfer, if it is in memory: open, or closed a short time ago.
    #[must_use]
    pub fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.live.by_id(id).and_then(|slot| self.live.get(slot)).map(|live| &live.transfer)
    }

    /// Replaces the rules of the network and of core, and the limits.
    pub fn reconfigure(&mut self, rules: Arc<Rules>, core: CoreRules, limits: Limits) {
        (self.rules, self.core, self.limits) = (rules, core, limits);
    }

    /// Returns the books of all transfers, open and closed.
    #[must_use]
    pub const fn books(&self) -> &BooksByDirection {
        &self.books
    }

    /// Whether everything that was decided is durable and no journal lookup is open.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.batches.is_all_durable()
            && self.controls.alerts.is_empty()
            && self.live.open_lookups() == 0
    }

    /// Refuses new work from now on. Open transfers continue to their end.
    pub const fn drain(&mut self) {
        self.is_draining = true;
    }

    /// Sets whether the switch can be reached. A new engine assumes that it can. While it cannot, new requests of channels are
    /// refused before anything is debited.
    pub const fn set_switch_reachable(&mut self, is_reachable: bool) {
        self.is_switch_unreachable = !is_reachable;
    }

    /// Handles an event.
    pub fn handle_event(&mut self, event: Event, now: Moment) {
        match event {
            Event::Order { order, identity } => self.handle_order(order, identity, now),
            Event::InboundRequest { request, key } if self.live.by_key(key).is_none() => {
                self.handle_inbound_request(&request, key, now);
            }
            Event::Inquiry(inquiry, direction) => self.handle_inquiry(inquiry, direction, now),
            Event::InquiryInput(id, input) => self.apply_inquiry_input(id, input, now),
            Event::InquiryResponse { trace, response, account } => {
                self.handle_inquiry_response(trace, response, account, now);
            }
            Event::InboundRequest { .. }
            | Event::Transfer(..)
            | Event::Core(..)
            | Event::Response { .. }
            | Event::InboundStatusInquiry { .. }
            | Event::RefusedRequest { .. }
            | Event::StatusQuery(..) => self.apply_or_look_up(event, now),
            Event::InboundReversal { reversal, step } => self.find_original(reversal, step, now),
            Event::Act(request) => self.handle_act(*request, now),
            Event::CutOver(CutOverRequest { id, day, today }) => {
                let outcome = self.trace_numbers.cut_over(day, today);
                self.put(Output::CutOver(id, outcome));
            }
        }
    }

    /// Handles the result of the journal lookup with this number: the transfers that the journal has, at most one except for a
    /// lookup by RRN. `event` is the one that waits for the result.
    ///
    /// # Errors
    /// If the facts do not fold: the journal is damaged.
    pub fn handle_lookup_result(
        &mut self,
        number: u64,
        found: &[StoredTransfer],
        event: Event,
        now: Moment,
    ) -> Result<(), IllegalFact> {
        self.live.end_lookup(number);
        if let Event::InboundReversal { reversal, step } = event {
            return self.handle_original_lookup(found, reversal, step, now);
        }
        let slot = match found.first() {
            Some(stored) => self.slot_of(stored)?,
            // It may have started while this lookup was open.
            None => event.lookup().and_then(|lookup| self.find_live(lookup)),
        };
        match slot {
            Some(slot) => {
                self.handle_found(slot, &event, now);
                self.close_if_final(slot);
            }
            None => self.handle_not_found(event, now),
        }
        Ok(())
    }

    /// Returns the slot of a transfer of the journal. Another event may have restored it while the lookup was open.
    fn slot_of(&mut self, stored: &StoredTransfer) -> Result<Option<Slot>, IllegalFact> {
        let Some(first) = stored.facts.first() else { return Ok(None) };
        match self.live.by_id(first.id) {
            Some(slot) => Ok(Some(slot)),
            None => self.restore_live(&stored.facts, stored.identity).map(Some),
        }
    }

    /// Handles the deadlines that have come, up to [`Limits::deadlines_at_once`].
    pub fn handle_deadline(&mut self, now: Moment) {
        for _ in 0..self.limits.deadlines_at_once {
            let Some(slot) = self.schedule.poll(now) else { break };
            let Some(input) = self.live.get(slot).map(|live| live.transfer.deadline_input()) else {
                continue;
            };
            self.apply(slot, &input, now);
        }
        self.handle_inquiry_deadlines(now);
        self.expire_proposals(now);
    }

    /// Returns when to call [`Engine::handle_deadline`] and [`Engine::poll_batch`] next, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let inquiry = self.inquiries.first_due().map(|(at, _)| at);
        let expiry = self.controls.next_deadline();
        let alerts = self.controls.alerts.next_deadline().filter(|_| !self.batches.is_committing());
        [self.schedule.next_deadline(), inquiry, self.batches.commit_deadline(), expiry, alerts]
            .into_iter()
            .flatten()
            .min()
    }

    /// Seals the open batch and returns it, if it has facts, its time has come and no other batch is being committed. The caller
    /// makes all of it durable, or none of it.
    ///
    /// Facts that no output waits for (for example, that a request was written) may wait for the next batch. If a crash loses them,
    /// the state is the same as after a crash between the act and its report.
    pub fn poll_batch(&mut self, now: Moment) -> Option<&Batch> {
        if self.batches.commit_deadline().is_some_and(|deadline| deadline > now) {
            return None;
        }
        if !self.batches.is_committing() {
            self.record_alerts(now);
        }
        self.batches.seal(|batch| {
            batch.watermark = self.trace_numbers.take_watermark();
            batch.closed_books = self.closed_books.take_changed();
        })
    }

    /// Handles that a batch is durable, except for the transfers whose keys were reserved before. `existing` has those
    /// reservations: the key, the transfer that holds it and the fingerprint of its request.
    pub fn handle_commit(&mut self, number: u64, existing: &[KeyReservation]) {
        let Some(mut batch) = self.batches.commit(number) else { return };
        self.controls.handle_commit(number);
        for earlier in existing {
            let own = batch.reservations.iter().find(|own| own.key == earlier.key).copied();
            if let Some(own) = own {
                self.withdraw_duplicate(&own, earlier, &mut batch.outputs);
            }
        }
        self.batches.release(batch);
        self.live.trim(self.limits.closed_transfers, number);
    }

    /// Returns the next output whose facts are durable.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.batches.next_output()
    }

    /// Adds an output to the open batch. It leaves when the batch is durable.
    fn put(&mut self, output: Output) {
        self.batches.open.outputs.push(output);
    }
}
