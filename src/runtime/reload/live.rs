//! Which settings a running adapter takes.

use std::collections::BTreeSet;

/// Prefixes of the keys that a running adapter takes.
const LIVE: [&str; 24] = [
    "api.",
    "limits.inbound_amount_max",
    "limits.open_transfers",
    "limits.open_inquiries",
    "limits.journal_lookups",
    "limits.closed_transfers",
    "core.first_delay",
    "core.max_delay",
    "core.jitter_percent",
    "core.posting_tries",
    "core.cancel_tries",
    "core.exception_repeat_interval",
    "core.timeout",
    "core.hmac_key_file",
    "core.hmac_key_env",
    "core.tls.",
    "telemetry.log",
    "network.calendar_file",
    "network.override.declines",
    "network.override.response_classes",
    "network.override.timers",
    "network.override.reversal",
    "network.override.hold",
    "network.override.inbound",
];

/// Exceptions from those: the address of the API, and keys that messages are read and encoded by.
const NOT_LIVE: [&str; 8] = [
    "api.listen",
    "network.override.reversal.reasons",
    "network.override.inbound.ignored",
    "network.override.inbound.reversals",
    "network.override.inbound.invalid_amount",
    "network.override.inbound.malformed",
    "network.override.inbound.misrouted",
    "network.override.inbound.unsupported",
];

/// Keys that are taken together: while one of the first needs a restart, those with the second prefixes need it too.
const TOGETHER: [(&[&str], &[&str]); 2] = [
    (&["network.name", "network.profile", "network.spec", "bank."], &["network.override."]),
    (&["core.mode", "core.url"], &["core.timeout", "core.hmac_key_", "core.tls."]),
];

/// Returns whether a changed key needs a restart. `changed` are all changed keys.
pub(super) fn needs_restart(key: &str, changed: &BTreeSet<String>) -> bool {
    if is_of_link(key) {
        // A link is known by its place: another list of links is taken by a restart.
        return !is_link_tls(key)
            || changed.iter().any(|other| is_of_link(other) && !is_link_tls(other));
    }
    let begins = |prefixes: &[&str], key: &str| prefixes.iter().any(|one| key.starts_with(one));
    let waits_for_another = TOGETHER
        .iter()
        .any(|(first, then)| begins(then, key) && changed.iter().any(|other| begins(first, other)));
    waits_for_another || !begins(&LIVE, key) || begins(&NOT_LIVE, key)
}

fn is_of_link(key: &str) -> bool {
    key.starts_with("links[")
}

/// Returns whether a key is about the TLS of a link, which new connections take.
pub(super) fn is_link_tls(key: &str) -> bool {
    is_of_link(key) && key.contains("].tls.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns which of the changed keys need a restart.
    fn restarts<'k>(changed: &[&'k str]) -> Vec<&'k str> {
        let all = changed.iter().map(|key| (*key).to_owned()).collect();
        changed.iter().copied().filter(|key| needs_restart(key, &all)).collect()
    }

    #[test]
    fn a_key_is_taken_only_if_it_is_on_the_list() {
        let live = [
            "api.rate",
            "api.partners.A.secret_file",
            "core.tls.key_file",
            "links[0].tls.key_file",
        ];
        assert_eq!(restarts(&live), [""; 0]);
        let restart = ["api.listen", "limits.drain", "store.url", "keys.signing_key_file"];
        assert_eq!(restarts(&restart), restart);
        assert_eq!(restarts(&["console.oidc.issuer"]), ["console.oidc.issuer"]);
    }

    #[test]
    fn what_belongs_together_is_taken_together() {
        let network = ["network.profile", "network.override.timers.response"];
        assert_eq!(restarts(&network), network);
        assert_eq!(restarts(&network[1..]), [""; 0]);
        let core = ["core.url", "core.timeout"];
        assert_eq!(restarts(&core), core);
        let links = ["links[0].connect", "links[1].tls.key_file"];
        assert_eq!(restarts(&links), links);
    }
}
