//! The group walks at random, with everything that a switch, an owner and a wire can do, on a clock of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use titian::iso8583::{Frame, FrameCodec, OutgoingFrame, Spec};
use titian::link::{Action, End, Event, Group, LineId, LinkId, Outgoing, Role, Token};
use titian::network::{SessionRules, Spread};
use titian::values::Moment;
use tokio_util::codec::{Decoder, Encoder};

use crate::messages::{answer, request, rules, spec, stan};

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// The owner sends a request, to be written within so many milliseconds.
    Send {
        within: u64,
    },
    /// The kernel of a line takes so many bytes.
    Write {
        line: usize,
        bytes: usize,
    },
    /// The switch answers the oldest of what it has read, on this line.
    Answer {
        line: usize,
        twice: bool,
    },
    /// A line breaks.
    Break {
        line: usize,
    },
    /// A connection that was dialled is made.
    Connect {
        line: usize,
    },
    /// Time passes.
    Pass {
        millis: u64,
    },
    /// The operator signs a link off, or on again.
    Off {
        link: usize,
    },
    On {
        link: usize,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let line = 0..3_usize;
    prop_oneof![
        6 => (1..20_000_u64).prop_map(|within| Happening::Send { within }),
        8 => (line.clone(), 0..400_usize).prop_map(|(line, bytes)| Happening::Write { line, bytes }),
        6 => (line.clone(), any::<bool>()).prop_map(|(line, twice)| Happening::Answer { line, twice }),
        1 => line.clone().prop_map(|line| Happening::Break { line }),
        4 => line.prop_map(|line| Happening::Connect { line }),
        3 => (0..4_000_u64).prop_map(|millis| Happening::Pass { millis }),
        1 => (0..2_usize).prop_map(|link| Happening::Off { link }),
        1 => (0..2_usize).prop_map(|link| Happening::On { link }),
    ]
}

/// A line as the wire and the switch have it.
struct Wire {
    /// What came out of our end, and is no whole frame yet.
    bytes: BytesMut,
    codec: FrameCodec,
    connected: bool,
}

/// What is known of a request.
struct Sent {
    deadline: Moment,
    ending: Option<&'static str>,
    went: bool,
}

struct World {
    group: Group,
    spec: Arc<Spec>,
    now: Moment,
    wires: BTreeMap<LineId, Wire>,
    /// What the switch has read and not answered.
    read: VecDeque<Bytes>,
    /// What the switch has read of our requests, ever, by token.
    reached: BTreeMap<u32, usize>,
    sent: Vec<Sent>,
}

impl World {
    fn new(spread: Spread) -> Self {
        let spec = spec("nusantara");
        let mut rules = SessionRules { spread, ..rules("nusantara") };
        rules.caps.in_flight = 4;
        rules.caps.waiting = 6;
        let now = Moment::from_millis(1_000_000);
        let links = [Role::Dial, Role::Dial];
        let group = Group::new(Arc::new(rules), Arc::clone(&spec), &links, 5, now);
        Self {
            group,
            spec,
            now,
            wires: BTreeMap::new(),
            read: VecDeque::new(),
            reached: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    fn line(&self, nth: usize) -> Option<LineId> {
        self.wires.keys().copied().nth(nth)
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Send { within } => self.send(within),
            Happening::Write { line, bytes } => {
                if let Some(line) = self.line(line) {
                    self.write(line, bytes);
                }
            }
            Happening::Answer { line, twice } => {
                if let Some(line) = self.line(line) {
                    self.answer(line, twice);
                }
            }
            Happening::Break { line } => {
                if let Some(line) = self.line(line) {
                    self.group.handle_ended(line, End::Closed, self.now);
                }
            }
            Happening::Connect { line } => self.connect(line),
            Happening::Pass { millis } => self.pass(millis),
            Happening::Off { link } => self.group.sign_off(LinkId(link), self.now),
            Happening::On { link } => self.group.sign_on(LinkId(link), self.now),
        }
        self.settle();
    }

    fn send(&mut self, within: u64) {
        let number = u32::try_from(self.sent.len()).unwrap();
        let deadline = self.now.after(Duration::from_millis(within));
        self.sent.push(Sent { deadline, ending: None, went: false });
        let (token, message) = (Token(number.into()), request(&self.spec, number));
        self.group.handle_send(Outgoing { token, message, deadline, via: None }, self.now);
    }

    fn connect(&mut self, nth: usize) {
        let Some(line) = self.line(nth) else { return };
        let wire = self.wires.get_mut(&line).unwrap();
        if !std::mem::replace(&mut wire.connected, true) {
            self.group.handle_connected(line, self.now);
        }
    }

    /// The kernel takes bytes; the switch reads them at once.
    fn write(&mut self, line: LineId, most: usize) {
        let wire = self.wires.get_mut(&line).unwrap();
        if !wire.connected {
            return;
        }
        let bytes = self.group.unwritten(line, self.now);
        let count = most.min(bytes.len());
        wire.bytes.extend_from_slice(&bytes[..count]);
        self.group.handle_written(line, count);
        self.group.handle_flushed(line, self.now);
        while let Some(frame) = wire.codec.decode(&mut wire.bytes).unwrap() {
            let Frame::Message { message, .. } = frame else { panic!("a keep-alive") };
            if self.spec.decode(message.clone()).unwrap().mti().number() == 200 {
                let number = stan(&self.spec, &message);
                *self.reached.entry(number).or_default() += 1;
                let deadline = self.sent[number as usize].deadline;
                assert!(self.now < deadline, "{number} was written after its deadline");
            }
            self.read.push_back(message);
        }
    }

    fn answer(&mut self, line: LineId, twice: bool) {
        let wire = self.wires.get_mut(&line).unwrap();
        let Some(message) = self.read.front().cloned().filter(|_| wire.connected) else { return };
        let decoded = self.spec.decode(message).unwrap();
        if !twice {
            self.read.pop_front();
        }
        if decoded.mti().is_request() {
            let reply = answer(&decoded, &[]);
            let mut bytes = BytesMut::new();
            wire.codec.encode(OutgoingFrame { header: &[], message: &reply }, &mut bytes).unwrap();
            self.group.handle_received(line, &mut bytes, self.now);
        }
    }

    /// Time passes, with every deadline at its moment.
    fn pass(&mut self, millis: u64) {
        let until = self.now.after(Duration::from_millis(millis));
        while let Some(due) = self.group.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.group.handle_timeout(self.now);
            self.settle();
            let still = self.group.next_deadline();
            assert!(still.is_none_or(|next| next > self.now), "{still:?} at {:?}", self.now);
        }
        self.now = until;
    }

    fn settle(&mut self) {
        while let Some(action) = self.group.poll_action() {
            match action {
                Action::Dial(_, line) => {
                    let codec = FrameCodec::new(self.spec.framing().clone());
                    let wire = Wire { bytes: BytesMut::new(), codec, connected: false };
                    self.wires.insert(line, wire);
                }
                Action::Close(line) => {
                    self.wires.remove(&line);
                    self.group.handle_closed(line, self.now);
                }
            }
        }
        for event in self.group.take_events() {
            self.hear(&event);
        }
    }

    fn hear(&mut self, event: &Event) {
        let (token, word) = match event {
            Event::Sent(token) => (token, None),
            Event::NotSent(token, _) => (token, Some("not sent")),
            Event::Lost(token) => (token, Some("lost")),
            Event::Expired(token) => (token, Some("expired")),
            Event::Answered { token, .. } => (token, Some("answered")),
            Event::Unexpected { .. }
            | Event::Unmatched { .. }
            | Event::CutOver { .. }
            | Event::Up(_)
            | Event::Down(..)
            | Event::Failed(..) => return,
            Event::Request { .. }
            | Event::KeyChange { .. }
            | Event::Malformed { .. }
            | Event::TurnedAway(..) => panic!("{event:?}"),
        };
        let number = u32::try_from(token.0).unwrap();
        let sent = &mut self.sent[number as usize];
        match word {
            None => sent.went = true,
            Some(word) => {
                assert_eq!(sent.ending.replace(word), None, "{number} ended before; now {word}");
                let reached = self.reached.contains_key(&number);
                assert!(word != "not sent" || !(reached || sent.went), "{number} was sent");
            }
        }
    }

    /// Everything stops but the clock.
    fn finish(&mut self) {
        self.group.drain(self.now);
        self.settle();
        self.pass(600_000);
        assert!(self.group.is_finished(), "all links are off");
        for (sent, number) in self.sent.iter().zip(0..) {
            assert!(sent.ending.is_some(), "{number} has no ending");
            let times = self.reached.get(&number).copied().unwrap_or_default();
            assert!(times <= 1, "{number} went out {times} times");
        }
        assert_eq!(self.group.under_way(), (0, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_has_one_true_ending(
        happenings in proptest::collection::vec(happening(), 1..300),
        standby in any::<bool>(),
    ) {
        let spread = if standby { Spread::FirstUp } else { Spread::LeastLoaded };
        let mut world = World::new(spread);
        world.pass(0);
        for happening in &happenings {
            world.happen(happening);
        }
        world.finish();
    }
}
