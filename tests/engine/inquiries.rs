//! Inquiries: repeated within their tries, answered once, limited in number, and dropped at a restart.

use std::sync::Arc;
use std::time::Duration;

use titian::engine::{Engine, Event, NotAdmitted, Output};
use titian::transfer::{
    AccountDetails, AccountReply, Alert, Effect, Inquiry, InquiryInput, InquiryOutcome, Refusal,
    ResponseFields, Rules, SendStatus, TraceNumbers,
};
use titian::values::{
    AccountNumber, Direction, Institution, Moment, Name, ProcessingCode, TransferId, Value,
};

use super::rules::{amount, code, details, response_fields, reversing};
use super::{NOW, commit, engine, engine_with};

fn inquiry(id: u128) -> Inquiry {
    Inquiry {
        id: TransferId(id),
        kind: ProcessingCode::from_ascii(b"391000").unwrap(),
        from: AccountNumber::from_ascii(b"1234567890").unwrap(),
        account: AccountNumber::from_ascii(b"9876543210").unwrap(),
        counterparty: Institution::from_ascii(b"014").unwrap(),
        amount: amount(12_500_000),
        details: Arc::new(details()),
    }
}

fn budi() -> AccountDetails {
    AccountDetails { holder: Name::new("Budi Santoso"), balance: None }
}

fn response_event(trace: TraceNumbers, response: ResponseFields) -> Event {
    Event::InquiryResponse { trace, response, account: budi() }
}

/// Returns the trace numbers of the inquiry to the switch.
fn sent_trace(outputs: &[Output]) -> TraceNumbers {
    let [Output::SendInquiry(_, trace)] = outputs[..] else { panic!("{outputs:?}") };
    trace
}

#[test]
fn a_channel_gets_the_name_once_from_either_of_two_messages() {
    let mut engine = engine(10, 10);
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
    let first = sent_trace(&commit(&mut engine).0);
    let not_sent = InquiryInput::Send(SendStatus::NotSent);
    engine.handle_event(Event::InquiryInput(TransferId(1), not_sent), NOW);
    let second = sent_trace(&commit(&mut engine).0);
    assert_ne!(first, second, "another message with other trace numbers");

    engine.handle_event(response_event(first, response_fields("00")), NOW);
    engine.handle_event(response_event(second, response_fields("00")), NOW);
    let outcome = InquiryOutcome::Approved(code("00"), budi());
    let ended = Output::InquiryEnded(TransferId(1), Direction::Outbound, outcome);
    assert_eq!(commit(&mut engine).0, [ended, Output::LateInquiryResponse(second, code("00"))]);
    assert_eq!((engine.open_inquiries(), engine.next_deadline()), (0, None));
}

#[test]
fn a_response_is_matched_by_the_trace_numbers_on_the_wire() {
    let mut engine = engine(10, 10);
    let now = Moment::from_millis(NOW.millis() + 5_123);
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), now);
    let trace = sent_trace(&commit(&mut engine).0);
    // The wire carries no millisecond, and the responder may have another business date.
    let at = Moment::from_millis(trace.transmitted_at.seconds() * 1000);
    assert_ne!(at, trace.transmitted_at);
    let echoed =
        TraceNumbers { transmitted_at: at, settlement_date: trace.settlement_date.next(), ..trace };
    engine.handle_event(response_event(echoed, response_fields("00")), now);
    let outcome = InquiryOutcome::Approved(code("00"), budi());
    assert_eq!(
        commit(&mut engine).0,
        [Output::InquiryEnded(TransferId(1), Direction::Outbound, outcome)]
    );
}

#[test]
fn a_response_for_another_amount_is_not_accepted() {
    let mut engine = engine(10, 10);
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
    let trace = sent_trace(&commit(&mut engine).0);
    let other = ResponseFields { amount: Some(amount(1)), ..response_fields("00") };
    engine.handle_event(response_event(trace, other), NOW);
    let alert = Output::Effect(Effect::Alert(TransferId(1), Alert::Mismatch));
    assert_eq!(commit(&mut engine).0, [alert]);
    engine.handle_event(response_event(trace, response_fields("51")), NOW);
    let ended = Output::InquiryEnded(
        TransferId(1),
        Direction::Outbound,
        InquiryOutcome::Declined(code("51")),
    );
    assert_eq!(commit(&mut engine).0, [ended]);
}

/// The rules of a network: an inquiry has 4 s for a response, and 30 s in all.
fn patient() -> Rules {
    let [inquiry_response, response_timeout] = [4, 30].map(Duration::from_secs);
    Rules { inquiry_response, response_timeout, ..reversing() }
}

fn after(seconds: u64) -> Moment {
    NOW.after(Duration::from_secs(seconds))
}

#[test]
fn a_lost_inquiry_is_sent_again_and_a_response_to_either_message_counts() {
    for is_first_late in [true, false] {
        let mut engine = engine_with(patient(), 10, 10);
        engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
        let first = sent_trace(&commit(&mut engine).0);
        assert_eq!(engine.next_deadline(), Some(after(4)));
        engine.handle_deadline(after(3));
        assert!(commit(&mut engine).0.is_empty(), "the response may still come");
        engine.handle_deadline(after(4));
        let second = sent_trace(&commit(&mut engine).0);
        assert_ne!((first.stan, first.rrn), (second.stan, second.rrn), "new trace numbers");
        assert_eq!(engine.next_deadline(), Some(after(30)), "the last try waits for its response");
        let answered = if is_first_late { first } else { second };
        engine.handle_event(response_event(answered, response_fields("00")), after(9));
        let outcome = InquiryOutcome::Approved(code("00"), budi());
        let ended = Output::InquiryEnded(TransferId(1), Direction::Outbound, outcome);
        assert_eq!(commit(&mut engine).0, [ended]);
    }
}

#[test]
fn an_inquiry_waits_while_one_of_its_messages_may_be_answered() {
    let lost = |engine: &mut Engine| {
        let lost = InquiryInput::Send(SendStatus::Lost);
        engine.handle_event(Event::InquiryInput(TransferId(1), lost), after(5));
        commit(engine).0
    };
    let mut engine = engine_with(patient(), 10, 10);
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
    commit(&mut engine);
    engine.handle_deadline(after(4));
    sent_trace(&commit(&mut engine).0);
    assert!(lost(&mut engine).is_empty(), "the connection of the first message broke");
    assert_eq!(engine.open_inquiries(), 1);
    let ended =
        Output::InquiryEnded(TransferId(1), Direction::Outbound, InquiryOutcome::NoResponse);
    assert_eq!(lost(&mut engine), [ended], "and that of the second");
}

#[test]
fn a_channel_gets_no_answer_after_the_response_timeout() {
    let mut engine = engine_with(patient(), 10, 10);
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
    sent_trace(&commit(&mut engine).0);
    engine.handle_deadline(after(4));
    sent_trace(&commit(&mut engine).0);
    engine.handle_deadline(after(29));
    assert!(commit(&mut engine).0.is_empty(), "before the deadline");
    engine.handle_deadline(after(30));
    let ended =
        Output::InquiryEnded(TransferId(1), Direction::Outbound, InquiryOutcome::NoResponse);
    assert_eq!(commit(&mut engine).0, [ended], "the response timeout ends the inquiry");
}

#[test]
fn the_switch_gets_the_account_details_of_core() {
    let mut engine = engine(10, 10);
    let mut responses_to = |reply: AccountReply| {
        engine.handle_event(Event::Inquiry(inquiry(1), Direction::Inbound), NOW);
        let outputs = commit(&mut engine).0;
        assert!(matches!(outputs[..], [Output::RequestAccount(TransferId(1), _)]), "{outputs:?}");
        engine.handle_event(Event::InquiryInput(TransferId(1), InquiryInput::Core(reply)), NOW);
        commit(&mut engine).0
    };
    let ended = |outcome| [Output::InquiryEnded(TransferId(1), Direction::Inbound, outcome)];
    let cases = [
        (AccountReply::Active(budi()), InquiryOutcome::Approved(code("00"), budi())),
        (AccountReply::Refused(Refusal::NoSuchAccount), InquiryOutcome::Declined(code("14"))),
    ];
    for (reply, outcome) in cases {
        assert_eq!(responses_to(reply), ended(outcome));
    }
    assert!(responses_to(AccountReply::Unknown).is_empty(), "the request to core is repeated");
    let repeat_at = engine.next_deadline().unwrap();
    engine.handle_deadline(repeat_at);
    assert!(matches!(commit(&mut engine).0[..], [Output::RequestAccount(..)]));
    engine.handle_deadline(repeat_at.after(Duration::from_secs(1)));
    assert_eq!(
        commit(&mut engine).0,
        ended(InquiryOutcome::Declined(code("68"))),
        "and then the inquiry ends"
    );
}

#[test]
fn at_the_limit_and_when_draining_no_inquiry_is_sent() {
    let mut engine = engine(10, 10);
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
    commit(&mut engine);
    engine.handle_event(Event::Inquiry(inquiry(2), Direction::Outbound), NOW);
    engine.handle_event(Event::Inquiry(inquiry(3), Direction::Inbound), NOW);
    engine.drain();
    engine.handle_event(Event::Inquiry(inquiry(4), Direction::Outbound), NOW);
    let declined = InquiryOutcome::Declined(code("68"));
    assert_eq!(
        commit(&mut engine).0,
        [
            Output::NotAdmitted(TransferId(2), NotAdmitted::Full),
            Output::InquiryEnded(TransferId(3), Direction::Inbound, declined),
            Output::NotAdmitted(TransferId(4), NotAdmitted::Draining),
        ]
    );
}
