//! The bodies of answers.

use std::borrow::Cow;

use serde::Serialize;

use super::desk::Progress;
use super::outcome::{Case, Code, FieldFault, Outcome, latest_status};
use super::service::Service;
use super::token::Token;
use crate::transfer::{Inquiry, Order};
use crate::values::Money;
use crate::values::{Name, Reference};

/// HTTP status and JSON.
pub(super) struct Answer {
    pub(super) case: Case,
    pub(super) json: Vec<u8>,
    /// Whether it may be asked for again in a second, as nothing was done.
    pub(super) again: bool,
}

impl Answer {
    /// A body of ours always is JSON; if it were not, its status would say enough.
    fn new(case: Case, body: &impl Serialize) -> Self {
        Self { case, json: serde_json::to_vec(body).unwrap_or_default(), again: false }
    }

    /// What became of a request that came to nothing.
    pub(super) fn refused(service: Option<Service>, outcome: &Outcome) -> Self {
        let additional_info =
            (!outcome.faults.is_empty()).then_some(Faulty { faults: &outcome.faults });
        let response_code = outcome.case.code(service);
        let answer = Self::new(
            outcome.case,
            &Refused { response_code, response_message: outcome.message(), additional_info },
        );
        Self { again: matches!(outcome.case, Case::TooMany | Case::Unavailable), ..answer }
    }

    /// A token.
    pub(super) fn token(access_token: &str) -> Self {
        let (response_code, response_message) = done(Service::Token);
        Self::new(
            Case::Done,
            &TokenAnswer {
                response_code,
                response_message,
                access_token,
                token_type: "BearerToken",
                expires_in: Token::SECONDS.to_string(),
            },
        )
    }

    /// A name.
    pub(super) fn inquiry(inquiry: &Inquiry, name: Option<&Name>) -> Self {
        let (response_code, response_message) = done(Service::Inquiry);
        let reference = inquiry.particulars.channel.as_ref().map(|channel| &channel.reference);
        Self::new(
            Case::Done,
            &InquiryAnswer {
                response_code,
                response_message,
                partner_reference_no: reference.map(Reference::as_str),
                beneficiary_account_name: name.map(Name::reveal),
                beneficiary_account_no: inquiry.account.reveal(),
                beneficiary_bank_code: inquiry.counterparty.as_str(),
                currency: Money(inquiry.amount).letters(),
                additional_info: Ids { inquiry_id: Some(inquiry.id.to_string()), ..Ids::default() },
            },
        )
    }

    /// How a transfer stands that was asked for. Nothing is known of its progress when the answer did not come in time.
    pub(super) fn transfer(order: &Order, progress: Option<Progress>) -> Self {
        let case = progress.map_or(Case::InProgress, |progress| {
            Case::of_transfer(progress.standing, progress.reason)
        });
        let trace = progress.and_then(|progress| progress.trace);
        let status = progress.map(|progress| latest_status(progress.standing, &order.funding).0);
        Self::new(
            case,
            &TransferAnswer {
                response_code: case.code(Some(Service::Transfer)),
                response_message: case.row().2,
                reference_no: trace.as_ref().map(|trace| trace.rrn.as_str()),
                partner_reference_no: reference(order),
                amount: MoneyAnswer::of(order),
                beneficiary_bank_code: order.counterparty.as_str(),
                beneficiary_account_no: order.to.reveal(),
                trace_no: trace.map(|trace| trace.stan.to_string()),
                additional_info: Ids {
                    transfer_id: progress.map(|progress| progress.id.to_string()),
                    latest_transaction_status: status,
                    ..Ids::default()
                },
            },
        )
    }

    /// How a transfer stands whose status was asked for.
    pub(super) fn status(order: &Order, progress: &Progress) -> Self {
        let (response_code, response_message) = done(Service::Status);
        let (latest_transaction_status, transaction_status_desc) =
            latest_status(progress.standing, &order.funding);
        let case = Case::of_transfer(progress.standing, progress.reason);
        let channel = order.particulars.channel.as_ref();
        Self::new(
            Case::Done,
            &StatusAnswer {
                response_code,
                response_message,
                original_reference_no: progress.trace.as_ref().map(|trace| trace.rrn.as_str()),
                original_partner_reference_no: reference(order),
                original_external_id: channel.map(|channel| channel.request.as_str()),
                service_code: Service::Transfer.code().to_string(),
                amount: MoneyAnswer::of(order),
                beneficiary_bank_code: order.counterparty.as_str(),
                beneficiary_account_no: order.to.reveal(),
                source_account_no: order.from.reveal(),
                previous_response_code: case.code(Some(Service::Transfer)),
                latest_transaction_status,
                transaction_status_desc,
                trace_no: progress.trace.map(|trace| trace.stan.to_string()),
                additional_info: Ids {
                    transfer_id: Some(progress.id.to_string()),
                    ..Ids::default()
                },
            },
        )
    }

    /// That there is no such transfer.
    pub(super) fn no_transfer() -> Self {
        let case = Case::NotFound;
        Self::new(
            case,
            &NoTransfer {
                response_code: case.code(Some(Service::Status)),
                response_message: case.row().2,
                latest_transaction_status: "07",
                transaction_status_desc: "Not Found",
            },
        )
    }
}

fn done(service: Service) -> (Code, &'static str) {
    (Case::Done.code(Some(service)), Case::Done.row().2)
}

fn reference(order: &Order) -> Option<&str> {
    order.particulars.channel.as_ref().map(|channel| channel.reference.as_str())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refused<'a> {
    response_code: Code,
    response_message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_info: Option<Faulty<'a>>,
}

#[derive(Serialize)]
struct Faulty<'a> {
    faults: &'a [FieldFault],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer<'a> {
    response_code: Code,
    response_message: &'static str,
    access_token: &'a str,
    token_type: &'static str,
    expires_in: String,
}

/// What tells a thing of ours from others.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ids {
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inquiry_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_transaction_status: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InquiryAnswer<'a> {
    response_code: Code,
    response_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_reference_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary_account_name: Option<&'a str>,
    beneficiary_account_no: &'a str,
    beneficiary_bank_code: &'a str,
    currency: String,
    additional_info: Ids,
}

#[derive(Serialize)]
struct MoneyAnswer {
    value: String,
    currency: String,
}

impl MoneyAnswer {
    fn of(order: &Order) -> Self {
        let money = Money(order.amount);
        Self { value: money.to_string(), currency: money.letters() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransferAnswer<'a> {
    response_code: Code,
    response_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_no: Option<&'a str>,
    partner_reference_no: Option<&'a str>,
    amount: MoneyAnswer,
    beneficiary_bank_code: &'a str,
    beneficiary_account_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_no: Option<String>,
    additional_info: Ids,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer<'a> {
    response_code: Code,
    response_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_reference_no: Option<&'a str>,
    original_partner_reference_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_external_id: Option<&'a str>,
    service_code: String,
    amount: MoneyAnswer,
    beneficiary_bank_code: &'a str,
    beneficiary_account_no: &'a str,
    source_account_no: &'a str,
    /// What a repeat of the request would be told now.
    previous_response_code: Code,
    latest_transaction_status: &'static str,
    transaction_status_desc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_no: Option<String>,
    additional_info: Ids,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NoTransfer {
    response_code: Code,
    response_message: &'static str,
    latest_transaction_status: &'static str,
    transaction_status_desc: &'static str,
}
