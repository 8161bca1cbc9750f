//! What can happen to a transfer.

use serde::{Deserialize, Serialize};

use super::order::Answer;

/// Something that happened, as far as it concerns one transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Core answered a posting, or did not.
    Posting(PostingAnswer),
    /// Core answered the cancelling of a posting, or did not.
    Cancel(CancelAnswer),
    /// The link tells what became of the request.
    Line(Line),
    /// The switch answered the request.
    Answer(Answer),
    /// The switch answered the reversal.
    ReversalAnswer(Answer),
    /// The switch answered the status inquiry.
    StatusAnswer(Answer),
    /// The settlement file has the transfer, or is complete and does not.
    Settlement {
        /// Whether the transfer is in it.
        settled: bool,
    },
    /// Two persons decided an exception.
    Resolve(Resolution),
    /// The state's deadline has come.
    Due,
    /// The program started again; sessions and whatever was on its way are gone.
    Restarted,
}

/// What core says to `PUT /postings/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingAnswer {
    /// The posting is made, now or before.
    Posted,
    /// It is not made and won't be.
    Refused(Refusal),
    /// Another posting stands under this id.
    Conflict,
    /// The id was cancelled before: nothing stands under it for ever.
    Barred,
    /// No answer, or none that says anything.
    None,
}

/// Why core refuses a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not enough money.
    InsufficientFunds,
    /// The account is closed, blocked or dormant.
    InactiveAccount,
    /// There is no such account.
    NoSuchAccount,
    /// A limit of the account.
    Limit,
    /// Anything else.
    Other,
}

/// What core says to `DELETE /postings/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelAnswer {
    /// It stands no more; this is what it was.
    Was(Was),
    /// It won't be cancelled: the account can't be paid to, the period is closed, or the like.
    Refused,
    /// No answer, or none that says anything.
    None,
}

/// What a posting was when it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Was {
    /// Made; it is reversed now.
    Posted,
    /// Not there; its id is barred now.
    Absent,
    /// Cancelled before.
    Cancelled,
}

/// What the link knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// It was written to the session.
    Sent,
    /// It certainly was not.
    NotSent,
    /// The session broke; nobody knows how much of it came through.
    Lost,
}

/// What two persons decided of an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// What is to be done.
    pub verdict: Verdict,
    /// Who decided.
    pub by: TwoPersons,
}

/// How an exception ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The money has moved.
    Settle,
    /// The money has not moved: the customer gets it back.
    Refund,
}

/// A maker and a checker, who are not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Names")]
pub struct TwoPersons {
    maker: Box<str>,
    checker: Box<str>,
}

/// Two names, as they are written.
#[derive(Deserialize)]
struct Names {
    maker: Box<str>,
    checker: Box<str>,
}

impl TryFrom<Names> for TwoPersons {
    type Error = &'static str;

    fn try_from(names: Names) -> Result<Self, Self::Error> {
        Self::new(&names.maker, &names.checker).ok_or("maker and checker are not two persons")
    }
}

impl TwoPersons {
    /// `None` if one of the names is empty or both are the same, but for case and blanks around them.
    #[must_use]
    pub fn new(maker: &str, checker: &str) -> Option<Self> {
        let (maker, checker) = (maker.trim(), checker.trim());
        let same = maker.to_lowercase() == checker.to_lowercase();
        let differ = !maker.is_empty() && !checker.is_empty() && !same;
        differ.then(|| Self { maker: maker.into(), checker: checker.into() })
    }

    /// Who proposed.
    #[must_use]
    pub fn maker(&self) -> &str {
        &self.maker
    }

    /// Who approved.
    #[must_use]
    pub fn checker(&self) -> &str {
        &self.checker
    }
}
