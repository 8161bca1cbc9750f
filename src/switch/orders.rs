//! What an operator has the switch do: requests of banks that it plays, and movements that nobody asked for.

mod reader;

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

use super::accounts::{Found, Place};
use super::members::{Member, Presence};
use super::questions::{Asker, Purpose};
use super::records::{Number, Origin, State};
use super::wire::Wire;
use super::{AccountStatus, Switch};
use crate::values::{AccountNumber, Moment, ProcessingCode, ResponseCode, Rrn};

/// A movement between two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The bank of the account that pays; the switch plays it.
    pub from: Member,
    /// The bank of the account that is paid; it has signed on.
    pub to: Member,
    /// The account that pays.
    pub from_account: AccountNumber,
    /// The account that is paid.
    pub to_account: AccountNumber,
    /// How much, in minor units; twelve digits at most.
    pub minor: u64,
}

/// Something that the switch is to send to a bank, as a bank that it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A transfer.
    Credit(Deal),
    /// A QRIS payment.
    Payment(Deal),
    /// Cash at a machine of the bank `from`, out of the account `from_account` at the bank `to`.
    Withdrawal(Deal),
    /// A question for the beneficiary's name.
    Inquiry(Deal),
    /// The request of an earlier order once more, as a repeat.
    Repeat(Rrn),
    /// The reversal of an earlier order.
    Reversal(Rrn),
}

/// A transfer to be settled that no bank sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phantom {
    /// The bank that pays.
    pub from: Member,
    /// The bank that is paid.
    pub to: Member,
    /// How much, in minor units.
    pub minor: u64,
}

/// Why an order isn't carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The bank that is to pay is connected, so that it speaks for itself.
    #[error("the bank that pays isn't played by the switch")]
    NotPlayed,
    /// The bank that is to be sent something isn't there.
    #[error("the bank that is paid has not signed on")]
    NotSignedOn,
    /// The account that is to pay holds too little, or there is no such account.
    #[error("the account that pays is unknown or closed, or holds too little")]
    NotFunded,
    /// A bank owes itself nothing.
    #[error("the bank that pays is the one that is paid")]
    SameBank,
    /// More digits than DE4 has.
    #[error("the amount has more than twelve digits")]
    TooMuch,
    /// None of the last orders has this number.
    #[error("none of the last orders has RRN {0}")]
    NoSuchOrder(Rrn),
    /// It moved no money, or was reversed before.
    #[error("{0} is not to be reversed: it is {1}")]
    NotReversible(Rrn, &'static str),
    /// The network knows no reversal.
    #[error("the network knows no reversal")]
    NoReversals,
    /// The switch is at a bound.
    #[error("the switch has no room for another transfer or question")]
    Full,
}

/// The last orders, to be repeated or reversed.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Rrn, Option<Number>, Member, Wire)>);

impl Recent {
    const MAX: usize = 10_000;

    fn push(&mut self, rrn: Rrn, number: Option<Number>, to: Member, wire: Wire) {
        self.0.truncate(Self::MAX - 1);
        self.0.push_front((rrn, number, to, wire));
    }

    fn find(&self, rrn: Rrn) -> Result<(Option<Number>, Member, Wire), Refused> {
        let found = self.0.iter().find(|(known, ..)| *known == rrn);
        let found = found.ok_or(Refused::NoSuchOrder(rrn))?;
        Ok((found.1, found.2, found.3.clone()))
    }
}

const AMOUNT_MAX: u64 = 999_999_999_999;

impl Switch {
    /// Carries out an order; the RRN that its request goes under.
    ///
    /// # Errors
    /// If it can't be carried out now; nothing has happened then.
    pub fn order(&mut self, order: Order, now: Moment) -> Result<Rrn, Refused> {
        match order {
            Order::Credit(deal) => self.credit(&deal, self.dialect.transfer, now),
            Order::Payment(deal) => self.credit(&deal, self.dialect.qris, now),
            Order::Withdrawal(deal) => {
                self.possible(&deal)?;
                self.movement(&deal, self.dialect.withdrawal, None, now)
            }
            Order::Inquiry(deal) => self.inquire(&deal, now),
            Order::Repeat(rrn) => {
                let (_, to, wire) = self.recent.find(rrn)?;
                self.present(to)?;
                // If it isn't open any more its answer belongs to nothing, as on a real line.
                self.send(to, wire.repeated(), Duration::ZERO);
                Ok(rrn)
            }
            Order::Reversal(rrn) => {
                let (number, _, wire) = self.recent.find(rrn)?;
                self.dialect.reversal.ok_or(Refused::NoReversals)?;
                let number = number.ok_or(Refused::NotReversible(rrn, "an inquiry"))?;
                let state = self.records.get(number).map(|transfer| transfer.state);
                match state {
                    Some(State::Approved | State::Open(_)) => self.regret(number, &wire, now),
                    Some(other) => return Err(Refused::NotReversible(rrn, other.name())),
                    None => return Err(Refused::NotReversible(rrn, "forgotten")),
                }
                Ok(rrn)
            }
        }
    }

    /// Settles a transfer that no bank sent, as if its request had been approved; its RRN.
    ///
    /// # Errors
    /// If the banks are one, the amount is too large or there is no room.
    pub fn phantom(&mut self, phantom: Phantom, now: Moment) -> Result<Rrn, Refused> {
        let Phantom { from, to, minor } = phantom;
        let nobody = self.any_account().filter(|_| from != to).ok_or(Refused::SameBank)?;
        let deal = Deal { from, to, from_account: nobody, to_account: nobody, minor };
        let kind = self.dialect.transfer;
        let (number, _, rrn) = self.record(&deal, kind, Origin::Phantom, now)?;
        self.ledger.counts().phantoms += 1;
        self.approve(number, *b"      ");
        Ok(rrn)
    }

    fn credit(&mut self, deal: &Deal, kind: ProcessingCode, now: Moment) -> Result<Rrn, Refused> {
        self.possible(deal)?;
        let funds = self.accounts.find(deal.from, deal.from_account);
        let place = match funds {
            Found::Listed(place, AccountStatus::Open) => Some(place),
            Found::Other => None,
            Found::Listed(..) | Found::Unknown => return Err(Refused::NotFunded),
        };
        let holds = place.and_then(|place| self.accounts.balance(place));
        if holds.is_some_and(|holds| holds < deal.minor) {
            return Err(Refused::NotFunded);
        }
        self.movement(deal, kind, place, now)
    }

    /// Asks for a movement of money, for a bank that is played; what it takes of a listed account is taken at once.
    fn movement(
        &mut self,
        deal: &Deal,
        kind: ProcessingCode,
        place: Option<Place>,
        now: Moment,
    ) -> Result<Rrn, Refused> {
        let (number, wire, rrn) = self.record(deal, kind, Origin::Played, now)?;
        if let Some(transfer) = self.records.get_mut(number) {
            transfer.account = place;
            if let Some(place) = place {
                self.accounts.move_money(place, transfer.on_account());
            }
        }
        self.recent.push(rrn, Some(number), deal.to, wire.clone());
        self.ask(deal.to, wire, Purpose::Transfer(number, Asker::Switch), now);
        Ok(rrn)
    }

    fn inquire(&mut self, deal: &Deal, now: Moment) -> Result<Rrn, Refused> {
        self.possible(deal)?;
        self.ledger.counts().inquiries += 1;
        let wire = self.request_of(deal, self.dialect.inquiry, now);
        let rrn = self.issued_rrn();
        self.recent.push(rrn, None, deal.to, wire.clone());
        self.ask(deal.to, wire, Purpose::Inquiry(Asker::Switch), now);
        Ok(rrn)
    }

    fn possible(&self, deal: &Deal) -> Result<(), Refused> {
        if self.members.presence(deal.from) != Presence::Played {
            return Err(Refused::NotPlayed);
        }
        self.present(deal.to)?;
        if self.questions.len() >= self.limits.open { Err(Refused::Full) } else { Ok(()) }
    }

    fn present(&self, member: Member) -> Result<(), Refused> {
        let present = self.members.presence(member) == Presence::SignedOn;
        if present { Ok(()) } else { Err(Refused::NotSignedOn) }
    }

    /// Records a transfer that the switch makes, with its request.
    fn record(
        &mut self,
        deal: &Deal,
        kind: ProcessingCode,
        origin: Origin,
        now: Moment,
    ) -> Result<(Number, Wire, Rrn), Refused> {
        if deal.minor > AMOUNT_MAX {
            return Err(Refused::TooMuch);
        }
        let wire = self.request_of(deal, kind, now);
        let room = self.records.len() < self.limits.remembered;
        let transfer = self.terms(&wire, deal.from, now).ok().filter(|_| room);
        let mut transfer = transfer.ok_or(Refused::Full)?;
        transfer.origin = origin;
        self.ledger.counts().transfers += u64::from(origin == Origin::Played);
        Ok((self.records.insert(transfer), wire, self.issued_rrn()))
    }

    /// Takes back what a played bank has sent, as its customer wishes (reason 17).
    pub(super) fn regret(&mut self, number: Number, request: &Wire, now: Moment) {
        let Some(form) = self.dialect.reversal else { return };
        let Some(issuer) = self.records.get(number).map(|transfer| transfer.issuer) else { return };
        let reversal = self.reversal_of(request, form, ResponseCode::literal(*b"17"), now);
        self.reverse(number, &reversal);
        self.ask(issuer, reversal, Purpose::Reversal, now);
    }
}
