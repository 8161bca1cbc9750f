//! Who asks core: requests signed with a key that core has too.

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::hex;

/// The header with the time of a request, in milliseconds since 1970.
pub(super) const TIMESTAMP: &str = "x-titian-timestamp";

/// The header with its signature.
pub(super) const SIGNATURE: &str = "x-titian-signature";

/// What a signature is over.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as it is sent.
    pub path: &'a str,
    /// The body as it is sent; empty where there is none.
    pub body: &'a [u8],
    /// The time as it is sent.
    pub timestamp: &'a str,
}

/// The key that requests to core are signed with: HMAC-SHA256 over `method:path:hex(sha256(body)):timestamp`, in base64.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Bytes that a key has at least.
    pub const LEAST: usize = 16;

    /// `None` if the key is too short.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= Self::LEAST).then(|| Hmac::new_from_slice(key).ok().map(Self))?
    }

    /// The signature of a claim.
    #[must_use]
    pub fn sign(&self, claim: &Claim<'_>) -> String {
        Base64::encode_string(&self.over(claim).finalize().into_bytes())
    }

    /// Whether this is the signature of a claim, found out in the same time whatever is wrong.
    #[must_use]
    pub fn verifies(&self, claim: &Claim<'_>, signature: &str) -> bool {
        let mut bytes = [0; 32];
        Base64::decode(signature, &mut bytes)
            .is_ok_and(|signature| self.over(claim).verify_slice(signature).is_ok())
    }

    fn over(&self, claim: &Claim<'_>) -> Hmac<Sha256> {
        let body = hex::of_digest(&Sha256::digest(claim.body).into());
        let mut mac = self.0.clone();
        for part in [claim.method.as_bytes(), claim.path.as_bytes(), &body] {
            mac.update(part);
            mac.update(b":");
        }
        mac.update(claim.timestamp.as_bytes());
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
    fn a_signature_is_of_its_key_and_of_every_part() {
        let key = SigningKey::new(b"a key of the tests").unwrap();
        let claim =
            Claim { method: "PUT", path: "/postings/1", body: b"{}", timestamp: "1795545000000" };
        let signature = key.sign(&claim);
        // openssl dgst -sha256 -hmac, over the text that the specification says.
        assert_eq!(signature, "txaz5LJ1Eq53IrzMVn6ZuRYPHR/afVTzlHOCL4IaRCY=");
        assert!(key.verifies(&claim, &signature));
        for other in [
            Claim { method: "DELETE", ..claim },
            Claim { path: "/postings/2", ..claim },
            Claim { body: b"{ }", ..claim },
            Claim { timestamp: "1795545000001", ..claim },
        ] {
            assert!(!key.verifies(&other, &signature));
        }
        assert!(!SigningKey::new(b"another key of them").unwrap().verifies(&claim, &signature));
        assert!(!key.verifies(&claim, "") && SigningKey::new(b"too short").is_none());
        assert_eq!(format!("{key:?}"), "SigningKey(***)");
    }
}
