//! `titian keys`, and what `titian check` says of keys and secrets.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::{Run, done, refused, run, titian};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("titian-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Self(folder.canonicalize().unwrap())
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn new_key(&self, words: &[&str]) -> Run {
        titian(&[&["keys", "new", "--dir", &self.file("keys")], words].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_key_is_for_its_owner_only_whatever_the_umask_and_never_overwritten() {
    let folder = Folder::new("keys-umask");
    for (umask, name) in [("000", "open"), ("777", "shut")] {
        let mut shell = Command::new("sh");
        let line =
            format!("umask {umask}; exec \"$0\" keys new signing --dir \"$1\" --name {name}");
        let keys = folder.file(name);
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_titian"), &keys]);
        done(run(shell, b""));
        assert_eq!(mode(&keys), 0o700);
        assert_eq!(mode(format!("{keys}/{name}.key")), 0o600);
        assert_eq!(mode(format!("{keys}/{name}.pub")), 0o644);
    }
    let key = folder.file("open/open.key");
    let before = fs::read_to_string(&key).unwrap();
    let again = ["keys", "new", "signing", "--dir", &folder.file("open"), "--name", "open"];
    let reason = "the file exists and is not overwritten; choose another --name";
    assert_eq!(refused(titian(&again)), format!("{key}: {reason}"));
    assert_eq!(fs::read_to_string(&key).unwrap(), before);
    assert_eq!(done(titian(&["keys", "public", &key])), folder.text("open/open.pub"));
    set_mode(&key, 0o640);
    assert_eq!(
        refused(titian(&["keys", "public", &key])),
        format!("{key}: other users can read or change it (mode 0640): chmod 600 {key}")
    );
    set_mode(folder.file("open"), 0o777);
    let open = refused(titian(&["keys", "new", "record", "--dir", &folder.file("open")]));
    assert!(open.contains("other users can change it (mode 0777): chmod 700"), "{open}");
}

#[test]
fn a_name_is_plain_and_a_partner_has_one() {
    let folder = Folder::new("keys-names");
    for name in ["../up", "", ".hidden", "a b", &"n".repeat(65)] {
        let error = refused(folder.new_key(&["record", "--name", name]));
        assert!(error.starts_with("--name: expected 1 to 64 letters"), "{error}");
    }
    let error = refused(folder.new_key(&["partner"]));
    assert_eq!(error, "--name is missing: write the partner's X-PARTNER-ID");
}

/// The lines of the configuration that a command printed, without its remarks.
fn pasted(run: Run) -> String {
    let text = done(run);
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with('#'));
    lines.collect()
}

/// Makes a key of each kind. Returns the configuration that names all.
fn configured(folder: &Folder) -> String {
    let of = |kind| pasted(folder.new_key(&[kind]));
    let partner = pasted(folder.new_key(&["partner", "--name", "MOBILE"]));
    let text = format!(
        "[bank]\ncode = \"213\"\niin = \"93600213\"\n[network]\nname = \"nusantara\"\n\
         [[links]]\nname = \"a\"\nconnect = \"127.0.0.1:1\"\n\
         [keys]\n{}{}[api]\n{}{partner}[core]\nmode = \"http\"\nurl = \"http://127.0.0.1:1\"\n{}",
        of("signing"),
        of("record"),
        of("token"),
        of("core")
    );
    fs::write(folder.0.join("titian.toml"), &text).unwrap();
    text
}

fn check(folder: &Folder) -> Run {
    titian(&["check", "--config", &folder.file("titian.toml")])
}

/// The faults that `titian check` finds, without the path of the folder.
fn faults(folder: &Folder) -> Vec<String> {
    let Run { code, stdout, stderr } = check(folder);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    let plain = stderr.replace(&format!("{}/", folder.0.display()), "");
    let after = |line: &str| line.split_once("titian.toml: ").unwrap().1.to_owned();
    plain.lines().map(after).collect()
}

#[test]
fn the_printed_lines_configure_the_adapter_and_every_fault_of_a_file_is_named() {
    let folder = Folder::new("keys-check");
    let text = configured(&folder);
    let secrets = ["node0.key", "record.key", "token.key", "core.key", "MOBILE.secret"];
    let secrets = secrets.map(|name| folder.text(&format!("keys/{name}")));
    let shown = done(check(&folder));
    let list = done(titian(&["keys", "list", "--dir", &folder.file("keys")]));
    for secret in &secrets {
        assert!(!shown.contains(secret.trim_end()) && !list.contains(secret.trim_end()));
    }
    let line = |of: &str, start: &str| {
        let line = of.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no {start} in {of}"))
            .split_whitespace()
            .last()
            .unwrap()
            .to_owned()
    };
    let id = line(&shown, "signing key ");
    assert!(
        shown.contains(&format!(
            "trusted      {id} transfers=1- ledger=1- control=1-\nrecord key   set\n"
        )),
        "{shown}"
    );
    assert_eq!(line(&list, "node0.key "), id);
    assert_eq!(line(&list, "MOBILE.public.pem"), line(&list, "MOBILE.private.pem"));
    let kinds: Vec<_> = list.lines().map(|line| line[25..41].trim_end()).collect();
    assert_eq!(
        kinds,
        [
            "RSA private key",
            "RSA public key",
            "partner secret",
            "core key",
            "signing key",
            "public keys",
            "record key",
            "token key",
        ]
    );

    let file = |name: &str| folder.0.join("keys").join(name);
    set_mode(file("node0.key"), 0o666);
    set_mode(file("MOBILE.public.pem"), 0o664);
    fs::rename(file("record.key"), file("moved")).unwrap();
    symlink(file("moved"), file("record.key")).unwrap();
    fs::remove_file(file("token.key")).unwrap();
    fs::write(file("core.key"), "").unwrap();
    fs::remove_file(file("MOBILE.secret")).unwrap();
    fs::create_dir(file("MOBILE.secret")).unwrap();
    set_mode(file("node0.pub"), 0o646);
    assert_eq!(
        faults(&folder),
        [
            "api.partners.MOBILE.public_key_file: keys/MOBILE.public.pem: other users can change it (mode 0664): chmod 644 keys/MOBILE.public.pem",
            "api.partners.MOBILE.secret_file: keys/MOBILE.secret: is not a regular file",
            "api.token_key_file: keys/token.key: no such file; `titian keys new` makes it",
            "core.hmac_key_file: keys/core.key: is empty",
            "keys.record_key_file: keys/record.key: is a symbolic link, which is not followed; name the file itself",
            "keys.signing_key_file: keys/node0.key: other users can read or change it (mode 0666): chmod 600 keys/node0.key",
            "keys.trusted_files: keys/node0.pub: other users can change it (mode 0646): chmod 644 keys/node0.pub",
        ]
    );
    let listed = titian(&["keys", "list", "--dir", &folder.file("keys")]);
    assert_eq!(listed.code, 1);
    assert!(listed.stderr.ends_with("keys: faults: 6\n"), "{}", listed.stderr);
    // The adapter does not start either, and says the same.
    let served = titian(&["serve", "--config", &folder.file("titian.toml")]);
    assert_eq!((served.code, served.stderr.lines().count()), (2, 7));
    assert!(text.contains("[api.partners.MOBILE]"));
}

#[test]
fn the_keys_of_the_record_fit_together() {
    let folder = Folder::new("keys-fit");
    let text = configured(&folder);
    let with = |line: &str, other: &str| {
        let kept: Vec<_> = text.lines().filter(|kept| !kept.starts_with(line)).collect();
        let changed = kept.join("\n").replacen("[keys]", &format!("[keys]\n{other}"), 1);
        fs::write(folder.0.join("titian.toml"), changed).unwrap();
        faults(&folder).join("\n")
    };
    assert_eq!(
        with("signing_key_file", ""),
        "keys.signing_key_file: is missing: run `titian keys new signing`, and set this key to the file, or signing_key_env to a variable"
    );
    assert_eq!(
        with("trusted_files", ""),
        "keys.trusted_files: is missing: name the .pub file that `titian keys new signing` writes"
    );
    let signing = folder.file("keys/node0.key");
    let weak = folder.file("keys/record.key");
    fs::write(&weak, "07".repeat(32)).unwrap();
    assert_eq!(
        with("none", ""),
        "keys.record_key_file: keys/record.key: repeats its first 1 bytes: make a random one with `titian keys new`"
    );
    fs::write(&weak, "07".repeat(31)).unwrap();
    let short = "keys.record_key_file: keys/record.key: is not 64 hexadecimal digits";
    assert_eq!(with("none", ""), short);
    fs::remove_file(&weak).unwrap();
    done(folder.new_key(&["record"]));
    assert_eq!(
        with("record_key_file", &format!("record_key_file = {signing:?}")),
        "keys.record_key_file: keys/node0.key: is the secret of keys.signing_key_file too: each needs its own"
    );
    assert_eq!(
        with("record_key_file", "record_key_env = \"TITIAN_NO_SUCH\""),
        "keys.record_key_env: TITIAN_NO_SUCH is not in the environment"
    );
    let public = folder.text("keys/node0.pub");
    let (key, _) = public.split_once(' ').unwrap();
    let id = done(titian(&["keys", "list", "--dir", &folder.file("keys")]));
    let id = id.lines().find(|line| line.starts_with("node0.key")).unwrap();
    let id = id.split_whitespace().last().unwrap().to_owned();
    let trusted = |lines: &str| {
        fs::write(folder.0.join("keys/node0.pub"), lines).unwrap();
        with("none", "")
    };
    done(folder.new_key(&["signing", "--name", "node1"]));
    let other = folder.text("keys/node1.pub");
    let (other_key, _) = other.split_once(' ').unwrap();
    assert_eq!(
        trusted(&other),
        format!(
            "keys.trusted_files: lack the public half of the signing key {id}: add its .pub file; `titian keys public` prints its line"
        )
    );
    assert_eq!(
        trusted(&format!("{key} transfers=1-120\n{other_key} transfers=121-\n")),
        format!(
            "keys.trusted_files: let the signing key {id} sign no further rows of transfers: it was replaced; set the new signing key"
        )
    );
    // An open span of the ledger does not help.
    let ended = trusted(&format!("{key} transfers=1-120 ledger=1-\n"));
    assert!(ended.contains("no further rows of transfers"), "{ended}");
    let overlap = trusted(&format!("{key} transfers=100-\n{other_key} transfers=1-100\n"));
    assert!(
        overlap.ends_with(
            "may sign the same rows of chain transfers: end the rows of one before the other begins"
        ),
        "{overlap}"
    );
    assert_eq!(trusted("# none\n"), "keys.trusted_files: keys/node0.pub: has no public key");
}

#[test]
fn files_of_the_stores_that_others_can_reach_are_named() {
    let folder = Folder::new("stores-check");
    let text = configured(&folder);
    let at = |name: &str| folder.file(name);
    let store = format!(
        "[store]\nurl = \"sqlite://{}\"\ncheckpoints = [{:?}]\n",
        at("titian.db"),
        at("points")
    );
    fs::write(folder.0.join("titian.toml"), text + &store).unwrap();
    done(check(&folder));
    for name in ["titian.db", "points"] {
        fs::write(at(name), "").unwrap();
        set_mode(at(name), 0o640);
    }
    symlink(at("elsewhere"), at("titian.db-lookups")).unwrap();
    let Run { code, stdout, stderr } = check(&folder);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    let faults: Vec<_> = stderr.lines().collect();
    for (fault, (name, reason)) in faults.iter().zip([
        ("titian.db", "(mode 0640): chmod 600"),
        ("titian.db-lookups", "is a symbolic link"),
        ("points", "(mode 0640): chmod 600"),
    ]) {
        assert!(fault.contains(&at(name)) && fault.contains(reason), "{fault}");
    }
    assert_eq!(faults.len(), 3, "{stderr}");
}
