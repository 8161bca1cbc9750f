//! Verification: one pass over all rows from the first. It trusts only what it computes itself and the public keys that
//! it is given.

use std::path::{Path, PathBuf};

use super::checkpoint;
use super::error::JournalError;
use super::line;
use super::location::StoreUrl;
use super::metadata::{self, MetadataValues};
use super::open::{open_archive, open_to_read};
use super::port::{Derived, StoredChain};
use super::row::{ChainedRow, Row};
use super::row_check::{EachRow, RowCheck};
use super::verification_error::{VerificationError, error};
use super::verification_pass::{Checkpoint, Pass, PassStart, Passed, READ_BATCHES};
use super::verify_control as control;
use crate::signing::{Chain, Head, SignedStatement, StatementError, TrustedKeys};
use crate::values::TransferId;

/// The files to verify.
#[derive(Clone, Debug)]
pub struct Evidence<'e> {
    /// The archives from the oldest on.
    pub archives: &'e [PathBuf],
    /// The store.
    pub store: &'e StoreUrl,
    /// The files of checkpoints.
    pub checkpoints: &'e [PathBuf],
    /// The public keys that may have signed batches; `None`: signatures are not checked.
    pub keys: Option<&'e TrustedKeys>,
}

/// What a verification covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The row after which verification started: zero, or the last archived row that was not given.
    pub after_row: u64,
    /// The head of the chain.
    pub head: Head,
    /// The head of the chain `control`.
    pub control: Head,
    /// The number of batches.
    pub batches: u64,
    /// Whether the signature of each batch was checked.
    pub has_checked_signatures: bool,
    /// Whether look-ups on the disk were compared with the rows. A small store has none there.
    pub has_checked_lookups: bool,
    /// Whether another process uses the store. Then its look-ups are not compared.
    pub is_in_use: bool,
    /// The number of checkpoints that match the batches.
    pub checkpoints: usize,
    /// The checkpoints that the store knows of and that were not given: the place, and the row.
    pub missing_checkpoints: Vec<(String, u64)>,
    /// The metadata after the last row.
    pub metadata: MetadataValues,
}

/// Verifies all rows: none is missing, each batch is signed and follows the one before it, each key and each trace number was
/// used once. Verifies the acts in the same way. Verifies that each checkpoint is signed and is a copy of a batch, that the metadata is what was signed, and that
/// the store has no other table, view or trigger. Calls `each` with each row that passed; it can reject a row for its meaning.
///
/// A store in use can be verified too.
///
/// # Errors
/// The first error found.
pub fn verify(
    evidence: &Evidence<'_>,
    each: impl FnMut(u64, &ChainedRow) -> Result<(), String>,
) -> Result<Verified, VerificationError> {
    verify_with(evidence, &mut EachRow(each))
}

/// Verifies a store as [`verify`] does, and calls `check` with each act too.
///
/// # Errors
/// The first error found.
pub fn verify_with(
    evidence: &Evidence<'_>,
    check: &mut impl RowCheck,
) -> Result<Verified, VerificationError> {
    let store = open_to_read(evidence.store)?;
    let archives = evidence.archives.iter().map(|archive| open_archive(archive));
    let archives = archives.collect::<Result<Vec<_>, _>>()?;
    store.check_schema()?;
    archives.iter().try_for_each(|archive| archive.check_schema())?;
    let anchor = archives.first().unwrap_or(&store).begin()?;
    let checkpoints = read_checkpoints(evidence, store.as_ref(), anchor)?;
    // What is appended from now on is not covered. So no checkpoint is of a later row.
    let until = store.last_row()?;
    // If the end is not what was signed, the first wrong row says more, and the acts are not read.
    let end = end_of(store.as_ref());
    let values = end.as_ref().ok().map(|(values, _)| values);
    let verified = values.map(|end| control::verify(store.as_ref(), evidence.keys, end, check));
    let control = verified.transpose()?;
    let (lookups, is_in_use) = match store.derived_audit()? {
        Derived::Audit(audit) => (Some(audit), false),
        Derived::Nothing => (None, false),
        Derived::InUse => (None, true),
    };
    let mut pass = Pass::new(
        PassStart {
            head: anchor,
            chain: (Chain::Transfers, store.chain_id()),
            keys: evidence.keys,
            checkpoints: &checkpoints,
            lookups,
        },
        |number: u64, row: &ChainedRow| match control {
            Some(_) => check.check_row(number, row),
            None => Ok(()),
        },
    );
    archives.iter().try_for_each(|file| pass.file(file.as_ref(), u64::MAX))?;
    pass.file(store.as_ref(), until)?;
    let Passed { head, batches, has_checked_lookups, orphaned_personal } =
        pass.finish(store.path())?;
    end?;
    let control = control.unwrap_or_default();
    let (values, month_keys) = end_of(store.as_ref())?;
    if metadata::anchor(&values) != Some(store.begin()?) {
        let reason = "missing: the store does not record that they are archived";
        return Err(error(store.path(), (1, store.begin()?.count), reason));
    }
    check_month_keys(&values, (store.path(), &month_keys), &archives)?;
    if let Some((file, row)) = orphaned_personal {
        return Err(JournalError::orphaned(&file, row).into());
    }
    Ok(Verified {
        after_row: anchor.count,
        head,
        control,
        batches,
        has_checked_signatures: evidence.keys.is_some(),
        has_checked_lookups,
        is_in_use,
        checkpoints: checkpoints.len(),
        missing_checkpoints: missing_checkpoints(evidence, &values)?,
        metadata: values,
    })
}

/// The wrapped key of each month.
type WrappedKeys = Vec<(String, Vec<u8>)>;

/// Reads the metadata after the last row, and the month keys of the same time: a store in use may get one meanwhile.
fn end_of(store: &dyn StoredChain) -> Result<(MetadataValues, WrappedKeys), JournalError> {
    loop {
        let keys = store.month_keys()?;
        let values = store.end()?.map(|(_, values)| values).unwrap_or_default();
        if store.month_keys()? == keys {
            return Ok((values, keys));
        }
    }
}

/// Checks that the month keys are those that were signed, and that an archive has no others.
fn check_month_keys(
    values: &MetadataValues,
    (store, month_keys): (&Path, &[(String, Vec<u8>)]),
    archives: &[Box<dyn StoredChain>],
) -> Result<(), JournalError> {
    let signed = metadata::month_keys(values).unwrap_or_default();
    let differs = |path| {
        let detail = "month_keys: a key is missing or differs from what was signed";
        Err(JournalError::damaged(path, detail))
    };
    if metadata::digests(month_keys) != signed {
        return differs(store);
    }
    for archive in archives {
        let found = metadata::digests(&archive.month_keys()?);
        if found.iter().any(|(month, digest)| signed.get(month) != Some(digest)) {
            return differs(archive.path());
        }
    }
    Ok(())
}

/// Calls `each` for each row up to `until` with its transfer, whether the row starts it, and whether it leaves it open.
/// Nothing is checked, and rows that can't be read are skipped. A caller uses it to know what a verification will meet.
///
/// # Errors
/// If a file can't be opened.
pub fn scan_transfers(
    evidence: &Evidence<'_>,
    until: u64,
    mut each: impl FnMut(TransferId, bool, bool),
) -> Result<(), JournalError> {
    let archives = evidence.archives.iter().map(|archive| open_archive(archive));
    for file in archives.chain([open_to_read(evidence.store)]) {
        let file = file?;
        let mut last = 0;
        loop {
            let before = last;
            let read = file.batches_after(before, READ_BATCHES, &mut |batch| {
                last = batch.first;
                let numbers = batch.first..=until;
                for (_, outline) in numbers.zip(batch.rows.split('\n').map(line::outline)) {
                    if let Ok(outline) = outline.map(|outline| (outline.id, outline))
                        && outline.0 != Row::JOURNAL
                    {
                        each(outline.0, outline.1.start.is_some(), outline.1.open);
                    }
                }
                Ok(())
            });
            if read.is_err() || last == before || last > until {
                break;
            }
        }
    }
    Ok(())
}

/// Compares the checkpoints that the store knows of with the given files. Returns those whose file was not given.
fn missing_checkpoints(
    evidence: &Evidence<'_>,
    values: &MetadataValues,
) -> Result<Vec<(String, u64)>, VerificationError> {
    let mut missing = Vec::new();
    let places = metadata::places(values).unwrap_or_default();
    // A file that has the path of a place is that place. Another one may be a copy from another folder, of one place.
    let is_place = |file: &PathBuf| places.keys().any(|place| Path::new(place) == file);
    let mut copies: Vec<_> = evidence.checkpoints.iter().filter(|file| !is_place(file)).collect();
    for (place, row) in &places {
        let (known, row) = (Path::new(place), *row);
        let given = evidence.checkpoints.iter().find(|file| *file == known);
        let given = given.or_else(|| {
            let copy = copies.iter().position(|file| file.file_name() == known.file_name())?;
            Some(copies.swap_remove(copy))
        });
        let Some(file) = given else {
            missing.push((place.clone(), row));
            continue;
        };
        let lines = checkpoint::read(file)?;
        let has = |signed: &SignedStatement| signed.statement.last() >= row;
        if !lines.iter().flatten().any(has) {
            let (file, line) = (file.clone(), lines.len() + 1);
            let reason = format!(
                "the checkpoint of row {row}, which the store knows to be in {place}, is missing"
            );
            return Err(VerificationError::Checkpoint { file, line, reason });
        }
    }
    Ok(missing)
}

/// Reads the checkpoints after the anchor, in the order of their rows. Checks that all are signed and of this chain, and that each
/// file has what the store knows to be there.
fn read_checkpoints(
    evidence: &Evidence<'_>,
    store: &dyn StoredChain,
    anchor: Head,
) -> Result<Vec<Checkpoint>, VerificationError> {
    let mut kept = Vec::new();
    for path in evidence.checkpoints {
        let error = |line, reason: String| {
            Err(VerificationError::Checkpoint { file: path.clone(), line, reason })
        };
        let mut last = 0;
        for (line, signed) in (1..).zip(checkpoint::read(path)?) {
            let checked = signed.and_then(|signed| {
                evidence.keys.map_or(Ok(()), |keys| signed.check(keys))?;
                Ok::<_, StatementError>(signed)
            });
            let signed = match checked {
                Err(reason) => return error(line, reason.to_string()),
                Ok(signed) => signed,
            };
            let statement = &signed.statement;
            if (statement.chain, statement.chain_id) != (Chain::Transfers, store.chain_id()) {
                return error(line, "it is of another chain".to_owned());
            }
            if statement.last() <= last {
                return error(
                    line,
                    "its row is not after that of the checkpoint before it".to_owned(),
                );
            }
            last = statement.last();
            if last > anchor.count {
                kept.push((path.clone(), line, signed));
            }
        }
    }
    kept.sort_by_key(|(_, _, signed)| signed.statement.last());
    Ok(kept)
}
