//! The folder of a demo: configuration and accounts, as a bank has them.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::harness::{AMPLE_BALANCE, Folder, FolderError};

/// Number of accounts at the bank. One of them is closed.
pub(super) const ACCOUNTS: u64 = 200;

/// Number of accounts with a low balance. They come first.
pub(super) const LOW_BALANCE: u64 = 5;

/// Writes the configuration of the adapter. The channel API waits for an outcome for `wait`.
pub(in crate::cli) fn configure(
    folder: &Folder,
    switch: SocketAddr,
    (api, console): (SocketAddr, SocketAddr),
    wait: &str,
) -> Result<PathBuf, FolderError> {
    let accounts = folder.accounts(ACCOUNTS, |number| {
        let status = if number == 7 { "closed" } else { "active" };
        (status, if number < LOW_BALANCE { 5_000_000 } else { AMPLE_BALANCE })
    })?;
    let text = format!(
        "# The configuration of the demo: `titian serve --config` with this file runs its adapter.\n\n\
         {common}\
         [network]\nname = \"nusantara\"\n\n\
         # Shorter timers than the profile's, because a person waits for the demo.\n\
         [network.override]\ntimers = {{ response = \"2s\" }}\n\
         reversal = {{ first_delay = \"500ms\", max_delay = \"4s\" }}\n\
         session = {{ timers = {{ reconnect = {{ first_delay = \"100ms\", max_delay = \"2s\" }} }}, \
         limits = {{ per_second = 100000, burst = 100000 }} }}\n\n\
         [api]\nlisten = \"{api}\"\nauth = \"none\"\nwait = \"{wait}\"\nrate = 1000000\nburst = 1000000\n\n\
         [core]\nledger = {ledger:?}\naccounts_file = {accounts:?}\n\n\
         [limits]\nrepeats_per_second = 2000\nrepeats_per_bank = 500\nrepeats_burst = 500\n",
        common = folder.settings([switch; 2], console),
        ledger = folder.url("ledger.db"),
    );
    folder.write("titian.toml", &text)
}
