//! Proposals: a command that one person makes and another one approves. The state of a proposal is the fold of its facts.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::command::{Proposed, Target};
use super::ids::{CommandHash, StateVersion};
use super::person::{Actor, PersonId, Role};
use crate::codes::{act_refusal, proposal_state};
use crate::values::Moment;

/// How long a proposal is open, if its maker does not say.
pub const EXPIRY_DEFAULT: Duration = Duration::from_mins(30);

/// The longest that a proposal can be open.
pub const EXPIRY_MAX: Duration = Duration::from_hours(24);

/// How long a proposal about settings is open: over a long weekend. Nothing runs with the looser values meanwhile, and an approval takes
/// exactly the values that it shows.
pub(super) const SETTINGS_EXPIRY: Duration = Duration::from_hours(7 * 24);

/// The most open proposals.
pub(super) const PROPOSALS_MAX: usize = 10_000;

/// A target with its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// The target.
    #[serde(rename = "target")]
    pub target: Target,
    /// Its version.
    #[serde(rename = "version")]
    pub version: StateVersion,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The exact command. What is approved is run, and nothing else.
    #[serde(rename = "command")]
    pub command: Proposed,
    /// What it changes, and the state of each that it was made against.
    #[serde(rename = "against")]
    pub against: Vec<Against>,
    /// The maker.
    #[serde(rename = "maker")]
    pub maker: PersonId,
    /// Why.
    #[serde(rename = "reason")]
    pub reason: Box<str>,
    /// When it was made.
    #[serde(rename = "made_at")]
    pub made_at: Moment,
    /// When it expires.
    #[serde(rename = "expires_at")]
    pub expires_at: Moment,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalFact {
    /// It was made.
    #[serde(rename = "made")]
    Made(Box<Proposal>),
    /// A second person approved it. Its command was run in the same act.
    #[serde(rename = "approved")]
    Approved {
        /// The checker.
        #[serde(rename = "checker")]
        checker: PersonId,
        /// The targets that had changed since it was made. The command was not run for them.
        #[serde(rename = "skipped", default, skip_serializing_if = "Vec::is_empty")]
        skipped: Vec<Target>,
    },
    /// A second person rejected it.
    #[serde(rename = "rejected")]
    Rejected {
        /// The checker.
        #[serde(rename = "checker")]
        checker: PersonId,
        /// Why.
        #[serde(rename = "reason")]
        reason: Box<str>,
    },
    /// Its maker withdrew it.
    #[serde(rename = "withdrawn")]
    Withdrawn,
    /// Its time was over.
    #[serde(rename = "expired")]
    Expired,
}

/// The state of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProposalState {
    /// It waits for a checker.
    Open,
    /// It was approved, and its command was run.
    Approved,
    /// It was rejected.
    Rejected,
    /// It was withdrawn.
    Withdrawn,
    /// It expired.
    Expired,
}

impl ProposalState {
    /// Returns the code that is stored and exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => proposal_state::OPEN,
            Self::Approved => proposal_state::APPROVED,
            Self::Rejected => proposal_state::REJECTED,
            Self::Withdrawn => proposal_state::WITHDRAWN,
            Self::Expired => proposal_state::EXPIRED,
        }
    }

    /// Returns the state that a fact leads to.
    #[must_use]
    pub const fn after(fact: &ProposalFact) -> Self {
        match fact {
            ProposalFact::Made(_) => Self::Open,
            ProposalFact::Approved { .. } => Self::Approved,
            ProposalFact::Rejected { .. } => Self::Rejected,
            ProposalFact::Withdrawn => Self::Withdrawn,
            ProposalFact::Expired => Self::Expired,
        }
    }
}

/// Why something about a proposal is refused. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProposalRefusal {
    /// The role is not enough.
    #[error("the role {} may not do this", .0.code())]
    Role(Role),
    /// The checker is the maker.
    #[error("{} made this proposal: another person must decide it", .0.as_str())]
    SamePerson(PersonId),
    /// Only the maker withdraws.
    #[error("only its maker can withdraw a proposal: reject it")]
    OtherPerson,
    /// A token, or a one-time code that is too old.
    #[error(
        "approving needs a session with a one-time code of the last 5 minutes: enter a new code"
    )]
    Code,
    /// The proposal is not open.
    #[error("the proposal is not open: it is {}", .0.code())]
    NotOpen(ProposalState),
    /// Its time is over.
    #[error("the proposal has expired: make a new one")]
    Expired,
    /// What it changes has changed since.
    #[error("the state has changed since the proposal was made: look at it, and make a new one")]
    Stale,
    /// The hash is that of another command.
    #[error("the hash is not that of the proposed command: look at the proposal again")]
    OtherCommand,
    /// A reason is needed.
    #[error("a reason is needed")]
    NoReason,
    /// The expiry is in the past or too far away.
    #[error("the proposal must expire within 24 hours")]
    Expiry,
}

impl ProposalRefusal {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Role(_) => act_refusal::ROLE,
            Self::SamePerson(_) => act_refusal::SAME_PERSON,
            Self::OtherPerson => act_refusal::OTHER_PERSON,
            Self::Code => act_refusal::CODE_NEEDED,
            Self::NotOpen(_) => act_refusal::NOT_OPEN,
            Self::Expired => act_refusal::EXPIRED,
            Self::Stale => act_refusal::STALE,
            Self::OtherCommand => act_refusal::OTHER_COMMAND,
            Self::NoReason | Self::Expiry => act_refusal::INVALID,
        }
    }
}

/// What a checker decides about: the hash of the command that was shown, the versions of the targets now, and the moment.
#[derive(Clone, Copy, Debug)]
pub struct Check<'c> {
    /// The hash that the checker saw.
    pub command: CommandHash,
    /// The versions of the targets now, in the order of the proposal; `None`: the target is gone.
    pub versions: &'c [Option<StateVersion>],
    /// The moment.
    pub now: Moment,
}

impl Proposal {
    /// Returns the hash of the command and of what it was made against.
    #[must_use]
    pub fn hash(&self) -> CommandHash {
        let text = serde_json::to_vec(&(&self.command, &self.against)).unwrap_or_default();
        CommandHash(Sha256::digest(text).into())
    }

    /// Checks that a person may make this proposal. Its maker is that person.
    ///
    /// # Errors
    /// Why not.
    pub fn check_made(&self, actor: &Actor) -> Result<(), ProposalRefusal> {
        if !actor.role.has(self.command.subject().right_to_propose()) || actor.person != self.maker
        {
            return Err(ProposalRefusal::Role(actor.role));
        }
        if self.reason.trim().is_empty() {
            return Err(ProposalRefusal::NoReason);
        }
        let is_valid =
            self.made_at < self.expires_at && self.expires_at <= self.made_at.after(EXPIRY_MAX);
        if is_valid { Ok(()) } else { Err(ProposalRefusal::Expiry) }
    }

    /// Decides an approval. The caller runs the command in the same act.
    ///
    /// # Errors
    /// Why it is refused. Nothing changes then.
    pub fn approve(
        &self,
        state: ProposalState,
        actor: &Actor,
        check: Check<'_>,
    ) -> Result<ProposalFact, ProposalRefusal> {
        self.check_second_person(state, actor, check.now)?;
        if !actor.has_fresh_code(check.now) {
            return Err(ProposalRefusal::Code);
        }
        if check.command != self.hash() {
            return Err(ProposalRefusal::OtherCommand);
        }
        let has_changed =
            |(against, now): &(&Against, &Option<StateVersion>)| **now != Some(against.version);
        let changed = self.against.iter().zip(check.versions).filter(has_changed);
        let skipped: Vec<_> = changed.map(|(against, _)| against.target.clone()).collect();
        if skipped.len() == self.against.len() || check.versions.len() != self.against.len() {
            return Err(ProposalRefusal::Stale);
        }
        Ok(ProposalFact::Approved { checker: actor.person.clone(), skipped })
    }

    /// Decides a rejection.
    ///
    /// # Errors
    /// Why it is refused. Nothing changes then.
    pub fn reject(
        &self,
        state: ProposalState,
        actor: &Actor,
        (reason, now): (&str, Moment),
    ) -> Result<ProposalFact, ProposalRefusal> {
        self.check_second_person(state, actor, now)?;
        if reason.trim().is_empty() {
            return Err(ProposalRefusal::NoReason);
        }
        Ok(ProposalFact::Rejected { checker: actor.person.clone(), reason: reason.into() })
    }

    /// Decides a withdrawal.
    ///
    /// # Errors
    /// Why it is refused. Nothing changes then.
    pub fn withdraw(
        &self,
        state: ProposalState,
        actor: &Actor,
        now: Moment,
    ) -> Result<ProposalFact, ProposalRefusal> {
        self.check_open(state, now)?;
        if actor.person != self.maker {
            return Err(ProposalRefusal::OtherPerson);
        }
        Ok(ProposalFact::Withdrawn)
    }

    /// Returns the fact that its time is over, if it is.
    #[must_use]
    pub fn expire(&self, state: ProposalState, now: Moment) -> Option<ProposalFact> {
        (state == ProposalState::Open && now >= self.expires_at).then_some(ProposalFact::Expired)
    }

    /// Checks that another person with the right role decides about an open proposal.
    fn check_second_person(
        &self,
        state: ProposalState,
        actor: &Actor,
        now: Moment,
    ) -> Result<(), ProposalRefusal> {
        self.check_open(state, now)?;
        if !actor.role.has(self.command.subject().right_to_approve()) {
            return Err(ProposalRefusal::Role(actor.role));
        }
        if actor.person == self.maker {
            return Err(ProposalRefusal::SamePerson(actor.person.clone()));
        }
        Ok(())
    }

    fn check_open(&self, state: ProposalState, now: Moment) -> Result<(), ProposalRefusal> {
        match state {
            ProposalState::Open if now < self.expires_at => Ok(()),
            ProposalState::Open => Err(ProposalRefusal::Expired),
            ProposalState::Approved
            | ProposalState::Rejected
            | ProposalState::Withdrawn
            | ProposalState::Expired => Err(ProposalRefusal::NotOpen(state)),
        }
    }
}

#[cfg(test)]
mod tests;
