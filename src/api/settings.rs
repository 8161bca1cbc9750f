//! The settings of the channel API: the section `[api]`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use super::admission::Admission;
use super::partner::{Credentials, Partner};
use super::rate::{Load, Rate};
use super::read::Terms;
use super::signature::{SignatureKey, SigningKey};
use super::token::TokenKey;
use crate::bank::Debit;
use crate::settings::{Section, all};
use crate::values::Money;
use crate::values::{Currency, MerchantType, Offset, ProcessingCode, Reference, Terminal, Value};

/// A partner's requests for a token: a few nodes of it that begin together, and no more.
const TOKENS: (NonZeroU32, NonZeroU32) = (positive(10), positive(20));

/// What other sections say that the API goes by.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// How the network codes a transfer.
    pub transfer: ProcessingCode,
    /// How it codes the question for a name.
    pub inquiry: ProcessingCode,
    /// What it moves.
    pub currency: Currency,
    /// Where the bank's days begin and end.
    pub offset: Offset,
    /// Who debits the customer.
    pub debit: Debit,
}

/// Times and bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long what becomes of a transfer is waited for.
    pub wait: Duration,
    /// How long a name is waited for.
    pub inquiry_wait: Duration,
    /// How long a connection may be idle, or take for the head of a request.
    pub idle: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// Requests at a time.
    pub in_flight: usize,
}

/// The settings.
#[derive(Debug)]
pub struct Settings {
    /// Where channels connect.
    pub listen: SocketAddr,
    /// Who may ask.
    pub(super) admission: Admission,
    /// What may be asked for.
    pub(super) terms: Terms,
    /// Times and bounds.
    pub limits: Limits,
}

impl Settings {
    /// Reads the section, and the files of keys that it names. Each fault is noted with its key.
    #[must_use]
    pub fn read(section: &Section<'_>, ground: Ground) -> Option<Self> {
        let listen = section.text("listen", |text| {
            text.parse().map_err(|_| format!("{text:?} is no address and port"))
        });
        let admission = read_admission(section, listen);
        let terms = read_terms(section, ground);
        let limits = read_limits(section);
        Some(Self { listen: listen?, admission: admission?, terms: terms?, limits: limits? })
    }
}

fn read_limits(section: &Section<'_>) -> Option<Limits> {
    let wait = section.time("wait");
    let inquiry_wait = section.time("inquiry_wait");
    let idle = section.time("idle");
    let connections = count(section, "connections");
    let in_flight = count(section, "in_flight");
    Some(Limits {
        wait: wait?,
        inquiry_wait: inquiry_wait?,
        idle: idle?,
        connections: connections?,
        in_flight: in_flight?,
    })
}

fn read_terms(section: &Section<'_>, ground: Ground) -> Option<Terms> {
    let amount_max = section.text("amount_max", |text| {
        Money::minor(text).map_err(|_| format!("{text:?} is no amount: write 100000000.00"))
    });
    let banks = section.values("banks");
    let merchant = section.value("merchant");
    let channels = section.named("channels").and_then(|channels| read_channels(&channels));
    let asker = section.value("inquiry_account");
    let Ground { transfer, inquiry, currency, offset, debit } = ground;
    Some(Terms {
        transfer,
        inquiry,
        currency,
        offset,
        debit,
        amount_max: amount_max?,
        banks: banks?,
        merchant: merchant?,
        channels: channels?,
        asker: asker?,
    })
}

fn read_channels(channels: &Section<'_>) -> Option<Vec<(Terminal, MerchantType)>> {
    all(channels.names().map(|name| {
        let id = Terminal::from_ascii(name.as_bytes()).filter(|_| name.len() == 5);
        if id.is_none() {
            channels.fault(name, "is no CHANNEL-ID of 5 characters");
        }
        let merchant = channels.text_of(name, |text| {
            let expected = || format!("{text:?} is not {}", MerchantType::EXPECTED);
            MerchantType::from_ascii(text.as_bytes()).ok_or_else(expected)
        });
        id.zip(merchant)
    }))
}

/// What a partner may ask for, if it says nothing else.
#[derive(Clone, Copy)]
struct Shares {
    rate: NonZeroU32,
    burst: NonZeroU32,
    in_flight: usize,
}

impl Shares {
    fn partner(self, id: Reference) -> Partner {
        Partner { id, rate: Rate::new(self.rate, self.burst), load: Load::new(self.in_flight) }
    }
}

fn read_admission(section: &Section<'_>, listen: Option<SocketAddr>) -> Option<Admission> {
    let open = section.choice("auth", &[("snap", false), ("none", true)]);
    let rate = each_second(section, "rate");
    let burst = each_second(section, "burst");
    let in_flight = count(section, "partner_in_flight");
    let shares = || Some(Shares { rate: rate?, burst: burst?, in_flight: in_flight? });
    let partners = section.named("partners");
    let key =
        if open == Some(false) || section.has("token_key_file") || section.has("token_key_env") {
            section.secret("token_key_file", "token_key_env", |key| {
                TokenKey::new(key)
                    .ok_or_else(|| format!("has fewer than {} bytes", TokenKey::LEAST))
            })
        } else {
            None
        };
    let shares = shares()?;
    let partners = read_partners(&partners?, shares);
    if open? {
        if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            section.fault(
                "auth",
                "is none, which is for loopback only, but listen is another address",
            );
            return None;
        }
        return Reference::from_ascii(b"local").map(|id| Admission::Open(shares.partner(id)));
    }
    Some(Admission::Signed(partners?, key?))
}

type Partners = HashMap<String, (Partner, Credentials)>;

fn read_partners(section: &Section<'_>, shares: Shares) -> Option<Partners> {
    let read = |name| Some((String::from(name), read_partner(section, name, shares)?));
    let partners: Partners = all(section.names().map(read))?.into_iter().collect();
    for (name, (_, own)) in &partners {
        let same = |(other, (_, others)): (&String, &(Partner, Credentials))| {
            other < name && others.client == own.client
        };
        if partners.iter().any(same) {
            section.fault(name, "has a client_id that another partner has");
            return None;
        }
    }
    Some(partners)
}

fn read_partner(
    section: &Section<'_>,
    name: &str,
    shares: Shares,
) -> Option<(Partner, Credentials)> {
    let own = section.section_of(name)?;
    let id = Reference::from_ascii(name.as_bytes());
    if id.is_none() {
        section.fault(name, format!("is not {}", Reference::EXPECTED));
    }
    let client = own.value("client_id").map(|client: Reference| client.as_str().to_owned());
    let key = own.file("public_key_file", SigningKey::from_pem);
    let secret = own.secret("secret_file", "secret_env", |secret| {
        SignatureKey::new(secret)
            .ok_or_else(|| format!("has fewer than {} bytes", SignatureKey::LEAST))
    });
    let rate = if own.has("rate") { each_second(&own, "rate") } else { Some(shares.rate) };
    let burst = if own.has("burst") { each_second(&own, "burst") } else { Some(shares.burst) };
    let in_flight =
        if own.has("in_flight") { count(&own, "in_flight") } else { Some(shares.in_flight) };
    let (id, tokens) = (id?, Rate::new(TOKENS.0, TOKENS.1));
    let credentials = Credentials::new(&id, client?, tokens, key?, secret?);
    Some((Shares { rate: rate?, burst: burst?, in_flight: in_flight? }.partner(id), credentials))
}

fn count(section: &Section<'_>, key: &'static str) -> Option<usize> {
    section.number(key, &(1..=1_000_000)).and_then(|number| usize::try_from(number).ok())
}

fn each_second(section: &Section<'_>, key: &'static str) -> Option<NonZeroU32> {
    let number = section.number(key, &(1..=1_000_000))?;
    u32::try_from(number).ok().and_then(NonZeroU32::new)
}

const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
