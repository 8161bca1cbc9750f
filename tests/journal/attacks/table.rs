//! A table of attacks, and what must hold for each.

use std::fmt::Write;

use rusqlite::Connection;

use super::world::World;

/// What an attacker does to the files.
pub(crate) enum Act {
    /// Runs SQL on the store. `other` is the store of another record, attached.
    Store(&'static str),
    /// Runs SQL on the ledger.
    Ledger(&'static str),
    /// Runs SQL on the archive.
    Archive(&'static str),
    /// Does something to the files. The second world is another record.
    Do(fn(&World, &World)),
}

/// An attack: its name, what is done, and a text that names what was attacked. The verification says it, or the start if the
/// verification has no objection.
pub(crate) type Attack = (&'static str, Act, &'static str);

/// Runs attacks on a record that is stopped. Returns a block of text for each: what the verification and the start said, and what
/// became of the rows when they were used after a start.
pub(crate) fn run(attacks: &[Attack]) -> String {
    let (world, other) = (World::new(), World::new());
    world.verify().unwrap();
    let mut text = String::new();
    let mut faults = Vec::new();
    for (name, act, named) in attacks {
        world.restore();
        apply(act, &world, &other);
        let verified = world.verify();
        let (started, used) = match world.start() {
            Err(error) => (Err(error), Ok(())),
            Ok(journal) => {
                let (used, is_written) = world.use_all(&*journal.reader().unwrap());
                if !is_written {
                    faults.push(format!("{name}: acted on"));
                }
                let _ = journal.close();
                (Ok(()), used)
            }
        };
        let said = verified.as_ref().err().or(started.as_ref().err());
        match said {
            None => faults.push(format!("{name}: accepted and verified")),
            Some(said) if said.contains(named) => {}
            Some(said) => faults.push(format!("{name}: does not name {named}: {said}")),
        }
        let shown = |said: &Result<(), String>, good: &str| match said {
            Ok(()) => good.to_owned(),
            Err(error) => error.split("; ").next().unwrap().to_owned(),
        };
        let _ = writeln!(text, "{name}");
        let _ = writeln!(text, "  verify: {}", shown(&verified, "no objection"));
        let _ = writeln!(text, "  start:  {}", shown(&started, "starts"));
        if started.is_ok() {
            let _ = writeln!(text, "  use:    {}", shown(&used, "every row as it was written"));
        }
        text.push('\n');
    }
    assert!(
        faults.is_empty(),
        "{faults:#?}
{text}"
    );
    text
}

fn apply(act: &Act, world: &World, other: &World) {
    let run = |path: &std::path::Path, sql: &str| {
        let db = Connection::open(path).unwrap();
        let attached = other.folder.store().display().to_string();
        db.execute("ATTACH ?1 AS other", [attached]).unwrap();
        db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let _ = db.execute_batch("DETACH other");
    };
    match act {
        Act::Store(sql) => run(&world.folder.store(), sql),
        Act::Ledger(sql) => run(&world.ledger(), sql),
        Act::Archive(sql) => run(&world.folder.file("archive.db"), sql),
        Act::Do(act) => act(world, other),
    }
}
