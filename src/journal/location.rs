//! Where a journal is stored.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_url_of_a_file_is_a_store() {
        let file = StoreUrl::parse("sqlite:///var/titian.db").unwrap();
        assert_eq!(file, StoreUrl::Sqlite("/var/titian.db".into()));
        let other = |url| StoreUrl::parse(url).unwrap_err();
        assert_eq!(other("postgres://u:secret@h/db"), InvalidStoreUrl::Scheme("postgres".into()));
        assert_eq!(other("sqlite://"), InvalidStoreUrl::Scheme("sqlite".into()));
        assert_eq!(other("titian.db"), InvalidStoreUrl::NotUrl);
    }
}
