//! Codes of transfers: states, statuses, alerts.

codes! {
    /// State of an outbound transfer. Stored with every journal row, searched by operators, shown by `titian export`.
    outbound_state {
        /// The order is on record. Never at rest.
        ACCEPTED = "accepted",
        /// Core banking was asked for the debit.
        DEBITING = "debiting",
        /// Core banking is asked to cancel the debit.
        CANCELLING_DEBIT = "cancelling_debit",
        /// The debit stands. Never at rest.
        DEBITED = "debited",
        /// The debit stands and the request is on disk.
        READY_TO_SEND = "ready_to_send",
        /// The request was written to the session.
        SENT = "sent",
        /// The outcome is unknown and the reversal or inquiry has not started.
        OUTCOME_UNKNOWN = "outcome_unknown",
        /// The reversal is sent and repeated until the switch confirms it.
        REVERSING = "reversing",
        /// The network has no reversal, so the switch is asked for the status.
        INQUIRING = "inquiring",
        /// Exception: the switch did not confirm the reversal in time.
        EXCEPTION_UNREVERSED = "exception_unreversed",
        /// Exception: the network has no reversal and the outcome stays unknown.
        EXCEPTION_UNDECIDED = "exception_undecided",
        /// Core banking is asked to return the debit to the customer.
        REFUNDING = "refunding",
        /// As `refunding`, but the switch approved the request meanwhile. Apart from `refunding`, because an operator
        /// must be able to find these transfers: the bank may pay for them.
        CONFLICT_REFUNDING_BUT_SETTLED = "conflict_refunding_but_settled",
        /// The money has moved.
        SETTLED = "settled",
        /// The money did not move and the customer has it back.
        REFUNDED = "refunded",
        /// Rejected before anything was sent; no debit stands.
        REJECTED = "rejected",
        /// Conflict: refunded, and the switch says that the money has moved.
        CONFLICT_REFUNDED_BUT_SETTLED = "conflict_refunded_but_settled",
        /// Conflict: settled, and the switch says that it was reversed or is not in its settlement file.
        CONFLICT_SETTLED_BUT_REVERSED = "conflict_settled_but_reversed",
        /// Resolved under dual control: the money has moved and the customer has it back. The bank pays.
        PAID_TWICE = "paid_twice",
    }

    /// State of an inbound transfer. Stored with every journal row, searched by operators, shown by `titian export`.
    inbound_state {
        /// The request is on record. Never at rest.
        RECEIVED = "received",
        /// Core banking was asked for the posting.
        POSTING = "posting",
        /// The posting stands. Never at rest.
        POSTED = "posted",
        /// The posting stands and the switch has the approval.
        APPROVED = "approved",
        /// Core banking refused the posting. Never at rest.
        POSTING_REFUSED = "posting_refused",
        /// No posting stands and the switch has the refusal.
        DECLINED = "declined",
        /// Core banking is asked to cancel the posting.
        REVERSING = "reversing",
        /// No posting stands any more.
        REVERSED = "reversed",
        /// Core banking is asked for the posting that returns a part of the amount.
        PARTIALLY_REVERSING = "partially_reversing",
        /// A part of the amount is returned, and the rest of the posting stands.
        PARTIALLY_REVERSED = "partially_reversed",
        /// Core banking is asked to cancel the posting that returns a part of the amount: a manual resolution decided about the part.
        CANCELLING_PART = "cancelling_part",
        /// Resolved under dual control: the posting stands and the switch has its reversal. The bank pays.
        WRITTEN_OFF = "written_off",
        /// Resolved under dual control: the whole posting stands and the switch has its partial reversal. The bank pays the part.
        PART_WRITTEN_OFF = "part_written_off",
        /// The request is refused if it comes: its reversal or a status inquiry came first.
        BARRED = "barred",
    }

    /// Transfer status: what channels, metrics and reports see.
    transfer_status {
        /// Accepted; nothing was sent.
        INITIATED = "initiated",
        /// The debit stands, and the request is sent or about to be sent.
        PROCESSING = "processing",
        /// The outcome is not known yet.
        PENDING = "pending",
        /// The money has moved.
        SETTLED = "settled",
        /// The money did not move; the debit is on its way back to the customer.
        REFUNDING = "refunding",
        /// The money did not move and the customer has it back.
        REFUNDED = "refunded",
        /// Nothing was sent, and no debit stands.
        REJECTED = "rejected",
    }

    /// Fault of a message of the switch that was tolerated.
    message_warning {
        /// A data element that describes does not fit its definition.
        ELEMENT = "element",
        /// Bytes follow the last data element.
        TRAILING = "trailing",
        /// The spec does not define a data element at the end of the message.
        UNDEFINED = "undefined",
        /// The program does not use a data element of a response.
        UNUSED = "unused",
    }

    /// Alert: something that needs a person.
    alert {
        /// A message speaks of another amount, account or party than its original.
        MISMATCH = "mismatch",
        /// Two pieces of evidence exclude each other.
        CONFLICTING_OUTCOME = "conflicting_outcome",
        /// A transfer needs a manual resolution.
        EXCEPTION = "exception",
        /// A reversal of the switch has no original, more than one, or one with another amount or account. Nothing was reversed.
        ORIGINAL_NOT_FOUND = "original_not_found",
        /// Core banking has no posting, or another one, where it reported one before.
        CORE_DIFFERS = "core_differs",
        /// The switch announced a business date that was not taken.
        CUT_OVER_REFUSED = "cut_over_refused",
        /// The business date moved to another one than the next day or working day.
        CUT_OVER_UNEXPECTED = "cut_over_unexpected",
        /// A decision does not fit the transfer's state: a defect of this program. Nothing was done.
        INTERNAL_ERROR = "internal_error",
        /// A message of ours does not fit the network profile or its spec, so it was not sent.
        MESSAGE_NOT_ENCODABLE = "message_not_encodable",
        /// A request of the switch names another bank as the receiver, or none. It was declined.
        MISROUTED_REQUEST = "misrouted_request",
        /// A request of the switch names our bank as the acquirer. It was declined.
        OWN_REQUEST = "own_request",
        /// A link that should carry requests does not.
        LINK_DOWN = "link_down",
        /// Core banking does not answer.
        CORE_DOWN = "core_down",
        /// Checkpoints cannot be written.
        CHECKPOINT_LATE = "checkpoint_late",
    }
}
