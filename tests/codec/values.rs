//! Decoded messages: typed values and masking.

use titian::iso8583::{Field, FieldError, Message, Spec};
use titian::masking::Sensitive;
use titian::values::{
    AccountNumber, Currency, Institution, MinorUnits, MonthDay, Pan, ProcessingCode, ResponseCode,
    Rrn, Stan, TimeOfDay, Transmission, Value,
};

use super::arbitrary::{Draft, check};
use super::same::encoded;
use super::specs;

const CASES: u32 = 200;

fn check_messages(property: impl Fn(&Message<'_>, &Draft)) {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let bytes = encoded(spec, &draft).freeze();
            property(&spec.decode(bytes).unwrap(), &draft);
        });
    }
}

#[test]
fn typed_values_do_not_depend_on_the_coding() {
    check_messages(|message, _| {
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
        (Err(FieldError::Invalid { de, masked, .. }), None) => {
            assert_eq!((de, masked), (field.de(), field.masked_for_error()));
        }
        (value, expected) => panic!("{}: {value:?}, expected {expected:?}", field.de()),
    }
}

#[test]
fn subfields_add_up_to_the_value() {
    check_messages(|message, _| {
        for field in message.fields() {
            let subfields = field.subfields();
            let fixed = field.element().fixed_subfield_names().next().is_some();
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
                assert_eq!(
                    lengths % subfields.len(),
                    0,
                    "each has the same number of length digits"
                );
            }
            for subfield in &subfields {
                let same = field.subfield(&subfield.key()).unwrap();
                assert_eq!((same.key(), same.reveal()), (subfield.key(), subfield.reveal()));
            }
        }
    });
}

#[test]
fn sensitive_values_show_only_the_positions_that_their_kind_allows() {
    check_messages(|message, _| {
        for field in message.fields() {
            let (value, masked) = (field.reveal(), field.masked());
            assert_eq!(field.to_string(), masked);
            assert_eq!(format!("{field:?}"), format!("{}({masked})", field.de()));
            if let Some(kind) = field.element().presentation().sensitive {
                assert_hidden(kind, message.spec(), &value, &masked);
            } else if !field.element().is_sensitive() {
                assert_eq!(value, masked);
            }
            for subfield in field.subfields() {
                let kind = match subfield.presentation() {
                    Some(shown) => shown.sensitive,
                    None => Some(Sensitive::Private),
                };
                let (value, masked) = (subfield.reveal(), subfield.masked());
                match kind {
                    Some(kind) => assert_hidden(kind, message.spec(), &value, &masked),
                    None => assert_eq!(value, masked),
                }
                assert!(
                    field.element().presentation().sensitive.is_some()
                        || field.masked().contains(&*masked)
                );
            }
        }
    });
}

/// Asserts that only the positions that the kind allows are shown.
fn assert_hidden(kind: Sensitive, spec: &Spec, value: &str, masked: &str) {
    let text = value.trim_end();
    let issuer = if spec.name() == "coded" { 8 } else { 6 };
    let may_show = |position: usize| match kind {
        Sensitive::Pan => {
            value.len() >= issuer + 8 && (position < issuer || position + 4 >= value.len())
        }
        Sensitive::Account => {
            position >= text.len() || (text.len() >= 8 && position + 4 >= text.len())
        }
        Sensitive::Name => {
            value[position..].starts_with(' ')
                || position == 0
                || value[position - 1..].starts_with(' ')
        }
        Sensitive::Pin | Sensitive::Key | Sensitive::Track | Sensitive::Private => false,
    };
    assert_eq!(masked.len(), value.len());
    for (position, (shown, whole)) in masked.bytes().zip(value.bytes()).enumerate() {
        let expected = if may_show(position) { whole } else { b'*' };
        assert_eq!(shown, expected, "{kind}: character {position} of {value:?}");
    }
}

#[test]
fn a_message_prints_masked_values() {
    check_messages(|message, draft| {
        let fields =
            message.fields().map(|field| format!(" {}={}", field.de().number(), field.masked()));
        let expected = format!("{}{}", draft.mti, fields.collect::<String>());
        assert_eq!(message.to_string(), expected);
        assert_eq!(format!("{message:?}"), format!("Message({expected})"));
    });
}
