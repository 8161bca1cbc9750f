//! The outputs of the engine, and the reactions of the world.

use std::sync::Arc;

use bytes::Bytes;
use titian::control::{AlertSubject, Control, Restricted};
use titian::engine::{Event, Fact, Lookup, NotAdmitted, Output, Transfer, TransferInput};
use titian::transfer::{
    AccountDetails, Alert, CancelReply, Effect, InboundFact, InboundInput, InboundResponse,
    MessageKind, Order, OutboundFact, OutboundInput, OutgoingStatusInquiry, PartCancel, Posting,
    PostingReply, SendStatus,
};
use titian::values::{Moment, TransferId};

use super::auditor::Auditor;
use super::restrictions::NewWork;
use super::rules::code;
use super::world::{LookupId, SimEvent, World};

impl World {
    pub(crate) fn handle_output(&mut self, output: Output) {
        match output {
            Output::Effect(effect) => self.handle_effect(effect),
            Output::JournalLookup(number, lookup, event) => {
                let delay = self.random.between(1, 10);
                self.schedule(
                    delay,
                    SimEvent::ReadJournal(LookupId(self.adapter_run, number), lookup, *event),
                );
            }
            Output::Duplicate(duplicate) => {
                self.auditor.check_duplicate(&self.journal, duplicate);
                self.count_passing("repeat", duplicate.original_id);
            }
            Output::KeyConflict(duplicate) => {
                self.counts.key_conflicts += 1;
                let found = self.journal.look_up(Lookup::Id(duplicate.original_id));
                assert_ne!(
                    found[0].identity.unwrap().fingerprint,
                    duplicate.fingerprint,
                    "{}: the requests are the same",
                    duplicate.original_id
                );
            }
            Output::NotAdmitted(_, reason) => {
                assert_eq!(reason, NotAdmitted::Withdrawn, "no limit is reached");
            }
            Output::UnknownTransfer(id) => panic!("{id}: unknown transfer"),
            Output::ResolutionRefused(refusal) => panic!("{refusal}: the operators asked before"),
            Output::Status(query_id, transfer) => {
                self.auditor.check_status(&self.journal, query_id, transfer.as_deref());
            }
            Output::UnmatchedResponse(trace, ..) => {
                assert!(
                    self.journal.by_trace(trace).is_none(),
                    "a response to our message is unmatched"
                );
            }
            Output::SendInquiry(inquiry, trace) => self.send_inquiry_to_switch(&inquiry, trace),
            Output::RequestAccount(id, _) => self.request_account(id),
            Output::InquiryEnded(id, direction, outcome) => {
                self.inquiry_ended(id, direction, &outcome);
            }
            Output::LateInquiryResponse(..) => {}
            Output::CutOver(id, outcome) => self.respond_to_cut_over(id, outcome),
            Output::Restricted(id, restricted) => self.restricted(id, &restricted),
            Output::Act(id, answer) => self.act_answered(id, answer),
            Output::Control(control) => {
                self.restrictions.check_published(&control);
                self.people.seen = control;
            }
            Output::OrderLink(..) => self.counts.act("order reaches the link"),
            Output::WithdrawRequests(ids) => self.withdraw(&ids),
            Output::SettingsApproved => panic!("no setting is guarded: {output:?}"),
        }
    }

    /// An order or an inquiry of a channel is refused. A repeat of what was carried out never is.
    fn restricted(&mut self, id: TransferId, restricted: &Restricted) {
        self.counts.checks += 1;
        self.restrictions.check_refused(&self.journal, id, restricted);
        let name = if self.inquiry_refused(id) { "refused inquiry" } else { "refused order" };
        self.counts.act(name);
        let order = self.orders.iter().find(|(order, _)| order.id == id);
        for key in order.into_iter().flat_map(|(_, identity)| identity.keys()) {
            let holder = self.journal.look_up(Lookup::IdempotencyKey(key));
            assert!(holder.is_empty(), "{id}: a repeat is refused");
        }
    }

    /// Counts what a restriction covers and lets pass.
    fn count_passing(&mut self, what: &str, id: TransferId) {
        let work = match self.journal.records(id).first().map(|record| &record.fact) {
            Some(Fact::Outbound(OutboundFact::Accepted(order))) => NewWork::of_order(order),
            Some(Fact::Inbound(InboundFact::Received { request })) => NewWork::of_request(request),
            _ => return,
        };
        if self.restrictions.closes(&work, self.moment()) {
            self.counts.act(format!("{what} passes a restriction"));
        }
    }

    /// Checks that each open alert about an exception is about one.
    pub(crate) fn check_alerts(&mut self, control: &Control) {
        self.counts.checks += 1;
        for (alert, subject) in control.alerts().open() {
            let (Alert::Exception | Alert::ConflictingOutcome, Some(AlertSubject::Transfer(id))) =
                (alert, subject)
            else {
                continue;
            };
            let transfer = self.journal.transfer(*id).expect("a durable transfer");
            assert!(transfer.properties().is_exception, "{id}: {alert:?} is open");
        }
    }

    pub(crate) fn handle_effect(&mut self, effect: Effect) {
        self.counts.checks += 1;
        match effect {
            Effect::RequestPosting(posting) => {
                self.auditor.check_posting(&self.journal, &posting);
                self.send_to_core(SimEvent::Post(posting));
            }
            Effect::CancelPosting(id) => {
                self.count_passing("refund", id);
                self.send_to_core(SimEvent::Cancel(id));
            }
            Effect::CancelPart(part) => {
                self.post_part_by_hand(part.transfer_id);
                self.send_to_core(SimEvent::CancelPart(part));
            }
            Effect::SendRequest(funded) => {
                let (order, trace) = (funded.order(), funded.trace());
                let id = order.id;
                self.auditor.check_request(&self.journal, &self.core, id, trace, self.now);
                self.check_order(order);
                let now = self.moment();
                if self.engine.as_ref().is_some_and(|engine| !engine.may_send(order, now)) {
                    self.counts.act("request stopped");
                    return self.schedule(1, SimEvent::RequestSent(id, SendStatus::NotSent));
                }
                self.restrictions.check_sent(order, now);
                let bytes = self.encode(|network, into| network.encode_request(order, trace, into));
                self.check_date(&bytes);
                self.send(id, bytes, funded.write_by());
            }
            Effect::SendReversal(reversal) => {
                self.auditor.check_reversal(&self.journal, &reversal);
                self.count_passing("reversal", reversal.order.id);
                self.check_order(&reversal.order);
                let bytes = self.encode(|network, into| network.encode_reversal(&reversal, into));
                self.transmit_to_switch(bytes);
            }
            Effect::SendStatusInquiry(OutgoingStatusInquiry { order, trace }) => {
                self.check_order(&order);
                self.count_passing("status inquiry", order.id);
                let bytes =
                    self.encode(|network, into| network.encode_status_inquiry(&order, trace, into));
                self.transmit_to_switch(bytes);
            }
            Effect::Respond(response) => self.respond(response),
            Effect::NotifyChannel(report) => {
                self.check_order(&report.order);
                self.auditor.check_notification(&self.journal, &self.network.rules, &report);
            }
            Effect::CountInbound(id, kind, status) => {
                Auditor::check_count(&self.journal, id, kind, status);
            }
            Effect::Alert(id, alert) => self.handle_alert(id, alert),
        }
    }

    /// Sends a response to a message of the switch.
    fn respond(&mut self, response: InboundResponse) {
        let InboundResponse { id, message_id, message, code: response_code } = response;
        let is_approved = response_code == code("00");
        if message == MessageKind::Reversal {
            self.count_passing("response to a reversal", id);
        }
        if !self.auditor.is_same_posting(id, message_id) {
            assert!(!is_approved, "{id}: a different request is approved");
        } else if message != MessageKind::Reversal {
            Auditor::check_response(&self.journal, &self.core, id, is_approved);
        }
        self.send_response(message_id, response_code, &AccountDetails::default());
    }

    /// Handles an alert. The maker and the checker may decide early, while messages are still under way.
    fn handle_alert(&mut self, id: TransferId, alert: Alert) {
        assert_ne!(alert, Alert::InternalError, "{id}: internal error");
        if alert == Alert::ConflictingOutcome {
            self.counts.conflicting_outcomes += 1;
        }
        let is_exception = matches!(alert, Alert::Exception | Alert::ConflictingOutcome);
        if is_exception && self.random.permille(self.fault_rates.early_resolutions) {
            let delay = self.random.between(1_000, 100_000);
            let is_wrong = self.random.permille(self.fault_rates.wrong_resolutions);
            self.schedule(delay, SimEvent::ProposeResolution(id, is_wrong));
        }
    }

    /// Checks that an effect carries the order that is durable.
    fn check_order(&self, order: &Order) {
        assert_eq!(*order, *self.order(order.id), "{}: another order", order.id);
    }

    /// Returns the order of a transfer from the journal.
    pub(crate) fn order(&self, id: TransferId) -> Arc<Order> {
        match self.journal.records(id).first().map(|record| &record.fact) {
            Some(Fact::Outbound(OutboundFact::Accepted(order))) => Arc::clone(order),
            other => panic!("{id}: {other:?}"),
        }
    }

    pub(crate) fn send_to_core(&mut self, command: SimEvent) {
        if self.random.permille(self.fault_rates.core_replies_lost) {
            // The command is lost or slow.
            if self.random.permille(500) {
                let delay = self.random.between(2_000, 100_000);
                self.schedule(delay, command);
            }
            return;
        }
        let delay = self.random.between(1, 20);
        self.schedule(delay, command);
    }

    pub(crate) fn post(&mut self, posting: &Posting) {
        let reply = self.core.post(posting, &mut self.random, self.fault_rates);
        let id = posting.id;
        let is_inbound = self.is_inbound(id);
        if let Some(original) = posting.reverses {
            let reply = TransferInput::Inbound(InboundInput::PartialReversal(reply));
            return self.send_core_reply(Event::Transfer(original, reply));
        }
        let input = if is_inbound {
            TransferInput::Inbound(InboundInput::Posting(reply))
        } else {
            TransferInput::Outbound(OutboundInput::Posting(reply))
        };
        self.send_core_reply(Event::Transfer(id, input));
    }

    pub(crate) fn cancel(&mut self, id: TransferId) {
        let reply = self.core.cancel(id, &mut self.random, self.fault_rates);
        let is_inbound = self.is_inbound(id);
        let input = if is_inbound {
            TransferInput::Inbound(InboundInput::Cancel(reply))
        } else {
            TransferInput::Outbound(OutboundInput::Cancel(reply))
        };
        self.send_core_reply(Event::Transfer(id, input));
    }

    pub(crate) fn cancel_part(&mut self, part: PartCancel) {
        let reply = self.core.cancel(part.posting_id, &mut self.random, self.fault_rates);
        let input = TransferInput::Inbound(InboundInput::PartCancel(reply));
        self.send_core_reply(Event::Transfer(part.transfer_id, input));
    }

    pub(crate) fn send_core_reply(&mut self, event: Event) {
        if self.random.permille(self.fault_rates.core_replies_lost) {
            // Core has executed the command, and its reply is lost.
            let unknown = match event {
                Event::Transfer(id, TransferInput::Outbound(OutboundInput::Posting(_))) => {
                    Event::Transfer(
                        id,
                        TransferInput::Outbound(OutboundInput::Posting(PostingReply::Unknown)),
                    )
                }
                Event::Transfer(id, TransferInput::Outbound(OutboundInput::Cancel(_))) => {
                    Event::Transfer(
                        id,
                        TransferInput::Outbound(OutboundInput::Cancel(CancelReply::Unknown)),
                    )
                }
                other => {
                    drop(other);
                    return;
                }
            };
            self.schedule(5_000, SimEvent::FromCore(unknown));
            return;
        }
        let delay = self.random.between(1, 20);
        self.schedule(delay, SimEvent::FromCore(event));
    }

    pub(crate) fn is_inbound(&self, id: TransferId) -> bool {
        let first = self.journal.records(id).first();
        matches!(first.map(|record| &record.fact), Some(Fact::Inbound(_)))
    }

    /// Passes a request to the link. The link may delay it until its write deadline.
    pub(crate) fn send(&mut self, id: TransferId, bytes: Bytes, write_by: Moment) {
        let is_delayed = self.random.permille(self.fault_rates.link_delays);
        let delay = if is_delayed { self.random.between(1, 60_000) } else { 0 };
        self.schedule(delay, SimEvent::WriteRequest(id, bytes, write_by, self.adapter_run));
    }

    /// Withdraws requests that the link has not written.
    fn withdraw(&mut self, ids: &[TransferId]) {
        let run = self.adapter_run;
        let is_withdrawn = |event: &SimEvent| matches!(event, SimEvent::WriteRequest(id, _, _, of) if *of == run && ids.contains(id));
        let waiting = self.events.iter().filter(|(_, event)| is_withdrawn(event));
        let mut waiting: Vec<_> = waiting.map(|(sequence, _)| *sequence).collect();
        waiting.sort_unstable();
        for sequence in waiting {
            if let Some(SimEvent::WriteRequest(id, ..)) = self.events.remove(&sequence) {
                self.counts.act("request withdrawn");
                self.schedule(1, SimEvent::RequestSent(id, SendStatus::NotSent));
            }
        }
    }

    /// Writes a request, or reports that it was not sent. The link of an earlier run writes nothing.
    pub(crate) fn write(&mut self, id: TransferId, bytes: Bytes, write_by: Moment) {
        if !self.is_link_up || self.moment() >= write_by {
            self.schedule(1, SimEvent::RequestSent(id, SendStatus::NotSent));
            return;
        }
        // A request that the link reported lost may leave late; one that waits in the link may not.
        let engine = self.engine.as_ref().expect("a running adapter");
        let waits = matches!(engine.transfer(id), Some(Transfer::Outbound(transfer)) if transfer.is_ready_to_send());
        let work = NewWork::of_order(&self.order(id));
        let is_closed = waits && self.restrictions.closes(&work, self.moment());
        assert!(!is_closed, "{id}: its request is written after a closing");
        self.transmit_to_switch(bytes);
        self.schedule(1, SimEvent::RequestSent(id, SendStatus::Sent));
    }
}
