//! Reads orders, phantoms and traffic.

use std::num::NonZeroU32;

use super::{Deal, Order, Phantom};
use crate::switch::input::{InputError, Object, Part, document};
use crate::switch::members::{Bank, Presence};
use crate::switch::{Member, Switch, Traffic};

/// Entries of a list at most.
const LIST_MAX: usize = 100_000;

/// Amounts of traffic, in minor units, unless it says otherwise.
const LEAST_USUAL: u64 = 1_000_000;
const MOST_USUAL: u64 = 500_000_000;

impl Switch {
    /// Reads an order: `{"kind": "credit", "from", "to", "from_account", "to_account", "amount_minor"}`, or `qris`,
    /// `withdrawal` or `inquiry` with the same, or `repeat` or `reversal` with `rrn`. Banks by their codes.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn read_order(&self, bytes: &[u8]) -> Result<Order, InputError> {
        let value = document(bytes, "order")?;
        let whole = Part { value: &value, place: "order" };
        let kind = whole.any_object()?.get("kind").and_then(serde_json::Value::as_str);
        match kind {
            Some("credit") => self.deal(whole).map(Order::Credit),
            Some("qris") => self.deal(whole).map(Order::Payment),
            Some("withdrawal") => self.deal(whole).map(Order::Withdrawal),
            Some("inquiry") => self.deal(whole).map(Order::Inquiry),
            Some("repeat") => {
                whole.object(&["kind", "rrn"])?.need("rrn")?.value().map(Order::Repeat)
            }
            Some("reversal") => {
                whole.object(&["kind", "rrn"])?.need("rrn")?.value().map(Order::Reversal)
            }
            Some(other) => {
                let known = ["credit", "qris", "withdrawal", "inquiry", "repeat", "reversal"];
                Err(whole.unknown("kind", other, &known))
            }
            None => Err(whole.error("`kind` is missing, or is no text")),
        }
    }

    /// Reads a phantom: `{"from", "to", "amount_minor"}`, banks by their codes.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn read_phantom(&self, bytes: &[u8]) -> Result<Phantom, InputError> {
        let value = document(bytes, "phantom")?;
        let object =
            Part { value: &value, place: "phantom" }.object(&["from", "to", "amount_minor"])?;
        Ok(Phantom {
            from: self.bank(object.need("from")?)?,
            to: self.bank(object.need("to")?)?,
            minor: amount(&object)?,
        })
    }

    /// Reads traffic: `{"bank", "per_second"}`, requests a second to a bank. Or more of it: `"to": [banks]` in place of
    /// `bank`; `"from": [banks]`, else all that the switch plays; `"accounts": [numbers]`, else any; `"least_minor"` and
    /// `"most_minor"`, else Rp10,000 to Rp5,000,000; `"inquiries"` and `"regrets"` in a thousand, else none.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn read_traffic(&self, bytes: &[u8]) -> Result<Traffic, InputError> {
        let value = document(bytes, "traffic")?;
        let whole = Part { value: &value, place: "traffic" };
        let object = whole.object(&[
            "bank",
            "per_second",
            "from",
            "to",
            "accounts",
            "least_minor",
            "most_minor",
            "inquiries",
            "regrets",
        ])?;
        let number = |key, least, most, otherwise| {
            object.find(key).map_or(Ok(otherwise), |part| part.whole(least, most))
        };
        let permille = |key| number(key, 0, 1_000, 0);
        let amount = |key, otherwise| number(key, 1, super::AMOUNT_MAX, otherwise);
        let banks = |part| list(part, |part| self.bank(part));
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Traffic {
            per_second: NonZeroU32::MIN
                .saturating_add(narrow(object.need("per_second")?.whole(1, 1_000_000)? - 1)),
            from: object.find("from").map_or_else(|| Ok(self.played().collect()), banks)?,
            to: self.paid(whole, &object)?,
            accounts: object
                .find("accounts")
                .map_or(Ok(Vec::new()), |part| list(part, |it| it.value()))?,
            least: amount("least_minor", LEAST_USUAL)?,
            most: amount("most_minor", MOST_USUAL)?,
            inquiries: narrow(permille("inquiries")?),
            regrets: narrow(permille("regrets")?),
        })
    }

    /// The banks that traffic goes to.
    fn paid(&self, whole: Part<'_>, object: &Object<'_>) -> Result<Vec<Member>, InputError> {
        match (object.find("bank"), object.find("to")) {
            (Some(one), None) => Ok(vec![self.bank(one)?]),
            (None, Some(several)) => list(several, |part| self.bank(part)),
            (Some(_), Some(_)) => Err(whole.error("`bank` or `to`, not both")),
            (None, None) => Err(whole.error("`bank` is missing")),
        }
    }

    fn played(&self) -> impl Iterator<Item = Member> {
        let played = |bank: &Bank| bank.presence == Presence::Played;
        self.members.all().filter(move |(_, bank)| played(bank)).map(|(member, _)| member)
    }

    fn deal(&self, part: Part<'_>) -> Result<Deal, InputError> {
        let object =
            part.object(&["kind", "from", "to", "from_account", "to_account", "amount_minor"])?;
        Ok(Deal {
            from: self.bank(object.need("from")?)?,
            to: self.bank(object.need("to")?)?,
            from_account: object.need("from_account")?.value()?,
            to_account: object.need("to_account")?.value()?,
            minor: amount(&object)?,
        })
    }

    fn bank(&self, part: Part<'_>) -> Result<Member, InputError> {
        self.member(part.text()?).ok_or_else(|| part.error("it is no member bank's code"))
    }
}

/// The values of a list, each read by itself.
fn list<'v, T>(
    part: Part<'v>,
    read: impl Fn(Part<'v>) -> Result<T, InputError>,
) -> Result<Vec<T>, InputError> {
    let values = part.value.as_array().filter(|values| values.len() <= LIST_MAX);
    let values = values
        .ok_or_else(|| part.error(format!("it takes a list of {LIST_MAX} entries at most")))?;
    values.iter().map(|value| read(Part { value, ..part })).collect()
}

fn amount(object: &Object<'_>) -> Result<u64, InputError> {
    object.need("amount_minor")?.whole(1, super::AMOUNT_MAX)
}
