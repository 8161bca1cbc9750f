//! What a request of the switch must fulfil before anything is done for it.

use crate::iso8583::{De, ElementSet, FieldError, Message};
use crate::network::incoming_message::ReadError;
use crate::network::profile::Network;
use crate::values::{Date, Institution, Moment, MonthDay, Offset, Stan, Transmission, Value};

impl Network {
    /// Checks that a request is understood, is for our bank, and has a settlement date that exists.
    pub(super) fn check_request(
        &self,
        message: &Message<'_>,
        now: Moment,
    ) -> Result<(), ReadError> {
        if let Some(de) = self.unknown_elements(message).first() {
            return Err(ReadError::NotUnderstood { mti: message.mti(), de });
        }
        Self::check_settlement_date(message, now)?;
        self.check_receiver(message)?;
        let acquirer: Institution = message.get(De::ACQUIRER)?;
        if same_institution(&acquirer, &self.bank.code) {
            return Err(ReadError::OwnRequest);
        }
        Ok(())
    }

    /// Whether a message with faults that are not tolerated may get the response `malformed`: a request whose DE7, DE11 and DE32
    /// can be read.
    #[must_use]
    pub fn answers_malformed(&self, message: &Message<'_>) -> bool {
        message.mti().is_request()
            && message.get::<Transmission>(De::TRANSMISSION).is_ok()
            && message.get::<Stan>(De::STAN).is_ok()
            && message.get::<Institution>(De::ACQUIRER).is_ok()
    }

    /// Returns the elements of a message that the program neither uses nor ignores. A response keeps its meaning all the same.
    #[inline]
    #[must_use]
    pub fn unknown_elements(&self, message: &Message<'_>) -> ElementSet {
        self.understood.unknown_elements(message)
    }

    /// Checks that the date in DE15 exists in the year that it is nearest to. Only 29 February does not exist in every year. A
    /// response keeps its meaning without it.
    ///
    /// # Errors
    /// If it does not exist, or is not a date.
    pub fn check_settlement_date(message: &Message<'_>, now: Moment) -> Result<(), FieldError> {
        let Some(field) = message.field(De::SETTLEMENT_DATE) else { return Ok(()) };
        let day: MonthDay = field.value()?;
        let is_leap_day = (day.month(), day.day()) == (2, 29);
        let today = || Date::of(now, Offset::UTC);
        if !is_leap_day || Date::nearest_existing(day, today()).is_some() {
            return Ok(());
        }
        Err(FieldError::Invalid {
            de: De::SETTLEMENT_DATE,
            offset: field.offset(),
            expected: "a date that exists, MMDD",
            masked: field.masked_for_error(),
        })
    }

    /// Checks that every element of `matching.receiver` that the message has names our bank, and that it has one of them.
    fn check_receiver(&self, message: &Message<'_>) -> Result<(), ReadError> {
        let mut is_named = false;
        for de in &self.matching.receiver {
            let Some(field) = message.field(*de) else { continue };
            let names_us = |bank: PaddedInstitution| same_institution(&bank.0, &self.bank.code);
            if !field.value().is_ok_and(names_us) {
                return Err(ReadError::Misrouted { de: *de });
            }
            is_named = true;
        }
        let missing = self.matching.receiver.first().filter(|_| !is_named);
        missing.map_or(Ok(()), |de| Err(ReadError::Misrouted { de: *de }))
    }
}

/// The code of an institution in an element of fixed length: blanks behind it do not count.
struct PaddedInstitution(Institution);

impl Value for PaddedInstitution {
    const EXPECTED: &'static str = Institution::EXPECTED;

    fn from_ascii(text: &[u8]) -> Option<Self> {
        Institution::from_ascii(text.trim_ascii_end()).map(Self)
    }
}

/// Whether two codes name the same institution. Zeros in front do not count.
fn same_institution(one: &Institution, other: &Institution) -> bool {
    let [one, other] = [one, other].map(|code| code.as_str().trim_start_matches('0'));
    one == other
}
