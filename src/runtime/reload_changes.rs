//! What a reload of the settings changes in the node.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::control::{Control, Reloaded, SettingValues};
use crate::core_banking::Core;
use crate::engine::Limits;
use crate::transfer::{CoreRules, Rules};
use crate::values::WorkingDays;

/// What a reload changes in the node.
pub(super) struct NodeChanges {
    /// The rules of the network; `None`: they need a restart.
    pub(super) rules: Option<Rules>,
    pub(super) working_days: WorkingDays,
    pub(super) core_rules: CoreRules,
    pub(super) limits: Limits,
    /// The port to core; `None`: it needs a restart.
    pub(super) core: Option<Core>,
    pub(super) reloaded: Reloaded,
    /// The guarded values of the configuration.
    pub(super) wanted: SettingValues,
    /// Gets the state of control after it.
    pub(super) done: oneshot::Sender<Arc<Control>>,
}
