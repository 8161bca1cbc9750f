//! Reads the `[session]` section of a profile and checks it against the spec.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::BytesMut;
use tokio_util::codec::Encoder;

use super::{
    Headers, LinkSelection, Management, ManagementResponses, SessionLimits, SessionRules,
    SessionTimers, SignOnBy,
};
use crate::iso8583::{De, FrameCodec, Mti, OutgoingFrame, Spec};
use crate::network::leniency::Leniency;
use crate::network::messages::{check_value_names, read_patterns};
use crate::network::sections::{elements, message_type};
use crate::network::values::{Bank, ValueName};
use crate::settings::Section;

/// The parts of the profile outside `[session]` that the session rules depend on.
pub(in crate::network) struct ProfileContext<'a> {
    pub(in crate::network) spec: &'a Spec,
    pub(in crate::network) bank: &'a Bank,
    /// The MTIs of the requests whose responses are matched.
    pub(in crate::network) request_types: Vec<Mti>,
    /// The time to wait for a response.
    pub(in crate::network) response_timeout: Duration,
}

/// The values that a network management request can carry.
const MANAGEMENT_VALUES: [ValueName; 2] = [ValueName::Acquirer, ValueName::Forwarder];

/// Reads the section. The caller adds what `[lenient]` says.
pub(in crate::network) fn read(
    section: &Section<'_>,
    context: &ProfileContext<'_>,
) -> Option<SessionRules> {
    let mti = section.text("mti", message_type);
    let request = mti.filter(|mti| is_management_request(*mti, section));
    let sides = [("bank", SignOnBy::Bank), ("switch", SignOnBy::Switch)];
    let sign_on = section.choice("sign_on_by", &sides);
    let identity = section.named("identity");
    let identity = request.and_then(|request| read_identity(&identity?, request, context));
    let selections =
        [("least_loaded", LinkSelection::LeastLoaded), ("first_up", LinkSelection::FirstUp)];
    let link_selection = section.choice("link_selection", &selections);
    let (requests, spec) = (&context.request_types, context.spec);
    let response_key = shared_elements(section, "response_key", requests, spec);
    let management = section.section("codes").and_then(|codes| read_codes(&codes));
    let responses = section.section("responses");
    let responses = responses.and_then(|responses| read_responses(&responses, request, spec));
    let headers = section.section("headers").and_then(|headers| read_headers(&headers, spec));
    let timers = section.section("timers");
    let timers = timers.and_then(|timers| read_timers(&timers, context.response_timeout));
    let limits = section.section("limits").and_then(|limits| read_limits(&limits));
    Some(SessionRules {
        request: request?,
        sign_on: sign_on?,
        identity: identity?,
        management: management?,
        responses: responses?,
        headers: headers?,
        response_key: response_key?,
        lenient: Leniency::default(),
        timers: timers?,
        limits: limits?,
        link_selection: link_selection?,
    })
}

fn is_management_request(mti: Mti, section: &Section<'_>) -> bool {
    let is_valid = mti.is_management() && mti.is_request();
    if !is_valid {
        section.fault("mti", format!("{mti} is not a network management request: write 0800"));
    }
    is_valid
}

fn read_identity(
    section: &Section<'_>,
    request: Mti,
    context: &ProfileContext<'_>,
) -> Option<Vec<(De, String)>> {
    let patterns = read_patterns(section, section.names(), context.spec, request)?;
    check_value_names(section, &patterns, "a network management request", &MANAGEMENT_VALUES);
    let mut identity = Vec::new();
    for (de, pattern) in patterns {
        let write_value = |name, into: &mut Vec<u8>| {
            let bank = context.bank;
            let code = if name == ValueName::Acquirer { &bank.code } else { &bank.forwarder };
            into.extend_from_slice(code.as_str().as_bytes());
        };
        let mut text = Vec::new();
        if let Err(error) = pattern.write(write_value, &mut text) {
            section.fault(&de.number().to_string(), error.to_string());
        }
        identity.push((de, String::from_utf8_lossy(&text).into_owned()));
    }
    Some(identity)
}

fn read_codes(section: &Section<'_>) -> Option<Management> {
    let optional = |key| if section.has(key) { section.value(key).map(Some) } else { Some(None) };
    let (sign_on, sign_off, echo) =
        (section.value("sign_on"), section.value("sign_off"), section.value("echo"));
    let (cut_over, key_change) = (optional("cut_over"), optional("key_change"));
    Some(Management {
        sign_on: sign_on?,
        sign_off: sign_off?,
        echo: echo?,
        cut_over: cut_over?,
        key_change: key_change?,
    })
}

fn read_responses(
    section: &Section<'_>,
    request: Option<Mti>,
    spec: &Spec,
) -> Option<ManagementResponses> {
    let (done, refused) = (section.value("done"), section.value("refused"));
    let echoes = shared_elements(section, "echo", request.as_slice(), spec);
    Some(ManagementResponses { done: done?, refused: refused?, echoes: echoes? })
}

/// Reads a list of data elements that the spec defines in each of these requests and in its response.
fn shared_elements(
    section: &Section<'_>,
    key: &'static str,
    requests: &[Mti],
    spec: &Spec,
) -> Option<Vec<De>> {
    let listed = elements(section, key)?;
    for mti in requests.iter().flat_map(|mti| [Some(*mti), mti.response()]).flatten() {
        let Some(layout) = spec.layout_of(mti) else {
            section.fault(key, format!("spec {} does not define message {mti}", spec.name()));
            continue;
        };
        if let Some(unknown) = listed.iter().find(|de| layout.element(**de).is_none()) {
            let name = spec.name();
            section.fault(key, format!("spec {name} does not define {unknown} in {mti}"));
        }
    }
    Some(listed)
}

fn read_headers(section: &Section<'_>, spec: &Spec) -> Option<Headers> {
    let header = |key| section.text(key, |text| header(text, spec));
    let [management_request, management_response, request, response] =
        ["management_request", "management_response", "request", "response"].map(header);
    Some(Headers {
        management_request: management_request?,
        management_response: management_response?,
        request: request?,
        response: response?,
    })
}

/// Reads a header as text, or as hexadecimal digits after `0x`. The framing of the spec must accept it.
fn header(text: &str, spec: &Spec) -> Result<Vec<u8>, String> {
    let bytes = match text.strip_prefix("0x") {
        Some(hex) => {
            bytes(hex).ok_or_else(|| format!("{text:?} is not hexadecimal: write 0x6000018002"))?
        }
        None => text.as_bytes().to_vec(),
    };
    let frame = OutgoingFrame { header: &bytes, message: b"-" };
    match FrameCodec::new(spec.framing().clone()).encode(frame, &mut BytesMut::new()) {
        Ok(()) => Ok(bytes),
        Err(fault) => Err(format!("{text:?} does not fit the framing of the spec: {fault}")),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn read_timers(section: &Section<'_>, response: Duration) -> Option<SessionTimers> {
    let keys = ["connect", "sign_on", "echo_idle", "echo_response", "write_timeout", "drain"];
    let [connect, sign_on, echo_idle, echo_response, write, drain] =
        keys.map(|key| section.time(key));
    let lost_echo_limit = section.number("lost_echo_limit", &(1..=100));
    let reconnect = section.section("reconnect").and_then(|reconnect| reconnect.backoff());
    Some(SessionTimers {
        connect: connect?,
        sign_on: sign_on?,
        echo_idle: echo_idle?,
        echo_response: echo_response?,
        lost_echo_limit: u8::try_from(lost_echo_limit?).ok()?,
        response,
        write: write?,
        drain: drain?,
        reconnect: reconnect?,
    })
}

fn read_limits(section: &Section<'_>) -> Option<SessionLimits> {
    let number = |key, most| section.number(key, &(1..=most));
    let (in_flight, queued) = (number("in_flight", 100_000), number("queued", 1_000_000));
    let (per_second, burst) = (number("per_second", 1_000_000), number("burst", 1_000_000));
    let rate = |number: i64| u32::try_from(number).ok().and_then(NonZeroU32::new);
    Some(SessionLimits {
        in_flight: usize::try_from(in_flight?).ok()?,
        queued: usize::try_from(queued?).ok()?,
        per_second: rate(per_second?)?,
        burst: rate(burst?)?,
    })
}
