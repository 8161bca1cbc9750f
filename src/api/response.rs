//! The bodies of responses.

use std::borrow::Cow;

use serde::Serialize;

use super::error::{ErrorResponse, FieldError, ResponseCase, SnapCode, latest_status};
use super::service::Service;
use super::token::TokenHolder;
use crate::transfer::{Inquiry, Order, StatusReport};
use crate::values::{Money, MoneyJson, Name, Reference};

/// HTTP status and JSON.
pub(super) struct ApiResponse {
    pub(super) case: ResponseCase,
    pub(super) json: Vec<u8>,
    /// Whether the client may repeat the request after a second: nothing was done.
    pub(super) can_retry: bool,
}

impl ApiResponse {
    /// Our bodies always serialize. If one did not, the response would still have its status.
    fn new(case: ResponseCase, body: &impl Serialize) -> Self {
        Self { case, json: serde_json::to_vec(body).unwrap_or_default(), can_retry: false }
    }

    /// Returns an error response.
    pub(super) fn error(service: Option<Service>, error: &ErrorResponse) -> Self {
        let additional_info =
            (!error.fields.is_empty()).then_some(ErrorDetails { faults: &error.fields });
        let response_code = error.case.code(service);
        let response = Self::new(
            error.case,
            &ErrorBody { response_code, response_message: error.message(), additional_info },
        );
        Self {
            can_retry: matches!(
                error.case,
                ResponseCase::TooManyRequests | ResponseCase::ServiceUnavailable
            ),
            ..response
        }
    }

    /// Returns the response with an access token.
    pub(super) fn token(access_token: &str) -> Self {
        let (response_code, response_message) = successful(Service::Token);
        Self::new(
            ResponseCase::Successful,
            &TokenBody {
                response_code,
                response_message,
                access_token,
                token_type: "BearerToken",
                expires_in: TokenHolder::LIFETIME_SECONDS.to_string(),
            },
        )
    }

    /// Returns the response to an account inquiry.
    pub(super) fn inquiry(inquiry: &Inquiry, name: Option<&Name>) -> Self {
        let (response_code, response_message) = successful(Service::Inquiry);
        let reference = inquiry.details.channel.as_ref().map(|channel| &channel.reference);
        Self::new(
            ResponseCase::Successful,
            &InquiryBody {
                response_code,
                response_message,
                partner_reference_no: reference.map(Reference::as_str),
                beneficiary_account_name: name.map(Name::reveal),
                beneficiary_account_no: inquiry.account.reveal(),
                beneficiary_bank_code: inquiry.counterparty.as_str(),
                currency: Money(inquiry.amount).letters(),
                additional_info: AdditionalInfo {
                    inquiry_id: Some(inquiry.id.to_string()),
                    ..AdditionalInfo::default()
                },
            },
        )
    }

    /// Returns the response to a transfer request. Without a report nothing is known of the transfer yet.
    pub(super) fn transfer(order: &Order, report: Option<&StatusReport>) -> Self {
        let case = report.map_or(ResponseCase::InProgress, |report| {
            ResponseCase::of_transfer(report.status, report.failure)
        });
        let trace = report.and_then(|report| report.trace);
        let status = report.map(|report| latest_status(report.status, &order.funding).0);
        Self::new(
            case,
            &TransferBody {
                response_code: case.code(Some(Service::Transfer)),
                response_message: case.row().2,
                reference_no: trace.as_ref().map(|trace| trace.rrn.as_str()),
                partner_reference_no: reference(order),
                amount: order.amount.into(),
                beneficiary_bank_code: order.counterparty.as_str(),
                beneficiary_account_no: order.to.reveal(),
                trace_no: trace.map(|trace| trace.stan.to_string()),
                additional_info: AdditionalInfo {
                    transfer_id: report.map(|report| report.order.id.to_string()),
                    latest_transaction_status: status,
                    ..AdditionalInfo::default()
                },
            },
        )
    }

    /// Returns the response to a status inquiry.
    pub(super) fn status(report: &StatusReport) -> Self {
        let order = &*report.order;
        let (response_code, response_message) = successful(Service::Status);
        let (latest_transaction_status, transaction_status_desc) =
            latest_status(report.status, &order.funding);
        let case = ResponseCase::of_transfer(report.status, report.failure);
        let channel = order.details.channel.as_ref();
        Self::new(
            ResponseCase::Successful,
            &StatusBody {
                response_code,
                response_message,
                original_reference_no: report.trace.as_ref().map(|trace| trace.rrn.as_str()),
                original_partner_reference_no: reference(order),
                original_external_id: channel.map(|channel| channel.request.as_str()),
                service_code: Service::Transfer.code().to_string(),
                amount: order.amount.into(),
                beneficiary_bank_code: order.counterparty.as_str(),
                beneficiary_account_no: order.to.reveal(),
                source_account_no: order.from.reveal(),
                previous_response_code: case.code(Some(Service::Transfer)),
                latest_transaction_status,
                transaction_status_desc,
                trace_no: report.trace.map(|trace| trace.stan.to_string()),
                additional_info: AdditionalInfo {
                    transfer_id: Some(order.id.to_string()),
                    ..AdditionalInfo::default()
                },
            },
        )
    }

    /// Returns the response to a status inquiry for an unknown transfer.
    pub(super) fn no_transfer() -> Self {
        let case = ResponseCase::TransactionNotFound;
        Self::new(
            case,
            &NotFoundBody {
                response_code: case.code(Some(Service::Status)),
                response_message: case.row().2,
                latest_transaction_status: "07",
                transaction_status_desc: "Not Found",
            },
        )
    }
}

fn successful(service: Service) -> (SnapCode, &'static str) {
    (ResponseCase::Successful.code(Some(service)), ResponseCase::Successful.row().2)
}

fn reference(order: &Order) -> Option<&str> {
    order.details.channel.as_ref().map(|channel| channel.reference.as_str())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    response_code: SnapCode,
    response_message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_info: Option<ErrorDetails<'a>>,
}

#[derive(Serialize)]
struct ErrorDetails<'a> {
    faults: &'a [FieldError],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenBody<'a> {
    response_code: SnapCode,
    response_message: &'static str,
    access_token: &'a str,
    token_type: &'static str,
    expires_in: String,
}

/// Our own fields: `additionalInfo`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inquiry_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_transaction_status: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InquiryBody<'a> {
    response_code: SnapCode,
    response_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_reference_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary_account_name: Option<&'a str>,
    beneficiary_account_no: &'a str,
    beneficiary_bank_code: &'a str,
    currency: String,
    additional_info: AdditionalInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransferBody<'a> {
    response_code: SnapCode,
    response_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_no: Option<&'a str>,
    partner_reference_no: Option<&'a str>,
    amount: MoneyJson,
    beneficiary_bank_code: &'a str,
    beneficiary_account_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_no: Option<String>,
    additional_info: AdditionalInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody<'a> {
    response_code: SnapCode,
    response_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_reference_no: Option<&'a str>,
    original_partner_reference_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_external_id: Option<&'a str>,
    service_code: String,
    amount: MoneyJson,
    beneficiary_bank_code: &'a str,
    beneficiary_account_no: &'a str,
    source_account_no: &'a str,
    /// The response code that a repeat of the request would get now.
    previous_response_code: SnapCode,
    latest_transaction_status: &'static str,
    transaction_status_desc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_no: Option<String>,
    additional_info: AdditionalInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotFoundBody {
    response_code: SnapCode,
    response_message: &'static str,
    latest_transaction_status: &'static str,
    transaction_status_desc: &'static str,
}
