//! The session of the command line: a file that only its owner reads.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;
use crate::private_files::{self, Access};

/// A session with the server.
#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    /// The server that it is of.
    pub(super) server: String,
    /// The cookie.
    pub(super) cookie: String,
    /// The CSRF token.
    pub(super) csrf_token: String,
}

/// Returns the file of the session, if none is named: `titian-session` in the folder of the login session, or in the home folder.
pub(super) fn default_file() -> PathBuf {
    let folder = env::var_os("XDG_RUNTIME_DIR").or_else(|| env::var_os("HOME"));
    folder.map_or_else(
        || PathBuf::from(".titian-session"),
        |folder| Path::new(&folder).join(".titian-session"),
    )
}

impl Session {
    /// Reads the session of a server.
    pub(super) fn read(file: &Path, server: &str) -> Result<Self, Failure> {
        let text = private_files::read(file, Access::Secret).map_err(|_| not_signed_in(server))?;
        let session: Self = serde_json::from_str(&text).map_err(|_| not_signed_in(server))?;
        if session.server == server { Ok(session) } else { Err(not_signed_in(server)) }
    }

    /// Writes the session.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        let failed = |error| format!("{}: {error}", file.display());
        let text = serde_json::to_string(self).map_err(|error| failed(error.to_string()))?;
        // An older session may be there.
        let _ = fs::remove_file(file);
        private_files::create(file, Access::Secret, &text)
            .map_err(|error| failed(error.to_string()))?;
        Ok(())
    }

    /// Removes the session.
    pub(super) fn remove(file: &Path) {
        let _ = fs::remove_file(file);
    }
}

fn not_signed_in(server: &str) -> Failure {
    Failure::Negative(format!("not signed in at {server}: titian admin sign-in PERSON"))
}
