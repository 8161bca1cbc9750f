//! Faults on purpose: which messages they befall, how often, and what they do.
//!
//! A fault never changes what the books say: a request that was dropped has moved nothing, an answer that was
//! dropped or late has left the money where it says.

mod reader;

use std::time::Duration;

use serde::Serialize;

use super::chance::Chance;
use super::input::InputError;
use super::wire::Wire;
use crate::iso8583::{De, Mti};
use crate::values::ResponseCode;

/// What a fault does to a request of a bank and its answer.
///
/// All but [`Decline`](Self::Decline), [`WrongAmount`](Self::WrongAmount), [`UnknownStan`](Self::UnknownStan) and
/// [`OverwriteDe7`](Self::OverwriteDe7) also befall requests that the switch sends to a bank, and then the bank's answer where
/// they speak of an answer; both delays then send the request so much later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The request is answered with this code and has no effect.
    Decline(ResponseCode),
    /// The request waits so long before it is looked at, so that others overtake it.
    Delay(Duration),
    /// The request is lost, and has no effect.
    DropRequest,
    /// The request has its effect, and its answer is lost.
    DropResponse,
    /// The answer comes twice; so does a request that the switch sends.
    Duplicate,
    /// The request has its effect at once, and its answer comes so much later.
    Late(Duration),
    /// The answer speaks of an amount that is one minor unit too high.
    WrongAmount,
    /// The answer has a STAN that the bank didn't send.
    UnknownStan,
    /// In place of the message come bytes that are none.
    Garbage,
    /// In place of the message the line is cut.
    Disconnect,
    /// The answer has the switch's own transmission time.
    OverwriteDe7,
}

impl Action {
    /// Whether it can befall a request that the switch sends.
    const fn befalls_sent(self) -> bool {
        match self {
            Self::Delay(_)
            | Self::DropRequest
            | Self::DropResponse
            | Self::Duplicate
            | Self::Late(_)
            | Self::Garbage
            | Self::Disconnect => true,
            Self::Decline(_) | Self::WrongAmount | Self::UnknownStan | Self::OverwriteDe7 => false,
        }
    }
}

/// Which way a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Received,
    Sent,
}

/// What befalls which requests. It may name accounts, so it isn't printed.
#[derive(Clone)]
struct Rule {
    mti: Option<Mti>,
    /// Each must be there with this text; blanks at the end don't count.
    elements: Vec<(De, String)>,
    /// In a million.
    chance: u32,
    action: Action,
    tally: Tally,
}

/// A rule as it was written, with what may be personal masked, and how it fared.
#[derive(Clone, Debug, Serialize)]
pub struct Tally {
    /// The rule.
    pub rule: serde_json::Value,
    /// Requests that it matched, whether or not it befell them.
    pub matched: u64,
    /// Requests that it befell.
    pub hits: u64,
}

impl Rule {
    fn matches(&self, wire: &Wire, way: Way) -> bool {
        let trimmed = |de| wire.get(de).map(str::trim_end);
        (way == Way::Received || self.action.befalls_sent())
            && self.mti.is_none_or(|mti| mti == wire.mti())
            && self.elements.iter().all(|(de, text)| trimmed(*de) == Some(text.trim_end()))
    }
}

/// The rules, in the order in which they are tried. One request has one fault at most.
#[derive(Clone, Default)]
pub struct Faults(Vec<Rule>);

impl Faults {
    /// How many rules there may be.
    pub const RULES_MAX: usize = 256;

    /// Reads rules: a JSON array of `{match: {mti, de: {number: text}}, chance, action}`. Without `match` a rule befalls
    /// all requests, without `chance` (0 to 1) always. An action is its name, or an object of its name and what it takes:
    /// `"drop_request"`, `{"decline": {"rc": "51"}}`, `{"late": {"ms": 35000}}`.
    ///
    /// # Errors
    /// The first thing that is wrong, with the rule and the key.
    pub fn from_json(bytes: &[u8]) -> Result<Self, InputError> {
        reader::read(bytes).map(Self)
    }

    /// How the rules fared since they were read.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.0.iter().map(|rule| &rule.tally)
    }

    /// What befalls a request, if anything. The first rule that matches and has the luck decides.
    pub(super) fn draw(&mut self, wire: &Wire, way: Way, chance: &mut Chance) -> Option<Action> {
        for rule in self.0.iter_mut().filter(|rule| rule.matches(wire, way)) {
            rule.tally.matched += 1;
            if chance.millionths(rule.chance) {
                rule.tally.hits += 1;
                return Some(rule.action);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(mti: u16) -> Wire {
        let mut wire = Wire::new(Mti::new(mti).unwrap());
        wire.set(De::PROCESSING_CODE, "401000");
        wire.set(De::DESTINATION_BANK, "002  ");
        wire
    }

    fn faults(json: &str) -> Faults {
        Faults::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_rule_that_matches_and_has_the_luck_decides() {
        let mut faults = faults(
            r#"[{"match": {"mti": "0200", "de": {"3": "401000", "127": "002"}}, "chance": 0, "action": "garbage"},
                {"match": {"mti": "0200"}, "action": {"late": {"ms": 1500}}},
                {"action": {"decline": {"rc": "05"}}}]"#,
        );
        let mut chance = Chance::new(1);
        let late = Action::Late(Duration::from_millis(1500));
        assert_eq!(faults.draw(&wire(200), Way::Received, &mut chance), Some(late));
        let decline = Action::Decline(ResponseCode::literal(*b"05"));
        assert_eq!(faults.draw(&wire(201), Way::Received, &mut chance), Some(decline));
        assert_eq!(faults.draw(&wire(201), Way::Sent, &mut chance), None, "nobody declines ours");
        let fared: Vec<_> = faults.tallies().map(|tally| (tally.matched, tally.hits)).collect();
        assert_eq!(fared, [(1, 0), (1, 1), (1, 1)]);
    }

    #[test]
    fn a_chance_is_met_about_as_often_as_it_says() {
        let mut faults = faults(r#"[{"chance": 0.25, "action": "drop_response"}]"#);
        let mut chance = Chance::new(1);
        for _ in 0..10_000 {
            faults.draw(&wire(200), Way::Received, &mut chance);
        }
        let hits = faults.tallies().next().unwrap().hits;
        assert!((2300..2700).contains(&hits), "{hits}");
    }
}
