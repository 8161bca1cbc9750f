//! Forged ledgers: whatever is changed in the file without the signing key, the start refuses and `verify_ledger` finds, and a
//! running ledger does not act on it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use titian::core_banking::{CoreBankingError, CoreCommand, LedgerKeys, verify_ledger};
use titian::signing::{
    Chain, Head, RowSpan, SignedStatement, SigningKey, Statement, TrustedKey, TrustedKeys,
};
use titian::transfer::{PostingReply, Side};

use super::support::{BUDI, Folder, Port, SITI, id, keys, keys_of, partial_reversal, posting};

/// A ledger with history, stopped: three batches with every kind of row.
pub(crate) struct Forged {
    pub(crate) folder: Folder,
    pub(crate) path: PathBuf,
}

/// The first rows of its batches. The last row is 17.
const BATCHES: [u64; 3] = [1, 6, 14];

impl Forged {
    pub(crate) async fn new() -> Self {
        let folder = Folder::new();
        let mut port = folder.port();
        let debit = |number, minor| CoreCommand::Post(posting(number, Side::Debit, SITI, minor));
        let credit = |number, minor| CoreCommand::Post(posting(number, Side::Credit, BUDI, minor));
        let reversal =
            |number| CoreCommand::Post(partial_reversal(number, 1, (Side::Credit, SITI), 100));
        let cancel = |number| CoreCommand::Cancel(id(number));
        let refused = CoreCommand::Post(posting(5, Side::Debit, BUDI, 900_000));
        let first = vec![debit(1, 700), debit(2, 50), credit(3, 30), credit(4, 9), refused];
        send(&mut port, [first, vec![reversal(6), reversal(7), cancel(8)]].concat()).await;
        send(&mut port, vec![cancel(2), cancel(7), cancel(5), credit(9, 1)]).await;
        port.close().await;
        let path = folder.embedded().ledger;
        let forged = Self { folder, path };
        assert_eq!(forged.firsts(), BATCHES);
        forged
    }

    fn firsts(&self) -> Vec<u64> {
        let db = self.db();
        let mut find = db.prepare("SELECT first FROM ledger_batches ORDER BY first").unwrap();
        find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn db(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }

    /// Returns the error of a start, after the same one of `verify_ledger`.
    pub(crate) fn refusal(&self, keys: &LedgerKeys, forgery: &str) -> String {
        let found = verify_ledger(&self.path, &keys.trusted, None).expect_err(forgery).to_string();
        let refused = Port::open_with(self.folder.settings(), keys).err().expect(forgery);
        assert_eq!(found, refused.to_string());
        found
    }

    fn batch(&self, first: u64) -> (String, String) {
        let sql = "SELECT statement, rows FROM ledger_batches WHERE first = ?1";
        self.db().query_row(sql, [first], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    fn put(&self, first: u64, statement: &str, rows: &str) {
        let sql = "INSERT OR REPLACE INTO ledger_batches VALUES (?1, ?2, ?3)";
        self.db().execute(sql, (first, statement, rows)).unwrap();
    }

    /// Appends rows with a valid hash, signed with a key.
    fn append(&self, rows: &str, key: &SigningKey, change: impl FnOnce(&mut Statement)) {
        let (last, _) = self.batch(BATCHES[2]);
        let last = SignedStatement::parse(&last).unwrap().statement;
        let head = rows.split('\n').fold(last.head, |head, row| head.after(row.as_bytes()));
        let mut statement = Statement { before: last.head, head, key: key.id(), ..last };
        let first = statement.first();
        change(&mut statement);
        self.put(first, &statement.sign(key).to_string(), rows);
    }
}

async fn send(port: &mut Port, commands: Vec<CoreCommand>) {
    let count = commands.len();
    port.handle.send(commands);
    for _ in 0..count {
        port.next_reply().await;
    }
}

/// A credit from nowhere.
const CREDIT: &str = r#"{"posting_made":{"id":"01935f00-0000-7000-8000-000000000063","terms":{"side":"credit","account":"1000000002","amount":5,"currency":360,"counterparty":"014"},"entry":{"kind":"credit","debit_account":"clearing/360","credit_account":"1000000002","amount":5}}}"#;

#[tokio::test]
async fn an_untouched_ledger_is_verified_and_starts() {
    let forged = Forged::new().await;
    let verified = verify_ledger(&forged.path, &keys().trusted, None).unwrap();
    assert_eq!((verified.head.count, verified.accounts, verified.postings), (17, 5, 9));
    forged.folder.books();
    forged.folder.port().close().await;
}

#[tokio::test]
async fn each_forgery_of_a_stopped_ledger_is_refused_and_named() {
    const POSTING: &str = "posting 01935f00-0000-7000-8000-00000000000";
    let batch = "UPDATE ledger_batches SET";
    for (sql, expected) in [
        ("UPDATE postings SET state = 'posted' WHERE id = ?2", "2: differs from the signed rows"),
        ("UPDATE postings SET reversed = 0 WHERE reversed > 0", "1: differs from the signed rows"),
        ("UPDATE postings SET amount = 701 WHERE amount = 700", "1: differs from the signed rows"),
        ("UPDATE postings SET reason = 'limit' WHERE id = ?5", "5: differs from the signed rows"),
        ("UPDATE postings SET reason = NULL WHERE id = ?5", "5: differs from the signed rows"),
        ("UPDATE postings SET reason = 'limit' WHERE id = ?3", "3: has another state"),
        ("UPDATE postings SET side = NULL WHERE id = ?3", "3: has incomplete terms"),
        ("DELETE FROM postings WHERE id = ?3", "3: is missing in the table of postings"),
        ("DELETE FROM postings WHERE id = ?8", "8: is missing in the table of postings"),
        ("DELETE FROM postings", "1: is missing in the table of postings"),
        ("UPDATE postings SET id = zeroblob(16) WHERE id = ?9", ": no signed row made it"),
        (
            "INSERT INTO postings (id, state) VALUES (x'', 'cancelled')",
            ": 1 ids are not of 16 bytes",
        ),
        ("INSERT INTO postings (id, state) VALUES (zeroblob(15), 'cancelled')", ": 1 ids are not"),
        (
            "INSERT INTO postings (id, state) VALUES (x'ffffffffffffffffffffffffffffffff00', 'cancelled'), (x'00', 'posted')",
            ": 2 ids are not of 16 bytes",
        ),
        (
            "INSERT INTO postings (id, state) VALUES (x'0193', 'cancelled')",
            ": its id is not of 16 bytes",
        ),
        (
            "INSERT INTO postings (id, state) VALUES (zeroblob(17), 'cancelled')",
            ": its id is not of 16 bytes",
        ),
    ] {
        let forged = Forged::new().await;
        let ids = (0..10).fold(sql.to_owned(), |sql, number| {
            sql.replace(&format!("?{number}"), &format!("x'{:032x}'", id(number).0))
        });
        forged.db().execute_batch(&ids).unwrap();
        let refusal = forged.refusal(&keys(), sql);
        let expected = if expected.starts_with(':') {
            expected.to_owned()
        } else {
            format!("{POSTING}{expected}")
        };
        assert!(refusal.contains(&expected), "{sql}: {refusal}");
        assert!(refusal.contains("restore the ledger from a copy"), "{refusal}");
    }
    for (sql, expected) in [
        (format!("{batch} rows = replace(rows, '100000', '900000')"), "rows 1 to 5: a row differs"),
        (format!("{batch} rows = replace(rows, '\"refund\"', '\"credit\"')"), "rows 6 to 13: a row"),
        (format!("{batch} rows = rows || char(10) || '{CREDIT}' WHERE first = 14"), "rows 14 to 18"),
        (format!("{batch} statement = replace(statement, 'a', 'b') WHERE first = 6"), "rows 6 to 13"),
        (format!("{batch} statement = '' WHERE first = 1"), "rows 1 to 5: not a signed statement"),
        ("DELETE FROM ledger_batches WHERE first = 1".to_owned(), "row 1: is missing"),
        ("DELETE FROM ledger_batches WHERE first = 6".to_owned(), "row 6: is missing"),
        ("DELETE FROM ledger_batches WHERE first = 14".to_owned(), "posting 01935f00"),
        ("DELETE FROM ledger_batches".to_owned(), "posting 01935f00"),
        (format!("{batch} first = 18 WHERE first = 6"), "row 6: is missing"),
        (format!("{batch} first = 0 WHERE first = 6"), "row 0: outside the chain"),
        (format!("{batch} first = -6 WHERE first = 14"), "row -6: outside the chain"),
        (
            "INSERT INTO ledger_batches SELECT -9223372036854775808, statement, rows FROM ledger_batches WHERE first = 1".to_owned(),
            "row -9223372036854775808: outside the chain",
        ),
        (
            "INSERT INTO ledger_batches SELECT 9223372036854775807, statement, rows FROM ledger_batches WHERE first = 1".to_owned(),
            "row 18: is missing",
        ),
        (
            "INSERT INTO ledger_batches SELECT 18, statement, rows FROM ledger_batches WHERE first = 14".to_owned(),
            "rows 18 to 21: the statement is of other rows",
        ),
        (
            "INSERT INTO ledger_batches SELECT 8, statement, rows FROM ledger_batches WHERE first = 14".to_owned(),
            "row 8: stands twice",
        ),
        (format!("{batch} first = 99 WHERE first = 6; {batch} first = 6 WHERE first = 14; {batch} first = 14 WHERE first = 99"),
            "rows 6 to 9: the statement is of other rows"),
    ] {
        let forged = Forged::new().await;
        forged.db().execute_batch(&sql).unwrap();
        let refusal = forged.refusal(&keys(), &sql);
        assert!(refusal.contains(expected), "{sql}: {refusal}");
    }
}

#[tokio::test]
async fn rows_without_the_signing_key_are_refused() {
    let forged = Forged::new().await;
    // A valid hash and the signature of another batch.
    let (last, _) = forged.batch(BATCHES[2]);
    let old = SignedStatement::parse(&last).unwrap();
    let forged_by = |key: &SigningKey, change: fn(&mut Statement)| {
        forged.append(CREDIT, key, change);
        let refusal = forged.refusal(&keys(), "");
        forged.db().execute("DELETE FROM ledger_batches WHERE first > 17", []).unwrap();
        refusal
    };
    let foreign = keys_of(8).signing;
    let refusal = forged_by(&foreign, |_| {});
    assert!(refusal.contains("row 18: key") && refusal.contains("not a trusted key"), "{refusal}");
    // The name of the trusted key under a foreign signature.
    let refusal = forged_by(&foreign, |statement| statement.key = keys().signing.id());
    assert!(refusal.contains("row 18: the signature does not match"), "{refusal}");
    let head = old.statement.head.after(CREDIT.as_bytes());
    let statement = Statement { before: old.statement.head, head, ..old.statement.clone() };
    let unsigned = SignedStatement { statement, signature: old.signature };
    forged.put(18, &unsigned.to_string(), CREDIT);
    let refusal = forged.refusal(&keys(), "");
    assert!(refusal.contains("row 18: the signature does not match"), "{refusal}");
    forged.db().execute("DELETE FROM ledger_batches WHERE first > 17", []).unwrap();
    // A statement of this key for another place, chain, epoch or metadata.
    let ours = keys().signing;
    for (change, expected) in [
        (
            (|of| of.chain = Chain::Transfers) as fn(&mut Statement),
            "row 18: the statement is of another chain",
        ),
        (|of| of.chain_id.0[0] ^= 1, "row 18: the statement is of another chain"),
        (|of| of.epoch = 2, "row 18: signed, but not as the next rows"),
        (|of| of.metadata[0] ^= 1, "row 18: signed, but not as the next rows"),
        (|of| of.before.hash[0] ^= 1, "row 18: a row differs"),
    ] {
        let refusal = forged_by(&ours, change);
        assert!(refusal.contains(expected), "{refusal}");
    }
    // Signed rows that cannot follow: signed by us they would be a fault of the program, and are refused too.
    for (row, expected) in [
        (CREDIT.replace("1000000002", "1000000009"), "row 18: account ******0009 is unknown"),
        (CREDIT.replace("360", "840"), "row 18: account ******0002 has another currency"),
        (CREDIT.replace("posting_made", "posting_mode"), "row 18: is not a change of a ledger"),
        (CREDIT.to_owned(), "posting 01935f00-0000-7000-8000-000000000063: is missing"),
    ] {
        forged.append(&row, &ours, |_| {});
        let refusal = forged.refusal(&keys(), "");
        assert!(refusal.contains(expected), "{refusal}");
        forged.db().execute("DELETE FROM ledger_batches WHERE first > 17", []).unwrap();
    }
    forged.folder.port().close().await;
}

#[tokio::test]
async fn a_batch_of_another_ledger_is_refused() {
    let (forged, other) = (Forged::new().await, Forged::new().await);
    for first in BATCHES {
        let (statement, rows) = forged.batch(first);
        let (foreign_statement, foreign_rows) = other.batch(first);
        assert_eq!(rows, foreign_rows, "the same history");
        forged.put(first, &foreign_statement, &foreign_rows);
        let refusal = forged.refusal(&keys(), "");
        assert!(refusal.contains("the statement is of another chain"), "{refusal}");
        forged.put(first, &statement, &rows);
    }
    forged.folder.port().close().await;
}

/// Trust in the key of a seed for some rows of the ledger.
fn trusted(seed: u8, first: u64, last: Option<u64>) -> TrustedKey {
    let spans = vec![(Chain::Ledger, RowSpan { first, last })];
    TrustedKey { key: keys_of(seed).signing.public(), spans }
}

#[tokio::test]
async fn retired_foreign_and_unknown_keys_are_refused() {
    let forged = Forged::new().await;
    let keys_with = |trusted: Vec<TrustedKey>, seed: u8| LedgerKeys {
        signing: keys_of(seed).signing,
        trusted: TrustedKeys::new(trusted),
    };
    for (keys, expected) in [
        (keys_with(vec![trusted(8, 1, None)], 8), "rows 1 to 5: key"),
        (keys_with(vec![trusted(7, 1, Some(8))], 7), "may not sign rows 6 to 13"),
        (keys_with(vec![trusted(7, 6, None)], 7), "may not sign rows 1 to 5"),
    ] {
        let refusal = forged.refusal(&keys, "");
        assert!(refusal.contains(expected), "{refusal}");
    }
    // A retired key signs no further row, and neither does a key that is not trusted.
    let retired = vec![trusted(7, 1, Some(17)), trusted(8, 18, None)];
    for (seed, expected) in [(7, "may not sign rows 18 to 18"), (9, "is not a trusted key")] {
        let keys = keys_with(retired.clone(), seed);
        assert!(verify_ledger(&forged.path, &keys.trusted, None).is_ok());
        let refused = Port::open_with(forged.folder.settings(), &keys).err().unwrap();
        assert!(matches!(refused, CoreBankingError::Distrusted { .. }), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
        assert!(refused.to_string().contains("keys.trusted_files"), "{refused}");
    }
    // The next key continues the chain.
    let keys = keys_with(retired, 8);
    let mut port = Port::open_with(forged.folder.settings(), &keys).unwrap();
    assert_eq!(port.post(&posting(20, Side::Debit, SITI, 1)).await, PostingReply::Posted);
    port.close().await;
    assert_eq!(verify_ledger(&forged.path, &keys.trusted, None).unwrap().head.count, 18);
    // Rows of the old key after its retirement.
    let refusal = forged.refusal(&super::support::keys(), "");
    assert!(refusal.contains("row 18: key") && refusal.contains("not a trusted key"), "{refusal}");
}

/// Changes of the schema that keep all content.
const SCHEMA_CHANGES: [(&str, &str); 8] = [
    ("CREATE TRIGGER t AFTER INSERT ON postings BEGIN SELECT 1; END", "the trigger \"t\""),
    ("CREATE VIEW v AS SELECT 1", "the view \"v\""),
    ("CREATE TABLE extra (a)", "the table \"extra\""),
    ("CREATE INDEX i ON postings (account)", "the index \"i\""),
    ("DROP VIEW ledger_rows", "the view \"ledger_rows\" is missing or changed"),
    (
        "DROP VIEW ledger_rows; CREATE VIEW ledger_rows AS SELECT 1 AS number, '' AS content",
        "the view \"ledger_rows\" is missing or changed",
    ),
    (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'account TEXT', 'account TEXT COLLATE NOCASE')",
        "the table \"postings\" is missing or changed",
    ),
    (
        "ALTER TABLE postings RENAME TO p; CREATE VIEW postings AS SELECT * FROM p",
        "the table \"p\" is foreign",
    ),
];

#[tokio::test]
async fn a_changed_schema_is_refused_and_named() {
    for (sql, expected) in SCHEMA_CHANGES {
        let forged = Forged::new().await;
        forged.db().execute_batch(sql).unwrap();
        let refusal = forged.refusal(&keys(), sql);
        assert!(refusal.contains(expected), "{sql}: {refusal}");
    }
}

#[tokio::test]
async fn a_running_ledger_does_not_act_on_a_change_of_another_connection() {
    let changes = [
        "DELETE FROM postings",
        "UPDATE postings SET amount = amount + 1 WHERE amount IS NOT NULL",
        "INSERT INTO postings (id, state) VALUES (x'00', 'cancelled')",
        "UPDATE ledger_batches SET rows = replace(rows, '100000', '900000')",
        "DELETE FROM ledger_batches",
    ];
    for sql in changes.into_iter().chain(SCHEMA_CHANGES.map(|(sql, _)| sql)) {
        let forged = Forged::new().await;
        let before = copy(&forged.path);
        let mut port = forged.folder.port();
        assert_eq!(port.post(&posting(30, Side::Debit, SITI, 1)).await, PostingReply::Posted);
        forged.db().execute_batch(sql).unwrap();
        // A repeat of a posting, whose row may be gone.
        port.handle.send(vec![CoreCommand::Post(posting(1, Side::Debit, SITI, 700))]);
        assert_eq!(port.replies.next().await, None, "{sql}");
        let fault = port.replies.fault().unwrap();
        assert!(matches!(fault, CoreBankingError::Changed(_)), "{sql}: {fault}");
        drop(port);
        restore(&forged.path, &before);
    }
}

pub(crate) fn copy(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

pub(crate) fn restore(path: &Path, bytes: &[u8]) {
    for suffix in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn readers_do_not_disturb_a_running_ledger() {
    let forged = Forged::new().await;
    let mut port = forged.folder.port();
    for number in 40..130 {
        assert_eq!(port.post(&posting(number, Side::Debit, SITI, 1)).await, PostingReply::Posted);
        if number % 30 == 0 {
            forged.folder.books();
            let count = "SELECT count(*) FROM ledger_rows";
            let rows: u64 = forged.db().query_row(count, [], |row| row.get(0)).unwrap();
            assert!(rows > 17);
            let copy = forged.path.with_extension(format!("copy{number}"));
            forged.db().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
            verify_ledger(&copy, &keys().trusted, None).unwrap();
        }
    }
    port.close().await;
}

#[tokio::test]
async fn a_head_is_that_of_its_rows() {
    let forged = Forged::new().await;
    let rows = BATCHES.map(|first| forged.batch(first).1).join("\n");
    let head = rows.split('\n').fold(Head::default(), |head, row| head.after(row.as_bytes()));
    assert_eq!(verify_ledger(&forged.path, &keys().trusted, None).unwrap().head, head);
}
