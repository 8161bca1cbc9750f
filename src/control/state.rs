//! The state of control: the fold of all acts.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::admission::Restrictions;
use super::command::Target;
use super::fact::{Act, ControlFact};
use super::ids::{ProposalId, StateVersion};
use super::names::Names;
use super::offline::OfflineAct;
use super::people::People;
use super::person::PersonId;
use super::proposal::{Proposal, ProposalFact, ProposalState};
use crate::values::Moment;

/// Closed proposals that stay in memory. Older ones are in the record only.
const CLOSED_KEPT: usize = 1000;

/// Requests whose repeats are known.
const REQUESTS_KEPT: usize = 10_000;

/// The state of control. A clone costs little, so readers get one of each moment.
#[derive(Clone, Debug, Default)]
pub struct Control {
    rows: u64,
    names: Arc<Names>,
    people: Arc<People>,
    /// The states of the store that an offline act was made against and run on.
    signed_offline: BTreeSet<Box<str>>,
    restrictions: Restrictions,
    proposals: BTreeMap<ProposalId, Arc<StoredProposal>>,
    /// The open proposal of each target.
    open: HashMap<Target, ProposalId>,
    /// The open proposals in the order of their expiry.
    expiries: BTreeSet<(Moment, ProposalId)>,
    closed: VecDeque<ProposalId>,
    requests: BTreeMap<(PersonId, Box<str>), u64>,
    request_order: VecDeque<(PersonId, Box<str>)>,
}

impl PartialEq for Control {
    /// Two states after the same acts are equal.
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
            && self.proposals == other.proposals
            && self.restrictions.iter().eq(other.restrictions.iter())
    }
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

    /// Returns the number of open proposals.
    #[must_use]
    pub fn open_proposals(&self) -> usize {
        self.expiries.len()
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
        self.requests.get(&(person.clone(), key.into())).copied()
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
        if let Some((person, key)) =
            act.by.as_ref().and_then(|by| Some((by.person.clone(), by.request.clone()?)))
        {
            if self.request_order.len() >= REQUESTS_KEPT
                && let Some(oldest) = self.request_order.pop_front()
            {
                self.requests.remove(&oldest);
            }
            self.request_order.push_back((person.clone(), key.clone()));
            self.requests.insert((person, key), self.rows);
        }
        Ok(())
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
                let lifted = self.restrictions.remove(*id);
                lifted.map(drop).ok_or("a restriction is lifted that is not set")
            }
            ControlFact::Proposal { id, fact } => self.apply_proposal(*id, fact, at),
            ControlFact::Started(started) => {
                self.names = Arc::new(started.names.clone());
                Ok(())
            }
            ControlFact::People(fact) => {
                Arc::make_mut(&mut self.people).apply(fact, self.rows);
                Ok(())
            }
            ControlFact::SignedOffline(act) => {
                self.signed_offline.insert(act.against.clone());
                Ok(())
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
            self.expiries.insert((proposal.expires_at, id));
            self.open.extend(proposal.against.iter().map(|one| (one.target.clone(), id)));
            let proposal = (**proposal).clone();
            self.proposals.insert(id, Arc::new(StoredProposal { proposal, state, last }));
            return Ok(());
        }
        let stored = self.proposals.get_mut(&id).ok_or("a proposal is unknown")?;
        if stored.state != ProposalState::Open {
            return Err("a proposal is decided twice");
        }
        let stored = Arc::make_mut(stored);
        (stored.state, stored.last) = (state, last);
        self.expiries.remove(&(stored.proposal.expires_at, id));
        for one in &stored.proposal.against {
            self.open.remove(&one.target);
        }
        self.closed.push_back(id);
        if self.closed.len() > CLOSED_KEPT
            && let Some(oldest) = self.closed.pop_front()
        {
            self.proposals.remove(&oldest);
        }
        Ok(())
    }
}
