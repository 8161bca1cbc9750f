//! The section `[console.oidc]`.

use std::collections::BTreeMap;

use crate::admin::secret_text::SecretText;
use crate::control::Role;
use crate::http_client::Endpoint;
use crate::settings::{Section, all};
use crate::tls::read_authority;

/// The path that the provider sends the browser back to.
const CALLBACK: &str = "/admin/v1/oidc/callback";

/// The path of the metadata, after the issuer.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The shortest secret of the client, in bytes.
const SECRET_MIN: usize = 16;

/// How people sign in through the directory of the bank.
#[derive(Debug)]
pub struct OidcSettings {
    pub(super) issuer: Endpoint,
    /// The address of the metadata.
    pub(super) discovery: Endpoint,
    pub(super) client_id: String,
    pub(super) client_secret: SecretText,
    pub(super) redirect: Endpoint,
    /// The scopes, with blanks between them.
    pub(super) scope: String,
    /// The claim with the person id.
    pub(super) person_claim: String,
    /// The claim with what gives a role.
    pub(super) roles_claim: String,
    /// The roles by the values of that claim.
    pub(super) roles: BTreeMap<String, Role>,
    /// Values of `acr` that mean a second factor.
    pub(super) code_acr: Vec<String>,
    /// The certificate authority of the provider, in PEM.
    pub(super) authority: Option<String>,
}

impl OidcSettings {
    /// Reads the section.
    #[must_use]
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let issuer = section.text("issuer", |text| {
            let discovery = format!("{}{DISCOVERY}", text.trim_end_matches('/'));
            Ok((Endpoint::parse(text)?, Endpoint::parse(&discovery)?))
        });
        let redirect = section.text("redirect_url", |text| {
            let url = Endpoint::parse(text)?;
            let is_ours = url.path() == CALLBACK && url.target() == CALLBACK;
            is_ours.then_some(url).ok_or_else(|| format!("{text:?} must end with {CALLBACK}"))
        });
        let text = |key| section.text(key, |text| Ok(text.to_owned()));
        let list = |key| section.texts(key, |text| Ok(text.to_owned()));
        let client_id = text("client_id");
        let client_secret = section.secret("client_secret_file", "client_secret_env", |secret| {
            let text = String::from_utf8(secret.to_vec()).map_err(|_| "is not text".to_owned())?;
            let secret = SecretText::new(text);
            let is_long = secret.as_str().len() >= SECRET_MIN;
            is_long.then_some(secret).ok_or_else(|| format!("has fewer than {SECRET_MIN} bytes"))
        });
        let scopes =
            if section.has("scopes") { list("scopes") } else { Some(vec!["openid".to_owned()]) };
        let person_claim = text("person_claim");
        let roles_claim = text("roles_claim");
        let roles = section.named("roles").and_then(|roles| read_roles(&roles));
        let code_acr = if section.has("code_acr") { list("code_acr") } else { Some(Vec::new()) };
        let authority = {
            let is_needed = issuer.as_ref().is_some_and(|(issuer, _)| issuer.is_encrypted());
            read_authority(section, is_needed, "provider")
        };
        let (issuer, discovery) = issuer?;
        Some(Self {
            issuer,
            discovery,
            client_id: client_id?,
            client_secret: client_secret?,
            redirect: redirect?,
            scope: scopes?.join(" "),
            person_claim: person_claim?,
            roles_claim: roles_claim?,
            roles: roles?,
            code_acr: code_acr?,
            authority: authority.ok()?,
        })
    }
}

fn read_roles(section: &Section<'_>) -> Option<BTreeMap<String, Role>> {
    let roles = all(section.names().map(|name| {
        let role = section.text_of(name, |text| {
            let role = Role::CODES.into_iter().find(|(code, _)| *code == text);
            let codes = || Role::CODES.map(|(code, _)| code).join(", ");
            role.map(|(_, role)| role).ok_or_else(|| format!("{text:?} is not one of {}", codes()))
        });
        Some((name.to_owned(), role?))
    }))?;
    Some(roles.into_iter().collect())
}
