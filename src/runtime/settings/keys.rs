//! `[keys]`: the keys of the record.

use crate::control::{OfflineAct, OperatorKeys};
use crate::hex::unhex;
use crate::journal::JournalKeys;
use crate::personal::RecordKey;
use crate::settings::{Section, optional};
use crate::signing::{Chain, SigningKey, TrustedKeys};

/// The key of the file with an offline act.
const OFFLINE_ACT: &str = "offline_act_file";

/// The keys of the record.
#[derive(Debug)]
pub struct Keys {
    /// The key that signs batches.
    pub signing: SigningKey,
    /// The public keys that may have signed batches, with their rows.
    pub trusted: TrustedKeys,
    /// The key that protects personal data.
    pub record: RecordKey,
    /// The public keys of operators, who sign offline acts.
    pub operators: OperatorKeys,
    /// An offline act that the start commits, if it was not committed before.
    pub offline_act: Option<OfflineAct>,
}

impl Keys {
    /// Returns the keys of the journal.
    #[must_use]
    pub fn of_journal(&self) -> JournalKeys {
        JournalKeys {
            signing: self.signing.clone(),
            trusted: self.trusted.clone(),
            record: self.record.clone(),
        }
    }

    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let signing = read_key(section, "signing", ["signing_key_file", "signing_key_env"]);
        let record = read_key(section, "record", ["record_key_file", "record_key_env"]);
        let trusted = read_trusted(section);
        let operators = read_operators(section);
        let (signing, trusted) = (SigningKey::from_seed(&signing?), trusted?);
        if let Some(reason) = distrust(&signing, &trusted) {
            section.fault("trusted_files", reason);
            return None;
        }
        let offline_act = optional(section.has(OFFLINE_ACT), || {
            section.file(OFFLINE_ACT, |text| {
                serde_json::from_str(text)
                    .map_err(|error| format!("is not an offline act: {error}"))
            })
        });
        let (record, operators) = (RecordKey::new(record?), operators?);
        Some(Self { signing, trusted, record, operators, offline_act: offline_act.ok()? })
    }
}

/// Reads a key of 32 bytes.
fn read_key(section: &Section<'_>, kind: &str, keys: [&'static str; 2]) -> Option<[u8; 32]> {
    let [file, variable] = keys;
    if !section.has(file) && !section.has(variable) {
        let reason = format!(
            "is missing: run `titian keys new {kind}`, and set this key to the file, or {variable} to a variable"
        );
        section.fault(file, reason);
        return None;
    }
    section.secret(file, variable, |text| {
        let key = std::str::from_utf8(text).ok().and_then(unhex);
        key.ok_or_else(|| "is not 64 hexadecimal digits".to_owned())
    })
}

/// Reads the public keys of all files. No row may have two of them.
fn read_trusted(section: &Section<'_>) -> Option<TrustedKeys> {
    const KEY: &str = "trusted_files";
    if !section.has(KEY) {
        section.fault(KEY, "is missing: name the .pub file that `titian keys new signing` writes");
        return None;
    }
    let mut all = TrustedKeys::default();
    section.files(KEY, TrustedKeys::parse)?.into_iter().for_each(|keys| all.extend(keys));
    if let Some((one, other, chain)) = all.overlap() {
        let reason = format!(
            "keys {one} and {other} may sign the same rows of chain {}: end the rows of one before the other begins",
            chain.code()
        );
        section.fault(KEY, reason);
        return None;
    }
    Some(all)
}

/// Reads the public keys of operators, if there are some.
fn read_operators(section: &Section<'_>) -> Option<OperatorKeys> {
    const KEY: &str = "operator_files";
    let mut all = OperatorKeys::default();
    if !section.has(KEY) {
        return Some(all);
    }
    for keys in section.files(KEY, OperatorKeys::parse)? {
        for (person, key) in keys.iter() {
            let added = all.add(person.clone(), key.clone());
            added.map_err(|reason| section.fault(KEY, reason)).ok()?;
        }
    }
    Some(all)
}

/// Returns why the trusted keys let the signing key sign no further row.
fn distrust(signing: &SigningKey, trusted: &TrustedKeys) -> Option<String> {
    let id = signing.id();
    let own = trusted.keys().iter().filter(|trusted| trusted.key.id() == id);
    if own.clone().next().is_none() {
        return Some(format!(
            "lack the public half of the signing key {id}: add its .pub file; `titian keys public` prints its line"
        ));
    }
    // The embedded ledger checks its own chain: only some adapters have one.
    let mut spans = own.flat_map(|trusted| &trusted.spans);
    let is_open = spans.any(|(chain, span)| *chain == Chain::Transfers && span.last.is_none());
    (!is_open).then(|| {
        format!("let the signing key {id} sign no further rows of transfers: it was replaced; set the new signing key")
    })
}
