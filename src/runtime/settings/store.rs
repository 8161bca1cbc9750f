//! `[store]`: where the journal is, and what signs its checkpoints.

use std::path::PathBuf;

use crate::hex::unhex;
use crate::journal::Checkpoints;
use crate::settings::Section;

/// What the URL of a store on this machine begins with.
const SCHEME: &str = "sqlite://";

/// The journal's place.
#[derive(Debug)]
pub struct Store {
    /// Its file.
    pub file: PathBuf,
    /// Where checkpoints go, and who signs them; none are written without a key.
    pub checkpoints: Option<Checkpoints>,
}

impl Store {
    pub(super) fn read(section: &Section<'_>, node: Option<u8>) -> Option<Self> {
        let file = section.text("url", |url| match url.split_once("://") {
            Some(("sqlite", file)) if !file.is_empty() => Ok(PathBuf::from(file)),
            // The rest of it may be a password.
            Some((scheme, _)) => {
                Err(format!("no store of {scheme}:// is known: give {SCHEME}FILE"))
            }
            None => Err(format!("is no URL: give {SCHEME}FILE")),
        });
        let signed = section.has("checkpoint_key_file") || section.has("checkpoint_key_env");
        let path = section.text("checkpoints", |path| Ok(PathBuf::from(path)));
        let every = section.time("checkpoint_every");
        if !signed {
            return Some(Self { file: file?, checkpoints: None });
        }
        let seed = section.secret("checkpoint_key_file", "checkpoint_key_env", seed);
        let checkpoints =
            Checkpoints { file: path?, node: node?.to_string(), seed: seed?, every: every? };
        Some(Self { file: file?, checkpoints: Some(checkpoints) })
    }
}

/// The secret that the key is made from: 32 bytes in hexadecimal.
fn seed(text: &[u8]) -> Result<[u8; 32], String> {
    let seed = std::str::from_utf8(text).ok().and_then(unhex);
    seed.ok_or_else(|| "is not 64 hexadecimal digits".to_owned())
}
