//! Reads orders.

use super::{Deal, Order, Phantom};
use crate::switch::input::{InputError, Object, Part, document};
use crate::switch::{Member, Switch};

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
        let code = part.text()?;
        self.member(code).ok_or_else(|| part.error(format!("`{code}` is no member bank")))
    }
}

fn amount(object: &Object<'_>) -> Result<u64, InputError> {
    object.need("amount_minor")?.whole(1, super::AMOUNT_MAX)
}
