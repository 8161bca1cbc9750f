//! Control: what is closed does not begin, what has begun goes on, and what opens or decides about money needs dual control.

use std::sync::Arc;
use std::time::Duration;

use titian::control::{
    AccountKey, ActDone, ActRefusal, ActRequest, Actor, Command, CommandHash, Draft, Limits, Mode,
    Names, PersonId, Proof, ProposalId, ProposalRefusal, ProposalState, Proposed, RestrictionId,
    Role, Scope, ServiceCodes, SettingValues, Started,
};
use titian::engine::{Engine, Event, Output};
use titian::transfer::{
    Effect, InboundRequest, Inquiry, InquiryOutcome, OutboundInput, PostingReply, SendStatus,
};
use titian::values::{
    Amount, Currency, Direction, IdempotencyKey, Institution, Moment, Reference, ResponseCode,
    TransferId, Value,
};

use super::rules::{order, request};
use super::{NOW, answer_lookups_with_nothing, commit, order_event, outbound_input, sent, state};
use titian::transfer::Funding;

fn name(text: &str) -> Reference {
    Reference::from_ascii(text.as_bytes()).unwrap()
}

fn names() -> Names {
    let service = |text, codes: &[_]| ServiceCodes { name: name(text), codes: codes.to_vec() };
    Names {
        networks: vec![name("nusantara")],
        services: vec![service("transfer", &[order(Funding::Core).kind, request().kind])],
        partners: vec![name("MOBILE")],
        links: vec![name("jakarta")],
    }
}

/// An engine that has started.
fn engine() -> Engine {
    let mut engine = super::engine(100, 10);
    let started = Started { version: "1".into(), configuration: "0".into(), names: names() };
    engine.start(started, &SettingValues::new(), Arc::new(|_: &_| AccountKey(7)), NOW);
    commit(&mut engine);
    engine
}

fn person(id: &str, role: Role, now: Moment) -> Actor {
    let proof = Proof::Session { code_at: Some(now) };
    Actor { person: PersonId::new(id).unwrap(), role, proof }
}

fn maker() -> Actor {
    person("siti", Role::Operator, NOW)
}

fn checker() -> Actor {
    person("budi", Role::Supervisor, NOW)
}

/// Gives a command, and commits.
fn outputs_of(engine: &mut Engine, actor: Actor, command: Command, now: Moment) -> Vec<Output> {
    let id = TransferId(999);
    let (from, via) = ("10.0.0.7".into(), "session".into());
    let request = ActRequest { id, command, actor, from, via, request: None };
    engine.handle_event(Event::Act(Box::new(request)), now);
    commit(engine).0
}

/// Gives a command, commits, and returns the answer.
fn act_at(
    engine: &mut Engine,
    actor: Actor,
    command: Command,
    now: Moment,
) -> Result<ActDone, ActRefusal> {
    let answer =
        outputs_of(engine, actor, command, now).into_iter().find_map(|output| match output {
            Output::Act(_, answer) => Some(answer),
            _ => None,
        });
    answer.unwrap()
}

fn act(engine: &mut Engine, actor: Actor, command: Command) -> Result<ActDone, ActRefusal> {
    act_at(engine, actor, command, NOW)
}

fn draft(scope: Scope, mode: Mode) -> Draft {
    Draft {
        scope,
        mode,
        reason: "014 answers nothing".into(),
        public_text: Some("Bank 014 is closed".into()),
        until: None,
    }
}

fn close(scope: Scope) -> Command {
    Command::Restrict { replaces: None, draft: draft(scope, Mode::Closed) }
}

fn propose(command: Proposed) -> Command {
    Command::Propose { command, reason: "it answers again".into(), expires_in: None }
}

fn approve(engine: &Engine, id: u64) -> Command {
    let proposal = ProposalId(id);
    let hash = engine.control().proposal(proposal).map(|stored| stored.proposal.hash());
    Command::Approve { proposal, hash: hash.unwrap_or(CommandHash([0; 32])) }
}

/// Whether a new order begins.
fn begins(engine: &mut Engine, id: u128) -> bool {
    engine.handle_event(order_event(id, id, id), NOW);
    let outputs = commit(engine).0;
    let outputs = answer_lookups_with_nothing(engine, outputs, NOW);
    let is_refused = outputs.iter().any(|output| matches!(output, Output::Restricted(..)));
    assert_eq!(is_refused, engine.transfer(TransferId(id)).is_none(), "{outputs:?}");
    !is_refused
}

#[test]
fn a_closed_scope_refuses_new_orders_and_lets_everything_else_pass() {
    let mut engine = engine();
    sent(&mut engine, 1);
    act(&mut engine, maker(), close(Scope::default())).unwrap();
    assert!(!begins(&mut engine, 2));

    engine.handle_event(outbound_input(1, OutboundInput::Send(SendStatus::Lost)), NOW);
    engine.handle_deadline(NOW);
    let outputs = commit(&mut engine).0;
    let is_reversal = |output: &Output| matches!(output, Output::Effect(Effect::SendReversal(_)));
    assert!(outputs.iter().any(is_reversal), "a reversal passes: {outputs:?}");
    engine.handle_event(order_event(1, 1, 1), NOW);
    let is_duplicate = |output: &Output| matches!(output, Output::Duplicate(_));
    let outputs = commit(&mut engine).0;
    assert!(outputs.iter().any(is_duplicate), "a repeat gets its transfer: {outputs:?}");
}

#[test]
fn a_closed_direction_declines_requests_of_the_switch_on_record_and_posts_nothing() {
    let mut engine = engine();
    let direction = Some(Direction::Inbound);
    act(&mut engine, maker(), close(Scope { direction, ..Scope::default() })).unwrap();
    assert!(begins(&mut engine, 1), "outbound is open");
    let request = InboundRequest { id: TransferId(9), ..request() };
    let event = Event::InboundRequest { request: Arc::new(request), key: IdempotencyKey(9) };
    engine.handle_event(event, NOW);
    let outputs = commit(&mut engine).0;
    let [Output::Effect(Effect::Respond(response)), ..] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(response.code, ResponseCode::from_ascii(b"57").unwrap());
    assert_eq!(state(&engine, 9), "declined");
}

#[test]
fn a_closed_service_refuses_inquiries_of_that_service_only() {
    let mut engine = engine();
    let own = order(Funding::Core);
    let inquiry = |id| Inquiry {
        id: TransferId(id),
        kind: own.kind,
        from: own.from,
        account: own.to,
        counterparty: own.counterparty,
        amount: own.amount,
        details: Arc::new(own.details.clone()),
    };
    act(&mut engine, maker(), close(Scope { service: Some(name("transfer")), ..Scope::default() }))
        .unwrap();
    engine.handle_event(Event::Inquiry(inquiry(1), Direction::Outbound), NOW);
    let outputs = commit(&mut engine).0;
    assert!(matches!(&outputs[..], [Output::Restricted(TransferId(1), _)]), "{outputs:?}");
    engine.handle_event(Event::Inquiry(inquiry(2), Direction::Inbound), NOW);
    let outputs = commit(&mut engine).0;
    let declined = |output: &Output| match output {
        Output::InquiryEnded(_, _, InquiryOutcome::Declined(code)) => code.as_str() == "57",
        _ => false,
    };
    assert!(outputs.iter().any(declined), "{outputs:?}");
}

#[test]
fn an_order_that_was_admitted_is_not_sent_after_a_closing() {
    let mut engine = engine();
    assert!(begins(&mut engine, 1));
    let order = order(Funding::Core);
    assert!(engine.may_send(&order, NOW));
    let bank = Some(order.counterparty);
    act(&mut engine, maker(), close(Scope { bank, ..Scope::default() })).unwrap();
    assert!(!engine.may_send(&order, NOW));
    let other = Institution::from_ascii(b"777").unwrap();
    assert_ne!(other, order.counterparty);
    assert!(engine.may_send(&titian::transfer::Order { counterparty: other, ..order }, NOW));
}

#[test]
fn a_closing_withdraws_the_requests_that_it_refuses_and_no_other() {
    let mut engine = engine();
    sent(&mut engine, 1);
    engine.handle_event(order_event(2, 2, 2), NOW);
    let _accepted = commit(&mut engine);
    engine.handle_event(outbound_input(2, OutboundInput::Posting(PostingReply::Posted)), NOW);
    let _released = commit(&mut engine);
    assert_eq!([state(&engine, 1), state(&engine, 2)], ["sent", "ready_to_send"]);
    let other = Institution::from_ascii(b"777").unwrap();
    let mut withdraws = |scope| {
        let outputs = outputs_of(&mut engine, maker(), close(scope), NOW);
        let is_it = |output: &Output| matches!(output, Output::WithdrawRequests(ids) if ids[..] == [TransferId(2)]);
        outputs.iter().any(is_it)
    };
    assert!(!withdraws(Scope { bank: Some(other), ..Scope::default() }), "another bank");
    assert!(withdraws(Scope::default()));
    engine.handle_event(outbound_input(2, OutboundInput::Send(SendStatus::NotSent)), NOW);
    commit(&mut engine);
    assert_eq!(state(&engine, 2), "refunding", "the customer gets the money back");
}

#[test]
fn an_opening_sends_nothing_before_it_is_durable() {
    let mut engine = engine();
    assert!(begins(&mut engine, 1));
    let order = order(Funding::Core);
    let closed = act(&mut engine, maker(), close(Scope::default())).unwrap();
    let lift = Proposed::Lift { restriction: RestrictionId(closed.row) };
    let made = act(&mut engine, maker(), propose(lift)).unwrap();
    let (command, actor) = (approve(&engine, made.row), checker());
    let (from, via) = ("10.0.0.7".into(), "session".into());
    let request = ActRequest { id: TransferId(5), command, actor, from, via, request: None };
    engine.handle_event(Event::Act(Box::new(request)), NOW);
    assert!(!engine.may_send(&order, NOW), "a crash would leave it closed");
    commit(&mut engine);
    assert!(engine.may_send(&order, NOW));
}

#[test]
fn opening_needs_a_second_person_and_the_same_person_gets_no_further_in_any_way() {
    let mut engine = engine();
    let closed = act(&mut engine, maker(), close(Scope::default())).unwrap();
    let id = RestrictionId(closed.row);
    let looser = Mode::Limited(Limits { percent: Some(10), ..Limits::default() });
    let replace =
        Command::Restrict { replaces: Some(id), draft: draft(Scope::default(), looser.clone()) };
    let refused = act(&mut engine, checker(), replace).unwrap_err();
    assert!(matches!(refused, ActRefusal::NeedsProposal(_)), "{refused}");
    let made = act(&mut engine, maker(), propose(Proposed::Lift { restriction: id })).unwrap();

    let approval = approve(&engine, made.row);
    let second_session = person("SITI", Role::Supervisor, NOW);
    let refused = act(&mut engine, second_session, approval.clone()).unwrap_err();
    assert!(matches!(refused, ActRefusal::Proposal(ProposalRefusal::SamePerson(_))));
    let token = Actor { proof: Proof::Token, ..checker() };
    let refused = act(&mut engine, token, approval.clone()).unwrap_err();
    assert_eq!(refused, ActRefusal::Proposal(ProposalRefusal::Code));
    for role in [Role::Viewer, Role::Operator, Role::Auditor, Role::Administrator] {
        let refused = act(&mut engine, person("budi", role, NOW), approval.clone()).unwrap_err();
        assert_eq!(refused, ActRefusal::Proposal(ProposalRefusal::Role(role)));
    }
    assert!(!begins(&mut engine, 1));
    act(&mut engine, checker(), approval.clone()).unwrap();
    assert!(begins(&mut engine, 2));
    let replayed = act(&mut engine, checker(), approval).unwrap_err();
    let decided = ProposalRefusal::NotOpen(ProposalState::Approved);
    assert_eq!(replayed, ActRefusal::Proposal(decided));
}

#[test]
fn a_proposal_about_what_has_changed_meanwhile_is_refused() {
    let mut engine = engine();
    let wide = Mode::Limited(Limits { percent: Some(50), ..Limits::default() });
    let limited = Command::Restrict { replaces: None, draft: draft(Scope::default(), wide) };
    let id = RestrictionId(act(&mut engine, maker(), limited).unwrap().row);
    let lift = Proposed::Lift { restriction: id };
    let made = act(&mut engine, maker(), propose(lift.clone())).unwrap();
    let second = act(&mut engine, checker(), propose(lift)).unwrap_err();
    assert_eq!(second, ActRefusal::OpenProposal(ProposalId(made.row)));
    let tighter =
        Command::Restrict { replaces: Some(id), draft: draft(Scope::default(), Mode::Closed) };
    act(&mut engine, maker(), tighter).unwrap();
    let approval = approve(&engine, made.row);
    let refused = act(&mut engine, checker(), approval).unwrap_err();
    assert_eq!(refused, ActRefusal::Proposal(ProposalRefusal::Stale));
    assert!(!begins(&mut engine, 1));
}

#[test]
fn a_proposal_expires_on_record_and_a_restriction_with_an_end_needs_one() {
    let mut engine = engine();
    let until = Some(NOW.after(Duration::from_hours(1)));
    let ending = Draft { until, ..draft(Scope::default(), Mode::Closed) };
    let alone = Command::Restrict { replaces: None, draft: ending.clone() };
    assert!(matches!(act(&mut engine, maker(), alone), Err(ActRefusal::NeedsProposal(_))));
    let made = act(&mut engine, maker(), propose(Proposed::Restrict(ending))).unwrap();
    let due = engine.next_deadline().unwrap();
    assert_eq!(due, NOW.after(Duration::from_mins(30)));
    engine.handle_deadline(due);
    commit(&mut engine);
    let stored = engine.control().proposal(ProposalId(made.row)).unwrap();
    assert_eq!(stored.state, ProposalState::Expired);
    assert_eq!(engine.next_deadline(), None);
}

#[test]
fn a_repeated_request_does_nothing_a_second_time() {
    let mut engine = engine();
    let give = |engine: &mut Engine, actor| {
        let (from, via) = ("10.0.0.7".into(), "session".into());
        let (command, request) = (close(Scope::default()), Some("key-1".into()));
        let request = ActRequest { id: TransferId(5), command, actor, from, via, request };
        engine.handle_event(Event::Act(Box::new(request)), NOW);
        let outputs = commit(engine).0;
        outputs.into_iter().find_map(|output| match output {
            Output::Act(_, answer) => Some(answer.unwrap()),
            _ => None,
        })
    };
    let first = give(&mut engine, maker()).unwrap();
    let again = give(&mut engine, maker()).unwrap();
    assert_eq!(again, ActDone { row: first.row, was_done: true });
    let other = give(&mut engine, checker()).unwrap();
    assert_ne!(other.row, first.row, "the keys of two operators are apart");
}

#[test]
fn limits_open_in_stages() {
    let mut engine = engine();
    let most = order(Funding::Core).amount;
    let limits = Limits { amount_max: Some(most), per_minute: Some(2), ..Limits::default() };
    let limited =
        Command::Restrict { replaces: None, draft: draft(Scope::default(), Mode::Limited(limits)) };
    act(&mut engine, maker(), limited).unwrap();
    assert!(begins(&mut engine, 1) && begins(&mut engine, 2));
    assert!(!begins(&mut engine, 3), "the minute is full");
    let lower = Amount::new(most.minor() - 1, Currency::IDR);
    let limits = Limits { amount_max: Some(lower), ..Limits::default() };
    let lower =
        Command::Restrict { replaces: None, draft: draft(Scope::default(), Mode::Limited(limits)) };
    let mut engine = self::engine();
    act(&mut engine, maker(), lower).unwrap();
    assert!(!begins(&mut engine, 4), "the amount is too high");
}

#[test]
fn names_and_texts_that_are_wrong_are_refused_with_what_is_known() {
    let mut engine = engine();
    let scope = |service: &str| Scope { service: Some(name(service)), ..Scope::default() };
    let refused = act(&mut engine, maker(), close(scope("transfr"))).unwrap_err();
    assert_eq!(refused.to_string(), "service \"transfr\" is unknown (known: transfer)");
    let blank = Draft { reason: " ".into(), ..draft(Scope::default(), Mode::Closed) };
    let refused =
        act(&mut engine, maker(), Command::Restrict { replaces: None, draft: blank }).unwrap_err();
    assert_eq!(refused.to_string(), "reason: must not be empty");
    let limits = Mode::Limited(Limits::default());
    let none = Command::Restrict { replaces: None, draft: draft(Scope::default(), limits) };
    assert!(matches!(act(&mut engine, maker(), none), Err(ActRefusal::Invalid(_))));
    let viewer = person("dewi", Role::Viewer, NOW);
    let refused = act(&mut engine, viewer, close(Scope::default())).unwrap_err();
    assert_eq!(refused, ActRefusal::Role(Role::Viewer));
}

#[test]
fn a_restart_has_the_same_restrictions_and_proposals() {
    let mut engine = engine();
    let mut acts = Vec::new();
    let closed = act(&mut engine, maker(), close(Scope::default())).unwrap();
    let lift = propose(Proposed::Lift { restriction: RestrictionId(closed.row) });
    let request = ActRequest {
        id: TransferId(5),
        command: lift,
        actor: maker(),
        from: "10.0.0.7".into(),
        via: "session".into(),
        request: Some("key".into()),
    };
    engine.handle_event(Event::Act(Box::new(request)), NOW);
    acts.extend(engine.poll_batch(NOW).unwrap().acts.clone());
    let text = serde_json::to_string(&acts).unwrap();
    let read: Vec<titian::control::Act> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, acts, "{text}");
    insta::assert_snapshot!(serde_json::to_string_pretty(&acts).unwrap());
}
