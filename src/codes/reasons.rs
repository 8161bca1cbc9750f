//! Codes of reasons and evidence within facts.

codes! {
    /// Why the debit of an outbound transfer is cancelled before anything was sent.
    cancel_reason {
        /// Core banking left the debit's outcome unknown.
        OUTCOME_UNKNOWN = "outcome_unknown",
        /// Core banking refused it, after more than one command.
        REFUSED = "refused",
    }

    /// Why the debit is returned to the customer.
    refund_reason {
        /// The switch declined the request.
        DECLINED = "declined",
        /// The request certainly was not sent.
        NOT_SENT = "not_sent",
        /// The switch confirmed the reversal.
        REVERSED = "reversed",
        /// The settlement file does not have the transfer.
        NOT_SETTLED = "not_settled",
        /// A manual resolution under dual control.
        RESOLVED = "resolved",
        /// One of these reasons, but the switch approved the request before the refund was done.
        APPROVED_MEANWHILE = "approved_meanwhile",
    }

    /// The evidence that the money has moved.
    settled_by {
        /// A response of the switch.
        RESPONSE = "response",
        /// The settlement file.
        SETTLEMENT_FILE = "settlement_file",
        /// A manual resolution under dual control.
        MANUAL_RESOLUTION = "manual_resolution",
    }

    /// Why an outbound transfer was rejected before anything was sent.
    rejection_reason {
        /// Core banking refused the debit.
        REFUSED = "refused",
        /// Core banking barred the posting's id.
        BARRED = "barred",
        /// Core banking refused the debit after more than one command, and then cancelled it.
        REFUSED_THEN_CANCELLED = "refused_then_cancelled",
        /// Core banking left the debit's outcome unknown, and then cancelled it.
        OUTCOME_UNKNOWN = "outcome_unknown",
    }

    /// Why the outcome of an outbound transfer is unknown.
    unknown_cause {
        /// No response in time.
        TIMEOUT = "timeout",
        /// The session broke.
        CONNECTION_LOST = "connection_lost",
        /// The program restarted after the request was on disk.
        RESTART = "restart",
        /// A response code that says that the outcome is unknown.
        RESPONSE_CODE = "response_code",
    }

    /// The evidence of a conflicting outcome.
    evidence {
        /// A response of the switch.
        RESPONSE = "response",
        /// The settlement file.
        SETTLEMENT_FILE = "settlement_file",
    }

    /// The outcome of a manual resolution.
    resolution_outcome {
        /// The money has moved.
        SETTLED = "settled",
        /// The money did not move: the customer gets the debit back.
        REFUNDED = "refunded",
        /// The money did not move, and the bank corrected the posting in core banking by hand.
        POSTED_BY_HAND = "posted_by_hand",
        /// The bank bears the loss.
        WRITTEN_OFF = "written_off",
    }

    /// The command to core banking that a manual resolution sends.
    resolution_command {
        /// The cancel of the transfer's posting.
        CANCEL_POSTING = "cancel_posting",
        /// The cancel of the posting that returns a part of the amount.
        CANCEL_PART = "cancel_part",
    }

    /// Why a transfer needs a manual resolution.
    exception_cause {
        /// The switch does not confirm the reversal.
        REVERSAL_UNCONFIRMED = "reversal_unconfirmed",
        /// No status inquiry gives the outcome, and the network has no reversals.
        OUTCOME_UNDECIDED = "outcome_undecided",
        /// Core banking refuses the cancel of a posting, or does not confirm it.
        CANCEL_UNCONFIRMED = "cancel_unconfirmed",
        /// Core banking refuses the posting that returns a part of the amount, or does not confirm it.
        PART_UNCONFIRMED = "part_unconfirmed",
        /// Two pieces of evidence exclude each other.
        CONFLICTING_OUTCOME = "conflicting_outcome",
    }

    /// What a manual resolution decided about the part of a partial reversal.
    part_end {
        /// The bank returned the part in core banking by hand.
        RETURNED_BY_HAND = "returned_by_hand",
        /// The part stays with the customer, and the bank bears the loss.
        WRITTEN_OFF = "written_off",
    }

    /// Who debits the customer.
    funding {
        /// Core banking, by a posting command.
        CORE = "core",
        /// The channel, before it asked.
        CALLER = "caller",
    }

    /// The proof behind a debit receipt.
    debit_proof {
        /// Core banking reported the posting.
        POSTED = "posted",
        /// The channel gave its reference.
        CALLER = "caller",
    }

    /// What came before an inbound request and bars it.
    bar_cause {
        /// Its reversal.
        REVERSAL = "reversal",
        /// A status inquiry about it.
        STATUS_INQUIRY = "status_inquiry",
    }

    /// Why the posting of an inbound transfer is cancelled.
    reversal_cause {
        /// Core banking left the posting's outcome unknown until it was too late.
        OUTCOME_UNKNOWN = "outcome_unknown",
        /// Core banking refused the posting, after more than one command.
        REFUSED = "refused",
        /// The switch reversed the request after its response.
        REVERSED = "reversed",
        /// The switch reversed the request before its response.
        REVERSED_BEFORE_RESPONSE = "reversed_before_response",
    }
}
