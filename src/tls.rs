//! TLS with certificates on both sides, for whoever connects: links to a switch, the port to core.

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

pub use section::shows;

/// Why TLS can't be set up. No key is told.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not PEM, or nothing of that kind in it.
    #[error("{what} can't be read from its PEM: {source}")]
    Pem {
        /// Which of the files.
        what: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// There is no certificate where one is needed.
    #[error("{what} has no certificate")]
    Empty {
        /// Which of the files.
        what: &'static str,
    },
    /// The name that the peer's certificate must have is none.
    #[error("`{0}` is no host name or address")]
    Name(String),
    /// A certificate, or a key that doesn't go with it.
    #[error("a certificate or its key is refused: {0}")]
    Refused(#[from] rustls::Error),
    /// The authority that signs the peers' certificates.
    #[error("the authority for peers is refused: {0}")]
    Authority(#[from] VerifierBuilderError),
}

/// Our certificate, with those up to the authority, and its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both from PEM.
    ///
    /// # Errors
    /// If one of the two isn't there.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|source| TlsError::Pem { what: "our key", source })?;
        Ok(Self { chain: certificates("our certificate", chain)?, key })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates)", self.chain.len())
    }
}

/// How we connect with TLS.
#[derive(Clone)]
pub struct TlsClient {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsClient {
    /// Trusts a peer by this name whose certificate the authority signed, and shows our own if there is one.
    ///
    /// # Errors
    /// If something of it isn't valid.
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

/// How we take connections on with TLS.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
}

impl TlsServer {
    /// Shows our certificate. With an authority, a peer without a certificate signed by it is refused.
    ///
    /// # Errors
    /// If something of it isn't valid.
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
    for certificate in certificates("the authority", authority)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

fn certificates(what: &'static str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let read = read.map_err(|source| TlsError::Pem { what, source })?;
    if read.is_empty() { Err(TlsError::Empty { what }) } else { Ok(read) }
}
