//! The transfers at the switch, in the order in which they came.

use std::collections::{HashMap, VecDeque};

use super::accounts::AccountIndex;
use super::keys::MessageKey;
use super::members::Member;
use crate::values::{Date, Moment, ProcessingCode, ResponseCode, Rrn, Stan};

/// The number of a transfer: how many transfers came before it. A number is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TransferNumber(pub(super) u64);

/// The state of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The request was sent to the destination. With a code, the originator got it as the response: 'no response'.
    Open(Option<ResponseCode>),
    /// Approved: money moved.
    Approved,
    /// Declined with this code.
    Declined(ResponseCode),
    /// The destination did not respond in time. It gets a reversal, and no money moves.
    Unanswered,
    /// Reversed. Money had moved if the transfer has a date of reversal.
    Reversed,
    /// A reversal came before the request. The request will be refused.
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

/// A transfer on record. It is small, since a day may have a million of them.
#[derive(Clone, Debug)]
pub(super) struct TransferRecord {
    pub(super) key: MessageKey,
    pub(super) minor: u64,
    /// A hash of the accounts. It tells a repeat from another request under the same key.
    pub(super) accounts_hash: u64,
    /// The transmission time (DE7), with its year.
    pub(super) transmitted: Moment,
    /// A hash of the trace numbers of its reversal. It tells a repeat of the reversal from another reversal.
    pub(super) reversal_hash: u64,
    pub(super) stan: Stan,
    /// The bank that sent the request.
    pub(super) acquirer: Member,
    /// The bank that the request is for.
    pub(super) issuer: Member,
    /// Whether its request names the issuer as the acquirer, by a fault.
    pub(super) names_issuer: bool,
    pub(super) payer: Payer,
    /// The business date of its outcome, or of its request while it has none.
    pub(super) date: Date,
    /// The business date on which a reversal returned money that had moved, or a part of it.
    pub(super) reversed_on: Option<Date>,
    /// What a partial reversal returned, in minor units.
    pub(super) returned: u64,
    /// Whether a reversal of the switch waits for the bank's confirmation.
    pub(super) is_being_reversed: bool,
    /// The listed account of a simulated bank that it credits or debits.
    pub(super) account: Option<AccountIndex>,
    pub(super) rrn: Rrn,
    pub(super) processing: ProcessingCode,
    /// The authorization code (DE38) of an approved transfer.
    pub(super) authorization: [u8; 6],
    pub(super) state: State,
    pub(super) origin: Origin,
}

/// The bank that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payer {
    /// The bank that sends the request, as in a transfer.
    Acquirer,
    /// The bank that the request is for, as in a cash withdrawal at another bank's machine.
    Issuer,
}

/// The origin of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A request of a connected bank.
    Bank,
    /// A request of the switch, for a simulated bank.
    Switch,
    /// No request: the switch settled it on its own.
    Phantom,
}

impl TransferRecord {
    /// Returns the bank that pays.
    pub(super) fn from(&self) -> Member {
        if self.payer == Payer::Acquirer { self.acquirer } else { self.issuer }
    }

    /// Returns the bank that is paid.
    pub(super) fn to(&self) -> Member {
        if self.payer == Payer::Acquirer { self.issuer } else { self.acquirer }
    }

    /// Returns the last business date whose settlement file contains it.
    pub(super) fn last_date(&self) -> Date {
        self.reversed_on.map_or(self.date, |reversed_on| reversed_on.max(self.date))
    }

    /// Returns the change of its listed account's balance for an amount of it, in minor units.
    pub(super) fn account_change(&self, minor: u64) -> i128 {
        let minor = i128::from(minor);
        let is_paid = self.origin == Origin::Bank && self.payer == Payer::Acquirer;
        if is_paid { minor } else { -minor }
    }

    /// Whether it moved money and no reversal returned it.
    pub(super) fn is_settled(&self) -> bool {
        self.state == State::Approved
    }

    /// Whether it moved money and no reversal returned it on the same business date.
    pub(super) fn was_settled_on_its_date(&self) -> bool {
        self.is_settled() || self.reversed_on.is_some_and(|reversed_on| reversed_on != self.date)
    }
}

/// The transfers of the current business date and the one before.
#[derive(Debug, Default)]
pub(super) struct TransferRecords {
    transfers: VecDeque<TransferRecord>,
    first: u64,
    numbers: HashMap<MessageKey, TransferNumber>,
}

impl TransferRecords {
    pub(super) fn len(&self) -> usize {
        self.transfers.len()
    }

    pub(super) fn find(&self, key: MessageKey) -> Option<TransferNumber> {
        self.numbers.get(&key).copied()
    }

    pub(super) fn insert(&mut self, transfer: TransferRecord) -> TransferNumber {
        let number = TransferNumber(self.first + self.transfers.len() as u64);
        self.numbers.insert(transfer.key, number);
        self.transfers.push_back(transfer);
        number
    }

    pub(super) fn get(&self, number: TransferNumber) -> Option<&TransferRecord> {
        self.transfers.get(self.index(number)?)
    }

    pub(super) fn get_mut(&mut self, number: TransferNumber) -> Option<&mut TransferRecord> {
        let index = self.index(number)?;
        self.transfers.get_mut(index)
    }

    /// Returns the transfers from a number on, in the order in which they came.
    pub(super) fn from(
        &self,
        number: TransferNumber,
    ) -> impl Iterator<Item = (TransferNumber, &TransferRecord)> {
        let skipped = number.0.saturating_sub(self.first);
        let index = usize::try_from(skipped).unwrap_or(usize::MAX).min(self.transfers.len());
        let numbers = (self.first + index as u64..).map(TransferNumber);
        numbers.zip(self.transfers.range(index..))
    }

    /// Forgets the transfers of earlier dates than this.
    ///
    /// It forgets in the order of arrival and stops at the first transfer to keep. So an open transfer, one that is being
    /// reversed, or one with a later outcome or reversal, keeps those behind it for a day longer.
    pub(super) fn forget_before(&mut self, date: Date, mut on_forget: impl FnMut(&TransferRecord)) {
        let is_old = |oldest: &mut TransferRecord| {
            oldest.last_date() < date
                && !matches!(oldest.state, State::Open(_))
                && !oldest.is_being_reversed
        };
        while let Some(oldest) = self.transfers.pop_front_if(is_old) {
            self.numbers.remove(&oldest.key);
            self.first += 1;
            on_forget(&oldest);
        }
    }

    fn index(&self, number: TransferNumber) -> Option<usize> {
        usize::try_from(number.0.checked_sub(self.first)?).ok()
    }
}
