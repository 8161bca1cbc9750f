//! The table of responses: HTTP status, response code and message of every case.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::port::NotProcessed;
use super::service::Service;
use crate::engine::NotAdmitted;
use crate::transfer::{FailureReason, Funding, Refusal, TransferStatus};

/// The result of a request, by SNAP's names; see [`ResponseCase::row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ResponseCase {
    Successful,
    InProgress,
    BadRequest,
    InvalidFieldFormat,
    InvalidMandatoryField,
    Unauthorized,
    InvalidToken,
    AmountLimit,
    SuspectedFraud,
    DoNotHonor,
    InsufficientFunds,
    InactiveAccount,
    NotFound,
    TransactionNotFound,
    InvalidAccount,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    DuplicateReference,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    TooManyRequests,
    GeneralError,
    ServiceUnavailable,
    Timeout,
}

impl ResponseCase {
    /// Returns the HTTP status, the case number (the last two digits of the response code), and SNAP's message.
    #[must_use]
    pub(super) const fn row(self) -> (u16, u8, &'static str) {
        match self {
            Self::Successful => (200, 0, "Successful"),
            Self::InProgress => (202, 0, "Request In Progress"),
            Self::BadRequest => (400, 0, "Bad Request"),
            Self::InvalidFieldFormat => (400, 1, "Invalid Field Format"),
            Self::InvalidMandatoryField => (400, 2, "Invalid Mandatory Field"),
            Self::Unauthorized => (401, 0, "Unauthorized"),
            Self::InvalidToken => (401, 1, "Invalid Token (B2B)"),
            Self::AmountLimit => (403, 2, "Exceeds Transaction Amount Limit"),
            Self::SuspectedFraud => (403, 3, "Suspected Fraud"),
            Self::DoNotHonor => (403, 5, "Do Not Honor"),
            Self::InsufficientFunds => (403, 14, "Insufficient Funds"),
            Self::InactiveAccount => (403, 18, "Inactive Card/Account/Customer"),
            Self::NotFound => (404, 0, "Not Found"),
            Self::TransactionNotFound => (404, 1, "Transaction Not Found"),
            Self::InvalidAccount => (404, 11, "Invalid Card/Account/Customer"),
            Self::MethodNotAllowed => (405, 0, "Method Not Allowed"),
            Self::RequestTimeout => (408, 0, "Request Timeout"),
            Self::Conflict => (409, 0, "Conflict"),
            Self::DuplicateReference => (409, 1, "Duplicate partnerReferenceNo"),
            Self::RequestEntityTooLarge => (413, 0, "Request Entity Too Large"),
            Self::UnsupportedMediaType => (415, 0, "Unsupported Media Type"),
            Self::TooManyRequests => (429, 0, "Too Many Requests"),
            Self::GeneralError => (500, 0, "General Error"),
            Self::ServiceUnavailable => (503, 0, "Service Unavailable"),
            Self::Timeout => (504, 0, "Timeout"),
        }
    }

    /// Returns the HTTP status.
    #[must_use]
    pub(super) const fn status(self) -> u16 {
        self.row().0
    }

    /// Returns the response code: HTTP status, service code (`00` without a service), case number.
    #[must_use]
    pub(super) fn code(self, service: Option<Service>) -> SnapCode {
        SnapCode(self, service.map_or(0, Service::code))
    }

    /// Returns the case of a transfer.
    #[must_use]
    pub(super) fn of_transfer(status: TransferStatus, reason: Option<FailureReason>) -> Self {
        match status {
            TransferStatus::Settled => Self::Successful,
            TransferStatus::Initiated | TransferStatus::Processing | TransferStatus::Pending => {
                Self::InProgress
            }
            TransferStatus::Refunding | TransferStatus::Refunded | TransferStatus::Rejected => {
                reason.map_or(Self::DoNotHonor, Self::of_reason)
            }
        }
    }

    /// Returns the case of a transfer or an inquiry that failed.
    #[must_use]
    pub(super) const fn of_reason(reason: FailureReason) -> Self {
        match reason {
            FailureReason::Refused(Refusal::InsufficientFunds) => Self::InsufficientFunds,
            FailureReason::Refused(Refusal::InactiveAccount) => Self::InactiveAccount,
            FailureReason::Refused(Refusal::NoSuchAccount) => Self::InvalidAccount,
            FailureReason::Refused(Refusal::Limit) => Self::AmountLimit,
            FailureReason::Refused(
                Refusal::NoSuchOriginal
                | Refusal::AboveOriginal
                | Refusal::ServiceClosed
                | Refusal::Other,
            )
            | FailureReason::Reversed => Self::DoNotHonor,
            FailureReason::NotSent => Self::ServiceUnavailable,
        }
    }

    /// Returns the case of a request that was not processed.
    #[must_use]
    pub(super) const fn of_not_processed(reason: &NotProcessed) -> Self {
        match reason {
            NotProcessed::NotAdmitted(
                NotAdmitted::Full
                | NotAdmitted::Draining
                | NotAdmitted::Unreachable
                | NotAdmitted::Withdrawn,
            )
            | NotProcessed::ServiceClosed(_) => Self::ServiceUnavailable,
            NotProcessed::SuspectedFraud => Self::SuspectedFraud,
            NotProcessed::InternalError => Self::GeneralError,
        }
    }
}

/// A response code of seven digits (`responseCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SnapCode(ResponseCase, u8);

impl fmt::Display for SnapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, case, _) = self.0.row();
        write!(f, "{status}{:02}{case:02}", self.1)
    }
}

impl Serialize for SnapCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns `latestTransactionStatus` and its description. A channel that debits the customer itself also refunds the
/// customer itself, so for it a refunded transfer has failed.
pub(super) const fn latest_status(
    status: TransferStatus,
    funding: &Funding,
) -> (&'static str, &'static str) {
    match (status, funding) {
        (TransferStatus::Settled, _) => ("00", "Success"),
        (TransferStatus::Initiated, _) => ("01", "Initiated"),
        (TransferStatus::Processing, _) => ("02", "Paying"),
        // The transfer has failed, but the refund is not confirmed yet.
        (TransferStatus::Pending, _) | (TransferStatus::Refunding, Funding::Core) => {
            ("03", "Pending")
        }
        (TransferStatus::Refunded, Funding::Core) => ("04", "Refunded"),
        (TransferStatus::Refunding | TransferStatus::Refunded, Funding::Caller(_))
        | (TransferStatus::Rejected, _) => ("06", "Failed"),
    }
}

/// The error response to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorResponse {
    /// The result of the request.
    pub(super) case: ResponseCase,
    /// The details of the message; never a value of the request.
    pub(super) details: Cow<'static, str>,
    /// Every wrong field.
    pub(super) fields: Vec<FieldError>,
}

impl ErrorResponse {
    /// Creates a response without details.
    #[must_use]
    pub(super) const fn new(case: ResponseCase) -> Self {
        Self { case, details: Cow::Borrowed(""), fields: Vec::new() }
    }

    /// Creates a response with constant details.
    pub(super) const fn constant(case: ResponseCase, details: &'static str) -> Self {
        Self { case, details: Cow::Borrowed(details), fields: Vec::new() }
    }

    /// Creates a response with details.
    #[must_use]
    pub(super) fn with_details(case: ResponseCase, details: impl Into<Cow<'static, str>>) -> Self {
        Self { details: details.into(), ..Self::new(case) }
    }

    /// Returns the response message (`responseMessage`).
    #[must_use]
    pub(super) fn message(&self) -> Cow<'static, str> {
        let name = self.case.row().2;
        match (self.case, &*self.details) {
            (_, "") => name.into(),
            (ResponseCase::InvalidFieldFormat | ResponseCase::InvalidMandatoryField, fields) => {
                format!("{name} {fields}").into()
            }
            (_, details) => format!("{name}. {details}").into(),
        }
    }
}

impl From<ResponseCase> for ErrorResponse {
    fn from(case: ResponseCase) -> Self {
        Self::new(case)
    }
}

/// A wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    /// The path of the field.
    pub(super) field: &'static str,
    /// What is wrong.
    pub(super) reason: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::values::{Reference, Value};

    #[test]
    fn every_status_and_reason_has_a_row() {
        let refusals = [
            Refusal::InsufficientFunds,
            Refusal::InactiveAccount,
            Refusal::NoSuchAccount,
            Refusal::Limit,
            Refusal::NoSuchOriginal,
            Refusal::AboveOriginal,
            Refusal::ServiceClosed,
            Refusal::Other,
        ];
        let reasons = refusals.map(|refusal| Some(FailureReason::Refused(refusal)));
        let mut table = String::new();
        for status in TransferStatus::ALL {
            let own = Funding::Caller(Reference::from_ascii(b"D1").unwrap());
            let (core, caller) =
                (latest_status(status, &Funding::Core), latest_status(status, &own));
            write!(table, "{status:?}: {} {}, caller {}:", core.0, core.1, caller.0).unwrap();
            for reason in reasons.into_iter().chain([
                Some(FailureReason::NotSent),
                Some(FailureReason::Reversed),
                None,
            ]) {
                let case = ResponseCase::of_transfer(status, reason);
                write!(table, " {}", case.code(Some(Service::Transfer))).unwrap();
            }
            table += "\n";
        }
        insta::assert_snapshot!(table);
    }
}
