//! The steps of a decision: which facts and effects belong together.

use std::sync::Arc;

use super::fact::{Evidence, OutboundFact as Fact};
use super::properties::FailureCause;
use super::reasons::{CancelReason, RefundReason, RejectionReason, SettledBy, UnknownCause};
use super::{Dispatch, Reversal};
use crate::transfer::context::Context;
use crate::transfer::core_reply::PriorPosting;
use crate::transfer::effect::{
    Decision, Effect, FundedRequest, OutgoingReversal, OutgoingStatusInquiry, Posting, Side,
};
use crate::transfer::input::OutboundInput;
use crate::transfer::order::{Funding, Order, SwitchResponse, TraceNumbers};
use crate::transfer::receipt::DebitReceipt;
use crate::transfer::rules::{
    AfterUnknown, InquiryRules, ResponseClass, ReversalClass, ReversalRules,
};
use crate::transfer::state::PendingCancel;
use crate::transfer::status::{StatusReport, TransferStatus};
use crate::values::{Alert, Moment};

/// Collects the facts and effects of one decision about a transfer.
pub(super) struct DecisionBuilder<'d, 'c> {
    pub(super) order: &'d Arc<Order>,
    /// The trace numbers of the request, once it has any.
    pub(super) trace: Option<TraceNumbers>,
    pub(super) context: &'d mut Context<'c>,
    pub(super) decision: &'d mut Decision<Fact>,
}

impl DecisionBuilder<'_, '_> {
    pub(super) fn request_debit(&mut self, tries: u16) {
        let due = self.context.posting_due(tries);
        self.record(Fact::DebitRequested { due });
        let Order { id, from: account, amount, counterparty, .. } = **self.order;
        let reverses = None;
        let posting = Posting { id, side: Side::Debit, account, amount, counterparty, reverses };
        self.emit(Effect::RequestPosting(posting));
    }

    /// Requests the cancel of the debit from core, for the first time or after `earlier` requests.
    pub(super) fn cancel_debit(&mut self, reason: CancelReason, earlier: Option<&PendingCancel>) {
        let due = self.cancel_due(earlier);
        self.record(Fact::DebitCancelRequested { reason, due });
        self.emit_cancel(earlier);
    }

    fn cancel_due(&mut self, earlier: Option<&PendingCancel>) -> Moment {
        self.context.cancel_due(earlier.map_or(0, |cancel| cancel.tries))
    }

    /// Requests the cancel from core. If core does not confirm it for too long, the transfer becomes an exception.
    fn emit_cancel(&mut self, earlier: Option<&PendingCancel>) {
        self.emit(Effect::CancelPosting(self.order.id));
        if let Some(cancel) = earlier.filter(|cancel| self.context.is_overdue(cancel)) {
            self.escalate(cancel);
        }
    }

    /// Core refused the cancel: the transfer becomes an exception. The cancel is still repeated.
    pub(super) fn core_refused_cancel(&mut self, cancel: &PendingCancel, input: &OutboundInput) {
        self.record_unexpected(input);
        self.escalate(cancel);
    }

    /// The transfer becomes an exception, if it is none yet. Raises an alert.
    fn escalate(&mut self, cancel: &PendingCancel) {
        if !cancel.is_exception {
            self.record(Fact::ExceptionRaised);
        }
        self.raise_alert(Alert::Exception);
    }

    pub(super) fn reject(&mut self, reason: RejectionReason) {
        self.record(Fact::Rejected(reason));
        self.notify_failure(TransferStatus::Rejected, FailureCause::Rejected(reason));
    }

    /// The debit stands: prepares the request with new trace numbers. It is sent when the facts are durable.
    pub(super) fn send_request(&mut self, receipt: &DebitReceipt) {
        let now = self.context.now;
        let trace = self.context.numbers.trace(now);
        self.record(Fact::Debited(receipt.clone()));
        let timeout = self.context.rules.response_timeout;
        self.record(Fact::RequestReady { trace, due: now.after(timeout) });
        // A request that finds no connection until then is certainly not sent, and is refunded. A later request could
        // hardly get its response in time.
        let write_by = now.after(timeout / 2);
        let order = Arc::clone(self.order);
        self.emit(Effect::SendRequest(FundedRequest::new(order, trace, write_by, receipt)));
    }

    pub(super) fn settle(&mut self, by: SettledBy) {
        self.record(Fact::Settled(by));
        self.notify_channel(TransferStatus::Settled);
    }

    /// The outcome is unknown: the reversal or the status inquiry follows when the schedule allows it.
    pub(super) fn mark_unknown(&mut self, cause: UnknownCause) {
        self.record(Fact::OutcomeUnknown { cause, due: self.context.now });
        self.notify_channel(TransferStatus::Pending);
    }

    pub(super) fn start_reversal(
        &mut self,
        dispatch: &Dispatch,
        cause: UnknownCause,
        rules: &ReversalRules,
    ) {
        let now = self.context.now;
        let trace = if rules.same_trace { dispatch.trace } else { self.context.numbers.trace(now) };
        let due = rules.repeats.next(now, 1, self.context.numbers.draw());
        self.record(Fact::ReversalReady { trace });
        self.record(Fact::ReversalSent { due });
        self.send_reversal(dispatch.trace, trace, cause, false);
    }

    pub(super) fn repeat_reversal(
        &mut self,
        dispatch: &Dispatch,
        reversal: &Reversal,
        rules: &ReversalRules,
        is_overdue: bool,
    ) {
        let now = self.context.now;
        let due = if is_overdue {
            now.after(rules.exception_interval)
        } else {
            let tries = reversal.tries.saturating_add(1);
            rules.repeats.next(now, tries, self.context.numbers.draw())
        };
        self.record(Fact::ReversalSent { due });
        self.send_reversal(dispatch.trace, reversal.trace, reversal.cause, true);
    }

    fn send_reversal(
        &mut self,
        original: TraceNumbers,
        trace: TraceNumbers,
        cause: UnknownCause,
        is_repeat: bool,
    ) {
        let order = Arc::clone(self.order);
        let reversal = OutgoingReversal { order, original, trace, cause, is_repeat };
        self.emit(Effect::SendReversal(reversal));
    }

    /// Only "done" ends a reversal. "Not found" may mean "not found yet", so it never counts as reversed.
    pub(super) fn apply_reversal_response(&mut self, response: &SwitchResponse) {
        if !response.matches(self.order) {
            return self.record_mismatch(*response);
        }
        match self.context.rules.reversal_classes.of(response.code) {
            ReversalClass::Done => self.refund(RefundReason::Reversed),
            ReversalClass::NotFound => self.record(Fact::ReversalNotFound(*response)),
            ReversalClass::Retry => self.record(Fact::ReversalUnclear(*response)),
        }
    }

    /// Sends a status inquiry that counts toward the profile's limit.
    pub(super) fn send_status_inquiry(&mut self, dispatch: &Dispatch, rules: &InquiryRules) {
        self.emit_status_inquiry(dispatch, self.context.now.after(rules.interval));
    }

    /// Sends a status inquiry of an exception, after `tries` earlier ones.
    pub(super) fn repeat_status_inquiry(
        &mut self,
        dispatch: &Dispatch,
        tries: u16,
        rules: &InquiryRules,
    ) {
        let draw = self.context.numbers.draw();
        let repeats = &rules.exception_repeats;
        let due = repeats.next(self.context.now, tries.saturating_add(1), draw);
        self.emit_status_inquiry(dispatch, due);
    }

    fn emit_status_inquiry(&mut self, dispatch: &Dispatch, due: Moment) {
        self.record(Fact::StatusInquirySent { due });
        let (order, trace) = (Arc::clone(self.order), dispatch.trace);
        self.emit(Effect::SendStatusInquiry(OutgoingStatusInquiry { order, trace }));
    }

    /// Applies a late response. While no reversal was sent, it is the outcome.
    pub(super) fn apply_response(&mut self, response: &SwitchResponse) {
        self.apply_outcome(response, self.context.rules.classes.of(response.code));
    }

    /// Applies the response to a status inquiry: what it says about the transfer, not about the inquiry.
    pub(super) fn apply_status_response(&mut self, response: &SwitchResponse) {
        self.apply_outcome(response, self.status_class(response));
    }

    fn apply_outcome(&mut self, response: &SwitchResponse, class: ResponseClass) {
        if !response.matches(self.order) {
            return self.record_mismatch(*response);
        }
        match class {
            ResponseClass::Approved => self.settle(SettledBy::Response(response.code)),
            ResponseClass::Declined => self.refund(RefundReason::Declined(response.code)),
            ResponseClass::Unknown | ResponseClass::Retry => {
                self.record(Fact::LateResponse(*response));
            }
        }
    }

    fn status_class(&self, response: &SwitchResponse) -> ResponseClass {
        match &self.context.rules.after_unknown {
            AfterUnknown::Hold(rules) => rules.classes.of(response.code),
            AfterUnknown::Reverse(_) => ResponseClass::Unknown,
        }
    }

    pub(super) fn apply_settlement_file(&mut self, settled: bool) {
        if settled {
            self.settle(SettledBy::SettlementFile);
        } else {
            self.refund(RefundReason::NotSettled);
        }
    }

    pub(super) fn raise_exception(&mut self) {
        self.record(Fact::ExceptionRaised);
        self.raise_alert(Alert::Exception);
    }

    /// Core replies the opposite of what the transfer's facts say: raises an alert.
    pub(super) fn core_differs(&mut self, input: &OutboundInput) {
        self.raise_alert(Alert::CoreDiffers);
        self.record_unexpected(input);
    }

    /// The transfer failed: core refunds the debit, or the channel that made it does.
    pub(super) fn refund(&mut self, reason: RefundReason) {
        self.request_refund(reason, None);
    }

    /// Requests the refund, for the first time or after `earlier` requests.
    pub(super) fn request_refund(&mut self, reason: RefundReason, earlier: Option<&PendingCancel>) {
        match self.order.funding {
            Funding::Core => {
                let due = self.cancel_due(earlier);
                self.record(Fact::RefundRequested { reason, due });
                self.emit_cancel(earlier);
            }
            Funding::Caller(_) => {
                self.record(Fact::RefundRequested { reason, due: self.context.now });
                self.complete_refund(reason, None);
            }
        }
    }

    /// The customer is refunded.
    pub(super) fn complete_refund(&mut self, reason: RefundReason, prior: Option<PriorPosting>) {
        self.record(Fact::Refunded(prior));
        if reason == RefundReason::ApprovedMeanwhile {
            self.raise_alert(Alert::Exception);
            self.notify_channel(TransferStatus::Pending);
        } else {
            self.notify_failure(TransferStatus::Refunded, FailureCause::Refunded(reason));
        }
    }

    /// Handles a response after the refund began. An approval conflicts with the refund.
    pub(super) fn response_after_refund(&mut self, response: SwitchResponse) {
        self.check_for_conflict(response, self.context.rules.classes.of(response.code));
    }

    /// Handles the response to a status inquiry after the refund began.
    pub(super) fn status_response_after_refund(&mut self, response: SwitchResponse) {
        self.check_for_conflict(response, self.status_class(&response));
    }

    fn check_for_conflict(&mut self, response: SwitchResponse, class: ResponseClass) {
        if !response.matches(self.order) {
            return self.record_mismatch(response);
        }
        match class {
            ResponseClass::Approved => self.record_conflict(Evidence::Response(response)),
            ResponseClass::Declined | ResponseClass::Unknown | ResponseClass::Retry => {
                self.record(Fact::LateResponse(response));
            }
        }
    }

    /// Records evidence of the opposite outcome. A manual resolution is needed.
    pub(super) fn record_conflict(&mut self, evidence: Evidence) {
        self.record(Fact::ConflictingOutcome(evidence));
        self.raise_alert(Alert::ConflictingOutcome);
        self.notify_channel(TransferStatus::Pending);
    }

    pub(super) fn record_late(&mut self, response: SwitchResponse) {
        if response.matches(self.order) {
            self.record(Fact::LateResponse(response));
        } else {
            self.record_mismatch(response);
        }
    }

    pub(super) fn record_mismatch(&mut self, response: SwitchResponse) {
        self.record(Fact::MismatchedResponse(response));
        self.raise_alert(Alert::Mismatch);
    }

    pub(super) fn record_unexpected(&mut self, input: &OutboundInput) {
        self.record(Fact::UnexpectedInput(input.clone()));
    }

    pub(super) fn notify_channel(&mut self, status: TransferStatus) {
        let (order, trace) = (Arc::clone(self.order), self.trace);
        self.emit(Effect::NotifyChannel(StatusReport { order, status, trace, failure: None }));
    }

    pub(super) fn notify_failure(&mut self, status: TransferStatus, cause: FailureCause) {
        let (order, trace) = (Arc::clone(self.order), self.trace);
        let failure = Some(cause.reason(self.context.rules));
        self.emit(Effect::NotifyChannel(StatusReport { order, status, trace, failure }));
    }

    pub(super) fn raise_alert(&mut self, alert: Alert) {
        self.emit(Effect::Alert(self.order.id, alert));
    }

    pub(super) fn record(&mut self, fact: Fact) {
        self.decision.facts.push(fact);
    }

    pub(super) fn emit(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}
