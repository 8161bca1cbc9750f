//! What a decoded message says of itself: typed values, and what people may see of it.

use titian::iso8583::{Field, FieldError, Message, Spec};
use titian::masking::Sensitive;
use titian::values::{
    AccountNumber, Currency, Institution, MinorUnits, MonthDay, Pan, ProcessingCode, ResponseCode,
    Rrn, Stan, TimeOfDay, Transmission, Value,
};

use crate::arbitrary::{Draft, hold};
use crate::same::encoded;
use crate::specs;

const CASES: u32 = 200;

fn hold_for_messages(property: impl Fn(&Message<'_>, &Draft)) {
    for spec in specs::all() {
        hold(spec, CASES, |draft| {
            let bytes = encoded(spec, &draft).freeze();
            property(&spec.decode(bytes).unwrap(), &draft);
        });
    }
}

#[test]
fn typed_values_are_read_alike_whatever_the_coding() {
    hold_for_messages(|message, _| {
        for field in message.fields().filter(|field| field.reveal().len() <= 64) {
            assert_reads_as::<AccountNumber>(&field);
            assert_reads_as::<Currency>(&field);
            assert_reads_as::<Institution>(&field);
            assert_reads_as::<MinorUnits>(&field);
            assert_reads_as::<MonthDay>(&field);
            assert_reads_as::<Pan>(&field);
            assert_reads_as::<ProcessingCode>(&field);
            assert_reads_as::<ResponseCode>(&field);
            assert_reads_as::<Rrn>(&field);
            assert_reads_as::<Stan>(&field);
            assert_reads_as::<TimeOfDay>(&field);
            assert_reads_as::<Transmission>(&field);
        }
    });
}

fn assert_reads_as<T: Value + PartialEq + std::fmt::Debug>(field: &Field<'_>) {
    match (field.value::<T>(), T::from_ascii(field.reveal().as_bytes())) {
        (Ok(value), Some(expected)) => assert_eq!(value, expected, "{}", field.de()),
        (Err(FieldError::NotSuch { de, masked, .. }), None) => {
            assert_eq!((de, masked), (field.de(), field.masked().into_owned()));
        }
        (value, expected) => panic!("{}: {value:?} where {expected:?}", field.de()),
    }
}

#[test]
fn subfields_are_the_value_in_pieces() {
    hold_for_messages(|message, _| {
        for field in message.fields() {
            let subfields = field.subfields();
            let fixed = field.element().part_names().next().is_some();
            let mut pieces = String::new();
            for subfield in &subfields {
                if !fixed {
                    pieces.push_str(&subfield.key());
                }
                pieces.push_str(&subfield.reveal());
            }
            let value = field.reveal();
            if fixed {
                assert_eq!(pieces, value);
            } else if !subfields.is_empty() {
                let lengths = value.len() - pieces.len();
                assert_eq!(lengths % subfields.len(), 0, "as many digits of length for each");
            }
            for subfield in &subfields {
                let same = field.subfield(&subfield.key()).unwrap();
                assert_eq!((same.key(), same.reveal()), (subfield.key(), subfield.reveal()));
            }
        }
    });
}

#[test]
fn what_is_sensitive_is_shown_by_the_places_of_its_kind_and_no_other() {
    hold_for_messages(|message, _| {
        for field in message.fields() {
            let (value, masked) = (field.reveal(), field.masked());
            assert_eq!(field.to_string(), masked);
            assert_eq!(format!("{field:?}"), format!("{}({masked})", field.de()));
            if let Some(kind) = field.element().shown().sensitive {
                assert_hidden(kind, message.spec(), &value, &masked);
            } else if !field.element().is_sensitive() {
                assert_eq!(value, masked);
            }
            for subfield in field.subfields() {
                let kind = match subfield.shown() {
                    Some(shown) => shown.sensitive,
                    None => Some(Sensitive::Private),
                };
                let (value, masked) = (subfield.reveal(), subfield.masked());
                match kind {
                    Some(kind) => assert_hidden(kind, message.spec(), &value, &masked),
                    None => assert_eq!(value, masked),
                }
                assert!(
                    field.element().shown().sensitive.is_some()
                        || field.masked().contains(&*masked)
                );
            }
        }
    });
}

/// Asserts that what is shown of a value stands where its kind lets it.
fn assert_hidden(kind: Sensitive, spec: &Spec, value: &str, masked: &str) {
    let text = value.trim_end();
    let issuer = if spec.name() == "coded" { 8 } else { 6 };
    let may_show = |place: usize| match kind {
        Sensitive::Pan => value.len() >= issuer + 8 && (place < issuer || place + 4 >= value.len()),
        Sensitive::Account => place >= text.len() || (text.len() >= 8 && place + 4 >= text.len()),
        Sensitive::Name => {
            value[place..].starts_with(' ') || place == 0 || value[place - 1..].starts_with(' ')
        }
        Sensitive::Pin | Sensitive::Key | Sensitive::Track | Sensitive::Private => false,
    };
    assert_eq!(masked.len(), value.len());
    for (place, (shown, whole)) in masked.bytes().zip(value.bytes()).enumerate() {
        let expected = if may_show(place) { whole } else { b'*' };
        assert_eq!(shown, expected, "{kind}: character {place} of {value:?}");
    }
}

#[test]
fn a_message_prints_the_masked_values_of_its_fields() {
    hold_for_messages(|message, draft| {
        let fields =
            message.fields().map(|field| format!(" {}={}", field.de().number(), field.masked()));
        let expected = format!("{}{}", draft.mti, fields.collect::<String>());
        assert_eq!(message.to_string(), expected);
        assert_eq!(format!("{message:?}"), format!("Message({expected})"));
    });
}
