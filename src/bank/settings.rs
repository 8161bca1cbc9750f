//! The settings of the port to core: the section `[core]`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use axum::http::uri::Scheme;

use super::signature::SigningKey;
use crate::settings::{Section, Wrong, optional};
use crate::tls::{self, TlsClient};

/// Who debits the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debit {
    /// The program asks core for it.
    Titian,
    /// The channel has done it before it asks.
    Caller,
}

/// The settings.
pub struct Settings {
    /// Who debits the customer.
    pub debit: Debit,
    /// Which core.
    pub core: Core,
}

/// Which core.
pub enum Core {
    /// The ledger of our own.
    Embedded(Embedded),
    /// A bank's, over HTTP.
    Http(Box<Http>),
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
    /// Its file.
    pub ledger: PathBuf,
    /// A file of accounts (CSV), of which those are opened that the ledger doesn't have yet.
    pub accounts: Option<PathBuf>,
}

/// A core over HTTP.
pub struct Http {
    /// Its host, as it is connected to.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// What the header `Host` says.
    pub(super) authority: String,
    /// What its paths begin with, without a slash at the end.
    pub(super) base: String,
    /// How it is known and we are, with TLS.
    pub(super) tls: Option<TlsClient>,
    /// What requests are signed with.
    pub(super) key: Option<SigningKey>,
    /// How long a question may take, with connecting.
    pub(super) timeout: Duration,
    /// Connections, each with one question at a time.
    pub(super) connections: usize,
}

impl Settings {
    /// Reads the section, and the files of keys that it names. Each fault is noted with its key. The keys of the other mode
    /// may be there, and are not looked at.
    #[must_use]
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let debit =
            section.choice("debit", &[("titian", Debit::Titian), ("caller", Debit::Caller)]);
        let embedded = section.choice("mode", &[("embedded", true), ("http", false)]);
        // Asked for, so that none of them is unknown.
        let _there = KEYS.map(|key| section.has(key));
        let core = if embedded? {
            read_embedded(section).map(Core::Embedded)
        } else {
            read_http(section).map(Box::new).map(Core::Http)
        };
        Some(Self { debit: debit?, core: core? })
    }
}

/// The keys of either mode.
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

fn read_embedded(section: &Section<'_>) -> Option<Embedded> {
    let ledger = section.text("ledger", |text| {
        let path = text.strip_prefix("sqlite://").filter(|path| !path.is_empty());
        path.map(PathBuf::from).ok_or_else(|| format!("{text:?} is no ledger: write sqlite://PATH"))
    });
    let accounts = optional(section.has("accounts_file"), || {
        section.text("accounts_file", |path| Ok(PathBuf::from(path)))
    });
    Some(Embedded { ledger: ledger?, accounts: accounts.ok()? })
}

fn read_http(section: &Section<'_>) -> Option<Http> {
    let place = section.text("url", Place::parse);
    let timeout = section.time("timeout").filter(|time| {
        if time.is_zero() {
            section.fault("timeout", "is no time in which anything could be answered");
        }
        !time.is_zero()
    });
    let connections = section.number("connections", &(1..=1_024));
    let signed = section.has("hmac_key_file") || section.has("hmac_key_env");
    let key = optional(signed, || section.secret("hmac_key_file", "hmac_key_env", read_key));
    let place = place?;
    let encrypted = section.has("tls");
    let tls = optional(encrypted, || {
        let tls = section.section("tls")?;
        Some((TlsClient::read(&tls, &place.host)?, tls::shows(&tls)))
    });
    let shown = matches!(tls, Ok(Some((_, true))) | Err(Wrong));
    if let Some((key, wrong)) = place.fault(encrypted, signed || shown) {
        section.fault(key, wrong);
        return None;
    }
    let (key, tls) = (key.ok()?, tls.ok()?.map(|(tls, _)| tls));
    let Place { host, port, authority, base, .. } = place;
    let (timeout, connections) = (timeout?, usize::try_from(connections?).ok()?);
    Some(Http { host, port, authority, base, tls, key, timeout, connections })
}

fn read_key(key: &[u8]) -> Result<SigningKey, String> {
    SigningKey::new(key).ok_or_else(|| format!("has fewer than {} bytes", SigningKey::LEAST))
}

/// Where core is.
struct Place {
    host: String,
    port: u16,
    authority: String,
    base: String,
    encrypted: bool,
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        let no_url = || format!("{text:?} is no URL: write https://core.example/v1");
        let url: Uri = text.parse().map_err(|_| no_url())?;
        let encrypted = match url.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(no_url()),
        };
        let authority = url.authority().ok_or_else(no_url)?;
        if url.query().is_some() || authority.as_str().contains('@') {
            return Err("has a query, or a user and perhaps a password: leave it out".to_owned());
        }
        let usual = if encrypted { 443 } else { 80 };
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: url.port_u16().unwrap_or(usual),
            authority: authority.to_string(),
            base: url.path().trim_end_matches('/').to_owned(),
            encrypted,
        })
    }

    /// The key that is wrong, and how, where TLS is set up or not and core is told who asks or not.
    fn fault(&self, tls: bool, known: bool) -> Option<(&'static str, &'static str)> {
        if self.encrypted && !tls {
            return Some(("tls", "is missing, but url begins with https: name the authority"));
        }
        if tls && !self.encrypted {
            return Some(("url", "begins with http, but there is [core.tls]: write https"));
        }
        (!known && !self.is_loopback()).then_some((
            "url",
            "is another machine's, and nothing tells core who asks: name a key (hmac_key_file) or show a certificate ([core.tls])",
        ))
    }

    fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}
