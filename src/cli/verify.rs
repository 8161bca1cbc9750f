//! `titian verify`: reads a journal from its first row, and names the first wrong row.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::failure::{self, Failure};
use super::source::{self, shown};
use super::spec::shipped;
use super::store::{StoreOption, existing};
use crate::journal::{Evidence, PublicKeys};
use crate::records::{AuditReport, audit};
use crate::transfer::Sums;
use crate::values::Currency;
use crate::values::display::{grouped, symbol};

const NOTES: &str = "\
Examples:
  titian verify --store sqlite://titian.db
  titian verify --store sqlite://titian.db --checkpoints cp --public-key cp.pub
  titian verify --store sqlite://titian.db --archive 2026-09.db --archive 2026-10.db

Reads every row and checks that none is missing, that each hash matches its row
and the previous hash, that the facts follow from the earlier ones and lead to the
stored state, and that the books match. Checkpoints reveal a store that was cut,
is an older copy, or was rewritten with a valid chain.

A store in use can be verified too: the rows at the start of the command, without
the index. A store not in use is locked until the command ends. On a wrong row the
exit code is 1, and one line on stderr names the first wrong row.";

/// Verify a journal from its first row: chain, signatures, states, books
#[derive(Args)]
#[command(after_help = "Examples: titian verify --help", after_long_help = NOTES)]
pub(super) struct Verify {
    #[command(flatten)]
    store: StoreOption,

    /// Archives that precede the store, oldest first
    #[arg(long, value_name = "FILE", num_args = 1..)]
    archive: Vec<String>,

    /// File of signed checkpoints
    #[arg(long, value_name = "FILE", requires = "public_key")]
    checkpoints: Option<String>,

    /// File of public keys that may have signed the checkpoints, one hex line each
    #[arg(long, value_name = "FILE", requires = "checkpoints")]
    public_key: Option<String>,
}

impl Verify {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.url()?;
        let archives = self.archive.iter().map(|file| existing(file));
        let archives = archives.collect::<Result<Vec<_>, _>>()?;
        let signed = self.signed()?;
        let checkpoints = signed.as_ref().map(|(file, keys)| (file.as_path(), keys));
        let audited = audit(&Evidence { archives: &archives, store: &store, checkpoints })?;
        failure::write(&summary(&audited, signed.is_some()))
    }

    /// Returns the checkpoints file and the public keys that may have signed it.
    fn signed(&self) -> Result<Option<(PathBuf, PublicKeys)>, Failure> {
        let Some((checkpoints, key)) = self.checkpoints.as_ref().zip(self.public_key.as_ref())
        else {
            return Ok(None);
        };
        let text = source::file(key)?;
        let keys = std::str::from_utf8(&text).ok().and_then(PublicKeys::parse);
        let keys = keys.ok_or_else(|| {
            format!("{}: expected Ed25519 public keys, one line of 64 hex digits each", shown(key))
        })?;
        Ok(Some((existing(checkpoints)?, keys)))
    }
}

fn summary(audited: &AuditReport, signed: bool) -> String {
    let verified = &audited.verified;
    let checkpoints = match (signed, verified.checkpoints) {
        (false, _) => {
            "not checked: without --checkpoints, missing last rows are not found".to_owned()
        }
        (true, count) => format!("{count} verified"),
    };
    let index = if verified.is_index_checked {
        "matches the rows"
    } else {
        "not compared: the store is in use, or the index is rebuilt at the next start"
    };
    let mut text = String::new();
    for (name, value) in [
        ("rows", format!("{} to {}{}", verified.after_row + 1, verified.head.count, cut(audited))),
        ("transfers", format!("{}, {} of them open", audited.transfers, audited.open)),
        ("head", verified.head.to_string()),
        ("checkpoints", checkpoints),
        ("index", index.to_owned()),
    ] {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:<12} {value}");
    }
    text + &books(audited)
}

fn cut(audited: &AuditReport) -> String {
    match audited.skipped_rows {
        0 => String::new(),
        cut => format!(", {cut} of them belong to transfers that begin in an archive"),
    }
}

/// Formats the books: debited + written off = settled + refunded + in flight.
fn books(audited: &AuditReport) -> String {
    let kept = if audited.has_checked_books {
        "match the stored books of closed transfers"
    } else {
        "without archived transfers"
    };
    let mut text = format!("books        {kept}\n\n");
    let line = |text: &mut String, name: String, cells: [String; 5]| {
        let [debited, settled, refunded, in_flight, written_off] = cells;
        let _ = writeln!(
            text,
            "{name:<12} {debited:>20} {settled:>20} {refunded:>18} {in_flight:>18} {written_off:>12}"
        );
    };
    line(
        &mut text,
        String::new(),
        ["debited", "settled", "refunded", "in flight", "written off"].map(str::to_owned),
    );
    for (leaves, currency, sums) in audited.books.rows() {
        let (name, decimals) = currency_label(currency);
        let direction = if leaves { "outbound" } else { "inbound" };
        let Sums { debited, settled, refunded, in_flight, written_off } = sums;
        let cells = [debited, settled, refunded, in_flight, written_off];
        line(
            &mut text,
            format!("{direction:<8} {}", symbol(&name)),
            cells.map(|sum| grouped(&sum.to_string(), decimals)),
        );
    }
    text
}

/// Returns the name and decimals of a currency from the shipped specs; of an unknown currency its code and 0.
fn currency_label(currency: Currency) -> (String, usize) {
    let code = currency.to_string();
    let found = shipped().find_map(|(_, spec)| {
        spec.currency(&code).map(|named| (named.name.clone(), named.decimals))
    });
    found.unwrap_or((code, 0))
}
