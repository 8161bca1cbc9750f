//! Our messages: which data elements each has, and what they say.

use bytes::BytesMut;
use thiserror::Error;

use super::pattern::{Pattern, TooLong};
use super::profile::{Network, elements, message_type};
use super::said::{Said, Word, write_name};
use crate::iso8583::{De, EncodeError, Message, Mti, Spec};
use crate::mutation::{Mutant, broken};
use crate::settings::{Section, all};
use crate::transfer::{Holding, Inquiry, Order, ReversalSend, Side, Trace};
use crate::values::ResponseCode;

/// Why a message can't be put together.
#[derive(Debug, Error)]
pub enum SpeakError {
    /// A value has no room in the network.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A value is not what the spec has there.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The network knows no such message.
    #[error("network {network} knows no {what}")]
    Unknown {
        /// The network.
        network: String,
        /// What it does not know.
        what: &'static str,
    },
}

/// A message: its type, and what each of its data elements says, in ascending order.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) mti: Mti,
    elements: Vec<(De, Pattern)>,
}

/// The messages of a profile.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) request: Form,
    inquiry: Form,
    reversal: Option<Form>,
    status: Option<Form>,
}

/// What our answers have.
#[derive(Debug)]
pub(super) struct Answers {
    /// What they have from what they answer.
    echo: Vec<De>,
    /// What an approved one has besides.
    approved: Vec<(De, Pattern)>,
    /// What an answer has besides that names the holder of an account.
    named: Vec<(De, Pattern)>,
}

impl Messages {
    pub(super) fn read(
        section: &Section<'_>,
        spec: &Spec,
        reverses: bool,
        asks_status: bool,
    ) -> Option<Self> {
        let form = |key| section.named(key).and_then(|form| Form::read(&form, spec));
        let (request, inquiry) = (form("request"), form("inquiry"));
        let reversal = if reverses { Some(form("reversal")?) } else { None };
        let status = if asks_status { Some(form("status")?) } else { None };
        Some(Self { request: request?, inquiry: inquiry?, reversal, status })
    }

    /// The types of what we ask.
    pub(super) fn asked(&self) -> Vec<Mti> {
        let always = [Some(&self.request), Some(&self.inquiry)];
        let some = [self.reversal.as_ref(), self.status.as_ref()];
        always.into_iter().chain(some).flatten().map(|form| form.mti).collect()
    }
}

impl Form {
    fn read(section: &Section<'_>, spec: &Spec) -> Option<Self> {
        let Some(mti) = section.text_of("message", message_type) else {
            if !section.names().any(|name| name == "message") {
                section.fault("message", "is missing: which type has it?");
            }
            return None;
        };
        if spec.layout_of(mti).is_none() {
            section.fault("message", format!("{mti} is no message of spec {}", spec.name()));
            return None;
        }
        let names = section.names().filter(|name| *name != "message");
        Some(Self { mti, elements: read_patterns(section, names, spec, mti)? })
    }

    /// Writes the message behind what the buffer holds, or leaves it as it was.
    fn write(&self, spec: &Spec, said: &Said<'_>, into: &mut BytesMut) -> Result<(), SpeakError> {
        let mut encoder = spec.encoder(self.mti, into)?;
        let mut text = Vec::with_capacity(128);
        for (de, pattern) in &self.elements {
            text.clear();
            pattern.write(|word, into| said.write(word, into), &mut text)?;
            encoder.text(*de, &text)?;
        }
        encoder.finish();
        Ok(())
    }
}

/// Patterns by the numbers of data elements, in ascending order.
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
            section.fault(name, format!("is no data element of {mti} in spec {}", spec.name()));
            return None;
        };
        Some((de, section.text_of(name, Pattern::parse)?))
    };
    let mut elements = all(names.map(pattern))?;
    elements.sort_by_key(|(de, _)| *de);
    Some(elements)
}

/// Notes words of patterns that whoever says them does not know.
pub(super) fn check_words(
    section: &Section<'_>,
    patterns: &[(De, Pattern)],
    who: &str,
    known: &[Word],
) {
    for (de, pattern) in patterns {
        if let Some(word) = pattern.words().find(|word| !known.contains(word)) {
            let name = word.name();
            section.fault(&de.number().to_string(), format!("{who} knows no {{{name}}}"));
        }
    }
}

impl Answers {
    pub(super) fn read(section: &Section<'_>, spec: &Spec) -> Option<Self> {
        let echo = elements(section, "echo");
        let patterns = |key| {
            let section = section.named(key)?;
            let mti = Mti::new(210)?;
            let patterns = read_patterns(&section, section.names(), spec, mti)?;
            check_words(&section, &patterns, "an answer of ours", &Word::OF_ANSWERS);
            Some(patterns)
        };
        let (approved, named) = (patterns("approved"), patterns("named"));
        Some(Self { echo: echo?, approved: approved?, named: named? })
    }
}

/// What an answer of ours knows.
fn say_of(word: Word, request: &Message<'_>, holding: &Holding, into: &mut Vec<u8>) {
    match word {
        Word::Stan => {
            if let Some(stan) = request.field(De::STAN) {
                into.extend_from_slice(stan.reveal().as_bytes());
            }
        }
        Word::Beneficiary => write_name(holding.holder.as_ref(), into),
        _ => {}
    }
}

/// What we say to the switch. Each writes one message behind what the buffer holds, or leaves it as it was.
impl Network {
    /// The financial request of an order.
    ///
    /// # Errors
    /// If a value has no room.
    pub fn request(
        &self,
        order: &Order,
        trace: Trace,
        into: &mut BytesMut,
    ) -> Result<(), SpeakError> {
        self.messages.request.write(&self.spec, &self.said(order, trace), into)
    }

    /// The reversal of an order, or its repeat.
    ///
    /// # Errors
    /// If the network knows no reversal.
    pub fn reversal(
        &self,
        order: &Order,
        reversal: &ReversalSend,
        into: &mut BytesMut,
    ) -> Result<(), SpeakError> {
        let (Some(form), Some(reasons)) = (&self.messages.reversal, &self.reasons) else {
            return Err(self.unknown("reversal"));
        };
        let original = Some((self.messages.request.mti, reversal.original));
        let reason = Some(reasons.of(reversal.because));
        let said = Said { original, reason, ..self.said(order, reversal.trace) };
        if !reversal.repeat {
            return form.write(&self.spec, &said, into);
        }
        let mut first = BytesMut::with_capacity(512);
        form.write(&self.spec, &said, &mut first)?;
        Ok(self.spec.repeat(&first, into)?)
    }

    /// The status inquiry about an order, under the numbers of its request.
    ///
    /// # Errors
    /// If the network knows none.
    pub fn status(
        &self,
        order: &Order,
        trace: Trace,
        into: &mut BytesMut,
    ) -> Result<(), SpeakError> {
        let (Some(form), Some(kind)) = (&self.messages.status, self.inquiries.status) else {
            return Err(self.unknown("status inquiry"));
        };
        form.write(&self.spec, &Said { kind, ..self.said(order, trace) }, into)
    }

    /// A question that moves no money.
    ///
    /// # Errors
    /// If a value has no room.
    pub fn inquiry(
        &self,
        inquiry: &Inquiry,
        trace: Trace,
        into: &mut BytesMut,
    ) -> Result<(), SpeakError> {
        let said = Said::of_inquiry(inquiry, &self.bank, self.offset, trace);
        self.messages.inquiry.write(&self.spec, &said, into)
    }

    /// The answer to a request of the switch.
    ///
    /// # Errors
    /// If a value has no room.
    pub fn answer(
        &self,
        request: &Message<'_>,
        code: ResponseCode,
        holding: &Holding,
        into: &mut BytesMut,
    ) -> Result<(), SpeakError> {
        let mut added = vec![(De::RESPONSE_CODE, code.to_string())];
        if code == self.rules().inbound.approved {
            let named = holding.holder.as_ref().map_or(&[][..], |_| &self.answers.named);
            for (de, pattern) in self.answers.approved.iter().chain(named) {
                let mut text = Vec::new();
                pattern.write(|word, into| say_of(word, request, holding, into), &mut text)?;
                added.push((*de, String::from_utf8_lossy(&text).into_owned()));
            }
        }
        added.sort_by_key(|(de, _)| *de);
        let added: Vec<_> = added.iter().map(|(de, text)| (*de, text.as_str())).collect();
        Ok(self.spec.respond(request, &self.answers.echo, &added, into)?)
    }

    /// Where the other bank pays, as for cash at our machine, DE102 is the account there and DE103 ours.
    fn said<'a>(&'a self, order: &'a Order, trace: Trace) -> Said<'a> {
        let said = Said::of_order(order, &self.bank, self.offset, trace);
        match self.side(order.kind) {
            Some(Side::Debit) if !broken(Mutant::DrawOnOurselves) => {
                Said { from: said.to, to: said.from, ..said }
            }
            Some(_) | None => said,
        }
    }

    fn unknown(&self, what: &'static str) -> SpeakError {
        SpeakError::Unknown { network: self.name.clone(), what }
    }
}
