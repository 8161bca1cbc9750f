//! Orders of operators, in virtual time: every order in every phase, and what follows.

use std::fmt::Write as _;
use std::time::Duration;

use titian::codes;
use titian::link::{DisconnectReason, LinkId, LinkOrder, LinkPhase, LinkWish, OrderError, Role};
use titian::network::{SessionRules, SignOnBy};
use titian::values::ResponseCode;

use super::adapter::MILLI;
use super::messages::financial;
use super::pure::{LINK, Pure, RULES};

const HOUR: Duration = Duration::from_hours(1);

fn dialing() -> Pure {
    Pure::new(&RULES, &[Role::Dial])
}

fn listening() -> Pure {
    Pure::new(&RULES, &[Role::Listen])
}

fn signed_on() -> Pure {
    let mut pure = dialing();
    pure.sign_on();
    assert_eq!(pure.take_events(), ["up"]);
    pure
}

/// Returns a link with a request in flight.
fn busy() -> Pure {
    let mut pure = signed_on();
    pure.send(1);
    assert_eq!(pure.written_requests(), [1]);
    pure
}

fn after(mut pure: Pure, order: LinkOrder) -> Pure {
    pure.order(order).unwrap();
    pure
}

/// A name, and what makes the link.
type Situation = (&'static str, fn() -> Pure);

/// A link in each of its phases, with what makes a difference within a phase.
const SITUATIONS: [Situation; 17] = [
    ("not connected", || {
        let mut pure = dialing();
        pure.cut();
        pure
    }),
    ("not connected, the switch connects", listening),
    ("connecting", dialing),
    ("signing on", || {
        let mut pure = dialing();
        pure.connect();
        pure
    }),
    ("signed on", signed_on),
    ("signed on, request in flight", busy),
    ("signed on, echo under way", || {
        let mut pure = after(signed_on(), LinkOrder::Echo);
        pure.written();
        pure
    }),
    ("signed on, sign-on held", || held(signed_on())),
    ("draining", || after(busy(), LinkOrder::Drain)),
    ("drained", || after(signed_on(), LinkOrder::Drain)),
    ("signing off, request in flight", || after(busy(), LinkOrder::SignOff)),
    ("signing off, request sent", || {
        let mut pure = after(signed_on(), LinkOrder::SignOff);
        assert_eq!(pure.written_types(), ["0800 002"]);
        pure
    }),
    ("signing off by the switch", || {
        let mut pure = busy();
        pure.receive_management("002");
        pure
    }),
    ("signed off", || {
        let mut pure = after(signed_on(), LinkOrder::SignOff);
        pure.respond_to_all();
        pure
    }),
    ("signed off, the switch connects", || after(listening(), LinkOrder::SignOff)),
    ("held", || held(dialing())),
    ("stopping", || {
        let mut pure = signed_on();
        pure.group.handle_stop(pure.now);
        pure
    }),
];

fn held(mut pure: Pure) -> Pure {
    pure.group.hold_sign_on(LINK, true, pure.now);
    pure.settle();
    pure
}

#[test]
fn every_order_in_every_phase() {
    let (mut table, mut phases) = (String::new(), Vec::new());
    for (name, make) in SITUATIONS {
        for order in LinkOrder::ALL {
            let mut pure = make();
            pure.take_events();
            let before = pure.phase();
            phases.push(before);
            let result = pure.order(order);
            let result = result.map_or_else(OrderError::code, |()| "ok");
            let written = if pure.has_connection() { pure.written_types() } else { Vec::new() };
            let _ = writeln!(
                table,
                "{name:<35} {:<9} {result:<15} {:<13} -> {:<13} {:<9} {}",
                order.code(),
                before.code(),
                pure.phase().code(),
                written.join(", "),
                pure.take_events().join(", "),
            );
        }
    }
    insta::assert_snapshot!(table);
    assert!(
        LinkPhase::ALL.iter().all(|phase| phases.contains(phase)),
        "each phase is in the table"
    );
}

#[test]
fn phases_have_their_codes() {
    let codes: Vec<_> = LinkPhase::ALL.iter().map(|phase| phase.code()).collect();
    assert_eq!(codes, codes::link_phase::ALL);
}

#[test]
fn an_order_to_a_link_that_is_not_configured_is_refused() {
    let mut pure = signed_on();
    for order in LinkOrder::ALL {
        let result = pure.group.handle_order(LinkId(1), order, pure.now);
        assert_eq!(result, Err(OrderError::UnknownLink));
    }
}

/// Signing off the only link must not end the links: it could never be signed on again.
#[test]
fn a_signed_off_link_stays_off_until_it_is_signed_on_by_hand() {
    let mut pure = after(signed_on(), LinkOrder::SignOff);
    pure.respond_to_all();
    assert_eq!(pure.take_events(), ["draining", "down: signed off"]);
    assert!(!pure.group.is_finished(), "the links run on");
    pure.pass(HOUR);
    assert!(!pure.has_connection(), "no attempt");
    let state = pure.state();
    assert_eq!((state.phase, state.wish), (LinkPhase::SignedOff, LinkWish::SignedOff));
    assert_eq!((state.last_error, state.next_attempt), (None, None));
    assert_eq!(pure.now.since(state.since), HOUR);
    pure.send(1);
    assert_eq!(pure.take_events(), ["not sent 1: all links are drained or signed off"]);
    pure.order(LinkOrder::SignOn).unwrap();
    assert_eq!(pure.phase(), LinkPhase::Connecting);
    pure.sign_on();
    assert_eq!(pure.take_events(), ["up"]);
}

#[test]
fn a_signed_off_link_that_listens_accepts_no_connection() {
    let mut pure = listening();
    assert!(pure.accept(LINK));
    pure.sign_on();
    pure.order(LinkOrder::SignOff).unwrap();
    // The switch signs on again, in the session that ends.
    pure.receive_management("001");
    assert_eq!(pure.phase(), LinkPhase::SigningOff);
    for message in pure.written() {
        let message = pure.spec.decode(message).unwrap();
        let code = message.field(titian::iso8583::De::RESPONSE_CODE);
        assert_ne!(code.map(|code| code.reveal().into_owned()).as_deref(), Some("00"), "confirmed");
    }
    pure.cut();
    assert!(!pure.accept(LINK), "the switch reconnects");
    pure.order(LinkOrder::SignOn).unwrap();
    assert_eq!(pure.order(LinkOrder::SignOn), Err(OrderError::NotConnected));
    assert!(pure.accept(LINK));
    pure.sign_on();
    assert_eq!(pure.phase(), LinkPhase::SignedOn);
}

#[test]
fn a_sign_off_is_withdrawn_while_responses_are_in_flight() {
    let mut pure = after(busy(), LinkOrder::SignOff);
    pure.take_events();
    pure.order(LinkOrder::SignOn).unwrap();
    assert_eq!((pure.phase(), pure.take_events()), (LinkPhase::SignedOn, vec!["up".to_owned()]));
    pure.send(2);
    assert_eq!(pure.written_requests(), [2]);
    // After the sign-off request it is too late: the link connects anew.
    let mut pure = after(signed_on(), LinkOrder::SignOff);
    pure.take_events();
    let sign_off = pure.written().remove(0);
    pure.order(LinkOrder::SignOn).unwrap();
    pure.respond(&sign_off, "00");
    assert_eq!(pure.take_events(), ["down: signed off"]);
    pure.redial();
}

/// The switch withdraws its own sign-off. A confirmed sign-on must be true.
#[test]
fn a_switch_that_signs_off_and_on_again_is_signed_on() {
    let rules = SessionRules { sign_on: SignOnBy::Switch, ..RULES.clone() };
    let mut pure = Pure::new(&rules, &[Role::Dial]);
    pure.connect();
    pure.receive_management("001");
    pure.send(1);
    assert_eq!(pure.written_types(), ["0810 001", "0200"]);
    pure.receive_management("002");
    assert_eq!(pure.phase(), LinkPhase::SigningOff);
    pure.receive_management("001");
    assert_eq!(pure.phase(), LinkPhase::SignedOn);
    pure.send(2);
    assert_eq!(pure.written_types(), ["0810 002", "0810 001", "0200"]);
    assert_eq!(pure.take_events(), ["up", "sent 1", "draining", "up", "sent 2"]);
}

#[test]
fn a_sign_off_of_the_switch_ends_the_session_and_the_link_signs_on_again() {
    let mut pure = busy();
    pure.take_events();
    pure.receive_management("002");
    assert_eq!(
        (pure.take_events(), pure.written_types()),
        (vec!["draining".to_owned()], vec!["0810 002".to_owned()])
    );
    let timers = &RULES.timers;
    pure.pass(timers.response.min(timers.drain));
    assert!(pure.take_events().contains(&"down: signed off by the switch".to_owned()));
    let error = pure.state().last_error.unwrap();
    assert_eq!(error.reason, DisconnectReason::SignedOffBySwitch);
    pure.redial();
}

#[test]
fn a_drained_link_carries_responses_and_no_request_also_after_a_reconnect() {
    let mut pure = busy();
    pure.send(2);
    let second = pure.written().remove(0);
    pure.take_events();
    pure.order(LinkOrder::Drain).unwrap();
    pure.send(3);
    assert_eq!(pure.take_events(), ["draining", "not sent 3: all links are drained or signed off"]);
    assert_eq!((pure.phase(), pure.state().in_flight), (LinkPhase::Draining, 2));
    // Requests of the switch are answered.
    let inbound = financial(&pure.spec, 200, 77);
    pure.receive(&inbound);
    let with = (&*pure.spec, &*RULES);
    let deadline = pure.now.after(HOUR);
    let response = financial(&pure.spec, 210, 77);
    let response = super::messages::outgoing(with, 9, response, deadline);
    pure.group.handle_send(response, pure.now);
    assert_eq!(pure.written_types(), ["0210"]);
    pure.respond(&second, "00");
    assert_eq!((pure.phase(), pure.state().in_flight), (LinkPhase::Draining, 1));
    // The other response does not come.
    pure.pass(RULES.timers.response);
    assert_eq!((pure.phase(), pure.state().in_flight), (LinkPhase::Drained, 0));
    pure.cut();
    pure.redial();
    pure.take_events();
    pure.sign_on();
    assert_eq!(
        (pure.phase(), pure.take_events()),
        (LinkPhase::Drained, vec!["draining".to_owned()])
    );
    pure.send(4);
    assert_eq!(pure.written_types(), Vec::<String>::new());
    pure.take_events();
    pure.order(LinkOrder::SignOn).unwrap();
    pure.send(5);
    assert_eq!(pure.written_requests(), [5]);
    assert_eq!(pure.take_events(), ["up", "sent 5"]);
}

/// Requests that wait for a link go when a drain ends.
#[test]
fn the_other_link_takes_the_requests_of_a_drained_one() {
    let mut pure = Pure::new(&RULES, &[Role::Dial, Role::Listen]);
    pure.sign_on();
    assert!(pure.accept(LinkId(1)));
    pure.sign_on();
    pure.order(LinkOrder::Drain).unwrap();
    for number in 1..=10 {
        pure.send(number);
    }
    assert_eq!(pure.written_requests(), (1..=10).collect::<Vec<_>>(), "on the newest connection");
    pure.group.handle_order(LinkId(1), LinkOrder::Drain, pure.now).unwrap();
    let states = pure.group.states(pure.now);
    assert_eq!((states[0].in_flight, states[1].in_flight), (0, 10));
    assert_eq!((states[0].phase, states[1].phase), (LinkPhase::Drained, LinkPhase::Draining));
}

#[test]
fn an_echo_by_hand_returns_its_round_trip() {
    let mut pure = signed_on();
    pure.order(LinkOrder::Echo).unwrap();
    let echo = pure.written().remove(0);
    pure.pass(37 * MILLI);
    assert_eq!(pure.group.poll_echo(), None);
    pure.respond(&echo, "00");
    assert_eq!(pure.group.poll_echo(), Some((LINK, Ok(37 * MILLI))));
    let last = pure.state().last_echo.unwrap();
    assert_eq!((last.at, last.round_trip), (pure.now, 37 * MILLI));
    // A duplicate response changes nothing.
    pure.pass(MILLI);
    pure.respond(&echo, "00");
    assert_eq!((pure.group.poll_echo(), pure.state().last_echo), (None, Some(last)));
}

#[test]
fn an_echo_by_hand_fails_with_the_reason() {
    let timeout = RULES.timers.echo_response;
    let mut pure = signed_on();
    pure.order(LinkOrder::Echo).unwrap();
    let late = pure.written().remove(0);
    pure.pass(timeout);
    assert_eq!(pure.group.poll_echo(), Some((LINK, Err(OrderError::EchoTimeout))));
    pure.order(LinkOrder::Echo).unwrap();
    let echo = pure.written().remove(0);
    pure.respond(&late, "00");
    assert_eq!(pure.group.poll_echo(), None, "the response to another echo");
    pure.respond(&echo, "91");
    let refused = OrderError::EchoRefused(Some(ResponseCode::from_number(91)));
    assert_eq!(pure.group.poll_echo(), Some((LINK, Err(refused))));
    assert_eq!(refused.to_string(), "the switch refused the echo with code 91");
    pure.order(LinkOrder::Echo).unwrap();
    pure.cut();
    let ended = OrderError::ConnectionEnded(DisconnectReason::ClosedByPeer);
    assert_eq!(pure.group.poll_echo(), Some((LINK, Err(ended))));
}

/// The automatic echo test is not disturbed by echoes by hand, and its round trips are shown too.
#[test]
fn automatic_echoes_are_measured_too() {
    let mut pure = signed_on();
    pure.pass(RULES.timers.echo_idle);
    let echo = pure.written().remove(0);
    pure.pass(5 * MILLI);
    pure.order(LinkOrder::Echo).unwrap();
    let by_hand = pure.written().remove(0);
    pure.pass(5 * MILLI);
    pure.respond(&by_hand, "00");
    assert_eq!(pure.group.poll_echo(), Some((LINK, Ok(5 * MILLI))));
    pure.respond(&echo, "00");
    pure.pass(RULES.timers.echo_idle);
    let echo = pure.written().remove(0);
    pure.pass(12 * MILLI);
    pure.respond(&echo, "00");
    assert_eq!(pure.state().last_echo.unwrap().round_trip, 12 * MILLI);
    assert_eq!((pure.phase(), pure.group.poll_echo()), (LinkPhase::SignedOn, None));
}

#[test]
fn a_held_link_does_not_sign_on_until_it_is_released() {
    let mut pure = dialing();
    pure.connect();
    pure.group.hold_sign_on(LINK, true, pure.now);
    pure.settle();
    assert_eq!((pure.phase(), pure.has_connection()), (LinkPhase::Held, false));
    assert_eq!(pure.order(LinkOrder::SignOn), Err(OrderError::Held));
    pure.pass(HOUR);
    assert!(!pure.has_connection());
    pure.group.hold_sign_on(LINK, false, pure.now);
    pure.pass(Duration::ZERO);
    pure.sign_on();
    assert_eq!(pure.phase(), LinkPhase::SignedOn);
    // A session that is signed on stays, but is not made anew.
    pure.group.hold_sign_on(LINK, true, pure.now);
    assert_eq!(pure.phase(), LinkPhase::SignedOn);
    pure.send(1);
    assert_eq!(pure.written_requests(), [1]);
    pure.cut();
    pure.pass(HOUR);
    assert_eq!(pure.phase(), LinkPhase::Held);
    let mut pure = listening();
    pure.group.hold_sign_on(LINK, true, pure.now);
    assert!(!pure.accept(LINK));
}

/// An operator who signs off a held link, and the guard that is released later: the order of the operator stays in force.
#[test]
fn a_released_guard_does_not_sign_on_a_link_that_is_signed_off() {
    let mut pure = dialing();
    pure.group.hold_sign_on(LINK, true, pure.now);
    pure.settle();
    pure.order(LinkOrder::SignOff).unwrap();
    pure.group.hold_sign_on(LINK, false, pure.now);
    pure.pass(HOUR);
    assert_eq!((pure.phase(), pure.has_connection()), (LinkPhase::SignedOff, false));
}

#[test]
fn the_state_shows_the_code_of_a_refused_sign_on_and_the_next_attempt() {
    let mut pure = dialing();
    let start = pure.now;
    pure.pass(10 * MILLI);
    pure.connect();
    let sign_on = pure.written().remove(0);
    pure.pass(10 * MILLI);
    pure.respond(&sign_on, "91");
    let state = pure.state();
    let error = state.last_error.unwrap();
    assert_eq!((error.at, error.reason.code()), (start.after(20 * MILLI), "sign_on_refused"));
    assert_eq!(error.reason.to_string(), "sign-on refused with code 91");
    assert_eq!((state.phase, state.since), (LinkPhase::NotConnected, error.at));
    assert!(state.next_attempt.unwrap() > pure.now);
    // A sign-on by hand does not wait for the next attempt.
    pure.order(LinkOrder::SignOn).unwrap();
    pure.sign_on();
    assert_eq!(pure.phase(), LinkPhase::SignedOn);
    assert_eq!(pure.state().last_error, Some(error), "with its time, it stays visible");
}

#[test]
fn the_state_shows_messages_by_type_and_response_times() {
    let mut pure = signed_on();
    assert_eq!(pure.state().response_times, None);
    for number in 1..=200 {
        pure.send(number);
        pure.pass(if number % 50 == 0 { 900 * MILLI } else { 20 * MILLI });
        assert_eq!(pure.respond_to_all(), 1);
    }
    let state = pure.state();
    let times = state.response_times.unwrap();
    assert_eq!((times.count, times.median), (200, 20 * MILLI));
    assert!((900 * MILLI..957 * MILLI).contains(&times.p99), "{times:?}");
    let counts: Vec<_> = state
        .messages
        .iter()
        .map(|count| (count.mti.number(), count.sent, count.received))
        .collect();
    assert_eq!(counts, [(200, 200, 0), (210, 0, 200), (800, 1, 0), (810, 0, 1)]);
    assert_eq!(state.messages[1].last_received, Some(pure.now));
    assert_eq!(state.messages[1].last_sent, None);
}

/// A new session of the same phase is a new beginning.
#[test]
fn the_time_of_a_phase_begins_anew_with_each_connection() {
    let mut pure = signed_on();
    pure.pass(Duration::from_secs(5));
    pure.cut();
    pure.redial();
    pure.sign_on();
    assert_eq!(pure.state().since, pure.now);
}
