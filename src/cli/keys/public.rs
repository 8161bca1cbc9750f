//! `titian keys public`: prints the public key of a signing key.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::{self, Failure};
use crate::hex::unhex;
use crate::private_files::{Access, read};
use crate::secrets::without_line_end;
use crate::signing::{SigningKey, TrustedKey};

const EXAMPLES: &str = "\
Examples:
  titian keys public /etc/titian/keys/node0.key
  titian keys public /etc/titian/keys/node0.key > node0.pub

The line lets the key sign all rows. After a rotation the rows of both keys are
limited: use the file that the rotation wrote.";

/// Print the public key of a signing key
#[derive(Args)]
#[command(after_help = "Examples: titian keys public --help", after_long_help = EXAMPLES)]
pub(super) struct Public {
    /// File of the signing key
    file: PathBuf,
}

impl Public {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let key = signing_key(&self.file)?;
        failure::write(&format!("{}\n", TrustedKey::always(key.public())))
    }
}

/// Reads a signing key.
fn signing_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = read(path, Access::Secret).map_err(|fault| fault.to_string())?;
    let seed = unhex(without_line_end(&text));
    let seed = seed.ok_or_else(|| {
        format!("{}: is not a signing key of 64 hexadecimal digits", path.display())
    })?;
    Ok(SigningKey::from_seed(&seed))
}
