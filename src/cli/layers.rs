//! `--config` and `--set`: the sources of settings.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use crate::runtime::{DEFAULTS, Settings};
use crate::settings::{Fault, Layers};

/// The options of every command that reads settings.
#[derive(Args, Clone)]
pub(super) struct LayersOption {
    /// Settings file (TOML); a later file overrides earlier ones
    #[arg(long, value_name = "FILE", required = true)]
    config: Vec<PathBuf>,

    /// A setting that overrides all files: `section.key=value`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl LayersOption {
    /// Returns the settings, or all their faults.
    pub(super) fn load(&self) -> Result<Settings, Vec<Fault>> {
        let (files, set) = (self.config.clone(), self.set.clone());
        Settings::load(&Layers { defaults: DEFAULTS, files, set })
    }
}

/// Returns the faults as a failure, a line each.
pub(super) fn failure(faults: &[Fault]) -> Failure {
    Failure::Input(faults.iter().map(ToString::to_string).collect())
}
