//! Which public keys may have signed which rows. This is configuration of the bank, never content of a store.
//!
//! A public key file has a line for each key: the key in hexadecimal, and for each chain the rows that it may sign:
//!
//! ```text
//! 3b6a27bc…da29 transfers=1-120000 ledger=1-98000
//! 8a88e3dd…6f5c transfers=120001- ledger=98001-
//! ```
//!
//! Rows decide, never the clock: an expired key must not stop a bank.

use std::fmt;

use thiserror::Error;

use super::chain::Chain;
use super::key::{KeyId, PublicKey};

/// Rows of a chain, from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSpan {
    /// The first row.
    pub first: u64,
    /// The last row; `None` while the key is in use.
    pub last: Option<u64>,
}

impl RowSpan {
    /// Returns whether both have a row.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.last.is_none_or(|last| other.first <= last)
            && other.last.is_none_or(|last| self.first <= last)
    }
}

impl fmt::Display for RowSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.first)?;
        self.last.map_or(Ok(()), |last| write!(f, "{last}"))
    }
}

/// A public key with the rows that it may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// The rows of each chain that it may sign.
    pub spans: Vec<(Chain, RowSpan)>,
}

impl TrustedKey {
    /// Returns a key that may sign every row of every chain.
    #[must_use]
    pub fn always(key: PublicKey) -> Self {
        let all = RowSpan { first: 1, last: None };
        Self { key, spans: Chain::CODES.iter().map(|(_, chain)| (*chain, all)).collect() }
    }

    /// Parses a line of a public key file.
    ///
    /// # Errors
    /// The reason, if the line is not a key with its rows.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let key = words.next().and_then(PublicKey::parse);
        let key = key.ok_or("is not an Ed25519 public key of 64 hexadecimal digits")?;
        let spans = words.map(parse_span).collect::<Result<Vec<_>, _>>()?;
        if spans.is_empty() {
            return Err(format!("key {}: no rows: write for example transfers=1-", key.id()));
        }
        Ok(Self { key, spans })
    }
}

fn parse_span(word: &str) -> Result<(Chain, RowSpan), String> {
    let parse = || {
        let (chain, rows) = word.split_once('=')?;
        let (first, last) = rows.split_once('-')?;
        let first = first.parse().ok().filter(|first| *first >= 1)?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        last.is_none_or(|last: u64| last >= first)
            .then_some((Chain::of(chain)?, RowSpan { first, last }))
    };
    parse().ok_or_else(|| format!("{word:?} is not CHAIN=FIRST-LAST or CHAIN=FIRST-"))
}

impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key.to_hex())?;
        self.spans.iter().try_for_each(|(chain, span)| write!(f, " {}={span}", chain.code()))
    }
}

/// The public keys that a bank trusts. As text it is a public key file, a line for each key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys(Vec<TrustedKey>);

impl fmt::Display for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|key| writeln!(f, "{key}"))
    }
}

/// Why no trusted key may have signed some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Distrust {
    /// The key is not among the trusted ones.
    #[error("key {0} is not a trusted key")]
    Unknown(KeyId),
    /// The key may not sign these rows.
    #[error("key {key} may not sign rows {first} to {last} of chain {}", chain.code())]
    OtherRows {
        /// The key.
        key: KeyId,
        /// The chain.
        chain: Chain,
        /// The first row.
        first: u64,
        /// The last row.
        last: u64,
    },
}

impl TrustedKeys {
    /// Creates the list.
    #[must_use]
    pub const fn new(keys: Vec<TrustedKey>) -> Self {
        Self(keys)
    }

    /// Parses the text of a public key file. Empty lines and lines that begin with `#` do not count.
    ///
    /// # Errors
    /// The reason with the line, if a line is not a key with its rows, or the file has no key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let keys = keys
            .map(|(number, line)| {
                TrustedKey::parse(line).map_err(|reason| format!("line {number}: {reason}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err("has no public key".to_owned()) } else { Ok(Self(keys)) }
    }

    /// Returns the keys.
    #[must_use]
    pub fn keys(&self) -> &[TrustedKey] {
        &self.0
    }

    /// Adds the keys of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns two keys that may sign the same row of a chain, or one that has it twice.
    #[must_use]
    pub fn overlap(&self) -> Option<(KeyId, KeyId, Chain)> {
        let spans = |keys: &'_ TrustedKey| (keys.key.id(), keys.spans.clone());
        let spans =
            self.0.iter().map(spans).flat_map(|(id, of)| of.into_iter().map(move |of| (id, of)));
        let spans: Vec<_> = spans.collect();
        spans.iter().enumerate().find_map(|(index, (id, (chain, span)))| {
            let meets = |(_, (other, rows)): &&(KeyId, (Chain, RowSpan))| {
                other == chain && rows.meets(*span)
            };
            spans.iter().take(index).find(meets).map(|(earlier, _)| (*earlier, *id, *chain))
        })
    }

    /// Returns the list after a rotation: the old key may sign each chain up to its last row, the new key every row after it.
    /// `last` returns the number of the last row that the old key signed; 0 for an empty chain.
    #[must_use]
    pub fn rotated(&self, old: KeyId, new: PublicKey, last: impl Fn(Chain) -> u64) -> Self {
        let closed = |(chain, span): &(Chain, RowSpan)| {
            let end = span.last.unwrap_or(u64::MAX).min(last(*chain));
            // Of a chain without rows the old key signed nothing.
            (span.first <= end).then_some((*chain, RowSpan { first: span.first, last: Some(end) }))
        };
        let mut keys = self.0.clone();
        for trusted in keys.iter_mut().filter(|trusted| trusted.key.id() == old) {
            trusted.spans = trusted.spans.iter().filter_map(closed).collect();
        }
        keys.retain(|trusted| !trusted.spans.is_empty());
        let from = |chain| (chain, RowSpan { first: last(chain) + 1, last: None });
        let spans = Chain::CODES.iter().map(|(_, chain)| from(*chain)).collect();
        keys.push(TrustedKey { key: new, spans });
        Self(keys)
    }

    /// Returns the public key with this id, if it may sign these rows, `first` and `last` included.
    ///
    /// # Errors
    /// If the key is unknown or may not sign them.
    pub fn key(
        &self,
        chain: Chain,
        (first, last): (u64, u64),
        id: KeyId,
    ) -> Result<&PublicKey, Distrust> {
        let mut known = self.0.iter().filter(|trusted| trusted.key.id() == id).peekable();
        if known.peek().is_none() {
            return Err(Distrust::Unknown(id));
        }
        let covers = |(named, span): &(Chain, RowSpan)| {
            *named == chain && span.first <= first && span.last.is_none_or(|end| last <= end)
        };
        let found = known.find(|trusted| trusted.spans.iter().any(covers));
        let other_rows = Distrust::OtherRows { key: id, chain, first, last };
        found.map(|trusted| &trusted.key).ok_or(other_rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::SigningKey;

    #[test]
    fn a_file_is_read_as_it_is_written() {
        let key = SigningKey::from_seed(&[7; 32]).public();
        let line = format!("{} transfers=1-120 ledger=5-", key.to_hex());
        let keys = TrustedKeys::parse(&format!("# ours\n\n{line}\n")).unwrap();
        assert_eq!(keys.keys()[0].to_string(), line);
        assert!(keys.key(Chain::Transfers, (1, 120), key.id()).is_ok());
        assert!(keys.key(Chain::Transfers, (120, 121), key.id()).is_err());
        assert!(keys.key(Chain::Ledger, (4, 5), key.id()).is_err());
        for wrong in ["", "12", &key.to_hex(), &format!("{} transfers=0-", key.to_hex())] {
            assert!(TrustedKeys::parse(wrong).is_err(), "{wrong}");
        }
        for span in ["transfers=1", "transfers=5-4", "other=1-", "transfers=x-"] {
            assert!(TrustedKeys::parse(&format!("{} {span}", key.to_hex())).is_err(), "{span}");
        }
    }

    #[test]
    fn rows_that_two_keys_may_sign_are_found() {
        let [one, other] = [7, 8].map(|seed| SigningKey::from_seed(&[seed; 32]).public());
        let overlap = |first: &str, second: &str| {
            let text = format!("{} {first}\n{} {second}", one.to_hex(), other.to_hex());
            TrustedKeys::parse(&text).unwrap().overlap()
        };
        let ours = Some((one.id(), other.id(), Chain::Transfers));
        assert_eq!(overlap("transfers=1-120", "transfers=121-"), None);
        assert_eq!(overlap("transfers=1-", "ledger=1-"), None);
        assert_eq!(overlap("transfers=1-120", "transfers=120-"), ours);
        assert_eq!(overlap("transfers=50-", "transfers=1-50"), ours);
        assert_eq!(overlap("transfers=1-", "ledger=1- transfers=9-9"), ours);
        let twice = overlap("transfers=1-5 transfers=3-4", "ledger=1-");
        assert_eq!(twice, Some((one.id(), one.id(), Chain::Transfers)));
    }

    #[test]
    fn a_rotation_closes_the_rows_of_the_old_key_and_opens_those_of_the_new_one() {
        let [old, new, third] = [7, 8, 9].map(|seed| SigningKey::from_seed(&[seed; 32]).public());
        let [a, b, c] = [&old, &new, &third].map(PublicKey::to_hex);
        let last = |rows: [u64; 3]| {
            move |chain| match chain {
                Chain::Transfers => rows[0],
                Chain::Ledger => rows[1],
                Chain::Control => rows[2],
            }
        };
        let first = TrustedKeys::new(vec![TrustedKey::always(old.clone())]);
        let second = first.rotated(old.id(), new.clone(), last([120, 0, 4]));
        assert_eq!(
            second.to_string(),
            format!("{a} transfers=1-120 control=1-4\n{b} transfers=121- ledger=1- control=5-\n")
        );
        assert_eq!(TrustedKeys::parse(&second.to_string()).unwrap(), second);
        assert_eq!(second.overlap(), None);
        let third = second.rotated(new.id(), third, last([200, 30, 9]));
        assert_eq!(
            third.to_string(),
            format!(
                "{a} transfers=1-120 control=1-4\n{b} transfers=121-200 ledger=1-30 control=5-9\n\
                 {c} transfers=201- ledger=31- control=10-\n"
            )
        );
        let unused = first.rotated(old.id(), new, last([0, 0, 0]));
        assert_eq!(unused.to_string(), format!("{b} transfers=1- ledger=1- control=1-\n"));
    }
}
