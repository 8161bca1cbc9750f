//! A run: keys in their order, in a file that is never changed. Its end has the SHA-256 of all before, and its head
//! says of which rows it is and what the hash of the last of them is, so that a run of another chain is known.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::filter::Filter;
use crate::journal::chain::Head;
use crate::journal::error::{During, JournalError};
use crate::journal::files::sync_name;

/// Says that a file is a run, and of which form.
const MAGIC: [u8; 8] = *b"titian\0\x01";

const HEADER: usize = 8 + 8 + 8 + 32;
const ENTRY: usize = 16 + 8;
const DIGEST: usize = 32;

/// Entries that are read at once; of each such block the first key is in memory.
const BLOCK: usize = 256;

/// Bytes written before they are synced: a sync of much at once would hold up the commits beside it.
const SYNC: u64 = 1 << 20;

/// The rows whose keys a run has: from `first` to `last`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: Head,
}

impl Span {
    /// Whether it goes on from a row that it may begin before, as after an archive.
    pub(super) const fn follows(&self, row: u64) -> bool {
        self.first <= row + 1 && row < self.last.count
    }
}

/// A run, its file open.
#[derive(Debug)]
pub(in crate::journal) struct Run {
    pub(super) path: PathBuf,
    pub(super) span: Span,
    file: File,
    len: usize,
    filter: Filter,
    /// The first key of each block.
    firsts: Vec<u128>,
}

/// The files in a folder that have the names of runs: by their first row, of those the longest first. What a crash left
/// half written has another name, and is taken away.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let doing = "reading the folder";
    let mut runs = Vec::new();
    for entry in fs::read_dir(folder).during(doing, folder)? {
        let path = entry.during(doing, folder)?.path();
        if path.extension().is_some_and(|ending| ending == "run") {
            runs.push(path);
        } else {
            fs::remove_file(&path).during("removing", &path)?;
        }
    }
    // The name has the first row, then how far the last is from the highest there can be.
    runs.sort_unstable();
    Ok(runs)
}

impl Run {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Writes a run of keys that come in their order, at most `len`.
    pub(super) fn write(
        folder: &Path,
        span: Span,
        len: usize,
        keys: impl IntoIterator<Item = Result<(u128, u64), JournalError>>,
    ) -> Result<Self, JournalError> {
        let path =
            folder.join(format!("{:020}-{:020}.run", span.first, u64::MAX - span.last.count));
        let part = path.with_extension("part");
        let doing = "writing a run of keys";
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&part);
        let file = file.during(doing, &part)?;
        let mut out = Out::new(&file, &part);
        let mut building = Building::new(len);
        out.put(&header(span))?;
        for entry in keys {
            let (key, seq) = entry?;
            building.take(key);
            let mut bytes = [0; ENTRY];
            let (head, tail) = bytes.split_at_mut(16);
            head.copy_from_slice(&key.to_be_bytes());
            tail.copy_from_slice(&seq.to_be_bytes());
            out.put(&bytes)?;
        }
        out.finish()?;
        fs::rename(&part, &path).and_then(|()| sync_name(&path)).during(doing, &part)?;
        Ok(building.run(path, span, file))
    }

    /// Opens a run; `None` if it isn't whole.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, JournalError> {
        let doing = "reading a run of keys";
        let file = File::open(path).during(doing, path)?;
        let bytes = usize::try_from(file.metadata().during(doing, path)?.len()).unwrap_or(0);
        let Some(rest) = bytes.checked_sub(HEADER + DIGEST).filter(|rest| rest % ENTRY == 0) else {
            return Ok(None);
        };
        let mut input = BufReader::with_capacity(1 << 18, &file);
        let mut digest = Sha256::new();
        let mut head = [0; HEADER];
        input.read_exact(&mut head).during(doing, path)?;
        digest.update(head);
        let mut building = Building::new(rest / ENTRY);
        let mut entry = [0; ENTRY];
        for _ in 0..rest / ENTRY {
            input.read_exact(&mut entry).during(doing, path)?;
            digest.update(entry);
            building.take(parse(&entry).0);
        }
        let mut end = [0; DIGEST];
        input.read_exact(&mut end).during(doing, path)?;
        drop(input);
        let span = span(&head).filter(|_| digest.finalize().as_slice() == end);
        Ok(span.map(|span| building.run(path.to_owned(), span, file)))
    }

    /// Takes a run that nobody reads any more from the folder, a piece at a time: a disk that is told what is free takes as long
    /// for it as for a write, and holds up the commits beside it.
    pub(super) fn remove(&self) -> Result<(), JournalError> {
        let doing = "removing a run of keys";
        let file = File::options().write(true).open(&self.path).during(doing, &self.path)?;
        let mut left = (HEADER + self.len * ENTRY + DIGEST) as u64;
        while left > SYNC {
            left -= SYNC;
            file.set_len(left).and_then(|()| file.sync_data()).during(doing, &self.path)?;
        }
        fs::remove_file(&self.path).during(doing, &self.path)
    }

    /// The row that took a key, if the run has it.
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
        self.file.read_exact_at(bytes, at).during("reading a run of keys", &self.path)?;
        let (entries, _) = bytes.as_chunks::<ENTRY>();
        let found = entries.binary_search_by_key(&key, |entry| parse(entry).0);
        Ok(found.ok().and_then(|place| entries.get(place)).map(|entry| parse(entry).1))
    }

    /// All its entries, in their order.
    fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u128, u64), JournalError>>, JournalError> {
        let doing = "reading a run of keys";
        let path = self.path.clone();
        let file = File::open(&path).during(doing, &path)?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        input.read_exact(&mut [0; HEADER]).during(doing, &path)?;
        Ok((0..self.len).map(move |_| {
            let mut entry = [0; ENTRY];
            input.read_exact(&mut entry).during(doing, &path)?;
            Ok(parse(&entry))
        }))
    }
}

/// The entries of runs in one order. Of a key that several have the newest row counts; what is archived is left out.
pub(super) fn merged(
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
            // The least key, of that the greatest row.
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

/// What of a run is in memory, built entry by entry.
struct Building {
    filter: Filter,
    firsts: Vec<u128>,
    len: usize,
}

impl Building {
    fn new(keys: usize) -> Self {
        Self { filter: Filter::new(keys), firsts: Vec::with_capacity(keys / BLOCK + 1), len: 0 }
    }

    fn take(&mut self, key: u128) {
        self.filter.insert(key);
        if self.len.is_multiple_of(BLOCK) {
            self.firsts.push(key);
        }
        self.len += 1;
    }

    fn run(self, path: PathBuf, span: Span, file: File) -> Run {
        Run { path, span, file, len: self.len, filter: self.filter, firsts: self.firsts }
    }
}

/// A file being written, its digest taken and its bytes synced on the way.
struct Out<'f> {
    file: &'f File,
    path: &'f Path,
    buffer: BufWriter<&'f File>,
    digest: Sha256,
    unsynced: u64,
}

impl<'f> Out<'f> {
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
        self.buffer.write_all(bytes).during("writing a run of keys", self.path)?;
        if self.unsynced >= SYNC { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.unsynced = 0;
        let synced = self.buffer.flush().and_then(|()| self.file.sync_data());
        synced.during("writing a run of keys", self.path)
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
