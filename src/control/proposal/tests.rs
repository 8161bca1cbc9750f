//! Every combination of state, person, role, proof, command, version and time.

use super::*;
use crate::control::person::Proof;
use crate::control::restriction::RestrictionId;

const MADE: Moment = Moment::from_millis(1_795_521_600_000);

fn person(id: &str) -> PersonId {
    PersonId::new(id).unwrap()
}

fn lift(restriction: u64) -> Proposed {
    Proposed::Lift { restriction: RestrictionId(restriction) }
}

fn against(restriction: u64, version: u64) -> Against {
    let target = Target::Restriction(RestrictionId(restriction));
    Against { target, version: StateVersion(version) }
}

fn proposal() -> Proposal {
    Proposal {
        command: lift(17),
        against: vec![against(17, 40)],
        maker: person("maker"),
        reason: "the bank answers again".into(),
        made_at: MADE,
        expires_at: MADE.after(EXPIRY_DEFAULT),
    }
}

const STATES: [ProposalState; 5] = [
    ProposalState::Open,
    ProposalState::Approved,
    ProposalState::Rejected,
    ProposalState::Withdrawn,
    ProposalState::Expired,
];

/// Every person who can try.
fn actors(now: Moment) -> Vec<Actor> {
    let old = Moment::from_millis(now.millis() - 300_001);
    let proofs = [
        Proof::Session { code_at: Some(now) },
        Proof::Session { code_at: Some(old) },
        Proof::Session { code_at: None },
        Proof::Token,
    ];
    let mut all = Vec::new();
    for person in [person("maker"), person("checker"), person("MAKER")] {
        for (_, role) in Role::CODES {
            for proof in proofs {
                all.push(Actor { person: person.clone(), role, proof });
            }
        }
    }
    all
}

#[test]
fn an_approval_needs_another_person_a_role_a_code_the_same_command_state_and_time() {
    let mut approved = 0;
    {
        let proposal = proposal();
        let other = Proposal { command: lift(18), ..proposal.clone() };
        for now in [MADE, proposal.expires_at, proposal.expires_at.after(Duration::from_hours(1))] {
            for actor in actors(now) {
                for state in STATES {
                    for command in [proposal.hash(), other.hash()] {
                        for version in [None, Some(39), Some(40), Some(41)] {
                            let versions = [version.map(StateVersion)];
                            let check = Check { command, versions: &versions, now };
                            let is_allowed = state == ProposalState::Open
                                && now < proposal.expires_at
                                && actor.person.as_str() == "checker"
                                && actor.role == Role::Supervisor
                                && actor.proof == (Proof::Session { code_at: Some(now) })
                                && command == proposal.hash()
                                && version == Some(40);
                            let decided = proposal.approve(state, &actor, check);
                            assert_eq!(
                                decided.is_ok(),
                                is_allowed,
                                "{actor:?} {state:?} {check:?}"
                            );
                            approved += u32::from(is_allowed);
                        }
                    }
                }
            }
        }
    }
    assert_eq!(approved, 1, "one way only");
}

#[test]
fn a_rejection_needs_another_person_and_a_reason_and_only_the_maker_withdraws() {
    let proposal = proposal();
    for state in STATES {
        for actor in actors(MADE) {
            let is_open = state == ProposalState::Open;
            let is_maker = actor.person.as_str() == "maker";
            let rejected = proposal.reject(state, &actor, ("the bank is still down", MADE));
            assert_eq!(rejected.is_ok(), is_open && !is_maker && actor.role == Role::Supervisor);
            if rejected.is_ok() {
                let blank = proposal.reject(state, &actor, (" ", MADE));
                assert_eq!(blank, Err(ProposalRefusal::NoReason));
            }
            let withdrawn = proposal.withdraw(state, &actor, MADE);
            assert_eq!(withdrawn.is_ok(), is_open && is_maker);
        }
    }
}

#[test]
fn a_proposal_expires_once_at_its_time() {
    let proposal = proposal();
    let last = Moment::from_millis(proposal.expires_at.millis() - 1);
    for state in STATES {
        let is_open = state == ProposalState::Open;
        assert_eq!(proposal.expire(state, last), None);
        assert_eq!(proposal.expire(state, proposal.expires_at).is_some(), is_open);
    }
}

#[test]
fn a_proposal_has_its_maker_a_reason_and_an_expiry() {
    let maker = |role| Actor { person: person("maker"), role, proof: Proof::Token };
    for (_, role) in Role::CODES {
        let may = matches!(role, Role::Operator | Role::Supervisor);
        assert_eq!(proposal().check_made(&maker(role)).is_ok(), may, "{role:?}");
    }
    let whole = proposal();
    let operator = maker(Role::Operator);
    let blank = Proposal { reason: "\t".into(), ..whole.clone() };
    assert_eq!(blank.check_made(&operator), Err(ProposalRefusal::NoReason));
    for expires_at in [MADE, MADE.after(EXPIRY_MAX + Duration::from_millis(1))] {
        let wrong = Proposal { expires_at, ..whole.clone() };
        assert_eq!(wrong.check_made(&operator), Err(ProposalRefusal::Expiry));
    }
    let foreign = Proposal { maker: person("checker"), ..whole };
    assert!(foreign.check_made(&operator).is_err(), "in the name of another person");
}

#[test]
fn the_hash_covers_command_target_and_state() {
    let whole = proposal();
    let others = [
        Proposal { command: lift(18), ..whole.clone() },
        Proposal { against: vec![against(18, 40)], ..whole.clone() },
        Proposal { against: vec![against(17, 41)], ..whole.clone() },
        Proposal { against: vec![against(17, 40), against(17, 40)], ..whole.clone() },
    ];
    assert!(others.iter().all(|other| other.hash() != whole.hash()));
    let later = Proposal { reason: "another".into(), ..whole.clone() };
    assert_eq!(later.hash(), whole.hash(), "the reason is not what is run");
}

#[test]
fn a_target_that_changed_is_skipped_and_named_and_if_all_changed_nothing_is_run() {
    let proposal = Proposal { against: vec![against(17, 40), against(18, 41)], ..proposal() };
    let checker = Actor {
        person: person("checker"),
        role: Role::Supervisor,
        proof: Proof::Session { code_at: Some(MADE) },
    };
    let approve = |versions: &[Option<StateVersion>]| {
        let check = Check { command: proposal.hash(), versions, now: MADE };
        proposal.approve(ProposalState::Open, &checker, check)
    };
    let skipped = |versions: [Option<u64>; 2]| match approve(&versions.map(|v| v.map(StateVersion)))
    {
        Ok(ProposalFact::Approved { skipped, .. }) => Some(skipped),
        _ => None,
    };
    assert_eq!(skipped([Some(40), Some(41)]), Some(vec![]));
    let second = Target::Restriction(RestrictionId(18));
    assert_eq!(skipped([Some(40), Some(42)]), Some(vec![second.clone()]));
    assert_eq!(skipped([Some(40), None]), Some(vec![second]));
    assert_eq!(skipped([None, Some(42)]), None);
    assert_eq!(approve(&[Some(StateVersion(40))]), Err(ProposalRefusal::Stale), "too few");
}
