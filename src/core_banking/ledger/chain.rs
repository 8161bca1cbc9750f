//! The chain of the ledger: how its batches are read and proven, and how they are written.

use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::rows::Change;
use super::segments::Stop;
use crate::clock::Clock;
use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::signing::{
    Chain, ChainId, FIRST_EPOCH, Head, LedgerHead, SignedBatch, SignedStatement, SigningKey,
    Statement, StoredBatch, TrustedKeys,
};
use crate::sqlite::{BatchTable, batch_table};

pub(super) const BATCHES: BatchTable = batch_table!("ledger");

/// The keys of a ledger.
#[derive(Clone, Debug)]
pub struct LedgerKeys {
    /// The key that signs its batches.
    pub signing: SigningKey,
    /// The public keys that may have signed them.
    pub trusted: TrustedKeys,
}

/// What a chain is proven against.
#[derive(Clone, Copy)]
pub(super) struct Trust<'t> {
    /// The public keys that may have signed its batches.
    pub(super) keys: &'t TrustedKeys,
    /// The head that the journal records.
    pub(super) recorded: Option<LedgerHead>,
}

impl Trust<'_> {
    /// Returns the error of a ledger that is not the recorded one; `None` if the journal records no ledger.
    pub(super) fn refusal(
        &self,
        path: &Path,
        detail: impl Into<String>,
    ) -> Option<CoreBankingError> {
        let row = self.recorded?.head.count;
        Some(CoreBankingError::NotAsRecorded { path: path.to_owned(), row, detail: detail.into() })
    }
}

/// The place where a chain ends.
#[derive(Clone, Copy, Default)]
pub(super) struct ChainEnd {
    /// The id of the chain; `None` if it has no batch yet.
    pub(super) id: Option<ChainId>,
    pub(super) head: Head,
}

impl ChainEnd {
    /// Returns the head with the id of the chain; `None` if the chain has no batch yet.
    pub(super) fn ledger_head(&self) -> Option<LedgerHead> {
        self.id.map(|chain_id| LedgerHead { chain_id, head: self.head })
    }
}

/// Reads the chain from its first row. With trust it proves each batch: its place, its statement and its rows; and that the
/// chain has the recorded head.
///
/// # Errors
/// The first batch or row that is not what was signed, or the row that `each` refuses; or the chain is not the recorded one.
pub(super) fn read(
    db: &Connection,
    path: &Path,
    trust: Option<Trust<'_>>,
    mut each: impl FnMut(u64, &Change) -> Result<(), String>,
) -> Result<ChainEnd, CoreBankingError> {
    let outside = BATCHES.outside(db).map_err(|error| CoreBankingError::reading(path, &error))?;
    if let Some(first) = outside {
        return Err(CoreBankingError::damaged(path, format!("row {first}: outside the chain")));
    }
    let mut end = ChainEnd::default();
    let recorded = trust.and_then(|trust| trust.recorded);
    let mut has_recorded = false;
    let all = i64::MAX.unsigned_abs();
    BATCHES
        .after(db, 0, all, |batch| {
            let first = batch.first;
            let expected = end.head.count + 1;
            let read = match trust {
                Some(_) if first != expected => {
                    let twice = if first < expected { "stands twice" } else { "is missing" };
                    Err(format!("row {}: {twice}", first.min(expected)))
                }
                Some(Trust { keys, .. }) => prove(batch, &mut end, keys).and_then(|batch| {
                    has_recorded |= recorded.is_some() && end.ledger_head() == recorded;
                    batch.numbered().try_for_each(|(row, line)| read_line(row, line, &mut each))
                }),
                None => (first..)
                    .zip(batch.rows.split('\n'))
                    .try_for_each(|(row, line)| read_line(row, line, &mut each)),
            };
            read.map_err(|detail| Stop::Found(CoreBankingError::damaged(path, detail)))
        })
        .map_err(|stop| stop.named(path))?;
    let detail = recorded.filter(|_| !has_recorded).map(|recorded| difference(end, recorded));
    let refusal = detail.and_then(|detail| trust?.refusal(path, detail));
    refusal.map_or(Ok(end), Err)
}

/// Says how a chain differs from the recorded one.
fn difference(end: ChainEnd, recorded: LedgerHead) -> String {
    let rows = end.head.count;
    match end.id {
        None => "it has no rows".to_owned(),
        Some(id) if id != recorded.chain_id => "it is another ledger".to_owned(),
        Some(_) if rows < recorded.head.count => format!("its last row is {rows}"),
        Some(_) => "its row of this number is another one".to_owned(),
    }
}

fn read_line(
    row: u64,
    line: &str,
    each: &mut impl FnMut(u64, &Change) -> Result<(), String>,
) -> Result<(), String> {
    // The message of the parser could show personal data.
    let change = parse(line).ok_or_else(|| format!("row {row}: is not a change of a ledger"))?;
    each(row, &change).map_err(|reason| format!("row {row}: {reason}"))
}

/// Parses a row.
pub(super) fn parse(line: &str) -> Option<Change> {
    serde_json::from_str(line).ok()
}

/// Proves the batch after the end of the chain, and moves the end behind it.
fn prove(
    batch: StoredBatch,
    end: &mut ChainEnd,
    keys: &TrustedKeys,
) -> Result<SignedBatch, String> {
    let (first, last) = (batch.first, batch.last());
    let place =
        if first == last { format!("row {first}") } else { format!("rows {first} to {last}") };
    let named = SignedStatement::parse(&batch.statement).ok();
    let id = end.id.or_else(|| named.map(|signed| signed.statement.chain_id));
    let id = id.ok_or_else(|| format!("{place}: not a signed statement"))?;
    let batch =
        batch.prove(Chain::Ledger, id, keys).map_err(|error| format!("{place}: {error}"))?;
    let Statement { before, head, epoch, metadata, .. } = batch.signed.statement;
    if before != end.head || epoch != FIRST_EPOCH || metadata != no_metadata() {
        return Err(format!("{place}: signed, but not as the next rows of this ledger"));
    }
    *end = ChainEnd { id: Some(id), head };
    Ok(batch)
}

/// The hash of no metadata: the ledger has none.
fn no_metadata() -> [u8; 32] {
    Sha256::digest([]).into()
}

/// Writes the chain: it gathers the rows of a transaction, and appends them as one signed batch.
pub(super) struct ChainWriter {
    id: ChainId,
    keys: LedgerKeys,
    clock: Clock,
    /// The head before the gathered rows.
    before: Head,
    /// The head after them.
    head: Head,
    /// The gathered rows, a line each.
    rows: Vec<u8>,
}

impl ChainWriter {
    /// Continues a chain at its end. The id of a new chain is random.
    ///
    /// # Errors
    /// If the signing key may not sign the next row, or the system has no random source.
    pub(super) fn new(
        end: ChainEnd,
        keys: LedgerKeys,
        clock: Clock,
        path: &Path,
    ) -> Result<Self, CoreBankingError> {
        let ChainEnd { id, head } = end;
        let id = id.map_or_else(ChainId::random, Ok).context("reading random numbers for", path)?;
        let writer = Self { id, keys, clock, before: head, head, rows: Vec::new() };
        writer.check_key((head.count + 1, head.count + 1), path)?;
        Ok(writer)
    }

    /// Adds a row. Returns its number.
    pub(super) fn push(&mut self, change: &Change, path: &Path) -> Result<u64, CoreBankingError> {
        if !self.rows.is_empty() {
            self.rows.push(b'\n');
        }
        let start = self.rows.len();
        let written = serde_json::to_writer(&mut self.rows, change).map_err(std::io::Error::from);
        written.context("writing a row of", path)?;
        self.head = self.head.after(self.rows.get(start..).unwrap_or_default());
        Ok(self.head.count)
    }

    /// Returns the end of the appended rows.
    pub(super) fn end(&self) -> ChainEnd {
        let id = (self.before.count > 0).then_some(self.id);
        ChainEnd { id, head: self.before }
    }

    /// Returns how many rows are gathered.
    pub(super) const fn gathered(&self) -> u64 {
        self.head.count - self.before.count
    }

    /// Appends the gathered rows as a signed batch, if there are any.
    pub(super) fn append(&mut self, db: &Connection, path: &Path) -> Result<(), CoreBankingError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let Self { id, keys, clock, before, head, rows } = self;
        let statement = Statement {
            chain: Chain::Ledger,
            chain_id: *id,
            epoch: FIRST_EPOCH,
            before: *before,
            head: *head,
            metadata: no_metadata(),
            at: clock.now(),
            key: keys.signing.id(),
        };
        let (first, last) = (statement.first(), statement.last());
        let signed = statement.sign(&keys.signing).to_string();
        let text = std::str::from_utf8(rows).map_err(std::io::Error::other);
        let text = text.context("writing a row of", path)?;
        BATCHES.insert(db, first, &signed, text).context("writing to the ledger", path)?;
        rows.clear();
        *before = *head;
        self.check_key((first, last), path)
    }

    fn check_key(&self, rows: (u64, u64), path: &Path) -> Result<(), CoreBankingError> {
        let LedgerKeys { signing, trusted } = &self.keys;
        let key = trusted.key(Chain::Ledger, rows, signing.id());
        key.map(drop)
            .map_err(|distrust| CoreBankingError::Distrusted { path: path.to_owned(), distrust })
    }
}
