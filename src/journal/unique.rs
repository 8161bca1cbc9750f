//! Finds what was used twice: keys and numbers of any count, sorted in pieces on the disk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{ErrorContext, JournalError};
use crate::private_files;
use crate::values::TransferId;

/// Uses that are sorted in memory: 64 MiB.
const PIECE: usize = 2 << 20;

const USE: usize = 32;

/// The use of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    number: u128,
    /// The row that used it.
    row: u64,
    /// Tells transfers apart.
    owner: u64,
}

/// Collects uses of numbers, and finds a number that two transfers used.
pub(super) struct UseCounter {
    piece: Vec<Use>,
    pieces: Vec<File>,
    most: usize,
}

impl UseCounter {
    /// Starts a collection. Pieces that do not fit into memory go to the folder of temporary files.
    pub(super) const fn new() -> Self {
        Self::with_pieces(PIECE)
    }

    const fn with_pieces(most: usize) -> Self {
        Self { piece: Vec::new(), pieces: Vec::new(), most }
    }

    /// Adds the use of a number by a row of a transfer.
    pub(super) fn add(
        &mut self,
        number: u128,
        row: u64,
        transfer: TransferId,
    ) -> Result<(), JournalError> {
        let [high, low] = [transfer.0 >> 64, transfer.0 & u128::from(u64::MAX)];
        let owner = u64::try_from(high ^ low).unwrap_or_default();
        self.piece.push(Use { number, row, owner });
        if self.piece.len() >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), JournalError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        self.piece.sort_unstable();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("titian-verify-{}-{count}.part", std::process::id());
        let (path, action) = (std::env::temp_dir().join(name), "sorting numbers in");
        let file = private_files::create_anew(&path).context(action, &path)?;
        // The file goes when it is closed.
        std::fs::remove_file(&path).context(action, &path)?;
        let mut out = BufWriter::with_capacity(1 << 18, &file);
        for one in self.piece.drain(..) {
            out.write_all(&bytes_of(one)).context(action, &path)?;
        }
        out.flush().context(action, &path)?;
        drop(out);
        self.pieces.push(file);
        Ok(())
    }

    /// Returns the two rows of the first number that two transfers used, if there is one. `is_same` says whether two numbers that
    /// follow each other count as one.
    pub(super) fn twice(
        mut self,
        is_same: impl Fn(u128, u128) -> bool,
    ) -> Result<Option<(u64, u64)>, JournalError> {
        let (folder, action) = (std::env::temp_dir(), "sorting numbers in");
        self.piece.sort_unstable();
        let mut sources: Vec<Source<'_>> = Vec::new();
        for file in &mut self.pieces {
            file.seek(SeekFrom::Start(0)).context(action, &folder)?;
            sources.push(Source::File(BufReader::with_capacity(1 << 16, file)));
        }
        sources.push(Source::Memory(self.piece.into_iter()));
        let mut heads = BinaryHeap::new();
        for (place, source) in sources.iter_mut().enumerate() {
            heads.extend(source.next().context(action, &folder)?.map(|one| Reverse((one, place))));
        }
        let (mut last, mut found): (Option<Use>, Option<(u64, u64)>) = (None, None);
        while let Some(Reverse((one, place))) = heads.pop() {
            if let Some(before) = last
                && before.owner != one.owner
                && is_same(before.number, one.number)
            {
                let pair = (before.row.min(one.row), before.row.max(one.row));
                found = found.filter(|found| *found < pair).or(Some(pair));
            }
            last = Some(one);
            if let Some(source) = sources.get_mut(place) {
                let next = source.next().context(action, &folder)?;
                heads.extend(next.map(|one| Reverse((one, place))));
            }
        }
        Ok(found)
    }
}

fn bytes_of(Use { number, row, owner }: Use) -> [u8; USE] {
    let mut bytes = [0; USE];
    let parts =
        number.to_be_bytes().into_iter().chain(row.to_be_bytes()).chain(owner.to_be_bytes());
    bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = byte);
    bytes
}

/// Sorted uses.
enum Source<'s> {
    File(BufReader<&'s mut File>),
    Memory(std::vec::IntoIter<Use>),
}

impl Source<'_> {
    fn next(&mut self) -> std::io::Result<Option<Use>> {
        match self {
            Self::Memory(uses) => Ok(uses.next()),
            Self::File(input) => {
                let (mut number, mut row, mut owner) = ([0; 16], [0; 8], [0; 8]);
                match input.read_exact(&mut number) {
                    Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        return Ok(None);
                    }
                    read => read?,
                }
                input.read_exact(&mut row)?;
                input.read_exact(&mut owner)?;
                Ok(Some(Use {
                    number: u128::from_be_bytes(number),
                    row: u64::from_be_bytes(row),
                    owner: u64::from_be_bytes(owner),
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_two_transfers_is_found_in_memory_and_across_pieces() {
        let number = |nth: u64| u128::from(nth).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for most in [1000, 7] {
            for (again, owner, expected) in [
                (None, 60, None),
                (Some(3), 60, Some((3, 60))),
                (Some(59), 60, Some((59, 60))),
                (Some(3), 3, None),
            ] {
                let mut uses = UseCounter::with_pieces(most);
                for row in 1..60 {
                    uses.add(number(row), row, TransferId(row.into())).unwrap();
                }
                if let Some(again) = again {
                    uses.add(number(again), 60, TransferId(owner)).unwrap();
                }
                let found = uses.twice(|one, other| one == other).unwrap();
                assert_eq!(found, expected, "{most}: {again:?} of {owner}");
            }
        }
    }
}
