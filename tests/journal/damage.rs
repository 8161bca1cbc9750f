//! Files that a disk cut or altered: what is read of them is right, or the journal says that it isn't. The seed is fixed.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use titian::journal::{Checkpoints, Evidence, Journal, verify};

use crate::support::{Folder, append, checkpoints, id, key, keys, lives, row};

const TRANSFERS: u64 = 300;
const ROWS: u64 = 4 * TRANSFERS + 2;
const SAMPLES: usize = 400;

const NAMES: [&str; 5] =
    ["titian.db", "titian.db-wal", "titian.db-index", "titian.db-index-wal", "checkpoints"];

/// Rows of closed transfers and of one that is open, all of them signed; as a close leaves them, or as a crash does, with
/// the last rows in a log beside the store.
fn recorded(with_log: bool) -> (Folder, Vec<(PathBuf, Vec<u8>)>) {
    let folder = Folder::new();
    let journal = folder.open();
    append(&journal, lives(0..TRANSFERS)).unwrap();
    journal.close().unwrap();
    let at_once = Checkpoints { every: Duration::ZERO, ..checkpoints(folder.file("").as_ref()) };
    let journal = Journal::open(&folder.store(), Some(&at_once)).unwrap();
    append(&journal, vec![row(TRANSFERS, 0), row(TRANSFERS, 1)]).unwrap();
    let files = || -> Vec<_> {
        let read = |name| Some((folder.file(name), fs::read(folder.file(name)).ok()?));
        NAMES.into_iter().filter_map(read).filter(|(_, bytes)| !bytes.is_empty()).collect()
    };
    let signed = format!("rows={ROWS}");
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

/// Makes the files as they were, with nothing else beside them.
fn restore(folder: &Folder, files: &[(PathBuf, Vec<u8>)]) {
    fs::remove_dir_all(folder.file("")).unwrap();
    fs::create_dir_all(folder.file("")).unwrap();
    for (path, bytes) in files {
        fs::write(path, bytes).unwrap();
    }
}

/// What became of a damage.
#[derive(Clone, Copy, Debug)]
enum Became {
    /// The start, or what was read, refused it.
    Refused,
    /// All that was looked for is as it was.
    Sound,
    /// Something is missing, and verification says that something is wrong.
    Found,
}

/// Starts on what is there. What is read was written, and nothing is missing that verification doesn't miss.
fn look(folder: &Folder) -> Became {
    let (file, keys, store) = (folder.file("checkpoints"), keys(), folder.store());
    let evidence = Evidence { archives: &[], store: &store, checkpoints: Some((&file, &keys)) };
    let verified = verify(&evidence, |_, _| Ok(()));
    let journal = Journal::open(&store, Some(&checkpoints(folder.file("").as_ref())));
    match journal.ok().and_then(|journal| read_all(&journal)) {
        None => Became::Refused,
        Some(true) => Became::Sound,
        Some(false) => {
            assert!(verified.is_err(), "something is missing, and nobody says so");
            Became::Found
        }
    }
}

/// Whether everything is found; `None` if something is refused to be read.
fn read_all(journal: &Journal) -> Option<bool> {
    let reader = journal.reader().ok()?;
    let mut whole = journal.head().count == ROWS;
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

/// Damages each file in turn, and prints what became of it.
fn sample(with_log: bool, seed: u64, damage: impl Fn(&Path, &[u8], u64)) {
    let (folder, files) = recorded(with_log);
    restore(&folder, &files);
    assert!(matches!(look(&folder), Became::Sound), "what nobody damaged is found");
    let mut random = seed;
    for (path, bytes) in &files {
        let mut counts = [0; 3];
        for _ in 0..SAMPLES / files.len() {
            restore(&folder, &files);
            damage(path, bytes, draw(&mut random));
            counts[look(&folder) as usize] += 1;
        }
        let name = path.file_name().unwrap().display();
        let [refused, sound, found] = counts;
        println!("{name}: {refused} refused, {sound} recovered or harmless, {found} verified");
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
fn a_byte_altered_anywhere_is_never_silently_wrong() {
    sample(false, 0x1234_5678, flip);
    sample(true, 0x8765_4321, flip);
}

#[test]
fn a_file_cut_anywhere_is_never_silently_wrong() {
    sample(false, 0x1234_5678, cut);
    sample(true, 0x8765_4321, cut);
}
