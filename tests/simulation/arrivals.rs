//! What comes from channels and from the switch of itself.

use titian::engine::{Begun, Body, Event, Key, Lookup};
use titian::transfer::{Demand, Funding, Order, Side};
use titian::values::{AccountNumber, Institution, ProcessingCode, Reference, TransferId, Value};

use crate::rules::{demand, particulars};
use crate::switch::Asked;
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
            counterparty: Institution::from_ascii(self.bank().as_bytes()).unwrap(),
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

    fn account_number(&mut self) -> AccountNumber {
        account(&self.chance.between(1_000_000_000, 9_999_999_999).to_string())
    }

    /// An interbank transfer, a QRIS payment, or cash: the machine is one.
    fn kind(&mut self) -> ProcessingCode {
        let kinds = [&b"401000"[..], b"260000", b"011000"];
        let nth = usize::try_from(self.chance.between(0, 2)).unwrap();
        ProcessingCode::from_ascii(kinds[nth]).unwrap()
    }

    pub(crate) fn bank(&mut self) -> String {
        format!("{:03}", self.chance.between(1, 9))
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

    pub(crate) fn new_demand(&mut self) {
        self.counts.demands += 1;
        let id = self.id();
        let kind = self.kind();
        let is_cash = kind.as_str().starts_with("01");
        let demand = Demand {
            id,
            kind,
            side: if is_cash { Side::Debit } else { Side::Credit },
            account: self.account_number(),
            other: None,
            origin: demand().origin,
            particulars: particulars(),
            amount: amount(self.chance.between(1, 1_000_000)),
            counterparty: Institution::from_ascii(self.bank().as_bytes()).unwrap(),
        };
        let key = Key(id.0 ^ 1);
        self.demands.insert(key.0, (demand.clone(), key));
        self.auditor.expects(id, Some((demand.side, demand.account, demand.amount)));
        self.switch.asked.insert(key.0, (Asked::Waiting { tries: 1 }, demand.amount.minor()));
        self.carry(&Happening::FromSwitch(Event::Demand { demand, key }));
        self.after(8_000, Happening::AskedAgain(key.0));
        if self.chance.permille(50) {
            let delay = self.chance.between(1, 100_000);
            self.after(delay, Happening::NumbersAgain(key.0));
        }
    }

    /// The other bank's numbers have come round: another request has those of one that was.
    pub(crate) fn numbers_again(&mut self, key: u128) {
        let (demand, key) = self.demands[&key].clone();
        if self.journal.look_up(Lookup::Key(key)).0.is_empty() {
            return;
        }
        let minor = self.chance.between(1_000_001, 2_000_000);
        let demand = Demand { id: self.id(), amount: amount(minor), ..demand };
        self.auditor.expects(demand.id, Some((demand.side, demand.account, demand.amount)));
        self.carry(&Happening::FromSwitch(Event::Demand { demand, key }));
    }

    /// The switch has waited for an answer: it repeats the request, and then reverses it until that is answered.
    pub(crate) fn switch_waits(&mut self, key: u128) {
        let (demand, wire) = self.demands[&key].clone();
        let Some((asked, _)) = self.switch.asked.get_mut(&key) else { return };
        let (next, reverse) = match *asked {
            Asked::Waiting { tries } if tries < 2 => (Asked::Waiting { tries: tries + 1 }, false),
            Asked::Waiting { tries } if self.holds => {
                self.switch.asked.get_mut(&key).unwrap().0 = Asked::Waiting { tries: tries + 1 };
                let event = self.status_event(key);
                self.carry(&Happening::FromSwitch(event));
                return self.after(15_000, Happening::AskedAgain(key));
            }
            Asked::Waiting { .. } => (Asked::Reversing { tries: 1 }, true),
            Asked::Reversing { tries } => (Asked::Reversing { tries: tries + 1 }, true),
            Asked::Approved | Asked::Declined | Asked::Reversed => return,
        };
        *asked = next;
        // The adapter gives every message an id of its own, before it knows that it came before.
        let id = self.id();
        let demand = Demand { id, ..demand };
        self.auditor.expects(id, Some((demand.side, demand.account, demand.amount)));
        let event = if reverse {
            Event::Reversal { demand, original: wire }
        } else {
            Event::Demand { demand, key: wire }
        };
        self.carry(&Happening::FromSwitch(event));
        let delay = if reverse { 15_000 } else { 8_000 };
        self.after(delay, Happening::AskedAgain(key));
    }

    pub(crate) fn switch_hears(&mut self, key: u128, approved: bool) {
        if let Some((asked @ Asked::Waiting { .. }, _)) = self.switch.asked.get_mut(&key) {
            *asked = if approved { Asked::Approved } else { Asked::Declined };
            // Now and then a customer wants his money back at once.
            if approved && !self.holds && self.chance.permille(50) {
                *asked = Asked::Reversing { tries: 0 };
                self.after(1, Happening::AskedAgain(key));
            }
        }
    }

    pub(crate) fn switch_hears_of_reversal(&mut self, key: u128, done: bool) {
        if let Some((asked @ Asked::Reversing { .. }, _)) = self.switch.asked.get_mut(&key)
            && done
        {
            *asked = Asked::Reversed;
        }
    }
}
