//! Both directions as one: a transfer is decided and folded without asking which it is.

use serde::{Deserialize, Serialize};

use super::event::{Concern, Fact, Life};
use crate::transfer::{
    Alarm, Bar, Books, Context, Decision, Demand, Effect, Illegal, Inbound, InboundFact,
    InboundInput, Input, Order, Outbound, OutboundFact, Share, Sums, Trace,
};
use crate::values::{Currency, Moment, TransferId};

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

    /// Whether two persons are to decide.
    #[must_use]
    pub const fn is_exception(&self) -> bool {
        match self {
            Self::Out(life) => life.is_exception(),
            Self::In(_) => false,
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

    /// Its part of the books of what is closed: none while it is open.
    #[must_use]
    pub fn closed_share(&self) -> Sums {
        if self.is_final() { self.share() } else { Sums::default() }
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
    #[must_use]
    pub const fn trace(&self) -> Option<Trace> {
        match self {
            Self::Out(
                OutboundFact::RequestReady { trace, .. } | OutboundFact::ReversalReady { trace },
            ) => Some(*trace),
            Self::Out(_) | Self::In(_) => None,
        }
    }
}

/// The books of both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The same in books of closed transfers alone, where an open one has no part: `before` is its
    /// [`Life::closed_share`].
    pub fn change_closed(&mut self, before: Sums, now: &Life) {
        let after = now.closed_share();
        match now {
            Life::Out(now) => self.out.exchange(before, after, now),
            Life::In(now) => self.within.exchange(before, after, now),
        }
    }

    /// Whether in all of them every minor unit is explained.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.out.balance() && self.within.balance()
    }

    /// All sums that are not zero, each with its currency and whether it is of transfers that leave our bank.
    pub fn rows(&self) -> impl Iterator<Item = (bool, Currency, Sums)> {
        let out = self.out.currencies().map(|currency| (true, currency, self.out.sums(currency)));
        let within =
            self.within.currencies().map(|currency| (false, currency, self.within.sums(currency)));
        out.chain(within).filter(|(_, _, sums)| *sums != Sums::default())
    }

    /// Takes in that a transfer is no more, and never was.
    pub fn withdraw(&mut self, life: &Life) {
        match life {
            Life::Out(life) => self.out.withdraw(life),
            Life::In(life) => self.within.withdraw(life),
        }
    }
}

/// The books of closed transfers alone: at a start they come from the journal, which is not read for them.
#[derive(Debug, Default)]
pub(super) struct ClosedBooks {
    books: BothBooks,
    /// Whether they changed since they were last taken.
    changed: bool,
}

impl ClosedBooks {
    pub(super) const fn new(books: BothBooks) -> Self {
        Self { books, changed: false }
    }

    /// Takes in a step of a transfer whose part was `before`.
    pub(super) fn change(&mut self, before: Sums, now: &Life) {
        if before != now.closed_share() {
            self.changed = true;
            self.books.change_closed(before, now);
        }
    }

    /// Takes in that a transfer is no more, and never was.
    pub(super) fn withdraw(&mut self, life: &Life) {
        if life.closed_share() != Sums::default() {
            self.changed = true;
            self.books.withdraw(life);
        }
    }

    /// The books, if they changed since this was last asked.
    pub(super) fn take_changed(&mut self) -> Option<BothBooks> {
        std::mem::take(&mut self.changed).then(|| self.books.clone())
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
