//! Codes of facts: what became true of a transfer, as the journal stores it.

codes! {
    /// Fact of an outbound transfer.
    outbound_fact {
        /// The order was accepted.
        ACCEPTED = "accepted",
        /// Core banking is asked for the debit.
        DEBIT_REQUESTED = "debit_requested",
        /// The debit stands.
        DEBITED = "debited",
        /// No debit stands, and none will.
        REJECTED = "rejected",
        /// Core banking is asked to cancel the debit.
        DEBIT_CANCEL_REQUESTED = "debit_cancel_requested",
        /// The request and its trace numbers are on disk.
        REQUEST_READY = "request_ready",
        /// The request was written to the session.
        SENT = "sent",
        /// The money has moved.
        SETTLED = "settled",
        /// The outcome is unknown.
        OUTCOME_UNKNOWN = "outcome_unknown",
        /// The reversal and its trace numbers are on disk.
        REVERSAL_READY = "reversal_ready",
        /// The reversal is sent, for the first time or again.
        REVERSAL_SENT = "reversal_sent",
        /// The switch did not find the original of the reversal.
        REVERSAL_NOT_FOUND = "reversal_not_found",
        /// The response to the reversal says neither done nor not found.
        REVERSAL_UNCLEAR = "reversal_unclear",
        /// The status inquiry is sent.
        STATUS_INQUIRY_SENT = "status_inquiry_sent",
        /// The transfer needs a manual resolution.
        EXCEPTION_RAISED = "exception_raised",
        /// A manual resolution under dual control.
        RESOLVED = "resolved",
        /// Core banking is asked to return the debit.
        REFUND_REQUESTED = "refund_requested",
        /// The customer has the money back.
        REFUNDED = "refunded",
        /// Evidence excludes the outcome that is on record.
        CONFLICTING_OUTCOME = "conflicting_outcome",
        /// The money has moved, and the customer has it back.
        PAID_TWICE = "paid_twice",
        /// A response that came too late to change anything.
        LATE_RESPONSE = "late_response",
        /// The same response again.
        REPEATED_RESPONSE = "repeated_response",
        /// A response whose fields differ from the request.
        MISMATCHED_RESPONSE = "mismatched_response",
        /// An input that the state does not expect.
        UNEXPECTED_INPUT = "unexpected_input",
    }

    /// Fact of an inbound transfer.
    inbound_fact {
        /// The request is on record.
        RECEIVED = "received",
        /// A request that did not come yet is refused if it comes.
        BARRED = "barred",
        /// Core banking is asked for the posting.
        POSTING_REQUESTED = "posting_requested",
        /// The posting stands.
        POSTED = "posted",
        /// Core banking refused the posting.
        POSTING_REFUSED = "posting_refused",
        /// The response to the request.
        RESPONDED = "responded",
        /// Core banking is asked to cancel the posting.
        REVERSAL_REQUESTED = "reversal_requested",
        /// No posting stands any more.
        REVERSED = "reversed",
        /// Core banking is asked for the posting that returns a part of the amount.
        PARTIAL_REVERSAL_REQUESTED = "partial_reversal_requested",
        /// A part of the amount is returned.
        PARTIALLY_REVERSED = "partially_reversed",
        /// Core banking is asked to cancel the posting that returns a part of the amount.
        PART_CANCEL_REQUESTED = "part_cancel_requested",
        /// The bank bears the loss of a reversal that core banking cannot make.
        WRITTEN_OFF = "written_off",
        /// The request came again.
        REQUEST_REPEATED = "request_repeated",
        /// The response to a reversal.
        REVERSAL_RESPONDED = "reversal_responded",
        /// A message under the same trace numbers whose amount or account differs.
        MISMATCHED_MESSAGE = "mismatched_message",
        /// The transfer needs a manual resolution.
        EXCEPTION_RAISED = "exception_raised",
        /// A manual resolution under dual control.
        RESOLVED = "resolved",
        /// The response to a status inquiry.
        STATUS_INQUIRY_RESPONDED = "status_inquiry_responded",
        /// An input that the state does not expect.
        UNEXPECTED_INPUT = "unexpected_input",
    }
}
