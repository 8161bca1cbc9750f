//! The section `[lenient]` of a profile: which faults of a message are tolerated.

use super::rules::{Matching, TraceTime};
use super::sections::elements;
use crate::iso8583::{De, DecodeError, ElementSet, MessagePart, Mti, Reason, Spec};
use crate::settings::Section;

/// Which faults of a received message are tolerated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leniency {
    /// The data elements that decide. A fault in one of them is never tolerated.
    strict: ElementSet,
    /// Whether bytes after the last data element are tolerated.
    trailing: bool,
    /// Whether undefined data elements at the end of a message are tolerated.
    undefined: bool,
}

/// The elements that decide in every network: what moves, between whom, in which currency, with which outcome.
const DECIDING: [De; 13] = [
    De::PROCESSING_CODE,
    De::AMOUNT,
    De::TRANSMISSION,
    De::STAN,
    De::SETTLEMENT_DATE,
    De::ACQUIRER,
    De::RRN,
    De::RESPONSE_CODE,
    De::CURRENCY,
    De::ORIGINAL,
    De::REPLACEMENT_AMOUNTS,
    De::FROM_ACCOUNT,
    De::TO_ACCOUNT,
];

impl Leniency {
    /// Returns whether a message may have these faults. Bytes that are left over beside another fault mean that the elements may
    /// have been delimited wrongly.
    #[must_use]
    pub fn tolerates_all(&self, faults: &[DecodeError]) -> bool {
        let is_trailing = |fault: &DecodeError| matches!(fault.reason, Reason::TrailingBytes(_));
        faults.iter().all(|fault| self.tolerates(fault))
            && (faults.len() == 1 || !faults.iter().any(is_trailing))
    }

    /// Returns whether a message may have this fault. A fault is tolerated in an element that describes, if the element could be
    /// delimited.
    #[must_use]
    pub fn tolerates(&self, fault: &DecodeError) -> bool {
        match (fault.reason, fault.part) {
            (Reason::TrailingBytes(_), _) => self.trailing,
            (Reason::Undefined | Reason::UndefinedBitmap, _) => self.undefined,
            (
                Reason::Class { .. }
                | Reason::Padding
                | Reason::Subfields(_)
                | Reason::TooLong { .. }
                | Reason::TooShort { .. },
                MessagePart::Element(de),
            ) => !self.strict.contains(de),
            (
                Reason::Class { .. }
                | Reason::Padding
                | Reason::Subfields(_)
                | Reason::TooLong { .. }
                | Reason::TooShort { .. }
                | Reason::Truncated { .. }
                | Reason::TooLarge(_)
                | Reason::MtiNotNumeric
                | Reason::UnknownMti(_)
                | Reason::BitmapNotHex
                | Reason::NotDelimited
                | Reason::LengthNotNumeric,
                _,
            ) => false,
        }
    }

    /// Reads the section. The elements that the program decides by in messages of these types must be in `strict`: those that decide
    /// in every network, and those by which this profile matches messages, if that is known. The switch may reverse its requests
    /// also in a network without reversals of ours.
    pub(super) fn read(
        section: &Section<'_>,
        (spec, types): (&Spec, &[Mti]),
        decides: Option<(&Matching, &[De])>,
    ) -> Option<Self> {
        let choices = [("tolerated", true), ("refused", false)];
        let trailing = section.choice("trailing", &choices);
        let undefined = section.choice("undefined", &choices);
        let strict: ElementSet = elements(section, "strict")?.into_iter().collect();
        let reversals = [400, 420].into_iter().filter_map(Mti::new);
        let types = types.iter().copied().chain(reversals);
        let layouts: Vec<_> = types.filter_map(|mti| spec.layout_of(mti)).collect();
        let is_defined = |de: &De| layouts.iter().any(|layout| layout.element(*de).is_some());
        let (matching, response_key) = decides?;
        let others = deciding_elements(matching, response_key);
        let deciding: ElementSet = DECIDING.into_iter().chain(others).filter(is_defined).collect();
        let lacking = deciding.without(&strict);
        if lacking.first().is_some() {
            let numbers: Vec<_> = lacking.iter().map(|de| de.number().to_string()).collect();
            let numbers = numbers.join(", ");
            section.fault("strict", format!("lacks elements that decide: add {numbers}"));
        }
        Some(Self { strict, trailing: trailing?, undefined: undefined? })
    }
}

/// Returns the elements by which a profile decides, beside those that decide in every network.
fn deciding_elements<'p>(
    matching: &'p Matching,
    response_key: &'p [De],
) -> impl Iterator<Item = De> + use<'p> {
    let times: &[De] = match matching.trace_time {
        TraceTime::Transmission => &[],
        TraceTime::Local => &[De::LOCAL_TIME, De::LOCAL_DATE],
    };
    let Matching { duplicate_key, echoed, receiver, .. } = matching;
    let lists = [&duplicate_key[..], echoed, receiver, response_key, times];
    lists.into_iter().flatten().copied()
}
