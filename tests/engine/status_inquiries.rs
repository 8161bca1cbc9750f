//! A network without reversals, from the engine to the bytes on the link: every status inquiry leaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use titian::engine::{Engine, Output};
use titian::iso8583::{De, Frame, FrameCodec, OutgoingFrame};
use titian::link::{
    Action, ConnectionId, CorrelationId, Event, LinkGroup, OutgoingKind, OutgoingMessage, Role,
};
use titian::network::{Bank, BuildError, MatchingKey, Network};
use titian::transfer::{Effect, MessageKind, OutboundInput, PostingReply, SendStatus};
use titian::values::{Institution, Moment, Pan, ProcessingCode, TransferId, Value};
use tokio_util::codec::{Decoder, Encoder};

use super::{NOW, commit, engine_with, order_event, outbound_input, state};

const TRANSFERS: u128 = 20;

/// An engine and its link to a switch that holds every transfer and never responds.
struct World {
    network: Network,
    engine: Engine,
    group: LinkGroup,
    wire: Option<(ConnectionId, FrameCodec, BytesMut)>,
    now: Moment,
    /// How many messages with this DE3 the switch has read.
    received: BTreeMap<ProcessingCode, usize>,
}

fn holdfast() -> Network {
    let bank = Bank {
        code: Institution::from_ascii(b"213").unwrap(),
        forwarder: Institution::from_ascii(b"213").unwrap(),
        iin: Pan::from_ascii(b"93600213").unwrap(),
    };
    Network::shipped("holdfast", bank).unwrap()
}

/// Returns the id of a transfer. Its last bits are zero, as in the runtime.
fn id(number: u128) -> u128 {
    number << CorrelationId::MESSAGE_BITS
}

impl World {
    fn new() -> Self {
        let network = holdfast();
        let engine = engine_with(network.rules().clone(), 100, 100);
        let (session, spec) = (Arc::clone(network.session()), Arc::clone(network.spec()));
        let group = LinkGroup::new(session, spec, &[Role::Dial], 7, NOW);
        Self { network, engine, group, wire: None, now: NOW, received: BTreeMap::new() }
    }

    fn received(&self, processing_code: &[u8]) -> usize {
        let code = ProcessingCode::from_ascii(processing_code).unwrap();
        self.received.get(&code).copied().unwrap_or_default()
    }

    /// Lets time pass, and does everything at its moment.
    fn pass(&mut self, time: Duration) {
        let until = self.now.after(time);
        loop {
            self.settle();
            let deadlines = [self.engine.next_deadline(), self.group.next_deadline()];
            let Some(next) = deadlines.into_iter().flatten().min().filter(|next| *next <= until)
            else {
                break;
            };
            self.now = self.now.max(next);
            self.engine.handle_deadline(self.now);
            self.group.handle_deadline(self.now);
        }
        self.now = until;
    }

    fn settle(&mut self) {
        loop {
            let outputs = commit(&mut self.engine).0;
            let has_decided = !outputs.is_empty();
            for output in outputs {
                self.release(output);
            }
            while let Some(action) = self.group.poll_action() {
                let Action::Dial(_, id) = action else { panic!("{action:?}") };
                let codec = FrameCodec::new(self.network.spec().framing().clone());
                self.wire = Some((id, codec, BytesMut::new()));
                self.group.handle_connected(id, self.now);
            }
            let has_written = self.write();
            let events: Vec<_> = self.group.poll_events().collect();
            if events.is_empty() && !has_written && !has_decided {
                return;
            }
            for event in events {
                self.handle_link_event(&event);
            }
        }
    }

    fn release(&mut self, output: Output) {
        let mut buffer = BytesMut::new();
        let into = &mut buffer;
        let (id, kind, encoded) = match output {
            Output::Effect(Effect::RequestPosting(posting)) => {
                let posted = OutboundInput::Posting(PostingReply::Posted);
                return self.engine.handle_event(outbound_input(posting.id.0, posted), self.now);
            }
            Output::Effect(Effect::SendRequest(request)) => {
                let (order, trace) = (request.order(), request.trace());
                let encoded = self.network.encode_request(order, trace, into);
                (order.id, MessageKind::Request, encoded)
            }
            Output::Effect(Effect::SendStatusInquiry(inquiry)) => {
                let encoded =
                    self.network.encode_status_inquiry(&inquiry.order, inquiry.trace, into);
                (inquiry.order.id, MessageKind::StatusInquiry, encoded)
            }
            Output::Effect(Effect::NotifyChannel(_) | Effect::Alert(..)) | Output::Control(_) => {
                return;
            }
            other => panic!("{other:?}"),
        };
        self.send(id, kind, encoded, buffer);
    }

    fn send(
        &mut self,
        TransferId(id): TransferId,
        kind: MessageKind,
        encoded: Result<MatchingKey, BuildError>,
        message: BytesMut,
    ) {
        let outgoing = OutgoingMessage {
            correlation_id: CorrelationId(id | u128::from(kind == MessageKind::StatusInquiry)),
            message: message.freeze(),
            deadline: self.now.after(Duration::from_secs(10)),
            kind: OutgoingKind::Request(encoded.unwrap()),
        };
        self.group.handle_send(outgoing, self.now);
    }

    fn handle_link_event(&mut self, event: &Event) {
        match event {
            Event::Sent(CorrelationId(id)) if id % 2 == 0 => {
                let sent = OutboundInput::Send(SendStatus::Sent);
                self.engine.handle_event(outbound_input(*id, sent), self.now);
            }
            Event::Sent(_) | Event::Expired(_) | Event::Up(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Writes what is queued. The switch reads it, answers the session and counts the rest.
    fn write(&mut self) -> bool {
        let Some((id, codec, bytes)) = &mut self.wire else { return false };
        let written = self.group.poll_bytes(*id, self.now);
        bytes.extend_from_slice(written);
        let count = written.len();
        self.group.handle_written(*id, count);
        self.group.handle_flushed(*id, self.now);
        let mut replies = BytesMut::new();
        while let Some(frame) = codec.decode(bytes).unwrap() {
            let Frame::Message { message, .. } = frame else { panic!("a keep-alive") };
            let message = self.network.spec().decode(message).unwrap();
            if message.mti().is_management() {
                let mut reply = BytesMut::new();
                let echoes = [De::TRANSMISSION, De::STAN, De::NETWORK_CODE];
                let added = [(De::RESPONSE_CODE, "00")];
                message.spec().respond(&message, &echoes, &added, &mut reply).unwrap();
                let header = &*self.network.session().headers.management_response;
                let frame = OutgoingFrame { header, message: &reply };
                codec.encode(frame, &mut replies).unwrap();
            } else {
                let code = message.get(De::PROCESSING_CODE).unwrap();
                *self.received.entry(code).or_default() += 1;
            }
        }
        self.group.handle_received(*id, &mut replies, self.now);
        count > 0
    }
}

/// The transfers of this test were approved, and the responses lost. Each status inquiry has the trace numbers of its request,
/// so on the link they share one key.
#[test]
fn all_status_inquiries_of_held_transfers_are_sent() {
    let mut world = World::new();
    world.pass(Duration::from_secs(1));
    for number in 1..=TRANSFERS {
        world.engine.handle_event(order_event(id(number), number, 1), world.now);
    }
    world.pass(Duration::from_secs(20));
    assert_eq!((world.received(b"401000"), world.received(b"381000")), (20, 0));
    world.pass(Duration::from_secs(90));
    let (requests, inquiries) = (world.received(b"401000"), world.received(b"381000"));
    assert_eq!((requests, inquiries), (20, 80), "three each, and the first one of the exception");
    for number in 1..=TRANSFERS {
        assert_eq!(state(&world.engine, id(number)), "exception_undecided");
    }
}
