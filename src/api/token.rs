//! Tokens that need no memory: what they say is signed, so that another node, or this one after a restart, takes them too.

use std::fmt;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::signature::SigningKey;
use crate::values::Moment;

/// How long a token is good.
const LIFETIME: Duration = Duration::from_mins(15);

/// When it ends (8 bytes, milliseconds since 1970), whose it is (16), and the signature (32).
const LENGTH: usize = 8 + 16 + 32;

/// The key of all nodes that tokens are signed with.
#[derive(Clone)]
pub(super) struct TokenKey(Hmac<Sha256>);

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(***)")
    }
}

impl TokenKey {
    /// Bytes that a key has at least.
    pub(super) const LEAST: usize = 32;

    /// `None` if it is too short.
    #[must_use]
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= Self::LEAST).then(|| Hmac::new_from_slice(key).ok().map(Self))?
    }

    /// A token for a holder, from now on.
    #[must_use]
    pub(super) fn issue(&self, holder: Token, now: Moment) -> String {
        let ends = now.after(LIFETIME).millis().to_be_bytes();
        let sign = self.over(ends, holder).finalize().into_bytes();
        Base64UrlUnpadded::encode_string(&[&ends[..], &holder.0, &sign].concat())
    }

    /// Whether a text is a token of this holder that is still good.
    #[must_use]
    pub(super) fn is_good(&self, text: &str, holder: Token, now: Moment) -> bool {
        let mut bytes = [0; LENGTH];
        let Ok(bytes) = Base64UrlUnpadded::decode(text, &mut bytes) else { return false };
        let Some((ends, rest)) = bytes.split_first_chunk() else { return false };
        let Some((whose, sign)) = rest.split_first_chunk() else { return false };
        let genuine = self.over(*ends, Token(*whose)).verify_slice(sign).is_ok();
        genuine && Token(*whose) == holder && now < Moment::from_millis(u64::from_be_bytes(*ends))
    }

    fn over(&self, ends: [u8; 8], holder: Token) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"titian token 1");
        mac.update(&ends);
        mac.update(&holder.0);
        mac
    }
}

/// Whose a token is: a partner with the key that it had. With another key its old tokens are worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token([u8; 16]);

impl Token {
    /// Seconds that one is good.
    pub(super) const SECONDS: u64 = LIFETIME.as_secs();

    /// That of a partner.
    #[must_use]
    pub(super) fn of(partner: &str, key: &SigningKey) -> Self {
        let hash = Sha256::new().chain_update(key.print()).chain_update(partner).finalize();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_holder_and_its_time_under_its_key() {
        let now = Moment::from_millis(1_795_545_000_000);
        let [key, same, other] = [1, 1, 2].map(|byte| TokenKey::new(&[byte; 32]).unwrap());
        let (holder, stranger) = (Token([7; 16]), Token([8; 16]));
        let token = key.issue(holder, now);
        let at = |seconds| now.after(Duration::from_secs(seconds));
        assert!(key.is_good(&token, holder, now) && same.is_good(&token, holder, at(899)));
        assert!(!key.is_good(&token, holder, at(900)));
        assert!(!key.is_good(&token, stranger, now) && !other.is_good(&token, holder, now));
        let mut bytes = Base64UrlUnpadded::decode_vec(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let token = Base64UrlUnpadded::encode_string(&bytes);
            assert!(!key.is_good(&token, holder, now), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for wrong in ["", "a", &token[1..], &format!("{token}A")] {
            assert!(!key.is_good(wrong, holder, now));
        }
    }
}
