//! Addresses of servers outside of the program: encrypted, or on this machine.

use std::fmt;
use std::net::IpAddr;

use axum::http::Uri;
use axum::http::uri::Scheme;

/// An address that is encrypted, or on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    uri: Uri,
    is_encrypted: bool,
}

impl Endpoint {
    /// Parses an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri = text.parse::<Uri>().map_err(|error| format!("{text:?} is not a URL: {error}"))?;
        let host = uri.host().ok_or_else(|| format!("{text:?} has no host"))?;
        let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let is_local = uri.scheme() == Some(&Scheme::HTTP) && is_loopback(host);
        if !is_encrypted && !is_local {
            return Err(format!("{text:?} must begin with https://: http:// is for loopback only"));
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("must not have a user name: it would be in every log".to_owned());
        }
        Ok(Self { text: text.to_owned(), uri, is_encrypted })
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether it is reached over TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns the host as it is connected to, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Returns the port: that of the scheme, if it names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_encrypted { 443 } else { 80 })
    }

    /// Returns the value of the header `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Returns path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", |target| target.as_str())
    }

    /// Returns the address with more parameters in its query.
    #[must_use]
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mark = if self.uri.query().is_some() { '&' } else { '?' };
        format!("{}{mark}{}", self.text, form(parameters))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Encodes parameters as `application/x-www-form-urlencoded`.
#[must_use]
pub fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Escapes all but letters, digits and `-._~` (RFC 3986).
#[must_use]
pub fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        0..=127 | 128.. => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_encrypted_or_on_this_machine() {
        for right in [
            "https://login.bank.example/realms/bank",
            "https://[2001:db8::1]:8443/",
            "http://localhost:8080",
            "http://127.0.0.1:1/x?y=1",
            "http://[::1]:1/",
        ] {
            assert_eq!(Endpoint::parse(right).unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "/path",
            "http://login.bank.example",
            "http://localhost.bank.example",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://user:secret@bank.example",
            "javascript:alert(1)",
        ] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_escaped() {
        let endpoint = Endpoint::parse("https://a.example/x?y=1").unwrap();
        let with = endpoint.with(&[("scope", "openid profile"), ("state", "a&b=é")]);
        assert_eq!(with, "https://a.example/x?y=1&scope=openid%20profile&state=a%26b%3D%C3%A9");
        assert_eq!((endpoint.host(), endpoint.port()), ("a.example", 443));
        let endpoint = Endpoint::parse("http://[::1]:8080").unwrap();
        assert_eq!((endpoint.host(), endpoint.port(), endpoint.target()), ("::1", 8080, "/"));
    }
}
