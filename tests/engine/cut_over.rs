//! Cut-overs: a new business date is durable before the switch gets its answer, and the next transfers have it.

use titian::engine::{CutOverOutcome, CutOverRequest, Engine, Event, Output};
use titian::transfer::{Effect, OutboundInput, PostingReply};
use titian::values::{Date, MonthDay, TransferId, Value};

use super::{NOW, commit, engine, order_event, outbound_input};

fn date(text: &str) -> Date {
    Date::from_ascii(text.as_bytes()).unwrap()
}

fn announce(engine: &mut Engine, id: u128, day: Option<&str>) {
    let day = day.and_then(|day| MonthDay::from_ascii(day.as_bytes()));
    let request = CutOverRequest { id: TransferId(id), day, today: date("2026-11-24") };
    engine.handle_event(Event::CutOver(request), NOW);
}

fn outcome(id: u128, outcome: CutOverOutcome) -> Output {
    Output::CutOver(TransferId(id), outcome)
}

/// Returns the business date of the request of a new transfer.
fn settlement_date_of(engine: &mut Engine, id: u128) -> String {
    engine.handle_event(order_event(id, id, 1), NOW);
    commit(engine);
    engine.handle_event(outbound_input(id, OutboundInput::Posting(PostingReply::Posted)), NOW);
    match &commit(engine).0[..] {
        [Output::Effect(Effect::SendRequest(request))] => {
            request.trace().settlement_date.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cut_over_is_answered_when_the_new_date_is_durable() {
    let mut engine = engine(10, 10);
    announce(&mut engine, 1, Some("1125"));
    assert_eq!(engine.poll_output(), None, "decided only");
    let batch = engine.poll_batch(NOW).unwrap();
    let (number, watermark) = (batch.number, batch.watermark.unwrap());
    assert_eq!(watermark.settlement_date, date("2026-11-25"));
    assert_eq!(watermark.previous_settlement_date, date("2026-11-24"));
    // The other link brings the same message while the date is being committed.
    announce(&mut engine, 2, Some("1125"));
    assert!(engine.poll_batch(NOW).is_none());
    assert_eq!(engine.poll_output(), None, "being committed");
    engine.handle_commit(number, &[]);
    let (before, date) = (date("2026-11-24"), date("2026-11-25"));
    let outputs = [
        outcome(1, CutOverOutcome::Taken { before, date }),
        outcome(2, CutOverOutcome::Unchanged(date)),
    ];
    assert_eq!(commit(&mut engine).0, outputs);
    assert_eq!(settlement_date_of(&mut engine, 8), "2026-11-25");
}

#[test]
fn a_date_that_is_not_taken_is_refused_and_changes_nothing() {
    for day in [Some("1123"), Some("1207"), Some("0229"), None] {
        let mut engine = engine(10, 10);
        announce(&mut engine, 1, day);
        assert!(engine.poll_batch(NOW).is_none(), "nothing to make durable");
        let day = day.and_then(|day| MonthDay::from_ascii(day.as_bytes()));
        let present = date("2026-11-24");
        let refused = outcome(1, CutOverOutcome::Refused { present, day });
        assert_eq!(commit(&mut engine).0, [refused]);
        assert_eq!(settlement_date_of(&mut engine, 8), "2026-11-24");
    }
}

/// A date seven days ahead was taken, and then every right date refused.
#[test]
fn a_wrong_date_does_not_lock_out_the_right_one() {
    let mut engine = engine(10, 10);
    for (id, day, expected) in
        [(1, "1201", "2026-12-01"), (2, "1125", "2026-11-25"), (3, "1126", "2026-11-26")]
    {
        announce(&mut engine, id, Some(day));
        let outputs = commit(&mut engine).0;
        assert!(matches!(&outputs[..], [Output::CutOver(_, outcome)] if outcome.is_done()));
        assert_eq!(settlement_date_of(&mut engine, 8 * id), expected);
    }
}
