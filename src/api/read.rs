//! From a body to an order or a question: every field is checked, and all that are wrong are named at once.
//!
//! SNAP has one response code for an answer. If a mandatory field is missing it is that of a missing field, else that of
//! a wrong format; the message names the fields of that kind, and `additionalInfo.faults` all, each with what it
//! should be.

use std::sync::Arc;

use serde::Deserialize;

use super::admission::Admitted;
use super::body::{Additional, Field, InquiryBody, StatusBody, TokenBody, TransferBody};
use super::faults::Faults;
use super::keys;
use super::outcome::{Case, Outcome};
use super::stamp::Stamp;
use crate::bank::Debit;
use crate::engine::{Begun, Key};
use crate::transfer::{ChannelReference, Funding, Inquiry, Order, Particulars};
use crate::values::{
    AccountNumber, Amount, Currency, Date, Institution, MerchantType, Name, Offset, ProcessingCode,
    Reference, Terminal, TransferId,
};

/// What the bank and its network say of channels' requests.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// How the network codes a transfer.
    pub(super) transfer: ProcessingCode,
    /// How it codes the question for a name.
    pub(super) inquiry: ProcessingCode,
    /// What it moves.
    pub(super) currency: Currency,
    /// Where days begin and end.
    pub(super) offset: Offset,
    /// Who debits the customer.
    pub(super) debit: Debit,
    /// The most that a transfer may move, in minor units.
    pub(super) amount_max: u64,
    /// Banks that can be paid to; any, if none is listed.
    pub(super) banks: Vec<Institution>,
    /// What kind a channel is, if it isn't listed.
    pub(super) merchant: MerchantType,
    /// What kind a channel is, by its CHANNEL-ID.
    pub(super) channels: Vec<(Terminal, MerchantType)>,
    /// The account of ours that asks for a name, where the channel doesn't say.
    pub(super) asker: AccountNumber,
}

impl Terms {
    fn merchant(&self, channel: Terminal) -> MerchantType {
        let listed = self.channels.iter().find(|(id, _)| *id == channel);
        listed.map_or(self.merchant, |(_, merchant)| *merchant)
    }

    pub(super) fn is_known(&self, bank: Institution) -> bool {
        self.banks.is_empty() || self.banks.contains(&bank)
    }
}

/// A body that is a JSON object, or the fault that it isn't. What it holds is not shown.
fn parse<'a, T>(body: &'a [u8]) -> Result<T, Outcome>
where
    Field<T>: Deserialize<'a>,
{
    let refused = |what, line, column| {
        let about = format!("The body can't be read at line {line}, column {column}: {what}");
        Err(Outcome::about(Case::BadRequest, about))
    };
    match serde_json::from_slice(body) {
        Ok(Field::Is(body)) => Ok(body),
        Ok(Field::Missing | Field::OtherType) => refused("it is no object", 1, 1),
        Err(error) => {
            let what = if error.is_data() { "a key stands twice" } else { "it is no JSON" };
            refused(what, error.line(), error.column())
        }
    }
}

/// The request for a token: there is one kind.
pub(super) fn token(body: &[u8]) -> Result<(), Outcome> {
    let body: TokenBody<'_> = parse(body)?;
    let mut faults = Faults::default();
    let grant = faults.mandatory("grantType", &body.grant_type, "text");
    if grant.is_some_and(|grant| grant != "client_credentials") {
        faults.wrong("grantType", "is not client_credentials");
    }
    faults.or(Some(()))
}

/// A question for a name, and what the channel calls it.
pub(super) fn inquiry(
    body: &[u8],
    id: TransferId,
    asked: &Admitted<'_>,
    terms: &Terms,
) -> Result<Inquiry, Outcome> {
    let body: InquiryBody<'_> = parse(body)?;
    let mut faults = Faults::default();
    let reference: Option<Reference> = faults.may("partnerReferenceNo", &body.partner_reference_no);
    let counterparty = faults.bank("beneficiaryBankCode", &body.beneficiary_bank_code, terms);
    let account = faults.account("beneficiaryAccountNo", &body.beneficiary_account_no);
    let from = match body.source_account_no {
        Field::Missing => Some(terms.asker),
        _ => faults.account("sourceAccountNo", &body.source_account_no),
    };
    let amount = match faults.optional("amount", &body.amount, "an object") {
        Some(amount) => faults.amount(amount, terms),
        None => Some(Amount::new(0, terms.currency)),
    };
    let particulars = Arc::new(Particulars {
        merchant: terms.merchant(asked.channel),
        terminal: asked.channel,
        sender: None,
        beneficiary: None,
        reference: None,
        channel: reference.map(|reference| asked.calls(reference)),
    });
    let kind = terms.inquiry;
    let read = || {
        let (counterparty, account, from, amount) = (counterparty?, account?, from?, amount?);
        Some(Inquiry { id, kind, from, account, counterparty, amount, particulars })
    };
    faults.or(read())
}

/// An order, and the keys that it begins under.
pub(super) fn transfer(
    body: &[u8],
    id: TransferId,
    asked: &Admitted<'_>,
    terms: &Terms,
) -> Result<(Order, Begun), Outcome> {
    let body: TransferBody<'_> = parse(body)?;
    let mut faults = Faults::default();
    let reference: Option<Reference> =
        faults.must("partnerReferenceNo", &body.partner_reference_no);
    let amount = faults.mandatory("amount", &body.amount, "an object");
    let amount = amount.and_then(|amount| faults.amount(amount, terms));
    let beneficiary =
        faults.mandatory("beneficiaryAccountName", &body.beneficiary_account_name, "text");
    let beneficiary = faults.name("beneficiaryAccountName", beneficiary);
    let to = faults.account("beneficiaryAccountNo", &body.beneficiary_account_no);
    let counterparty = faults.bank("beneficiaryBankCode", &body.beneficiary_bank_code, terms);
    let from = faults.account("sourceAccountNo", &body.source_account_no);
    let customer = faults.may("customerReference", &body.customer_reference);
    let sender = sender(&body, &mut faults);
    let funding = funding(&body, &mut faults, terms);
    asides(&body, &mut faults, terms);
    let read = || {
        let (reference, beneficiary) = (reference?, beneficiary?);
        let particulars = Arc::new(Particulars {
            merchant: terms.merchant(asked.channel),
            terminal: asked.channel,
            sender,
            beneficiary: Some(beneficiary),
            reference: customer,
            channel: Some(asked.calls(reference)),
        });
        let (kind, amount, from, to) = (terms.transfer, amount?, from?, to?);
        let (counterparty, funding) = (counterparty?, funding?);
        Some(Order { id, kind, amount, from, to, pan: None, counterparty, funding, particulars })
    };
    let order = faults.or(read())?;
    if order.amount.minor() > terms.amount_max {
        return Err(Case::OverLimit.into());
    }
    let begun = begun(&order, asked, &body, terms);
    Ok((order, begun))
}

/// Whose account it is that pays: the first originator's name.
fn sender(body: &TransferBody<'_>, faults: &mut Faults) -> Option<Name> {
    const NAME: &str = "originatorInfos.originatorCustomerName";
    let infos = faults.optional("originatorInfos", &body.originator_infos, "a list")?;
    let first = faults.optional("originatorInfos", infos.first()?, "a list of objects")?;
    let _: Option<Reference> =
        faults.may("originatorInfos.originatorCustomerNo", &first.originator_customer_no);
    let _: Option<Institution> =
        faults.may("originatorInfos.originatorBankCode", &first.originator_bank_code);
    let name = faults.optional(NAME, &first.originator_customer_name, "text");
    faults.name(NAME, name)
}

/// Who has debited the customer, or is to. A reference where the program debits itself is refused: whoever says it has
/// debited, and the money would be taken twice.
fn funding(body: &TransferBody<'_>, faults: &mut Faults, terms: &Terms) -> Option<Funding> {
    const FIELD: &str = "additionalInfo.debitReference";
    let none = Additional::default();
    let info = faults.optional("additionalInfo", &body.additional_info, "an object");
    let debited = &info.unwrap_or(&none).debit_reference;
    match terms.debit {
        Debit::Caller => faults.must(FIELD, debited).map(Funding::Caller),
        Debit::Titian if matches!(debited, Field::Missing) => Some(Funding::Core),
        Debit::Titian => {
            faults.wrong(FIELD, "is said, but the debit is made here (core.debit = titian)");
            None
        }
    }
}

/// What is checked and has no say in the transfer.
fn asides(body: &TransferBody<'_>, faults: &mut Faults, terms: &Terms) {
    let _: Option<Stamp> = faults.must("transactionDate", &body.transaction_date);
    if let Some(letters) = faults.optional("currency", &body.currency, "text") {
        faults.currency("currency", letters, terms);
    }
    if let Some(fee) = faults.optional("feeType", &body.fee_type, "text")
        && !["OUR", "BEN", "SHA"].contains(&&**fee)
    {
        faults.wrong("feeType", "is none of OUR, BEN, SHA");
    }
}

/// What makes a request the same: all that it asks for, whatever the order and the blanks of its JSON. A repeat may give
/// another transactionDate, which is the channel's clock.
fn begun(order: &Order, asked: &Admitted<'_>, body: &TransferBody<'_>, terms: &Terms) -> Begun {
    let said = &*order.particulars;
    let channel = said.channel.as_ref().map(|channel| &channel.reference);
    let debited = match &order.funding {
        Funding::Core => None,
        Funding::Caller(reference) => Some(reference.as_str()),
    };
    let fee = match &body.fee_type {
        Field::Is(fee) => Some(&**fee),
        Field::Missing | Field::OtherType => None,
    };
    let (minor, currency) = (order.amount.minor().to_string(), order.amount.currency().to_string());
    let whole = keys::body([
        channel.map(Reference::as_str),
        Some(&minor),
        Some(&currency),
        Some(order.from.reveal()),
        Some(order.to.reveal()),
        Some(order.counterparty.as_str()),
        said.beneficiary.as_ref().map(Name::reveal),
        said.sender.as_ref().map(Name::reveal),
        said.reference.as_ref().map(Reference::as_str),
        debited,
        fee,
    ]);
    Begun {
        request: asked.key(terms),
        reference: channel.map(|channel| keys::reference(&asked.partner, channel)),
        body: whole,
    }
}

/// The transfer that a status is asked of: by partnerReferenceNo, or by X-EXTERNAL-ID and the day.
pub(super) fn status(body: &[u8], asked: &Admitted<'_>, terms: &Terms) -> Result<Key, Outcome> {
    let body: StatusBody<'_> = parse(body)?;
    let mut faults = Faults::default();
    let service = faults.optional("serviceCode", &body.service_code, "text");
    if service.is_some_and(|service| service != "18") {
        faults.wrong("serviceCode", "is not 18, of transfer-interbank");
    }
    let external: Option<Reference> = faults.may("originalExternalId", &body.original_external_id);
    let at: Option<Stamp> = faults.may("transactionDate", &body.transaction_date);
    let by_request = external.zip(at).map(|(external, at)| {
        keys::request(&asked.partner, &external, Date::of(at.0, terms.offset))
    });
    // Of the two, the transfer's own number is what is asked for where nothing or too little of the other is said.
    let reference: Option<Reference> = match (&body.original_partner_reference_no, by_request) {
        (Field::Missing, Some(_)) => None,
        (reference, _) => faults.must("originalPartnerReferenceNo", reference),
    };
    let by_reference = reference.map(|reference| keys::reference(&asked.partner, &reference));
    faults.or(by_reference.or(by_request))
}

impl Admitted<'_> {
    fn calls(&self, reference: Reference) -> ChannelReference {
        let (partner, request) = (self.partner.clone(), self.external.clone());
        ChannelReference { partner, reference, request }
    }

    fn key(&self, terms: &Terms) -> Key {
        keys::request(&self.partner, &self.external, Date::of(self.at, terms.offset))
    }
}
