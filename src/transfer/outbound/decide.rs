//! Decisions: a state and an input give facts and effects.
//!
//! Each state handles every input. An unexpected input is recorded and changes nothing.

use std::sync::Arc;

use super::builder::DecisionBuilder;
use super::fact::{Evidence, OutboundFact as Fact};
use super::reasons::{CancelReason, RefundReason, RejectionReason, SettledBy, UnknownCause};
use super::{Dispatch, ExceptionCause, OutboundState as State, OutboundTransfer, Reversal};
use crate::transfer::context::Context;
use crate::transfer::core_reply::{CancelReply, PostingReply, PriorPosting};
use crate::transfer::effect::Decision;
use crate::transfer::input::{OutboundInput, SendStatus};
use crate::transfer::order::{Funding, Order};
use crate::transfer::receipt::DebitReceipt;
use crate::transfer::rules::{AfterUnknown, ResponseClass, ReversalClass};
use crate::transfer::state::PendingCancel;
use crate::values::Alert;

impl OutboundTransfer {
    /// Accepts an order: requests the debit from core, or sends the request if the channel made the debit.
    pub fn accept(order: &Arc<Order>, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        decision.facts.push(Fact::Accepted(Arc::clone(order)));
        let mut builder = DecisionBuilder { order, trace: None, context, decision };
        match &order.funding {
            Funding::Core => builder.request_debit(0),
            Funding::Caller(reference) => {
                builder.send_request(&DebitReceipt::caller(reference.clone()));
            }
        }
    }

    /// Adds the facts and effects of an input in this state to the decision.
    pub fn decide(
        &self,
        input: &OutboundInput,
        context: &mut Context<'_>,
        decision: &mut Decision<Fact>,
    ) {
        let (order, trace) = (&self.order, self.state.row().trace);
        let mut builder = DecisionBuilder { order, trace, context, decision };
        if let OutboundInput::Resolve(resolution) = input {
            return self.resolve(resolution, input, &mut builder);
        }
        match &self.state {
            State::Accepted | State::Debited(_) => builder.record_unexpected(input),
            State::Debiting { tries, .. } => builder.debiting(*tries, input),
            State::CancellingDebit { reason, cancel } => {
                builder.cancelling_debit(*reason, cancel, input);
            }
            State::ReadyToSend(_) => builder.ready_to_send(input),
            State::Sent(_) => builder.sent(input),
            State::OutcomeUnknown(dispatch, cause) => {
                builder.outcome_unknown(dispatch, *cause, input);
            }
            State::Reversing(dispatch, reversal) => builder.reversing(dispatch, reversal, input),
            State::Inquiring { dispatch, tries } => builder.inquiring(dispatch, *tries, input),
            State::Exception(dispatch, ExceptionCause::Unreversed(reversal)) => {
                builder.exception_unreversed(dispatch, reversal, input);
            }
            State::Exception(dispatch, ExceptionCause::Undecided { tries }) => {
                builder.exception_undecided(dispatch, *tries, input);
            }
            State::Refunding { reason, cancel, .. } => builder.refunding(*reason, cancel, input),
            State::Settled { by, .. } => builder.settled(*by, input),
            State::Refunded { prior: None, .. } if is_second_refund(input) => {
                builder.core_differs(input);
            }
            State::Refunded { .. } => builder.refunded(input),
            // Both outcomes are on record, so no further evidence changes the state.
            State::ConflictingOutcome(..) | State::PaidTwice(_) => builder.paid_twice(input),
            State::Rejected(_) => builder.rejected(input),
        }
    }
}

/// Whether core now returned a debit that was returned before without it.
const fn is_second_refund(input: &OutboundInput) -> bool {
    matches!(input, OutboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Posted)))
}

/// One function per state, in the order in which a transfer passes them.
impl DecisionBuilder<'_, '_> {
    fn debiting(&mut self, tries: u16, input: &OutboundInput) {
        match input {
            OutboundInput::Posting(PostingReply::Posted) => {
                self.send_request(&DebitReceipt::posted(self.context.now));
            }
            OutboundInput::Posting(PostingReply::Refused(refusal)) if tries == 1 => {
                self.reject(RejectionReason::Core(*refusal));
            }
            OutboundInput::Posting(PostingReply::Refused(refusal)) => {
                self.cancel_debit(CancelReason::Refused(*refusal), None);
            }
            OutboundInput::Posting(PostingReply::Barred) => self.reject(RejectionReason::Barred),
            OutboundInput::Posting(PostingReply::Conflict) => {
                self.raise_alert(Alert::CoreDiffers);
                self.cancel_debit(CancelReason::OutcomeUnknown, None);
            }
            OutboundInput::Due if tries < self.context.core.posting_tries => {
                self.request_debit(tries);
            }
            OutboundInput::Due => self.cancel_debit(CancelReason::OutcomeUnknown, None),
            // The deadline repeats the request. A restart brings the deadline forward.
            OutboundInput::Posting(PostingReply::Unknown) | OutboundInput::Restarted => {}
            OutboundInput::Cancel(_)
            | OutboundInput::Send(_)
            | OutboundInput::Response(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_) => self.record_unexpected(input),
        }
    }

    fn cancelling_debit(
        &mut self,
        reason: CancelReason,
        cancel: &PendingCancel,
        input: &OutboundInput,
    ) {
        match input {
            OutboundInput::Cancel(CancelReply::Cancelled(prior)) => {
                self.reject(reason.rejection(*prior));
            }
            OutboundInput::Cancel(CancelReply::Refused) => self.core_refused_cancel(cancel, input),
            OutboundInput::Due => self.cancel_debit(reason, Some(cancel)),
            // A late reply to the debit changes nothing: the reply to the cancel will say what core had.
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(CancelReply::Unknown)
            | OutboundInput::Restarted => {}
            OutboundInput::Send(_)
            | OutboundInput::Response(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_) => self.record_unexpected(input),
        }
    }

    fn ready_to_send(&mut self, input: &OutboundInput) {
        match input {
            OutboundInput::Send(SendStatus::Sent) => {
                let due = self.context.now.after(self.context.rules.response_timeout);
                self.record(Fact::Sent { due });
            }
            OutboundInput::Send(SendStatus::NotSent) => self.refund(RefundReason::NotSent),
            // A response may overtake the report that the request was written.
            OutboundInput::Send(SendStatus::Lost)
            | OutboundInput::Response(_)
            | OutboundInput::Due
            | OutboundInput::Restarted
            | OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_) => self.sent(input),
        }
    }

    fn sent(&mut self, input: &OutboundInput) {
        match input {
            OutboundInput::Response(response) if !response.matches(self.order) => {
                self.record_mismatch(*response);
            }
            OutboundInput::Response(response) => match self.context.rules.classes.of(response.code)
            {
                ResponseClass::Approved => self.settle(SettledBy::Response(response.code)),
                ResponseClass::Declined => self.refund(RefundReason::Declined(response.code)),
                ResponseClass::Unknown | ResponseClass::Retry => {
                    self.mark_unknown(UnknownCause::ResponseCode(response.code));
                }
            },
            OutboundInput::Due => self.mark_unknown(UnknownCause::Timeout),
            OutboundInput::Send(SendStatus::Lost) => {
                self.mark_unknown(UnknownCause::ConnectionLost);
            }
            OutboundInput::Restarted => self.mark_unknown(UnknownCause::Restart),
            OutboundInput::Send(SendStatus::Sent | SendStatus::NotSent)
            | OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_) => self.record_unexpected(input),
        }
    }

    /// The deadline starts the reversal or the status inquiry. Until then, a response of the switch is the outcome.
    fn outcome_unknown(&mut self, dispatch: &Dispatch, cause: UnknownCause, input: &OutboundInput) {
        match input {
            OutboundInput::Due => match &self.context.rules.after_unknown {
                AfterUnknown::Reverse(rules) => self.start_reversal(dispatch, cause, rules),
                AfterUnknown::Hold(rules) => self.send_status_inquiry(dispatch, rules),
            },
            OutboundInput::Response(response) => self.apply_response(response),
            OutboundInput::Settlement { settled } => self.apply_settlement_file(*settled),
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Resolve(_) => self.record_unexpected(input),
        }
    }

    fn reversing(&mut self, dispatch: &Dispatch, reversal: &Reversal, input: &OutboundInput) {
        let rules = self.context.rules.reversal();
        match input {
            OutboundInput::ReversalResponse(response) => {
                self.apply_reversal_response(response);
                let not_found =
                    matches!(self.decision.facts.last(), Some(Fact::ReversalNotFound(_)));
                if not_found && reversal.not_found.saturating_add(1) >= rules.not_found_limit {
                    self.raise_exception();
                }
            }
            OutboundInput::Due => {
                let overdue = self.context.now.since(reversal.since) >= rules.exception_after;
                if overdue {
                    self.raise_exception();
                }
                self.repeat_reversal(dispatch, reversal, rules, overdue);
            }
            OutboundInput::Response(response) => self.record_late(*response),
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_) => self.record_unexpected(input),
        }
    }

    fn inquiring(&mut self, dispatch: &Dispatch, tries: u16, input: &OutboundInput) {
        let rules = self.context.rules.status_inquiries();
        match input {
            OutboundInput::Response(response) => self.apply_response(response),
            OutboundInput::StatusResponse(response) => self.apply_status_response(response),
            OutboundInput::Settlement { settled } => self.apply_settlement_file(*settled),
            OutboundInput::Due if tries < rules.tries => self.send_status_inquiry(dispatch, rules),
            OutboundInput::Due => {
                self.raise_exception();
                self.repeat_status_inquiry(dispatch, 0, rules);
            }
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::Resolve(_) => {
                self.record_unexpected(input);
            }
        }
    }

    /// The transfer needs a manual resolution, and the reversal is still repeated.
    fn exception_unreversed(
        &mut self,
        dispatch: &Dispatch,
        reversal: &Reversal,
        input: &OutboundInput,
    ) {
        match input {
            OutboundInput::ReversalResponse(response) => self.apply_reversal_response(response),
            OutboundInput::Due => {
                self.repeat_reversal(dispatch, reversal, self.context.rules.reversal(), true);
            }
            OutboundInput::Response(response) => self.record_late(*response),
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_) => self.record_unexpected(input),
        }
    }

    /// The network has no reversals: the switch, the settlement file or a manual resolution decides. Status inquiries are still
    /// sent.
    fn exception_undecided(&mut self, dispatch: &Dispatch, tries: u16, input: &OutboundInput) {
        match input {
            OutboundInput::Response(response) => self.apply_response(response),
            OutboundInput::StatusResponse(response) => self.apply_status_response(response),
            OutboundInput::Settlement { settled } => self.apply_settlement_file(*settled),
            OutboundInput::Due => {
                self.repeat_status_inquiry(dispatch, tries, self.context.rules.status_inquiries());
            }
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::Resolve(_) => {
                self.record_unexpected(input);
            }
        }
    }

    fn refunding(&mut self, reason: RefundReason, cancel: &PendingCancel, input: &OutboundInput) {
        match input {
            OutboundInput::Cancel(CancelReply::Cancelled(prior)) => {
                if *prior == PriorPosting::Absent {
                    self.raise_alert(Alert::CoreDiffers);
                }
                self.complete_refund(reason, Some(*prior));
            }
            OutboundInput::Cancel(CancelReply::Refused) => self.core_refused_cancel(cancel, input),
            OutboundInput::Due => self.request_refund(reason, Some(cancel)),
            OutboundInput::Cancel(CancelReply::Unknown)
            | OutboundInput::Response(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Send(_)
            | OutboundInput::Restarted
            | OutboundInput::Posting(_)
            | OutboundInput::Resolve(_) => self.refunded(input),
        }
    }

    fn settled(&mut self, by: SettledBy, input: &OutboundInput) {
        match input {
            OutboundInput::Response(response)
            | OutboundInput::StatusResponse(response)
            | OutboundInput::ReversalResponse(response)
                if !response.matches(self.order) =>
            {
                self.record_mismatch(*response);
            }
            OutboundInput::Response(response) | OutboundInput::StatusResponse(response) => {
                if self.context.rules.classes.of(response.code) == ResponseClass::Declined {
                    self.raise_alert(Alert::ConflictingOutcome);
                    self.record(Fact::LateResponse(*response));
                } else if by == SettledBy::Response(response.code) {
                    self.record(Fact::RepeatedResponse(*response));
                } else {
                    self.record(Fact::LateResponse(*response));
                }
            }
            // A manual resolution settled it while the switch was reversing it.
            OutboundInput::ReversalResponse(response)
                if self.context.rules.reversal_classes.of(response.code) == ReversalClass::Done =>
            {
                self.record_conflict(Evidence::Response(*response));
            }
            OutboundInput::ReversalResponse(response) => self.record(Fact::LateResponse(*response)),
            OutboundInput::Settlement { settled: false } => {
                self.record_conflict(Evidence::SettlementFile);
            }
            OutboundInput::Send(_)
            | OutboundInput::Settlement { settled: true }
            | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::Resolve(_)
            | OutboundInput::Due => {
                self.record_unexpected(input);
            }
        }
    }

    fn refunded(&mut self, input: &OutboundInput) {
        match input {
            OutboundInput::Response(response) => self.response_after_refund(*response),
            OutboundInput::StatusResponse(response) => self.status_response_after_refund(*response),
            OutboundInput::ReversalResponse(response) => {
                self.record(Fact::RepeatedResponse(*response));
            }
            OutboundInput::Settlement { settled: true } => {
                self.record_conflict(Evidence::SettlementFile);
            }
            OutboundInput::Settlement { settled: false }
            | OutboundInput::Cancel(_)
            | OutboundInput::Send(_)
            | OutboundInput::Restarted => {}
            OutboundInput::Posting(_) | OutboundInput::Resolve(_) | OutboundInput::Due => {
                self.record_unexpected(input);
            }
        }
    }

    /// Both outcomes have evidence, so no further evidence changes the state.
    fn paid_twice(&mut self, input: &OutboundInput) {
        match input {
            OutboundInput::Response(response)
            | OutboundInput::ReversalResponse(response)
            | OutboundInput::StatusResponse(response) => {
                self.record(Fact::LateResponse(*response));
            }
            OutboundInput::Settlement { .. }
            | OutboundInput::Cancel(_)
            | OutboundInput::Send(_)
            | OutboundInput::Restarted => {}
            OutboundInput::Posting(_) | OutboundInput::Resolve(_) | OutboundInput::Due => {
                self.record_unexpected(input);
            }
        }
    }

    fn rejected(&mut self, input: &OutboundInput) {
        match input {
            OutboundInput::Posting(PostingReply::Posted) => {
                // Core reports a debit whose cancel it confirmed before.
                self.core_differs(input);
            }
            OutboundInput::Posting(_) | OutboundInput::Cancel(_) | OutboundInput::Restarted => {}
            OutboundInput::Send(_)
            | OutboundInput::Response(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. }
            | OutboundInput::Resolve(_)
            | OutboundInput::Due => self.record_unexpected(input),
        }
    }
}
