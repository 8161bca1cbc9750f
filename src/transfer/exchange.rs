//! Exchanges without money: a name asked for, a balance, a status. No debit, no reversal, nothing durable; they
//! may be asked again, and end with the patience of whoever asked.

use super::input::Line;
use super::order::Answer;
use super::rules::{Class, Rules};
use crate::values::{Moment, ResponseCode};

/// A question under way to the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// How often it was asked.
    pub tries: u16,
    /// When to ask again, or to give up.
    pub due: Moment,
    /// Until when whoever asked is waiting.
    pub patience: Moment,
}

/// What can happen to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeInput {
    /// The switch answered.
    Answer(Answer),
    /// What the link knows of the question.
    Line(Line),
    /// The deadline has come.
    Due,
}

/// What becomes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It waits on.
    Wait,
    /// It is asked again, and waits on.
    Ask(Exchange),
    /// It is answered.
    Answered(ResponseCode),
    /// The switch declined to answer.
    Declined(ResponseCode),
    /// There is no answer, and none is waited for any more.
    Unanswered,
}

impl Exchange {
    /// A question that is asked now for the first time.
    #[must_use]
    pub fn ask(now: Moment, patience: Moment, rules: &Rules) -> Self {
        Self { tries: 1, due: now.after(rules.response_timeout).min(patience), patience }
    }

    /// What an input makes of it.
    #[must_use]
    pub fn turn(&self, input: ExchangeInput, now: Moment, rules: &Rules) -> Turn {
        match input {
            ExchangeInput::Answer(answer) => match rules.classes.of(answer.code) {
                Class::Approved => Turn::Answered(answer.code),
                Class::Declined | Class::Unknown => Turn::Declined(answer.code),
                Class::Retry => self.again(now, rules),
            },
            ExchangeInput::Line(Line::Sent) => Turn::Wait,
            ExchangeInput::Line(Line::NotSent | Line::Lost) | ExchangeInput::Due => {
                self.again(now, rules)
            }
        }
    }

    fn again(&self, now: Moment, rules: &Rules) -> Turn {
        if now >= self.patience || self.tries >= rules.inquiry_tries {
            return Turn::Unanswered;
        }
        let tries = self.tries.saturating_add(1);
        Turn::Ask(Self { tries, ..Self::ask(now, self.patience, rules) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transfer::{
        AfterUnknown, Backoff, Classes, InboundCodes, InquiryRules, ReversalClasses,
    };
    use crate::values::{Amount, Currency, Value};

    fn code(text: &str) -> ResponseCode {
        ResponseCode::from_ascii(text.as_bytes()).unwrap()
    }

    fn answer(text: &str) -> ExchangeInput {
        let amount = Amount::new(0, Currency::IDR);
        ExchangeInput::Answer(Answer { code: code(text), amount, echoes: true })
    }

    fn rules() -> Rules {
        let second = Duration::from_secs(1);
        let backoff = Backoff { first: second, longest: second, jitter_percent: 0 };
        Rules {
            classes: Classes::new(vec![
                (code("00"), Class::Approved),
                (code("14"), Class::Declined),
                (code("91"), Class::Retry),
            ]),
            reversal_classes: ReversalClasses::default(),
            response_timeout: Duration::from_secs(10),
            inquiry_tries: 2,
            after_unknown: AfterUnknown::Hold(InquiryRules { tries: 1, apart: second }),
            core: backoff,
            posting_tries: 1,
            inbound: InboundCodes {
                approved: code("00"),
                doubtful: code("68"),
                reversed_before: code("12"),
                reversal_before: code("00"),
                reversed_already: code("94"),
                mismatched: code("13"),
                refusals: Vec::new(),
                refused_otherwise: code("05"),
                answer_within: second,
            },
        }
    }

    #[test]
    fn a_question_is_asked_again_within_tries_and_patience_only() {
        let (rules, start) = (rules(), Moment::from_millis(0));
        let at = |seconds| start.after(Duration::from_secs(seconds));
        let first = Exchange::ask(start, at(15), &rules);
        assert_eq!(first.turn(answer("00"), start, &rules), Turn::Answered(code("00")));
        assert_eq!(first.turn(answer("14"), start, &rules), Turn::Declined(code("14")));
        assert_eq!(first.turn(answer("ZZ"), start, &rules), Turn::Declined(code("ZZ")));
        let Turn::Ask(second) = first.turn(answer("91"), at(9), &rules) else {
            panic!("asked again")
        };
        assert_eq!((second.tries, second.due), (2, at(15)), "no longer than patience");
        assert_eq!(second.turn(ExchangeInput::Due, at(14), &rules), Turn::Unanswered);
        let late = first.turn(ExchangeInput::Line(Line::Lost), at(15), &rules);
        assert_eq!(late, Turn::Unanswered, "patience is over");
        assert_eq!(first.turn(ExchangeInput::Line(Line::Sent), at(1), &rules), Turn::Wait);
    }
}
