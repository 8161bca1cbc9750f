//! Mutants: deliberate errors in the program. The tests show that they find each of them.
//!
//! Only the feature `mutants`, which is for tests, can activate one. Without it `is_mutant_active` is the constant `false`, and
//! the compiler removes the code of the mutants.

/// A deliberate error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Releases effects before their facts are durable.
    SendBeforeCommit,
    /// Takes one 'not found' to a reversal as proof that the transfer is reversed.
    RefundOnNotFound,
    /// Does not bar the original request when its reversal comes first.
    SkipBarOnReversal,
    /// Matches responses by the STAN alone.
    MatchByStanAlone,
    /// Drops a late response.
    DropLateResponse,
    /// Sends a request that was ready before a crash again.
    ResendAfterRestart,
    /// Rejects a transfer without cancelling a debit whose outcome is unknown.
    RejectWithoutCancel,
    /// Takes an unknown response code for an approval.
    SettleOnUnknownCode,
    /// Accepts a response for another amount.
    IgnoreMismatch,
    /// Executes a duplicate request.
    ExecuteDuplicate,
    /// Restarts the trace numbers from zero after a crash.
    ReuseTraceNumbers,
    /// Refunds the customer when no response comes.
    RefundOnUnknownOutcome,
    /// Approves an inbound credit before core has posted it.
    ApproveBeforePosting,
    /// Asks core only once to cancel an inbound credit.
    SkipReversalRetry,
    /// Decides a fact that is not possible in the state.
    SettleTwice,
    /// Does not bar the original request when a status inquiry about it comes first.
    SkipBarOnStatusInquiry,
    /// Responds to an inquiry before core has replied.
    ApproveInquiryUnasked,
    /// Removes a closed transfer from memory while a lookup of it may be open.
    ForgetDuringLookup,
    /// Takes the decline of a status inquiry for a decline of the transfer.
    StatusDeclineAsRequestDecline,
    /// Debits another account than the one that pays.
    DebitWrongAccount,
    /// Treats a different request with the same trace numbers as a repeat.
    IgnoreRequestMismatch,
    /// Matches inquiry responses by the millisecond, which the wire does not carry.
    MatchByMillisecond,
    /// Swaps the two accounts in a request for cash.
    SwapWithdrawalAccounts,
}

impl Mutant {
    /// All mutants.
    pub const ALL: [Self; 23] = [
        Self::SendBeforeCommit,
        Self::RefundOnNotFound,
        Self::SkipBarOnReversal,
        Self::MatchByStanAlone,
        Self::DropLateResponse,
        Self::ResendAfterRestart,
        Self::RejectWithoutCancel,
        Self::SettleOnUnknownCode,
        Self::IgnoreMismatch,
        Self::ExecuteDuplicate,
        Self::ReuseTraceNumbers,
        Self::RefundOnUnknownOutcome,
        Self::ApproveBeforePosting,
        Self::SkipReversalRetry,
        Self::SettleTwice,
        Self::SkipBarOnStatusInquiry,
        Self::ApproveInquiryUnasked,
        Self::ForgetDuringLookup,
        Self::StatusDeclineAsRequestDecline,
        Self::DebitWrongAccount,
        Self::IgnoreRequestMismatch,
        Self::MatchByMillisecond,
        Self::SwapWithdrawalAccounts,
    ];
}

#[cfg(feature = "mutants")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Activates a mutant on this thread. `None` deactivates it.
#[cfg(feature = "mutants")]
pub fn activate(mutant: Option<Mutant>) {
    ACTIVE.set(mutant);
}

/// Whether a mutant is active on this thread.
#[cfg(feature = "mutants")]
pub(crate) fn is_mutant_active(mutant: Mutant) -> bool {
    ACTIVE.get() == Some(mutant)
}

/// Whether a mutant is active. Without the feature `mutants` none is.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub(crate) const fn is_mutant_active(_mutant: Mutant) -> bool {
    false
}
