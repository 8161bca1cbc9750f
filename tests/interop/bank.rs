//! A bank with our links and a network's profile. It keeps its own position.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use titian::clock::Clock;
use titian::iso8583::{De, Message};
use titian::link::{
    CorrelationId, Endpoint, Event, Events, Handle, LinkId, LinkOrder, LinkPhase, OrderResult,
    OutgoingKind, OutgoingMessage, start,
};
use titian::network::{
    Bank as Identity, BuildError, IncomingMessage, MatchingKey, Network, SessionRules,
};
use titian::transfer::{
    AccountDetails, Funding, Inquiry, Order, OutgoingReversal, TraceNumbers, TransferDetails,
    UnknownCause,
};
use titian::values::{
    AccountNumber, Amount, Backoff, Date, Institution, MerchantType, Moment, Name, Offset, Pan,
    Reference, ResponseCode, Rrn, Stan, Terminal, TransferId, Value,
};
use tokio::time::timeout;

use super::simulator::PATIENCE;

/// How long a bank waits for a response. It comes within milliseconds, or never; the rest is for a slow machine.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct Bank {
    pub(crate) network: Network,
    handle: Handle,
    events: Events,
    queued: VecDeque<Event>,
    pub(crate) clock: Clock,
    issued: u32,
    /// What the switch owes it by its own books, in minor units.
    pub(crate) position: i64,
}

/// The outcome of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    Response(Bytes),
    Expired,
    Lost,
    NotSent,
}

impl RequestOutcome {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Response(_) => "response",
            Self::Expired => "expired",
            Self::Lost => "lost",
            Self::NotSent => "not sent",
        }
    }
}

fn value<V: Value>(text: &str) -> V {
    V::from_ascii(text.as_bytes()).unwrap()
}

pub(crate) fn network(name: &str, code: &str) -> Network {
    let (code, forwarder, iin) = (value(code), value(code), value::<Pan>("936002"));
    Network::shipped(name, Identity { code, forwarder, iin }).unwrap()
}

pub(crate) fn outcome(event: &Event) -> Option<(CorrelationId, RequestOutcome)> {
    match event {
        Event::Response { correlation_id, message, .. } => {
            Some((*correlation_id, RequestOutcome::Response(message.bytes().clone())))
        }
        Event::Expired(correlation_id) => Some((*correlation_id, RequestOutcome::Expired)),
        Event::Lost(correlation_id) => Some((*correlation_id, RequestOutcome::Lost)),
        Event::NotSent(correlation_id, _) => Some((*correlation_id, RequestOutcome::NotSent)),
        _ => None,
    }
}

/// Returns the session rules of a network with short timers.
pub(crate) fn quick(network: &Network) -> SessionRules {
    let mut rules = SessionRules::clone(network.session());
    let milli = Duration::from_millis;
    rules.timers.reconnect = Backoff { first: milli(5), longest: milli(50), jitter_percent: 20 };
    rules.timers.response = RESPONSE_TIMEOUT;
    rules
}

impl Bank {
    /// Makes a bank with a link to each address. The links are not up yet.
    pub(crate) fn new(name: &str, code: &str, switch: &[SocketAddr]) -> Self {
        let network = network(name, code);
        let dial =
            |address: &SocketAddr| Endpoint::Dial { address: address.to_string(), tls: None };
        let (clock, rules) = (Clock::new(), Arc::new(quick(&network)));
        let links = switch.iter().map(dial).collect();
        let (handle, events) = start(rules, Arc::clone(network.spec()), links, clock, 1);
        let queued = VecDeque::new();
        // Links and switch issue trace numbers from 1 on; those of the bank must differ.
        Self { network, handle, events, queued, clock, issued: 100, position: 0 }
    }

    /// Makes a bank, and waits until its link is up.
    pub(crate) async fn join(name: &str, code: &str, switch: SocketAddr) -> Self {
        let mut bank = Self::new(name, code, &[switch]);
        bank.wait_for(|event| matches!(event, Event::Up(_)).then_some(())).await;
        bank
    }

    pub(crate) async fn event(&mut self) -> Event {
        while self.queued.is_empty() {
            let batch = timeout(PATIENCE, self.events.next()).await.expect("an event in time");
            self.queued.extend(batch.expect("the links run"));
        }
        self.queued.pop_front().unwrap()
    }

    /// Waits for a certain event. Other events stay queued.
    pub(crate) async fn wait_for<T>(&mut self, select: impl Fn(&Event) -> Option<T>) -> T {
        let mut others = Vec::new();
        loop {
            let event = self.event().await;
            if let Some(found) = select(&event) {
                others.into_iter().rev().for_each(|other| self.queued.push_front(other));
                return found;
            }
            others.push(event);
        }
    }

    /// Gives an operator's order to the first link.
    pub(crate) async fn order_link(&self, order: LinkOrder) -> OrderResult {
        self.handle.order(LinkId(0), order).await
    }

    /// Waits until the first link is in a phase.
    pub(crate) async fn wait_for_phase(&self, phase: LinkPhase) {
        let mut states = self.handle.follow_states();
        let reached = states.wait_for(|states| states[0].phase == phase);
        drop(timeout(PATIENCE, reached).await.expect("the phase in time").unwrap());
    }

    /// Signs off, and waits until the links are closed.
    pub(crate) async fn sign_off(mut self) {
        self.handle.stop().await.unwrap();
        while timeout(PATIENCE, self.events.next()).await.expect("an end in time").is_some() {}
    }

    pub(crate) fn trace(&mut self) -> TraceNumbers {
        self.trace_at(self.clock.now())
    }

    pub(crate) fn trace_at(&mut self, at: Moment) -> TraceNumbers {
        self.issued += 1;
        let rrn = value::<Rrn>(&format!("T{:011}", self.issued));
        let settlement_date = Date::of(at, Offset::hours(7));
        TraceNumbers {
            stan: Stan::new(self.issued).unwrap(),
            rrn,
            transmitted_at: at,
            settlement_date,
        }
    }

    pub(crate) fn order(&self, to: &str, account: &str, minor: u64) -> Order {
        Order {
            id: TransferId(1),
            kind: self.network.processing_code("transfer").unwrap(),
            amount: Amount::new(minor, self.network.currency()),
            from: value::<AccountNumber>("5550001111"),
            to: value::<AccountNumber>(account),
            pan: None,
            counterparty: value::<Institution>(to),
            funding: Funding::Core,
            details: TransferDetails {
                merchant: value::<MerchantType>("6017"),
                terminal: value::<Terminal>("MOB00001"),
                sender: Name::new("BUDI SANTOSO"),
                beneficiary: Name::new("SITI RAHAYU"),
                reference: Some(value::<Reference>("INV-2026-1124")),
                channel: None,
            },
        }
    }

    /// Sends an account inquiry. Returns the response code and the account details.
    pub(crate) async fn inquire(&mut self, to: &str, account: &str) -> (String, AccountDetails) {
        let Order { id, amount, from, to, counterparty, details, .. } =
            self.order(to, account, 100);
        let kind = self.network.account_inquiry_code();
        let inquiry = Inquiry {
            id,
            kind,
            from,
            account: to,
            counterparty,
            amount,
            details: Arc::new(details),
        };
        let trace = self.trace();
        let message = self.build(|network, into| network.encode_inquiry(&inquiry, trace, into));
        let RequestOutcome::Response(response) = self.request(message).await else {
            panic!("no response")
        };
        let IncomingMessage::InquiryResponse { account: account_details, .. } =
            self.read(&response)
        else {
            panic!("no response")
        };
        (self.code(&response), account_details)
    }

    /// Sends a transfer. An approved one changes the position.
    pub(crate) async fn transfer(&mut self, order: &Order, trace: TraceNumbers) -> RequestOutcome {
        let message = self.build(|network, into| network.encode_request(order, trace, into));
        let outcome = self.request(message).await;
        if let RequestOutcome::Response(response) = &outcome
            && self.code(response) == "00"
        {
            self.position -= i64::try_from(order.amount.minor()).unwrap();
        }
        outcome
    }

    /// Sends a transfer that gets a response. Returns its code.
    pub(crate) async fn pay(&mut self, to: &str, account: &str, minor: u64) -> String {
        let (order, trace) = (self.order(to, account, minor), self.trace());
        match self.transfer(&order, trace).await {
            RequestOutcome::Response(response) => self.code(&response),
            other => panic!("{other:?}"),
        }
    }

    /// Builds the reversal of a transfer and the repeat of the reversal.
    pub(crate) fn reversal(&mut self, order: &Order, original: TraceNumbers) -> [Bytes; 2] {
        let trace = if self.network.name() == "rendezvous" { original } else { self.trace() };
        let cause = UnknownCause::Timeout;
        [false, true].map(|repeat| {
            let order = Arc::new(order.clone());
            let reversal = OutgoingReversal { order, original, trace, cause, is_repeat: repeat };
            self.build(|network, into| network.encode_reversal(&reversal, into))
        })
    }

    pub(crate) fn build<T>(
        &self,
        build: impl FnOnce(&Network, &mut BytesMut) -> Result<T, BuildError>,
    ) -> Bytes {
        let mut bytes = BytesMut::new();
        build(&self.network, &mut bytes).unwrap();
        bytes.freeze()
    }

    pub(crate) async fn send(&self, correlation_id: u128, message: Bytes) {
        let (correlation_id, deadline) =
            (CorrelationId(correlation_id), self.clock.now().after(PATIENCE));
        let decoded = self.decoded(&message);
        let kind = if decoded.mti().is_request() {
            let elements = &self.network.session().response_key;
            OutgoingKind::Request(MatchingKey::of(&decoded, elements).unwrap())
        } else {
            OutgoingKind::Response(LinkId(0))
        };
        let outgoing = OutgoingMessage { correlation_id, message, deadline, kind };
        self.handle.send(vec![outgoing]).await.unwrap();
    }

    /// Sends a request, and waits for its outcome.
    pub(crate) async fn request(&mut self, message: Bytes) -> RequestOutcome {
        self.issued += 1;
        let correlation_id = u128::from(self.issued);
        self.send(correlation_id, message).await;
        self.outcome_of(correlation_id).await
    }

    pub(crate) async fn outcome_of(&mut self, correlation_id: u128) -> RequestOutcome {
        self.wait_for(|event| {
            outcome(event).filter(|(of, _)| of.0 == correlation_id).map(|(_, end)| end)
        })
        .await
    }

    /// Waits for the next unmatched response.
    pub(crate) async fn unmatched(&mut self) -> Bytes {
        self.wait_for(|event| match event {
            Event::Unmatched { message, .. } => Some(message.bytes().clone()),
            _ => None,
        })
        .await
    }

    /// Takes the next cut-over. Returns the new business date (DE15).
    pub(crate) async fn accept_cut_over(&mut self) -> String {
        let request = self
            .wait_for(|event| match event {
                Event::CutOver { message, .. } => Some(message.bytes().clone()),
                _ => None,
            })
            .await;
        let mut response = BytesMut::new();
        let message = self.decoded(&request);
        let date = message.field(De::SETTLEMENT_DATE).unwrap().reveal().into_owned();
        self.network.session().write_response(&message, true, &mut response).unwrap();
        self.send(0, response.freeze()).await;
        date
    }

    /// Responds to the next request of the switch with a code. Returns the request.
    pub(crate) async fn respond_to_next(&mut self, code: &str) -> Bytes {
        let request = self
            .wait_for(|event| match event {
                Event::Request { message, .. } => Some(message.bytes().clone()),
                _ => None,
            })
            .await;
        let message = self.decoded(&request);
        let holder = Name::new("RINA WULANDARI");
        let account_details = AccountDetails { holder, balance: None };
        let code = value::<ResponseCode>(code);
        let response = self
            .build(|network, into| network.encode_response(&message, code, &account_details, into));
        self.send(0, response).await;
        request
    }

    /// Approves the next request, a transfer that pays the bank.
    pub(crate) async fn accept_credit(&mut self) {
        let request = self.respond_to_next("00").await;
        let IncomingMessage::InboundRequest(credit, _) = self.read(&request) else {
            panic!("no transfer")
        };
        self.position += i64::try_from(credit.amount.minor()).unwrap();
    }

    pub(crate) fn read(&self, message: &Bytes) -> IncomingMessage {
        let message = self.decoded(message);
        self.network.read(&message, TransferId(9), self.clock.now()).unwrap()
    }

    pub(crate) fn decoded(&self, message: &Bytes) -> Message<'_> {
        self.network.spec().decode(message.clone()).unwrap()
    }

    pub(crate) fn code(&self, response: &Bytes) -> String {
        self.decoded(response).get::<ResponseCode>(De::RESPONSE_CODE).unwrap().to_string()
    }
}
