//! The settings of the channel API: the section `[api]`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use super::admission::Admission;
use super::limits::{InFlightLimit, RateLimit};
use super::partner::{Credentials, Partner};
use super::rules::RequestRules;
use super::signature::{SignatureKey, SigningKey};
use super::token::TokenKey;
use crate::core_banking::Debit;
use crate::settings::{Section, all, optional};
use crate::values::Money;
use crate::values::{Currency, MerchantType, Offset, ProcessingCode, Reference, Terminal, Value};

/// Token requests a second and at once of a partner: enough for a few of its nodes that start together.
const TOKEN_RATE: (NonZeroU32, NonZeroU32) = (positive(10), positive(20));

/// Settings of other sections that the API needs.
#[derive(Clone, Copy, Debug)]
pub struct SharedSettings {
    /// The processing code of a transfer.
    pub transfer_code: ProcessingCode,
    /// The processing code of an account inquiry.
    pub inquiry_code: ProcessingCode,
    /// The currency of the network.
    pub currency: Currency,
    /// The UTC offset of the bank's days.
    pub offset: Offset,
    /// Who debits the customer.
    pub debit: Debit,
}

/// Timeouts and limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest wait for the outcome of a transfer.
    pub wait: Duration,
    /// The longest wait for an account name.
    pub inquiry_wait: Duration,
    /// The longest time that a connection may be idle, or may take for the head of a request.
    pub idle: Duration,
    /// Open connections.
    pub connections: usize,
    /// Concurrent requests.
    pub in_flight: usize,
}

/// The settings.
#[derive(Debug)]
pub struct Settings {
    /// The address that channels connect to.
    pub listen: SocketAddr,
    /// Who is admitted.
    pub(super) admission: Admission,
    /// The rules for requests.
    pub(super) rules: RequestRules,
    /// Timeouts and limits.
    pub limits: Limits,
}

impl Settings {
    /// Returns the names of the partners. With `auth = "none"` it is the one that all clients are.
    pub fn partners(&self) -> impl Iterator<Item = &str> {
        self.admission.partners()
    }

    /// Reads the section, and the key files that it names. Adds every fault with its key, even if faults of other sections
    /// leave `shared` empty.
    #[must_use]
    pub fn read(section: &Section<'_>, shared: Option<SharedSettings>) -> Option<Self> {
        let listen = section.address("listen");
        let admission = read_admission(section, listen);
        let rules = read_rules(section, shared);
        let limits = read_limits(section);
        Some(Self { listen: listen?, admission: admission?, rules: rules?, limits: limits? })
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

fn read_rules(section: &Section<'_>, shared: Option<SharedSettings>) -> Option<RequestRules> {
    let amount_max = section.text("amount_max", |text| {
        Money::minor(text).map_err(|_| format!("{text:?} is not an amount: write 100000000.00"))
    });
    let banks = section.values("banks");
    let merchant = section.value("merchant");
    let channels = section.named("channels").and_then(|channels| read_channels(&channels));
    let inquiry_account = section.value("inquiry_account");
    let SharedSettings { transfer_code, inquiry_code, currency, offset, debit } = shared?;
    Some(RequestRules {
        transfer_code,
        inquiry_code,
        currency,
        offset,
        debit,
        amount_max: amount_max?,
        banks: banks?,
        merchant: merchant?,
        channels: channels?,
        inquiry_account: inquiry_account?,
    })
}

fn read_channels(channels: &Section<'_>) -> Option<Vec<(Terminal, MerchantType)>> {
    all(channels.names().map(|name| {
        let id = Terminal::from_ascii(name.as_bytes()).filter(|_| name.len() == 5);
        if id.is_none() {
            channels.fault(name, "is not a CHANNEL-ID of 5 letters or digits");
        }
        let merchant = channels.text_of(name, |text| {
            let expected = || format!("{text:?} is not {}", MerchantType::EXPECTED);
            MerchantType::from_ascii(text.as_bytes()).ok_or_else(expected)
        });
        id.zip(merchant)
    }))
}

/// The default limits of a partner.
#[derive(Clone, Copy)]
struct PartnerLimits {
    rate: NonZeroU32,
    burst: NonZeroU32,
    in_flight: usize,
}

impl PartnerLimits {
    fn partner(self, id: Reference) -> Partner {
        Partner {
            id,
            rate: RateLimit::new(self.rate, self.burst),
            in_flight: InFlightLimit::new(self.in_flight),
        }
    }
}

fn read_admission(section: &Section<'_>, listen: Option<SocketAddr>) -> Option<Admission> {
    let is_open = section.choice("auth", &[("snap", false), ("none", true)]);
    let rate = per_second(section, "rate");
    let burst = per_second(section, "burst");
    check_burst(section, rate, burst);
    let in_flight = count(section, "partner_in_flight");
    let limits = || Some(PartnerLimits { rate: rate?, burst: burst?, in_flight: in_flight? });
    let partners = section.named("partners");
    let key = if is_open == Some(false)
        || section.has("token_key_file")
        || section.has("token_key_env")
    {
        section.secret("token_key_file", "token_key_env", |key| {
            TokenKey::new(key)
                .ok_or_else(|| format!("has fewer than {} bytes", TokenKey::MIN_BYTES))
        })
    } else {
        None
    };
    let limits = limits()?;
    let partners = read_partners(&partners?, limits);
    if is_open? {
        if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            section.fault("auth", "none requires a loopback address in api.listen");
            return None;
        }
        return Reference::from_ascii(b"local").map(|id| Admission::Open(limits.partner(id)));
    }
    Some(Admission::Signed(partners?, key?))
}

type Partners = HashMap<String, (Partner, Credentials)>;

fn read_partners(section: &Section<'_>, limits: PartnerLimits) -> Option<Partners> {
    let read = |name| Some((String::from(name), read_partner(section, name, limits)?));
    let partners: Partners = all(section.names().map(read))?.into_iter().collect();
    let mut are_distinct = true;
    for (name, (_, own)) in &partners {
        let others = || partners.iter().filter(|(other, _)| *other < name).map(|(_, (_, of))| of);
        let same_client = others().any(|other| other.client_id == own.client_id);
        let same_key = others().any(|other| other.shares_key(own));
        for (is_same, what) in [(same_client, "client_id"), (same_key, "public key")] {
            if is_same {
                section.fault(name, format!("has the {what} of another partner"));
                are_distinct = false;
            }
        }
    }
    are_distinct.then_some(partners)
}

fn read_partner(
    section: &Section<'_>,
    name: &str,
    limits: PartnerLimits,
) -> Option<(Partner, Credentials)> {
    let own = section.section_of(name)?;
    let id = Reference::from_ascii(name.as_bytes());
    if id.is_none() {
        section.fault(name, format!("is not {}", Reference::EXPECTED));
    }
    let client_id = own.value("client_id").map(|id: Reference| id.as_str().to_owned());
    let key = own.file("public_key_file", SigningKey::from_pem);
    let second_key = optional(own.has("second_public_key_file"), || {
        own.file("second_public_key_file", SigningKey::from_pem)
    });
    let secret = own.secret("secret_file", "secret_env", read_secret);
    let has_second = own.has("second_secret_file") || own.has("second_secret_env");
    let second_secret =
        optional(has_second, || own.secret("second_secret_file", "second_secret_env", read_secret));
    let rate = if own.has("rate") { per_second(&own, "rate") } else { Some(limits.rate) };
    let burst = if own.has("burst") { per_second(&own, "burst") } else { Some(limits.burst) };
    check_burst(&own, rate, burst);
    let in_flight =
        if own.has("in_flight") { count(&own, "in_flight") } else { Some(limits.in_flight) };
    let (id, token_rate) = (id?, RateLimit::new(TOKEN_RATE.0, TOKEN_RATE.1));
    let keys = [key?].into_iter().chain(second_key.ok()?).collect();
    let secrets = [secret?].into_iter().chain(second_secret.ok()?).collect();
    let credentials = Credentials::new(&id, client_id?, token_rate, keys, secrets);
    Some((
        PartnerLimits { rate: rate?, burst: burst?, in_flight: in_flight? }.partner(id),
        credentials,
    ))
}

fn read_secret(secret: &[u8]) -> Result<SignatureKey, String> {
    SignatureKey::new(secret)
        .ok_or_else(|| format!("has fewer than {} bytes", SignatureKey::MIN_BYTES))
}

/// Adds a fault if a rate cannot be reached with a burst. The limiter counts milliseconds, and admits at most a burst in each.
fn check_burst(section: &Section<'_>, rate: Option<NonZeroU32>, burst: Option<NonZeroU32>) {
    if let Some((rate, burst)) = rate.zip(burst)
        && rate.get().div_ceil(1_000) > burst.get()
    {
        let least = rate.get().div_ceil(1_000);
        section.fault("burst", format!("must be at least {least} for a rate of {rate}"));
    }
}

fn count(section: &Section<'_>, key: &'static str) -> Option<usize> {
    section.number(key, &(1..=1_000_000)).and_then(|number| usize::try_from(number).ok())
}

fn per_second(section: &Section<'_>, key: &'static str) -> Option<NonZeroU32> {
    let number = section.number(key, &(1..=1_000_000))?;
    u32::try_from(number).ok().and_then(NonZeroU32::new)
}

const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
