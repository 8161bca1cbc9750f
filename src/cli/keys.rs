//! `titian keys`: makes keys and secrets, and shows which ones a folder has.

mod list;
mod new;
mod public;
mod rotate;

use clap::{Args, Subcommand};

use super::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  titian keys new signing --dir /etc/titian/keys
  titian keys new partner --dir /etc/titian/keys --name MOBILE
  titian keys list --dir /etc/titian/keys
  titian keys public /etc/titian/keys/node0.key
  titian keys rotate --config titian.toml --dir /etc/titian/keys --name node0-2

`titian serve` makes no key. docs/keys.md says what each key protects, and what to
do when it is lost or stolen.";

/// Make keys and secrets, and show which ones a folder has
#[derive(Args)]
#[command(after_help = "Examples: titian keys --help", after_long_help = EXAMPLES)]
pub(super) struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    New(new::New),
    List(list::List),
    Public(public::Public),
    Rotate(rotate::Rotate),
}

impl Keys {
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            KeysCommand::New(new) => new.run(),
            KeysCommand::List(list) => list.run(),
            KeysCommand::Public(public) => public.run(),
            KeysCommand::Rotate(rotate) => rotate.run(),
        }
    }
}
