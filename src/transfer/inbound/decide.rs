//! Decisions: a state and an input give facts and effects. Each state handles every input.

use std::sync::Arc;

use super::builder::DecisionBuilder;
use super::reversal::{PartEnd, PartialReversal, ReversalMessage};
use super::{
    BarCause, InboundFact as Fact, InboundInput as Input, InboundMessage, InboundRequest,
    InboundState as State, InboundTransfer, ReversalCause,
};
use crate::transfer::context::Context;
use crate::transfer::core_reply::{CancelReply, PostingReply, PriorPosting, Refusal};
use crate::transfer::effect::{Decision, MessageKind};
use crate::transfer::receipt::PostingReceipt;
use crate::transfer::state::PendingCancel;
use crate::values::{Alert, Moment, ResponseCode};

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
            BarCause::Reversal { .. } => {
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
        if let Input::Resolve(resolution) = input {
            return self.resolve(resolution, input, &mut builder);
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
            State::Reversed { cause, prior: None } => builder.reversed_by_hand(*cause, input),
            State::Reversed { cause, .. } => builder.reversed(*cause, input),
            State::WrittenOff { cause } => builder.written_off(*cause, input),
            State::PartiallyReversing { code, part, pending } => {
                builder.partially_reversing(*code, part, pending, input);
            }
            State::CancellingPart { code, part, cancel, end } => {
                builder.cancelling_part((*code, part), *end, cancel, input);
            }
            State::PartiallyReversed { code, part } | State::PartWrittenOff { code, part } => {
                builder.partially_reversed(*code, part, input);
            }
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
            Self::Reversal(reversal) => Some((MessageKind::Reversal, &reversal.message)),
            Self::StatusInquiry(message) => Some((MessageKind::StatusInquiry, message)),
            Self::Posting(_)
            | Self::Cancel(_)
            | Self::PartialReversal(_)
            | Self::PartCancel(_)
            | Self::Resolve(_)
            | Self::Due
            | Self::Restarted => None,
        }
    }
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
            // How much stands is not known yet. The switch repeats its reversal.
            Input::Reversal(reversal) if reversal.actual.is_some() => {
                self.respond_to_reversal(reversal, self.context.rules.inbound.in_progress);
            }
            Input::Reversal(reversal) => {
                let key = reversal.key;
                self.request_reversal(ReversalCause::ReversedBeforeResponse { key }, None);
                self.respond_to_reversal(reversal, self.context.rules.inbound.approved);
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
            Input::Cancel(_)
            | Input::PartialReversal(_)
            | Input::PartCancel(_)
            | Input::Resolve(_) => {
                self.record_unexpected(input);
            }
        }
    }

    fn approved(&mut self, code: ResponseCode, input: &Input) {
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(message, code),
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            Input::Reversal(reversal) => self.reverse(reversal),
            Input::Posting(PostingReply::Posted | PostingReply::Unknown) | Input::Restarted => {}
            Input::Posting(
                PostingReply::Refused(_) | PostingReply::Conflict | PostingReply::Barred,
            ) => self.core_differs(input),
            Input::Cancel(_)
            | Input::PartialReversal(_)
            | Input::PartCancel(_)
            | Input::Resolve(_)
            | Input::Due => {
                self.record_unexpected(input);
            }
        }
    }

    /// Reverses an approved transfer, or a part of it.
    fn reverse(&mut self, reversal: &ReversalMessage) {
        match reversal.actual {
            None => {
                self.request_reversal(ReversalCause::Reversed { key: reversal.key }, None);
            }
            Some(actual) => match self.request.amount.checked_sub(actual) {
                Ok(returned) if returned.minor() > 0 => {
                    let posting_id = reversal.message.id;
                    let part = PartialReversal { posting_id, actual, returned };
                    self.request_partial_reversal(part, None);
                }
                Ok(_) | Err(_) => return self.record_other_amount(reversal),
            },
        }
        self.respond_to_reversal(reversal, self.context.rules.inbound.approved);
    }

    fn declined(&mut self, code: ResponseCode, input: &Input) {
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(message, code),
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            // A part of the amount cannot stay, because no posting stands.
            Input::Reversal(reversal) if reversal.actual.is_some() => {
                self.record_other_amount(reversal);
            }
            // No posting stands, so there is nothing to reverse.
            Input::Reversal(reversal) => {
                self.respond_to_reversal(reversal, self.context.rules.inbound.approved);
            }
            Input::Posting(PostingReply::Posted) => self.core_differs(input),
            Input::Posting(_) | Input::Restarted => {}
            Input::Cancel(_)
            | Input::PartialReversal(_)
            | Input::PartCancel(_)
            | Input::Resolve(_)
            | Input::Due => {
                self.record_unexpected(input);
            }
        }
    }

    fn reversing(&mut self, cause: ReversalCause, cancel: &PendingCancel, input: &Input) {
        match input {
            Input::Cancel(CancelReply::Cancelled(prior)) => {
                if *prior == PriorPosting::Absent && cause.is_after_approval() {
                    self.raise_alert(Alert::CoreDiffers);
                }
                self.record_reversed(Some(*prior));
            }
            Input::Cancel(CancelReply::Refused) => {
                self.record_unexpected(input);
                self.escalate(cancel);
            }
            Input::Due => self.request_reversal(cause, Some(cancel)),
            Input::RepeatedRequest(_) | Input::Reversal(_) | Input::StatusInquiry(_) => {
                self.reversed(cause, input);
            }
            // A late reply to the posting changes nothing: the reply to the cancel will say what core had.
            Input::Posting(_) | Input::Cancel(CancelReply::Unknown) | Input::Restarted => {}
            Input::PartialReversal(_) | Input::PartCancel(_) | Input::Resolve(_) => {
                self.record_unexpected(input);
            }
        }
    }

    fn reversed(&mut self, cause: ReversalCause, input: &Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(
                message,
                match cause {
                    ReversalCause::OutcomeUnknown { response_code }
                    | ReversalCause::Refused { response_code } => response_code,
                    ReversalCause::Reversed { .. }
                    | ReversalCause::ReversedBeforeResponse { .. } => codes.request_after_reversal,
                },
            ),
            // A part of the amount cannot stay, because no posting stands.
            Input::Reversal(reversal) if reversal.actual.is_some() => {
                self.record_other_amount(reversal);
            }
            Input::Reversal(reversal) => {
                let code = match cause {
                    ReversalCause::OutcomeUnknown { .. } | ReversalCause::Refused { .. } => {
                        codes.approved
                    }
                    ReversalCause::Reversed { key }
                    | ReversalCause::ReversedBeforeResponse { key } => {
                        let is_repeat = key == reversal.key;
                        if is_repeat { codes.approved } else { codes.already_reversed }
                    }
                };
                self.respond_to_reversal(reversal, code);
            }
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, codes.reversed);
            }
            Input::Cancel(_) | Input::Posting(_) | Input::Restarted => {}
            Input::PartialReversal(_) | Input::PartCancel(_) | Input::Resolve(_) | Input::Due => {
                self.record_unexpected(input);
            }
        }
    }

    /// The bank corrected core by hand, so a cancel that core carries out now takes the money a second time.
    fn reversed_by_hand(&mut self, cause: ReversalCause, input: &Input) {
        if *input == Input::Cancel(CancelReply::Cancelled(PriorPosting::Posted)) {
            self.core_differs(input);
        } else {
            self.reversed(cause, input);
        }
    }

    /// The switch has its reversal, so it gets the same responses as for a reversed transfer. If core confirms a cancel after all,
    /// there is no loss.
    fn written_off(&mut self, cause: ReversalCause, input: &Input) {
        if let Input::Cancel(CancelReply::Cancelled(prior)) = input {
            self.raise_alert(Alert::CoreDiffers);
            self.record_reversed(Some(*prior));
        } else {
            self.reversed(cause, input);
        }
    }

    fn partially_reversing(
        &mut self,
        code: ResponseCode,
        part: &PartialReversal,
        pending: &PendingCancel,
        input: &Input,
    ) {
        match input {
            Input::PartialReversal(PostingReply::Posted) => self.record_partially_reversed(),
            Input::PartialReversal(PostingReply::Refused(_)) => {
                self.record_unexpected(input);
                self.escalate(pending);
            }
            Input::PartialReversal(PostingReply::Conflict | PostingReply::Barred) => {
                self.core_differs(input);
                self.escalate(pending);
            }
            Input::Due => self.request_partial_reversal(*part, Some(pending)),
            Input::PartialReversal(PostingReply::Unknown)
            | Input::RepeatedRequest(_)
            | Input::Reversal(_)
            | Input::StatusInquiry(_)
            | Input::Posting(_)
            | Input::Cancel(_)
            | Input::PartCancel(_)
            | Input::Resolve(_)
            | Input::Restarted => self.partially_reversed(code, part, input),
        }
    }

    /// A manual resolution decided about the part, so the posting that returns it must not stand.
    fn cancelling_part(
        &mut self,
        (code, part): (ResponseCode, &PartialReversal),
        end: PartEnd,
        cancel: &PendingCancel,
        input: &Input,
    ) {
        match input {
            Input::PartCancel(CancelReply::Cancelled(_)) => self.end_part(end),
            Input::PartCancel(CancelReply::Refused) => {
                self.record_unexpected(input);
                self.escalate(cancel);
            }
            Input::Due => self.request_part_cancel(part, end, Some(cancel)),
            // A late reply to the posting changes nothing: the reply to the cancel will say what core had.
            Input::PartialReversal(_) | Input::PartCancel(CancelReply::Unknown) => {}
            Input::RepeatedRequest(_)
            | Input::Reversal(_)
            | Input::StatusInquiry(_)
            | Input::Posting(_)
            | Input::Cancel(_)
            | Input::Resolve(_)
            | Input::Restarted => self.partially_reversed(code, part, input),
        }
    }

    /// The request was approved, and the rest of its posting stands. So the switch gets the response to the request again.
    fn partially_reversed(&mut self, code: ResponseCode, part: &PartialReversal, input: &Input) {
        match input {
            Input::RepeatedRequest(message) => self.repeat_response(message, code),
            Input::StatusInquiry(message) => {
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            Input::Reversal(reversal) if reversal.actual == Some(part.actual) => {
                self.respond_to_reversal(reversal, self.context.rules.inbound.approved);
            }
            Input::Reversal(reversal) => self.record_other_amount(reversal),
            Input::Posting(PostingReply::Posted | PostingReply::Unknown)
            | Input::PartialReversal(PostingReply::Posted | PostingReply::Unknown)
            | Input::PartCancel(_)
            | Input::Restarted => {}
            Input::Posting(
                PostingReply::Refused(_) | PostingReply::Conflict | PostingReply::Barred,
            )
            | Input::PartialReversal(
                PostingReply::Refused(_) | PostingReply::Conflict | PostingReply::Barred,
            ) => self.core_differs(input),
            Input::Cancel(_) | Input::Resolve(_) | Input::Due => self.record_unexpected(input),
        }
    }

    fn barred(&mut self, cause: BarCause, input: &Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::RepeatedRequest(message) => {
                self.repeat_response(message, codes.request_after_reversal);
            }
            // Nothing of a barred request stands, and the reversal says that a part does.
            Input::Reversal(reversal) if reversal.actual.is_some() => {
                self.record_other_amount(reversal);
            }
            Input::Reversal(reversal) => {
                let code = match cause {
                    BarCause::Reversal { key } if key == reversal.key => {
                        codes.reversal_without_original
                    }
                    BarCause::Reversal { .. } | BarCause::StatusInquiry => codes.already_reversed,
                };
                self.respond_to_reversal(reversal, code);
            }
            Input::StatusInquiry(message) => {
                let code = match cause {
                    BarCause::Reversal { .. } => codes.reversed,
                    BarCause::StatusInquiry => codes.not_found,
                };
                self.respond(MessageKind::StatusInquiry, message.id, code);
            }
            Input::Restarted => {}
            Input::Posting(_)
            | Input::Cancel(_)
            | Input::PartialReversal(_)
            | Input::PartCancel(_)
            | Input::Resolve(_)
            | Input::Due => self.record_unexpected(input),
        }
    }
}
