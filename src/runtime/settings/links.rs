//! `[[links]]`: the sessions to the switch.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use crate::settings::{Section, all, optional};
use crate::tls::{TlsClient, TlsServer};

/// A session to the switch.
pub struct Link {
    /// What it is called.
    pub name: String,
    /// Who connects.
    pub way: LinkWay,
}

/// Who connects.
pub enum LinkWay {
    /// We do.
    Connect {
        /// Host and port of the switch.
        address: String,
        /// With TLS, or without.
        tls: Option<TlsClient>,
    },
    /// The switch does.
    Listen {
        /// Where.
        address: SocketAddr,
        /// From where it may.
        allowed: Vec<IpAddr>,
        /// With TLS, or without.
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
            top.fault("links", format!("two of them are named {:?}", link.name));
            return None;
        }
    }
    Some(links)
}

fn read_link(section: &Section<'_>) -> Option<Link> {
    let name = section.text("name", |name| {
        let short =
            (1..=32).contains(&name.len()) && name.chars().all(|char| char.is_ascii_graphic());
        if short { Ok(name.to_owned()) } else { Err("is not 1 to 32 characters".to_owned()) }
    });
    let way = match (section.has("connect"), section.has("listen")) {
        (true, false) => connect(section),
        (false, true) => listen(section),
        (true, true) => {
            section.fault("connect", "is said, and listen too: say one of them");
            None
        }
        (false, false) => {
            section.fault("connect", "is missing, and listen too: say one of them");
            None
        }
    };
    Some(Link { name: name?, way: way? })
}

fn connect(section: &Section<'_>) -> Option<LinkWay> {
    let address = section.text("connect", |address| {
        let place = address.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let (host, _) = place.ok_or_else(|| format!("{address:?} is not HOST:PORT"))?;
        Ok((address.to_owned(), host.to_owned()))
    });
    let encrypted = section.has("tls");
    let (address, host) = address?;
    let tls = optional(encrypted, || TlsClient::read(&section.section("tls")?, &host));
    Some(LinkWay::Connect { address, tls: tls.ok()? })
}

fn listen(section: &Section<'_>) -> Option<LinkWay> {
    let address = section.address("listen");
    let allowed = section
        .texts("allowed", |peer| peer.parse().map_err(|_| format!("{peer:?} is no IP address")));
    let tls = optional(section.has("tls"), || TlsServer::read(&section.section("tls")?));
    Some(LinkWay::Listen { address: address?, allowed: allowed?, tls: tls.ok()? })
}
