//! `titian check`: checks settings, and reports every fault.

use clap::Args;

use super::failure::{Failure, write};
use super::layers::{LayersOption, failure};
use crate::core_banking::Debit;
use crate::runtime::{LinkEndpoint, Settings};

const EXAMPLES: &str = "\
Examples:
  titian check --config titian.toml
  titian check --config titian.toml --config node-2.toml --set bank.node=2

Reads the same files as `titian serve`, including specs, profiles, keys and
accounts, and starts nothing. Encodes every message of the network with the
shortest and the longest values, and decodes it again.
Exit code 0: the settings are valid; 2: a line for each fault.";

/// Check settings and report every fault
///
/// Checks the files that they name too: specs, network profiles, keys, accounts.
#[derive(Args)]
#[command(after_help = "Examples: titian check --help", after_long_help = EXAMPLES)]
pub(super) struct Check {
    #[command(flatten)]
    layers: LayersOption,
}

impl Check {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let settings = self.layers.load().map_err(|faults| failure(&faults))?;
        write(&summary(&settings))
    }
}

/// Summarizes the settings.
fn summary(settings: &Settings) -> String {
    let Settings { node, network, store, links, api, core, console, .. } = settings;
    let mut lines = vec![
        format!("network      {}", network.name()),
        format!("node         {node}"),
        format!("store        {}", store.url.path().display()),
        match &store.checkpoints {
            Some(checkpoints) => format!(
                "checkpoints  {}\npublic key   {}",
                checkpoints.file.display(),
                checkpoints.public_key().trim_end()
            ),
            None => "checkpoints  none: no signing key is set".to_owned(),
        },
    ];
    for link in links {
        lines.push(match &link.endpoint {
            LinkEndpoint::Connect { address, tls } => {
                format!("link         {} to {address}{}", link.name, with_tls(tls.is_some()))
            }
            LinkEndpoint::Listen { address, tls, .. } => {
                format!("link         {} from {address}{}", link.name, with_tls(tls.is_some()))
            }
        });
    }
    let debited = match core.debit {
        Debit::Titian => "",
        Debit::Caller => "; the channel debits before its request",
    };
    lines.push(format!("core         {}{debited}", core.core));
    let macs: Vec<_> = network.unchecked_macs().map(|de| de.to_string()).collect();
    if !macs.is_empty() {
        lines.push(format!("MAC          not checked: {}", macs.join(", ")));
    }
    for service in network.inbound_debits() {
        lines.push(format!("debits       {service}: core verifies the card"));
    }
    lines.push(format!("channels     http://{}", api.listen));
    lines.push(format!("health       http://{console}/readyz"));
    lines.push("the settings are valid\n".to_owned());
    lines.join("\n")
}

const fn with_tls(tls: bool) -> &'static str {
    if tls { ", TLS" } else { "" }
}
