//! The end of a run: nothing fails any more, and what everybody knows is compared.

use std::time::Duration;

use titian::engine::{BothBooks, Concern, Event, Life};
use titian::transfer::{Inbound, Input, Outbound, Resolution, Sums, TwoPersons, Verdict};
use titian::values::{Currency, TransferId};

use crate::auditor::Auditor;
use crate::chance::Faults;
use crate::switch::Asked;
use crate::world::World;

impl World {
    /// From here on nothing fails; every transfer must come to its end, or before two persons, who decide by
    /// what is true.
    pub(crate) fn calm_down(&mut self) {
        self.faults = Faults::NONE;
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
    }

    /// Persons look at all that waits for them.
    fn resolve(&mut self) {
        for (id, ..) in self.journal.lives() {
            self.persons(id);
        }
    }

    /// Persons look at a transfer, if it waits for them, and decide by what is true then.
    pub(crate) fn persons(&mut self, id: TransferId) {
        let moved = Auditor::moved(&self.journal, &self.switch, id);
        let verdict = if moved { Verdict::Settle } else { Verdict::Refund };
        let Some(Life::Out(Outbound::Exception(..) | Outbound::Contradicted(..))) =
            self.journal.life(id)
        else {
            return;
        };
        self.counts.resolved += 1;
        let by = TwoPersons::new("rina", "budi").unwrap();
        let resolution = Input::Resolve(Resolution { verdict, by });
        self.tell(Event::Transfer(id, Concern::Out(resolution)));
    }

    /// The settlement file comes, and has what the switch has moved.
    fn settlement_file(&mut self) {
        for (id, _, life) in self.journal.lives() {
            if matches!(life, Life::Out(Outbound::Settled { .. } | Outbound::Refunded { .. })) {
                let settled = Auditor::moved(&self.journal, &self.switch, id);
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
        self.auditor.outbound(&self.journal, &self.core, &self.switch, &lives);
        let inbound = lives.iter().filter_map(|(id, claim, life)| match life {
            Life::In(life) => Some((*id, claim.expect("a key").request, life)),
            Life::Out(_) => None,
        });
        for (id, key, life) in inbound {
            let (asked, _) = self.switch.asked[&key.0];
            let stands = self.core.stands(id);
            let approved = matches!(life, Inbound::Approved { .. });
            assert_eq!(stands, approved, "{id}: {life:?}");
            match asked {
                Asked::Approved => assert!(stands, "{id}: the switch has it approved: {life:?}"),
                Asked::Declined | Asked::Reversed => {
                    assert!(!stands, "{id}: the switch has it {asked:?}: {life:?}");
                }
                Asked::Waiting { .. } | Asked::Reversing { .. } => {
                    panic!("{id}: the switch waits still: {asked:?}")
                }
            }
        }
    }
}
