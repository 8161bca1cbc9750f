//! Mutual TLS: without mutual authentication no command is sent.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use titian::core_banking::Settings;
use titian::private_files::Access;
use titian::transfer::{CancelReply, PriorPosting};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use super::hostile_core::http_response;
use super::support::{Folder, Port, read};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Returns a certificate and its key, in PEM.
fn identity(name: &str, authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

/// Starts a core that replies to authenticated clients only.
async fn core(authority: &Authority) -> SocketAddr {
    let (certificate, key) = identity("localhost", authority);
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let known = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_client_cert_verifier(known.build().unwrap());
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                let was = http_response(200, r#"{"was":"absent"}"#);
                stream.write_all(was.as_bytes()).await.unwrap();
            }
        }
    });
    address
}

/// Returns the settings of a port that trusts an authority, and shows a certificate of another one.
fn settings(
    folder: &Folder,
    port: u16,
    authority: &Authority,
    shown: Option<&Authority>,
) -> Settings {
    let file = |name: &str, access, text: &str| folder.key_file(name, access, text);
    let tls =
        format!("authority_file = \"{}\"\n", file("ca.pem", Access::Public, &authority.pem()));
    let identity = shown.map(|shown| {
        let (certificate, key) = identity("bank.test", shown);
        let (certificate, key) = (
            file("bank.pem", Access::Public, &certificate),
            file("bank.key", Access::Secret, &key),
        );
        format!("certificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n")
    });
    let tls = tls + &identity.unwrap_or_default();
    let text = format!(
        "mode = \"http\"\ndebit = \"titian\"\nurl = \"https://localhost:{port}\"\ntimeout = \"10s\"\nconnections = 1\n[core.tls]\n{tls}"
    );
    read(&text).unwrap()
}

const KNOWN: CancelReply = CancelReply::Cancelled(PriorPosting::Absent);

#[tokio::test]
async fn only_mutually_authenticated_connections_carry_commands() {
    let (ours, foreign) = (authority(), authority());
    let port = core(&ours).await.port();
    let folder = Folder::new();
    let cancel = async |authority: &Authority, shown: Option<&Authority>| {
        let mut port = Port::open(settings(&folder, port, authority, shown)).unwrap();
        [port.cancel(1).await, port.cancel(2).await]
    };
    assert_eq!(cancel(&ours, Some(&ours)).await, [KNOWN; 2]);
    for (authority, shown) in [(&ours, None), (&ours, Some(&foreign)), (&foreign, Some(&ours))] {
        assert_eq!(cancel(authority, shown).await, [CancelReply::Unknown; 2]);
    }
}

#[tokio::test]
async fn a_new_connection_shows_the_certificate_that_was_exchanged() {
    let (ours, foreign) = (authority(), authority());
    let address = core(&ours).await.port();
    let folder = Folder::new();
    let mut port = Port::open(settings(&folder, address, &ours, Some(&foreign))).unwrap();
    assert_eq!(port.cancel(1).await, CancelReply::Unknown);
    port.handle.reconfigure(settings(&folder, address, &ours, Some(&ours)).core);
    assert_eq!(port.cancel(2).await, KNOWN);
}
