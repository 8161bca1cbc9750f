//! The subfields of a data element: fixed or tagged.

use std::borrow::Cow;
use std::fmt;

use super::characters::Characters;
use super::class::Class;
use super::presentation::Presentation;

/// The subfields of an element, as the spec defines them.
#[derive(Clone, Debug)]
pub(super) enum Subfields {
    Fixed(Vec<FixedSubfield>),
    Tagged(Tagged),
}

/// A fixed subfield.
#[derive(Clone, Debug)]
pub(super) struct FixedSubfield {
    pub(super) name: String,
    pub(super) title: Option<String>,
    /// The number of characters.
    pub(super) length: usize,
    pub(super) class: Class,
    /// May be missing, together with all subfields behind it.
    pub(super) optional: bool,
    pub(super) presentation: Presentation,
}

/// Subfields of tag, length and value, in text.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    /// The number of characters of a tag.
    pub(super) tag_width: usize,
    /// The number of digits of a length.
    pub(super) length_width: usize,
    pub(super) tags: Vec<Tag>,
}

/// The definition of a tag in the spec.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) max: usize,
    pub(super) class: Class,
    pub(super) presentation: Presentation,
}

/// The maximum number of tags of a value. The search for duplicates takes quadratic time.
pub(super) const TAGS_MAX: usize = 64;

/// A value that does not match its subfields, and the position at which it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubfieldFault {
    /// The position of the character in the value, from 0.
    pub position: usize,
    /// The reason.
    pub reason: SubfieldReason,
}

/// The reason why a value does not match its subfields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubfieldReason {
    /// The value ends inside a subfield, or continues after the last one.
    LengthMismatch,
    /// The class of the subfield does not accept a character.
    Class(Class),
    /// The length of a tag is not a number.
    LengthNotNumeric,
    /// The length of a tag exceeds the rest of the value.
    LengthPastEnd,
    /// The value of a tag is longer than the spec allows.
    TooLong,
    /// A tag occurs twice.
    DuplicateTag,
    /// The value has more than 64 tags.
    TooManyTags,
}

impl fmt::Display for SubfieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let character = self.position + 1;
        match self.reason {
            SubfieldReason::LengthMismatch => {
                write!(f, "character {character}: the value does not end at the end of a subfield")
            }
            SubfieldReason::Class(class) => {
                write!(f, "character {character}: the subfield allows {}", class.expected())
            }
            SubfieldReason::LengthNotNumeric => {
                write!(f, "character {character}: the length of a tag is not a number")
            }
            SubfieldReason::LengthPastEnd => {
                write!(f, "character {character}: the length of a tag exceeds the value")
            }
            SubfieldReason::TooLong => {
                write!(f, "character {character}: a tag is longer than the spec allows")
            }
            SubfieldReason::DuplicateTag => write!(f, "character {character}: duplicate tag"),
            SubfieldReason::TooManyTags => {
                write!(f, "character {character}: more than {TAGS_MAX} tags")
            }
        }
    }
}

/// One subfield of a value: its definition and its characters.
pub(super) struct SubfieldValue<'s, 'm> {
    /// The name of a fixed subfield, or the tag.
    pub(super) key: SubfieldKey<'s, 'm>,
    pub(super) title: &'s str,
    /// `None` for a tag that the spec does not define.
    pub(super) presentation: Option<&'s Presentation>,
    pub(super) characters: Characters<'m>,
}

/// What identifies a subfield.
pub(super) enum SubfieldKey<'s, 'm> {
    Name(&'s str),
    /// A tag, and the length as it is on the wire behind the tag.
    Tag {
        tag: Characters<'m>,
        length: Characters<'m>,
    },
}

impl<'s: 'm, 'm> SubfieldKey<'s, 'm> {
    /// Returns the name or the tag.
    pub(super) fn text(&self) -> Cow<'m, str> {
        match self {
            Self::Name(name) => Cow::Borrowed(name),
            Self::Tag { tag, .. } => tag.text(),
        }
    }
}

impl Subfields {
    /// Returns whether a subfield is sensitive. Tags that the spec does not define may be, so a tagged
    /// element always is.
    pub(super) fn is_sensitive(&self) -> bool {
        match self {
            Self::Fixed(parts) => parts.iter().any(|part| part.presentation.sensitive.is_some()),
            Self::Tagged(_) => true,
        }
    }

    /// Returns the presentation of each subfield that the spec defines.
    pub(super) fn presentations_mut(&mut self) -> Vec<&mut Presentation> {
        match self {
            Self::Fixed(parts) => parts.iter_mut().map(|part| &mut part.presentation).collect(),
            Self::Tagged(tagged) => {
                tagged.tags.iter_mut().map(|tag| &mut tag.presentation).collect()
            }
        }
    }

    /// Returns all possible lengths of a value, if all subfields are fixed and have the class of the element.
    pub(super) fn lengths_if_uniform(&self, class: Class) -> Option<Vec<u16>> {
        let Self::Fixed(parts) = self else { return None };
        let mut lengths = Vec::new();
        let mut length = 0_u16;
        for part in parts {
            if part.class != class {
                return None;
            }
            if part.optional {
                lengths.push(length);
            }
            length = length.checked_add(u16::try_from(part.length).ok()?)?;
        }
        lengths.push(length);
        Some(lengths)
    }

    /// Returns the subfield of a valid value with this name or tag.
    pub(super) fn find<'s, 'm>(
        &'s self,
        value: Characters<'m>,
        key: &str,
    ) -> Option<SubfieldValue<'s, 'm>> {
        let tagged = match self {
            Self::Fixed(parts) => return find_fixed(parts, value, key),
            Self::Tagged(tagged) => tagged,
        };
        let mut found = None;
        let walked = tagged.walk(value, |subfield| {
            if found.is_none() && subfield.key.text() == key {
                found = Some(subfield);
            }
        });
        found.filter(|_| walked.is_ok())
    }

    /// Validates a value and calls `each` for every subfield in order.
    pub(super) fn walk<'s, 'm>(
        &'s self,
        value: Characters<'m>,
        each: impl FnMut(SubfieldValue<'s, 'm>),
    ) -> Result<(), SubfieldFault> {
        match self {
            Self::Fixed(parts) => walk_fixed(parts, value, each),
            Self::Tagged(tagged) => tagged.walk(value, each),
        }
    }
}

impl FixedSubfield {
    /// Returns the subfield with its characters.
    fn with<'s, 'm>(&'s self, characters: Characters<'m>) -> SubfieldValue<'s, 'm> {
        let title = self.title.as_deref().unwrap_or(&self.name);
        let key = SubfieldKey::Name(&self.name);
        SubfieldValue { key, title, presentation: Some(&self.presentation), characters }
    }
}

/// Returns the subfield with this name. The value is valid.
fn find_fixed<'s, 'm>(
    parts: &'s [FixedSubfield],
    value: Characters<'m>,
    name: &str,
) -> Option<SubfieldValue<'s, 'm>> {
    let mut position = 0;
    for part in parts {
        if part.name == name {
            return value.slice(position, part.length).map(|characters| part.with(characters));
        }
        position += part.length;
    }
    None
}

#[inline]
fn walk_fixed<'s, 'm>(
    parts: &'s [FixedSubfield],
    value: Characters<'m>,
    mut each: impl FnMut(SubfieldValue<'s, 'm>),
) -> Result<(), SubfieldFault> {
    let mut position = 0;
    for part in parts {
        if position == value.count() && part.optional {
            return Ok(());
        }
        let characters = value.slice(position, part.length).ok_or(length_mismatch(position))?;
        check(part.class, characters, position)?;
        each(part.with(characters));
        position += part.length;
    }
    if position == value.count() { Ok(()) } else { Err(length_mismatch(position)) }
}

impl Tagged {
    fn walk<'s, 'm>(
        &'s self,
        value: Characters<'m>,
        mut each: impl FnMut(SubfieldValue<'s, 'm>),
    ) -> Result<(), SubfieldFault> {
        let mut position = 0;
        let mut count = 0;
        while position < value.count() {
            count += 1;
            if count > TAGS_MAX {
                return Err(SubfieldFault { position, reason: SubfieldReason::TooManyTags });
            }
            let tag = value.slice(position, self.tag_width).ok_or(length_mismatch(position))?;
            if self.is_duplicate(tag, value, position) {
                return Err(SubfieldFault { position, reason: SubfieldReason::DuplicateTag });
            }
            let length_at = position + self.tag_width;
            let length =
                value.slice(length_at, self.length_width).ok_or(length_mismatch(length_at))?;
            let count = decimal(length).ok_or(SubfieldFault {
                position: length_at,
                reason: SubfieldReason::LengthNotNumeric,
            })?;
            let content_at = length_at + self.length_width;
            let characters = value.slice(content_at, count).ok_or(SubfieldFault {
                position: length_at,
                reason: SubfieldReason::LengthPastEnd,
            })?;
            let key = SubfieldKey::Tag { tag, length };
            each(self.found(key, tag, characters, content_at)?);
            position = content_at + count;
        }
        Ok(())
    }

    /// Returns the subfield of a tag, if its value is valid.
    fn found<'s, 'm>(
        &'s self,
        key: SubfieldKey<'s, 'm>,
        tag: Characters<'m>,
        characters: Characters<'m>,
        content_at: usize,
    ) -> Result<SubfieldValue<'s, 'm>, SubfieldFault> {
        let known = self.tags.iter().find(|known| tag.iter().eq(known.key.bytes()));
        if known.is_some_and(|known| characters.count() > known.max) {
            let position = content_at - self.length_width;
            return Err(SubfieldFault { position, reason: SubfieldReason::TooLong });
        }
        let class = known.map_or(Class::Ans, |known| known.class);
        check(class, characters, content_at)?;
        let title = known.map_or("", |known| known.title.as_deref().unwrap_or(&known.name));
        Ok(SubfieldValue {
            key,
            title,
            presentation: known.map(|known| &known.presentation),
            characters,
        })
    }

    /// Returns whether the same tag occurs in front of this position.
    fn is_duplicate(&self, tag: Characters<'_>, value: Characters<'_>, end: usize) -> bool {
        let mut position = 0;
        while position < end {
            let step = || {
                let earlier = value.slice(position, self.tag_width)?;
                let length = decimal(value.slice(position + self.tag_width, self.length_width)?)?;
                Some((earlier.iter().eq(tag.iter()), self.tag_width + self.length_width + length))
            };
            match step() {
                Some((true, _)) => return true,
                Some((false, width)) => position += width,
                None => return false,
            }
        }
        false
    }
}

fn decimal(digits: Characters<'_>) -> Option<usize> {
    digits.iter().try_fold(0_usize, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + usize::from(digit - b'0'))
    })
}

#[inline]
fn check(class: Class, characters: Characters<'_>, at: usize) -> Result<(), SubfieldFault> {
    match characters.first_invalid(class) {
        None => Ok(()),
        Some(position) => {
            Err(SubfieldFault { position: at + position, reason: SubfieldReason::Class(class) })
        }
    }
}

const fn length_mismatch(position: usize) -> SubfieldFault {
    SubfieldFault { position, reason: SubfieldReason::LengthMismatch }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::coding::Coding;

    fn part(name: &str, length: usize, class: Class, optional: bool) -> FixedSubfield {
        FixedSubfield {
            name: name.into(),
            title: None,
            length,
            class,
            optional,
            presentation: Presentation::default(),
        }
    }

    fn walk(subfields: &Subfields, value: &str) -> Result<Vec<(String, String)>, SubfieldFault> {
        let mut found = Vec::new();
        let characters = Characters::new(Coding::Ascii, value.as_bytes(), value.len());
        subfields.walk(characters, |subfield| {
            let key = subfield.key.text().into_owned();
            found.push((key, subfield.characters.text().into_owned()));
        })?;
        for (key, text) in &found {
            let same = subfields.find(characters, key).map(|subfield| subfield.characters.text());
            assert_eq!(same.as_deref(), Some(text.as_str()), "{key}");
        }
        assert!(subfields.find(characters, "none").is_none());
        Ok(found)
    }

    fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_value_with_too_many_tags_is_rejected() {
        let subfields =
            Subfields::Tagged(Tagged { tag_width: 3, length_width: 1, tags: Vec::new() });
        let value =
            |tags: usize| (0..tags).map(|tag| format!("{tag:03}0")).collect::<Vec<_>>().concat();
        assert!(walk(&subfields, &value(TAGS_MAX)).is_ok());
        let over = walk(&subfields, &value(TAGS_MAX + 1));
        assert_eq!(over, refused(TAGS_MAX * 4, SubfieldReason::TooManyTags));
    }

    fn refused(
        position: usize,
        reason: SubfieldReason,
    ) -> Result<Vec<(String, String)>, SubfieldFault> {
        Err(SubfieldFault { position, reason })
    }

    #[test]
    fn fixed_subfields_must_end_where_the_value_ends() {
        let subfields = Subfields::Fixed(vec![
            part("code", 2, Class::N, false),
            part("text", 3, Class::Ans, true),
            part("more", 1, Class::Ans, true),
        ]);
        assert_eq!(walk(&subfields, "12"), Ok(owned(&[("code", "12")])));
        assert_eq!(walk(&subfields, "12abc"), Ok(owned(&[("code", "12"), ("text", "abc")])));
        assert_eq!(walk(&subfields, "12ab"), refused(2, SubfieldReason::LengthMismatch));
        assert_eq!(walk(&subfields, "12abcde"), refused(6, SubfieldReason::LengthMismatch));
        assert_eq!(walk(&subfields, ""), refused(0, SubfieldReason::LengthMismatch));
        assert_eq!(walk(&subfields, "1x"), refused(1, SubfieldReason::Class(Class::N)));
    }

    #[test]
    fn tagged_values_are_validated_to_the_end() {
        let known = Tag {
            key: "001".into(),
            name: "purpose".into(),
            title: None,
            max: 4,
            class: Class::N,
            presentation: Presentation::default(),
        };
        let subfields =
            Subfields::Tagged(Tagged { tag_width: 3, length_width: 3, tags: vec![known] });
        assert_eq!(walk(&subfields, ""), Ok(owned(&[])));
        let both = [("001", "12"), ("XYZ", "free")];
        assert_eq!(walk(&subfields, "00100212XYZ004free"), Ok(owned(&both)));
        for (value, position, reason) in [
            ("00100212001", 8, SubfieldReason::DuplicateTag),
            ("0010021", 3, SubfieldReason::LengthPastEnd),
            ("00100x12", 3, SubfieldReason::LengthNotNumeric),
            ("00100512345", 3, SubfieldReason::TooLong),
            ("0010021a", 7, SubfieldReason::Class(Class::N)),
            ("00", 0, SubfieldReason::LengthMismatch),
            ("0010", 3, SubfieldReason::LengthMismatch),
        ] {
            assert_eq!(walk(&subfields, value), refused(position, reason), "{value}");
        }
    }
}
