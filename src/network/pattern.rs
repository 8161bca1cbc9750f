//! What a data element says, as a pattern of the profile: text, and in braces the names of what a message knows,
//! with a width where the network has one.
//!
//! ```text
//! 022                      as it is
//! {rrn}                    a value, as long as it is
//! {beneficiary:<30}        on the left of 30 characters, filled up with blanks, cut off beyond
//! {acquirer:0>11}          on the right of 11, filled up with zeros; a longer one is a fault of the message
//! ```

use thiserror::Error;

use super::said::Word;
use crate::spelling::did_you_mean;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Word(Word, Fit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Whole,
    Left(usize),
    Right { fill: u8, width: usize },
}

/// A value that is longer than the network has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{word} has more than {width} characters")]
pub struct TooLong {
    /// What it is called in the profile.
    pub word: &'static str,
    /// The room.
    pub width: usize,
}

impl Pattern {
    /// Reads a pattern; says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            let (inside, behind) = after
                .split_once('}')
                .ok_or_else(|| format!("{text:?} has a brace that is not closed"))?;
            parts.push(word(inside)?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self(parts))
    }

    /// The words in it.
    pub(super) fn words(&self) -> impl Iterator<Item = Word> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Word(word, _) => Some(*word),
        })
    }

    /// Writes what it says behind what `into` holds; `say` writes a word.
    pub(super) fn write(
        &self,
        say: impl Fn(Word, &mut Vec<u8>),
        into: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        for part in &self.0 {
            match part {
                Part::Text(text) => into.extend_from_slice(text.as_bytes()),
                Part::Word(word, fit) => {
                    let begin = into.len();
                    say(*word, into);
                    fit.apply(*word, begin, into)?;
                }
            }
        }
        Ok(())
    }
}

impl Fit {
    fn apply(self, word: Word, begin: usize, into: &mut Vec<u8>) -> Result<(), TooLong> {
        let written = into.len() - begin;
        match self {
            Self::Whole => Ok(()),
            Self::Left(width) => {
                into.resize(begin + width, b' ');
                Ok(())
            }
            Self::Right { width, .. } if written > width => {
                Err(TooLong { word: word.name(), width })
            }
            Self::Right { fill, width } => {
                into.splice(begin..begin, std::iter::repeat_n(fill, width - written));
                Ok(())
            }
        }
    }
}

fn word(inside: &str) -> Result<Part, String> {
    let (name, fit) = match inside.split_once(':') {
        Some((name, fit)) => (
            name,
            parse_fit(fit).ok_or_else(|| {
                format!("{{{inside}}} has no width that is known: write <30 or 0>11")
            })?,
        ),
        None => (inside, Fit::Whole),
    };
    let word = Word::ALL.into_iter().find(|word| word.name() == name);
    let names = Word::ALL.into_iter().map(Word::name);
    let unknown =
        || format!("{{{inside}}} is nothing that a message knows{}", did_you_mean(name, names));
    word.map(|word| Part::Word(word, fit)).ok_or_else(unknown)
}

fn parse_fit(text: &str) -> Option<Fit> {
    let width = |digits: &str| digits.parse().ok().filter(|width| (1..=999).contains(width));
    match text.as_bytes() {
        [b'<', ..] => width(text.get(1..)?).map(Fit::Left),
        [fill, b'>', ..] => Some(Fit::Right { fill: *fill, width: width(text.get(2..)?)? }),
        _ => None,
    }
}
