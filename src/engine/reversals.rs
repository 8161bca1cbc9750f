//! The search for the original of an inbound reversal, step by step.
//!
//! ```text
//! step 1 ─► step 2 ─► … ─► found: the transfer decides
//!                     ├──► two, or one that differs: "not found" and an alert
//!                     └──► none: the original is barred if it may still arrive, otherwise "not found" and an alert
//! ```
//!
//! A response that confirms a reversal rests on a durable fact: the reversal of the transfer, or the bar.

use std::sync::Arc;

use super::Engine;
use super::event::{Event, Fact, Lookup, Output, StoredTransfer};
use crate::transfer::{
    Alert, BarCause, Effect, IllegalFact, InboundFact, InboundRequest, InboundResponse,
    InboundReversal, MessageKind, OriginalStep,
};
use crate::values::Moment;

/// What a look-up by RRN found.
enum Candidates<'s> {
    /// No request that arrived.
    Nothing,
    /// The original.
    One(&'s StoredTransfer),
    /// Several originals, or only requests with another amount or account.
    Uncertain,
}

impl Engine {
    /// Takes a step of the search.
    pub(super) fn find_original(
        &mut self,
        reversal: Arc<InboundReversal>,
        step: usize,
        now: Moment,
    ) {
        if reversal.original.steps.len() > step {
            self.apply_or_look_up(Event::InboundReversal { reversal, step }, now);
        } else {
            self.handle_no_original(&reversal, now);
        }
    }

    /// Handles the result of the look-up of a step.
    pub(super) fn handle_original_lookup(
        &mut self,
        found: &[StoredTransfer],
        reversal: Arc<InboundReversal>,
        step: usize,
        now: Moment,
    ) -> Result<(), IllegalFact> {
        let stored = match reversal.original.steps.get(step) {
            Some(OriginalStep::Reference { .. }) => match candidates(found, &reversal.request) {
                Candidates::Nothing => None,
                // DE90 names another request. If nothing of this one stands, the named one may still arrive.
                Candidates::One(stored) if reversal.barred_key().is_some() && !stands(stored) => {
                    None
                }
                Candidates::One(stored) => Some(stored),
                Candidates::Uncertain => {
                    self.refuse_reversal(&reversal, now);
                    return Ok(());
                }
            },
            Some(OriginalStep::Key(_)) | None => found.first(),
        };
        let event = Event::InboundReversal { reversal, step };
        let slot = match stored {
            Some(stored) => self.slot_of(stored)?,
            // It may have started while this look-up was open.
            None => event.lookup().and_then(|lookup| self.find_live(lookup)),
        };
        match (slot, event) {
            (Some(slot), event) => {
                self.apply_event(slot, &event, now);
                self.close_if_final(slot);
            }
            (None, Event::InboundReversal { reversal, step }) => {
                self.find_original(reversal, step + 1, now);
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// No step found the original: bars it, if it may still arrive.
    fn handle_no_original(&mut self, reversal: &Arc<InboundReversal>, now: Moment) {
        let Some(key) = reversal.barred_key() else { return self.refuse_reversal(reversal, now) };
        // It may have started while a later step was looked up.
        if self.live.by_key(key).is_some() {
            let reversal = Arc::new(InboundReversal::clone(reversal).with_original(key));
            return self.apply_or_look_up(Event::InboundReversal { reversal, step: 0 }, now);
        }
        self.bar(&reversal.request, BarCause::Reversal { key: reversal.key }, key, now);
    }

    /// Refuses a reversal whose original is not certain. Nothing is done, and a person must look at it.
    fn refuse_reversal(&mut self, reversal: &InboundReversal, now: Moment) {
        let id = reversal.request.id;
        self.put_alert(id, Alert::OriginalNotFound, now);
        self.put(Output::Effect(Effect::Respond(InboundResponse {
            id,
            message_id: id,
            message: MessageKind::Reversal,
            code: self.rules.inbound.not_found,
        })));
    }
}

/// Chooses the original of a reversal. Amount and account never change, so those of the journal are right even if the
/// transfer moved on. A barred request never arrived, so it does not count.
fn candidates<'s>(found: &'s [StoredTransfer], reversal: &InboundRequest) -> Candidates<'s> {
    let request = |stored: &'s StoredTransfer| match &stored.facts.first()?.fact {
        Fact::Inbound(InboundFact::Received { request }) => Some(&**request),
        Fact::Inbound(_) | Fact::Outbound(_) => None,
    };
    let received = || found.iter().filter_map(|stored| Some((stored, request(stored)?)));
    let terms = |request: &InboundRequest| (request.side, request.account, request.amount);
    let mut equal = received().filter(|(_, request)| terms(request) == terms(reversal));
    match (equal.next(), equal.next(), received().next()) {
        _ if found.len() >= Lookup::REFERENCES_MAX => Candidates::Uncertain,
        (Some((stored, _)), None, _) => Candidates::One(stored),
        (None, _, None) => Candidates::Nothing,
        (Some(_), Some(_), _) | (None, _, Some(_)) => Candidates::Uncertain,
    }
}

/// Whether the posting of a request may stand.
fn stands(stored: &StoredTransfer) -> bool {
    !stored.facts.iter().any(|record| {
        matches!(
            &record.fact,
            Fact::Inbound(InboundFact::PostingRefused(_) | InboundFact::ReversalRequested { .. })
        )
    })
}
