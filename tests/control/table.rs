//! Every state of a proposal with every command, in a snapshot.

use std::fmt::Write as _;

use titian::control::{Actor, Command, CommandHash, PersonId, Proof, ProposalId, Role};
use titian::values::Moment;

use super::world::{Exception, MINUTE, Record, START, lift, propose, resolve, session, tighten};

/// A proposal in a state, and the moment.
fn states(command: &titian::control::Proposed) -> Vec<(&'static str, Record, Moment, Exception)> {
    let mut open = Record::new();
    let (now, exception) = (START, Exception(0));
    open.give(&session("siti"), &propose(command.clone(), 2), (now, exception)).unwrap();
    let proposal = ProposalId(2);
    let after = |actor: &str, command: Command| {
        let mut record = open.clone();
        record.give(&session(actor), &command, (now, exception)).unwrap();
        record
    };
    let late = START.after(MINUTE * 2);
    let mut expired = open.clone();
    expired.expire(late);
    vec![
        ("open", open.clone(), now, exception),
        ("open, at its end", open.clone(), late, exception),
        ("open, restriction changed", after("dewi", tighten()), now, exception),
        ("open, transfer changed", open.clone(), now, Exception(1)),
        ("approved", after("budi", open.approval(proposal)), now, Exception(1)),
        (
            "rejected",
            after("budi", Command::Reject { proposal, reason: "not yet".into() }),
            now,
            exception,
        ),
        ("withdrawn", after("siti", Command::Withdraw { proposal }), now, exception),
        ("expired", expired, late, exception),
    ]
}

/// Each command about the proposal with a label.
fn commands(record: &Record, now: Moment) -> Vec<(&'static str, Actor, Command)> {
    let proposal = ProposalId(2);
    let fresh = |person| Actor { proof: Proof::Session { code_at: Some(now) }, ..session(person) };
    let with = |person: &str, role, proof| {
        let person = PersonId::new(person).unwrap();
        Actor { person, role, proof }
    };
    let code = Proof::Session { code_at: Some(now) };
    let old = Moment::from_millis(now.millis() - 300_001);
    let old = Proof::Session { code_at: Some(old) };
    let approval = record.approval(proposal);
    let other = Command::Approve { proposal, hash: CommandHash([7; 32]) };
    let reject = |reason: &str| Command::Reject { proposal, reason: reason.into() };
    let withdraw = Command::Withdraw { proposal };
    vec![
        ("approve", fresh("budi"), approval.clone()),
        ("approve, second checker", fresh("agus"), approval.clone()),
        (
            "approve, the maker as supervisor",
            with("SITI", Role::Supervisor, code),
            approval.clone(),
        ),
        ("approve, operator", fresh("dewi"), approval.clone()),
        ("approve, viewer", with("nina", Role::Viewer, code), approval.clone()),
        ("approve, auditor", with("tono", Role::Auditor, code), approval.clone()),
        ("approve, administrator", with("joko", Role::Administrator, code), approval.clone()),
        ("approve, token", with("budi", Role::Supervisor, Proof::Token), approval.clone()),
        ("approve, old code", with("budi", Role::Supervisor, old), approval),
        ("approve, another command", fresh("budi"), other),
        ("reject", fresh("budi"), reject("not yet")),
        ("reject, no reason", fresh("budi"), reject(" ")),
        ("reject, the maker as supervisor", with("siti", Role::Supervisor, code), reject("no")),
        ("reject, operator", fresh("dewi"), reject("no")),
        ("withdraw", fresh("siti"), withdraw.clone()),
        ("withdraw, another person", fresh("budi"), withdraw),
        ("propose the same", fresh("dewi"), propose(lift(), 2)),
        ("propose to resolve", fresh("dewi"), propose(resolve(), 2)),
    ]
}

#[test]
fn every_state_with_every_command() {
    let mut table = String::new();
    for (what, proposed) in [("lift a restriction", lift()), ("resolve an exception", resolve())] {
        for (name, record, now, exception) in states(&proposed) {
            writeln!(table, "## {what}: {name}").unwrap();
            for (label, actor, command) in commands(&record, now) {
                let mut next = record.clone();
                let result = match next.give(&actor, &command, (now, exception)) {
                    Ok(facts) => {
                        let codes: Vec<_> =
                            facts.iter().map(titian::control::ControlFact::code).collect();
                        let state = next.control.proposal(ProposalId(2)).unwrap().state.code();
                        format!("{} -> {state}", codes.join(" + "))
                    }
                    Err(refusal) => format!("refused: {}", refusal.code()),
                };
                writeln!(table, "{label}: {result}").unwrap();
            }
            table.push('\n');
        }
    }
    insta::assert_snapshot!(table);
}
