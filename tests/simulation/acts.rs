//! The auditor of acts: what each durable act was allowed to do, by a plain list of acts and rules that are written anew here.

use std::collections::{HashMap, HashSet};

use titian::control::{
    Act, Author, ControlFact, Mode, PersonId, Proposal, ProposalFact, ProposalId, Proposed,
    Restriction, RestrictionId, Role, Target,
};
use titian::values::TransferId;

/// A change of a restriction: the row, and the restriction after it, if it is still set.
pub(crate) type Change = (u64, RestrictionId, Option<Restriction>);

/// A resolution that two people decided: the state version that they saw, the outcome, and their ids.
pub(crate) type Decided = (u64, Box<str>, PersonId, PersonId);

/// The acts so far.
#[derive(Clone, Default)]
pub(crate) struct Acts {
    /// The number of the last row.
    pub(crate) rows: u64,
    pub(crate) changes: Vec<Change>,
    pub(crate) resolved: HashMap<u128, Vec<Decided>>,
    /// Proposals that expired, and acts that resolved several transfers.
    pub(crate) expired: u64,
    pub(crate) together: u64,
    proposals: HashMap<ProposalId, (Proposal, bool)>,
    requests: HashSet<(PersonId, Box<str>)>,
}

/// A proposal that was approved earlier in the same act.
struct Approved {
    proposal: Proposal,
    checker: PersonId,
    skipped: Vec<Target>,
}

impl Acts {
    /// Checks the next act, and adds it.
    pub(crate) fn add(&mut self, act: &Act) {
        self.rows += 1;
        let mut approved = None;
        for fact in &act.facts {
            match fact {
                ControlFact::Proposal { id, fact } => {
                    approved = self.add_proposal(*id, fact, act).or(approved);
                }
                ControlFact::Restricted { id, restriction } => {
                    self.check_restricted(*id, restriction, approved.as_ref(), act);
                    self.changes.push((self.rows, *id, Some((**restriction).clone())));
                }
                ControlFact::Lifted { id } => {
                    let approved = approved.as_ref().expect("lifted by one person");
                    assert_eq!(approved.proposal.command, Proposed::Lift { restriction: *id });
                    self.check_unchanged(*id, approved);
                    self.changes.push((self.rows, *id, None));
                }
                ControlFact::Resolved { transfer, outcome } => {
                    self.add_resolution(*transfer, outcome, approved.as_ref());
                }
                ControlFact::People(_) => {
                    let approved = approved.as_ref().expect("operators changed by one person");
                    assert!(matches!(approved.proposal.command, Proposed::People(_)));
                }
                ControlFact::Retried { .. } | ControlFact::LinkOrdered { .. } => {
                    assert!(may_close(author(act).role), "a retry or an order of a viewer");
                }
                ControlFact::Alert(_) => {
                    assert!(act.by.is_none(), "no person acknowledges: {act:?}");
                }
                ControlFact::Refused { .. } => assert_eq!(act.facts.len(), 1, "{act:?}"),
                ControlFact::Started(_) | ControlFact::SettingsTaken { .. } => {}
                ControlFact::Reloaded(_) | ControlFact::SettingsApproved { .. } => {
                    panic!("no reload here: {act:?}")
                }
                ControlFact::SignedOffline(_) => panic!("no offline act here: {act:?}"),
            }
        }
        let is_resolution = |fact: &&ControlFact| matches!(fact, ControlFact::Resolved { .. });
        self.together += u64::from(act.facts.iter().filter(is_resolution).count() > 1);
        if let Some((person, key)) =
            act.by.as_ref().and_then(|by| Some((by.person.clone(), by.request.clone()?)))
        {
            assert!(self.requests.insert((person, key)), "a request was done twice: {act:?}");
        }
    }

    fn add_proposal(&mut self, id: ProposalId, fact: &ProposalFact, act: &Act) -> Option<Approved> {
        if let ProposalFact::Made(made) = fact {
            let by = author(act);
            assert_eq!((id.0, &made.maker), (self.rows, &by.person), "{act:?}");
            let is_money = !matches!(made.command, Proposed::People(_));
            let may = if is_money { may_close(by.role) } else { by.role == Role::Administrator };
            assert!(may, "proposed by {:?}", by.role);
            let targets = || made.against.iter().map(|one| &one.target);
            let is_free = |(proposal, is_open): &(Proposal, bool)| {
                !is_open
                    || proposal.against.iter().all(|one| targets().all(|own| *own != one.target))
            };
            assert!(self.proposals.values().all(is_free), "two open proposals: {act:?}");
            self.proposals.insert(id, ((**made).clone(), true));
            return None;
        }
        let (proposal, is_open) = self.proposals.get_mut(&id).expect("a proposal that was made");
        assert!(std::mem::take(is_open), "decided twice: {act:?}");
        let is_late = act.at >= proposal.expires_at;
        match fact {
            ProposalFact::Made(_) => None,
            ProposalFact::Approved { checker, skipped } => {
                let by = author(act);
                let is_money = !matches!(proposal.command, Proposed::People(_));
                let role = if is_money { Role::Supervisor } else { Role::Administrator };
                assert!(!is_late, "approved after its end: {act:?}");
                assert_eq!((checker, by.role), (&by.person, role), "{act:?}");
                assert_ne!(*checker, proposal.maker, "one person is maker and checker: {act:?}");
                assert!(by.via.starts_with("session"), "approved by a token: {act:?}");
                assert!(skipped.len() < proposal.against.len(), "nothing was left: {act:?}");
                let (proposal, checker) = (proposal.clone(), checker.clone());
                Some(Approved { proposal, checker, skipped: skipped.clone() })
            }
            ProposalFact::Rejected { checker, .. } => {
                assert!(!is_late && *checker == author(act).person && *checker != proposal.maker);
                None
            }
            ProposalFact::Withdrawn => {
                assert!(!is_late && author(act).person == proposal.maker, "{act:?}");
                None
            }
            ProposalFact::Expired => {
                assert!(is_late && act.by.is_none(), "expired too early: {act:?}");
                self.expired += 1;
                None
            }
        }
    }

    /// Checks that a restriction is tighter than the one it replaces, or that two people decided.
    fn check_restricted(
        &self,
        id: RestrictionId,
        new: &Restriction,
        approved: Option<&Approved>,
        act: &Act,
    ) {
        let old = self.changes.iter().rev().find(|(_, changed, _)| *changed == id);
        let old = old.and_then(|(_, _, old)| old.as_ref());
        assert!(old.is_some() || id.0 == self.rows, "{act:?}");
        if let Some(approved) = approved {
            match &approved.proposal.command {
                Proposed::Replace { restriction, .. } => {
                    assert_eq!(*restriction, id, "{act:?}");
                    self.check_unchanged(id, approved);
                }
                Proposed::Restrict(_) => assert!(old.is_none(), "{act:?}"),
                other => panic!("another command was run: {other:?}"),
            }
        } else {
            assert!(may_close(author(act).role) && new.until.is_none(), "{act:?}");
            assert!(old.is_none_or(|old| is_tighter(old, new)), "loosened alone: {act:?}");
        }
    }

    /// Checks that a restriction has not changed since the proposal.
    fn check_unchanged(&self, id: RestrictionId, approved: &Approved) {
        let last = self.changes.iter().rev().find(|(_, changed, _)| *changed == id);
        let (row, ..) = last.expect("a restriction that was set");
        let target = Target::Restriction(id);
        let seen = approved.proposal.against.iter().find(|one| one.target == target);
        assert_eq!(seen.map(|one| one.version.0), Some(*row), "the restriction has changed");
        assert!(approved.skipped.is_empty());
    }

    fn add_resolution(&mut self, transfer: TransferId, outcome: &str, approved: Option<&Approved>) {
        let approved = approved.expect("resolved by one person");
        let target = Target::Transfer(transfer);
        let Proposed::Resolve { outcome: proposed, .. } = &approved.proposal.command else {
            panic!("another command was run")
        };
        assert_eq!(&**proposed, outcome);
        assert!(!approved.skipped.contains(&target), "{transfer}: skipped and run");
        let seen = approved.proposal.against.iter().find(|one| one.target == target);
        let version = seen.expect("a transfer that was proposed").version.0;
        let (maker, checker) = (approved.proposal.maker.clone(), approved.checker.clone());
        let decided = (version, outcome.into(), maker, checker);
        self.resolved.entry(transfer.0).or_default().push(decided);
    }
}

fn author(act: &Act) -> &Author {
    act.by.as_ref().unwrap_or_else(|| panic!("an act without a person: {act:?}"))
}

const fn may_close(role: Role) -> bool {
    matches!(role, Role::Operator | Role::Supervisor)
}

/// Whether a restriction admits nothing that the old one refuses.
fn is_tighter(old: &Restriction, new: &Restriction) -> bool {
    let no_more = |new: Option<u64>, old: Option<u64>| {
        old.is_none_or(|old| new.is_some_and(|new| new <= old))
    };
    old.scope == new.scope
        && match (&old.mode, &new.mode) {
            (_, Mode::Closed) => true,
            (Mode::Closed, Mode::Limited(_)) => false,
            (Mode::Limited(old), Mode::Limited(new)) => {
                let amount = |amount: Option<titian::values::Amount>| {
                    amount.map(titian::values::Amount::minor)
                };
                let is_subset = old
                    .pilot
                    .as_ref()
                    .is_none_or(|old| new.pilot.as_ref().is_some_and(|new| new.is_subset(old)));
                no_more(amount(new.amount_max), amount(old.amount_max))
                    && no_more(new.per_minute.map(Into::into), old.per_minute.map(Into::into))
                    && no_more(new.percent.map(Into::into), old.percent.map(Into::into))
                    && is_subset
            }
        }
}
