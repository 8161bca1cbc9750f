//! Lists the names under which `serde` stores a type: variants of enums and fields of structs, of all nested types.
//!
//! A deserializer without data asks the derived code for its names. It follows a path of choices: at each enum it
//! takes a variant, at each struct a field. At the end of the path it notes the names there and stops with an error.
//! Each name of a new enum or struct makes a longer path, until all paths were followed. So no value is constructed,
//! and a new variant or field cannot be forgotten.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// The names of each enum and struct, by its Rust name. Fields of a variant are listed as `Enum.variant`.
pub(crate) type Names = BTreeMap<String, Vec<&'static str>>;

/// Lists the stored names of a type and of all types in it.
pub(crate) fn names_of<'de, T: Deserialize<'de>>() -> Names {
    let found = RefCell::new(Names::new());
    let mut paths = vec![Vec::new()];
    while let Some(path) = paths.pop() {
        let more = RefCell::new(0);
        let walk = Walk { path: &path, found: &found, more: &more };
        // The error is how a walk ends.
        let _ = T::deserialize(walk);
        for choice in 0..more.into_inner() {
            paths.push(path.iter().copied().chain([choice]).collect());
        }
    }
    found.into_inner()
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    path: &'a [usize],
    found: &'a RefCell<Names>,
    /// How many choices there are at the end of the path.
    more: &'a RefCell<usize>,
}

impl Walk<'_> {
    /// Takes the next choice of the path, or notes names at its end.
    fn choose(self, owner: &str, names: &'static [&'static str]) -> Result<(usize, Self), Error> {
        if let Some((choice, path)) = self.path.split_first() {
            return Ok((*choice, Self { path, ..self }));
        }
        let known = self.found.borrow_mut().insert(owner.to_owned(), names.to_vec());
        if known.is_none() {
            *self.more.borrow_mut() = names.len();
        }
        Err(Error::custom("end of the path"))
    }
}

impl<'de> Deserializer<'de> for Walk<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a value without names"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(One(self))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Entry { key: MAP_KEY, walk: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (field, walk) = self.choose(name, fields)?;
        visitor.visit_map(Entry { key: fields[field], walk })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (variant, walk) = self.choose(name, variants)?;
        visitor.visit_enum(Variant { owner: name, code: variants[variant], walk })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct identifier ignored_any
    }
}

/// A key that every map of the stored types has: a currency.
const MAP_KEY: &str = "360";

/// A map or a struct with one entry.
struct Entry<'a> {
    key: &'static str,
    walk: Walk<'a>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let key: StrDeserializer<'_, Error> = self.key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.walk)
    }
}

/// A list with one item. Of a variant with two values the first is followed; the other's type is found elsewhere.
struct One<'a>(Walk<'a>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        seed.deserialize(self.0).map(Some)
    }
}

struct Variant<'a> {
    owner: &'static str,
    code: &'static str,
    walk: Walk<'a>,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant: StrDeserializer<'_, Error> = self.code.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::custom("a variant without names"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.walk)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(One(self.walk))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (field, walk) = self.walk.choose(&format!("{}.{}", self.owner, self.code), fields)?;
        visitor.visit_map(Entry { key: fields[field], walk })
    }
}
