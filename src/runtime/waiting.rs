//! Channels that wait for an answer, by the ids of what they asked.

use std::collections::HashMap;

use tokio::sync::oneshot::Sender;

use super::desk::Standing;
use crate::api::{Denial, InquiryAnswer, Progress, TransferAnswer};
use crate::transfer::Order;
use crate::values::TransferId;

/// Who waits, and for what. Whoever does not wait any more is told all the same, and does not hear it.
#[derive(Debug)]
pub(super) enum Waiter {
    Transfer(Sender<TransferAnswer>),
    Inquiry(Sender<InquiryAnswer>),
    Standing(Sender<Standing>),
}

/// All who wait: as many as transfers and questions are open at most.
#[derive(Debug, Default)]
pub(super) struct Waiting(HashMap<TransferId, Waiter>);

impl Waiting {
    pub(super) fn put(&mut self, id: TransferId, waiter: Waiter) {
        self.0.insert(id, waiter);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whoever asked for a transfer what became of it.
    pub(super) fn transfer(&mut self, id: TransferId, answer: TransferAnswer) {
        if let Some(Waiter::Transfer(tell)) = self.0.remove(&id) {
            let _unheard = tell.send(answer);
        }
    }

    /// Tells whoever asked for a name.
    pub(super) fn inquiry(&mut self, id: TransferId, answer: InquiryAnswer) {
        if let Some(Waiter::Inquiry(tell)) = self.0.remove(&id) {
            let _unheard = tell.send(answer);
        }
    }

    /// Tells whoever asked how a transfer stands, be it by a repeat of its request.
    pub(super) fn stands(&mut self, id: TransferId, found: Option<(Order, Progress)>) {
        match self.0.remove(&id) {
            Some(Waiter::Standing(tell)) => {
                let _unheard = tell.send(Ok(found));
            }
            Some(Waiter::Transfer(tell)) => {
                let answer = found
                    .map_or(TransferAnswer::Denied(Denial::Fault), |(_, progress)| {
                        TransferAnswer::Stands(progress)
                    });
                let _unheard = tell.send(answer);
            }
            Some(Waiter::Inquiry(_)) | None => {}
        }
    }

    /// Tells whoever asked that nothing was done.
    pub(super) fn denied(&mut self, id: TransferId, denial: Denial) {
        match self.0.remove(&id) {
            Some(Waiter::Transfer(tell)) => {
                let _unheard = tell.send(TransferAnswer::Denied(denial));
            }
            Some(Waiter::Inquiry(tell)) => {
                let _unheard = tell.send(InquiryAnswer::Denied(denial));
            }
            Some(Waiter::Standing(tell)) => {
                let _unheard = tell.send(Err(denial));
            }
            None => {}
        }
    }
}
