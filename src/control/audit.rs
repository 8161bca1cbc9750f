//! What an audit checks of the acts: that each was allowed, and that no work began that a restriction refused.

use std::collections::VecDeque;

use super::alerts::AlertFact;
use super::command::Proposed;
use super::fact::{Act, ControlFact};
use super::guarded::{self, SettingChange};
use super::people::PeopleFact;
use super::person::{PersonId, Right};
use super::proposal::{Proposal, ProposalFact, ProposalState};
use super::restriction::{Limits, Mode, Restriction, RestrictionId};
use super::scope::Work;
use super::state::Control;
use crate::values::{Moment, TransferId};

/// The acts in their order, and the state that work was admitted under. The acts come first, then the work.
#[derive(Debug, Default)]
pub struct AdmissionAudit {
    /// The state after all acts.
    last: Control,
    /// The state under which the last work was admitted, and the acts after it that change restrictions or names.
    admitted: Control,
    later: VecDeque<(u64, Act)>,
    /// The number of acts under which the last work was admitted.
    under: u64,
}

impl AdmissionAudit {
    /// Adds the next act.
    ///
    /// # Errors
    /// The reason, if it does not follow from the acts before it, or its author was not allowed to do it.
    pub fn add(&mut self, act: Act) -> Result<(), String> {
        check_allowed(&act, &self.last)?;
        self.last.apply(&act)?;
        self.later.push_back((self.last.rows(), act));
        Ok(())
    }

    /// Checks that work could begin under the first `acts` acts.
    ///
    /// # Errors
    /// The reason, if a restriction refused it, or earlier work was admitted under more acts.
    pub fn check(&mut self, acts: u64, work: impl FnOnce(&Control) -> bool) -> Result<(), String> {
        if acts < self.under {
            return Err(format!(
                "admitted under control row {acts}, and earlier work under row {}",
                self.under
            ));
        }
        if acts > self.last.rows() {
            return Err(format!("admitted under control row {acts}, which does not exist"));
        }
        self.under = acts;
        while let Some((_, act)) = self.later.pop_front_if(|(number, _)| *number <= acts) {
            self.admitted.apply(&act)?;
        }
        if work(&self.admitted) {
            return Ok(());
        }
        Err(format!("admitted under control row {acts}, when a restriction refused it"))
    }
}

impl Control {
    /// Returns whether no restriction certainly refuses some work. Pilots and shares need the key of the accounts, and the rate
    /// needs the minute, so they are not checked.
    #[must_use]
    pub fn may_have_admitted(&self, work: &Work<'_>, at: Moment) -> bool {
        let refuses = |restriction: &Restriction| match &restriction.mode {
            Mode::Closed => true,
            Mode::Limited(Limits { amount_max, .. }) => {
                amount_max.zip(work.amount).is_some_and(|(max, amount)| {
                    amount.currency() != max.currency() || amount.minor() > max.minor()
                })
            }
        };
        !self.restrictions().iter().any(|(_, restriction)| {
            restriction.is_in_force(at) && restriction.scope.covers(work) && refuses(restriction)
        })
    }
}

/// Returns whether a proposal was made by its maker: that of settings by the program.
fn has_its_maker(proposal: &Proposal, act: &Act) -> bool {
    if matches!(proposal.command, Proposed::Settings { .. }) {
        return act.by.is_none() && proposal.maker == PersonId::configuration();
    }
    let right = proposal.command.subject().right_to_propose();
    act.by.as_ref().is_some_and(|by| by.person == proposal.maker && by.role.has(right))
}

/// Returns whether changes of settings are looser than what is approved.
fn loosens(changes: &[SettingChange], before: &Control) -> bool {
    let mut taken = before.settings().approved().cloned().unwrap_or_default();
    guarded::apply(&mut taken, changes);
    !before.settings().compare(&taken).held.is_empty()
}

/// Returns whether a proposal sets a restriction: in the place of the one with this id, or a new one.
fn sets(proposal: &Proposal, id: RestrictionId, is_new: bool) -> bool {
    match &proposal.command {
        Proposed::Replace { restriction, .. } => *restriction == id,
        Proposed::Restrict(_) => is_new,
        Proposed::Lift { .. }
        | Proposed::Resolve { .. }
        | Proposed::People(_)
        | Proposed::Settings { .. } => false,
    }
}

/// Returns whether a proposal resolves a transfer with an outcome.
fn resolves(proposal: &Proposal, transfer: TransferId, named: &str) -> bool {
    match &proposal.command {
        Proposed::Resolve { transfers, outcome } => {
            **outcome == *named && transfers.contains(&transfer)
        }
        Proposed::Lift { .. }
        | Proposed::Replace { .. }
        | Proposed::Restrict(_)
        | Proposed::People(_)
        | Proposed::Settings { .. } => false,
    }
}

/// Checks that maker, checker and author of an act were allowed to do it.
fn check_allowed(act: &Act, before: &Control) -> Result<(), String> {
    let mut approved: Option<&Proposal> = None;
    let mut is_signed_offline = false;
    for fact in &act.facts {
        let author = || act.by.as_ref().ok_or_else(|| format!("{}: has no author", fact.code()));
        match fact {
            ControlFact::Proposal { fact: ProposalFact::Made(proposal), .. } => {
                if !has_its_maker(proposal, act) {
                    return Err("a proposal was made in the name of another person".to_owned());
                }
            }
            ControlFact::Proposal { id, fact: ProposalFact::Approved { checker, .. } } => {
                let by = author()?;
                let stored = before.proposal(*id).ok_or("a proposal is unknown")?;
                let is_allowed = stored.state == ProposalState::Open
                    && act.at < stored.proposal.expires_at
                    && by.person == *checker
                    && *checker != stored.proposal.maker
                    && by.role.has(stored.proposal.command.subject().right_to_approve());
                if !is_allowed {
                    return Err("a proposal was approved by a person who may not".to_owned());
                }
                approved = Some(&stored.proposal);
            }
            ControlFact::Restricted { id, restriction } => {
                let old = before.restrictions().get(*id);
                let loosens = restriction.until.is_some()
                    || old.is_some_and(|old| !old.is_looser_or_equal(restriction));
                if loosens && !approved.is_some_and(|proposal| sets(proposal, *id, old.is_none())) {
                    return Err("a restriction was loosened by one person".to_owned());
                }
                author()?;
            }
            ControlFact::Lifted { id } => {
                let is_approved = approved.is_some_and(|proposal| {
                    proposal.command == Proposed::Lift { restriction: *id }
                });
                if !is_approved {
                    return Err("a restriction was lifted by one person".to_owned());
                }
            }
            ControlFact::Resolved { transfer, outcome: named } => {
                if !approved.is_some_and(|proposal| resolves(proposal, *transfer, named)) {
                    return Err("a transfer was resolved by one person".to_owned());
                }
            }
            ControlFact::People(
                PeopleFact::Enrolled { person, .. } | PeopleFact::SignedOut { person },
            ) => {
                if act.by.as_ref().is_none_or(|by| by.person != *person) {
                    return Err("a person acted in the name of another".to_owned());
                }
            }
            ControlFact::Alert(AlertFact::Acknowledged { by: person, .. }) => {
                let by = author()?;
                if by.person != *person || !by.role.has(Right::Close) {
                    return Err("an alert was acknowledged by a person who may not".to_owned());
                }
            }
            ControlFact::SignedOffline(signed) => is_signed_offline = signed.signatures.len() == 2,
            ControlFact::People(_) => {
                let is_approved = is_signed_offline
                    || approved
                        .is_some_and(|proposal| matches!(proposal.command, Proposed::People(_)));
                if !is_approved {
                    return Err("operators or tokens were changed by one person".to_owned());
                }
            }
            ControlFact::SettingsTaken { changes } | ControlFact::SettingsApproved { changes } => {
                let is_approved = approved.is_some_and(|proposal| {
                    proposal.command == Proposed::Settings { changes: changes.clone() }
                });
                let is_taken = act.by.is_none() && !loosens(changes, before);
                if !is_approved && !is_taken {
                    return Err("settings were loosened without a checker".to_owned());
                }
            }
            ControlFact::Started(_)
            | ControlFact::Reloaded(_)
            | ControlFact::Proposal { .. }
            | ControlFact::Retried { .. }
            | ControlFact::LinkOrdered { .. }
            | ControlFact::Alert(
                AlertFact::Raised { .. } | AlertFact::Ended { .. } | AlertFact::LeftOut { .. },
            )
            | ControlFact::Refused { .. } => {}
        }
    }
    Ok(())
}
