//! What some rows of one transfer change in the index.

use std::fmt::Write;

use rusqlite::{Connection, params};

use crate::journal::row::{Begins, Direction, Summary};
use crate::journal::shared::Entry;
use crate::spelling::name_of;
use crate::values::AccountNumber;

/// What further rows change: SQLite joins bytes as text, so they are made bytes again.
macro_rules! append {
    ($rows:literal, $state:literal, $open:literal, $numbers:literal) => {
        concat!(
            "rows = CAST(rows || ",
            $rows,
            " AS BLOB), state = ",
            $state,
            ", open = ",
            $open,
            ", numbers = numbers || ",
            $numbers
        )
    };
}

/// What some rows of one transfer change: one statement for all of them.
#[derive(Default)]
pub(super) struct Change<'e> {
    begins: Option<&'e Begins>,
    rows: Vec<u8>,
    state: &'e str,
    pub(super) open: bool,
    numbers: String,
    /// Second and STAN of each message of ours.
    traces: Vec<(u64, u32)>,
}

impl<'e> Change<'e> {
    /// Takes in one more row.
    pub(super) fn take(&mut self, entry: &'e Entry) {
        self.begins = self.begins.or(entry.begins.as_deref());
        self.rows.extend_from_slice(&entry.seq.to_be_bytes());
        self.state = &entry.state;
        self.open = entry.open;
        if let Some(numbers) = &entry.numbers {
            // Writing to a string can't fail.
            let _ = write!(self.numbers, " {}/{}", numbers.stan, numbers.rrn);
            self.traces.extend(numbers.second.map(|second| (second, numbers.stan.number())));
        }
    }

    /// The numbers of its rows, of eight bytes each.
    pub(super) fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// Writes it. Of a transfer that did not begin in this store, as its beginning is archived, nothing is kept, and
    /// that is said.
    pub(super) fn write(&self, db: &Connection, id: u128) -> rusqlite::Result<bool> {
        let key = id.to_be_bytes();
        match self.begins {
            Some(begins) => self.insert(db, &key, &begins.summary)?,
            None if self.update(db, &key)? == 0 => return Ok(false),
            None => {}
        }
        for (second, stan) in &self.traces {
            db.prepare_cached("INSERT OR REPLACE INTO traces VALUES (?1, ?2, ?3)")?
                .execute((second, stan, key))?;
        }
        Ok(true)
    }

    fn insert(&self, db: &Connection, id: &[u8; 16], summary: &Summary) -> rusqlite::Result<()> {
        // An id that begins twice is a fault of ours. It must not hold up the index of all others.
        let sql = concat!(
            "INSERT INTO transfers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO UPDATE SET ",
            append!("excluded.rows", "excluded.state", "excluded.open", "excluded.numbers")
        );
        db.prepare_cached(sql)?.execute(params![
            id,
            self.rows,
            self.state,
            self.open,
            self.numbers,
            name_of(&Direction::NAMES, &summary.direction),
            summary.own.reveal(),
            summary.other.as_ref().map(AccountNumber::reveal),
            summary.amount.minor(),
            summary.amount.currency().code(),
            summary.bank.as_str(),
        ])?;
        Ok(())
    }

    fn update(&self, db: &Connection, id: &[u8; 16]) -> rusqlite::Result<usize> {
        let sql =
            concat!("UPDATE transfers SET ", append!("?2", "?3", "?4", "?5"), " WHERE id = ?1");
        db.prepare_cached(sql)?.execute(params![id, self.rows, self.state, self.open, self.numbers])
    }
}
