//! Every state with every input, in one snapshot.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;
use crate::network::{Bank, Network};
use crate::values::{Institution, NetworkCode, Pan, ResponseCode, Value};

const START: Moment = Moment::from_millis(1_000_000);
const QUESTION: u64 = 7;

fn stan(number: u64) -> Stan {
    Stan::wrapped(number)
}

fn shipped(network: &str) -> SessionRules {
    let bank = Bank {
        code: Institution::from_ascii(b"213").unwrap(),
        forwarder: Institution::from_ascii(b"213").unwrap(),
        iin: Pan::from_ascii(b"936002").unwrap(),
    };
    SessionRules::clone(Network::shipped(network, bank).unwrap().session())
}

fn rules(sign_on: Starter) -> SessionRules {
    SessionRules { sign_on, ..shipped("nusantara") }
}

fn states(sign_on: Starter) -> Vec<(&'static str, State)> {
    let until = START.after(Duration::from_secs(10));
    let question = (sign_on == Starter::We).then_some(stan(QUESTION));
    let asked = |times| State::Up(Echo::Asked { at: START, times });
    vec![
        ("Connecting", State::Connecting { until }),
        ("SigningOn", State::SigningOn { question, until }),
        ("Up", State::Up(Echo::Quiet)),
        ("Up, asked for an echo", asked(1)),
        ("Up, asked for the last echo", asked(2)),
        ("Draining", State::Draining { until, ended_by: Starter::We }),
        ("Draining, they signed off", State::Draining { until, ended_by: Starter::They }),
        ("SigningOff", State::SigningOff { question: stan(QUESTION), until }),
        ("Down", State::Down),
    ]
}

fn answer(to: Asked, number: u64, code: u8) -> Input {
    let code = Some(ResponseCode::numbered(code));
    Input::Heard(Heard::Answer { to: Some(to), stan: Some(stan(number)), code })
}

fn inputs() -> Vec<(&'static str, Input)> {
    let date = MonthDay::new(11, 25);
    let other = Heard::Answer { to: None, stan: Some(stan(QUESTION)), code: None };
    vec![
        ("connected", Input::Connected),
        ("keep-alive", Input::Heard(Heard::KeepAlive)),
        ("traffic", Input::Heard(Heard::Traffic)),
        ("their sign-on", Input::Heard(Heard::SignOn)),
        ("their sign-off", Input::Heard(Heard::SignOff)),
        ("their echo", Input::Heard(Heard::Echo)),
        ("cut-over", Input::Heard(Heard::CutOver(date))),
        ("cut-over without a date", Input::Heard(Heard::CutOver(None))),
        ("key change", Input::Heard(Heard::KeyChange)),
        ("unknown 0800", Input::Heard(Heard::Unknown)),
        ("sign-on answered 00", answer(Asked::SignOn, QUESTION, 0)),
        ("sign-on answered 91", answer(Asked::SignOn, QUESTION, 91)),
        ("another sign-on answered 00", answer(Asked::SignOn, 8, 0)),
        ("sign-off answered", answer(Asked::SignOff, QUESTION, 0)),
        ("another sign-off answered", answer(Asked::SignOff, 8, 0)),
        ("echo answered", answer(Asked::Echo, QUESTION, 0)),
        ("other 0810", Input::Heard(other)),
        ("due", Input::Due),
        ("drain", Input::Drain),
        ("emptied", Input::Emptied),
        ("peer closed", Input::Ended(End::Closed)),
    ]
}

#[test]
fn every_state_with_every_input() {
    let mut table = String::new();
    for sign_on in [Starter::We, Starter::They] {
        let rules = rules(sign_on);
        for (name, state) in states(sign_on) {
            let _ = writeln!(table, "\n{name} ({sign_on:?} sign on)");
            for (label, input) in inputs() {
                let mut session = Session { state, heard: Moment::default() };
                let mut context =
                    Context { now: START, rules: &rules, numbers: &mut QUESTION.clone() };
                let moves = session.handle(input, &mut context);
                let moves: Vec<_> = moves.iter().flatten().map(|one| format!("{one:?}")).collect();
                let _ = writeln!(
                    table,
                    "    {label:<28} {:<44} {}",
                    if moves.is_empty() { "-".to_owned() } else { moves.join(", ") },
                    if session.state == state {
                        "same".to_owned()
                    } else {
                        format!("{:?}", session.state)
                    }
                );
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_names_of_management_are_told_apart_by_the_rules() {
    let rules = shipped("rendezvous");
    assert_eq!(rules.management.echo, NetworkCode::numbered(270));
    let mut session = Session { state: State::Up(Echo::Quiet), heard: START };
    assert_eq!(session.deadline(&rules.timers), Some(START.after(rules.timers.echo_idle)));
    let now = START.after(rules.timers.echo_idle);
    let mut numbers = 1;
    let mut context = Context { now, rules: &rules, numbers: &mut numbers };
    assert_eq!(session.handle(Input::Due, &mut context)[0], Some(Move::Ask(Asked::Echo, stan(1))));
    assert_eq!(session.deadline(&rules.timers), Some(now.after(rules.timers.echo_answer)));
}

/// Anything heard after an echo was asked for is as good as its answer.
#[test]
fn a_line_that_carries_traffic_is_not_given_up_for_a_lost_echo() {
    let rules = shipped("nusantara");
    let mut session = Session { state: State::Up(Echo::Quiet), heard: START };
    let mut numbers = 1;
    let mut now = START;
    for _ in 0..100 {
        now = session.deadline(&rules.timers).unwrap();
        let mut context = Context { now, rules: &rules, numbers: &mut numbers };
        session.handle(Input::Due, &mut context);
        session.handle(Input::Heard(Heard::Traffic), &mut context);
        assert!(session.is_up());
    }
    let mut ends = Vec::new();
    while let Some(due) = session.deadline(&rules.timers) {
        let mut context = Context { now: due, rules: &rules, numbers: &mut numbers };
        ends.extend(session.handle(Input::Due, &mut context));
        now = due;
    }
    assert!(ends.contains(&Some(Move::Close(End::EchoLost))));
    assert!(now > START);
}
