//! `titian verify`: reads a journal from its first row, and names the first wrong row.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::failure::{self, Failure};
use super::source::{self, shown};
use super::spec::currency_label;
use super::store::{StoreOption, existing};
use super::verify_ledger::verified;
use crate::journal::Evidence;
use crate::records::{AuditReport, audit};
use crate::signing::TrustedKeys;
use crate::transfer::Sums;
use crate::values::display::{grouped, symbol};

const NOTES: &str = "\
Examples:
  titian verify --store sqlite://titian.db --public-key node0.pub
  titian verify --store sqlite://titian.db --public-key node0.pub --checkpoints cp
  titian verify --store sqlite://titian.db --public-key node0.pub --archive 2026-10.db
  titian verify --store sqlite://titian.db --public-key node0.pub --ledger ledger.db

Reads every row and checks that none is missing, that a trusted key signed each batch,
that the facts follow from the earlier ones and lead to the stored state, that each
key and trace number was used once, and that the books match. Checkpoints reveal a
store that lost its last rows or is an older copy. The journal records the
head of the embedded ledger, which reveals the same of the ledger.

A store in use can be verified too: the rows at the start of the command. The exit
code is 0 only if nothing is wrong and nothing is missing; otherwise it is 1, and one
line on stderr names the first wrong rows, or what could not be covered.";

/// Verify a journal from its first row: chain, signatures, states, books
#[derive(Args)]
#[command(after_help = "Examples: titian verify --help", after_long_help = NOTES)]
pub(super) struct Verify {
    #[command(flatten)]
    store: StoreOption,

    /// Archives that precede the store, oldest first
    #[arg(long, value_name = "FILE", num_args = 1..)]
    archive: Vec<String>,

    /// Files of checkpoints
    #[arg(long, value_name = "FILE", num_args = 1..)]
    checkpoints: Vec<String>,

    /// Files of public keys, each key with the rows that it may have signed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    public_key: Vec<String>,

    /// Embedded ledger to verify too: its file, or `sqlite://` and the path
    #[arg(long, value_name = "LEDGER", requires = "public_key")]
    ledger: Option<String>,
}

impl Verify {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.url()?;
        let (archives, checkpoints) = (all(&self.archive)?, all(&self.checkpoints)?);
        let keys = self.keys()?;
        let evidence = Evidence {
            archives: &archives,
            store: &store,
            checkpoints: &checkpoints,
            keys: keys.as_ref(),
        };
        let audited = audit(&evidence)?;
        let ledger = self.ledger.as_ref().zip(keys.as_ref());
        let ledger =
            ledger.map(|(ledger, keys)| verified(ledger, keys, audited.ledger)).transpose()?;
        failure::write(&(summary(&audited) + &ledger.unwrap_or_default()))?;
        match self.not_covered(&audited).as_slice() {
            [] => Ok(()),
            missing => Err(Failure::Negative(format!("not covered: {}", missing.join("; ")))),
        }
    }

    /// Returns the public keys of all files; `None` without a file.
    fn keys(&self) -> Result<Option<TrustedKeys>, Failure> {
        let mut all = None;
        for file in &self.public_key {
            let text = source::file(file)?;
            let keys = std::str::from_utf8(&text).map_err(|_| "is not text".to_owned());
            let keys = keys.and_then(TrustedKeys::parse);
            let keys = keys.map_err(|reason| format!("{}: {reason}", shown(file)))?;
            all.get_or_insert_with(TrustedKeys::default).extend(keys);
        }
        if let Some((one, other, chain)) = all.as_ref().and_then(TrustedKeys::overlap) {
            let chain = chain.code();
            return Err(format!(
                "--public-key: keys {one} and {other} may both sign the same rows of {chain}: name only the newest file"
            )
            .into());
        }
        Ok(all)
    }

    /// Says what the verification could not cover.
    fn not_covered(&self, audited: &AuditReport) -> Vec<String> {
        let verified = &audited.verified;
        let mut missing = Vec::new();
        if !verified.has_checked_signatures {
            missing.push("signatures: name the public keys with --public-key".to_owned());
        }
        if verified.after_row > 0 {
            let last = verified.after_row;
            missing.push(format!("rows 1 to {last}: name their archives with --archive"));
        }
        if verified.is_in_use {
            missing.push("look-ups: the store is in use".to_owned());
        }
        for (place, row) in &verified.missing_checkpoints {
            missing.push(format!(
                "checkpoints of {place}, the last of row {row}: name the file with --checkpoints"
            ));
        }
        if let Some(ledger) = audited.ledger.filter(|_| self.ledger.is_none()) {
            let row = ledger.head.count;
            missing.push(format!("ledger, the last recorded row {row}: name it with --ledger"));
        }
        missing
    }
}

fn all(files: &[String]) -> Result<Vec<PathBuf>, Failure> {
    files.iter().map(|file| existing(file)).collect()
}

fn summary(audited: &AuditReport) -> String {
    let verified = &audited.verified;
    let batches = verified.batches;
    let signatures = if verified.has_checked_signatures {
        format!("{batches} batches, each signed by a trusted key")
    } else {
        format!("{batches} batches, not checked")
    };
    let checkpoints = match verified.checkpoints {
        0 => "none: without them, missing last rows are not found".to_owned(),
        count => format!("{count} match the batches"),
    };
    let lookups = match (verified.is_in_use, verified.has_checked_lookups) {
        (true, _) => "not compared",
        (false, true) => "match the rows",
        (false, false) => "none on the disk",
    };
    let mut text = String::new();
    for (name, value) in [
        ("rows", format!("{} to {}{}", verified.after_row + 1, verified.head.count, cut(audited))),
        ("transfers", format!("{}, {} of them open", audited.transfers, audited.open)),
        ("head", verified.head.to_string()),
        ("signatures", signatures),
        ("checkpoints", checkpoints),
        ("look-ups", lookups.to_owned()),
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
