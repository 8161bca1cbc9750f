//! Exhaustive search of an inbound transfer: repeated requests, reversals of all or a part before, during and after the
//! request, a core that posts, refuses or does not reply, and crashes, in every order. Every reached world is checked.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use titian::transfer::{
    BarCause, CancelReply, Context, Decision, Effect, InboundFact, InboundInput as Input,
    InboundMessage, InboundResponse, InboundState, InboundTransfer, MessageKind, PostingReply,
    Refusal, ResolutionOutcome, ReversalMessage, Rules,
};
use titian::values::{IdempotencyKey, Moment, TransferId};

use super::inbound_world::{Books, Kept, Message, PART, World, prior};
use super::rules::{
    CORE, FixedTrace, REVERSAL_KEY, amount, code, request, resolution, reversal, reversing,
};

struct Search {
    rules: Rules,
    /// Whether operators resolve exceptions.
    has_operators: bool,
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
            Effect::CancelPart(part) => {
                assert_eq!((part.posting_id, part.transfer_id), (PART, TransferId(8)));
                world.net.push(Message::CancelPart);
            }
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
            if self.has_operators {
                next.extend(self.resolved(world, transfer));
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

    /// Every resolution that is right. The bank posts by hand before it says so, also while a command is under way. It writes off
    /// only what stands, and only when no command is under way that core could still carry out.
    fn resolved(&self, world: &World, transfer: &InboundTransfer) -> Vec<World> {
        let is_part = matches!(transfer.state(), InboundState::PartiallyReversing { .. });
        let is_right = |outcome: &ResolutionOutcome| match outcome {
            ResolutionOutcome::PostedByHand => !is_part || world.part == Books::Nothing,
            ResolutionOutcome::WrittenOff => {
                let stands = world.books == Books::Posted && world.part == Books::Nothing;
                stands && (is_part || world.net.is_empty())
            }
            ResolutionOutcome::Settled | ResolutionOutcome::Refunded => panic!("never possible"),
        };
        let outcomes = transfer.resolutions().map(|possible| possible.outcome).filter(is_right);
        let resolve = |outcome| {
            let mut world = world.clone();
            match (outcome, transfer.state()) {
                (ResolutionOutcome::PostedByHand, InboundState::Reversing { .. }) => {
                    world.books = Books::Cancelled;
                }
                (ResolutionOutcome::PostedByHand, InboundState::CancellingPart { .. }) => {
                    world.part = Books::Cancelled;
                }
                (ResolutionOutcome::PostedByHand, _) => world.part_by_hand = Books::Posted,
                _ => {}
            }
            self.decide(&world, &Input::Resolve(resolution(outcome)))
        };
        outcomes.map(resolve).collect()
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
                match rest.part {
                    Books::Nothing => vec![
                        with(Books::Posted, Message::PartPosted),
                        with(Books::Nothing, Message::PartRefused),
                    ],
                    Books::Posted => vec![with(Books::Posted, Message::PartPosted)],
                    // Core replies "barred", after the cancel that barred it.
                    Books::Cancelled => vec![rest.clone()],
                }
            }
            Message::CancelPart => {
                let mut world = World { part: Books::Cancelled, ..rest.clone() };
                world.net.push(Message::PriorPart(rest.part));
                world.net.sort_unstable();
                vec![world]
            }
            Message::PriorPart(books) => {
                let cancelled = CancelReply::Cancelled(prior(books));
                vec![self.decide(rest, &Input::PartCancel(cancelled))]
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
                vec![self.decide(rest, &Input::Cancel(CancelReply::Cancelled(prior(books))))]
            }
        }
    }

    /// Searches all worlds with at most as many requests, reversals, partial reversals and inquiries.
    fn run(&mut self, [requests, reversals, partial_reversals, inquiries]: [u8; 4]) {
        let first = World {
            transfer: None,
            books: Books::Nothing,
            part: Books::Nothing,
            part_by_hand: Books::Nothing,
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
            InboundState::PartiallyReversing { .. }
                | InboundState::PartiallyReversed { .. }
                | InboundState::CancellingPart { .. }
                | InboundState::PartWrittenOff { .. }
        );
        let has_part = world.part == Books::Posted || world.net.contains(&Message::PostPart);
        assert_eq!(world.is_part_confirmed, is_partial, "{world:#?}");
        assert!(is_partial || !has_part, "a part goes back without a fact: {world:#?}");
        match transfer.state() {
            InboundState::PartiallyReversing { .. }
            | InboundState::PartiallyReversed { .. }
            | InboundState::CancellingPart { .. }
            | InboundState::PartWrittenOff { .. } => {
                assert_eq!(world.books, Books::Posted, "nothing stands: {world:#?}");
                assert_eq!(world.response_code, Some(code("00")));
                assert!(!world.is_reported_failed, "{world:#?}");
                Self::check_part(world, transfer.state());
            }
            InboundState::WrittenOff { .. } => {
                assert_eq!(world.books, Books::Posted, "there is no loss: {world:#?}");
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

    /// Checks that a part is returned once: by core, by hand, or not at all if it is written off.
    fn check_part(world: &World, state: &InboundState) {
        let is_by_core = world.part == Books::Posted;
        let is_by_hand = world.part_by_hand == Books::Posted;
        match state {
            InboundState::PartiallyReversed { .. } => {
                assert!(is_by_core != is_by_hand, "not returned once: {world:#?}");
            }
            InboundState::PartWrittenOff { .. } => {
                assert!(!is_by_core && !is_by_hand, "there is no loss: {world:#?}");
            }
            _ => return,
        }
        let comes_late = world.net.contains(&Message::PostPart) && world.part == Books::Nothing;
        assert!(!comes_late, "the part may still be returned: {world:#?}");
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
    let (rules, states) = (reversing(), BTreeSet::new());
    let mut search = Search { rules, has_operators: false, worlds: 0, states };
    search.run([2, 2, 0, 2]);
    search.run([2, 1, 2, 0]);
    search.has_operators = true;
    search.run([1, 1, 1, 0]);
    println!("{} worlds, states {:?}", search.worlds, search.states);
    for state in [
        "posting",
        "approved",
        "declined",
        "reversing",
        "reversed",
        "partially_reversing",
        "partially_reversed",
        "cancelling_part",
        "written_off",
        "part_written_off",
        "barred",
    ] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}
