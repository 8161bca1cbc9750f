//! The port to the operators in the journal.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use crate::control::{People, PersonalAct};

/// Why a personal act did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActRefused {
    /// It was decided that it is not allowed.
    Refused,
    /// The node takes no acts now, such as while it stops.
    Unavailable,
}

impl fmt::Display for ActRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "the act was refused",
            Self::Unavailable => "the node takes no acts now",
        })
    }
}

/// The operators, and the way of a personal act into the journal.
pub trait Directory: Send + Sync + 'static {
    /// Returns the operators and tokens as far as they are durable.
    fn people(&self) -> Arc<People>;

    /// Decides a personal act, and returns when it is durable and in [`Self::people`]. `from` is the address of the person.
    ///
    /// # Errors
    /// Why it did not happen.
    fn act(
        &self,
        act: PersonalAct,
        from: IpAddr,
    ) -> impl Future<Output = Result<(), ActRefused>> + Send;
}
