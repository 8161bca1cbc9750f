//! Admission of requests: token, time, signature, and the limits of the partner.

use std::collections::HashMap;
use std::time::Duration;

use super::error::{ErrorResponse, ResponseCase};
use super::field_errors::FieldErrors;
use super::limits::InFlightPermit;
use super::partner::{Credentials, Partner};
use super::signature::{SignedRequest, SigningKey};
use super::timestamp::Timestamp;
use super::token::TokenKey;
use crate::values::{Moment, Reference, Terminal, Value};

/// The headers of a request. A missing header is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Headers<'a> {
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

/// An admitted request.
#[derive(Debug)]
pub(super) struct AdmittedRequest<'a> {
    pub(super) partner: Reference,
    /// X-EXTERNAL-ID.
    pub(super) external: Reference,
    /// CHANNEL-ID.
    pub(super) channel: Terminal,
    /// X-TIMESTAMP.
    pub(super) requested_at: Moment,
    /// Its share of the partner's concurrent requests.
    pub(super) _permit: InFlightPermit<'a>,
}

/// Who is admitted.
#[derive(Debug)]
pub(super) enum Admission {
    /// Authenticated partners, and the key of their tokens.
    Signed(HashMap<String, (Partner, Credentials)>, TokenKey),
    /// Every client, within the limits of one partner. On loopback only.
    Open(Partner),
}

impl Admission {
    /// Returns the names of the partners.
    pub(super) fn partners(&self) -> impl Iterator<Item = &str> {
        let (signed, open) = match self {
            Self::Signed(partners, _) => {
                (Some(partners.values().map(|(partner, _)| partner.id.as_str())), None)
            }
            Self::Open(partner) => (None, Some(partner.id.as_str())),
        };
        signed.into_iter().flatten().chain(open)
    }

    /// Goes on after a reload: partners keep what they took of their limits, and those of `kept` their keys, if they lost all of them.
    pub(super) fn take_over(&mut self, before: &Self, kept: &[&str]) {
        match (self, before) {
            (Self::Signed(partners, _), Self::Signed(before, _)) => {
                for (name, (partner, credentials)) in before {
                    if let Some((new, new_credentials)) = partners.get_mut(name) {
                        new.take_over(partner);
                        new_credentials.token_rate.take_over(&credentials.token_rate);
                    } else if kept.contains(&name.as_str()) {
                        partners.insert(name.clone(), (partner.clone(), credentials.clone()));
                    }
                }
            }
            (Self::Open(new), Self::Open(before)) => new.take_over(before),
            (Self::Signed(..), Self::Open(_)) | (Self::Open(_), Self::Signed(..)) => {}
        }
    }

    /// Issues a token. `elapsed` is the time of a monotonic clock.
    pub(super) fn issue_token(
        &self,
        headers: &Headers<'_>,
        now: Moment,
        elapsed: Duration,
    ) -> Result<String, ErrorResponse> {
        let Self::Signed(partners, tokens) = self else {
            return Err(ErrorResponse::with_details(
                ResponseCase::NotFound,
                "Requests need no token (api.auth = none)",
            ));
        };
        timestamp(headers, now)?;
        let client =
            partners.values().find(|(_, credentials)| credentials.client_id == headers.client);
        let (_, client) = client.ok_or(UNKNOWN_CLIENT)?;
        // Before the signature, whose verification is expensive.
        if !client.token_rate.try_take(elapsed) {
            return Err(ResponseCase::TooManyRequests.into());
        }
        let verifies = |(key, _): &&(SigningKey, _)| {
            key.verifies(headers.client, headers.timestamp, headers.signature)
        };
        let (_, holder) = client.keys.iter().find(verifies).ok_or(INVALID_SIGNATURE)?;
        Ok(tokens.issue(*holder, now))
    }

    /// Admits a request. Checks the partner first, then its limits, then the other headers.
    pub(super) fn admit(
        &self,
        headers: &Headers<'_>,
        body: &[u8],
        now: Moment,
        elapsed: Duration,
    ) -> Result<AdmittedRequest<'_>, ErrorResponse> {
        let (partner, named, requested_at) = match self {
            Self::Signed(partners, tokens) => {
                let (partner, credentials) = partners.get(headers.partner).ok_or(UNKNOWN_CLIENT)?;
                (partner, None, credentials.verify(tokens, headers, body, now)?)
            }
            Self::Open(partner) => {
                (partner, Reference::from_ascii(headers.partner.as_bytes()), now)
            }
        };
        if !partner.rate.try_take(elapsed) {
            return Err(ResponseCase::TooManyRequests.into());
        }
        let too_many = ErrorResponse::with_details(
            ResponseCase::TooManyRequests,
            "Too many concurrent requests",
        );
        let permit = partner.in_flight.try_acquire().ok_or(too_many)?;
        let (external, channel) = headers.ids()?;
        let partner = named.unwrap_or_else(|| partner.id.clone());
        Ok(AdmittedRequest { partner, external, channel, requested_at, _permit: permit })
    }
}

const UNKNOWN_CLIENT: ErrorResponse =
    ErrorResponse::constant(ResponseCase::Unauthorized, "Unknown client");
const INVALID_SIGNATURE: ErrorResponse =
    ErrorResponse::constant(ResponseCase::Unauthorized, "Invalid signature");
const STALE_TIMESTAMP: ErrorResponse = ErrorResponse::constant(
    ResponseCase::Unauthorized,
    "X-TIMESTAMP is more than 5 minutes from the server time",
);

impl Credentials {
    /// Verifies that a request is the partner's and current. Returns its X-TIMESTAMP.
    fn verify(
        &self,
        tokens: &TokenKey,
        headers: &Headers<'_>,
        body: &[u8],
        now: Moment,
    ) -> Result<Moment, ErrorResponse> {
        let token = headers.authorization.strip_prefix("Bearer ").unwrap_or_default();
        if !self.keys.iter().any(|(_, holder)| tokens.is_valid(token, *holder, now)) {
            return Err(ResponseCase::InvalidToken.into());
        }
        let at = timestamp(headers, now)?;
        let Headers { path, timestamp, .. } = *headers;
        let request = SignedRequest { method: "POST", path, token, body, timestamp };
        if self.secrets.iter().any(|secret| secret.verifies(&request, headers.signature)) {
            Ok(at)
        } else {
            Err(INVALID_SIGNATURE)
        }
    }
}

/// Returns the X-TIMESTAMP of a request.
fn timestamp(headers: &Headers<'_>, now: Moment) -> Result<Moment, ErrorResponse> {
    let mut errors = FieldErrors::default();
    let timestamp: Option<Timestamp> = errors.header("X-TIMESTAMP", headers.timestamp);
    let timestamp = errors.result(timestamp)?;
    if timestamp.is_current(now) { Ok(timestamp.0) } else { Err(STALE_TIMESTAMP) }
}

impl Headers<'_> {
    /// Returns X-EXTERNAL-ID and CHANNEL-ID.
    fn ids(&self) -> Result<(Reference, Terminal), ErrorResponse> {
        let mut errors = FieldErrors::default();
        let external: Option<ExternalId> = errors.header("X-EXTERNAL-ID", self.external);
        let channel: Option<ChannelId> = errors.header("CHANNEL-ID", self.channel);
        errors.result(external.zip(channel).map(|(external, channel)| (external.0, channel.0)))
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
