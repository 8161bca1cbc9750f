//! Compares the journal with a model under random batches: callbacks and look-ups are the same, also after a restart, and
//! with several batches in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::mpsc::channel;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use titian::journal::{Batch, Chain, Journal, MessageTrace, Reader, Row};
use titian::values::{
    IdempotencyKey, Institution, KeyReservation, Moment, RequestFingerprint, RequestIdentity, Rrn,
    Stan, TransferId, Value,
};

use super::support::{Folder, id, is_inbound, key, row, start, verified};

/// An action on the journal. Transfers and keys are few, so that they collide.
#[derive(Clone, Debug)]
enum Action {
    /// Appends batches one after the other, without waiting.
    Append(Vec<Vec<(u64, Step)>>),
    /// Closes and opens the journal.
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Starts a transfer with a new id under one or two keys.
    Start { request: u64, reference: Option<u64> },
    /// Continues a transfer, if one was started.
    Continue { step: usize },
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let step = prop_oneof![
        (0_u64..60, proptest::option::of(0_u64..60))
            .prop_map(|(request, reference)| Step::Start { request, reference }),
        (1_usize..5).prop_map(|step| Step::Continue { step }),
    ];
    let batch = vec((0_u64..40, step), 0..12);
    let action = prop_oneof![
        9 => vec(batch, 1..5).prop_map(Action::Append),
        1 => Just(Action::Restart),
    ];
    vec(action, 1..20)
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<u128, Vec<Row>>,
    reservations: HashMap<IdempotencyKey, KeyReservation>,
    count: u64,
}

impl Model {
    fn append(&mut self, rows: &[Row]) -> Vec<KeyReservation> {
        let mut existing = Vec::new();
        let mut void = Vec::new();
        for row in rows {
            let Some(start) = &row.start else { continue };
            let keys = || start.identity.keys();
            let taken: Vec<_> =
                keys().filter_map(|key| self.reservations.get(&key).copied()).collect();
            if taken.is_empty() {
                let own = |key| {
                    (
                        key,
                        KeyReservation { key, fingerprint: start.identity.fingerprint, id: row.id },
                    )
                };
                self.reservations.extend(keys().map(own));
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

/// Builds rows from the drawn steps. Each start gets a new id.
fn rows_of(steps: &[(u64, Step)], identity: &mut Vec<u64>, sent: &mut BTreeSet<u64>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (which, step) in steps {
        match step {
            Step::Start { request, reference } => {
                let transfer = identity.len() as u64;
                identity.push(transfer);
                let start = Box::new(start(transfer, key(*request), reference.map(key)));
                // Other banks' requests have few RRNs, so that they collide.
                let trace = is_inbound(transfer).then(|| MessageTrace {
                    stan: Stan::wrapped(transfer),
                    rrn: Rrn::from_ascii(format!("{:012}", transfer % 6).as_bytes()).unwrap(),
                    transmission_second: None,
                });
                rows.push(Row { start: Some(start), trace, ..row(transfer, 0) });
            }
            Step::Continue { step } if !identity.is_empty() => {
                let transfer = identity[usize::try_from(*which).unwrap() % identity.len()];
                // A message has its trace numbers once.
                let is_first = *step == 1 && sent.insert(transfer);
                let next = row(transfer, *step);
                rows.push(Row { trace: next.trace.filter(|_| is_first), ..next });
            }
            Step::Continue { .. } => {}
        }
    }
    rows
}

fn compare(journal: &dyn Journal, model: &Model, transfers: u64) {
    let reader = journal.reader().unwrap();
    assert_eq!(journal.head(Chain::Transfers).count, model.count);
    // A transfer that lost its key is not found, nor are rows that a caller appended for it anyway.
    let rows_of = |id: u128| {
        let rows = model.rows.get(&id).cloned().unwrap_or_default();
        if rows.first().is_some_and(|row| row.start.is_some()) { rows } else { Vec::new() }
    };
    for transfer in 0..transfers {
        assert_eq!(reader.transfer(id(transfer)).unwrap(), rows_of(id(transfer).0));
    }
    for number in 0..60 {
        let taken = model.reservations.get(&key(number));
        let rows = taken.map_or(Vec::new(), |reservation| rows_of(reservation.id.0));
        assert_eq!(reader.by_key(key(number)).unwrap(), rows);
        let reference = Some(key(number));
        for request in [key(1000), key(59 - number)] {
            let identity = RequestIdentity {
                request_key: request,
                reference_key: reference,
                fingerprint: RequestFingerprint(0),
            };
            let first =
                model.reservations.get(&request).map(|reservation| rows_of(reservation.id.0));
            assert_eq!(reader.by_identity(&identity).unwrap(), first.unwrap_or(rows.clone()));
        }
    }
    compare_references(&*reader, model);
    let open: Vec<_> = reader.open_transfers().unwrap().map(|rows| rows.unwrap()[0].id).collect();
    let is_open = |id: &u128| rows_of(*id).last().is_some_and(|row| row.is_open);
    let expected: Vec<_> = model.rows.keys().copied().filter(is_open).map(TransferId).collect();
    assert_eq!(open, expected);
}

/// Compares the look-ups by RRN with the model: for each bank and RRN, since different times.
fn compare_references(reader: &dyn Reader, model: &Model) {
    let starts = model.rows.values().filter_map(|rows| {
        let (first, start) = (&rows[0], rows[0].start.as_ref()?);
        Some(((start.requested_by?, first.trace?.rrn), first.id))
    });
    let mut expected: BTreeMap<_, Vec<TransferId>> = BTreeMap::new();
    for ((bank, rrn), id) in starts {
        expected.entry((bank.to_string(), rrn.to_string())).or_default().push(id);
    }
    for ((bank, rrn), ids) in expected {
        let rrn = Rrn::from_ascii(rrn.as_bytes()).unwrap();
        // A request may carry the bank's code with leading zeros.
        let bank = Institution::from_ascii(format!("00{bank}").as_bytes()).unwrap();
        let find = |since, limit| {
            let found = reader.by_inbound_reference(bank, rrn, since, limit).unwrap();
            found.iter().map(|rows| rows[0].id).collect::<Vec<_>>()
        };
        let newest: Vec<_> = ids.iter().rev().copied().collect();
        assert_eq!(find(Moment::default(), 100), newest);
        assert_eq!(find(Moment::default(), 1), newest[..1]);
        let last = Moment::from_millis(u64::try_from(newest[0].0 >> 80).unwrap());
        assert!(find(last, 100).contains(&newest[0]));
        assert_eq!(find(last.after(Duration::from_millis(1)), 100), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn callbacks_and_look_ups_match_the_model(actions in actions()) {
        let folder = Folder::new();
        let mut journal = folder.open();
        let mut model = Model::default();
        let mut identity = Vec::new();
        let mut sent = BTreeSet::new();
        for action in actions {
            let Action::Append(batches) = action else {
                journal.close().unwrap();
                journal = folder.open();
                compare(&*journal, &model, identity.len() as u64);
                continue;
            };
            let (done, durable) = channel();
            let mut expected = Vec::new();
            for batch in &batches {
                let rows = rows_of(batch, &mut identity, &mut sent);
                expected.push(model.append(&rows));
                let done = done.clone();
                let batch = Batch { rows, ..Batch::default() };
                journal.append(batch, Box::new(move |result| done.send(result.unwrap()).unwrap()));
            }
            let results: Vec<_> = durable.iter().take(batches.len()).collect();
            prop_assert_eq!(results, expected);
            compare(&*journal, &model, identity.len() as u64);
        }
        journal.close().unwrap();
        let verified = verified(&folder, &[]).unwrap();
        prop_assert_eq!(verified.head.count, model.count);
    }
}
