//! What the adapter of a bench runs with: signatures, everything durable, and no bound that would be the limit.

use std::path::PathBuf;

use super::Core;
use super::keys::{CLIENT, Keys, PARTNER};
use crate::cli::failure::Failure;
use crate::rig::{PLENTY, Stage, any_port};

/// Accounts at the bank.
pub(super) const ACCOUNTS: u64 = 10_000;

/// Writes settings, keys and accounts into the folder of a stage.
pub(super) fn configure(stage: &Stage, core: Core, keys: &Keys) -> Result<PathBuf, Failure> {
    let folder = &stage.folder;
    let path = |name, text: &str| folder.write(name, text).map(|path| path.display().to_string());
    let text = format!(
        "{common}\
         [network]\nname = \"nusantara\"\n\n\
         [network.change.session.caps]\n\
         in_flight = 65536\nwaiting = 65536\nper_second = 1000000\nburst = 1000000\n\n\
         [api]\nlisten = \"{api}\"\ntoken_key_file = {token_key:?}\n\
         rate = 1000000\nburst = 1000000\nin_flight = 65536\npartner_in_flight = 65536\n\n\
         [api.partners.{PARTNER}]\nclient_id = \"{CLIENT}\"\n\
         public_key_file = {public_key:?}\nsecret_file = {secret:?}\n\n\
         [core]\ndebit = \"{debit}\"\nledger = {ledger:?}\naccounts_file = {accounts:?}\n",
        common = folder.settings(stage.switch.address("listen")?, any_port()),
        api = any_port(),
        token_key = path("token.key", &keys.token_key)?,
        public_key = path("channel.pub", &keys.public_pem()?)?,
        secret = path("channel.secret", &keys.secret)?,
        debit = match core {
            Core::Embedded => "titian",
            Core::Caller => "caller",
        },
        ledger = folder.url("ledger.db"),
        accounts = folder.accounts(ACCOUNTS, |_| ("active", PLENTY))?,
    );
    Ok(folder.write("titian.toml", &text)?)
}
