//! Network profiles: read from TOML, checked against the spec, and compiled. A [`Network`] has no faults.

use std::sync::Arc;
use std::time::Duration;

use config::Value;

use super::declines::read_declines;
use super::duplicate_key::check_duplicate_key;
use super::inbound::{check_closed, read_inbound, read_reversals};
use super::leniency::Leniency;
use super::messages::{Messages, Responses};
use super::rules::{InboundReversals, Inquiries, Matching, ReversalReasons, Service, TraceTime};
use super::sections::elements;
use super::session::{self, ProfileContext, SessionRules};
use super::understood::Understood;
use super::values::Bank;
use crate::iso8583::{De, Spec};
use crate::settings::{Fault, Faults, Section, all, tree};
use crate::transfer::{
    AfterUnknown, InquiryRules, ResponseClass, ResponseClasses, ReversalClasses, ReversalRules,
    Rules, Side,
};
use crate::values::{Backoff, Currency, Offset, ProcessingCode, ResponseCode, RrnForm};

/// A switch and its rules: a compiled profile with its spec.
#[derive(Debug)]
pub struct Network {
    pub(super) name: String,
    pub(super) spec: Arc<Spec>,
    pub(super) bank: Bank,
    pub(super) offset: Offset,
    pub(super) currency: Currency,
    pub(super) services: Vec<Service>,
    pub(super) inquiries: Inquiries,
    pub(super) reversal_reasons: Option<ReversalReasons>,
    pub(super) inbound_reversals: InboundReversals,
    pub(super) matching: Matching,
    pub(super) messages: Messages,
    pub(super) responses: Responses,
    pub(super) malformed: ResponseCode,
    pub(super) unsupported: ResponseCode,
    pub(super) misrouted: ResponseCode,
    pub(super) invalid_amount: ResponseCode,
    pub(super) understood: Understood,
    /// The data elements of the switch that are neither used nor refused.
    ignored: Vec<De>,
    rules: Rules,
    session: Arc<SessionRules>,
    rrn_form: RrnForm,
}

impl Network {
    /// The shipped profiles by name. Each uses the spec of the same name.
    pub const SHIPPED: [(&'static str, &'static str); 3] = [
        ("nusantara", include_str!("../../config/networks/nusantara.toml")),
        ("rendezvous", include_str!("../../config/networks/rendezvous.toml")),
        ("holdfast", include_str!("../../config/networks/holdfast.toml")),
    ];

    /// Reads a profile from TOML. Faults name it as `file`.
    ///
    /// # Errors
    /// Returns every fault of the profile.
    pub fn parse(file: &str, text: &str, spec: Arc<Spec>, bank: Bank) -> Result<Self, Vec<Fault>> {
        let tree = tree(file, text).map_err(|fault| vec![fault])?;
        Self::read_tree(file, &tree, spec, bank)
    }

    /// Reads a profile from its settings tree. Faults name it as `file`.
    ///
    /// # Errors
    /// Returns every fault of the profile.
    pub fn read_tree(
        file: &str,
        tree: &Value,
        spec: Arc<Spec>,
        bank: Bank,
    ) -> Result<Self, Vec<Fault>> {
        let faults = Faults::default();
        let network = Section::top(file, tree, &faults).and_then(|top| {
            let network = read(&top, spec, bank);
            network.inspect(|network| network.rehearse(&top))
        });
        match (network, faults.all()) {
            (Some(network), faults) if faults.is_empty() => Ok(network),
            (_, faults) => Err(faults),
        }
    }

    /// Returns a shipped network by name, with its spec; `None` for an unknown name.
    #[must_use]
    pub fn shipped(name: &str, bank: Bank) -> Option<Self> {
        let (_, text) = Self::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
        let (_, spec) = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
        let spec = Spec::parse(name, spec).ok()?;
        Self::parse(name, text, Arc::new(spec), bank).ok()
    }

    /// Returns the name of the network.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the spec: layout and encoding of the network's messages.
    #[must_use]
    pub const fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    /// Returns the rules for transfers. The retry policy for core banking is a default, not part of the profile: first
    /// after two seconds, three postings.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the form of the RRNs that we issue.
    #[must_use]
    pub const fn rrn_form(&self) -> RrnForm {
        self.rrn_form
    }

    /// Returns the rules for sessions to the switch.
    #[must_use]
    pub const fn session(&self) -> &Arc<SessionRules> {
        &self.session
    }

    /// Returns the processing code (DE3) that we send for a service, by the service's name in the profile.
    #[must_use]
    pub fn processing_code(&self, service: &str) -> Option<ProcessingCode> {
        let service = self.services.iter().find(|known| known.name == service)?;
        service.codes.first().copied()
    }

    /// Returns the services of the profile: the name and the processing codes (DE3) of each.
    pub fn services(&self) -> impl Iterator<Item = (&str, &[ProcessingCode])> {
        self.services.iter().map(|service| (service.name.as_str(), service.codes.as_slice()))
    }

    /// Returns the inquiries of the profile, which move no money: the name and the processing code (DE3) of each.
    pub fn inquiries(&self) -> impl Iterator<Item = (&'static str, ProcessingCode)> {
        let Inquiries { account, balance, status: _ } = self.inquiries;
        let balance = balance.map(|code| ("balance_inquiry", code));
        [("account_inquiry", account)].into_iter().chain(balance)
    }

    /// Returns the names of the services that debit a customer of ours on request of the switch.
    pub fn inbound_debits(&self) -> impl Iterator<Item = &str> {
        let debits = self
            .services
            .iter()
            .filter(|service| service.is_inbound_enabled && service.inbound == Side::Debit);
        debits.map(|service| service.name.as_str())
    }

    /// Returns the elements for a message authentication code that are ignored: the code is not checked.
    pub fn unchecked_macs(&self) -> impl Iterator<Item = De> {
        self.ignored.iter().copied().filter(|de| [De::MAC, De::MAC_2].contains(de))
    }

    /// Returns the processing code (DE3) of an account inquiry.
    #[must_use]
    pub const fn account_inquiry_code(&self) -> ProcessingCode {
        self.inquiries.account
    }

    /// Returns the UTC offset of the network's local times and days.
    #[must_use]
    pub const fn offset(&self) -> Offset {
        self.offset
    }

    /// Returns the currency of the network.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }
}

const RRN_FORMS: [(&str, RrnForm); 2] =
    [("alphanumeric", RrnForm::Alphanumeric), ("numeric", RrnForm::Numeric)];

/// How long we wait for responses.
#[derive(Clone, Copy)]
struct Timers {
    response: Duration,
    inquiry_response: Duration,
    inquiry_tries: u16,
}

impl Timers {
    fn read(section: &Section<'_>) -> Option<Self> {
        let response = section.time("response");
        let inquiry_response = section.time("inquiry_response");
        let tries = section.number("inquiry_tries", &(1..=100));
        Some(Self {
            response: response?,
            inquiry_response: inquiry_response?,
            inquiry_tries: u16::try_from(tries?).ok()?,
        })
    }
}

fn read(top: &Section<'_>, spec: Arc<Spec>, bank: Bank) -> Option<Network> {
    let name = top.text("name", |text| Ok(text.to_owned()));
    let offset = top.value("utc_offset");
    let currency = top.value("currency");
    let services = top.named("services").and_then(|services| read_services(&services));
    let inquiries = top.section("inquiries").and_then(|section| read_inquiries(&section));
    let reverses = top.has("reversal");
    let unknown_outcome = if reverses {
        top.section("reversal").and_then(|section| read_reversal(&section))
    } else {
        top.section("hold").and_then(|section| read_hold(&section))
    };
    let inbound = top.section("inbound");
    let codes = inbound.as_ref().and_then(read_inbound);
    let inbound_reversals = inbound
        .as_ref()
        .and_then(|inbound| inbound.section("reversals"))
        .and_then(|section| read_reversals(&section, &spec));
    let malformed = inbound.as_ref().and_then(|inbound| inbound.value("malformed"));
    let unsupported = inbound.as_ref().and_then(|inbound| inbound.value("unsupported"));
    let misrouted = inbound.as_ref().and_then(|inbound| inbound.value("misrouted"));
    let invalid_amount = inbound.as_ref().and_then(|inbound| inbound.value("invalid_amount"));
    let ignored = inbound.as_ref().and_then(|inbound| elements(inbound, "ignored"));
    let classes = top.section("response_classes").and_then(|section| {
        let lists = [
            ("approved", ResponseClass::Approved),
            ("declined", ResponseClass::Declined),
            ("retry", ResponseClass::Retry),
        ];
        read_classes(&section, &lists)
    });
    let is_closed_valid = match (&inbound, &codes, &classes) {
        (Some(inbound), Some(codes), Some(classes)) => check_closed(inbound, codes.closed, classes),
        _ => true,
    };
    let rrn_form = top.section("numbers").and_then(|section| section.choice("rrn", &RRN_FORMS));
    let timers = top.section("timers").and_then(|section| Timers::read(&section));
    let matching = top.section("matching").and_then(|section| read_matching(&section, &spec));
    let messages = top.section("messages").and_then(|section| {
        let status = inquiries.is_some_and(|inquiries| inquiries.status.is_some());
        Messages::read(&section, &spec, reverses, status)
    });
    let responses = top.section("responses").and_then(|section| Responses::read(&section, &spec));
    let session = top.section("session").and_then(|section| {
        let request_types = messages.as_ref().map(Messages::request_types).unwrap_or_default();
        let response_timeout = timers.map(|timers| timers.response).unwrap_or_default();
        let context = ProfileContext { spec: &spec, bank: &bank, request_types, response_timeout };
        session::read(&section, &context)
    });
    let declines =
        top.section("declines").and_then(|section| read_declines(&section, classes.as_ref()));
    let lenient = top.section("lenient").and_then(|section| {
        let types = messages.as_ref().map(Messages::request_types).unwrap_or_default();
        let response_key = session.as_ref().map(|session| &session.response_key[..]);
        let decides = matching.as_ref().zip(response_key);
        Leniency::read(&section, (&spec, &types), decides)
    });
    let UnknownOutcome { after_unknown, reversal_classes, reversal_reasons } = unknown_outcome?;
    let Timers { response, inquiry_response, inquiry_tries } = timers?;
    let (matching, messages, responses) = (matching?, messages?, responses?);
    let ignored: Vec<De> = ignored?;
    is_closed_valid.then_some(())?;
    Some(Network {
        name: name?,
        session: Arc::new(SessionRules { lenient: lenient?, ..session? }),
        rrn_form: rrn_form?,
        understood: Understood::new(&ignored, &matching, &messages, &responses),
        ignored,
        spec,
        bank,
        offset: offset?,
        currency: currency?,
        services: services?,
        inquiries: inquiries?,
        reversal_reasons,
        inbound_reversals: inbound_reversals?,
        matching,
        messages,
        responses,
        malformed: malformed?,
        unsupported: unsupported?,
        misrouted: misrouted?,
        invalid_amount: invalid_amount?,
        rules: Rules {
            classes: classes?,
            reversal_classes,
            response_timeout: response,
            inquiry_response,
            inquiry_tries,
            after_unknown,
            inbound: codes?,
            declines: declines?,
        },
    })
}

fn read_services(section: &Section<'_>) -> Option<Vec<Service>> {
    let sides = [("credit", Side::Credit), ("debit", Side::Debit)];
    let services = section.names().map(|name| {
        let service = section.section_of(name)?;
        let (codes, inbound) = (service.values("codes"), service.choice("inbound", &sides));
        // A credit is taken unless the profile says otherwise; a debit only if it says so.
        let is_enabled = if service.has("inbound_enabled") {
            service.flag("inbound_enabled")
        } else {
            inbound.map(|side| side == Side::Credit)
        };
        let codes: Vec<ProcessingCode> = codes?;
        if codes.is_empty() {
            service.fault("codes", "must list at least one processing code; we send the first");
        }
        Some(Service {
            name: name.to_owned(),
            codes,
            inbound: inbound?,
            is_inbound_enabled: is_enabled?,
        })
    });
    all(services)
}

fn read_inquiries(section: &Section<'_>) -> Option<Inquiries> {
    let optional = |key| if section.has(key) { section.value(key).map(Some) } else { Some(None) };
    let account = section.value("account_inquiry");
    let (balance, status) = (optional("balance_inquiry"), optional("status_inquiry"));
    Some(Inquiries { account: account?, balance: balance?, status: status? })
}

/// Reads lists of response codes by class. A code may have one class only.
fn read_classes(
    section: &Section<'_>,
    lists: &[(&'static str, ResponseClass)],
) -> Option<ResponseClasses> {
    let read = lists.iter().map(|(key, class)| Some((section.values(key)?, *class)));
    let mut listed: Vec<(ResponseCode, ResponseClass)> = Vec::new();
    for (codes, class) in all(read)? {
        for code in codes {
            listed.push((code, class));
        }
    }
    check_listed_once(section, &listed.iter().map(|(code, _)| *code).collect::<Vec<_>>());
    Some(ResponseClasses::new(listed))
}

/// Records a fault for each code that is listed again.
fn check_listed_once(section: &Section<'_>, codes: &[ResponseCode]) {
    for (nth, code) in codes.iter().enumerate() {
        if codes.iter().take(nth).any(|earlier| earlier == code) {
            section.fault("", format!("response code {code} is listed twice: keep one class"));
        }
    }
}

/// What the network's rules are for an unknown outcome.
struct UnknownOutcome {
    after_unknown: AfterUnknown,
    reversal_classes: ReversalClasses,
    reversal_reasons: Option<ReversalReasons>,
}

fn read_reversal(section: &Section<'_>) -> Option<UnknownOutcome> {
    let (done, not_found) = (section.values("done"), section.values("not_found"));
    let codes = done.iter().chain(&not_found).flatten().copied().collect::<Vec<ResponseCode>>();
    check_listed_once(section, &codes);
    let same_trace = section.flag("same_trace");
    let repeats = section.backoff();
    let not_found_limit = section.number("not_found_limit", &(1..=65_535));
    let exception_after = section.time("exception_after");
    let exception_interval = section.time("exception_repeat_interval");
    let reasons = section.section("reasons").and_then(|reasons| {
        let keys = ["no_response", "connection_lost", "restart", "unclear_response"];
        let [no_response, connection_lost, restart, unclear_response] =
            keys.map(|key| reasons.value(key));
        Some(ReversalReasons {
            no_response: no_response?,
            connection_lost: connection_lost?,
            restart: restart?,
            unclear_response: unclear_response?,
        })
    });
    let rules = ReversalRules {
        same_trace: same_trace?,
        repeats: repeats?,
        not_found_limit: u16::try_from(not_found_limit?).ok()?,
        exception_after: exception_after?,
        exception_interval: exception_interval?,
    };
    Some(UnknownOutcome {
        after_unknown: AfterUnknown::Reverse(rules),
        reversal_classes: ReversalClasses { done: done?, not_found: not_found? },
        reversal_reasons: Some(reasons?),
    })
}

fn read_hold(section: &Section<'_>) -> Option<UnknownOutcome> {
    let (tries, interval) =
        (section.number("status_tries", &(1..=1000)), section.time("status_interval"));
    let lists = [("approved", ResponseClass::Approved), ("declined", ResponseClass::Declined)];
    let classes = read_classes(section, &lists);
    let exception_repeats = read_exception_delays(section);
    let (tries, interval, classes) = (u16::try_from(tries?).ok()?, interval?, classes?);
    let exception_repeats = exception_repeats?;
    let rules = InquiryRules { tries, interval, exception_repeats, classes };
    Some(UnknownOutcome {
        after_unknown: AfterUnknown::Hold(rules),
        reversal_classes: ReversalClasses::default(),
        reversal_reasons: None,
    })
}

/// Reads the pauses between the status inquiries of an exception. Without these keys: 10 minutes, then twice as long each time up
/// to a day.
fn read_exception_delays(section: &Section<'_>) -> Option<Backoff> {
    let time = |key, otherwise| {
        if section.has(key) { section.time(key) } else { Some(Duration::from_mins(otherwise)) }
    };
    let first = time("exception_first_delay", 10);
    let longest = time("exception_max_delay", 24 * 60);
    let (first, longest) = (first?, longest?);
    if first > longest || first.is_zero() {
        section.fault("exception_first_delay", "must be between 1ms and exception_max_delay");
    }
    Some(Backoff { first, longest, jitter_percent: 20 })
}

fn read_matching(section: &Section<'_>, spec: &Spec) -> Option<Matching> {
    let times = [("transmission", TraceTime::Transmission), ("local", TraceTime::Local)];
    let trace_time = section.choice("trace_time", &times);
    let duplicate_key = elements(section, "duplicate_key");
    check_duplicate_key(section, duplicate_key.as_deref().unwrap_or_default(), spec);
    let echoed = elements(section, "echoed");
    let receiver = elements(section, "receiver");
    if receiver.as_ref().is_some_and(Vec::is_empty) {
        section.fault("receiver", "must list at least one element that names the receiving bank");
    }
    Some(Matching {
        trace_time: trace_time?,
        duplicate_key: duplicate_key?,
        echoed: echoed?,
        receiver: receiver?,
    })
}
