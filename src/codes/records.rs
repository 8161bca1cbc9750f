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
        /// The changes of the embedded ledger.
        LEDGER = "ledger",
        /// The acts of operators and of the program.
        CONTROL = "control",
    }

    /// State of a row of the journal itself.
    journal_state {
        /// A batch changed metadata alone.
        METADATA_CHANGED = "metadata_changed",
        /// The oldest rows were moved to an archive.
        ARCHIVED = "archived",
        /// The next row is signed by another key.
        KEY_ROTATED = "key_rotated",
    }

    /// Key of a metadata entry of the journal.
    metadata_key {
        /// How far the trace numbers are used up.
        TRACE_WATERMARK = "trace_watermark",
        /// The books of all closed transfers.
        CLOSED_BOOKS = "closed_books",
        /// The head of the archived rows.
        ANCHOR = "anchor",
        /// The checkpoint places, each with the last row that a checkpoint there is known to cover.
        CHECKPOINTS = "checkpoints",
        /// The digest of each wrapped month key.
        MONTH_KEYS = "month_keys",
        /// The last known head of the embedded ledger.
        LEDGER = "ledger",
        /// The head of the chain `control`.
        CONTROL = "control",
    }
}
