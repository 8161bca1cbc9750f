//! What goes over the wire, as bytes: written and read at one end as the program does it, at the other as the switch
//! does.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use titian::engine::{Event, Key, Question};
use titian::iso8583::{De, Message, Mti};
use titian::network::{Answered, Incoming, Network, SpeakError};
use titian::switch::{Output, Wire};
use titian::transfer::{Holding, Order, Side, Way};
use titian::values::{
    AccountNumber, Date, MinorUnits, MonthDay, NetworkCode, Offset, ResponseCode, TransferId,
    Transmission,
};

use crate::auditor::Asks;
use crate::world::{Happening, World, amount};

/// A message of the switch, and what it asks core for in the end, if it asks for that.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) bytes: Bytes,
    pub(crate) asks: Option<Asks>,
}

/// What the program sends.
impl World {
    /// A message of ours as bytes.
    pub(crate) fn say(
        &self,
        say: impl FnOnce(&Network, &mut BytesMut) -> Result<(), SpeakError>,
    ) -> Bytes {
        let mut bytes = BytesMut::new();
        say(&self.shipped.network, &mut bytes).expect("what is ordered can be said");
        bytes.freeze()
    }

    /// Answers a message of the switch, if the program has it: what it was asked before it stopped it is asked again.
    pub(crate) fn reply(&mut self, to: TransferId, code: ResponseCode, holding: &Holding) {
        let Some(asked) = self.said.get(&to.0) else { return self.counts.unanswerable += 1 };
        let request = self.shipped.network.spec().decode(asked.clone()).unwrap();
        let answer = self.say(|network, into| network.answer(&request, code, holding, into));
        self.carry_to_switch(answer);
    }

    pub(crate) fn carry_to_switch(&mut self, bytes: Bytes) {
        if self.line_is_up {
            self.carry(&Happening::ToSwitch(bytes));
        }
    }

    /// The program hears something of the switch.
    pub(crate) fn hear(&mut self, said: Said) {
        if !self.line_is_up || self.engine.is_none() {
            return;
        }
        let shipped = Arc::clone(&self.shipped);
        let message = shipped.network.spec().decode(said.bytes.clone()).unwrap();
        if message.mti().is_management() {
            return self.manage(&message);
        }
        let id = self.id();
        if message.mti().is_request() {
            self.said.insert(id.0, said.bytes);
        }
        if let Some(asks) = said.asks {
            self.auditor.expects(id, Some(asks));
        }
        let incoming = shipped.network.read(&message, id, self.moment()).unwrap();
        let event = self.event(incoming);
        self.tell(event);
    }

    fn event(&mut self, incoming: Incoming) -> Event {
        let asked = |to| match to {
            Answered::Request => Some(Question::Request),
            Answered::Reversal => Some(Question::Reversal),
            Answered::Status => Some(Question::Status),
            Answered::Inquiry => None,
        };
        match incoming {
            Incoming::Answer { trace, to, heard, holding } => match asked(to) {
                Some(to) => {
                    self.auditor.hears(&self.journal, trace);
                    Event::Answered { trace, to, heard }
                }
                None => Event::InquiryAnswered { trace, heard, holding },
            },
            Incoming::Demand(demand, key) => Event::Demand { demand, key: Key(key.0) },
            Incoming::Reversal(demand, key, _) => Event::Reversal { demand, original: Key(key.0) },
            Incoming::Status(demand, key) => Event::Status { demand, original: Key(key.0) },
            Incoming::Inquiry(inquiry) => {
                self.is_asked(&inquiry);
                Event::Inquire(inquiry, Way::In)
            }
        }
    }

    /// Network management, as a session answers it; a cut-over goes on to the engine.
    fn manage(&mut self, message: &Message<'_>) {
        let session = self.shipped.network.session();
        assert!(message.mti().is_request(), "nothing was asked");
        let (answers, management) = (&session.answers, &session.management);
        let mut answer = BytesMut::new();
        let added = [(De::RESPONSE_CODE, answers.done.as_str())];
        message.spec().respond(message, &answers.echoes, &added, &mut answer).unwrap();
        let said: NetworkCode = message.get(De::NETWORK_CODE).unwrap();
        assert_eq!(Some(said), management.cut_over);
        let day: MonthDay = message.get(De::SETTLEMENT_DATE).unwrap();
        self.carry_to_switch(answer.freeze());
        let date = Date::nearest(day, Date::of(self.moment(), Offset::UTC));
        self.tell(Event::CutOver(date));
    }
}

/// What the switch does.
impl World {
    pub(crate) fn at_switch(&mut self, bytes: Bytes) {
        let wire = self.shipped.codec.read(bytes).expect("what we write can be read");
        self.audit_request(&wire);
        self.national.brain.handle(self.national.ours, wire, self.true_moment());
        self.switch_acts();
    }

    /// Sends what the switch has to say, files what it closes, and sets its next tick.
    pub(crate) fn switch_acts(&mut self) {
        while let Some(output) = self.national.brain.next_output() {
            match output {
                Output::Send { wire, .. } if wire.mti().is_request() => self.switch_asks(&wire),
                Output::Send { wire, .. } => self.switch_answers(wire),
                Output::Closed(date) => self.national.close(date),
                Output::Garbage { .. } | Output::Disconnect { .. } => {
                    panic!("no such fault is drawn")
                }
            }
        }
        let Some(at) = self.national.brain.next_deadline() else { return };
        let at = at.millis().max(self.now + 1);
        if self.national.next_tick.is_none_or(|next| at < next || next <= self.now) {
            self.national.next_tick = Some(at);
            self.after(at - self.now, Happening::SwitchTick);
        }
    }

    pub(crate) fn switch_ticks(&mut self) {
        if self.national.next_tick.is_some_and(|next| next <= self.now) {
            self.national.next_tick = None;
            self.national.brain.tick(self.true_moment());
            self.switch_acts();
        }
    }

    fn written(&self, wire: &Wire) -> Bytes {
        let mut bytes = BytesMut::new();
        self.shipped.codec.write(wire, &mut bytes).expect("what the switch says can be written");
        bytes.freeze()
    }

    fn switch_asks(&mut self, wire: &Wire) {
        let said = Said { bytes: self.written(wire), asks: self.asks(wire) };
        if said.asks.is_some() && wire.mti() == Mti::FINANCIAL_REQUEST && self.chance.permille(50) {
            // The other bank's numbers come round: later another request has them.
            let mut other = wire.clone();
            let minor = self.chance.between(1_000_001, 2_000_000);
            other.set(De::AMOUNT, &format!("{minor:012}"));
            let said = Said { bytes: self.written(&other), asks: self.asks(&other) };
            let delay = self.chance.between(1, 100_000);
            self.after(delay, Happening::NumbersAgain(said));
        }
        self.carry(&Happening::FromSwitch(said));
    }

    /// An answer, which may be bent, and may come twice.
    fn switch_answers(&mut self, mut wire: Wire) {
        if !wire.mti().is_management() {
            self.bend(&mut wire);
        }
        let said = Said { bytes: self.written(&wire), asks: None };
        if self.chance.permille(self.faults.doubled) {
            self.counts.doubled += 1;
            self.carry(&Happening::FromSwitch(said.clone()));
        }
        self.carry(&Happening::FromSwitch(said));
    }

    /// An answer may be another transfer's, may say nothing of the outcome, or have the switch's own time.
    fn bend(&mut self, wire: &mut Wire) {
        if self.chance.permille(self.faults.mismatched) {
            let MinorUnits(minor) = wire.value(De::AMOUNT).unwrap();
            wire.set(De::AMOUNT, &format!("{:012}", minor + 1));
            wire.set(De::RESPONSE_CODE, "00");
        } else if self.chance.permille(self.faults.unclear) {
            let dialect = &self.shipped.dialect;
            let kind = wire.value(De::PROCESSING_CODE);
            wire.set(
                De::RESPONSE_CODE,
                match wire.mti().class() {
                    4 => "96",
                    _ if kind == Some(dialect.inquiry) => "91",
                    _ if kind == dialect.status => "30",
                    _ => "68",
                },
            );
        }
        if self.chance.permille(self.faults.retimed) {
            wire.set(De::TRANSMISSION, &Transmission::of(self.true_moment()).to_string());
        }
    }
}

/// What a message is about, by its own words.
impl World {
    /// The posting that a message of the switch is about. A status inquiry doesn't say on which side it is: it is that of its
    /// request.
    fn asks(&mut self, wire: &Wire) -> Option<Asks> {
        let dialect = &self.shipped.dialect;
        let kind = wire.value(De::PROCESSING_CODE)?;
        let rrn = wire.get(De::RRN)?.to_owned();
        let (side, de) = match kind {
            kind if kind == dialect.withdrawal => (Side::Debit, De::FROM_ACCOUNT),
            kind if kind == dialect.transfer || kind == dialect.qris => {
                (Side::Credit, De::TO_ACCOUNT)
            }
            kind if Some(kind) == dialect.status => return self.demanded.get(&rrn).copied(),
            _ => return None,
        };
        let MinorUnits(minor) = wire.value(De::AMOUNT)?;
        let asks = (side, wire.value::<AccountNumber>(de)?, amount(minor));
        self.demanded.entry(rrn).or_insert(asks);
        Some(asks)
    }

    /// What reaches the switch of an order says what was ordered.
    fn audit_request(&mut self, wire: &Wire) {
        let is_movement = |wire: &Wire| {
            let kind = wire.value(De::PROCESSING_CODE);
            let dialect = &self.shipped.dialect;
            [dialect.transfer, dialect.qris, dialect.withdrawal].map(Some).contains(&kind)
        };
        if !wire.mti().is_request() || !is_movement(wire) {
            return;
        }
        self.counts.checks += 1;
        let order = self.order(self.auditor.sent_under(wire.get(De::RRN).unwrap()));
        let Order { amount, counterparty, .. } = order;
        let MinorUnits(minor) = wire.value(De::AMOUNT).unwrap();
        assert_eq!(minor, amount.minor(), "{}: another amount is asked for", order.id);
        assert_eq!(wire.value(De::DESTINATION_BANK), Some(counterparty), "{}", order.id);
        // Whoever pays stands in DE102: at his own bank, who takes our cash.
        let pays = wire.value(De::PROCESSING_CODE) != Some(self.shipped.dialect.withdrawal);
        let (pays, paid) = if pays { (order.from, order.to) } else { (order.to, order.from) };
        assert_eq!(wire.value(De::FROM_ACCOUNT), Some(pays), "{}: another pays", order.id);
        assert_eq!(wire.value(De::TO_ACCOUNT), Some(paid), "{}: another is paid", order.id);
    }
}
