//! The world: an engine, a core, a switch and a journal, a clock that jumps from event to event, and one source of
//! randomness.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use titian::control::{ActRequest, ProposalId, RestrictionId};
use titian::engine::{
    Engine, Event, Lookup, Output, StoredTransfer, TraceWatermark, TransferInput,
};
use titian::transfer::{Order, OutboundInput, PartCancel, Posting, SendStatus};
use titian::values::{
    AccountNumber, Amount, Currency, Date, Moment, RequestIdentity, Rrn, TransferId, Value,
};

use super::auditor::{Auditor, ExpectedPosting};
use super::core::Core;
use super::counts::Counts;
use super::inquiries::PendingInquiries;
use super::journal::Journal;
use super::networks::{self, TestNetwork};
use super::odd::OddRates;
use super::operators::Care;
use super::people::{self, People, Then};
use super::person::Person;
use super::random::{FaultRates, Random};
use super::restrictions::RestrictionAuditor;
use super::switch::SwitchEnd;
use super::wire::SwitchMessage;

/// An event of the simulation.
#[derive(Clone, Debug)]
pub(crate) enum SimEvent {
    Order,
    RepeatOrder(usize),
    StartInbound,
    StartInquiry,
    ReadAccount(TransferId),
    /// A maker proposes the resolution of an exception, rightly or wrongly.
    ProposeResolution(TransferId, bool),
    /// A checker decides about it.
    Resolve(ProposalId, Care),
    /// A person has a notion.
    Notion,
    Act(Box<ActRequest>, Then),
    /// A person wants to open a restriction again.
    Reopen(RestrictionId),
    /// The link writes a request, if the adapter has not restarted since.
    WriteRequest(TransferId, Bytes, Moment, u64),
    CutOver,
    /// The customer takes a transfer back, or with an actual amount all but that.
    ReverseInbound(Rrn, Option<u64>),
    RepeatInbound(Rrn),
    /// A message of the switch comes once more.
    Replay(SwitchMessage),
    /// The switch announces a business date that is not the next one.
    AnnounceWrongDate,
    /// The switch announces the present business date.
    AnnounceDate,
    ReuseTraceNumbers(SwitchMessage),
    QueryStatus,
    /// The link reports whether it wrote an inquiry.
    InquirySent(Event),
    Post(Posting),
    Cancel(TransferId),
    CancelPart(PartCancel),
    ToSwitch(Bytes),
    FromSwitch(SwitchMessage),
    FromCore(Event),
    RequestSent(TransferId, SendStatus),
    ReadJournal(LookupId, Lookup, Event),
    LookupResult(LookupId, Vec<StoredTransfer>, Event),
    Committed(u64),
    Tick,
    SwitchTick,
    LinkUp,
    Start,
}

/// A journal lookup: the run of the adapter that started it, and its number in that run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookupId(pub(crate) u64, pub(crate) u64);

/// The simulated world. Times are in milliseconds.
pub(crate) struct World {
    pub(crate) now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    pub(crate) events: HashMap<u64, SimEvent>,
    sequence: u64,
    pub(crate) random: Random,
    pub(crate) fault_rates: FaultRates,
    pub(crate) odd: OddRates,
    pub(crate) person: Person,
    pub(crate) network: Arc<TestNetwork>,
    pub(crate) engine: Option<Engine>,
    pub(crate) journal: Journal,
    pub(crate) core: Core,
    pub(crate) switch: SwitchEnd,
    pub(crate) auditor: Auditor,
    pub(crate) restrictions: RestrictionAuditor,
    pub(crate) people: People,
    pub(crate) counts: Counts,
    pub(crate) is_link_up: bool,
    /// The error of the adapter's clock in milliseconds.
    pub(crate) skew: i64,
    pub(crate) orders: Vec<(Arc<Order>, RequestIdentity)>,
    /// The open messages of the switch, by the ids that the adapter gave them.
    pub(crate) inbound_messages: HashMap<u128, Bytes>,
    /// The postings that requests of the switch ask for, by RRN.
    pub(crate) inbound_postings: HashMap<String, ExpectedPosting>,
    /// A hash of all events. Two runs of a seed must give the same hash.
    pub(crate) trace: u64,
    /// Whether faults have stopped.
    pub(crate) is_quiet: bool,
    pub(crate) inquiries: PendingInquiries,
    /// Whether the network has no reversals.
    pub(crate) has_no_reversal: bool,
    pub(crate) next_tick: Option<u64>,
    /// Until when the adapter is paused, as if its machine stood still.
    pub(crate) paused_until: u64,
    /// The date that the switch asked for in a cut-over without an answer.
    pub(crate) asked_date: Option<Date>,
    /// The number of the present run of the adapter, which starts again after each crash.
    pub(crate) adapter_run: u64,
    pub(crate) seed: u64,
}

const START: u64 = 1_795_521_600_000;

/// A run that ends has fewer events than this.
const EVENTS_MAX: u64 = 500_000;

/// The number of STANs that the bank has.
pub(crate) const STANS: u32 = 128;

/// The average time between two transfers, in milliseconds.
pub(crate) const SPACING: u64 = 100;

pub(crate) fn amount(minor: u64) -> Amount {
    Amount::new(minor, Currency::IDR)
}

pub(crate) fn account(text: &str) -> AccountNumber {
    AccountNumber::from_ascii(text.as_bytes()).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let fault_rates = FaultRates::draw(&mut random);
        let odd = OddRates::draw(&mut random);
        let network = networks::of(seed);
        let start = Moment::from_millis(START);
        let (names, closed) = (Arc::new(people::names(&network)), network.rules.inbound.closed);
        let restrictions = RestrictionAuditor::new(names, closed);
        let switch = SwitchEnd::new(&network, (fault_rates, odd), seed, start);
        let mut world = Self {
            now: START,
            queue: BinaryHeap::new(),
            events: HashMap::new(),
            sequence: 0,
            random,
            fault_rates,
            odd,
            person: Person::default(),
            engine: None,
            journal: Journal::new(TraceWatermark::first(switch.model.business_date())),
            core: Core::default(),
            has_no_reversal: network.switch_rules.reversal.is_none(),
            network,
            switch,
            auditor: Auditor::default(),
            restrictions,
            people: People::default(),
            counts: Counts::default(),
            is_link_up: true,
            skew: 0,
            orders: Vec::new(),
            inbound_messages: HashMap::new(),
            inbound_postings: HashMap::new(),
            trace: seed,
            is_quiet: false,
            inquiries: PendingInquiries::default(),
            next_tick: None,
            paused_until: 0,
            asked_date: None,
            adapter_run: 0,
            seed,
        };
        let (today, now) = (world.switch.model.business_date(), world.now);
        world.person.hears_of_date(today, now);
        world.start();
        world.run_switch();
        world
    }

    /// Returns the time of the adapter's clock.
    pub(crate) fn moment(&self) -> Moment {
        Moment::from_millis(self.now.saturating_add_signed(self.skew))
    }

    /// Returns the time of the switch's clock.
    pub(crate) fn true_moment(&self) -> Moment {
        Moment::from_millis(self.now)
    }

    pub(crate) fn schedule(&mut self, delay: u64, event: SimEvent) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now + delay, self.sequence)));
        self.events.insert(self.sequence, event);
    }

    /// Transmits a message: it may be lost or late.
    pub(crate) fn transmit(&mut self, event: &SimEvent) {
        if self.random.permille(self.fault_rates.lost) {
            self.counts.lost += 1;
            return;
        }
        let mut delay = self.random.between(1, 40);
        if self.random.permille(self.fault_rates.late) {
            self.counts.late += 1;
            delay += self.random.between(1_000, 200_000);
        }
        self.schedule(delay, event.clone());
    }

    /// Schedules the transfers, inquiries and status queries of a run.
    pub(crate) fn schedule_load(&mut self, transfers: u64) {
        for _ in 0..transfers {
            let at = self.random.between(0, transfers * SPACING);
            let event =
                if self.random.permille(700) { SimEvent::Order } else { SimEvent::StartInbound };
            self.schedule(at, event);
            if self.random.permille(100) {
                let at = self.random.between(0, transfers * SPACING);
                self.schedule(at, SimEvent::QueryStatus);
            }
            if self.random.permille(5) {
                let at = self.random.between(0, transfers * SPACING);
                self.schedule(at, SimEvent::CutOver);
            }
            if self.random.permille(self.odd.of("wrong_date")) {
                let at = self.random.between(0, transfers * SPACING);
                self.schedule(at, SimEvent::AnnounceWrongDate);
            }
            if self.random.permille(200) {
                let at = self.random.between(0, transfers * SPACING);
                self.schedule(at, SimEvent::StartInquiry);
            }
            if self.random.permille(self.fault_rates.people) {
                let at = self.random.between(0, transfers * SPACING);
                self.schedule(at, SimEvent::Notion);
            }
        }
    }

    /// Runs the events up to a time.
    pub(crate) fn run(&mut self, until: u64) {
        while let Some(Reverse((at, sequence))) = self.queue.pop() {
            if at > until {
                self.queue.push(Reverse((at, sequence)));
                return;
            }
            self.now = self.now.max(at);
            let Some(event) = self.events.remove(&sequence) else { continue };
            self.counts.events += 1;
            assert!(self.counts.events < EVENTS_MAX, "the run does not end");
            self.trace_event(&event);
            self.handle_event(event);
            self.maybe_fail();
        }
    }

    fn trace_event(&mut self, event: &SimEvent) {
        let mut hasher = DefaultHasher::new();
        (self.trace, std::mem::discriminant(event), self.now).hash(&mut hasher);
        self.trace = hasher.finish();
    }

    /// Ends the network's business date.
    fn cut_over(&mut self) {
        self.counts.cut_overs += 1;
        self.switch.model.cut_over(self.true_moment());
        self.run_switch();
    }

    fn is_for_adapter(&self, event: &SimEvent) -> bool {
        self.engine.is_some()
            && match event {
                SimEvent::Order
                | SimEvent::RepeatOrder(_)
                | SimEvent::ProposeResolution(..)
                | SimEvent::Resolve(..)
                | SimEvent::Act(..)
                | SimEvent::QueryStatus
                | SimEvent::InquirySent(_)
                | SimEvent::FromSwitch(_)
                | SimEvent::FromCore(_)
                | SimEvent::RequestSent(..)
                | SimEvent::LookupResult(..)
                | SimEvent::Committed(_)
                | SimEvent::Tick => true,
                SimEvent::StartInbound
                | SimEvent::Notion
                | SimEvent::Reopen(_)
                | SimEvent::StartInquiry
                | SimEvent::CutOver
                | SimEvent::ReverseInbound(..)
                | SimEvent::RepeatInbound(_)
                | SimEvent::Replay(_)
                | SimEvent::AnnounceWrongDate
                | SimEvent::AnnounceDate
                | SimEvent::ReuseTraceNumbers(_)
                | SimEvent::WriteRequest(..)
                | SimEvent::ReadAccount(_)
                | SimEvent::ReadJournal(..)
                | SimEvent::Post(_)
                | SimEvent::Cancel(_)
                | SimEvent::CancelPart(_)
                | SimEvent::ToSwitch(_)
                | SimEvent::SwitchTick
                | SimEvent::LinkUp
                | SimEvent::Start => false,
            }
    }

    /// Passes an event to the engine, if the adapter runs.
    pub(crate) fn handle(&mut self, event: Event) {
        let now = self.moment();
        if let Some(engine) = &mut self.engine {
            engine.handle_event(event, now);
            self.run_engine();
        }
    }

    /// Starts a commit if one is due, handles the outputs, and schedules the next tick.
    pub(crate) fn run_engine(&mut self) {
        let now = self.moment();
        let Some(engine) = &mut self.engine else { return };
        if let Some(batch) = engine.poll_batch(now) {
            self.journal.begin_commit(batch);
            let number = batch.number;
            let delay = self.random.between(1, 5);
            self.schedule(delay, SimEvent::Committed(number));
        }
        let mut outputs = VecDeque::new();
        let Some(engine) = &mut self.engine else { return };
        while let Some(output) = engine.poll_output() {
            outputs.push_back(output);
        }
        let deadline = engine.next_deadline();
        let deadline = deadline.map(|at| at.millis().saturating_add_signed(-self.skew));
        let has_acts = outputs.iter().any(|output| matches!(output, Output::Control(_)));
        for output in outputs {
            self.handle_output(output);
        }
        // The acts of a batch are durable together.
        if has_acts {
            let seen = Arc::clone(&self.people.seen);
            self.check_alerts(&seen);
        }
        if let Some(at) = deadline {
            let at = at.max(self.now + 1);
            if self.next_tick.is_none_or(|next| at < next || next <= self.now) {
                self.next_tick = Some(at);
                self.schedule(at - self.now, SimEvent::Tick);
            }
        }
    }

    fn handle_event(&mut self, event: SimEvent) {
        if self.now < self.paused_until && self.is_for_adapter(&event) {
            // It waits in a buffer. The order is kept.
            return self.schedule(self.paused_until - self.now, event);
        }
        match event {
            SimEvent::Order => self.start_order(),
            SimEvent::RepeatOrder(nth) => self.repeat_order(nth),
            SimEvent::StartInbound => self.start_inbound(),
            SimEvent::StartInquiry => self.start_inquiry(),
            SimEvent::ProposeResolution(id, is_wrong) => self.propose_resolution(id, is_wrong),
            SimEvent::Resolve(id, care) => self.decide_resolution(id, care),
            SimEvent::Notion => self.act_by_notion(),
            SimEvent::Act(request, then) => self.give(*request, then),
            SimEvent::Reopen(id) => self.reopen(id),
            SimEvent::CutOver => self.cut_over(),
            SimEvent::QueryStatus => self.query_status(),
            SimEvent::ReverseInbound(rrn, actual) => self.reverse_inbound(rrn, actual),
            SimEvent::RepeatInbound(rrn) => self.repeat_inbound(rrn),
            SimEvent::Replay(message) => self.transmit(&SimEvent::FromSwitch(message)),
            SimEvent::AnnounceWrongDate => self.announce_wrong_date(),
            SimEvent::AnnounceDate => self.announce_date(self.switch.model.business_date()),
            SimEvent::ReuseTraceNumbers(message) => self.reuse_trace_numbers(message),
            SimEvent::WriteRequest(id, bytes, write_by, adapter_run) => {
                if adapter_run == self.adapter_run && self.engine.is_some() {
                    self.write(id, bytes, write_by);
                }
            }
            SimEvent::ReadAccount(id) => self.read_account(id),
            SimEvent::Post(posting) => self.post(&posting),
            SimEvent::Cancel(id) => self.cancel(id),
            SimEvent::CancelPart(part) => self.cancel_part(part),
            SimEvent::ToSwitch(bytes) => self.receive_at_switch(bytes),
            SimEvent::FromSwitch(message) => self.receive(message),
            SimEvent::FromCore(event) | SimEvent::InquirySent(event) => self.handle(event),
            SimEvent::RequestSent(id, status) => {
                let input = TransferInput::Outbound(OutboundInput::Send(status));
                self.handle(Event::Transfer(id, input));
            }
            SimEvent::ReadJournal(id, lookup, event) => self.read_journal(id, lookup, event),
            SimEvent::LookupResult(id, found, event) => {
                self.handle_lookup_result(id, &found, event);
            }
            SimEvent::Committed(number) => self.finish_commit(number),
            SimEvent::Tick => self.tick(),
            SimEvent::SwitchTick => self.tick_switch(),
            SimEvent::LinkUp => self.restore_link(),
            SimEvent::Start => self.start(),
        }
    }
}
