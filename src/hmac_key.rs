//! Signatures with a shared secret.

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::{KeyInit, Mac};

/// What a signature covers.
pub trait SignedContent {
    /// Feeds the signed bytes to `update`, in order and in any pieces.
    fn feed(&self, update: &mut dyn FnMut(&[u8]));
}

/// Feeds parts with a colon between them, the form that both the channel API and core sign.
pub(crate) fn feed_joined(parts: &[&[u8]], update: &mut dyn FnMut(&[u8])) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            update(b":");
        }
        update(part);
    }
}

/// A shared secret that signs content with the HMAC `M`. A signature is in base64.
#[derive(Clone)]
pub struct HmacKey<M>(M);

impl<M: Mac + KeyInit + Clone> HmacKey<M> {
    /// The minimum length of a secret, in bytes.
    pub const MIN_BYTES: usize = 16;

    /// Creates a key; `None` if the secret is too short.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let is_long = secret.len() >= Self::MIN_BYTES;
        is_long.then(|| <M as KeyInit>::new_from_slice(secret).ok().map(Self))?
    }

    /// Returns the signature of some content.
    #[must_use]
    pub fn sign(&self, content: &impl SignedContent) -> String {
        Base64::encode_string(&self.mac(content).finalize().into_bytes())
    }

    /// Returns whether a signature is that of the content. The comparison takes constant time.
    #[must_use]
    pub fn verifies(&self, content: &impl SignedContent, signature: &str) -> bool {
        let mut bytes = [0; 64];
        Base64::decode(signature, &mut bytes)
            .is_ok_and(|signature| self.mac(content).verify_slice(signature).is_ok())
    }

    fn mac(&self, content: &impl SignedContent) -> M {
        let mut mac = self.0.clone();
        content.feed(&mut |bytes| mac.update(bytes));
        mac
    }
}

impl<M> fmt::Debug for HmacKey<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(***)")
    }
}
