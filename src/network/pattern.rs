//! Patterns of the profile for data elements: literal text, and values in braces with an optional width.
//!
//! ```text
//! 022                      literal text
//! {rrn}                    a value in its own length
//! {beneficiary_name:<30}   left-aligned in 30 characters, padded with blanks, truncated if longer
//! {acquirer:0>11}          right-aligned in 11 characters, padded with zeros; a longer value is an error
//! ```

use thiserror::Error;

use super::values::ValueName;
use crate::spelling::suggest_or_list;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Value(ValueName, Width),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Variable,
    Left(usize),
    Right { fill: u8, width: usize },
}

/// A value that is longer than its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{value}: longer than {width} characters")]
pub struct TooLong {
    /// The name of the value in the profile.
    pub value: &'static str,
    /// The length of the field in characters.
    pub width: usize,
}

impl Pattern {
    /// Parses a pattern; the error names the fault.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            let (inside, behind) = after.split_once('}').ok_or_else(|| {
                format!("{text:?} has a brace that is not closed: write }} after the name")
            })?;
            parts.push(parse_value(inside)?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self(parts))
    }

    /// Returns the names of the values in the pattern.
    pub(super) fn value_names(&self) -> impl Iterator<Item = ValueName> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(name, _) => Some(*name),
        })
    }

    /// Whether the pattern is this value alone, in its own length.
    pub(super) fn is_only(&self, name: ValueName) -> bool {
        matches!(self.0.as_slice(), [Part::Value(only, Width::Variable)] if *only == name)
    }

    /// Appends the text of the pattern to `into`. `write_value` appends a value.
    pub(super) fn write(
        &self,
        write_value: impl Fn(ValueName, &mut Vec<u8>),
        into: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        for part in &self.0 {
            match part {
                Part::Text(text) => into.extend_from_slice(text.as_bytes()),
                Part::Value(name, width) => {
                    let begin = into.len();
                    write_value(*name, into);
                    width.apply(*name, begin, into)?;
                }
            }
        }
        Ok(())
    }
}

impl Width {
    fn apply(self, name: ValueName, begin: usize, into: &mut Vec<u8>) -> Result<(), TooLong> {
        let written = into.len() - begin;
        match self {
            Self::Variable => Ok(()),
            Self::Left(width) => {
                into.resize(begin + width, b' ');
                Ok(())
            }
            Self::Right { width, .. } if written > width => {
                Err(TooLong { value: name.name(), width })
            }
            Self::Right { fill, width } => {
                into.splice(begin..begin, std::iter::repeat_n(fill, width - written));
                Ok(())
            }
        }
    }
}

fn parse_value(inside: &str) -> Result<Part, String> {
    let (name, width) = match inside.split_once(':') {
        Some((name, width)) => (
            name,
            parse_width(width)
                .ok_or_else(|| format!("{{{inside}}} has an invalid width: write <30 or 0>11"))?,
        ),
        None => (inside, Width::Variable),
    };
    let value = ValueName::ALL.into_iter().find(|value| value.name() == name);
    let names = ValueName::ALL.into_iter().map(ValueName::name);
    let unknown =
        || format!("{{{inside}}} is not a value of a message{}", suggest_or_list(name, names));
    value.map(|value| Part::Value(value, width)).ok_or_else(unknown)
}

fn parse_width(text: &str) -> Option<Width> {
    let width = |digits: &str| digits.parse().ok().filter(|width| (1..=999).contains(width));
    match text.as_bytes() {
        [b'<', ..] => width(text.get(1..)?).map(Width::Left),
        [fill, b'>', ..] => Some(Width::Right { fill: *fill, width: width(text.get(2..)?)? }),
        _ => None,
    }
}
