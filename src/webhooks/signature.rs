//! Signatures of webhook requests, with a secret that the receiver shares.

use hmac::Hmac;
use sha2::Sha256;

use crate::hmac_key::{HmacKey, SignedContent, feed_joined};

/// The header with the request time, in milliseconds since 1970.
pub(super) const TIMESTAMP: &str = "x-titian-timestamp";

/// The header with the request signature.
pub(super) const SIGNATURE: &str = "x-titian-signature";

/// The parts of a request that a signature covers.
#[derive(Clone, Copy)]
pub struct WebhookInput<'a> {
    /// The timestamp as sent.
    pub timestamp: &'a str,
    /// The body as sent.
    pub body: &'a [u8],
}

/// The key that signs webhook requests. A signature is the HMAC-SHA256 over `timestamp:body`, in base64.
pub type WebhookKey = HmacKey<Hmac<Sha256>>;

impl SignedContent for WebhookInput<'_> {
    fn feed(&self, update: &mut dyn FnMut(&[u8])) {
        feed_joined(&[self.timestamp.as_bytes(), self.body], update);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_depends_on_the_key_the_time_and_the_body() {
        let key = WebhookKey::new(b"a key of the tests").unwrap();
        let input = WebhookInput { timestamp: "1795545000000", body: b"{}" };
        let signature = key.sign(&input);
        // Computed with `printf '1795545000000:{}' | openssl dgst -sha256 -hmac 'a key of the tests' -binary | base64`.
        assert_eq!(signature, "uJH8kj84OEWJCIuC/AUby4RMvxiyaNx6MIlhazQ3x1w=");
        assert!(key.verifies(&input, &signature));
        assert!(!key.verifies(&WebhookInput { timestamp: "1795545000001", ..input }, &signature));
        assert!(!key.verifies(&WebhookInput { body: b"{ }", ..input }, &signature));
    }
}
