//! The state of control: the fold of all acts.

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::alerts::Alerts;
use super::command::{Proposed, Target};
use super::configuration::GuardedSettings;
use super::fact::{Act, ControlFact};
use super::ids::{ProposalId, StateVersion};
use super::names::Names;
use super::offline::OfflineAct;
use super::people::People;
use super::person::PersonId;
use super::proposal::{Proposal, ProposalFact, ProposalState};
use super::restrictions::Restrictions;
use crate::values::Moment;

/// Closed proposals that stay in memory. Older ones are in the record only.
const CLOSED_KEPT: usize = 1000;

/// Requests whose repeats are known.
const REQUESTS_KEPT: usize = 10_000;

/// A request of a person: who, and its key.
type RequestKey = Arc<(PersonId, Box<str>)>;

/// The state of control. A clone shares all parts with the original, and an act copies what it changes. So neither depends on how many
/// restrictions and proposals there are, and readers get a state of each moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    rows: u64,
    names: Arc<Names>,
    people: Arc<People>,
    settings: Arc<GuardedSettings>,
    alerts: Arc<Alerts>,
    /// The states of the store that an offline act was made against and run on.
    signed_offline: RedBlackTreeSetSync<Box<str>>,
    restrictions: Restrictions,
    proposals: RedBlackTreeMapSync<ProposalId, Arc<StoredProposal>>,
    /// The open proposal of each target.
    open: HashTrieMapSync<Target, ProposalId>,
    /// The open proposals in the order of their expiry.
    expiries: RedBlackTreeSetSync<(Moment, ProposalId)>,
    /// The closed proposals that are kept, by the rows that closed them.
    closed: RedBlackTreeSetSync<(u64, ProposalId)>,
    /// The rows of the requests that are kept, and their order.
    requests: RedBlackTreeMapSync<RequestKey, u64>,
    request_order: RedBlackTreeMapSync<u64, RequestKey>,
}

/// A proposal with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProposal {
    /// The proposal.
    pub proposal: Proposal,
    /// What became of it.
    pub state: ProposalState,
    /// The fact that led to this state, and its moment.
    pub last: (ProposalFact, Moment),
}

impl Control {
    /// Returns the number of acts, which is the number of the last row.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the names that the last start recorded.
    #[must_use]
    pub const fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Returns the operators and tokens.
    #[must_use]
    pub const fn people(&self) -> &Arc<People> {
        &self.people
    }

    /// Returns the guarded settings.
    #[must_use]
    pub const fn settings(&self) -> &Arc<GuardedSettings> {
        &self.settings
    }

    /// Returns the alerts.
    #[must_use]
    pub const fn alerts(&self) -> &Arc<Alerts> {
        &self.alerts
    }

    /// Returns whether an offline act was run already.
    #[must_use]
    pub fn has_run(&self, act: &OfflineAct) -> bool {
        self.signed_offline.contains(&act.against)
    }

    /// Returns the restrictions that are set.
    #[must_use]
    pub const fn restrictions(&self) -> &Restrictions {
        &self.restrictions
    }

    /// Returns a proposal, if it is open, or was closed not long ago.
    #[must_use]
    pub fn proposal(&self, id: ProposalId) -> Option<&Arc<StoredProposal>> {
        self.proposals.get(&id)
    }

    /// Returns the proposals in memory, the oldest first.
    #[must_use]
    pub fn proposals(&self) -> impl DoubleEndedIterator<Item = (ProposalId, &Arc<StoredProposal>)> {
        self.proposals.iter().map(|(id, stored)| (*id, stored))
    }

    /// Returns the proposals in memory that were made before another one, the newest first.
    pub fn proposals_before(
        &self,
        before: ProposalId,
    ) -> impl Iterator<Item = (ProposalId, &Arc<StoredProposal>)> {
        self.proposals.range(..before).rev().map(|(id, stored)| (*id, stored))
    }

    /// Returns the number of open proposals.
    #[must_use]
    pub fn open_proposals(&self) -> usize {
        self.expiries.size()
    }

    /// Returns the open proposal of a target.
    #[must_use]
    pub fn open_proposal_of(&self, target: &Target) -> Option<ProposalId> {
        self.open.get(target).copied()
    }

    /// Returns when the next proposal expires.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// Returns the open proposals that have expired, at most `limit` of them.
    pub fn expired(&self, now: Moment, limit: usize) -> impl Iterator<Item = ProposalId> {
        let due = self.expiries.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, id)| *id).take(limit)
    }

    /// Returns the row of a person's earlier request with the same key.
    #[must_use]
    pub fn earlier_request(&self, person: &PersonId, key: &str) -> Option<u64> {
        self.requests.get(&(person.clone(), Box::from(key))).copied()
    }

    /// Adds the next act. Its row is the number of acts after it.
    ///
    /// # Errors
    /// The reason, if a fact does not follow from the state: the record is damaged.
    pub fn apply(&mut self, act: &Act) -> Result<(), &'static str> {
        self.rows += 1;
        for fact in &act.facts {
            self.apply_fact(fact, act.at)?;
        }
        if let Some(key) =
            act.by.as_ref().and_then(|by| Some((by.person.clone(), by.request.clone()?)))
        {
            self.keep_request(Arc::new(key));
        }
        Ok(())
    }

    fn keep_request(&mut self, key: RequestKey) {
        if self.request_order.size() >= REQUESTS_KEPT
            && let Some((row, oldest)) =
                self.request_order.first().map(|(row, key)| (*row, Arc::clone(key)))
        {
            self.requests.remove_mut(&oldest);
            self.request_order.remove_mut(&row);
        }
        self.requests.insert_mut(Arc::clone(&key), self.rows);
        self.request_order.insert_mut(self.rows, key);
    }

    fn apply_fact(&mut self, fact: &ControlFact, at: Moment) -> Result<(), &'static str> {
        match fact {
            ControlFact::Restricted { id, restriction } => {
                if id.0 > self.rows {
                    return Err("a restriction has the number of a later row");
                }
                let version = StateVersion(self.rows);
                self.restrictions.insert(*id, (**restriction).clone(), version);
                Ok(())
            }
            ControlFact::Lifted { id } => {
                let is_lifted = self.restrictions.remove(*id);
                is_lifted.then_some(()).ok_or("a restriction is lifted that is not set")
            }
            ControlFact::Proposal { id, fact } => self.apply_proposal(*id, fact, at),
            ControlFact::Started(started) => {
                self.names = Arc::new(started.names.clone());
                Ok(())
            }
            ControlFact::Reloaded(reloaded) => {
                self.names = Arc::new(reloaded.names.clone());
                Ok(())
            }
            ControlFact::SettingsTaken { changes } | ControlFact::SettingsApproved { changes } => {
                Arc::make_mut(&mut self.settings).apply(changes, self.rows);
                Ok(())
            }
            ControlFact::People(fact) => {
                Arc::make_mut(&mut self.people).apply(fact, self.rows);
                Ok(())
            }
            ControlFact::SignedOffline(act) => {
                self.signed_offline.insert_mut(act.against.clone());
                Ok(())
            }
            ControlFact::Alert(fact) => {
                Arc::make_mut(&mut self.alerts).apply(fact, (at, self.rows))
            }
            ControlFact::Resolved { .. }
            | ControlFact::Retried { .. }
            | ControlFact::LinkOrdered { .. }
            | ControlFact::Refused { .. } => Ok(()),
        }
    }

    fn apply_proposal(
        &mut self,
        id: ProposalId,
        fact: &ProposalFact,
        at: Moment,
    ) -> Result<(), &'static str> {
        let state = ProposalState::after(fact);
        let last = (fact.clone(), at);
        if let ProposalFact::Made(proposal) = fact {
            if id.0 != self.rows {
                return Err("a proposal has the number of another row");
            }
            self.expiries.insert_mut((proposal.expires_at, id));
            for one in &proposal.against {
                self.open.insert_mut(one.target.clone(), id);
            }
            let proposal = (**proposal).clone();
            self.proposals.insert_mut(id, Arc::new(StoredProposal { proposal, state, last }));
            return Ok(());
        }
        let stored = self.proposals.get_mut(&id).ok_or("a proposal is unknown")?;
        if stored.state != ProposalState::Open {
            return Err("a proposal is decided twice");
        }
        let stored = Arc::make_mut(stored);
        (stored.state, stored.last) = (state, last);
        if let (ProposalState::Rejected, Proposed::Settings { changes }) =
            (state, &stored.proposal.command)
        {
            Arc::make_mut(&mut self.settings).reject(changes);
        }
        self.expiries.remove_mut(&(stored.proposal.expires_at, id));
        for one in &stored.proposal.against {
            self.open.remove_mut(&one.target);
        }
        self.closed.insert_mut((self.rows, id));
        if self.closed.size() > CLOSED_KEPT
            && let Some(oldest) = self.closed.first().copied()
        {
            self.closed.remove_mut(&oldest);
            self.proposals.remove_mut(&oldest.1);
        }
        Ok(())
    }
}
