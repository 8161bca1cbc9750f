//! The configuration of a bench's adapter: signatures, everything durable, and bounds above the load.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Core;
use super::keys::{CLIENT, Keys, PARTNER};
use crate::cli::failure::Failure;
use crate::harness::{AMPLE_BALANCE, Folder, any_port};

/// Number of accounts at the bank.
pub(super) const ACCOUNTS: u64 = 10_000;

/// Limits that do not slow down repeats.
const UNPACED: &str = "\n[limits]\nrepeats_per_second = 1000000\nrepeats_per_bank = 1000000\nrepeats_burst = 1000000\n";

/// The purpose of an adapter in a bench.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Measured, with the default timers and rates.
    Measured,
    /// Creates transfers whose reversals wait, with short timers.
    Waiting,
    /// Reverses everything that waits, without a rate limit.
    Released,
}

/// The configuration shared by all adapters of a bench.
pub(super) struct Settings<'a> {
    pub(super) core: Core,
    pub(super) keys: &'a Keys,
    /// The addresses of the two links.
    pub(super) links: [SocketAddr; 2],
}

impl Settings<'_> {
    /// Writes configuration, keys and accounts into a folder.
    pub(super) fn write(&self, folder: &Folder, purpose: Purpose) -> Result<PathBuf, Failure> {
        let keys = self.keys;
        let shown = |path: PathBuf| path.display().to_string();
        let secret = |name, text: &str| folder.write_secret(name, text).map(shown);
        let text = format!(
            "{common}\
             [network]\nname = \"nusantara\"\n\n\
             [network.override.session.limits]\n\
             in_flight = 65536\nqueued = 65536\nper_second = 1000000\nburst = 1000000\n\n\
             [api]\nlisten = \"{api}\"\nwait = \"{wait}\"\ntoken_key_file = {token_key:?}\n\
             rate = 1000000\nburst = 1000000\nin_flight = 65536\npartner_in_flight = 65536\n\n\
             [api.partners.{PARTNER}]\nclient_id = \"{CLIENT}\"\n\
             public_key_file = {public_key:?}\nsecret_file = {secret:?}\n\n\
             [core]\ndebit = \"{debit}\"\nledger = {ledger:?}\naccounts_file = {accounts:?}\n\
             {own}",
            common = folder.settings(self.links, any_port()),
            api = any_port(),
            wait = purpose.wait(),
            token_key = secret("token.key", &keys.token_key)?,
            public_key = folder.write_public("channel.pub", &keys.public_pem()?).map(shown)?,
            secret = secret("channel.secret", &keys.secret)?,
            debit = match self.core {
                Core::Embedded => "titian",
                Core::Caller => "caller",
            },
            ledger = folder.url("ledger.db"),
            accounts = folder.accounts(ACCOUNTS, |_| ("active", AMPLE_BALANCE))?,
            own = purpose.sections(),
        );
        Ok(folder.write("titian.toml", &text)?)
    }
}

impl Purpose {
    /// Returns `api.wait`.
    const fn wait(self) -> &'static str {
        match self {
            Self::Measured | Self::Released => "8s",
            // Their outcome does not come: a short wait keeps the connections of the load free.
            Self::Waiting => "50ms",
        }
    }

    /// Returns the sections that differ by purpose.
    fn sections(self) -> String {
        match self {
            Self::Measured => String::new(),
            // The first repeats are due when the measurement begins. Later ones follow the network profile.
            Self::Waiting => format!(
                "\n[network.override.timers]\nresponse = \"2s\"\n\
                 \n[network.override.reversal]\nfirst_delay = \"5s\"\n{UNPACED}"
            ),
            Self::Released => UNPACED.to_owned(),
        }
    }
}
