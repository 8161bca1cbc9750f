//! Requests to banks that wait for a response: forwarded or generated requests, reversals, notices.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::faults::FaultAction;
use super::keys::MessageKey;
use super::members::Member;
use super::message::TextMessage;
use super::records::TransferNumber;
use crate::iso8583::De;
use crate::values::{Moment, ProcessingCode};

/// A request that waits for its response. It is repeated until then.
#[derive(Debug)]
pub(super) struct OpenRequest {
    pub(super) to: Member,
    pub(super) message: TextMessage,
    /// The reversal in its usual form, if this one has an odd form or odd bytes. It is sent when the odd one is refused.
    pub(super) plain: Option<Box<TextMessage>>,
    /// Whether it is repeated until it is confirmed, whatever refuses it.
    pub(super) insists: bool,
    pub(super) purpose: Purpose,
    /// How often it was sent.
    pub(super) attempts: u32,
    /// The number of responses that a fault drops.
    pub(super) responses_to_drop: u32,
    pub(super) since: Moment,
    pub(super) due: Moment,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Inquiry(Originator),
    Transfer(TransferNumber, Originator),
    /// A reversal. When it is confirmed, the switch books the money back; `None` if none had moved or it is booked already.
    Reversal(Option<MoneyBack>),
    Notice,
}

impl Purpose {
    /// Whether the request is one of the switch itself. A fault changes the form of those only: a bank waits for the others.
    pub(super) const fn is_of_switch(self) -> bool {
        match self {
            Self::Inquiry(originator) | Self::Transfer(_, originator) => {
                matches!(originator, Originator::Switch)
            }
            Self::Reversal(_) | Self::Notice => true,
        }
    }
}

/// The money that a reversal returns when the bank confirms it.
#[derive(Clone, Copy, Debug)]
pub(super) struct MoneyBack {
    pub(super) number: TransferNumber,
    /// The amount in minor units: that of the transfer, or less for a partial reversal.
    pub(super) minor: u64,
}

/// Who waits for the outcome.
#[derive(Clone, Copy, Debug)]
pub(super) enum Originator {
    /// The bank that sent the request. A fault may change its response.
    Bank(Member, Option<FaultAction>),
    /// The switch itself, for a simulated bank.
    Switch,
    /// A bank that the switch has already sent a response: 'no response from the destination'.
    AlreadyAnswered,
}

impl OpenRequest {
    /// Turns a transfer request into a status inquiry under the same trace numbers.
    pub(super) fn make_status_inquiry(&mut self, status: ProcessingCode) {
        self.message.set(De::PROCESSING_CODE, status.as_str());
    }
}

/// The open requests and their deadlines.
#[derive(Debug, Default)]
pub(super) struct OpenRequests {
    open: HashMap<MessageKey, OpenRequest>,
    /// Deadlines. Those of closed requests stay here until they are due, and are skipped then.
    due: BinaryHeap<Reverse<(Moment, MessageKey)>>,
}

/// Returns the key that matches a response to its request: bank, message class, DE7 and DE11, and for financial messages DE32.
pub(super) fn response_key(member: Member, message: &TextMessage) -> MessageKey {
    let key = match message.mti().class() {
        8 => message.key(&[De::TRANSMISSION, De::STAN]),
        _ => message.key(&[De::TRANSMISSION, De::STAN, De::ACQUIRER]),
    };
    key.with(u64::from(member.0) << 8 | u64::from(message.mti().class()))
}

impl OpenRequests {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn is_open(&self, key: MessageKey) -> bool {
        self.open.contains_key(&key)
    }

    /// Adds a request after it was sent for the first time or again.
    pub(super) fn put(&mut self, key: MessageKey, request: OpenRequest) {
        self.due.push(Reverse((request.due, key)));
        self.open.insert(key, request);
    }

    pub(super) fn take(&mut self, key: MessageKey) -> Option<OpenRequest> {
        self.open.remove(&key)
    }

    pub(super) fn get_mut(&mut self, key: MessageKey) -> Option<&mut OpenRequest> {
        self.open.get_mut(&key)
    }

    /// Takes a request whose deadline has come.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<(MessageKey, OpenRequest)> {
        while let Some(Reverse((at, key))) = self.due.peek().copied() {
            if at > now {
                return None;
            }
            self.due.pop();
            if self.open.get(&key).is_some_and(|request| request.due == at) {
                return self.open.remove(&key).map(|request| (key, request));
            }
        }
        None
    }

    /// Returns the number of deadlines, of open requests and of closed ones.
    pub(super) fn deadlines(&self) -> usize {
        self.due.len()
    }

    /// Returns the next deadline. It may be that of a closed request.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}
