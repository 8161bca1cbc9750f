//! Random commands and repeats with restarts: the books sum to zero, nothing is posted twice, and every reply is that of a
//! model.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use titian::core_banking::CoreCommand;
use titian::transfer::{CancelReply, Posting, PostingReply, PriorPosting, Refusal, Side};
use titian::values::TransferId;
use tokio::runtime::Builder;

use super::support::{BUDI, Folder, SITI, id, partial_reversal, posting};

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
    let post = (0..6_u128, side.clone(), of, amount)
        .prop_map(|(number, side, of, minor)| Step::Post(posting(number, side, of, minor)));
    let of = prop_oneof![4 => Just(SITI), 4 => Just(BUDI), 1 => Just("1000000003")];
    let amount = prop_oneof![Just(1_u64), Just(20_000), Just(40_000)];
    let part =
        (4..12_u128, 0..6_u128, side, of, amount).prop_map(|(number, of, side, on, minor)| {
            Step::Post(partial_reversal(number, of, (side, on), minor))
        });
    let cancel = (0..12_u128).prop_map(Step::Cancel);
    prop_oneof![12 => post, 12 => part, 6 => cancel, 1 => Just(Step::Restart)]
}

/// A minimal model of the contract.
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

    fn change(&mut self, posting: &Posting, side: Side, minor: u64) -> Result<(), Refusal> {
        let of = posting.account.reveal();
        let inactive = if of == "9" { Refusal::NoSuchAccount } else { Refusal::InactiveAccount };
        let on = self.balances.get_mut(of).ok_or(inactive)?;
        let changed = match side {
            Side::Debit => on.checked_sub(minor),
            Side::Credit => on.checked_add(minor),
        };
        *on = changed.ok_or(Refusal::InsufficientFunds)?;
        Ok(())
    }

    /// Returns how much of a posting the postings in effect reverse.
    fn reversed(&self, id: TransferId) -> u64 {
        let parts = self.known.values().filter_map(|known| match known {
            Known::Posted(part) if part.reverses == Some(id) => Some(part.amount.minor()),
            Known::Posted(_) | Known::Refused(..) | Known::Cancelled => None,
        });
        parts.sum()
    }

    fn make(&mut self, posting: &Posting) -> Result<(), Refusal> {
        let Some(original) = posting.reverses else {
            return self.change(posting, posting.side, posting.amount.minor());
        };
        let of = match self.known.get(&original.0) {
            Some(Known::Posted(of)) if of.reverses.is_none() => of,
            _ => return Err(Refusal::NoSuchOriginal),
        };
        if of.side == posting.side || of.account != posting.account {
            return Err(Refusal::NoSuchOriginal);
        }
        if self.reversed(original) + posting.amount.minor() > of.amount.minor() {
            return Err(Refusal::AboveOriginal);
        }
        self.change(posting, posting.side, posting.amount.minor())
    }

    fn post(&mut self, posting: &Posting) -> PostingReply {
        if posting.amount.minor() == 0 {
            return PostingReply::Refused(Refusal::Limit);
        }
        match self.known.get(&posting.id.0) {
            Some(Known::Cancelled) => PostingReply::Barred,
            Some(Known::Posted(known) | Known::Refused(known, _)) if known != posting => {
                PostingReply::Conflict
            }
            Some(Known::Posted(_)) => PostingReply::Posted,
            Some(Known::Refused(_, refusal)) => PostingReply::Refused(*refusal),
            None => {
                let (known, reply) = match self.make(posting) {
                    Ok(()) => (Known::Posted(posting.clone()), PostingReply::Posted),
                    Err(refusal) => {
                        (Known::Refused(posting.clone(), refusal), PostingReply::Refused(refusal))
                    }
                };
                self.known.insert(posting.id.0, known);
                reply
            }
        }
    }

    fn cancel(&mut self, number: u128) -> CancelReply {
        let was = match self.known.get(&id(number).0) {
            Some(Known::Cancelled) => PriorPosting::Cancelled,
            None | Some(Known::Refused(..)) => PriorPosting::Absent,
            Some(Known::Posted(posting)) => {
                let posting = posting.clone();
                let is_original_posted = |original: TransferId| {
                    matches!(self.known.get(&original.0), Some(Known::Posted(_)))
                };
                let rest = match posting.reverses {
                    None => posting.amount.minor() - self.reversed(posting.id),
                    Some(original) if is_original_posted(original) => posting.amount.minor(),
                    Some(_) => 0,
                };
                if self.change(&posting, posting.side.opposite(), rest).is_err() {
                    return CancelReply::Refused;
                }
                PriorPosting::Posted
            }
        };
        self.known.insert(id(number).0, Known::Cancelled);
        CancelReply::Cancelled(was)
    }
}

#[test]
fn any_order_of_commands_posts_at_most_once_and_sums_to_zero() {
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
async fn overtaking_commands_over_http_leave_no_cancelled_posting_in_effect() {
    let folder = Folder::new();
    let (core, mut port) = folder.over_http().await;
    let commands = (0..300_u128).flat_map(|number| {
        let credit = CoreCommand::Post(posting(number, Side::Credit, BUDI, 3));
        [credit.clone(), CoreCommand::Cancel(id(number)), credit]
    });
    let commands: Vec<_> = commands.collect();
    let count = commands.len();
    port.handle.send(commands);
    for _ in 0..count {
        let reply = format!("{:?}", port.next_reply().await);
        assert!(!reply.contains("Unknown") && !reply.contains("Conflict"), "{reply}");
    }
    let books = folder.books();
    assert_eq!((books.clearing, books.credited), (0, books.credits_reversed));
    println!("{} of 300 were posted before they were cancelled", books.credited.count);
    port.close().await;
    core.close().await;
}
