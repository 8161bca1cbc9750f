//! Tests of operators and tokens.

use std::time::Duration;

use super::*;
use crate::codes;
use crate::values::{Name, Reference, Value};

const NOW: Moment = Moment::from_millis(1_795_545_000_000);

fn id(text: &str) -> PersonId {
    PersonId::new(text).unwrap()
}

fn hash(text: &str) -> SecretHash {
    SecretHash::of(text.as_bytes())
}

fn new(person: &str) -> NewOperator {
    let name = Name::new("Siti Rahayu").unwrap();
    NewOperator { person: id(person), name, enrolment: hash(person) }
}

fn sealed() -> SealedCredentials {
    SealedCredentials::new(vec![7; 80]).unwrap()
}

fn token(role: Role, person: Option<&str>) -> NewToken {
    NewToken {
        hash: hash("token"),
        label: Reference::from_ascii(b"night report").unwrap(),
        role,
        person: person.map(id),
        expires_at: NOW.after(Duration::from_hours(24)),
    }
}

fn make(number: u8, token: NewToken) -> PeopleCommand {
    PeopleCommand::MakeToken { id: TokenId([number; 8]), token }
}

/// The people of a test, and the number of the last row.
#[derive(Default)]
struct World {
    people: People,
    row: u64,
}

impl World {
    /// A store with enrolled administrators `a` and `b`, and one person of each other role named after it.
    fn new() -> Self {
        let mut world = Self::default();
        let administrators = [new("a"), new("b")];
        world.run(&PeopleCommand::FirstAdministrators { administrators }).unwrap();
        world.enrol("a").unwrap();
        world.enrol("b").unwrap();
        for (code, role) in Role::CODES.into_iter().filter(|(_, role)| *role != Role::Administrator)
        {
            world.run(&PeopleCommand::AddOperator { operator: new(code), role }).unwrap();
            world.enrol(code).unwrap();
        }
        world
    }

    fn run(&mut self, command: &PeopleCommand) -> Result<usize, PeopleRefusal> {
        let facts = self.people.decide(command, NOW)?;
        self.apply(&facts);
        Ok(facts.len())
    }

    fn enrol(&mut self, person: &str) -> Result<(), PeopleRefusal> {
        let change = PersonalChange::Enrol { secret: hash(person), credentials: sealed() };
        self.personal(person, change, NOW)
    }

    fn personal(
        &mut self,
        person: &str,
        change: PersonalChange,
        now: Moment,
    ) -> Result<(), PeopleRefusal> {
        let act = PersonalAct { person: id(person), change };
        let facts = self.people.decide_personal(&act, now)?;
        self.apply(&facts);
        Ok(())
    }

    /// Applies facts as the journal stores them.
    fn apply(&mut self, facts: &[PeopleFact]) {
        self.row += 1;
        for fact in facts {
            let stored = serde_json::to_string(fact).unwrap();
            let read: PeopleFact = serde_json::from_str(&stored).unwrap();
            assert_eq!(read, *fact, "{stored}");
            let code = stored.split('"').nth(1).unwrap();
            assert!(codes::people_fact::ALL.contains(&code), "{stored}");
            self.people.apply(&read, self.row);
        }
    }

    fn role(&self, person: &str) -> Role {
        self.people.operator(&id(person)).unwrap().role
    }
}

#[test]
fn the_first_administrators_are_two_people_on_an_empty_store() {
    let mut world = World::default();
    let first =
        |one, other| PeopleCommand::FirstAdministrators { administrators: [new(one), new(other)] };
    assert_eq!(world.run(&first("a", "A")), Err(PeopleRefusal::Twice(id("a"))));
    let reserved = Err(PeopleRefusal::ReservedId(id("token.1")));
    assert_eq!(world.run(&first("a", "token.1")), reserved);
    assert_eq!(world.run(&first("a", "b")), Ok(2));
    assert_eq!(world.run(&first("c", "d")), Err(PeopleRefusal::NotFirst));
    assert_eq!(first("a", "b").target(), "operators".into());
}

#[test]
fn commands_are_refused_with_the_reason() {
    let mut world = World::new();
    let (known, gone) = (id("viewer"), id("gone"));
    let disable = |person: &PersonId| PeopleCommand::DisableOperator { person: person.clone() };
    let change =
        |person: &PersonId, role| PeopleCommand::ChangeRole { person: person.clone(), role };
    let enable = |person: &PersonId| {
        let enrolment = hash("x");
        PeopleCommand::EnableOperator { person: person.clone(), enrolment }
    };
    let add = |person| PeopleCommand::AddOperator { operator: new(person), role: Role::Viewer };
    assert_eq!(world.run(&disable(&id("auditor"))), Ok(1));
    let disabled = || PeopleRefusal::OperatorDisabled(id("auditor"));
    let token_id = TokenId([9; 8]);
    let mut long = token(Role::Viewer, None);
    long.expires_at = NOW.after(TOKEN_TIME_MAX + Duration::from_millis(1));
    let above = |person: &str, has, wanted| PeopleRefusal::TokenAbovePerson {
        person: id(person),
        has,
        wanted,
    };
    for (command, refusal) in [
        (add("viewer"), PeopleRefusal::OperatorKnown(known.clone())),
        (add("auditor"), PeopleRefusal::OperatorKnown(id("auditor"))),
        (add("token.0017"), PeopleRefusal::ReservedId(id("token.0017"))),
        (disable(&gone), PeopleRefusal::OperatorUnknown(gone.clone())),
        (disable(&id("auditor")), disabled()),
        (change(&id("auditor"), Role::Viewer), disabled()),
        (change(&known, Role::Viewer), PeopleRefusal::SameRole(known.clone(), Role::Viewer)),
        (enable(&known), PeopleRefusal::OperatorEnabled(known.clone())),
        (make(1, token(Role::Operator, None)), PeopleRefusal::TokenRole(Role::Operator)),
        (make(1, token(Role::Auditor, None)), PeopleRefusal::TokenRole(Role::Auditor)),
        (
            make(1, token(Role::Supervisor, Some("operator"))),
            above("operator", Role::Operator, Role::Supervisor),
        ),
        (
            make(1, token(Role::Operator, Some("a"))),
            above("a", Role::Administrator, Role::Operator),
        ),
        (make(1, token(Role::Viewer, Some("auditor"))), disabled()),
        (make(1, long), PeopleRefusal::TokenExpiry),
        (
            make(1, NewToken { expires_at: NOW, ..token(Role::Viewer, None) }),
            PeopleRefusal::TokenExpiry,
        ),
        (PeopleCommand::RevokeToken { id: token_id }, PeopleRefusal::TokenUnknown(token_id)),
    ] {
        let before = world.people.clone();
        assert_eq!(world.run(&command), Err(refusal), "{command:?}");
        assert_eq!(world.people, before);
    }
}

#[test]
fn two_administrators_that_can_sign_in_remain() {
    let mut world = World::new();
    let disable = |person| PeopleCommand::DisableOperator { person: id(person) };
    let change = |person| PeopleCommand::ChangeRole { person: id(person), role: Role::Viewer };
    let last = Err(PeopleRefusal::LastAdministrators);
    assert_eq!(world.run(&disable("a")), last);
    assert_eq!(world.run(&change("b")), last);
    let role = Role::Administrator;
    world.run(&PeopleCommand::AddOperator { operator: new("c"), role }).unwrap();
    assert_eq!(world.run(&disable("a")), last, "an invited administrator does not count");
    world.enrol("c").unwrap();
    assert_eq!(world.run(&change("a")), Ok(1));
    assert_eq!(world.run(&disable("c")), last);
    assert_eq!(world.role("a"), Role::Viewer);
}

#[test]
fn a_person_does_not_decide_about_the_own_role() {
    let own = |command: &PeopleCommand| command.check_actor(&id("a"));
    let refused = Err(PeopleRefusal::OwnRole);
    let change = |person| PeopleCommand::ChangeRole { person: id(person), role: Role::Supervisor };
    assert_eq!(own(&change("A")), refused);
    assert_eq!(own(&change("b")), Ok(()));
    let enable = PeopleCommand::EnableOperator { person: id("a"), enrolment: hash("x") };
    assert_eq!(own(&enable), refused);
    assert_eq!(own(&make(1, token(Role::Viewer, Some("a")))), refused);
    assert_eq!(own(&make(1, token(Role::Viewer, None))), Ok(()));
}

#[test]
fn a_one_time_secret_enrols_once_and_in_time() {
    let mut world = World::default();
    let administrators = [new("a"), new("b")];
    world.run(&PeopleCommand::FirstAdministrators { administrators }).unwrap();
    let enrol = |secret| PersonalChange::Enrol { secret: hash(secret), credentials: sealed() };
    let refused = Err(PeopleRefusal::Enrolment);
    assert_eq!(world.personal("a", enrol("b"), NOW), refused, "the secret of another person");
    assert_eq!(world.personal("c", enrol("c"), NOW), refused, "an unknown person");
    let late = NOW.after(ENROLMENT_TIME);
    assert_eq!(world.personal("a", enrol("a"), late), refused);
    assert_eq!(world.personal("a", enrol("a"), Moment::from_millis(late.millis() - 1)), Ok(()));
    assert_eq!(world.enrol("a"), refused, "the secret is used up");
    let reset = PeopleCommand::ResetCredentials { person: id("a"), enrolment: hash("new") };
    world.run(&reset).unwrap();
    assert_eq!(world.enrol("a"), refused, "the old secret");
    assert_eq!(world.personal("a", enrol("new"), NOW), Ok(()));
}

#[test]
fn each_change_of_an_operator_has_a_new_version() {
    let mut world = World::new();
    let mut last = world.people.version("operator/operator");
    let person = || id("operator");
    for command in [
        PeopleCommand::ChangeRole { person: person(), role: Role::Supervisor },
        PeopleCommand::ResetCredentials { person: person(), enrolment: hash("operator") },
        PeopleCommand::DisableOperator { person: person() },
        PeopleCommand::EnableOperator { person: person(), enrolment: hash("operator") },
    ] {
        world.run(&command).unwrap();
        let now = world.people.version(&command.target());
        assert!(now > last, "{command:?}");
        last = now;
    }
    world.enrol("operator").unwrap();
    assert!(world.people.version("operator/operator") > last);
    last = world.people.version("operator/operator");
    world.personal("operator", PersonalChange::SignOutEverywhere, NOW).unwrap();
    assert!(world.people.version("operator/operator") > last);
    assert_eq!(world.people.version("operator/gone"), StateVersion(0));
    assert_eq!(world.people.version("operators"), StateVersion(0));
}

#[test]
fn a_token_acts_with_its_secret_until_it_or_its_person_ends() {
    let mut world = World::new();
    world.run(&make(1, token(Role::Viewer, None))).unwrap();
    world.run(&make(2, token(Role::Operator, Some("supervisor")))).unwrap();
    world.run(&make(3, token(Role::Viewer, Some("supervisor")))).unwrap();
    assert_eq!(
        world.run(&make(1, token(Role::Viewer, None))),
        Err(PeopleRefusal::TokenKnown(TokenId([1; 8])))
    );
    let actor = |world: &World, number: u8, secret: &str, now| {
        world.people.token_actor(TokenId([number; 8]), &hash(secret), now)
    };
    let found = actor(&world, 2, "token", NOW).unwrap();
    let expected = Actor { person: id("supervisor"), role: Role::Operator, proof: Proof::Token };
    assert_eq!(found, expected);
    let own = actor(&world, 1, "token", NOW).unwrap().person;
    assert_eq!(own.as_str(), "token.0101010101010101");
    assert_eq!(actor(&world, 1, "other", NOW), None);
    assert_eq!(actor(&world, 4, "token", NOW), None);
    assert_eq!(actor(&world, 1, "token", NOW.after(Duration::from_hours(24))), None);
    assert_eq!(world.people.version("token/0202020202020202"), StateVersion(world.row - 1));
    let viewer = PeopleCommand::ChangeRole { person: id("supervisor"), role: Role::Viewer };
    assert_eq!(world.run(&viewer), Ok(2), "the token above the new role ends");
    assert_eq!(actor(&world, 2, "token", NOW), None);
    assert!(actor(&world, 3, "token", NOW).is_some());
    world.run(&PeopleCommand::DisableOperator { person: id("supervisor") }).unwrap();
    assert_eq!(world.people.tokens().count(), 1, "the tokens of a person end with it");
    assert_eq!(world.run(&PeopleCommand::RevokeToken { id: TokenId([1; 8]) }), Ok(1));
    assert_eq!(actor(&world, 1, "token", NOW), None);
}

#[test]
fn there_is_a_limit_of_tokens() {
    let mut world = World::new();
    for number in 0..u64::try_from(TOKENS_MAX).unwrap() {
        let id = TokenId(number.to_be_bytes());
        world.run(&PeopleCommand::MakeToken { id, token: token(Role::Viewer, None) }).unwrap();
    }
    let full = Err(PeopleRefusal::TokensFull(TOKENS_MAX));
    assert_eq!(world.run(&make(0xFF, token(Role::Viewer, None))), full);
}

#[test]
fn a_command_is_stored_by_its_code_and_shows_no_name() {
    let command = PeopleCommand::AddOperator { operator: new("E-17"), role: Role::Operator };
    let stored = serde_json::to_string(&command).unwrap();
    let expected = format!(
        "{{\"add_operator\":{{\"operator\":{{\"person\":\"e-17\",\"name\":\"Siti Rahayu\",\
         \"enrolment\":\"{}\"}},\"role\":\"operator\"}}}}",
        String::from(hash("E-17"))
    );
    assert_eq!(stored, expected);
    assert_eq!(serde_json::from_str::<PeopleCommand>(&stored).unwrap(), command);
    assert!(!format!("{command:?}").contains("Rahayu"));
    let (text, apart) = crate::values::write_apart(|| serde_json::to_string(&command).unwrap());
    assert!(!text.contains("Rahayu") && apart.is_some(), "the name stands apart in a row");
    assert!(!format!("{:?}", sealed()).contains("07"));
}
