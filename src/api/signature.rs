//! Who signed what. Both checks take the same time whatever is wrong.

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use rsa::PublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256, Sha512};

use super::minify::runs;
use crate::hex;

/// Bytes of the longest RSA signature, of a key of 8192 bits.
const RSA_MAX: usize = 1024;

/// What the signature of a request is over.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// POST.
    pub method: &'a str,
    /// The path, with its query if it has one.
    pub path: &'a str,
    /// The token, without `Bearer`.
    pub token: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
    /// X-TIMESTAMP as it came.
    pub timestamp: &'a str,
}

/// A partner's shared secret, which its requests are signed with (HMAC-SHA512).
#[derive(Clone)]
pub struct SignatureKey(Hmac<Sha512>);

impl SignatureKey {
    /// Bytes that a secret has at least.
    pub const LEAST: usize = 16;

    /// `None` if the secret is too short.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let is_long = secret.len() >= Self::LEAST;
        is_long.then(|| Hmac::new_from_slice(secret).ok().map(Self))?
    }

    /// Whether this is the signature of the claim, in base64.
    #[must_use]
    pub fn verifies(&self, claim: &Claim<'_>, signature: &str) -> bool {
        let mut bytes = [0; 64];
        Base64::decode(signature, &mut bytes)
            .is_ok_and(|signature| self.over(claim).verify_slice(signature).is_ok())
    }

    /// The signature of a claim, in base64, as a client makes it.
    #[must_use]
    pub fn sign(&self, claim: &Claim<'_>) -> String {
        Base64::encode_string(&self.over(claim).finalize().into_bytes())
    }

    fn over(&self, claim: &Claim<'_>) -> Hmac<Sha512> {
        let mut body = Sha256::new();
        runs(claim.body).for_each(|run| body.update(run));
        let body = hex::of_digest(&body.finalize().into());
        let mut mac = self.0.clone();
        let text = [claim.method, claim.path, claim.token].map(str::as_bytes);
        for part in text.into_iter().chain([&body[..]]) {
            mac.update(part);
            mac.update(b":");
        }
        mac.update(claim.timestamp.as_bytes());
        mac
    }
}

impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureKey(***)")
    }
}

/// A partner's public key, which its requests for a token are signed with (RSA with SHA-256, PKCS #1 v1.5).
#[derive(Clone)]
pub(super) struct SigningKey {
    key: VerifyingKey<Sha256>,
    print: [u8; 16],
}

impl SigningKey {
    /// Bits that a key has at least.
    pub(super) const LEAST: usize = 2048;

    /// Reads a key in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn from_pem(pem: &str) -> Result<Self, String> {
        let key = PublicKey::from_public_key_pem(pem.trim())
            .map_err(|_| "is no RSA public key in PEM (BEGIN PUBLIC KEY)".to_owned())?;
        let bits = key.size() * 8;
        if !(Self::LEAST..=RSA_MAX * 8).contains(&bits) {
            return Err(format!(
                "has {bits} bits, at least {} and at most {}",
                Self::LEAST,
                RSA_MAX * 8
            ));
        }
        let der = key.to_public_key_der().map_err(|_| "can't be written again".to_owned())?;
        let mut print = [0; 16];
        print.iter_mut().zip(Sha256::digest(der.as_bytes())).for_each(|(to, from)| *to = from);
        Ok(Self { key: VerifyingKey::new(key), print })
    }

    /// Whether this is the signature over `client|timestamp`, in base64.
    #[must_use]
    pub(super) fn verifies(&self, client: &str, timestamp: &str, signature: &str) -> bool {
        let mut bytes = [0; RSA_MAX];
        Base64::decode(signature, &mut bytes)
            .ok()
            .and_then(|signature| Signature::try_from(signature).ok())
            .is_some_and(|signature| {
                self.key.verify(format!("{client}|{timestamp}").as_bytes(), &signature).is_ok()
            })
    }

    /// What tells it from other keys.
    pub(super) const fn print(&self) -> [u8; 16] {
        self.print
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

    const CLAIM: Claim<'static> = Claim {
        method: "POST",
        path: "/v1.0/transfer-interbank",
        token: "token",
        body: b"{ \"a\": 1 }",
        timestamp: "2026-11-24T18:30:00+07:00",
    };

    /// Made with `openssl dgst -sha512 -hmac`.
    const SIGNED: &str =
        "YwybD+1P2z/LyMYaQf9VcVgv4Rn2apu9aOsL9O+a/EJN1NsH/FXVPX3XF8vMH+XMUNLXYXQKU6bHKazJpY44Qw==";

    #[test]
    fn a_signature_is_that_of_another_program() {
        let key = SignatureKey::new(b"a secret of 24 bytes....").unwrap();
        assert_eq!(key.sign(&CLAIM), SIGNED);
        assert!(key.verifies(&CLAIM, SIGNED));
        assert!(key.verifies(&Claim { body: b"{\"a\":1}", ..CLAIM }, SIGNED), "minified");
    }

    #[test]
    fn whatever_is_off_by_a_bit_is_refused() {
        let key = SignatureKey::new(b"a secret of 24 bytes....").unwrap();
        let others = [
            Claim { method: "PUT", ..CLAIM },
            Claim { path: "/v1.0/transfer/status", ..CLAIM },
            Claim { token: "tokem", ..CLAIM },
            Claim { body: b"{\"a\":3}", ..CLAIM },
            Claim { timestamp: "2026-11-24T18:30:01+07:00", ..CLAIM },
        ];
        assert!(others.iter().all(|other| !key.verifies(other, SIGNED)));
        let other = SignatureKey::new(b"a secret of 24 bytes...,").unwrap();
        assert!(!other.verifies(&CLAIM, SIGNED));
        let mut bytes = Base64::decode_vec(SIGNED).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(&CLAIM, &Base64::encode_string(&bytes)), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for wrong in ["", "=", &SIGNED[..86], &SIGNED.to_lowercase(), "ä"] {
            assert!(!key.verifies(&CLAIM, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_short_secret_and_a_key_that_is_none_are_refused_and_none_is_shown() {
        assert!(SignatureKey::new(&[7; 15]).is_none());
        assert!(SigningKey::from_pem("BEGIN").unwrap_err().contains("PEM"));
        let key = SignatureKey::new(&[7; 16]).unwrap();
        assert_eq!(format!("{key:?}"), "SignatureKey(***)");
    }
}
