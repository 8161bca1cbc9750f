//! The end of a run: nothing fails any more, and what everybody knows is compared.

use std::collections::HashMap;
use std::time::Duration;

use titian::engine::{BothBooks, Concern, Event, Life};
use titian::transfer::{Input, Outbound, Resolution, Sums, TwoPersons, Verdict};
use titian::values::{Currency, TransferId};

use crate::auditor::Auditor;
use crate::chance::Faults;
use crate::journal::Lived;
use crate::switch::Settled;
use crate::world::World;

impl World {
    /// From here on nothing fails; every transfer must come to its end, or before two persons, who decide by
    /// what is true.
    pub(crate) fn calm_down(&mut self) {
        self.faults = Faults::NONE;
        self.national.brain.set_faults(titian::switch::Faults::default());
        for round in 0..4 {
            let until = self.now + u64::try_from(Duration::from_hours(72).as_millis()).unwrap();
            self.run(until);
            if round == 1 {
                self.settlement_file();
            }
            self.resolve();
        }
        let until = self.now + u64::try_from(Duration::from_hours(72).as_millis()).unwrap();
        self.run(until);
        // What comes after a calm is answered.
        self.calm = true;
        self.inquire_of_switch();
        // Days end for ever: what the last one brought is still under way.
        self.run(self.now + 60_000);
    }

    /// Persons look at all that waits for them.
    fn resolve(&mut self) {
        let waits = |(id, _, life): Lived| waits_for_persons(&life).then_some(id);
        for id in self.journal.lives().into_iter().filter_map(waits) {
            self.persons(id);
        }
    }

    /// Persons look at a transfer, if it waits for them, and decide by what is true then.
    pub(crate) fn persons(&mut self, id: TransferId) {
        if !self.journal.life(id).as_ref().is_some_and(waits_for_persons) {
            return;
        }
        self.counts.resolved += 1;
        let moved = self.moved(&self.national.settled(), id);
        let verdict = if moved { Verdict::Settle } else { Verdict::Refund };
        let by = TwoPersons::new("rina", "budi").unwrap();
        let resolution = Input::Resolve(Resolution { verdict, by });
        self.tell(Event::Transfer(id, Concern::Out(resolution)));
    }

    /// Whether the switch's files have a transfer's money moved.
    fn moved(&self, settled: &HashMap<String, Settled>, id: TransferId) -> bool {
        let rrn = Auditor::rrn(&self.journal, id);
        rrn.and_then(|rrn| settled.get(&rrn)).is_some_and(|settled| settled.stands())
    }

    /// The settlement files come, and have what the switch has moved.
    fn settlement_file(&mut self) {
        let files = self.national.settled();
        for (id, _, life) in self.journal.lives() {
            if matches!(life, Life::Out(Outbound::Settled { .. } | Outbound::Refunded { .. })) {
                let settled = self.moved(&files, id);
                let input = Concern::Out(Input::Settlement { settled });
                self.tell(Event::Transfer(id, input));
            }
        }
    }

    /// Compares what everybody knows.
    pub(crate) fn audit(&mut self) {
        let engine = self.engine.as_ref().expect("it runs at the end");
        let lives = self.journal.lives();
        let mut books = BothBooks::default();
        for (_, _, life) in &lives {
            books.change(Sums::default(), life);
        }
        for sums in [books.out.sums(Currency::IDR), books.within.sums(Currency::IDR)] {
            assert!(sums.balance() && sums.in_flight == 0, "{sums:?}");
        }
        assert_eq!(*engine.books(), books, "books kept and books made again");
        for (id, _, life) in &lives {
            match life {
                Life::Out(Outbound::Settled { .. }) => self.counts.settled += 1,
                Life::Out(Outbound::Refunded { .. }) => self.counts.refunded += 1,
                Life::Out(Outbound::Refused { .. }) => self.counts.refused += 1,
                Life::Out(Outbound::PaidTwice(_)) => self.counts.paid_twice += 1,
                Life::Out(_) | Life::In(_) => {}
            }
            assert!(life.is_final(), "{id} has not come to its end: {life:?}");
            if let Some(live) = engine.transfer(*id) {
                assert_eq!(live, life, "{id}: live and replayed differ");
            }
        }
        if self.counts.crashes == 0 {
            self.auditor.evidence(&self.journal, &lives);
        }
        self.all_were_told();
        self.audit_switch(&lives);
    }

    /// The three books, transfer by transfer and in total: core's, the adapter's and the switch's.
    fn audit_switch(&self, lives: &[Lived]) {
        let brain = &self.national.brain;
        let open = brain.snapshot(0, 0).open_questions;
        assert!(brain.is_balanced() && open == 0, "the switch waits still: {open}");
        let mut files = self.national.settled();
        let position: i64 = files.values().map(|settled| settled.within - settled.out).sum();
        assert_eq!(brain.position(self.national.ours), position.into(), "files and ledger");
        let withdrawal = self.shipped.dialect.withdrawal;
        for (id, _, life) in lives {
            let rrn = match life {
                Life::Out(_) => Auditor::rrn(&self.journal, *id),
                Life::In(life) => Some(life.demand().origin.rrn.to_string()),
            };
            let at_switch = rrn.and_then(|rrn| files.remove(&rrn)).unwrap_or_default();
            match life {
                Life::Out(life) => {
                    let pays = life.order().kind != withdrawal;
                    let ends = (&self.journal, &self.core);
                    self.auditor.outbound(ends, (*id, life), at_switch, pays);
                }
                Life::In(life) => Auditor::inbound(&self.core, (*id, life), at_switch),
            }
        }
        let unknown = files.iter().find(|(_, settled)| settled.stands());
        assert_eq!(unknown, None, "the switch moved what nobody knows of");
    }
}

fn waits_for_persons(life: &Life) -> bool {
    matches!(life, Life::Out(Outbound::Exception(..) | Outbound::Contradicted(..)))
}
