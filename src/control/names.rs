//! The names that scopes and commands may use: networks, services, partners and links.

use serde::{Deserialize, Serialize};

use crate::values::{ProcessingCode, Reference};

/// The names that the settings and the network profile have. Each start records them, so that an audit knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// The networks.
    #[serde(rename = "networks")]
    pub networks: Vec<Reference>,
    /// The services and the inquiries.
    #[serde(rename = "services")]
    pub services: Vec<ServiceCodes>,
    /// The partners (channels).
    #[serde(rename = "partners")]
    pub partners: Vec<Reference>,
    /// The links.
    #[serde(rename = "links")]
    pub links: Vec<Reference>,
}

/// A service or an inquiry with its processing codes (DE3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceCodes {
    /// Its name in the network profile.
    #[serde(rename = "name")]
    pub name: Reference,
    /// Its processing codes.
    #[serde(rename = "codes")]
    pub codes: Vec<ProcessingCode>,
}

impl Names {
    /// Returns the name of the service of a processing code; an empty name for a code that the profile does not have any more.
    #[must_use]
    pub fn service(&self, code: ProcessingCode) -> &str {
        let service = self.services.iter().find(|service| service.codes.contains(&code));
        service.map_or("", |service| service.name.as_str())
    }

    /// Returns the name of the network; empty if none is set.
    #[must_use]
    pub fn network(&self) -> &str {
        self.networks.first().map_or("", Reference::as_str)
    }
}
