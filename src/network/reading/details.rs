//! Reads the details of a message that no decision depends on.
//!
//! This is all that a message gives to the record beside the fields that decide: DE18, DE41 and three subfields of DE48, each as
//! a type of its own. Nothing reads DE35, 36, 45, 52 and 55, other subfields of DE48, or an element as a whole, so none of them
//! can be stored (PCI DSS 3.3.1). A DE48 with track data of a card, of which a subfield may have a part, gives nothing.

use std::borrow::Cow;

use crate::iso8583::{De, Field, FieldError, Message};
use crate::transfer::TransferDetails;
use crate::values::{MerchantType, Name, Reference, Terminal, Value, has_track_data};

pub(super) fn details(message: &Message<'_>) -> Result<TransferDetails, FieldError> {
    let terminal = message
        .field(De::TERMINAL)
        .and_then(|field| Terminal::from_ascii(field.reveal().trim_end().as_bytes()));
    // A reversal names its original by other elements.
    let terminal = terminal.or_else(|| {
        (message.mti().class() == 4).then(|| Terminal::from_ascii(b"00000000")).flatten()
    });
    // It describes: a value that cannot be read counts as absent.
    let merchant: Option<MerchantType> = message.get(De::MERCHANT_TYPE).ok();
    let data = describing(message);
    let subfield = |key| data.as_ref().and_then(|data| text_of(data, key));
    Ok(TransferDetails {
        merchant: merchant
            .or_else(|| MerchantType::from_ascii(b"0000"))
            .ok_or(FieldError::Missing { de: De::MERCHANT_TYPE })?,
        terminal: terminal.ok_or(FieldError::Missing { de: De::TERMINAL })?,
        sender: subfield("sender_name").and_then(|text| Name::new(&text)),
        beneficiary: subfield("beneficiary_name").and_then(|text| Name::new(&text)),
        reference: subfield("customer_reference")
            .and_then(|text| Reference::from_ascii(text.as_bytes())),
        channel: None,
    })
}

pub(super) fn beneficiary_name(message: &Message<'_>) -> Option<Name> {
    Name::new(&text_of(&describing(message)?, "beneficiary_name")?)
}

/// Returns DE48; `None` if it has track data of a card.
fn describing<'m>(message: &'m Message<'_>) -> Option<Field<'m>> {
    message.field(De::ADDITIONAL_DATA).filter(|field| !has_track_data(&field.reveal()))
}

/// Reads a subfield without its padding; `None` if it is empty.
fn text_of<'m>(data: &Field<'m>, key: &str) -> Option<Cow<'m, str>> {
    let subfield = data.subfield(key)?;
    let text = match subfield.reveal() {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
        Cow::Owned(text) => Cow::Owned(text.trim_end().to_owned()),
    };
    if text.is_empty() { None } else { Some(text) }
}
