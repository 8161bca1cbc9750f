//! Who is let in: token, time, signature, and how much a partner may ask for.

use std::collections::HashMap;
use std::time::Duration;

use super::faults::Faults;
use super::outcome::{Case, Outcome};
use super::partner::{Credentials, Partner};
use super::rate::Held;
use super::signature::Claim;
use super::stamp::Stamp;
use super::token::TokenKey;
use crate::values::{Moment, Reference, Terminal, Value};

/// The headers of a request; what isn't there is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) authorization: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) signature: &'a str,
    pub(super) client: &'a str,
    pub(super) partner: &'a str,
    pub(super) external: &'a str,
    pub(super) channel: &'a str,
    /// Path and query.
    pub(super) path: &'a str,
}

/// A request that was let in.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    pub(super) partner: Reference,
    /// X-EXTERNAL-ID.
    pub(super) external: Reference,
    /// CHANNEL-ID.
    pub(super) channel: Terminal,
    /// X-TIMESTAMP.
    pub(super) at: Moment,
    /// Its place among those of its partner.
    pub(super) _place: Held<'a>,
}

/// Who may come in.
#[derive(Debug)]
pub(super) enum Admission {
    /// Partners that show who they are, and the key of their tokens.
    Signed(HashMap<String, (Partner, Credentials)>, TokenKey),
    /// Anybody, within the limits of one partner. On loopback only.
    Open(Partner),
}

impl Admission {
    /// A token for a partner that asks for one. `elapsed` is of a clock that is never set back.
    pub(super) fn token(
        &self,
        head: &Head<'_>,
        now: Moment,
        elapsed: Duration,
    ) -> Result<String, Outcome> {
        let Self::Signed(partners, tokens) = self else {
            return Err(Outcome::about(Case::NoSuchPath, "No token is needed (api.auth = none)"));
        };
        stamp(head, now)?;
        let client = partners.values().find(|(_, credentials)| credentials.client == head.client);
        let (_, client) = client.ok_or(UNKNOWN)?;
        // Before the signature, whose check is what costs.
        if !client.tokens.take(elapsed) {
            return Err(Case::TooMany.into());
        }
        if !client.key.verifies(head.client, head.timestamp, head.signature) {
            return Err(UNSIGNED);
        }
        Ok(tokens.issue(client.holder, now))
    }

    /// Lets a request in. Who it is comes first, then how much it asks for, then its other headers.
    pub(super) fn admit(
        &self,
        head: &Head<'_>,
        body: &[u8],
        now: Moment,
        elapsed: Duration,
    ) -> Result<Admitted<'_>, Outcome> {
        let (partner, named, at) = match self {
            Self::Signed(partners, tokens) => {
                let (partner, credentials) = partners.get(head.partner).ok_or(UNKNOWN)?;
                (partner, None, credentials.check(tokens, head, body, now)?)
            }
            Self::Open(partner) => (partner, Reference::from_ascii(head.partner.as_bytes()), now),
        };
        if !partner.rate.take(elapsed) {
            return Err(Case::TooMany.into());
        }
        let too_many = Outcome::about(Case::TooMany, "Too many at a time");
        let place = partner.load.hold().ok_or(too_many)?;
        let (external, channel) = head.numbers()?;
        let partner = named.unwrap_or_else(|| partner.id.clone());
        Ok(Admitted { partner, external, channel, at, _place: place })
    }
}

const UNKNOWN: Outcome = Outcome::literal(Case::Unauthorized, "Unknown client");
const UNSIGNED: Outcome = Outcome::literal(Case::Unauthorized, "Invalid signature");
const UNTIMELY: Outcome =
    Outcome::literal(Case::Unauthorized, "X-TIMESTAMP is more than 5 minutes off");

impl Credentials {
    /// Whether a request is the partner's, and of now; when it was made.
    fn check(
        &self,
        tokens: &TokenKey,
        head: &Head<'_>,
        body: &[u8],
        now: Moment,
    ) -> Result<Moment, Outcome> {
        let token = head.authorization.strip_prefix("Bearer ").unwrap_or_default();
        if !tokens.is_good(token, self.holder, now) {
            return Err(Case::InvalidToken.into());
        }
        let at = stamp(head, now)?;
        let Head { path, timestamp, .. } = *head;
        let claim = Claim { method: "POST", path, token, body, timestamp };
        if self.secret.verifies(&claim, head.signature) { Ok(at) } else { Err(UNSIGNED) }
    }
}

/// When a request was made, by its own account.
fn stamp(head: &Head<'_>, now: Moment) -> Result<Moment, Outcome> {
    let mut faults = Faults::default();
    let stamp: Option<Stamp> = faults.header("X-TIMESTAMP", head.timestamp);
    let stamp = faults.or(stamp)?;
    if stamp.is_current(now) { Ok(stamp.0) } else { Err(UNTIMELY) }
}

impl Head<'_> {
    /// X-EXTERNAL-ID and CHANNEL-ID.
    fn numbers(&self) -> Result<(Reference, Terminal), Outcome> {
        let mut faults = Faults::default();
        let external: Option<ExternalId> = faults.header("X-EXTERNAL-ID", self.external);
        let channel: Option<ChannelId> = faults.header("CHANNEL-ID", self.channel);
        faults.or(external.zip(channel).map(|(external, channel)| (external.0, channel.0)))
    }
}

/// X-EXTERNAL-ID.
struct ExternalId(Reference);

impl Value for ExternalId {
    const EXPECTED: &'static str = "1 to 36 digits";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let fits = text.len() <= 36 && text.iter().all(u8::is_ascii_digit);
        fits.then(|| Reference::from_ascii(text).map(Self))?
    }
}

/// CHANNEL-ID, which is the terminal that the transfer is made at.
struct ChannelId(Terminal);

impl Value for ChannelId {
    const EXPECTED: &'static str = "5 letters or digits";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let fits = text.len() == 5 && text.iter().all(u8::is_ascii_alphanumeric);
        fits.then(|| Terminal::from_ascii(text).map(Self))?
    }
}
