//! The end of a run: faults stop, all transfers finish, and the books of all parties are compared.

use std::collections::HashMap;
use std::time::Duration;

use titian::engine::{
    BooksByDirection, Event, RecordedFact, Transfer, TransferInput, stored_facts,
};
use titian::transfer::{OutboundInput, OutboundState, Sums};
use titian::values::{Currency, TransferId};

use super::auditor::Auditor;
use super::journal::JournalTransfer;
use super::odd::OddRates;
use super::random::FaultRates;
use super::switch::Settled;
use super::world::World;

/// Asserts that no state and no sum depends on an account number, a card number or a name: an auditor needs no record key.
fn assert_folds_without_personal_values(records: &[RecordedFact], whole: &Transfer) {
    let mut folded = None;
    for RecordedFact { at, fact, .. } in records {
        let text = stored_facts::write(&[fact]).unwrap().text;
        let unreadable = stored_facts::read(&text, None).unwrap();
        folded = Some(Transfer::fold(folded, &unreadable[0], *at).unwrap());
    }
    let folded = folded.unwrap();
    assert_eq!(folded.code(), whole.code());
    assert_eq!((folded.sums(), folded.closed_sums()), (whole.sums(), whole.closed_sums()));
    assert_eq!(folded.is_final(), whole.is_final());
}

impl World {
    /// Stops all faults. Every transfer must finish, or need a manual resolution, which in the end follows the settlement files.
    pub(crate) fn finish(&mut self) {
        // Most exceptions come after the half minute of faults, so hasty and wrong operators stay for one more round.
        let FaultRates { early_resolutions, wrong_resolutions, .. } = self.fault_rates;
        self.fault_rates = FaultRates { early_resolutions, wrong_resolutions, ..FaultRates::NONE };
        self.odd = OddRates::NONE;
        self.switch.model.set_fault_rules(titian::simulator::FaultRules::default());
        for round in 0..4 {
            let until = self.now + u64::try_from(Duration::from_hours(72).as_millis()).unwrap();
            self.run(until);
            if round == 1 {
                self.apply_settlement_files();
            }
            self.resolve_all();
            self.reopen_all();
            self.fault_rates = FaultRates::NONE;
        }
        let until = self.now + u64::try_from(Duration::from_hours(72).as_millis()).unwrap();
        self.run(until);
        // Without faults an inquiry must get a response.
        self.is_quiet = true;
        self.start_channel_inquiry();
        // Business dates never stop ending. Messages of the last end may still be under way.
        self.run(self.now + 60_000);
    }

    /// Whether the settlement files contain a transfer.
    pub(crate) fn is_settled(&self, settled: &HashMap<String, Settled>, id: TransferId) -> bool {
        let rrn = Auditor::rrn(&self.journal, id);
        rrn.and_then(|rrn| settled.get(&rrn)).is_some_and(|settled| settled.is_moved())
    }

    /// Passes the settlement files to the engine.
    fn apply_settlement_files(&mut self) {
        let files = self.switch.settled();
        for (id, _, transfer) in self.journal.transfers() {
            let Transfer::Outbound(transfer) = transfer else { continue };
            if matches!(
                transfer.state(),
                OutboundState::Settled { .. } | OutboundState::Refunded { .. }
            ) {
                let settled = self.is_settled(&files, id);
                let input = TransferInput::Outbound(OutboundInput::Settlement { settled });
                self.handle(Event::Transfer(id, input));
            }
        }
    }

    /// Audits the engine, the journal, core and the switch.
    pub(crate) fn audit(&mut self) {
        self.person.check(&self.core, &self.switch.settled(), &self.losses());
        let engine = self.engine.as_ref().expect("the adapter runs at the end");
        let transfers = self.journal.transfers();
        let mut books = BooksByDirection::default();
        for (_, _, transfer) in &transfers {
            books.change(Sums::default(), transfer);
        }
        for sums in [books.outbound.sums(Currency::IDR), books.inbound.sums(Currency::IDR)] {
            assert!(sums.is_balanced() && sums.in_flight == 0, "{sums:?}");
        }
        assert_eq!(engine.exception_views().count(), 0, "an exception is left");
        assert_eq!(*engine.books(), books, "the kept books and the rebuilt books differ");
        for (id, _, transfer) in &transfers {
            if let Transfer::Outbound(transfer) = transfer {
                match transfer.state() {
                    OutboundState::Settled { .. } => self.counts.settled += 1,
                    OutboundState::Refunded { .. } => self.counts.refunded += 1,
                    OutboundState::Rejected(_) => self.counts.rejected += 1,
                    OutboundState::PaidTwice(_) => self.counts.paid_twice += 1,
                    _ => {}
                }
            }
            assert!(transfer.is_final(), "{id} is not final: {transfer:?}");
            assert_folds_without_personal_values(self.journal.records(*id), transfer);
            if let Some(live) = engine.transfer(*id) {
                assert_eq!(live, transfer, "{id}: the live state and the replayed state differ");
            }
        }
        if self.counts.crashes == 0 {
            self.auditor.check_recorded_responses(&self.journal, &transfers);
        }
        self.check_all_inquiries_ended();
        assert!(engine.control().restrictions().is_empty(), "a restriction is left");
        for (id, ..) in &transfers {
            self.check_resolutions(*id);
        }
        self.counts.acts.extend(self.restrictions.counts());
        self.audit_switch(&transfers);
    }

    /// Compares the books of core, the adapter and the switch, for each transfer and in total.
    fn audit_switch(&self, transfers: &[JournalTransfer]) {
        let model = &self.switch.model;
        let open = model.snapshot(0, 0).open_requests;
        assert!(model.is_balanced() && open == 0, "the switch has open requests: {open}");
        let mut files = self.switch.settled();
        let position: i64 = files.values().map(|settled| settled.inbound - settled.outbound).sum();
        assert_eq!(
            model.position(self.switch.our_member),
            position.into(),
            "the files and the ledger differ"
        );
        let withdrawal = self.network.switch_rules.withdrawal;
        for (id, _, transfer) in transfers {
            let rrn = match transfer {
                Transfer::Outbound(_) => Auditor::rrn(&self.journal, *id),
                Transfer::Inbound(transfer) => Some(transfer.request().trace.rrn.to_string()),
            };
            let at_switch = rrn.and_then(|rrn| files.remove(&rrn)).unwrap_or_default();
            match transfer {
                Transfer::Outbound(transfer) => {
                    let is_payment = transfer.order().kind != withdrawal;
                    let ends = (&self.journal, &self.core);
                    self.auditor.check_outbound(ends, (*id, transfer), at_switch, is_payment);
                }
                Transfer::Inbound(transfer) => {
                    Auditor::check_inbound(&self.core, (*id, transfer), at_switch);
                }
            }
        }
        let unknown = files.iter().find(|(_, settled)| settled.is_moved());
        assert_eq!(unknown, None, "the switch settled an unknown transfer");
    }
}
