//! A run: sorted entries in a file that never changes, and the transfers that are open after its last row. The header names
//! the rows and the head at the last one, so that a run of another chain is recognised. The file ends with a code over the
//! hashes of its parts, under a key that only the holder of the record key knows.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::filter::Filter;
use super::{Entry, LookupKey};
use crate::journal::error::{ErrorContext, JournalError};
use crate::private_files::{self, sync_name};
use crate::signing::Head;

/// The first bytes of a run: the file type and its version.
const MAGIC: [u8; 8] = *b"titian\0\x02";

const HEADER: usize = 8 + 8 + 8 + 32 + 8 + 8;
const ENTRY: usize = 16 + 8;
const CODE: usize = 32;

/// Entries in a block. A look-up reads one block; the first key of each block is in memory.
const BLOCK: usize = 256;

/// Bytes written between two syncs: a larger sync would delay concurrent commits.
const SYNC: u64 = 1 << 20;

/// The rows of a run, from `first` to `last`.
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

    /// Returns the name of the run's file: the first row, then the distance of the last row from the highest possible number.
    fn file_name(&self) -> String {
        format!("{:020}-{:020}.run", self.first, u64::MAX - self.last.count)
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
    blocks: Vec<Block>,
    open_len: usize,
    open_hash: [u8; 32],
}

/// A block of entries: its first key, and its hash. What is read later is compared with the hash.
#[derive(Debug)]
struct Block {
    first: u128,
    hash: [u8; 32],
}

/// What a run is made of.
pub(super) struct RunContent<'c, I> {
    pub(super) span: Span,
    /// The number of entries, at least.
    pub(super) len: usize,
    /// The entries in order.
    pub(super) entries: I,
    /// The open transfers in order.
    pub(super) open: &'c [Entry],
}

/// Lists the runs in a folder, by first row, and the longest first where the first row is the same.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    files_with(folder, "run")
}

/// Lists the runs that a crash left incomplete.
pub(super) fn incomplete(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    files_with(folder, "part")
}

/// Lists the files with names of runs and an ending, in order. Files of others are left alone.
fn files_with(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, JournalError> {
    let action = "reading the folder";
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).context(action, folder)? {
        let entry = entry.context(action, folder)?;
        let path = entry.path();
        let is_file = entry.file_type().context(action, &path)?.is_file();
        let is_named = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| {
            stem.len() == 41 && stem.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        });
        if is_file && is_named && path.extension().is_some_and(|known| known == ending) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

impl Run {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Writes a run.
    pub(super) fn write(
        folder: &Path,
        code_key: &[u8; 32],
        content: RunContent<'_, impl Iterator<Item = Result<Entry, JournalError>>>,
    ) -> Result<Self, JournalError> {
        let RunContent { span, len, entries, open } = content;
        let path = folder.join(span.file_name());
        let part = path.with_extension("part");
        let action = "writing the look-ups";
        let file = private_files::create_anew(&part).context(action, &part)?;
        let mut out = RunWriter::new(&file, &part);
        let mut builder = Builder::new(len);
        out.put(&[0; HEADER])?;
        for entry in entries {
            let entry = entry?;
            let bytes = bytes_of(entry);
            builder.add(entry.0, &bytes);
            out.put(&bytes)?;
        }
        let mut open_hash = Sha256::new();
        for entry in open {
            let bytes = bytes_of(*entry);
            open_hash.update(bytes);
            out.put(&bytes)?;
        }
        let run = builder.finish(path.clone(), span, (open.len(), open_hash.finalize().into()), {
            file.try_clone().context(action, &part)?
        });
        out.put(&run.code(code_key))?;
        out.sync()?;
        file.write_all_at(&run.header(), 0)
            .and_then(|()| file.sync_data())
            .context(action, &part)?;
        fs::rename(&part, &path).and_then(|()| sync_name(&path)).context(action, &part)?;
        Ok(run)
    }

    /// Opens a run; `None` if it is incomplete, altered, not ours or under the name of another. Without a key its code is not
    /// checked.
    pub(super) fn load(
        path: &Path,
        code_key: Option<&[u8; 32]>,
    ) -> Result<Option<Self>, JournalError> {
        let action = "reading the look-ups";
        let is_ours = code_key.is_some();
        let file = File::options().read(true).write(is_ours).open(path).context(action, path)?;
        let bytes = usize::try_from(file.metadata().context(action, path)?.len()).unwrap_or(0);
        if bytes < HEADER + CODE {
            return Ok(None);
        }
        let mut input = BufReader::with_capacity(1 << 18, &file);
        let mut header = [0; HEADER];
        input.read_exact(&mut header).context(action, path)?;
        let Some((span, len, open_len)) = parse_header(&header) else { return Ok(None) };
        // A run that is written later must not take the place of this one.
        if path.file_name() != Some(span.file_name().as_ref()) {
            return Ok(None);
        }
        let size = len.checked_add(open_len).and_then(|all| all.checked_mul(ENTRY));
        if size.and_then(|size| size.checked_add(HEADER + CODE)) != Some(bytes) {
            return Ok(None);
        }
        let mut builder = Builder::new(len);
        let mut entry = [0; ENTRY];
        for _ in 0..len {
            input.read_exact(&mut entry).context(action, path)?;
            builder.add(parse(&entry).0, &entry);
        }
        let mut open_hash = Sha256::new();
        for _ in 0..open_len {
            input.read_exact(&mut entry).context(action, path)?;
            open_hash.update(entry);
        }
        let mut code = [0; CODE];
        input.read_exact(&mut code).context(action, path)?;
        drop(input);
        let open = (open_len, open_hash.finalize().into());
        let run = builder.finish(path.to_owned(), span, open, file);
        let has_code = code_key.is_none_or(|key| run.code(key) == code);
        Ok(has_code.then_some(run))
    }

    /// Returns the code over the header and the hashes of all parts.
    fn code(&self, code_key: &[u8; 32]) -> [u8; CODE] {
        // A key of any length is accepted.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(code_key) else { return [0; CODE] };
        mac.update(&self.header());
        self.blocks.iter().for_each(|block| mac.update(&block.hash));
        mac.update(&self.open_hash);
        mac.finalize().into_bytes().into()
    }

    fn header(&self) -> [u8; HEADER] {
        let Span { first, last } = self.span;
        let counts = [self.len, self.open_len].map(|count| (count as u64).to_be_bytes());
        let [len, open_len] = &counts;
        let (first, count) = (first.to_be_bytes(), last.count.to_be_bytes());
        let parts: [&[u8]; 6] = [&MAGIC, &first, &count, &last.hash, len, open_len];
        let mut bytes = [0; HEADER];
        for (place, byte) in bytes.iter_mut().zip(parts.concat()) {
            *place = byte;
        }
        bytes
    }

    /// Removes the file of an unused run, a piece at a time. Freeing space takes the disk as long as a write,
    /// and delays concurrent commits.
    pub(super) fn remove(&self) -> Result<(), JournalError> {
        let action = "removing the look-ups";
        // The file that was opened at the start, whatever has its name by now.
        let file = &self.file;
        let mut left = (HEADER + (self.len + self.open_len) * ENTRY + CODE) as u64;
        while left > SYNC {
            left -= SYNC;
            file.set_len(left).and_then(|()| file.sync_data()).context(action, &self.path)?;
        }
        fs::remove_file(&self.path).context(action, &self.path)
    }

    /// Returns the rows that have a key, in order.
    pub(super) fn find(&self, key: LookupKey) -> Result<Vec<u64>, JournalError> {
        let key = key.number();
        let mut found = Vec::new();
        if !self.filter.may_have(key) {
            return Ok(found);
        }
        // The entries of a key may begin at the end of the block before the first one that begins with it.
        let from = self.blocks.partition_point(|block| block.first < key).saturating_sub(1);
        for (nth, block) in self.blocks.iter().enumerate().skip(from) {
            if block.first > key {
                break;
            }
            let entries = self.block(nth, block)?;
            found.extend(entries.filter(|entry| entry.0 == key).map(|entry| entry.1));
        }
        Ok(found)
    }

    /// Reads a block and compares it with its hash.
    fn block(
        &self,
        nth: usize,
        block: &Block,
    ) -> Result<impl Iterator<Item = Entry> + use<>, JournalError> {
        let mut bytes = vec![0; BLOCK.min(self.len - nth * BLOCK) * ENTRY];
        self.read(&mut bytes, nth * BLOCK, &block.hash)?;
        Ok(entries_of(bytes))
    }

    /// Returns the transfers that are open after the last row.
    pub(super) fn open(&self) -> Result<Vec<Entry>, JournalError> {
        let mut bytes = vec![0; self.open_len * ENTRY];
        self.read(&mut bytes, self.len, &self.open_hash)?;
        Ok(entries_of(bytes).collect())
    }

    fn read(&self, bytes: &mut [u8], entry: usize, hash: &[u8; 32]) -> Result<(), JournalError> {
        let at = (HEADER + entry * ENTRY) as u64;
        self.file.read_exact_at(bytes, at).context("reading the look-ups", &self.path)?;
        if Sha256::digest(&*bytes).as_slice() == hash {
            return Ok(());
        }
        Err(JournalError::damaged(&self.path, "the look-ups were altered while they were in use"))
    }

    /// Returns all entries in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, JournalError>> + use<'_> {
        let mut blocks = self.blocks.iter().enumerate();
        let mut current: Option<std::vec::IntoIter<Entry>> = None;
        std::iter::from_fn(move || {
            loop {
                if let Some(entry) = current.as_mut().and_then(Iterator::next) {
                    return Some(Ok(entry));
                }
                let (nth, block) = blocks.next()?;
                match self.block(nth, block) {
                    Ok(entries) => current = Some(entries.collect::<Vec<_>>().into_iter()),
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }
}

/// Merges the entries of runs in order. Leaves out archived rows.
pub(super) fn merge(
    runs: &[Arc<Run>],
    archived: u64,
) -> Result<impl Iterator<Item = Result<Entry, JournalError>> + use<'_>, JournalError> {
    let mut sources = Vec::new();
    for run in runs {
        let mut entries = run.entries();
        let first = entries.next().transpose()?;
        sources.push((first, entries));
    }
    let mut next = move || -> Result<Option<Entry>, JournalError> {
        loop {
            let heads = sources.iter().filter_map(|(head, _)| *head);
            let Some(least) = heads.min() else { return Ok(None) };
            for (head, entries) in &mut sources {
                if *head == Some(least) {
                    *head = entries.next().transpose()?;
                }
            }
            if least.1 > archived {
                return Ok(Some(least));
            }
        }
    };
    Ok(std::iter::from_fn(move || next().transpose()))
}

/// The part of a run that is kept in memory, built entry by entry.
struct Builder {
    filter: Filter,
    blocks: Vec<Block>,
    /// The hash of the last block, so far.
    hasher: Sha256,
    first: u128,
    len: usize,
}

impl Builder {
    fn new(entries: usize) -> Self {
        let (filter, blocks) = (Filter::new(entries), Vec::with_capacity(entries / BLOCK + 1));
        Self { filter, blocks, hasher: Sha256::new(), first: 0, len: 0 }
    }

    fn add(&mut self, key: u128, bytes: &[u8; ENTRY]) {
        self.filter.insert(key);
        if self.len.is_multiple_of(BLOCK) {
            self.end_block();
            self.first = key;
        }
        self.hasher.update(bytes);
        self.len += 1;
    }

    fn end_block(&mut self) {
        let hash = std::mem::take(&mut self.hasher).finalize().into();
        if self.len > 0 {
            self.blocks.push(Block { first: self.first, hash });
        }
    }

    fn finish(
        mut self,
        path: PathBuf,
        span: Span,
        (open_len, open_hash): (usize, [u8; 32]),
        file: File,
    ) -> Run {
        self.end_block();
        let Self { filter, blocks, len, .. } = self;
        Run { path, span, file, len, filter, blocks, open_len, open_hash }
    }
}

/// A file being written, with regular syncs.
struct RunWriter<'f> {
    file: &'f File,
    path: &'f Path,
    buffer: BufWriter<&'f File>,
    unsynced: u64,
}

impl<'f> RunWriter<'f> {
    fn new(file: &'f File, path: &'f Path) -> Self {
        let buffer = BufWriter::with_capacity(1 << 18, file);
        Self { file, path, buffer, unsynced: 0 }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.unsynced += bytes.len() as u64;
        self.buffer.write_all(bytes).context("writing the look-ups", self.path)?;
        if self.unsynced >= SYNC { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.unsynced = 0;
        let synced = self.buffer.flush().and_then(|()| self.file.sync_data());
        synced.context("writing the look-ups", self.path)
    }
}

/// Reads the rows, the number of entries, and that of open transfers.
fn parse_header(header: &[u8; HEADER]) -> Option<(Span, usize, usize)> {
    let rest = header.strip_prefix(&MAGIC)?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<8>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let (len, open_len) = rest.split_first_chunk::<8>()?;
    let last = Head { count: u64::from_be_bytes(*count), hash: *hash };
    let span = Span { first: u64::from_be_bytes(*first), last };
    let number = |bytes: &[u8; 8]| usize::try_from(u64::from_be_bytes(*bytes)).ok();
    Some((span, number(len)?, number(open_len.try_into().ok()?)?))
}

fn bytes_of((key, row): Entry) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    let (head, tail) = bytes.split_at_mut(16);
    head.copy_from_slice(&key.to_be_bytes());
    tail.copy_from_slice(&row.to_be_bytes());
    bytes
}

fn entries_of(bytes: Vec<u8>) -> impl Iterator<Item = Entry> {
    let count = bytes.len() / ENTRY;
    (0..count).filter_map(move |nth| bytes.get(nth * ENTRY..)?.first_chunk::<ENTRY>().map(parse))
}

fn parse(entry: &[u8; ENTRY]) -> Entry {
    let mut key = [0; 16];
    let mut row = [0; 8];
    let (head, tail) = entry.split_at(16);
    key.copy_from_slice(head);
    row.copy_from_slice(tail);
    (u128::from_be_bytes(key), u64::from_be_bytes(row))
}
