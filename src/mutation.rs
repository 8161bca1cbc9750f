//! Ways to break the program on purpose, so that its tests can show that they would find it.
//!
//! Only with the feature `mutants`, which is for tests; without it every question in here is answered `false` when the
//! program is compiled, and nothing of it is left.

/// One way in which the program could be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Effects leave before their facts are durable.
    SendBeforeCommit,
    /// One 'not found' is taken for 'undone'.
    RefundOnNotFound,
    /// A reversal before its original leaves no mark.
    ForgetTombstone,
    /// Answers are matched by the STAN alone.
    MatchByStanAlone,
    /// An answer that comes late is dropped.
    DropLateAnswer,
    /// A request that was ready before a crash is sent again.
    ResendAfterRestart,
    /// A debit in doubt is refused without being cancelled.
    RefuseWithoutCancel,
    /// A code that nobody knows is taken for approved.
    SettleOnUnknown,
    /// An answer that speaks of another amount is taken for ours.
    IgnoreMismatch,
    /// A request that was there before is carried out again.
    KeepDuplicate,
    /// After a crash the numbers begin again.
    ReuseNumbers,
    /// The money is given back when no answer comes.
    RefundOnDoubt,
    /// An inbound credit is approved before core has made it.
    AnswerBeforePosting,
    /// The undoing of an inbound credit is asked for once.
    ForgetUndo,
    /// A fact is decided that can't follow on the state.
    SettleTwice,
    /// A status inquiry about a request that did not come leaves no mark.
    ForgetInquiry,
    /// The answer to a question is told before it is there.
    AnswerUnasked,
    /// A closed transfer is forgotten while a look-up of it may be under way.
    ForgetEarly,
    /// A status inquiry that is declined is taken for a decline of the transfer.
    StatusAsRequest,
    /// Another account is debited than the one that pays.
    DebitAnother,
    /// A second request under the numbers of the first is answered like it, whatever it asks for.
    AnswerAnother,
    /// The answer to a question is looked for by the millisecond, which the wire doesn't say.
    MatchByMillisecond,
    /// Cash is asked for as if the bank that asks paid.
    DrawOnOurselves,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::SendBeforeCommit,
        Self::RefundOnNotFound,
        Self::ForgetTombstone,
        Self::MatchByStanAlone,
        Self::DropLateAnswer,
        Self::ResendAfterRestart,
        Self::RefuseWithoutCancel,
        Self::SettleOnUnknown,
        Self::IgnoreMismatch,
        Self::KeepDuplicate,
        Self::ReuseNumbers,
        Self::RefundOnDoubt,
        Self::AnswerBeforePosting,
        Self::ForgetUndo,
        Self::SettleTwice,
        Self::ForgetInquiry,
        Self::AnswerUnasked,
        Self::ForgetEarly,
        Self::StatusAsRequest,
        Self::DebitAnother,
        Self::AnswerAnother,
        Self::MatchByMillisecond,
        Self::DrawOnOurselves,
    ];
}

#[cfg(feature = "mutants")]
thread_local! {
    static ALIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Breaks the program on this thread in this way, or, with none, mends it.
#[cfg(feature = "mutants")]
pub fn infect(mutant: Option<Mutant>) {
    ALIVE.set(mutant);
}

/// Whether the program is broken in this way.
#[cfg(feature = "mutants")]
pub(crate) fn broken(mutant: Mutant) -> bool {
    ALIVE.get() == Some(mutant)
}

/// Whether the program is broken in this way: it is not.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub(crate) const fn broken(_mutant: Mutant) -> bool {
    false
}
