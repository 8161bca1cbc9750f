//! What control gets from the settings: the names that scopes may use, and the keyed hash of accounts.

use std::sync::Arc;

use crate::api;
use crate::control::{AccountKey, Names, ServiceCodes, Started};
use crate::engine::AccountHasher;
use crate::network::Network;
use crate::personal::RecordKey;
use crate::values::{AccountNumber, Reference, Value};

/// The purpose of the keyed hash of accounts in restrictions.
const ACCOUNTS: &str = "titian restriction accounts";

/// Returns the names that scopes of restrictions may use.
pub(super) fn control_names(network: &Network, links: &[String], api: &api::Settings) -> Names {
    let name = |text: &str| Reference::from_ascii(text.as_bytes());
    let inquiries = network.inquiries().map(|(name, code)| (name, vec![code]));
    let services = network.services().map(|(name, codes)| (name, codes.to_vec()));
    Names {
        networks: name(network.name()).into_iter().collect(),
        services: services
            .chain(inquiries)
            .filter_map(|(service, codes)| Some(ServiceCodes { name: name(service)?, codes }))
            .collect(),
        partners: api.partners().filter_map(name).collect(),
        links: links.iter().filter_map(|link| name(link)).collect(),
    }
}

/// Returns what a start records. `configuration` is the hash of the effective configuration.
pub(super) fn started(names: Names, configuration: Box<str>) -> Started {
    Started { version: env!("CARGO_PKG_VERSION").into(), configuration, names }
}

/// Returns what makes the keyed hash of an account, for pilots and shares of customers.
pub(super) fn account_hasher(record: &RecordKey) -> AccountHasher {
    let record = record.clone();
    Arc::new(move |account: &AccountNumber| account_key(&record, account))
}

/// Returns the keyed hash of an account.
pub(super) fn account_key(record: &RecordKey, account: &AccountNumber) -> AccountKey {
    let [high @ .., _, _, _, _, _, _, _, _] =
        record.lookup_hash(ACCOUNTS, account.reveal().as_bytes()).to_be_bytes();
    AccountKey(u64::from_be_bytes(high))
}
