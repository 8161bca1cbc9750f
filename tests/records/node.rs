//! A node without sockets: an engine with its own journal, and scripted replies of core and the switch.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use titian::engine::{
    Engine, Event, Limits, Output, RateLimits, Schedule, TraceAllocator, TraceWatermark,
    TransferInput,
};
use titian::journal::{self, Checkpoints, Evidence, Journal, JournalKeys, Reader, StoreUrl};
use titian::personal::RecordKey;
use titian::random;
use titian::records::{journal_batch, look_up, read_control, restore, trace_watermark};
use titian::signing::{SigningKey, TrustedKey, TrustedKeys};
use titian::transfer::{
    CancelReply, Effect, Funding, InboundInput, InboundRequest, MessageKind, Order, OutboundInput,
    PostingReply, PriorPosting, Refusal, SendStatus,
};
use titian::values::{
    Date, IdempotencyKey, MinorUnits, Moment, Offset, RequestFingerprint, RequestIdentity,
    TransferId,
};

use super::rules::{CORE, inbound_reversal, order, request, response_fields, reversing};

/// Noon of 24 November 2026.
pub(crate) const START: u64 = 1_795_521_600_000;

/// When no batch waits for more facts any more.
const MUCH_LATER: Moment = Moment::from_millis(u64::MAX);

/// An engine and a journal. Dropping it is a crash: decisions that were not committed are lost.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) now: Moment,
    /// The released effects without a reply yet.
    pub(crate) pending: Vec<Effect>,
    /// All other outputs.
    pub(crate) outputs: Vec<Output>,
}

/// An empty folder for a store.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn store(folder: &Path) -> PathBuf {
    folder.join("titian.db")
}

pub(crate) fn checkpoints(folder: &Path) -> Checkpoints {
    Checkpoints { files: vec![folder.join("checkpoints")], every: Duration::from_hours(1) }
}

pub(crate) fn no_checkpoints() -> Checkpoints {
    Checkpoints { files: Vec::new(), every: Duration::from_hours(1) }
}

/// A signing key that is trusted for all rows, and a record key.
pub(crate) fn keys() -> JournalKeys {
    let signing = SigningKey::from_seed(&secret(7));
    let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
    JournalKeys { signing, trusted, record: RecordKey::new(secret(8)) }
}

/// Returns 32 bytes that look random.
pub(crate) fn secret(seed: u64) -> [u8; 32] {
    let words = [0, 1, 2, 3].map(|nth| random::nth(seed, nth).to_be_bytes());
    words.concat().try_into().unwrap()
}

/// Archives and a store, without public keys.
pub(crate) fn evidence<'e>(archives: &'e [PathBuf], store: &'e StoreUrl) -> Evidence<'e> {
    Evidence { archives, store, checkpoints: &[], keys: None }
}

impl Node {
    /// Starts from the journal in the folder. The open transfers do not get the input `Restarted` yet.
    pub(crate) fn start(folder: &Path, now: Moment) -> Self {
        let journal =
            journal::open(&StoreUrl::Sqlite(store(folder)), &keys(), &checkpoints(folder)).unwrap();
        let reader = journal.reader().unwrap();
        let first = TraceWatermark::first(Date::of(Moment::from_millis(START), Offset::UTC));
        let watermark = trace_watermark(&*reader).unwrap().unwrap_or(first);
        let limits = Limits {
            open_transfers: 1000,
            inbound_amount_max: MinorUnits(10_000_000_000_000),
            open_inquiries: 1,
            journal_lookups: 100,
            closed_transfers: 3,
            deadlines_at_once: 100,
        };
        let rate = NonZeroU32::new(1000).unwrap();
        let rate_limits = RateLimits { per_second: rate, per_destination: rate, burst: rate };
        let numbers = TraceAllocator::new(1, watermark, now, 7);
        let schedule = Schedule::new(now, rate_limits);
        let mut engine =
            Engine::new(Arc::new(reversing()), CORE.clone(), limits, schedule, numbers);
        engine.restore_control(read_control(&*reader).unwrap());
        restore(&*reader, &mut engine).unwrap();
        Self { engine, journal, reader, now, pending: Vec::new(), outputs: Vec::new() }
    }

    /// Starts a node and runs a transfer that settles, one that is declined and refunded, an inbound one that is
    /// reversed, and one that stays open.
    pub(crate) fn with_history(folder: &Path) -> Self {
        let mut node = Self::start(folder, Moment::from_millis(START));
        node.handle(order_event(1, 11, Some(101)));
        node.run();
        node.handle(order_event(2, 12, None));
        node.commit();
        node.reply(0);
        node.commit();
        node.reply(1);
        node.run();
        node.handle(Event::InboundRequest { request: inbound_request(3), key: IdempotencyKey(13) });
        node.run();
        node.handle(reversal_event(inbound_request(4), IdempotencyKey(13)));
        node.run();
        node.handle(order_event(5, 15, Some(105)));
        node.commit();
        node.reply(0);
        node.commit();
        node
    }

    /// Returns the next batch for the journal.
    pub(crate) fn seal(&mut self) -> Option<(u64, journal::Batch)> {
        self.engine
            .poll_batch(MUCH_LATER)
            .map(|batch| (batch.number, journal_batch(batch).unwrap()))
    }

    /// Makes all decisions durable and collects the released outputs. Look-ups are served from the journal.
    pub(crate) fn commit(&mut self) {
        loop {
            if let Some((number, batch)) = self.seal() {
                self.append(number, batch);
            }
            let Some(output) = self.engine.poll_output() else { break };
            match output {
                Output::JournalLookup(number, lookup, event) => {
                    let found = look_up(&*self.reader, lookup).unwrap();
                    self.engine.handle_lookup_result(number, &found, *event, self.now).unwrap();
                }
                Output::Effect(effect) => self.pending.push(effect),
                other => self.outputs.push(other),
            }
        }
    }

    pub(crate) fn append(&mut self, number: u64, batch: journal::Batch) {
        let (done, durable) = channel();
        self.journal.append(batch, Box::new(move |result| done.send(result).unwrap()));
        self.engine.handle_commit(number, &durable.recv().unwrap().unwrap());
    }

    pub(crate) fn handle(&mut self, event: Event) {
        self.now = self.now.after(Duration::from_millis(7));
        self.engine.handle_event(event, self.now);
    }

    /// Lets time pass and handles the deadlines reached.
    pub(crate) fn advance(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.engine.handle_deadline(self.now);
    }

    /// Replies to the oldest pending effect. Variant 0 is success; others fail in different ways.
    pub(crate) fn reply(&mut self, variant: usize) {
        if self.pending.is_empty() {
            return;
        }
        let effect = self.pending.remove(0);
        for event in replies(&effect, variant) {
            self.handle(event);
        }
    }

    /// Replies with success until no effect is pending.
    pub(crate) fn run(&mut self) {
        self.commit();
        while !self.pending.is_empty() {
            self.reply(0);
            self.commit();
        }
    }
}

/// A reversal that names the key of its original.
pub(crate) fn reversal_event(request: Arc<InboundRequest>, original: IdempotencyKey) -> Event {
    Event::InboundReversal { reversal: Arc::new(inbound_reversal(request, original)), step: 0 }
}

/// Returns the events that reply to an effect.
fn replies(effect: &Effect, variant: usize) -> Vec<Event> {
    let id = effect.transfer_id();
    let outbound = |input| Event::Transfer(id, TransferInput::Outbound(input));
    let response = |trace, kind, text| Event::Response {
        transfer_id: None,
        trace,
        kind,
        response: response_fields(text),
    };
    match effect {
        Effect::RequestPosting(posting) => {
            let reply = [
                PostingReply::Posted,
                PostingReply::Refused(Refusal::NoSuchAccount),
                PostingReply::Unknown,
            ][variant % 3];
            let inbound = |input| Event::Transfer(id, TransferInput::Inbound(input));
            // Outbound transfers have odd ids, see `id`.
            vec![match posting.reverses {
                Some(_) => inbound(InboundInput::PartialReversal(reply)),
                None if id.0 & 1 == 0 => inbound(InboundInput::Posting(reply)),
                None => outbound(OutboundInput::Posting(reply)),
            }]
        }
        Effect::CancelPosting(id) => {
            let reply =
                CancelReply::Cancelled([PriorPosting::Posted, PriorPosting::Absent][variant % 2]);
            // Outbound transfers have odd ids, see `id`.
            let id = *id;
            vec![if id.0 & 1 == 0 {
                Event::Transfer(id, TransferInput::Inbound(InboundInput::Cancel(reply)))
            } else {
                Event::Transfer(id, TransferInput::Outbound(OutboundInput::Cancel(reply)))
            }]
        }
        Effect::CancelPart(part) => {
            let reply = InboundInput::PartCancel(CancelReply::Cancelled(PriorPosting::Absent));
            vec![Event::Transfer(part.transfer_id, TransferInput::Inbound(reply))]
        }
        Effect::SendRequest(request) => match variant % 5 {
            4 => vec![outbound(OutboundInput::Send(SendStatus::Lost))],
            3 => vec![outbound(OutboundInput::Send(SendStatus::NotSent))],
            variant => {
                let response =
                    response(request.trace(), MessageKind::Request, ["00", "51", "91"][variant]);
                vec![outbound(OutboundInput::Send(SendStatus::Sent)), response.clone(), response]
            }
        },
        Effect::SendReversal(reversal) => {
            vec![response(reversal.trace, MessageKind::Reversal, ["00", "25", "96"][variant % 3])]
        }
        Effect::SendStatusInquiry(_)
        | Effect::Respond(_)
        | Effect::NotifyChannel(_)
        | Effect::CountInbound(..)
        | Effect::Alert(..) => Vec::new(),
    }
}

/// The id of a transfer: odd for an outbound one.
pub(crate) fn id(number: u64, is_outbound: bool) -> TransferId {
    TransferId(u128::from(START + number) << 80 | u128::from(2 * number + u64::from(is_outbound)))
}

/// An order of a channel.
pub(crate) fn order_event(number: u64, request: u128, reference: Option<u128>) -> Event {
    let order = Arc::new(Order { id: id(number, true), ..order(Funding::Core) });
    let identity = RequestIdentity {
        request_key: IdempotencyKey(request),
        reference_key: reference.map(IdempotencyKey),
        fingerprint: RequestFingerprint(request % 2),
    };
    Event::Order { order, identity }
}

/// A request of the switch.
pub(crate) fn inbound_request(number: u64) -> Arc<InboundRequest> {
    Arc::new(InboundRequest { id: id(number, false), ..request() })
}
