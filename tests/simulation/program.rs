//! The program and what happens to it: it starts, stands still, stops, loses its line, and waits for its journal.

use std::num::NonZeroU32;
use std::sync::Arc;

use titian::engine::{
    Begun, BothBooks, Concern, Engine, Event, Life, Limits, Lookup, Numbering, Pace, Record,
    Schedule,
};
use titian::transfer::{Input, Line, Outbound, Sums};

use crate::world::{Asked, Happening, STANS, World};

impl World {
    pub(crate) fn maybe_break(&mut self) {
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

    fn break_line(&mut self) {
        self.counts.line_breaks += 1;
        self.line_is_up = false;
        self.national.brain.disconnected(self.national.ours);
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

    pub(crate) fn line_is_back(&mut self) {
        self.line_is_up = true;
        self.national.brain.connected(self.national.ours);
        self.national.brain.signed_on(self.national.ours, self.true_moment());
        self.switch_acts();
    }

    /// The process is gone; what was being synced may be on disk or not.
    fn crash(&mut self) {
        self.counts.crashes += 1;
        self.engine = None;
        self.said.clear();
        self.next_tick = None;
        if self.chance.permille(500) {
            self.journal.sync();
        } else {
            self.journal.syncing = None;
        }
        let delay = self.chance.between(100, 5_000);
        self.after(delay, Happening::Start);
    }

    pub(crate) fn start(&mut self) {
        self.incarnation += 1;
        let limits = Limits {
            open: 10_000,
            exchanges: 1_000,
            lookups: 1_000,
            remembered: 16,
            due_a_tick: 100,
        };
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
        let mut engine = Engine::new(Arc::clone(&self.shipped.rules), limits, schedule, numbers);
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

    /// A reader reads what is in the journal now, and tells it a while later.
    pub(crate) fn look_up(&mut self, asked: Asked, lookup: Lookup, event: Event) {
        let (records, begun) = self.journal.look_up(lookup);
        let found = Happening::Found(asked, records.to_vec(), begun, event);
        let delay = self.chance.between(0, 10);
        self.after(delay, found);
    }

    pub(crate) fn found(
        &mut self,
        asked: Asked,
        records: &[Record],
        begun: Option<Begun>,
        event: Event,
    ) {
        let now = self.moment();
        let Asked(incarnation, number) = asked;
        if let Some(engine) = &mut self.engine
            && incarnation == self.incarnation
        {
            engine.found(number, records, begun, event, now).expect("the journal folds");
            self.pump();
        }
    }

    pub(crate) fn synced(&mut self, number: u64) {
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

    pub(crate) fn tick(&mut self) {
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
