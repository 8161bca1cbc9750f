//! Every order of what can happen to an inbound transfer: the request again and again, its reversal before,
//! during and after it, a core that does or doesn't or is silent, crashes. What must hold is asserted in every
//! world that is reached.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use titian::transfer::{
    About, Asked, Bar, CancelAnswer, Context, Decision, Effect, Inbound, InboundFact,
    InboundInput as Input, PostingAnswer, Refusal, Reply, Rules, Undo, Was,
};
use titian::values::{Moment, ResponseCode};

use crate::rules::{Same, code, demand, reversing};

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
    Was(Books),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    /// `None` until the first message of the switch.
    life: Option<Kept>,
    books: Books,
    net: Vec<Message>,
    told: Option<ResponseCode>,
    /// Whether it was told what makes it take the request for not done, and for ever.
    told_undone: bool,
    requests: u8,
    reversals: u8,
    inquiries: u8,
    losses: u8,
    crashes: u8,
    too_late: bool,
}

/// A state that can be compared by its name and what decides.
#[derive(Clone, Debug)]
struct Kept(Inbound);

impl Kept {
    fn key(&self) -> (&'static str, Option<Undo>, u16) {
        match &self.0 {
            Inbound::Undoing { undo, tries, .. } => (self.0.name(), Some(*undo), *tries),
            Inbound::Undone { undo, .. } => (self.0.name(), Some(*undo), 0),
            Inbound::Posting { tries, .. } => (self.0.name(), None, *tries),
            _ => (self.0.name(), None, 0),
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
        if world.too_late { start.after(Duration::from_secs(1)) } else { start }
    }

    fn decide(&self, world: &World, input: &Input) -> World {
        let Some(Kept(life)) = &world.life else { panic!("nothing lives yet") };
        let mut decision = Decision::default();
        let mut context = Context { now: Self::now(world), rules: &self.rules, numbers: &mut Same };
        life.decide(input, &mut context, &mut decision);
        self.apply(world, Some(life.clone()), &decision)
    }

    fn begin(&self, world: &World, bar: Option<Bar>) -> World {
        let mut decision = Decision::default();
        let mut context = Context { now: Self::now(world), rules: &self.rules, numbers: &mut Same };
        match bar {
            Some(by) => Inbound::bar(&demand(), by, &mut context, &mut decision),
            None => Inbound::receive(&demand(), &mut context, &mut decision),
        }
        self.apply(world, None, &decision)
    }

    fn apply(
        &self,
        world: &World,
        life: Option<Inbound>,
        decision: &Decision<InboundFact>,
    ) -> World {
        let mut next = world.clone();
        let life = decision.facts.iter().fold(life, |life, fact| match life {
            None => Some(Inbound::begin(fact).unwrap()),
            Some(life) => Some(life.evolve(fact).unwrap()),
        });
        next.life = life.map(clamped).map(Kept);
        for effect in &decision.effects {
            self.release(&mut next, effect);
        }
        next.net.sort_unstable();
        next.net.truncate(4);
        next
    }

    fn release(&self, world: &mut World, effect: &Effect) {
        match effect {
            Effect::AskPosting(_) => world.net.push(Message::Post),
            Effect::CancelPosting(_) => world.net.push(Message::Cancel),
            Effect::Answer(Reply { about: About::Request, code, .. }) => {
                assert!(world.told.is_none_or(|told| told == *code), "two answers: {world:#?}");
                world.told = Some(*code);
            }
            Effect::Answer(Reply { about: About::Reversal, code, .. }) => {
                let inbound = &self.rules.inbound;
                let done = [inbound.approved, inbound.reversed_already, inbound.reversal_before];
                world.told_undone |= done.contains(code);
            }
            Effect::Answer(Reply { about: About::Status, code, .. }) => {
                let inbound = &self.rules.inbound;
                assert!(*code != inbound.approved || !world.told_undone, "{world:#?}");
                world.told_undone |= [inbound.undone, inbound.not_found].contains(code);
            }
            Effect::Raise(..) | Effect::Tell(..) => {}
            Effect::SendRequest(_) | Effect::SendReversal(_) | Effect::SendStatusInquiry(..) => {
                panic!("inbound sends nothing by itself")
            }
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
            let came = World { requests: world.requests - 1, ..world.clone() };
            next.push(if came.life.is_some() {
                self.decide(&came, &Input::Again(Asked::from(&demand())))
            } else {
                self.begin(&came, None)
            });
        }
        if world.reversals > 0 {
            let came = World { reversals: world.reversals - 1, ..world.clone() };
            let reversal = Input::Reversal(Asked::from(&demand()));
            next.push(if came.life.is_some() {
                self.decide(&came, &reversal)
            } else {
                self.begin(&came, Some(Bar::Reversal))
            });
        }
        if world.inquiries > 0 {
            let came = World { inquiries: world.inquiries - 1, ..world.clone() };
            next.push(if came.life.is_some() {
                self.decide(&came, &Input::StatusAsked(Asked::from(&demand())))
            } else {
                self.begin(&came, Some(Bar::StatusInquiry))
            });
        }
        if let Some(Kept(life)) = &world.life {
            if life.due().is_some() {
                next.push(self.decide(world, &Input::Due));
            }
            if world.crashes > 0 {
                let crashed = World { crashes: world.crashes - 1, ..world.clone() };
                next.push(self.decide(&crashed, &Input::Restarted));
            }
        }
        if !world.too_late {
            next.push(World { too_late: true, ..world.clone() });
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
        let posting = |answer| vec![self.decide(rest, &Input::Posting(answer))];
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
            Message::Cancel => vec![with(Books::Cancelled, Message::Was(rest.books))],
            Message::Posted => posting(PostingAnswer::Posted),
            Message::Refused => posting(PostingAnswer::Refused(Refusal::NoSuchAccount)),
            Message::Barred => posting(PostingAnswer::Barred),
            Message::Was(books) => {
                let was = match books {
                    Books::Nothing => Was::Absent,
                    Books::Posted => Was::Posted,
                    Books::Cancelled => Was::Cancelled,
                };
                vec![self.decide(rest, &Input::Cancel(CancelAnswer::Was(was)))]
            }
        }
    }

    fn run(&mut self) {
        let first = World {
            life: None,
            books: Books::Nothing,
            net: Vec::new(),
            told: None,
            told_undone: false,
            requests: 2,
            reversals: 2,
            inquiries: 2,
            losses: 1,
            crashes: 1,
            too_late: false,
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
        let Some(Kept(life)) = &world.life else { return };
        self.states.insert(life.name());
        match life {
            Inbound::Approved { .. } => {
                assert_eq!(world.books, Books::Posted, "told approved without it: {world:#?}");
                assert_eq!(world.told, Some(code("00")));
                assert!(!world.told_undone, "told undone, and it stands: {world:#?}");
            }
            Inbound::Declined { .. } | Inbound::Undone { .. } | Inbound::Barred(..) => {
                assert_ne!(world.books, Books::Posted, "it stands: {world:#?}");
                let posts = world.net.contains(&Message::Post) && world.books == Books::Nothing;
                assert!(!posts, "it may stand yet: {world:#?}");
            }
            Inbound::Posting { .. } => assert_eq!(world.told, None, "told too early: {world:#?}"),
            Inbound::Undoing { .. } => {}
            Inbound::Received(_) | Inbound::Posted(..) | Inbound::Rejected(..) => {
                panic!("at rest where nothing rests: {world:#?}")
            }
        }
        self.ends_well(world);
    }

    /// From here on nothing fails any more, and nothing new comes: the transfer must come to its end.
    fn ends_well(&self, world: &World) {
        let mut world = world.clone();
        for _ in 0..32 {
            let Some(Kept(life)) = &world.life else { return };
            world = if let Some(message) = world.net.pop() {
                self.deliver(&world, message).swap_remove(0)
            } else if life.due().is_some() {
                self.decide(&world, &Input::Due)
            } else {
                return;
            };
        }
        panic!("no end: {world:#?}");
    }
}

fn clamped(mut life: Inbound) -> Inbound {
    match &mut life {
        Inbound::Posting { tries, .. } | Inbound::Undoing { tries, .. } => *tries = (*tries).min(2),
        _ => {}
    }
    life
}

#[test]
fn an_inbound_transfer_stands_when_the_switch_was_told_so_and_only_then() {
    let mut search = Search { rules: reversing(), worlds: 0, states: BTreeSet::new() };
    search.run();
    println!("{} worlds, states {:?}", search.worlds, search.states);
    for state in ["Posting", "Approved", "Declined", "Undoing", "Undone", "Barred"] {
        assert!(search.states.contains(state), "{state} was not reached");
    }
}
