//! Files that a disk truncated or altered: the journal reads them correctly or reports the damage. The seed is fixed.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use titian::journal::{Chain, Checkpoints, Journal, open};

use super::support::{
    Folder, all_steps, append, checkpoints, id, key, keys, row, verified, write_private,
};

const TRANSFERS: u64 = 300;
const ROWS: u64 = 4 * TRANSFERS + 2;
const SAMPLES: usize = 400;

const NAMES: [&str; 3] = ["titian.db", "titian.db-wal", "checkpoints"];

/// Records closed transfers and an open one, all signed. The files are as a close leaves them, or as a crash leaves them,
/// with the last rows in the log.
fn recorded(with_log: bool) -> (Folder, Vec<(PathBuf, Vec<u8>)>) {
    let folder = Folder::new();
    let journal = folder.open();
    append(&*journal, all_steps(0..TRANSFERS)).unwrap();
    journal.close().unwrap();
    let at_once = Checkpoints { every: Duration::ZERO, ..checkpoints(folder.file("").as_ref()) };
    let journal = open(&folder.url(), &keys(), &at_once).unwrap();
    append(&*journal, vec![row(TRANSFERS, 0), row(TRANSFERS, 1)]).unwrap();
    let files = || -> Vec<_> {
        let read = |name| Some((folder.file(name), fs::read(folder.file(name)).ok()?));
        NAMES.into_iter().filter_map(read).filter(|(_, bytes)| !bytes.is_empty()).collect()
    };
    let signed = format!("-{ROWS} ");
    while with_log && !fs::read_to_string(folder.file("checkpoints")).unwrap().contains(&signed) {
        thread::yield_now();
    }
    let crashed = files();
    journal.close().unwrap();
    let closed = files();
    (folder, if with_log { crashed } else { closed })
}

/// Xorshift (Marsaglia).
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Restores the files and removes all others.
fn restore(folder: &Folder, files: &[(PathBuf, Vec<u8>)]) {
    fs::remove_dir_all(folder.file("")).unwrap();
    fs::create_dir_all(folder.file("")).unwrap();
    for (path, bytes) in files {
        write_private(path, bytes);
    }
}

/// The outcome of a damage.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// The start or a read refused the files.
    Refused,
    /// Everything is found as written.
    Intact,
    /// Rows are missing, and verification reports an error.
    Verified,
}

/// Starts on the files. Every row read must be as written, and verification must report every missing row.
fn open_damaged(folder: &Folder) -> Outcome {
    let verified = verified(folder, &[]);
    let journal = folder.try_open();
    match journal.ok().and_then(|journal| read_all(&*journal)) {
        None => Outcome::Refused,
        Some(true) => Outcome::Intact,
        Some(false) => {
            assert!(verified.is_err(), "rows are missing, and verification passed");
            Outcome::Verified
        }
    }
}

/// Returns whether everything is found; `None` if a read was refused.
fn read_all(journal: &dyn Journal) -> Option<bool> {
    let reader = journal.reader().ok()?;
    let mut whole = journal.head(Chain::Transfers).count == ROWS;
    for transfer in (0..TRANSFERS).step_by(7).chain([TRANSFERS]) {
        let last = if transfer == TRANSFERS { 2 } else { 4 };
        let steps: Vec<_> = (0..last).map(|step| row(transfer, step)).collect();
        for found in [reader.transfer(id(transfer)).ok()?, reader.by_key(key(transfer)).ok()?] {
            assert!(found.iter().all(|row| steps.contains(row)), "{transfer} is not as written");
            whole &= found == steps;
        }
    }
    let open = reader.open_transfers().ok()?.collect::<Result<Vec<_>, _>>().ok()?;
    Some(whole && open.len() == 1 && open[0][0].id == id(TRANSFERS))
}

/// Damages each file in turn, and prints the outcomes.
fn sample(with_log: bool, seed: u64, damage: impl Fn(&Path, &[u8], u64)) {
    let (folder, files) = recorded(with_log);
    restore(&folder, &files);
    assert!(matches!(open_damaged(&folder), Outcome::Intact), "undamaged files are read in full");
    let mut random = seed;
    for (path, bytes) in &files {
        let mut counts = [0; 3];
        for _ in 0..SAMPLES / files.len() {
            restore(&folder, &files);
            damage(path, bytes, draw(&mut random));
            counts[open_damaged(&folder) as usize] += 1;
        }
        let name = path.file_name().unwrap().display();
        let [refused, intact, verified] = counts;
        println!(
            "{name}: {refused} refused, {intact} recovered or harmless, {verified} found by verify"
        );
    }
}

fn flip(path: &Path, bytes: &[u8], random: u64) {
    let mut bytes = bytes.to_vec();
    let at = usize::try_from(random >> 8).unwrap() % bytes.len();
    bytes[at] ^= u8::try_from(random & 0xFF).unwrap().max(1);
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path, bytes: &[u8], random: u64) {
    let at = usize::try_from(random >> 8).unwrap() % bytes.len();
    fs::write(path, &bytes[..at]).unwrap();
}

#[test]
fn an_altered_byte_never_gives_a_wrong_read() {
    sample(false, 0x1234_5678, flip);
    sample(true, 0x8765_4321, flip);
}

#[test]
fn a_truncated_file_never_gives_a_wrong_read() {
    sample(false, 0x1234_5678, cut);
    sample(true, 0x8765_4321, cut);
}
