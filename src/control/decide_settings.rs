//! Decides about the guarded settings that a start or a reload read.

use super::command::{Proposed, Target};
use super::fact::ControlFact;
use super::guarded::{Compared, SettingValues};
use super::ids::{ProposalId, StateVersion};
use super::person::PersonId;
use super::proposal::{
    Against, PROPOSALS_MAX, Proposal, ProposalFact, ProposalState, SETTINGS_EXPIRY,
};
use super::state::Control;
use crate::values::Moment;

impl Control {
    /// Decides about the guarded values that a start or a reload read: stricter ones are taken, and looser ones are proposed. One
    /// proposal about settings is open at a time, so another difference withdraws it.
    #[must_use]
    pub fn decide_settings(&self, wanted: &SettingValues, now: Moment) -> Vec<ControlFact> {
        let settings = self.settings();
        let Compared { taken, held } = settings.compare(wanted);
        let row = self.rows() + 1;
        let version = if taken.is_empty() { settings.version() } else { StateVersion(row) };
        let mut facts = Vec::new();
        if !taken.is_empty() || settings.approved().is_none() {
            facts.push(ControlFact::SettingsTaken { changes: taken });
        }
        let against = vec![Against { target: Target::Settings, version }];
        let command = Proposed::Settings { changes: held };
        if let Some((id, open)) = self.open_settings_proposal() {
            if open.command == command && open.against == against && now < open.expires_at {
                return facts;
            }
            let ended = open.expire(ProposalState::Open, now);
            let fact = ended.unwrap_or(ProposalFact::Withdrawn);
            facts.push(ControlFact::Proposal { id, fact });
        }
        let Proposed::Settings { changes } = &command else { return facts };
        if changes.is_empty()
            || settings.has_rejected(changes)
            || self.open_proposals() >= PROPOSALS_MAX
        {
            return facts;
        }
        let proposal = Proposal {
            command,
            against,
            maker: PersonId::configuration(),
            reason: "the configuration is looser than what is approved: its editor is the maker"
                .into(),
            made_at: now,
            expires_at: now.after(SETTINGS_EXPIRY),
        };
        let fact = ProposalFact::Made(Box::new(proposal));
        facts.push(ControlFact::Proposal { id: ProposalId(row), fact });
        facts
    }

    /// Returns the open proposal about settings.
    #[must_use]
    pub fn open_settings_proposal(&self) -> Option<(ProposalId, &Proposal)> {
        let id = self.open_proposal_of(&Target::Settings)?;
        self.proposal(id).map(|stored| (id, &stored.proposal))
    }
}

#[cfg(test)]
mod tests;
