//! Commands of operators that wait for their commit, and the durable state of control.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::control::{ActDone, ActRefusal, Control};
use crate::link::OrderResult;
use crate::values::TransferId;

/// The answer to a command.
pub(super) type ActAnswer = Result<ActDone, ActRefusal>;

/// The node's side: commands that wait for their commit, and the durable state of control.
pub(super) struct Acts {
    waiting: HashMap<TransferId, oneshot::Sender<ActAnswer>>,
    /// Who waits for the outcome of an order of a link.
    orders: HashMap<TransferId, oneshot::Sender<OrderResult>>,
    published: watch::Sender<Arc<Control>>,
}

impl Acts {
    /// `published` gets the state of control after each act.
    pub(super) fn new(published: watch::Sender<Arc<Control>>) -> Self {
        Self { waiting: HashMap::new(), orders: HashMap::new(), published }
    }

    /// Waits for the answer to a command.
    pub(super) fn wait(&mut self, id: TransferId, answer: oneshot::Sender<ActAnswer>) {
        self.waiting.insert(id, answer);
    }

    /// Waits for the outcome of an order of a link.
    pub(super) fn wait_for_order(&mut self, id: TransferId, outcome: oneshot::Sender<OrderResult>) {
        self.orders.insert(id, outcome);
    }

    /// Takes the one who waits for the outcome of an order.
    pub(super) fn take_order(&mut self, id: TransferId) -> Option<oneshot::Sender<OrderResult>> {
        self.orders.remove(&id)
    }

    /// Answers a command.
    pub(super) fn answer(&mut self, id: TransferId, answer: ActAnswer) {
        // Nothing was ordered.
        if !matches!(answer, Ok(ActDone { was_done: false, .. })) {
            self.orders.remove(&id);
        }
        if let Some(sender) = self.waiting.remove(&id) {
            let _hung_up = sender.send(answer);
        }
    }

    /// Publishes the state of control, which is durable.
    pub(super) fn publish(&self, control: Arc<Control>) {
        self.published.send_replace(control);
    }
}
