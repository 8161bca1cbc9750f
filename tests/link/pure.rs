//! A group of links in virtual time, without sockets: the test is the driver, the network and the switch.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{De, Frame, FrameCodec, OutgoingFrame, Spec};
use titian::link::{
    Action, ConnectionId, DisconnectReason, Event, LinkGroup, LinkId, LinkOrder, LinkPhase,
    LinkState, OrderError, Role,
};
use titian::network::SessionRules;
use titian::values::Moment;
use tokio_util::codec::{Decoder, Encoder};

use super::adapter::PATIENCE;
use super::messages::{management, outgoing, request, rules, spec, stan};

pub(crate) const LINK: LinkId = LinkId(0);

/// Parsed once, because a test makes many groups.
static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| spec("nusantara"));
pub(crate) static RULES: LazyLock<SessionRules> = LazyLock::new(|| rules("nusantara"));

pub(crate) struct Pure {
    pub(crate) group: LinkGroup,
    pub(crate) spec: Arc<Spec>,
    pub(crate) now: Moment,
    rules: Arc<SessionRules>,
    codecs: BTreeMap<ConnectionId, FrameCodec>,
    pub(crate) events: Vec<Event>,
}

impl Pure {
    pub(crate) fn new(rules: &SessionRules, links: &[Role]) -> Self {
        let (spec, rules) = (Arc::clone(&SPEC), Arc::new(rules.clone()));
        let now = Moment::from_millis(1_000_000);
        let group = LinkGroup::new(Arc::clone(&rules), Arc::clone(&spec), links, 5, now);
        let mut pure =
            Self { group, spec, now, rules, codecs: BTreeMap::new(), events: Vec::new() };
        pure.pass(Duration::ZERO);
        pure
    }

    /// Lets time pass, and handles every deadline at its moment.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now.after(time);
        while let Some(due) = self.group.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.group.handle_deadline(self.now);
            self.settle();
        }
        self.now = until;
    }

    /// Executes all actions, as the driver does, and keeps the events.
    pub(crate) fn settle(&mut self) {
        while let Some(action) = self.group.poll_action() {
            match action {
                Action::Dial(_, id) => self.add(id),
                Action::Close(id) => {
                    self.codecs.remove(&id);
                    self.group.handle_closed(id, self.now);
                }
            }
        }
        self.events.extend(self.group.poll_events());
    }

    fn add(&mut self, id: ConnectionId) {
        self.codecs.insert(id, FrameCodec::new(self.spec.framing().clone()));
    }

    /// Lets time pass until the first link dials again.
    pub(crate) fn redial(&mut self) {
        let attempt = self.state().next_attempt.expect("an attempt");
        self.pass(attempt.since(self.now));
        assert_eq!(self.phase(), LinkPhase::Connecting);
    }

    /// Returns the newest connection.
    pub(crate) fn connection(&self) -> ConnectionId {
        *self.codecs.keys().next_back().expect("a connection")
    }

    pub(crate) fn has_connection(&self) -> bool {
        !self.codecs.is_empty()
    }

    /// The switch connects to a listening link. Returns whether the link accepts.
    pub(crate) fn accept(&mut self, link: LinkId) -> bool {
        let accepted = self.group.handle_accepted(link, self.now);
        if let Some(id) = accepted {
            self.add(id);
        }
        accepted.is_some()
    }

    /// Establishes the newest connection.
    pub(crate) fn connect(&mut self) {
        self.group.handle_connected(self.connection(), self.now);
        self.settle();
    }

    /// Breaks the newest connection.
    pub(crate) fn cut(&mut self) {
        self.group.handle_ended(self.connection(), DisconnectReason::ClosedByPeer, self.now);
        self.settle();
    }

    /// Returns what the links have written on the newest connection since the last call.
    pub(crate) fn written(&mut self) -> Vec<Bytes> {
        let id = self.connection();
        let bytes = self.group.poll_bytes(id, self.now);
        let mut bytes = BytesMut::from(bytes);
        self.group.handle_written(id, bytes.len());
        self.group.handle_flushed(id, self.now);
        let codec = self.codecs.get_mut(&id).unwrap();
        let mut messages = Vec::new();
        while let Some(Frame::Message { message, .. }) = codec.decode(&mut bytes).unwrap() {
            messages.push(message);
        }
        self.settle();
        messages
    }

    /// Returns the MTI, and the DE70 of network management, of what the links have written.
    pub(crate) fn written_types(&mut self) -> Vec<String> {
        let written = self.written();
        let name = |message: Bytes| {
            let message = self.spec.decode(message).unwrap();
            let code = message.field(De::NETWORK_CODE).map(|code| code.reveal().into_owned());
            format!("{} {}", message.mti(), code.unwrap_or_default()).trim_end().to_owned()
        };
        written.into_iter().map(name).collect()
    }

    /// The switch sends a message on the newest connection.
    pub(crate) fn receive(&mut self, message: &[u8]) {
        let id = self.connection();
        let codec = self.codecs.get_mut(&id).unwrap();
        let mut bytes = BytesMut::new();
        codec.encode(OutgoingFrame { header: &[], message }, &mut bytes).unwrap();
        self.group.handle_received(id, &mut bytes, self.now);
        self.settle();
    }

    /// The switch sends a network management request.
    pub(crate) fn receive_management(&mut self, code: &str) {
        let message = management(&self.spec, code, None);
        self.receive(&message);
    }

    /// The switch responds to a message with a code.
    pub(crate) fn respond(&mut self, message: &Bytes, code: &str) {
        let mut reply = BytesMut::new();
        let spec = Arc::clone(&self.spec);
        let message = spec.decode(message.clone()).unwrap();
        let echoes = if message.mti().is_management() {
            self.rules.responses.echoes.clone()
        } else {
            self.rules.response_key.clone()
        };
        spec.respond(&message, &echoes, &[(De::RESPONSE_CODE, code)], &mut reply).unwrap();
        self.receive(&reply);
    }

    /// Responds to everything that the links have written. Returns the number of messages.
    pub(crate) fn respond_to_all(&mut self) -> usize {
        let written = self.written();
        for message in &written {
            self.respond(message, "00");
        }
        written.len()
    }

    /// Connects, and completes the sign-on.
    pub(crate) fn sign_on(&mut self) {
        self.connect();
        assert_eq!(self.respond_to_all(), 1, "a sign-on");
    }

    /// The owner sends a request.
    pub(crate) fn send(&mut self, number: u32) {
        let with = (&*self.spec, &*self.rules);
        let message = request(&self.spec, number);
        let outgoing = outgoing(with, number, message, self.now.after(PATIENCE));
        self.group.handle_send(outgoing, self.now);
        self.settle();
    }

    /// An operator gives an order to the first link.
    pub(crate) fn order(&mut self, order: LinkOrder) -> Result<(), OrderError> {
        let result = self.group.handle_order(LINK, order, self.now);
        self.settle();
        result
    }

    pub(crate) fn state(&mut self) -> LinkState {
        self.group.states(self.now).swap_remove(LINK.0)
    }

    pub(crate) fn phase(&mut self) -> LinkPhase {
        self.state().phase
    }

    /// Returns the events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<String> {
        let named = |event: Event| match event {
            Event::Sent(id) => format!("sent {}", id.0),
            Event::NotSent(id, reason) => format!("not sent {}: {reason}", id.0),
            Event::Response { correlation_id, .. } => format!("response {}", correlation_id.0),
            Event::Up(_) => "up".to_owned(),
            Event::Draining(_) => "draining".to_owned(),
            Event::Down(_, reason) => format!("down: {reason}"),
            Event::ConnectionClosed(_, reason) => format!("closed: {reason}"),
            other => format!("{other:?}"),
        };
        self.events.drain(..).map(named).collect()
    }

    /// Returns the STANs of the requests that the links have written.
    pub(crate) fn written_requests(&mut self) -> Vec<u32> {
        let written = self.written();
        written.iter().map(|message| stan(&self.spec, message)).collect()
    }
}
