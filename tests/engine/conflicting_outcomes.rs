//! A conflicting outcome always raises an alert, and a manual resolution can correct the transfer.

use std::sync::Arc;
use std::time::Duration;

use titian::engine::{Engine, Event, Output, TransferInput};
use titian::transfer::{
    Alert, CancelReply, Effect, FundedRequest, InboundInput, InboundRequest, InboundResponse,
    MessageKind, OutboundInput, PostingReply, PriorPosting, ResolutionOutcome, SendStatus,
};
use titian::values::{Currency, IdempotencyKey, KeyReservation, RequestFingerprint, TransferId};

use super::rules::{amount, code, holding, request, resolution, response_fields, reversing};
use super::{LATER, NOW, commit, engine_with, outbound_input, reversal_event, sent, state};

fn resolve(outcome: ResolutionOutcome) -> OutboundInput {
    OutboundInput::Resolve(resolution(outcome))
}

/// Commits the open batch. Returns the alerts that it raises.
fn alerts(engine: &mut Engine) -> Vec<Alert> {
    let alert = |output: Output| match output {
        Output::Effect(Effect::Alert(_, alert)) => Some(alert),
        _ => None,
    };
    commit(engine).0.into_iter().filter_map(alert).collect()
}

fn response_event(funded: &FundedRequest, kind: MessageKind, code: &str) -> Event {
    Event::Response {
        transfer_id: None,
        trace: funded.trace(),
        kind,
        response: response_fields(code),
    }
}

/// Returns a transfer that a manual resolution is refunding, on a network without reversals.
fn refunded_on_hold() -> (Engine, FundedRequest) {
    let mut engine = engine_with(holding(), 10, 10);
    let (funded, _) = sent(&mut engine, 1);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    for tick in 0..4 {
        engine.handle_deadline(LATER.after(Duration::from_secs(tick)));
        commit(&mut engine);
    }
    assert_eq!(state(&engine, 1), "exception_undecided");
    engine.handle_event(outbound_input(1, resolve(ResolutionOutcome::Refunded)), LATER);
    commit(&mut engine);
    (engine, funded)
}

#[test]
fn a_reversal_confirmed_after_a_manual_settlement_raises_an_alert() {
    let mut engine = engine_with(reversing(), 10, 10);
    sent(&mut engine, 1);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    engine.handle_deadline(NOW);
    commit(&mut engine);
    for _ in 0..2 {
        engine.handle_event(
            outbound_input(1, OutboundInput::ReversalResponse(super::rules::response("25"))),
            NOW,
        );
    }
    assert_eq!(alerts(&mut engine), [Alert::Exception]);
    engine.handle_event(outbound_input(1, resolve(ResolutionOutcome::Settled)), NOW);
    commit(&mut engine);
    engine.handle_event(
        outbound_input(1, OutboundInput::ReversalResponse(super::rules::response("00"))),
        NOW,
    );
    assert_eq!(alerts(&mut engine), [Alert::ConflictingOutcome]);
    assert_eq!((state(&engine, 1), engine.open_transfers()), ("conflict_settled_but_reversed", 1));
    engine.handle_event(outbound_input(1, resolve(ResolutionOutcome::Refunded)), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "refunding");
}

#[test]
fn an_approval_after_a_refund_raises_an_alert_from_any_source() {
    let approvals = |funded: &FundedRequest| {
        [
            response_event(funded, MessageKind::StatusInquiry, "00"),
            response_event(funded, MessageKind::Request, "00"),
            outbound_input(1, OutboundInput::Settlement { settled: true }),
        ]
    };
    for nth in 0..3 {
        let (mut engine, funded) = refunded_on_hold();
        engine.handle_event(approvals(&funded)[nth].clone(), LATER);
        assert_eq!(alerts(&mut engine), [Alert::ConflictingOutcome], "while the refund is open");
        assert_eq!(state(&engine, 1), "conflict_refunding_but_settled");

        let (mut engine, funded) = refunded_on_hold();
        engine.handle_event(
            outbound_input(1, OutboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Posted))),
            LATER,
        );
        commit(&mut engine);
        engine.handle_event(approvals(&funded)[nth].clone(), LATER);
        assert_eq!(alerts(&mut engine), [Alert::ConflictingOutcome], "after the refund");
        engine.handle_event(outbound_input(1, resolve(ResolutionOutcome::WrittenOff)), LATER);
        commit(&mut engine);
        let sums = engine.books().outbound.sums(Currency::IDR);
        assert_eq!((state(&engine, 1), sums.written_off), ("paid_twice", 12_500_000));
        assert!(sums.is_balanced());
    }
}

#[test]
fn a_declined_status_inquiry_does_not_decide_the_transfer() {
    let mut engine = engine_with(holding(), 10, 10);
    let (funded, _) = sent(&mut engine, 1);
    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    engine.handle_deadline(NOW);
    commit(&mut engine);
    engine.handle_event(response_event(&funded, MessageKind::StatusInquiry, "30"), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "inquiring");
    engine.handle_event(response_event(&funded, MessageKind::StatusInquiry, "51"), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 1), "refunding");
}

#[test]
fn an_unconfirmed_cancel_raises_one_alert_and_a_manual_resolution_ends_it() {
    let mut engine = engine_with(reversing(), 10, 10);
    let (funded, _) = sent(&mut engine, 1);
    engine.handle_event(response_event(&funded, MessageKind::Request, "51"), NOW);
    commit(&mut engine);
    let mut now = NOW;
    let mut raised = Vec::new();
    while raised.is_empty() {
        now = engine.next_deadline().unwrap().max(now.after(Duration::from_millis(1)));
        engine.handle_deadline(now);
        raised = alerts(&mut engine);
    }
    assert_eq!(raised, [Alert::Exception]);
    assert_eq!(engine.exceptions().collect::<Vec<_>>(), [TransferId(1)]);
    let due =
        engine.transfer(TransferId(1)).and_then(|transfer| transfer.properties().due()).unwrap();
    assert_eq!(due.since(now), Duration::from_hours(1), "the cancel is repeated slowly");
    engine.handle_deadline(due);
    assert_eq!(alerts(&mut engine), [], "only one alert");
    engine.handle_event(outbound_input(1, OutboundInput::Cancel(CancelReply::Refused)), now);
    assert_eq!(alerts(&mut engine), [Alert::Exception], "core refuses the cancel");
    engine.handle_event(outbound_input(1, resolve(ResolutionOutcome::PostedByHand)), now);
    commit(&mut engine);
    assert_eq!((state(&engine, 1), engine.open_transfers()), ("refunded", 0));
    assert_eq!(engine.exceptions().len(), 0);
}

#[test]
fn a_refused_cancel_is_an_exception_until_core_confirms_it() {
    let outbound = |input| outbound_input(1, input);
    let mut engine = engine_with(reversing(), 10, 10);
    let (funded, _) = sent(&mut engine, 1);
    engine.handle_event(response_event(&funded, MessageKind::Request, "51"), NOW);
    commit(&mut engine);
    for _ in 0..2 {
        engine.handle_event(outbound(OutboundInput::Cancel(CancelReply::Refused)), NOW);
        assert_eq!(alerts(&mut engine), [Alert::Exception]);
        assert_eq!(engine.exceptions().collect::<Vec<_>>(), [TransferId(1)]);
    }
    let confirmed = CancelReply::Cancelled(PriorPosting::Posted);
    engine.handle_event(outbound(OutboundInput::Cancel(confirmed)), NOW);
    commit(&mut engine);
    assert_eq!((state(&engine, 1), engine.exceptions().len()), ("refunded", 0));

    let mut engine = credited();
    let reversal = InboundRequest { id: TransferId(10), ..request() };
    engine.handle_event(reversal_event(&reversal, 3), NOW);
    commit(&mut engine);
    let inbound = |input| Event::Transfer(TransferId(8), TransferInput::Inbound(input));
    engine.handle_event(inbound(InboundInput::Cancel(CancelReply::Refused)), NOW);
    assert_eq!(alerts(&mut engine), [Alert::Exception]);
    assert_eq!(engine.exceptions().collect::<Vec<_>>(), [TransferId(8)]);
    engine.handle_event(inbound(InboundInput::Cancel(confirmed)), NOW);
    commit(&mut engine);
    assert_eq!((state(&engine, 8), engine.exceptions().len()), ("reversed", 0));
}

/// Returns an inbound transfer that core has posted.
fn credited() -> Engine {
    let mut engine = engine_with(reversing(), 10, 10);
    engine.handle_event(
        Event::InboundRequest { request: Arc::new(request()), key: IdempotencyKey(3) },
        NOW,
    );
    commit(&mut engine);
    let posted = InboundInput::Posting(PostingReply::Posted);
    engine.handle_event(Event::Transfer(TransferId(8), TransferInput::Inbound(posted)), NOW);
    commit(&mut engine);
    engine
}

#[test]
fn a_request_with_the_same_trace_numbers_and_another_amount_is_not_approved() {
    let mut engine = credited();
    let other = InboundRequest { id: TransferId(9), amount: amount(1), ..request() };
    engine.handle_event(
        Event::InboundRequest { request: Arc::new(other), key: IdempotencyKey(3) },
        NOW,
    );
    let id = TransferId(8);
    let reply = InboundResponse {
        id,
        message_id: TransferId(9),
        message: MessageKind::Request,
        code: code("13"),
    };
    let outputs = commit(&mut engine).0;
    let raised = Output::Effect(Effect::Alert(id, Alert::Mismatch));
    assert_eq!(outputs, [raised, Output::Effect(Effect::Respond(reply))]);
}

#[test]
fn an_impossible_core_reply_raises_an_alert() {
    let inputs = [
        InboundInput::Posting(PostingReply::Conflict),
        InboundInput::Posting(PostingReply::Barred),
    ];
    for input in inputs {
        let mut engine = credited();
        engine.handle_event(Event::Transfer(TransferId(8), TransferInput::Inbound(input)), NOW);
        assert_eq!(alerts(&mut engine), [Alert::CoreDiffers]);
    }
    let mut engine = credited();
    let reversal = InboundRequest { id: TransferId(10), ..request() };
    engine.handle_event(reversal_event(&reversal, 3), NOW);
    commit(&mut engine);
    let absent = InboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Absent));
    engine.handle_event(Event::Transfer(TransferId(8), TransferInput::Inbound(absent)), NOW);
    assert_eq!(alerts(&mut engine), [Alert::CoreDiffers], "core had replied that it posted");
    let wrong_direction = TransferInput::Outbound(OutboundInput::Due);
    engine.handle_event(Event::Transfer(TransferId(8), wrong_direction), NOW);
    assert_eq!(alerts(&mut engine), [Alert::InternalError], "an input of the other direction");
}

#[test]
fn a_reversal_of_a_duplicate_in_an_open_commit_waits_for_the_journal() {
    let mut engine = engine_with(reversing(), 10, 10);
    engine.handle_event(
        Event::InboundRequest { request: Arc::new(request()), key: IdempotencyKey(3) },
        NOW,
    );
    let number = engine.poll_batch(NOW).unwrap().number;
    let reversal = reversal_event(&InboundRequest { id: TransferId(9), ..request() }, 3);
    engine.handle_event(reversal.clone(), NOW);
    let earlier = KeyReservation {
        key: IdempotencyKey(3),
        fingerprint: RequestFingerprint(0),
        id: TransferId(1),
    };
    engine.handle_commit(number, &[earlier]);
    let (outputs, _) = commit(&mut engine);
    let is_lookup = |output: &Output| matches!(output, Output::JournalLookup(_, _, event) if **event == reversal);
    assert!(outputs.iter().any(is_lookup), "{outputs:?}");
}
