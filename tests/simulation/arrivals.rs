//! What comes from channels and from the switch of itself.

use titian::engine::{Begun, Body, Event, Key, Lookup};
use titian::network::Incoming;
use titian::switch::{self, Deal};
use titian::transfer::{Funding, Order, Side};
use titian::values::{AccountNumber, ProcessingCode, Reference, Rrn, TransferId, Value};

use crate::networks::institution;
use crate::rules::particulars;
use crate::switch::BANKS;
use crate::wire::Said;
use crate::world::{Happening, World, account, amount};

impl World {
    pub(crate) fn id(&mut self) -> TransferId {
        TransferId(u128::from(self.now) << 64 | u128::from(self.chance.next()))
    }

    pub(crate) fn new_order(&mut self) {
        self.counts.orders += 1;
        let id = self.id();
        let order = Order {
            id,
            kind: self.kind(),
            amount: amount(self.chance.between(1, 1_000_000)),
            from: self.account_number(),
            to: self.account_number(),
            pan: None,
            counterparty: institution(&self.bank()),
            funding: if self.chance.permille(250) {
                Funding::Caller(Reference::from_ascii(b"DB-1").unwrap())
            } else {
                Funding::Core
            },
            particulars: particulars(),
        };
        let key = |number: u64| Key(u128::from(number));
        let (request, reference) = (key(self.chance.next()), Some(key(self.chance.next())));
        let body = Body(u128::from(order.amount.minor()));
        let begun = Begun { request, reference, body };
        self.orders.push((order.clone(), begun));
        self.expect(&order);
        if self.chance.permille(50) {
            let nth = self.orders.len() - 1;
            let delay = self.chance.between(0, 300_000);
            self.after(delay, Happening::OrderAgain(nth));
            // And again on the heels of that, while it is looked for in the journal.
            self.after(delay + 2, Happening::OrderAgain(nth));
        }
        self.tell(Event::Order { order, begun });
    }

    /// Somebody asks how an order stands.
    pub(crate) fn ask(&mut self) {
        if self.orders.is_empty() || self.engine.is_none() {
            return;
        }
        let last = u64::try_from(self.orders.len()).unwrap() - 1;
        let nth = usize::try_from(self.chance.between(0, last)).unwrap();
        let (about, asked) = (self.orders[nth].0.id, self.id());
        self.auditor.asks_how(asked, about);
        self.tell(Event::Ask(asked, Lookup::Id(about)));
    }

    fn expect(&mut self, order: &Order) {
        let by_core = order.funding == Funding::Core;
        let posting = by_core.then_some((Side::Debit, order.from, order.amount));
        self.auditor.expects(order.id, posting);
    }

    pub(crate) fn account_number(&mut self) -> AccountNumber {
        account(&self.chance.between(1_000_000_000, 9_999_999_999).to_string())
    }

    /// An interbank transfer, a QRIS payment, or cash: the machine is one.
    fn kind(&mut self) -> ProcessingCode {
        let kinds = ["transfer", "qris", "withdrawal"];
        let nth = usize::try_from(self.chance.between(0, 2)).unwrap();
        self.shipped.network.kind(kinds[nth]).unwrap()
    }

    pub(crate) fn bank(&mut self) -> String {
        format!("{:03}", self.chance.between(1, BANKS))
    }

    /// The channel's request again: the same, under a new transfer's id, as the API would make it; now and then under
    /// another number of the request, as on another day.
    pub(crate) fn order_again(&mut self, nth: usize) {
        self.counts.duplicates += 1;
        let (order, mut begun) = self.orders[nth].clone();
        if self.chance.permille(300) {
            begun.request = Key(u128::from(self.chance.next()));
        }
        // Now and then it asks for something else.
        if self.chance.permille(100) {
            begun.body = Body(0);
        }
        let order = Order { id: self.id(), ..order };
        self.expect(&order);
        self.tell(Event::Order { order, begun });
    }

    /// Another bank asks ours for a movement of money, and its customer may want it back soon.
    pub(crate) fn new_demand(&mut self) {
        let deal = self.deal();
        let order = match self.chance.between(0, 2) {
            0 => switch::Order::Credit(deal),
            1 => switch::Order::Payment(deal),
            _ => switch::Order::Withdrawal(deal),
        };
        // While our bank is not there the switch asks it nothing.
        let Ok(rrn) = self.national.brain.order(order, self.true_moment()) else { return };
        self.counts.demands += 1;
        if !self.holds && self.chance.permille(50) {
            let delay = self.chance.between(1, 20_000);
            self.after(delay, Happening::Regret(rrn));
        }
        self.switch_acts();
    }

    /// A movement between an account of another bank and one of ours.
    pub(crate) fn deal(&mut self) -> Deal {
        let from = self.bank();
        Deal {
            from: self.national.brain.member(&from).unwrap(),
            to: self.national.ours,
            from_account: self.account_number(),
            to_account: self.account_number(),
            minor: self.chance.between(1, 1_000_000),
        }
    }

    /// What was never done, or is undone, isn't taken back.
    pub(crate) fn regret(&mut self, rrn: Rrn) {
        let now = self.true_moment();
        if self.national.brain.order(switch::Order::Reversal(rrn), now).is_ok() {
            self.switch_acts();
        }
    }

    /// The other bank's numbers have come round: another request has those of one that was.
    pub(crate) fn numbers_again(&mut self, said: Said) {
        let network = &self.shipped.network;
        let message = network.spec().decode(said.bytes.clone()).unwrap();
        let Incoming::Demand(_, key) =
            network.read(&message, TransferId(0), self.true_moment()).unwrap()
        else {
            panic!("it asks for a transfer")
        };
        if !self.journal.look_up(Lookup::Key(Key(key.0))).0.is_empty() {
            self.carry(&Happening::FromSwitch(said));
        }
    }
}
