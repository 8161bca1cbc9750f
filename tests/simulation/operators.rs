//! The operators: a maker and a checker resolve exceptions, early or late, rightly or wrongly, also between crashes.

use std::collections::HashMap;

use titian::engine::{Fact, Transfer};
use titian::transfer::{InboundFact, InboundState, InboundTransfer, PartEnd, ResolutionOutcome};
use titian::values::{AccountNumber, TransferId};

use super::rules::resolution;
use super::world::World;

impl World {
    /// Resolves all transfers that need it.
    pub(crate) fn resolve_all(&mut self) {
        let ids: Vec<_> = self.journal.transfers().into_iter().map(|(id, ..)| id).collect();
        for id in ids {
            let is_wrong = self.random.permille(self.fault_rates.wrong_resolutions);
            self.resolve_transfer(id, is_wrong);
        }
    }

    /// Resolves a transfer, if it needs it. The operators see the state that is durable. The engine may have another one by now,
    /// and refuses then.
    pub(crate) fn resolve_transfer(&mut self, id: TransferId, is_wrong: bool) {
        let Some(transfer) = self.journal.transfer(id) else { return };
        let Some(outcome) = self.decide_outcome(id, &transfer, is_wrong) else { return };
        let (now, version) = (self.moment(), Some(transfer.state_version()));
        let Some(engine) = &mut self.engine else { return };
        if engine.resolution_refusal(id, outcome, version).is_some() {
            self.counts.resolutions_refused += 1;
            return;
        }
        if outcome == ResolutionOutcome::PostedByHand {
            self.counts.posted_by_hand += 1;
            post_by_hand(&mut self.core, id, &transfer);
        }
        self.counts.written_off += u64::from(outcome == ResolutionOutcome::WrittenOff);
        self.counts.resolved += 1;
        engine.resolve(id, resolution(outcome), version, now).expect("it was asked before");
        self.run_engine();
    }

    /// Draws one of the outcomes that are right by the data of this moment, or a wrong one.
    fn decide_outcome(
        &mut self,
        id: TransferId,
        transfer: &Transfer,
        is_wrong: bool,
    ) -> Option<ResolutionOutcome> {
        let possible: Vec<_> =
            transfer.resolutions().iter().map(|possible| possible.outcome).collect();
        let (right, wrong): (Vec<_>, Vec<_>) = match transfer {
            Transfer::Outbound(_) => {
                let is_settled = self.is_settled(&self.switch.settled(), id);
                possible.into_iter().partition(|outcome| match outcome {
                    ResolutionOutcome::Settled | ResolutionOutcome::WrittenOff => is_settled,
                    ResolutionOutcome::Refunded | ResolutionOutcome::PostedByHand => !is_settled,
                })
            }
            Transfer::Inbound(transfer) => {
                let may_write_off = self.may_write_off(id, transfer);
                let is_right = |outcome: &ResolutionOutcome| {
                    *outcome != ResolutionOutcome::WrittenOff || may_write_off
                };
                // What is wrong here is wrong in core, and the adapter cannot know of it.
                (possible.into_iter().filter(is_right).collect(), Vec::new())
            }
        };
        // A loss that is written off stays so: nothing in the settlement file corrects it.
        let wrong: Vec<_> =
            wrong.into_iter().filter(|wrong| *wrong != ResolutionOutcome::WrittenOff).collect();
        let is_wrong = is_wrong && !wrong.is_empty();
        self.counts.wrongly_resolved += u64::from(is_wrong);
        self.draw(if is_wrong { &wrong } else { &right })
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
