//! Decisions: a state and an input give facts and effects.
//!
//! Each state handles every input. An unexpected input is recorded and changes nothing.

use super::builder::DecisionBuilder;
use super::{
    CancelReason, Conflict, Dispatch, Evidence, ExceptionCause, OutboundFact as Fact,
    OutboundTransfer, RefundReason, RejectionReason, Reversal, SettledBy, UnknownCause,
};
use crate::mutation::{Mutant, is_mutant_active};
use crate::transfer::Context;
use crate::transfer::effect::{Alert, Decision, Effect, FundedRequest};
use crate::transfer::input::{
    CancelReply, OutboundInput, PostingReply, PriorPosting, ResolutionOutcome, SendStatus,
};
use crate::transfer::order::{Funding, Order};
use crate::transfer::receipt::DebitReceipt;
use crate::transfer::rules::{AfterUnknown, ResponseClass, ReversalClass};

impl OutboundTransfer {
    /// Accepts an order: requests the debit from core, or sends the request if the channel made the debit.
    pub fn accept(order: &Order, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        decision.facts.push(Fact::Accepted(order.clone()));
        let mut builder = DecisionBuilder { order, context, decision };
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
        let mut builder = DecisionBuilder { order: self.order(), context, decision };
        match self {
            Self::Accepted(_) | Self::Debited(..) => builder.record_unexpected(input),
            Self::Debiting { tries, .. } => builder.debiting(*tries, input),
            Self::CancellingDebit { reason, tries, .. } => {
                builder.cancelling_debit(*reason, *tries, input);
            }
            Self::ReadyToSend(dispatch) => builder.ready_to_send(dispatch, input),
            Self::Sent(_) => builder.sent(input),
            Self::OutcomeUnknown(dispatch, cause) => {
                builder.outcome_unknown(dispatch, *cause, input);
            }
            Self::Reversing(dispatch, reversal) => builder.reversing(dispatch, reversal, input),
            Self::Inquiring { dispatch, tries } => builder.inquiring(dispatch, *tries, input),
            Self::Exception(dispatch, ExceptionCause::Unreversed(reversal)) => {
                builder.exception_unreversed(dispatch, reversal, input);
            }
            Self::Exception(_, ExceptionCause::Undecided) => builder.exception_undecided(input),
            Self::Refunding { reason, tries, .. } => builder.refunding(*reason, *tries, input),
            Self::Settled { by, .. } => builder.settled(*by, input),
            Self::Refunded { .. } => builder.refunded(input),
            Self::ConflictingOutcome(_, conflict) => builder.conflicting_outcome(conflict, input),
            Self::PaidTwice(_) => builder.paid_twice(input),
            Self::Rejected { .. } => builder.rejected(input),
        }
    }
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
                self.cancel_debit(CancelReason::Refused(*refusal), 0);
            }
            OutboundInput::Posting(PostingReply::Barred) => self.reject(RejectionReason::Barred),
            OutboundInput::Posting(PostingReply::Conflict) => {
                self.raise_alert(Alert::CoreDiffers);
                self.cancel_debit(CancelReason::OutcomeUnknown, 0);
            }
            OutboundInput::Due if tries < self.context.rules.posting_tries => {
                self.request_debit(tries);
            }
            OutboundInput::Due if is_mutant_active(Mutant::RejectWithoutCancel) => {
                self.reject(RejectionReason::Barred);
            }
            OutboundInput::Due => self.cancel_debit(CancelReason::OutcomeUnknown, 0),
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

    fn cancelling_debit(&mut self, reason: CancelReason, tries: u16, input: &OutboundInput) {
        match input {
            OutboundInput::Cancel(CancelReply::Cancelled(prior)) => {
                self.reject(reason.rejection(*prior));
            }
            OutboundInput::Cancel(CancelReply::Refused) => self.core_refused_cancel(input),
            // Core was corrected by hand under dual control.
            OutboundInput::Resolve(resolution)
                if resolution.outcome == ResolutionOutcome::Refund =>
            {
                self.record(Fact::Resolved(resolution.clone()));
                self.reject(reason.rejection(PriorPosting::Cancelled));
            }
            OutboundInput::Due => self.cancel_debit(reason, tries),
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

    fn ready_to_send(&mut self, dispatch: &Dispatch, input: &OutboundInput) {
        match input {
            OutboundInput::Send(SendStatus::Sent) => {
                let due = self.context.now.after(self.context.rules.response_timeout);
                self.record(Fact::Sent { due });
            }
            OutboundInput::Send(SendStatus::NotSent) => self.refund(RefundReason::NotSent),
            OutboundInput::Restarted if is_mutant_active(Mutant::ResendAfterRestart) => {
                let Dispatch { trace, due, receipt, .. } = dispatch;
                let request = FundedRequest::new(self.order.id, *trace, *due, receipt);
                self.emit(Effect::SendRequest(request));
            }
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
            OutboundInput::Response(response)
                if !response.matches(self.order) && !is_mutant_active(Mutant::IgnoreMismatch) =>
            {
                self.record_mismatch(*response);
            }
            OutboundInput::Response(response) => match self.context.rules.classes.of(response.code)
            {
                ResponseClass::Unknown if is_mutant_active(Mutant::SettleOnUnknownCode) => {
                    self.settle(SettledBy::Response(response.code));
                }
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
        match input {
            OutboundInput::Response(response) => self.apply_response(response),
            OutboundInput::StatusResponse(response) => self.apply_status_response(response),
            OutboundInput::Settlement { settled } => self.apply_settlement_file(*settled),
            OutboundInput::Due => match &self.context.rules.after_unknown {
                AfterUnknown::Hold(rules) if tries < rules.tries => {
                    self.send_status_inquiry(dispatch, rules);
                }
                AfterUnknown::Hold(_) | AfterUnknown::Reverse(_) => self.raise_exception(),
            },
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
            OutboundInput::Resolve(resolution) => self.resolve(resolution),
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::StatusResponse(_)
            | OutboundInput::Settlement { .. } => self.record_unexpected(input),
        }
    }

    /// The network has no reversals: the switch, the settlement file or a manual resolution decides.
    fn exception_undecided(&mut self, input: &OutboundInput) {
        match input {
            OutboundInput::Response(response) => self.apply_response(response),
            OutboundInput::StatusResponse(response) => self.apply_status_response(response),
            OutboundInput::Settlement { settled } => self.apply_settlement_file(*settled),
            OutboundInput::Resolve(resolution) => self.resolve(resolution),
            OutboundInput::Send(_) | OutboundInput::Restarted => {}
            OutboundInput::Posting(_)
            | OutboundInput::Cancel(_)
            | OutboundInput::ReversalResponse(_)
            | OutboundInput::Due => {
                self.record_unexpected(input);
            }
        }
    }

    fn refunding(&mut self, reason: RefundReason, tries: u16, input: &OutboundInput) {
        match input {
            OutboundInput::Cancel(CancelReply::Cancelled(prior)) => {
                if *prior == PriorPosting::Absent {
                    self.raise_alert(Alert::CoreDiffers);
                }
                self.complete_refund(reason, Some(*prior));
            }
            OutboundInput::Cancel(CancelReply::Refused) => self.core_refused_cancel(input),
            // Core was corrected by hand under dual control.
            OutboundInput::Resolve(resolution)
                if resolution.outcome == ResolutionOutcome::Refund =>
            {
                self.record(Fact::Resolved(resolution.clone()));
                self.complete_refund(reason, None);
            }
            OutboundInput::Due => self.request_refund(reason, tries),
            OutboundInput::Response(response) => self.response_after_refund(*response),
            OutboundInput::StatusResponse(response) => self.status_response_after_refund(*response),
            OutboundInput::ReversalResponse(response) => {
                self.record(Fact::RepeatedResponse(*response));
            }
            OutboundInput::Settlement { settled: true } => {
                self.record_conflict(Evidence::SettlementFile);
            }
            OutboundInput::Settlement { settled: false }
            | OutboundInput::Cancel(CancelReply::Unknown)
            | OutboundInput::Send(_)
            | OutboundInput::Restarted => {}
            OutboundInput::Posting(_) | OutboundInput::Resolve(_) => self.record_unexpected(input),
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

    fn conflicting_outcome(&mut self, conflict: &Conflict, input: &OutboundInput) {
        match input {
            OutboundInput::Resolve(resolution) => match conflict {
                Conflict::RefundedButSettled => self.resolve_refunded(resolution),
                Conflict::SettledButReversed(_) => self.resolve(resolution),
            },
            OutboundInput::Response(response)
            | OutboundInput::ReversalResponse(response)
            | OutboundInput::StatusResponse(response) => {
                self.record(Fact::LateResponse(*response));
            }
            OutboundInput::Settlement { .. }
            | OutboundInput::Cancel(_)
            | OutboundInput::Send(_)
            | OutboundInput::Restarted => {}
            OutboundInput::Posting(_) | OutboundInput::Due => self.record_unexpected(input),
        }
    }

    /// Both outcomes are confirmed, so no input changes the state.
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
                self.raise_alert(Alert::CoreDiffers);
                self.record_unexpected(input);
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
