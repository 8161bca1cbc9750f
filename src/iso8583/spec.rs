//! The spec of a network: the wire layout of its messages, compiled once into tables.

mod attributes;
mod element;
mod faults;
mod frame;
mod load;
mod map;
mod presentation;
mod reader;
mod subfields;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::bitmap::BitmapCoding;
use super::de::{De, HIGHEST_DE};
use super::fast_path::FastPath;
use super::framing::Framing;
use super::layout::Layout;
use super::mti::{Mti, MtiCoding};
use super::presentation::Presentation;
use super::subfields::Subfields;

pub use attributes::{Attributes, Composition};
pub use faults::{SpecError, SpecFault};

/// A valid spec. The language of specs is in `docs/specs.md`.
pub struct Spec {
    pub(super) name: String,
    pub(super) framing: Framing,
    pub(super) pan_digits: usize,
    pub(super) currencies: BTreeMap<String, CurrencyName>,
    pub(super) mti: MtiCoding,
    pub(super) bitmap: BitmapCoding,
    pub(super) messages: Vec<MessageLayout>,
    /// The index in `messages` by MTI; [`NO_LAYOUT`] if no layout selects it.
    by_mti: Vec<u8>,
}

const NO_LAYOUT: u8 = u8::MAX;

/// The layout of the messages of some MTIs.
pub struct MessageLayout {
    pub(super) name: String,
    pub(super) selector: Vec<Mti>,
    /// The wire layouts, by the number of the element.
    pub(super) layouts: Box<[Option<Layout>; HIGHEST_DE as usize + 1]>,
    /// The definitions, by the number of the element.
    pub(super) elements: Box<[Option<Element>]>,
    /// The fast path of each element, by its number. The array has an entry for every `u8`, so an index is
    /// never out of bounds.
    pub(super) fast_paths: Box<[FastPath; 256]>,
    /// The valid lengths of values with subfields. The fast paths refer to it.
    pub(super) ends: Vec<u16>,
    /// The maximum number of bitmaps of a message.
    pub(super) bitmaps: usize,
}

/// The definition of a data element without its wire layout: its names, and how it is presented.
#[derive(Clone, Debug)]
pub struct Element {
    pub(super) name: Arc<str>,
    pub(super) title: Option<String>,
    pub(super) subfields: Option<Subfields>,
    pub(super) presentation: Presentation,
}

/// The ISO 4217 name of a currency and the decimals of its minor unit.
#[derive(Clone, Debug)]
pub struct CurrencyName {
    /// The ISO 4217 alphabetic code.
    pub name: String,
    /// The number of decimals of the minor unit.
    pub decimals: usize,
}

impl Spec {
    /// Returns the name of the spec.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how messages are framed on TCP.
    #[must_use]
    pub const fn framing(&self) -> &Framing {
        &self.framing
    }

    /// Returns whether bitmaps are hex characters in ASCII.
    #[must_use]
    pub fn has_hex_bitmaps(&self) -> bool {
        self.bitmap == BitmapCoding::Hex(None)
    }

    /// Returns the name and the decimals of a currency by its ISO 4217 numeric code.
    #[must_use]
    pub fn currency(&self, code: &str) -> Option<&CurrencyName> {
        self.currencies.get(code)
    }

    /// Iterates over the currencies of the spec, with their ISO 4217 numeric codes.
    pub fn currencies(&self) -> impl Iterator<Item = (&str, &CurrencyName)> {
        self.currencies.iter().map(|(code, name)| (code.as_str(), name))
    }

    /// Returns the MTI at the front of a message, without decoding the rest; `None` if it is not an MTI.
    #[must_use]
    pub fn mti_of(&self, message: &[u8]) -> Option<Mti> {
        self.mti.read(message)
    }

    /// Returns the layout of the messages with an MTI.
    #[inline]
    #[must_use]
    pub fn layout_of(&self, mti: Mti) -> Option<&MessageLayout> {
        let index = self.by_mti.get(usize::from(mti.number()))?;
        self.messages.get(usize::from(*index))
    }
}

impl MessageLayout {
    /// Returns the name of the layout.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the MTIs with this layout.
    #[must_use]
    pub fn selector(&self) -> &[Mti] {
        &self.selector
    }

    /// Iterates over the data elements in ascending order.
    pub fn elements(&self) -> impl Iterator<Item = (De, &Element)> {
        let numbered = (0..=HIGHEST_DE).zip(&self.elements);
        numbered.filter_map(|(number, element)| Some((De::new(number)?, element.as_ref()?)))
    }

    /// Returns the definition of a data element, if the layout has it.
    #[must_use]
    pub fn element(&self, de: De) -> Option<&Element> {
        self.elements.get(usize::from(de.number()))?.as_ref()
    }

    pub(super) fn subfields(&self, de: De) -> Option<&Subfields> {
        self.element(de)?.subfields.as_ref()
    }

    /// Returns the fast path of a data element by its number.
    #[inline(always)]
    pub(super) fn fast_path(&self, number: u8) -> &FastPath {
        self.fast_paths.get(usize::from(number)).unwrap_or(&FastPath::NONE)
    }

    #[inline(always)]
    pub(super) fn layout(&self, de: De) -> Option<&Layout> {
        self.layouts.get(usize::from(de.number()))?.as_ref()
    }
}

impl Element {
    /// Returns the name in the spec.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the title, the name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Iterates over the names of its fixed subfields in order; none if it has tagged ones.
    pub fn fixed_subfield_names(&self) -> impl Iterator<Item = &str> {
        let parts = match &self.subfields {
            Some(Subfields::Fixed(parts)) => parts.as_slice(),
            Some(Subfields::Tagged(_)) | None => &[],
        };
        parts.iter().map(|part| part.name.as_str())
    }

    /// Returns whether the spec divides the element into subfields, fixed or tagged.
    #[must_use]
    pub const fn has_subfields(&self) -> bool {
        self.subfields.is_some()
    }

    /// Returns whether the element or one of its subfields is sensitive.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.presentation.sensitive.is_some()
            || self.subfields.as_ref().is_some_and(Subfields::is_sensitive)
    }

    /// Returns how it is presented.
    #[must_use]
    pub const fn presentation(&self) -> &Presentation {
        &self.presentation
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for MessageLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageLayout").field("name", &self.name).finish_non_exhaustive()
    }
}
