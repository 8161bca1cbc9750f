//! What starts, reloads and checkers do to the guarded settings.

use std::time::Duration;

use super::*;
use crate::control::{
    Act, ActRefusal, Actor, AdmissionAudit, Author, Command, Proof, Role, SettingValue,
    StateVersion as Version, World,
};
use crate::values::TransferId;

const NOW: Moment = Moment::from_millis(1_795_521_600_000);

struct NoTransfers;

impl World for NoTransfers {
    fn version(&self, _: TransferId) -> Option<Version> {
        None
    }

    fn can_retry(&self, _: TransferId) -> bool {
        false
    }

    fn check_resolution(&self, id: TransferId, _: &str) -> Result<(), ActRefusal> {
        Err(ActRefusal::UnknownTransfer(id))
    }
}

fn values(all: &[(&str, &str)]) -> SettingValues {
    all.iter().map(|(key, text)| ((*key).into(), SettingValue(vec![(*text).into()]))).collect()
}

fn limit(text: &str) -> SettingValues {
    values(&[("limits.open_transfers", text)])
}

/// The state and its audit.
#[derive(Default)]
struct Record {
    control: Control,
    audit: AdmissionAudit,
}

impl Record {
    fn add(&mut self, by: Option<Author>, facts: Vec<ControlFact>, at: Moment) {
        let act = Act { version: Act::VERSION, at, by, facts };
        self.control.apply(&act).unwrap();
        self.audit.add(act).unwrap();
    }

    fn read(&mut self, wanted: &SettingValues) -> Vec<&'static str> {
        self.read_at(wanted, NOW)
    }

    /// A start or a reload. Returns the codes of its facts.
    fn read_at(&mut self, wanted: &SettingValues, now: Moment) -> Vec<&'static str> {
        let facts = self.control.decide_settings(wanted, now);
        let code = |fact: &ControlFact| match fact {
            ControlFact::Proposal { fact: ProposalFact::Made(_), .. } => "made",
            ControlFact::Proposal { fact: ProposalFact::Withdrawn, .. } => "withdrawn",
            ControlFact::Proposal { fact: ProposalFact::Expired, .. } => "expired",
            other => other.code(),
        };
        let codes = facts.iter().map(code).collect();
        if !facts.is_empty() {
            self.add(None, facts, now);
        }
        codes
    }

    fn decide(&mut self, command: &Command) -> Result<(), ActRefusal> {
        let person = PersonId::new("budi").unwrap();
        let role = Role::Supervisor;
        let proof = Proof::Session { code_at: Some(NOW) };
        let actor = Actor { person: person.clone(), role, proof };
        let facts = self.control.decide(command, &actor, (NOW, &NoTransfers))?;
        let (from, via) = ("10.0.0.7".into(), "session".into());
        self.add(Some(Author { person, role, from, via, request: None }), facts, NOW);
        Ok(())
    }

    fn approve(&mut self) -> Result<(), ActRefusal> {
        let (id, proposal) = self.control.open_settings_proposal().unwrap();
        let hash = proposal.hash();
        self.decide(&Command::Approve { proposal: id, hash })
    }

    fn approved(&self) -> &SettingValues {
        self.control.settings().approved().unwrap()
    }
}

#[test]
fn a_looser_value_waits_until_it_is_approved_and_a_stricter_one_does_not() {
    let mut record = Record::default();
    assert_eq!(record.read(&limit("10")), ["settings_taken"]);
    assert_eq!(record.read(&limit("10")), [""; 0]);
    assert_eq!(record.read(&limit("5")), ["settings_taken"]);
    assert_eq!(record.read(&limit("10")), ["made"]);
    assert_eq!(record.read(&limit("10")), [""; 0], "one proposal is open");
    assert_eq!(*record.approved(), limit("5"));
    record.approve().unwrap();
    assert_eq!(*record.approved(), limit("10"));
    assert_eq!(record.read(&limit("10")), [""; 0]);
}

#[test]
fn another_difference_withdraws_the_proposal_and_a_return_ends_it() {
    let mut record = Record::default();
    record.read(&limit("10"));
    assert_eq!(record.read(&limit("20")), ["made"]);
    assert_eq!(record.read(&limit("30")), ["withdrawn", "made"]);
    assert_eq!(record.read(&limit("10")), ["withdrawn"]);
    assert_eq!(record.read(&limit("20")), ["made"]);
    let day = NOW.after(Duration::from_hours(8 * 24));
    assert_eq!(record.read_at(&limit("20"), day), ["expired", "made"]);
}

#[test]
fn a_rejected_value_is_proposed_again_only_after_another_one() {
    let mut record = Record::default();
    record.read(&limit("10"));
    record.read(&limit("20"));
    let (proposal, _) = record.control.open_settings_proposal().unwrap();
    record.decide(&Command::Reject { proposal, reason: "too much".into() }).unwrap();
    assert_eq!(record.read(&limit("20")), [""; 0]);
    assert_eq!(record.read(&limit("25")), ["made"]);
    assert_eq!(record.read(&limit("20")), ["withdrawn"], "it was rejected");
    assert_eq!(*record.approved(), limit("10"));
}

#[test]
fn a_proposal_is_made_again_when_an_approved_value_changes_meanwhile() {
    let mut record = Record::default();
    let both = |one, other| values(&[("limits.open_transfers", one), ("api.rate", other)]);
    record.read(&both("10", "500"));
    assert_eq!(record.read(&both("20", "500")), ["made"]);
    assert_eq!(record.read(&both("20", "400")), ["settings_taken", "withdrawn", "made"]);
    record.approve().unwrap();
    assert_eq!(*record.approved(), both("20", "400"));
}

#[test]
fn a_person_does_not_propose_settings() {
    let mut record = Record::default();
    record.read(&limit("10"));
    let command = Proposed::Settings { changes: Vec::new() };
    let propose = Command::Propose { command, reason: "why".into(), expires_in: None };
    assert!(matches!(record.decide(&propose), Err(ActRefusal::Invalid(_))));
}
