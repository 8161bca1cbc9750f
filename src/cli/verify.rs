//! `titian verify`: reads a journal from its first row, and names the first that is wrong.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::failure::{self, Failure};
use super::money::major;
use super::source::{self, told};
use super::spec::shipped;
use super::store::{StoreOption, existing};
use crate::journal::{Evidence, PublicKeys};
use crate::records::{Audited, audit};
use crate::transfer::Sums;
use crate::values::Currency;

const NOTES: &str = "\
Examples:
  titian verify --store sqlite://titian.db
  titian verify --store sqlite://titian.db --checkpoints cp --public-key cp.pub
  titian verify --store sqlite://titian.db --archive 2026-09.db --archive 2026-10.db

Every row is read: whether one is missing, whether it is as its hash says and
follows on the one before, whether its facts can follow on those before, lead to
the state that it says, and what they make of the books. Checkpoints tell a store
that was cut, is an older copy, or was written anew by the rules.

A store that a running program has can be verified too: what it had when this
began, without its index. One that none has can't be opened meanwhile. Ends with exit code 1 and a line on stderr that names the
first wrong row, if there is one.";

/// Read a journal from its first row: chain, signatures, states, books
#[derive(Args)]
#[command(after_help = "Examples: titian verify --help", after_long_help = NOTES)]
pub(super) struct Verify {
    #[command(flatten)]
    store: StoreOption,

    /// Archives before the store, from the oldest on
    #[arg(long, value_name = "FILE", num_args = 1..)]
    archive: Vec<String>,

    /// Signed checkpoints
    #[arg(long, value_name = "FILE", requires = "public_key")]
    checkpoints: Option<String>,

    /// Keys that may have signed the checkpoints, a line of hex each
    #[arg(long, value_name = "FILE", requires = "checkpoints")]
    public_key: Option<String>,
}

impl Verify {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.file()?;
        let archives = self.archive.iter().map(|file| existing(file));
        let archives = archives.collect::<Result<Vec<_>, _>>()?;
        let signed = self.signed()?;
        let checkpoints = signed.as_ref().map(|(file, keys)| (file.as_path(), keys));
        let audited = audit(&Evidence { archives: &archives, store: &store, checkpoints })?;
        failure::write(&summary(&audited, signed.is_some()))
    }

    /// The checkpoints, and the keys that may have signed them.
    fn signed(&self) -> Result<Option<(PathBuf, PublicKeys)>, Failure> {
        let Some((checkpoints, key)) = self.checkpoints.as_ref().zip(self.public_key.as_ref())
        else {
            return Ok(None);
        };
        let text = source::file(key)?;
        let keys = std::str::from_utf8(&text).ok().and_then(PublicKeys::parse);
        let keys = keys.ok_or_else(|| {
            format!("{}: no Ed25519 public keys, 64 hex digits a line", told(key))
        })?;
        Ok(Some((existing(checkpoints)?, keys)))
    }
}

fn summary(audited: &Audited, signed: bool) -> String {
    let verified = &audited.verified;
    let checkpoints = match (signed, verified.checkpoints) {
        (false, _) => "none given: a cut end or an older copy goes unseen".to_owned(),
        (true, count) => format!("{count} followed"),
    };
    let index = if verified.index {
        "says the same"
    } else {
        "not compared: another process has the store, or it is made again at the next start"
    };
    let mut text = String::new();
    for (name, value) in [
        ("rows", format!("{} to {}{}", verified.from + 1, verified.head.count, cut(audited))),
        ("transfers", format!("{}, of them {} open", audited.transfers, audited.open)),
        ("head", verified.head.to_string()),
        ("checkpoints", checkpoints),
        ("index", index.to_owned()),
    ] {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:<12} {value}");
    }
    text + &books(audited)
}

fn cut(audited: &Audited) -> String {
    match audited.cut {
        0 => String::new(),
        cut => format!(", {cut} of transfers that begin in an archive"),
    }
}

/// The books, in which taken + lost = moved + given back + in flight.
fn books(audited: &Audited) -> String {
    let kept = if audited.compared { "as the store keeps them" } else { "without those archived" };
    let mut text = format!("books        {kept}\n\n");
    let line = |text: &mut String, name: String, cells: [String; 5]| {
        let [taken, moved, given_back, in_flight, lost] = cells;
        let _ = writeln!(
            text,
            "{name:<8} {taken:>20} {moved:>20} {given_back:>18} {in_flight:>18} {lost:>12}"
        );
    };
    line(
        &mut text,
        String::new(),
        ["taken", "moved", "given back", "in flight", "lost"].map(str::to_owned),
    );
    for (leaves, currency, sums) in audited.books.rows() {
        let (name, decimals) = named(currency);
        let direction = if leaves { "out" } else { "in" };
        let Sums { taken, moved, given_back, in_flight, lost } = sums;
        let cells = [taken, moved, given_back, in_flight, lost];
        line(
            &mut text,
            format!("{direction:<3} {name}"),
            cells.map(|sum| major(&sum.to_string(), decimals)),
        );
    }
    text
}

/// The name and decimals of a currency, as a spec that ships has them; else its code, and minor units.
fn named(currency: Currency) -> (String, usize) {
    let code = currency.to_string();
    let found = shipped().find_map(|(_, spec)| {
        spec.currency(&code).map(|named| (named.name.clone(), named.decimals))
    });
    found.unwrap_or((code, 0))
}
