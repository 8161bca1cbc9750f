//! Fault rules: which messages get a fault, how often, and what the fault does.
//!
//! A fault changes messages, never the books: a dropped request has moved no money, and a dropped or late response does not undo
//! what the books say.

mod reader;

use std::time::Duration;

use serde::Serialize;

use super::message::TextMessage;
use super::odd_bytes::OddBytes;
use super::odd_forms::OddForm;
use crate::iso8583::{De, Mti};
use crate::random::Random;
use crate::values::ResponseCode;

/// What a fault does to a request of a bank and to its response.
///
/// All faults except [`Decline`](Self::Decline), [`WrongAmount`](Self::WrongAmount), [`UnknownStan`](Self::UnknownStan) and
/// [`OverwriteDe7`](Self::OverwriteDe7) also apply to requests that the switch sends. There, [`DropResponse`](Self::DropResponse)
/// drops the bank's response; [`Delay`](Self::Delay) and [`Late`](Self::Late) both delay the request. [`Form`](Self::Form) applies
/// to requests of the switch only, and [`Bytes`](Self::Bytes) to all financial messages and reversals. Both change the first request
/// of the switch, and its repeats are as odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultAction {
    /// The response has this code, and the request has no effect.
    Decline(ResponseCode),
    /// The request is handled after this time, so that others may overtake it.
    Delay(Duration),
    /// The request is lost and has no effect.
    DropRequest,
    /// The request has its effect; its response is lost.
    DropResponse,
    /// The response is sent twice, or the request of the switch.
    Duplicate,
    /// The request has its effect at once; its response is sent after this time.
    Late(Duration),
    /// The amount of the response is one minor unit too high.
    WrongAmount,
    /// The response has a STAN that the bank did not send.
    UnknownStan,
    /// Random bytes are sent instead of the message.
    Garbage,
    /// The connection is closed instead of sending the message.
    Disconnect,
    /// The response has the transmission time (DE7) of the switch.
    OverwriteDe7,
    /// The request of the switch has an odd form.
    Form(OddForm),
    /// The encoding of the message is odd.
    Bytes(OddBytes),
}

impl FaultAction {
    /// Whether it can apply to a message of this type in this direction.
    const fn applies_to(self, mti: Mti, flow: MessageFlow) -> bool {
        match self {
            Self::Delay(_)
            | Self::DropRequest
            | Self::DropResponse
            | Self::Duplicate
            | Self::Late(_)
            | Self::Garbage
            | Self::Disconnect => true,
            Self::Decline(_) | Self::WrongAmount | Self::UnknownStan | Self::OverwriteDe7 => {
                matches!(flow, MessageFlow::FromBank)
            }
            Self::Form(form) => matches!(flow, MessageFlow::ToBank) && form.applies_to(mti),
            Self::Bytes(_) => !mti.is_management(),
        }
    }
}

/// The direction of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageFlow {
    FromBank,
    ToBank,
}

/// A rule that applies a fault to some requests. It has no `Debug`, since it may contain account numbers.
#[derive(Clone)]
struct FaultRule {
    mti: Option<Mti>,
    /// The texts that these elements must have, without blanks at the end.
    elements: Vec<(De, String)>,
    /// The probability in millionths.
    chance: u32,
    action: FaultAction,
    view: FaultRuleView,
}

/// A rule as it was written, with personal data masked, and its counts.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRuleView {
    /// The rule in JSON.
    pub rule: serde_json::Value,
    /// The number of requests that matched the rule.
    pub matched: u64,
    /// The number of requests that got the fault.
    pub hits: u64,
}

impl FaultRule {
    fn matches(&self, message: &TextMessage, flow: MessageFlow) -> bool {
        let trimmed = |de| message.get(de).map(str::trim_end);
        self.action.applies_to(message.mti(), flow)
            && self.mti.is_none_or(|mti| mti == message.mti())
            && self.elements.iter().all(|(de, text)| trimmed(*de) == Some(text.trim_end()))
    }
}

/// The rules in their order. A request gets at most one fault.
#[derive(Clone, Default)]
pub struct FaultRules(Vec<FaultRule>);

impl FaultRules {
    /// The most rules.
    pub const RULES_MAX: usize = 256;

    /// Returns the rules with their counts.
    pub fn views(&self) -> impl Iterator<Item = &FaultRuleView> {
        self.0.iter().map(|rule| &rule.view)
    }

    /// Draws the fault of a request. The first rule that matches and whose chance is drawn applies.
    pub(super) fn draw(
        &mut self,
        message: &TextMessage,
        flow: MessageFlow,
        random: &mut Random,
    ) -> Option<FaultAction> {
        for rule in self.0.iter_mut().filter(|rule| rule.matches(message, flow)) {
            rule.view.matched += 1;
            if random.is_hit(rule.chance) {
                rule.view.hits += 1;
                return Some(rule.action);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(mti: u16) -> TextMessage {
        let mut message = TextMessage::new(Mti::new(mti).unwrap());
        message.set(De::PROCESSING_CODE, "401000");
        message.set(De::DESTINATION_BANK, "002  ");
        message
    }

    fn rules(json: &str) -> FaultRules {
        FaultRules::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_rule_that_matches_and_whose_chance_is_drawn_applies() {
        let mut rules = rules(
            r#"[{"match": {"mti": "0200", "de": {"3": "401000", "127": "002"}}, "chance": 0, "action": "garbage"},
                {"match": {"mti": "0200"}, "action": {"late": {"ms": 1500}}},
                {"action": {"decline": {"rc": "05"}}}]"#,
        );
        let mut random = Random::new(1);
        let late = FaultAction::Late(Duration::from_millis(1500));
        assert_eq!(rules.draw(&message(200), MessageFlow::FromBank, &mut random), Some(late));
        let decline = FaultAction::Decline(ResponseCode::from_number(5));
        assert_eq!(rules.draw(&message(201), MessageFlow::FromBank, &mut random), Some(decline));
        assert_eq!(
            rules.draw(&message(201), MessageFlow::ToBank, &mut random),
            None,
            "a request of the switch is not declined"
        );
        let counts: Vec<_> = rules.views().map(|view| (view.matched, view.hits)).collect();
        assert_eq!(counts, [(1, 0), (1, 1), (1, 1)]);
    }

    #[test]
    fn a_fault_comes_about_as_often_as_its_chance_says() {
        let mut rules = rules(r#"[{"chance": 0.25, "action": "drop_response"}]"#);
        let mut random = Random::new(1);
        for _ in 0..10_000 {
            rules.draw(&message(200), MessageFlow::FromBank, &mut random);
        }
        let hits = rules.views().next().unwrap().hits;
        assert!((2300..2700).contains(&hits), "{hits}");
    }
}
