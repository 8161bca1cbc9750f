//! The folder of a demo: settings and accounts, as a bank would have them.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::rig::{Folder, FolderError, PLENTY};

/// Accounts at the bank. One of them is closed.
pub(super) const ACCOUNTS: u64 = 200;

/// How many of them have little on them: the first.
pub(super) const POOR: u64 = 5;

/// Writes the settings of the adapter.
pub(super) fn configure(
    folder: &Folder,
    switch: SocketAddr,
    api: SocketAddr,
    console: SocketAddr,
) -> Result<PathBuf, FolderError> {
    let accounts = folder.accounts(ACCOUNTS, |number| {
        let status = if number == 7 { "closed" } else { "active" };
        (status, if number < POOR { 5_000_000 } else { PLENTY })
    })?;
    let text = format!(
        "# The settings of the demo: `titian serve --config` with this file runs its adapter.\n\n\
         {common}\
         [network]\nname = \"nusantara\"\n\n\
         # Its own times are for a nation, these for those who wait before a screen.\n\
         [network.change]\ntimers = {{ response = \"2s\" }}\n\
         reversal = {{ first = \"500ms\", longest = \"4s\" }}\n\
         session = {{ timers = {{ reconnect = {{ first = \"100ms\", longest = \"2s\" }} }}, \
         caps = {{ per_second = 100000, burst = 100000 }} }}\n\n\
         [api]\nlisten = \"{api}\"\nauth = \"none\"\nwait = \"5s\"\nrate = 1000000\nburst = 1000000\n\n\
         [core]\nledger = {ledger:?}\naccounts_file = {accounts:?}\n\n\
         [limits]\noverdue_per_second = 2000\noverdue_per_bank = 500\noverdue_burst = 500\n",
        common = folder.settings([switch; 2], console),
        ledger = folder.url("ledger.db"),
    );
    folder.write("titian.toml", &text)
}
