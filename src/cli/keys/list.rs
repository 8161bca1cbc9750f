//! `titian keys list`: the keys of a folder, and what is wrong with their files. Never a secret.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use rsa::{PrivateKey, PublicKey};
use sha2::{Digest, Sha256};

use crate::cli::failure::{self, Failure, without_controls};
use crate::control::OperatorKeys;
use crate::hex::{hex, unhex};
use crate::private_files::{Access, read};
use crate::secrets::{weakness, without_line_end};
use crate::signing::{SigningKey, TrustedKeys};

const EXAMPLES: &str = "\
Examples:
  titian keys list --dir /etc/titian/keys

A signing key has the id that `titian check` and the record show. Equal secrets
have equal fingerprints, and so have the halves of an RSA key pair.
Exit code 1: other users can read or change a file, or a secret is weak.";

/// List the keys of a folder, with their ids and what is wrong with their files
#[derive(Args)]
#[command(after_help = "Examples: titian keys list --help", after_long_help = EXAMPLES)]
pub(super) struct List {
    /// Folder of the keys
    #[arg(long, value_name = "DIR", default_value = "keys")]
    dir: PathBuf,
}

impl List {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let unreadable = |error| format!("{}: {error}", self.dir.display());
        let entries = fs::read_dir(&self.dir).map_err(unreadable)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        paths.sort();
        let (mut text, mut wrong) = (String::new(), 0);
        for (path, ending) in paths.iter().filter_map(|path| Some((path, Ending::of(path)?))) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let (kind, detail) = ending.described(path).unwrap_or_else(|reason| {
                wrong += 1;
                (ending.name(), format!("FAULT {reason}"))
            });
            let line = without_controls(&format!("{name:<24} {kind:<16} {detail}"));
            // Writing to a string can't fail.
            let _ = writeln!(text, "{line}");
        }
        failure::write(&text)?;
        match wrong {
            0 => Ok(()),
            _ => Err(Failure::Negative(format!("{}: faults: {wrong}", self.dir.display()))),
        }
    }
}

/// The ending of a file's name, which says what the file is.
#[derive(Clone, Copy)]
enum Ending {
    Key,
    OperatorPublic,
    Public,
    PartnerSecret,
    PrivatePem,
    PublicPem,
}

/// What a file is, and its id or fingerprint.
type Description = (&'static str, String);

impl Ending {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        [
            (".key", Self::Key),
            (".operator.pub", Self::OperatorPublic),
            (".pub", Self::Public),
            (".secret", Self::PartnerSecret),
            (".private.pem", Self::PrivatePem),
            (".public.pem", Self::PublicPem),
        ]
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending))
        .map(|(_, ending)| ending)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::OperatorPublic => "operator key",
            Self::Public => "public keys",
            Self::PartnerSecret => "partner secret",
            Self::PrivatePem => "RSA private key",
            Self::PublicPem => "RSA public key",
        }
    }

    /// Returns what a file is, or what is wrong with it.
    fn described(self, path: &Path) -> Result<Description, String> {
        let access = match self {
            Self::Key | Self::PartnerSecret | Self::PrivatePem => Access::Secret,
            Self::OperatorPublic | Self::Public | Self::PublicPem => Access::Public,
        };
        let text = read(path, access).map_err(|fault| fault.to_string())?;
        Ok(match self {
            Self::Key => described_key(path, without_line_end(&text))?,
            Self::OperatorPublic => {
                let keys = OperatorKeys::parse(&text)?;
                let own =
                    keys.iter().map(|(person, key)| format!("{} {}", person.as_str(), key.id()));
                (self.name(), own.collect::<Vec<_>>().join(", "))
            }
            Self::Public => {
                let keys = TrustedKeys::parse(&text)?;
                let rows = keys.keys().iter().map(|trusted| {
                    let spans = trusted.spans.iter();
                    let spans = spans.map(|(chain, span)| format!(" {}={span}", chain.code()));
                    format!("{}{}", trusted.key.id(), spans.collect::<String>())
                });
                (self.name(), rows.collect::<Vec<_>>().join(", "))
            }
            Self::PartnerSecret => (self.name(), fingerprint(without_line_end(&text))?),
            Self::PrivatePem => {
                let key = PrivateKey::from_pkcs8_pem(&text);
                let key = key.map_err(|_| "is not an RSA private key in PEM (PKCS #8)")?;
                (self.name(), rsa_fingerprint(&PublicKey::from(&key))?)
            }
            Self::PublicPem => {
                let key = PublicKey::from_public_key_pem(&text);
                (
                    self.name(),
                    rsa_fingerprint(&key.map_err(|_| "is not an RSA public key in PEM")?)?,
                )
            }
        })
    }
}

/// Describes a key of 32 bytes. It is a signing key if its public half stands beside it.
fn described_key(path: &Path, text: &str) -> Result<Description, String> {
    let seed = unhex(text).ok_or("is not 64 hexadecimal digits")?;
    let fingerprint = fingerprint(text)?;
    let id = SigningKey::from_seed(&seed).id();
    let public = fs::read_to_string(path.with_extension("pub")).ok();
    let public = public.and_then(|text| TrustedKeys::parse(&text).ok()).unwrap_or_default();
    if public.keys().iter().any(|trusted| trusted.key.id() == id) {
        return Ok(("signing key", format!("id {id}")));
    }
    let kind = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("record") => "record key",
        Some("token") => "token key",
        Some("core") => "core key",
        Some("webhook") => "webhook key",
        Some(_) | None => "key",
    };
    Ok((kind, fingerprint))
}

/// Returns the fingerprint of a secret: too short to tell anything of a random one. A weak one has none.
fn fingerprint(secret: &str) -> Result<String, String> {
    if let Some(weakness) = weakness(secret) {
        return Err(weakness.to_string());
    }
    let hash: [u8; 32] =
        Sha256::new().chain_update("titian fingerprint ").chain_update(secret).finalize().into();
    Ok(format!("fingerprint {}", shortened(&hash, 4)))
}

fn rsa_fingerprint(key: &PublicKey) -> Result<String, String> {
    let der = key.to_public_key_der().map_err(|error| error.to_string())?;
    Ok(format!("fingerprint {}", shortened(&Sha256::digest(der.as_bytes()).into(), 8)))
}

fn shortened(hash: &[u8; 32], bytes: usize) -> String {
    hex(hash.get(..bytes).unwrap_or_default())
}
