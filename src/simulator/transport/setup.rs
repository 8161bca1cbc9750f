//! The settings of the transport.

use std::path::PathBuf;

use super::codec::Codec;
use super::fixture::Fixture;
use crate::iso8583::Framing;
use crate::simulator::{FaultRules, NetworkRules};

/// The settings of the transport.
pub struct Setup {
    /// The rules of the network.
    pub rules: NetworkRules,
    /// The framing of messages.
    pub framing: Framing,
    /// The codec that reads and writes messages.
    pub codec: Codec,
    /// Banks and accounts.
    pub fixture: Fixture,
    /// The fault rules at the start.
    pub fault_rules: FaultRules,
    /// The folder for settlement files, which are written when a business date ends.
    pub settlement_dir: Option<PathBuf>,
    /// The seed of faults and traffic.
    pub seed: u64,
}
