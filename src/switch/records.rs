//! Every transfer as the switch saw it, in the order in which they came.

use std::collections::{HashMap, VecDeque};

use super::accounts::Place;
use super::keys::Key;
use super::members::Member;
use crate::values::{Date, Moment, ProcessingCode, ResponseCode, Rrn, Stan};

/// A transfer, by how many came before it. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Number(pub(super) u64);

/// What became of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The destination was asked. With a code, the originator was told that it doesn't answer.
    Open(Option<ResponseCode>),
    /// Money moved.
    Approved,
    /// Refused with this code.
    Declined(ResponseCode),
    /// The destination did not answer in time, so it is reversed there and never moves.
    Unanswered,
    /// Undone. It had moved money if it has a date of return.
    Reversed,
    /// A reversal came, and no request yet. It is refused when it comes.
    Barred,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Approved => "approved",
            Self::Declined(_) => "declined",
            Self::Unanswered => "unanswered",
            Self::Reversed => "reversed",
            Self::Barred => "barred",
        }
    }
}

/// What is remembered of a transfer. Kept small, since a day has a million of them.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) key: Key,
    pub(super) minor: u64,
    /// A number over accounts and destination, to tell a repeat from another request under the same key.
    pub(super) parties: u64,
    /// DE7, with its year.
    pub(super) transmitted: Moment,
    /// A number over the numbers of the reversal that undid it, to tell its repeat from another one.
    pub(super) reversal: u64,
    pub(super) stan: Stan,
    /// The bank that asked, and the one that was asked.
    pub(super) acquirer: Member,
    pub(super) issuer: Member,
    pub(super) payer: Payer,
    /// The business date on which it came or, if later, moved money.
    pub(super) date: Date,
    /// The business date on which money that had moved was given back.
    pub(super) returned: Option<Date>,
    /// The listed account that it pays or draws on, at a bank that the switch plays.
    pub(super) account: Option<Place>,
    pub(super) rrn: Rrn,
    pub(super) processing: ProcessingCode,
    /// DE38 of an approved one.
    pub(super) authorization: [u8; 6],
    pub(super) state: State,
    /// Settled by the switch alone.
    pub(super) origin: Origin,
}

/// Which of its banks pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payer {
    /// The one that asks, as in a transfer.
    Acquirer,
    /// The one that is asked, as for cash at another bank's machine.
    Issuer,
}

/// Where a transfer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A bank asked for it.
    Bank,
    /// The switch made it for a bank that it plays.
    Played,
    /// Nobody asked for it.
    Phantom,
}

impl Transfer {
    /// The bank that pays.
    pub(super) fn from(&self) -> Member {
        if self.payer == Payer::Acquirer { self.acquirer } else { self.issuer }
    }

    /// The bank that is paid.
    pub(super) fn to(&self) -> Member {
        if self.payer == Payer::Acquirer { self.issuer } else { self.acquirer }
    }

    /// The last business date whose settlement file has it.
    pub(super) fn last(&self) -> Date {
        self.returned.map_or(self.date, |returned| returned.max(self.date))
    }

    /// What it changes on its listed account, in minor units.
    pub(super) fn on_account(&self) -> i128 {
        let minor = i128::from(self.minor);
        let is_paid = self.origin == Origin::Bank && self.payer == Payer::Acquirer;
        if is_paid { minor } else { -minor }
    }

    /// Whether it moved money that was not given back.
    pub(super) fn stands(&self) -> bool {
        self.state == State::Approved
    }

    /// Whether it moved money and that stood when its business date ended.
    pub(super) fn settled(&self) -> bool {
        self.stands() || self.returned.is_some_and(|returned| returned != self.date)
    }
}

/// The transfers of today and yesterday, as business dates go.
#[derive(Debug, Default)]
pub(super) struct Records {
    transfers: VecDeque<Transfer>,
    first: u64,
    numbers: HashMap<Key, Number>,
}

impl Records {
    pub(super) fn len(&self) -> usize {
        self.transfers.len()
    }

    pub(super) fn find(&self, key: Key) -> Option<Number> {
        self.numbers.get(&key).copied()
    }

    pub(super) fn insert(&mut self, transfer: Transfer) -> Number {
        let number = Number(self.first + self.transfers.len() as u64);
        self.numbers.insert(transfer.key, number);
        self.transfers.push_back(transfer);
        number
    }

    pub(super) fn get(&self, number: Number) -> Option<&Transfer> {
        self.transfers.get(self.place(number)?)
    }

    pub(super) fn get_mut(&mut self, number: Number) -> Option<&mut Transfer> {
        let place = self.place(number)?;
        self.transfers.get_mut(place)
    }

    /// From a number on, in the order in which they came.
    pub(super) fn from(&self, number: Number) -> impl Iterator<Item = (Number, &Transfer)> {
        let skipped = number.0.saturating_sub(self.first);
        let place = usize::try_from(skipped).unwrap_or(usize::MAX).min(self.transfers.len());
        let numbers = (self.first + place as u64..).map(Number);
        numbers.zip(self.transfers.range(place..))
    }

    /// Forgets those of dates before this one. One that moved money later than those around it keeps what came
    /// after it for a day longer, and so does an open one, and one that was given back later.
    pub(super) fn forget_before(&mut self, date: Date, mut forgets: impl FnMut(&Transfer)) {
        let is_old =
            |oldest: &mut Transfer| oldest.last() < date && !matches!(oldest.state, State::Open(_));
        while let Some(oldest) = self.transfers.pop_front_if(is_old) {
            self.numbers.remove(&oldest.key);
            self.first += 1;
            forgets(&oldest);
        }
    }

    fn place(&self, number: Number) -> Option<usize> {
        usize::try_from(number.0.checked_sub(self.first)?).ok()
    }
}
