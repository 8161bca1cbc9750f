//! Exhaustive search of an inbound transfer: repeated requests, reversals of all or a part before, during and after the
//! request, a core that posts, refuses or does not reply, and crashes, in every order. Every reached world is checked.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use titian::transfer::{
    BarCause, CancelReply, Context, Decision, Effect, InboundFact, InboundInput as Input,
    InboundMessage, InboundResponse, InboundState, InboundTransfer, MessageKind, PostingReply,
    PriorPosting, Refusal, ReversalCause, ReversalMessage, Rules,
};
use titian::values::{IdempotencyKey, Moment, ResponseCode, TransferId};

use super::rules::{CORE, FixedTrace, REVERSAL_KEY, amount, code, request, reversal, reversing};

/// The id of the partial reversal and of its posting.
const PART: TransferId = TransferId(70);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Books {
    Nothing,
    Posted,
    Cancelled,
}

/// A message between us and core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Post,
    Cancel,
    Posted,
    Refused,
    Barred,
    PriorPosting(Books),
    PostPart,
    PartPosted,
    PartRefused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    /// `None` before the first message of the switch.
    transfer: Option<Kept>,
    books: Books,
    /// The posting of the part at core.
    part: Books,
    net: Vec<Message>,
    response_code: Option<ResponseCode>,
    /// The response to the full reversal. Its repeats get the same.
    reversal_code: Option<ResponseCode>,
    /// Whether a response said that the part goes back.
    is_part_confirmed: bool,
    /// Whether a response said that the request failed finally.
    is_reported_failed: bool,
    requests: u8,
    reversals: u8,
    partial_reversals: u8,
    inquiries: u8,
    losses: u8,
    crashes: u8,
    is_too_late: bool,
}

/// A state, compared by its name and by the fields that change decisions.
#[derive(Clone, Debug)]
struct Kept(InboundTransfer);

impl Kept {
    /// Counters only grow; above these values decisions do not differ.
    fn key(&self) -> (&'static str, Option<ReversalCause>, u16, bool) {
        let name = self.0.properties().name;
        match self.0.state() {
            InboundState::Reversing { cause, cancel } => {
                (name, Some(*cause), cancel.tries.min(3), cancel.is_exception)
            }
            InboundState::Reversed { cause, .. } => (name, Some(*cause), 0, false),
            InboundState::Posting { tries, .. } => (name, None, (*tries).min(2), false),
            InboundState::PartiallyReversing { pending, .. } => {
                (name, None, pending.tries.min(3), pending.is_exception)
            }
            _ => (name, None, 0, false),
        }
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Kept {}

impl std::hash::Hash for Kept {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.key().hash(hasher);
    }
}

struct Search {
    rules: Rules,
    worlds: usize,
    states: BTreeSet<&'static str>,
}

impl Search {
    fn now(world: &World) -> Moment {
        let start = Moment::from_millis(1_000_000);
        if world.is_too_late { start.after(Duration::from_secs(1)) } else { start }
    }

    fn decide(&self, world: &World, input: &Input) -> World {
        let Some(Kept(transfer)) = &world.transfer else { panic!("no transfer yet") };
        let mut decision = Decision::default();
        let mut context = Context {
            now: Self::now(world),
            rules: &self.rules,
            core: &CORE,
            numbers: &mut FixedTrace,
        };
        transfer.decide(input, &mut context, &mut decision);
        self.apply(world, Some(transfer.clone()), &decision)
    }

    fn begin(&self, world: &World, bar: Option<BarCause>) -> World {
        let mut decision = Decision::default();
        let mut context = Context {
            now: Self::now(world),
            rules: &self.rules,
            core: &CORE,
            numbers: &mut FixedTrace,
        };
        match bar {
            Some(by) => {
                InboundTransfer::bar(&Arc::new(request()), by, &mut context, &mut decision);
            }
            None => InboundTransfer::receive(&Arc::new(request()), &mut context, &mut decision),
        }
        self.apply(world, None, &decision)
    }

    fn apply(
        &self,
        world: &World,
        transfer: Option<InboundTransfer>,
        decision: &Decision<InboundFact>,
    ) -> World {
        let mut next = world.clone();
        let transfer = decision.facts.iter().fold(transfer, |transfer, fact| match transfer {
            None => Some(InboundTransfer::begin(fact).unwrap()),
            Some(transfer) => Some(transfer.evolve(fact).unwrap()),
        });
        next.transfer = transfer.map(Kept);
        for effect in &decision.effects {
            self.release(&mut next, effect);
        }
        next.net.sort_unstable();
        next.net.truncate(4);
        next
    }

    fn release(&self, world: &mut World, effect: &Effect) {
        match effect {
            Effect::RequestPosting(posting) if posting.reverses.is_some() => {
                assert_eq!((posting.id, posting.amount), (PART, amount(7_500_000)));
                world.net.push(Message::PostPart);
            }
            Effect::RequestPosting(_) => world.net.push(Message::Post),
            Effect::CancelPosting(_) => world.net.push(Message::Cancel),
            Effect::Respond(InboundResponse { message: MessageKind::Request, code, .. }) => {
                let is_same = world.response_code.is_none_or(|sent| sent == *code);
                let after_reversal = self.rules.inbound.request_after_reversal;
                let is_after_reversal = *code == after_reversal && world.is_reported_failed;
                assert!(is_same || is_after_reversal, "two different responses: {world:#?}");
                world.response_code = Some(*code);
            }
            Effect::Respond(InboundResponse { message_id: PART, code, .. }) => {
                let is_approved = *code == self.rules.inbound.approved;
                assert!(is_approved || !world.is_part_confirmed, "{world:#?}");
                world.is_part_confirmed |= is_approved;
            }
            Effect::Respond(InboundResponse { message: MessageKind::Reversal, code, .. }) => {
                let inbound = &self.rules.inbound;
                assert!(world.reversal_code.is_none_or(|sent| sent == *code), "{world:#?}");
                world.reversal_code = Some(*code);
                let done =
                    [inbound.approved, inbound.already_reversed, inbound.reversal_without_original];
                world.is_reported_failed |= done.contains(code);
            }
            Effect::Respond(InboundResponse {
                message: MessageKind::StatusInquiry, code, ..
            }) => {
                let inbound = &self.rules.inbound;
                assert!(*code != inbound.approved || !world.is_reported_failed, "{world:#?}");
                world.is_reported_failed |= [inbound.reversed, inbound.not_found].contains(code);
            }
            Effect::Alert(..) | Effect::CountInbound(..) => {}
            Effect::SendRequest(_)
            | Effect::SendReversal(_)
            | Effect::SendStatusInquiry(_)
            | Effect::NotifyChannel(_) => panic!("an effect of an outbound transfer"),
        }
    }

    fn successors(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        for (place, message) in world.net.iter().enumerate() {
            let mut rest = world.clone();
            rest.net.remove(place);
            if world.losses > 0 {
                next.push(World { losses: world.losses - 1, ..rest.clone() });
            }
            next.extend(self.deliver(&rest, *message));
        }
        if world.requests > 0 {
            let received = World { requests: world.requests - 1, ..world.clone() };
            next.push(if received.transfer.is_some() {
                self.decide(&received, &Input::RepeatedRequest(InboundMessage::from(&request())))
            } else {
                self.begin(&received, None)
            });
        }
        if world.reversals > 0 {
            let received = World { reversals: world.reversals - 1, ..world.clone() };
            let reversal = Input::Reversal(reversal(InboundMessage::from(&request())));
            next.push(if received.transfer.is_some() {
                self.decide(&received, &reversal)
            } else {
                self.begin(&received, Some(BarCause::Reversal { key: REVERSAL_KEY }))
            });
        }
        if world.partial_reversals > 0 && world.transfer.is_some() {
            let received =
                World { partial_reversals: world.partial_reversals - 1, ..world.clone() };
            let message = InboundMessage { id: PART, ..InboundMessage::from(&request()) };
            let key = IdempotencyKey(91);
            let part = ReversalMessage { message, key, actual: Some(amount(5_000_000)) };
            next.push(self.decide(&received, &Input::Reversal(part)));
        }
        if world.inquiries > 0 {
            let received = World { inquiries: world.inquiries - 1, ..world.clone() };
            next.push(if received.transfer.is_some() {
                self.decide(&received, &Input::StatusInquiry(InboundMessage::from(&request())))
            } else {
                self.begin(&received, Some(BarCause::StatusInquiry))
            });
        }
        if let Some(Kept(transfer)) = &world.transfer {
            if transfer.properties().due().is_some() {
                next.push(self.decide(world, &Input::Due));
            }
            if world.crashes > 0 {
                let crashed = World { crashes: world.crashes - 1, ..world.clone() };
                next.push(self.decide(&crashed, &Input::Restarted));
            }
        }
        if !world.is_too_late {
            next.push(World { is_too_late: true, ..world.clone() });
        }
        next
    }

    fn deliver(&self, rest: &World, message: Message) -> Vec<World> {
        let with = |books, message| {
            let mut world = World { books, ..rest.clone() };
            world.net.push(message);
            world.net.sort_unstable();
            world
        };
        let posting = |reply| vec![self.decide(rest, &Input::Posting(reply))];
        match message {
            Message::Post => match rest.books {
                Books::Nothing => {
                    vec![
                        with(Books::Posted, Message::Posted),
                        with(Books::Nothing, Message::Refused),
                    ]
                }
                Books::Posted => vec![with(Books::Posted, Message::Posted)],
                Books::Cancelled => vec![with(Books::Cancelled, Message::Barred)],
            },
            Message::Cancel => vec![with(Books::Cancelled, Message::PriorPosting(rest.books))],
            Message::PostPart => {
                let with = |part, message| {
                    let mut world = World { part, ..rest.clone() };
                    world.net.push(message);
                    world.net.sort_unstable();
                    world
                };
                let refused = (rest.part == Books::Nothing)
                    .then(|| with(Books::Nothing, Message::PartRefused));
                [with(Books::Posted, Message::PartPosted)].into_iter().chain(refused).collect()
            }
            Message::PartPosted => {
                vec![self.decide(rest, &Input::PartialReversal(PostingReply::Posted))]
            }
            Message::PartRefused => {
                let refused = PostingReply::Refused(Refusal::InsufficientFunds);
                vec![self.decide(rest, &Input::PartialReversal(refused))]
            }
            Message::Posted => posting(PostingReply::Posted),
            Message::Refused => posting(PostingReply::Refused(Refusal::NoSuchAccount)),
            Message::Barred => posting(PostingReply::Barred),
            Message::PriorPosting(books) => {
                let prior = match books {
                    Books::Nothing => PriorPosting::Absent,
                    Books::Posted => PriorPosting::Posted,
                    Books::Cancelled => PriorPosting::Cancelled,
                };
                vec![self.decide(rest, &Input::Cancel(CancelReply::Cancelled(prior)))]
            }
        }
    }

    /// Searches all worlds with at most as many requests, reversals, partial reversals and inquiries.
    fn run(&mut self, [requests, reversals, partial_reversals, inquiries]: [u8; 4]) {
        let first = World {
            transfer: None,
            books: Books::Nothing,
            part: Books::Nothing,
            net: Vec::new(),
            response_code: None,
            reversal_code: None,
            is_part_confirmed: false,
            is_reported_failed: false,
            requests,
            reversals,
            partial_reversals,
            inquiries,
            losses: 1,
            crashes: 1,
            is_too_late: false,
        };
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([first]);
        while let Some(world) = queue.pop_front() {
            if !seen.insert(world.clone()) {
                continue;
            }
            self.check(&world);
            self.worlds += 1;
            queue.extend(self.successors(&world));
        }
    }

    fn check(&mut self, world: &World) {
        let Some(Kept(transfer)) = &world.transfer else { return };
        self.states.insert(transfer.properties().code);
        let is_partial = matches!(
            transfer.state(),
            InboundState::PartiallyReversing { .. } | InboundState::PartiallyReversed { .. }
        );
        let has_part = world.part == Books::Posted || world.net.contains(&Message::PostPart);
        assert_eq!(world.is_part_confirmed, is_partial, "{world:#?}");
        assert!(is_partial || !has_part, "a part goes back without a fact: {world:#?}");
        match transfer.state() {
            InboundState::PartiallyReversing { .. } | InboundState::PartiallyReversed { .. } => {
                assert_eq!(world.books, Books::Posted, "nothing stands: {world:#?}");
                assert_eq!(world.response_code, Some(code("00")));
                assert!(!world.is_reported_failed, "{world:#?}");
                let is_done = matches!(transfer.state(), InboundState::PartiallyReversed { .. });
                assert!(
                    world.part == Books::Posted || !is_done,
                    "the part is not back: {world:#?}"
                );
            }
            InboundState::Approved { .. } => {
                assert_eq!(world.books, Books::Posted, "approved without a posting: {world:#?}");
                assert_eq!(world.response_code, Some(code("00")));
                assert!(
                    !world.is_reported_failed,
                    "reported as failed, but the posting stands: {world:#?}"
                );
            }
            InboundState::Declined(_) | InboundState::Reversed { .. } | InboundState::Barred(_) => {
                assert_ne!(world.books, Books::Posted, "the posting stands: {world:#?}");
                let posts = world.net.contains(&Message::Post) && world.books == Books::Nothing;
                assert!(!posts, "the posting may still be made: {world:#?}");
            }
            InboundState::Posting { .. } => {
                assert_eq!(world.response_code, None, "responded too early: {world:#?}");
            }
            InboundState::Reversing { .. } => {}
            InboundState::Received | InboundState::Posted(_) | InboundState::PostingRefused(_) => {
                panic!("a passing state was stored: {world:#?}")
            }
        }
        self.ends_well(world);
    }

    /// Asserts that the transfer ends if no fault and no new message follows.
    fn ends_well(&self, world: &World) {
        let mut world = world.clone();
        for _ in 0..32 {
            let Some(Kept(transfer)) = &world.transfer else { return };
            world = if let Some(message) = world.net.pop() {
                self.deliver(&world, message).swap_remove(0)
            } else if transfer.properties().due().is_some() {
                self.decide(&world, &Input::Due)
            } else {
                return;
            };
        }
        panic!("no end: {world:#?}");
    }
}

#[test]
fn inbound_posting_stands_exactly_when_approved() {
    let mut search = Search { rules: reversing(), worlds: 0, states: BTreeSet::new() };
    search.run([2, 2, 0, 2]);
    search.run([2, 1, 2, 0]);
    println!("{} worlds, states {:?}", search.worlds, search.states);
    for state in [
        "posting",
        "approved",
        "declined",
        "reversing",
        "reversed",
        "partially_reversing",
        "partially_reversed",
        "barred",
    ] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}
