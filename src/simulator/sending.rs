//! Sends messages to banks, and applies faults to them.

use std::time::Duration;

use super::compose::{raise_amount, response};
use super::faults::{FaultAction, MessageFlow};
use super::members::{Member, Presence};
use super::message::TextMessage;
use super::model::{Output, Switch};
use super::open_requests::{OpenRequest, Purpose, response_key};
use super::requests::BankRequest;
use crate::iso8583::De;
use crate::values::{Moment, ResponseCode, Stan, Transmission};

impl Switch {
    /// Refuses a request before it has any effect.
    pub(super) fn refuse(&mut self, request: &BankRequest, code: ResponseCode, now: Moment) {
        self.ledger.counts().refused += 1;
        self.respond(request, code, now);
    }

    /// Responds to a request with a code.
    pub(super) fn respond(&mut self, request: &BankRequest, code: ResponseCode, now: Moment) {
        self.send_response(request.from, request.fault, response(&request.message, code), now);
    }

    pub(super) fn send_response(
        &mut self,
        to: Member,
        fault: Option<FaultAction>,
        mut message: TextMessage,
        now: Moment,
    ) {
        match fault {
            None | Some(FaultAction::Decline(_) | FaultAction::Delay(_) | FaultAction::Form(_)) => {
            }
            Some(FaultAction::DropRequest | FaultAction::DropResponse) => return,
            Some(FaultAction::Late(delay)) => return self.send(to, message, delay),
            Some(FaultAction::Duplicate) => self.send(to, message.clone(), Duration::ZERO),
            Some(FaultAction::WrongAmount) => raise_amount(&mut message),
            Some(FaultAction::UnknownStan) => {
                message.set_display(De::STAN, Stan::wrapped(self.random.draw()));
            }
            Some(FaultAction::OverwriteDe7) => {
                message.set_display(De::TRANSMISSION, Transmission::of(now));
            }
            Some(FaultAction::Bytes(odd)) => message.set_odd_bytes(odd),
            Some(FaultAction::Garbage) => return self.send_garbage(to, message.connection()),
            Some(FaultAction::Disconnect) => return self.disconnect(to, message.connection()),
        }
        self.send(to, message, Duration::ZERO);
    }

    /// Sends a request to a bank, and repeats it until the bank responds or it is abandoned.
    ///
    /// Returns the message unsent if a request with the same key is open.
    pub(super) fn send_request(
        &mut self,
        to: Member,
        message: TextMessage,
        purpose: Purpose,
        now: Moment,
    ) -> Option<TextMessage> {
        let key = response_key(to, &message);
        if self.open_requests.is_open(key) {
            return Some(message);
        }
        let fault = self.draw_fault(to, &message);
        let mut open = self.open_request(to, message, purpose, now);
        if purpose.is_of_switch() {
            self.deviate(&mut open, fault);
        }
        self.transmit(&mut open, fault);
        self.open_requests.put(response_key(to, &open.message), open);
        None
    }

    /// Sends a reversal, and repeats it until the bank confirms it or it is abandoned. It has no odd form.
    pub(super) fn insist(
        &mut self,
        to: Member,
        message: TextMessage,
        purpose: Purpose,
        now: Moment,
    ) {
        let mut open = self.open_request(to, message, purpose, now);
        open.insists = true;
        self.transmit(&mut open, None);
        self.open_requests.put(response_key(to, &open.message), open);
    }

    fn open_request(
        &self,
        to: Member,
        message: TextMessage,
        purpose: Purpose,
        now: Moment,
    ) -> OpenRequest {
        let timers = self.rules.timers;
        let wait = match purpose {
            Purpose::Inquiry(_) | Purpose::Transfer(..) => timers.response_timeout,
            Purpose::Reversal(_) | Purpose::Notice => timers.repeat_interval,
        };
        OpenRequest {
            to,
            message,
            plain: None,
            insists: false,
            purpose,
            attempts: 1,
            responses_to_drop: 0,
            since: now,
            due: now.after(wait),
        }
    }

    /// Draws the fault of a request to a bank. A request that cannot be sent has none.
    pub(super) fn draw_fault(&mut self, to: Member, message: &TextMessage) -> Option<FaultAction> {
        let is_sent = self.members.presence(to) == Presence::SignedOn;
        is_sent.then_some(())?;
        self.fault_rules.draw(message, MessageFlow::ToBank, &mut self.random)
    }

    /// Transmits an open request, for the first time or again.
    pub(super) fn transmit(&mut self, open: &mut OpenRequest, fault: Option<FaultAction>) {
        let to = open.to;
        if self.members.presence(to) != Presence::SignedOn {
            self.ledger.counts().unsent += 1;
            return;
        }
        match fault {
            Some(FaultAction::DropRequest) => {}
            Some(FaultAction::DropResponse) => {
                open.responses_to_drop += 1;
                self.send(to, open.message.clone(), Duration::ZERO);
            }
            Some(FaultAction::Delay(delay) | FaultAction::Late(delay)) => {
                self.send(to, open.message.clone(), delay);
            }
            Some(FaultAction::Duplicate) => {
                self.send(to, open.message.clone(), Duration::ZERO);
                self.send(to, open.message.clone(), Duration::ZERO);
            }
            Some(FaultAction::Garbage) => self.send_garbage(to, open.message.connection()),
            Some(FaultAction::Disconnect) => self.disconnect(to, open.message.connection()),
            None
            | Some(
                FaultAction::Decline(_)
                | FaultAction::WrongAmount
                | FaultAction::UnknownStan
                | FaultAction::OverwriteDe7
                | FaultAction::Form(_)
                | FaultAction::Bytes(_),
            ) => self.send(to, open.message.clone(), Duration::ZERO),
        }
    }

    pub(super) fn send(&mut self, to: Member, message: TextMessage, delay: Duration) {
        match self.members.presence(to) {
            Presence::Connected | Presence::SignedOn => {
                self.outputs.push_back(Output::Send { to, message, delay });
            }
            Presence::Simulated | Presence::Disconnected => self.ledger.counts().unsent += 1,
        }
    }

    /// Sends 1 to 64 random bytes.
    fn send_garbage(&mut self, to: Member, connection: u64) {
        let length = self.random.between(1, 64);
        let bytes = (0..length).map(|_| self.random.draw().to_le_bytes()[0]).collect();
        self.outputs.push_back(Output::Garbage { to, connection, bytes });
    }

    fn disconnect(&mut self, bank: Member, connection: u64) {
        self.outputs.push_back(Output::Disconnect { bank, connection });
    }
}
