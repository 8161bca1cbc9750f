//! Random walks of the link group with all inputs of switch, owner and network, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use titian::iso8583::{Frame, FrameCodec, OutgoingFrame, Spec};
use titian::link::{
    Action, ConnectionId, DisconnectReason, Event, LinkGroup, LinkId, LinkOrder, LinkPhase,
    LinkState, LinkWish, Role,
};
use titian::network::{LinkSelection, SessionRules};
use titian::values::Moment;
use tokio_util::codec::{Decoder, Encoder};

use super::messages::{management, outgoing, request, response_to, rules, spec, stan};

/// A random step.
#[derive(Clone, Debug)]
enum Step {
    /// The owner sends a request with this time to its deadline.
    Send { timeout_ms: u64 },
    /// The kernel accepts bytes of a connection.
    Write { connection: usize, bytes: usize },
    /// The switch responds to the oldest message that it has read, on this connection.
    Respond { connection: usize, twice: bool },
    /// A connection breaks.
    Break { connection: usize },
    /// A dialed connection is established.
    Connect { connection: usize },
    /// Time passes.
    Pass { millis: u64 },
    /// An operator gives an order to a link.
    Order { link: usize, order: LinkOrder },
    /// A guard holds the sign-on of a link off, or releases it.
    Hold { link: usize, is_held: bool },
    /// The switch signs a connection off.
    SignOffBySwitch { connection: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let connection = 0..3_usize;
    prop_oneof![
        6 => (1..20_000_u64).prop_map(|timeout_ms| Step::Send { timeout_ms }),
        8 => (connection.clone(), 0..400_usize).prop_map(|(connection, bytes)| Step::Write { connection, bytes }),
        6 => (connection.clone(), any::<bool>()).prop_map(|(connection, twice)| Step::Respond { connection, twice }),
        1 => connection.clone().prop_map(|connection| Step::Break { connection }),
        4 => connection.prop_map(|connection| Step::Connect { connection }),
        3 => (0..4_000_u64).prop_map(|millis| Step::Pass { millis }),
        3 => (0..2_usize, proptest::sample::select(&LinkOrder::ALL[..]))
            .prop_map(|(link, order)| Step::Order { link, order }),
        1 => (0..2_usize, any::<bool>()).prop_map(|(link, is_held)| Step::Hold { link, is_held }),
        1 => (0..3_usize).prop_map(|connection| Step::SignOffBySwitch { connection }),
    ]
}

/// A connection as the network and the switch see it.
struct Wire {
    /// Bytes from our side that are not a complete frame yet.
    bytes: BytesMut,
    codec: FrameCodec,
    is_connected: bool,
}

/// A request of the owner.
struct SentRequest {
    deadline: Moment,
    outcome: Option<&'static str>,
    is_sent: bool,
}

struct World {
    group: LinkGroup,
    spec: Arc<Spec>,
    rules: Arc<SessionRules>,
    now: Moment,
    wires: BTreeMap<ConnectionId, Wire>,
    /// Messages that the switch has read and not answered.
    read: VecDeque<Bytes>,
    /// How often the switch has read each of our requests.
    received: BTreeMap<u32, usize>,
    sent: Vec<SentRequest>,
    /// Links with an echo by hand under way.
    echoes: BTreeSet<LinkId>,
    /// Links that carry requests, as the events report.
    is_up: BTreeSet<LinkId>,
    /// The states after the step before.
    states: BTreeMap<usize, LinkState>,
}

impl World {
    fn new(link_selection: LinkSelection) -> Self {
        let spec = spec("nusantara");
        let mut rules = SessionRules { link_selection, ..rules("nusantara") };
        rules.limits.in_flight = 4;
        rules.limits.queued = 6;
        let now = Moment::from_millis(1_000_000);
        let links = [Role::Dial, Role::Dial];
        let rules = Arc::new(rules);
        let group = LinkGroup::new(Arc::clone(&rules), Arc::clone(&spec), &links, 5, now);
        Self {
            group,
            spec,
            rules,
            now,
            wires: BTreeMap::new(),
            read: VecDeque::new(),
            received: BTreeMap::new(),
            sent: Vec::new(),
            echoes: BTreeSet::new(),
            is_up: BTreeSet::new(),
            states: BTreeMap::new(),
        }
    }

    fn connection(&self, nth: usize) -> Option<ConnectionId> {
        self.wires.keys().copied().nth(nth)
    }

    fn happen(&mut self, step: &Step) {
        match *step {
            Step::Send { timeout_ms } => self.send(timeout_ms),
            Step::Write { connection, bytes } => {
                if let Some(connection) = self.connection(connection) {
                    self.write(connection, bytes);
                }
            }
            Step::Respond { connection, twice } => {
                if let Some(connection) = self.connection(connection) {
                    self.respond(connection, twice);
                }
            }
            Step::Break { connection } => {
                if let Some(connection) = self.connection(connection) {
                    self.group.handle_ended(connection, DisconnectReason::ClosedByPeer, self.now);
                }
            }
            Step::Connect { connection } => self.connect(connection),
            Step::Pass { millis } => self.pass(millis),
            Step::Order { link, order } => self.order(LinkId(link), order),
            Step::Hold { link, is_held } => {
                self.group.hold_sign_on(LinkId(link), is_held, self.now);
            }
            Step::SignOffBySwitch { connection } => {
                if let Some(connection) = self.connection(connection) {
                    self.receive(connection, &management(&self.spec, "002", None));
                }
            }
        }
        self.settle();
        self.check_states();
    }

    /// An operator gives an order. A refused one changes nothing.
    fn order(&mut self, link: LinkId, order: LinkOrder) {
        let before = self.group.states(self.now).swap_remove(link.0);
        match self.group.handle_order(link, order, self.now) {
            Ok(()) if order == LinkOrder::Echo => {
                assert!(self.echoes.insert(link), "one echo at a time");
            }
            Ok(()) => {}
            Err(error) => {
                let after = self.group.states(self.now).swap_remove(link.0);
                let fixed = |state: LinkState| (state.phase, state.wish, state.since);
                assert_eq!(fixed(before), fixed(after), "{error}");
            }
        }
    }

    /// A link that is drained or signed off gets no new request, and its wish stands.
    fn check_states(&mut self) {
        for state in self.group.states(self.now) {
            let before = self.states.insert(state.link.0, state.clone());
            let Some(before) = before else { continue };
            let stays_closed =
                before.wish != LinkWish::SignedOn && state.wish != LinkWish::SignedOn;
            assert!(!stays_closed || state.in_flight <= before.in_flight, "{state:?}");
            let is_up = state.phase == LinkPhase::SignedOn;
            assert!(!is_up || state.wish == LinkWish::SignedOn, "{state:?}");
            assert_eq!(is_up, self.is_up.contains(&state.link), "{state:?}");
        }
    }

    fn send(&mut self, timeout_ms: u64) {
        let number = u32::try_from(self.sent.len()).unwrap();
        let deadline = self.now.after(Duration::from_millis(timeout_ms));
        self.sent.push(SentRequest { deadline, outcome: None, is_sent: false });
        let (with, message) = ((&*self.spec, &*self.rules), request(&self.spec, number));
        self.group.handle_send(outgoing(with, number, message, deadline), self.now);
    }

    fn connect(&mut self, nth: usize) {
        let Some(connection) = self.connection(nth) else { return };
        let wire = self.wires.get_mut(&connection).unwrap();
        if !std::mem::replace(&mut wire.is_connected, true) {
            self.group.handle_connected(connection, self.now);
        }
    }

    /// The kernel accepts bytes; the switch reads them at once.
    fn write(&mut self, connection: ConnectionId, most: usize) {
        let wire = self.wires.get_mut(&connection).unwrap();
        if !wire.is_connected {
            return;
        }
        let bytes = self.group.poll_bytes(connection, self.now);
        let count = most.min(bytes.len());
        wire.bytes.extend_from_slice(&bytes[..count]);
        self.group.handle_written(connection, count);
        self.group.handle_flushed(connection, self.now);
        while let Some(frame) = wire.codec.decode(&mut wire.bytes).unwrap() {
            let Frame::Message { message, .. } = frame else { panic!("a keep-alive") };
            if self.spec.decode(message.clone()).unwrap().mti().number() == 200 {
                let number = stan(&self.spec, &message);
                *self.received.entry(number).or_default() += 1;
                let deadline = self.sent[number as usize].deadline;
                assert!(self.now < deadline, "{number} was written after its deadline");
            }
            self.read.push_back(message);
        }
    }

    fn respond(&mut self, connection: ConnectionId, twice: bool) {
        let wire = self.wires.get_mut(&connection).unwrap();
        let Some(message) = self.read.front().cloned().filter(|_| wire.is_connected) else {
            return;
        };
        let decoded = self.spec.decode(message).unwrap();
        if !twice {
            self.read.pop_front();
        }
        if decoded.mti().is_request() {
            let reply = response_to(&decoded, &[]);
            self.receive(connection, &reply);
        }
    }

    fn receive(&mut self, connection: ConnectionId, message: &[u8]) {
        let wire = self.wires.get_mut(&connection).unwrap();
        if wire.is_connected {
            let mut bytes = BytesMut::new();
            wire.codec.encode(OutgoingFrame { header: &[], message }, &mut bytes).unwrap();
            self.group.handle_received(connection, &mut bytes, self.now);
        }
    }

    /// Lets time pass and handles every deadline at its moment.
    fn pass(&mut self, millis: u64) {
        let until = self.now.after(Duration::from_millis(millis));
        while let Some(due) = self.group.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.group.handle_deadline(self.now);
            self.settle();
            let still = self.group.next_deadline();
            assert!(still.is_none_or(|next| next > self.now), "{still:?} at {:?}", self.now);
        }
        self.now = until;
    }

    fn settle(&mut self) {
        while let Some(action) = self.group.poll_action() {
            match action {
                Action::Dial(_, connection) => {
                    let codec = FrameCodec::new(self.spec.framing().clone());
                    let wire = Wire { bytes: BytesMut::new(), codec, is_connected: false };
                    self.wires.insert(connection, wire);
                }
                Action::Close(connection) => {
                    self.wires.remove(&connection);
                    self.group.handle_closed(connection, self.now);
                }
            }
        }
        while let Some((link, _)) = self.group.poll_echo() {
            assert!(self.echoes.remove(&link), "a result for each echo by hand");
        }
        let events: Vec<_> = self.group.poll_events().collect();
        for event in &events {
            self.record(event);
        }
    }

    fn record(&mut self, event: &Event) {
        match event {
            Event::Up(link) => self.is_up.insert(*link),
            Event::Draining(link) | Event::Down(link, _) => self.is_up.remove(link),
            _ => false,
        };
        let (correlation_id, word) = match event {
            Event::Sent(correlation_id) => (correlation_id, None),
            Event::NotSent(correlation_id, _) => (correlation_id, Some("not sent")),
            Event::Lost(correlation_id) => (correlation_id, Some("lost")),
            Event::Expired(correlation_id) => (correlation_id, Some("expired")),
            Event::Response { correlation_id, .. } => (correlation_id, Some("answered")),
            Event::Unexpected { .. }
            | Event::Unmatched { .. }
            | Event::CutOver { .. }
            | Event::Up(_)
            | Event::Draining(_)
            | Event::Down(..)
            | Event::ConnectionClosed(..) => return,
            Event::Request { .. }
            | Event::KeyChange { .. }
            | Event::Malformed { .. }
            | Event::Tolerated { .. }
            | Event::PeerRefused(..) => panic!("{event:?}"),
        };
        let number = u32::try_from(correlation_id.0).unwrap();
        let sent = &mut self.sent[number as usize];
        match word {
            None => sent.is_sent = true,
            Some(word) => {
                assert_eq!(
                    sent.outcome.replace(word),
                    None,
                    "{number} has an outcome already; now {word}"
                );
                let is_received = self.received.contains_key(&number);
                let is_sent = is_received || sent.is_sent;
                assert!(word != "not sent" || !is_sent, "{number} was sent");
            }
        }
    }

    /// Stops the links and lets time pass until all of them are off.
    fn finish(&mut self) {
        self.group.handle_stop(self.now);
        self.settle();
        self.pass(600_000);
        assert!(self.group.is_finished(), "all links are signed off");
        for (sent, number) in self.sent.iter().zip(0..) {
            assert!(sent.outcome.is_some(), "{number}: outcome missing");
            let times = self.received.get(&number).copied().unwrap_or_default();
            assert!(times <= 1, "{number} was sent {times} times");
        }
        assert_eq!(self.group.open_requests(), (0, 0));
        assert!(self.echoes.is_empty(), "each echo by hand has a result");
        assert!(self.is_up.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_has_exactly_one_true_outcome(
        steps in proptest::collection::vec(step(), 1..300),
        standby in any::<bool>(),
    ) {
        let link_selection = if standby { LinkSelection::FirstUp } else { LinkSelection::LeastLoaded };
        let mut world = World::new(link_selection);
        world.pass(0);
        for step in &steps {
            world.happen(step);
        }
        world.finish();
    }
}
