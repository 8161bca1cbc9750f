//! One step of a transfer: decide an input, add the facts to the open batch and set the next deadline.

use std::time::Duration;

use super::Engine;
use super::event::{Event, Lookup, NotAdmitted, Output, RecordedFact, Transfer, TransferInput};
use super::schedule::{Delivery, Destination, Slot};
use crate::control::AlertSubject;
use crate::transfer::{Alert, Context, Effect, Inquiry, TraceNumbers, Wait};
use crate::values::{Institution, Moment, TransferId};

/// The destination of commands to core. No bank has this number.
const CORE: Destination = Destination(0);

/// How long a transfer waits after an internal error before its deadline comes again.
const RETRY_AFTER_INTERNAL_ERROR: Duration = Duration::from_mins(1);

/// The result of a step: the new state, and the trace numbers of messages that the step made ready.
pub(super) struct StepResult {
    pub(super) transfer: Transfer,
    pub(super) traces: [Option<TraceNumbers>; 2],
}

impl Engine {
    /// Applies an event to its transfer. If the transfer is not in memory, the event waits for a journal lookup. It also waits
    /// if the first batch of the transfer is not durable yet, because that commit may withdraw the transfer.
    pub(super) fn apply_or_look_up(&mut self, event: Event, now: Moment) {
        let Some(lookup) = event.lookup() else { return };
        match self.find_live(lookup).filter(|slot| self.is_durable(*slot)) {
            Some(slot) => self.apply_event(slot, &event, now),
            None => self.look_up(lookup, event),
        }
    }

    /// Finds a transfer in memory.
    pub(super) fn find_live(&self, lookup: Lookup) -> Option<Slot> {
        match lookup {
            Lookup::Id(id) => self.live.by_id(id),
            Lookup::IdempotencyKey(key) => self.live.by_key(key),
            Lookup::TraceNumbers(trace) => self.live.by_trace(trace),
            Lookup::RequestIdentity(identity) => {
                identity.keys().find_map(|key| self.live.by_key(key))
            }
            // Memory has no index by RRN. The lookup leaves with the open batch, so the journal has all that was decided.
            Lookup::InboundReference { .. } => None,
        }
    }

    fn is_durable(&self, slot: Slot) -> bool {
        self.live.get(slot).is_some_and(|live| live.first_batch <= self.batches.last_durable())
    }

    /// Starts a lookup in the journal. At the limit of lookups it does not: the switch repeats what it sent, and a response
    /// counts as unmatched.
    pub(super) fn look_up(&mut self, lookup: Lookup, event: Event) {
        if self.live.open_lookups() < self.limits.journal_lookups {
            let number = self.live.begin_lookup();
            return self.put(Output::JournalLookup(number, lookup, Box::new(event)));
        }
        self.put(match event {
            Event::Response { trace, kind, response, .. } => {
                Output::UnmatchedResponse(trace, kind, response.code)
            }
            Event::Order { order, .. } => Output::NotAdmitted(order.id, NotAdmitted::Full),
            Event::InboundRequest { request, .. } | Event::InboundStatusInquiry { request, .. } => {
                Output::NotAdmitted(request.id, NotAdmitted::Full)
            }
            Event::InboundReversal { reversal, .. } => {
                Output::NotAdmitted(reversal.request.id, NotAdmitted::Full)
            }
            Event::Transfer(id, _) | Event::Core(id, _) | Event::InquiryInput(id, _) => {
                Output::UnknownTransfer(id)
            }
            Event::Inquiry(Inquiry { id, .. }, _) | Event::RefusedRequest { id, .. } => {
                Output::NotAdmitted(id, NotAdmitted::Full)
            }
            Event::InquiryResponse { trace, response, .. } => {
                Output::LateInquiryResponse(trace, response.code)
            }
            Event::StatusQuery(query_id, _) => Output::NotAdmitted(query_id, NotAdmitted::Full),
            Event::CutOver(_) | Event::Act(_) => return,
        });
    }

    /// Applies an event to a transfer in memory.
    pub(super) fn apply_event(&mut self, slot: Slot, event: &Event, now: Moment) {
        if let Event::StatusQuery(query_id, _) = event {
            // It leaves with the batch that holds the last fact of the state, or after it.
            let transfer = self.live.get(slot).map(|live| Box::new(live.transfer.clone()));
            return self.put(Output::Status(*query_id, transfer));
        }
        let input = self.live.get(slot).and_then(|live| event.input_for(&live.transfer));
        if let Some(input) = input
            && !self.refuse_resolution(slot, &input)
        {
            self.apply(slot, &input, now);
        }
    }

    /// Applies an input to a transfer.
    pub(super) fn apply(&mut self, slot: Slot, input: &TransferInput, now: Moment) {
        let Some(live) = self.live.get(slot) else { return };
        let mut context =
            Context { now, rules: &self.rules, core: &self.core, numbers: &mut self.trace_numbers };
        self.decision.decide(live.id, &live.transfer, input, &mut context);
        let (id, before) = (live.id, live.transfer.clone());
        let was_final = self.has_alerts() && before.is_final();
        let alerts = self.controls.alerts.len();
        let Some(StepResult { transfer, traces }) = self.record_decision(id, Some(before), now)
        else {
            return;
        };
        if let Some(live) = self.live.get_mut(slot) {
            live.transfer = transfer;
        }
        self.finish_step(slot, traces, now);
        self.end_alerts_of(slot, (was_final, alerts), now);
    }

    /// Adds the decided facts to the open batch. Facts that do not fold are an internal error, which the test of all states and
    /// inputs excludes. In that case none of them is added, the transfer keeps its state, and an alert is raised.
    pub(super) fn record_decision(
        &mut self,
        id: TransferId,
        before: Option<Transfer>,
        now: Moment,
    ) -> Option<StepResult> {
        let sums = before.as_ref().map(Transfer::sums).unwrap_or_default();
        let closed_sums = before.as_ref().map(Transfer::closed_sums).unwrap_or_default();
        let (mut transfer, mut traces) = (before, [None, None]);
        let batch = &mut self.batches.open;
        let (facts, effects) = self.decision.take();
        let start = batch.len();
        for fact in facts {
            if let Some(trace) = fact.trace() {
                traces = [Some(trace), traces[0]];
            }
            let Ok(next) = Transfer::fold(transfer.take(), &fact, now) else { break };
            let (state, is_first) = (next.properties(), batch.len() == start);
            batch.put(RecordedFact { id, at: now, fact }, state.code, !state.is_final(), is_first);
            transfer = Some(next);
        }
        let Some(transfer) = transfer else {
            drop(effects);
            batch.truncate(start);
            self.report_internal_error(id, now);
            return None;
        };
        for effect in effects {
            if let Effect::Alert(id, alert) = effect {
                self.controls.alerts.raise(alert, Some(AlertSubject::Transfer(id)), now);
            }
            batch.outputs.push(Output::Effect(effect));
        }
        self.books.change(sums, &transfer);
        self.closed_books.change(closed_sums, &transfer);
        Some(StepResult { transfer, traces })
    }

    /// Raises an alert, and sets the deadline of the transfer again, because the one that came is used up.
    fn report_internal_error(&mut self, id: TransferId, now: Moment) {
        self.put_alert(id, Alert::InternalError, now);
        if let Some(slot) = self.live.by_id(id) {
            self.schedule.set(slot, now.after(RETRY_AFTER_INTERNAL_ERROR), Delivery::Immediate);
        }
    }

    /// Indexes the trace numbers of a step, sets the next deadline, and closes the transfer if it is final.
    pub(super) fn finish_step(
        &mut self,
        slot: Slot,
        traces: [Option<TraceNumbers>; 2],
        now: Moment,
    ) {
        for trace in traces.into_iter().flatten() {
            self.live.index_trace(trace, slot);
        }
        self.reschedule(slot, now);
        self.close_if_final(slot);
    }

    pub(super) fn close_if_final(&mut self, slot: Slot) {
        if self.live.get(slot).is_some_and(|live| live.transfer.is_final()) {
            self.live.close(slot, self.batches.open_number());
        } else {
            self.live.reopen(slot);
        }
    }

    /// Sets the next deadline of a transfer, and whether it is an exception. `at` is the time of its last step.
    pub(super) fn reschedule(&mut self, slot: Slot, at: Moment) {
        let Some(live) = self.live.get(slot) else { return };
        let properties = live.transfer.properties();
        match properties.due() {
            Some(due) => {
                let delivery = delivery(properties.wait, live.transfer.counterparty());
                self.schedule.set(slot, due, delivery);
            }
            None => self.schedule.clear(slot),
        }
        self.live.set_exception(slot, properties.is_exception, at);
    }

    /// Sets the deadline of a transfer that waits for core to now, so that the command is sent again at core's rate.
    pub(super) fn retry_core_command(&mut self, slot: Slot, now: Moment) {
        let wait = self.live.get(slot).map(|live| live.transfer.properties().wait);
        if let Some(Wait::Core(_)) = wait {
            self.schedule.set(slot, now, Delivery::Paced(CORE));
        }
    }
}

/// Returns how the next deadline of a transfer is delivered. A timeout is handled at once. The message that follows from it, the
/// first one or a repeat, waits for the rate of its destination, so that a bank, switch or core that comes back is not overloaded.
pub(super) fn delivery(wait: Wait, counterparty: Institution) -> Delivery {
    match wait {
        Wait::Core(_) => Delivery::Paced(CORE),
        Wait::Switch(_) => Delivery::Paced(destination(counterparty)),
        Wait::TimeOut(_) | Wait::Nothing | Wait::Decision | Wait::Resolution => Delivery::Immediate,
    }
}

/// Returns the destination for a bank: its code modulo the number of destinations, and never [`CORE`].
fn destination(bank: Institution) -> Destination {
    let digits = bank.as_str().bytes();
    let number = digits.fold(0_u16, |number, digit| {
        number.wrapping_mul(10).wrapping_add(u16::from(digit.wrapping_sub(b'0')))
    });
    Destination(number % (u16::MAX - 1) + 1)
}
