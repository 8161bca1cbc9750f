//! Codes of the journal's records.

codes! {
    /// Direction of a transfer or an inquiry.
    direction {
        /// Our bank sends the request to the switch.
        OUTBOUND = "outbound",
        /// The switch sends the request to our bank.
        INBOUND = "inbound",
    }

    /// Hash chain of the journal.
    chain {
        /// The steps of the transfers.
        TRANSFERS = "transfers",
    }

    /// Key of a metadata entry of the journal.
    metadata_key {
        /// How far the trace numbers are used up.
        TRACE_WATERMARK = "trace_watermark",
        /// The books of all closed transfers.
        CLOSED_BOOKS = "closed_books",
    }
}
