//! Rows of an attacker at the end of the store: they continue the chain with the right hashes.

use rusqlite::Connection;
use titian::signing::{ChainId, SignedBatch, SignedStatement, SigningKey, Statement};

use super::table::{Act::Do, Attack, run};
use super::world::{World, retired};

/// A row that starts a transfer, which the adapter would send.
const LINE: &str = "{\"id\":\"019aba68-b000-7000-8000-000000000001\",\"at\":1798200000000,\"state\":\"ready_to_send\",\"open\":true,\
    \"start\":{\"request_key\":\"00000000000000000000000000000001\",\"fingerprint\":\"00000000000000000000000000000002\"},\"facts\":{}}";

const FORGERIES: &[Attack] = &[
    (
        "rows with the signature of other rows",
        Do(|world, _| {
            let last = last(world);
            let statement = continued(&last.statement);
            put(world, &SignedStatement { statement, signature: last.signature }.to_string());
        }),
        "row 93",
    ),
    (
        "rows without a signature",
        Do(|world, _| {
            put(world, &continued(&last(world).statement).to_string());
        }),
        "row 93",
    ),
    (
        "rows signed by a key that is not trusted",
        Do(|world, _| signed(world, &foreign(), |_| {})),
        "row 93",
    ),
    (
        "rows signed by it in the name of the trusted key",
        Do(|world, _| {
            let name = world.keys.signing.id();
            let statement = Statement { key: name, ..continued(&last(world).statement) };
            put(world, &statement.sign(&foreign()).to_string());
        }),
        "row 93",
    ),
    ("rows signed by the retired key", Do(|world, _| signed(world, &retired(), |_| {})), "row 93"),
    (
        "rows that a key that is not trusted signed for another store",
        Do(|world, other| {
            let other = last(other).statement.chain_id;
            signed(world, &foreign(), |statement| statement.chain_id = other);
        }),
        "row 93",
    ),
    (
        "rows that the trusted key signed for another store",
        Do(|world, other| {
            let other = last(other).statement.chain_id;
            signed(world, &world.keys.signing, |statement| statement.chain_id = other);
        }),
        "row 93",
    ),
    (
        "rows that the trusted key signed for no store",
        Do(|world, _| {
            signed(world, &world.keys.signing, |statement| statement.chain_id = ChainId([0; 16]));
        }),
        "row 93",
    ),
    (
        "rows that the trusted key signed for other metadata",
        Do(|world, _| {
            signed(world, &world.keys.signing, |statement| statement.metadata[0] ^= 1);
        }),
        "metadata",
    ),
    (
        "rows that the trusted key signed after other rows",
        Do(|world, _| {
            signed(world, &world.keys.signing, |statement| {
                statement.before.hash[0] ^= 1;
                statement.head = statement.before.after(LINE.as_bytes());
            });
        }),
        "row 93",
    ),
];

fn foreign() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn last(world: &World) -> SignedStatement {
    let sql = "SELECT statement FROM transfers_batches ORDER BY first DESC LIMIT 1";
    let db = Connection::open(world.folder.store()).unwrap();
    let text: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    SignedStatement::parse(&text).unwrap()
}

/// Returns the statement of the forged row.
fn continued(last: &Statement) -> Statement {
    Statement { before: last.head, head: last.head.after(LINE.as_bytes()), ..last.clone() }
}

fn signed(world: &World, key: &SigningKey, change: impl FnOnce(&mut Statement)) {
    let mut statement = Statement { key: key.id(), ..continued(&last(world).statement) };
    change(&mut statement);
    let batch = SignedBatch::new(statement.sign(key), LINE.to_owned());
    put(world, &batch.signed.to_string());
}

fn put(world: &World, statement: &str) {
    let db = Connection::open(world.folder.store()).unwrap();
    db.execute("INSERT INTO transfers_batches VALUES (93, ?1, ?2)", (statement, LINE)).unwrap();
}

#[test]
fn forged_rows() {
    insta::assert_snapshot!(run(FORGERIES));
}
