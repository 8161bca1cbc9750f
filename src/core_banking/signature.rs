//! Signatures of requests to core, with a key that core shares.

use hmac::Hmac;
use sha2::{Digest, Sha256};

use crate::hex;
use crate::hmac_key::{HmacKey, SignedContent, feed_joined};

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
pub type SigningKey = HmacKey<Hmac<Sha256>>;

impl SignedContent for SignatureInput<'_> {
    fn feed(&self, update: &mut dyn FnMut(&[u8])) {
        let body = hex::of_digest(&Sha256::digest(self.body).into());
        let [method, path, timestamp] = [self.method, self.path, self.timestamp].map(str::as_bytes);
        feed_joined(&[method, path, &body, timestamp], update);
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
        assert_eq!(format!("{key:?}"), "HmacKey(***)");
    }
}
