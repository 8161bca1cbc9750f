//! Mutual TLS for the links to a switch and for the port to core banking.

mod section;

use std::sync::Arc;
use std::{fmt, io};

use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    self, ClientConfig, ConfigBuilder, ConfigSide, RootCertStore, ServerConfig, WantsVerifier,
    crypto,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

pub use section::{has_certificate, read_authority};

/// The reasons why TLS cannot be configured. Errors never show a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is not PEM, or does not contain the item.
    #[error("{what}: cannot read the PEM file: {source}")]
    Pem {
        /// The item in the file.
        what: &'static str,
        /// The reason.
        source: pem::Error,
    },
    /// The file does not contain a certificate.
    #[error("{what}: the file does not contain a certificate")]
    Empty {
        /// The item in the file.
        what: &'static str,
    },
    /// The expected name of the peer's certificate is invalid.
    #[error("`{0}` is not a host name or IP address")]
    Name(String),
    /// A certificate is invalid, or its key does not match.
    #[error("invalid certificate or key: {0}")]
    Refused(#[from] rustls::Error),
    /// The certificate authority for peers is invalid.
    #[error("invalid certificate authority for peers: {0}")]
    Authority(#[from] VerifierBuilderError),
}

/// Our certificate chain and private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads the certificate chain and the key from PEM.
    ///
    /// # Errors
    /// If one of them is missing or invalid.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|source| TlsError::Pem { what: "private key", source })?;
        Ok(Self { chain: certificates("certificate", chain)?, key })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates)", self.chain.len())
    }
}

/// The TLS configuration for outgoing connections.
#[derive(Clone)]
pub struct TlsClient {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsClient {
    /// Creates a configuration that trusts a peer with this name and a certificate signed by the authority. It presents
    /// our certificate, if there is one.
    ///
    /// # Errors
    /// If the authority, the certificate, the key or the name is invalid.
    pub fn new(authority: &[u8], identity: Option<Identity>, name: &str) -> Result<Self, TlsError> {
        let server = ServerName::try_from(name.to_owned());
        let server = server.map_err(|_| TlsError::Name(name.to_owned()))?;
        let builder = builder(ClientConfig::builder_with_provider)?;
        let builder = builder.with_root_certificates(roots(authority)?);
        let config = match identity {
            Some(identity) => builder.with_client_auth_cert(identity.chain, identity.key)?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name: server })
    }

    pub(crate) async fn connect(
        self,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        self.connector.connect(self.name, stream).await
    }
}

/// The TLS configuration for incoming connections.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
}

impl TlsServer {
    /// Creates a configuration that presents our certificate. With an authority, a peer must present a certificate signed
    /// by it.
    ///
    /// # Errors
    /// If the certificate, the key or the authority is invalid.
    pub fn new(identity: Identity, authority: Option<&[u8]>) -> Result<Self, TlsError> {
        let builder = builder(ServerConfig::builder_with_provider)?;
        let builder = match authority {
            Some(authority) => {
                let roots = Arc::new(roots(authority)?);
                let provider = Arc::new(crypto::ring::default_provider());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build()?)
            }
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(identity.chain, identity.key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    pub(crate) async fn accept(
        self,
        stream: TcpStream,
    ) -> io::Result<server::TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

fn builder<S: ConfigSide>(
    begin: fn(Arc<crypto::CryptoProvider>) -> ConfigBuilder<S, rustls::WantsVersions>,
) -> Result<ConfigBuilder<S, WantsVerifier>, rustls::Error> {
    begin(Arc::new(crypto::ring::default_provider())).with_safe_default_protocol_versions()
}

fn roots(authority: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("certificate authority", authority)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

fn certificates(what: &'static str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let read = read.map_err(|source| TlsError::Pem { what, source })?;
    if read.is_empty() { Err(TlsError::Empty { what }) } else { Ok(read) }
}
