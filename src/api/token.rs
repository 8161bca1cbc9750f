//! Access tokens that need no storage: their content is signed, so that other nodes, and this one after a restart, accept
//! them too.

use std::fmt;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::signature::SigningKey;
use crate::values::Moment;

/// The lifetime of a token.
const LIFETIME: Duration = Duration::from_mins(15);

/// The length of a token: its expiry (8 bytes, milliseconds since 1970), its holder (16), and the signature (32).
const LENGTH: usize = 8 + 16 + 32;

/// The key that signs tokens, the same on all nodes.
#[derive(Clone)]
pub(super) struct TokenKey(Hmac<Sha256>);

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(***)")
    }
}

impl TokenKey {
    /// The shortest key, in bytes.
    pub(super) const MIN_BYTES: usize = 32;

    /// Creates a key; `None` if it is too short.
    #[must_use]
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= Self::MIN_BYTES).then(|| Hmac::new_from_slice(key).ok().map(Self))?
    }

    /// Issues a token for a holder, valid from now on.
    #[must_use]
    pub(super) fn issue(&self, holder: TokenHolder, now: Moment) -> String {
        let expires = now.after(LIFETIME).millis().to_be_bytes();
        let sign = self.mac(expires, holder).finalize().into_bytes();
        Base64UrlUnpadded::encode_string(&[&expires[..], &holder.0, &sign].concat())
    }

    /// Returns whether a text is a valid token of this holder.
    #[must_use]
    pub(super) fn is_valid(&self, text: &str, holder: TokenHolder, now: Moment) -> bool {
        let mut bytes = [0; LENGTH];
        let Ok(bytes) = Base64UrlUnpadded::decode(text, &mut bytes) else { return false };
        let Some((expires, rest)) = bytes.split_first_chunk() else { return false };
        let Some((of_holder, sign)) = rest.split_first_chunk() else { return false };
        let genuine = self.mac(*expires, TokenHolder(*of_holder)).verify_slice(sign).is_ok();
        genuine
            && TokenHolder(*of_holder) == holder
            && now < Moment::from_millis(u64::from_be_bytes(*expires))
    }

    fn mac(&self, expires: [u8; 8], holder: TokenHolder) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"titian token 1");
        mac.update(&expires);
        mac.update(&holder.0);
        mac
    }
}

/// The holder of a token: a partner with its public key. A new key makes the tokens of the old key invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenHolder([u8; 16]);

impl TokenHolder {
    /// The lifetime of a token, in seconds.
    pub(super) const LIFETIME_SECONDS: u64 = LIFETIME.as_secs();

    /// Returns the holder for a partner.
    #[must_use]
    pub(super) fn of(partner: &str, key: &SigningKey) -> Self {
        let hash = Sha256::new().chain_update(key.fingerprint()).chain_update(partner).finalize();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_for_its_holder_its_lifetime_and_its_key() {
        let now = Moment::from_millis(1_795_545_000_000);
        let [key, same, other] = [1, 1, 2].map(|byte| TokenKey::new(&[byte; 32]).unwrap());
        let (holder, stranger) = (TokenHolder([7; 16]), TokenHolder([8; 16]));
        let token = key.issue(holder, now);
        let at = |seconds| now.after(Duration::from_secs(seconds));
        assert!(key.is_valid(&token, holder, now) && same.is_valid(&token, holder, at(899)));
        assert!(!key.is_valid(&token, holder, at(900)));
        assert!(!key.is_valid(&token, stranger, now) && !other.is_valid(&token, holder, now));
        let mut bytes = Base64UrlUnpadded::decode_vec(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let token = Base64UrlUnpadded::encode_string(&bytes);
            assert!(!key.is_valid(&token, holder, now), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for wrong in ["", "a", &token[1..], &format!("{token}A")] {
            assert!(!key.is_valid(wrong, holder, now));
        }
    }
}
