//! A spec: where the fields of a network's messages lie, compiled once into tables.

mod element;
mod faults;
mod form;
mod frame;
mod map;
mod reader;
mod shown;
mod subfields;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::bitmap::BitmapCoding;
use super::de::{De, HIGHEST};
use super::framing::Framing;
use super::layout::Layout;
use super::mti::{Mti, MtiCoding};
use super::step::Step;
use super::subfields::Subfields;
use crate::masking::Sensitive;

pub use faults::{Fault, SpecError};
pub use form::{Form, Made};

/// A spec that was found free of faults. How one is written: `docs/specs.md`.
pub struct Spec {
    pub(super) name: String,
    pub(super) framing: Framing,
    pub(super) pan_digits: usize,
    pub(super) currencies: BTreeMap<String, CurrencyName>,
    pub(super) mti: MtiCoding,
    pub(super) bitmap: BitmapCoding,
    pub(super) messages: Vec<MessageLayout>,
    /// The place in `messages` by MTI; [`UNSELECTED`] where no layout selects it.
    by_mti: Vec<u8>,
}

const UNSELECTED: u8 = u8::MAX;

/// The layout of the messages of some MTIs.
pub struct MessageLayout {
    pub(super) name: String,
    pub(super) selector: Vec<Mti>,
    /// By the number of the element.
    pub(super) layouts: Box<[Option<Layout>; HIGHEST as usize + 1]>,
    /// By the number of the element.
    pub(super) elements: Box<[Option<Element>]>,
    /// The short way through each element, by its number; as long as a byte counts, so that none is out of
    /// bounds.
    pub(super) steps: Box<[Step; 256]>,
    /// The lengths at which values with subfields may end; the steps refer to it.
    pub(super) ends: Vec<u16>,
    /// How many bitmaps a message may have.
    pub(super) bitmaps: usize,
}

/// What a spec says of a data element besides its layout: what people call it and how it is shown.
#[derive(Clone, Debug)]
pub struct Element {
    pub(super) name: Arc<str>,
    pub(super) title: Option<String>,
    pub(super) subfields: Option<Subfields>,
    pub(super) shown: Shown,
}

/// How the value of an element or a subfield is shown to people.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Why it is masked, if it is.
    pub sensitive: Option<Sensitive>,
    /// How it is read.
    pub format: Option<Format>,
    /// Codes and what they mean.
    pub meanings: BTreeMap<String, String>,
}

/// How a value is read to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Minor units of the message's currency.
    Amount,
    /// `MMDDhhmmss`
    Transmission,
    /// `MMDD`
    MonthDay,
    /// `hhmmss`
    Time,
    /// `YYMM`
    YearMonth,
}

/// What a spec calls a currency, and how many decimals its minor unit has.
#[derive(Clone, Debug)]
pub struct CurrencyName {
    /// The ISO 4217 letters.
    pub name: String,
    /// Decimals of the minor unit.
    pub decimals: usize,
}

impl Spec {
    /// Reads and compiles the spec of a file.
    ///
    /// # Errors
    /// If the file can't be read, or with every fault of the spec.
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let file = path.display().to_string();
        match read_file(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(source) => Err(SpecError::Unreadable { file, source }),
        }
    }

    /// Compiles the text of a spec; `file` stands in the errors.
    ///
    /// # Errors
    /// With every fault of the spec.
    pub fn parse(file: &str, text: &str) -> Result<Self, SpecError> {
        reader::read(text).map_err(|faults| SpecError::Faulty { file: file.to_owned(), faults })
    }

    /// The specs that ship with the program, by name.
    pub const SHIPPED: [(&'static str, &'static str); 3] = [
        ("nusantara", include_str!("../../specs/nusantara.yaml")),
        ("rendezvous", include_str!("../../specs/rendezvous.yaml")),
        ("holdfast", include_str!("../../specs/holdfast.yaml")),
    ];

    /// The name of the spec.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How messages are framed on TCP.
    #[must_use]
    pub const fn framing(&self) -> &Framing {
        &self.framing
    }

    /// Whether bitmaps are hex characters of ASCII.
    #[must_use]
    pub fn has_hex_bitmaps(&self) -> bool {
        self.bitmap == BitmapCoding::Hex(None)
    }

    /// The currency's name and decimals by its ISO 4217 numeric code.
    #[must_use]
    pub fn currency(&self, code: &str) -> Option<&CurrencyName> {
        self.currencies.get(code)
    }

    /// The currencies that it names, by their ISO 4217 numeric codes.
    pub fn currencies(&self) -> impl Iterator<Item = (&str, &CurrencyName)> {
        self.currencies.iter().map(|(code, name)| (code.as_str(), name))
    }

    /// The MTI that stands at the front of a message; `None` if there is none. The rest is not looked at.
    #[must_use]
    pub fn mti_of(&self, message: &[u8]) -> Option<Mti> {
        self.mti.read(message)
    }

    /// The layout of the messages of an MTI.
    #[inline]
    #[must_use]
    pub fn layout_of(&self, mti: Mti) -> Option<&MessageLayout> {
        let place = self.by_mti.get(usize::from(mti.number()))?;
        self.messages.get(usize::from(*place))
    }
}

/// The text of a file that is no longer than a spec could be.
fn read_file(path: &Path) -> io::Result<String> {
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    let read = File::open(path)?.take(MOST + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= MOST) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 1 MiB"))
    }
}

impl MessageLayout {
    /// The layout's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The MTIs that are laid out so.
    #[must_use]
    pub fn selector(&self) -> &[Mti] {
        &self.selector
    }

    /// The data elements in order.
    pub fn elements(&self) -> impl Iterator<Item = (De, &Element)> {
        let numbered = (0..=HIGHEST).zip(&self.elements);
        numbered.filter_map(|(number, element)| Some((De::new(number)?, element.as_ref()?)))
    }

    /// What the spec says of a data element, if the layout defines it.
    #[must_use]
    pub fn element(&self, de: De) -> Option<&Element> {
        self.elements.get(usize::from(de.number()))?.as_ref()
    }

    pub(super) fn subfields(&self, de: De) -> Option<&Subfields> {
        self.element(de)?.subfields.as_ref()
    }

    /// The short way through the element of a number.
    #[inline(always)]
    pub(super) fn step(&self, number: u8) -> &Step {
        self.steps.get(usize::from(number)).unwrap_or(&Step::LONG)
    }

    #[inline(always)]
    pub(super) fn layout(&self, de: De) -> Option<&Layout> {
        self.layouts.get(usize::from(de.number()))?.as_ref()
    }
}

impl Element {
    /// The name that the spec gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// The names of its fixed subfields in order; none where it has tagged ones.
    pub fn part_names(&self) -> impl Iterator<Item = &str> {
        let parts = match &self.subfields {
            Some(Subfields::Fixed(parts)) => parts.as_slice(),
            Some(Subfields::Tagged(_)) | None => &[],
        };
        parts.iter().map(|part| part.name.as_str())
    }

    /// Whether the element or one of its subfields is sensitive.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.shown.sensitive.is_some()
            || self.subfields.as_ref().is_some_and(Subfields::is_sensitive)
    }

    /// How it is shown.
    #[must_use]
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }
}

impl Shown {
    /// What the code means, in the spec's words.
    #[must_use]
    pub fn meaning(&self, code: &str) -> Option<&str> {
        self.meanings.get(code).map(String::as_str)
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
