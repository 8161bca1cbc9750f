//! SIGHUP takes what it can, lists what needs a restart, and holds what loosens until a checker approves it.

use std::fs;
use std::sync::{Arc, LazyLock};

use axum::http::Method;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::signature::{SignatureEncoding, Signer};
use rsa::{PrivateKey, PublicKey};
use serde_json::{Value, json};
use sha2::Sha256;
use titian::api::{SignatureKey, SignedRequest};
use titian::clock::Clock;
use titian::harness::{HttpClient, timestamp, write_key_file};
use titian::private_files::Access;
use titian::random::SystemRandom;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::bank::{Options, TIMEOUT, TestBank, wait_until};
use super::desk::{Desk, first_administrators};
use super::scenario::Scenario;

const STATUS: &str = "/v1.0/transfer/status";
const TOKEN: &str = "/v1.0/access-token/b2b";

/// A new key for each partner: key generation is slow.
static KEYS: LazyLock<[PrivateKey; 2]> = LazyLock::new(|| {
    [0, 1].map(|_| PrivateKey::new(&mut SystemRandom::open().unwrap(), 2048).unwrap())
});

/// A partner as it signs.
struct Partner<'b> {
    bank: &'b TestBank,
    name: &'static str,
    key: &'static PrivateKey,
}

impl Partner<'_> {
    /// Requests a token. Returns the HTTP status and the token.
    async fn token(&self) -> (u16, String) {
        let (at, client) = (timestamp(Clock::new().now()), format!("{}-client", self.name));
        let signature = SigningKey::<Sha256>::new(self.key.clone());
        let signature = signature.sign(format!("{client}|{at}").as_bytes());
        let signature = base64(&signature.to_bytes());
        let headers =
            [("x-client-key", &*client), ("x-timestamp", &at), ("x-signature", &signature)];
        let body = json!({ "grantType": "client_credentials" }).to_string();
        let (status, body) = self.post(TOKEN, &headers, body).await;
        (status, body["accessToken"].as_str().unwrap_or_default().to_owned())
    }

    /// Asks for the status of a transfer that does not exist, signed with a secret: 404 if it is admitted.
    async fn status(&self, token: &str, secret: &str) -> u16 {
        let at = timestamp(Clock::new().now());
        let body = json!({ "originalPartnerReferenceNo": "none", "serviceCode": "18" }).to_string();
        let (path, timestamp) = (STATUS, at.as_str());
        let claim = SignedRequest { method: "POST", path, token, body: body.as_bytes(), timestamp };
        let signature = SignatureKey::new(secret.as_bytes()).unwrap().sign(&claim);
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-timestamp", timestamp),
            ("x-signature", &signature),
            ("x-partner-id", self.name),
            ("x-external-id", "1"),
            ("channel-id", "95011"),
        ];
        self.post(STATUS, &headers, body).await.0
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: String) -> (u16, Value) {
        let client = HttpClient::new(std::net::SocketAddr::from((self.bank.host, 8080)), TIMEOUT);
        let (status, body) = client.send(Method::POST, path, headers, body).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(bytes)
}

fn write_secret(bank: &TestBank, name: &str, text: &str) -> String {
    write_key_file(&bank.file(name), Access::Secret, text).unwrap().display().to_string()
}

/// Returns the section of a partner whose key is one of [`KEYS`].
fn partner(bank: &TestBank, name: &str, key: &PrivateKey, secret_file: &str) -> String {
    let public = PublicKey::from(key).to_public_key_pem(LineEnding::LF).unwrap();
    let path = write_key_file(&bank.file(&format!("{name}.pem")), Access::Public, &public).unwrap();
    let path = path.display().to_string();
    format!(
        "[api.partners.{name}]\nclient_id = \"{name}-client\"\npublic_key_file = {path:?}\nsecret_file = {secret_file:?}\n"
    )
}

/// The settings of a bank, which a test writes and reloads.
struct Configuration<'b> {
    bank: &'b TestBank,
    reloads: usize,
}

impl Configuration<'_> {
    /// Writes the settings, and reloads them. Returns the new lines of the log.
    async fn reload(&mut self, text: &str) -> String {
        let before = self.bank.log().len();
        fs::write(self.bank.file("titian.toml"), text).unwrap();
        self.bank.adapter.as_ref().unwrap().signal("HUP").await.unwrap();
        self.wait_for_reload().await;
        self.bank.log()[before..].to_owned()
    }

    async fn wait_for_reload(&mut self) {
        self.reloads += 1;
        wait_until("the configuration is reloaded", async || {
            self.bank.log().matches("configuration reloaded").count() >= self.reloads
        })
        .await;
    }
}

/// Approves the open proposal about settings, and waits until it is taken.
async fn approve(desk: &Desk<'_>, configuration: &mut Configuration<'_>) {
    let settings = desk.done("e44", &["settings"]).await;
    let proposal = settings["proposal"].to_string();
    desk.done("e44", &["approve", &proposal, "--yes"]).await;
    configuration.wait_for_reload().await;
}

/// Returns a setting as operators see it.
async fn setting(desk: &Desk<'_>, key: &str) -> Value {
    let settings = desk.done("e44", &["settings"]).await;
    let all = settings["settings"].as_array().unwrap().clone();
    all.into_iter().find(|one| one["key"] == key).unwrap_or_default()
}

fn says(log: &str, key: &str, message: &str) -> bool {
    let key = format!("\"key\":\"{key}\"");
    log.lines().any(|line| line.contains(&key) && line.contains(message))
}

const HELD: &str = "setting waits for a checker";
const APPLIED: &str = "setting applied";

#[tokio::test]
async fn a_reload_takes_what_is_stricter_and_holds_what_loosens_until_a_checker_approves_it() {
    let mut scenario = Scenario::prepare(Options::default(), &[]).await;
    let bank = &mut scenario.bank;
    let token_key =
        write_secret(bank, "token.key", "a key of tokens that is long, and of the tests 1");
    let secret = write_secret(bank, "mobile.secret", "first secret of tests");
    let file = bank.file("titian.toml");
    let text = fs::read_to_string(&file).unwrap();
    let snap = format!("auth = \"snap\"\ntoken_key_file = {token_key:?}\namount_max = \"900.00\"");
    let text = text.replace("auth = \"none\"", &snap) + &partner(bank, "MOBILE", &KEYS[0], &secret);
    fs::write(&file, text).unwrap();
    bank.start().await;
    bank.stop().await;
    let secrets = first_administrators(bank).await;
    bank.start().await;
    let bank = &scenario.bank;
    let desk = Desk::of(bank);
    for (id, secret) in ["e17", "e23"].into_iter().zip(&secrets) {
        let mut person = desk.enrol(id, secret).await;
        desk.sign_in(&mut person).await;
    }
    let mut agus = desk.add(("e17", "e23"), "e44", "supervisor").await;
    desk.sign_in(&mut agus).await;
    let mut configuration = Configuration { bank, reloads: 0 };
    let first = fs::read_to_string(&file).unwrap();
    let mobile = Partner { bank, name: "MOBILE", key: &KEYS[0] };
    let teller = Partner { bank, name: "TELLER", key: &KEYS[1] };
    let (status, token) = mobile.token().await;
    assert_eq!(status, 200);

    // Another content of a secret waits, and the one before goes on.
    write_secret(bank, "mobile.secret", "second secret of tests");
    let log = configuration.reload(&first).await;
    assert!(says(&log, "api.partners.MOBILE.keys", HELD), "{log}");
    assert_eq!(mobile.status(&token, "first secret of tests").await, 404);
    assert_eq!(mobile.status(&token, "second secret of tests").await, 401);

    // A second secret beside the first waits too. When it is approved, both hold.
    write_secret(bank, "mobile.secret", "first secret of tests");
    let second = write_secret(bank, "mobile2.secret", "second secret of tests");
    let both = format!("{first}second_secret_file = {second:?}\n");
    let log = configuration.reload(&both).await;
    assert!(says(&log, "api.partners.MOBILE.keys", HELD), "{log}");
    assert_eq!(mobile.status(&token, "second secret of tests").await, 401);
    approve(&desk, &mut configuration).await;
    assert_eq!(mobile.status(&token, "first secret of tests").await, 404);
    assert_eq!(mobile.status(&token, "second secret of tests").await, 404);

    // The first secret ends at once.
    let next = first.replace(&secret, &second);
    let log = configuration.reload(&next).await;
    assert!(says(&log, "api.partners.MOBILE.secret_file", APPLIED), "{log}");
    assert_eq!(mobile.status(&token, "first secret of tests").await, 401);
    assert_eq!(mobile.status(&token, "second secret of tests").await, 404);

    // A new partner waits, and a partner that is removed is refused at once.
    let teller_secret = write_secret(bank, "teller.secret", "secret of the tellers");
    let with_teller = next.clone() + &partner(bank, "TELLER", &KEYS[1], &teller_secret);
    let log = configuration.reload(&with_teller).await;
    assert!(says(&log, "api.partners.TELLER.keys", HELD), "{log}");
    assert_eq!(teller.token().await.0, 401);
    approve(&desk, &mut configuration).await;
    assert_eq!(teller.token().await.0, 200);
    configuration.reload(&next).await;
    assert_eq!(teller.token().await.0, 401);
    assert_eq!(mobile.token().await.0, 200);

    // A limit is tightened at once, and loosened by a checker.
    let amount = |text: &str| next.replace("900.00", text);
    let log = configuration.reload(&amount("500.00")).await;
    assert!(says(&log, "api.amount_max", APPLIED), "{log}");
    configuration.reload(&amount("800.00")).await;
    let shown = setting(&desk, "api.amount_max").await;
    assert_eq!((&shown["value"], &shown["origin"]), (&json!("500.00"), &json!("approved")));
    assert_eq!(shown["waits_for_checker"], "800.00");
    approve(&desk, &mut configuration).await;
    let shown = setting(&desk, "api.amount_max").await;
    assert_eq!((&shown["value"], &shown["waits_for_checker"]), (&json!("800.00"), &json!(null)));

    // A fault changes nothing, and is logged with its place.
    let wrong = amount("700.00").replace("[limits]", "[limits]\nopen_transfer = 1");
    fs::write(&file, wrong).unwrap();
    bank.adapter.as_ref().unwrap().signal("HUP").await.unwrap();
    bank.wait_for_log("limits.open_transfer: unknown key").await;
    assert_eq!(setting(&desk, "api.amount_max").await["value"], "800.00");

    // What needs a restart is listed at each reload.
    let drain = amount("800.00").replace("[limits]", "[limits]\ndrain = \"50s\"");
    for _ in 0..2 {
        let log = configuration.reload(&drain).await;
        assert!(says(&log, "limits.drain", "setting needs a restart"), "{log}");
        assert!(!log.contains("\"key\":\"api.amount_max\""), "{log}");
    }
    assert_eq!(setting(&desk, "limits.drain").await["needs_restart"], "50s");
    let acts = desk.done("e44", &["acts", "--limit", "1000"]).await.to_string();
    for fact in ["reloaded", "settings_taken", "settings_approved"] {
        assert!(acts.contains(&format!("\"{fact}\"")), "{fact}");
    }
    assert!(!acts.contains("secret of tests"));

    // A start that loosens runs with the approved value.
    scenario.bank.stop().await;
    scenario.bank.options.set = vec!["api.amount_max=1000.00", "limits.drain=55s"];
    let before = scenario.bank.log().len();
    scenario.bank.start().await;
    let log = scenario.bank.log()[before..].to_owned();
    assert!(says(&log, "api.amount_max", HELD), "{log}");
    scenario.finish().await;
}

/// A certificate authority, and the link that listens with certificates of it.
struct Certificates(CertifiedIssuer<'static, KeyPair>);

impl Certificates {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes a new certificate and its key.
    fn write(&self, bank: &TestBank) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["bank.test".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let files = [
            ("link.pem", Access::Public, certificate.pem()),
            ("link.key", Access::Secret, key.serialize_pem()),
        ];
        for (name, access, text) in files {
            write_key_file(&bank.file(name), access, &text).unwrap();
        }
    }

    /// Connects to the link, and returns the certificate that it shows.
    async fn shown(&self, bank: &TestBank) -> Vec<u8> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.0.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider);
        let client = client.with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect((bank.host, 8583)).await.unwrap();
        let name = ServerName::try_from("bank.test").unwrap();
        let connected = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
        connected.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }
}

#[tokio::test]
async fn a_new_connection_of_a_link_sees_the_certificate_that_was_exchanged() {
    let mut scenario = Scenario::prepare(Options::default(), &[]).await;
    let certificates = Certificates::new();
    let bank = &mut scenario.bank;
    certificates.write(bank);
    let file = bank.file("titian.toml");
    let (pem, key, host) = (bank.path("link.pem"), bank.path("link.key"), bank.host);
    let link = format!(
        "[[links]]\nname = \"c\"\nlisten = \"{host}:8583\"\nallowed = [\"127.0.0.1\", \"{host}\"]\n\
         tls = {{ certificate_file = {pem:?}, key_file = {key:?} }}\n[api]\n"
    );
    let text = fs::read_to_string(&file).unwrap().replace("[api]\n", &link);
    fs::write(&file, &text).unwrap();
    bank.start().await;
    let bank = &scenario.bank;
    let before = certificates.shown(bank).await;
    certificates.write(bank);
    assert_eq!(certificates.shown(bank).await, before);
    let mut configuration = Configuration { bank, reloads: 0 };
    let log = configuration.reload(&text).await;
    for key in ["links[2].tls.certificate_file", "links[2].tls.key_file"] {
        assert!(says(&log, key, APPLIED), "{log}");
    }
    wait_until("the new certificate is shown", async || certificates.shown(bank).await != before)
        .await;
    scenario.finish().await;
}
