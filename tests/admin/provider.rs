//! A small provider: it signs its own id tokens, and checks what a client sends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use titian::admin::OidcSettings;
use titian::settings::{Faults, Section, tree};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const CLIENT_SECRET: &str = "5f1d7c0a9be34482bd60f7a1c2e9934d";

#[derive(Default)]
struct ProviderState {
    /// The claims of the next id token.
    claims: Value,
    /// The PKCE challenge of the sign-in.
    challenge: String,
    /// The form of the last token request.
    form: BTreeMap<String, String>,
    requests: usize,
}

/// The provider.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    state: Arc<Mutex<ProviderState>>,
    server: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let issuer = format!("http://{address}");
        let state = Arc::new(Mutex::new(ProviderState::default()));
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
        });
        let x = base64(key(7).public_key().as_ref());
        let keys = json!({"keys": [
            {"kty": "unknown", "kid": 5},
            {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x},
        ]});
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(|| async { Json(metadata) }))
            .route("/jwks", get(|| async { Json(keys) }))
            .route("/token", post(token))
            .with_state(Arc::clone(&state));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { issuer, state, server }
    }

    /// Returns the settings of a client.
    pub(crate) fn settings(&self) -> OidcSettings {
        settings(&self.issuer)
    }

    /// Sets what the next id token says, for a sign-in that began with these parameters.
    pub(crate) fn answer(&self, begun: &BTreeMap<String, String>, now: u64, claims: &Value) {
        let mut all = json!({
            "iss": self.issuer,
            "aud": "titian",
            "sub": "0017",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": begun["nonce"],
        });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let mut state = self.state.lock().unwrap();
        state.claims = all;
        state.challenge.clone_from(&begun["code_challenge"]);
    }

    /// Returns the form of the last token request, and how many there were.
    pub(crate) fn last_form(&self) -> (BTreeMap<String, String>, usize) {
        let state = self.state.lock().unwrap();
        (state.form.clone(), state.requests)
    }
}

/// Returns the settings of a client of a provider.
pub(crate) fn settings(issuer: &str) -> OidcSettings {
    // A temporary file stands for the bank's secret store.
    let port = issuer.rsplit(':').next().unwrap();
    let name = format!("titian-oidc-{}-{port}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    titian::private_files::create(&path, titian::private_files::Access::Secret, CLIENT_SECRET)
        .unwrap();
    let text = format!(
        "issuer = '{}'\nclient_id = 'titian'\nclient_secret_file = '{}'\n\
             redirect_url = 'https://titian.bank.example/admin/v1/oidc/callback'\n\
             person_claim = 'employee'\nroles_claim = 'groups'\ncode_acr = ['urn:bank:mfa']\n\
             [roles]\nmake = 'operator'\ncheck = 'supervisor'\nadmin = 'administrator'\n",
        issuer,
        path.display(),
    );
    let tree = tree("oidc.toml", &text).unwrap();
    let faults = Faults::default();
    let read =
        Section::top("oidc.toml", &tree, &faults).and_then(|section| OidcSettings::read(&section));
    std::fs::remove_file(&path).unwrap();
    let faults: Vec<_> = faults.all().iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{faults:?}");
    read.unwrap()
}

async fn token(
    State(state): State<Arc<Mutex<ProviderState>>>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, StatusCode> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.replace("%20", " ")));
    let form: BTreeMap<_, _> = pairs.collect();
    let mut state = state.lock().unwrap();
    state.form.clone_from(&form);
    state.requests += 1;
    let credentials = format!("titian:{CLIENT_SECRET}");
    let basic = format!("Basic {}", Base64::encode_string(credentials.as_bytes()));
    let is_client = headers["authorization"] == basic.as_str();
    let is_same = base64(&Sha256::digest(&form["code_verifier"])) == state.challenge;
    if !is_client || !is_same || form["code"] != "the code" {
        return Err(StatusCode::BAD_REQUEST);
    }
    let head = json!({"alg": "EdDSA", "kid": "k1"}).to_string();
    let message =
        format!("{}.{}", base64(head.as_bytes()), base64(state.claims.to_string().as_bytes()));
    let signature = base64(key(7).sign(message.as_bytes()).as_ref());
    let id_token = format!("{message}.{signature}");
    Ok(Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": id_token})))
}
