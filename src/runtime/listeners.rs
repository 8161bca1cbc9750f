//! The sockets that the adapter listens on.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::settings::{Link, LinkEndpoint};
use crate::link::Endpoint;

/// All listening sockets, and the endpoints of the links.
pub(super) struct Listeners {
    pub(super) api: TcpListener,
    pub(super) console: TcpListener,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) names: Vec<String>,
}

impl Listeners {
    /// Listens on all addresses.
    ///
    /// # Errors
    /// If an address can't be listened on; every such address is in the error.
    pub(super) async fn open(
        api: SocketAddr,
        console: SocketAddr,
        links: Vec<Link>,
    ) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let api = listen("api.listen", api).await.map_err(|error| errors.push(error));
        let console = listen("console.listen", console).await.map_err(|error| errors.push(error));
        let (mut endpoints, mut names) = (Vec::new(), Vec::new());
        for Link { name, endpoint } in links {
            match open_endpoint(&name, endpoint).await {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) => errors.push(error),
            }
            names.push(name);
        }
        match (api, console) {
            (Ok(api), Ok(console)) if errors.is_empty() => {
                Ok(Self { api, console, endpoints, names })
            }
            (Ok(_) | Err(()), Ok(_) | Err(())) => Err(errors),
        }
    }
}

async fn open_endpoint(name: &str, endpoint: LinkEndpoint) -> Result<Endpoint, String> {
    match endpoint {
        LinkEndpoint::Connect { address, tls } => Ok(Endpoint::Dial { address, tls }),
        LinkEndpoint::Listen { address, allowed, tls } => {
            let listener = listen(&format!("link {name}"), address).await?;
            Ok(Endpoint::Listen { listener, allowed, tls })
        }
    }
}

async fn listen(what: &str, address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{what} {address}: in use; stop the program that listens there, or choose another port")
        }
        _ => format!("{what} {address}: can't listen: {error}"),
    })
}
