//! Admission of new transfers, and detection of duplicate requests.

use std::sync::Arc;

use super::Engine;
use super::controls::Refused;
use super::event::{DuplicateRequest, Event, Lookup, NotAdmitted, Output, Transfer};
use super::live::LiveTransfer;
use super::schedule::Slot;
use super::step::StepResult;
use crate::transfer::{
    BarCause, Context, Effect, InboundRequest, InboundResponse, InboundReversal, InboundState,
    MessageKind, Order, OriginalSearch, Refusal,
};
use crate::values::{IdempotencyKey, KeyReservation, Moment, RequestIdentity, TransferId};

impl Engine {
    /// Handles a channel's request. It starts a new transfer, unless a transfer in memory holds one of its keys. When new work
    /// is refused, the journal is asked first: a request that was carried out must never get the response that nothing was done.
    pub(super) fn handle_order(
        &mut self,
        order: Arc<Order>,
        identity: RequestIdentity,
        now: Moment,
    ) {
        if let Some(output) = self.find_duplicate(order.id, identity) {
            return self.put(output);
        }
        if self.admit_order(&order, now).is_err() {
            let event = Event::Order { order, identity };
            return self.look_up(Lookup::RequestIdentity(identity), event);
        }
        self.accept_order(&order, identity, now);
    }

    fn accept_order(&mut self, order: &Arc<Order>, identity: RequestIdentity, now: Moment) {
        let mut context =
            Context { now, rules: &self.rules, core: &self.core, numbers: &mut self.trace_numbers };
        self.decision.accept(order, &mut context);
        self.start_transfer(order.id, identity, now);
    }

    /// Handles a request of the switch whose key no transfer in memory holds. A request that is not admitted gets no response:
    /// a decline that is not on record could be followed by a credit when the switch repeats the request. For the same reason a
    /// decline by a limit is on record: the limit can change before the repeat.
    pub(super) fn handle_inbound_request(
        &mut self,
        request: &Arc<InboundRequest>,
        key: IdempotencyKey,
        now: Moment,
    ) {
        if let Some(reason) = self.refusal() {
            return self.put(Output::NotAdmitted(request.id, reason));
        }
        let mut context =
            Context { now, rules: &self.rules, core: &self.core, numbers: &mut self.trace_numbers };
        if request.amount.minor() > self.limits.inbound_amount_max.0 {
            self.decision.refuse(request, Refusal::Limit, &mut context);
        } else if self.controls.admit_request(request, now).is_err() {
            self.decision.refuse(request, Refusal::ServiceClosed, &mut context);
        } else {
            self.decision.receive(request, &mut context);
        }
        self.start_transfer(request.id, RequestIdentity::of_switch_request(key), now);
    }

    /// Decides whether a new order of a channel may begin.
    fn admit_order(&mut self, order: &Order, now: Moment) -> Result<(), Refused> {
        let unreachable = self.is_switch_unreachable.then_some(NotAdmitted::Unreachable);
        match self.refusal().or(unreachable) {
            Some(reason) => Err(Refused::NotAdmitted(reason)),
            None => self.controls.admit_order(order, now).map_err(Refused::Restricted),
        }
    }

    /// Returns why new transfers of both directions are refused, if they are.
    fn refusal(&self) -> Option<NotAdmitted> {
        if self.is_draining {
            Some(NotAdmitted::Draining)
        } else if self.live.open() >= self.limits.open_transfers {
            Some(NotAdmitted::Full)
        } else {
            None
        }
    }

    /// Bars a request that has not arrived, because its reversal or a status inquiry about it came first.
    pub(super) fn bar(
        &mut self,
        request: &Arc<InboundRequest>,
        by: BarCause,
        original_key: IdempotencyKey,
        now: Moment,
    ) {
        let mut context =
            Context { now, rules: &self.rules, core: &self.core, numbers: &mut self.trace_numbers };
        self.decision.bar(request, by, &mut context);
        self.start_transfer(request.id, RequestIdentity::of_switch_request(original_key), now);
    }

    /// Handles an event whose transfer the lookup found.
    pub(super) fn handle_found(&mut self, slot: Slot, event: &Event, now: Moment) {
        let Event::Order { order, identity } = event else {
            return self.apply_event(slot, event, now);
        };
        if let Some(output) = self.find_duplicate(order.id, *identity) {
            self.put(output);
        }
    }

    /// Handles an event whose transfer the lookup did not find.
    pub(super) fn handle_not_found(&mut self, event: Event, now: Moment) {
        match event {
            Event::InboundStatusInquiry { request, original_key } => {
                self.bar(&request, BarCause::StatusInquiry, original_key, now);
            }
            // When the lookup started, another transfer held the key. That transfer was withdrawn.
            Event::InboundRequest { request, key } => {
                self.handle_inbound_request(&request, key, now);
            }
            Event::Order { order, identity } => {
                if let Some(output) = self.find_duplicate(order.id, identity) {
                    return self.put(output);
                }
                match self.admit_order(&order, now) {
                    Err(refused) => self.put(refused.output(order.id)),
                    Ok(()) => self.accept_order(&order, identity, now),
                }
            }
            Event::Response { trace, kind, response, .. } => {
                self.put(Output::UnmatchedResponse(trace, kind, response.code));
            }
            Event::Transfer(id, _) | Event::Core(id, _) => self.put(Output::UnknownTransfer(id)),
            Event::StatusQuery(query_id, _) => self.put(Output::Status(query_id, None)),
            Event::RefusedRequest { id, code, .. } => {
                let (message_id, message) = (id, MessageKind::Request);
                let response = InboundResponse { id, message_id, message, code };
                self.put(Output::Effect(Effect::Respond(response)));
            }
            // The search for its original has further steps (see `reversals`).
            Event::InboundReversal { .. }
            | Event::Inquiry(..)
            | Event::InquiryInput(..)
            | Event::InquiryResponse { .. }
            | Event::CutOver(_)
            | Event::Act(_) => {}
        }
    }

    /// Returns the output for a channel's request if a transfer in memory holds one of its keys.
    fn find_duplicate(
        &self,
        duplicate_id: TransferId,
        identity: RequestIdentity,
    ) -> Option<Output> {
        let find = |key| Some((key, self.find_reservation(key)?));
        let (key, earlier) = identity.keys().find_map(find)?;
        let fingerprint = identity.fingerprint;
        let original_id = earlier.id;
        Some(duplicate_output(
            DuplicateRequest { duplicate_id, key, fingerprint, original_id },
            &earlier,
        ))
    }

    /// Returns the reservation of a key by a transfer in memory.
    fn find_reservation(&self, key: IdempotencyKey) -> Option<KeyReservation> {
        let live = self.live.get(self.live.by_key(key)?)?;
        Some(KeyReservation { key, fingerprint: live.identity?.fingerprint, id: live.id })
    }

    /// Records the first facts of a transfer, reserves its keys and adds it to the transfers in memory.
    fn start_transfer(&mut self, id: TransferId, identity: RequestIdentity, now: Moment) {
        let Some(StepResult { transfer, traces }) = self.record_decision(id, None, now) else {
            return;
        };
        self.batches.open.admit_under(id, self.controls.rows());
        let fingerprint = identity.fingerprint;
        let reservations = identity.keys().map(|key| KeyReservation { key, fingerprint, id });
        self.batches.open.reservations.extend(reservations);
        let first_batch = self.batches.open_number();
        let live = LiveTransfer { first_batch, ..LiveTransfer::new(id, transfer, Some(identity)) };
        let slot = self.live.insert(live);
        self.finish_step(slot, traces, now);
    }

    /// Withdraws a transfer whose key an earlier transfer holds. Nothing of it is durable, and no output of it has left.
    /// Its request gets the outcome of the earlier transfer, and so do the duplicates of its request that came meanwhile.
    pub(super) fn withdraw_duplicate(
        &mut self,
        own: &KeyReservation,
        earlier: &KeyReservation,
        outputs: &mut Vec<Output>,
    ) {
        let Some(transfer) = self.withdraw(own.id) else { return };
        outputs.retain(|output| !is_effect_of(output, own.id));
        for output in outputs.iter_mut().chain(&mut self.batches.open.outputs) {
            if let Output::Duplicate(duplicate) | Output::KeyConflict(duplicate) = *output
                && duplicate.original_id == own.id
            {
                *output = if duplicate.key == own.key {
                    let duplicate = DuplicateRequest { original_id: earlier.id, ..duplicate };
                    duplicate_output(duplicate, earlier)
                } else {
                    Output::NotAdmitted(duplicate.duplicate_id, NotAdmitted::Withdrawn)
                };
            }
        }
        match event_for_original(own, &transfer) {
            Some(event) => {
                let number = self.live.begin_lookup();
                let lookup = Lookup::IdempotencyKey(own.key);
                outputs.push(Output::JournalLookup(number, lookup, Box::new(event)));
            }
            None => outputs.push(duplicate_output(
                DuplicateRequest {
                    duplicate_id: own.id,
                    key: own.key,
                    fingerprint: own.fingerprint,
                    original_id: earlier.id,
                },
                earlier,
            )),
        }
    }

    fn withdraw(&mut self, id: TransferId) -> Option<Transfer> {
        let slot = self.live.by_id(id)?;
        self.schedule.clear(slot);
        self.batches.open.withdraw(id);
        self.batches.open.outputs.retain(|output| !is_effect_of(output, id));
        // A closed transfer is in the list of closed ones, which must not keep a slot that another transfer gets soon.
        self.live.reopen(slot);
        let live = self.live.remove(slot)?;
        self.books.withdraw(&live.transfer);
        self.closed_books.withdraw(&live.transfer);
        Some(live.transfer)
    }
}

/// Returns the message of the switch that started a withdrawn transfer, as an event for the transfer that holds the key.
/// Returns `None` if a channel's request started it.
fn event_for_original(own: &KeyReservation, transfer: &Transfer) -> Option<Event> {
    let Transfer::Inbound(transfer) = transfer else { return None };
    let (request, key) = (Arc::clone(transfer.request()), own.key);
    Some(match transfer.state() {
        InboundState::Barred(BarCause::Reversal { key: reversal_key }) => {
            let original = OriginalSearch::default();
            let reversal = InboundReversal { request, key: *reversal_key, original, actual: None };
            Event::InboundReversal { reversal: Arc::new(reversal.with_original(key)), step: 0 }
        }
        InboundState::Barred(BarCause::StatusInquiry) => {
            Event::InboundStatusInquiry { request, original_key: key }
        }
        InboundState::Received
        | InboundState::Posting { .. }
        | InboundState::Posted(_)
        | InboundState::Approved { .. }
        | InboundState::PostingRefused(_)
        | InboundState::Declined(_)
        | InboundState::Reversing { .. }
        | InboundState::Reversed { .. }
        | InboundState::PartiallyReversing { .. }
        | InboundState::PartiallyReversed { .. }
        | InboundState::WrittenOff { .. }
        | InboundState::CancellingPart { .. }
        | InboundState::PartWrittenOff { .. } => Event::InboundRequest { request, key },
    })
}

/// Returns the output for a channel's request whose key an earlier request holds.
fn duplicate_output(duplicate: DuplicateRequest, earlier: &KeyReservation) -> Output {
    if duplicate.fingerprint == earlier.fingerprint {
        Output::Duplicate(duplicate)
    } else {
        Output::KeyConflict(duplicate)
    }
}

/// Whether an output is an effect of a transfer.
fn is_effect_of(output: &Output, id: TransferId) -> bool {
    matches!(output, Output::Effect(effect) if effect.transfer_id() == id)
}
