//! Finds the wrong fields of a request.

use std::borrow::Cow;

use super::body::{Field, MoneyBody, Text};
use super::error::{ErrorResponse, FieldError, ResponseCase};
use super::rules::RequestRules;
use crate::values::{AccountNumber, Amount, Currency, Institution, Name, Value};
use crate::values::{Money, MoneyError};

/// The wrong fields found so far.
#[derive(Default)]
pub(super) struct FieldErrors {
    missing: Vec<FieldError>,
    wrong: Vec<FieldError>,
}

impl FieldErrors {
    pub(super) fn add(&mut self, field: &'static str, reason: impl Into<Cow<'static, str>>) {
        self.wrong.push(FieldError { field, reason: reason.into() });
    }

    /// Returns an optional field.
    pub(super) fn optional<'f, T>(
        &mut self,
        field: &'static str,
        value: &'f Field<T>,
        json_type: &'static str,
    ) -> Option<&'f T> {
        match value {
            Field::Value(value) => return Some(value),
            Field::Missing => {}
            Field::WrongType => self.add(field, format!("is not {json_type}")),
        }
        None
    }

    /// Returns a mandatory field.
    pub(super) fn mandatory<'f, T>(
        &mut self,
        field: &'static str,
        value: &'f Field<T>,
        json_type: &'static str,
    ) -> Option<&'f T> {
        if matches!(value, Field::Missing) {
            self.missing.push(FieldError { field, reason: "is missing".into() });
        }
        self.optional(field, value, json_type)
    }

    /// Parses a text.
    fn parse<T: Value>(&mut self, field: &'static str, text: Option<&Cow<'_, str>>) -> Option<T> {
        let text = text?;
        let value = T::from_ascii(text.as_bytes());
        if value.is_none() {
            self.add(field, format!("is not {}", T::EXPECTED));
        }
        value
    }

    /// Returns the value of a mandatory text.
    pub(super) fn mandatory_value<T: Value>(
        &mut self,
        field: &'static str,
        text: &Text<'_>,
    ) -> Option<T> {
        let text = self.mandatory(field, text, "text");
        self.parse(field, text)
    }

    /// Returns the value of an optional text.
    pub(super) fn optional_value<T: Value>(
        &mut self,
        field: &'static str,
        text: &Text<'_>,
    ) -> Option<T> {
        let text = self.optional(field, text, "text");
        self.parse(field, text)
    }

    /// Returns the value of a mandatory header. A missing header is empty.
    pub(super) fn header<T: Value>(&mut self, field: &'static str, text: &str) -> Option<T> {
        let text = if text.is_empty() { Field::Missing } else { Field::Value(text.into()) };
        self.mandatory_value(field, &text)
    }

    /// Returns the name in a text.
    pub(super) fn name(
        &mut self,
        field: &'static str,
        text: Option<&Cow<'_, str>>,
    ) -> Option<Name> {
        let text = text?;
        let name = Name::new(text);
        if name.is_none() {
            self.add(field, format!("is not {}", Name::EXPECTED));
        }
        name
    }

    /// Returns a mandatory account number. A number with a blank is wrong: the message to the switch would lose it.
    pub(super) fn account(
        &mut self,
        field: &'static str,
        text: &Text<'_>,
    ) -> Option<AccountNumber> {
        let account: AccountNumber = self.mandatory_value(field, text)?;
        if account.reveal().contains(' ') {
            self.add(field, "has a blank");
            return None;
        }
        Some(account)
    }

    /// Returns a mandatory beneficiary bank.
    pub(super) fn bank(
        &mut self,
        field: &'static str,
        text: &Text<'_>,
        rules: &RequestRules,
    ) -> Option<Institution> {
        let bank: Institution = self.mandatory_value(field, text)?;
        if !rules.is_beneficiary_bank(bank) {
            self.add(field, "is not a bank that can be paid to");
            return None;
        }
        Some(bank)
    }

    pub(super) fn amount(
        &mut self,
        amount: &MoneyBody<'_>,
        rules: &RequestRules,
    ) -> Option<Amount> {
        let value = self.mandatory("amount.value", &amount.value, "text");
        let currency = self.mandatory("amount.currency", &amount.currency, "text");
        let minor = value.map(|value| Money::minor(value));
        match minor {
            Some(Err(MoneyError::Zero)) => self.add("amount.value", "must be greater than zero"),
            Some(Err(_)) => {
                self.add("amount.value", "is not 1 to 16 digits, a point and two decimals");
            }
            Some(Ok(_)) | None => {}
        }
        let currency =
            currency.and_then(|letters| self.currency("amount.currency", letters, rules));
        Some(Amount::new(minor?.ok()?, currency?))
    }

    pub(super) fn currency(
        &mut self,
        field: &'static str,
        letters: &str,
        rules: &RequestRules,
    ) -> Option<Currency> {
        let currency = Money::currency(letters).filter(|currency| *currency == rules.currency);
        if currency.is_none() {
            self.add(field, "is not the currency of the network");
        }
        currency
    }

    /// Returns the error response for the wrong fields; `None` if there are none.
    fn into_error(self) -> Option<ErrorResponse> {
        let (case, named) = match (&self.missing[..], &self.wrong[..]) {
            ([], []) => return None,
            ([], wrong) => (ResponseCase::InvalidFieldFormat, wrong),
            (missing, _) => (ResponseCase::InvalidMandatoryField, missing),
        };
        let named = named.iter().map(|error| error.field).collect::<Vec<_>>().join(", ");
        let fields = self.missing.into_iter().chain(self.wrong).collect();
        Some(ErrorResponse { fields, ..ErrorResponse::with_details(case, named) })
    }

    /// Returns the request, unless a field is wrong. A request that could not be read has left an error.
    pub(super) fn result<T>(self, request: Option<T>) -> Result<T, ErrorResponse> {
        match self.into_error() {
            Some(error) => Err(error),
            None => request.ok_or(ErrorResponse::new(ResponseCase::GeneralError)),
        }
    }
}
