//! Stable codes: every name that is stored, exported or typed, and that is not a setting's key.
//!
//! A code is apart from the Rust name and from the display name of a thing. Renaming a Rust type, variant or field
//! never changes a code, because a stored row, a dashboard and an operator's query all depend on it. Codes are
//! `snake_case`. This room uses no other room, so every room can use it.
//!
//! `serde` accepts string literals only, so each serialized variant repeats its code in `#[serde(rename = "…")]`.
//! The tests in `tests/names` compare both, and hold the whole list in a snapshot.

/// Declares groups of codes. Each group becomes a module with a constant a code and `ALL`; `GROUPS` lists the groups.
macro_rules! codes {
    ($(
        $(#[$group_doc:meta])*
        $group:ident { $( $(#[$doc:meta])* $name:ident = $code:literal, )+ }
    )+) => {
        $(
            $(#[$group_doc])*
            pub mod $group {
                $( $(#[$doc])* pub const $name: &str = $code; )+

                /// All codes of the group, in the order of their declaration.
                pub const ALL: &[&str] = &[$($name),+];
            }
        )+

        /// The groups of this file: name and codes.
        pub(super) const GROUPS: &[(&str, &[&str])] = &[$((stringify!($group), $group::ALL)),+];
    };
}

mod control;
mod core_banking;
mod facts;
mod inputs;
mod links;
mod people;
mod reasons;
mod records;
mod transfers;

pub use control::{
    act_refusal, alert_fact, alert_state, alert_subject, control_command, control_fact,
    delivery_state, proposal_fact, proposal_state, proposal_target, proposed_command,
    restriction_mode, role,
};
pub use core_banking::{
    account_status, entry_kind, ledger_account, ledger_change, posting_state, refusal, side,
};
pub use facts::{inbound_fact, outbound_fact};
pub use inputs::{
    cancel_reply, inbound_input, outbound_input, posting_reply, prior_posting, send_status,
};
pub use links::{
    disconnect_reason, link_order, link_order_error, link_phase, link_role, link_wish,
};
pub use people::{operator_access, people_command, people_fact, problem, sign_in, sign_in_refusal};
pub use reasons::{
    bar_cause, cancel_reason, debit_proof, evidence, exception_cause, funding, part_end,
    refund_reason, rejection_reason, resolution_command, resolution_outcome, reversal_cause,
    settled_by, unknown_cause,
};
pub use records::{chain, direction, journal_state, metadata_key};
pub use transfers::{alert, inbound_state, message_warning, outbound_state, transfer_status};

/// All groups of codes: name and codes.
pub fn groups() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    [
        control::GROUPS,
        core_banking::GROUPS,
        facts::GROUPS,
        inputs::GROUPS,
        people::GROUPS,
        links::GROUPS,
        reasons::GROUPS,
        records::GROUPS,
        transfers::GROUPS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_snake_case_and_unique_in_their_group() {
        for (group, codes) in groups() {
            for code in codes {
                let is_snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                assert!(!code.is_empty() && code.chars().all(is_snake), "{group}: {code:?}");
            }
            let unique: BTreeSet<_> = codes.iter().collect();
            assert_eq!(unique.len(), codes.len(), "{group} has a code twice");
        }
    }
}
