//! What the journal stores: every variant has its code, and every code its variant.

use std::collections::BTreeSet;

use titian::codes;
use titian::control::Act;
use titian::engine::{BooksByDirection, Fact, TraceWatermark};

use super::walk::{Names, names_of};

/// The enums that are stored, by their Rust names, with their codes.
const ENUMS: [(&str, &[&str]); 35] = [
    ("Fact", codes::direction::ALL),
    ("OutboundFact", codes::outbound_fact::ALL),
    ("InboundFact", codes::inbound_fact::ALL),
    ("OutboundInput", codes::outbound_input::ALL),
    ("InboundInput", codes::inbound_input::ALL),
    ("PostingReply", codes::posting_reply::ALL),
    ("CancelReply", codes::cancel_reply::ALL),
    ("PriorPosting", codes::prior_posting::ALL),
    ("SendStatus", codes::send_status::ALL),
    ("Refusal", codes::refusal::ALL),
    ("Side", codes::side::ALL),
    ("CancelReason", codes::cancel_reason::ALL),
    ("RefundReason", codes::refund_reason::ALL),
    ("RejectionReason", codes::rejection_reason::ALL),
    ("SettledBy", codes::settled_by::ALL),
    ("UnknownCause", codes::unknown_cause::ALL),
    ("Evidence", codes::evidence::ALL),
    ("ResolutionOutcome", codes::resolution_outcome::ALL),
    ("Funding", codes::funding::ALL),
    ("Proof", codes::debit_proof::ALL),
    ("BarCause", codes::bar_cause::ALL),
    ("ReversalCause", codes::reversal_cause::ALL),
    ("PartEnd", codes::part_end::ALL),
    ("Direction", codes::direction::ALL),
    ("ControlFact", codes::control_fact::ALL),
    ("ProposalFact", codes::proposal_fact::ALL),
    ("Proposed", codes::proposed_command::ALL),
    ("Target", codes::proposal_target::ALL),
    ("Mode", codes::restriction_mode::ALL),
    ("Role", codes::role::ALL),
    ("PeopleFact", codes::people_fact::ALL),
    ("LinkOrder", codes::link_order::ALL),
    ("AlertFact", codes::alert_fact::ALL),
    ("AlertSubject", codes::alert_subject::ALL),
    ("Alert", codes::alert::ALL),
];

/// All names that the journal stores in facts and metadata.
pub(crate) fn names() -> Names {
    let mut names = names_of::<Fact>();
    names.extend(names_of::<TraceWatermark>());
    names.extend(names_of::<BooksByDirection>());
    names.extend(names_of::<Act>());
    names
}

#[test]
fn every_stored_variant_has_its_code_and_every_code_its_variant() {
    let names = names();
    for (owner, stored) in &names {
        let codes = ENUMS.iter().find(|(name, _)| name == owner);
        let starts_small = |name: &&str| name.starts_with(|char: char| char.is_ascii_lowercase());
        assert!(
            stored.iter().all(starts_small),
            "{owner} has a name without #[serde(rename)]: {stored:?}"
        );
        if let Some((_, codes)) = codes {
            let (stored, codes): (BTreeSet<_>, BTreeSet<_>) =
                (stored.iter().collect(), codes.iter().collect());
            assert_eq!(stored, codes, "{owner}: stored names and codes");
        }
    }
    for (owner, _) in ENUMS.iter().filter(|(owner, _)| *owner != "Direction") {
        assert!(names.contains_key(*owner), "{owner} is not stored any more, or has another name");
    }
}

/// Whether the names of a type are codes.
pub(crate) fn is_enum(owner: &str) -> bool {
    ENUMS.iter().any(|(name, _)| *name == owner)
}
