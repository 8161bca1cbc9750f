//! What comes to a person's mind: to close, to open, to order, to err.

use std::time::Duration;

use titian::control::{
    Command, Limits, Mode, NewOperator, PeopleCommand, PersonId, Proposed, RestrictionId, Role,
    Scope, SecretHash,
};
use titian::values::{Direction, LinkOrder, Name, Reference, TransferId, Value};

use super::networks::institution;
use super::people::{ADMINISTRATORS, MAKERS, OTHERS, Then, draft, names, propose};
use super::world::{World, amount};

impl World {
    /// A person acts as it comes.
    pub(crate) fn act_by_notion(&mut self) {
        let (person, role) = self.pick(&MAKERS);
        let actor = self.session(person, role);
        let (command, then) = match self.random.between(0, 17) {
            0..=4 => (self.closing(), Then::Reopen),
            5 => (self.change(Mode::Closed), Then::Nothing),
            6 => {
                let mode = self.mode();
                (self.change(mode), Then::Nothing)
            }
            7..=8 => {
                let Command::Restrict { draft: by, .. } = self.closing() else { return };
                let restriction = self.some_restriction();
                (self.proposal(Proposed::Replace { restriction, by }), Then::Decide)
            }
            9 => {
                let restriction = self.some_restriction();
                (self.proposal(Proposed::Lift { restriction }), Then::Decide)
            }
            10 => {
                let Command::Restrict { mut draft, .. } = self.closing() else { return };
                let until = self.random.between(1, 10_000);
                draft.until = Some(self.moment().after(Duration::from_millis(until)));
                (self.proposal(Proposed::Restrict(draft)), Then::Decide)
            }
            11 => (Command::Retry { transfer: self.some_transfer() }, Then::Nothing),
            12 => {
                let link = Reference::from_ascii(b"jakarta").unwrap();
                (Command::OrderLink { link, order: LinkOrder::Echo }, Then::Nothing)
            }
            13 => {
                let (person, role) = self.pick(&OTHERS);
                let command = self.closing();
                return self.act(1, (self.session(person, role), command), Then::Nothing);
            }
            14 => return self.administer(),
            15 => {
                let outcome = self.pick(&["settled", "refunded", "written_off", "lost"]).into();
                let transfers = vec![self.some_transfer()];
                (self.proposal(Proposed::Resolve { transfers, outcome }), Then::Mistake)
            }
            16 => (self.invalid(), Then::Nothing),
            _ => return self.decide_any(),
        };
        if matches!(then, Then::Decide) && self.random.permille(200) {
            // Two people have the same notion.
            self.act(1, (self.session("dewi", Role::Operator), command.clone()), then);
        }
        self.act(1, (actor, command), then);
    }

    /// A proposal that is open for seconds, or for as long as usual.
    fn proposal(&mut self, command: Proposed) -> Command {
        let is_short = self.random.permille(500);
        let expires_in = is_short.then(|| self.random.between(1, 10_000));
        propose(command, expires_in.map(Duration::from_millis))
    }

    fn closing(&mut self) -> Command {
        let (scope, mode) = (self.scope(), self.mode());
        Command::Restrict { replaces: None, draft: draft(scope, mode) }
    }

    /// Replaces a restriction by one person alone.
    fn change(&mut self, mode: Mode) -> Command {
        let id = self.some_restriction();
        let old = self.people.seen.restrictions().get(id);
        let scope = old.map(|old| old.scope.clone()).unwrap_or_default();
        Command::Restrict { replaces: Some(id), draft: draft(scope, mode) }
    }

    fn invalid(&mut self) -> Command {
        let Command::Restrict { replaces, mut draft } = self.closing() else {
            panic!("another command")
        };
        match self.random.between(0, 2) {
            0 => draft.reason = " ".into(),
            1 => draft.mode = Mode::Limited(Limits::default()),
            _ => draft.scope.service = Reference::from_ascii(b"transfr"),
        }
        Command::Restrict { replaces, draft }
    }

    /// An administrator proposes an operator.
    fn administer(&mut self) {
        let person = format!("e-{}", self.random.between(1, 20));
        let operator = NewOperator {
            person: PersonId::new(&person).unwrap(),
            name: Name::new("Budi Santoso").unwrap(),
            enrolment: SecretHash::of(person.as_bytes()),
        };
        let command = PeopleCommand::AddOperator { operator, role: Role::Operator };
        let proposal = self.proposal(Proposed::People(command));
        let administrator = self.pick(&ADMINISTRATORS);
        let actor = self.session(administrator, Role::Administrator);
        self.act(1, (actor, proposal), Then::Decide);
    }

    /// A scope of any shape.
    fn scope(&mut self) -> Scope {
        let names = names(&self.network);
        let mut has = || self.random.permille(400);
        let [network, service, direction, bank, partner] = [has(), has(), has(), has(), has()];
        let directions = [Direction::Outbound, Direction::Inbound];
        Scope {
            network: network.then(|| names.networks[0].clone()),
            service: service.then(|| self.pick(&names.services).name),
            direction: direction.then(|| self.pick(&directions)),
            bank: bank.then(|| institution(&self.bank())),
            partner: partner.then(|| self.pick(&names.partners)),
        }
    }

    fn mode(&mut self) -> Mode {
        if self.random.permille(500) {
            return Mode::Closed;
        }
        let mut limits = Limits::default();
        match self.random.between(0, 3) {
            0 => limits.amount_max = Some(amount(self.random.between(1, 1_000_000))),
            1 => limits.per_minute = Some(u32::try_from(self.random.between(0, 5)).unwrap()),
            2 => limits.percent = Some(u8::try_from(self.random.between(0, 100)).unwrap()),
            _ => limits.pilot = Some([titian::control::AccountKey(17)].into()),
        }
        Mode::Limited(limits)
    }

    /// Returns a restriction that is set, mostly.
    fn some_restriction(&mut self) -> RestrictionId {
        let all: Vec<_> = self.people.seen.restrictions().iter().map(|(id, _)| id).collect();
        if all.is_empty() || self.random.permille(50) {
            RestrictionId(999)
        } else {
            self.pick(&all)
        }
    }

    /// Returns a transfer of ours, or one that does not exist.
    fn some_transfer(&mut self) -> TransferId {
        if self.orders.is_empty() || self.random.permille(50) {
            return TransferId(1);
        }
        let last = u64::try_from(self.orders.len()).unwrap() - 1;
        let nth = self.random.between(last.saturating_sub(5), last);
        self.orders[usize::try_from(nth).unwrap()].0.id
    }
}
