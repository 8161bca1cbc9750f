//! Financial requests of banks: inquiries, transfers, status inquiries.

use super::accounts::{AccountIndex, AccountLookup, AccountStatus};
use super::compose::response;
use super::faults::FaultAction;
use super::keys::MessageKey;
use super::members::{Member, Presence};
use super::message::TextMessage;
use super::model::Switch;
use super::network_rules::RequestType;
use super::open_requests::{Originator, Purpose};
use super::records::{Origin, Payer, State, TransferNumber, TransferRecord};
use crate::iso8583::De;
use crate::values::{
    AccountNumber, Currency, MinorUnits, Moment, Offset, ProcessingCode, ResponseCode, Rrn, Stan,
    Transmission,
};

/// A request of a bank, and the fault that applies to it.
pub(super) struct BankRequest {
    pub(super) from: Member,
    pub(super) message: TextMessage,
    pub(super) fault: Option<FaultAction>,
}

impl BankRequest {
    /// Returns the code of a fault that declines the request.
    pub(super) const fn declined(&self) -> Option<ResponseCode> {
        match self.fault {
            Some(FaultAction::Decline(code)) => Some(code),
            _ => None,
        }
    }
}

impl Switch {
    /// Handles a request.
    pub(super) fn handle_request(&mut self, request: BankRequest, now: Moment) {
        let mti = request.message.mti();
        match (mti.class(), mti.number() / 10 % 10) {
            (8, _) => self.handle_management(&request, now),
            (2, 0) => self.handle_financial(request, now),
            (4, _) => self.handle_reversal(request, now),
            _ => self.refuse(&request, self.rules.codes.unsupported, now),
        }
    }

    fn handle_financial(&mut self, request: BankRequest, now: Moment) {
        let checked = self.check_sender(&request);
        match checked.and_then(|()| self.request_type(&request.message)) {
            Ok(RequestType::Inquiry) => self.handle_inquiry(request, now),
            Ok(RequestType::Transfer(_)) => self.handle_transfer(request, now),
            Ok(RequestType::StatusInquiry) => self.handle_status_inquiry(&request, now),
            Err(code) => self.refuse(&request, code, now),
        }
    }

    /// Checks that a bank has signed on and that the acquirer (DE32) is the bank itself.
    pub(super) fn check_sender(&self, request: &BankRequest) -> Result<(), ResponseCode> {
        let codes = &self.rules.codes;
        if self.members.presence(request.from) != Presence::SignedOn {
            return Err(codes.not_signed_on);
        }
        let acquirer = request.message.get(De::ACQUIRER).and_then(|code| self.members.find(code));
        if acquirer == Some(request.from) { Ok(()) } else { Err(codes.malformed) }
    }

    fn request_type(&self, message: &TextMessage) -> Result<RequestType, ResponseCode> {
        let code = message.value(De::PROCESSING_CODE).ok_or(self.rules.codes.malformed)?;
        self.rules.request_type(code).ok_or(self.rules.codes.unsupported)
    }

    /// Returns the destination bank of a message, which must not be its sender.
    pub(super) fn destination(
        &self,
        message: &TextMessage,
        from: Member,
    ) -> Result<Member, ResponseCode> {
        let code = self.rules.destination.iter().find_map(|de| message.get(*de));
        let bank = code.and_then(|code| self.members.find(code)).filter(|bank| *bank != from);
        bank.ok_or(self.rules.codes.unknown_destination)
    }

    fn handle_inquiry(&mut self, request: BankRequest, now: Moment) {
        self.ledger.counts().inquiries += 1;
        if let Some(code) = request.declined() {
            return self.respond(&request, code, now);
        }
        let issuer = match self.destination(&request.message, request.from) {
            Ok(issuer) => issuer,
            Err(code) => return self.respond(&request, code, now),
        };
        match self.members.presence(issuer) {
            Presence::Simulated => self.answer_inquiry(&request, issuer, now),
            Presence::SignedOn if self.open_requests.len() < self.limits.open_requests => {
                let originator = Originator::Bank(request.from, request.fault);
                // A repeat of an open inquiry is not sent: both wait for the same response.
                self.send_request(issuer, request.message, Purpose::Inquiry(originator), now);
            }
            Presence::SignedOn | Presence::Connected | Presence::Disconnected => {
                let code = self.rules.codes.unavailable;
                self.respond(&request, code, now);
            }
        }
    }

    /// Responds to an inquiry for a simulated bank.
    fn answer_inquiry(&mut self, request: &BankRequest, issuer: Member, now: Moment) {
        let account = request.message.value(De::TO_ACCOUNT);
        let code = match self.check_account(issuer, account) {
            Ok(_) => self.rules.codes.approved,
            Err(code) => code,
        };
        let mut with_name = response(&request.message, code);
        if let Some(account) = account.filter(|_| code == self.rules.codes.approved) {
            let name = self.accounts.name(issuer, account);
            with_name.set_beneficiary_name(&request.message, &name);
        }
        self.send_response(request.from, request.fault, with_name, now);
    }

    /// Checks that an account of a simulated bank is open. Returns its index if it is listed.
    fn check_account(
        &self,
        bank: Member,
        account: Option<AccountNumber>,
    ) -> Result<Option<AccountIndex>, ResponseCode> {
        let codes = &self.rules.codes;
        match self.accounts.find(bank, account.ok_or(codes.malformed)?) {
            AccountLookup::Listed(index, AccountStatus::Open) => Ok(Some(index)),
            AccountLookup::Listed(_, AccountStatus::Closed) => Err(codes.closed_account),
            AccountLookup::Unlisted => Ok(None),
            AccountLookup::Listed(_, AccountStatus::Absent) | AccountLookup::Unknown => {
                Err(codes.unknown_account)
            }
        }
    }

    fn handle_transfer(&mut self, request: BankRequest, now: Moment) {
        let transfer = match self.read_transfer(&request.message, request.from, now) {
            Ok(transfer) => transfer,
            Err(code) => return self.refuse(&request, code, now),
        };
        if let Some(number) = self.records.find(transfer.key) {
            return self.handle_known_transfer(&request, number, &transfer, now);
        }
        if self.may_be_forgotten(&transfer) {
            return self.refuse(&request, self.rules.codes.too_old, now);
        }
        if self.records.len() >= self.limits.transfers {
            return self.refuse(&request, self.rules.codes.unavailable, now);
        }
        self.ledger.counts().transfers += 1;
        let issuer = transfer.issuer;
        let number = self.records.insert(transfer);
        match (request.declined(), self.members.presence(issuer)) {
            (Some(code), _) => self.decline(number, code),
            (None, Presence::Simulated) => self.decide_transfer(number, &request.message),
            (None, Presence::SignedOn) if self.open_requests.len() < self.limits.open_requests => {
                return self.forward(request, issuer, number, now);
            }
            (None, Presence::SignedOn | Presence::Connected | Presence::Disconnected) => {
                self.decline(number, self.rules.codes.unavailable);
            }
        }
        let originator = Originator::Bank(request.from, request.fault);
        self.send_outcome(number, &request.message, originator, now);
    }

    /// Reads a transfer from its request.
    pub(super) fn read_transfer(
        &self,
        message: &TextMessage,
        from: Member,
        now: Moment,
    ) -> Result<TransferRecord, ResponseCode> {
        let read = || {
            Some((
                message.value::<ProcessingCode>(De::PROCESSING_CODE)?,
                message.value::<MinorUnits>(De::AMOUNT)?,
                message.value::<Transmission>(De::TRANSMISSION)?,
                message.value::<Stan>(De::STAN)?,
                message.value::<Rrn>(De::RRN)?,
                message.value::<Currency>(De::CURRENCY).filter(|it| *it == self.rules.currency)?,
            ))
        };
        let (processing, amount, transmission, stan, rrn, _) =
            read().ok_or(self.rules.codes.malformed)?;
        let Some(RequestType::Transfer(payer)) = self.rules.request_type(processing) else {
            return Err(self.rules.codes.unsupported);
        };
        Ok(TransferRecord {
            key: message.key(&self.rules.duplicates),
            minor: amount.0,
            accounts_hash: message.key(&[De::FROM_ACCOUNT, De::TO_ACCOUNT]).short(),
            transmitted: transmission.nearest(now, Offset::UTC),
            reversal_hash: 0,
            stan,
            acquirer: from,
            issuer: self.destination(message, from)?,
            names_issuer: false,
            payer,
            date: self.ledger.today(),
            reversed_on: None,
            returned: 0,
            is_being_reversed: false,
            account: None,
            rrn,
            processing,
            authorization: [0; 6],
            state: State::Open(None),
            origin: Origin::Bank,
        })
    }

    /// Handles the request of a transfer that is on record: the same response, unless the content differs.
    fn handle_known_transfer(
        &mut self,
        request: &BankRequest,
        number: TransferNumber,
        new: &TransferRecord,
        now: Moment,
    ) {
        let Some(known) = self.records.get(number) else { return };
        let content = |it: &TransferRecord| (it.minor, it.accounts_hash, it.issuer);
        if matches!(known.state, State::Reversed | State::Barred) {
            self.ledger.counts().requests_after_reversal += 1;
        } else if content(known) != content(new) {
            self.ledger.counts().conflicts += 1;
            let code = self.rules.codes.duplicate_key;
            return self.respond(request, code, now);
        } else {
            self.ledger.counts().repeats += 1;
        }
        let originator = Originator::Bank(request.from, request.fault);
        self.send_outcome(number, &request.message, originator, now);
    }

    /// Forwards a transfer request to a connected bank.
    fn forward(
        &mut self,
        request: BankRequest,
        issuer: Member,
        number: TransferNumber,
        now: Moment,
    ) {
        let originator = Originator::Bank(request.from, request.fault);
        let purpose = Purpose::Transfer(number, originator);
        let unsent = self.send_request(issuer, request.message, purpose, now);
        if let Some(message) = unsent {
            self.decline(number, self.rules.codes.duplicate_key);
            self.send_outcome(number, &message, originator, now);
        }
    }

    /// Responds with the outcome of the transfer that has the trace numbers of the inquiry.
    fn handle_status_inquiry(&mut self, request: &BankRequest, now: Moment) {
        self.ledger.counts().status_inquiries += 1;
        let number = self.records.find(request.message.key(&self.rules.duplicates));
        let known = number.and_then(|number| self.records.get(number));
        let codes = &self.rules.codes;
        let code = match (request.declined(), known.map(|known| known.state)) {
            (Some(code), _) => code,
            (None, Some(state)) => self.response_code(state).unwrap_or(codes.no_response),
            (None, None) => codes.not_found,
        };
        self.respond(request, code, now);
    }
}

/// Outcomes of transfers.
impl Switch {
    /// Approves or declines a transfer for a simulated bank.
    fn decide_transfer(&mut self, number: TransferNumber, message: &TextMessage) {
        let Some(transfer) = self.records.get(number) else { return };
        let (issuer, payer, minor) = (transfer.issuer, transfer.payer, transfer.minor);
        let authorization = authorization(transfer.key);
        let account = if payer == Payer::Acquirer { De::TO_ACCOUNT } else { De::FROM_ACCOUNT };
        let checked = self.check_account(issuer, message.value(account)).and_then(|index| {
            let balance = index.and_then(|index| self.accounts.balance(index));
            let is_short = payer == Payer::Issuer && balance.is_some_and(|balance| balance < minor);
            if is_short { Err(self.rules.codes.insufficient_funds) } else { Ok(index) }
        });
        match checked {
            Ok(index) => {
                if let Some(transfer) = self.records.get_mut(number) {
                    transfer.account = index;
                }
                self.approve(number, authorization);
            }
            Err(code) => self.decline(number, code),
        }
    }

    /// Approves a transfer: books it, and moves the money of a listed account.
    pub(super) fn approve(&mut self, number: TransferNumber, authorization: [u8; 6]) {
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        transfer.state = State::Approved;
        transfer.date = today;
        transfer.authorization = authorization;
        let transfer = &*transfer;
        self.ledger.book(transfer.from(), transfer.to(), transfer.minor);
        self.ledger.counts().approved += 1;
        if let (Some(index), Origin::Bank) = (transfer.account, transfer.origin) {
            self.accounts.move_money(index, transfer.account_change(transfer.minor));
        }
    }

    pub(super) fn decline(&mut self, number: TransferNumber, code: ResponseCode) {
        self.ledger.counts().declined += 1;
        self.end_unmoved(number, State::Declined(code));
    }

    /// Ends a transfer that moved no money, on today's business date.
    pub(super) fn end_unmoved(&mut self, number: TransferNumber, state: State) {
        let today = self.ledger.today();
        let Some(transfer) = self.records.get_mut(number) else { return };
        transfer.state = state;
        transfer.date = today;
        // The account of a simulated payer was debited when the switch sent the request.
        if let (Some(index), Origin::Switch) = (transfer.account, transfer.origin) {
            self.accounts.move_money(index, -transfer.account_change(transfer.minor));
        }
    }

    /// Returns the response code (DE39) of a state; `None` while the originator waits.
    pub(super) const fn response_code(&self, state: State) -> Option<ResponseCode> {
        let codes = &self.rules.codes;
        match state {
            State::Open(sent) => sent,
            State::Approved => Some(codes.approved),
            State::Declined(code) => Some(code),
            State::Unanswered => Some(codes.no_response),
            State::Reversed | State::Barred => Some(codes.reversed),
        }
    }

    /// Sends the outcome of a transfer to the bank that waits for it.
    pub(super) fn send_outcome(
        &mut self,
        number: TransferNumber,
        request: &TextMessage,
        originator: Originator,
        now: Moment,
    ) {
        let Originator::Bank(to, fault) = originator else { return };
        let Some(transfer) = self.records.get(number) else { return };
        let Some(code) = self.response_code(transfer.state) else { return };
        let mut outcome = response(request, code);
        if transfer.state == State::Approved
            && let Ok(authorization) = std::str::from_utf8(&transfer.authorization)
        {
            outcome.set(De::AUTHORIZATION, authorization);
        }
        self.send_response(to, fault, outcome, now);
    }
}

/// Derives the authorization code (DE38) from the key of a transfer.
fn authorization(key: MessageKey) -> [u8; 6] {
    let mut rest = key.short();
    [0; 6].map(|_: u8| {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        b'0' + digit
    })
}
