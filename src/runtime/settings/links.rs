//! `[[links]]`: the sessions to the switch.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use crate::settings::{Section, all, optional};
use crate::tls::{TlsClient, TlsServer};

/// A link to the switch.
pub struct Link {
    /// The name in logs and metrics.
    pub name: String,
    /// Which side connects, and where.
    pub endpoint: LinkEndpoint,
}

/// Which side connects.
pub enum LinkEndpoint {
    /// We connect to the switch.
    Connect {
        /// Host and port of the switch.
        address: String,
        /// The TLS settings; `None` for plain TCP.
        tls: Option<TlsClient>,
    },
    /// The switch connects to us.
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The addresses that may connect.
        allowed: Vec<IpAddr>,
        /// The TLS settings; `None` for plain TCP.
        tls: Option<TlsServer>,
    },
}

/// Reads all links.
pub(super) fn read(top: &Section<'_>) -> Option<Vec<Link>> {
    let sections = top.sections("links");
    if sections.is_empty() {
        top.fault("links", "is missing: write [[links]] with name, and connect or listen");
        return None;
    }
    let links = all(sections.iter().map(read_link))?;
    let mut names = HashSet::new();
    for link in &links {
        if !names.insert(link.name.as_str()) {
            top.fault("links", format!("{:?} is the name of two links", link.name));
            return None;
        }
    }
    Some(links)
}

fn read_link(section: &Section<'_>) -> Option<Link> {
    let name = section.text("name", |name| {
        let is_valid =
            (1..=32).contains(&name.len()) && name.chars().all(|char| char.is_ascii_graphic());
        if is_valid { Ok(name.to_owned()) } else { Err("is not 1 to 32 characters".to_owned()) }
    });
    let endpoint = match (section.has("connect"), section.has("listen")) {
        (true, false) => read_connect(section),
        (false, true) => read_listen(section),
        (true, true) => {
            section.fault("connect", "is set together with listen: set only one of them");
            None
        }
        (false, false) => {
            section.fault("connect", "is missing: set it or listen");
            None
        }
    };
    Some(Link { name: name?, endpoint: endpoint? })
}

fn read_connect(section: &Section<'_>) -> Option<LinkEndpoint> {
    let address = section.text("connect", |address| {
        let parts = address.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let (host, _) = parts.ok_or_else(|| format!("{address:?} is not HOST:PORT"))?;
        Ok((address.to_owned(), host.to_owned()))
    });
    let has_tls = section.has("tls");
    let (address, host) = address?;
    let tls = optional(has_tls, || TlsClient::read(&section.section("tls")?, &host));
    Some(LinkEndpoint::Connect { address, tls: tls.ok()? })
}

fn read_listen(section: &Section<'_>) -> Option<LinkEndpoint> {
    let address = section.address("listen");
    let allowed = section.texts("allowed", |peer| {
        peer.parse().map_err(|_| format!("{peer:?} is not an IP address"))
    });
    let tls = optional(section.has("tls"), || TlsServer::read(&section.section("tls")?));
    Some(LinkEndpoint::Listen { address: address?, allowed: allowed?, tls: tls.ok()? })
}
