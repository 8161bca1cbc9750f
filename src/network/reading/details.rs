//! Reads the details of a message that no decision depends on.

use crate::iso8583::{De, FieldError, Message};
use crate::transfer::TransferDetails;
use crate::values::{MerchantType, Name, Reference, Terminal, Value};

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
    Ok(TransferDetails {
        merchant: merchant
            .or_else(|| MerchantType::from_ascii(b"0000"))
            .ok_or(FieldError::Missing { de: De::MERCHANT_TYPE })?,
        terminal: terminal.ok_or(FieldError::Missing { de: De::TERMINAL })?,
        sender: subfield(message, "sender_name", Name::new),
        beneficiary: beneficiary_name(message),
        reference: subfield(message, "customer_reference", |text| {
            Reference::from_ascii(text.as_bytes())
        }),
        channel: None,
    })
}

pub(super) fn beneficiary_name(message: &Message<'_>) -> Option<Name> {
    subfield(message, "beneficiary_name", Name::new)
}

/// Reads a subfield of DE48 without its padding; `None` if it is empty.
fn subfield<T>(
    message: &Message<'_>,
    key: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let subfield = message.field(De::ADDITIONAL_DATA)?.subfield(key)?;
    let text = subfield.reveal();
    let text = text.trim_end();
    if text.is_empty() { None } else { read(text) }
}
