//! Exchanges without money: a name or a balance asked for. No debit, no reversal, nothing durable; they may be
//! asked again, and end with the patience of whoever asked.
//!
//! There are two ways: a channel asks, and the question goes to the switch; or the switch asks, and the question goes
//! to core. The machine is one.

use std::sync::Arc;

use super::input::{Line, Refusal};
use super::order::{Heard, Particulars};
use super::rules::{Class, Rules};
use crate::values::{
    AccountNumber, Amount, Institution, Moment, Name, ProcessingCode, ResponseCode, TransferId,
};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The exchange.
    pub id: TransferId,
    /// What is asked for, as the network codes it.
    pub kind: ProcessingCode,
    /// The account that asks, or stands for whoever asks.
    pub from: AccountNumber,
    /// The account that is asked about.
    pub account: AccountNumber,
    /// The other bank.
    pub counterparty: Institution,
    /// How much is to be moved later, where that is said.
    pub amount: Amount,
    /// What is said besides.
    pub particulars: Arc<Particulars>,
}

impl Inquiry {
    fn is_spoken_of(&self, heard: &Heard) -> bool {
        heard.whole
            && heard.amount.is_none_or(|amount| amount == self.amount)
            && heard.kind.is_none_or(|kind| kind == self.kind)
            && heard.to.is_none_or(|account| account == self.account)
    }
}

/// Who asks whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// A channel of ours asks the switch.
    Out,
    /// The switch asks our core.
    In,
}

/// What is known of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Whose it is.
    pub holder: Option<Name>,
    /// What is on it.
    pub balance: Option<Amount>,
}

/// What core says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountAnswer {
    /// It is there and active.
    Active(Holding),
    /// It can't be paid to, for this reason.
    Refused(Refusal),
    /// No answer, or none that says anything.
    None,
}

/// What can happen to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeInput {
    /// The switch answered.
    Switch(Heard, Holding),
    /// Core answered, or did not.
    Core(AccountAnswer),
    /// What the link knows of the question.
    Line(Line),
    /// The deadline has come.
    Due,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is the answer.
    Answered(ResponseCode, Holding),
    /// Whoever was asked declined to answer, or, where the switch asks, it is told so.
    Declined(ResponseCode),
    /// There is no answer, and none is waited for any more.
    Unanswered,
}

/// What becomes of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It waits on.
    Wait,
    /// The answer speaks of something else; it waits on.
    Mismatched,
    /// It is asked again, and waits on.
    Ask(Exchange),
    /// It is over.
    Over(Outcome),
}

/// A question under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who asks whom.
    pub way: Way,
    /// How often it was asked.
    pub tries: u16,
    /// When to ask again, or to give up.
    pub due: Moment,
    /// Until when whoever asked is waiting.
    pub patience: Moment,
}

impl Exchange {
    /// A question that is asked now for the first time.
    #[must_use]
    pub fn ask(way: Way, now: Moment, patience: Moment, rules: &Rules) -> Self {
        let wait = match way {
            Way::Out => rules.response_timeout,
            Way::In => rules.core.first,
        };
        Self { way, tries: 1, due: now.after(wait).min(patience), patience }
    }

    /// What an input makes of it.
    #[must_use]
    pub fn turn(
        &self,
        inquiry: &Inquiry,
        input: ExchangeInput,
        now: Moment,
        rules: &Rules,
    ) -> Turn {
        match input {
            ExchangeInput::Switch(heard, _) if !inquiry.is_spoken_of(&heard) => Turn::Mismatched,
            ExchangeInput::Switch(heard, holding) => match rules.classes.of(heard.code) {
                Class::Approved => Turn::Over(Outcome::Answered(heard.code, holding)),
                Class::Declined | Class::Unknown => Turn::Over(Outcome::Declined(heard.code)),
                Class::Retry => self.again(now, rules),
            },
            ExchangeInput::Core(AccountAnswer::Active(holding)) => {
                Turn::Over(Outcome::Answered(rules.inbound.approved, holding))
            }
            ExchangeInput::Core(AccountAnswer::Refused(refusal)) => {
                Turn::Over(Outcome::Declined(rules.inbound.refused(refusal)))
            }
            // The deadline asks again.
            ExchangeInput::Line(Line::Sent) | ExchangeInput::Core(AccountAnswer::None) => {
                Turn::Wait
            }
            ExchangeInput::Line(Line::NotSent | Line::Lost) | ExchangeInput::Due => {
                self.again(now, rules)
            }
        }
    }

    fn again(&self, now: Moment, rules: &Rules) -> Turn {
        if now >= self.patience || self.tries >= rules.inquiry_tries {
            return Turn::Over(match self.way {
                Way::Out => Outcome::Unanswered,
                Way::In => Outcome::Declined(rules.inbound.doubtful),
            });
        }
        let tries = self.tries.saturating_add(1);
        Turn::Ask(Self { tries, ..Self::ask(self.way, now, self.patience, rules) })
    }
}
