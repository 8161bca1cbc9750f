//! Codes of core banking: its API and the file of the embedded ledger.

codes! {
    /// Side of an account. Also a word of the core banking API.
    side {
        /// The customer's balance goes down.
        DEBIT = "debit",
        /// The customer's balance goes up.
        CREDIT = "credit",
    }

    /// Why core banking refuses a posting. Also a word of the core banking API.
    refusal {
        /// The balance is too low.
        INSUFFICIENT_FUNDS = "insufficient_funds",
        /// The account is closed, blocked or dormant.
        INACTIVE_ACCOUNT = "inactive_account",
        /// The account does not exist.
        NO_SUCH_ACCOUNT = "no_such_account",
        /// A limit of the account.
        LIMIT = "limit",
        /// The posting to be reversed is unknown, not in effect, or on another account or the same side.
        NO_SUCH_ORIGINAL = "no_such_original",
        /// All reversals of the posting together are above its amount.
        ABOVE_ORIGINAL = "above_original",
        /// An operator closed the service. Core banking never says so.
        SERVICE_CLOSED = "service_closed",
        /// Any other reason.
        OTHER = "other",
    }

    /// State of a posting. Also a word of the core banking API.
    posting_state {
        /// It stands.
        POSTED = "posted",
        /// It was refused and will not be made.
        REFUSED = "refused",
        /// It does not stand and will not be made.
        CANCELLED = "cancelled",
    }

    /// Status of a customer's account. Also a word of the core banking API and of the accounts file.
    account_status {
        /// The account can be posted to.
        ACTIVE = "active",
        /// The account is closed to postings for now.
        BLOCKED = "blocked",
        /// The account is closed to postings until its holder comes to the bank.
        DORMANT = "dormant",
        /// The account is closed for ever.
        CLOSED = "closed",
    }

    /// Change of the embedded ledger: the name of a row of its chain.
    ledger_change {
        /// An account is opened.
        ACCOUNT_OPENED = "account_opened",
        /// A posting is made.
        POSTING_MADE = "posting_made",
        /// A posting is refused for ever.
        POSTING_REFUSED = "posting_refused",
        /// A posting that stood is cancelled.
        POSTING_CANCELLED = "posting_cancelled",
        /// The id of a posting that does not stand is barred for ever.
        POSTING_BARRED = "posting_barred",
    }

    /// Kind of a ledger entry.
    entry_kind {
        /// The opening balance of an account.
        OPENING = "opening",
        /// A debit of a customer's account.
        DEBIT = "debit",
        /// A credit to a customer's account.
        CREDIT = "credit",
        /// A debit, or a part of it, that is returned to the customer.
        REFUND = "refund",
        /// A credit, or a part of it, that is reversed.
        CREDIT_REVERSAL = "credit_reversal",
    }

    /// Account of the bank itself, the other side of every ledger entry.
    ledger_account {
        /// The counterpart of debits, credits, refunds and credit reversals.
        CLEARING = "clearing",
        /// The counterpart of opening balances.
        CAPITAL = "capital",
    }
}
