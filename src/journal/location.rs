//! Where a journal is stored.

use std::fmt;
use std::path::{Path, PathBuf};

/// The store of a journal, as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file on this machine: `sqlite://FILE`.
    Sqlite(PathBuf),
}

/// Why a text is not the URL of a store. The rest of the text may be a password, so it is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidStoreUrl {
    /// A URL of another scheme, or without a file.
    Scheme(String),
    /// Not a URL.
    NotUrl,
}

impl StoreUrl {
    /// The beginning of the URL of a file on this machine.
    pub const SQLITE: &str = "sqlite://";

    /// Parses a URL.
    ///
    /// # Errors
    /// If the text is not the URL of a store.
    pub fn parse(url: &str) -> Result<Self, InvalidStoreUrl> {
        match url.split_once("://") {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            Some((scheme, _)) => Err(InvalidStoreUrl::Scheme(scheme.to_owned())),
            None => Err(InvalidStoreUrl::NotUrl),
        }
    }

    /// Returns the path that errors name.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Sqlite(file) => file,
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "{}{}", Self::SQLITE, file.display()),
        }
    }
}
