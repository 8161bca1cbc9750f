//! New work: orders of channels, and requests of the switch.

use std::sync::Arc;

use titian::engine::{Event, Lookup};
use titian::network::IncomingMessage;
use titian::simulator::{self, RequestDetails};
use titian::transfer::{ChannelReference, Funding, Order, Side, TransferDetails};
use titian::values::{
    AccountNumber, Date, IdempotencyKey, Moment, Offset, ProcessingCode, Reference,
    RequestFingerprint, RequestIdentity, Rrn, TimeOfDay, TransferId, Value,
};

use super::networks::institution;
use super::restrictions::NewWork;
use super::rules::details;
use super::switch::BANKS;
use super::wire::SwitchMessage;
use super::world::{SimEvent, World, account, amount};

/// Returns the date some days after another one, or before it.
fn date_after(date: Date, days: i64) -> Date {
    let noon = date.at(TimeOfDay::MIDNIGHT, Offset::UTC).millis() + 43_200_000;
    Date::of(Moment::from_millis(noon.saturating_add_signed(days * 86_400_000)), Offset::UTC)
}

impl World {
    pub(crate) fn id(&mut self) -> TransferId {
        TransferId(u128::from(self.now) << 64 | u128::from(self.random.next()))
    }

    pub(crate) fn start_order(&mut self) {
        self.counts.orders += 1;
        let id = self.id();
        let order = Arc::new(Order {
            id,
            kind: self.draw_processing_code(),
            amount: amount(self.random.between(1, 1_000_000)),
            from: self.account_number(),
            to: self.account_number(),
            pan: None,
            counterparty: institution(&self.bank()),
            funding: if self.random.permille(250) {
                Funding::Caller(Reference::from_ascii(b"DB-1").unwrap())
            } else {
                Funding::Core
            },
            details: TransferDetails { channel: self.channel(), ..details() },
        });
        let key = |number: u64| IdempotencyKey(u128::from(number));
        let (request_key, reference_key) = (key(self.random.next()), Some(key(self.random.next())));
        let fingerprint = RequestFingerprint(u128::from(order.amount.minor()));
        let identity = RequestIdentity { request_key, reference_key, fingerprint };
        self.orders.push((Arc::clone(&order), identity));
        self.expect_debit(&order);
        if self.random.permille(50) {
            let nth = self.orders.len() - 1;
            let delay = self.random.between(0, 300_000);
            self.schedule(delay, SimEvent::RepeatOrder(nth));
            // And once more soon after that, while the journal lookup is open.
            self.schedule(delay + 2, SimEvent::RepeatOrder(nth));
        }
        self.place(order, identity);
    }

    /// Draws the channel that gives an order, if it has a partner.
    fn channel(&mut self) -> Option<ChannelReference> {
        let text = |text: &str| Reference::from_ascii(text.as_bytes()).unwrap();
        let partner = self.pick(&["MOBILE", "TELLER", ""]);
        let (reference, request) = (text("INV-7"), text("7"));
        (!partner.is_empty()).then(|| ChannelReference {
            partner: text(partner),
            reference,
            request,
        })
    }

    fn place(&mut self, order: Arc<Order>, identity: RequestIdentity) {
        self.ask(order.id, NewWork::of_order(&order));
        self.handle(Event::Order { order, identity });
    }

    /// Records new work with the number of acts that are decided by now.
    pub(crate) fn ask(&mut self, id: TransferId, work: NewWork) {
        let acts = self.engine.as_ref().map_or(0, |engine| engine.control().rows());
        let now = self.moment();
        self.restrictions.ask(id, work, (acts, now));
    }

    /// Queries the status of an order.
    pub(crate) fn query_status(&mut self) {
        if self.orders.is_empty() || self.engine.is_none() {
            return;
        }
        let last = u64::try_from(self.orders.len()).unwrap() - 1;
        let nth = usize::try_from(self.random.between(0, last)).unwrap();
        let (transfer_id, query_id) = (self.orders[nth].0.id, self.id());
        self.auditor.expect_status_query(query_id, transfer_id);
        self.handle(Event::StatusQuery(query_id, Lookup::Id(transfer_id)));
    }

    fn expect_debit(&mut self, order: &Order) {
        let is_core_debit = order.funding == Funding::Core;
        let posting = is_core_debit.then_some((Side::Debit, order.from, order.amount));
        self.auditor.expect_posting(order.id, posting);
    }

    pub(crate) fn account_number(&mut self) -> AccountNumber {
        account(&self.random.between(1_000_000_000, 9_999_999_999).to_string())
    }

    /// Draws a processing code: an interbank transfer, a QRIS payment or a withdrawal.
    fn draw_processing_code(&mut self) -> ProcessingCode {
        let kinds = ["transfer", "qris", "withdrawal"];
        let nth = usize::try_from(self.random.between(0, 2)).unwrap();
        self.network.adapter.processing_code(kinds[nth]).unwrap()
    }

    pub(crate) fn bank(&mut self) -> String {
        format!("{:03}", self.random.between(1, BANKS))
    }

    /// Repeats a channel's request with a new transfer id, as the API would. Sometimes it has another request number, as on another
    /// day.
    pub(crate) fn repeat_order(&mut self, nth: usize) {
        self.counts.duplicates += 1;
        let (order, mut identity) = self.orders[nth].clone();
        if self.random.permille(300) {
            identity.request_key = IdempotencyKey(u128::from(self.random.next()));
        }
        // Sometimes its content differs.
        if self.random.permille(100) {
            identity.fingerprint = RequestFingerprint(0);
        }
        let order = Arc::new(Order { id: self.id(), ..Order::clone(&order) });
        self.expect_debit(&order);
        self.place(order, identity);
    }

    /// Starts a request of another bank, and sometimes its reversal.
    pub(crate) fn start_inbound(&mut self) {
        let mut details = self.draw_request();
        if self.random.permille(self.odd.of("zero_amount")) {
            details.minor = 0;
        }
        if self.random.permille(self.odd.of("large_amount")) {
            details.minor = 999_999_999_999 - self.random.between(0, 1_000_000);
        }
        let command = match self.random.between(0, 2) {
            0 => simulator::InboundCommand::Credit(details),
            1 => simulator::InboundCommand::QrisPayment(details),
            _ => simulator::InboundCommand::Withdrawal(details),
        };
        // The switch sends no request while our bank is disconnected.
        let Ok(rrn) = self.switch.model.send_inbound(command, self.true_moment()) else { return };
        self.counts.inbound_requests += 1;
        if !self.has_no_reversal {
            self.plan_reversal(rrn, details.minor);
        }
        self.run_switch();
    }

    /// Lets the customer take a transfer back later, or a part of it.
    fn plan_reversal(&mut self, rrn: Rrn, minor: u64) {
        let delay = self.random.between(1, 20_000);
        if self.random.permille(100) {
            self.schedule(delay, SimEvent::ReverseInbound(rrn, None));
        } else if minor > 1 && self.random.permille(self.odd.of("partial_reversal")) {
            let actual = self.random.between(0, minor - 1);
            self.schedule(delay, SimEvent::ReverseInbound(rrn, Some(actual)));
        } else if self.random.permille(self.odd.of("replacement_too_high")) {
            let actual = minor + self.random.between(0, 1);
            self.schedule(delay, SimEvent::ReverseInbound(rrn, Some(actual)));
        } else {
            return;
        }
        if self.random.permille(self.odd.of("late_repeat")) {
            let after = self.random.between(1, 20_000);
            self.schedule(delay + after, SimEvent::RepeatInbound(rrn));
        }
    }

    /// Draws a movement between an account of another bank and one of ours.
    pub(crate) fn draw_request(&mut self) -> RequestDetails {
        let from = self.bank();
        RequestDetails {
            from: self.switch.model.member(&from).unwrap(),
            to: self.switch.our_member,
            from_account: self.account_number(),
            to_account: self.account_number(),
            minor: self.random.between(1, 1_000_000),
        }
    }

    /// Reverses an inbound transfer. The switch refuses it if the transfer was declined or is reversed.
    pub(crate) fn reverse_inbound(&mut self, rrn: Rrn, actual: Option<u64>) {
        let command = match actual {
            Some(actual) => simulator::InboundCommand::PartialReversal(rrn, actual),
            None => simulator::InboundCommand::Reversal(rrn),
        };
        let now = self.true_moment();
        if self.switch.model.send_inbound(command, now).is_ok() {
            self.counts.partial_reversals += u64::from(actual.is_some());
            self.run_switch();
        }
    }

    /// Repeats the request of an inbound transfer, whatever has happened to it.
    pub(crate) fn repeat_inbound(&mut self, rrn: Rrn) {
        let now = self.true_moment();
        if self.switch.model.send_inbound(simulator::InboundCommand::Repeat(rrn), now).is_ok() {
            self.run_switch();
        }
    }

    /// Announces a business date by mistake, and the right one soon after.
    pub(crate) fn announce_wrong_date(&mut self) {
        let today = self.switch.model.business_date();
        let days = [-30, -3, -1, 0, 2, 7, 12, 30];
        let nth = usize::try_from(self.random.between(0, 7)).unwrap();
        let wrong = date_after(today, days[nth]);
        self.announce_date(wrong);
        let delay = self.random.between(1, 10_000);
        self.schedule(delay, SimEvent::AnnounceDate);
    }

    /// Announces a business date. The books of the switch keep theirs.
    pub(crate) fn announce_date(&mut self, date: Date) {
        let now = self.true_moment();
        if self.switch.model.announce_date(date, now).is_ok() {
            self.counts.wrong_dates += 1;
            self.run_switch();
        }
    }

    /// Sends another request with the trace numbers of an earlier one, because the numbers of the other bank wrapped.
    pub(crate) fn reuse_trace_numbers(&mut self, repeated: SwitchMessage) {
        let network = &self.network.adapter;
        let message = network.spec().decode(repeated.bytes.clone()).unwrap();
        let read = network.read(&message, TransferId(0), self.true_moment());
        // One that the adapter refuses starts no transfer.
        let Ok(IncomingMessage::InboundRequest(_, key)) = read else { return };
        if !self.journal.look_up(Lookup::IdempotencyKey(IdempotencyKey(key.0))).is_empty() {
            let message = self.network.codec.read(repeated.bytes.clone()).unwrap();
            self.person.asks(&message, &self.network.switch_rules);
            self.transmit(&SimEvent::FromSwitch(repeated));
        }
    }
}
