//! The section `[inbound]` of a profile: how we respond to requests of the switch.

use super::rules::InboundReversals;
use crate::iso8583::{De, Mti, Spec};
use crate::settings::{Section, all};
use crate::transfer::{InboundCodes, Refusal, ResponseClass, ResponseClasses};
use crate::values::ResponseCode;

/// The subfields of DE90, in order: the MTI, DE11, DE7, DE32 and DE33 of the original.
pub(super) const ORIGINAL_PARTS: [&str; 5] = [
    "original_mti",
    "original_stan",
    "original_transmission",
    "original_acquirer",
    "original_forwarder",
];

/// The message types of reversals.
const REVERSALS: [u16; 4] = [400, 401, 420, 421];

pub(super) fn read_inbound(section: &Section<'_>) -> Option<InboundCodes> {
    let respond_within = section.time("respond_within");
    let refusals = section.section("refusals").and_then(|refusals| read_refusals(&refusals));
    let keys = [
        "approved",
        "outcome_unknown",
        "in_progress",
        "reversed",
        "not_found",
        "reversed_before",
        "reversal_before",
        "already_reversed",
        "mismatch",
        "closed",
    ];
    let [approved, outcome_unknown, in_progress, reversed, rest @ ..] =
        keys.map(|key| section.value(key));
    let [not_found, reversed_before, reversal_before, already_reversed, mismatch, closed] = rest;
    let (refusals, refused_other) = refusals?;
    Some(InboundCodes {
        approved: approved?,
        outcome_unknown: outcome_unknown?,
        in_progress: in_progress?,
        reversed: reversed?,
        not_found: not_found?,
        request_after_reversal: reversed_before?,
        reversal_without_original: reversal_before?,
        already_reversed: already_reversed?,
        mismatched: mismatch?,
        closed: closed?,
        refusals,
        refused_other,
        respond_within: respond_within?,
    })
}

/// Records a fault if the code of a closed service is not one that the network takes as declined: the switch would reverse each
/// refused request.
pub(super) fn check_closed(
    section: &Section<'_>,
    closed: ResponseCode,
    classes: &ResponseClasses,
) -> bool {
    let is_declined = classes.of(closed) == ResponseClass::Declined && closed.as_str() != "91";
    if !is_declined {
        let reason = "must be a code of response_classes.declined, and never 91: otherwise the switch reverses each refused request";
        section.fault("closed", reason);
    }
    is_declined
}

/// Reads how reversals of the switch are understood.
pub(super) fn read_reversals(section: &Section<'_>, spec: &Spec) -> Option<InboundReversals> {
    check_original_names(section, spec);
    let original_within = section.time("original_within");
    let original_may_arrive_within = section.time("original_may_arrive_within");
    let same_trace = section.flag("same_trace");
    let accepts_partial = section.choice("partial", &[("accepted", true), ("declined", false)]);
    let zero_actual_is_full =
        section.choice("zero_actual", &[("full", true), ("malformed", false)]);
    Some(InboundReversals {
        original_within: original_within?,
        original_may_arrive_within: original_may_arrive_within?,
        same_trace: same_trace?,
        accepts_partial: accepts_partial?,
        zero_actual_is_full: zero_actual_is_full?,
    })
}

/// Records a fault if DE90 of a reversal has subfields that are not the ones that this program reads.
fn check_original_names(section: &Section<'_>, spec: &Spec) {
    let layouts = REVERSALS.into_iter().filter_map(|mti| spec.layout_of(Mti::new(mti)?));
    let element = layouts.filter_map(|layout| layout.element(De::ORIGINAL)).find(|element| {
        element.has_subfields() && !element.fixed_subfield_names().eq(ORIGINAL_PARTS)
    });
    if let Some(element) = element {
        let found = element.fixed_subfield_names().collect::<Vec<_>>().join(", ");
        let found = if found.is_empty() { "tags".to_owned() } else { found };
        let reason = format!(
            "spec {}: the subfields of DE90 must be {}, or there must be none (got {found})",
            spec.name(),
            ORIGINAL_PARTS.join(", "),
        );
        section.fault("", reason);
    }
}

/// Reads the response codes for core's refusals, and the code for all other refusals.
fn read_refusals(section: &Section<'_>) -> Option<(Vec<(Refusal, ResponseCode)>, ResponseCode)> {
    let refusals = [
        (Refusal::InsufficientFunds, "insufficient_funds"),
        (Refusal::InactiveAccount, "inactive_account"),
        (Refusal::NoSuchAccount, "no_such_account"),
        (Refusal::Limit, "limit"),
    ];
    let codes =
        all(refusals.into_iter().map(|(refusal, key)| Some((refusal, section.value(key)?))));
    let other = section.value("other");
    Some((codes?, other?))
}
