//! Turns a body into an order or an inquiry. Every field is checked, and all wrong fields are reported at once.
//!
//! SNAP has one response code a response: `Invalid Mandatory Field` if a mandatory field is missing, else `Invalid Field
//! Format`. The message names the fields of that kind; `additionalInfo.faults` has all wrong fields, each with its reason.

use std::sync::Arc;

use serde::Deserialize;

use super::admission::AdmittedRequest;
use super::body::{Additional, Field, InquiryBody, StatusBody, TokenBody, TransferBody};
use super::error::{ErrorResponse, ResponseCase};
use super::field_errors::FieldErrors;
use super::keys;
use super::rules::RequestRules;
use super::timestamp::Timestamp;
use crate::core_banking::Debit;
use crate::personal::RecordKey;
use crate::transfer::{ChannelReference, Funding, Inquiry, Order, TransferDetails};
use crate::values::{
    Amount, Date, IdempotencyKey, Institution, Name, Reference, RequestIdentity, TransferId,
};

/// Parses a body, which must be a JSON object. The error shows nothing of its content.
fn parse<'a, T>(body: &'a [u8]) -> Result<T, ErrorResponse>
where
    Field<T>: Deserialize<'a>,
{
    let bad_request = |details| Err(ErrorResponse::with_details(ResponseCase::BadRequest, details));
    match serde_json::from_slice(body) {
        Ok(Field::Value(body)) => Ok(body),
        Ok(Field::Missing | Field::WrongType) => {
            bad_request("The body is not a JSON object".to_owned())
        }
        Err(error) => {
            let what = if error.is_data() { "Duplicate key" } else { "Invalid JSON" };
            bad_request(format!("{what} at line {}, column {}", error.line(), error.column()))
        }
    }
}

/// Checks a token request. There is one grant type.
pub(super) fn check_token_request(body: &[u8]) -> Result<(), ErrorResponse> {
    let body: TokenBody<'_> = parse(body)?;
    let mut errors = FieldErrors::default();
    let grant = errors.mandatory("grantType", &body.grant_type, "text");
    if grant.is_some_and(|grant| grant != "client_credentials") {
        errors.add("grantType", "is not client_credentials");
    }
    errors.result(Some(()))
}

/// Reads an account inquiry.
pub(super) fn inquiry(
    body: &[u8],
    id: TransferId,
    request: &AdmittedRequest<'_>,
    rules: &RequestRules,
) -> Result<Inquiry, ErrorResponse> {
    let body: InquiryBody<'_> = parse(body)?;
    let mut errors = FieldErrors::default();
    let reference: Option<Reference> =
        errors.optional_value("partnerReferenceNo", &body.partner_reference_no);
    let counterparty = errors.bank("beneficiaryBankCode", &body.beneficiary_bank_code, rules);
    let account = errors.account("beneficiaryAccountNo", &body.beneficiary_account_no);
    let from = match body.source_account_no {
        Field::Missing => Some(rules.inquiry_account),
        _ => errors.account("sourceAccountNo", &body.source_account_no),
    };
    let amount = match errors.optional("amount", &body.amount, "an object") {
        Some(amount) => errors.amount(amount, rules),
        None => Some(Amount::new(0, rules.currency)),
    };
    let details = Arc::new(TransferDetails {
        merchant: rules.merchant(request.channel),
        terminal: request.channel,
        sender: None,
        beneficiary: None,
        reference: None,
        channel: reference.map(|reference| request.channel_reference(reference)),
    });
    let kind = rules.inquiry_code;
    let read = || {
        let (counterparty, account, from, amount) = (counterparty?, account?, from?, amount?);
        Some(Inquiry { id, kind, from, account, counterparty, amount, details })
    };
    errors.result(read())
}

/// Reads an order, and what identifies its request.
pub(super) fn transfer(
    body: &[u8],
    id: TransferId,
    request: &AdmittedRequest<'_>,
    rules: &RequestRules,
    record_key: &RecordKey,
) -> Result<(Arc<Order>, RequestIdentity), ErrorResponse> {
    let body: TransferBody<'_> = parse(body)?;
    let mut errors = FieldErrors::default();
    let reference: Option<Reference> =
        errors.mandatory_value("partnerReferenceNo", &body.partner_reference_no);
    let amount = errors.mandatory("amount", &body.amount, "an object");
    let amount = amount.and_then(|amount| errors.amount(amount, rules));
    let beneficiary =
        errors.mandatory("beneficiaryAccountName", &body.beneficiary_account_name, "text");
    let beneficiary = errors.name("beneficiaryAccountName", beneficiary);
    let to = errors.account("beneficiaryAccountNo", &body.beneficiary_account_no);
    let counterparty = errors.bank("beneficiaryBankCode", &body.beneficiary_bank_code, rules);
    let from = errors.account("sourceAccountNo", &body.source_account_no);
    let customer = errors.optional_value("customerReference", &body.customer_reference);
    let sender = sender(&body, &mut errors);
    let funding = funding(&body, &mut errors, rules);
    check_other_fields(&body, &mut errors, rules);
    let read = || {
        let (reference, beneficiary) = (reference?, beneficiary?);
        let details = TransferDetails {
            merchant: rules.merchant(request.channel),
            terminal: request.channel,
            sender,
            beneficiary: Some(beneficiary),
            reference: customer,
            channel: Some(request.channel_reference(reference)),
        };
        let (kind, amount, from, to) = (rules.transfer_code, amount?, from?, to?);
        let (counterparty, funding) = (counterparty?, funding?);
        Some(Order { id, kind, amount, from, to, pan: None, counterparty, funding, details })
    };
    let order = errors.result(read())?;
    if order.amount.minor() > rules.amount_max {
        return Err(ResponseCase::AmountLimit.into());
    }
    let identity = identity(&order, request, &body, rules, record_key);
    Ok((Arc::new(order), identity))
}

/// Returns the name of the first originator: the holder of the source account.
fn sender(body: &TransferBody<'_>, errors: &mut FieldErrors) -> Option<Name> {
    const NAME: &str = "originatorInfos.originatorCustomerName";
    let infos = errors.optional("originatorInfos", &body.originator_infos, "a list")?;
    let first = errors.optional("originatorInfos", infos.first()?, "a list of objects")?;
    let _: Option<Reference> = errors
        .optional_value("originatorInfos.originatorCustomerNo", &first.originator_customer_no);
    let _: Option<Institution> =
        errors.optional_value("originatorInfos.originatorBankCode", &first.originator_bank_code);
    let name = errors.optional(NAME, &first.originator_customer_name, "text");
    errors.name(NAME, name)
}

/// Returns who debits the customer. A debit reference is refused where this program debits: the channel has debited already,
/// and the customer would be debited twice.
fn funding(
    body: &TransferBody<'_>,
    errors: &mut FieldErrors,
    rules: &RequestRules,
) -> Option<Funding> {
    const FIELD: &str = "additionalInfo.debitReference";
    let none = Additional::default();
    let info = errors.optional("additionalInfo", &body.additional_info, "an object");
    let debited = &info.unwrap_or(&none).debit_reference;
    match rules.debit {
        Debit::Caller => errors.mandatory_value(FIELD, debited).map(Funding::Caller),
        Debit::Titian if matches!(debited, Field::Missing) => Some(Funding::Core),
        Debit::Titian => {
            errors.add(FIELD, "must be absent: titian debits the customer (core.debit = titian)");
            None
        }
    }
}

/// Checks the fields that are not part of the order.
fn check_other_fields(body: &TransferBody<'_>, errors: &mut FieldErrors, rules: &RequestRules) {
    let _: Option<Timestamp> = errors.mandatory_value("transactionDate", &body.transaction_date);
    if let Some(letters) = errors.optional("currency", &body.currency, "text") {
        errors.currency("currency", letters, rules);
    }
    if let Some(fee) = errors.optional("feeType", &body.fee_type, "text")
        && !["OUR", "BEN", "SHA"].contains(&&**fee)
    {
        errors.add("feeType", "is not one of OUR, BEN, SHA");
    }
}

/// Returns the keys and the fingerprint of a request. The fingerprint covers all fields of the order, whatever the order and
/// blanks of its JSON. It leaves out transactionDate, which is the channel's clock and may differ in a repeat.
fn identity(
    order: &Order,
    request: &AdmittedRequest<'_>,
    body: &TransferBody<'_>,
    rules: &RequestRules,
    record_key: &RecordKey,
) -> RequestIdentity {
    let details = &order.details;
    let channel = details.channel.as_ref().map(|channel| &channel.reference);
    let debited = match &order.funding {
        Funding::Core => None,
        Funding::Caller(reference) => Some(reference.as_str()),
    };
    let fee = match &body.fee_type {
        Field::Value(fee) => Some(&**fee),
        Field::Missing | Field::WrongType => None,
    };
    let (minor, currency) = (order.amount.minor().to_string(), order.amount.currency().to_string());
    let parts = [
        channel.map(Reference::as_str),
        Some(&minor),
        Some(&currency),
        Some(order.from.reveal()),
        Some(order.to.reveal()),
        Some(order.counterparty.as_str()),
        details.beneficiary.as_ref().map(Name::reveal),
        details.sender.as_ref().map(Name::reveal),
        details.reference.as_ref().map(Reference::as_str),
        debited,
        fee,
    ];
    RequestIdentity {
        request_key: request.request_key(rules),
        reference_key: channel.map(|channel| keys::reference_key(&request.partner, channel)),
        fingerprint: keys::fingerprint(record_key, parts),
    }
}

/// Returns the key of the transfer of a status inquiry: by partnerReferenceNo, or by X-EXTERNAL-ID and day.
pub(super) fn status(
    body: &[u8],
    request: &AdmittedRequest<'_>,
    rules: &RequestRules,
) -> Result<IdempotencyKey, ErrorResponse> {
    let body: StatusBody<'_> = parse(body)?;
    let mut errors = FieldErrors::default();
    let service = errors.optional("serviceCode", &body.service_code, "text");
    if service.is_some_and(|service| service != "18") {
        errors.add("serviceCode", "is not 18 (transfer-interbank)");
    }
    let external: Option<Reference> =
        errors.optional_value("originalExternalId", &body.original_external_id);
    let at: Option<Timestamp> = errors.optional_value("transactionDate", &body.transaction_date);
    let by_request = external.zip(at).map(|(external, at)| {
        keys::request_key(&request.partner, &external, Date::of(at.0, rules.offset))
    });
    // Without a complete external id, the partner reference is the mandatory field.
    let reference: Option<Reference> = match (&body.original_partner_reference_no, by_request) {
        (Field::Missing, Some(_)) => None,
        (reference, _) => errors.mandatory_value("originalPartnerReferenceNo", reference),
    };
    let by_reference = reference.map(|reference| keys::reference_key(&request.partner, &reference));
    errors.result(by_reference.or(by_request))
}

impl AdmittedRequest<'_> {
    fn channel_reference(&self, reference: Reference) -> ChannelReference {
        let (partner, request) = (self.partner.clone(), self.external.clone());
        ChannelReference { partner, reference, request }
    }

    fn request_key(&self, rules: &RequestRules) -> IdempotencyKey {
        keys::request_key(&self.partner, &self.external, Date::of(self.requested_at, rules.offset))
    }
}
