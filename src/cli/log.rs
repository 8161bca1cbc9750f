//! `--log`: the log of a long-running command, on stderr.

use std::io;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry, reload};

/// The option of every command that runs until it is stopped.
#[derive(Args)]
pub(super) struct LogOption {
    /// Format of the log on stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Text for people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Changes the log level.
pub(super) type SetLevel = Box<dyn Fn(LevelFilter) + Send + Sync>;

impl LogOption {
    /// Starts the log.
    pub(super) fn start(&self, level: LevelFilter) -> SetLevel {
        let (filter, handle) = reload::Layer::new(level);
        let registry = registry().with(filter);
        let log = fmt::layer().with_writer(io::stderr);
        // If the process logs already, its log stays.
        let _already_started = match self.log {
            LogFormat::Text => registry.with(log.with_target(false).with_ansi(false)).try_init(),
            LogFormat::Json => registry.with(log.json()).try_init(),
        };
        Box::new(move |level| drop(handle.reload(level)))
    }
}
