//! The steps of a decision that states share: which facts and effects belong together.

use std::sync::Arc;

use super::reversal::{PartEnd, PartialReversal, ReversalMessage};
use super::{
    InboundFact as Fact, InboundInput as Input, InboundMessage, InboundRequest, ReversalCause,
};
use crate::transfer::context::Context;
use crate::transfer::core_reply::{PriorPosting, Refusal};
use crate::transfer::effect::{
    Decision, Effect, InboundResponse, MessageKind, PartCancel, Posting,
};
use crate::transfer::state::PendingCancel;
use crate::transfer::status::InboundStatus;
use crate::values::{Alert, Moment, ResponseCode, TransferId};

/// Collects the facts and effects of one decision about a transfer.
pub(super) struct DecisionBuilder<'d, 'c> {
    pub(super) request: &'d Arc<InboundRequest>,
    pub(super) context: &'d mut Context<'c>,
    pub(super) decision: &'d mut Decision<Fact>,
}

/// The steps that states share.
impl DecisionBuilder<'_, '_> {
    /// Requests the posting from core. It is repeated until it is too late to respond to the switch.
    pub(super) fn request_posting(&mut self, tries: u16, respond_by: Moment) {
        let due = self.context.posting_due(tries).min(respond_by);
        self.record(Fact::PostingRequested { due, respond_by });
        let InboundRequest { id, side, account, amount, counterparty, .. } = **self.request;
        let posting = Posting { id, side, account, amount, counterparty, reverses: None };
        self.emit(Effect::RequestPosting(posting));
    }

    pub(super) fn decline(&mut self, refusal: Refusal) {
        self.record(Fact::PostingRefused(refusal));
        self.respond_to_request(self.context.rules.inbound.refusal_code(refusal));
    }

    /// Core gave no certain reply in time: reverses the posting and responds "outcome unknown".
    pub(super) fn reverse_unknown_posting(&mut self) {
        let response_code = self.context.rules.inbound.outcome_unknown;
        self.request_reversal(ReversalCause::OutcomeUnknown { response_code }, None);
        self.respond_to_request(response_code);
    }

    /// Requests the cancel from core, for the first time or after `earlier` requests. If core does not confirm it for too long, the
    /// transfer becomes an exception.
    pub(super) fn request_reversal(
        &mut self,
        cause: ReversalCause,
        earlier: Option<&PendingCancel>,
    ) {
        let due = self.context.cancel_due(earlier.map_or(0, |cancel| cancel.tries));
        self.record(Fact::ReversalRequested { cause, due });
        self.emit(Effect::CancelPosting(self.request.id));
        if let Some(cancel) = earlier.filter(|cancel| self.context.is_overdue(cancel)) {
            self.escalate(cancel);
        }
    }

    /// Requests the posting that returns a part of the amount, for the first time or after `earlier` requests. If core does not
    /// confirm it for too long, the transfer becomes an exception.
    pub(super) fn request_partial_reversal(
        &mut self,
        part: PartialReversal,
        earlier: Option<&PendingCancel>,
    ) {
        let due = self.context.cancel_due(earlier.map_or(0, |pending| pending.tries));
        self.record(Fact::PartialReversalRequested { part, due });
        let InboundRequest { id, side, account, counterparty, .. } = **self.request;
        self.emit(Effect::RequestPosting(Posting {
            id: part.posting_id,
            side: side.opposite(),
            account,
            amount: part.returned,
            counterparty,
            reverses: Some(id),
        }));
        if let Some(pending) = earlier.filter(|pending| self.context.is_overdue(pending)) {
            self.escalate(pending);
        }
    }

    /// The transfer becomes an exception, if it is none yet. Raises an alert.
    pub(super) fn escalate(&mut self, cancel: &PendingCancel) {
        if !cancel.is_exception {
            self.record(Fact::ExceptionRaised);
        }
        self.raise_alert(Alert::Exception);
    }

    /// Requests the cancel of the posting that returns a part of the amount, for the first time or after `earlier` requests. If
    /// core does not confirm it for too long, the transfer becomes an exception.
    pub(super) fn request_part_cancel(
        &mut self,
        part: &PartialReversal,
        end: PartEnd,
        earlier: Option<&PendingCancel>,
    ) {
        let due = self.context.cancel_due(earlier.map_or(0, |cancel| cancel.tries));
        self.record(Fact::PartCancelRequested { end, due });
        let (posting_id, transfer_id) = (part.posting_id, self.request.id);
        self.emit(Effect::CancelPart(PartCancel { posting_id, transfer_id }));
        if let Some(cancel) = earlier.filter(|cancel| self.context.is_overdue(cancel)) {
            self.escalate(cancel);
        }
    }

    /// No posting stands. `prior` is what core had cancelled; `None` if the bank corrected core by hand.
    pub(super) fn record_reversed(&mut self, prior: Option<PriorPosting>) {
        self.record(Fact::Reversed(prior));
        self.count(InboundStatus::Reversed);
    }

    pub(super) fn record_partially_reversed(&mut self) {
        self.record(Fact::PartiallyReversed);
        self.count(InboundStatus::PartiallyReversed);
    }

    /// The posting that returns the part cannot stand any more: carries out what was decided about the part.
    pub(super) fn end_part(&mut self, end: PartEnd) {
        match end {
            PartEnd::ReturnedByHand => self.record_partially_reversed(),
            PartEnd::WrittenOff => self.record(Fact::WrittenOff),
        }
    }

    /// Records the response to the request and sends it.
    pub(super) fn respond_to_request(&mut self, code: ResponseCode) {
        self.respond(MessageKind::Request, self.request.id, code);
        let is_approved = code == self.context.rules.inbound.approved;
        self.count(if is_approved { InboundStatus::Settled } else { InboundStatus::Rejected });
    }

    pub(super) fn count(&mut self, status: InboundStatus) {
        self.emit(Effect::CountInbound(self.request.id, self.request.kind, status));
    }

    /// Records the response to a reversal and sends it.
    pub(super) fn respond_to_reversal(&mut self, reversal: &ReversalMessage, code: ResponseCode) {
        self.respond(MessageKind::Reversal, reversal.message.id, code);
    }

    /// Repeats the response of a request that arrives again.
    pub(super) fn repeat_response(&mut self, message: &InboundMessage, code: ResponseCode) {
        self.record(Fact::RequestRepeated);
        self.send_response(MessageKind::Request, message.id, code);
    }

    /// Records the response to a message of the switch and sends it.
    pub(super) fn respond(
        &mut self,
        kind: MessageKind,
        message_id: TransferId,
        code: ResponseCode,
    ) {
        self.record(match kind {
            MessageKind::Request => Fact::Responded(code),
            MessageKind::Reversal => Fact::ReversalResponded(code),
            MessageKind::StatusInquiry => Fact::StatusResponded(code),
        });
        self.send_response(kind, message_id, code);
    }

    pub(super) fn send_response(
        &mut self,
        kind: MessageKind,
        message_id: TransferId,
        code: ResponseCode,
    ) {
        self.emit(Effect::Respond(InboundResponse {
            id: self.request.id,
            message_id,
            message: kind,
            code,
        }));
    }

    /// Handles a message that has this transfer's trace numbers but another amount or account.
    pub(super) fn record_mismatch(&mut self, kind: MessageKind, message: &InboundMessage) {
        self.record(Fact::Mismatched(*message));
        self.raise_alert(Alert::Mismatch);
        self.send_response(kind, message.id, self.context.rules.inbound.mismatched);
    }

    /// Handles a reversal that takes back another amount than what this transfer has, or another part than the reversal
    /// before: nothing moves.
    pub(super) fn record_other_amount(&mut self, reversal: &ReversalMessage) {
        self.record_unexpected(&Input::Reversal(*reversal));
        self.raise_alert(Alert::Mismatch);
        let code = self.context.rules.inbound.mismatched;
        self.send_response(MessageKind::Reversal, reversal.message.id, code);
    }

    /// Core replies the opposite of its earlier reply: raises an alert.
    pub(super) fn core_differs(&mut self, input: &Input) {
        self.raise_alert(Alert::CoreDiffers);
        self.record_unexpected(input);
    }

    pub(super) fn record_unexpected(&mut self, input: &Input) {
        self.record(Fact::UnexpectedInput(input.clone()));
    }

    pub(super) fn raise_alert(&mut self, alert: Alert) {
        self.emit(Effect::Alert(self.request.id, alert));
    }

    pub(super) fn record(&mut self, fact: Fact) {
        self.decision.facts.push(fact);
    }

    pub(super) fn emit(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}
