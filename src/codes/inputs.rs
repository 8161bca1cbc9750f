//! Codes of inputs: what happened to a transfer. The journal stores an input that the state did not expect.

codes! {
    /// Input of an outbound transfer.
    outbound_input {
        /// Core banking's reply to the posting command.
        POSTING_REPLY = "posting_reply",
        /// Core banking's reply to the cancel command.
        CANCEL_REPLY = "cancel_reply",
        /// The link's report on the request.
        SEND_STATUS = "send_status",
        /// The switch's response to the request.
        RESPONSE = "response",
        /// The switch's response to the reversal.
        REVERSAL_RESPONSE = "reversal_response",
        /// The switch's response to the status inquiry.
        STATUS_INQUIRY_RESPONSE = "status_inquiry_response",
        /// The settlement file has the transfer, or is complete and does not have it.
        SETTLEMENT = "settlement",
        /// A manual resolution under dual control.
        RESOLUTION = "resolution",
        /// The deadline of the state.
        DEADLINE = "deadline",
        /// The program restarted.
        RESTART = "restart",
    }

    /// Input of an inbound transfer.
    inbound_input {
        /// Core banking's reply to the posting command.
        POSTING_REPLY = "posting_reply",
        /// Core banking's reply to the cancel command.
        CANCEL_REPLY = "cancel_reply",
        /// Core banking's reply to the posting that returns a part of the amount.
        PARTIAL_REVERSAL_REPLY = "partial_reversal_reply",
        /// Core banking's reply to the cancel of that posting.
        PART_CANCEL_REPLY = "part_cancel_reply",
        /// The request came again.
        REPEATED_REQUEST = "repeated_request",
        /// A reversal of the request.
        REVERSAL = "reversal",
        /// A status inquiry about the request.
        STATUS_INQUIRY = "status_inquiry",
        /// A manual resolution under dual control.
        RESOLUTION = "resolution",
        /// The deadline of the state.
        DEADLINE = "deadline",
        /// The program restarted.
        RESTART = "restart",
    }

    /// Core banking's reply to a posting command.
    posting_reply {
        /// The posting stands, made now or before.
        POSTED = "posted",
        /// The posting was refused and will not be made.
        REFUSED = "refused",
        /// Another posting stands under the id.
        CONFLICT = "conflict",
        /// The id was cancelled before.
        BARRED = "barred",
        /// No usable reply.
        UNKNOWN = "unknown",
    }

    /// Core banking's reply to a cancel command.
    cancel_reply {
        /// The posting does not stand any more.
        CANCELLED = "cancelled",
        /// Core banking does not cancel the posting.
        REFUSED = "refused",
        /// No usable reply.
        UNKNOWN = "unknown",
    }

    /// What a posting was when core banking cancelled it. Also a word of the core banking API.
    prior_posting {
        /// It stood, and is reversed now.
        POSTED = "posted",
        /// It did not exist; its id is barred now.
        ABSENT = "absent",
        /// It was cancelled before.
        CANCELLED = "cancelled",
    }

    /// The link's report on a message.
    send_status {
        /// Written to the session.
        SENT = "sent",
        /// Certainly not written.
        NOT_SENT = "not_sent",
        /// The session broke; how much was written is unknown.
        LOST = "lost",
    }
}
