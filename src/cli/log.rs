//! `--log`: what a program that goes on and on tells of itself, on stderr.

use std::io;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;

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

impl LogOption {
    /// Begins to log.
    pub(super) fn start(&self) {
        let log = fmt().with_writer(io::stderr).with_max_level(LevelFilter::INFO);
        // A process that logs already goes on as it does.
        let _ = match self.log {
            Form::Text => log.with_target(false).with_ansi(false).try_init(),
            Form::Json => log.json().try_init(),
        };
    }
}
