//! The transfers and the faults of a demo. All of them follow from the seed.

use serde_json::{Value, json};

use super::Faults;
use super::folder::{ACCOUNTS, LOW_BALANCE};
use crate::harness::{BANK, TransferRequest, account};
use crate::random;

/// Banks that the simulated switch plays.
const BANKS: [&str; 5] = ["002", "008", "014", "022", "451"];

/// Returns the transfer at an index of the load.
pub(in crate::cli) fn wanted(seed: u64, index: u64) -> TransferRequest {
    let draw = |nth: u64| random::nth(seed, index.wrapping_mul(8).wrapping_add(nth));
    let bank = usize::try_from(draw(0) % 5).ok().and_then(|nth| BANKS.get(nth)).unwrap_or(&"014");
    // Some accounts at other banks are closed or do not exist.
    let to = match draw(1) % 100 {
        0 => "1000000002".to_owned(),
        1 => "1000000003".to_owned(),
        _ => format!("{:010}", 2_000_000_000 + draw(2) % 1_000_000_000),
    };
    TransferRequest {
        number: index + 1,
        from: account(draw(3) % ACCOUNTS),
        to: ((*bank).to_owned(), to),
        minor: 100 * (10_000 + draw(4) % 2_000_000) + draw(5) % 100,
    }
}

/// Returns the inbound traffic that the switch sends.
///
/// Accounts with a low balance get none: a credit that the customer has spent cannot be reversed without a person.
pub(in crate::cli) fn traffic(tps: u64, faults: Faults) -> Value {
    let accounts: Vec<_> = (LOW_BALANCE..ACCOUNTS).map(account).collect();
    json!({
        "bank": BANK,
        "per_second": (tps / 3).clamp(1, 10_000),
        "accounts": accounts,
        "min_amount_minor": 1_000_000,
        "max_amount_minor": 200_000_000,
        "inquiries_per_thousand": 100,
        "reversals_per_thousand": 40,
        "partial_reversals_per_thousand": if faults == Faults::Storm { 40 } else { 0 },
    })
}

/// Returns the fault rules of the switch. The first rule that matches and whose chance is drawn applies.
pub(in crate::cli) fn faults(faults: Faults) -> Value {
    let rule = |mti: &str, chance: f64, action: Value| json!({ "match": { "mti": mti }, "chance": chance, "action": action });
    match faults {
        Faults::None => json!([]),
        Faults::Usual => json!([
            rule("0200", 0.02, json!({ "decline": { "rc": "51" } })),
            rule("0200", 0.01, json!("drop_response")),
            rule("0200", 0.005, json!("drop_request")),
            rule("0200", 0.005, json!("duplicate")),
            rule("0200", 0.005, json!({ "late": { "ms": 1500 } })),
            rule("0420", 0.1, json!("drop_response")),
        ]),
        Faults::Storm => json!([
            rule("0200", 0.05, json!({ "decline": { "rc": "51" } })),
            rule("0200", 0.05, json!("drop_response")),
            rule("0200", 0.05, json!("drop_request")),
            rule("0200", 0.03, json!("duplicate")),
            rule("0200", 0.04, json!({ "late": { "ms": 1500 } })),
            rule("0200", 0.01, json!({ "late": { "ms": 3000 } })),
            rule("0200", 0.02, json!({ "delay": { "ms": 1500 } })),
            rule("0200", 0.01, json!("wrong_amount")),
            rule("0200", 0.01, json!("unknown_stan")),
            rule("0200", 0.01, json!("overwrite_de7")),
            rule("0200", 0.003, json!("garbage")),
            rule("0200", 0.001, json!("disconnect")),
            // Odd messages, as real switches send them.
            rule("0200", 0.01, json!("misrouted")),
            rule("0200", 0.01, json!("not_ascii")),
            rule("0200", 0.005, json!("trailing_byte")),
            rule("0420", 0.1, json!("original_without_institutions")),
            rule("0420", 0.1, json!("original_zeros")),
            rule("0420", 0.1, json!("no_original")),
            rule("0420", 0.3, json!("drop_response")),
            rule("0420", 0.1, json!("drop_request")),
            rule("0421", 0.2, json!("drop_response")),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_load() {
        let all = |seed| (0..50).map(|index| wanted(seed, index).minor).collect::<Vec<_>>();
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        assert!(all(1).iter().all(|minor| *minor >= 1_000_000));
    }
}
