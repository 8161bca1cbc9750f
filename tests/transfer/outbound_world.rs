//! The world of the search: core, an honest switch, messages in flight, and the faults left.

use std::fmt::Write as _;
use std::time::Duration;

use titian::transfer::{
    CancelReply, Effect, ExceptionCause, OutboundInput, OutboundState, OutboundTransfer,
    PendingCancel, PostingReply, PriorPosting, Refusal,
};
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
    Reversed,
}

/// A message in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Post,
    Cancel,
    Core(CoreReply),
    Request,
    Reversal,
    StatusInquiry,
    Response(&'static str),
    ReversalResponse(&'static str),
    StatusResponse(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum CoreReply {
    Posted,
    Refused,
    Barred,
    PriorPosting(Books),
}

/// The faults that may still happen. The number is limited so that the search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) losses: u8,
    pub(super) duplicates: u8,
    pub(super) crashes: u8,
    pub(super) lost_connections: u8,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) transfer: OutboundTransfer,
    pub(super) books: Books,
    pub(super) switch: Switch,
    pub(super) net: Vec<Message>,
    pub(super) left: Left,
    /// Whether the link has the request and has not reported on it.
    pub(super) at_link: bool,
    pub(super) is_two_days_later: bool,
}

/// The most messages in flight at once; the search drops more.
pub(super) const NET_MAX: usize = 4;

pub(super) fn now(world: &World) -> Moment {
    let start = Moment::from_millis(1_000_000);
    if world.is_two_days_later { start.after(Duration::from_hours(48)) } else { start }
}

pub(super) fn core_input(reply: CoreReply) -> OutboundInput {
    match reply {
        CoreReply::Posted => OutboundInput::Posting(PostingReply::Posted),
        CoreReply::Refused => {
            OutboundInput::Posting(PostingReply::Refused(Refusal::InsufficientFunds))
        }
        CoreReply::Barred => OutboundInput::Posting(PostingReply::Barred),
        CoreReply::PriorPosting(books) => {
            OutboundInput::Cancel(CancelReply::Cancelled(match books {
                Books::Nothing => PriorPosting::Absent,
                Books::Posted => PriorPosting::Posted,
                Books::Cancelled => PriorPosting::Cancelled,
            }))
        }
    }
}

/// Whether a message can be duplicated. TCP and HTTP duplicate nothing. The switch may send a response twice, and a
/// reversal may reach it twice.
pub(super) fn can_duplicate(message: Message) -> bool {
    !matches!(message, Message::Post | Message::Cancel | Message::Request)
}

/// At a deadline or a crash the request leaves the link: it was written without our knowledge, or it never will be.
/// The link guarantees that it writes nothing after its deadline.
pub(super) fn without_link_request(world: &World) -> Vec<World> {
    if !world.at_link {
        return vec![world.clone()];
    }
    let dropped = World { at_link: false, ..world.clone() };
    let mut written = dropped.clone();
    written.net.push(Message::Request);
    vec![dropped, written]
}

pub(super) fn with_message(rest: &World, switch: Switch, message: Message) -> World {
    let mut world = World { switch, ..rest.clone() };
    world.net.push(message);
    world
}

pub(super) fn release(world: &mut World, effect: &Effect) {
    match effect {
        Effect::RequestPosting(_) => world.net.push(Message::Post),
        Effect::CancelPosting(_) => world.net.push(Message::Cancel),
        Effect::SendRequest(_) => world.at_link = true,
        Effect::SendReversal(_) => world.net.push(Message::Reversal),
        Effect::SendStatusInquiry(_) => world.net.push(Message::StatusInquiry),
        Effect::Respond(_) | Effect::CountInbound(..) | Effect::CancelPart(_) => {
            panic!("an effect of an inbound transfer")
        }
        Effect::NotifyChannel(_) | Effect::Alert(..) => {}
    }
}

/// The key of a world. Counters only grow; above these values decisions do not differ, so worlds with higher ones are the same.
pub(super) fn key(world: &World) -> String {
    let mut key = String::new();
    let World { transfer, books, switch, net, left, at_link, is_two_days_later } = world;
    let tries = |tries: u16| tries.min(2);
    // An exception comes after the second attempt, or after a refusal of core, which this core never gives.
    let cancel = |cancel: &PendingCancel| format!("{}{}", cancel.tries.min(3), cancel.is_exception);
    let detail = match transfer.state() {
        OutboundState::CancellingDebit { reason, cancel: own } => {
            format!("{reason:?}{}", cancel(own))
        }
        OutboundState::Debiting { tries: own, .. }
        | OutboundState::Inquiring { tries: own, .. } => tries(*own).to_string(),
        OutboundState::Refunding { reason, cancel: own, .. } => {
            format!("{reason:?}{}", cancel(own))
        }
        OutboundState::Reversing(_, reversal)
        | OutboundState::Exception(_, ExceptionCause::Unreversed(reversal)) => {
            format!("{}{}", tries(reversal.tries), reversal.not_found.min(2))
        }
        OutboundState::Settled { by, .. } => format!("{by:?}"),
        OutboundState::Refunded { reason, .. } => format!("{reason:?}"),
        OutboundState::Rejected(reason) => format!("{reason:?}"),
        _ => String::new(),
    };
    let _ = write!(
        key,
        "{}{detail}{books:?}{switch:?}{net:?}{left:?}{at_link}{is_two_days_later}",
        transfer.properties().name
    );
    key
}
