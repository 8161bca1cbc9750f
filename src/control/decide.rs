//! Decides commands. The state and the time come in; facts or a refusal come out.

use std::collections::HashSet;

use super::command::{Command, Draft, Proposed, Target};
use super::fact::ControlFact;
use super::ids::{ProposalId, StateVersion};
use super::people::PersonalAct;
use super::person::{Actor, PersonId, Right};
use super::proposal::{Against, Check, EXPIRY_DEFAULT, PROPOSALS_MAX, Proposal, ProposalFact};
use super::refusal::ActRefusal;
use super::restriction::{Restriction, RestrictionId};
use super::scope::Scope;
use super::state::{Control, StoredProposal};
use super::world::World;
use crate::values::{Moment, Reference};

/// The most restrictions.
const RESTRICTIONS_MAX: usize = 10_000;

/// The longest reason or public text, in bytes.
const TEXT_MAX: usize = 500;

impl Control {
    /// Decides a command of a person.
    ///
    /// # Errors
    /// Why it is refused. Nothing changes then.
    pub fn decide(
        &self,
        command: &Command,
        actor: &Actor,
        (now, world): (Moment, &impl World),
    ) -> Result<Vec<ControlFact>, ActRefusal> {
        match command {
            Command::Restrict { replaces, draft } => {
                check_right(actor, Right::Close)?;
                if draft.until.is_some() {
                    return Err(ActRefusal::NeedsProposal("a restriction with an end"));
                }
                let restriction = self.checked(draft, actor, now)?;
                self.check_tightens(*replaces, &restriction)?;
                Ok(vec![self.restricted(*replaces, restriction)])
            }
            Command::Propose { command, reason, expires_in } => {
                let against = self.against(command, world)?;
                let expires_at = now.after(expires_in.unwrap_or(EXPIRY_DEFAULT));
                let (command, maker) = (command.clone(), actor.person.clone());
                check_text("reason", reason)?;
                let reason = reason.clone();
                let proposal =
                    Proposal { command, against, maker, reason, made_at: now, expires_at };
                proposal.check_made(actor)?;
                self.check_command(&proposal, (now, world))?;
                let (id, fact) =
                    (ProposalId(self.rows() + 1), ProposalFact::Made(Box::new(proposal)));
                Ok(vec![ControlFact::Proposal { id, fact }])
            }
            Command::Approve { proposal: id, hash } => {
                let stored = self.known_proposal(*id)?;
                let proposal = &stored.proposal;
                let versions = proposal.against.iter().map(|one| self.version(&one.target, world));
                let versions: Vec<_> = versions.collect();
                let check = Check { command: *hash, versions: &versions, now };
                let fact = proposal.approve(stored.state, actor, check)?;
                let mut facts = self.run(proposal, &fact, (now, world))?;
                facts.insert(0, ControlFact::Proposal { id: *id, fact });
                Ok(facts)
            }
            Command::Reject { proposal: id, reason } => {
                check_text("reason", reason)?;
                let stored = self.known_proposal(*id)?;
                let fact = stored.proposal.reject(stored.state, actor, (reason, now))?;
                Ok(vec![ControlFact::Proposal { id: *id, fact }])
            }
            Command::Withdraw { proposal: id } => {
                let stored = self.known_proposal(*id)?;
                let fact = stored.proposal.withdraw(stored.state, actor, now)?;
                Ok(vec![ControlFact::Proposal { id: *id, fact }])
            }
            Command::Retry { transfer } => {
                check_right(actor, Right::Close)?;
                if world.version(*transfer).is_none() {
                    return Err(ActRefusal::UnknownTransfer(*transfer));
                }
                if !world.can_retry(*transfer) {
                    return Err(ActRefusal::NothingToRetry(*transfer));
                }
                Ok(vec![ControlFact::Retried { transfer: *transfer }])
            }
            Command::Personal(change) => {
                let (person, change) = (actor.person.clone(), change.clone());
                let facts = self.people().decide_personal(&PersonalAct { person, change }, now)?;
                Ok(facts.into_iter().map(ControlFact::People).collect())
            }
            Command::OrderLink { link, order } => {
                check_right(actor, Right::Close)?;
                check_name("link", Some(link), self.names().links.iter())?;
                let link = link.clone();
                Ok(vec![ControlFact::LinkOrdered { link, order: *order }])
            }
            Command::Acknowledge { alert, note } => {
                check_text("note", note)?;
                let facts = self.alerts().acknowledge(*alert, actor, note)?;
                Ok(facts.into_iter().map(ControlFact::Alert).collect())
            }
        }
    }

    /// Returns the facts of the proposals that have expired.
    #[must_use]
    pub fn decide_expiries(&self, now: Moment, limit: usize) -> Vec<ControlFact> {
        let expired = self.expired(now, limit);
        expired.map(|id| ControlFact::Proposal { id, fact: ProposalFact::Expired }).collect()
    }

    fn known_proposal(&self, id: ProposalId) -> Result<&StoredProposal, ActRefusal> {
        self.proposal(id).map(AsRef::as_ref).ok_or(ActRefusal::UnknownProposal(id))
    }

    /// Returns the version of a target; `None` if it does not exist.
    fn version(&self, target: &Target, world: &impl World) -> Option<StateVersion> {
        match target {
            Target::Restriction(id) => self.restrictions().version(*id),
            // Restrictions of the same scope stand beside each other.
            Target::Scope(_) => Some(StateVersion(0)),
            Target::Transfer(id) => world.version(*id),
            Target::People(target) => Some(self.people().version(target)),
            Target::Settings => Some(self.settings().version()),
        }
    }

    /// Returns the targets of a command with their versions. Refuses one that does not exist, or that has an open proposal.
    fn against(&self, command: &Proposed, world: &impl World) -> Result<Vec<Against>, ActRefusal> {
        if self.open_proposals() >= PROPOSALS_MAX {
            return Err(ActRefusal::TooMany("open proposals", PROPOSALS_MAX));
        }
        let mut seen = HashSet::new();
        let mut targets = command.targets();
        targets.retain(|target| seen.insert(target.clone()));
        if targets.is_empty() {
            return Err(ActRefusal::NoTransfers);
        }
        if targets.len() > Proposed::TRANSFERS_MAX {
            return Err(ActRefusal::TooMany("transfers in a proposal", Proposed::TRANSFERS_MAX));
        }
        let mut against = Vec::with_capacity(targets.len());
        for target in targets {
            if let Some(open) = self.open_proposal_of(&target) {
                return Err(ActRefusal::OpenProposal(open));
            }
            let version = self.version(&target, world).ok_or(match &target {
                Target::Restriction(id) => ActRefusal::UnknownRestriction(*id),
                Target::Transfer(id) => ActRefusal::UnknownTransfer(*id),
                Target::Scope(_) | Target::People(_) | Target::Settings => ActRefusal::NoTransfers,
            })?;
            against.push(Against { target, version });
        }
        Ok(against)
    }

    /// Checks that a proposed command could be run now.
    fn check_command(
        &self,
        proposal: &Proposal,
        moment: (Moment, &impl World),
    ) -> Result<(), ActRefusal> {
        let checker = proposal.maker.clone();
        let approved = ProposalFact::Approved { checker, skipped: Vec::new() };
        self.run(proposal, &approved, moment).map(drop)
    }

    /// Returns the facts of a proposed command that is approved.
    fn run(
        &self,
        proposal: &Proposal,
        approved: &ProposalFact,
        (now, world): (Moment, &impl World),
    ) -> Result<Vec<ControlFact>, ActRefusal> {
        let skipped = match approved {
            ProposalFact::Approved { skipped, .. } => skipped.as_slice(),
            ProposalFact::Made(_)
            | ProposalFact::Rejected { .. }
            | ProposalFact::Withdrawn
            | ProposalFact::Expired => &[],
        };
        let draft = |draft: &Draft| {
            self.check_draft(draft, now)?;
            Ok::<_, ActRefusal>(draft.clone().set_by(proposal.maker.clone(), now))
        };
        match &proposal.command {
            Proposed::Lift { restriction } => Ok(vec![ControlFact::Lifted { id: *restriction }]),
            Proposed::Replace { restriction, by } => {
                Ok(vec![self.restricted(Some(*restriction), draft(by)?)])
            }
            Proposed::Restrict(new) => Ok(vec![self.restricted(None, draft(new)?)]),
            Proposed::People(command) => {
                command.check_actor(&proposal.maker)?;
                if let ProposalFact::Approved { checker, .. } = approved {
                    command.check_actor(checker)?;
                }
                let facts = self.people().decide(command, now)?;
                Ok(facts.into_iter().map(ControlFact::People).collect())
            }
            Proposed::Settings { .. } if proposal.maker != PersonId::configuration() => {
                Err(ActRefusal::Invalid("settings: change the configuration and reload it"))
            }
            Proposed::Settings { changes } => {
                Ok(vec![ControlFact::SettingsApproved { changes: changes.clone() }])
            }
            Proposed::Resolve { transfers, outcome } => {
                let run = transfers.iter().filter(|id| !skipped.contains(&Target::Transfer(**id)));
                run.map(|id| {
                    world.check_resolution(*id, outcome)?;
                    Ok(ControlFact::Resolved { transfer: *id, outcome: outcome.clone() })
                })
                .collect()
            }
        }
    }

    fn checked(
        &self,
        draft: &Draft,
        actor: &Actor,
        now: Moment,
    ) -> Result<Restriction, ActRefusal> {
        if self.restrictions().len() >= RESTRICTIONS_MAX {
            return Err(ActRefusal::TooMany("restrictions", RESTRICTIONS_MAX));
        }
        self.check_draft(draft, now)?;
        Ok(draft.clone().set_by(actor.person.clone(), now))
    }

    /// Checks that a restriction opens nothing that the one it replaces closes.
    fn check_tightens(
        &self,
        replaces: Option<RestrictionId>,
        new: &Restriction,
    ) -> Result<(), ActRefusal> {
        let Some(id) = replaces else { return Ok(()) };
        let old = self.restrictions().get(id).ok_or(ActRefusal::UnknownRestriction(id))?;
        if old.is_looser_or_equal(new) {
            return Ok(());
        }
        Err(ActRefusal::NeedsProposal("a restriction that is looser than the one it replaces"))
    }

    fn check_draft(&self, draft: &Draft, now: Moment) -> Result<(), ActRefusal> {
        let Draft { scope, mode, reason, public_text, until } = draft;
        let Scope { network, service, direction: _, bank: _, partner } = scope;
        let names = self.names();
        check_name("network", network.as_ref(), names.networks.iter())?;
        let services = names.services.iter().map(|service| &service.name);
        check_name("service", service.as_ref(), services)?;
        check_name("partner", partner.as_ref(), names.partners.iter())?;
        check_text("reason", reason)?;
        if let Some(text) = public_text {
            check_text("public_text", text)?;
        }
        if until.is_some_and(|until| until <= now) {
            return Err(ActRefusal::Invalid("until: must be in the future"));
        }
        mode.fault().map_or(Ok(()), |fault| Err(ActRefusal::Invalid(fault)))
    }

    fn restricted(&self, replaces: Option<RestrictionId>, restriction: Restriction) -> ControlFact {
        let id = replaces.unwrap_or(RestrictionId(self.rows() + 1));
        ControlFact::Restricted { id, restriction: Box::new(restriction) }
    }
}

fn check_right(actor: &Actor, right: Right) -> Result<(), ActRefusal> {
    if actor.role.has(right) { Ok(()) } else { Err(ActRefusal::Role(actor.role)) }
}

fn check_text(what: &'static str, text: &str) -> Result<(), ActRefusal> {
    if text.trim().is_empty() {
        return Err(ActRefusal::NoText(what));
    }
    if text.len() > TEXT_MAX || text.chars().any(char::is_control) {
        return Err(ActRefusal::Text(what, TEXT_MAX));
    }
    Ok(())
}

fn check_name<'n>(
    what: &'static str,
    name: Option<&Reference>,
    mut known: impl Iterator<Item = &'n Reference> + Clone,
) -> Result<(), ActRefusal> {
    let Some(name) = name else { return Ok(()) };
    if known.clone().any(|known| known == name) {
        return Ok(());
    }
    let all: Vec<_> = known.by_ref().map(Reference::as_str).collect();
    let known = all.join(", ").into();
    Err(ActRefusal::UnknownName { what, name: name.as_str().into(), known })
}

impl Draft {
    fn set_by(self, set_by: PersonId, set_at: Moment) -> Restriction {
        let Self { scope, mode, reason, public_text, until } = self;
        Restriction { scope, mode, reason, public_text, set_by, set_at, until }
    }
}
