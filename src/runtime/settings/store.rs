//! `[store]`: the place of the journal, and those of its checkpoints.

use std::path::PathBuf;

use crate::journal::{Checkpoints, InvalidStoreUrl, StoreUrl};
use crate::settings::Section;

/// The store of the journal.
#[derive(Debug)]
pub struct Store {
    /// Where the journal is.
    pub url: StoreUrl,
    /// The files and the interval of checkpoints.
    pub checkpoints: Checkpoints,
}

impl Store {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
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
        let files = section.texts("checkpoints", |path| Ok(PathBuf::from(path)))?;
        if let Some(twice) = (1..)
            .zip(&files)
            .find(|(next, file)| files.iter().skip(*next).any(|other| other == *file))
        {
            section.fault("checkpoints", format!("{}: is named twice", twice.1.display()));
            return None;
        }
        let every = section.time("checkpoint_every");
        Some(Self { url: url?, checkpoints: Checkpoints { files, every: every? } })
    }
}
