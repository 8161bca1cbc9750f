//! The journal beside a model of it, under batches of any kind: what it answers and what it finds is the same, also
//! after it was closed and opened, with several batches in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::channel;

use proptest::collection::vec;
use proptest::prelude::*;
use titian::engine::{Begun, Body, Claim, Key};
use titian::journal::{Batch, Evidence, Journal, Row, verify};
use titian::values::TransferId;

use crate::support::{Folder, begins, id, key, keys, row};

/// What is done to a journal. Few transfers and keys, so that they meet.
#[derive(Clone, Debug)]
enum Act {
    /// Batches that are sent one after the other, without waiting.
    Append(Vec<Vec<(u64, Step)>>),
    /// The journal is closed and opened.
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A transfer of a new id begins, under one or two of some keys.
    Begin { request: u64, reference: Option<u64> },
    /// A transfer goes on, if it was begun.
    Go { step: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let step = prop_oneof![
        (0_u64..60, proptest::option::of(0_u64..60))
            .prop_map(|(request, reference)| Step::Begin { request, reference }),
        (1_usize..5).prop_map(|step| Step::Go { step }),
    ];
    let batch = vec((0_u64..40, step), 0..12);
    let act = prop_oneof![
        9 => vec(batch, 1..5).prop_map(Act::Append),
        1 => Just(Act::Restart),
    ];
    vec(act, 1..20)
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<u128, Vec<Row>>,
    claims: HashMap<Key, Claim>,
    count: u64,
}

impl Model {
    fn append(&mut self, rows: &[Row]) -> Vec<Claim> {
        let mut existing = Vec::new();
        let mut void = Vec::new();
        for row in rows {
            let Some(begins) = &row.begins else { continue };
            let keys = || begins.begun.keys();
            let taken: Vec<_> = keys().filter_map(|key| self.claims.get(&key).copied()).collect();
            if taken.is_empty() {
                let own = |key| (key, Claim { key, body: begins.begun.body, id: row.id });
                self.claims.extend(keys().map(own));
            } else {
                existing.extend(taken);
                void.push(row.id);
            }
        }
        for row in rows.iter().filter(|row| !void.contains(&row.id)) {
            self.rows.entry(row.id.0).or_default().push(row.clone());
            self.count += 1;
        }
        existing
    }
}

/// Makes rows of what is drawn: a beginning gets an id that was never there.
fn rows_of(steps: &[(u64, Step)], begun: &mut Vec<u64>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (which, step) in steps {
        match step {
            Step::Begin { request, reference } => {
                let transfer = begun.len() as u64;
                begun.push(transfer);
                let begins = Box::new(begins(transfer, key(*request), reference.map(key)));
                rows.push(Row { begins: Some(begins), ..row(transfer, 0) });
            }
            Step::Go { step } if !begun.is_empty() => {
                rows.push(row(begun[usize::try_from(*which).unwrap() % begun.len()], *step));
            }
            Step::Go { .. } => {}
        }
    }
    rows
}

fn compare(journal: &Journal, model: &Model, transfers: u64) {
    let reader = journal.reader().unwrap();
    assert_eq!(journal.head().count, model.count);
    // A transfer that lost its key is not there, nor what a caller sent of it all the same.
    let rows_of = |id: u128| {
        let rows = model.rows.get(&id).cloned().unwrap_or_default();
        if rows.first().is_some_and(|row| row.begins.is_some()) { rows } else { Vec::new() }
    };
    for transfer in 0..transfers {
        assert_eq!(reader.transfer(id(transfer)).unwrap(), rows_of(id(transfer).0));
    }
    for number in 0..60 {
        let taken = model.claims.get(&key(number));
        let rows = taken.map_or(Vec::new(), |claim| rows_of(claim.id.0));
        assert_eq!(reader.by_key(key(number)).unwrap(), rows);
        let reference = Some(key(number));
        for request in [key(1000), key(59 - number)] {
            let begun = Begun { request, reference, body: Body(0) };
            let first = model.claims.get(&request).map(|claim| rows_of(claim.id.0));
            assert_eq!(reader.by_begun(&begun).unwrap(), first.unwrap_or(rows.clone()));
        }
    }
    let open: Vec<_> = reader.open_transfers().unwrap().map(|rows| rows.unwrap()[0].id).collect();
    let is_open = |id: &u128| rows_of(*id).last().is_some_and(|row| row.open);
    let expected: Vec<_> = model.rows.keys().copied().filter(is_open).map(TransferId).collect();
    assert_eq!(open, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_says_and_finds_what_the_model_does(acts in acts()) {
        let folder = Folder::new();
        let mut journal = folder.open();
        let mut model = Model::default();
        let mut begun = Vec::new();
        for act in acts {
            let Act::Append(batches) = act else {
                journal.close().unwrap();
                journal = folder.open();
                compare(&journal, &model, begun.len() as u64);
                continue;
            };
            let (done, durable) = channel();
            let mut expected = Vec::new();
            for batch in &batches {
                let rows = rows_of(batch, &mut begun);
                expected.push(model.append(&rows));
                let done = done.clone();
                let batch = Batch { rows, notes: Vec::new() };
                journal.append(batch, move |result| done.send(result.unwrap()).unwrap());
            }
            let answers: Vec<_> = durable.iter().take(batches.len()).collect();
            prop_assert_eq!(answers, expected);
            compare(&journal, &model, begun.len() as u64);
        }
        journal.close().unwrap();
        let checkpoints = folder.file("checkpoints");
        let evidence = Evidence {
            archives: &[],
            store: &folder.store(),
            checkpoints: Some((&checkpoints, &keys())),
        };
        let verified = verify(&evidence, |_, _| Ok(())).unwrap();
        prop_assert_eq!((verified.head.count, verified.index), (model.count, true));
    }
}
