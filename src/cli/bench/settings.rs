//! What the adapter of a bench runs with: signatures, everything durable, and no bound that would be the limit.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Core;
use super::keys::{CLIENT, Keys, PARTNER};
use crate::cli::failure::Failure;
use crate::rig::{Folder, PLENTY, any_port};

/// Accounts at the bank.
pub(super) const ACCOUNTS: u64 = 10_000;

/// No pace of what is repeated.
const UNPACED: &str = "\n[limits]\noverdue_per_second = 1000000\noverdue_per_bank = 1000000\noverdue_burst = 1000000\n";

/// What an adapter is started for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// To be measured, by the times and the pace that every bank begins with.
    Measured,
    /// To bring transfers to where their reversals wait, in seconds.
    Waiting,
    /// To reverse all that waits, as soon as it is due.
    Released,
}

/// The settings of all adapters of a bench.
pub(super) struct Settings<'a> {
    pub(super) core: Core,
    pub(super) keys: &'a Keys,
    /// Where the two links lead.
    pub(super) links: [SocketAddr; 2],
}

impl Settings<'_> {
    /// Writes settings, keys and accounts into a folder.
    pub(super) fn write(&self, folder: &Folder, purpose: Purpose) -> Result<PathBuf, Failure> {
        let keys = self.keys;
        let path =
            |name, text: &str| folder.write(name, text).map(|path| path.display().to_string());
        let text = format!(
            "{common}\
             [network]\nname = \"nusantara\"\n\n\
             [network.change.session.caps]\n\
             in_flight = 65536\nwaiting = 65536\nper_second = 1000000\nburst = 1000000\n\n\
             [api]\nlisten = \"{api}\"\nwait = \"{wait}\"\ntoken_key_file = {token_key:?}\n\
             rate = 1000000\nburst = 1000000\nin_flight = 65536\npartner_in_flight = 65536\n\n\
             [api.partners.{PARTNER}]\nclient_id = \"{CLIENT}\"\n\
             public_key_file = {public_key:?}\nsecret_file = {secret:?}\n\n\
             [core]\ndebit = \"{debit}\"\nledger = {ledger:?}\naccounts_file = {accounts:?}\n\
             {own}",
            common = folder.settings(self.links, any_port()),
            api = any_port(),
            wait = purpose.wait(),
            token_key = path("token.key", &keys.token_key)?,
            public_key = path("channel.pub", &keys.public_pem()?)?,
            secret = path("channel.secret", &keys.secret)?,
            debit = match self.core {
                Core::Embedded => "titian",
                Core::Caller => "caller",
            },
            ledger = folder.url("ledger.db"),
            accounts = folder.accounts(ACCOUNTS, |_| ("active", PLENTY))?,
            own = purpose.own(),
        );
        Ok(folder.write("titian.toml", &text)?)
    }
}

impl Purpose {
    /// How long a channel waits for what becomes of a transfer.
    const fn wait(self) -> &'static str {
        match self {
            Self::Measured | Self::Released => "8s",
            // Nothing comes of it: with its connections the load asks for as many as every machine takes.
            Self::Waiting => "50ms",
        }
    }

    /// Sections of its own.
    fn own(self) -> String {
        match self {
            Self::Measured => String::new(),
            // The first repeats are due when the measuring begins. All later ones are the network's own.
            Self::Waiting => format!(
                "\n[network.change.timers]\nresponse = \"2s\"\n\
                 \n[network.change.reversal]\nfirst = \"5s\"\n{UNPACED}"
            ),
            Self::Released => UNPACED.to_owned(),
        }
    }
}
