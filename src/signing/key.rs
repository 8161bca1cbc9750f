//! Signing keys and public keys (Ed25519, RFC 8032).

use std::fmt;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::hex::{hex, unhex};

/// The id of a key: the first eight bytes of the SHA-256 hash of its public half.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// Parses 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The public half of a signing key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Parses 64 hexadecimal digits; `None` for another text, and for a key that verifies forged signatures.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let key = VerifyingKey::from_bytes(&unhex(text)?).ok()?;
        (!key.is_weak()).then_some(Self(key))
    }

    /// Returns the key in hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    /// Returns the id of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        KeyId(hash.first_chunk().copied().unwrap_or_default())
    }

    /// Returns whether the key signed a message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_hex())
    }
}

/// A signing key. Secret.
#[derive(Clone)]
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    id: KeyId,
}

impl SigningKey {
    /// Creates the key of a seed of 32 bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let id = PublicKey(key.verifying_key()).id();
        Self { key, id }
    }

    /// Returns the public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key())
    }

    /// Returns the id of the key.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Derives a secret key for a purpose, which only the holder of the signing key can know.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // A key of any length is accepted.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else { return [0; 32] };
        mac.chain_update(purpose).finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ***)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_verifies_its_own_signatures_only() {
        let (one, other) = (SigningKey::from_seed(&[7; 32]), SigningKey::from_seed(&[8; 32]));
        let signature = one.sign(b"batch");
        assert!(one.public().verifies(b"batch", &signature));
        assert!(!one.public().verifies(b"batcH", &signature));
        assert!(!other.public().verifies(b"batch", &signature));
        assert_ne!(one.id(), other.id());
        assert_ne!(one.derive("index"), one.derive("keys"));
        assert_eq!(PublicKey::parse(&one.public().to_hex()), Some(one.public()));
        // A point of small order, which verifies any message with a forged signature.
        assert_eq!(PublicKey::parse(&format!("01{}", "0".repeat(62))), None);
        assert!(!format!("{one:?}").contains(&hex(&[7; 32])));
    }
}
