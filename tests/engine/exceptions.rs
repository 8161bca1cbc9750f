//! Exceptions: their list, their way out by the switch or by hand, and a retry on demand.

use std::sync::Arc;
use std::time::Duration;

use titian::engine::{
    Engine, Event, ExceptionView, Output, PostingCoreReply, RecordedFact, ResolutionRefusal,
    RetryRefusal, TransferInput,
};
use titian::transfer::{
    AfterUnknown, Backoff, CancelReply, Effect, InboundInput, InboundMessage, OutboundInput,
    PartCancel, PostingReply, PriorPosting, Refusal, ResolutionOutcome, ReversalMessage, Rules,
    SendStatus,
};
use titian::values::{IdempotencyKey, Moment, TransferId};

use super::rules::{CORE, amount, holding, request, resolution, response, reversing};
use super::{NOW, commit, engine_with, identity, outbound_input, sent, state};

const ID: TransferId = TransferId(1);
const PART: TransferId = TransferId(70);

/// A network without reversals, with real pauses.
fn holding_with(first: Duration) -> Rules {
    let mut rules = holding();
    if let AfterUnknown::Hold(inquiries) = &mut rules.after_unknown {
        let longest = Duration::from_hours(24);
        inquiries.exception_repeats = Backoff { first, longest, jitter_percent: 0 };
    }
    rules
}

fn views(engine: &Engine) -> Vec<ExceptionView> {
    engine.exception_views().collect()
}

fn due(engine: &Engine, id: TransferId) -> Moment {
    engine.transfer(id).and_then(|transfer| transfer.properties().due()).unwrap()
}

/// Runs to the next deadline of a transfer. Returns its time, the outputs and the facts.
fn next(engine: &mut Engine, id: TransferId) -> (Moment, Vec<Output>, Vec<RecordedFact>) {
    let at = due(engine, id);
    engine.handle_deadline(at);
    let (outputs, records) = commit(engine);
    (at, outputs, records)
}

fn has_inquiry(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Effect(Effect::SendStatusInquiry(_))))
}

/// Takes a transfer to the state `exception_undecided`. Returns its facts, and when it became an exception.
fn undecided(rules: Rules) -> (Engine, Vec<RecordedFact>, Moment) {
    let mut engine = engine_with(rules, 10, 10);
    let (_, mut records) = sent(&mut engine, 1);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    records.extend(commit(&mut engine).1);
    loop {
        let (at, outputs, more) = next(&mut engine, ID);
        records.extend(more);
        assert!(has_inquiry(&outputs), "{outputs:?}");
        if state(&engine, 1) == "exception_undecided" {
            return (engine, records, at);
        }
    }
}

#[test]
fn status_inquiries_of_an_exception_go_on_until_one_decides() {
    let (mut engine, _, since) = undecided(holding_with(Duration::from_mins(10)));
    assert_eq!(engine.exceptions().collect::<Vec<_>>(), [ID]);
    let mut pauses = Vec::new();
    let mut before = since;
    for _ in 0..11 {
        let (at, outputs, _) = next(&mut engine, ID);
        assert!(has_inquiry(&outputs), "{outputs:?}");
        pauses.push(at.since(before).as_secs() / 60);
        before = at;
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]);
    let unknown = OutboundInput::StatusResponse(response("68"));
    engine.handle_event(outbound_input(1, unknown), before);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "exception_undecided");
    engine.handle_event(outbound_input(1, OutboundInput::StatusResponse(response("00"))), before);
    commit(&mut engine);
    assert_eq!((state(&engine, 1), engine.exceptions().len()), ("settled", 0));
}

#[test]
fn a_restart_keeps_pause_and_age_of_an_exception_and_a_reload_changes_the_pauses() {
    let (mut engine, mut records, since) = undecided(holding_with(Duration::from_mins(10)));
    for _ in 0..2 {
        records.extend(next(&mut engine, ID).2);
    }
    let (view, at) = (views(&engine), due(&engine, ID));
    let mut engine = engine_with(holding_with(Duration::from_mins(10)), 10, 10);
    engine.restore(&records, Some(identity(1, 1))).unwrap();
    engine.resume(at);
    commit(&mut engine);
    assert_eq!((views(&engine), due(&engine, ID)), (view.clone(), at));
    assert_eq!((view[0].since, view[0].cause), (since, "outcome_undecided"));
    engine.reconfigure(
        Arc::new(holding_with(Duration::from_mins(1))),
        CORE.clone(),
        super::engine_limits(10, 10),
    );
    next(&mut engine, ID);
    assert_eq!(due(&engine, ID).since(at), Duration::from_mins(8), "the fourth pause");
    assert_eq!(views(&engine), view, "an inquiry does not change the version of the state");
}

#[test]
fn an_exception_of_a_profile_that_now_has_reversals_is_not_dropped() {
    let (mut engine, ..) = undecided(holding());
    engine.reconfigure(Arc::new(reversing()), CORE.clone(), super::engine_limits(10, 10));
    let (_, outputs, _) = next(&mut engine, ID);
    assert!(has_inquiry(&outputs), "{outputs:?}");
    assert_eq!(state(&engine, 1), "exception_undecided");
}

#[test]
fn a_resolution_that_is_not_possible_is_refused_and_leaves_no_fact() {
    let (mut engine, ..) = undecided(holding());
    let version = views(&engine)[0].state_version;
    let written_off = resolution(ResolutionOutcome::WrittenOff);
    let not_possible = ResolutionRefusal::NotPossible {
        id: ID,
        state: "exception_undecided",
        outcome: "written_off",
    };
    let refused = engine.resolve(ID, written_off.clone(), Some(version), NOW);
    assert_eq!(refused, Err(not_possible));
    engine.handle_event(outbound_input(1, OutboundInput::Resolve(written_off.clone())), NOW);
    let (outputs, records) = commit(&mut engine);
    assert_eq!((outputs, records), (vec![Output::ResolutionRefused(not_possible)], Vec::new()));
    let unknown = engine.resolve(TransferId(2), written_off, None, NOW);
    assert_eq!(unknown, Err(ResolutionRefusal::NotOpen(TransferId(2))));

    let refunded = || resolution(ResolutionOutcome::Refunded);
    let changed = engine.resolve(ID, refunded(), Some(version + 1), NOW);
    assert_eq!(changed, Err(ResolutionRefusal::Changed { id: ID, state: "exception_undecided" }));
    assert_eq!(engine.resolve(ID, refunded(), Some(version), NOW), Ok(()));
    assert_eq!(state(&engine, 1), "refunding");
    let again = engine.resolve(ID, refunded(), Some(version), NOW);
    assert!(matches!(again, Err(ResolutionRefusal::Changed { .. })), "the replayed approval");
}

#[test]
fn a_retry_sends_the_next_repeat_now() {
    let (mut engine, _, since) = undecided(holding_with(Duration::from_hours(5)));
    let soon = since.after(Duration::from_mins(1));
    engine.handle_deadline(soon);
    assert!(!has_inquiry(&commit(&mut engine).0));
    assert_eq!(engine.retry_now(ID, soon), Ok(()));
    engine.handle_deadline(soon);
    assert!(has_inquiry(&commit(&mut engine).0));
    assert_eq!(due(&engine, ID).since(soon), Duration::from_hours(10));

    let mut engine = engine_with(reversing(), 10, 10);
    sent(&mut engine, 1);
    let refusal = RetryRefusal::NothingToRepeat { id: ID, state: "sent" };
    assert_eq!(engine.retry_now(ID, NOW), Err(refusal), "it waits for its response");
    assert_eq!(engine.retry_now(TransferId(2), NOW), Err(RetryRefusal::NotOpen(TransferId(2))));
}

/// Returns an inbound transfer whose partial reversal core refused.
fn part_refused() -> Engine {
    let mut engine = engine_with(reversing(), 10, 10);
    let inbound = |input| Event::Transfer(TransferId(8), TransferInput::Inbound(input));
    engine.handle_event(
        Event::InboundRequest { request: Arc::new(request()), key: IdempotencyKey(3) },
        NOW,
    );
    commit(&mut engine);
    engine.handle_event(inbound(InboundInput::Posting(PostingReply::Posted)), NOW);
    commit(&mut engine);
    let message = InboundMessage { id: PART, ..InboundMessage::from(&request()) };
    let key = IdempotencyKey(91);
    let part = ReversalMessage { message, key, actual: Some(amount(5_000_000)) };
    engine.handle_event(inbound(InboundInput::Reversal(part)), NOW);
    commit(&mut engine);
    let refused = PostingReply::Refused(Refusal::InsufficientFunds);
    engine.handle_event(inbound(InboundInput::PartialReversal(refused)), NOW);
    commit(&mut engine);
    assert_eq!(views(&engine)[0].cause, "part_unconfirmed");
    engine
}

/// Core posts the part after all, although the bank has returned it by hand: the posting of core must not stay.
#[test]
fn a_part_that_was_returned_by_hand_is_not_returned_again() {
    let id = TransferId(8);
    let cancel =
        Output::Effect(Effect::CancelPart(PartCancel { posting_id: PART, transfer_id: id }));
    for is_late in [false, true] {
        let mut engine = part_refused();
        engine.resolve(id, resolution(ResolutionOutcome::PostedByHand), None, NOW).unwrap();
        assert!(commit(&mut engine).0.contains(&cancel));
        if is_late {
            let reply = PostingCoreReply::PartialReversal(PostingReply::Posted);
            engine.handle_event(Event::Core(id, reply), NOW);
            commit(&mut engine);
            assert_eq!(state(&engine, 8), "cancelling_part", "core has the posting that must go");
        }
        let (_, outputs, _) = next(&mut engine, id);
        assert!(outputs.contains(&cancel), "until core confirms it: {outputs:?}");
        let prior = if is_late { PriorPosting::Posted } else { PriorPosting::Absent };
        let reply = PostingCoreReply::PartCancel(CancelReply::Cancelled(prior));
        engine.handle_event(Event::Core(id, reply), NOW);
        commit(&mut engine);
        assert_eq!((state(&engine, 8), engine.open_transfers()), ("partially_reversed", 0));
        let sums = engine.books().inbound.sums(amount(1).currency());
        assert_eq!((sums.settled, sums.refunded, sums.written_off), (5_000_000, 7_500_000, 0));
    }
}

#[test]
fn a_part_that_is_written_off_shows_in_the_books_as_a_loss() {
    let id = TransferId(8);
    let mut engine = part_refused();
    engine.resolve(id, resolution(ResolutionOutcome::WrittenOff), None, NOW).unwrap();
    commit(&mut engine);
    let reply = PostingCoreReply::PartCancel(CancelReply::Cancelled(PriorPosting::Absent));
    engine.handle_event(Event::Core(id, reply), NOW);
    commit(&mut engine);
    assert_eq!((state(&engine, 8), engine.open_transfers()), ("part_written_off", 0));
    let sums = engine.books().inbound.sums(amount(1).currency());
    assert!(sums.is_balanced());
    assert_eq!((sums.settled, sums.refunded, sums.written_off), (12_500_000, 7_500_000, 7_500_000));
}

#[test]
fn a_second_refund_by_core_after_one_by_hand_raises_an_alert() {
    let (mut engine, ..) = undecided(holding());
    engine.resolve(ID, resolution(ResolutionOutcome::PostedByHand), None, NOW).unwrap();
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "refunded");
    let reply = PostingCoreReply::Cancel(CancelReply::Cancelled(PriorPosting::Posted));
    engine.handle_event(Event::Core(ID, reply), NOW);
    let (outputs, _) = commit(&mut engine);
    let alert = Effect::Alert(ID, titian::transfer::Alert::CoreDiffers);
    assert_eq!(outputs, [Output::Effect(alert)]);
}
