//! `titian keys rotate`: replaces the signing key while the adapter is stopped.
//!
//! The journal records the rotation, signed under both keys. Then the old key may sign rows up to that record, and the new key
//! every row after it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::new::{quoted, random_bytes};
use crate::cli::failure::{self, Failure};
use crate::cli::layers::{LayersOption, failure};
use crate::core_banking::{Core, LockedLedger, lock_ledger};
use crate::hex::{hex, unhex};
use crate::journal::{self, LastRows};
use crate::private_files::{Access, create, create_folder, read};
use crate::records::ledger_of_store;
use crate::runtime::{Keys, Settings};
use crate::secrets::without_line_end;
use crate::signing::{Chain, SigningKey};

const EXAMPLES: &str = "\
Examples:
  titian keys rotate --config titian.toml --dir /etc/titian/keys --name node0-2

Stop the adapter first: no process may use the store. The rotation is a row of the
record, signed under the old and the new key. The command writes the new key and a
file of public keys with the rows of each, and prints the lines of the configuration.";

/// Replace the signing key; the adapter must be stopped
#[derive(Args)]
#[command(after_help = "Examples: titian keys rotate --help", after_long_help = EXAMPLES)]
pub(super) struct Rotate {
    #[command(flatten)]
    layers: LayersOption,

    /// Folder of the files
    #[arg(long, value_name = "DIR", default_value = "keys")]
    dir: PathBuf,

    /// Name of the new key's files
    #[arg(long, value_name = "NAME")]
    name: String,
}

impl Rotate {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let settings = self.layers.load().map_err(|faults| failure(&faults))?;
        let lines = self.rotate(&settings.keys, |new| record_rotation(&settings, new))?;
        failure::write(&lines)
    }

    /// Makes the new key, has the rotation recorded, and writes the public keys. Returns the lines of the configuration.
    ///
    /// The new key is durable before the record names it. Until the end its file is `NAME.next`: a rotation that was
    /// interrupted continues with it, so `record` must accept a rotation to this key that the record already has. What `record`
    /// holds is released after the public keys are durable: until then the old key signs no further row.
    fn rotate<H>(
        &self,
        keys: &Keys,
        record: impl FnOnce(&SigningKey) -> Result<(LastRows, H), Failure>,
    ) -> Result<String, Failure> {
        create_folder(&self.dir).map_err(|fault| fault.to_string())?;
        let failed = |path: &Path, error| format!("{}: {error}", path.display());
        let folder = self.dir.canonicalize().map_err(|error| failed(&self.dir, error))?;
        let file = |ending| folder.join(format!("{}.{ending}", self.name));
        let (key, public, next) = (file("key"), file("pub"), file("next"));
        let seed = next_key(&next, [&key, &public])?;
        let new = SigningKey::from_seed(&seed);
        let (rows, held) = record(&new)?;
        let last =
            |chain| rows.iter().find(|(named, _)| *named == chain).map_or(0, |(_, last)| *last);
        let trusted = keys.trusted.rotated(keys.signing.id(), new.public(), last);
        for (path, access, text) in [
            (&public, Access::Public, trusted.to_string()),
            (&key, Access::Secret, hex(&seed) + "\n"),
        ] {
            // An interrupted rotation left it.
            let _ = fs::remove_file(path);
            create(path, access, &text).map_err(|error| failed(path, error))?;
        }
        fs::remove_file(&next).map_err(|error| failed(&next, error))?;
        drop(held);
        Ok(format!(
            "# Keep {name}.key secret. Give {name}.pub to all who verify the record. \
             Destroy the old key when the adapter runs with the new one.\n\
             # In [keys], instead of the old lines:\n\
             signing_key_file = {}\ntrusted_files = [{}]\n",
            quoted(&key),
            quoted(&public),
            name = self.name,
        ))
    }
}

/// Returns the new key from its file, which an interrupted rotation left, or makes it.
fn next_key(next: &Path, targets: [&Path; 2]) -> Result<[u8; 32], Failure> {
    if next.symlink_metadata().is_ok() {
        let text = read(next, Access::Secret).map_err(|fault| fault.to_string())?;
        let seed = unhex(without_line_end(&text));
        return Ok(seed.ok_or_else(|| {
            format!("{}: is not a signing key of 64 hexadecimal digits", next.display())
        })?);
    }
    if let Some(target) = targets.iter().find(|target| target.symlink_metadata().is_ok()) {
        let target = target.display();
        return Err(format!("{target}: the file exists and is not overwritten").into());
    }
    let seed = random_bytes()?;
    let made = create(next, Access::Secret, &(hex(&seed) + "\n"));
    made.map_err(|error| format!("{}: {error}", next.display()))?;
    Ok(seed)
}

/// Records the rotation, and returns the last row of the old key in each chain. The embedded ledger has no record of its own: its next
/// row is signed by the new key. It is locked before its last row is read, and stays so.
fn record_rotation(
    settings: &Settings,
    new: &SigningKey,
) -> Result<(LastRows, Option<LockedLedger>), Failure> {
    let Settings { keys, store, core, .. } = settings;
    let ledger = match &core.core {
        Core::Http(_) => None,
        Core::Embedded(embedded) => {
            let is_recorded = store.url.path().exists();
            let recorded = is_recorded.then(|| ledger_of_store(&store.url)).transpose();
            let recorded = recorded.map_err(|error| error.to_string())?.flatten();
            let is_expected = embedded.ledger.exists() || recorded.is_some();
            let locked =
                is_expected.then(|| lock_ledger(&embedded.ledger, &keys.trusted, recorded));
            locked.transpose()?
        }
    };
    let mut rows = journal::rotate(&store.url, &keys.of_journal(), &store.checkpoints, new)?;
    rows.extend(ledger.as_ref().map(|ledger| (Chain::Ledger, ledger.verified.head.count)));
    Ok((rows, ledger))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::control::OperatorKeys;
    use crate::personal::RecordKey;
    use crate::signing::{TrustedKey, TrustedKeys};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        rotate: Rotate,
    }

    #[test]
    fn the_rows_of_the_old_key_end_where_those_of_the_new_one_begin() {
        let folder = std::env::temp_dir().join(format!("titian-rotate-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let words = ["rotate", "--config", "x", "--name", "new", "--dir", folder.to_str().unwrap()];
        let Command { rotate } = Command::parse_from(words);
        let signing = SigningKey::from_seed(&[7; 32]);
        let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
        let keys = Keys {
            signing,
            trusted,
            record: RecordKey::new([8; 32]),
            operators: OperatorKeys::default(),
            offline_act: None,
        };
        let mut first = None;
        let interrupted = rotate.rotate::<()>(&keys, |new| {
            first = Some(new.id());
            Err("in use".to_owned().into())
        });
        assert!(interrupted.is_err());
        assert!(!folder.join("new.key").exists() && !folder.join("new.pub").exists());

        let mut recorded = None;
        let lines = rotate.rotate(&keys, |new| {
            assert!(folder.join("new.next").exists(), "the key is durable before it is recorded");
            assert_eq!(first, Some(new.id()), "an interrupted rotation continues");
            recorded = Some(new.public());
            Ok((vec![(Chain::Transfers, 120)], ()))
        });
        let new = recorded.unwrap();
        assert!(lines.unwrap().contains("new.pub\"]\n"));
        let text = read(&folder.join("new.pub"), Access::Public).unwrap();
        let old = keys.signing.public().to_hex();
        let expected = format!(
            "{old} transfers=1-120\n{} transfers=121- ledger=1- control=1-\n",
            new.to_hex()
        );
        assert_eq!(text, expected);
        let text = read(&folder.join("new.key"), Access::Secret).unwrap();
        let seed = unhex(text.trim_end()).unwrap();
        assert_eq!(SigningKey::from_seed(&seed).public(), new);
        assert!(!folder.join("new.next").exists());
        assert!(rotate.rotate(&keys, |_| Ok((Vec::new(), ()))).is_err(), "no file is overwritten");
        fs::remove_dir_all(folder).unwrap();
    }
}
