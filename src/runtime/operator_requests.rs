//! What the node does for operators.

use super::node::Node;
use super::operators::OperatorRequest;
use crate::engine::Event;
use crate::values::{LinkOrder, Reference, TransferId};

impl Node {
    pub(super) fn handle_operator_request(&mut self, request: OperatorRequest) {
        // A client that hung up gets no answer.
        match request {
            OperatorRequest::Act(request, sender) => {
                self.acts.wait(request.id, sender);
                self.handle(Event::Act(request));
            }
            OperatorRequest::OrderLink(request, done, outcome) => {
                self.acts.wait(request.id, done);
                self.acts.wait_for_order(request.id, outcome);
                self.handle(Event::Act(request));
            }
            OperatorRequest::Exceptions(sender) => {
                let _hung_up = sender.send(self.exception_views());
            }
            OperatorRequest::Transfer(id, sender) => {
                let _hung_up = sender.send(self.transfer_view(id));
            }
            OperatorRequest::Overview(sender) => {
                let _hung_up = sender.send(self.overview());
            }
        }
    }

    /// Gives a link an order. The act is durable.
    pub(super) fn order_link(&mut self, id: TransferId, link: &Reference, order: LinkOrder) {
        tracing::info!(%link, order = order.code(), "link ordered");
        let ordered = self.operated_links.order(link.as_str(), order);
        let waiting = self.acts.take_order(id);
        // Not awaited here: the links may wait until their events are read.
        drop(tokio::spawn(async move {
            let outcome = ordered.await;
            if let Some(waiting) = waiting {
                let _hung_up = waiting.send(outcome);
            }
        }));
    }
}
