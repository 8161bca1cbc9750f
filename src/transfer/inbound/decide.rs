//! Decisions: a state and an input give facts and effects. Each state handles every input.

use std::sync::Arc;

use super::{
    BarCause, InboundFact as Fact, InboundInput as Input, InboundMessage, InboundRequest,
    InboundState as State, InboundTransfer, ReversalCause,
};
use crate::transfer::context::Context;
use crate::transfer::core_reply::{CancelReply, PostingReply, PriorPosting, Refusal};
use crate::transfer::effect::{Alert, Decision, Effect, InboundResponse, MessageKind, Posting};
use crate::transfer::input::DualControl;
use crate::transfer::receipt::PostingReceipt;
use crate::transfer::state::PendingCancel;
use crate::transfer::status::InboundStatus;
use crate::values::{Moment, ResponseCode, TransferId};

impl InboundTransfer {
    /// Receives a request: records it and requests the posting from core.
    pub fn receive(
        request: &Arc<InboundRequest>,
        context: &mut Context<'_>,
        decision: &mut Decision<Fact>,
    ) {
        decision.facts.push(Fact::Received { request: Arc::clone(request) });
        let respond_by = context.now.after(context.rules.inbound.respond_within);
        DecisionBuilder { request, context, decision }.request_posting(0, respond_by);
    }

    /// Receives a request and declines it: no posting is requested from core. The decline is on record, so repeats get it too.
    pub fn refuse(
        request: &Arc<InboundRequest>,
        refusal: Refusal,
        context: &mut Context<'_>,
        decision: &mut Decision<Fact>,
    ) {
        decision.facts.push(Fact::Received { request: Arc::clone(request) });
        DecisionBuilder { request, context, decision }.decline(refusal);
    }

    /// Receives a reversal or a status inquiry whose original has not arrived. The record of it bars the original.
    pub fn bar(
        request: &Arc<InboundRequest>,
        cause: BarCause,
        context: &mut Context<'_>,
        decision: &mut Decision<Fact>,
    ) {
        decision.facts.push(Fact::Barred { request: Arc::clone(request), cause });
        let mut builder = DecisionBuilder { request, context, decision };
        let (kind, code) = match cause {
            BarCause::Reversal => {
                (MessageKind::Reversal, builder.context.rules.inbound.reversal_without_original)
            }
            BarCause::StatusInquiry => {
                (MessageKind::StatusInquiry, builder.context.rules.inbound.not_found)
            }
        };
        builder.respond(kind, request.id, code);
    }

    /// Adds the facts and effects of an input in this state to the decision.
    pub fn decide(&self, input: &Input, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        let mut builder = DecisionBuilder { request: &self.request, context, decision };
        if let Some((kind, message)) = input.message()
            && !self.is_matched_by(message)
        {
            return builder.record_mismatch(kind, message);
        }
        match &self.state {
            State::Received | State::Posted(_) | State::PostingRefused(_) => {
                builder.record_unexpected(input);
            }
            State::Posting { tries, respond_by, .. } => {
                builder.posting(*tries, *respond_by, input);
            }
            State::Approved { code, .. } => builder.approved(*code, input),
            State::Declined(code) => builder.declined(*code, input),
            State::Reversing { cause, cancel } => builder.reversing(*cause, cancel, input),
            State::Reversed { cause, .. } => builder.reversed(*cause, input),
            State::Barred(cause) => builder.barred(*cause, input),
        }
    }

    /// Whether a message with the trace numbers of this transfer is about it. Other banks reuse their trace numbers, so
    /// amount and account must be equal too. A barred request has not arrived, so any message matches it.
    fn is_matched_by(&self, message: &InboundMessage) -> bool {
        let InboundRequest { amount, account, .. } = &*self.request;
        matches!(self.state, State::Barred(_))
            || (message.amount, message.account) == (*amount, *account)
    }
}

impl Input {
    /// Returns the kind and the content of a message of the switch, or `None` for another input.
    const fn message(&self) -> Option<(MessageKind, &InboundMessage)> {
        match self {
            Self::RepeatedRequest(message) => Some((MessageKind::Request, message)),
            Self::Reversal(message) => Some((MessageKind::Reversal, message)),
            Self::StatusInquiry(message) => Some((MessageKind::StatusInquiry, message)),
            Self::Posting(_) | Self::Cancel(_) | Self::Resolve(_) | Self::Due | Self::Restarted => {
                None
            }
        }
    }
}

/// Collects the facts and effects of one decision about a transfer.
struct DecisionBuilder<'d, 'c> {
    request: &'d Arc<InboundRequest>,
    context: &'d mut Context<'c>,
    decision: &'d mut Decision<Fact>,
}

/// One function per state, in the order in which a transfer passes them.
impl DecisionBuilder<'_, '_> {
    fn posting(&mut self, tries: u16, respond_by: Moment, input: &Input) {
        let is_too_late = self.context.now >= respond_by;
        match input {
            Input::Posting(PostingReply::Posted) if !is_too_late => {
                self.record(Fact::Posted(PostingReceipt::posted(self.context.now)));
                self.respond_to_request(self.context.rules.inbound.approved);
            }
            Input::Posting(PostingReply::Refused(refusal)) if tries == 1 => self.decline(*refusal),
            Input::Posting(PostingReply::Refused(refusal)) => {
                let response_code = self.context.rules.inbound.refusal_code(*refusal);
                self.request_reversal(ReversalCause::Refused { response_code }, None);
                self.respond_to_request(response_code);
            }
            Input::Posting(PostingReply::Barred) => self.decline(Refusal::Other),
            Input::Posting(PostingReply::Conflict) => {
                self.raise_alert(Alert::CoreDiffers);
                self.reverse_unknown_posting();
            }
            Input::Due if !is_too_late => self.request_posting(tries, respond_by),
            Input::Posting(PostingReply::Posted) | Input::Due => self.reverse_unknown_posting(),
            Input::Reversal(message) => {
                self.request_reversal(ReversalCause::ReversedBeforeResponse, None);
                self.respond(
                    MessageKind::Reversal,
                    message.id,
                    self.context.rules.inbound.approved,
                );
            }
            // The response follows when core has replied.
            Input::RepeatedRequest(_) => self.record(Fact::RequestRepeated),
            Input::StatusInquiry(message) => {
                self.respond(
                    MessageKind::StatusInquiry,
                    message.id,
                    self.context.rules.inbound.in_progress,
                );
            }
            Input::Posting(PostingReply::Unknown) | Input::Restarted => {}
            Input::Cancel(_) | Input::Resolve(_) => self.record_unexpected(input),
        }
    }

    fn approved(&mut self, code: ResponseCode, input: &Input) {
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(message, code),
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            Input::Reversal(message) => {
                self.request_reversal(ReversalCause::Reversed { response_code: code }, None);
                self.respond(
                    MessageKind::Reversal,
                    message.id,
                    self.context.rules.inbound.approved,
                );
            }
            Input::Posting(PostingReply::Posted | PostingReply::Unknown) | Input::Restarted => {}
            Input::Posting(
                PostingReply::Refused(_) | PostingReply::Conflict | PostingReply::Barred,
            ) => self.core_differs(input),
            Input::Cancel(_) | Input::Resolve(_) | Input::Due => self.record_unexpected(input),
        }
    }

    fn declined(&mut self, code: ResponseCode, input: &Input) {
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(message, code),
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            // No posting stands, so there is nothing to reverse.
            Input::Reversal(message) => {
                self.respond(
                    MessageKind::Reversal,
                    message.id,
                    self.context.rules.inbound.approved,
                );
            }
            Input::Posting(PostingReply::Posted) => self.core_differs(input),
            Input::Posting(_) | Input::Restarted => {}
            Input::Cancel(_) | Input::Resolve(_) | Input::Due => self.record_unexpected(input),
        }
    }

    fn reversing(&mut self, cause: ReversalCause, cancel: &PendingCancel, input: &Input) {
        match input {
            Input::Cancel(CancelReply::Cancelled(prior)) => {
                if *prior == PriorPosting::Absent && cause.is_after_approval() {
                    self.raise_alert(Alert::CoreDiffers);
                }
                self.record_reversed(*prior);
            }
            Input::Cancel(CancelReply::Refused) => {
                self.record_unexpected(input);
                self.escalate(cancel);
            }
            Input::Resolve(approved_by) => self.confirm_resolved(approved_by),
            Input::Due => self.request_reversal(cause, Some(cancel)),
            Input::RepeatedRequest(_) | Input::Reversal(_) | Input::StatusInquiry(_) => {
                self.reversed(cause, input);
            }
            // A late reply to the posting changes nothing: the reply to the cancel will say what core had.
            Input::Posting(_) | Input::Cancel(CancelReply::Unknown) | Input::Restarted => {}
        }
    }

    fn reversed(&mut self, cause: ReversalCause, input: &Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(
                message,
                match cause {
                    ReversalCause::OutcomeUnknown { response_code }
                    | ReversalCause::Refused { response_code }
                    | ReversalCause::Reversed { response_code } => response_code,
                    ReversalCause::ReversedBeforeResponse => codes.request_after_reversal,
                },
            ),
            Input::Reversal(message) => self.respond(
                MessageKind::Reversal,
                message.id,
                match cause {
                    ReversalCause::OutcomeUnknown { .. } | ReversalCause::Refused { .. } => {
                        codes.approved
                    }
                    ReversalCause::Reversed { .. } | ReversalCause::ReversedBeforeResponse => {
                        codes.already_reversed
                    }
                },
            ),
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, codes.reversed);
            }
            Input::Cancel(_) | Input::Posting(_) | Input::Restarted => {}
            Input::Resolve(_) | Input::Due => self.record_unexpected(input),
        }
    }

    fn barred(&mut self, cause: BarCause, input: &Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::RepeatedRequest(message) => {
                self.repeat_response(message, codes.request_after_reversal);
            }
            Input::Reversal(message) => {
                self.respond(MessageKind::Reversal, message.id, codes.already_reversed);
            }
            Input::StatusInquiry(message) => {
                let code = match cause {
                    BarCause::Reversal => codes.reversed,
                    BarCause::StatusInquiry => codes.not_found,
                };
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::Resolve(_) | Input::Due => {
                self.record_unexpected(input);
            }
        }
    }
}

/// The steps that states share.
impl DecisionBuilder<'_, '_> {
    /// Requests the posting from core. It is repeated until it is too late to respond to the switch.
    fn request_posting(&mut self, tries: u16, respond_by: Moment) {
        let due = self.context.posting_due(tries).min(respond_by);
        self.record(Fact::PostingRequested { due, respond_by });
        let InboundRequest { id, side, account, amount, counterparty, .. } = **self.request;
        let posting = Posting { id, side, account, amount, counterparty, reverses: None };
        self.emit(Effect::RequestPosting(posting));
    }

    fn decline(&mut self, refusal: Refusal) {
        self.record(Fact::PostingRefused(refusal));
        self.respond_to_request(self.context.rules.inbound.refusal_code(refusal));
    }

    /// Core gave no certain reply in time: reverses the posting and responds "outcome unknown".
    fn reverse_unknown_posting(&mut self) {
        let response_code = self.context.rules.inbound.outcome_unknown;
        self.request_reversal(ReversalCause::OutcomeUnknown { response_code }, None);
        self.respond_to_request(response_code);
    }

    /// Requests the cancel from core, for the first time or after `earlier` requests. If core does not confirm it for too long, the
    /// transfer becomes an exception.
    fn request_reversal(&mut self, cause: ReversalCause, earlier: Option<&PendingCancel>) {
        let due = self.context.cancel_due(earlier.map_or(0, |cancel| cancel.tries));
        self.record(Fact::ReversalRequested { cause, due });
        self.emit(Effect::CancelPosting(self.request.id));
        if let Some(cancel) = earlier.filter(|cancel| self.context.is_overdue(cancel)) {
            self.escalate(cancel);
        }
    }

    /// The transfer becomes an exception, if it is none yet. Raises an alert.
    fn escalate(&mut self, cancel: &PendingCancel) {
        if !cancel.is_exception {
            self.record(Fact::ExceptionRaised);
        }
        self.raise_alert(Alert::Exception);
    }

    fn record_reversed(&mut self, prior: PriorPosting) {
        self.record(Fact::Reversed(prior));
        self.count(InboundStatus::Reversed);
    }

    fn confirm_resolved(&mut self, approved_by: &DualControl) {
        self.record(Fact::Resolved(approved_by.clone()));
        self.record_reversed(PriorPosting::Cancelled);
    }

    /// Records the response to the request and sends it.
    fn respond_to_request(&mut self, code: ResponseCode) {
        self.respond(MessageKind::Request, self.request.id, code);
        let is_approved = code == self.context.rules.inbound.approved;
        self.count(if is_approved { InboundStatus::Settled } else { InboundStatus::Rejected });
    }

    fn count(&mut self, status: InboundStatus) {
        self.emit(Effect::CountInbound(self.request.id, self.request.kind, status));
    }

    /// Repeats the response of a request that arrives again.
    fn repeat_response(&mut self, message: &InboundMessage, code: ResponseCode) {
        self.record(Fact::RequestRepeated);
        self.send_response(MessageKind::Request, message.id, code);
    }

    /// Records the response to a message of the switch and sends it.
    fn respond(&mut self, kind: MessageKind, message_id: TransferId, code: ResponseCode) {
        self.record(match kind {
            MessageKind::Request => Fact::Responded(code),
            MessageKind::Reversal => Fact::ReversalResponded(code),
            MessageKind::StatusInquiry => Fact::StatusResponded(code),
        });
        self.send_response(kind, message_id, code);
    }

    fn send_response(&mut self, kind: MessageKind, message_id: TransferId, code: ResponseCode) {
        self.emit(Effect::Respond(InboundResponse {
            id: self.request.id,
            message_id,
            message: kind,
            code,
        }));
    }

    /// Handles a message that has this transfer's trace numbers but another amount or account.
    fn record_mismatch(&mut self, kind: MessageKind, message: &InboundMessage) {
        self.record(Fact::Mismatched(*message));
        self.raise_alert(Alert::Mismatch);
        self.send_response(kind, message.id, self.context.rules.inbound.mismatched);
    }

    /// Core replies the opposite of its earlier reply: raises an alert.
    fn core_differs(&mut self, input: &Input) {
        self.raise_alert(Alert::CoreDiffers);
        self.record_unexpected(input);
    }

    fn record_unexpected(&mut self, input: &Input) {
        self.record(Fact::UnexpectedInput(input.clone()));
    }

    fn raise_alert(&mut self, alert: Alert) {
        self.emit(Effect::Alert(self.request.id, alert));
    }

    fn record(&mut self, fact: Fact) {
        self.decision.facts.push(fact);
    }

    fn emit(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}
