//! `titian check`: checks settings, and reports every fault.

use clap::Args;

use super::failure::{Failure, write};
use super::layers::{LayersOption, failure};
use crate::core_banking::Debit;
use crate::journal;
use crate::runtime::{Keys, LinkEndpoint, Settings};

const EXAMPLES: &str = "\
Examples:
  titian check --config titian.toml
  titian check --config titian.toml --config node-2.toml --set bank.node=2

Reads the same files as `titian serve`, including specs, profiles, keys and
accounts, and starts nothing. Encodes every message of the network with the
shortest and the longest values, and decodes it again. Refuses files of keys,
secrets and stores that other users can read or change, and weak secrets.
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
        let faults = stored_files(&settings);
        if !faults.is_empty() {
            return Err(Failure::Input(faults));
        }
        write(&summary(&settings))
    }
}

/// Returns what is wrong with the files of the store, as far as they exist.
fn stored_files(settings: &Settings) -> Vec<String> {
    let Settings { store, core, .. } = settings;
    let journal = journal::file_faults(&store.url, &store.checkpoints);
    let faults = journal.into_iter().chain(core.core.file_fault());
    faults.map(|fault| fault.to_string()).collect()
}

/// Summarizes the settings.
fn summary(settings: &Settings) -> String {
    let Settings { node, network, keys, store, links, api, core, console, .. } = settings;
    let mut lines = vec![
        format!("network      {}", network.name()),
        format!("node         {node}"),
        format!("store        {}", store.url.path().display()),
        match store.checkpoints.files.as_slice() {
            [] => "checkpoints  none: a store that lost its last rows is not noticed".to_owned(),
            files => {
                let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                format!("checkpoints  {}", files.join(", "))
            }
        },
    ];
    lines.extend(key_lines(keys));
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

/// Names the keys of the record. No secret is among the lines.
fn key_lines(keys: &Keys) -> Vec<String> {
    let mut lines = vec![format!("signing key  {}", keys.signing.id())];
    for trusted in keys.trusted.keys() {
        let rows = trusted.spans.iter().map(|(chain, span)| format!(" {}={span}", chain.code()));
        lines.push(format!("trusted      {}{}", trusted.key.id(), rows.collect::<String>()));
    }
    lines.push("record key   set".to_owned());
    lines
}

const fn with_tls(tls: bool) -> &'static str {
    if tls { ", TLS" } else { "" }
}
