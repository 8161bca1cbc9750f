//! `[store]`: the place of the journal, and the key that signs its checkpoints.

use std::path::PathBuf;

use crate::hex::unhex;
use crate::journal::Checkpoints;
use crate::settings::Section;

/// The scheme of a store on this machine.
const SCHEME: &str = "sqlite://";

/// The store of the journal.
#[derive(Debug)]
pub struct Store {
    /// The file of the journal.
    pub file: PathBuf,
    /// The file, interval and key of checkpoints; `None` without a key, then no checkpoint is written.
    pub checkpoints: Option<Checkpoints>,
}

impl Store {
    pub(super) fn read(section: &Section<'_>, node: Option<u8>) -> Option<Self> {
        let file = section.text("url", |url| match url.split_once("://") {
            Some(("sqlite", file)) if !file.is_empty() => Ok(PathBuf::from(file)),
            // The rest of the URL may be a password.
            Some((scheme, _)) => Err(format!("{scheme}:// is not supported: write {SCHEME}FILE")),
            None => Err(format!("is not a URL: write {SCHEME}FILE")),
        });
        let is_signed = section.has("checkpoint_key_file") || section.has("checkpoint_key_env");
        let path = section.text("checkpoints", |path| Ok(PathBuf::from(path)));
        let every = section.time("checkpoint_every");
        if !is_signed {
            return Some(Self { file: file?, checkpoints: None });
        }
        let seed = section.secret("checkpoint_key_file", "checkpoint_key_env", seed);
        let checkpoints =
            Checkpoints { file: path?, node: node?.to_string(), seed: seed?, every: every? };
        Some(Self { file: file?, checkpoints: Some(checkpoints) })
    }
}

/// Reads the seed of the signing key: 32 bytes in hexadecimal.
fn seed(text: &[u8]) -> Result<[u8; 32], String> {
    let seed = std::str::from_utf8(text).ok().and_then(unhex);
    seed.ok_or_else(|| "is not 64 hexadecimal digits".to_owned())
}
