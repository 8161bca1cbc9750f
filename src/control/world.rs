//! What a decision asks about things outside of control.

use super::ids::StateVersion;
use super::refusal::ActRefusal;
use crate::values::TransferId;

/// What a decision asks about things outside of control.
pub trait World {
    /// Returns the version of a transfer in memory: another state or other books have another version.
    fn version(&self, transfer: TransferId) -> Option<StateVersion>;

    /// Returns whether a transfer waits for a message or a reply that can be asked for again.
    fn can_retry(&self, transfer: TransferId) -> bool;

    /// Checks that a transfer can get a manual resolution with this outcome.
    ///
    /// # Errors
    /// Why not.
    fn check_resolution(&self, transfer: TransferId, outcome: &str) -> Result<(), ActRefusal>;
}
