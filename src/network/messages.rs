//! The messages that we send: their data elements, compiled from the profile.

use super::pattern::Pattern;
use super::sections::{elements, message_type};
use super::values::ValueName;
use crate::iso8583::{De, Mti, Spec};
use crate::settings::{Section, all};

/// A message of the profile: its MTI, and a pattern for each data element in ascending order.
#[derive(Debug)]
pub(super) struct MessageTemplate {
    pub(super) mti: Mti,
    pub(super) elements: Vec<(De, Pattern)>,
}

/// The requests of a profile.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) request: MessageTemplate,
    pub(super) inquiry: MessageTemplate,
    pub(super) reversal: Option<MessageTemplate>,
    pub(super) status_inquiry: Option<MessageTemplate>,
}

/// The content of our responses.
#[derive(Debug)]
pub(super) struct Responses {
    /// The data elements that a response echoes from its request.
    pub(super) echo: Vec<De>,
    /// The data elements that are added to an approved response.
    pub(super) approved: Vec<(De, Pattern)>,
    /// The data elements that are added when the account holder is known.
    pub(super) account_holder: Vec<(De, Pattern)>,
    /// The data elements that answer a balance inquiry; none if we do not answer it.
    pub(super) account_balance: Vec<(De, Pattern)>,
}

impl Messages {
    pub(super) fn read(
        section: &Section<'_>,
        spec: &Spec,
        has_reversal: bool,
        has_status_inquiry: bool,
    ) -> Option<Self> {
        let template =
            |key| section.named(key).and_then(|message| MessageTemplate::read(&message, spec));
        let (request, inquiry) = (template("request"), template("inquiry"));
        let reversal = if has_reversal { Some(template("reversal")?) } else { None };
        let status_inquiry =
            if has_status_inquiry { Some(template("status_inquiry")?) } else { None };
        Some(Self { request: request?, inquiry: inquiry?, reversal, status_inquiry })
    }

    /// Returns the data elements of all requests.
    pub(super) fn elements(&self) -> impl Iterator<Item = De> {
        let always = [Some(&self.request), Some(&self.inquiry)];
        let optional = [self.reversal.as_ref(), self.status_inquiry.as_ref()];
        let templates = always.into_iter().chain(optional).flatten();
        templates.flat_map(|template| template.elements.iter().map(|(de, _)| *de))
    }

    /// Returns the MTIs of the requests.
    pub(super) fn request_types(&self) -> Vec<Mti> {
        let always = [Some(&self.request), Some(&self.inquiry)];
        let optional = [self.reversal.as_ref(), self.status_inquiry.as_ref()];
        always.into_iter().chain(optional).flatten().map(|template| template.mti).collect()
    }
}

impl MessageTemplate {
    fn read(section: &Section<'_>, spec: &Spec) -> Option<Self> {
        let Some(mti) = section.text_of("mti", message_type) else {
            if !section.names().any(|name| name == "mti") {
                section.fault("mti", "is missing: write the message type, such as 0200");
            }
            return None;
        };
        if spec.layout_of(mti).is_none() {
            section.fault("mti", format!("spec {} does not define message {mti}", spec.name()));
            return None;
        }
        let names = section.names().filter(|name| *name != "mti");
        Some(Self { mti, elements: read_patterns(section, names, spec, mti)? })
    }
}

/// Reads patterns by the numbers of their data elements, in ascending order.
pub(super) fn read_patterns<'n>(
    section: &Section<'_>,
    names: impl Iterator<Item = &'n str>,
    spec: &Spec,
    mti: Mti,
) -> Option<Vec<(De, Pattern)>> {
    let layout = spec.layout_of(mti)?;
    let pattern = |name: &'n str| {
        let de = name.parse().ok().and_then(De::new);
        let Some(de) = de.filter(|de| layout.element(*de).is_some()) else {
            section
                .fault(name, format!("spec {} does not define this element in {mti}", spec.name()));
            return None;
        };
        Some((de, section.text_of(name, Pattern::parse)?))
    };
    let mut elements = all(names.map(pattern))?;
    elements.sort_by_key(|(de, _)| *de);
    Some(elements)
}

/// Records a fault for each pattern with a value that the message does not have.
pub(super) fn check_value_names(
    section: &Section<'_>,
    patterns: &[(De, Pattern)],
    message: &str,
    known: &[ValueName],
) {
    for (de, pattern) in patterns {
        if let Some(unknown) = pattern.value_names().find(|name| !known.contains(name)) {
            let known = known.iter().map(|name| format!("{{{}}}", name.name())).collect::<Vec<_>>();
            let (unknown, known) = (unknown.name(), known.join(", "));
            let reason = format!("{message} does not have {{{unknown}}}: use {known}");
            section.fault(&de.number().to_string(), reason);
        }
    }
}

impl Responses {
    pub(super) fn read(section: &Section<'_>, spec: &Spec) -> Option<Self> {
        let echo = elements(section, "echo");
        let patterns = |key, known: &[ValueName]| {
            let section = section.named(key)?;
            let mti = Mti::new(210)?;
            let patterns = read_patterns(&section, section.names(), spec, mti)?;
            check_value_names(&section, &patterns, "a response", known);
            Some(patterns)
        };
        let approved = patterns("approved", &ValueName::IN_RESPONSES);
        let account_holder = patterns("account_holder", &ValueName::IN_RESPONSES);
        let account_balance = if section.has("account_balance") {
            patterns("account_balance", &ValueName::IN_BALANCES)
        } else {
            Some(Vec::new())
        };
        Some(Self {
            echo: echo?,
            approved: approved?,
            account_holder: account_holder?,
            account_balance: account_balance?,
        })
    }
}
