//! Settlement files, written when a business date ends.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::switch::{Member, Presence, Switch};
use crate::values::{Date, Institution};

/// The banks with books of their own, which are those that ever connected.
pub(super) fn banks(brain: &Switch) -> Vec<(Member, Institution)> {
    let all = brain.snapshot(0, 0).banks.into_iter();
    let own = all.filter(|bank| bank.presence != Presence::Played).map(|bank| bank.bank);
    own.filter_map(|code| Some((brain.member(code.as_str())?, code))).collect()
}

/// Writes a file for each bank: `DATE.csv`, or `DATE-BANK.csv` where there are several. The switch stands still meanwhile. What
/// can't be written is told; the files can still be asked for.
pub(super) fn write(folder: &Path, date: Date, brain: &Switch) {
    let banks = banks(brain);
    for (member, code) in &banks {
        let Some(text) = brain.settlement(date, *member) else { continue };
        let name = match banks.as_slice() {
            [_] => format!("{date}.csv"),
            _ => format!("{date}-{code}.csv"),
        };
        match replace(folder, &name, text.as_bytes()) {
            Ok(()) => tracing::info!(file = %folder.join(&name).display(), "settlement written"),
            Err(error) => {
                tracing::error!(file = %folder.join(&name).display(), %error, "settlement can't be written");
            }
        }
    }
}

/// Puts a file in its place as a whole: one that is found under its name is never half of it.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{name}.new"));
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}
