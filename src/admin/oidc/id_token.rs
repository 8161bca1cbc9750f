//! Id tokens: their signature (RFC 7515, by `ring`), and the checks of `OpenID` Connect Core 1.0, section 3.1.3.7.
//!
//! The algorithm must fit the kind of the key that the provider published: a token that is signed with a shared secret, or not at all,
//! is refused.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::values::Moment;

/// By how much the clock of the provider may differ.
const SKEW: Duration = Duration::from_mins(1);

/// The longest time between the issue of a token and its use.
const AGE_MAX: Duration = Duration::from_mins(10);

/// The most bytes of an id token.
const LENGTH_MAX: usize = 64 * 1024;

/// A public key of the provider (JWK, RFC 7517).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// The head of a token.
#[derive(Debug, Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that a reader must understand. There are none here.
    #[serde(default)]
    crit: Option<Value>,
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client_id: &'e str,
    pub(super) nonce: &'e str,
    pub(super) now: Moment,
}

/// Verifies an id token, and returns its claims.
///
/// # Errors
/// Why it is refused.
pub(super) fn verify(
    token: &str,
    keys: &[Jwk],
    expected: Expected<'_>,
) -> Result<Map<String, Value>, &'static str> {
    const FORM: &str = "the id token is malformed";
    if token.len() > LENGTH_MAX {
        return Err("the id token is too long");
    }
    let (message, signature) = token.rsplit_once('.').ok_or(FORM)?;
    let (head, payload) = message.split_once('.').ok_or(FORM)?;
    let head: Head = serde_json::from_slice(&bytes(head).ok_or(FORM)?).map_err(|_| FORM)?;
    if head.crit.is_some() {
        return Err("the id token has an extension that is not supported");
    }
    let signature = bytes(signature).ok_or(FORM)?;
    let mut fitting = keys.iter().filter(|key| key.fits(&head));
    // Without a key id, each key that fits is tried.
    if !fitting.any(|key| key.has_signed(&head.alg, message.as_bytes(), &signature)) {
        return Err("the id token is not signed by a key of the provider");
    }
    let claims = serde_json::from_slice(&bytes(payload).ok_or(FORM)?).map_err(|_| FORM)?;
    check(&claims, expected)?;
    Ok(claims)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

impl Jwk {
    /// Returns whether the key may have signed a token with this head.
    fn fits(&self, head: &Head) -> bool {
        let is_same = head.kid.is_none() || head.kid == self.kid;
        let signs = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        is_same && signs && self.alg.as_ref().is_none_or(|alg| *alg == head.alg)
    }

    /// Returns whether the key signed a message. The algorithm must be one of the kind of the key.
    fn has_signed(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        let part = |part: &Option<String>| part.as_deref().and_then(bytes).unwrap_or_default();
        let rsa = || RsaPublicKeyComponents { n: part(&self.n), e: part(&self.e) };
        // An uncompressed point (SEC 1).
        let point = || [&[4][..], &part(&self.x), &part(&self.y)].concat();
        let verified = match (self.kty.as_str(), self.crv.as_deref(), alg) {
            ("RSA", _, "RS256") => rsa().verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            ("RSA", _, "RS384") => rsa().verify(&RSA_PKCS1_2048_8192_SHA384, message, signature),
            ("RSA", _, "RS512") => rsa().verify(&RSA_PKCS1_2048_8192_SHA512, message, signature),
            ("RSA", _, "PS256") => rsa().verify(&RSA_PSS_2048_8192_SHA256, message, signature),
            ("RSA", _, "PS384") => rsa().verify(&RSA_PSS_2048_8192_SHA384, message, signature),
            ("RSA", _, "PS512") => rsa().verify(&RSA_PSS_2048_8192_SHA512, message, signature),
            ("EC", Some("P-256"), "ES256") => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point()).verify(message, signature)
            }
            ("EC", Some("P-384"), "ES384") => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point()).verify(message, signature)
            }
            ("OKP", Some("Ed25519"), "EdDSA" | "Ed25519") => {
                UnparsedPublicKey::new(&ED25519, part(&self.x)).verify(message, signature)
            }
            (_, _, _) => return false,
        };
        verified.is_ok()
    }
}

/// Checks the claims of a token that a provider signed.
fn check(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err("the id token has another issuer");
    }
    let is_for_us = match claims.get("aud") {
        Some(Value::String(audience)) => audience == expected.client_id,
        Some(Value::Array(audiences)) => {
            matches!(audiences.as_slice(), [Value::String(one)] if one == expected.client_id)
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    };
    if !is_for_us || claims.get("azp").is_some_and(|azp| azp.as_str() != Some(expected.client_id)) {
        return Err("the id token is for another client");
    }
    if text("nonce") != Some(expected.nonce) {
        return Err("the id token is of another sign-in");
    }
    let now = expected.now;
    let at = |name: &str| {
        let millis = claims.get(name).and_then(Value::as_u64)?.checked_mul(1000)?;
        Some(Moment::from_millis(millis))
    };
    if at("exp").is_none_or(|exp| exp.after(SKEW) <= now) {
        return Err("the id token has expired");
    }
    let is_recent = |iat: Moment| iat <= now.after(SKEW) && now.since(iat) <= AGE_MAX;
    if !at("iat").is_some_and(is_recent) {
        return Err("the id token was not issued now");
    }
    if claims.contains_key("nbf") && at("nbf").is_none_or(|nbf| nbf > now.after(SKEW)) {
        return Err("the id token is not valid yet");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
