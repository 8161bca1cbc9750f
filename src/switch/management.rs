//! Network management: sign-on and sign-off, echo, key change, and telling banks the business date.

use super::Switch;
use super::compose::response;
use super::members::{Member, Presence};
use super::questions::Purpose;
use super::requests::Incoming;
use super::wire::Wire;
use crate::iso8583::De;
use crate::values::{Moment, ResponseCode};

impl Switch {
    /// Answers a bank's network management, and does what it says. A key change is approved: keys are the face's.
    pub(super) fn network(&mut self, ask: &Incoming, now: Moment) {
        self.ledger.counts().network += 1;
        if let Some(code) = ask.declined() {
            return self.answer(&ask.wire, ask.from, ask.fault, code, now);
        }
        let said = ask.wire.get(De::NETWORK_CODE).map(str::to_owned).unwrap_or_default();
        let code = self.obey(ask.from, &said);
        self.answer(&ask.wire, ask.from, ask.fault, code, now);
        if said == self.dialect.network.sign_on {
            self.tell_if_behind(ask.from, now);
        }
    }

    /// Answers somebody whose bank isn't known yet: network management as a bank's, though nothing follows from it, and
    /// anything else with a refusal.
    #[must_use]
    pub fn greet(&self, wire: &Wire) -> Wire {
        let (codes, network) = (&self.dialect.codes, &self.dialect.network);
        let known = [network.sign_on, network.sign_off, network.echo];
        let said = wire.get(De::NETWORK_CODE).unwrap_or_default();
        let code = match wire.mti().is_management() {
            true if known.contains(&said) => codes.approved,
            true => codes.unsupported,
            false => codes.malformed,
        };
        response(wire, code)
    }

    fn obey(&mut self, from: Member, said: &str) -> ResponseCode {
        let network = &self.dialect.network;
        let presence = if said == network.sign_on {
            Some(Presence::SignedOn)
        } else if said == network.sign_off {
            Some(Presence::Connected)
        } else if said == network.echo || Some(said) == network.key_change {
            None
        } else {
            return self.dialect.codes.unsupported;
        };
        if let (Some(presence), Some(bank)) = (presence, self.members.get_mut(from)) {
            bank.presence = presence;
        }
        self.dialect.codes.approved
    }

    /// Tells a bank the business date if it was not there when that moved.
    pub(super) fn tell_if_behind(&mut self, member: Member, now: Moment) {
        let today = self.ledger.today();
        if self.members.get(member).is_some_and(|bank| bank.told != today) {
            self.tell_date(member, now);
        }
    }

    /// Tells a bank the business date, where the network has a message for that.
    pub(super) fn tell_date(&mut self, member: Member, now: Moment) {
        let today = self.ledger.today();
        if let Some(bank) = self.members.get_mut(member) {
            bank.told = today;
        }
        if let Some(code) = self.dialect.network.cut_over {
            let notice = self.notice(code, now);
            self.ask(member, notice, Purpose::Notice, now);
        }
    }

    /// Asks a bank for an echo.
    pub fn echo(&mut self, member: Member, now: Moment) {
        let notice = self.notice(self.dialect.network.echo, now);
        self.ask(member, notice, Purpose::Notice, now);
    }
}
