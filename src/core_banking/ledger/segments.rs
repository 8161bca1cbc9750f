//! What the ledger knows of the table of postings without holding it: the postings in the order of their ids are cut into
//! segments, and a sum of keyed codes for each segment stays in memory. A segment whose posting is asked for is read whole
//! and compared with its sum, so no row that was forged, removed or put back decides anything. The segments that were used
//! last stay in memory with their postings.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use rusqlite::Connection;

use super::keyed_code::CodeKey;
use super::postings::{Effect, StoredPosting, scan};
use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::values::TransferId;

/// Postings of a segment that is read for the first time. A segment of twice as many is cut into two.
const SEGMENT_SIZE: usize = 64;

/// Segments that stay in memory with their postings.
const WARM_MAX: usize = 512;

/// All segments. The first one begins at id 0, so each id has a segment.
pub(super) struct Segments {
    key: CodeKey,
    list: Vec<Segment>,
    /// The first ids of the segments with postings in memory, in the order in which they were read.
    warm: VecDeque<u128>,
}

struct Segment {
    first: u128,
    /// The sum of the codes of its postings.
    sum: u128,
    /// Its postings, if they are in memory.
    postings: Option<BTreeMap<u128, StoredPosting>>,
}

impl Segments {
    /// Reads the whole table. Its rows are proven by a comparison of the sums with those of the chain.
    pub(super) fn read(
        db: &Connection,
        path: &Path,
        key: CodeKey,
    ) -> Result<(Self, u64), CoreBankingError> {
        let mut list = vec![Segment::empty(0)];
        let (mut in_last, mut count) = (0, 0);
        let mut previous = None;
        read_postings(db, path, (0, u128::MAX), |id, posting| {
            if previous.replace(id) >= Some(id) {
                return Err(damaged_posting(path, id, "stands in another place than its id"));
            }
            if in_last == SEGMENT_SIZE {
                list.push(Segment::empty(id.0));
                in_last = 0;
            }
            in_last += 1;
            count += 1;
            if let Some(last) = list.last_mut() {
                last.add(posting.code(&key, id));
            }
            Ok(())
        })?;
        Ok((Self { key, list, warm: VecDeque::new() }, count))
    }

    pub(super) const fn key(&self) -> &CodeKey {
        &self.key
    }

    /// Returns the sums of all segments.
    pub(super) fn sums(&self) -> Vec<u128> {
        self.list.iter().map(|segment| segment.sum).collect()
    }

    /// Subtracts the code of an effect from the sum of its segment.
    pub(super) fn subtract(&self, sums: &mut [u128], id: TransferId, effect: &Effect) {
        if let Some(sum) = sums.get_mut(self.index(id)) {
            *sum = sum.wrapping_sub(effect.code(&self.key, id));
        }
    }

    /// Returns the first and the last id of a segment.
    pub(super) fn ids(&self, index: usize) -> (u128, u128) {
        let first = self.list.get(index).map_or(0, |segment| segment.first);
        let next = self.list.get(index + 1).map(|next| next.first);
        (first, next.map_or(u128::MAX, |next| next.wrapping_sub(1)))
    }

    /// Returns the posting of an id, if the id is known.
    pub(super) fn posting(
        &mut self,
        db: &Connection,
        path: &Path,
        id: TransferId,
    ) -> Result<Option<StoredPosting>, CoreBankingError> {
        let index = self.warm_up(db, path, id)?;
        let postings = self.list.get(index).and_then(|segment| segment.postings.as_ref());
        Ok(postings.and_then(|postings| postings.get(&id.0)).copied())
    }

    /// Changes the posting of an id, in memory and in the table.
    pub(super) fn apply(
        &mut self,
        db: &Connection,
        path: &Path,
        (id, effect): (TransferId, Effect),
    ) -> Result<(), CoreBankingError> {
        let index = self.warm_up(db, path, id)?;
        effect.store(db, id).context("writing to the ledger", path)?;
        let Some(Segment { sum, postings: Some(postings), .. }) = self.list.get_mut(index) else {
            return Ok(());
        };
        *sum = sum.wrapping_add(effect.code(&self.key, id));
        effect.apply(postings.entry(id.0).or_default());
        if postings.len() > 2 * SEGMENT_SIZE {
            self.split(index);
        }
        Ok(())
    }

    fn index(&self, id: TransferId) -> usize {
        self.list.partition_point(|segment| segment.first <= id.0).saturating_sub(1)
    }

    /// Reads the segment of an id, if its postings are not in memory. Returns its index.
    fn warm_up(
        &mut self,
        db: &Connection,
        path: &Path,
        id: TransferId,
    ) -> Result<usize, CoreBankingError> {
        let index = self.index(id);
        let (first, last) = self.ids(index);
        let key = &self.key;
        let Some(segment) = self.list.get_mut(index) else { return Ok(index) };
        if segment.postings.is_some() {
            return Ok(index);
        }
        let (mut postings, mut sum) = (BTreeMap::new(), 0_u128);
        read_postings(db, path, (first, last), |id, posting| {
            sum = sum.wrapping_add(posting.code(key, id));
            postings.insert(id.0, posting);
            Ok(())
        })?;
        if sum != segment.sum {
            let (first, last) = (TransferId(first), TransferId(last));
            let detail = format!("postings {first} to {last}: differ from what the ledger wrote");
            return Err(CoreBankingError::damaged(path, detail));
        }
        segment.postings = Some(postings);
        self.keep(first);
        Ok(index)
    }

    /// Cuts a segment into two.
    fn split(&mut self, index: usize) {
        let Some(segment) = self.list.get_mut(index) else { return };
        let Some(postings) = &mut segment.postings else { return };
        let Some(first) = postings.keys().nth(postings.len() / 2).copied() else { return };
        let upper = postings.split_off(&first);
        let codes = upper.iter().map(|(id, posting)| posting.code(&self.key, TransferId(*id)));
        let sum = codes.fold(0, u128::wrapping_add);
        segment.sum = segment.sum.wrapping_sub(sum);
        self.list.insert(index + 1, Segment { first, sum, postings: Some(upper) });
        self.keep(first);
    }

    /// Notes a segment whose postings are in memory, and drops those of the oldest one if there are too many.
    fn keep(&mut self, first: u128) {
        self.warm.push_back(first);
        if self.warm.len() > WARM_MAX
            && let Some(oldest) = self.warm.pop_front()
        {
            let index = self.index(TransferId(oldest));
            if let Some(segment) = self.list.get_mut(index) {
                segment.postings = None;
            }
        }
    }
}

impl Segment {
    const fn empty(first: u128) -> Self {
        Self { first, sum: 0, postings: None }
    }

    const fn add(&mut self, code: u128) {
        self.sum = self.sum.wrapping_add(code);
    }
}

/// Reads the postings from one id to another.
pub(super) fn read_postings(
    db: &Connection,
    path: &Path,
    ids: (u128, u128),
    mut each: impl FnMut(TransferId, StoredPosting) -> Result<(), CoreBankingError>,
) -> Result<(), CoreBankingError> {
    scan(db, ids, |id, posting| {
        let posting = posting.map_err(|reason| damaged_posting(path, id, reason));
        posting.and_then(|posting| each(id, posting)).map_err(Stop::Found)
    })
    .map_err(|stop| stop.named(path))
}

pub(super) fn damaged_posting(path: &Path, id: TransferId, reason: &str) -> CoreBankingError {
    CoreBankingError::damaged(path, format!("posting {id}: {reason}"))
}

/// Why a scan stopped.
pub(super) enum Stop {
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// Something wrong was found.
    Found(CoreBankingError),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Stop {
    pub(super) fn named(self, path: &Path) -> CoreBankingError {
        match self {
            Self::Sqlite(error) => CoreBankingError::reading(path, &error),
            Self::Found(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core_banking::ledger::rows::PostingTerms;
    use crate::core_banking::ledger::schema;
    use crate::transfer::Side;
    use crate::values::{AccountNumber, Institution, Value};

    /// More than the segments in memory hold.
    const COUNT: u128 = 36_000;

    /// Ids in the order of time with late ones between, as many as make all first segments leave the memory.
    fn id(number: u128) -> TransferId {
        TransferId((number / 10 * 10 + 9 - number % 10) << 64)
    }

    fn effect(amount: i64) -> Effect {
        let account = AccountNumber::from_ascii(b"1000000001").unwrap();
        let counterparty = Institution::from_ascii(b"014").unwrap();
        let (side, currency) = (Side::Debit, 360);
        let terms = PostingTerms { side, account, amount, currency, counterparty, reverses: None };
        Effect::Stored(terms, None)
    }

    struct Table {
        db: Connection,
        segments: Segments,
    }

    impl Table {
        fn new(count: u128) -> Self {
            let db = Connection::open_in_memory().unwrap();
            schema::create(&db).unwrap();
            let key = CodeKey::random().unwrap();
            let (segments, _) = Segments::read(&db, Path::new("ledger.db"), key).unwrap();
            let mut table = Self { db, segments };
            table.db.execute_batch("BEGIN").unwrap();
            for number in 0..count {
                assert_eq!(table.posting(id(number)), Ok(None), "{number}");
                table.apply(id(number), effect(5));
            }
            table.db.execute_batch("COMMIT").unwrap();
            table
        }

        fn posting(&mut self, id: TransferId) -> Result<Option<StoredPosting>, String> {
            let found = self.segments.posting(&self.db, Path::new("ledger.db"), id);
            found.map_err(|error| error.to_string())
        }

        fn apply(&mut self, id: TransferId, effect: Effect) {
            self.segments.apply(&self.db, Path::new("ledger.db"), (id, effect)).unwrap();
        }

        /// Drops all postings from memory.
        fn cool(&mut self) {
            self.segments.warm.clear();
            self.segments.list.iter_mut().for_each(|segment| segment.postings = None);
        }
    }

    #[test]
    fn postings_are_found_after_they_left_the_memory() {
        let mut table = Table::new(COUNT);
        let in_memory = |table: &Table| {
            table.segments.list.iter().filter(|segment| segment.postings.is_some()).count()
        };
        assert_eq!(in_memory(&table), WARM_MAX);
        for number in (0..COUNT).step_by(1_001) {
            let found = table.posting(id(number)).unwrap().unwrap();
            assert_eq!(found.terms.unwrap().amount, 5);
            assert_eq!(table.posting(TransferId(id(number).0 + 1)), Ok(None));
        }
        assert_eq!(in_memory(&table), WARM_MAX);
        // The sums that were kept are those of the table.
        let Table { db, segments } = table;
        let sum = |sums: Vec<u128>| sums.into_iter().fold(0, u128::wrapping_add);
        let kept = sum(segments.sums());
        let (read, count) = Segments::read(&db, Path::new("ledger.db"), segments.key).unwrap();
        assert_eq!((sum(read.sums()), u128::from(count)), (kept, COUNT));
    }

    #[test]
    fn a_row_that_is_changed_removed_or_put_back_is_not_used() {
        let mut table = Table::new(400);
        table.apply(id(7), Effect::Reversed(2));
        table.apply(id(8), Effect::Cancelled);
        let at = |number| format!("x'{:032x}'", id(number).0);
        for sql in [
            format!("UPDATE postings SET amount = 6 WHERE id = {}", at(9)),
            format!("UPDATE postings SET reversed = 0 WHERE id = {}", at(7)),
            format!("UPDATE postings SET state = 'posted' WHERE id = {}", at(8)),
            format!("DELETE FROM postings WHERE id = {}", at(9)),
            "INSERT INTO postings (id, state) VALUES (x'00000000000000000000000000000001', 'cancelled')".to_owned(),
        ] {
            table.cool();
            assert_eq!(table.posting(id(7)).unwrap().unwrap().reversed, 2);
            table.cool();
            table.db.execute_batch(&format!("SAVEPOINT change; {sql}")).unwrap();
            // Another posting of the segment shows it too.
            let error = table.posting(id(6)).unwrap_err();
            assert!(error.contains("differ from what the ledger wrote"), "{sql}: {error}");
            table.db.execute_batch("ROLLBACK TO change; RELEASE change").unwrap();
        }
    }
}
