//! Reads orders, phantoms and traffic.

use std::num::NonZeroU32;

use super::{Deal, Order, Phantom};
use crate::switch::input::{InputError, Object, Part, document};
use crate::switch::{Member, Switch, Traffic};

/// Entries of a list at most.
const LIST_MAX: usize = 100_000;

impl Switch {
    /// Reads an order: `{"kind": "credit", "from", "to", "from_account", "to_account", "amount_minor"}`, or `inquiry` with
    /// the same, or `repeat` or `reversal` with `rrn`. Banks by their codes.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn read_order(&self, bytes: &[u8]) -> Result<Order, InputError> {
        let value = document(bytes, "order")?;
        let whole = Part { value: &value, place: "order" };
        let kind = whole.any_object()?.get("kind").and_then(serde_json::Value::as_str);
        match kind {
            Some("credit") => self.deal(whole).map(Order::Credit),
            Some("inquiry") => self.deal(whole).map(Order::Inquiry),
            Some("repeat") => {
                whole.object(&["kind", "rrn"])?.need("rrn")?.value().map(Order::Repeat)
            }
            Some("reversal") => {
                whole.object(&["kind", "rrn"])?.need("rrn")?.value().map(Order::Reversal)
            }
            Some(other) => {
                Err(whole.unknown("kind", other, &["credit", "inquiry", "repeat", "reversal"]))
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

    /// Reads traffic: `{"per_second", "from": [banks], "to": [banks], "accounts": [numbers], "least_minor", "most_minor",
    /// "inquiries", "regrets"}`; the last two in a thousand, none unless they are given, and any accounts likewise.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn read_traffic(&self, bytes: &[u8]) -> Result<Traffic, InputError> {
        let value = document(bytes, "traffic")?;
        let object = Part { value: &value, place: "traffic" }.object(&[
            "per_second",
            "from",
            "to",
            "accounts",
            "least_minor",
            "most_minor",
            "inquiries",
            "regrets",
        ])?;
        let number = |key, least, most| object.need(key)?.whole(least, most);
        let permille = |key| object.find(key).map_or(Ok(0), |part| part.whole(0, 1_000));
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Traffic {
            per_second: NonZeroU32::MIN
                .saturating_add(narrow(number("per_second", 1, 1_000_000)? - 1)),
            from: list(object.need("from")?, |part| self.bank(part))?,
            to: list(object.need("to")?, |part| self.bank(part))?,
            accounts: object
                .find("accounts")
                .map_or(Ok(Vec::new()), |part| list(part, |it| it.value()))?,
            least: number("least_minor", 1, super::AMOUNT_MAX)?,
            most: number("most_minor", 1, super::AMOUNT_MAX)?,
            inquiries: narrow(permille("inquiries")?),
            regrets: narrow(permille("regrets")?),
        })
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
