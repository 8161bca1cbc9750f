//! The JSON bodies of requests. Each field is there, missing or of the wrong type, so that all wrong fields are found.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Field<T> {
    /// It is not there, or null.
    #[default]
    Missing,
    /// It is of another JSON type.
    WrongType,
    /// It is there.
    Value(T),
}

/// A text. It is borrowed if it has no escapes.
pub(super) type Text<'a> = Field<Cow<'a, str>>;

/// The JSON type of a field. Values of other types are skipped.
trait JsonType<'de>: Sized {
    fn text(_: Cow<'de, str>) -> Field<Self> {
        Field::WrongType
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Field<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::WrongType)
    }

    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Field<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::WrongType)
    }
}

impl<'de: 'a, 'a> JsonType<'de> for Cow<'a, str> {
    fn text(text: Cow<'de, str>) -> Field<Self> {
        Field::Value(text)
    }
}

impl<'de, T: JsonType<'de>> JsonType<'de> for Vec<Field<T>> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Field<Self>, A::Error> {
        let mut list = Self::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Field::Value(list))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: JsonType<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<T>, E> {
        Ok(T::text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<T>, E> {
        Ok(T::text(text.to_owned().into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field<T>, A::Error> {
        T::object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Field<T>, A::Error> {
        T::list(items)
    }

    fn visit_unit<E: Error>(self) -> Result<Field<T>, E> {
        Ok(Field::Missing)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }
}

impl<'de, T: JsonType<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

/// Declares an object whose fields may be missing or of another type. A duplicate key is an error.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(super) struct $name<'a> {
            $(#[serde(borrow)] pub(super) $field: $kind,)+
        }

        impl<'de: 'a, 'a> JsonType<'de> for $name<'a> {
            fn object<A: MapAccess<'de>>(map: A) -> Result<Field<Self>, A::Error> {
                Self::deserialize(MapAccessDeserializer::new(map)).map(Field::Value)
            }
        }
    };
}

object! {
    /// `{"value": …, "currency": …}`.
    MoneyBody { value: Text<'a>, currency: Text<'a> }
}
object! {
    /// The originator of a transfer.
    #[expect(clippy::struct_field_names, reason = "SNAP's names")]
    Originator {
        originator_customer_no: Text<'a>,
        originator_customer_name: Text<'a>,
        originator_bank_code: Text<'a>,
    }
}
object! {
    /// Our own fields: `additionalInfo`.
    Additional { debit_reference: Text<'a> }
}
object! {
    /// The request for an access token.
    TokenBody { grant_type: Text<'a> }
}
object! {
    /// The request of an external account inquiry.
    InquiryBody {
        partner_reference_no: Text<'a>,
        beneficiary_bank_code: Text<'a>,
        beneficiary_account_no: Text<'a>,
        source_account_no: Text<'a>,
        amount: Field<MoneyBody<'a>>,
    }
}
object! {
    /// The request of an interbank transfer.
    TransferBody {
        partner_reference_no: Text<'a>,
        amount: Field<MoneyBody<'a>>,
        beneficiary_account_name: Text<'a>,
        beneficiary_account_no: Text<'a>,
        beneficiary_bank_code: Text<'a>,
        source_account_no: Text<'a>,
        transaction_date: Text<'a>,
        currency: Text<'a>,
        originator_infos: Field<Vec<Field<Originator<'a>>>>,
        customer_reference: Text<'a>,
        fee_type: Text<'a>,
        additional_info: Field<Additional<'a>>,
    }
}
object! {
    /// The request of a transaction status inquiry.
    StatusBody {
        original_partner_reference_no: Text<'a>,
        original_external_id: Text<'a>,
        transaction_date: Text<'a>,
        service_code: Text<'a>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_there_missing_or_of_the_wrong_type() {
        let text = r#"{"partnerReferenceNo": 7, "amount": {"value": ["1"]}, "currency": null,
            "feeType": "a\nb", "originatorInfos": [{}, 1], "additionalInfo": "x", "other": {"a": [1]}}"#;
        let body: TransferBody<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(body.partner_reference_no, Field::WrongType);
        let Field::Value(amount) = body.amount else { panic!("{:?}", body.amount) };
        assert_eq!((amount.value, amount.currency), (Field::WrongType, Field::Missing));
        assert_eq!((body.currency, body.source_account_no), (Field::Missing, Field::Missing));
        assert_eq!(body.fee_type, Field::Value("a\nb".into()));
        let Field::Value(infos) = body.originator_infos else {
            panic!("{:?}", body.originator_infos)
        };
        assert!(matches!(infos[..], [Field::Value(_), Field::WrongType]));
        assert!(matches!(body.additional_info, Field::WrongType));
    }

    #[test]
    fn a_duplicate_key_is_an_error() {
        let twice = r#"{"feeType": "OUR", "feeType": "BEN"}"#;
        assert!(serde_json::from_str::<TransferBody<'_>>(twice).is_err());
        let nested = r#"{"amount": {"value": "1.00", "value": "2.00"}}"#;
        assert!(serde_json::from_str::<TransferBody<'_>>(nested).is_err());
    }
}
