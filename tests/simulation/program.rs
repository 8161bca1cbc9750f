//! The adapter process: it starts, pauses, crashes, loses its link, and commits to its journal.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use titian::control::{AccountKey, Control, SettingValues, Started};
use titian::engine::{
    BooksByDirection, Engine, Event, Limits, Lookup, RateLimits, Schedule, StoredTransfer,
    TraceAllocator, Transfer, TransferInput,
};
use titian::transfer::{CoreRules, OutboundInput, OutboundState, SendStatus, Sums};

use titian::values::{AccountNumber, Backoff, MinorUnits};

use super::people::names;
use super::world::{LookupId, STANS, SimEvent, World};

impl World {
    /// Lets faults happen at random.
    pub(crate) fn maybe_fail(&mut self) {
        if self.engine.is_some() && self.random.permille(self.fault_rates.crashes) {
            self.crash();
        }
        if self.is_link_up && self.random.permille(self.fault_rates.link_breaks) {
            self.break_link();
        }
        if self.random.permille(self.fault_rates.pauses) {
            self.counts.pauses += 1;
            self.paused_until = self.now + self.random.between(100, 60_000);
        }
        if self.random.permille(self.fault_rates.clock_jumps) {
            self.counts.clock_jumps += 1;
            self.skew = i64::try_from(self.random.between(0, 600_000)).unwrap() - 300_000;
            self.next_tick = None;
            self.run_engine();
        }
    }

    fn break_link(&mut self) {
        self.counts.link_breaks += 1;
        self.is_link_up = false;
        self.switch.model.handle_disconnected(self.switch.our_member);
        let delay = self.random.between(500, 10_000);
        self.schedule(delay, SimEvent::LinkUp);
        let waiting: Vec<_> = self
            .journal
            .transfers()
            .into_iter()
            .filter(|(_, _, transfer)| {
                matches!(
                    transfer,
                    Transfer::Outbound(transfer) if matches!(
                        transfer.state(),
                        OutboundState::ReadyToSend(_) | OutboundState::Sent(_)
                    )
                )
            })
            .map(|(id, ..)| id)
            .collect();
        for id in waiting {
            self.handle(Event::Transfer(
                id,
                TransferInput::Outbound(OutboundInput::Send(SendStatus::Lost)),
            ));
        }
    }

    pub(crate) fn restore_link(&mut self) {
        self.is_link_up = true;
        self.switch.model.handle_connected(self.switch.our_member);
        self.switch.model.handle_signed_on(self.switch.our_member, self.true_moment());
        self.run_switch();
    }

    /// Crashes the process. The open commit may be on disk or not.
    fn crash(&mut self) {
        self.counts.crashes += 1;
        self.engine = None;
        self.inbound_messages.clear();
        self.next_tick = None;
        if self.random.permille(500) {
            self.journal.commit();
        } else {
            self.journal.committing = None;
        }
        let delay = self.random.between(100, 5_000);
        self.schedule(delay, SimEvent::Start);
    }

    pub(crate) fn start(&mut self) {
        self.adapter_run += 1;
        let limits = Limits {
            open_transfers: 10_000,
            inbound_amount_max: MinorUnits(10_000_000_000_000),
            open_inquiries: 1_000,
            journal_lookups: 1_000,
            closed_transfers: 16,
            deadlines_at_once: 100,
        };
        let per_second = |attempts: u32| NonZeroU32::new(attempts).unwrap();
        let rates = RateLimits {
            per_second: per_second(200),
            per_destination: per_second(50),
            burst: per_second(20),
        };
        let schedule = Schedule::new(self.moment(), rates);
        // Few STANs, so that they wrap while responses are still under way.
        let seed = self.seed ^ self.adapter_run;
        let trace_numbers = TraceAllocator::new(1, self.journal.watermark, self.moment(), seed)
            .with_stans(STANS)
            .with_rrns(self.network.adapter.rrn_form());
        let (rules, core) = (Arc::clone(&self.network.rules), core_rules());
        let mut engine = Engine::new(rules, core, limits, schedule, trace_numbers);
        self.restrictions.catch_up(&self.journal);
        let mut control = Control::default();
        for act in &self.journal.acts {
            control.apply(act).expect("the acts fold");
        }
        engine.restore_control(control);
        self.restrictions.check_restored(engine.control());
        let (version, configuration) = ("1".into(), "0".into());
        let started = Started { version, configuration, names: names(&self.network) };
        let key = |account: &AccountNumber| AccountKey(account.reveal().parse().unwrap());
        engine.start(started, &SettingValues::default(), Arc::new(key), self.moment());
        let transfers = self.journal.transfers();
        let mut closed = BooksByDirection::default();
        for (_, _, transfer) in transfers.iter().filter(|(_, _, transfer)| transfer.is_final()) {
            closed.change(Sums::default(), transfer);
        }
        engine.restore_books(closed);
        for (id, reservation, transfer) in transfers {
            if !transfer.is_final() {
                engine.restore(self.journal.records(id), reservation).expect("the journal folds");
            }
        }
        engine.resume(self.moment());
        self.engine = Some(engine);
        self.restore_date();
        self.run_engine();
    }

    /// Reads the journal now. The result comes a while later.
    pub(crate) fn read_journal(&mut self, id: LookupId, lookup: Lookup, event: Event) {
        let result = SimEvent::LookupResult(id, self.journal.look_up(lookup), event);
        let delay = self.random.between(0, 10);
        self.schedule(delay, result);
    }

    pub(crate) fn handle_lookup_result(
        &mut self,
        id: LookupId,
        found: &[StoredTransfer],
        event: Event,
    ) {
        let now = self.moment();
        let LookupId(adapter_run, number) = id;
        if let Some(engine) = &mut self.engine
            && adapter_run == self.adapter_run
        {
            engine.handle_lookup_result(number, found, event, now).expect("the journal folds");
            self.run_engine();
        }
    }

    pub(crate) fn finish_commit(&mut self, number: u64) {
        if self.journal.committing.as_ref().is_none_or(|pending| pending.number != number) {
            return;
        }
        if self.random.permille(self.fault_rates.commit_errors) {
            // The adapter does not write to a journal after a failed commit: it stops.
            self.counts.commit_errors += 1;
            return self.crash();
        }
        let existing = self.journal.commit();
        self.restrictions.catch_up(&self.journal);
        if let Some(engine) = &mut self.engine {
            engine.handle_commit(number, &existing);
            self.run_engine();
        }
    }

    pub(crate) fn tick(&mut self) {
        let now = self.moment();
        if self.next_tick.is_some_and(|next| next <= self.now) {
            self.next_tick = None;
        }
        if let Some(engine) = &mut self.engine {
            engine.handle_deadline(now);
            self.run_engine();
        }
    }
}

/// The shipped rules, with fewer cancels, so that they become exceptions within the half minute of faults of a run.
fn core_rules() -> CoreRules {
    CoreRules {
        repeats: Backoff {
            first: Duration::from_secs(2),
            longest: Duration::from_mins(1),
            jitter_percent: 20,
        },
        posting_tries: 3,
        cancel_tries: 10,
        cancel_interval: Duration::from_hours(1),
    }
}
