//! Financial requests of banks: inquiries, transfers, questions for the status.

use super::accounts::{Found, Place};
use super::compose::response;
use super::dialect::Service;
use super::faults::Action;
use super::keys::Key;
use super::members::{Member, Presence};
use super::questions::{Asker, Purpose};
use super::records::{Number, Origin, Payer, State, Transfer};
use super::wire::Wire;
use super::{AccountStatus, Switch};
use crate::iso8583::De;
use crate::values::{
    AccountNumber, Currency, MinorUnits, Moment, Offset, ProcessingCode, ResponseCode, Rrn, Stan,
    Transmission,
};

/// A request, from whom it is, and what befalls it.
pub(super) struct Incoming {
    pub(super) from: Member,
    pub(super) wire: Wire,
    pub(super) fault: Option<Action>,
}

impl Incoming {
    pub(super) const fn declined(&self) -> Option<ResponseCode> {
        match self.fault {
            Some(Action::Decline(code)) => Some(code),
            _ => None,
        }
    }
}

impl Switch {
    /// Takes in a request that isn't lost.
    pub(super) fn request(&mut self, ask: Incoming, now: Moment) {
        match (ask.wire.mti().class(), ask.wire.mti().number() / 10 % 10) {
            (8, _) => self.network(&ask, now),
            (2, 0) => self.financial(ask, now),
            (4, _) => self.reversal(ask, now),
            _ => self.refuse(&ask, self.dialect.codes.unsupported, now),
        }
    }

    fn financial(&mut self, ask: Incoming, now: Moment) {
        let service = self.entitled(&ask).and_then(|()| self.service(&ask.wire));
        match service {
            Ok(Service::Inquiry) => self.inquiry(ask, now),
            Ok(Service::Movement(_)) => self.transfer(ask, now),
            Ok(Service::Status) => self.status(&ask, now),
            Err(code) => self.refuse(&ask, code, now),
        }
    }

    /// That a bank may ask anything, and speaks for itself.
    pub(super) fn entitled(&self, ask: &Incoming) -> Result<(), ResponseCode> {
        let codes = &self.dialect.codes;
        if self.members.presence(ask.from) != Presence::SignedOn {
            return Err(codes.not_signed_on);
        }
        let speaks_for = ask.wire.get(De::ACQUIRER).and_then(|code| self.members.find(code));
        if speaks_for == Some(ask.from) { Ok(()) } else { Err(codes.malformed) }
    }

    fn service(&self, wire: &Wire) -> Result<Service, ResponseCode> {
        let code = wire.value(De::PROCESSING_CODE).ok_or(self.dialect.codes.malformed)?;
        self.dialect.service(code).ok_or(self.dialect.codes.unsupported)
    }

    /// The bank that a message is for, other than the one that it is from.
    pub(super) fn destination(&self, wire: &Wire, from: Member) -> Result<Member, ResponseCode> {
        let code = self.dialect.destination.iter().find_map(|de| wire.get(*de));
        let found = code.and_then(|code| self.members.find(code)).filter(|found| *found != from);
        found.ok_or(self.dialect.codes.unrouted)
    }

    fn inquiry(&mut self, ask: Incoming, now: Moment) {
        self.ledger.counts().inquiries += 1;
        if let Some(code) = ask.declined() {
            return self.answer(&ask, code, now);
        }
        let issuer = match self.destination(&ask.wire, ask.from) {
            Ok(issuer) => issuer,
            Err(code) => return self.answer(&ask, code, now),
        };
        match self.members.presence(issuer) {
            Presence::Played => self.inquiry_played(&ask, issuer, now),
            Presence::SignedOn if self.questions.len() < self.limits.open => {
                let asker = Asker::Bank(ask.from, ask.fault);
                // A repeat while the first is open waits for the same answer.
                self.ask(issuer, ask.wire, Purpose::Inquiry(asker), now);
            }
            Presence::SignedOn | Presence::Connected | Presence::Gone => {
                let code = self.dialect.codes.unavailable;
                self.answer(&ask, code, now);
            }
        }
    }

    fn inquiry_played(&mut self, ask: &Incoming, issuer: Member, now: Moment) {
        let account = ask.wire.value(De::TO_ACCOUNT);
        let code = match self.usable(issuer, account) {
            Ok(_) => self.dialect.codes.approved,
            Err(code) => code,
        };
        let mut named = response(&ask.wire, code);
        if let Some(account) = account.filter(|_| code == self.dialect.codes.approved) {
            named.name(&ask.wire, &self.accounts.name(issuer, account));
        }
        self.send_answer(ask.from, ask.fault, named, now);
    }

    /// Whether a played bank's account can be used, and where it is listed.
    fn usable(
        &self,
        bank: Member,
        account: Option<AccountNumber>,
    ) -> Result<Option<Place>, ResponseCode> {
        let codes = &self.dialect.codes;
        match self.accounts.find(bank, account.ok_or(codes.malformed)?) {
            Found::Listed(place, AccountStatus::Open) => Ok(Some(place)),
            Found::Listed(_, AccountStatus::Closed) => Err(codes.closed_account),
            Found::Other => Ok(None),
            Found::Listed(_, AccountStatus::Absent) | Found::Unknown => Err(codes.unknown_account),
        }
    }

    fn transfer(&mut self, ask: Incoming, now: Moment) {
        let transfer = match self.terms(&ask.wire, ask.from, now) {
            Ok(transfer) => transfer,
            Err(code) => return self.refuse(&ask, code, now),
        };
        if let Some(number) = self.records.find(transfer.key) {
            return self.transfer_again(&ask, number, &transfer, now);
        }
        if self.may_be_forgotten(&transfer) {
            return self.refuse(&ask, self.dialect.codes.stale, now);
        }
        if self.records.len() >= self.limits.remembered {
            return self.refuse(&ask, self.dialect.codes.unavailable, now);
        }
        self.ledger.counts().transfers += 1;
        let issuer = transfer.issuer;
        let number = self.records.insert(transfer);
        match (ask.declined(), self.members.presence(issuer)) {
            (Some(code), _) => self.decline(number, code),
            (None, Presence::Played) => self.judge_played(number, &ask.wire),
            (None, Presence::SignedOn) if self.questions.len() < self.limits.open => {
                return self.hand_on(ask, issuer, number, now);
            }
            (None, Presence::SignedOn | Presence::Connected | Presence::Gone) => {
                self.decline(number, self.dialect.codes.unavailable);
            }
        }
        self.outcome(number, &ask.wire, Asker::Bank(ask.from, ask.fault), now);
    }

    /// A transfer as its request describes it, before anything became of it.
    pub(super) fn terms(
        &self,
        wire: &Wire,
        from: Member,
        now: Moment,
    ) -> Result<Transfer, ResponseCode> {
        let read = || {
            Some((
                wire.value::<ProcessingCode>(De::PROCESSING_CODE)?,
                wire.value::<MinorUnits>(De::AMOUNT)?,
                wire.value::<Transmission>(De::TRANSMISSION)?,
                wire.value::<Stan>(De::STAN)?,
                wire.value::<Rrn>(De::RRN)?,
                wire.value::<Currency>(De::CURRENCY).filter(|it| *it == self.dialect.currency)?,
            ))
        };
        let (processing, amount, transmission, stan, rrn, _) =
            read().ok_or(self.dialect.codes.malformed)?;
        let Some(Service::Movement(payer)) = self.dialect.service(processing) else {
            return Err(self.dialect.codes.unsupported);
        };
        Ok(Transfer {
            key: wire.key(&self.dialect.duplicates),
            minor: amount.0,
            parties: wire.key(&[De::FROM_ACCOUNT, De::TO_ACCOUNT]).short(),
            transmitted: transmission.nearest(now, Offset::UTC),
            reversal: 0,
            stan,
            acquirer: from,
            issuer: self.destination(wire, from)?,
            payer,
            date: self.ledger.today(),
            returned: None,
            account: None,
            rrn,
            processing,
            authorization: [0; 6],
            state: State::Open(None),
            origin: Origin::Bank,
        })
    }

    /// A request that came before: the same answer, unless it asks for something else.
    fn transfer_again(&mut self, ask: &Incoming, number: Number, new: &Transfer, now: Moment) {
        let Some(known) = self.records.get(number) else { return };
        if matches!(known.state, State::Reversed | State::Barred) {
            self.ledger.counts().requests_reversed += 1;
        } else if (known.minor, known.parties, known.issuer) != (new.minor, new.parties, new.issuer)
        {
            self.ledger.counts().conflicts += 1;
            let code = self.dialect.codes.conflict;
            return self.answer(ask, code, now);
        } else {
            self.ledger.counts().repeats += 1;
        }
        self.outcome(number, &ask.wire, Asker::Bank(ask.from, ask.fault), now);
    }

    fn hand_on(&mut self, ask: Incoming, issuer: Member, number: Number, now: Moment) {
        let asker = Asker::Bank(ask.from, ask.fault);
        let refused = self.ask(issuer, ask.wire, Purpose::Transfer(number, asker), now);
        if let Some(wire) = refused {
            self.decline(number, self.dialect.codes.conflict);
            self.outcome(number, &wire, asker, now);
        }
    }

    /// What became of a transfer, by its own numbers.
    fn status(&mut self, ask: &Incoming, now: Moment) {
        self.ledger.counts().status_inquiries += 1;
        let number = self.records.find(ask.wire.key(&self.dialect.duplicates));
        let known = number.and_then(|number| self.records.get(number));
        let codes = &self.dialect.codes;
        let code = match (ask.declined(), known.map(|known| known.state)) {
            (Some(code), _) => code,
            (None, Some(state)) => self.code_of(state).unwrap_or(codes.no_answer),
            (None, None) => codes.not_found,
        };
        self.answer(ask, code, now);
    }
}

/// What becomes of transfers.
impl Switch {
    /// Approves or declines for a bank that is played.
    fn judge_played(&mut self, number: Number, wire: &Wire) {
        let Some(transfer) = self.records.get(number) else { return };
        let (issuer, payer, minor) = (transfer.issuer, transfer.payer, transfer.minor);
        let authorization = authorization(transfer.key);
        let account = if payer == Payer::Acquirer { De::TO_ACCOUNT } else { De::FROM_ACCOUNT };
        let usable = self.usable(issuer, wire.value(account)).and_then(|place| {
            let holds = place.and_then(|place| self.accounts.balance(place));
            let short = payer == Payer::Issuer && holds.is_some_and(|holds| holds < minor);
            if short { Err(self.dialect.codes.insufficient) } else { Ok(place) }
        });
        match usable {
            Ok(place) => {
                if let Some(transfer) = self.records.get_mut(number) {
                    transfer.account = place;
                }
                self.approve(number, authorization);
            }
            Err(code) => self.decline(number, code),
        }
    }

    /// Moves the money.
    pub(super) fn approve(&mut self, number: Number, authorization: [u8; 6]) {
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        transfer.state = State::Approved;
        transfer.date = today;
        transfer.authorization = authorization;
        let transfer = &*transfer;
        self.ledger.book(transfer.from(), transfer.to(), transfer.minor);
        self.ledger.counts().approved += 1;
        if let (Some(place), Origin::Bank) = (transfer.account, transfer.origin) {
            self.accounts.move_money(place, transfer.on_account());
        }
    }

    pub(super) fn decline(&mut self, number: Number, code: ResponseCode) {
        self.ledger.counts().declined += 1;
        self.end_unmoved(number, State::Declined(code));
    }

    /// Ends a transfer that never moved money, today.
    pub(super) fn end_unmoved(&mut self, number: Number, state: State) {
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        transfer.state = state;
        transfer.date = today;
        // A played payer was debited when the switch made the request.
        if let (Some(place), Origin::Played) = (transfer.account, transfer.origin) {
            self.accounts.move_money(place, -transfer.on_account());
        }
    }

    /// What the originator is told of a state; nothing while it waits.
    pub(super) const fn code_of(&self, state: State) -> Option<ResponseCode> {
        let codes = &self.dialect.codes;
        match state {
            State::Open(told) => told,
            State::Approved => Some(codes.approved),
            State::Declined(code) => Some(code),
            State::Unanswered => Some(codes.no_answer),
            State::Reversed | State::Barred => Some(codes.reversed),
        }
    }

    /// Tells whoever asked what became of a transfer.
    pub(super) fn outcome(&mut self, number: Number, request: &Wire, asker: Asker, now: Moment) {
        let Asker::Bank(to, fault) = asker else { return };
        let Some(transfer) = self.records.get(number) else { return };
        let Some(code) = self.code_of(transfer.state) else { return };
        let mut answer = response(request, code);
        if transfer.state == State::Approved
            && let Ok(authorization) = std::str::from_utf8(&transfer.authorization)
        {
            answer.set(De::AUTHORIZATION, authorization);
        }
        self.send_answer(to, fault, answer, now);
    }
}

/// DE38 that follows from the key of a transfer.
fn authorization(key: Key) -> [u8; 6] {
    let mut rest = key.short();
    [0; 6].map(|_: u8| {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        b'0' + digit
    })
}
