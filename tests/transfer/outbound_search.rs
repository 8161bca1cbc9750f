//! Every order of what can happen to an outbound transfer: messages that are lost, doubled and late, a core that
//! does or doesn't, a line that breaks, crashes, persons, the settlement file. The switch is honest, the
//! network is not. What must hold is asserted in every world that is reached.

use std::collections::{BTreeSet, HashSet, VecDeque};

use titian::transfer::{
    Context, Decision, Funding, Input, Line, Outbound, Resolution, Rules, SettledBy, Share,
    TwoPersons, Verdict, Why,
};
use titian::values::Moment;

use crate::rules::{Same, answer, by_caller, holding, order, reversing};

use crate::outbound_world::{
    Books, CoreSays, Left, Message, NET_MAX, Switch, World, clamped, core_input, key, may_double,
    now, off_the_link, on_the_way, release,
};

struct Search {
    rules: Rules,
    /// Whether a switch that never saw the original says 'not found' and forgets, which is the worst.
    worlds: usize,
    states: BTreeSet<&'static str>,
    ends: BTreeSet<&'static str>,
}

impl Search {
    fn decide(&self, world: &World, input: &Input) -> World {
        let mut next = world.clone();
        let mut decision = Decision::default();
        let mut context = Context { now: now(world), rules: &self.rules, numbers: &mut Same };
        world.life.decide(input, &mut context, &mut decision);
        for fact in &decision.facts {
            next.life = next.life.evolve(fact, now(world)).unwrap();
        }
        next.life = clamped(next.life);
        for effect in &decision.effects {
            release(&mut next, effect);
        }
        next
    }

    /// Every world that one event away.
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
            if world.left.doubles > 0 && world.net.len() < NET_MAX && may_double(*message) {
                let mut doubled = world.clone();
                doubled.left.doubles -= 1;
                doubled.net.push(*message);
                next.push(doubled);
            }
            next.extend(self.deliver(&rest, *message));
        }
        next.extend(self.line(world));
        next.extend(self.passing(world));
        for world in &mut next {
            world.net.sort_unstable();
            world.net.truncate(NET_MAX);
        }
        next
    }

    /// What becomes of the request at the link, and of the line.
    fn line(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        if world.at_link {
            let mut free = world.clone();
            free.at_link = false;
            next.push(self.decide(&free, &Input::Line(Line::NotSent)));
            let mut sent = free.clone();
            sent.net.push(Message::Request);
            next.push(self.decide(&sent, &Input::Line(Line::Sent)));
            if world.left.lost_lines > 0 {
                free.left.lost_lines -= 1;
                sent.left.lost_lines -= 1;
                next.push(self.decide(&free, &Input::Line(Line::Lost)));
                next.push(self.decide(&sent, &Input::Line(Line::Lost)));
            }
        }
        next
    }

    /// Time, crashes, the settlement file and persons.
    fn passing(&self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        if world.life.due().is_some() {
            next.extend(off_the_link(world).iter().map(|world| self.decide(world, &Input::Due)));
        }
        next.extend(self.crashed(world));
        if !world.two_days_on {
            next.push(World { two_days_on: true, ..world.clone() });
        }
        if matches!(world.life, Outbound::Exception(..) | Outbound::Contradicted(..)) {
            // Persons look at the truth, when nothing is on its way any more.
            if world.net.is_empty() && !world.at_link {
                let moved = world.switch == Switch::Moved;
                let verdict = if moved { Verdict::Settle } else { Verdict::Refund };
                let by = TwoPersons::new("rina", "budi").unwrap();
                next.push(self.decide(world, &Input::Resolve(Resolution { verdict, by })));
                let settled = Input::Settlement { settled: moved };
                next.push(self.decide(world, &settled));
            }
        }
        next
    }

    /// The program stops and starts again.
    fn crashed(&self, world: &World) -> Vec<World> {
        if world.left.crashes == 0 {
            return Vec::new();
        }
        let mut crashed = world.clone();
        crashed.left.crashes -= 1;
        let crashed = off_the_link(&crashed);
        crashed.iter().map(|world| self.decide(world, &Input::Restarted)).collect()
    }

    /// Looks at every order in which two transfers can run beside each other, so many events deep: their events in
    /// any order, a crash for both at once, and what may still fail shared between them.
    fn run_two(&mut self, left: Left, depth: usize) {
        let first = self.accepted(by_caller(), left);
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([(first.clone(), first, 0)]);
        while let Some((one, other, deep)) = queue.pop_front() {
            // Which of the two is which makes no difference.
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
                    let two_days_on = next.two_days_on;
                    queue.extend(beside.into_iter().map(|beside| {
                        (next.clone(), World { left: next.left, two_days_on, ..beside }, deep + 1)
                    }));
                }
            }
        }
    }

    fn deliver(&self, rest: &World, message: Message) -> Vec<World> {
        let with = |books, message| {
            let mut world = World { books, ..rest.clone() };
            world.net.push(Message::CoreSays(message));
            world
        };
        match message {
            Message::Post => match rest.books {
                Books::Nothing => vec![
                    with(Books::Posted, CoreSays::Posted),
                    with(Books::Nothing, CoreSays::Refused),
                ],
                Books::Posted => vec![with(Books::Posted, CoreSays::Posted)],
                Books::Cancelled => vec![with(Books::Cancelled, CoreSays::Barred)],
            },
            Message::Cancel => vec![with(Books::Cancelled, CoreSays::Was(rest.books))],
            Message::CoreSays(said) => vec![self.decide(rest, &core_input(said))],
            Message::Request => Self::request(rest),
            Message::Reversal => Self::reversal(rest),
            Message::StatusInquiry => {
                let code = match rest.switch {
                    Switch::Moved => "00",
                    Switch::Declined | Switch::Undone => "51",
                    Switch::Unaware => "68",
                };
                vec![on_the_way(rest, rest.switch, Message::StatusAnswer(code))]
            }
            Message::Answer(code) => vec![self.decide(rest, &Input::Answer(answer(code)))],
            Message::ReversalAnswer(code) => {
                vec![self.decide(rest, &Input::ReversalAnswer(answer(code)))]
            }
            Message::StatusAnswer(code) => {
                vec![self.decide(rest, &Input::StatusAnswer(answer(code)))]
            }
        }
    }

    /// The switch moves the money, declines, or does either and says that it does not know.
    fn request(rest: &World) -> Vec<World> {
        let says = |switch, code| on_the_way(rest, switch, Message::Answer(code));
        match rest.switch {
            Switch::Unaware => vec![
                says(Switch::Moved, "00"),
                says(Switch::Declined, "51"),
                says(Switch::Moved, "68"),
                says(Switch::Declined, "68"),
            ],
            Switch::Moved => vec![says(Switch::Moved, "00")],
            Switch::Declined | Switch::Undone => vec![says(rest.switch, "51")],
        }
    }

    /// An honest switch says 'done' only when the money isn't moved and won't be. One that has not seen the
    /// original says 'not found', and may then see it yet; or it bars it and says 'done'.
    fn reversal(rest: &World) -> Vec<World> {
        let says = |switch, code| on_the_way(rest, switch, Message::ReversalAnswer(code));
        match rest.switch {
            Switch::Unaware => vec![
                says(Switch::Unaware, "25"),
                says(Switch::Undone, "00"),
                says(Switch::Unaware, "96"),
            ],
            Switch::Moved => vec![says(Switch::Undone, "00"), says(Switch::Moved, "96")],
            Switch::Declined => vec![says(Switch::Declined, "00")],
            Switch::Undone => vec![says(Switch::Undone, "94")],
        }
    }

    /// Looks at every world that can be reached from an accepted order.
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
        let order = order(funding);
        let mut decision = Decision::default();
        let start = Moment::from_millis(1_000_000);
        let mut context = Context { now: start, rules: &self.rules, numbers: &mut Same };
        Outbound::accept(&order, &mut context, &mut decision);
        let mut facts = decision.facts.iter();
        let first = Outbound::begin(facts.next().unwrap()).unwrap();
        let life = facts.try_fold(first, |state, fact| state.evolve(fact, start)).unwrap();
        let (switch, net) = (Switch::Unaware, Vec::new());
        let mut world =
            World { life, books, switch, net, left, at_link: false, two_days_on: false };
        for effect in &decision.effects {
            release(&mut world, effect);
        }
        world
    }

    /// What holds in every world.
    fn check(&mut self, world: &World) {
        self.states.insert(world.life.name());
        let sums = world.life.share();
        assert!(sums.balance(), "not explained: {world:#?}");
        let debited = world.books != Books::Nothing;
        assert!(sums.taken == 0 || debited, "counted without a debit: {world:#?}");
        let ours = world.life.order().funding == Funding::Core;
        match &world.life {
            Outbound::Settled { by, .. } => {
                assert_eq!(world.switch, Switch::Moved, "settled by {by:?}: {world:#?}");
                assert_eq!(world.books, Books::Posted, "settled without a debit: {world:#?}");
                assert!(matches!(
                    by,
                    SettledBy::Answer(_) | SettledBy::Persons | SettledBy::SettlementFile
                ));
            }
            Outbound::Refunded { why, .. } => {
                if ours {
                    assert_eq!(world.books, Books::Cancelled, "not given back: {world:#?}");
                }
                assert_ne!(
                    world.switch,
                    Switch::Moved,
                    "given back and moved, {why:?}: {world:#?}"
                );
                if *why != Why::NotSent && *why != Why::Resolved && *why != Why::NotSettled {
                    assert_ne!(world.switch, Switch::Unaware, "{why:?}: {world:#?}");
                }
            }
            Outbound::Refused { .. } => {
                assert_ne!(world.books, Books::Posted, "refused with a debit: {world:#?}");
                assert_eq!(world.switch, Switch::Unaware, "refused and sent: {world:#?}");
                assert!(!world.net.contains(&Message::Request), "refused and sent: {world:#?}");
            }
            Outbound::Ready(_)
            | Outbound::Sent(_)
            | Outbound::Doubtful(..)
            | Outbound::Reversing(..) => {
                assert_eq!(world.books, Books::Posted, "sent without a debit: {world:#?}");
            }
            Outbound::Refunding { .. } | Outbound::Contradicted(..) => {
                assert_ne!(world.switch, Switch::Moved, "given back and moved: {world:#?}");
            }
            Outbound::Accepted(_) | Outbound::Debited(..) => {
                panic!("at rest where nothing rests: {world:#?}");
            }
            Outbound::PaidTwice(_) => panic!("an honest switch makes nobody pay twice: {world:#?}"),
            Outbound::Debiting { .. }
            | Outbound::CancellingDebit { .. }
            | Outbound::Inquiring { .. }
            | Outbound::Exception(..) => {}
        }
        self.ends_well(world);
    }

    /// From here on nothing fails any more: the transfer must come to its end or before two persons.
    fn ends_well(&mut self, world: &World) {
        let mut world = world.clone();
        for _ in 0..64 {
            if world.life.is_final() && world.net.is_empty() && !world.at_link {
                self.ends.insert(world.life.name());
                return;
            }
            world = if let Some(message) = world.net.pop() {
                self.deliver(&world, message).swap_remove(0)
            } else if world.at_link {
                self.line(&world).swap_remove(1)
            } else if world.life.due().is_some() {
                self.decide(&world, &Input::Due)
            } else {
                self.ends.insert(world.life.name());
                let waits =
                    matches!(world.life, Outbound::Exception(..) | Outbound::Contradicted(..));
                assert!(waits, "stuck: {world:#?}");
                return;
            };
        }
        // A switch that goes on saying 'not found' is asked for ever, and two persons look at it.
        assert!(matches!(world.life, Outbound::Exception(..)), "no end: {world:#?}");
    }
}

fn search(rules: Rules, funding: Funding, left: Left) -> Search {
    let mut search = Search { rules, worlds: 0, states: BTreeSet::new(), ends: BTreeSet::new() };
    search.run(funding, left);
    println!("{} worlds, states {:?}, ends {:?}", search.worlds, search.states, search.ends);
    search
}

const FAULTS: Left = Left { losses: 1, doubles: 1, crashes: 1, lost_lines: 1 };

#[test]
fn a_transfer_of_a_network_that_reverses_never_loses_or_doubles_money() {
    let search = search(reversing(), Funding::Core, FAULTS);
    for state in [
        "Debiting",
        "CancellingDebit",
        "Ready",
        "Sent",
        "Doubtful",
        "Reversing",
        "Exception (unreversed)",
        "Refunding",
        "Refunding (yet approved)",
        "Settled",
        "Refunded",
        "Contradicted (given back)",
        "Refused",
    ] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}

#[test]
fn a_transfer_of_a_network_that_holds_never_loses_or_doubles_money() {
    let search = search(holding(), Funding::Core, FAULTS);
    for state in ["Inquiring", "Exception (undecided)", "Settled", "Refunded", "Refused"] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}

#[test]
fn a_transfer_whose_caller_has_debited_never_loses_or_doubles_money() {
    let search = search(reversing(), by_caller(), FAULTS);
    assert!(search.states.contains("Refunded") && !search.states.contains("Refunding"));
}

#[test]
fn two_transfers_beside_each_other_never_lose_or_double_money() {
    let rules = reversing();
    let mut search = Search { rules, worlds: 0, states: BTreeSet::new(), ends: BTreeSet::new() };
    for left in [
        Left { losses: 1, doubles: 0, crashes: 0, lost_lines: 0 },
        Left { losses: 0, doubles: 1, crashes: 0, lost_lines: 0 },
        Left { losses: 0, doubles: 0, crashes: 1, lost_lines: 0 },
        Left { losses: 0, doubles: 0, crashes: 0, lost_lines: 1 },
    ] {
        search.run_two(left, 7);
    }
    println!("{} pairs of worlds, states {:?}", search.worlds, search.states);
    assert!(
        search.states.contains("Reversing") && search.states.contains("Contradicted (given back)")
    );
}
