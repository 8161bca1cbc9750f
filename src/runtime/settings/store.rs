//! `[store]`: the place of the journal, and the key that signs its checkpoints.

use std::path::PathBuf;

use crate::hex::unhex;
use crate::journal::{Checkpoints, InvalidStoreUrl, StoreUrl};
use crate::settings::Section;

/// The store of the journal.
#[derive(Debug)]
pub struct Store {
    /// Where the journal is.
    pub url: StoreUrl,
    /// The file, interval and key of checkpoints; `None` without a key, then no checkpoint is written.
    pub checkpoints: Option<Checkpoints>,
}

impl Store {
    pub(super) fn read(section: &Section<'_>, node: Option<u8>) -> Option<Self> {
        let url = section.text("url", |url| {
            StoreUrl::parse(url).map_err(|error| match error {
                InvalidStoreUrl::Scheme(scheme) => {
                    format!("{scheme}:// is not supported: write {}FILE", StoreUrl::SQLITE)
                }
                InvalidStoreUrl::NotUrl => {
                    format!("is not a URL: write {}FILE", StoreUrl::SQLITE)
                }
            })
        });
        let is_signed = section.has("checkpoint_key_file") || section.has("checkpoint_key_env");
        let path = section.text("checkpoints", |path| Ok(PathBuf::from(path)));
        let every = section.time("checkpoint_every");
        if !is_signed {
            return Some(Self { url: url?, checkpoints: None });
        }
        let seed = section.secret("checkpoint_key_file", "checkpoint_key_env", seed);
        let checkpoints =
            Checkpoints { file: path?, node: node?.to_string(), seed: seed?, every: every? };
        Some(Self { url: url?, checkpoints: Some(checkpoints) })
    }
}

/// Reads the seed of the signing key: 32 bytes in hexadecimal.
fn seed(text: &[u8]) -> Result<[u8; 32], String> {
    let seed = std::str::from_utf8(text).ok().and_then(unhex);
    seed.ok_or_else(|| "is not 64 hexadecimal digits".to_owned())
}
