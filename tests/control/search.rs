//! Exhaustive search: two makers, two checkers, a restriction and an exception; each command of each person, time and changes in every
//! order. A crash loses acts that are not durable, so the world after it is an earlier one: its fold must be the same.

use std::collections::{BTreeSet, HashSet, VecDeque};

use titian::control::{
    Command, Control, ControlFact, ProposalId, ProposalState, StateVersion, Target, World as _,
};
use titian::values::Moment;

use super::world::{
    Exception, MINUTE, RESTRICTION, Record, START, TRANSFER, lift, propose, resolve, session,
    tighten,
};
use crate::simulation::acts::Acts;

/// The most proposals of a world, the minutes that pass, and the changes of the exception.
const PROPOSALS: usize = 3;
const MINUTES: u32 = 2;
const CHANGES: u64 = 1;

const PEOPLE: [&str; 4] = ["siti", "dewi", "budi", "agus"];

#[derive(Clone)]
struct World {
    record: Record,
    audited: Acts,
    minute: u32,
    exception: Exception,
}

impl World {
    fn now(&self) -> Moment {
        START.after(MINUTE * self.minute)
    }

    /// What decisions depend on: not the numbers of rows, and nothing of a proposal that is closed. People of one role are alike.
    fn key(&self) -> String {
        let swapped = |one: &'static str, other: &'static str| {
            move |name: &str| match name {
                name if name == one => other.to_owned(),
                name if name == other => one.to_owned(),
                name => name.to_owned(),
            }
        };
        let (makers, checkers) = (swapped("siti", "dewi"), swapped("budi", "agus"));
        let keys = [
            self.key_of(str::to_owned),
            self.key_of(makers),
            self.key_of(checkers),
            self.key_of(|name| makers(&checkers(name))),
        ];
        keys.into_iter().min().unwrap()
    }

    fn key_of(&self, name: impl Fn(&str) -> String) -> String {
        let control = &self.record.control;
        let is_stale = |target: &Target, version: StateVersion| match target {
            Target::Restriction(id) => control.restrictions().version(*id) != Some(version),
            Target::Transfer(id) => self.exception.version(*id) != Some(version),
            Target::Scope(_) | Target::People(_) | Target::Settings => false,
        };
        let is_open = |state| state == ProposalState::Open;
        let open = control.proposals().filter(|(_, stored)| is_open(stored.state));
        let open = open.map(|(_, stored)| {
            let proposal = &stored.proposal;
            let against = &proposal.against[0];
            let minutes = proposal.expires_at.since(START).as_secs() / 60;
            let is_stale = is_stale(&against.target, against.version);
            (proposal.command.code(), name(proposal.maker.as_str()), minutes, is_stale)
        });
        let mut open: Vec<_> = open.collect();
        open.sort_unstable();
        let count = control.proposals().count();
        let closed = control.restrictions().get(RESTRICTION).map(|one| one.mode.code());
        format!("{}{:?}{closed:?}{count}{open:?}", self.minute, self.exception)
    }

    /// Gives a command; `None` if it is refused.
    fn give(&self, person: &str, command: &Command, seen: &mut Seen) -> Option<Self> {
        // A person gives a new code each minute.
        let mut actor = session(person);
        actor.proof = titian::control::Proof::Session { code_at: Some(self.now()) };
        let moment = (self.now(), self.exception);
        match self.record.control.decide(command, &actor, (moment.0, &moment.1)) {
            Ok(_) => {
                seen.done.insert(command.code());
                let mut next = self.clone();
                let facts = next.record.give(&actor, command, moment).unwrap();
                let resolved = |fact: &ControlFact| matches!(fact, ControlFact::Resolved { .. });
                if facts.iter().any(resolved) {
                    // The transfer gets a fact of its own.
                    next.exception.0 += 1;
                }
                next.audit(self.exception);
                Some(next)
            }
            Err(refusal) => {
                seen.refused.insert(refusal.code());
                None
            }
        }
    }

    /// Audits the last act.
    fn audit(&mut self, exception: Exception) {
        let act = self.record.acts.last().unwrap();
        let before = self.audited.resolved.values().map(Vec::len).sum::<usize>();
        self.audited.add(act);
        let resolved: Vec<_> = self.audited.resolved.values().flatten().collect();
        if resolved.len() > before {
            assert_eq!(resolved[before].0, exception.0, "resolved in another state");
        }
    }

    /// Checks that a restart has the same state: the fold of all acts.
    fn check_restart(&self) {
        let mut folded = Control::default();
        self.record.acts.iter().for_each(|act| folded.apply(act).unwrap());
        assert_eq!(folded, self.record.control);
    }

    fn successors(&self, seen: &mut Seen) -> Vec<Self> {
        let mut commands = vec![tighten()];
        if self.record.control.proposals().count() < PROPOSALS {
            commands.extend([propose(lift(), 2), propose(resolve(), 1)]);
        }
        let ids: Vec<ProposalId> = self.record.control.proposals().map(|(id, _)| id).collect();
        for proposal in ids {
            commands.push(self.record.approval(proposal));
            commands.push(Command::Reject { proposal, reason: "not yet".into() });
            commands.push(Command::Withdraw { proposal });
        }
        let mut next = Vec::new();
        for person in PEOPLE {
            next.extend(commands.iter().filter_map(|command| self.give(person, command, seen)));
        }
        if self.minute < MINUTES {
            // An approval may come before the expiry is on record.
            let later = Self { minute: self.minute + 1, ..self.clone() };
            next.push(later.clone());
            next.extend(later.expired());
        }
        next.extend(self.expired());
        if self.exception.0 < CHANGES {
            next.push(Self { exception: Exception(self.exception.0 + 1), ..self.clone() });
        }
        next
    }

    fn expired(&self) -> Option<Self> {
        let mut expired = self.clone();
        expired.record.expire(self.now());
        let is_new = expired.record.acts.len() > self.record.acts.len();
        is_new.then(|| {
            expired.audit(self.exception);
            expired
        })
    }
}

/// What was seen in any world.
#[derive(Default)]
struct Seen {
    done: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
    states: BTreeSet<&'static str>,
}

#[test]
fn no_order_of_acts_opens_or_resolves_without_two_people() {
    let mut first = World {
        record: Record::new(),
        audited: Acts::default(),
        minute: 0,
        exception: Exception(0),
    };
    first.audit(Exception(0));
    let (mut seen, mut keys, mut queue) =
        (Seen::default(), HashSet::new(), VecDeque::from([first]));
    while let Some(world) = queue.pop_front() {
        let control = &world.record.control;
        seen.states.extend(control.proposals().map(|(_, stored)| stored.state.code()));
        if !keys.insert(world.key()) {
            continue;
        }
        world.check_restart();
        for target in [Target::Restriction(RESTRICTION), Target::Transfer(TRANSFER)] {
            let is_open = |state| state == ProposalState::Open;
            let open = control.proposals().filter(|(_, stored)| {
                is_open(stored.state) && stored.proposal.against[0].target == target
            });
            let open: Vec<_> = open.map(|(id, _)| id).collect();
            assert!(open.len() <= 1, "{open:?}");
            assert_eq!(control.open_proposal_of(&target), open.first().copied());
        }
        queue.extend(world.successors(&mut seen));
    }
    println!("{} worlds", keys.len());
    assert_eq!(seen.states.len(), 5, "{:?}", seen.states);
    assert_eq!(Vec::from_iter(seen.done), ["approve", "propose", "reject", "restrict", "withdraw"]);
    let refused = Vec::from_iter(seen.refused);
    for code in
        ["expired", "not_open", "other_person", "proposal_open", "role", "same_person", "stale"]
    {
        assert!(refused.contains(&code), "{code}: {refused:?}");
    }
}
