//! Every row of the contract, for a core over HTTP and for the embedded ledger.

use titian::transfer::{
    AccountDetails, AccountReply, CancelReply, Posting, PostingReply, PriorPosting, Refusal, Side,
};
use titian::values::{Amount, Currency, Institution, Name, Value};

use super::support::{BUDI, Folder, Port, SITI, id, partial_reversal, posting};

/// A command and its expected reply.
enum Step {
    Post(Posting, PostingReply),
    Cancel(u128, CancelReply),
}

/// A case: commands on a new ledger, then the balances of SITI and BUDI and the number of entries.
struct Case(&'static str, Vec<Step>, [u64; 2], u64);

fn cases() -> Vec<Case> {
    use PostingReply::{Barred, Conflict, Posted, Refused};
    use Step::{Cancel, Post};
    let debit = |minor| posting(1, Side::Debit, SITI, minor);
    let credit = |minor| posting(1, Side::Credit, BUDI, minor);
    let of = |number: &str, minor| posting(1, Side::Debit, number, minor);
    let cancelled = |prior| CancelReply::Cancelled(prior);
    let dollars = Posting { amount: Amount::new(1, Currency::new(840).unwrap()), ..debit(1) };
    let other = Posting { counterparty: Institution::from_ascii(b"002").unwrap(), ..debit(400) };
    let refused =
        |name, posting, refusal| Case(name, vec![Post(posting, Refused(refusal))], [100_000, 0], 0);
    vec![
        Case("201", vec![Post(debit(400), Posted)], [99_600, 0], 1),
        Case("201 credit", vec![Post(credit(400), Posted)], [100_000, 400], 1),
        Case("200", vec![Post(debit(400), Posted), Post(debit(400), Posted)], [99_600, 0], 1),
        Case("409", vec![Post(debit(400), Posted), Post(debit(401), Conflict)], [99_600, 0], 1),
        Case("409 bank", vec![Post(debit(400), Posted), Post(other, Conflict)], [99_600, 0], 1),
        Case("409 side", vec![Post(debit(4), Posted), Post(credit(4), Conflict)], [99_996, 0], 1),
        Case(
            "410",
            vec![Cancel(1, cancelled(PriorPosting::Absent)), Post(debit(400), Barred)],
            [100_000, 0],
            0,
        ),
        Case(
            "410 after a posting",
            vec![
                Post(debit(400), Posted),
                Cancel(1, cancelled(PriorPosting::Posted)),
                Post(debit(400), Barred),
                Post(debit(401), Barred),
                Cancel(1, cancelled(PriorPosting::Cancelled)),
            ],
            [100_000, 0],
            2,
        ),
        Case(
            "credit reversed",
            vec![Post(credit(400), Posted), Cancel(1, cancelled(PriorPosting::Posted))],
            [100_000, 0],
            2,
        ),
        Case(
            "credit spent before its reversal",
            vec![
                Post(credit(400), Posted),
                Post(posting(2, Side::Debit, BUDI, 1), Posted),
                Cancel(1, CancelReply::Refused),
                Cancel(1, CancelReply::Refused),
                Post(posting(3, Side::Credit, BUDI, 1), Posted),
                Cancel(1, cancelled(PriorPosting::Posted)),
            ],
            [100_000, 0],
            4,
        ),
        Case("whole balance", vec![Post(debit(100_000), Posted)], [0, 0], 1),
        Case(
            "422 insufficient funds stays refused",
            vec![
                Post(debit(100_001), Refused(Refusal::InsufficientFunds)),
                Post(posting(2, Side::Credit, SITI, 1), Posted),
                Post(debit(100_001), Refused(Refusal::InsufficientFunds)),
                Post(debit(100_000), Conflict),
                Cancel(1, cancelled(PriorPosting::Absent)),
                Post(debit(100_001), Barred),
                Cancel(1, cancelled(PriorPosting::Cancelled)),
            ],
            [100_001, 0],
            1,
        ),
        refused("422 unknown account", of("9", 1), Refusal::NoSuchAccount),
        refused("422 internal account", of("clearing/360", 1), Refusal::NoSuchAccount),
        refused("422 blocked", of("1000000003", 1), Refusal::InactiveAccount),
        refused("422 dormant", of("1000000004", 1), Refusal::InactiveAccount),
        refused("422 closed", of("1000000005", 1), Refusal::InactiveAccount),
        refused("422 too much", credit(u64::MAX), Refusal::Limit),
        refused("other currency", dollars, Refusal::Other),
    ]
}

fn partial_reversals() -> Vec<Case> {
    use PostingReply::{Barred, Conflict, Posted, Refused};
    use Step::{Cancel, Post};
    let debit = |minor| posting(1, Side::Debit, SITI, minor);
    let credit = |minor| posting(1, Side::Credit, BUDI, minor);
    let cancelled = |prior| CancelReply::Cancelled(prior);
    let refund = |number, minor| partial_reversal(number, 1, (Side::Credit, SITI), minor);
    let take_back = |number, minor| partial_reversal(number, 1, (Side::Debit, BUDI), minor);
    let no_original = Refused(Refusal::NoSuchOriginal);
    vec![
        Case(
            "a debit returned in parts, and the rest by its cancel",
            vec![
                Post(debit(400), Posted),
                Post(refund(2, 100), Posted),
                Post(refund(2, 100), Posted),
                Post(refund(2, 101), Conflict),
                Post(refund(3, 301), Refused(Refusal::AboveOriginal)),
                Post(refund(3, 301), Refused(Refusal::AboveOriginal)),
                Post(refund(4, 200), Posted),
                Cancel(1, cancelled(PriorPosting::Posted)),
                Post(refund(5, 1), Refused(Refusal::NoSuchOriginal)),
                Cancel(1, cancelled(PriorPosting::Cancelled)),
            ],
            [100_000, 0],
            4,
        ),
        Case(
            "a credit reversed as a whole in parts, and its cancel",
            vec![
                Post(credit(400), Posted),
                Post(take_back(2, 150), Posted),
                Post(take_back(3, 251), Refused(Refusal::AboveOriginal)),
                Post(take_back(4, 250), Posted),
                Cancel(1, cancelled(PriorPosting::Posted)),
            ],
            [100_000, 0],
            3,
        ),
        Case(
            "a part of a spent credit stays refused",
            vec![
                Post(credit(400), Posted),
                Post(posting(2, Side::Debit, BUDI, 300), Posted),
                Post(take_back(3, 101), Refused(Refusal::InsufficientFunds)),
                Post(take_back(4, 100), Posted),
                Post(take_back(3, 101), Refused(Refusal::InsufficientFunds)),
                Cancel(1, CancelReply::Refused),
            ],
            [100_000, 0],
            3,
        ),
        Case(
            "a cancelled part stands again",
            vec![
                Post(debit(400), Posted),
                Post(refund(2, 300), Posted),
                Cancel(2, cancelled(PriorPosting::Posted)),
                Post(refund(2, 300), Barred),
                Post(refund(3, 400), Posted),
            ],
            [100_000, 0],
            4,
        ),
        Case(
            "a part that is cancelled after its original moves no money",
            vec![
                Post(debit(400), Posted),
                Post(refund(2, 300), Posted),
                Cancel(1, cancelled(PriorPosting::Posted)),
                Cancel(2, cancelled(PriorPosting::Posted)),
                Cancel(2, cancelled(PriorPosting::Cancelled)),
            ],
            [100_000, 0],
            3,
        ),
        Case(
            "a part before its original, of a reversal, of the same side or of another account",
            vec![
                Post(refund(2, 1), Refused(Refusal::NoSuchOriginal)),
                Post(debit(400), Posted),
                Post(refund(2, 1), Refused(Refusal::NoSuchOriginal)),
                Post(refund(3, 100), Posted),
                Post(partial_reversal(4, 3, (Side::Debit, SITI), 1), no_original),
                Post(partial_reversal(5, 1, (Side::Debit, SITI), 1), no_original),
                Post(partial_reversal(6, 1, (Side::Credit, BUDI), 1), no_original),
                Cancel(7, cancelled(PriorPosting::Absent)),
                Post(refund(7, 1), Barred),
            ],
            [99_700, 0],
            2,
        ),
    ]
}

fn active(name: &str, minor: u64) -> AccountReply {
    let balance = Some(Amount::new(minor, Currency::IDR));
    AccountReply::Active(AccountDetails { holder: Name::new(name), balance })
}

async fn check(folder: &Folder, port: &mut Port, case: &Case) {
    let Case(name, steps, [siti, budi], entries) = case;
    for (step, at) in steps.iter().zip(0..) {
        match step {
            Step::Post(posting, reply) => {
                assert_eq!(port.post(posting).await, *reply, "{name}: {at}");
            }
            Step::Cancel(number, reply) => {
                assert_eq!(port.cancel(*number).await, *reply, "{name}: {at}");
            }
        }
    }
    assert_eq!(port.account(SITI).await, active("SITI RAHAYU", *siti), "{name}");
    assert_eq!(port.account(BUDI).await, active("BUDI, PT", *budi), "{name}");
    let books = folder.books();
    let counts = [books.debited, books.refunded, books.credited, books.credits_reversed];
    assert_eq!(counts.map(|total| total.count).iter().sum::<u64>(), *entries, "{name}: {books:?}");
}

#[tokio::test]
async fn the_embedded_ledger_meets_the_contract() {
    for case in cases().into_iter().chain(partial_reversals()) {
        let folder = Folder::new();
        let mut port = folder.port();
        check(&folder, &mut port, &case).await;
        port.close().await;
    }
}

#[tokio::test]
async fn a_core_over_http_meets_the_contract() {
    for case in cases().into_iter().chain(partial_reversals()) {
        // These commands have no valid HTTP body, so the core refuses the request and the reply is unknown.
        if case.0 == "other currency" || case.0 == "422 too much" {
            continue;
        }
        let folder = Folder::new();
        let (core, mut port) = folder.over_http().await;
        check(&folder, &mut port, &case).await;
        port.close().await;
        core.close().await;
    }
}

#[tokio::test]
async fn an_account_inquiry_replies_active_inactive_or_unknown_account() {
    let folder = Folder::new();
    let mut embedded = folder.port();
    let mut replies = Vec::new();
    let numbers = [SITI, "1000000003", "1000000004", "1000000005", "9", "a/../b?#%"];
    for number in numbers {
        replies.push(embedded.account(number).await);
    }
    embedded.close().await;
    let inactive = AccountReply::Refused(Refusal::InactiveAccount);
    let none = AccountReply::Refused(Refusal::NoSuchAccount);
    let expected = [&active("SITI RAHAYU", 100_000), &inactive, &inactive, &inactive, &none, &none];
    assert_eq!(replies.iter().collect::<Vec<_>>(), expected);
    let (core, mut port) = folder.over_http().await;
    for (number, reply) in numbers.iter().zip(replies) {
        assert_eq!(port.account(number).await, reply, "{number}");
    }
    port.close().await;
    core.close().await;
}

#[tokio::test]
async fn debug_output_shows_no_account_number_or_name() {
    let folder = Folder::new();
    let mut port = folder.port();
    let command =
        format!("{:?}", titian::core_banking::CoreCommand::Post(posting(1, Side::Debit, SITI, 1)));
    let reply = format!("{:?}", port.account(SITI).await);
    assert!(!command.contains(SITI) && command.contains(&id(1).to_string()), "{command}");
    assert!(!reply.contains("SITI"), "{reply}");
}
