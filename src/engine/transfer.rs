//! Transfers of both directions behind one interface: decide, fold and book without knowing the direction.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{Fact, Transfer, TransferInput};
use crate::transfer::{
    Alert, BarCause, Books, Context, Decision, Effect, IllegalFact, InboundFact, InboundInput,
    InboundRequest, InboundTransfer, Order, OutboundFact, OutboundInput, OutboundTransfer,
    Properties, Refusal, Sums, TraceNumbers,
};
use crate::values::{Amount, Currency, Direction, Institution, Moment, TransferId};

impl Transfer {
    /// Returns the state after a fact. Without a state before, the fact starts the transfer.
    ///
    /// # Errors
    /// If the fact is not possible in the state.
    pub fn fold(before: Option<Self>, fact: &Fact, at: Moment) -> Result<Self, IllegalFact> {
        match (before, fact) {
            (None, Fact::Outbound(fact)) => OutboundTransfer::begin(fact).map(Self::Outbound),
            (None, Fact::Inbound(fact)) => InboundTransfer::begin(fact).map(Self::Inbound),
            (Some(Self::Outbound(transfer)), Fact::Outbound(fact)) => {
                transfer.evolve(fact, at).map(Self::Outbound)
            }
            (Some(Self::Inbound(transfer)), Fact::Inbound(fact)) => {
                transfer.evolve(fact).map(Self::Inbound)
            }
            (Some(transfer), fact) => {
                Err(IllegalFact { state: transfer.code(), fact: fact.code() })
            }
        }
    }

    /// Returns the properties of the state.
    #[must_use]
    pub fn properties(&self) -> Properties {
        match self {
            Self::Outbound(transfer) => transfer.properties(),
            Self::Inbound(transfer) => transfer.properties(),
        }
    }

    /// Returns the state code, which is stored and exported.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.properties().code
    }

    /// Whether the transfer is closed.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.properties().is_final()
    }

    /// Returns the direction.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Outbound(_) => Direction::Outbound,
            Self::Inbound(_) => Direction::Inbound,
        }
    }

    /// Returns the other bank.
    pub(super) fn counterparty(&self) -> Institution {
        match self {
            Self::Outbound(transfer) => transfer.order().counterparty,
            Self::Inbound(transfer) => transfer.request().counterparty,
        }
    }

    /// Returns the amount.
    pub(super) fn amount(&self) -> Amount {
        match self {
            Self::Outbound(transfer) => transfer.order().amount,
            Self::Inbound(transfer) => transfer.request().amount,
        }
    }

    /// Returns the transfer's share of the books.
    #[must_use]
    pub fn sums(&self) -> Sums {
        self.properties().sums(self.amount())
    }

    /// Returns the transfer's share of the books of closed transfers. It is zero while the transfer is open.
    #[must_use]
    pub fn closed_sums(&self) -> Sums {
        let properties = self.properties();
        if properties.is_final() { properties.sums(self.amount()) } else { Sums::default() }
    }

    /// Returns the input that the deadline has come.
    pub(super) const fn deadline_input(&self) -> TransferInput {
        match self {
            Self::Outbound(_) => TransferInput::Outbound(OutboundInput::Due),
            Self::Inbound(_) => TransferInput::Inbound(InboundInput::Due),
        }
    }

    /// Returns the input that the program restarted.
    pub(super) const fn restart_input(&self) -> TransferInput {
        match self {
            Self::Outbound(_) => TransferInput::Outbound(OutboundInput::Restarted),
            Self::Inbound(_) => TransferInput::Inbound(InboundInput::Restarted),
        }
    }
}

impl Fact {
    /// Returns the code under which the journal stores the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Outbound(fact) => fact.code(),
            Self::Inbound(fact) => fact.code(),
        }
    }

    /// Returns the trace numbers of the message that this fact makes ready, if it does.
    #[must_use]
    pub const fn trace(&self) -> Option<TraceNumbers> {
        match self {
            Self::Outbound(
                OutboundFact::RequestReady { trace, .. } | OutboundFact::ReversalReady { trace },
            ) => Some(*trace),
            Self::Outbound(_) | Self::Inbound(_) => None,
        }
    }
}

/// The books of both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksByDirection {
    /// The books of outbound transfers.
    #[serde(rename = "outbound")]
    pub outbound: Books,
    /// The books of inbound transfers.
    #[serde(rename = "inbound")]
    pub inbound: Books,
}

impl BooksByDirection {
    /// Replaces a transfer's share: `before` the step (zero for a new transfer) by that of its state `now`.
    pub fn change(&mut self, before: Sums, now: &Transfer) {
        self.replace(now, before, now.sums());
    }

    /// Does the same in books of closed transfers, where an open transfer has no share. `before` is its
    /// [`Transfer::closed_sums`].
    pub fn change_closed(&mut self, before: Sums, now: &Transfer) {
        self.replace(now, before, now.closed_sums());
    }

    fn replace(&mut self, transfer: &Transfer, before: Sums, now: Sums) {
        let books = match transfer.direction() {
            Direction::Outbound => &mut self.outbound,
            Direction::Inbound => &mut self.inbound,
        };
        books.replace(transfer.amount().currency(), before, now);
    }

    /// Returns all sums that are not zero, each with its currency. `true` stands for outbound transfers.
    pub fn rows(&self) -> impl Iterator<Item = (bool, Currency, Sums)> {
        let outbound = self
            .outbound
            .currencies()
            .map(|currency| (true, currency, self.outbound.sums(currency)));
        let inbound = self
            .inbound
            .currencies()
            .map(|currency| (false, currency, self.inbound.sums(currency)));
        outbound.chain(inbound).filter(|(_, _, sums)| *sums != Sums::default())
    }

    /// Removes a withdrawn transfer from the books.
    pub fn withdraw(&mut self, transfer: &Transfer) {
        self.replace(transfer, transfer.sums(), Sums::default());
    }
}

/// The books of closed transfers. A start takes them from the metadata of the journal, so that it need not read closed transfers.
#[derive(Debug, Default)]
pub(super) struct ClosedBooks {
    books: BooksByDirection,
    /// Whether they changed since they were last taken.
    is_changed: bool,
}

impl ClosedBooks {
    pub(super) const fn new(books: BooksByDirection) -> Self {
        Self { books, is_changed: false }
    }

    /// Replaces a transfer's share after a step.
    pub(super) fn change(&mut self, before: Sums, now: &Transfer) {
        if before != now.closed_sums() {
            self.is_changed = true;
            self.books.change_closed(before, now);
        }
    }

    /// Removes a withdrawn transfer from the books.
    pub(super) fn withdraw(&mut self, transfer: &Transfer) {
        if transfer.closed_sums() != Sums::default() {
            self.is_changed = true;
            self.books.withdraw(transfer);
        }
    }

    /// Returns the books if they changed since the last call.
    pub(super) fn take_changed(&mut self) -> Option<BooksByDirection> {
        std::mem::take(&mut self.is_changed).then(|| self.books.clone())
    }
}

/// Buffers for the decisions of both directions. They are reused from one decision to the next.
#[derive(Debug, Default)]
pub(super) struct DecisionBuffers {
    outbound: Decision<OutboundFact>,
    inbound: Decision<InboundFact>,
}

impl DecisionBuffers {
    pub(super) fn accept(&mut self, order: &Arc<Order>, context: &mut Context<'_>) {
        OutboundTransfer::accept(order, context, &mut self.outbound);
    }

    pub(super) fn receive(&mut self, request: &Arc<InboundRequest>, context: &mut Context<'_>) {
        InboundTransfer::receive(request, context, &mut self.inbound);
    }

    pub(super) fn refuse(
        &mut self,
        request: &Arc<InboundRequest>,
        refusal: Refusal,
        context: &mut Context<'_>,
    ) {
        InboundTransfer::refuse(request, refusal, context, &mut self.inbound);
    }

    pub(super) fn bar(
        &mut self,
        request: &Arc<InboundRequest>,
        by: BarCause,
        context: &mut Context<'_>,
    ) {
        InboundTransfer::bar(request, by, context, &mut self.inbound);
    }

    /// Decides an input. An input of the other direction decides nothing and raises an alert.
    pub(super) fn decide(
        &mut self,
        id: TransferId,
        transfer: &Transfer,
        input: &TransferInput,
        context: &mut Context<'_>,
    ) {
        match (transfer, input) {
            (Transfer::Outbound(transfer), TransferInput::Outbound(input)) => {
                transfer.decide(input, context, &mut self.outbound);
            }
            (Transfer::Inbound(transfer), TransferInput::Inbound(input)) => {
                transfer.decide(input, context, &mut self.inbound);
            }
            (Transfer::Outbound(_), TransferInput::Inbound(_))
            | (Transfer::Inbound(_), TransferInput::Outbound(_)) => {
                self.outbound.effects.push(Effect::Alert(id, Alert::InternalError));
            }
        }
    }

    /// Takes the decided facts and effects.
    pub(super) fn take(
        &mut self,
    ) -> (impl Iterator<Item = Fact> + '_, impl Iterator<Item = Effect> + '_) {
        let facts = self.outbound.facts.drain(..).map(Fact::Outbound);
        let inbound = self.inbound.facts.drain(..).map(Fact::Inbound);
        let effects = self.outbound.effects.drain(..).chain(self.inbound.effects.drain(..));
        (facts.chain(inbound), effects)
    }
}
