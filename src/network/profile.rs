//! A network's profile: read from TOML, checked against its spec, and compiled. One that exists has no fault.

use std::sync::Arc;
use std::time::Duration;

use config::Value;

use super::messages::{Answers, Messages};
use super::reading::{Kind, Matching, TracedBy};
use super::said::Bank;
use super::session::{self, Around, SessionRules};
use crate::iso8583::{De, Mti, Spec};
use crate::settings::{Fault, Faults, Section, all, tree};
use crate::transfer::{
    AfterUnknown, Class, Classes, Doubt, InboundCodes, InquiryRules, Refusal, ReversalClasses,
    ReversalRules, Rules, Side,
};
use crate::values::{Backoff, Currency, Offset, ProcessingCode, ResponseCode};

/// A switch with its rules.
#[derive(Debug)]
pub struct Network {
    pub(super) name: String,
    pub(super) spec: Arc<Spec>,
    pub(super) bank: Bank,
    pub(super) offset: Offset,
    pub(super) currency: Currency,
    pub(super) kinds: Vec<Kind>,
    pub(super) inquiries: Inquiries,
    pub(super) reasons: Option<Reasons>,
    pub(super) matching: Matching,
    pub(super) messages: Messages,
    pub(super) answers: Answers,
    pub(super) malformed: ResponseCode,
    pub(super) unsupported: ResponseCode,
    rules: Rules,
    session: Arc<SessionRules>,
}

/// Questions that move no money, by DE3.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inquiries {
    pub(super) name: ProcessingCode,
    pub(super) balance: Option<ProcessingCode>,
    pub(super) status: Option<ProcessingCode>,
}

/// What a reversal gives as its reason (DE39).
#[derive(Clone, Copy, Debug)]
pub(super) struct Reasons {
    no_answer: ResponseCode,
    line_lost: ResponseCode,
    restart: ResponseCode,
    unclear: ResponseCode,
}

impl Reasons {
    pub(super) const fn of(&self, doubt: Doubt) -> ResponseCode {
        match doubt {
            Doubt::Timeout => self.no_answer,
            Doubt::LineLost => self.line_lost,
            Doubt::Restart => self.restart,
            Doubt::Code(_) => self.unclear,
        }
    }
}

impl Network {
    /// The profiles that ship, by name. Each goes with the spec of the same name.
    pub const SHIPPED: [(&'static str, &'static str); 3] = [
        ("nusantara", include_str!("../../config/networks/nusantara.toml")),
        ("rendezvous", include_str!("../../config/networks/rendezvous.toml")),
        ("holdfast", include_str!("../../config/networks/holdfast.toml")),
    ];

    /// Reads a profile. `file` is what it is called in faults.
    ///
    /// # Errors
    /// Every fault of it.
    pub fn parse(file: &str, text: &str, spec: Arc<Spec>, bank: Bank) -> Result<Self, Vec<Fault>> {
        let tree = tree(file, text).map_err(|fault| vec![fault])?;
        Self::read_tree(file, &tree, spec, bank)
    }

    /// Reads the tree of a profile.
    ///
    /// # Errors
    /// Every fault of it.
    pub fn read_tree(
        file: &str,
        tree: &Value,
        spec: Arc<Spec>,
        bank: Bank,
    ) -> Result<Self, Vec<Fault>> {
        let faults = Faults::default();
        let network = Section::top(file, tree, &faults).and_then(|top| read(&top, spec, bank));
        match (network, faults.all()) {
            (Some(network), faults) if faults.is_empty() => Ok(network),
            (_, faults) => Err(faults),
        }
    }

    /// A network that ships, with its spec; `None` if none has that name.
    #[must_use]
    pub fn shipped(name: &str, bank: Bank) -> Option<Self> {
        let (_, text) = Self::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
        let (_, spec) = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
        let spec = Spec::parse(name, spec).ok()?;
        Self::parse(name, text, Arc::new(spec), bank).ok()
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the fields of its messages lie.
    #[must_use]
    pub const fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    /// What it decides for the machines. How core is asked is the bank's to say: two seconds at first, three times.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The rules of the sessions to it.
    #[must_use]
    pub const fn session(&self) -> &Arc<SessionRules> {
        &self.session
    }

    /// How it codes a kind of money movement, by the name that its profile gives it.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<ProcessingCode> {
        let kind = self.kinds.iter().find(|kind| kind.name == name)?;
        kind.codes.first().copied()
    }

    /// How it codes the question for a name.
    #[must_use]
    pub const fn name_inquiry(&self) -> ProcessingCode {
        self.inquiries.name
    }

    /// Where its days begin and end, and of local times.
    #[must_use]
    pub const fn offset(&self) -> Offset {
        self.offset
    }

    /// The currency that it moves.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }
}

fn read(top: &Section<'_>, spec: Arc<Spec>, bank: Bank) -> Option<Network> {
    let name = top.text("name", |text| Ok(text.to_owned()));
    let offset = top.value("utc_offset");
    let currency = top.value("currency");
    let kinds = top.named("kinds").and_then(|kinds| read_kinds(&kinds));
    let inquiries = top.section("inquiries").and_then(|section| read_inquiries(&section));
    let reverses = top.has("reversal");
    let doubts = if reverses {
        top.section("reversal").and_then(|section| read_reversal(&section))
    } else {
        top.section("hold").and_then(|section| read_hold(&section))
    };
    let inbound = top.section("inbound");
    let codes = inbound.as_ref().and_then(read_inbound);
    let malformed = inbound.as_ref().and_then(|inbound| inbound.value("malformed"));
    let unsupported = inbound.as_ref().and_then(|inbound| inbound.value("unsupported"));
    let classes = top.section("classes").and_then(|section| {
        let lists =
            [("approved", Class::Approved), ("declined", Class::Declined), ("retry", Class::Retry)];
        read_classes(&section, &lists)
    });
    let timers = top.section("timers").and_then(|timers| {
        let response = timers.time("response");
        let tries = timers.number("inquiry_tries", &(1..=100));
        Some((response?, u16::try_from(tries?).ok()?))
    });
    let matching = top.section("matching").and_then(|section| read_matching(&section));
    let messages = top.section("messages").and_then(|section| {
        let status = inquiries.is_some_and(|inquiries| inquiries.status.is_some());
        Messages::read(&section, &spec, reverses, status)
    });
    let answers = top.section("answers").and_then(|section| Answers::read(&section, &spec));
    let session = top.section("session").and_then(|section| {
        let matched = messages.as_ref().map(Messages::asked).unwrap_or_default();
        let answer = timers.map(|(response, _)| response).unwrap_or_default();
        session::read(&section, &Around { spec: &spec, bank: &bank, matched, answer })
    });
    let Doubts { after_unknown, reversal_classes, reasons } = doubts?;
    let (response_timeout, inquiry_tries) = timers?;
    Some(Network {
        name: name?,
        session: Arc::new(session?),
        spec,
        bank,
        offset: offset?,
        currency: currency?,
        kinds: kinds?,
        inquiries: inquiries?,
        reasons,
        matching: matching?,
        messages: messages?,
        answers: answers?,
        malformed: malformed?,
        unsupported: unsupported?,
        rules: Rules {
            classes: classes?,
            reversal_classes,
            response_timeout,
            inquiry_tries,
            after_unknown,
            core: Backoff {
                first: Duration::from_secs(2),
                longest: Duration::from_mins(1),
                jitter_percent: 20,
            },
            cancel_tries: 60,
            cancel_repeats: Duration::from_hours(1),
            posting_tries: 3,
            inbound: codes?,
        },
    })
}

fn read_kinds(section: &Section<'_>) -> Option<Vec<Kind>> {
    let sides = [("credit", Side::Credit), ("debit", Side::Debit)];
    let kinds = section.names().map(|name| {
        let kind = section.section_of(name)?;
        let (codes, inbound) = (kind.values("codes"), kind.choice("inbound", &sides));
        let codes: Vec<ProcessingCode> = codes?;
        if codes.is_empty() {
            kind.fault("codes", "is empty: a kind has at least the code that we ask with");
        }
        Some(Kind { name: name.to_owned(), codes, inbound: inbound? })
    });
    all(kinds)
}

fn read_inquiries(section: &Section<'_>) -> Option<Inquiries> {
    let optional = |key| if section.has(key) { section.value(key).map(Some) } else { Some(None) };
    let (name, balance, status) = (section.value("name"), optional("balance"), optional("status"));
    Some(Inquiries { name: name?, balance: balance?, status: status? })
}

/// Response codes by what they say; each says one thing.
fn read_classes(section: &Section<'_>, lists: &[(&'static str, Class)]) -> Option<Classes> {
    let read = lists.iter().map(|(key, class)| Some((section.values(key)?, *class)));
    let mut listed: Vec<(ResponseCode, Class)> = Vec::new();
    for (codes, class) in all(read)? {
        for code in codes {
            if listed.iter().any(|(other, _)| *other == code) {
                section.fault("", format!("{code} stands in it twice: what would it mean?"));
            }
            listed.push((code, class));
        }
    }
    Some(Classes::new(listed))
}

/// What a network does about an unknown outcome.
struct Doubts {
    after_unknown: AfterUnknown,
    reversal_classes: ReversalClasses,
    reasons: Option<Reasons>,
}

fn read_reversal(section: &Section<'_>) -> Option<Doubts> {
    let (done, not_found) = (section.values("done"), section.values("not_found"));
    let same_trace = section.flag("same_trace");
    let repeats = read_backoff(section);
    let not_found_limit = section.number("not_found_limit", &(1..=65_535));
    let exception_after = section.time("exception_after");
    let exception_repeats = section.time("exception_repeats");
    let reasons = section.section("reasons").and_then(|reasons| {
        let codes = ["no_answer", "line_lost", "restart", "unclear"].map(|key| reasons.value(key));
        let [no_answer, line_lost, restart, unclear] = codes;
        let (no_answer, line_lost) = (no_answer?, line_lost?);
        Some(Reasons { no_answer, line_lost, restart: restart?, unclear: unclear? })
    });
    let rules = ReversalRules {
        same_trace: same_trace?,
        repeats: repeats?,
        not_found_limit: u16::try_from(not_found_limit?).ok()?,
        exception_after: exception_after?,
        exception_repeats: exception_repeats?,
    };
    Some(Doubts {
        after_unknown: AfterUnknown::Reverse(rules),
        reversal_classes: ReversalClasses { done: done?, not_found: not_found? },
        reasons: Some(reasons?),
    })
}

pub(super) fn read_backoff(section: &Section<'_>) -> Option<Backoff> {
    let (first, longest) = (section.time("first"), section.time("longest"));
    let jitter = section.number("jitter_percent", &(0..=100));
    let (first, longest) = (first?, longest?);
    if first > longest || first.is_zero() {
        section.fault("first", "is not between 1ms and longest");
    }
    Some(Backoff { first, longest, jitter_percent: u8::try_from(jitter?).ok()? })
}

fn read_hold(section: &Section<'_>) -> Option<Doubts> {
    let (tries, apart) = (section.number("status_tries", &(1..=1000)), section.time("apart"));
    let lists = [("approved", Class::Approved), ("declined", Class::Declined)];
    let classes = read_classes(section, &lists);
    let (tries, apart, classes) = (u16::try_from(tries?).ok()?, apart?, classes?);
    Some(Doubts {
        after_unknown: AfterUnknown::Hold(InquiryRules { tries, apart, classes }),
        reversal_classes: ReversalClasses::default(),
        reasons: None,
    })
}

fn read_inbound(section: &Section<'_>) -> Option<InboundCodes> {
    let answer_within = section.time("answer_within");
    let refusals = [
        (Refusal::InsufficientFunds, section.value("insufficient_funds")),
        (Refusal::InactiveAccount, section.value("inactive_account")),
        (Refusal::NoSuchAccount, section.value("no_such_account")),
        (Refusal::Limit, section.value("over_limit")),
    ];
    let keys = [
        "approved",
        "doubtful",
        "in_progress",
        "undone",
        "not_found",
        "reversed_before",
        "reversal_before",
        "reversed_already",
        "mismatched",
        "refused_otherwise",
    ];
    let codes = keys.map(|key| section.value(key));
    let [approved, doubtful, in_progress, undone, not_found, rest @ ..] = codes;
    let [reversed_before, reversal_before, reversed_already, mismatched, refused_otherwise] = rest;
    Some(InboundCodes {
        approved: approved?,
        doubtful: doubtful?,
        in_progress: in_progress?,
        undone: undone?,
        not_found: not_found?,
        reversed_before: reversed_before?,
        reversal_before: reversal_before?,
        reversed_already: reversed_already?,
        mismatched: mismatched?,
        refusals: refusals
            .into_iter()
            .map(|(refusal, code)| Some((refusal, code?)))
            .collect::<Option<_>>()?,
        refused_otherwise: refused_otherwise?,
        answer_within: answer_within?,
    })
}

fn read_matching(section: &Section<'_>) -> Option<Matching> {
    let ways = [("transmission", TracedBy::Transmission), ("local", TracedBy::Local)];
    let traced_by = section.choice("traced_by", &ways);
    let duplicates = elements(section, "duplicates");
    let echoed = elements(section, "echoed");
    Some(Matching { traced_by: traced_by?, duplicates: duplicates?, echoed: echoed? })
}

/// A list of data elements.
pub(super) fn elements(section: &Section<'_>, key: &'static str) -> Option<Vec<De>> {
    let numbers = section.numbers(key, &(2..=192))?;
    let elements = numbers.into_iter().map(|number| De::new(u8::try_from(number).ok()?));
    let elements = elements.collect::<Option<Vec<_>>>();
    match elements {
        Some(elements) if elements.is_sorted_by(|a, b| a < b) => Some(elements),
        _ => {
            section.fault(key, "is not a list of data elements in ascending order");
            None
        }
    }
}

/// A message type.
pub(super) fn message_type(text: &str) -> Result<Mti, String> {
    let digits: Option<[u8; 4]> = text.as_bytes().try_into().ok();
    digits
        .and_then(Mti::from_ascii)
        .ok_or_else(|| format!("{text:?} is no message type: write 0200"))
}
