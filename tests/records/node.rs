//! A node without sockets: the engine with a journal of its own, and a world that answers as it is told.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use titian::engine::{
    Begun, Body, Concern, Counted, Engine, Event, Key, Limits, Numbering, Output, Pace, Question,
    Schedule,
};
use titian::journal::{self, Checkpoints, Journal, Reader};
use titian::records::{counted, look_up, restore, rows};
use titian::transfer::{
    CancelAnswer, Demand, Effect, Funding, Heard, InboundInput, Input, Line, Order, PostingAnswer,
    Refusal, Side, Was,
};
use titian::values::{Date, Moment, Offset, TransferId};

use crate::rules::{amount, code, demand, order, reversing};

/// Noon of 24 November 2026.
pub(crate) const START: u64 = 1_795_521_600_000;

/// Engine and journal. Dropped it is a program that was killed: what was decided and not committed is lost.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) journal: Journal,
    pub(crate) reader: Reader,
    pub(crate) now: Moment,
    /// What the world was asked and has not answered.
    pub(crate) asked: Vec<Effect>,
    /// What was told besides.
    pub(crate) told: Vec<Output>,
}

/// An empty folder for a store.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn store(folder: &Path) -> PathBuf {
    folder.join("titian.db")
}

pub(crate) fn checkpoints(folder: &Path) -> Checkpoints {
    let every = Duration::from_hours(1);
    Checkpoints { file: folder.join("checkpoints"), node: "n1".into(), seed: [7; 32], every }
}

impl Node {
    /// Starts with what the folder's journal has. The open transfers are not told yet that it started again.
    pub(crate) fn start(folder: &Path, now: Moment) -> Self {
        let journal = Journal::open(&store(folder), Some(&checkpoints(folder))).unwrap();
        let reader = journal.reader().unwrap();
        let first = Counted::first(Date::of(Moment::from_millis(START), Offset::UTC));
        let counted = counted(&reader).unwrap().unwrap_or(first);
        let limits =
            Limits { open: 1000, exchanges: 1, lookups: 100, remembered: 3, due_a_tick: 100 };
        let rate = NonZeroU32::new(1000).unwrap();
        let pace = Pace { per_second: rate, per_destination: rate, burst: rate };
        let numbers = Numbering::new(1, counted, now, 7);
        let schedule = Schedule::new(now, pace);
        let mut engine = Engine::new(Arc::new(reversing()), limits, schedule, numbers);
        restore(&reader, &mut engine).unwrap();
        Self { engine, journal, reader, now, asked: Vec::new(), told: Vec::new() }
    }

    /// What is decided, as the journal is given it.
    pub(crate) fn sealed(&mut self) -> Option<(u64, journal::Batch)> {
        self.engine.seal().map(|batch| (batch.number, rows(batch).unwrap()))
    }

    /// Makes everything decided durable, and takes what may be done then; look-ups are answered from the journal.
    pub(crate) fn commit(&mut self) {
        loop {
            if let Some((number, batch)) = self.sealed() {
                self.append(number, batch);
            }
            let Some(output) = self.engine.next_output() else { break };
            match output {
                Output::LookUp(number, about, event) => {
                    let (records, begun) = look_up(&self.reader, about).unwrap();
                    self.engine.found(number, &records, begun, event, self.now).unwrap();
                }
                Output::Effect(effect) => self.asked.push(effect),
                other => self.told.push(other),
            }
        }
    }

    pub(crate) fn append(&mut self, number: u64, batch: journal::Batch) {
        let (done, durable) = channel();
        self.journal.append(batch, move |result| done.send(result).unwrap());
        self.engine.committed(number, &durable.recv().unwrap().unwrap());
    }

    pub(crate) fn handle(&mut self, event: Event) {
        self.now = self.now.after(Duration::from_millis(7));
        self.engine.handle(event, self.now);
    }

    /// Handles what is due some time later.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.engine.tick(self.now);
    }

    /// Answers the oldest thing that the world was asked: well, or in one of the other ways.
    pub(crate) fn answer(&mut self, way: usize) {
        if self.asked.is_empty() {
            return;
        }
        let effect = self.asked.remove(0);
        for event in answers(&effect, way) {
            self.handle(event);
        }
    }

    /// Lets the world answer well until it is asked no more.
    pub(crate) fn run(&mut self) {
        self.commit();
        while !self.asked.is_empty() {
            self.answer(0);
            self.commit();
        }
    }
}

/// What the world says to an effect.
fn answers(effect: &Effect, way: usize) -> Vec<Event> {
    let id = effect.transfer();
    let out = |input| Event::Transfer(id, Concern::Out(input));
    let answered = |trace, to, text| {
        let heard = Heard::new(code(text), amount(12_500_000));
        Event::Answered { trace, to, heard }
    };
    match effect {
        Effect::AskPosting(posting) => {
            let answer = [
                PostingAnswer::Posted,
                PostingAnswer::Refused(Refusal::NoSuchAccount),
                PostingAnswer::None,
            ][way % 3];
            vec![match posting.side {
                Side::Credit => Event::Transfer(id, Concern::In(InboundInput::Posting(answer))),
                Side::Debit => out(Input::Posting(answer)),
            }]
        }
        Effect::CancelPosting(id) => {
            let was = CancelAnswer::Was([Was::Posted, Was::Absent][way % 2]);
            // Whose it is the engine knows; the other concern is none of the transfer's.
            let id = *id;
            vec![if id.0 & 1 == 0 {
                Event::Transfer(id, Concern::In(InboundInput::Cancel(was)))
            } else {
                Event::Transfer(id, Concern::Out(Input::Cancel(was)))
            }]
        }
        Effect::SendRequest(cleared) => match way % 5 {
            4 => vec![out(Input::Line(Line::Lost))],
            3 => vec![out(Input::Line(Line::NotSent))],
            way => {
                let answer = answered(cleared.trace(), Question::Request, ["00", "51", "91"][way]);
                vec![out(Input::Line(Line::Sent)), answer.clone(), answer]
            }
        },
        Effect::SendReversal(send) => {
            vec![answered(send.trace, Question::Reversal, ["00", "25", "96"][way % 3])]
        }
        Effect::SendStatusInquiry(..)
        | Effect::Answer(_)
        | Effect::Tell(..)
        | Effect::Raise(..) => Vec::new(),
    }
}

/// The id of a transfer: odd if it leaves our bank.
fn id(number: u64, out: bool) -> TransferId {
    TransferId(u128::from(START + number) << 80 | u128::from(2 * number + u64::from(out)))
}

/// A channel's order.
pub(crate) fn ordered(number: u64, request: u128, reference: Option<u128>) -> Event {
    let order = Order { id: id(number, true), ..order(Funding::Core) };
    let begun =
        Begun { request: Key(request), reference: reference.map(Key), body: Body(request % 2) };
    Event::Order { order, begun }
}

/// A demand of the switch.
pub(crate) fn demanded(number: u64) -> Demand {
    Demand { id: id(number, false), ..demand() }
}
