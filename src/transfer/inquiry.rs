//! Account inquiries: requests for a name or a balance, which move no money. An inquiry has no debit and no reversal,
//! and is not stored. It is repeated until a response arrives, its tries are used up or its deadline passes. A response to
//! any of its messages counts until then.
//!
//! An outbound inquiry goes from a channel to the switch. An inbound inquiry goes from the switch to core. One machine
//! serves both.

use std::sync::Arc;

use super::core_reply::Refusal;
use super::input::SendStatus;
use super::order::{ResponseFields, TransferDetails};
use super::rules::{CoreRules, ResponseClass, Rules};
use crate::values::{
    AccountNumber, Amount, Direction, Institution, Moment, Name, ProcessingCode, ResponseCode,
    TransferId,
};

/// An account inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The id of the inquiry.
    pub id: TransferId,
    /// The processing code (DE3): name inquiry or balance inquiry.
    pub kind: ProcessingCode,
    /// The source account, which belongs to the customer who inquires.
    pub from: AccountNumber,
    /// The account that the inquiry is about.
    pub account: AccountNumber,
    /// The other bank.
    pub counterparty: Institution,
    /// The amount of the intended transfer; zero if it is not given.
    pub amount: Amount,
    /// Details for the message.
    pub details: Arc<TransferDetails>,
}

impl Inquiry {
    /// Whether a response belongs to this inquiry.
    fn is_matched_by(&self, response: &ResponseFields) -> bool {
        response.is_complete
            && response.amount.is_none_or(|amount| amount == self.amount)
            && response.kind.is_none_or(|kind| kind == self.kind)
            && response.to.is_none_or(|account| account == self.account)
    }
}

/// The details of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountDetails {
    /// The name of the account holder.
    pub holder: Option<Name>,
    /// The balance.
    pub balance: Option<Amount>,
}

/// Core's reply to an account inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountReply {
    /// The account exists and is active.
    Active(AccountDetails),
    /// The account cannot be credited, for this reason.
    Refused(Refusal),
    /// No reply, or a reply that gives no outcome.
    Unknown,
}

/// An input of an inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InquiryInput {
    /// The switch responded.
    Switch(ResponseFields, AccountDetails),
    /// Core replied, or did not.
    Core(AccountReply),
    /// The link reports whether the inquiry was sent.
    Send(SendStatus),
    /// The deadline was reached.
    Due,
}

/// How an inquiry ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InquiryOutcome {
    /// The inquiry succeeded, with these details.
    Approved(ResponseCode, AccountDetails),
    /// The switch declined the inquiry, or we decline it to the switch.
    Declined(ResponseCode),
    /// No response arrived before the deadline or the last attempt.
    NoResponse,
}

/// The next step of an inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InquiryStep {
    /// The inquiry stays open.
    Wait,
    /// The response does not match. The inquiry stays open.
    Mismatched,
    /// The inquiry stays open in this state: another of its messages may still be answered.
    Continue(OpenInquiry),
    /// The inquiry is sent again and stays open.
    Retry(OpenInquiry),
    /// The inquiry ends.
    Finished(InquiryOutcome),
}

/// An inquiry that awaits its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenInquiry {
    /// Who sends the inquiry.
    pub direction: Direction,
    /// How many times it was sent.
    pub tries: u16,
    /// How many of its messages may still be answered.
    pub unanswered: u16,
    /// When to repeat it or to end it.
    pub due: Moment,
    /// The latest time at which a response is of use.
    pub deadline: Moment,
}

impl OpenInquiry {
    /// An inquiry that is sent now for the first time.
    #[must_use]
    pub fn start(
        direction: Direction,
        now: Moment,
        deadline: Moment,
        (rules, core): (&Rules, &CoreRules),
    ) -> Self {
        let unsent = Self { direction, tries: 0, unanswered: 0, due: deadline, deadline };
        unsent.next_try(now, (rules, core))
    }

    /// Returns the inquiry as it is sent once more, now. The last message to the switch waits until the deadline.
    fn next_try(&self, now: Moment, (rules, core): (&Rules, &CoreRules)) -> Self {
        let tries = self.tries.saturating_add(1);
        let due = match self.direction {
            Direction::Outbound if tries >= rules.inquiry_tries => self.deadline,
            Direction::Outbound => now.after(rules.inquiry_response).min(self.deadline),
            Direction::Inbound => now.after(core.repeats.first).min(self.deadline),
        };
        Self { tries, unanswered: self.unanswered.saturating_add(1), due, ..*self }
    }

    /// Returns the next step after an input.
    #[must_use]
    pub fn decide(
        &self,
        inquiry: &Inquiry,
        input: InquiryInput,
        now: Moment,
        (rules, core): (&Rules, &CoreRules),
    ) -> InquiryStep {
        match input {
            InquiryInput::Switch(response, _) if !inquiry.is_matched_by(&response) => {
                InquiryStep::Mismatched
            }
            InquiryInput::Switch(response, details) => match rules.classes.of(response.code) {
                ResponseClass::Approved => {
                    InquiryStep::Finished(InquiryOutcome::Approved(response.code, details))
                }
                ResponseClass::Declined | ResponseClass::Unknown => {
                    InquiryStep::Finished(InquiryOutcome::Declined(response.code))
                }
                ResponseClass::Retry => self.replace_message(now, (rules, core)),
            },
            InquiryInput::Core(AccountReply::Active(details)) => {
                InquiryStep::Finished(InquiryOutcome::Approved(rules.inbound.approved, details))
            }
            InquiryInput::Core(AccountReply::Refused(refusal)) => {
                InquiryStep::Finished(InquiryOutcome::Declined(rules.inbound.refusal_code(refusal)))
            }
            // The deadline repeats it.
            InquiryInput::Send(SendStatus::Sent) | InquiryInput::Core(AccountReply::Unknown) => {
                InquiryStep::Wait
            }
            InquiryInput::Send(SendStatus::NotSent | SendStatus::Lost) => {
                self.replace_message(now, (rules, core))
            }
            InquiryInput::Due => self.retry(now, (rules, core)),
        }
    }

    /// One message of the inquiry gets no answer of use: sends another one, or waits for the answers to the others.
    fn replace_message(&self, now: Moment, (rules, core): (&Rules, &CoreRules)) -> InquiryStep {
        let rest = Self { unanswered: self.unanswered.saturating_sub(1), ..*self };
        match rest.retry(now, (rules, core)) {
            InquiryStep::Finished(_) if rest.unanswered > 0 && now < rest.deadline => {
                InquiryStep::Continue(rest)
            }
            step => step,
        }
    }

    fn retry(&self, now: Moment, (rules, core): (&Rules, &CoreRules)) -> InquiryStep {
        if now >= self.deadline || self.tries >= rules.inquiry_tries {
            return InquiryStep::Finished(match self.direction {
                Direction::Outbound => InquiryOutcome::NoResponse,
                Direction::Inbound => InquiryOutcome::Declined(rules.inbound.outcome_unknown),
            });
        }
        InquiryStep::Retry(self.next_try(now, (rules, core)))
    }
}
