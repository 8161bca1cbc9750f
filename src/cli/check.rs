//! `titian check`: what is wrong with settings, all of it.

use clap::Args;

use super::failure::{Failure, write};
use super::layers::{LayersOption, failure};
use crate::bank::Debit;
use crate::runtime::{LinkWay, Settings};

const EXAMPLES: &str = "\
Examples:
  titian check --config titian.toml
  titian check --config titian.toml --config node-2.toml --set bank.node=2

Reads what `titian serve` would read, also specs, profiles and keys, and starts
nothing. Exit code 0: nothing is wrong; 2: something is, a line for each fault.";

/// Read settings, and say what is wrong with them
///
/// Also with the files that they name: specs, profiles of networks, keys.
#[derive(Args)]
#[command(after_help = "Examples: titian check --help", after_long_help = EXAMPLES)]
pub(super) struct Check {
    #[command(flatten)]
    layers: LayersOption,
}

impl Check {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let settings = self.layers.load().map_err(|faults| failure(&faults))?;
        write(&told(&settings))
    }
}

/// What the settings come to.
fn told(settings: &Settings) -> String {
    let Settings { node, network, store, links, api, core, console, .. } = settings;
    let mut lines = vec![
        format!("network      {}", network.name()),
        format!("node         {node}"),
        format!("store        {}", store.file.display()),
        match &store.checkpoints {
            Some(checkpoints) => format!("checkpoints  {}", checkpoints.file.display()),
            None => "checkpoints  none: there is no key to sign them".to_owned(),
        },
    ];
    for link in links {
        lines.push(match &link.way {
            LinkWay::Connect { address, tls } => {
                format!("link         {} to {address}{}", link.name, with_tls(tls.is_some()))
            }
            LinkWay::Listen { address, tls, .. } => {
                format!("link         {} from {address}{}", link.name, with_tls(tls.is_some()))
            }
        });
    }
    let debited = match core.debit {
        Debit::Titian => "",
        Debit::Caller => "; channels debit before they ask",
    };
    lines.push(format!("core         {}{debited}", core.core));
    lines.push(format!("channels     http://{}", api.listen));
    lines.push(format!("health       http://{console}/readyz"));
    lines.push("nothing is wrong with the settings\n".to_owned());
    lines.join("\n")
}

const fn with_tls(tls: bool) -> &'static str {
    if tls { ", TLS" } else { "" }
}
