//! What rows of one transfer change in the index.

use std::fmt::Write;

use rusqlite::{Connection, params};

use crate::journal::row::{InboundReference, Summary, TransferStart};
use crate::journal::sqlite::shared::CommittedRow;
use crate::values::AccountNumber;

/// The columns that further rows change. SQLite concatenates BLOBs as text, so the result is cast back.
macro_rules! append {
    ($rows:literal, $state:literal, $open:literal, $trace_numbers:literal) => {
        concat!(
            "rows = CAST(rows || ",
            $rows,
            " AS BLOB), state = ",
            $state,
            ", open = ",
            $open,
            ", trace_numbers = trace_numbers || ",
            $trace_numbers
        )
    };
}

/// What rows of one transfer change: one statement for all of them.
#[derive(Default)]
pub(super) struct TransferChange<'e> {
    start: Option<&'e TransferStart>,
    rows: Vec<u8>,
    state: &'e str,
    pub(super) is_open: bool,
    trace_numbers: String,
    /// The transmission second and the STAN of each message that we sent.
    traces: Vec<(u64, u32)>,
    /// How the other bank refers to its request.
    reference: Option<InboundReference>,
}

impl<'e> TransferChange<'e> {
    /// Adds a row.
    pub(super) fn add_row(&mut self, row: &'e CommittedRow) {
        self.start = self.start.or(row.start.as_deref());
        self.reference = self.reference.or(row.inbound_reference());
        self.rows.extend_from_slice(&row.seq.to_be_bytes());
        self.state = &row.state;
        self.is_open = row.is_open;
        if let Some(trace) = &row.trace {
            // Writing to a string can't fail.
            let _ = write!(self.trace_numbers, " {}/{}", trace.stan, trace.rrn);
            let stan = trace.stan.number();
            self.traces.extend(trace.transmission_second.map(|second| (second, stan)));
        }
    }

    /// Returns the numbers of the rows, eight bytes each.
    pub(super) fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// Writes the change. Returns `false`, and writes nothing, if the transfer's start is archived.
    pub(super) fn write(&self, db: &Connection, id: u128) -> rusqlite::Result<bool> {
        let key = id.to_be_bytes();
        match self.start {
            Some(start) => self.insert(db, &key, &start.summary)?,
            None if self.update(db, &key)? == 0 => return Ok(false),
            None => {}
        }
        for (transmission_second, stan) in &self.traces {
            db.prepare_cached("INSERT OR REPLACE INTO traces VALUES (?1, ?2, ?3)")?.execute((
                transmission_second,
                stan,
                key,
            ))?;
        }
        if let Some(reference) = &self.reference {
            db.prepare_cached("INSERT OR REPLACE INTO inbound_references VALUES (?1, ?2, ?3)")?
                .execute((reference.bank(), reference.rrn.as_str(), key))?;
        }
        Ok(true)
    }

    fn insert(&self, db: &Connection, id: &[u8; 16], summary: &Summary) -> rusqlite::Result<()> {
        // An id that starts twice is a bug in this program. It must not block the index of all other transfers.
        let sql = concat!(
            "INSERT INTO transfers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO UPDATE SET ",
            append!("excluded.rows", "excluded.state", "excluded.open", "excluded.trace_numbers")
        );
        db.prepare_cached(sql)?.execute(params![
            id,
            self.rows,
            self.state,
            self.is_open,
            self.trace_numbers,
            summary.direction.code(),
            summary.own_account.reveal(),
            summary.other_account.as_ref().map(AccountNumber::reveal),
            summary.amount.minor(),
            summary.amount.currency().code(),
            summary.bank.as_str(),
        ])?;
        Ok(())
    }

    fn update(&self, db: &Connection, id: &[u8; 16]) -> rusqlite::Result<usize> {
        let sql =
            concat!("UPDATE transfers SET ", append!("?2", "?3", "?4", "?5"), " WHERE id = ?1");
        let values = params![id, self.rows, self.state, self.is_open, self.trace_numbers];
        db.prepare_cached(sql)?.execute(values)
    }
}
