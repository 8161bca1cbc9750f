//! Numbers and hashes of control.

use serde::{Deserialize, Serialize};

/// The number of a proposal: that of the control row that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProposalId(pub u64);

/// The id of an alert: the alerts of a store are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(pub u64);

/// The hash of a command: what a checker approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandHash(pub [u8; 32]);

/// The version of the state that a command changes: the number of the last row about its target. If it has grown, the command was
/// made against another state.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StateVersion(pub u64);
