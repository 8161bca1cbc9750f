//! The settings of the admin API: the section `[console]`.

use super::oidc::OidcSettings;
use super::password::Cost;
use crate::settings::{Section, optional};

/// The settings.
#[derive(Debug)]
pub struct Settings {
    /// The directory of the bank, if people sign in through it.
    pub oidc: Option<Box<OidcSettings>>,
    /// The cost of password hashes. It is not a setting of users.
    pub password_cost: Cost,
}

impl Settings {
    /// Reads the keys of `[console]` that are about signing in.
    #[must_use]
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let oidc = optional(section.has("oidc"), || {
            section.section("oidc").and_then(|oidc| OidcSettings::read(&oidc)).map(Box::new)
        });
        Some(Self { oidc: oidc.ok()?, password_cost: Cost::STANDARD })
    }
}
