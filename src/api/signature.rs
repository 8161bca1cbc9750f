//! Verifies signatures. Both checks take constant time, whatever is wrong.

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::Hmac;
use rsa::PublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256, Sha512};

use super::minify::runs;
use crate::hex;
use crate::hmac_key::{HmacKey, SignedContent, feed_joined};

/// The longest RSA signature, in bytes: of a key of 8192 bits.
const RSA_SIGNATURE_MAX: usize = 1024;

/// The content that the signature of a request covers.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// The token, without `Bearer`.
    pub token: &'a str,
    /// The body as received.
    pub body: &'a [u8],
    /// X-TIMESTAMP as received.
    pub timestamp: &'a str,
}

/// A partner's shared secret, which signs its requests.
pub type SignatureKey = HmacKey<Hmac<Sha512>>;

impl SignedContent for SignedRequest<'_> {
    fn feed(&self, update: &mut dyn FnMut(&[u8])) {
        let mut body = Sha256::new();
        runs(self.body).for_each(|run| body.update(run));
        let body = hex::of_digest(&body.finalize().into());
        let [method, path, token, timestamp] =
            [self.method, self.path, self.token, self.timestamp].map(str::as_bytes);
        feed_joined(&[method, path, token, &body, timestamp], update);
    }
}

/// A partner's public key, which verifies its token requests (RSA with SHA-256, PKCS #1 v1.5).
#[derive(Clone)]
pub(super) struct SigningKey {
    key: VerifyingKey<Sha256>,
    fingerprint: [u8; 16],
}

impl SigningKey {
    /// The smallest key, in bits.
    pub(super) const MIN_BITS: usize = 2048;

    /// The smallest public exponent. With a small one, such as 3, signatures were forged where a verifier was lax.
    const MIN_EXPONENT: u64 = 65_537;

    /// Reads a key in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// If the text is not such a key, or the key is weak or too large.
    pub(super) fn from_pem(pem: &str) -> Result<Self, String> {
        // The library refuses an even modulus or exponent, and fewer than 1024 bits.
        let key = PublicKey::from_public_key_pem(pem.trim())
            .map_err(|_| "is not a usable RSA public key in PEM (BEGIN PUBLIC KEY)".to_owned())?;
        let bits = key.size() * 8;
        if !(Self::MIN_BITS..=RSA_SIGNATURE_MAX * 8).contains(&bits) {
            return Err(format!(
                "has {bits} bits, {} to {} are allowed",
                Self::MIN_BITS,
                RSA_SIGNATURE_MAX * 8
            ));
        }
        let exponent = key.e_bytes().iter().fold(0_u64, |e, byte| e << 8 | u64::from(*byte));
        if exponent < Self::MIN_EXPONENT {
            return Err(format!(
                "has the exponent {exponent}, at least {} is required",
                Self::MIN_EXPONENT
            ));
        }
        if let Some(factor) = small_factor(&key.n_bytes()) {
            return Err(format!("has a modulus that is a multiple of {factor}"));
        }
        let der = key.to_public_key_der().map_err(|_| "can't be encoded in DER".to_owned())?;
        let mut fingerprint = [0; 16];
        fingerprint
            .iter_mut()
            .zip(Sha256::digest(der.as_bytes()))
            .for_each(|(to, from)| *to = from);
        Ok(Self { key: VerifyingKey::new(key), fingerprint })
    }

    /// Returns whether this is the signature of `client_id|timestamp`, in base64.
    #[must_use]
    pub(super) fn verifies(&self, client_id: &str, timestamp: &str, signature: &str) -> bool {
        let mut bytes = [0; RSA_SIGNATURE_MAX];
        Base64::decode(signature, &mut bytes)
            .ok()
            .and_then(|signature| Signature::try_from(signature).ok())
            .is_some_and(|signature| {
                self.key.verify(format!("{client_id}|{timestamp}").as_bytes(), &signature).is_ok()
            })
    }

    /// Returns the fingerprint of the key.
    pub(super) const fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }
}

/// Returns a small factor of a modulus, given in big-endian bytes. A real key has none.
fn small_factor(modulus: &[u8]) -> Option<u32> {
    let rest =
        |factor| modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % factor);
    (3..1_000).step_by(2).find(|factor| rest(*factor) == 0)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use rsa::BoxedUint;
    use rsa::pkcs8::LineEnding;

    use super::*;

    const REQUEST: SignedRequest<'static> = SignedRequest {
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
    fn a_signature_equals_that_of_openssl() {
        let key = SignatureKey::new(b"a secret of 24 bytes....").unwrap();
        assert_eq!(key.sign(&REQUEST), SIGNED);
        assert!(key.verifies(&REQUEST, SIGNED));
        assert!(key.verifies(&SignedRequest { body: b"{\"a\":1}", ..REQUEST }, SIGNED), "minified");
    }

    #[test]
    fn a_change_of_any_bit_is_refused() {
        let key = SignatureKey::new(b"a secret of 24 bytes....").unwrap();
        let others = [
            SignedRequest { method: "PUT", ..REQUEST },
            SignedRequest { path: "/v1.0/transfer/status", ..REQUEST },
            SignedRequest { token: "tokem", ..REQUEST },
            SignedRequest { body: b"{\"a\":3}", ..REQUEST },
            SignedRequest { timestamp: "2026-11-24T18:30:01+07:00", ..REQUEST },
        ];
        assert!(others.iter().all(|other| !key.verifies(other, SIGNED)));
        let other = SignatureKey::new(b"a secret of 24 bytes...,").unwrap();
        assert!(!other.verifies(&REQUEST, SIGNED));
        let mut bytes = Base64::decode_vec(SIGNED).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(&REQUEST, &Base64::encode_string(&bytes)), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for wrong in ["", "=", &SIGNED[..86], &SIGNED.to_lowercase(), "ä"] {
            assert!(!key.verifies(&REQUEST, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_weak_rsa_key_is_refused() {
        let pem = |bytes: u16, exponent: u64| {
            // Any odd number stands for a modulus.
            let modulus = vec![0xC5; bytes.into()];
            let modulus = BoxedUint::from_be_slice(&modulus, 8 * u32::from(bytes)).unwrap();
            let key = PublicKey::new(modulus, BoxedUint::from(exponent)).unwrap();
            key.to_public_key_pem(LineEnding::LF).unwrap()
        };
        let refused = |bytes, exponent| SigningKey::from_pem(&pem(bytes, exponent)).unwrap_err();
        for exponent in [3, 17, 65_535] {
            let reason = format!("has the exponent {exponent}, at least 65537 is required");
            assert_eq!(refused(256, exponent), reason);
        }
        assert_eq!(refused(255, 65_537), "has 2040 bits, 2048 to 8192 are allowed");
        let factor = refused(256, 65_537);
        assert!(factor.starts_with("has a modulus that is a multiple of "), "{factor}");
        let mut der = PublicKey::from_public_key_pem(&pem(256, 65_537))
            .unwrap()
            .to_public_key_der()
            .unwrap()
            .into_vec();
        // The last byte of the modulus, before the five of the exponent.
        let last = der.len() - 6;
        der[last] &= 0xFE;
        let text = Base64::encode_string(&der);
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let even =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        assert!(SigningKey::from_pem(&even).unwrap_err().starts_with("is not a usable RSA"));
    }

    #[test]
    fn a_short_secret_and_a_malformed_key_are_refused_and_debug_masks_keys() {
        assert!(SignatureKey::new(&[7; 15]).is_none());
        assert!(SigningKey::from_pem("BEGIN").unwrap_err().contains("PEM"));
        let key = SignatureKey::new(&[7; 16]).unwrap();
        assert_eq!(format!("{key:?}"), "HmacKey(***)");
    }
}
