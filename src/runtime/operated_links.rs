//! The links as operators know them: by name.

use std::future::Future;
use std::sync::Arc;

use crate::link::{Handle, LinkId, LinkOrder, LinkState, OrderError, OrderResult};

/// The links by name, with their states and orders. Its copies are of the same links.
#[derive(Clone)]
pub struct OperatedLinks {
    links: Handle,
    names: Arc<[String]>,
}

impl OperatedLinks {
    /// Gives links their names, in the order of their ids.
    #[must_use]
    pub const fn new(links: Handle, names: Arc<[String]>) -> Self {
        Self { links, names }
    }

    /// Returns the state of each link, with its name.
    #[must_use]
    pub fn states(&self) -> Vec<(String, LinkState)> {
        self.names.iter().cloned().zip(self.links.states().iter().cloned()).collect()
    }

    /// Gives an order to a link. The node must not wait for the result, because the links may wait until it reads their events:
    /// it spawns the future.
    ///
    /// # Errors
    /// If the link is not configured, the order cannot be carried out, or the echo failed.
    pub fn order(
        &self,
        name: &str,
        order: LinkOrder,
    ) -> impl Future<Output = OrderResult> + Send + 'static {
        let link = self.names.iter().position(|known| known == name).map(LinkId);
        let links = self.links.clone();
        async move { links.order(link.ok_or(OrderError::UnknownLink)?, order).await }
    }
}
