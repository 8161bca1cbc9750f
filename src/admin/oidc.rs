//! Sign-in through the directory of the bank: `OpenID` Connect, authorization code flow with PKCE.
//!
//! The state of a sign-in that has begun is in a sealed cookie, not in the session: the way back from the provider is a request that
//! another site begins, and a browser sends a `SameSite=Strict` cookie with none of those.

mod claims;
mod http;
mod id_token;
mod settings;

use std::fmt;
use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::secret_text::random_text;
use crate::control::SecretHash;
use crate::http_client::{Endpoint, escaped, form};
use crate::personal::{RecordKey, SealingKey};
use crate::values::Moment;
pub(super) use claims::Claims;
use http::ProviderHttp;
use id_token::{Expected, Jwk};
pub use settings::OidcSettings;

/// How long a person may take at the provider.
const ATTEMPT_TIME: Duration = Duration::from_mins(10);

/// How long the metadata and the keys of the provider are kept.
const METADATA_TIME: Duration = Duration::from_mins(5);

/// The associated text of a sealed attempt.
const ATTEMPT: &str = "oidc attempt";

/// The seconds after which the provider asks the person again: as long as a session.
const AGE_MAX_SECONDS: &str = "43200";

/// Why the provider did not confirm a person. It is for the log.
#[derive(Debug)]
pub(super) enum OidcError {
    /// The state of the sign-in is missing, too old, or that of another one.
    State,
    /// The provider cannot be reached, or its answer is not what the protocol says.
    Provider(String),
    /// The claims do not name a person with a role.
    Claims(&'static str),
}

impl fmt::Display for OidcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State => f.write_str("the sign-in did not begin here, or took too long"),
            Self::Provider(reason) => write!(f, "the provider: {reason}"),
            Self::Claims(reason) => f.write_str(reason),
        }
    }
}

fn provider(error: impl fmt::Display) -> OidcError {
    OidcError::Provider(error.to_string())
}

/// A sign-in that has begun.
#[derive(Serialize, Deserialize)]
struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    until: Moment,
}

/// Where the browser goes, and the cookie that it brings back.
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) cookie: String,
}

/// What the provider sends the browser back with.
#[derive(Debug, Deserialize)]
pub(super) struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// The metadata of a provider (`OpenID` Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// The keys of a provider.
#[derive(Debug, Deserialize)]
struct KeySet {
    /// A key of an unknown kind is left out.
    keys: Vec<serde_json::Value>,
}

/// The answer to an authorization code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// What is known about the provider.
#[derive(Clone, Debug)]
struct Known {
    authorization: Endpoint,
    token: Endpoint,
    keys: Vec<Jwk>,
    at: Moment,
}

/// The client of the provider.
#[derive(Debug)]
pub(super) struct Oidc {
    settings: OidcSettings,
    http: ProviderHttp,
    attempts: SealingKey,
    known: Mutex<Option<Known>>,
}

impl Oidc {
    pub(super) fn new(settings: OidcSettings, record: &RecordKey) -> Self {
        let http = ProviderHttp::new(settings.authority.clone());
        let attempts = SealingKey::new(record, "titian operators: oidc attempts");
        Self { settings, http, attempts, known: Mutex::default() }
    }

    /// Returns how long a browser keeps the cookie of a sign-in.
    pub(super) const fn attempt_time() -> Duration {
        ATTEMPT_TIME
    }

    /// Begins a sign-in. With `is_fresh` the provider asks the person again, also for a second factor.
    pub(super) async fn begin(&self, is_fresh: bool, now: Moment) -> Result<Begun, OidcError> {
        let known = self.known(now).await?;
        let random = || random_text().map_err(provider);
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let attempt = Attempt { state, nonce, verifier, until: now.after(ATTEMPT_TIME) };
        let challenge = Base64UrlUnpadded::encode_string(&Sha256::digest(&attempt.verifier));
        let settings = &self.settings;
        let acr = settings.code_acr.join(" ");
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &settings.client_id),
            ("redirect_uri", settings.redirect.as_str()),
            ("scope", &settings.scope),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            // It makes the provider say when the person signed in there.
            ("max_age", if is_fresh { "0" } else { AGE_MAX_SECONDS }),
        ];
        if is_fresh {
            parameters.push(("prompt", "login"));
            if !acr.is_empty() {
                parameters.push(("acr_values", &acr));
            }
        }
        let url = known.authorization.with(&parameters);
        Ok(Begun { url, cookie: self.sealed(&attempt)? })
    }

    /// Ends a sign-in: returns what the provider says about the person.
    pub(super) async fn end(
        &self,
        cookie: Option<&str>,
        callback: Callback,
        now: Moment,
    ) -> Result<Claims, OidcError> {
        let attempt = cookie.and_then(|cookie| self.opened(cookie)).ok_or(OidcError::State)?;
        let hash = |text: &str| SecretHash::of(text.as_bytes());
        let state = callback.state.as_deref().map(hash);
        let is_own = state.is_some_and(|state| state.is(&hash(&attempt.state)));
        // RFC 9207: a provider that names itself must be the one that was asked.
        let is_issuer = callback.iss.is_none_or(|iss| iss == self.settings.issuer.as_str());
        if now >= attempt.until || !is_own || !is_issuer {
            return Err(OidcError::State);
        }
        let code = callback.code.ok_or_else(|| provider("it sent no code"))?;
        let known = self.known(now).await?;
        let tokens = self.tokens(&known.token, &code, &attempt.verifier).await?;
        let expected = Expected {
            issuer: self.settings.issuer.as_str(),
            client_id: &self.settings.client_id,
            nonce: &attempt.nonce,
            now,
        };
        let claims = id_token::verify(&tokens.id_token, &known.keys, expected).map_err(provider)?;
        self.settings.read_claims(&claims, now).map_err(OidcError::Claims)
    }

    /// Exchanges an authorization code.
    async fn tokens(
        &self,
        endpoint: &Endpoint,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, OidcError> {
        let settings = &self.settings;
        // RFC 6749, section 2.3.1.
        let credentials = format!(
            "{}:{}",
            escaped(&settings.client_id),
            escaped(settings.client_secret.as_str())
        );
        let authorization = format!("Basic {}", Base64::encode_string(credentials.as_bytes()));
        let form = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", settings.redirect.as_str()),
            ("code_verifier", verifier),
        ]);
        let body = self.http.post(endpoint, &authorization, form).await.map_err(provider)?;
        serde_json::from_slice(&body).map_err(|_| provider("it sent no id token"))
    }

    /// Returns the endpoints and the keys of the provider.
    async fn known(&self, now: Moment) -> Result<Known, OidcError> {
        let mut kept = self.known.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| now.since(known.at) < METADATA_TIME) {
            return Ok(known.clone());
        }
        let metadata: Metadata = self.read(&self.settings.discovery).await?;
        if metadata.issuer != self.settings.issuer.as_str() {
            return Err(provider("its metadata names another issuer"));
        }
        let endpoint = |text: &str| Endpoint::parse(text).map_err(provider);
        let keys: KeySet = self.read(&endpoint(&metadata.jwks_uri)?).await?;
        let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        let known = Known {
            authorization: endpoint(&metadata.authorization_endpoint)?,
            token: endpoint(&metadata.token_endpoint)?,
            keys: keys.collect(),
            at: now,
        };
        Ok(kept.insert(known).clone())
    }

    async fn read<T: DeserializeOwned>(&self, from: &Endpoint) -> Result<T, OidcError> {
        let failed = |reason: &dyn fmt::Display| provider(format!("{}: {reason}", from.as_str()));
        let body = self.http.get(from).await.map_err(|error| failed(&error))?;
        serde_json::from_slice(&body).map_err(|error| failed(&error))
    }

    fn sealed(&self, attempt: &Attempt) -> Result<String, OidcError> {
        // The attempt has only text and a number, so serialising can't fail.
        let text = serde_json::to_vec(attempt).unwrap_or_default();
        let sealed = self.attempts.seal(ATTEMPT, &text).map_err(provider)?;
        Ok(Base64UrlUnpadded::encode_string(&sealed))
    }

    fn opened(&self, cookie: &str) -> Option<Attempt> {
        let sealed = Base64UrlUnpadded::decode_vec(cookie).ok()?;
        serde_json::from_slice(&self.attempts.open(ATTEMPT, &sealed)?).ok()
    }
}
