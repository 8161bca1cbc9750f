//! The keys and secrets of the load, created at the start of a bench.

use axum::http::Method;
use base64ct::{Base64, Encoding};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::signature::{SignatureEncoding, Signer};
use rsa::{PrivateKey, PublicKey};
use serde_json::Value;
use sha2::Sha256;

use crate::cli::failure::Failure;
use crate::clock::Clock;
use crate::harness::{HttpClient, timestamp};
use crate::hex::hex;
use crate::random::SystemRandom;

/// X-PARTNER-ID and X-CLIENT-KEY.
pub(super) const PARTNER: &str = "BENCH";
pub(super) const CLIENT: &str = "bench-1";

/// Bits of the partner's RSA key.
const BITS: usize = 2048;

/// The keys of the partner, and the adapter's token key.
pub(super) struct Keys {
    private: PrivateKey,
    /// The secret that signs requests.
    pub(super) secret: String,
    pub(super) token_key: String,
}

impl Keys {
    /// Generates all keys.
    pub(super) fn generate() -> Result<Self, Failure> {
        let mut random = opened()?;
        let private = PrivateKey::new(&mut random, BITS);
        let private = private.map_err(|error| format!("cannot generate an RSA key: {error}"))?;
        Ok(Self { private, secret: secret(&mut random)?, token_key: secret(&mut random)? })
    }

    /// Returns the public key in PEM.
    pub(super) fn public_pem(&self) -> Result<String, Failure> {
        let pem = PublicKey::from(&self.private).to_public_key_pem(LineEnding::LF);
        Ok(pem.map_err(|error| format!("cannot write the public key: {error}"))?)
    }

    /// Obtains a token.
    pub(super) async fn token(&self, client: &HttpClient, clock: Clock) -> Result<String, Failure> {
        let timestamp = timestamp(clock.now());
        let signer = SigningKey::<Sha256>::new(self.private.clone());
        let signature = signer.sign(format!("{CLIENT}|{timestamp}").as_bytes()).to_bytes();
        let headers = [
            ("x-client-key", CLIENT),
            ("x-timestamp", timestamp.as_str()),
            ("x-signature", &Base64::encode_string(&signature)),
        ];
        let body = r#"{"grantType":"client_credentials"}"#;
        let response = client.send(Method::POST, "/v1.0/access-token/b2b", &headers, body).await;
        let (status, body) = response
            .map_err(|error| Failure::Negative(format!("cannot obtain a token: {error}")))?;
        let token = serde_json::from_slice::<Value>(&body).ok();
        let token =
            token.and_then(|response| Some(response.get("accessToken")?.as_str()?.to_owned()));
        token.ok_or_else(|| {
            Failure::Negative(format!("cannot obtain a token: HTTP status {status}"))
        })
    }
}

fn opened() -> Result<SystemRandom, Failure> {
    Ok(SystemRandom::open().map_err(|error| format!("{}: {error}", SystemRandom::PATH))?)
}

/// Returns 32 random bytes in hex.
fn secret(random: &mut SystemRandom) -> Result<String, Failure> {
    let mut bytes = [0; 32];
    random.fill(&mut bytes).map_err(|error| format!("{}: {error}", SystemRandom::PATH))?;
    Ok(hex(&bytes))
}
