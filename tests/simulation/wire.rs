//! The bytes on the message. One end encodes and reads them as the adapter does, the other as the switch does.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use titian::engine::{CutOverOutcome, CutOverRequest, Event};
use titian::iso8583::{De, DecodeError, Message, Mti, Salvaged};
use titian::network::{BuildError, IncomingMessage, Network};
use titian::simulator::{OddBytes, Output, TextMessage};
use titian::transfer::{AccountDetails, Order, Side};
use titian::values::{
    AccountNumber, Date, Direction, IdempotencyKey, MinorUnits, MonthDay, NetworkCode,
    ResponseCode, TransferId, Transmission,
};

use super::auditor::ExpectedPosting;
use super::person::Person;
use super::world::{SimEvent, World, amount};

/// A message of the switch, and the posting that it asks for, if it does.
#[derive(Clone, Debug)]
pub(crate) struct SwitchMessage {
    pub(crate) bytes: Bytes,
    pub(crate) posting: Option<ExpectedPosting>,
    /// What is odd in the bytes.
    pub(crate) odd: Option<OddBytes>,
}

/// Decodes a message as the links do: strictly, and otherwise as far as it can be delimited. Returns the first fault if the
/// profile does not tolerate all of them.
fn decode(network: &Network, bytes: Bytes) -> Result<(Message<'_>, Option<String>), DecodeError> {
    match network.spec().decode(bytes.clone()) {
        Ok(message) => Ok((message, None)),
        Err(error) => {
            let Salvaged { message, faults } = network.spec().salvage(bytes)?;
            let is_tolerated = network.session().lenient.tolerates_all(&faults);
            Ok((message, Some(error.to_string()).filter(|_| !is_tolerated)))
        }
    }
}

/// The adapter end.
impl World {
    /// Encodes one of our messages.
    pub(crate) fn encode<T>(
        &self,
        encode: impl FnOnce(&Network, &mut BytesMut) -> Result<T, BuildError>,
    ) -> Bytes {
        let mut bytes = BytesMut::new();
        encode(&self.network.adapter, &mut bytes).map(drop).expect("an order can be encoded");
        bytes.freeze()
    }

    /// Sends a response to a message of the switch, if the adapter still has the message. Messages from before a restart are repeated.
    pub(crate) fn send_response(
        &mut self,
        message_id: TransferId,
        code: ResponseCode,
        account: &AccountDetails,
    ) {
        let Some(message) = self.inbound_messages.get(&message_id.0) else {
            return self.counts.lost_inbound_messages += 1;
        };
        if let Ok(request) = self.network.codec.read(message.clone()) {
            self.person.is_answered(&request, code.as_str());
        }
        let networks = Arc::clone(&self.network);
        let (request, _) = decode(&networks.adapter, message.clone()).unwrap();
        let response =
            self.encode(|network, into| network.encode_response(&request, code, account, into));
        self.transmit_to_switch(response);
    }

    pub(crate) fn transmit_to_switch(&mut self, bytes: Bytes) {
        if self.is_link_up {
            self.transmit(&SimEvent::ToSwitch(bytes));
        }
    }

    /// Receives a message of the switch.
    pub(crate) fn receive(&mut self, received: SwitchMessage) {
        if !self.is_link_up || self.engine.is_none() {
            return;
        }
        let networks = Arc::clone(&self.network);
        let Ok((message, fault)) = decode(&networks.adapter, received.bytes.clone()) else {
            panic!("the switch sends no such bytes")
        };
        if let Some(fault) = fault {
            self.counts.unreadable += 1;
            Person::is_not_understood(received.odd, &fault);
            if networks.adapter.answers_malformed(&message) {
                let id = self.id();
                self.inbound_messages.insert(id.0, received.bytes);
                let code = networks.adapter.malformed_code();
                self.send_response(id, code, &AccountDetails::default());
            }
            return;
        }
        if message.mti().is_management() {
            return self.receive_cut_over(&message, received.bytes);
        }
        let id = self.id();
        if message.mti().is_request() {
            self.inbound_messages.insert(id.0, received.bytes);
        }
        if let Some(posting) = received.posting {
            self.auditor.expect_posting(id, Some(posting));
        }
        match networks.adapter.read(&message, id, self.moment()) {
            Ok(incoming) => {
                let event = self.engine_event(incoming);
                self.handle(event);
            }
            Err(error) => {
                assert!(message.mti().is_request(), "{error}");
                self.counts.unsupported += 1;
                let code = networks.adapter.refusal_code(&error);
                self.send_response(id, code, &AccountDetails::default());
            }
        }
    }

    fn engine_event(&mut self, incoming: IncomingMessage) -> Event {
        match incoming {
            IncomingMessage::Response { trace, kind, response } => {
                self.auditor.count_response(&self.journal, trace);
                Event::Response { transfer_id: None, trace, kind, response }
            }
            IncomingMessage::InquiryResponse { trace, response, account } => {
                Event::InquiryResponse { trace, response, account }
            }
            IncomingMessage::InboundRequest(request, key) => {
                Event::InboundRequest { request: Arc::new(request), key: IdempotencyKey(key.0) }
            }
            IncomingMessage::Reversal(reversal) => {
                Event::InboundReversal { reversal: Arc::new(reversal), step: 0 }
            }
            IncomingMessage::StatusInquiry(request, key) => Event::InboundStatusInquiry {
                request: Arc::new(request),
                original_key: IdempotencyKey(key.0),
            },
            IncomingMessage::Inquiry(inquiry) => {
                self.expect_inbound_outcome(&inquiry);
                Event::Inquiry(inquiry, Direction::Inbound)
            }
        }
    }

    /// Hands a cut-over to the engine. The switch of the simulation sends no other network management.
    fn receive_cut_over(&mut self, message: &Message<'_>, bytes: Bytes) {
        assert!(message.mti().is_request(), "the adapter sends no management request");
        let code: NetworkCode = message.get(De::NETWORK_CODE).unwrap();
        assert_eq!(Some(code), self.network.adapter.session().management.cut_over);
        let id = self.id();
        self.inbound_messages.insert(id.0, bytes);
        let day = message.get(De::SETTLEMENT_DATE).ok();
        let today = Date::of(self.moment(), self.network.adapter.offset());
        self.asked_date = day.map(|day| Date::nearest(day, today));
        self.handle(Event::CutOver(CutOverRequest { id, day, today }));
    }

    /// Answers a cut-over, if the adapter still has the message.
    pub(crate) fn respond_to_cut_over(&mut self, id: TransferId, outcome: CutOverOutcome) {
        self.answer_date(outcome);
        let Some(message) = self.inbound_messages.get(&id.0) else {
            return self.counts.lost_inbound_messages += 1;
        };
        let networks = Arc::clone(&self.network);
        let request = networks.adapter.spec().decode(message.clone()).unwrap();
        let mut response = BytesMut::new();
        let session = networks.adapter.session();
        session.write_response(&request, outcome.is_done(), &mut response).unwrap();
        self.transmit_to_switch(response.freeze());
    }
}

/// The business date.
impl World {
    /// Records the answer to a cut-over. A request that is under way may still have the date before a correction.
    fn answer_date(&mut self, outcome: CutOverOutcome) {
        self.asked_date = None;
        match outcome {
            CutOverOutcome::Corrected { date, .. } => {
                self.correct_date(date);
                self.person.hears_of_date(date, self.now);
            }
            CutOverOutcome::Taken { date, .. } | CutOverOutcome::Unchanged(date) => {
                self.person.hears_of_date(date, self.now);
            }
            // What counts for a person is the answer.
            CutOverOutcome::Refused { day: Some(day), present } if outcome.is_done() => {
                self.person.hears_of_date(Date::nearest(day, present), self.now);
            }
            CutOverOutcome::Refused { day, .. } => self.person.hears_of_refused_date(day),
        }
    }

    fn correct_date(&mut self, date: Date) {
        let until = self.now.max(self.paused_until) + 60_000;
        self.auditor.correct_date(date, until);
    }

    /// Takes over the date of a cut-over that became durable before a crash, and was not answered.
    pub(crate) fn restore_date(&mut self) {
        let durable = self.journal.watermark.settlement_date;
        if self.asked_date.take() == Some(durable) {
            self.correct_date(durable);
        }
    }

    /// Checks the business date of a request.
    pub(crate) fn check_date(&self, request: &Bytes) {
        let message = self.network.adapter.spec().decode(request.clone()).unwrap();
        let day: MonthDay = message.get(De::SETTLEMENT_DATE).unwrap();
        self.person.sees_date(day, self.now, self.paused_until);
    }
}

/// The switch end.
impl World {
    pub(crate) fn receive_at_switch(&mut self, bytes: Bytes) {
        let message = self.network.codec.read(bytes).expect("the switch can read our message");
        self.audit_request(&message);
        if !message.mti().is_request() {
            self.person.hears(&message, &self.network.switch_rules);
        }
        self.switch.model.handle_message(self.switch.our_member, message, self.true_moment());
        self.run_switch();
    }

    /// Handles the outputs of the switch, and schedules its next tick.
    pub(crate) fn run_switch(&mut self) {
        while let Some(output) = self.switch.model.poll_output() {
            match output {
                Output::Send { message, .. } if message.mti().is_request() => {
                    self.send_switch_request(&message);
                }
                Output::Send { message, .. } => self.send_switch_response(message),
                Output::DateClosed(date) => self.switch.close(date),
                Output::Garbage { .. } | Output::Disconnect { .. } => {
                    panic!("no fault rule asks for this")
                }
            }
        }
        let Some(at) = self.switch.model.next_deadline() else { return };
        let at = at.millis().max(self.now + 1);
        if self.switch.next_tick.is_none_or(|next| at < next || next <= self.now) {
            self.switch.next_tick = Some(at);
            self.schedule(at - self.now, SimEvent::SwitchTick);
        }
    }

    pub(crate) fn tick_switch(&mut self) {
        if self.switch.next_tick.is_some_and(|next| next <= self.now) {
            self.switch.next_tick = None;
            self.switch.model.handle_deadline(self.true_moment());
            self.run_switch();
        }
    }

    fn encode_switch_message(&self, message: &TextMessage) -> Bytes {
        let mut bytes = BytesMut::new();
        self.network
            .codec
            .write(message, &mut bytes)
            .expect("the message of the switch can be encoded");
        bytes.freeze()
    }

    fn send_switch_request(&mut self, message: &TextMessage) {
        let sent = SwitchMessage {
            bytes: self.encode_switch_message(message),
            posting: self.posting_of(message),
            odd: message.odd_bytes(),
        };
        self.person.asks(message, &self.network.switch_rules);
        if sent.posting.is_some()
            && message.mti() == Mti::FINANCIAL_REQUEST
            && message.odd_bytes().is_none()
            && self.random.permille(50)
        {
            // The trace numbers of the other bank wrap: a later request has the same ones.
            let mut other = message.clone();
            let minor = self.random.between(1_000_001, 2_000_000);
            other.set(De::AMOUNT, &format!("{minor:012}"));
            let reused = SwitchMessage {
                bytes: self.encode_switch_message(&other),
                posting: self.posting_of(&other),
                odd: None,
            };
            let delay = self.random.between(1, 100_000);
            self.schedule(delay, SimEvent::ReuseTraceNumbers(reused));
        }
        if sent.posting.is_some() && self.random.permille(self.odd.of("replay")) {
            self.counts.replays += 1;
            let delay = self.random.between(1, 60_000);
            self.schedule(delay, SimEvent::Replay(sent.clone()));
        }
        self.transmit(&SimEvent::FromSwitch(sent));
    }

    /// Sends a response. It may be corrupted or come twice.
    fn send_switch_response(&mut self, mut message: TextMessage) {
        if !message.mti().is_management() {
            self.corrupt(&mut message);
        }
        let sent = SwitchMessage {
            bytes: self.encode_switch_message(&message),
            posting: None,
            odd: message.odd_bytes(),
        };
        if self.random.permille(self.fault_rates.duplicated) {
            self.counts.duplicated_responses += 1;
            self.transmit(&SimEvent::FromSwitch(sent.clone()));
        }
        self.transmit(&SimEvent::FromSwitch(sent));
    }

    /// Corrupts a response: another amount, an unclear response code, or the transmission time of the switch.
    fn corrupt(&mut self, message: &mut TextMessage) {
        if self.random.permille(self.fault_rates.mismatched) {
            let MinorUnits(minor) = message.value(De::AMOUNT).unwrap();
            message.set(De::AMOUNT, &format!("{:012}", minor + 1));
            message.set(De::RESPONSE_CODE, "00");
        } else if self.random.permille(self.fault_rates.unclear) {
            let switch_rules = &self.network.switch_rules;
            let kind = message.value(De::PROCESSING_CODE);
            message.set(
                De::RESPONSE_CODE,
                match message.mti().class() {
                    4 => "96",
                    _ if kind == Some(switch_rules.inquiry) => "91",
                    _ if kind == switch_rules.status => "30",
                    _ => "68",
                },
            );
        }
        if self.random.permille(self.fault_rates.retimed) {
            message.set(De::TRANSMISSION, &Transmission::of(self.true_moment()).to_string());
        }
    }
}

/// The content of messages.
impl World {
    /// Returns the posting that a message of the switch is about. A status inquiry does not carry the side, so it takes the posting
    /// of its request.
    fn posting_of(&mut self, message: &TextMessage) -> Option<ExpectedPosting> {
        let switch_rules = &self.network.switch_rules;
        let kind = message.value(De::PROCESSING_CODE)?;
        let rrn = message.get(De::RRN)?.to_owned();
        let (side, de) = match kind {
            kind if kind == switch_rules.withdrawal => (Side::Debit, De::FROM_ACCOUNT),
            kind if kind == switch_rules.transfer || kind == switch_rules.qris => {
                (Side::Credit, De::TO_ACCOUNT)
            }
            kind if Some(kind) == switch_rules.status => {
                return self.inbound_postings.get(&rrn).copied();
            }
            _ => return None,
        };
        let MinorUnits(minor) = message.value(De::AMOUNT)?;
        let posting = (side, message.value::<AccountNumber>(de)?, amount(minor));
        self.inbound_postings.entry(rrn).or_insert(posting);
        Some(posting)
    }

    /// Checks that a request at the switch matches its order.
    fn audit_request(&mut self, message: &TextMessage) {
        let is_movement = |message: &TextMessage| {
            let kind = message.value(De::PROCESSING_CODE);
            let switch_rules = &self.network.switch_rules;
            [switch_rules.transfer, switch_rules.qris, switch_rules.withdrawal]
                .map(Some)
                .contains(&kind)
        };
        if !message.mti().is_request() || !is_movement(message) {
            return;
        }
        self.counts.checks += 1;
        let order = self.order(self.auditor.transfer_by_rrn(message.get(De::RRN).unwrap()));
        let Order { amount, counterparty, .. } = *order;
        let MinorUnits(minor) = message.value(De::AMOUNT).unwrap();
        assert_eq!(minor, amount.minor(), "{}: wrong amount", order.id);
        assert_eq!(message.value(De::DESTINATION_BANK), Some(counterparty), "{}", order.id);
        // DE102 is the paying account. For a withdrawal of our cash it is at the other bank.
        let is_payment =
            message.value(De::PROCESSING_CODE) != Some(self.network.switch_rules.withdrawal);
        let (debited, credited) =
            if is_payment { (order.from, order.to) } else { (order.to, order.from) };
        assert_eq!(
            message.value(De::FROM_ACCOUNT),
            Some(debited),
            "{}: wrong paying account",
            order.id
        );
        assert_eq!(
            message.value(De::TO_ACCOUNT),
            Some(credited),
            "{}: wrong receiving account",
            order.id
        );
    }
}
