//! `titian serve`: the adapter.

use clap::Args;
use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::layers::{LayersOption, failure};
use super::log::LogOption;
use super::stop;
use crate::runtime::{self, Reload, StartError};

const EXAMPLES: &str = "\
Examples:
  titian check --config titian.toml          check the settings first
  titian serve --config titian.toml
  titian serve --config titian.toml --set bank.node=2 --log json

SIGTERM and Ctrl-C stop the adapter: it refuses new work, answers waiting
requests, signs the links off, and exits with 0. SIGHUP reloads the settings.
The log names every changed setting: applied; waiting for a checker, if it is
looser than what is approved; or waiting for a restart.

GET /healthz, /readyz and /metrics on http://127.0.0.1:8081.";

/// Run the adapter between the bank and the switch
///
/// Accepts transfers from channels over HTTP and from the switch over ISO 8583, posts them at core banking, and finds the
/// outcome of each.
#[derive(Args)]
#[command(after_help = "Examples: titian serve --help", after_long_help = EXAMPLES)]
pub(super) struct Serve {
    #[command(flatten)]
    layers: LayersOption,

    #[command(flatten)]
    log: LogOption,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let settings = self.layers.load().map_err(|faults| failure(&faults))?;
        let set_level = self.log.start(settings.log);
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("runtime not started: {error}"))?;
        let done = runtime.block_on(async {
            let (stop, reloads) = (stop::signal()?, stop::reload()?);
            let layers = self.layers.clone();
            let reload = Reload { load: Box::new(move || layers.load()), set_log: set_level };
            // It is large, and there is one.
            Box::pin(runtime::run(settings, stop, reloads, reload)).await.map_err(start_failure)
        });
        Runtime::shutdown_background(runtime);
        done
    }
}

/// Returns the failure. An error that the operator can correct, such as a used address, is wrong input.
fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Listen(lines) => Failure::Input(lines),
        StartError::Settings(faults) => failure(&faults),
        StartError::Journal(error) => error.into(),
        StartError::DrainTimeout(_)
        | StartError::Node(_)
        | StartError::NewStore
        | StartError::OfflineAct(_) => Failure::Negative(error.to_string()),
        StartError::Records(_)
        | StartError::ClockBehind(_)
        | StartError::Thread(_)
        | StartError::Core(_) => error.to_string().into(),
    }
}
