//! Reads the `[session]` section of a profile, and holds it against the spec.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::BytesMut;
use tokio_util::codec::Encoder;

use super::{
    Caps, Headers, Management, ManagementAnswers, SessionRules, SessionTimers, Spread, Starter,
};
use crate::iso8583::{De, FrameCodec, Mti, OutgoingFrame, Spec};
use crate::network::messages::read_patterns;
use crate::network::profile::{elements, message_type, read_backoff};
use crate::network::said::{Bank, Word};
use crate::settings::Section;

/// What else of the profile a session needs.
pub(in crate::network) struct Around<'a> {
    pub(in crate::network) spec: &'a Spec,
    pub(in crate::network) bank: &'a Bank,
    /// The types of requests whose answers are matched.
    pub(in crate::network) matched: Vec<Mti>,
    /// How long an answer is waited for.
    pub(in crate::network) answer: Duration,
}

/// What of the bank a question of network management knows.
const KNOWN: [Word; 2] = [Word::Acquirer, Word::Forwarder];

pub(in crate::network) fn read(section: &Section<'_>, around: &Around<'_>) -> Option<SessionRules> {
    let request = section.text("request", message_type).filter(|mti| manages(*mti, section));
    let starters = [("we", Starter::We), ("they", Starter::They)];
    let sign_on = section.choice("sign_on", &starters);
    let identity = section.named("identity");
    let identity = request.and_then(|request| read_identity(&identity?, request, around));
    let ways = [("least_loaded", Spread::LeastLoaded), ("first_up", Spread::FirstUp)];
    let spread = section.choice("spread", &ways);
    let keys = known_elements(section, "keys", &around.matched, around.spec);
    let management = section.section("codes").and_then(|codes| read_codes(&codes));
    let answers = section.section("answers");
    let answers = answers.and_then(|answers| read_answers(&answers, request, around.spec));
    let headers = section.section("headers").and_then(|headers| read_headers(&headers, around));
    let timers = section.section("timers").and_then(|timers| read_timers(&timers, around.answer));
    let caps = section.section("caps").and_then(|caps| read_caps(&caps));
    Some(SessionRules {
        request: request?,
        sign_on: sign_on?,
        identity: identity?,
        management: management?,
        answers: answers?,
        headers: headers?,
        keys: keys?,
        timers: timers?,
        caps: caps?,
        spread: spread?,
    })
}

fn manages(mti: Mti, section: &Section<'_>) -> bool {
    let manages = mti.is_management() && mti.is_request();
    if !manages {
        section.fault("request", format!("{mti} is no request of network management"));
    }
    manages
}

fn read_identity(
    section: &Section<'_>,
    request: Mti,
    around: &Around<'_>,
) -> Option<Vec<(De, String)>> {
    let patterns = read_patterns(section, section.names(), around.spec, request)?;
    let mut identity = Vec::new();
    for (de, pattern) in patterns {
        if let Some(word) = pattern.words().find(|word| !KNOWN.contains(word)) {
            let name = word.name();
            section.fault(&de.number().to_string(), format!("a session knows no {{{name}}}"));
        }
        let say = |word, into: &mut Vec<u8>| {
            let bank = around.bank;
            let code = if word == Word::Acquirer { &bank.code } else { &bank.forwarder };
            into.extend_from_slice(code.as_str().as_bytes());
        };
        let mut text = Vec::new();
        if let Err(error) = pattern.write(say, &mut text) {
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

fn read_answers(
    section: &Section<'_>,
    request: Option<Mti>,
    spec: &Spec,
) -> Option<ManagementAnswers> {
    let (done, refused) = (section.value("done"), section.value("refused"));
    let echoes = known_elements(section, "echo", request.as_slice(), spec);
    Some(ManagementAnswers { done: done?, refused: refused?, echoes: echoes? })
}

/// A list of data elements that these requests and their answers have.
fn known_elements(
    section: &Section<'_>,
    key: &'static str,
    requests: &[Mti],
    spec: &Spec,
) -> Option<Vec<De>> {
    let listed = elements(section, key)?;
    for mti in requests.iter().flat_map(|mti| [Some(*mti), mti.response()]).flatten() {
        let Some(layout) = spec.layout_of(mti) else {
            section.fault(key, format!("{mti} is no message of spec {}", spec.name()));
            continue;
        };
        if let Some(unknown) = listed.iter().find(|de| layout.element(**de).is_none()) {
            let name = spec.name();
            section.fault(key, format!("{unknown} is no data element of {mti} in spec {name}"));
        }
    }
    Some(listed)
}

fn read_headers(section: &Section<'_>, around: &Around<'_>) -> Option<Headers> {
    let header = |key| section.text(key, |text| header(text, around.spec));
    let [management_request, management_answer, request, answer] =
        ["management_request", "management_answer", "request", "answer"].map(header);
    Some(Headers {
        management_request: management_request?,
        management_answer: management_answer?,
        request: request?,
        answer: answer?,
    })
}

/// A header's bytes: of text, or of hex after `0x`. It is one that the spec's framing has.
fn header(text: &str, spec: &Spec) -> Result<Vec<u8>, String> {
    let bytes = match text.strip_prefix("0x") {
        Some(hex) => bytes(hex).ok_or_else(|| format!("{text:?} is no hex"))?,
        None => text.as_bytes().to_vec(),
    };
    let frame = OutgoingFrame { header: &bytes, message: b"-" };
    match FrameCodec::new(spec.framing().clone()).encode(frame, &mut BytesMut::new()) {
        Ok(()) => Ok(bytes),
        Err(fault) => Err(format!("{text:?} has no place: {fault}")),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn read_timers(section: &Section<'_>, answer: Duration) -> Option<SessionTimers> {
    let names = ["connect", "sign_on", "echo_idle", "echo_answer", "stalled", "drain"];
    let [connect, sign_on, echo_idle, echo_answer, stalled, drain] =
        names.map(|key| section.time(key));
    let echoes_lost = section.number("echoes_lost", &(1..=100));
    let reconnect = section.section("reconnect").and_then(|reconnect| read_backoff(&reconnect));
    Some(SessionTimers {
        connect: connect?,
        sign_on: sign_on?,
        echo_idle: echo_idle?,
        echo_answer: echo_answer?,
        echoes_lost: u8::try_from(echoes_lost?).ok()?,
        answer,
        stalled: stalled?,
        drain: drain?,
        reconnect: reconnect?,
    })
}

fn read_caps(section: &Section<'_>) -> Option<Caps> {
    let number = |key, most| section.number(key, &(1..=most));
    let (in_flight, waiting) = (number("in_flight", 100_000), number("waiting", 1_000_000));
    let (per_second, burst) = (number("per_second", 1_000_000), number("burst", 1_000_000));
    let rate = |number: i64| u32::try_from(number).ok().and_then(NonZeroU32::new);
    Some(Caps {
        in_flight: usize::try_from(in_flight?).ok()?,
        waiting: usize::try_from(waiting?).ok()?,
        per_second: rate(per_second?)?,
        burst: rate(burst?)?,
    })
}
