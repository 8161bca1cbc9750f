//! What a channel is told: HTTP status, response code and message, by one table.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::desk::{Denial, Reason};
use super::service::Service;
use crate::engine::Busy;
use crate::transfer::{Funding, Refusal, Standing};

/// What became of a request; [`Case::row`] says what each means, in SNAP's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Case {
    Done,
    InProgress,
    BadRequest,
    InvalidFormat,
    MissingField,
    Unauthorized,
    InvalidToken,
    OverLimit,
    Suspected,
    NotHonored,
    InsufficientFunds,
    InactiveAccount,
    NoSuchPath,
    NotFound,
    InvalidAccount,
    MethodNotAllowed,
    TooSlow,
    RequestConflict,
    ReferenceConflict,
    TooLarge,
    NotJson,
    TooMany,
    Fault,
    Unavailable,
    Timeout,
}

impl Case {
    /// HTTP status, the number of the case within it, and what it is called.
    #[must_use]
    pub(super) const fn row(self) -> (u16, u8, &'static str) {
        match self {
            Self::Done => (200, 0, "Successful"),
            Self::InProgress => (202, 0, "Request In Progress"),
            Self::BadRequest => (400, 0, "Bad Request"),
            Self::InvalidFormat => (400, 1, "Invalid Field Format"),
            Self::MissingField => (400, 2, "Invalid Mandatory Field"),
            Self::Unauthorized => (401, 0, "Unauthorized"),
            Self::InvalidToken => (401, 1, "Invalid Token (B2B)"),
            Self::OverLimit => (403, 2, "Exceeds Transaction Amount Limit"),
            Self::Suspected => (403, 3, "Suspected Fraud"),
            Self::NotHonored => (403, 5, "Do Not Honor"),
            Self::InsufficientFunds => (403, 14, "Insufficient Funds"),
            Self::InactiveAccount => (403, 18, "Inactive Card/Account/Customer"),
            Self::NoSuchPath => (404, 0, "Not Found"),
            Self::NotFound => (404, 1, "Transaction Not Found"),
            Self::InvalidAccount => (404, 11, "Invalid Card/Account/Customer"),
            Self::MethodNotAllowed => (405, 0, "Method Not Allowed"),
            Self::TooSlow => (408, 0, "Request Timeout"),
            Self::RequestConflict => (409, 0, "Conflict"),
            Self::ReferenceConflict => (409, 1, "Duplicate partnerReferenceNo"),
            Self::TooLarge => (413, 0, "Request Entity Too Large"),
            Self::NotJson => (415, 0, "Unsupported Media Type"),
            Self::TooMany => (429, 0, "Too Many Requests"),
            Self::Fault => (500, 0, "General Error"),
            Self::Unavailable => (503, 0, "Service Unavailable"),
            Self::Timeout => (504, 0, "Timeout"),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub(super) const fn status(self) -> u16 {
        self.row().0
    }

    /// The response code: status, service, case; `00` for no service.
    #[must_use]
    pub(super) fn code(self, service: Option<Service>) -> Code {
        Code(self, service.map_or(0, Service::code))
    }

    /// What becomes of a transfer that stands so.
    #[must_use]
    pub(super) fn of_transfer(standing: Standing, reason: Option<Reason>) -> Self {
        match standing {
            Standing::Settled => Self::Done,
            Standing::Initiated | Standing::Paying | Standing::Pending => Self::InProgress,
            Standing::GivingBack | Standing::GivenBack | Standing::Refused => {
                reason.map_or(Self::NotHonored, Self::of_reason)
            }
        }
    }

    /// What an account or a transfer comes to that was not to be.
    #[must_use]
    pub(super) const fn of_reason(reason: Reason) -> Self {
        match reason {
            Reason::Refused(Refusal::InsufficientFunds) => Self::InsufficientFunds,
            Reason::Refused(Refusal::InactiveAccount) => Self::InactiveAccount,
            Reason::Refused(Refusal::NoSuchAccount) => Self::InvalidAccount,
            Reason::Refused(Refusal::Limit) => Self::OverLimit,
            Reason::Refused(Refusal::Other) | Reason::Undone => Self::NotHonored,
            Reason::NotSent => Self::Unavailable,
        }
    }

    /// What is told where nothing was done.
    #[must_use]
    pub(super) const fn of_denial(denial: Denial) -> Self {
        match denial {
            Denial::Busy(Busy::Full | Busy::Draining | Busy::Unreachable | Busy::Overtaken)
            | Denial::Closed => Self::Unavailable,
            Denial::Suspected => Self::Suspected,
            Denial::Fault => Self::Fault,
        }
    }
}

/// The seven digits of a response code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(Case, u8);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, case, _) = self.0.row();
        write!(f, "{status}{:02}{case:02}", self.1)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `latestTransactionStatus`. Who has debited itself gives the money back itself, so it is told that the transfer failed,
/// not that anything was refunded.
pub(super) const fn latest_status(
    standing: Standing,
    funding: &Funding,
) -> (&'static str, &'static str) {
    match (standing, funding) {
        (Standing::Settled, _) => ("00", "Success"),
        (Standing::Initiated, _) => ("01", "Initiated"),
        (Standing::Paying, _) => ("02", "Paying"),
        // It is known that it failed, but the customer does not have the money back yet.
        (Standing::Pending, _) | (Standing::GivingBack, Funding::Core) => ("03", "Pending"),
        (Standing::GivenBack, Funding::Core) => ("04", "Refunded"),
        (Standing::GivingBack | Standing::GivenBack, Funding::Caller(_))
        | (Standing::Refused, _) => ("06", "Failed"),
    }
}

/// What became of a request, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What became of it.
    pub(super) case: Case,
    /// What it is about; never a value that was sent.
    pub(super) about: Cow<'static, str>,
    /// Every field that is wrong, and how.
    pub(super) faults: Vec<FieldFault>,
}

impl Outcome {
    /// One of which nothing more is to be said.
    #[must_use]
    pub(super) const fn new(case: Case) -> Self {
        Self { case, about: Cow::Borrowed(""), faults: Vec::new() }
    }

    /// One that is about something that stands in the program.
    pub(super) const fn literal(case: Case, about: &'static str) -> Self {
        Self { case, about: Cow::Borrowed(about), faults: Vec::new() }
    }

    /// One that is about something.
    #[must_use]
    pub(super) fn about(case: Case, about: impl Into<Cow<'static, str>>) -> Self {
        Self { about: about.into(), ..Self::new(case) }
    }

    /// The response message.
    #[must_use]
    pub(super) fn message(&self) -> Cow<'static, str> {
        let name = self.case.row().2;
        match (self.case, &*self.about) {
            (_, "") => name.into(),
            (Case::InvalidFormat | Case::MissingField, fields) => format!("{name} {fields}").into(),
            (_, about) => format!("{name}. {about}").into(),
        }
    }
}

impl From<Case> for Outcome {
    fn from(case: Case) -> Self {
        Self::new(case)
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldFault {
    /// Its path.
    pub(super) field: &'static str,
    /// What it should be.
    pub(super) reason: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::values::{Reference, Value};

    #[test]
    fn every_standing_and_reason_is_told_by_the_table() {
        let standings = [
            Standing::Initiated,
            Standing::Paying,
            Standing::Pending,
            Standing::Settled,
            Standing::GivingBack,
            Standing::GivenBack,
            Standing::Refused,
        ];
        let refusals = [
            Refusal::InsufficientFunds,
            Refusal::InactiveAccount,
            Refusal::NoSuchAccount,
            Refusal::Limit,
            Refusal::Other,
        ];
        let reasons = refusals.map(|refusal| Some(Reason::Refused(refusal)));
        let mut told = String::new();
        for standing in standings {
            let own = Funding::Caller(Reference::from_ascii(b"D1").unwrap());
            let (core, caller) =
                (latest_status(standing, &Funding::Core), latest_status(standing, &own));
            write!(told, "{standing:?}: {} {}, caller {}:", core.0, core.1, caller.0).unwrap();
            for reason in
                reasons.into_iter().chain([Some(Reason::NotSent), Some(Reason::Undone), None])
            {
                let case = Case::of_transfer(standing, reason);
                write!(told, " {}", case.code(Some(Service::Transfer))).unwrap();
            }
            told += "\n";
        }
        insta::assert_snapshot!(told);
    }
}
