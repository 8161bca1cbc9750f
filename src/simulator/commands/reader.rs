//! Reads admin commands and traffic from JSON.

use std::num::NonZeroU32;

use super::{AMOUNT_MAX, InboundCommand, PhantomTransfer, RequestDetails};
use crate::simulator::input::{InputError, InputObject, InputValue, document};
use crate::simulator::members::{Bank, Presence};
use crate::simulator::{Member, Switch, Traffic};
use crate::values::Date;

/// The most elements of a list.
const LIST_MAX: usize = 100_000;

/// The default amounts of traffic, in minor units.
const MIN_AMOUNT_DEFAULT: u64 = 1_000_000;
const MAX_AMOUNT_DEFAULT: u64 = 500_000_000;

impl Switch {
    /// Reads an inbound command: `{"kind": "credit", "from", "to", "from_account", "to_account", "amount_minor"}`; `qris`,
    /// `withdrawal`, `inquiry` or `balance_inquiry` with the same keys; or `repeat` or `reversal` with `rrn`. A `reversal` with
    /// `actual_amount_minor` is partial. Banks are codes.
    ///
    /// # Errors
    /// The first mistake, with its key.
    pub fn read_inbound_command(&self, bytes: &[u8]) -> Result<InboundCommand, InputError> {
        let value = document(bytes, "inbound")?;
        let whole = InputValue { value: &value, path: "inbound" };
        let kind = whole.any_object()?.get("kind").and_then(serde_json::Value::as_str);
        let rrn = || whole.object(&["kind", "rrn"])?.need("rrn")?.value();
        match kind {
            Some("credit") => self.details(whole).map(InboundCommand::Credit),
            Some("qris") => self.details(whole).map(InboundCommand::QrisPayment),
            Some("withdrawal") => self.details(whole).map(InboundCommand::Withdrawal),
            Some("inquiry") => self.details(whole).map(InboundCommand::Inquiry),
            Some("repeat") => rrn().map(InboundCommand::Repeat),
            Some("balance_inquiry") => self.details(whole).map(InboundCommand::BalanceInquiry),
            Some("reversal") => reversal(whole),
            Some(other) => {
                let known = [
                    "credit",
                    "qris",
                    "withdrawal",
                    "inquiry",
                    "balance_inquiry",
                    "repeat",
                    "reversal",
                ];
                Err(whole.unknown("kind", other, &known))
            }
            None => Err(whole.error("key `kind` is missing or not a string")),
        }
    }

    /// Reads a phantom transfer: `{"from", "to", "amount_minor"}`. Banks are codes.
    ///
    /// # Errors
    /// The first mistake, with its key.
    pub fn read_phantom(&self, bytes: &[u8]) -> Result<PhantomTransfer, InputError> {
        let value = document(bytes, "phantom")?;
        let whole = InputValue { value: &value, path: "phantom" };
        let object = whole.object(&["from", "to", "amount_minor"])?;
        Ok(PhantomTransfer {
            from: self.bank(object.need("from")?)?,
            to: self.bank(object.need("to")?)?,
            minor: amount(&object)?,
        })
    }

    /// Reads the body of a cut-over: nothing, or `{"announce": date}`, a date to announce without ending the business date.
    ///
    /// # Errors
    /// The first mistake, with its key.
    pub fn read_announced_date(bytes: &[u8]) -> Result<Option<Date>, InputError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let value = document(bytes, "cutover")?;
        let whole = InputValue { value: &value, path: "cutover" };
        whole.object(&["announce"])?.need("announce")?.value().map(Some)
    }

    /// Reads traffic: `{"bank", "per_second"}`, requests per second to a bank. Optional keys:
    ///
    /// - `to`: several banks, instead of `bank`;
    /// - `from`: the sending banks, by default all simulated ones;
    /// - `accounts`: the credited accounts, by default any;
    /// - `min_amount_minor` and `max_amount_minor`, by default Rp 10,000.00 and Rp 5,000,000.00;
    /// - `inquiries_per_thousand`, `reversals_per_thousand` and `partial_reversals_per_thousand`, by default 0;
    /// - `max_in_flight`: the most open requests, by default no limit.
    ///
    /// # Errors
    /// The first mistake, with its key.
    pub fn read_traffic(&self, bytes: &[u8]) -> Result<Traffic, InputError> {
        let value = document(bytes, "traffic")?;
        let whole = InputValue { value: &value, path: "traffic" };
        let object = whole.object(&[
            "bank",
            "per_second",
            "from",
            "to",
            "accounts",
            "min_amount_minor",
            "max_amount_minor",
            "inquiries_per_thousand",
            "reversals_per_thousand",
            "partial_reversals_per_thousand",
            "max_in_flight",
        ])?;
        let number = |key, least, most, default| {
            object.find(key).map_or(Ok(default), |value| value.whole(least, most))
        };
        let per_thousand = |key| number(key, 0, 1_000, 0);
        let amount = |key, default| number(key, 1, AMOUNT_MAX, default);
        let banks = |value| list(value, |value| self.bank(value));
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Traffic {
            per_second: NonZeroU32::MIN
                .saturating_add(narrow(object.need("per_second")?.whole(1, 1_000_000)? - 1)),
            from: object.find("from").map_or_else(|| Ok(self.simulated().collect()), banks)?,
            to: self.receivers(whole, &object)?,
            accounts: object
                .find("accounts")
                .map_or(Ok(Vec::new()), |value| list(value, |value| value.value()))?,
            min_amount: amount("min_amount_minor", MIN_AMOUNT_DEFAULT)?,
            max_amount: amount("max_amount_minor", MAX_AMOUNT_DEFAULT)?,
            inquiries_per_thousand: narrow(per_thousand("inquiries_per_thousand")?),
            reversals_per_thousand: narrow(per_thousand("reversals_per_thousand")?),
            partial_reversals_per_thousand: narrow(per_thousand("partial_reversals_per_thousand")?),
            max_in_flight: object.find("max_in_flight").map_or(Ok(usize::MAX), |value| {
                value.whole(1, 1_000_000).map(|most| usize::try_from(most).unwrap_or(usize::MAX))
            })?,
        })
    }

    /// Reads the banks that receive traffic.
    fn receivers(
        &self,
        whole: InputValue<'_>,
        object: &InputObject<'_>,
    ) -> Result<Vec<Member>, InputError> {
        match (object.find("bank"), object.find("to")) {
            (Some(one), None) => Ok(vec![self.bank(one)?]),
            (None, Some(several)) => list(several, |value| self.bank(value)),
            (Some(_), Some(_)) => Err(whole.error("keys `bank` and `to` exclude each other")),
            (None, None) => Err(whole.error("key `bank` is missing")),
        }
    }

    fn simulated(&self) -> impl Iterator<Item = Member> {
        let is_simulated = |bank: &Bank| bank.presence == Presence::Simulated;
        self.members.all().filter(move |(_, bank)| is_simulated(bank)).map(|(member, _)| member)
    }

    fn details(&self, value: InputValue<'_>) -> Result<RequestDetails, InputError> {
        let object =
            value.object(&["kind", "from", "to", "from_account", "to_account", "amount_minor"])?;
        Ok(RequestDetails {
            from: self.bank(object.need("from")?)?,
            to: self.bank(object.need("to")?)?,
            from_account: object.need("from_account")?.value()?,
            to_account: object.need("to_account")?.value()?,
            // Also 0: a bank must refuse it.
            minor: object.need("amount_minor")?.whole(0, AMOUNT_MAX)?,
        })
    }

    fn bank(&self, value: InputValue<'_>) -> Result<Member, InputError> {
        self.member(value.text()?).ok_or_else(|| value.error("must be the code of a member bank"))
    }
}

/// Reads each element of a list.
fn list<'v, T>(
    list: InputValue<'v>,
    read: impl Fn(InputValue<'v>) -> Result<T, InputError>,
) -> Result<Vec<T>, InputError> {
    let values = list.value.as_array().filter(|values| values.len() <= LIST_MAX);
    let values = values
        .ok_or_else(|| list.error(format!("must be a list of at most {LIST_MAX} elements")))?;
    values.iter().map(|value| read(InputValue { value, ..list })).collect()
}

/// Reads a reversal, full or partial.
fn reversal(value: InputValue<'_>) -> Result<InboundCommand, InputError> {
    let object = value.object(&["kind", "rrn", "actual_amount_minor"])?;
    let rrn = object.need("rrn")?.value()?;
    Ok(match object.find("actual_amount_minor") {
        Some(actual) => InboundCommand::PartialReversal(rrn, actual.whole(0, AMOUNT_MAX)?),
        None => InboundCommand::Reversal(rrn),
    })
}

fn amount(object: &InputObject<'_>) -> Result<u64, InputError> {
    object.need("amount_minor")?.whole(1, AMOUNT_MAX)
}
