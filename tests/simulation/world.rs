//! The world: an engine, a core, a switch and a journal, a clock that jumps from event to event, and one source of
//! chance.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

use titian::engine::{
    Begun, BothBooks, Concern, Engine, Event, Key, Life, Limits, Lookup, Numbering, Pace, Record,
    Schedule,
};
use titian::transfer::{
    AfterUnknown, Demand, Input, Line, Order, Outbound, Posting, ReversalSend, Rules, Sums, Trace,
};
use titian::values::{AccountNumber, Amount, Currency, Moment, TransferId, Value};

use crate::auditor::Auditor;
use crate::chance::{Chance, Faults};
use crate::core::Core;
use crate::counts::Counts;
use crate::inquiries::Waiting;
use crate::journal::Journal;
use crate::switch::Switch;

/// What is to happen at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Order,
    OrderAgain(usize),
    Demand,
    Inquire,
    Account(TransferId),
    /// What the link knows of a question.
    Told(Event),
    Post(Posting),
    Cancel(TransferId),
    ToSwitch(Message),
    FromSwitch(Event),
    FromCore(Event),
    LineNews(TransferId, Line),
    AskedAgain(u128),
    AnswerArrives(u128, bool),
    ReversalAnswerArrives(u128, bool),
    LookUp(Asked, Lookup, Event),
    Found(Asked, Vec<Record>, Option<Begun>, Event),
    Synced(u64),
    Tick,
    LineBack,
    Start,
}

/// A look-up: the life of the program in which it began, and its number there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(pub(crate) u64, pub(crate) u64);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Message {
    Request(Trace, u64),
    Reversal(ReversalSend, u64),
    Status(TransferId, Trace),
    Inquiry(Trace, u64),
}

pub(crate) struct World {
    pub(crate) now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: HashMap<u64, Happening>,
    sequence: u64,
    pub(crate) chance: Chance,
    pub(crate) faults: Faults,
    rules: Arc<Rules>,
    pub(crate) engine: Option<Engine>,
    pub(crate) journal: Journal,
    pub(crate) core: Core,
    pub(crate) switch: Switch,
    pub(crate) auditor: Auditor,
    pub(crate) counts: Counts,
    pub(crate) line_is_up: bool,
    /// How far the program's clock is off.
    skew: i64,
    pub(crate) orders: Vec<(Order, Begun)>,
    pub(crate) demands: HashMap<u128, (Demand, Key)>,
    /// What happened, as one number: two runs of a seed must give the same.
    pub(crate) trace: u64,
    /// What was asked without money.
    pub(crate) waiting: Waiting,
    /// Whether the network knows no reversal.
    pub(crate) holds: bool,
    next_tick: Option<u64>,
    /// Until when the program does nothing, as if its machine stood still.
    paused_until: u64,
    pub(crate) incarnation: u64,
    seed: u64,
}

const START: u64 = 1_795_521_600_000;

/// More than this happen in no run that comes to an end.
const EVENTS_MAX: u64 = 100_000;

/// STANs that the network gives the bank.
const STANS: u32 = 128;

/// Milliseconds between one transfer and the next, on average.
pub(crate) const SPACING: u64 = 100;

pub(crate) fn amount(minor: u64) -> Amount {
    Amount::new(minor, Currency::IDR)
}

pub(crate) fn account(text: &str) -> AccountNumber {
    AccountNumber::from_ascii(text.as_bytes()).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64, rules: Rules) -> Self {
        let mut chance = Chance::new(seed);
        let faults = Faults::drawn(&mut chance);
        let holds = matches!(rules.after_unknown, AfterUnknown::Hold(_));
        let mut world = Self {
            now: START,
            queue: BinaryHeap::new(),
            happenings: HashMap::new(),
            sequence: 0,
            chance,
            faults,
            rules: Arc::new(rules),
            engine: None,
            journal: Journal::default(),
            core: Core::default(),
            switch: Switch::default(),
            auditor: Auditor::default(),
            counts: Counts::default(),
            line_is_up: true,
            skew: 0,
            orders: Vec::new(),
            demands: HashMap::new(),
            trace: seed,
            waiting: Waiting::default(),
            holds,
            next_tick: None,
            paused_until: 0,
            incarnation: 0,
            seed,
        };
        world.start();
        world
    }

    /// What the program's clock shows.
    pub(crate) fn moment(&self) -> Moment {
        Moment::from_millis(self.now.saturating_add_signed(self.skew))
    }

    pub(crate) fn after(&mut self, delay: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now + delay, self.sequence)));
        self.happenings.insert(self.sequence, happening);
    }

    /// A message on the network: lost, late, doubled or just there after a while.
    pub(crate) fn carry(&mut self, happening: &Happening) {
        if self.chance.permille(self.faults.lost) {
            self.counts.lost += 1;
            return;
        }
        let mut delay = self.chance.between(1, 40);
        if self.chance.permille(self.faults.late) {
            self.counts.late += 1;
            delay += self.chance.between(1_000, 200_000);
        }
        self.after(delay, happening.clone());
    }

    /// An answer of the switch, which may come twice.
    pub(crate) fn carry_answer(&mut self, event: Event) {
        if self.chance.permille(self.faults.doubled) {
            self.counts.doubled += 1;
            self.carry(&Happening::FromSwitch(event.clone()));
        }
        self.carry(&Happening::FromSwitch(event));
    }

    /// New orders and demands over a time.
    pub(crate) fn load(&mut self, transfers: u64) {
        for _ in 0..transfers {
            let at = self.chance.between(0, transfers * SPACING);
            let happening =
                if self.chance.permille(700) { Happening::Order } else { Happening::Demand };
            self.after(at, happening);
            if self.chance.permille(200) {
                let at = self.chance.between(0, transfers * SPACING);
                self.after(at, Happening::Inquire);
            }
        }
    }

    /// Runs until nothing is left to happen, or nothing but what goes on for ever.
    pub(crate) fn run(&mut self, until: u64) {
        while let Some(Reverse((at, sequence))) = self.queue.pop() {
            if at > until {
                self.queue.push(Reverse((at, sequence)));
                return;
            }
            self.now = self.now.max(at);
            let Some(happening) = self.happenings.remove(&sequence) else { continue };
            self.counts.events += 1;
            assert!(self.counts.events < EVENTS_MAX, "it goes round and round");
            self.note(&happening);
            self.happen(happening);
            self.maybe_break();
        }
    }

    fn note(&mut self, happening: &Happening) {
        let kind = std::mem::discriminant(happening);
        let text = format!("{kind:?}{}", self.now);
        for byte in text.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    }

    fn maybe_break(&mut self) {
        if self.engine.is_some() && self.chance.permille(self.faults.crashes) {
            self.crash();
        }
        if self.line_is_up && self.chance.permille(self.faults.line_breaks) {
            self.break_line();
        }
        if self.chance.permille(self.faults.pauses) {
            self.counts.pauses += 1;
            self.paused_until = self.now + self.chance.between(100, 60_000);
        }
        if self.chance.permille(self.faults.clock_jumps) {
            self.counts.clock_jumps += 1;
            self.skew = i64::try_from(self.chance.between(0, 600_000)).unwrap() - 300_000;
            self.next_tick = None;
            self.pump();
        }
    }

    fn is_for_the_program(&self, happening: &Happening) -> bool {
        self.engine.is_some()
            && match happening {
                Happening::Order
                | Happening::OrderAgain(_)
                | Happening::Inquire
                | Happening::Told(_)
                | Happening::FromSwitch(_)
                | Happening::FromCore(_)
                | Happening::LineNews(..)
                | Happening::Found(..)
                | Happening::Synced(_)
                | Happening::Tick => true,
                Happening::Demand
                | Happening::Account(_)
                | Happening::LookUp(..)
                | Happening::Post(_)
                | Happening::Cancel(_)
                | Happening::ToSwitch(_)
                | Happening::AskedAgain(_)
                | Happening::AnswerArrives(..)
                | Happening::ReversalAnswerArrives(..)
                | Happening::LineBack
                | Happening::Start => false,
            }
    }

    fn break_line(&mut self) {
        self.counts.line_breaks += 1;
        self.line_is_up = false;
        let delay = self.chance.between(500, 10_000);
        self.after(delay, Happening::LineBack);
        let waiting: Vec<_> = self
            .journal
            .lives()
            .into_iter()
            .filter(|(_, _, life)| {
                matches!(life, Life::Out(Outbound::Ready(_) | Outbound::Sent(_)))
            })
            .map(|(id, ..)| id)
            .collect();
        for id in waiting {
            self.tell(Event::Transfer(id, Concern::Out(Input::Line(Line::Lost))));
        }
    }

    /// The process is gone; what was being synced may be on disk or not.
    fn crash(&mut self) {
        self.counts.crashes += 1;
        self.engine = None;
        self.next_tick = None;
        if self.chance.permille(500) {
            self.journal.sync();
        } else {
            self.journal.syncing = None;
        }
        let delay = self.chance.between(100, 5_000);
        self.after(delay, Happening::Start);
    }

    fn start(&mut self) {
        self.incarnation += 1;
        let limits = Limits { open: 10_000, exchanges: 1_000, remembered: 16, due_a_tick: 100 };
        let per_second = |attempts: u32| NonZeroU32::new(attempts).unwrap();
        let pace = Pace {
            per_second: per_second(200),
            per_destination: per_second(50),
            burst: per_second(20),
        };
        let schedule = Schedule::new(self.moment(), pace);
        // Few, so that they come round while answers are still on their way.
        let seed = self.seed ^ self.incarnation;
        let numbers =
            Numbering::new(1, self.journal.counted, self.moment(), seed).with_stans(STANS);
        let mut engine = Engine::new(Arc::clone(&self.rules), limits, schedule, numbers);
        let lives = self.journal.lives();
        let mut closed = BothBooks::default();
        for (_, _, life) in lives.iter().filter(|(_, _, life)| life.is_final()) {
            closed.change(Sums::default(), life);
        }
        engine.restore_books(closed);
        for (id, claim, life) in lives {
            if !life.is_final() {
                engine.restore(self.journal.records(id), claim).expect("the journal folds");
            }
        }
        engine.resume(self.moment());
        self.engine = Some(engine);
        self.pump();
    }

    /// Tells the engine what happened, if it lives.
    pub(crate) fn tell(&mut self, event: Event) {
        let now = self.moment();
        if let Some(engine) = &mut self.engine {
            engine.handle(event, now);
            self.pump();
        }
    }

    /// Starts a sync if none is under way, does what may be done, and sets the next tick.
    pub(crate) fn pump(&mut self) {
        let Some(engine) = &mut self.engine else { return };
        if let Some(batch) = engine.seal() {
            self.journal.begin(batch);
            let number = batch.number;
            let delay = self.chance.between(1, 5);
            self.after(delay, Happening::Synced(number));
        }
        let mut outputs = VecDeque::new();
        let Some(engine) = &mut self.engine else { return };
        while let Some(output) = engine.next_output() {
            outputs.push_back(output);
        }
        let deadline = engine.next_deadline();
        let deadline = deadline.map(|at| at.millis().saturating_add_signed(-self.skew));
        for output in outputs {
            self.release(output);
        }
        if let Some(at) = deadline {
            let at = at.max(self.now + 1);
            if self.next_tick.is_none_or(|next| at < next || next <= self.now) {
                self.next_tick = Some(at);
                self.after(at - self.now, Happening::Tick);
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        if self.now < self.paused_until && self.is_for_the_program(&happening) {
            // It waits in a buffer, in its order.
            return self.after(self.paused_until - self.now, happening);
        }
        match happening {
            Happening::Order => self.new_order(),
            Happening::OrderAgain(nth) => self.order_again(nth),
            Happening::Demand => self.new_demand(),
            Happening::Inquire => self.inquire(),
            Happening::Account(id) => self.core_is_asked(id),
            Happening::Post(posting) => self.post(&posting),
            Happening::Cancel(id) => self.cancel(id),
            Happening::ToSwitch(message) => self.at_switch(message),
            Happening::FromSwitch(event) => {
                if self.line_is_up {
                    if let (Event::Answered { trace, .. }, true) = (&event, self.engine.is_some()) {
                        self.auditor.hears(*trace);
                    }
                    self.tell(event);
                }
            }
            Happening::FromCore(event) | Happening::Told(event) => self.tell(event),
            Happening::LineNews(id, line) => {
                self.tell(Event::Transfer(id, Concern::Out(Input::Line(line))));
            }
            Happening::AskedAgain(key) => self.switch_waits(key),
            Happening::AnswerArrives(key, approved) => self.switch_hears(key, approved),
            Happening::ReversalAnswerArrives(key, done) => self.switch_hears_of_reversal(key, done),
            Happening::LookUp(asked, lookup, event) => self.look_up(asked, lookup, event),
            Happening::Found(asked, records, begun, event) => {
                self.found(asked, &records, begun, event);
            }
            Happening::Synced(number) => self.synced(number),
            Happening::Tick => self.tick(),
            Happening::LineBack => self.line_is_up = true,
            Happening::Start => self.start(),
        }
    }

    /// A reader reads what is in the journal now, and tells it a while later.
    fn look_up(&mut self, asked: Asked, lookup: Lookup, event: Event) {
        let (records, begun) = self.journal.look_up(lookup);
        let found = Happening::Found(asked, records.to_vec(), begun, event);
        let delay = self.chance.between(0, 10);
        self.after(delay, found);
    }

    fn found(&mut self, asked: Asked, records: &[Record], begun: Option<Begun>, event: Event) {
        let now = self.moment();
        let Asked(incarnation, number) = asked;
        if let Some(engine) = &mut self.engine
            && incarnation == self.incarnation
        {
            engine.found(number, records, begun, event, now).expect("the journal folds");
            self.pump();
        }
    }

    fn synced(&mut self, number: u64) {
        if self.journal.syncing.as_ref().is_none_or(|pending| pending.number != number) {
            return;
        }
        if self.chance.permille(self.faults.sync_errors) {
            // A journal that can't be trusted is not written to again: the program stops.
            self.counts.sync_errors += 1;
            return self.crash();
        }
        let existing = self.journal.sync();
        if let Some(engine) = &mut self.engine {
            engine.committed(number, &existing);
            self.pump();
        }
    }

    fn tick(&mut self) {
        let now = self.moment();
        if self.next_tick.is_some_and(|next| next <= self.now) {
            self.next_tick = None;
        }
        if let Some(engine) = &mut self.engine {
            engine.tick(now);
            self.pump();
        }
    }
}
