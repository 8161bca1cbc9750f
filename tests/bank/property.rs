//! Any order of questions and repeats, with restarts between: all sums to zero, nothing is posted twice, and an id is answered as
//! a model says.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use titian::bank::Ask;
use titian::transfer::{CancelAnswer, Posting, PostingAnswer, Refusal, Side, Was};
use tokio::runtime::Builder;

use crate::house::{BUDI, Folder, SITI, id, posting};

#[derive(Clone, Debug)]
enum Step {
    Post(Posting),
    Cancel(u128),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Debit), Just(Side::Credit)];
    let of = prop_oneof![Just(SITI), Just(BUDI), Just("1000000003"), Just("9")];
    let amount = prop_oneof![Just(1_u64), Just(60_000), Just(0)];
    let post = (0..6_u128, side, of, amount)
        .prop_map(|(number, side, of, minor)| Step::Post(posting(number, side, of, minor)));
    prop_oneof![12 => post, 6 => (0..6_u128).prop_map(Step::Cancel), 1 => Just(Step::Restart)]
}

/// Core as the contract has it, in a few lines.
#[derive(Default)]
struct Model {
    balances: HashMap<String, u64>,
    known: HashMap<u128, Known>,
}

enum Known {
    Posted(Posting),
    Refused(Posting, Refusal),
    Cancelled,
}

impl Model {
    fn new() -> Self {
        let balances = [(SITI, 100_000), (BUDI, 0)].map(|(of, on)| (of.to_owned(), on));
        Self { balances: balances.into(), known: HashMap::new() }
    }

    fn change(&mut self, posting: &Posting, side: Side) -> Result<(), Refusal> {
        let of = posting.account.reveal();
        let inactive = if of == "9" { Refusal::NoSuchAccount } else { Refusal::InactiveAccount };
        let on = self.balances.get_mut(of).ok_or(inactive)?;
        let changed = match side {
            Side::Debit => on.checked_sub(posting.amount.minor()),
            Side::Credit => on.checked_add(posting.amount.minor()),
        };
        *on = changed.ok_or(Refusal::InsufficientFunds)?;
        Ok(())
    }

    fn post(&mut self, posting: &Posting) -> PostingAnswer {
        if posting.amount.minor() == 0 {
            return PostingAnswer::Refused(Refusal::Limit);
        }
        match self.known.get(&posting.id.0) {
            Some(Known::Cancelled) => PostingAnswer::Barred,
            Some(Known::Posted(known) | Known::Refused(known, _)) if known != posting => {
                PostingAnswer::Conflict
            }
            Some(Known::Posted(_)) => PostingAnswer::Posted,
            Some(Known::Refused(_, refusal)) => PostingAnswer::Refused(*refusal),
            None => {
                let (known, answer) = match self.change(posting, posting.side) {
                    Ok(()) => (Known::Posted(posting.clone()), PostingAnswer::Posted),
                    Err(refusal) => {
                        (Known::Refused(posting.clone(), refusal), PostingAnswer::Refused(refusal))
                    }
                };
                self.known.insert(posting.id.0, known);
                answer
            }
        }
    }

    fn cancel(&mut self, number: u128) -> CancelAnswer {
        let was = match self.known.get(&id(number).0) {
            Some(Known::Cancelled) => Was::Cancelled,
            None | Some(Known::Refused(..)) => Was::Absent,
            Some(Known::Posted(posting)) => {
                let posting = posting.clone();
                let back = match posting.side {
                    Side::Debit => Side::Credit,
                    Side::Credit => Side::Debit,
                };
                if self.change(&posting, back).is_err() {
                    return CancelAnswer::Refused;
                }
                Was::Posted
            }
        };
        self.known.insert(id(number).0, Known::Cancelled);
        CancelAnswer::Was(was)
    }
}

#[test]
fn any_order_of_questions_moves_money_at_most_once_and_sums_to_zero() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 60, ..Config::default() });
    let walk = |steps: Vec<Step>| {
        runtime.block_on(async {
            let folder = Folder::new();
            let mut port = folder.port();
            let mut model = Model::new();
            for step in steps {
                match step {
                    Step::Post(posting) => {
                        assert_eq!(port.post(&posting).await, model.post(&posting), "{posting:?}");
                    }
                    Step::Cancel(number) => {
                        assert_eq!(port.cancel(number).await, model.cancel(number), "{number}");
                    }
                    Step::Restart => {
                        port.close().await;
                        port = folder.port();
                    }
                }
            }
            let on_blocked = 200_000;
            let on_all = model.balances.values().sum::<u64>() + on_blocked;
            assert_eq!(folder.books().customers, i64::try_from(on_all).unwrap());
            port.close().await;
        });
        Ok(())
    };
    runner.run(&prop::collection::vec(step(), 1..40), walk).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_that_overtake_each_other_over_http_leave_no_posting_that_was_cancelled() {
    let folder = Folder::new();
    let (core, mut port) = folder.over_http().await;
    let asks = (0..300_u128).flat_map(|number| {
        let credit = Ask::Post(posting(number, Side::Credit, BUDI, 3));
        [credit.clone(), Ask::Cancel(id(number)), credit]
    });
    let asks: Vec<_> = asks.collect();
    let count = asks.len();
    port.handle.ask(asks);
    for _ in 0..count {
        let told = format!("{:?}", port.told().await);
        assert!(!told.contains("None") && !told.contains("Conflict"), "{told}");
    }
    let books = folder.books();
    assert_eq!((books.clearing, books.credited), (0, books.taken_back));
    println!("{} of 300 were posted before they were cancelled", books.credited.count);
    port.close().await;
    core.close().await;
}
