//! Reading and creating files and folders with the mode of their access, whatever the umask.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::check::{Access, FileFault, LENGTH_MAX, check, check_exposure, system};

/// Reads a file that no other user can change, and, if it is secret, no other user can read.
///
/// # Errors
/// If the file is missing, a symbolic link, not a regular file, empty, too large or not text; if it belongs to another user than
/// the one who runs the program or root; or if its mode gives other users access.
pub fn read(path: &Path, access: Access) -> Result<String, FileFault> {
    let named = check(path, access)?;
    match named.len() {
        0 => return Err(FileFault::Empty(path.to_owned())),
        length if length > LENGTH_MAX => {
            return Err(FileFault::Large { path: path.to_owned(), length });
        }
        _ => {}
    }
    let failed = |error| system(path, error);
    let file = File::open(path).map_err(failed)?;
    // A file that was put in its place in between, such as a link, is another one.
    let opened = file.metadata().map_err(failed)?;
    if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
        return Err(FileFault::Replaced(path.to_owned()));
    }
    let mut text = String::new();
    match file.take(LENGTH_MAX).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(FileFault::Binary(path.to_owned()))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Creates a file with the mode of its access, whatever the umask, and makes it durable. It never overwrites a file.
///
/// # Errors
/// If a file of this name exists, or the file can't be written. Then no part of it stays.
pub fn create(path: &Path, access: Access, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(access.mode()).open(path)?;
    let written = file
        .set_permissions(Permissions::from_mode(access.mode()))
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_name(path));
    if written.is_err() {
        // The first error is reported.
        let _ = fs::remove_file(path);
    }
    written
}

/// Creates an empty secret file, if there is none. A database made in it, and its log, get its mode.
///
/// # Errors
/// If the file can't be created.
pub fn create_if_missing(path: &Path) -> io::Result<()> {
    match create(path, Access::Secret, "") {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// Creates an empty secret file, in place of one that a crash left. It is open for reading and writing.
///
/// # Errors
/// If the old file can't be removed, or the new one can't be created.
pub fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mode = Access::Secret.mode();
    let file = File::options().create_new(true).read(true).write(true).mode(mode).open(path)?;
    file.set_permissions(Permissions::from_mode(mode)).map(|()| file)
}

/// Creates a folder with mode 0700, whatever the umask. A folder that exists must not be open to changes by other users.
///
/// # Errors
/// If the folder can't be created, or other users can change it.
pub fn create_folder(path: &Path) -> Result<(), FileFault> {
    let failed = |error| FileFault::System { path: path.to_owned(), error };
    if let Ok(there) = fs::metadata(path) {
        return check_exposure(path, &there, Access::Public);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)
}

/// Makes a file's name durable: syncs its folder.
///
/// # Errors
/// If the folder can't be opened or synced.
pub fn sync_name(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};
    use std::path::PathBuf;

    use super::super::check::exposure;
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let process = std::process::id();
            let folder = std::env::temp_dir().join(format!("titian-secrets-{name}-{process}"));
            let _ = fs::remove_dir_all(&folder);
            create_folder(&folder).unwrap();
            Self(folder)
        }

        /// Writes a file with this mode, whatever the umask.
        fn file(&self, mode: u32, text: &str) -> PathBuf {
            let path = self.0.join(format!("{mode:o}-{}", text.len()));
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn refused(path: &Path, access: Access) -> String {
        let message = read(path, access).unwrap_err().to_string();
        let (named, reason) = message.split_once(": ").unwrap();
        assert_eq!(Path::new(named), path);
        reason.replace(&path.display().to_string(), "FILE")
    }

    #[test]
    fn a_mode_that_gives_other_users_access_is_refused() {
        let folder = Folder::new("modes");
        for mode in [0o600, 0o400] {
            assert_eq!(read(&folder.file(mode, "ours"), Access::Secret).unwrap(), "ours");
        }
        for mode in [0o666, 0o644, 0o640, 0o620, 0o604, 0o601] {
            assert_eq!(
                refused(&folder.file(mode, "ours"), Access::Secret),
                format!("other users can read or change it (mode {mode:04o}): chmod 600 FILE")
            );
        }
        assert_eq!(read(&folder.file(0o644, "ours"), Access::Public).unwrap(), "ours");
        for mode in [0o666, 0o664, 0o646] {
            assert_eq!(
                refused(&folder.file(mode, "ours"), Access::Public),
                format!("other users can change it (mode {mode:04o}): chmod 644 FILE")
            );
        }
    }

    #[test]
    fn only_a_regular_file_with_text_is_read_and_no_link_is_followed() {
        let folder = Folder::new("kinds");
        let link = folder.0.join("link");
        symlink(folder.file(0o600, "ours"), &link).unwrap();
        assert!(refused(&link, Access::Secret).starts_with("is a symbolic link"));
        assert!(refused(&link, Access::Public).starts_with("is a symbolic link"));
        assert_eq!(refused(&folder.0, Access::Secret), "is not a regular file");
        assert_eq!(refused(&folder.0.join("none"), Access::Secret), "no such file");
        assert_eq!(refused(&folder.file(0o600, ""), Access::Secret), "is empty");
        let large = "x".repeat(65_537);
        let reason = refused(&folder.file(0o600, &large), Access::Secret);
        assert_eq!(reason, "has 65537 bytes; at most 65536 are allowed");
        let binary = folder.0.join("binary");
        create(&binary, Access::Secret, "").unwrap();
        fs::write(&binary, [0xFF, 0xFE]).unwrap();
        assert_eq!(refused(&binary, Access::Secret), "is not text (UTF-8)");
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        let path = Path::new("file");
        let of = |owner, user| exposure(path, (owner, 0o600), user, Access::Secret);
        assert!(of(7, 7).is_empty() && of(0, 7).is_empty());
        assert_eq!(
            of(8, 7),
            ["belongs to user 8, not to user 7, who runs this program, or to root: chown 7 file"]
        );
        assert_eq!(exposure(path, (8, 0o666), 7, Access::Secret).len(), 2);
        let folder = Folder::new("owners");
        let ours = folder.file(0o600, "ours");
        // Only root can give a file away.
        if chown(&ours, Some(65_534), None).is_ok() {
            assert!(refused(&ours, Access::Secret).starts_with("belongs to user 65534"));
        }
    }

    #[test]
    fn a_new_file_has_its_mode_and_never_replaces_another() {
        let folder = Folder::new("new");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&folder.0), 0o700);
        for (access, name, expected) in
            [(Access::Secret, "secret", 0o600), (Access::Public, "public", 0o644)]
        {
            let path = folder.0.join(name);
            create(&path, access, "first").unwrap();
            assert_eq!(mode(&path), expected);
            let error = create(&path, access, "second").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert_eq!(read(&path, access).unwrap(), "first");
        }
        let (link, target) = (folder.0.join("link"), folder.0.join("target"));
        symlink(&target, &link).unwrap();
        assert!(create(&link, Access::Secret, "text").is_err() && !target.exists());
        fs::set_permissions(&folder.0, Permissions::from_mode(0o777)).unwrap();
        let open = create_folder(&folder.0).unwrap_err().to_string();
        assert!(open.contains("other users can change it (mode 0777): chmod 700 "), "{open}");
    }
}
