//! The bodies of requests as they come: each field is there, missing, or of a wrong type, so that every fault is found.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Field<T> {
    /// It isn't there, or is null.
    #[default]
    Missing,
    /// It is of another type.
    OtherType,
    /// It is there.
    Is(T),
}

/// A text, without a copy where it has no escapes.
pub(super) type Text<'a> = Field<Cow<'a, str>>;

/// What a field can be. What it is not, is passed over.
trait Kind<'de>: Sized {
    fn text(_: Cow<'de, str>) -> Field<Self> {
        Field::OtherType
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Field<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::OtherType)
    }

    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Field<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::OtherType)
    }
}

impl<'de: 'a, 'a> Kind<'de> for Cow<'a, str> {
    fn text(text: Cow<'de, str>) -> Field<Self> {
        Field::Is(text)
    }
}

impl<'de, T: Kind<'de>> Kind<'de> for Vec<Field<T>> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Field<Self>, A::Error> {
        let mut list = Self::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Field::Is(list))
    }
}

struct Look<T>(PhantomData<T>);

impl<'de, T: Kind<'de>> Visitor<'de> for Look<T> {
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
        Ok(Field::OtherType)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Field<T>, E> {
        Ok(Field::OtherType)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Field<T>, E> {
        Ok(Field::OtherType)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Field<T>, E> {
        Ok(Field::OtherType)
    }
}

impl<'de, T: Kind<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look(PhantomData))
    }
}

/// Declares an object whose fields may each be missing or of another type. A key that stands twice is an error.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(super) struct $name<'a> {
            $(#[serde(borrow)] pub(super) $field: $kind,)+
        }

        impl<'de: 'a, 'a> Kind<'de> for $name<'a> {
            fn object<A: MapAccess<'de>>(map: A) -> Result<Field<Self>, A::Error> {
                Self::deserialize(MapAccessDeserializer::new(map)).map(Field::Is)
            }
        }
    };
}

object! {
    /// `{"value": …, "currency": …}`.
    MoneyBody { value: Text<'a>, currency: Text<'a> }
}
object! {
    /// Who stands behind a transfer.
    #[expect(clippy::struct_field_names, reason = "SNAP's names")]
    Originator {
        originator_customer_no: Text<'a>,
        originator_customer_name: Text<'a>,
        originator_bank_code: Text<'a>,
    }
}
object! {
    /// What only this program knows.
    Additional { debit_reference: Text<'a> }
}
object! {
    /// The request for a token.
    TokenBody { grant_type: Text<'a> }
}
object! {
    /// The question for a name.
    InquiryBody {
        partner_reference_no: Text<'a>,
        beneficiary_bank_code: Text<'a>,
        beneficiary_account_no: Text<'a>,
        source_account_no: Text<'a>,
        amount: Field<MoneyBody<'a>>,
    }
}
object! {
    /// The request for a transfer.
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
    /// The question how a transfer stands.
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
    fn a_field_is_there_missing_or_of_another_type() {
        let text = r#"{"partnerReferenceNo": 7, "amount": {"value": ["1"]}, "currency": null,
            "feeType": "a\nb", "originatorInfos": [{}, 1], "additionalInfo": "x", "other": {"a": [1]}}"#;
        let body: TransferBody<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(body.partner_reference_no, Field::OtherType);
        let Field::Is(amount) = body.amount else { panic!("{:?}", body.amount) };
        assert_eq!((amount.value, amount.currency), (Field::OtherType, Field::Missing));
        assert_eq!((body.currency, body.source_account_no), (Field::Missing, Field::Missing));
        assert_eq!(body.fee_type, Field::Is("a\nb".into()));
        let Field::Is(infos) = body.originator_infos else { panic!("{:?}", body.originator_infos) };
        assert!(matches!(infos[..], [Field::Is(_), Field::OtherType]));
        assert!(matches!(body.additional_info, Field::OtherType));
    }

    #[test]
    fn a_key_that_stands_twice_is_no_request() {
        let twice = r#"{"feeType": "OUR", "feeType": "BEN"}"#;
        assert!(serde_json::from_str::<TransferBody<'_>>(twice).is_err());
        let within = r#"{"amount": {"value": "1.00", "value": "2.00"}}"#;
        assert!(serde_json::from_str::<TransferBody<'_>>(within).is_err());
    }
}
