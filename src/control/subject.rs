//! What a command is about.

use super::person::Right;

/// What a command is about, and so who may propose and approve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A service or money.
    Operation,
    /// Operators, roles and tokens.
    Administration,
}

impl Subject {
    pub(super) const fn right_to_propose(self) -> Right {
        match self {
            Self::Operation => Right::Propose,
            Self::Administration => Right::Administer,
        }
    }

    pub(super) const fn right_to_approve(self) -> Right {
        match self {
            Self::Operation => Right::Approve,
            Self::Administration => Right::Administer,
        }
    }
}
