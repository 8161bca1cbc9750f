//! `titian keys new`: makes a key, and prints the lines of the configuration that name it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::{PrivateKey, PublicKey};

use crate::cli::beginning;
use crate::cli::failure::{self, Failure};
use crate::hex::hex;
use crate::private_files::{Access, create, create_folder};
use crate::random::SystemRandom;
use crate::signing::{SigningKey, TrustedKey};

/// Bits of a partner's RSA key.
const RSA_BITS: usize = 3072;

const EXAMPLES: &str = "\
Examples:
  titian keys new signing --dir /etc/titian/keys
  titian keys new record --dir /etc/titian/keys
  titian keys new partner --dir /etc/titian/keys --name MOBILE

Only the owner can read the files (mode 0600). No file is ever overwritten.
stdout has the lines of the configuration. The line end of a secret file is not
part of the secret.";

/// Make a key or secret
///
/// Writes its files, and prints the lines of the configuration that name them.
#[derive(Args)]
#[command(after_help = "Examples: titian keys new --help", after_long_help = EXAMPLES)]
pub(super) struct New {
    /// What to make
    kind: Kind,

    /// Folder of the files; it is created if it is missing
    #[arg(long, value_name = "DIR", default_value = "keys")]
    dir: PathBuf,

    /// Name of the files; of a partner: its X-PARTNER-ID; of an operator: the person id
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// What a key is for.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Signs the rows of the record; one for each node
    Signing,
    /// Protects personal data in the record; the same on every node
    Record,
    /// Signs the access tokens of channels; the same on every node
    Token,
    /// Signs requests to core banking; core has it too
    Core,
    /// Signs alerts for the receiver of a webhook, which has it too
    Webhook,
    /// RSA key pair and secret of a partner
    Partner,
    /// Signs offline acts; one for each operator, who keeps it
    Operator,
}

/// A file to be made.
struct NewFile {
    path: PathBuf,
    access: Access,
    text: String,
}

impl New {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let name = self.name()?;
        create_folder(&self.dir).map_err(|fault| fault.to_string())?;
        let unusable = |error| format!("{}: {error}", self.dir.display());
        let folder = self.dir.canonicalize().map_err(unusable)?;
        let (files, lines) = self.kind.make(&folder, &name)?;
        write(&files)?;
        failure::write(&lines)
    }

    /// Returns the name of the files.
    fn name(&self) -> Result<String, Failure> {
        let name = match (&self.name, self.kind) {
            (Some(name), _) => name,
            (None, Kind::Signing) => "node0",
            (None, Kind::Record) => "record",
            (None, Kind::Token) => "token",
            (None, Kind::Core) => "core",
            (None, Kind::Webhook) => "webhook",
            (None, Kind::Operator) => {
                return Err("--name is missing: write the person id of the operator"
                    .to_owned()
                    .into());
            }
            (None, Kind::Partner) => {
                return Err("--name is missing: write the partner's X-PARTNER-ID"
                    .to_owned()
                    .into());
            }
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if (1..=64).contains(&name.len()) && name.bytes().all(is_plain) {
            return Ok(name.to_owned());
        }
        let expected = "expected 1 to 64 letters, digits, - or _";
        Err(format!("--name: {expected} (got \"{}\")", beginning(name)).into())
    }
}

impl Kind {
    /// Returns the files, and the lines to print.
    fn make(self, folder: &Path, name: &str) -> Result<(Vec<NewFile>, String), Failure> {
        let seed = random_bytes()?;
        let file = |ending: &str, access, text| NewFile {
            path: folder.join(format!("{name}.{ending}")),
            access,
            text,
        };
        let secret = |ending| file(ending, Access::Secret, hex(&seed) + "\n");
        let path = |ending| quoted(&folder.join(format!("{name}.{ending}")));
        let key = path("key");
        Ok(match self {
            Self::Signing => {
                let public = TrustedKey::always(SigningKey::from_seed(&seed).public());
                let public = file("pub", Access::Public, format!("{public}\n"));
                let lines = format!(
                    "# Keep {name}.key secret, and a copy of it in a safe. Give {name}.pub to all who verify the record.\n\
                     # In [keys]:\nsigning_key_file = {key}\ntrusted_files = [{}]\n",
                    path("pub")
                );
                (vec![secret("key"), public], lines)
            }
            Self::Record => (
                vec![secret("key")],
                format!(
                    "# Keep {name}.key secret, and a copy of it in a safe: without it personal data can't be read. Give it to the other nodes only.\n\
                     # In [keys]:\nrecord_key_file = {key}\n"
                ),
            ),
            Self::Token => (
                vec![secret("key")],
                format!(
                    "# Keep {name}.key secret. Give it to the other nodes only.\n\
                     # In [api]:\ntoken_key_file = {key}\n"
                ),
            ),
            Self::Core => (
                vec![secret("key")],
                format!(
                    "# Keep {name}.key secret. Give it to core banking over a secure channel.\n\
                     # In [core]:\nhmac_key_file = {key}\n"
                ),
            ),
            Self::Webhook => (
                vec![secret("key")],
                format!(
                    "# Keep {name}.key secret. Give it to the receiver of alerts over a secure channel.\n\
                     # In [[alerts]]:\nsecret_file = {key}\n"
                ),
            ),
            Self::Operator => {
                let public = SigningKey::from_seed(&seed).public().to_hex();
                let line = format!("{name} {public}\n");
                let public = file("operator.pub", Access::Public, line);
                let lines = format!(
                    "# Keep {name}.operator.key secret: only the operator may have it. Give {name}.operator.pub to those who configure the adapter.\n\
                     # In [keys]:\noperator_files = [{}]\n",
                    path("operator.pub")
                );
                (vec![secret("operator.key"), public], lines)
            }
            Self::Partner => {
                let (private, public) = key_pair()?;
                let files = vec![
                    file("private.pem", Access::Secret, private),
                    file("public.pem", Access::Public, public),
                    secret("secret"),
                ];
                let lines = format!(
                    "# Give {name}.private.pem and {name}.secret to the partner over a secure channel, then delete {name}.private.pem here. \
                     Keep {name}.secret secret.\n\
                     [api.partners.{name}]\nclient_id = {name:?}\npublic_key_file = {}\nsecret_file = {}\n",
                    path("public.pem"),
                    path("secret")
                );
                (files, lines)
            }
        })
    }
}

/// Returns a path as a text of TOML.
pub(super) fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

/// Returns a new RSA key pair in PEM: the private key (PKCS #8) and the public key.
fn key_pair() -> Result<(String, String), Failure> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot make an RSA key: {error}");
    let private =
        PrivateKey::new(&mut system_random()?, RSA_BITS).map_err(|error| failed(&error))?;
    let public = PublicKey::from(&private).to_public_key_pem(LineEnding::LF);
    let private = private.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(&error))?;
    Ok((private.to_string(), public.map_err(|error| failed(&error))?))
}

fn system_random() -> Result<SystemRandom, Failure> {
    Ok(SystemRandom::open().map_err(|error| format!("{}: {error}", SystemRandom::PATH))?)
}

/// Returns the bytes of a new key.
pub(super) fn random_bytes() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    let filled = system_random()?.fill(&mut bytes);
    filled.map_err(|error| format!("{}: {error}", SystemRandom::PATH))?;
    Ok(bytes)
}

/// Writes all files, or none if one of them exists.
fn write(files: &[NewFile]) -> Result<(), Failure> {
    let exists = |file: &&NewFile| file.path.symlink_metadata().is_ok();
    if let Some(file) = files.iter().find(exists) {
        let path = file.path.display();
        return Err(format!(
            "{path}: the file exists and is not overwritten; choose another --name"
        )
        .into());
    }
    files.iter().try_for_each(|NewFile { path, access, text }| {
        let made = create(path, *access, text);
        Ok(made.map_err(|error| format!("{}: cannot create the file: {error}", path.display()))?)
    })
}
