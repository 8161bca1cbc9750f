//! What the switch has asked banks and waits for: requests that it hands on or makes, reversals, notices.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::faults::Action;
use super::keys::Key;
use super::members::Member;
use super::records::Number;
use super::wire::Wire;
use crate::iso8583::De;
use crate::values::{Moment, ProcessingCode};

/// A message that waits for its answer, and goes out again until then.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) to: Member,
    pub(super) wire: Wire,
    pub(super) purpose: Purpose,
    /// How often it went out.
    pub(super) tries: u32,
    /// Answers that a fault takes away.
    pub(super) unheard: u32,
    pub(super) since: Moment,
    pub(super) due: Moment,
}

#[derive(Debug)]
pub(super) enum Purpose {
    Inquiry(Asker),
    Transfer(Number, Asker),
    Reversal,
    Notice,
}

/// Who waits for the outcome.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker {
    /// The bank that sent it; a fault happens to the answer.
    Bank(Member, Option<Action>),
    /// The switch itself, for a bank that it plays.
    Switch,
    /// Nobody any more: the bank was told that there is no answer.
    Told,
}

impl Question {
    /// Asks from now on for the status of what it asked for, under the same numbers.
    pub(super) fn ask_for(&mut self, status: ProcessingCode) {
        self.wire.set(De::PROCESSING_CODE, status.as_str());
    }
}

/// The open questions and when each is due.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: HashMap<Key, Question>,
    /// With deadlines that were moved since, and are passed over.
    due: BinaryHeap<Reverse<(Moment, Key)>>,
}

/// What makes an answer the answer to a question: the bank, the class of the message, 7 + 11, and 32 where money is spoken of.
pub(super) fn key_to(member: Member, wire: &Wire) -> Key {
    let key = match wire.mti().class() {
        8 => wire.key(&[De::TRANSMISSION, De::STAN]),
        _ => wire.key(&[De::TRANSMISSION, De::STAN, De::ACQUIRER]),
    };
    key.with(u64::from(member.0) << 8 | u64::from(wire.mti().class()))
}

impl Questions {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn is_open(&self, key: Key) -> bool {
        self.open.contains_key(&key)
    }

    /// Puts a question in that is asked for the first time or again.
    pub(super) fn put(&mut self, key: Key, question: Question) {
        self.due.push(Reverse((question.due, key)));
        self.open.insert(key, question);
    }

    pub(super) fn take(&mut self, key: Key) -> Option<Question> {
        self.open.remove(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Question> {
        self.open.get_mut(&key)
    }

    /// Takes a question out whose time has come.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<(Key, Question)> {
        while let Some(Reverse((at, key))) = self.due.peek().copied() {
            if at > now {
                return None;
            }
            self.due.pop();
            if self.open.get(&key).is_some_and(|question| question.due == at) {
                return self.open.remove(&key).map(|question| (key, question));
            }
        }
        None
    }

    /// How many deadlines there are, of open questions and of those that were answered since.
    pub(super) fn deadlines(&self) -> usize {
        self.due.len()
    }

    /// When the next is due; early, if that one was answered since.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}
