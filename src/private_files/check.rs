//! Who may read and change a file, and the check of a file or folder that exists.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The largest file of a key or secret, in bytes.
pub(super) const LENGTH_MAX: u64 = 64 * 1024;

/// The folder of this process. It belongs to the user who runs the program.
const PROCESS: &str = "/proc/self";

/// Who may read a file. Only its owner may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner only, who runs this program: keys, secrets, stores.
    Secret,
    /// Everyone: public keys and certificates.
    Public,
    /// Everyone, and its owner may be another user: a store or an archive that is only verified.
    Evidence,
}

impl Access {
    /// Returns the mode of a new file.
    pub(super) const fn mode(self) -> u32 {
        match self {
            Self::Secret | Self::Evidence => 0o600,
            Self::Public => 0o644,
        }
    }

    /// Returns the mode bits that a file must not have.
    const fn forbidden(self) -> u32 {
        match self {
            Self::Secret => 0o077,
            Self::Public | Self::Evidence => 0o022,
        }
    }

    const fn exposure(self) -> &'static str {
        match self {
            Self::Secret => "other users can read or change it",
            Self::Public | Self::Evidence => "other users can change it",
        }
    }
}

/// Why a file is not used. Each message begins with its path, and none has any of its content.
#[derive(Debug, Error)]
pub enum FileFault {
    /// The file does not exist.
    #[error("{}: no such file", .0.display())]
    Missing(PathBuf),
    /// The path is a symbolic link.
    #[error("{}: is a symbolic link, which is not followed; name the file itself", .0.display())]
    Link(PathBuf),
    /// The path is a folder, a pipe or a device.
    #[error("{}: is not a regular file", .0.display())]
    Irregular(PathBuf),
    /// The path is not a folder.
    #[error("{}: is not a folder", .0.display())]
    NotFolder(PathBuf),
    /// Another user can read or change the file.
    #[error("{}: {reasons}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// All that is wrong, with the commands that correct it.
        reasons: String,
    },
    /// The file has no content.
    #[error("{}: is empty", .0.display())]
    Empty(PathBuf),
    /// The file is too large.
    #[error("{}: has {length} bytes; at most {LENGTH_MAX} are allowed", path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// The file is not text.
    #[error("{}: is not text (UTF-8)", .0.display())]
    Binary(PathBuf),
    /// Another file took its place while it was opened.
    #[error("{}: was replaced while it was read", .0.display())]
    Replaced(PathBuf),
    /// The operating system refused.
    #[error("{}: {error}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
}

/// Checks a file: it is a regular file, not a link, and other users have only the access that they may have. Returns its metadata.
///
/// # Errors
/// What is wrong with it. A file that does not exist is [`FileFault::Missing`].
pub fn check(path: &Path, access: Access) -> Result<Metadata, FileFault> {
    let found = fs::symlink_metadata(path).map_err(|error| system(path, error))?;
    if found.is_symlink() {
        return Err(FileFault::Link(path.to_owned()));
    }
    if !found.is_file() {
        return Err(FileFault::Irregular(path.to_owned()));
    }
    check_exposure(path, &found, access).map(|()| found)
}

/// Checks a file that may be missing.
///
/// # Errors
/// See [`check`].
pub fn check_if_present(path: &Path, access: Access) -> Result<(), FileFault> {
    match check(path, access) {
        Err(FileFault::Missing(_)) => Ok(()),
        checked => checked.map(drop),
    }
}

/// Checks a folder: it is not a link to another place, and other users have only the access that they may have.
///
/// # Errors
/// What is wrong with it. A folder that does not exist is [`FileFault::Missing`].
pub fn check_folder(path: &Path, access: Access) -> Result<(), FileFault> {
    let found = fs::symlink_metadata(path).map_err(|error| system(path, error))?;
    if found.is_symlink() {
        return Err(FileFault::Link(path.to_owned()));
    }
    if !found.is_dir() {
        return Err(FileFault::NotFolder(path.to_owned()));
    }
    check_exposure(path, &found, access)
}

pub(super) fn system(path: &Path, error: io::Error) -> FileFault {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::NotFound => FileFault::Missing(path),
        _ => FileFault::System { path, error },
    }
}

/// Checks owner and mode of a file or folder.
pub(super) fn check_exposure(
    path: &Path,
    metadata: &Metadata,
    access: Access,
) -> Result<(), FileFault> {
    let failed = |error| FileFault::System { path: PROCESS.into(), error };
    let user = fs::metadata(PROCESS).map_err(failed)?.uid();
    let reasons = exposure(path, (metadata.uid(), metadata.mode() & 0o7777), user, access);
    if reasons.is_empty() {
        return Ok(());
    }
    Err(FileFault::Exposed { path: path.to_owned(), reasons: reasons.join("; ") })
}

/// Returns what is wrong with the owner and the mode of a file for this user.
pub(super) fn exposure(
    path: &Path,
    (owner, mode): (u32, u32),
    user: u32,
    access: Access,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if access != Access::Evidence && owner != user && owner != 0 {
        // What root changes here, the service could not use any more.
        reasons.push(if user == 0 {
            format!("belongs to user {owner}, but root runs this program: run it as user {owner}")
        } else {
            format!(
                "belongs to user {owner}, not to user {user}, who runs this program, or to root: chown {user} {}",
                path.display()
            )
        });
    }
    if mode & access.forbidden() != 0 {
        // A folder keeps what its owner can do in it.
        let right = if path.is_dir() { 0o700 } else { access.mode() };
        reasons.push(format!(
            "{} (mode {mode:04o}): chmod {right:o} {}",
            access.exposure(),
            path.display()
        ));
    }
    reasons
}
