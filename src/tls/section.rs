//! Reads the `tls` section of the settings.

use super::{Identity, TlsClient, TlsServer};
use crate::settings::{Section, optional};

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

/// Whether the section configures a certificate of ours.
pub fn has_certificate(section: &Section<'_>) -> bool {
    let keys = ["certificate_file", "key_file", "key_env"];
    keys.map(|key| section.has(key)).contains(&true)
}
