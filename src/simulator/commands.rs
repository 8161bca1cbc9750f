//! Commands of the admin interface: requests of simulated banks, and phantom transfers.

mod reader;

use std::time::Duration;

use thiserror::Error;

use super::accounts::{AccountIndex, AccountLookup, AccountStatus};
use super::members::{Member, Presence};
use super::message::TextMessage;
use super::model::Switch;
use super::open_requests::{Originator, Purpose};
use super::records::{Origin, State, TransferNumber};
use crate::values::{AccountNumber, Moment, ProcessingCode, Rrn};

/// The banks, accounts and amount of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDetails {
    /// The bank that sends the request, which must be simulated.
    pub from: Member,
    /// The bank that receives the request, which must have signed on.
    pub to: Member,
    /// The account that is debited.
    pub from_account: AccountNumber,
    /// The account that is credited.
    pub to_account: AccountNumber,
    /// The amount in minor units, at most twelve digits.
    pub minor: u64,
}

/// A command to send a request to a bank, as a simulated bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundCommand {
    /// A transfer.
    Credit(RequestDetails),
    /// A QRIS payment.
    QrisPayment(RequestDetails),
    /// A cash withdrawal at a machine of the bank `from`, from the account `from_account` at the bank `to`.
    Withdrawal(RequestDetails),
    /// An inquiry for the beneficiary's name.
    Inquiry(RequestDetails),
    /// An inquiry for the balance of the account `from_account` at the bank `to`.
    BalanceInquiry(RequestDetails),
    /// A repeat of an earlier request.
    Repeat(Rrn),
    /// The reversal of an earlier request.
    Reversal(Rrn),
    /// A partial reversal of an approved request: the actual amount stays, in minor units. Zero is a full reversal.
    PartialReversal(Rrn, u64),
}

/// A transfer that the switch settles without a request of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhantomTransfer {
    /// The bank that pays.
    pub from: Member,
    /// The bank that is paid.
    pub to: Member,
    /// The amount in minor units.
    pub minor: u64,
}

/// The reason why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The sending bank has connected, so the switch does not simulate it.
    #[error("from: the switch does not simulate this bank, since it has connected")]
    NotSimulated,
    /// The receiving bank has not signed on.
    #[error("to: this bank has not signed on")]
    NotSignedOn,
    /// The debited account is unknown or closed, or its balance is too low.
    #[error("from_account: the account is unknown or closed, or its balance is too low")]
    InsufficientFunds,
    /// Both banks are the same.
    #[error("from, to: must be two different banks")]
    SameBank,
    /// The amount has more digits than DE4.
    #[error("amount_minor: must have at most twelve digits")]
    AmountTooLarge,
    /// The RRN is not that of a recent request.
    #[error("rrn: not found among the last 10000 requests of the switch (RRN {0})")]
    UnknownRrn(Rrn),
    /// The request moved no money, or was reversed before.
    #[error("rrn: cannot be reversed: the request is {1} (RRN {0})")]
    NotReversible(Rrn, &'static str),
    /// The network has no reversals.
    #[error("the network has no reversals")]
    ReversalsUnsupported,
    /// The network has no cut-over message.
    #[error("the network has no cut-over message")]
    CutOverUnsupported,
    /// The switch is at a bound.
    #[error("the switch has no room for another transfer or open request; try again later")]
    Full,
}

const AMOUNT_MAX: u64 = 999_999_999_999;

impl Switch {
    /// Sends a request to a bank. Returns its RRN.
    ///
    /// # Errors
    /// If the command cannot be carried out now. It has no effect then.
    pub fn send_inbound(
        &mut self,
        command: InboundCommand,
        now: Moment,
    ) -> Result<Rrn, CommandError> {
        match command {
            InboundCommand::Credit(details) => self.send_credit(&details, self.rules.transfer, now),
            InboundCommand::QrisPayment(details) => {
                self.send_credit(&details, self.rules.qris, now)
            }
            InboundCommand::Withdrawal(details) => {
                self.check_possible(&details)?;
                self.send_transfer(&details, self.rules.withdrawal, None, now)
            }
            InboundCommand::Inquiry(details) => {
                self.send_inquiry(&details, self.rules.inquiry, now)
            }
            InboundCommand::BalanceInquiry(details) => {
                self.send_inquiry(&details, self.rules.balance_inquiry, now)
            }
            InboundCommand::Repeat(rrn) => {
                let (_, to, message) =
                    self.recent.find(rrn).ok_or(CommandError::UnknownRrn(rrn))?;
                self.check_signed_on(to)?;
                // If the request is closed, the response to the repeat is unmatched, as at a real switch.
                self.send(to, message.into_repeat(), Duration::ZERO);
                Ok(rrn)
            }
            InboundCommand::Reversal(rrn) => self.reverse_recent(rrn, None, now),
            InboundCommand::PartialReversal(rrn, actual) => {
                self.reverse_recent(rrn, Some(actual), now)
            }
        }
    }

    /// Reverses a recent request, or a part of it.
    fn reverse_recent(
        &mut self,
        rrn: Rrn,
        actual: Option<u64>,
        now: Moment,
    ) -> Result<Rrn, CommandError> {
        let (number, _, message) = self.recent.find(rrn).ok_or(CommandError::UnknownRrn(rrn))?;
        self.rules.reversal.ok_or(CommandError::ReversalsUnsupported)?;
        let number = number.ok_or(CommandError::NotReversible(rrn, "an inquiry"))?;
        let not_reversible = |state| Err(CommandError::NotReversible(rrn, state));
        match self.records.get(number) {
            Some(transfer) if transfer.is_being_reversed => not_reversible("being reversed"),
            Some(transfer) if transfer.returned > 0 => not_reversible("partly reversed"),
            Some(transfer) => match transfer.state {
                State::Open(_) if actual.is_some() => not_reversible("open"),
                State::Approved | State::Open(_) => {
                    self.send_reversal(number, &message, actual, now);
                    Ok(rrn)
                }
                other => not_reversible(other.name()),
            },
            None => not_reversible("forgotten"),
        }
    }

    /// Settles a transfer that no bank sent, as if its request had been approved. Returns its RRN.
    ///
    /// # Errors
    /// If both banks are the same, the amount is too large, or the switch is at a bound.
    pub fn settle_phantom(
        &mut self,
        phantom: PhantomTransfer,
        now: Moment,
    ) -> Result<Rrn, CommandError> {
        let PhantomTransfer { from, to, minor } = phantom;
        let account = self.any_account().filter(|_| from != to).ok_or(CommandError::SameBank)?;
        let details =
            RequestDetails { from, to, from_account: account, to_account: account, minor };
        let (number, _, rrn) =
            self.record_transfer(&details, self.rules.transfer, Origin::Phantom, now)?;
        self.ledger.counts().phantoms += 1;
        self.approve(number, *b"      ");
        Ok(rrn)
    }

    fn send_credit(
        &mut self,
        details: &RequestDetails,
        kind: ProcessingCode,
        now: Moment,
    ) -> Result<Rrn, CommandError> {
        self.check_possible(details)?;
        let index = match self.accounts.find(details.from, details.from_account) {
            AccountLookup::Listed(index, AccountStatus::Open) => Some(index),
            AccountLookup::Unlisted => None,
            AccountLookup::Listed(..) | AccountLookup::Unknown => {
                return Err(CommandError::InsufficientFunds);
            }
        };
        let balance = index.and_then(|index| self.accounts.balance(index));
        if balance.is_some_and(|balance| balance < details.minor) {
            return Err(CommandError::InsufficientFunds);
        }
        self.send_transfer(details, kind, index, now)
    }

    /// Sends a transfer request of a simulated bank, and debits a listed account at once.
    fn send_transfer(
        &mut self,
        details: &RequestDetails,
        kind: ProcessingCode,
        account: Option<AccountIndex>,
        now: Moment,
    ) -> Result<Rrn, CommandError> {
        let (number, message, rrn) = self.record_transfer(details, kind, Origin::Switch, now)?;
        if let Some(transfer) = self.records.get_mut(number) {
            transfer.account = account;
            if let Some(account) = account {
                self.accounts.move_money(account, transfer.account_change(transfer.minor));
            }
        }
        self.recent.push(rrn, Some(number), details.to, message.clone());
        let purpose = Purpose::Transfer(number, Originator::Switch);
        self.send_request(details.to, message, purpose, now);
        Ok(rrn)
    }

    fn send_inquiry(
        &mut self,
        details: &RequestDetails,
        kind: ProcessingCode,
        now: Moment,
    ) -> Result<Rrn, CommandError> {
        self.check_possible(details)?;
        self.ledger.counts().inquiries += 1;
        let message = self.bank_request(details, kind, now);
        let rrn = self.last_rrn();
        self.recent.push(rrn, None, details.to, message.clone());
        self.send_request(details.to, message, Purpose::Inquiry(Originator::Switch), now);
        Ok(rrn)
    }

    fn check_possible(&self, details: &RequestDetails) -> Result<(), CommandError> {
        if self.members.presence(details.from) != Presence::Simulated {
            return Err(CommandError::NotSimulated);
        }
        self.check_signed_on(details.to)?;
        let is_full = self.open_requests.len() >= self.limits.open_requests;
        if is_full { Err(CommandError::Full) } else { Ok(()) }
    }

    fn check_signed_on(&self, member: Member) -> Result<(), CommandError> {
        let is_signed_on = self.members.presence(member) == Presence::SignedOn;
        if is_signed_on { Ok(()) } else { Err(CommandError::NotSignedOn) }
    }

    /// Records a transfer of the switch, and builds its request.
    fn record_transfer(
        &mut self,
        details: &RequestDetails,
        kind: ProcessingCode,
        origin: Origin,
        now: Moment,
    ) -> Result<(TransferNumber, TextMessage, Rrn), CommandError> {
        if details.minor > AMOUNT_MAX {
            return Err(CommandError::AmountTooLarge);
        }
        let message = self.bank_request(details, kind, now);
        let has_room = self.records.len() < self.limits.transfers;
        let transfer = self.read_transfer(&message, details.from, now).ok().filter(|_| has_room);
        let mut transfer = transfer.ok_or(CommandError::Full)?;
        transfer.origin = origin;
        self.ledger.counts().transfers += u64::from(origin == Origin::Switch);
        Ok((self.records.insert(transfer), message, self.last_rrn()))
    }
}
