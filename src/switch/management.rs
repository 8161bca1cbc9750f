//! Network management: sign-on and sign-off, echo, key change, and telling banks the business date.

use super::Switch;
use super::members::{Member, Presence};
use super::questions::Purpose;
use super::requests::Incoming;
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
        if said == self.dialect.network.sign_on && self.is_behind(ask.from) {
            self.tell_date(ask.from, now);
        }
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

    /// Whether a bank was not there when the business date moved.
    fn is_behind(&self, member: Member) -> bool {
        self.members.get(member).is_some_and(|bank| bank.told != self.ledger.today())
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
