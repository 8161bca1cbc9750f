//! `--log`: what a program that goes on and on tells of itself, on stderr.

use std::io;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry, reload};

/// The option that every command has that runs until it is stopped.
#[derive(Args)]
pub(super) struct LogOption {
    /// How to write the log, on stderr
    #[arg(long, value_enum, default_value_t = Form::Text)]
    log: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs, an object a line
    Json,
}

/// Changes how much is told.
pub(super) type Level = Box<dyn Fn(LevelFilter) + Send>;

impl LogOption {
    /// Begins to log.
    pub(super) fn start(&self, level: LevelFilter) -> Level {
        let (filter, handle) = reload::Layer::new(level);
        let registry = registry().with(filter);
        let log = fmt::layer().with_writer(io::stderr);
        // A process that logs already goes on as it does.
        let _going = match self.log {
            Form::Text => registry.with(log.with_target(false).with_ansi(false)).try_init(),
            Form::Json => registry.with(log.json()).try_init(),
        };
        Box::new(move |level| drop(handle.reload(level)))
    }
}
