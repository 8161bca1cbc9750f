//! A run: sorted keys in a file that never changes. The header names the rows and the hash of the last one, so that a run
//! of another chain is recognised. The file ends with the SHA-256 of everything before it.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::filter::Filter;
use crate::journal::chain::Head;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::files::sync_name;

/// The first bytes of a run: the file type and its version.
const MAGIC: [u8; 8] = *b"titian\0\x01";

const HEADER: usize = 8 + 8 + 8 + 32;
const ENTRY: usize = 16 + 8;
const DIGEST: usize = 32;

/// Entries in a block. A look-up reads one block; the first key of each block is in memory.
const BLOCK: usize = 256;

/// Bytes written between two syncs: a larger sync would delay concurrent commits.
const SYNC: u64 = 1 << 20;

/// The rows whose keys a run contains, from `first` to `last`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: Head,
}

impl Span {
    /// Returns whether it continues from a row. It may start before that row, for example after an archive.
    pub(super) const fn continues_from(&self, row: u64) -> bool {
        self.first <= row + 1 && row < self.last.count
    }
}

/// An open run.
#[derive(Debug)]
pub(in crate::journal::sqlite) struct Run {
    pub(super) path: PathBuf,
    pub(super) span: Span,
    file: File,
    len: usize,
    filter: Filter,
    /// The first key of each block.
    firsts: Vec<u128>,
}

/// Lists the runs in a folder, by first row, and the longest first where the first row is the same. Removes files that a
/// crash left incomplete; they have another extension.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let action = "reading the folder";
    let mut runs = Vec::new();
    for entry in fs::read_dir(folder).context(action, folder)? {
        let path = entry.context(action, folder)?.path();
        if path.extension().is_some_and(|ending| ending == "run") {
            runs.push(path);
        } else {
            fs::remove_file(&path).context("removing", &path)?;
        }
    }
    // A name has the first row, then the distance of the last row from the highest possible number.
    runs.sort_unstable();
    Ok(runs)
}

impl Run {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Writes a run of sorted keys, at most `len`.
    pub(super) fn write(
        folder: &Path,
        span: Span,
        len: usize,
        keys: impl IntoIterator<Item = Result<(u128, u64), JournalError>>,
    ) -> Result<Self, JournalError> {
        let path =
            folder.join(format!("{:020}-{:020}.run", span.first, u64::MAX - span.last.count));
        let part = path.with_extension("part");
        let action = "writing the key run";
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&part);
        let file = file.context(action, &part)?;
        let mut out = RunWriter::new(&file, &part);
        let mut builder = Builder::new(len);
        out.put(&header(span))?;
        for entry in keys {
            let (key, seq) = entry?;
            builder.add(key);
            let mut bytes = [0; ENTRY];
            let (head, tail) = bytes.split_at_mut(16);
            head.copy_from_slice(&key.to_be_bytes());
            tail.copy_from_slice(&seq.to_be_bytes());
            out.put(&bytes)?;
        }
        out.finish()?;
        fs::rename(&part, &path).and_then(|()| sync_name(&path)).context(action, &part)?;
        Ok(builder.finish(path, span, file))
    }

    /// Opens a run; `None` if it is incomplete or damaged.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, JournalError> {
        let action = "reading the key run";
        let file = File::open(path).context(action, path)?;
        let bytes = usize::try_from(file.metadata().context(action, path)?.len()).unwrap_or(0);
        let Some(rest) = bytes.checked_sub(HEADER + DIGEST).filter(|rest| rest % ENTRY == 0) else {
            return Ok(None);
        };
        let mut input = BufReader::with_capacity(1 << 18, &file);
        let mut digest = Sha256::new();
        let mut head = [0; HEADER];
        input.read_exact(&mut head).context(action, path)?;
        digest.update(head);
        let mut builder = Builder::new(rest / ENTRY);
        let mut entry = [0; ENTRY];
        for _ in 0..rest / ENTRY {
            input.read_exact(&mut entry).context(action, path)?;
            digest.update(entry);
            builder.add(parse(&entry).0);
        }
        let mut end = [0; DIGEST];
        input.read_exact(&mut end).context(action, path)?;
        drop(input);
        let span = span(&head).filter(|_| digest.finalize().as_slice() == end);
        Ok(span.map(|span| builder.finish(path.to_owned(), span, file)))
    }

    /// Removes the file of an unused run, a piece at a time. Freeing space takes the disk as long as a write,
    /// and delays concurrent commits.
    pub(super) fn remove(&self) -> Result<(), JournalError> {
        let action = "removing the key run";
        let file = File::options().write(true).open(&self.path).context(action, &self.path)?;
        let mut left = (HEADER + self.len * ENTRY + DIGEST) as u64;
        while left > SYNC {
            left -= SYNC;
            file.set_len(left).and_then(|()| file.sync_data()).context(action, &self.path)?;
        }
        fs::remove_file(&self.path).context(action, &self.path)
    }

    /// Returns the row that reserved a key, if the run has the key.
    pub(super) fn find(&self, key: u128) -> Result<Option<u64>, JournalError> {
        if !self.filter.may_have(key) {
            return Ok(None);
        }
        let Some(block) = self.firsts.partition_point(|first| *first <= key).checked_sub(1) else {
            return Ok(None);
        };
        let mut bytes = [0; BLOCK * ENTRY];
        let len = BLOCK.min(self.len - block * BLOCK) * ENTRY;
        let bytes = bytes.get_mut(..len).unwrap_or_default();
        let at = (HEADER + block * BLOCK * ENTRY) as u64;
        self.file.read_exact_at(bytes, at).context("reading the key run", &self.path)?;
        let (entries, _) = bytes.as_chunks::<ENTRY>();
        let found = entries.binary_search_by_key(&key, |entry| parse(entry).0);
        Ok(found.ok().and_then(|place| entries.get(place)).map(|entry| parse(entry).1))
    }

    /// Returns all entries in order.
    fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u128, u64), JournalError>>, JournalError> {
        let action = "reading the key run";
        let path = self.path.clone();
        let file = File::open(&path).context(action, &path)?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        input.read_exact(&mut [0; HEADER]).context(action, &path)?;
        Ok((0..self.len).map(move |_| {
            let mut entry = [0; ENTRY];
            input.read_exact(&mut entry).context(action, &path)?;
            Ok(parse(&entry))
        }))
    }
}

/// Merges the entries of runs in order. Of a key in several runs the newest row counts. Leaves out archived rows.
pub(super) fn merge(
    runs: &[Arc<Run>],
    archived: u64,
) -> Result<impl Iterator<Item = Result<(u128, u64), JournalError>>, JournalError> {
    let mut sources = Vec::new();
    for run in runs {
        let mut entries = run.entries()?;
        let first = entries.next().transpose()?;
        sources.push((first, entries));
    }
    let mut next = move || -> Result<Option<(u128, u64)>, JournalError> {
        loop {
            let heads = sources.iter().filter_map(|(head, _)| *head);
            // The smallest key, with its highest row number.
            let Some((key, seq)) = heads.min_by_key(|(key, seq)| (*key, u64::MAX - seq)) else {
                return Ok(None);
            };
            for (head, entries) in &mut sources {
                if head.is_some_and(|(other, _)| other == key) {
                    *head = entries.next().transpose()?;
                }
            }
            if seq > archived {
                return Ok(Some((key, seq)));
            }
        }
    };
    Ok(std::iter::from_fn(move || next().transpose()))
}

/// The part of a run that is kept in memory, built entry by entry.
struct Builder {
    filter: Filter,
    firsts: Vec<u128>,
    len: usize,
}

impl Builder {
    fn new(keys: usize) -> Self {
        Self { filter: Filter::new(keys), firsts: Vec::with_capacity(keys / BLOCK + 1), len: 0 }
    }

    fn add(&mut self, key: u128) {
        self.filter.insert(key);
        if self.len.is_multiple_of(BLOCK) {
            self.firsts.push(key);
        }
        self.len += 1;
    }

    fn finish(self, path: PathBuf, span: Span, file: File) -> Run {
        Run { path, span, file, len: self.len, filter: self.filter, firsts: self.firsts }
    }
}

/// A file being written, with its digest and regular syncs.
struct RunWriter<'f> {
    file: &'f File,
    path: &'f Path,
    buffer: BufWriter<&'f File>,
    digest: Sha256,
    unsynced: u64,
}

impl<'f> RunWriter<'f> {
    fn new(file: &'f File, path: &'f Path) -> Self {
        let buffer = BufWriter::with_capacity(1 << 18, file);
        Self { file, path, buffer, digest: Sha256::new(), unsynced: 0 }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.digest.update(bytes);
        self.write(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.unsynced += bytes.len() as u64;
        self.buffer.write_all(bytes).context("writing the key run", self.path)?;
        if self.unsynced >= SYNC { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.unsynced = 0;
        let synced = self.buffer.flush().and_then(|()| self.file.sync_data());
        synced.context("writing the key run", self.path)
    }

    fn finish(mut self) -> Result<(), JournalError> {
        let digest = std::mem::take(&mut self.digest).finalize();
        self.write(&digest)?;
        self.sync()
    }
}

fn header(span: Span) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let parts: [&[u8]; 4] =
        [&MAGIC, &span.first.to_be_bytes(), &span.last.count.to_be_bytes(), &span.last.hash];
    for (place, byte) in bytes.iter_mut().zip(parts.concat()) {
        *place = byte;
    }
    bytes
}

fn span(header: &[u8; HEADER]) -> Option<Span> {
    let rest = header.strip_prefix(&MAGIC)?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let (count, hash) = rest.split_first_chunk::<8>()?;
    let last = Head { count: u64::from_be_bytes(*count), hash: hash.try_into().ok()? };
    Some(Span { first: u64::from_be_bytes(*first), last })
}

fn parse(entry: &[u8; ENTRY]) -> (u128, u64) {
    let mut key = [0; 16];
    let mut seq = [0; 8];
    let (head, tail) = entry.split_at(16);
    key.copy_from_slice(head);
    seq.copy_from_slice(tail);
    (u128::from_be_bytes(key), u64::from_be_bytes(seq))
}
