//! Exceptions: their list, their manual resolutions, and a retry on demand.

use super::Engine;
use super::event::{Event, Output, Transfer, TransferInput};
use super::refusals::{ResolutionRefusal, RetryRefusal};
use super::schedule::Slot;
use super::step::delivery;
use crate::transfer::{
    InboundInput, OutboundInput, PossibleResolution, Resolution, ResolutionOutcome, Sums, Wait,
};
use crate::values::{Amount, Direction, Institution, Moment, Rrn, Stan, TransferId};

/// A transfer that needs a manual resolution, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionView {
    /// The id.
    pub id: TransferId,
    /// The direction.
    pub direction: Direction,
    /// The state code.
    pub state: &'static str,
    /// See [`Transfer::state_version`].
    pub state_version: u64,
    /// The code of the reason why it needs a manual resolution.
    pub cause: &'static str,
    /// Since when it needs one, also over restarts.
    pub since: Moment,
    /// The amount.
    pub amount: Amount,
    /// The other bank.
    pub counterparty: Institution,
    /// STAN and RRN of its request; `None` if no request was prepared.
    pub trace: Option<(Stan, Rrn)>,
    /// The resolutions that are possible now.
    pub resolutions: Vec<PossibleResolution>,
}

impl Engine {
    /// Returns the open transfers that need a manual resolution, in no particular order.
    pub fn exception_views(&self) -> impl Iterator<Item = ExceptionView> + '_ {
        self.live.exceptions().filter_map(|(slot, since)| self.exception_view(slot, since))
    }

    fn exception_view(&self, slot: Slot, since: Moment) -> Option<ExceptionView> {
        let live = self.live.get(slot)?;
        let transfer = &live.transfer;
        Some(ExceptionView {
            id: live.id,
            direction: transfer.direction(),
            state: transfer.code(),
            state_version: transfer.state_version(),
            cause: transfer.exception_cause()?,
            since,
            amount: transfer.amount(),
            counterparty: transfer.counterparty(),
            trace: transfer.trace(),
            resolutions: transfer.resolutions(),
        })
    }

    /// Returns why a resolution of a transfer is refused now, if it is. `state_version` is that of the state which the resolution
    /// was decided for; `None` accepts any state that allows the outcome.
    #[must_use]
    pub fn resolution_refusal(
        &self,
        id: TransferId,
        outcome: ResolutionOutcome,
        state_version: Option<u64>,
    ) -> Option<ResolutionRefusal> {
        match self.transfer(id) {
            Some(transfer) => transfer.resolution_refusal(id, outcome, state_version),
            None => Some(ResolutionRefusal::NotOpen(id)),
        }
    }

    /// Resolves an exception. It is durable with the open batch.
    ///
    /// # Errors
    /// As [`Engine::resolution_refusal`]. Then nothing is on record.
    pub fn resolve(
        &mut self,
        id: TransferId,
        resolution: Resolution,
        state_version: Option<u64>,
        now: Moment,
    ) -> Result<(), ResolutionRefusal> {
        if let Some(refusal) = self.resolution_refusal(id, resolution.outcome, state_version) {
            return Err(refusal);
        }
        let input = match self.transfer(id) {
            Some(Transfer::Inbound(_)) => TransferInput::Inbound(InboundInput::Resolve(resolution)),
            Some(Transfer::Outbound(_)) | None => {
                TransferInput::Outbound(OutboundInput::Resolve(resolution))
            }
        };
        self.handle_event(Event::Transfer(id, input), now);
        Ok(())
    }

    /// Makes the next repeat of an open transfer due now: of its command to core, its reversal or its status inquiry. It leaves
    /// when the rate of its destination allows it. A restart before that forgets the retry.
    ///
    /// # Errors
    /// If the transfer repeats nothing. A request that waits for its response is not repeated.
    pub fn retry_now(&mut self, id: TransferId, now: Moment) -> Result<(), RetryRefusal> {
        let slot = self.live.by_id(id).ok_or(RetryRefusal::NotOpen(id))?;
        let live = self.live.get(slot).ok_or(RetryRefusal::NotOpen(id))?;
        let properties = live.transfer.properties();
        match properties.wait {
            Wait::Core(_) | Wait::Switch(_) => {
                let delivery = delivery(properties.wait, live.transfer.counterparty());
                self.schedule.set(slot, now, delivery);
                Ok(())
            }
            Wait::TimeOut(_) | Wait::Nothing | Wait::Decision | Wait::Resolution => {
                Err(RetryRefusal::NothingToRepeat { id, state: properties.code })
            }
        }
    }

    /// Refuses a manual resolution that is not possible in the state of its transfer. Returns whether it did.
    pub(super) fn refuse_resolution(&mut self, slot: Slot, input: &TransferInput) -> bool {
        let Some(outcome) = input.resolution_outcome() else { return false };
        let refusal = self
            .live
            .get(slot)
            .and_then(|live| live.transfer.resolution_refusal(live.id, outcome, None));
        if let Some(refusal) = refusal {
            self.put(Output::ResolutionRefused(refusal));
        }
        refusal.is_some()
    }
}

impl TransferInput {
    /// Returns the outcome of a manual resolution; `None` for another input.
    const fn resolution_outcome(&self) -> Option<ResolutionOutcome> {
        match self {
            Self::Outbound(OutboundInput::Resolve(resolution))
            | Self::Inbound(InboundInput::Resolve(resolution)) => Some(resolution.outcome),
            Self::Outbound(_) | Self::Inbound(_) => None,
        }
    }
}

impl Transfer {
    /// Returns the manual resolutions that are possible now. There are none unless the transfer is an exception.
    #[must_use]
    pub fn resolutions(&self) -> Vec<PossibleResolution> {
        match self {
            Self::Outbound(transfer) => transfer.resolutions().collect(),
            Self::Inbound(transfer) => transfer.resolutions().collect(),
        }
    }

    /// Returns the code of the reason why the transfer needs a manual resolution, if it does.
    #[must_use]
    pub fn exception_cause(&self) -> Option<&'static str> {
        match self {
            Self::Outbound(transfer) => transfer.exception_cause(),
            Self::Inbound(transfer) => transfer.exception_cause(),
        }
    }

    /// Returns a number that changes when the state, its share of the books or its need of a resolution changes, and not with a
    /// repeat of a reversal, cancel or inquiry. It is the same after a restart and in every version of the program.
    #[must_use]
    pub fn state_version(&self) -> u64 {
        let properties = self.properties();
        let Sums { debited, settled, refunded, in_flight, written_off } = self.sums();
        let mut hash = Fnv::START;
        hash.add(self.direction().code().as_bytes());
        hash.add(properties.code.as_bytes());
        hash.add(&[u8::from(properties.is_exception)]);
        for sum in [debited, settled, refunded, in_flight, written_off] {
            hash.add(&sum.to_be_bytes());
        }
        hash.0
    }

    fn resolution_refusal(
        &self,
        id: TransferId,
        outcome: ResolutionOutcome,
        state_version: Option<u64>,
    ) -> Option<ResolutionRefusal> {
        let state = self.code();
        if state_version.is_some_and(|version| version != self.state_version()) {
            return Some(ResolutionRefusal::Changed { id, state });
        }
        let is_possible = self.resolutions().iter().any(|possible| possible.outcome == outcome);
        (!is_possible).then(|| ResolutionRefusal::NotPossible {
            id,
            state,
            outcome: outcome.code(),
        })
    }

    /// Returns STAN and RRN of the request, once it has any.
    fn trace(&self) -> Option<(Stan, Rrn)> {
        match self {
            Self::Outbound(transfer) => transfer.trace().map(|trace| (trace.stan, trace.rrn)),
            Self::Inbound(transfer) => {
                let trace = transfer.request().trace;
                Some((trace.stan, trace.rrn))
            }
        }
    }
}

/// The hash FNV-1a with 64 bits. It needs no resistance against attackers: both states are our own.
struct Fnv(u64);

impl Fnv {
    const START: Self = Self(0xCBF2_9CE4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_the_published_one() {
        for (text, expected) in [("", 0xCBF2_9CE4_8422_2325), ("foobar", 0x8594_4171_F739_67E8)] {
            let mut hash = Fnv::START;
            hash.add(text.as_bytes());
            assert_eq!(hash.0, expected, "{text}");
        }
    }
}
