//! A bank: our links and a network's profile, and what it knows of its own money.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Message};
use titian::link::{Clock, Endpoint, Event, Events, Handle, Outgoing, Token, start};
use titian::network::{Bank as Identity, Incoming, Network, SessionRules, SpeakError};
use titian::transfer::{Doubt, Funding, Holding, Inquiry, Order, Particulars, ReversalSend, Trace};
use titian::values::{
    AccountNumber, Amount, Backoff, Date, Institution, MerchantType, Moment, Name, Offset, Pan,
    Reference, ResponseCode, Rrn, Stan, Terminal, TransferId, Value,
};
use tokio::time::timeout;

use crate::simulator::PATIENCE;

/// How long a bank waits for an answer. It comes within milliseconds, or never.
const ANSWER: Duration = Duration::from_secs(2);

pub(crate) struct Bank {
    pub(crate) network: Network,
    handle: Handle,
    events: Events,
    seen: VecDeque<Event>,
    pub(crate) clock: Clock,
    issued: u32,
    /// What the switch owes it, in minor units, as far as it knows.
    pub(crate) position: i64,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered(Bytes),
    Expired,
    Lost,
    NotSent,
}

impl Ending {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
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

pub(crate) fn ending(event: &Event) -> Option<(Token, Ending)> {
    match event {
        Event::Answered { token, message, .. } => Some((*token, Ending::Answered(message.clone()))),
        Event::Expired(token) => Some((*token, Ending::Expired)),
        Event::Lost(token) => Some((*token, Ending::Lost)),
        Event::NotSent(token, _) => Some((*token, Ending::NotSent)),
        _ => None,
    }
}

/// The rules of a network with times that a test can wait for.
pub(crate) fn quick(network: &Network) -> SessionRules {
    let mut rules = SessionRules::clone(network.session());
    let milli = Duration::from_millis;
    rules.timers.reconnect = Backoff { first: milli(5), longest: milli(50), jitter_percent: 20 };
    rules.timers.answer = ANSWER;
    rules
}

impl Bank {
    /// One whose links go to these addresses. None is up yet.
    pub(crate) fn new(name: &str, code: &str, switch: &[SocketAddr]) -> Self {
        let network = network(name, code);
        let dial =
            |address: &SocketAddr| Endpoint::Dial { address: address.to_string(), tls: None };
        let (clock, rules) = (Clock::new(), Arc::new(quick(&network)));
        let links = switch.iter().map(dial).collect();
        let (handle, events) = start(rules, Arc::clone(network.spec()), links, clock, 1);
        let seen = VecDeque::new();
        // Apart from the numbers of the links and of the switch, which begin at 1.
        Self { network, handle, events, seen, clock, issued: 100, position: 0 }
    }

    /// One that is up.
    pub(crate) async fn join(name: &str, code: &str, switch: SocketAddr) -> Self {
        let mut bank = Self::new(name, code, &[switch]);
        bank.wait(|event| matches!(event, Event::Up(_)).then_some(())).await;
        bank
    }

    pub(crate) async fn event(&mut self) -> Event {
        while self.seen.is_empty() {
            let batch = timeout(PATIENCE, self.events.next()).await.expect("an event in time");
            self.seen.extend(batch.expect("the links go on"));
        }
        self.seen.pop_front().unwrap()
    }

    /// The next event that is looked for; those before it wait on.
    pub(crate) async fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut others = Vec::new();
        loop {
            let event = self.event().await;
            if let Some(found) = wanted(&event) {
                others.into_iter().rev().for_each(|other| self.seen.push_front(other));
                return found;
            }
            others.push(event);
        }
    }

    /// Signs off, and waits until that is done.
    pub(crate) async fn leave(mut self) {
        self.handle.drain().await.unwrap();
        while timeout(PATIENCE, self.events.next()).await.expect("an end in time").is_some() {}
    }

    pub(crate) fn trace(&mut self) -> Trace {
        self.trace_at(self.clock.now())
    }

    pub(crate) fn trace_at(&mut self, at: Moment) -> Trace {
        self.issued += 1;
        let rrn = value::<Rrn>(&format!("T{:011}", self.issued));
        let settles = Date::of(at, Offset::hours(7));
        Trace { stan: Stan::new(self.issued).unwrap(), rrn, at, settles }
    }

    pub(crate) fn order(&self, to: &str, account: &str, minor: u64) -> Order {
        Order {
            id: TransferId(1),
            kind: self.network.kind("transfer").unwrap(),
            amount: Amount::new(minor, self.network.currency()),
            from: value::<AccountNumber>("5550001111"),
            to: value::<AccountNumber>(account),
            pan: None,
            counterparty: value::<Institution>(to),
            funding: Funding::Core,
            particulars: Arc::new(Particulars {
                merchant: value::<MerchantType>("6017"),
                terminal: value::<Terminal>("MOB00001"),
                sender: Name::new("BUDI SANTOSO"),
                beneficiary: Name::new("SITI RAHAYU"),
                reference: Some(value::<Reference>("INV-2026-1124")),
                channel: None,
            }),
        }
    }

    /// Asks for the holder of an account: the answer's code, and what it says.
    pub(crate) async fn inquire(&mut self, to: &str, account: &str) -> (String, Holding) {
        let Order { id, amount, from, to, counterparty, particulars, .. } =
            self.order(to, account, 100);
        let kind = self.network.name_inquiry();
        let inquiry = Inquiry { id, kind, from, account: to, counterparty, amount, particulars };
        let trace = self.trace();
        let asked = self.said(|network, into| network.inquiry(&inquiry, trace, into));
        let Ending::Answered(answer) = self.ask(asked).await else { panic!("no answer") };
        let Incoming::Answer { holding, .. } = self.read(&answer) else { panic!("no answer") };
        (self.code(&answer), holding)
    }

    /// Sends a transfer; the ending. An approved one moves its position.
    pub(crate) async fn transfer(&mut self, order: &Order, trace: Trace) -> Ending {
        let asked = self.said(|network, into| network.request(order, trace, into));
        let ending = self.ask(asked).await;
        if let Ending::Answered(answer) = &ending
            && self.code(answer) == "00"
        {
            self.position -= i64::try_from(order.amount.minor()).unwrap();
        }
        ending
    }

    /// Sends a transfer that is answered; the code.
    pub(crate) async fn pay(&mut self, to: &str, account: &str, minor: u64) -> String {
        let (order, trace) = (self.order(to, account, minor), self.trace());
        match self.transfer(&order, trace).await {
            Ending::Answered(answer) => self.code(&answer),
            other => panic!("{other:?}"),
        }
    }

    /// The reversal of a transfer, or its repeat, as the network has it.
    pub(crate) fn reversal(&mut self, order: &Order, original: Trace) -> [Bytes; 2] {
        let trace = if self.network.name() == "rendezvous" { original } else { self.trace() };
        let (id, because) = (order.id, Doubt::Timeout);
        [false, true].map(|repeat| {
            let reversal = ReversalSend { id, original, trace, because, repeat };
            self.said(|network, into| network.reversal(order, &reversal, into))
        })
    }

    pub(crate) fn said(
        &self,
        say: impl FnOnce(&Network, &mut BytesMut) -> Result<(), SpeakError>,
    ) -> Bytes {
        let mut bytes = BytesMut::new();
        say(&self.network, &mut bytes).unwrap();
        bytes.freeze()
    }

    pub(crate) async fn send(&self, token: u128, message: Bytes) {
        let (token, deadline) = (Token(token), self.clock.now().after(PATIENCE));
        let outgoing = Outgoing { token, message, deadline, via: None };
        self.handle.send(vec![outgoing]).await.unwrap();
    }

    /// Sends a message, and waits for what becomes of it.
    pub(crate) async fn ask(&mut self, message: Bytes) -> Ending {
        self.issued += 1;
        let token = u128::from(self.issued);
        self.send(token, message).await;
        self.ending_of(token).await
    }

    pub(crate) async fn ending_of(&mut self, token: u128) -> Ending {
        self.wait(|event| ending(event).filter(|(of, _)| of.0 == token).map(|(_, end)| end)).await
    }

    /// The next message that no request waits for.
    pub(crate) async fn unmatched(&mut self) -> Bytes {
        self.wait(|event| match event {
            Event::Unmatched { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await
    }

    /// The next request of the switch, answered with a code; what it was.
    pub(crate) async fn serve(&mut self, code: &str) -> Bytes {
        let request = self
            .wait(|event| match event {
                Event::Request { message, .. } => Some(message.clone()),
                _ => None,
            })
            .await;
        let message = self.decoded(&request);
        let holder = Name::new("RINA WULANDARI");
        let holding = Holding { holder, balance: None };
        let code = value::<ResponseCode>(code);
        let answer = self.said(|network, into| network.answer(&message, code, &holding, into));
        self.send(0, answer).await;
        request
    }

    /// The next request, approved: a transfer that pays the bank.
    pub(crate) async fn be_paid(&mut self) {
        let request = self.serve("00").await;
        let Incoming::Demand(demand, _) = self.read(&request) else { panic!("no transfer") };
        self.position += i64::try_from(demand.amount.minor()).unwrap();
    }

    pub(crate) fn read(&self, message: &Bytes) -> Incoming {
        let message = self.decoded(message);
        self.network.read(&message, TransferId(9), self.clock.now()).unwrap()
    }

    pub(crate) fn decoded(&self, message: &Bytes) -> Message<'_> {
        self.network.spec().decode(message.clone()).unwrap()
    }

    pub(crate) fn code(&self, answer: &Bytes) -> String {
        self.decoded(answer).get::<ResponseCode>(De::RESPONSE_CODE).unwrap().to_string()
    }
}
