//! Signatures of requests to core, with a key that core shares.

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::hex;

/// The header with the request time, in milliseconds since 1970.
pub(super) const TIMESTAMP: &str = "x-titian-timestamp";

/// The header with the request signature.
pub(super) const SIGNATURE: &str = "x-titian-signature";

/// The parts of a request that a signature covers.
#[derive(Clone, Copy)]
pub struct SignatureInput<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as sent.
    pub path: &'a str,
    /// The body as sent; empty without a body.
    pub body: &'a [u8],
    /// The timestamp as sent.
    pub timestamp: &'a str,
}

/// The key that signs requests to core. A signature is the HMAC-SHA256 over `method:path:hex(sha256(body)):timestamp`, in
/// base64.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// The minimum length of a key, in bytes.
    pub const MIN_BYTES: usize = 16;

    /// Creates a key; `None` if it is too short.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= Self::MIN_BYTES).then(|| Hmac::new_from_slice(key).ok().map(Self))?
    }

    /// Returns the signature of a request.
    #[must_use]
    pub fn sign(&self, input: &SignatureInput<'_>) -> String {
        Base64::encode_string(&self.over(input).finalize().into_bytes())
    }

    /// Returns whether a signature is that of a request. The comparison takes constant time.
    #[must_use]
    pub fn verifies(&self, input: &SignatureInput<'_>, signature: &str) -> bool {
        let mut bytes = [0; 32];
        Base64::decode(signature, &mut bytes)
            .is_ok_and(|signature| self.over(input).verify_slice(signature).is_ok())
    }

    fn over(&self, input: &SignatureInput<'_>) -> Hmac<Sha256> {
        let body = hex::of_digest(&Sha256::digest(input.body).into());
        let mut mac = self.0.clone();
        for part in [input.method.as_bytes(), input.path.as_bytes(), &body] {
            mac.update(part);
            mac.update(b":");
        }
        mac.update(input.timestamp.as_bytes());
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_depends_on_the_key_and_on_every_part() {
        let key = SigningKey::new(b"a key of the tests").unwrap();
        let input = SignatureInput {
            method: "PUT",
            path: "/postings/1",
            body: b"{}",
            timestamp: "1795545000000",
        };
        let signature = key.sign(&input);
        // Computed with `openssl dgst -sha256 -hmac` over the text of the specification.
        assert_eq!(signature, "txaz5LJ1Eq53IrzMVn6ZuRYPHR/afVTzlHOCL4IaRCY=");
        assert!(key.verifies(&input, &signature));
        for other in [
            SignatureInput { method: "DELETE", ..input },
            SignatureInput { path: "/postings/2", ..input },
            SignatureInput { body: b"{ }", ..input },
            SignatureInput { timestamp: "1795545000001", ..input },
        ] {
            assert!(!key.verifies(&other, &signature));
        }
        assert!(!SigningKey::new(b"another key of them").unwrap().verifies(&input, &signature));
        assert!(!key.verifies(&input, "") && SigningKey::new(b"too short").is_none());
        assert_eq!(format!("{key:?}"), "SigningKey(***)");
    }
}
