//! The world of the search: a core, an honest switch, messages on their way, and what may still fail.

use std::fmt::Write as _;
use std::time::Duration;

use titian::transfer::{CancelAnswer, Cause, Effect, Input, Outbound, PostingAnswer, Refusal, Was};
use titian::values::Moment;

/// What core has under the transfer's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Books {
    Nothing,
    Posted,
    Cancelled,
}

/// What the switch knows of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Switch {
    Unaware,
    Moved,
    Declined,
    Undone,
}

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Post,
    Cancel,
    CoreSays(CoreSays),
    Request,
    Reversal,
    StatusInquiry,
    Answer(&'static str),
    ReversalAnswer(&'static str),
    StatusAnswer(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum CoreSays {
    Posted,
    Refused,
    Barred,
    Was(Books),
}

/// Faults that may still happen, so that the search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) losses: u8,
    pub(super) doubles: u8,
    pub(super) crashes: u8,
    pub(super) lost_lines: u8,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) life: Outbound,
    pub(super) books: Books,
    pub(super) switch: Switch,
    pub(super) net: Vec<Message>,
    pub(super) left: Left,
    /// The request is handed to the link, which has not yet told what became of it.
    pub(super) at_link: bool,
    pub(super) two_days_on: bool,
}

/// Messages that may be on their way at once; more are not looked at.
pub(super) const NET_MAX: usize = 4;

pub(super) fn now(world: &World) -> Moment {
    let start = Moment::from_millis(1_000_000);
    if world.two_days_on { start.after(Duration::from_hours(48)) } else { start }
}

pub(super) fn core_input(said: CoreSays) -> Input {
    match said {
        CoreSays::Posted => Input::Posting(PostingAnswer::Posted),
        CoreSays::Refused => Input::Posting(PostingAnswer::Refused(Refusal::InsufficientFunds)),
        CoreSays::Barred => Input::Posting(PostingAnswer::Barred),
        CoreSays::Was(books) => Input::Cancel(CancelAnswer::Was(match books {
            Books::Nothing => Was::Absent,
            Books::Posted => Was::Posted,
            Books::Cancelled => Was::Cancelled,
        })),
    }
}

/// TCP and HTTP double nothing; a switch may send an answer twice, and a reversal reaches it twice.
pub(super) fn may_double(message: Message) -> bool {
    !matches!(message, Message::Post | Message::Cancel | Message::Request)
}

/// At a deadline or a crash nothing stays at the link: it was written, unknown to us, or never will be. That a
/// link writes nothing after its deadline is its part of the bargain.
pub(super) fn off_the_link(world: &World) -> Vec<World> {
    if !world.at_link {
        return vec![world.clone()];
    }
    let dropped = World { at_link: false, ..world.clone() };
    let mut written = dropped.clone();
    written.net.push(Message::Request);
    vec![dropped, written]
}

pub(super) fn on_the_way(rest: &World, switch: Switch, message: Message) -> World {
    let mut world = World { switch, ..rest.clone() };
    world.net.push(message);
    world
}

pub(super) fn release(world: &mut World, effect: &Effect) {
    match effect {
        Effect::AskPosting(_) => world.net.push(Message::Post),
        Effect::CancelPosting(_) => world.net.push(Message::Cancel),
        Effect::SendRequest(_) => world.at_link = true,
        Effect::SendReversal(_) => world.net.push(Message::Reversal),
        Effect::SendStatusInquiry(..) => world.net.push(Message::StatusInquiry),
        Effect::Answer(_) => panic!("outbound answers nobody"),
        Effect::Tell(..) | Effect::Raise(..) => {}
    }
}

/// Counts that only grow would make every world new; above what decides they are alike.
pub(super) fn clamped(mut life: Outbound) -> Outbound {
    match &mut life {
        Outbound::Debiting { tries, .. }
        | Outbound::CancellingDebit { tries, .. }
        | Outbound::Inquiring { tries, .. }
        | Outbound::Refunding { tries, .. } => *tries = (*tries).min(2),
        Outbound::Reversing(_, reversal) | Outbound::Exception(_, Cause::Unreversed(reversal)) => {
            reversal.tries = reversal.tries.min(2);
            reversal.not_found = reversal.not_found.min(2);
        }
        _ => {}
    }
    life
}

pub(super) fn key(world: &World) -> String {
    let mut key = String::new();
    let World { life, books, switch, net, left, at_link, two_days_on } = world;
    let detail = match life {
        Outbound::CancellingDebit { why, tries, .. } => format!("{why:?}{tries}"),
        Outbound::Debiting { tries, .. } | Outbound::Inquiring { tries, .. } => format!("{tries}"),
        Outbound::Refunding { why, tries, .. } => format!("{why:?}{tries}"),
        Outbound::Reversing(_, reversal) | Outbound::Exception(_, Cause::Unreversed(reversal)) => {
            format!("{}{}", reversal.tries, reversal.not_found)
        }
        Outbound::Settled { by, .. } => format!("{by:?}"),
        Outbound::Refunded { why, .. } => format!("{why:?}"),
        Outbound::Refused { why, .. } => format!("{why:?}"),
        _ => String::new(),
    };
    let _ = write!(
        key,
        "{}{detail}{books:?}{switch:?}{net:?}{left:?}{at_link}{two_days_on}",
        life.name()
    );
    key
}
