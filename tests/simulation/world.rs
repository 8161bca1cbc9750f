//! The world: an engine, a core, a switch and a journal, a clock that jumps from event to event, and one source of
//! chance.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use titian::engine::{Begun, Concern, Counted, Engine, Event, Key, Lookup, Record};
use titian::transfer::{
    AfterUnknown, Demand, Input, Line, Order, Posting, ReversalSend, Rules, Trace,
};
use titian::values::{AccountNumber, Amount, Currency, Date, Moment, Offset, TransferId, Value};

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
    /// Persons look at an exception.
    Persons(TransferId),
    /// The link writes a request of a life of the program.
    Write(TransferId, Message, Moment, u64),
    CutOver,
    NumbersAgain(u128),
    Ask,
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
    pub(crate) rules: Arc<Rules>,
    pub(crate) engine: Option<Engine>,
    pub(crate) journal: Journal,
    pub(crate) core: Core,
    pub(crate) switch: Switch,
    pub(crate) auditor: Auditor,
    pub(crate) counts: Counts,
    pub(crate) line_is_up: bool,
    /// How far the program's clock is off.
    pub(crate) skew: i64,
    pub(crate) orders: Vec<(Order, Begun)>,
    /// The business date of the network.
    pub(crate) date: Date,
    pub(crate) demands: HashMap<u128, (Demand, Key)>,
    /// What happened, as one number: two runs of a seed must give the same.
    pub(crate) trace: u64,
    /// What was asked without money.
    pub(crate) waiting: Waiting,
    /// Whether the network knows no reversal.
    pub(crate) holds: bool,
    pub(crate) next_tick: Option<u64>,
    /// Until when the program does nothing, as if its machine stood still.
    pub(crate) paused_until: u64,
    pub(crate) incarnation: u64,
    pub(crate) seed: u64,
}

const START: u64 = 1_795_521_600_000;

/// More than this happen in no run that comes to an end.
const EVENTS_MAX: u64 = 100_000;

/// STANs that the network gives the bank.
pub(crate) const STANS: u32 = 128;

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
            journal: Journal::new(Counted::first(Date::of(
                Moment::from_millis(START),
                Offset::UTC,
            ))),
            core: Core::default(),
            switch: Switch::default(),
            auditor: Auditor::default(),
            counts: Counts::default(),
            line_is_up: true,
            skew: 0,
            orders: Vec::new(),
            date: Date::of(Moment::from_millis(START), Offset::UTC),
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
            if self.chance.permille(100) {
                let at = self.chance.between(0, transfers * SPACING);
                self.after(at, Happening::Ask);
            }
            if self.chance.permille(5) {
                let at = self.chance.between(0, transfers * SPACING);
                self.after(at, Happening::CutOver);
            }
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

    /// The network's day ends, or it says again that it did.
    fn cut_over(&mut self) {
        self.counts.cut_overs += 1;
        if self.chance.permille(700) {
            self.date = self.date.next();
        }
        self.tell(Event::CutOver(self.date));
    }

    fn is_for_the_program(&self, happening: &Happening) -> bool {
        self.engine.is_some()
            && match happening {
                Happening::Order
                | Happening::OrderAgain(_)
                | Happening::Inquire
                | Happening::Persons(_)
                | Happening::CutOver
                | Happening::Ask
                | Happening::Told(_)
                | Happening::FromSwitch(_)
                | Happening::FromCore(_)
                | Happening::LineNews(..)
                | Happening::Found(..)
                | Happening::Synced(_)
                | Happening::Tick => true,
                Happening::Demand
                | Happening::NumbersAgain(_)
                | Happening::Write(..)
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
            Happening::Persons(id) => self.persons(id),
            Happening::CutOver => self.cut_over(),
            Happening::Ask => self.ask(),
            Happening::NumbersAgain(key) => self.numbers_again(key),
            Happening::Write(id, message, write_by, incarnation) => {
                if incarnation == self.incarnation && self.engine.is_some() {
                    self.write(id, message, write_by);
                }
            }
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
}
