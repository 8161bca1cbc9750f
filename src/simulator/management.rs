//! Network management: sign-on and sign-off, echo, key change, and cut-over notices to banks.

use super::commands::CommandError;
use super::compose::response;
use super::members::{Member, Presence};
use super::message::TextMessage;
use super::model::Switch;
use super::open_requests::Purpose;
use super::requests::BankRequest;
use crate::iso8583::De;
use crate::values::{Date, Moment, ResponseCode};

impl Switch {
    /// Handles network management of a bank. A key change is approved without effect: the model has no keys.
    pub(super) fn handle_management(&mut self, request: &BankRequest, now: Moment) {
        self.ledger.counts().network_management += 1;
        if let Some(code) = request.declined() {
            return self.respond(request, code, now);
        }
        let function = request.message.get(De::NETWORK_CODE).unwrap_or_default();
        let code = self.perform_management(request.from, function);
        self.respond(request, code, now);
        if function == self.rules.management.sign_on {
            self.send_missed_cut_over(request.from, now);
        }
    }

    /// Returns the response to a sender whose bank is not known yet. Network management is approved without effect; any other
    /// request is refused.
    #[must_use]
    pub fn respond_to_unidentified(&self, message: &TextMessage) -> TextMessage {
        let (codes, management) = (&self.rules.codes, &self.rules.management);
        let known = [management.sign_on, management.sign_off, management.echo];
        let function = message.get(De::NETWORK_CODE).unwrap_or_default();
        let code = match message.mti().is_management() {
            true if known.contains(&function) => codes.approved,
            true => codes.unsupported,
            false => codes.malformed,
        };
        response(message, code)
    }

    fn perform_management(&mut self, from: Member, function: &str) -> ResponseCode {
        let management = &self.rules.management;
        let presence = if function == management.sign_on {
            Some(Presence::SignedOn)
        } else if function == management.sign_off {
            Some(Presence::Connected)
        } else if function == management.echo || Some(function) == management.key_change {
            None
        } else {
            return self.rules.codes.unsupported;
        };
        if let (Some(presence), Some(bank)) = (presence, self.members.get_mut(from)) {
            bank.presence = presence;
        }
        self.rules.codes.approved
    }

    /// Sends a cut-over notice to a bank that was not signed on at the last cut-over.
    pub(super) fn send_missed_cut_over(&mut self, member: Member, now: Moment) {
        let today = self.ledger.today();
        if self.members.get(member).is_some_and(|bank| bank.notified_date != today) {
            self.send_cut_over(member, now);
        }
    }

    /// Sends a cut-over notice with the business date to a bank, if the network has such a message.
    pub(super) fn send_cut_over(&mut self, member: Member, now: Moment) {
        let today = self.ledger.today();
        if let Some(bank) = self.members.get_mut(member) {
            bank.notified_date = today;
        }
        self.send_date(member, today, now);
    }

    /// Announces a date to every signed-on bank, whatever the books say. A real switch does so by mistake: a date that goes back,
    /// a date too far ahead.
    ///
    /// # Errors
    /// If the network has no cut-over message.
    pub fn announce_date(&mut self, date: Date, now: Moment) -> Result<(), CommandError> {
        self.rules.management.cut_over.ok_or(CommandError::CutOverUnsupported)?;
        for member in self.members.signed_on() {
            self.send_date(member, date, now);
        }
        Ok(())
    }

    fn send_date(&mut self, member: Member, date: Date, now: Moment) {
        if let Some(code) = self.rules.management.cut_over {
            let notice = self.notice(code, date, now);
            self.send_request(member, notice, Purpose::Notice, now);
        }
    }
}
