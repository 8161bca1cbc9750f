//! The recent requests of the switch.

use std::collections::VecDeque;

use super::members::Member;
use super::message::TextMessage;
use super::records::TransferNumber;
use crate::values::Rrn;

/// The recent requests of the switch, which can be repeated or reversed.
#[derive(Debug, Default)]
pub(super) struct RecentRequests(VecDeque<(Rrn, Option<TransferNumber>, Member, TextMessage)>);

impl RecentRequests {
    const MAX: usize = 10_000;

    pub(super) fn push(
        &mut self,
        rrn: Rrn,
        number: Option<TransferNumber>,
        to: Member,
        message: TextMessage,
    ) {
        self.0.truncate(Self::MAX - 1);
        self.0.push_front((rrn, number, to, message));
    }

    /// Replaces a request by what was sent.
    pub(super) fn replace(&mut self, rrn: Rrn, message: &TextMessage) {
        if let Some(recent) = self.0.iter_mut().find(|(known, ..)| *known == rrn) {
            recent.3 = message.clone();
        }
    }

    pub(super) fn find(&self, rrn: Rrn) -> Option<(Option<TransferNumber>, Member, TextMessage)> {
        let recent = self.0.iter().find(|(known, ..)| *known == rrn)?;
        Some((recent.1, recent.2, recent.3.clone()))
    }
}
