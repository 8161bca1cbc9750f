//! The operators: a maker and a checker resolve exceptions, early or late, rightly or wrongly, one or many, also between crashes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use titian::control::{Against, Command, ProposalId, Proposed, Target};
use titian::engine::{Fact, Transfer};
use titian::transfer::{
    InboundFact, InboundState, InboundTransfer, OutboundFact, PartEnd, Resolution,
    ResolutionOutcome,
};
use titian::values::{AccountNumber, TransferId};

use super::people::{MAKERS, Then, propose};
use super::rules::resolution;
use super::world::World;

/// What a maker and a checker decide about money, and whether they err.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Care {
    outcome: ResolutionOutcome,
    is_wrong: bool,
}

impl World {
    /// Proposes the resolution of all transfers that need it: one by one, or those of the same outcome together.
    pub(crate) fn resolve_all(&mut self) {
        let mut groups: BTreeMap<(&str, bool), (Care, Vec<TransferId>)> = BTreeMap::new();
        for (id, _, transfer) in self.journal.transfers() {
            let is_wrong = self.random.permille(self.fault_rates.wrong_resolutions);
            let Some(care) = self.decide_outcome(id, &transfer, is_wrong) else { continue };
            let key = (care.outcome.code(), care.is_wrong);
            groups.entry(key).or_insert_with(|| (care, Vec::new())).1.push(id);
        }
        for (care, ids) in groups.into_values() {
            if self.random.permille(500) {
                self.propose_resolutions(ids, care);
            } else {
                for id in ids {
                    self.propose_resolutions(vec![id], care);
                }
            }
        }
    }

    /// Proposes the resolution of a transfer, if it needs it. The maker sees the state that is durable. Some are resolved at once, as
    /// an embedding program can.
    pub(crate) fn propose_resolution(&mut self, id: TransferId, is_wrong: bool) {
        let Some(transfer) = self.journal.transfer(id) else { return };
        let Some(care) = self.decide_outcome(id, &transfer, is_wrong) else { return };
        if self.random.permille(200) {
            self.resolve_at_once(id, &transfer, care.outcome);
        } else {
            self.propose_resolutions(vec![id], care);
        }
    }

    fn propose_resolutions(&mut self, transfers: Vec<TransferId>, care: Care) {
        let (person, role) = self.pick(&MAKERS);
        let outcome = care.outcome.code().into();
        let command = propose(Proposed::Resolve { transfers, outcome }, None);
        self.act(1, (self.session(person, role), command), Then::Resolve(care));
    }

    /// A checker approves a resolution that is still right. What has changed meanwhile is skipped.
    pub(crate) fn decide_resolution(&mut self, id: ProposalId, care: Care) {
        let Some(stored) = self.people.seen.proposal(id).map(Arc::clone) else { return };
        let checker = self.checker(id, &stored.proposal.maker);
        let Some(engine) = &self.engine else { return };
        let mut run = Vec::new();
        for Against { target, version } in &stored.proposal.against {
            let Target::Transfer(id) = target else { panic!("another target: {target:?}") };
            match engine.transfer(*id) {
                Some(transfer) if transfer.state_version() == version.0 => {
                    run.push((*id, transfer.clone()));
                }
                Some(_) | None => self.counts.resolutions_refused += 1,
            }
        }
        let is_right = |(id, transfer): &(_, _)| self.is_right(*id, transfer, care.outcome);
        if !care.is_wrong && !run.iter().all(is_right) {
            let reason = "the settlement file says something else".into();
            let rejection = Command::Reject { proposal: id, reason };
            return self.act_now(checker, rejection, Then::Nothing);
        }
        for (id, transfer) in &run {
            self.count_resolution(*id, transfer, care.outcome);
        }
        let approval = self.approval(id);
        self.act_now(checker, approval, Then::Nothing);
    }

    /// Resolves a transfer without a proposal. The engine may have another state by now, and refuses then.
    fn resolve_at_once(&mut self, id: TransferId, transfer: &Transfer, outcome: ResolutionOutcome) {
        let (now, version) = (self.moment(), Some(transfer.state_version()));
        let Some(engine) = &self.engine else { return };
        if engine.resolution_refusal(id, outcome, version).is_some() {
            self.counts.resolutions_refused += 1;
            return;
        }
        self.count_resolution(id, transfer, outcome);
        let Some(engine) = &mut self.engine else { return };
        engine.resolve(id, resolution(outcome), version, now).expect("it was asked before");
        self.run_engine();
    }

    /// Counts a resolution. What is posted by hand is posted before.
    fn count_resolution(
        &mut self,
        id: TransferId,
        transfer: &Transfer,
        outcome: ResolutionOutcome,
    ) {
        if outcome == ResolutionOutcome::PostedByHand {
            self.counts.posted_by_hand += 1;
            post_by_hand(&mut self.core, id, transfer);
        }
        self.counts.written_off += u64::from(outcome == ResolutionOutcome::WrittenOff);
        self.counts.resolved += 1;
    }

    /// Checks that the resolutions on record are those that two people decided about these states.
    pub(crate) fn check_resolutions(&self, id: TransferId) {
        let (mut before, mut nth): (Option<Transfer>, _) = (None, 0);
        for record in self.journal.records(id) {
            let resolved = match &record.fact {
                Fact::Outbound(OutboundFact::Resolved(resolved))
                | Fact::Inbound(InboundFact::Resolved(resolved)) => Some(resolved),
                Fact::Outbound(_) | Fact::Inbound(_) => None,
            };
            let at_once =
                |own: &&Resolution| own.approved_by != resolution(own.outcome).approved_by;
            if let Some(resolved) = resolved.filter(at_once) {
                let version = before.as_ref().map_or(0, Transfer::state_version);
                self.restrictions.check_resolution(id, nth, (version, resolved));
                nth += 1;
            }
            before = Some(Transfer::fold(before, &record.fact, record.at).unwrap());
        }
        assert_eq!(nth, self.restrictions.resolutions(id), "{id}: an act without its fact");
    }

    /// Draws one of the outcomes that are right by the data of this moment, or a wrong one.
    fn decide_outcome(
        &mut self,
        id: TransferId,
        transfer: &Transfer,
        is_wrong: bool,
    ) -> Option<Care> {
        let possible: Vec<_> =
            transfer.resolutions().iter().map(|possible| possible.outcome).collect();
        let (right, mut wrong): (Vec<_>, Vec<_>) =
            possible.into_iter().partition(|outcome| self.is_right(id, transfer, *outcome));
        // A loss that is written off stays so: nothing in the settlement file corrects it. What is wrong about an inbound transfer is
        // wrong in core, and the adapter cannot know of it.
        wrong.retain(|wrong| {
            *wrong != ResolutionOutcome::WrittenOff && matches!(transfer, Transfer::Outbound(_))
        });
        let is_wrong = is_wrong && !wrong.is_empty();
        self.counts.wrongly_resolved += u64::from(is_wrong);
        let outcome = self.draw(if is_wrong { &wrong } else { &right })?;
        Some(Care { outcome, is_wrong })
    }

    /// Whether an outcome is possible, and right by the data of this moment.
    fn is_right(&self, id: TransferId, transfer: &Transfer, outcome: ResolutionOutcome) -> bool {
        if transfer.resolutions().iter().all(|possible| possible.outcome != outcome) {
            return false;
        }
        match transfer {
            Transfer::Outbound(_) => {
                let is_settled = self.is_settled(&self.switch.settled(), id);
                match outcome {
                    ResolutionOutcome::Settled | ResolutionOutcome::WrittenOff => is_settled,
                    ResolutionOutcome::Refunded | ResolutionOutcome::PostedByHand => !is_settled,
                }
            }
            Transfer::Inbound(transfer) => {
                outcome != ResolutionOutcome::WrittenOff || self.may_write_off(id, transfer)
            }
        }
    }

    fn draw(&mut self, outcomes: &[ResolutionOutcome]) -> Option<ResolutionOutcome> {
        let last = u64::try_from(outcomes.len()).unwrap().checked_sub(1)?;
        let nth = self.random.between(0, last);
        outcomes.get(usize::try_from(nth).unwrap()).copied()
    }

    /// Whether core refuses the reversal of a posting that stands. A cancel that is under way may still succeed, so core's reply to it
    /// must not get lost.
    fn may_write_off(&self, id: TransferId, transfer: &InboundTransfer) -> bool {
        let rates = self.fault_rates;
        let is_reply_safe = rates.core_replies_lost + rates.crashes + rates.commit_errors == 0;
        let is_part = matches!(transfer.state(), InboundState::PartiallyReversing { .. });
        self.core.is_posted(id) && (is_part || is_reply_safe)
    }

    /// The bank returns a part by hand when the decision to do so is on record.
    pub(crate) fn post_part_by_hand(&mut self, id: TransferId) {
        let facts = || self.journal.records(id).iter().rev().map(|record| &record.fact);
        let is_by_hand = facts().any(|fact| {
            let end = PartEnd::ReturnedByHand;
            matches!(fact, Fact::Inbound(InboundFact::PartCancelRequested { end: decided, .. }) if *decided == end)
        });
        let part = facts().find_map(|fact| match fact {
            Fact::Inbound(InboundFact::PartialReversalRequested { part, .. }) => Some(*part),
            _ => None,
        });
        if is_by_hand {
            self.core.return_by_hand(id, part.expect("a partial reversal"));
        }
    }

    /// What the bank wrote off on inbound transfers, by account, in minor units.
    pub(crate) fn losses(&self) -> HashMap<AccountNumber, i128> {
        let mut losses = HashMap::new();
        for (_, _, transfer) in self.journal.transfers() {
            if let Transfer::Inbound(inbound) = &transfer {
                let lost = i128::try_from(transfer.sums().written_off).unwrap();
                *losses.entry(inbound.request().account).or_default() += lost;
            }
        }
        losses
    }
}

/// The bank corrects core by hand: it cancels the posting that must not stand.
fn post_by_hand(core: &mut super::core::Core, id: TransferId, transfer: &Transfer) {
    match transfer {
        Transfer::Inbound(transfer) => match transfer.state() {
            // See `post_part_by_hand`.
            InboundState::PartiallyReversing { .. } => {}
            InboundState::CancellingPart { part, .. } => {
                core.cancel_now(part.posting_id);
            }
            _ => {
                core.cancel_now(id);
            }
        },
        Transfer::Outbound(_) => {
            core.cancel_now(id);
        }
    }
}
