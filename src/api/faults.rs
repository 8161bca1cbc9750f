//! What is wrong with a request, field by field.

use std::borrow::Cow;

use super::body::{Field, MoneyBody, Text};
use super::outcome::{Case, FieldFault, Outcome};
use super::read::Terms;
use crate::values::{AccountNumber, Amount, Currency, Institution, Name, Value};
use crate::values::{Money, MoneyError};

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults {
    missing: Vec<FieldFault>,
    wrong: Vec<FieldFault>,
}

impl Faults {
    pub(super) fn wrong(&mut self, field: &'static str, reason: impl Into<Cow<'static, str>>) {
        self.wrong.push(FieldFault { field, reason: reason.into() });
    }

    /// A field that may be missing.
    pub(super) fn optional<'f, T>(
        &mut self,
        field: &'static str,
        value: &'f Field<T>,
        kind: &'static str,
    ) -> Option<&'f T> {
        match value {
            Field::Is(value) => return Some(value),
            Field::Missing => {}
            Field::OtherType => self.wrong(field, format!("is not {kind}")),
        }
        None
    }

    /// A field that must be there.
    pub(super) fn mandatory<'f, T>(
        &mut self,
        field: &'static str,
        value: &'f Field<T>,
        kind: &'static str,
    ) -> Option<&'f T> {
        if matches!(value, Field::Missing) {
            self.missing.push(FieldFault { field, reason: "is missing".into() });
        }
        self.optional(field, value, kind)
    }

    /// The value of a text, if it has one.
    pub(super) fn value<T: Value>(
        &mut self,
        field: &'static str,
        text: Option<&Cow<'_, str>>,
    ) -> Option<T> {
        let text = text?;
        let value = T::from_ascii(text.as_bytes());
        if value.is_none() {
            self.wrong(field, format!("is not {}", T::EXPECTED));
        }
        value
    }

    pub(super) fn must<T: Value>(&mut self, field: &'static str, text: &Text<'_>) -> Option<T> {
        let text = self.mandatory(field, text, "text");
        self.value(field, text)
    }

    pub(super) fn may<T: Value>(&mut self, field: &'static str, text: &Text<'_>) -> Option<T> {
        let text = self.optional(field, text, "text");
        self.value(field, text)
    }

    /// A header that must be there; what isn't there is empty.
    pub(super) fn header<T: Value>(&mut self, field: &'static str, text: &str) -> Option<T> {
        let text = if text.is_empty() { Field::Missing } else { Field::Is(text.into()) };
        self.must(field, &text)
    }

    /// A name that may be missing.
    pub(super) fn name(
        &mut self,
        field: &'static str,
        text: Option<&Cow<'_, str>>,
    ) -> Option<Name> {
        let text = text?;
        let name = Name::new(text);
        if name.is_none() {
            self.wrong(field, "is not 1 to 100 characters that can be printed");
        }
        name
    }

    /// An account number. Blanks would be lost on the wire.
    pub(super) fn account(
        &mut self,
        field: &'static str,
        text: &Text<'_>,
    ) -> Option<AccountNumber> {
        let account: AccountNumber = self.must(field, text)?;
        if account.reveal().contains(' ') {
            self.wrong(field, "has a blank");
            return None;
        }
        Some(account)
    }

    pub(super) fn bank(
        &mut self,
        field: &'static str,
        text: &Text<'_>,
        terms: &Terms,
    ) -> Option<Institution> {
        let bank: Institution = self.must(field, text)?;
        if !terms.is_known(bank) {
            self.wrong(field, "is no bank that can be paid to");
            return None;
        }
        Some(bank)
    }

    pub(super) fn amount(&mut self, amount: &MoneyBody<'_>, terms: &Terms) -> Option<Amount> {
        let value = self.mandatory("amount.value", &amount.value, "text");
        let currency = self.mandatory("amount.currency", &amount.currency, "text");
        let minor = value.map(|value| Money::minor(value));
        match minor {
            Some(Err(MoneyError::Zero)) => self.wrong("amount.value", "is nothing"),
            Some(Err(_)) => {
                self.wrong("amount.value", "is not 1 to 16 digits, a point and two decimals");
            }
            Some(Ok(_)) | None => {}
        }
        let currency =
            currency.and_then(|letters| self.currency("amount.currency", letters, terms));
        Some(Amount::new(minor?.ok()?, currency?))
    }

    pub(super) fn currency(
        &mut self,
        field: &'static str,
        letters: &str,
        terms: &Terms,
    ) -> Option<Currency> {
        let currency = Money::currency(letters).filter(|currency| *currency == terms.currency);
        if currency.is_none() {
            self.wrong(field, "is not the currency of the network");
        }
        currency
    }

    /// The outcome of a body with faults; none, if it has none.
    pub(super) fn outcome(self) -> Option<Outcome> {
        let (case, named) = match (&self.missing[..], &self.wrong[..]) {
            ([], []) => return None,
            ([], wrong) => (Case::InvalidFormat, wrong),
            (missing, _) => (Case::MissingField, missing),
        };
        let named = named.iter().map(|fault| fault.field).collect::<Vec<_>>().join(", ");
        let faults = self.missing.into_iter().chain(self.wrong).collect();
        Some(Outcome { faults, ..Outcome::about(case, named) })
    }

    /// What was read, unless something is wrong. What could not be read left a fault.
    pub(super) fn or<T>(self, read: Option<T>) -> Result<T, Outcome> {
        match self.outcome() {
            Some(outcome) => Err(outcome),
            None => read.ok_or(Outcome::new(Case::Fault)),
        }
    }
}
