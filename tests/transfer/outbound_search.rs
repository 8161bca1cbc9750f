//! Exhaustive search of an outbound transfer: lost, duplicate and late messages, a core that posts or refuses, lost
//! connections, crashes, manual resolutions and the settlement file, in every order. The switch is honest; the network
//! is not. Every reached world is checked.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use titian::transfer::{
    Context, Decision, Funding, OutboundInput, OutboundState, OutboundTransfer, RefundReason,
    ResolutionOutcome, Rules, SendStatus, SettledBy,
};
use titian::values::Moment;

use super::rules::{
    CORE, FixedTrace, channel_funding, holding, order, resolution, response, reversing,
};

use super::outbound_world::{
    Books, CoreReply, Left, Message, NET_MAX, Switch, World, can_duplicate, core_input, key, now,
    release, with_message, without_link_request,
};

struct Search {
    rules: Rules,
    worlds: usize,
    states: BTreeSet<&'static str>,
    ends: BTreeSet<&'static str>,
}

impl Search {
    fn decide(&self, world: &World, input: &OutboundInput) -> World {
        let mut next = world.clone();
        let mut decision = Decision::default();
        let mut context =
            Context { now: now(world), rules: &self.rules, core: &CORE, numbers: &mut FixedTrace };
        world.transfer.decide(input, &mut context, &mut decision);
        for fact in &decision.facts {
            next.transfer = next.transfer.evolve(fact, now(world)).unwrap();
        }
        for effect in &decision.effects {
            release(&mut next, effect);
        }
        next
    }

    /// Returns every world that is one event away.
    fn successors(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        for (place, message) in world.net.iter().enumerate() {
            let mut rest = world.clone();
            rest.net.remove(place);
            if world.left.losses > 0 {
                let mut lost = rest.clone();
                lost.left.losses -= 1;
                next.push(lost);
            }
            if world.left.duplicates > 0 && world.net.len() < NET_MAX && can_duplicate(*message) {
                let mut duplicated = world.clone();
                duplicated.left.duplicates -= 1;
                duplicated.net.push(*message);
                next.push(duplicated);
            }
            next.extend(self.deliver(&rest, *message));
        }
        next.extend(self.link(world));
        next.extend(self.timed(world));
        for world in &mut next {
            world.net.sort_unstable();
            world.net.truncate(NET_MAX);
        }
        next
    }

    /// The request at the link is sent or not, or the connection is lost.
    fn link(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        if world.at_link {
            let mut free = world.clone();
            free.at_link = false;
            next.push(self.decide(&free, &OutboundInput::Send(SendStatus::NotSent)));
            let mut sent = free.clone();
            sent.net.push(Message::Request);
            next.push(self.decide(&sent, &OutboundInput::Send(SendStatus::Sent)));
            if world.left.lost_connections > 0 {
                free.left.lost_connections -= 1;
                sent.left.lost_connections -= 1;
                next.push(self.decide(&free, &OutboundInput::Send(SendStatus::Lost)));
                next.push(self.decide(&sent, &OutboundInput::Send(SendStatus::Lost)));
            }
        }
        next
    }

    /// Deadlines, crashes, the settlement file and manual resolutions.
    fn timed(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        if world.transfer.properties().due().is_some() {
            next.extend(
                without_link_request(world)
                    .iter()
                    .map(|world| self.decide(world, &OutboundInput::Due)),
            );
        }
        next.extend(self.crashed(world));
        if !world.is_two_days_later {
            next.push(World { is_two_days_later: true, ..world.clone() });
        }
        // Maker and checker decide correctly, once no message is in flight.
        if world.transfer.properties().is_exception && world.net.is_empty() && !world.at_link {
            next.extend(self.resolved(world));
            let settled = world.switch == Switch::Moved;
            if !matches!(world.transfer.state(), OutboundState::CancellingDebit { .. }) {
                next.push(self.decide(world, &OutboundInput::Settlement { settled }));
            }
        }
        next
    }

    /// Every resolution that is right. The bank posts by hand before it says so.
    fn resolved(&self, world: &World) -> Vec<World> {
        let moved = world.switch == Switch::Moved;
        let is_right = |outcome: &ResolutionOutcome| match outcome {
            ResolutionOutcome::Settled | ResolutionOutcome::WrittenOff => moved,
            ResolutionOutcome::Refunded | ResolutionOutcome::PostedByHand => !moved,
        };
        let outcomes = world.transfer.resolutions().map(|possible| possible.outcome);
        let resolve = |outcome| {
            let mut world = world.clone();
            if outcome == ResolutionOutcome::PostedByHand {
                world.books = Books::Cancelled;
            }
            self.decide(&world, &OutboundInput::Resolve(resolution(outcome)))
        };
        outcomes.filter(is_right).map(resolve).collect()
    }

    /// The program restarts.
    fn crashed(&self, world: &World) -> Vec<World> {
        if world.left.crashes == 0 {
            return Vec::new();
        }
        let mut crashed = world.clone();
        crashed.left.crashes -= 1;
        let crashed = without_link_request(&crashed);
        crashed.iter().map(|world| self.decide(world, &OutboundInput::Restarted)).collect()
    }

    /// Searches two concurrent transfers to a depth of events: their events in any order, crashes of both at once, and
    /// shared faults.
    fn run_two(&mut self, left: Left, depth: usize) {
        let first = self.accepted(channel_funding(), left);
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([(first.clone(), first, 0)]);
        while let Some((one, other, deep)) = queue.pop_front() {
            // The order of the two does not matter.
            let (key_one, key_other) = (key(&one), key(&other));
            let pair =
                if key_one <= key_other { (key_one, key_other) } else { (key_other, key_one) };
            if !seen.insert(pair) {
                continue;
            }
            self.check(&one);
            self.check(&other);
            self.worlds += 1;
            if deep == depth {
                continue;
            }
            for (moving, resting) in [(&one, &other), (&other, &one)] {
                for next in self.successors(moving) {
                    let crashed = next.left.crashes < moving.left.crashes;
                    let beside =
                        if crashed { self.crashed(resting) } else { vec![resting.clone()] };
                    let is_two_days_later = next.is_two_days_later;
                    queue.extend(beside.into_iter().map(|beside| {
                        (
                            next.clone(),
                            World { left: next.left, is_two_days_later, ..beside },
                            deep + 1,
                        )
                    }));
                }
            }
        }
    }

    fn deliver(&self, rest: &World, message: Message) -> Vec<World> {
        let with = |books, message| {
            let mut world = World { books, ..rest.clone() };
            world.net.push(Message::Core(message));
            world
        };
        match message {
            Message::Post => match rest.books {
                Books::Nothing => vec![
                    with(Books::Posted, CoreReply::Posted),
                    with(Books::Nothing, CoreReply::Refused),
                ],
                Books::Posted => vec![with(Books::Posted, CoreReply::Posted)],
                Books::Cancelled => vec![with(Books::Cancelled, CoreReply::Barred)],
            },
            Message::Cancel => vec![with(Books::Cancelled, CoreReply::PriorPosting(rest.books))],
            Message::Core(reply) => vec![self.decide(rest, &core_input(reply))],
            Message::Request => Self::request(rest),
            Message::Reversal => Self::reversal(rest),
            Message::StatusInquiry => {
                let code = match rest.switch {
                    Switch::Moved => "00",
                    Switch::Declined | Switch::Reversed => "51",
                    Switch::Unaware => "68",
                };
                vec![with_message(rest, rest.switch, Message::StatusResponse(code))]
            }
            Message::Response(code) => {
                vec![self.decide(rest, &OutboundInput::Response(response(code)))]
            }
            Message::ReversalResponse(code) => {
                vec![self.decide(rest, &OutboundInput::ReversalResponse(response(code)))]
            }
            Message::StatusResponse(code) => {
                vec![self.decide(rest, &OutboundInput::StatusResponse(response(code)))]
            }
        }
    }

    /// The switch approves, declines, or does either and responds that the outcome is unknown.
    fn request(rest: &World) -> Vec<World> {
        let responds = |switch, code| with_message(rest, switch, Message::Response(code));
        match rest.switch {
            Switch::Unaware => vec![
                responds(Switch::Moved, "00"),
                responds(Switch::Declined, "51"),
                responds(Switch::Moved, "68"),
                responds(Switch::Declined, "68"),
            ],
            Switch::Moved => vec![responds(Switch::Moved, "00")],
            Switch::Declined | Switch::Reversed => vec![responds(rest.switch, "51")],
        }
    }

    /// An honest switch responds "done" only if the transfer cannot succeed any more. Without the original, it responds
    /// "not found" and may receive the original later, or it bars the original and responds "done".
    fn reversal(rest: &World) -> Vec<World> {
        let responds = |switch, code| with_message(rest, switch, Message::ReversalResponse(code));
        match rest.switch {
            Switch::Unaware => vec![
                responds(Switch::Unaware, "25"),
                responds(Switch::Reversed, "00"),
                responds(Switch::Unaware, "96"),
            ],
            Switch::Moved => vec![responds(Switch::Reversed, "00"), responds(Switch::Moved, "96")],
            Switch::Declined => vec![responds(Switch::Declined, "00")],
            Switch::Reversed => vec![responds(Switch::Reversed, "94")],
        }
    }

    /// Searches every world that an accepted order can reach.
    fn run(&mut self, funding: Funding, left: Left) {
        let first = self.accepted(funding, left);
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([first]);
        while let Some(world) = queue.pop_front() {
            if !seen.insert(key(&world)) {
                continue;
            }
            self.check(&world);
            self.worlds += 1;
            queue.extend(self.successors(&world));
        }
    }

    fn accepted(&self, funding: Funding, left: Left) -> World {
        let books = if funding == Funding::Core { Books::Nothing } else { Books::Posted };
        let order = Arc::new(order(funding));
        let mut decision = Decision::default();
        let start = Moment::from_millis(1_000_000);
        let mut context =
            Context { now: start, rules: &self.rules, core: &CORE, numbers: &mut FixedTrace };
        OutboundTransfer::accept(&order, &mut context, &mut decision);
        let mut facts = decision.facts.iter();
        let first = OutboundTransfer::begin(facts.next().unwrap()).unwrap();
        let transfer = facts.try_fold(first, |state, fact| state.evolve(fact, start)).unwrap();
        let (switch, net) = (Switch::Unaware, Vec::new());
        let mut world =
            World { transfer, books, switch, net, left, at_link: false, is_two_days_later: false };
        for effect in &decision.effects {
            release(&mut world, effect);
        }
        world
    }

    /// Checks what must hold in every world.
    fn check(&mut self, world: &World) {
        self.states.insert(world.transfer.properties().code);
        let sums = world.transfer.properties().sums(world.transfer.order().amount);
        assert!(sums.is_balanced(), "books do not balance: {world:#?}");
        let debited = world.books != Books::Nothing;
        assert!(sums.debited == 0 || debited, "in the books without a debit: {world:#?}");
        let is_core_debit = world.transfer.order().funding == Funding::Core;
        match world.transfer.state() {
            OutboundState::Settled { by, .. } => {
                assert_eq!(world.switch, Switch::Moved, "settled by {by:?}: {world:#?}");
                assert_eq!(world.books, Books::Posted, "settled without a debit: {world:#?}");
                assert!(matches!(
                    by,
                    SettledBy::Response(_)
                        | SettledBy::ManualResolution
                        | SettledBy::SettlementFile
                ));
            }
            OutboundState::Refunded { reason, .. } => {
                if is_core_debit {
                    assert_eq!(world.books, Books::Cancelled, "not refunded: {world:#?}");
                }
                assert_ne!(
                    world.switch,
                    Switch::Moved,
                    "refunded and settled, {reason:?}: {world:#?}"
                );
                if *reason != RefundReason::NotSent
                    && *reason != RefundReason::Resolved
                    && *reason != RefundReason::NotSettled
                {
                    assert_ne!(world.switch, Switch::Unaware, "{reason:?}: {world:#?}");
                }
            }
            OutboundState::Rejected(_) => {
                assert_ne!(world.books, Books::Posted, "rejected with a debit: {world:#?}");
                assert_eq!(world.switch, Switch::Unaware, "rejected and sent: {world:#?}");
                assert!(!world.net.contains(&Message::Request), "rejected and sent: {world:#?}");
            }
            OutboundState::ReadyToSend(_)
            | OutboundState::Sent(_)
            | OutboundState::OutcomeUnknown(..)
            | OutboundState::Reversing(..) => {
                assert_eq!(world.books, Books::Posted, "sent without a debit: {world:#?}");
            }
            OutboundState::Refunding { .. } | OutboundState::ConflictingOutcome(..) => {
                assert_ne!(world.switch, Switch::Moved, "refunding and settled: {world:#?}");
            }
            OutboundState::Accepted | OutboundState::Debited(_) => {
                panic!("a passing state was stored: {world:#?}");
            }
            OutboundState::PaidTwice(_) => {
                panic!("paid twice with an honest switch: {world:#?}")
            }
            OutboundState::Debiting { .. }
            | OutboundState::CancellingDebit { .. }
            | OutboundState::Inquiring { .. }
            | OutboundState::Exception(..) => {}
        }
        self.ends_well(world);
    }

    /// Asserts that the transfer ends or becomes an exception if no fault follows.
    fn ends_well(&mut self, world: &World) {
        let mut world = world.clone();
        for _ in 0..64 {
            if world.transfer.properties().is_final() && world.net.is_empty() && !world.at_link {
                self.ends.insert(world.transfer.properties().code);
                return;
            }
            world = if let Some(message) = world.net.pop() {
                self.deliver(&world, message).swap_remove(0)
            } else if world.at_link {
                self.link(&world).swap_remove(1)
            } else if world.transfer.properties().due().is_some() {
                self.decide(&world, &OutboundInput::Due)
            } else {
                self.ends.insert(world.transfer.properties().code);
                let waits = matches!(
                    world.transfer.state(),
                    OutboundState::Exception(..) | OutboundState::ConflictingOutcome(..)
                );
                assert!(waits, "stuck: {world:#?}");
                return;
            };
        }
        // A switch that keeps responding "not found" gets repeats without end, and the transfer is an exception.
        assert!(
            matches!(world.transfer.state(), OutboundState::Exception(..)),
            "no end: {world:#?}"
        );
    }
}

fn search(rules: Rules, funding: Funding, left: Left) -> Search {
    let mut search = Search { rules, worlds: 0, states: BTreeSet::new(), ends: BTreeSet::new() };
    search.run(funding, left);
    println!("{} worlds, states {:?}, ends {:?}", search.worlds, search.states, search.ends);
    search
}

const FAULTS: Left = Left { losses: 1, duplicates: 1, crashes: 1, lost_connections: 1 };

#[test]
fn network_with_reversals_never_loses_or_duplicates_money() {
    let search = search(reversing(), Funding::Core, FAULTS);
    for state in [
        "debiting",
        "cancelling_debit",
        "ready_to_send",
        "sent",
        "outcome_unknown",
        "reversing",
        "exception_unreversed",
        "refunding",
        "conflict_refunding_but_settled",
        "settled",
        "refunded",
        "conflict_refunded_but_settled",
        "rejected",
    ] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}

#[test]
fn network_without_reversals_never_loses_or_duplicates_money() {
    let search = search(holding(), Funding::Core, FAULTS);
    for state in ["inquiring", "exception_undecided", "settled", "refunded", "rejected"] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}

#[test]
fn channel_debit_never_loses_or_duplicates_money() {
    let search = search(reversing(), channel_funding(), FAULTS);
    assert!(search.states.contains("refunded") && !search.states.contains("refunding"));
}

#[test]
fn two_concurrent_transfers_never_lose_or_duplicate_money() {
    let rules = reversing();
    let mut search = Search { rules, worlds: 0, states: BTreeSet::new(), ends: BTreeSet::new() };
    for left in [
        Left { losses: 1, duplicates: 0, crashes: 0, lost_connections: 0 },
        Left { losses: 0, duplicates: 1, crashes: 0, lost_connections: 0 },
        Left { losses: 0, duplicates: 0, crashes: 1, lost_connections: 0 },
        Left { losses: 0, duplicates: 0, crashes: 0, lost_connections: 1 },
    ] {
        search.run_two(left, 7);
    }
    println!("{} pairs of worlds, states {:?}", search.worlds, search.states);
    assert!(
        search.states.contains("reversing")
            && search.states.contains("conflict_refunded_but_settled")
    );
}
