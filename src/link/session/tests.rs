//! Every state with every input, in one snapshot.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;
use crate::network::{Bank, Network};
use crate::values::{Institution, NetworkCode, Pan, ResponseCode, Value};

const START: Moment = Moment::from_millis(1_000_000);
const REQUEST: u64 = 7;

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

fn rules(sign_on: SignOnBy) -> SessionRules {
    SessionRules { sign_on, ..shipped("nusantara") }
}

fn context<'a>(now: Moment, rules: &'a SessionRules, stan_counter: &'a mut u64) -> Context<'a> {
    Context { now, rules, stan_counter, may_sign_on: true }
}

fn states(sign_on: SignOnBy) -> Vec<(&'static str, State)> {
    let until = START.after(Duration::from_secs(10));
    let request = (sign_on == SignOnBy::Bank).then_some(stan(REQUEST));
    let waiting = |count| State::Up(EchoState::Waiting { at: START, count });
    vec![
        ("Connecting", State::Connecting { until }),
        ("SigningOn", State::SigningOn { request, until }),
        ("Up", State::Up(EchoState::Idle)),
        ("Up, echo request sent", waiting(1)),
        ("Up, last echo request sent", waiting(2)),
        ("Draining", State::Draining { until, ended_by: SignOffBy::Bank }),
        (
            "Draining, signed off by the switch",
            State::Draining { until, ended_by: SignOffBy::Switch },
        ),
        ("SigningOff", State::SigningOff { request: stan(REQUEST), until }),
        ("Down", State::Down),
    ]
}

fn response(request: ManagementRequest, number: u64, code: u8) -> Input {
    let code = Some(ResponseCode::from_number(code));
    let (request, stan) = (Some(request), Some(stan(number)));
    Input::Received(ManagementMessage::Response { request, stan, code })
}

fn inputs() -> Vec<(&'static str, Input)> {
    let stan = Some(stan(REQUEST));
    let other = ManagementMessage::Response { request: None, stan, code: None };
    vec![
        ("connected", Input::Connected),
        ("keep-alive", Input::Received(ManagementMessage::KeepAlive)),
        ("traffic", Input::Received(ManagementMessage::Traffic)),
        ("sign-on of the switch", Input::Received(ManagementMessage::SignOn)),
        ("sign-off of the switch", Input::Received(ManagementMessage::SignOff)),
        ("echo of the switch", Input::Received(ManagementMessage::Echo)),
        ("cut-over", Input::Received(ManagementMessage::CutOver)),
        ("key change", Input::Received(ManagementMessage::KeyChange)),
        ("unknown 0800", Input::Received(ManagementMessage::Unknown)),
        ("sign-on response 00", response(ManagementRequest::SignOn, REQUEST, 0)),
        ("sign-on response 91", response(ManagementRequest::SignOn, REQUEST, 91)),
        ("other sign-on response 00", response(ManagementRequest::SignOn, 8, 0)),
        ("sign-off response", response(ManagementRequest::SignOff, REQUEST, 0)),
        ("other sign-off response", response(ManagementRequest::SignOff, 8, 0)),
        ("echo response", response(ManagementRequest::Echo, REQUEST, 0)),
        ("other 0810", Input::Received(other)),
        ("deadline passed", Input::DeadlinePassed),
        ("sign-off", Input::SignOff),
        ("resume", Input::Resume),
        ("echo", Input::Echo),
        ("nothing in flight", Input::NothingInFlight),
        ("peer closed", Input::Ended(DisconnectReason::ClosedByPeer)),
    ]
}

#[test]
fn every_state_with_every_input() {
    let mut table = String::new();
    for sign_on in [SignOnBy::Bank, SignOnBy::Switch] {
        let rules = rules(sign_on);
        for (name, state) in states(sign_on) {
            let _ = writeln!(table, "\n{name} (sign-on by {sign_on:?})");
            for (label, input) in inputs() {
                let mut session = Session { state, last_received: Moment::default() };
                let mut counter = REQUEST;
                let context = &mut context(START, &rules, &mut counter);
                let actions = session.handle_input(input, context);
                let actions: Vec<_> =
                    actions.iter().flatten().map(|action| format!("{action:?}")).collect();
                let _ = writeln!(
                    table,
                    "    {label:<28} {:<44} {}",
                    if actions.is_empty() { "-".to_owned() } else { actions.join(", ") },
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
fn management_codes_and_timers_come_from_the_rules() {
    let rules = shipped("rendezvous");
    assert_eq!(rules.management.echo, NetworkCode::from_number(270));
    let mut session = Session { state: State::Up(EchoState::Idle), last_received: START };
    assert_eq!(session.next_deadline(&rules.timers), Some(START.after(rules.timers.echo_idle)));
    let now = START.after(rules.timers.echo_idle);
    let mut stan_counter = 1;
    let context = &mut context(now, &rules, &mut stan_counter);
    let echo = SessionAction::SendRequest(ManagementRequest::Echo, stan(1));
    assert_eq!(session.handle_input(Input::DeadlinePassed, context)[0], Some(echo));
    assert_eq!(session.next_deadline(&rules.timers), Some(now.after(rules.timers.echo_response)));
}

/// Anything received after an echo request counts as its response.
#[test]
fn a_connection_with_traffic_is_not_closed_for_a_lost_echo() {
    let rules = shipped("nusantara");
    let mut session = Session { state: State::Up(EchoState::Idle), last_received: START };
    let mut stan_counter = 1;
    let mut now = START;
    for _ in 0..100 {
        now = session.next_deadline(&rules.timers).unwrap();
        let context = &mut context(now, &rules, &mut stan_counter);
        session.handle_input(Input::DeadlinePassed, context);
        session.handle_input(Input::Received(ManagementMessage::Traffic), context);
        assert!(session.is_up());
    }
    let mut actions = Vec::new();
    while let Some(due) = session.next_deadline(&rules.timers) {
        let context = &mut context(due, &rules, &mut stan_counter);
        actions.extend(session.handle_input(Input::DeadlinePassed, context));
        now = due;
    }
    assert!(actions.contains(&Some(SessionAction::Close(DisconnectReason::EchoTimeout))));
    assert!(now > START);
}

/// A link that is signed off by the owner, or held off by a guard, confirms no sign-on of the switch.
#[test]
fn a_sign_on_of_the_switch_is_refused_while_the_link_may_not_sign_on() {
    let rules = rules(SignOnBy::Switch);
    for (name, state) in states(SignOnBy::Switch) {
        let mut session = Session { state, last_received: START };
        let mut counter = REQUEST;
        let context = Context { may_sign_on: false, ..context(START, &rules, &mut counter) };
        let input = Input::Received(ManagementMessage::SignOn);
        let actions = session.handle_input(input, &mut { context });
        let confirms = actions.contains(&Some(SessionAction::Respond { done: true }));
        assert_eq!(confirms, matches!(state, State::Up(_)), "{name}");
        assert!(!actions.contains(&Some(SessionAction::Up)), "{name}");
    }
}
