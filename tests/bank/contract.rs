//! Every row of the contract, of a core over HTTP and of the embedded ledger alike.

use titian::transfer::{
    AccountAnswer, CancelAnswer, Holding, Posting, PostingAnswer, Refusal, Side, Was,
};
use titian::values::{Amount, Currency, Institution, Name, Value};

use crate::house::{BUDI, Folder, Port, SITI, id, posting};

/// A question, and what core says to it.
enum Step {
    Post(Posting, PostingAnswer),
    Cancel(u128, CancelAnswer),
}

/// Questions one after the other, on a new ledger, and what it has then: on SITI's and BUDI's account, and how many entries.
struct Case(&'static str, Vec<Step>, [u64; 2], u64);

fn cases() -> Vec<Case> {
    use PostingAnswer::{Barred, Conflict, Posted, Refused};
    use Step::{Cancel, Post};
    let debit = |minor| posting(1, Side::Debit, SITI, minor);
    let credit = |minor| posting(1, Side::Credit, BUDI, minor);
    let of = |number: &str, minor| posting(1, Side::Debit, number, minor);
    let was = |was| CancelAnswer::Was(was);
    let dollars = Posting { amount: Amount::new(1, Currency::new(840).unwrap()), ..debit(1) };
    let other = Posting { counterparty: Institution::from_ascii(b"002").unwrap(), ..debit(400) };
    vec![
        Case("201", vec![Post(debit(400), Posted)], [99_600, 0], 1),
        Case("201 credit", vec![Post(credit(400), Posted)], [100_000, 400], 1),
        Case("200", vec![Post(debit(400), Posted), Post(debit(400), Posted)], [99_600, 0], 1),
        Case("409", vec![Post(debit(400), Posted), Post(debit(401), Conflict)], [99_600, 0], 1),
        Case("409 bank", vec![Post(debit(400), Posted), Post(other, Conflict)], [99_600, 0], 1),
        Case("409 side", vec![Post(debit(4), Posted), Post(credit(4), Conflict)], [99_996, 0], 1),
        Case("410", vec![Cancel(1, was(Was::Absent)), Post(debit(400), Barred)], [100_000, 0], 0),
        Case(
            "410 after it stood",
            vec![
                Post(debit(400), Posted),
                Cancel(1, was(Was::Posted)),
                Post(debit(400), Barred),
                Post(debit(401), Barred),
                Cancel(1, was(Was::Cancelled)),
            ],
            [100_000, 0],
            2,
        ),
        Case(
            "credit taken back",
            vec![Post(credit(400), Posted), Cancel(1, was(Was::Posted))],
            [100_000, 0],
            2,
        ),
        Case(
            "credit spent before it is taken back",
            vec![
                Post(credit(400), Posted),
                Post(posting(2, Side::Debit, BUDI, 1), Posted),
                Cancel(1, CancelAnswer::Refused),
                Cancel(1, CancelAnswer::Refused),
                Post(posting(3, Side::Credit, BUDI, 1), Posted),
                Cancel(1, was(Was::Posted)),
            ],
            [100_000, 0],
            4,
        ),
        Case("all of it", vec![Post(debit(100_000), Posted)], [0, 0], 1),
        Case(
            "422 funds, for ever",
            vec![
                Post(debit(100_001), Refused(Refusal::InsufficientFunds)),
                Post(posting(2, Side::Credit, SITI, 1), Posted),
                Post(debit(100_001), Refused(Refusal::InsufficientFunds)),
                Post(debit(100_000), Conflict),
                Cancel(1, was(Was::Absent)),
                Post(debit(100_001), Barred),
                Cancel(1, was(Was::Cancelled)),
            ],
            [100_001, 0],
            1,
        ),
        Case("422 none", vec![Post(of("9", 1), Refused(Refusal::NoSuchAccount))], [100_000, 0], 0),
        Case(
            "422 own",
            vec![Post(of("clearing/360", 1), Refused(Refusal::NoSuchAccount))],
            [100_000, 0],
            0,
        ),
        Case(
            "422 blocked",
            vec![Post(of("1000000003", 1), Refused(Refusal::InactiveAccount))],
            [100_000, 0],
            0,
        ),
        Case(
            "422 dormant",
            vec![Post(of("1000000004", 1), Refused(Refusal::InactiveAccount))],
            [100_000, 0],
            0,
        ),
        Case(
            "422 closed",
            vec![Post(of("1000000005", 1), Refused(Refusal::InactiveAccount))],
            [100_000, 0],
            0,
        ),
        Case(
            "422 too much",
            vec![Post(credit(u64::MAX), Refused(Refusal::Limit))],
            [100_000, 0],
            0,
        ),
        Case("other currency", vec![Post(dollars, Refused(Refusal::Other))], [100_000, 0], 0),
    ]
}

fn holding(name: &str, minor: u64) -> AccountAnswer {
    let balance = Some(Amount::new(minor, Currency::IDR));
    AccountAnswer::Active(Holding { holder: Name::new(name), balance })
}

async fn hold(folder: &Folder, port: &mut Port, case: &Case) {
    let Case(name, steps, [siti, budi], entries) = case;
    for (step, at) in steps.iter().zip(0..) {
        match step {
            Step::Post(posting, answer) => {
                assert_eq!(port.post(posting).await, *answer, "{name}: {at}");
            }
            Step::Cancel(number, answer) => {
                assert_eq!(port.cancel(*number).await, *answer, "{name}: {at}");
            }
        }
    }
    assert_eq!(port.account(SITI).await, holding("SITI RAHAYU", *siti), "{name}");
    assert_eq!(port.account(BUDI).await, holding("BUDI, PT", *budi), "{name}");
    let books = folder.books();
    let counts = [books.debited, books.given_back, books.credited, books.taken_back];
    assert_eq!(counts.map(|total| total.count).iter().sum::<u64>(), *entries, "{name}: {books:?}");
}

#[tokio::test]
async fn the_embedded_ledger_keeps_the_contract() {
    for case in cases() {
        let folder = Folder::new();
        let mut port = folder.port();
        hold(&folder, &mut port, &case).await;
        port.close().await;
    }
}

#[tokio::test]
async fn a_core_over_http_keeps_the_contract() {
    for case in cases() {
        // A currency that has no letters here can't be said over HTTP: the core doesn't understand, and it is unknown.
        if case.0 == "other currency" || case.0 == "422 too much" {
            continue;
        }
        let folder = Folder::new();
        let (core, mut port) = folder.over_http().await;
        hold(&folder, &mut port, &case).await;
        port.close().await;
        core.close().await;
    }
}

#[tokio::test]
async fn an_account_is_known_refused_or_not_there() {
    let folder = Folder::new();
    let mut embedded = folder.port();
    let mut told = Vec::new();
    let numbers = [SITI, "1000000003", "1000000004", "1000000005", "9", "a/../b?#%"];
    for number in numbers {
        told.push(embedded.account(number).await);
    }
    embedded.close().await;
    let inactive = AccountAnswer::Refused(Refusal::InactiveAccount);
    let none = AccountAnswer::Refused(Refusal::NoSuchAccount);
    let expected =
        [&holding("SITI RAHAYU", 100_000), &inactive, &inactive, &inactive, &none, &none];
    assert_eq!(told.iter().collect::<Vec<_>>(), expected);
    let (core, mut port) = folder.over_http().await;
    for (number, answer) in numbers.iter().zip(told) {
        assert_eq!(port.account(number).await, answer, "{number}");
    }
    port.close().await;
    core.close().await;
}

#[tokio::test]
async fn no_question_shows_an_account_or_a_name() {
    let folder = Folder::new();
    let mut port = folder.port();
    let asked = format!("{:?}", titian::bank::Ask::Post(posting(1, Side::Debit, SITI, 1)));
    let told = format!("{:?}", port.account(SITI).await);
    assert!(!asked.contains(SITI) && asked.contains(&id(1).to_string()), "{asked}");
    assert!(!told.contains("SITI"), "{told}");
}
