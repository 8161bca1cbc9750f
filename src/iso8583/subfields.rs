//! What a data element is made of: fixed parts, or tagged ones.

use std::fmt;

use super::characters::Characters;
use super::class::Class;
use super::spec::Shown;

/// The subfields of an element, as the spec describes them.
#[derive(Clone, Debug)]
pub(super) enum Subfields {
    Fixed(Vec<Part>),
    Tagged(Tagged),
}

/// A fixed subfield.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) title: Option<String>,
    /// Characters.
    pub(super) length: usize,
    pub(super) class: Class,
    /// May be missing, with all that follow it.
    pub(super) optional: bool,
    pub(super) shown: Shown,
}

/// Tag, length and value, in text.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    /// Characters of a tag.
    pub(super) tag_width: usize,
    /// Digits of a length.
    pub(super) length_width: usize,
    pub(super) tags: Vec<Tag>,
}

/// What the spec says of a tag.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) max: usize,
    pub(super) class: Class,
    pub(super) shown: Shown,
}

/// The most tags that a value may have; looking for doubles costs the square of it.
pub(super) const TAGS_MAX: usize = 64;

/// Why a value is not made as its subfields say, and the character where that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubfieldFault {
    /// The character of the value, from 0.
    pub place: usize,
    /// What is wrong.
    pub reason: SubfieldReason,
}

/// What is wrong with a value that has subfields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubfieldReason {
    /// The value ends inside a subfield, or goes on after the last.
    Ends,
    /// A character that the subfield's class does not admit.
    Class(Class),
    /// A length that is not digits.
    LengthNotNumeric,
    /// A length that goes past the end of the value.
    LengthPastEnd,
    /// A tag's value is longer than the spec allows.
    TooLong,
    /// A tag that was there before.
    TagTwice,
    /// More tags than are allowed, 64.
    TooMany,
}

impl fmt::Display for SubfieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place + 1;
        match self.reason {
            SubfieldReason::Ends => {
                write!(f, "character {place}: the value does not end where a subfield ends")
            }
            SubfieldReason::Class(class) => {
                write!(f, "character {place}: the subfield takes {}", class.expected())
            }
            SubfieldReason::LengthNotNumeric => {
                write!(f, "character {place}: the length of a tag is not a number")
            }
            SubfieldReason::LengthPastEnd => {
                write!(f, "character {place}: the length of a tag goes past the end")
            }
            SubfieldReason::TooLong => {
                write!(f, "character {place}: a tag is longer than the spec allows")
            }
            SubfieldReason::TagTwice => write!(f, "character {place}: a tag stands twice"),
            SubfieldReason::TooMany => write!(f, "character {place}: more tags than are allowed"),
        }
    }
}

/// One subfield of a value: what the spec says of it, and where its characters are.
pub(super) struct Found<'s, 'm> {
    /// A fixed subfield's name, or the tag.
    pub(super) key: Key<'s, 'm>,
    pub(super) title: &'s str,
    /// `None` for a tag that the spec does not describe.
    pub(super) shown: Option<&'s Shown>,
    pub(super) characters: Characters<'m>,
}

/// What a subfield is known by.
pub(super) enum Key<'s, 'm> {
    Name(&'s str),
    /// A tag, and the length as it stands behind it.
    Tag {
        tag: Characters<'m>,
        length: Characters<'m>,
    },
}

impl Subfields {
    /// Whether one of them is sensitive; a tag that the spec does not describe may be.
    pub(super) fn is_sensitive(&self) -> bool {
        match self {
            Self::Fixed(parts) => parts.iter().any(|part| part.shown.sensitive.is_some()),
            Self::Tagged(_) => true,
        }
    }

    /// How each that the spec describes is shown.
    pub(super) fn shown_mut(&mut self) -> Vec<&mut Shown> {
        match self {
            Self::Fixed(parts) => parts.iter_mut().map(|part| &mut part.shown).collect(),
            Self::Tagged(tagged) => tagged.tags.iter_mut().map(|tag| &mut tag.shown).collect(),
        }
    }

    /// The lengths of all values that can be made of them, if their parts are fixed and admit just what the
    /// element's class does.
    pub(super) fn lengths_alike(&self, class: Class) -> Option<Vec<u16>> {
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

    /// Calls `each` for every subfield of a value in order, checking the value on the way.
    pub(super) fn walk<'s, 'm>(
        &'s self,
        value: Characters<'m>,
        each: impl FnMut(Found<'s, 'm>),
    ) -> Result<(), SubfieldFault> {
        match self {
            Self::Fixed(parts) => walk_fixed(parts, value, each),
            Self::Tagged(tagged) => tagged.walk(value, each),
        }
    }
}

#[inline]
fn walk_fixed<'s, 'm>(
    parts: &'s [Part],
    value: Characters<'m>,
    mut each: impl FnMut(Found<'s, 'm>),
) -> Result<(), SubfieldFault> {
    let mut place = 0;
    for part in parts {
        if place == value.count() && part.optional {
            return Ok(());
        }
        let characters = value.part(place, part.length).ok_or(ends(place))?;
        check(part.class, characters, place)?;
        let title = part.title.as_deref().unwrap_or(&part.name);
        let key = Key::Name(&part.name);
        each(Found { key, title, shown: Some(&part.shown), characters });
        place += part.length;
    }
    if place == value.count() { Ok(()) } else { Err(ends(place)) }
}

impl Tagged {
    fn walk<'s, 'm>(
        &'s self,
        value: Characters<'m>,
        mut each: impl FnMut(Found<'s, 'm>),
    ) -> Result<(), SubfieldFault> {
        let mut place = 0;
        let mut count = 0;
        while place < value.count() {
            count += 1;
            if count > TAGS_MAX {
                return Err(SubfieldFault { place, reason: SubfieldReason::TooMany });
            }
            let tag = value.part(place, self.tag_width).ok_or(ends(place))?;
            if self.comes_before(tag, value, place) {
                return Err(SubfieldFault { place, reason: SubfieldReason::TagTwice });
            }
            let length_at = place + self.tag_width;
            let length = value.part(length_at, self.length_width).ok_or(ends(length_at))?;
            let count = decimal(length).ok_or(SubfieldFault {
                place: length_at,
                reason: SubfieldReason::LengthNotNumeric,
            })?;
            let content_at = length_at + self.length_width;
            let characters = value
                .part(content_at, count)
                .ok_or(SubfieldFault { place: length_at, reason: SubfieldReason::LengthPastEnd })?;
            let key = Key::Tag { tag, length };
            each(self.found(key, tag, characters, content_at)?);
            place = content_at + count;
        }
        Ok(())
    }

    /// The subfield of a tag, if its value is as the spec says.
    fn found<'s, 'm>(
        &'s self,
        key: Key<'s, 'm>,
        tag: Characters<'m>,
        characters: Characters<'m>,
        content_at: usize,
    ) -> Result<Found<'s, 'm>, SubfieldFault> {
        let known = self.tags.iter().find(|known| tag.iter().eq(known.key.bytes()));
        if known.is_some_and(|known| characters.count() > known.max) {
            let place = content_at - self.length_width;
            return Err(SubfieldFault { place, reason: SubfieldReason::TooLong });
        }
        let class = known.map_or(Class::Ans, |known| known.class);
        check(class, characters, content_at)?;
        let title = known.map_or("", |known| known.title.as_deref().unwrap_or(&known.name));
        Ok(Found { key, title, shown: known.map(|known| &known.shown), characters })
    }

    /// Whether a tag comes before this place.
    fn comes_before(&self, tag: Characters<'_>, value: Characters<'_>, end: usize) -> bool {
        let mut place = 0;
        while place < end {
            let step = || {
                let earlier = value.part(place, self.tag_width)?;
                let length = decimal(value.part(place + self.tag_width, self.length_width)?)?;
                Some((earlier.iter().eq(tag.iter()), self.tag_width + self.length_width + length))
            };
            match step() {
                Some((true, _)) => return true,
                Some((false, width)) => place += width,
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
    match characters.first_refused(class) {
        None => Ok(()),
        Some(place) => {
            Err(SubfieldFault { place: at + place, reason: SubfieldReason::Class(class) })
        }
    }
}

const fn ends(place: usize) -> SubfieldFault {
    SubfieldFault { place, reason: SubfieldReason::Ends }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::layout::Coding;

    fn part(name: &str, length: usize, class: Class, optional: bool) -> Part {
        Part { name: name.into(), title: None, length, class, optional, shown: Shown::default() }
    }

    fn walk(subfields: &Subfields, value: &str) -> Result<Vec<(String, String)>, SubfieldFault> {
        let mut found = Vec::new();
        let characters = Characters::new(Coding::Ascii, value.as_bytes(), value.len());
        subfields.walk(characters, |subfield| {
            let key = match subfield.key {
                Key::Name(name) => name.to_owned(),
                Key::Tag { tag, .. } => tag.text().into_owned(),
            };
            found.push((key, subfield.characters.text().into_owned()));
        })?;
        Ok(found)
    }

    fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_value_with_more_tags_than_the_bound_is_refused() {
        let subfields =
            Subfields::Tagged(Tagged { tag_width: 3, length_width: 1, tags: Vec::new() });
        let value =
            |tags: usize| (0..tags).map(|tag| format!("{tag:03}0")).collect::<Vec<_>>().concat();
        assert!(walk(&subfields, &value(TAGS_MAX)).is_ok());
        let over = walk(&subfields, &value(TAGS_MAX + 1));
        assert_eq!(over, refused(TAGS_MAX * 4, SubfieldReason::TooMany));
    }

    fn refused(
        place: usize,
        reason: SubfieldReason,
    ) -> Result<Vec<(String, String)>, SubfieldFault> {
        Err(SubfieldFault { place, reason })
    }

    #[test]
    fn fixed_parts_end_where_the_value_ends() {
        let subfields = Subfields::Fixed(vec![
            part("code", 2, Class::N, false),
            part("text", 3, Class::Ans, true),
            part("more", 1, Class::Ans, true),
        ]);
        assert_eq!(walk(&subfields, "12"), Ok(owned(&[("code", "12")])));
        assert_eq!(walk(&subfields, "12abc"), Ok(owned(&[("code", "12"), ("text", "abc")])));
        assert_eq!(walk(&subfields, "12ab"), refused(2, SubfieldReason::Ends));
        assert_eq!(walk(&subfields, "12abcde"), refused(6, SubfieldReason::Ends));
        assert_eq!(walk(&subfields, ""), refused(0, SubfieldReason::Ends));
        assert_eq!(walk(&subfields, "1x"), refused(1, SubfieldReason::Class(Class::N)));
    }

    #[test]
    fn tagged_values_are_followed_to_the_end() {
        let known = Tag {
            key: "001".into(),
            name: "purpose".into(),
            title: None,
            max: 4,
            class: Class::N,
            shown: Shown::default(),
        };
        let subfields =
            Subfields::Tagged(Tagged { tag_width: 3, length_width: 3, tags: vec![known] });
        assert_eq!(walk(&subfields, ""), Ok(owned(&[])));
        let both = [("001", "12"), ("XYZ", "free")];
        assert_eq!(walk(&subfields, "00100212XYZ004free"), Ok(owned(&both)));
        for (value, place, reason) in [
            ("00100212001", 8, SubfieldReason::TagTwice),
            ("0010021", 3, SubfieldReason::LengthPastEnd),
            ("00100x12", 3, SubfieldReason::LengthNotNumeric),
            ("00100512345", 3, SubfieldReason::TooLong),
            ("0010021a", 7, SubfieldReason::Class(Class::N)),
            ("00", 0, SubfieldReason::Ends),
            ("0010", 3, SubfieldReason::Ends),
        ] {
            assert_eq!(walk(&subfields, value), refused(place, reason), "{value}");
        }
    }
}
