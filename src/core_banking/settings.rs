//! The settings of the port to core banking: the section `[core]`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, fs};

use axum::http::Uri;
use axum::http::uri::Scheme;

use super::accounts_file;
use super::signature::SigningKey;
use crate::private_files::{Access, FileFault};
use crate::settings::{Invalid, Section, optional};
use crate::sqlite;
use crate::tls::{self, TlsClient};
use crate::transfer::CoreRules;

/// Who debits the customer of an outbound transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debit {
    /// Titian sends the debit to core.
    Titian,
    /// The channel has debited the customer before its request.
    Caller,
}

/// The settings of the section `[core]`.
pub struct Settings {
    /// Who debits the customer of an outbound transfer.
    pub debit: Debit,
    /// Whether core verifies the card of an inbound debit, such as a cash withdrawal. Without it, no such request is taken.
    pub verifies_card: bool,
    /// How commands are repeated.
    pub rules: CoreRules,
    /// The core banking system.
    pub core: Core,
}

/// The core banking system.
pub enum Core {
    /// The embedded ledger.
    Embedded(Embedded),
    /// A bank's core over HTTP.
    Http(Box<Http>),
}

impl Core {
    /// Returns what is wrong with the files of the embedded ledger, as far as they exist: others can reach them, or they are links.
    #[must_use]
    pub fn file_fault(&self) -> Option<FileFault> {
        match self {
            Self::Embedded(embedded) => sqlite::check_files(&embedded.ledger, Access::Secret).err(),
            Self::Http(_) => None,
        }
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(embedded) => {
                write!(f, "the embedded ledger, {}", embedded.ledger.display())
            }
            Self::Http(http) => {
                let scheme = if http.tls.is_some() { "https" } else { "http" };
                write!(f, "{scheme}://{}{}", http.authority, http.base)
            }
        }
    }
}

/// The embedded ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The ledger's file.
    pub ledger: PathBuf,
    /// A file of accounts (CSV). The ledger opens the accounts that it lacks.
    pub accounts: Option<PathBuf>,
}

/// A core over HTTP.
#[derive(Clone)]
pub struct Http {
    /// The host to connect to.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The value of the header `Host`.
    pub(super) authority: String,
    /// The base path, without a slash at the end.
    pub(super) base: String,
    /// The TLS client: core's authority and our certificate.
    pub(super) tls: Option<TlsClient>,
    /// The key that signs requests.
    pub(super) key: Option<SigningKey>,
    /// The longest time for a request, including the connect.
    pub(super) timeout: Duration,
    /// The number of connections, each with one request at a time.
    pub(super) connections: usize,
}

impl Settings {
    /// Reads the section and the key files that it names. Reports each error with its key. Keys of the other mode are allowed
    /// and ignored.
    #[must_use]
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let debit =
            section.choice("debit", &[("titian", Debit::Titian), ("caller", Debit::Caller)]);
        let verifies_card = section.flag("verifies_card");
        let embedded = section.choice("mode", &[("embedded", true), ("http", false)]);
        let rules = read_rules(section);
        // Marks the keys of both modes as known.
        let _present = KEYS.map(|key| section.has(key));
        let core = if embedded? {
            read_embedded(section).map(Core::Embedded)
        } else {
            read_http(section).map(Box::new).map(Core::Http)
        };
        Some(Self { debit: debit?, verifies_card: verifies_card?, rules: rules?, core: core? })
    }
}

/// The keys of both modes.
const KEYS: [&str; 8] = [
    "ledger",
    "accounts_file",
    "url",
    "timeout",
    "connections",
    "hmac_key_file",
    "hmac_key_env",
    "tls",
];

fn read_rules(section: &Section<'_>) -> Option<CoreRules> {
    let repeats = section.backoff();
    let tries = |key| u16::try_from(section.number(key, &(1..=10_000))?).ok();
    let (posting_tries, cancel_tries) = (tries("posting_tries"), tries("cancel_tries"));
    let cancel_interval = non_zero(section, "exception_repeat_interval");
    let (repeats, cancel_interval) = (repeats?, cancel_interval?);
    Some(CoreRules {
        repeats,
        posting_tries: posting_tries?,
        cancel_tries: cancel_tries?,
        cancel_interval,
    })
}

/// Returns a duration that must be greater than zero.
fn non_zero(section: &Section<'_>, key: &'static str) -> Option<Duration> {
    let time = section.time(key)?;
    if time.is_zero() {
        section.fault(key, "must be greater than zero");
    }
    (!time.is_zero()).then_some(time)
}

fn read_embedded(section: &Section<'_>) -> Option<Embedded> {
    let ledger = section.text("ledger", |text| {
        let path = text.strip_prefix("sqlite://").filter(|path| !path.is_empty());
        path.map(PathBuf::from).ok_or_else(|| format!("must be sqlite://PATH (got {text:?})"))
    });
    let accounts = optional(section.has("accounts_file"), || {
        section.text("accounts_file", |path| {
            let path = PathBuf::from(path);
            // The ledger opens the accounts at the start. A fault in the file must show before that.
            let checked = accounts_file::read(&path, |_| Ok(()));
            checked.map_err(|error| error.to_string())?;
            let content =
                fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            section.note_content("accounts_file", &content);
            Ok(path)
        })
    });
    Some(Embedded { ledger: ledger?, accounts: accounts.ok()? })
}

fn read_http(section: &Section<'_>) -> Option<Http> {
    let address = section.text("url", CoreAddress::parse);
    let timeout = non_zero(section, "timeout");
    let connections = section.number("connections", &(1..=1_024));
    let is_signed = section.has("hmac_key_file") || section.has("hmac_key_env");
    let key = optional(is_signed, || section.secret("hmac_key_file", "hmac_key_env", read_key));
    let address = address?;
    let is_encrypted = section.has("tls");
    let tls = optional(is_encrypted, || {
        let tls = section.section("tls")?;
        Some((TlsClient::read(&tls, &address.host)?, tls::has_certificate(&tls)))
    });
    let has_certificate = matches!(tls, Ok(Some((_, true))) | Err(Invalid));
    if let Some((key, error)) = address.error(is_encrypted, is_signed || has_certificate) {
        section.fault(key, error);
        return None;
    }
    let (key, tls) = (key.ok()?, tls.ok()?.map(|(tls, _)| tls));
    let CoreAddress { host, port, authority, base, .. } = address;
    let (timeout, connections) = (timeout?, usize::try_from(connections?).ok()?);
    Some(Http { host, port, authority, base, tls, key, timeout, connections })
}

fn read_key(key: &[u8]) -> Result<SigningKey, String> {
    SigningKey::new(key)
        .ok_or_else(|| format!("must have at least {} bytes", SigningKey::MIN_BYTES))
}

/// The address of core.
struct CoreAddress {
    host: String,
    port: u16,
    authority: String,
    base: String,
    is_encrypted: bool,
}

impl CoreAddress {
    fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("must be a URL such as https://core.example/v1 (got {text:?})");
        let url: Uri = text.parse().map_err(|_| invalid())?;
        let is_encrypted = match url.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(invalid()),
        };
        let authority = url.authority().ok_or_else(invalid)?;
        if url.query().is_some() || authority.as_str().contains('@') {
            return Err("must not contain a query, a user or a password".to_owned());
        }
        let default_port = if is_encrypted { 443 } else { 80 };
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: url.port_u16().unwrap_or(default_port),
            authority: authority.to_string(),
            base: url.path().trim_end_matches('/').to_owned(),
            is_encrypted,
        })
    }

    /// Returns the key and the error, if the address does not fit the TLS settings, or core on another machine could not
    /// authenticate us.
    fn error(&self, has_tls: bool, is_authenticated: bool) -> Option<(&'static str, &'static str)> {
        if self.is_encrypted && !has_tls {
            return Some(("tls", "is missing, but core.url is https; name the authority"));
        }
        if has_tls && !self.is_encrypted {
            return Some(("url", "must be https, because [core.tls] is set"));
        }
        (!is_authenticated && !self.is_loopback()).then_some((
            "url",
            "core on another machine must authenticate us; set hmac_key_file, or a certificate in [core.tls]",
        ))
    }

    fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}
