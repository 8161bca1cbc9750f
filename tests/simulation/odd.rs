//! Odd traffic: what real switches send beside good messages, and how often a run has it.
//!
//! `TITIAN_SIM_ODD=none` switches it off; `TITIAN_SIM_ODD=misrouted,wrong_date` allows only some of it.

use std::sync::LazyLock;

use serde_json::{Value, json};
use titian::simulator::NetworkRules;

use super::random::Random;

/// The kinds, and the highest rate of each in a thousand. The first ones are actions of fault rules of the simulated switch.
const KINDS: [(&str, u64); 21] = [
    ("original_without_institutions", 150),
    ("original_without_time", 150),
    ("original_zeros", 150),
    ("original_of_other_bank", 150),
    ("no_original", 150),
    ("unknown_original", 150),
    ("zero_replacement", 150),
    ("misrouted", 50),
    ("acquirer_is_receiver", 50),
    ("not_ascii", 60),
    ("empty_names", 60),
    ("undefined_element", 60),
    ("trailing_byte", 60),
    // Reversals of a part, and of a part that is not less than the whole.
    ("partial_reversal", 200),
    ("replacement_too_high", 150),
    ("zero_amount", 30),
    ("large_amount", 30),
    ("balance_inquiry", 300),
    // A repeat of a request after its reversal.
    ("late_repeat", 500),
    // Any request comes once more, byte by byte.
    ("replay", 100),
    // A business date that is not the next one.
    ("wrong_date", 15),
];

/// The number of kinds that are actions of fault rules.
const ACTIONS: usize = 13;

/// The actions that apply to movements only: an inquiry of that kind moves no money.
const OF_MOVEMENTS: [&str; 3] = ["misrouted", "acquirer_is_receiver", "empty_names"];

/// The kinds that the environment allows.
static ALLOWED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("TITIAN_SIM_ODD").ok());

pub(crate) fn is_allowed(kind: &str) -> bool {
    ALLOWED.as_ref().is_none_or(|allowed| allowed.split(',').any(|allowed| allowed == kind))
}

/// The rates of a run, in a thousand. They are drawn from the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OddRates([u64; KINDS.len()]);

impl OddRates {
    pub(crate) const NONE: Self = Self([0; KINDS.len()]);

    pub(crate) fn draw(random: &mut Random) -> Self {
        // Each kind is off in a third of the runs, so that the others also occur without it.
        Self(KINDS.map(|(kind, most)| {
            let (is_off, rate) = (random.permille(333), random.between(0, most));
            if is_off || !is_allowed(kind) { 0 } else { rate }
        }))
    }

    pub(crate) fn of(&self, kind: &str) -> u64 {
        self.0[KINDS.iter().position(|(known, _)| *known == kind).expect("a known kind")]
    }

    /// Returns the fault rules for the simulated switch.
    pub(crate) fn fault_rules(&self, rules: &NetworkRules) -> Vec<Value> {
        let actions = KINDS.iter().zip(self.0).take(ACTIONS);
        let movements = [rules.transfer, rules.qris, rules.withdrawal];
        let rules = actions.filter(|(_, rate)| *rate > 0).flat_map(|((action, _), rate)| {
            let chance = f64::from(u32::try_from(rate).unwrap()) / 1000.0;
            let rule = |filter: Value| json!({"match": filter, "chance": chance, "action": action});
            if OF_MOVEMENTS.contains(action) {
                movements.map(|kind| rule(json!({"de": {"3": kind.as_str()}}))).to_vec()
            } else {
                vec![rule(json!({}))]
            }
        });
        rules.collect()
    }
}
