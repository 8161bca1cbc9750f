//! The section `[inbound]` of a profile: how we respond to requests of the switch.

use crate::settings::{Section, all};
use crate::transfer::{InboundCodes, Refusal};
use crate::values::ResponseCode;

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
    ];
    let [approved, outcome_unknown, in_progress, reversed, rest @ ..] =
        keys.map(|key| section.value(key));
    let [not_found, reversed_before, reversal_before, already_reversed, mismatch] = rest;
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
        refusals,
        refused_other,
        respond_within: respond_within?,
    })
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
