//! The world: an engine, a core, a switch and a journal, a clock that jumps from event to event, and one source of
//! chance.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use titian::engine::{Begun, Concern, Counted, Engine, Event, Lookup, Record};
use titian::transfer::{Input, Line, Order, Posting};
use titian::values::{AccountNumber, Amount, Currency, Moment, Rrn, TransferId, Value};

use crate::auditor::{Asks, Auditor};
use crate::chance::{Chance, Faults};
use crate::core::Core;
use crate::counts::Counts;
use crate::inquiries::Waiting;
use crate::journal::Journal;
use crate::networks::{self, Shipped};
use crate::switch::National;
use crate::wire::Said;

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
    Write(TransferId, Bytes, Moment, u64),
    CutOver,
    Regret(Rrn),
    NumbersAgain(Said),
    Ask,
    /// What the link knows of a question.
    Told(Event),
    Post(Posting),
    Cancel(TransferId),
    ToSwitch(Bytes),
    FromSwitch(Said),
    FromCore(Event),
    LineNews(TransferId, Line),
    LookUp(Asked, Lookup, Event),
    Found(Asked, Vec<Record>, Option<Begun>, Event),
    Synced(u64),
    Tick,
    SwitchTick,
    LineBack,
    Start,
}

/// A look-up: the life of the program in which it began, and its number there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(pub(crate) u64, pub(crate) u64);

pub(crate) struct World {
    pub(crate) now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: HashMap<u64, Happening>,
    sequence: u64,
    pub(crate) chance: Chance,
    pub(crate) faults: Faults,
    pub(crate) shipped: Arc<Shipped>,
    pub(crate) engine: Option<Engine>,
    pub(crate) journal: Journal,
    pub(crate) core: Core,
    pub(crate) national: National,
    pub(crate) auditor: Auditor,
    pub(crate) counts: Counts,
    pub(crate) line_is_up: bool,
    /// How far the program's clock is off.
    pub(crate) skew: i64,
    pub(crate) orders: Vec<(Order, Begun)>,
    /// What the switch asked, as the program has it, by the ids that it gave.
    pub(crate) said: HashMap<u128, Bytes>,
    /// What the requests of the switch were about, by RRN.
    pub(crate) demanded: HashMap<String, Asks>,
    /// What happened, as one number: two runs of a seed must give the same.
    pub(crate) trace: u64,
    /// Whether nothing fails any more.
    pub(crate) calm: bool,
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
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let faults = Faults::drawn(&mut chance);
        let shipped = networks::of(seed);
        let start = Moment::from_millis(START);
        let national = National::new(&shipped, faults, seed, start);
        let mut world = Self {
            now: START,
            queue: BinaryHeap::new(),
            happenings: HashMap::new(),
            sequence: 0,
            chance,
            faults,
            engine: None,
            journal: Journal::new(Counted::first(national.brain.business_date())),
            core: Core::default(),
            holds: shipped.dialect.reversal.is_none(),
            shipped,
            national,
            auditor: Auditor::default(),
            counts: Counts::default(),
            line_is_up: true,
            skew: 0,
            orders: Vec::new(),
            said: HashMap::new(),
            demanded: HashMap::new(),
            trace: seed,
            calm: false,
            waiting: Waiting::default(),
            next_tick: None,
            paused_until: 0,
            incarnation: 0,
            seed,
        };
        world.start();
        world.switch_acts();
        world
    }

    /// What the program's clock shows.
    pub(crate) fn moment(&self) -> Moment {
        Moment::from_millis(self.now.saturating_add_signed(self.skew))
    }

    /// What the switch's clock shows.
    pub(crate) fn true_moment(&self) -> Moment {
        Moment::from_millis(self.now)
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
        let mut hasher = DefaultHasher::new();
        (self.trace, std::mem::discriminant(happening), self.now).hash(&mut hasher);
        self.trace = hasher.finish();
    }

    /// The network's day ends.
    fn cut_over(&mut self) {
        self.counts.cut_overs += 1;
        self.national.brain.cut_over(self.true_moment());
        self.switch_acts();
    }

    fn is_for_the_program(&self, happening: &Happening) -> bool {
        self.engine.is_some()
            && match happening {
                Happening::Order
                | Happening::OrderAgain(_)
                | Happening::Persons(_)
                | Happening::Ask
                | Happening::Told(_)
                | Happening::FromSwitch(_)
                | Happening::FromCore(_)
                | Happening::LineNews(..)
                | Happening::Found(..)
                | Happening::Synced(_)
                | Happening::Tick => true,
                Happening::Demand
                | Happening::Inquire
                | Happening::CutOver
                | Happening::Regret(_)
                | Happening::NumbersAgain(_)
                | Happening::Write(..)
                | Happening::Account(_)
                | Happening::LookUp(..)
                | Happening::Post(_)
                | Happening::Cancel(_)
                | Happening::ToSwitch(_)
                | Happening::SwitchTick
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
        let now = self.moment();
        let Some(engine) = &mut self.engine else { return };
        if engine.is_pressing(now)
            && let Some(batch) = engine.seal()
        {
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
            Happening::Regret(rrn) => self.regret(rrn),
            Happening::NumbersAgain(said) => self.numbers_again(said),
            Happening::Write(id, bytes, write_by, incarnation) => {
                if incarnation == self.incarnation && self.engine.is_some() {
                    self.write(id, bytes, write_by);
                }
            }
            Happening::Account(id) => self.core_is_asked(id),
            Happening::Post(posting) => self.post(&posting),
            Happening::Cancel(id) => self.cancel(id),
            Happening::ToSwitch(bytes) => self.at_switch(bytes),
            Happening::FromSwitch(said) => self.hear(said),
            Happening::FromCore(event) | Happening::Told(event) => self.tell(event),
            Happening::LineNews(id, line) => {
                self.tell(Event::Transfer(id, Concern::Out(Input::Line(line))));
            }
            Happening::LookUp(asked, lookup, event) => self.look_up(asked, lookup, event),
            Happening::Found(asked, records, begun, event) => {
                self.found(asked, &records, begun, event);
            }
            Happening::Synced(number) => self.synced(number),
            Happening::Tick => self.tick(),
            Happening::SwitchTick => self.switch_ticks(),
            Happening::LineBack => self.line_is_back(),
            Happening::Start => self.start(),
        }
    }
}
