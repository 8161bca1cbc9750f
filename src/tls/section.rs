//! Reads the `tls` section of the settings.

use super::{Identity, TlsClient, TlsServer};
use crate::settings::{Invalid, Section, optional};

impl TlsClient {
    /// Reads `authority_file`; `name`, if the peer's certificate does not carry the host name; and `certificate_file` with
    /// `key_file` or `key_env`, if we present a certificate.
    pub fn read(section: &Section<'_>, host: &str) -> Option<Self> {
        let authority = section.file("authority_file", |text| Ok(text.to_owned()));
        let name = section.has("name").then(|| section.text("name", |name| Ok(name.to_owned())));
        let identity = optional(has_certificate(section), || Identity::read(section));
        let name = name.unwrap_or_else(|| Some(host.to_owned()))?;
        let client = Self::new(authority?.as_bytes(), identity.ok()?, &name);
        client.map_err(|error| section.fault("authority_file", error.to_string())).ok()
    }
}

impl TlsServer {
    /// Reads `certificate_file` with `key_file` or `key_env`; and `authority_file`, if peers must present a certificate.
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let authority = optional(section.has("authority_file"), || {
            section.file("authority_file", |text| Ok(text.to_owned()))
        });
        let identity = Identity::read(section);
        let authority = authority.ok()?;
        let server = Self::new(identity?, authority.as_deref().map(str::as_bytes));
        server.map_err(|error| section.fault("certificate_file", error.to_string())).ok()
    }
}

impl Identity {
    fn read(section: &Section<'_>) -> Option<Self> {
        let chain = section.file("certificate_file", |text| Ok(text.to_owned()));
        let key = section.private_key("key_file", "key_env", |key| Ok(key.to_vec()));
        let identity = Self::from_pem(chain?.as_bytes(), &key?);
        identity.map_err(|error| section.fault("certificate_file", error.to_string())).ok()
    }
}

/// Reads `authority_file` of a section without a table for TLS: the certificates that sign those of a server, in PEM. `is_needed` says
/// that the server is reached over TLS, and `whose` names it.
///
/// # Errors
/// If it is missing or wrong.
pub fn read_authority(
    section: &Section<'_>,
    is_needed: bool,
    whose: &str,
) -> Result<Option<String>, Invalid> {
    const KEY: &str = "authority_file";
    if section.has(KEY) {
        let read = |text: &str| {
            // The name is that of each connection.
            let checked = TlsClient::new(text.as_bytes(), None, "localhost");
            checked.map(|_| text.to_owned()).map_err(|error| error.to_string())
        };
        return section.file(KEY, read).map(Some).ok_or(Invalid);
    }
    if is_needed {
        section.fault(KEY, format!("is missing: name the certificate authority of the {whose}"));
        return Err(Invalid);
    }
    Ok(None)
}

/// Whether the section configures a certificate of ours.
pub fn has_certificate(section: &Section<'_>) -> bool {
    let keys = ["certificate_file", "key_file", "key_env"];
    keys.map(|key| section.has(key)).contains(&true)
}
