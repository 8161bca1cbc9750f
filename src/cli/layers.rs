//! `--config` and `--set`: where settings come from.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use crate::runtime::{SHIPPED, Settings};
use crate::settings::{Fault, Layers};

/// The options that every command has that needs settings.
#[derive(Args, Clone)]
pub(super) struct LayersOption {
    /// A file of settings, TOML; a later one is over those before it
    #[arg(long, value_name = "FILE", required = true)]
    config: Vec<PathBuf>,

    /// A setting over all files: `section.key=value`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl LayersOption {
    /// The settings, or all that is wrong with them.
    pub(super) fn load(&self) -> Result<Settings, Vec<Fault>> {
        let (files, set) = (self.config.clone(), self.set.clone());
        Settings::load(&Layers { shipped: SHIPPED, files, set })
    }
}

/// Faults as lines.
pub(super) fn failure(faults: &[Fault]) -> Failure {
    Failure::Input(faults.iter().map(ToString::to_string).collect())
}
