//! `titian admin`: the admin API from the command line.

mod arguments;
mod client;
mod commands;
mod exceptions;
mod operators;
mod session;
mod show;

use std::future::Future;

use clap::Args;
use tokio::runtime::Builder;

use super::failure::Failure;
use arguments::AdminCommand;
use client::ServerOption;
pub(super) use exceptions::Exceptions;
pub(super) use operators::Operator;

const EXAMPLES: &str = "\
Examples:
  titian admin sign-in e17                     asks for password and one-time code
  titian admin alerts
  titian admin acknowledge 7 --note 'I call the switch'
  titian admin close --bank 014 --reason 'answers nothing' --public-text 'Bank 014 is not available'
  titian admin stage 12 --percent 10 --reason 'answers again'
  titian admin approve 14                      shows what will happen, then asks
  titian admin link jakarta sign-off
  titian admin watch

Closing, tightening and orders to links take effect at once. What opens, or decides
about money, is a proposal: another person approves it, in an own session with a
one-time code of the last five minutes. `--json` prints the server's answer.";

/// Close, open, decide and look, through the admin API of a running adapter
#[derive(Args)]
#[command(after_help = "Examples: titian admin --help", after_long_help = EXAMPLES)]
pub(super) struct Admin {
    #[command(flatten)]
    server: ServerOption,

    #[command(subcommand)]
    command: AdminCommand,
}

impl Admin {
    pub(super) fn run(&self) -> Result<(), Failure> {
        block_on(commands::run(&self.server, &self.command))
    }
}

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("runtime not started: {error}"))?;
    runtime.block_on(command)
}
