//! The people at the console: makers and checkers of every role. They are hasty, wrong, late, and two at once, also between crashes.
//! `restrictions.rs` and `acts.rs` check what comes of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use titian::control::{
    ActDone, ActRefusal, ActRequest, Actor, Command, CommandHash, Control, Draft, Names, PersonId,
    Proof, ProposalId, Proposed, RestrictionId, Role, Scope, ServiceCodes,
};
use titian::engine::Event;
use titian::values::{Reference, TransferId, Value};

use super::networks::TestNetwork;
use super::operators::Care;
use super::world::{SimEvent, World};

/// The makers, the checkers, the administrators, and those who may not act.
pub(crate) const MAKERS: [(&str, Role); 4] = [
    ("siti", Role::Operator),
    ("dewi", Role::Operator),
    ("budi", Role::Supervisor),
    ("agus", Role::Supervisor),
];
pub(crate) const CHECKERS: [&str; 2] = ["budi", "agus"];
pub(crate) const ADMINISTRATORS: [&str; 2] = ["rahma", "joko"];
pub(crate) const OTHERS: [(&str, Role); 3] =
    [("nina", Role::Viewer), ("tono", Role::Auditor), ("rahma", Role::Administrator)];

/// What the people know and wait for.
#[derive(Default)]
pub(crate) struct People {
    /// The state of control that was published last.
    pub(crate) seen: Arc<Control>,
    waiting: HashMap<u128, (ActRequest, Then)>,
    /// The requests whose consequences have begun.
    followed: HashSet<Box<str>>,
    /// Proposals to resolve that must not be approved: a person made them by mistake.
    pub(crate) mistakes: HashSet<ProposalId>,
}

/// What a person does when an act is acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    Nothing,
    /// Opens the restriction again soon.
    Reopen,
    /// Decides the proposal, rightly or wrongly.
    Decide,
    /// Decides the proposal rightly, and nothing else.
    Approve,
    /// Decides about money with care.
    Resolve(Care),
    /// The proposal must not be approved.
    Mistake,
}

/// The names of a network, as the settings have them.
pub(crate) fn names(network: &TestNetwork) -> Names {
    let name = |text: &str| Reference::from_ascii(text.as_bytes()).unwrap();
    let adapter = &network.adapter;
    let services = adapter.services().map(|(service, codes)| (service, codes.to_vec()));
    let inquiries = adapter.inquiries().map(|(inquiry, code)| (inquiry, vec![code]));
    let all = services.chain(inquiries);
    Names {
        networks: vec![name(adapter.name())],
        services: all.map(|(service, codes)| ServiceCodes { name: name(service), codes }).collect(),
        partners: ["MOBILE", "TELLER"].map(name).to_vec(),
        links: vec![name("jakarta")],
    }
}

pub(crate) fn propose(command: Proposed, expires_in: Option<Duration>) -> Command {
    Command::Propose { command, reason: "the bank answers again".into(), expires_in }
}

/// Acting.
impl World {
    /// A session with a one-time code of this moment.
    pub(crate) fn session(&self, person: &str, role: Role) -> Actor {
        let proof = Proof::Session { code_at: Some(self.moment()) };
        Actor { person: PersonId::new(person).unwrap(), role, proof }
    }

    fn request(&mut self, actor: Actor, command: Command) -> ActRequest {
        let via = match actor.proof {
            Proof::Session { .. } => "session 7",
            Proof::Token => "token 0007",
        };
        let request = Some(format!("key-{}", self.random.next()).into());
        let (id, from) = (self.id(), "10.0.0.7".into());
        ActRequest { id, command, actor, from, via: via.into(), request }
    }

    /// A person acts a moment later. A hasty one does it twice, and an impatient one again after a while.
    pub(crate) fn act(&mut self, delay: u64, (actor, command): (Actor, Command), then: Then) {
        let request = self.request(actor, command);
        let again = if self.fault_rates.people == 0 { 1000 } else { self.random.between(0, 999) };
        let after = match again {
            0..150 => Some(self.random.between(0, 20)),
            150..300 => Some(self.random.between(1_000, 10_000)),
            _ => None,
        };
        if let Some(after) = after {
            let again = ActRequest { id: self.id(), ..request.clone() };
            self.schedule(delay + after, SimEvent::Act(Box::new(again), then));
        }
        self.schedule(delay, SimEvent::Act(Box::new(request), then));
    }

    /// A person acts at once.
    pub(crate) fn act_now(&mut self, actor: Actor, command: Command, then: Then) {
        let request = self.request(actor, command);
        self.give(request, then);
    }

    /// Gives a request to the adapter, if it runs.
    pub(crate) fn give(&mut self, request: ActRequest, then: Then) {
        self.people.waiting.insert(request.id.0, (request.clone(), then));
        self.handle(Event::Act(Box::new(request)));
    }

    /// An answer reaches a person.
    pub(crate) fn act_answered(&mut self, id: TransferId, answer: Result<ActDone, ActRefusal>) {
        self.counts.checks += 1;
        let (request, then) = self.people.waiting.remove(&id.0).expect("a request of a person");
        let done = match answer {
            Ok(done) => done,
            Err(refusal) => return self.counts.act(format!("refused: {}", refusal.code())),
        };
        self.restrictions.check_done(&self.journal, &request, done);
        self.counts.act(label(&request.command, done.was_done));
        if !self.people.followed.insert(request.request.unwrap()) {
            return;
        }
        let maker = request.actor;
        match then {
            Then::Nothing => {}
            Then::Reopen => {
                let delay = self.random.between(300, 5_000);
                self.schedule(delay, SimEvent::Reopen(RestrictionId(done.row)));
            }
            Then::Decide => self.decide(&maker, ProposalId(done.row)),
            Then::Approve => self.approve_soon(ProposalId(done.row), &maker),
            Then::Resolve(care) => {
                let delay = self.random.between(1, 5_000);
                self.schedule(delay, SimEvent::Resolve(ProposalId(done.row), care));
            }
            Then::Mistake => {
                self.people.mistakes.insert(ProposalId(done.row));
                self.decide_wrongly(&maker, ProposalId(done.row));
            }
        }
    }

    /// Proposes to lift a restriction, rightly.
    pub(crate) fn reopen(&mut self, id: RestrictionId) {
        let (person, role) = self.pick(&MAKERS);
        let lift = propose(Proposed::Lift { restriction: id }, None);
        let then = if self.fault_rates.people == 0 { Then::Approve } else { Then::Decide };
        self.act(1, (self.session(person, role), lift), then);
    }

    /// Proposes to lift all that is left at the end.
    pub(crate) fn reopen_all(&mut self) {
        let all: Vec<_> = self.people.seen.restrictions().iter().map(|(id, _)| id).collect();
        for id in all {
            self.reopen(id);
        }
    }

    pub(crate) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        let last = u64::try_from(all.len()).unwrap() - 1;
        all[usize::try_from(self.random.between(0, last)).unwrap()].clone()
    }

    /// Returns a checker of a proposal who is not its maker, with the role for it.
    pub(crate) fn checker(&mut self, id: ProposalId, maker: &PersonId) -> Actor {
        let stored = self.people.seen.proposal(id);
        let is_people =
            stored.is_some_and(|stored| matches!(stored.proposal.command, Proposed::People(_)));
        let (all, role) = if is_people {
            (ADMINISTRATORS, Role::Administrator)
        } else {
            (CHECKERS, Role::Supervisor)
        };
        let others: Vec<_> = all.into_iter().filter(|one| *one != maker.as_str()).collect();
        let person = self.pick(&others);
        self.session(person, role)
    }

    /// Returns the approval of what a person sees.
    pub(crate) fn approval(&self, proposal: ProposalId) -> Command {
        let stored = self.people.seen.proposal(proposal);
        let hash = stored.map_or(CommandHash([0; 32]), |stored| stored.proposal.hash());
        Command::Approve { proposal, hash }
    }

    fn approve_soon(&mut self, id: ProposalId, maker: &Actor) {
        let (checker, delay) = (self.checker(id, &maker.person), self.random.between(1, 2_000));
        let approval = self.approval(id);
        self.act(delay, (checker, approval), Then::Nothing);
    }
}

/// Deciding a proposal.
impl World {
    fn decide(&mut self, maker: &Actor, id: ProposalId) {
        let delay = self.random.between(1, 3_000);
        let (checker, approval) = (self.checker(id, &maker.person), self.approval(id));
        match self.random.between(0, 9) {
            0..=3 => self.act(delay, (checker, approval), Then::Nothing),
            4 => {
                // Two at once, or one who approves beside one who rejects.
                let other = self.checker(id, &maker.person);
                let rejection = Command::Reject { proposal: id, reason: "not yet".into() };
                let second = if self.random.permille(500) { approval.clone() } else { rejection };
                self.act(delay, (checker, approval), Then::Nothing);
                self.act(delay, (other, second), Then::Nothing);
            }
            5 => {
                // The state changes before the approval.
                self.tighten_target(id, delay);
                self.act(delay + 20, (checker, approval), Then::Nothing);
            }
            6 => {
                // At the very end.
                let expires_at = self.people.seen.proposal(id).map(|one| one.proposal.expires_at);
                let now = self.moment();
                let left = expires_at.map_or(1, |at| at.millis().saturating_sub(now.millis()));
                self.act(left, (checker, approval), Then::Nothing);
            }
            _ => {
                self.decide_wrongly(maker, id);
                self.act(delay + 3_000, (checker, approval), Then::Nothing);
            }
        }
    }

    /// Attempts that must change nothing, a rejection or a withdrawal.
    fn decide_wrongly(&mut self, maker: &Actor, id: ProposalId) {
        let delay = self.random.between(1, 3_000);
        let (checker, approval) = (self.checker(id, &maker.person), self.approval(id));
        let old = self.moment().millis() - 300_001;
        let old = Some(titian::values::Moment::from_millis(old));
        let (who, command) = match self.random.between(0, 9) {
            0 => {
                let name = maker.person.as_str().to_uppercase();
                (self.session(&name, checker.role), approval)
            }
            1 => (Actor { proof: Proof::Token, ..checker }, approval),
            2 => (Actor { proof: Proof::Session { code_at: old }, ..checker }, approval),
            3 => (checker, Command::Approve { proposal: id, hash: CommandHash([7; 32]) }),
            4 => (self.session("dewi", Role::Operator), approval),
            5 => (checker, Command::Reject { proposal: id, reason: " ".into() }),
            6 => (checker, Command::Reject { proposal: id, reason: "the bank is down".into() }),
            7 => (maker.clone(), Command::Withdraw { proposal: id }),
            8 => (checker, Command::Withdraw { proposal: id }),
            _ => return,
        };
        self.act(delay, (who, command), Then::Nothing);
    }

    /// Closes the target of a proposal, if it is a restriction.
    fn tighten_target(&mut self, id: ProposalId, delay: u64) {
        let stored = self.people.seen.proposal(id).map(Arc::clone);
        let target = stored.and_then(|stored| match stored.proposal.command {
            Proposed::Lift { restriction } | Proposed::Replace { restriction, .. } => {
                Some(restriction)
            }
            Proposed::Restrict(_)
            | Proposed::Resolve { .. }
            | Proposed::People(_)
            | Proposed::Settings { .. } => None,
        });
        let old = target.and_then(|id| self.people.seen.restrictions().get(id).map(Arc::clone));
        if let (Some(replaces), Some(old)) = (target, old) {
            let draft = draft(old.scope.clone(), titian::control::Mode::Closed);
            let command = Command::Restrict { replaces: Some(replaces), draft };
            self.act(delay, (self.session("siti", Role::Operator), command), Then::Nothing);
        }
    }

    /// A person decides any proposal, open or closed long ago.
    pub(crate) fn decide_any(&mut self) {
        let all: Vec<_> = self.people.seen.proposals().map(|(id, _)| id).collect();
        if all.is_empty() {
            return;
        }
        let id = self.pick(&all);
        let stored = Arc::clone(self.people.seen.proposal(id).unwrap());
        let is_money = matches!(stored.proposal.command, Proposed::Resolve { .. });
        let maker = self.session(stored.proposal.maker.as_str(), Role::Supervisor);
        if is_money && stored.state == titian::control::ProposalState::Open {
            return self.decide_wrongly(&maker, id);
        }
        self.approve_soon(id, &maker);
    }
}

pub(crate) fn draft(scope: Scope, mode: titian::control::Mode) -> Draft {
    let (reason, text) = ("it answers nothing".into(), "closed for now".into());
    Draft { scope, mode, reason, public_text: Some(text), until: None }
}

/// Returns what an act is counted as.
fn label(command: &Command, was_done: bool) -> String {
    if was_done {
        return "done before".to_owned();
    }
    match command {
        Command::Restrict { replaces: Some(_), .. } => "tighten".to_owned(),
        Command::Propose { command, .. } => format!("propose {}", command.code()),
        Command::Restrict { .. }
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Withdraw { .. }
        | Command::Retry { .. }
        | Command::Personal(_)
        | Command::OrderLink { .. }
        | Command::Acknowledge { .. } => command.code().to_owned(),
    }
}
