//! Both directions as one: a transfer is decided and folded without asking which it is.

use super::event::{Concern, Fact, Life};
use crate::transfer::{
    Alarm, Bar, Books, Context, Decision, Demand, Effect, Illegal, Inbound, InboundFact,
    InboundInput, Input, Order, Outbound, OutboundFact, Share, Sums, Trace,
};
use crate::values::{Moment, TransferId};

impl Life {
    /// The state after a fact; of no state, the one that it begins.
    ///
    /// # Errors
    /// If the fact can't follow on the state.
    pub fn fold(before: Option<Self>, fact: &Fact, at: Moment) -> Result<Self, Illegal> {
        match (before, fact) {
            (None, Fact::Out(fact)) => Outbound::begin(fact).map(Self::Out),
            (None, Fact::In(fact)) => Inbound::begin(fact).map(Self::In),
            (Some(Self::Out(life)), Fact::Out(fact)) => life.evolve(fact, at).map(Self::Out),
            (Some(Self::In(life)), Fact::In(fact)) => life.evolve(fact).map(Self::In),
            (Some(life), fact) => Err(Illegal { state: life.name(), fact: fact.name() }),
        }
    }

    /// When something is due of itself.
    #[must_use]
    pub const fn due(&self) -> Option<Moment> {
        match self {
            Self::Out(life) => life.due(),
            Self::In(life) => life.due(),
        }
    }

    /// Whether nothing is left to be done.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Out(life) => life.is_final(),
            Self::In(life) => life.is_final(),
        }
    }

    /// The state's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Out(life) => life.name(),
            Self::In(life) => life.name(),
        }
    }

    /// Its part of the books.
    #[must_use]
    pub fn share(&self) -> Sums {
        match self {
            Self::Out(life) => life.share(),
            Self::In(life) => life.share(),
        }
    }

    pub(super) const fn due_now(&self) -> Concern {
        match self {
            Self::Out(_) => Concern::Out(Input::Due),
            Self::In(_) => Concern::In(InboundInput::Due),
        }
    }

    pub(super) const fn restarted(&self) -> Concern {
        match self {
            Self::Out(_) => Concern::Out(Input::Restarted),
            Self::In(_) => Concern::In(InboundInput::Restarted),
        }
    }
}

impl Fact {
    /// The fact's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Out(fact) => fact.name(),
            Self::In(fact) => fact.name(),
        }
    }

    /// The numbers of a message of ours that this fact makes ready.
    pub(super) const fn trace(&self) -> Option<Trace> {
        match self {
            Self::Out(
                OutboundFact::RequestReady { trace, .. } | OutboundFact::ReversalReady { trace },
            ) => Some(*trace),
            Self::Out(_) | Self::In(_) => None,
        }
    }
}

/// The books of both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BothBooks {
    /// Of transfers that leave our bank.
    pub out: Books,
    /// Of transfers that come to our bank.
    pub within: Books,
}

impl BothBooks {
    /// Takes in that a transfer whose share was `before`, none when it began, is in this state now.
    pub fn change(&mut self, before: Sums, now: &Life) {
        match now {
            Life::Out(now) => self.out.change(before, now),
            Life::In(now) => self.within.change(before, now),
        }
    }

    /// Takes in that a transfer is no more, and never was.
    pub fn withdraw(&mut self, life: &Life) {
        match life {
            Life::Out(life) => self.out.withdraw(life),
            Life::In(life) => self.within.withdraw(life),
        }
    }
}

/// Decisions of both directions, in buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Deciding {
    out: Decision<OutboundFact>,
    within: Decision<InboundFact>,
}

impl Deciding {
    pub(super) fn accept(&mut self, order: &Order, context: &mut Context<'_>) {
        Outbound::accept(order, context, &mut self.out);
    }

    pub(super) fn receive(&mut self, demand: &Demand, context: &mut Context<'_>) {
        Inbound::receive(demand, context, &mut self.within);
    }

    pub(super) fn bar(&mut self, demand: &Demand, by: Bar, context: &mut Context<'_>) {
        Inbound::bar(demand, by, context, &mut self.within);
    }

    /// Decides what a concern brings about; if it is the other direction's, nothing, and somebody is called.
    pub(super) fn decide(
        &mut self,
        id: TransferId,
        life: &Life,
        concern: &Concern,
        context: &mut Context<'_>,
    ) {
        match (life, concern) {
            (Life::Out(life), Concern::Out(input)) => life.decide(input, context, &mut self.out),
            (Life::In(life), Concern::In(input)) => life.decide(input, context, &mut self.within),
            (Life::Out(_), Concern::In(_)) | (Life::In(_), Concern::Out(_)) => {
                self.out.effects.push(Effect::Raise(id, Alarm::Fault));
            }
        }
    }

    /// Takes the facts and the effects that were decided.
    pub(super) fn take(
        &mut self,
    ) -> (impl Iterator<Item = Fact> + '_, impl Iterator<Item = Effect> + '_) {
        let facts = self.out.facts.drain(..).map(Fact::Out);
        let within = self.within.facts.drain(..).map(Fact::In);
        let effects = self.out.effects.drain(..).chain(self.within.effects.drain(..));
        (facts.chain(within), effects)
    }
}
