//! `titian serve`: the adapter.

use clap::Args;
use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::layers::{LayersOption, failure};
use super::log::{Level, LogOption};
use super::stop;
use crate::runtime::{self, Reload, StartError};

const EXAMPLES: &str = "\
Examples:
  titian check --config titian.toml          what is wrong with it?
  titian serve --config titian.toml
  titian serve --config titian.toml --set bank.node=2 --log json

SIGTERM and Ctrl-C stop it: new work is refused, whoever waits is answered, the
links are signed off; exit code 0. SIGHUP has it read its settings again: bounds,
the network's timers and codes and the log are taken, of the rest the log says
that it needs a start.

GET /healthz, /readyz and /metrics on http://127.0.0.1:8081.";

/// Run the adapter, between the bank and the switch
///
/// Takes transfers of channels over HTTP and those of the switch over ISO 8583, has core post them, and finds the
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
        let level = self.log.start(settings.log);
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
        let done = runtime.block_on(async {
            let (stop, again) = (stop::signal(false)?, stop::again()?);
            let reload = reload(self.layers.clone(), level);
            runtime::run(settings, stop, again, reload).await.map_err(told)
        });
        Runtime::shutdown_background(runtime);
        done
    }
}

/// Reads the settings again; what is wrong with them is told, and nothing is taken then.
fn reload(layers: LayersOption, level: Level) -> Reload {
    Box::new(move || match layers.load() {
        Ok(settings) => {
            level(settings.log);
            Some(settings)
        }
        Err(faults) => {
            for fault in faults {
                tracing::error!(%fault, "the settings are not taken");
            }
            None
        }
    })
}

/// What is wrong with where it runs is for who runs it to mend.
fn told(error: StartError) -> Failure {
    match error {
        StartError::Listen(lines) => Failure::Input(lines),
        StartError::Journal(error) => error.into(),
        StartError::Slow(_) | StartError::Node(_) => Failure::No(error.to_string()),
        StartError::Records(_)
        | StartError::Clock(_)
        | StartError::Thread(_)
        | StartError::Core(_) => error.to_string().into(),
    }
}
