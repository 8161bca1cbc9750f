//! Gives requests of the switch the odd form or the odd bytes of their fault.

use super::faults::FaultAction;
use super::keys::OriginalElements;
use super::members::Member;
use super::message::TextMessage;
use super::model::Switch;
use super::odd_forms::OddForm;
use super::open_requests::{OpenRequest, Purpose};
use crate::iso8583::De;
use crate::values::Institution;

/// The digits of DE90 before the transmission time, and before the institutions.
const BEFORE_TIME: usize = 10;
const BEFORE_INSTITUTIONS: usize = 20;
/// The digits of DE90 and of DE95.
const DIGITS: usize = 42;

impl Switch {
    /// Gives a request that is sent for the first time the odd form or the odd bytes of its fault. Its repeats keep them.
    pub(super) fn deviate(&mut self, open: &mut OpenRequest, fault: Option<FaultAction>) {
        if !matches!(fault, Some(FaultAction::Form(_) | FaultAction::Bytes(_))) {
            return;
        }
        let plain = open.message.clone();
        match fault {
            Some(FaultAction::Form(form)) => {
                self.give_form(form, open.to, &mut open.message);
                if let Purpose::Transfer(number, _) = open.purpose
                    && let Some(transfer) = self.records.get_mut(number)
                {
                    transfer.names_issuer = form == OddForm::AcquirerIsReceiver;
                }
            }
            Some(FaultAction::Bytes(odd)) => open.message.set_odd_bytes(odd),
            Some(_) | None => {}
        }
        if plain.mti().class() == 4 {
            open.plain = Some(Box::new(plain));
            return;
        }
        // A later reversal or repeat is one of what was sent.
        if let Some(rrn) = open.message.value(De::RRN) {
            self.recent.replace(rrn, &open.message);
        }
    }

    fn give_form(&mut self, form: OddForm, to: Member, message: &mut TextMessage) {
        match form {
            OddForm::OriginalWithoutInstitutions => cut_original(message, BEFORE_INSTITUTIONS),
            OddForm::OriginalWithoutTime => cut_original(message, BEFORE_TIME),
            OddForm::OriginalZeros => message.set(De::ORIGINAL, &"0".repeat(DIGITS)),
            OddForm::OriginalOfOtherBank => {
                if let Some(other) = self.other_bank(to, message) {
                    OriginalElements::set_acquirer(message, other);
                }
            }
            OddForm::NoOriginal => {
                message.remove(De::ORIGINAL);
                message.set_display(De::STAN, self.next_stan());
            }
            OddForm::UnknownOriginal => {
                message.remove(De::ORIGINAL);
                message.set_display(De::STAN, self.next_stan());
                message.set_display(De::RRN, self.last_rrn());
            }
            OddForm::ZeroReplacement => {
                if message.get(De::REPLACEMENT_AMOUNTS).is_none() {
                    message.set(De::REPLACEMENT_AMOUNTS, &"0".repeat(DIGITS));
                }
            }
            OddForm::Misrouted => {
                if let Some(other) = self.other_bank(to, message) {
                    message.set(De::RECEIVER, other.as_str());
                    message.set(De::DESTINATION_BANK, other.as_str());
                }
            }
            OddForm::AcquirerIsReceiver => {
                if let Some(receiver) = self.members.institution(to) {
                    message.set(De::ACQUIRER, receiver.as_str());
                }
            }
        }
    }

    /// Returns the first bank that is neither the receiver of a message nor its acquirer.
    fn other_bank(&self, receiver: Member, message: &TextMessage) -> Option<Institution> {
        let acquirer = message.get(De::ACQUIRER).and_then(|code| self.members.find(code));
        let is_other = |member: Member| member != receiver && Some(member) != acquirer;
        let mut others = self.members.all().filter(|(member, _)| is_other(*member));
        others.next().map(|(_, bank)| bank.institution)
    }
}

/// Replaces all digits of DE90 from a position on by zeros.
fn cut_original(message: &mut TextMessage, from: usize) {
    let kept = message.get(De::ORIGINAL).and_then(|text| text.get(..from));
    let cut = format!("{:0<DIGITS$}", kept.unwrap_or_default());
    message.set(De::ORIGINAL, &cut);
}
