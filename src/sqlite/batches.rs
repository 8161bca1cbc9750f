//! The table of a chain's batches: one row a batch, so that a commit inserts once. Only appended to.

use rusqlite::{Connection, OptionalExtension};

use crate::signing::StoredBatch;

/// The table of a chain's batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchTable {
    insert: &'static str,
    remove: &'static str,
    first: &'static str,
    containing: &'static str,
    after: &'static str,
}

/// Returns the script that creates the table of a chain, and a view that shows an auditor each row.
macro_rules! create_batches {
    ($name:literal) => {
        concat!(
            "CREATE TABLE ",
            $name,
            "_batches (first INTEGER PRIMARY KEY, statement TEXT NOT NULL, rows TEXT NOT NULL) STRICT;\n",
            "CREATE VIEW ",
            $name,
            "_rows AS SELECT first + line.key AS number, line.value AS content FROM ",
            $name,
            "_batches, json_each('[' || replace(rows, char(10), ',') || ']') AS line;\n"
        )
    };
}
pub(crate) use create_batches;

/// Returns the [`BatchTable`] of a chain.
macro_rules! batch_table {
    ($name:literal) => {
        $crate::sqlite::BatchTable::new(
            concat!("INSERT INTO ", $name, "_batches VALUES (?1, ?2, ?3)"),
            concat!("DELETE FROM ", $name, "_batches WHERE first <= ?1"),
            concat!("SELECT min(first) FROM ", $name, "_batches"),
            concat!(
                "SELECT first, statement, rows FROM ",
                $name,
                "_batches WHERE first <= ?1 ORDER BY first DESC LIMIT 1"
            ),
            concat!(
                "SELECT first, statement, rows FROM ",
                $name,
                "_batches WHERE first > ?1 ORDER BY first LIMIT ?2"
            ),
        )
    };
}
pub(crate) use batch_table;

impl BatchTable {
    pub(crate) const fn new(
        insert: &'static str,
        remove: &'static str,
        first: &'static str,
        containing: &'static str,
        after: &'static str,
    ) -> Self {
        Self { insert, remove, first, containing, after }
    }

    /// Inserts a batch.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(crate) fn insert(
        self,
        db: &Connection,
        first: u64,
        statement: &str,
        rows: &str,
    ) -> rusqlite::Result<()> {
        db.prepare_cached(self.insert)?.execute((first, statement, rows)).map(drop)
    }

    /// Removes the batches that begin up to a row.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(crate) fn remove_to(self, db: &Connection, row: u64) -> rusqlite::Result<()> {
        db.execute(self.remove, [row]).map(drop)
    }

    /// Returns the place of a batch before row 1, where no chain has one. A reading of the chain does not come there.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(crate) fn outside(self, db: &Connection) -> rusqlite::Result<Option<i64>> {
        let first: Option<i64> = db.query_row(self.first, [], |row| row.get(0))?;
        Ok(first.filter(|first| *first < 1))
    }

    /// Returns the batch that has a row, or the last one before it.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(crate) fn containing(
        self,
        db: &Connection,
        row: u64,
    ) -> rusqlite::Result<Option<StoredBatch>> {
        let mut find = db.prepare_cached(self.containing)?;
        find.query_row([row.min(i64::MAX.unsigned_abs())], read).optional()
    }

    /// Returns the last batch.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(crate) fn last(self, db: &Connection) -> rusqlite::Result<Option<StoredBatch>> {
        self.containing(db, u64::MAX)
    }

    /// Calls `each` with the batches that begin after a row, in order, at most `limit` of them.
    ///
    /// # Errors
    /// The error of SQLite, or of `each`.
    pub(crate) fn after<E: From<rusqlite::Error>>(
        self,
        db: &Connection,
        row: u64,
        limit: u64,
        mut each: impl FnMut(StoredBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut find = db.prepare_cached(self.after)?;
        let mut rows = find.query((row, limit))?;
        while let Some(row) = rows.next()? {
            each(read(row)?)?;
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredBatch> {
    Ok(StoredBatch { first: row.get(0)?, statement: row.get(1)?, rows: row.get(2)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_found_by_each_of_its_rows() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(create_batches!("sample")).unwrap();
        let table = batch_table!("sample");
        table.insert(&db, 1, "one", "[1]\n[2]").unwrap();
        table.insert(&db, 3, "two", "[3]").unwrap();
        let first_of = |row| table.containing(&db, row).unwrap().map(|batch| batch.first);
        assert_eq!([0, 1, 2, 3, 9].map(first_of), [None, Some(1), Some(1), Some(3), Some(3)]);
        let mut firsts = Vec::new();
        table
            .after(&db, 0, 9, |batch| -> rusqlite::Result<()> {
                firsts.push(batch.first);
                Ok(())
            })
            .unwrap();
        assert_eq!(firsts, [1, 3]);
        assert_eq!(table.outside(&db), Ok(None));
        db.execute_batch("INSERT INTO sample_batches VALUES (-7, '', '')").unwrap();
        assert_eq!(table.outside(&db), Ok(Some(-7)));
        let content = |number: u64| -> String {
            let sql = "SELECT content FROM sample_rows WHERE number = ?1";
            db.query_row(sql, [number], |row| row.get(0)).unwrap()
        };
        assert_eq!(content(2), "[2]");
    }
}
