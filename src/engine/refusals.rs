//! Why the engine refuses what an operator asks of a transfer. Nothing is on record then.

use thiserror::Error;

use crate::values::TransferId;

/// Why a manual resolution is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ResolutionRefusal {
    /// The transfer is not in memory. All exceptions are, so it needs no resolution.
    #[error("transfer {0}: needs no manual resolution: it is closed or does not exist")]
    NotOpen(TransferId),
    /// The outcome is not possible in the state of the transfer.
    #[error(
        "transfer {id}: the resolution {outcome} is not possible in state {state}: see the possible resolutions"
    )]
    NotPossible {
        /// The transfer.
        id: TransferId,
        /// The code of its state.
        state: &'static str,
        /// The code of the outcome.
        outcome: &'static str,
    },
    /// The transfer has changed since the resolution was proposed.
    #[error(
        "transfer {id}: changed since the resolution was proposed, to state {state}: propose the resolution again"
    )]
    Changed {
        /// The transfer.
        id: TransferId,
        /// The code of its state.
        state: &'static str,
    },
}

/// Why a retry is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum RetryRefusal {
    /// The transfer is not in memory. All open ones are, so nothing of it is repeated.
    #[error("transfer {0}: nothing to repeat: it is closed or does not exist")]
    NotOpen(TransferId),
    /// The transfer waits for nothing that can be repeated.
    #[error("transfer {id}: nothing to repeat in state {state}")]
    NothingToRepeat {
        /// The transfer.
        id: TransferId,
        /// The code of its state.
        state: &'static str,
    },
}
