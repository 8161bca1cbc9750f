//! Who may ask.

use super::rate::{Load, Rate};
use super::signature::{SignatureKey, SigningKey};
use super::token::Token;
use crate::values::Reference;

/// A partner, and what it may ask for.
#[derive(Debug)]
pub(super) struct Partner {
    /// X-PARTNER-ID.
    pub(super) id: Reference,
    /// Requests a second.
    pub(super) rate: Rate,
    /// Requests at a time.
    pub(super) load: Load,
}

/// How a partner shows who it is.
#[derive(Debug)]
pub(super) struct Credentials {
    /// X-CLIENT-KEY, under which it asks for a token.
    pub(super) client: String,
    /// Its requests for a token a second: each costs a check of an RSA signature.
    pub(super) tokens: Rate,
    pub(super) holder: Token,
    pub(super) key: SigningKey,
    pub(super) secret: SignatureKey,
}

impl Credentials {
    /// Those of a partner.
    #[must_use]
    pub(super) fn new(
        partner: &Reference,
        client: String,
        tokens: Rate,
        key: SigningKey,
        secret: SignatureKey,
    ) -> Self {
        let holder = Token::of(partner.as_str(), &key);
        Self { client, tokens, holder, key, secret }
    }
}
