//! A small world: a restriction, an exception, two makers and two checkers.

use std::time::Duration;

use titian::control::{
    Act, ActRefusal, Actor, Author, Command, CommandHash, Control, ControlFact, Draft, Limits,
    Mode, PersonId, Proof, ProposalId, Proposed, RestrictionId, Role, Scope, StateVersion, World,
};
use titian::values::{Moment, TransferId};

pub(crate) const START: Moment = Moment::from_millis(1_795_521_600_000);

/// The step of time.
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// The restriction of the first row, and the exception.
pub(crate) const RESTRICTION: RestrictionId = RestrictionId(1);
pub(crate) const TRANSFER: TransferId = TransferId(7);

/// An exception with the version of its state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception(pub(crate) u64);

impl World for Exception {
    fn version(&self, id: TransferId) -> Option<StateVersion> {
        (id == TRANSFER).then_some(StateVersion(self.0))
    }

    fn can_retry(&self, _: TransferId) -> bool {
        false
    }

    fn check_resolution(&self, _: TransferId, _: &str) -> Result<(), ActRefusal> {
        Ok(())
    }
}

/// The state of control, with the acts that led to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) acts: Vec<Act>,
    pub(crate) control: Control,
}

impl Record {
    /// A record with a restriction.
    pub(crate) fn new() -> Self {
        let mut record = Self::default();
        let limits = Limits { percent: Some(10), ..Limits::default() };
        let draft = draft(Mode::Limited(limits));
        let limited = Command::Restrict { replaces: None, draft };
        record.give(&session("siti"), &limited, (START, Exception(0))).unwrap();
        record
    }

    /// Gives a command, and returns the facts.
    pub(crate) fn give(
        &mut self,
        actor: &Actor,
        command: &Command,
        (now, world): (Moment, Exception),
    ) -> Result<Vec<ControlFact>, ActRefusal> {
        let facts = self.control.decide(command, actor, (now, &world))?;
        let via = if actor.proof == Proof::Token { "token" } else { "session" };
        let (person, role) = (actor.person.clone(), actor.role);
        let by = Author { person, role, from: "10.0.0.7".into(), via: via.into(), request: None };
        self.add(Some(by), facts.clone(), now);
        Ok(facts)
    }

    /// Records that proposals have expired.
    pub(crate) fn expire(&mut self, now: Moment) {
        let facts = self.control.decide_expiries(now, 100);
        if !facts.is_empty() {
            self.add(None, facts, now);
        }
    }

    fn add(&mut self, by: Option<Author>, facts: Vec<ControlFact>, at: Moment) {
        let act = Act { version: Act::VERSION, at, by, facts };
        self.control.apply(&act).unwrap();
        self.acts.push(act);
    }

    pub(crate) fn approval(&self, proposal: ProposalId) -> Command {
        let hash = self.control.proposal(proposal).map(|stored| stored.proposal.hash());
        Command::Approve { proposal, hash: hash.unwrap_or(CommandHash([0; 32])) }
    }
}

/// A session of a person with a one-time code of the start.
pub(crate) fn session(person: &str) -> Actor {
    let is_checker = ["budi", "agus"].contains(&person);
    let role = if is_checker { Role::Supervisor } else { Role::Operator };
    let proof = Proof::Session { code_at: Some(START) };
    Actor { person: PersonId::new(person).unwrap(), role, proof }
}

pub(crate) fn draft(mode: Mode) -> Draft {
    let (scope, reason) = (Scope::default(), "it answers nothing".into());
    Draft { scope, mode, reason, public_text: None, until: None }
}

pub(crate) fn propose(command: Proposed, minutes: u32) -> Command {
    let reason = "it answers again".into();
    Command::Propose { command, reason, expires_in: Some(MINUTE * minutes) }
}

pub(crate) fn lift() -> Proposed {
    Proposed::Lift { restriction: RESTRICTION }
}

pub(crate) fn resolve() -> Proposed {
    Proposed::Resolve { transfers: vec![TRANSFER], outcome: "settled".into() }
}

/// Closes what the restriction limits, by one person.
pub(crate) fn tighten() -> Command {
    Command::Restrict { replaces: Some(RESTRICTION), draft: draft(Mode::Closed) }
}
