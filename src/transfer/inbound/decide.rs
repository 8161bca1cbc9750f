//! What happens next: a state and an input give facts and effects. Each state answers every input.

use super::{Asked, Bar, Demand, Inbound, InboundFact as Fact, InboundInput as Input, Undo};
use crate::mutation::{Mutant, broken};
use crate::transfer::Context;
use crate::transfer::effect::{About, Alarm, Decision, Effect, Posting, Reply};
use crate::transfer::input::{CancelAnswer, PostingAnswer, Refusal, TwoPersons, Was};
use crate::transfer::order::Receipt;
use crate::values::{Moment, ResponseCode, TransferId};

impl Inbound {
    /// Takes a request on: it is recorded, and core is asked for the posting.
    pub fn receive(demand: &Demand, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        decision.facts.push(Fact::Received { demand: demand.clone() });
        let answer_by = context.now.after(context.rules.inbound.answer_within);
        Next { demand, context, decision }.ask_posting(0, answer_by);
    }

    /// Takes a reversal or a status inquiry on whose original did not come: it leaves a mark that bars the original.
    pub fn bar(demand: &Demand, by: Bar, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        decision.facts.push(Fact::Barred { demand: demand.clone(), by });
        let mut next = Next { demand, context, decision };
        let (about, code) = match by {
            Bar::Reversal => (About::Reversal, next.context.rules.inbound.reversal_before),
            Bar::StatusInquiry => (About::Status, next.context.rules.inbound.not_found),
        };
        next.answer_to(about, demand.id, code);
    }

    /// What an input brings about in this state.
    pub fn decide(&self, input: &Input, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        let mut next = Next { demand: self.demand(), context, decision };
        if let Some((about, asked)) = input.message()
            && !self.is_of(asked)
            && !broken(Mutant::AnswerAnother)
        {
            return next.mismatch(about, asked);
        }
        match self {
            Self::Received(_) | Self::Posted(..) | Self::Rejected(..) => next.unexpected(input),
            Self::Posting { tries, answer_by, .. } => next.posting(*tries, *answer_by, input),
            Self::Approved { code, .. } => next.approved(*code, input),
            Self::Declined { code, .. } => next.declined(*code, input),
            Self::Undoing { undo, tries, .. } => next.undoing(*undo, *tries, input),
            Self::Undone { undo, .. } => next.undone(*undo, input),
            Self::Barred(_, by) => next.barred(*by, input),
        }
    }

    /// Whether a message under this transfer's numbers speaks of it. Other banks' numbers come round too. Of what is
    /// barred nothing is known but what the message said that barred it.
    fn is_of(&self, asked: &Asked) -> bool {
        let Demand { amount, account, .. } = self.demand();
        matches!(self, Self::Barred(..)) || (asked.amount, asked.account) == (*amount, *account)
    }
}

impl Input {
    /// The message of the switch that it is, if it is one.
    const fn message(&self) -> Option<(About, &Asked)> {
        match self {
            Self::Again(asked) => Some((About::Request, asked)),
            Self::Reversal(asked) => Some((About::Reversal, asked)),
            Self::StatusAsked(asked) => Some((About::Status, asked)),
            Self::Posting(_) | Self::Cancel(_) | Self::Resolve(_) | Self::Due | Self::Restarted => {
                None
            }
        }
    }
}

/// A decision being made about a transfer.
struct Next<'d, 'c> {
    demand: &'d Demand,
    context: &'d mut Context<'c>,
    decision: &'d mut Decision<Fact>,
}

/// The states, in the order of a transfer's life.
impl Next<'_, '_> {
    fn posting(&mut self, tries: u16, answer_by: Moment, input: &Input) {
        let too_late = self.context.now >= answer_by;
        match input {
            Input::Posting(PostingAnswer::Posted) if !too_late => {
                self.fact(Fact::Posted(Receipt::posted(self.context.now)));
                self.answer(self.context.rules.inbound.approved);
            }
            Input::Posting(PostingAnswer::Refused(refusal)) if tries == 1 => self.reject(*refusal),
            Input::Posting(PostingAnswer::Refused(refusal)) => {
                let told = self.context.rules.inbound.refused(*refusal);
                self.undo(Undo::Refused { told }, 0);
                self.answer(told);
            }
            Input::Posting(PostingAnswer::Barred) => self.reject(Refusal::Other),
            Input::Posting(PostingAnswer::Conflict) => {
                self.raise(Alarm::CoreDiffers);
                self.doubt();
            }
            Input::Due if !too_late => self.ask_posting(tries, answer_by),
            Input::Posting(PostingAnswer::Posted) | Input::Due => self.doubt(),
            Input::Reversal(asked) => {
                self.undo(Undo::ReversedUnanswered, 0);
                self.answer_to(About::Reversal, asked.id, self.context.rules.inbound.approved);
            }
            // It is answered when core has.
            Input::Again(_) => self.fact(Fact::CameAgain),
            Input::StatusAsked(asked) => {
                self.answer_to(About::Status, asked.id, self.context.rules.inbound.in_progress);
            }
            Input::Posting(PostingAnswer::None) | Input::Restarted => {}
            Input::Cancel(_) | Input::Resolve(_) => self.unexpected(input),
        }
    }

    fn approved(&mut self, code: ResponseCode, input: &Input) {
        match input {
            Input::Again(asked) => self.answer_again(asked, code),
            Input::StatusAsked(asked) => self.answer_to(About::Status, asked.id, code),
            Input::Reversal(asked) => {
                self.undo(Undo::Reversed { told: code }, 0);
                self.answer_to(About::Reversal, asked.id, self.context.rules.inbound.approved);
            }
            Input::Posting(PostingAnswer::Posted | PostingAnswer::None) | Input::Restarted => {}
            Input::Posting(
                PostingAnswer::Refused(_) | PostingAnswer::Conflict | PostingAnswer::Barred,
            ) => self.differs(input),
            Input::Cancel(_) | Input::Resolve(_) | Input::Due => self.unexpected(input),
        }
    }

    fn declined(&mut self, code: ResponseCode, input: &Input) {
        match input {
            Input::Again(asked) => self.answer_again(asked, code),
            Input::StatusAsked(asked) => self.answer_to(About::Status, asked.id, code),
            // Nothing stands, so there is nothing to undo.
            Input::Reversal(asked) => {
                self.answer_to(About::Reversal, asked.id, self.context.rules.inbound.approved);
            }
            Input::Posting(PostingAnswer::Posted) => self.differs(input),
            Input::Posting(_) | Input::Restarted => {}
            Input::Cancel(_) | Input::Resolve(_) | Input::Due => self.unexpected(input),
        }
    }

    fn undoing(&mut self, undo: Undo, tries: u16, input: &Input) {
        match input {
            Input::Cancel(CancelAnswer::Was(was)) => {
                if *was == Was::Absent && undo.stood() {
                    self.raise(Alarm::CoreDiffers);
                }
                self.fact(Fact::Undone(*was));
            }
            Input::Cancel(CancelAnswer::Refused) => {
                self.raise(Alarm::Exception);
                self.unexpected(input);
            }
            Input::Resolve(persons) => self.vouched(persons),
            Input::Due if broken(Mutant::ForgetUndo) => {}
            Input::Due => self.undo(undo, tries),
            Input::Again(_) | Input::Reversal(_) | Input::StatusAsked(_) => {
                self.undone(undo, input);
            }
            // A late answer about the posting changes nothing: core will say what it was.
            Input::Posting(_) | Input::Cancel(CancelAnswer::None) | Input::Restarted => {}
        }
    }

    fn undone(&mut self, undo: Undo, input: &Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::Again(asked) => self.answer_again(
                asked,
                match undo {
                    Undo::Doubtful { told } | Undo::Refused { told } | Undo::Reversed { told } => {
                        told
                    }
                    Undo::ReversedUnanswered => codes.reversed_before,
                },
            ),
            Input::Reversal(asked) => self.answer_to(
                About::Reversal,
                asked.id,
                match undo {
                    Undo::Doubtful { .. } | Undo::Refused { .. } => codes.approved,
                    Undo::Reversed { .. } | Undo::ReversedUnanswered => codes.reversed_already,
                },
            ),
            Input::StatusAsked(asked) => self.answer_to(About::Status, asked.id, codes.undone),
            Input::Cancel(_) | Input::Posting(_) | Input::Restarted => {}
            Input::Resolve(_) | Input::Due => self.unexpected(input),
        }
    }

    fn barred(&mut self, by: Bar, input: &Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::Again(asked) => self.answer_again(asked, codes.reversed_before),
            Input::Reversal(asked) => {
                self.answer_to(About::Reversal, asked.id, codes.reversed_already);
            }
            Input::StatusAsked(asked) => {
                let code = match by {
                    Bar::Reversal => codes.undone,
                    Bar::StatusInquiry => codes.not_found,
                };
                self.answer_to(About::Status, asked.id, code);
            }
            Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::Resolve(_) | Input::Due => {
                self.unexpected(input);
            }
        }
    }
}

/// The moves that the states make.
impl Next<'_, '_> {
    /// Core is asked, and again until it is too late to answer.
    fn ask_posting(&mut self, tries: u16, answer_by: Moment) {
        let due = self.context.core_due(tries).min(answer_by);
        self.fact(Fact::PostingAsked { due, answer_by });
        let Demand { id, side, account, amount, counterparty, .. } = *self.demand;
        self.effect(Effect::AskPosting(Posting { id, side, account, amount, counterparty }));
        if broken(Mutant::AnswerBeforePosting) {
            let code = self.context.rules.inbound.approved;
            self.effect(Effect::Answer(Reply { id, to: id, about: About::Request, code }));
        }
    }

    fn reject(&mut self, refusal: Refusal) {
        self.fact(Fact::Rejected(refusal));
        self.answer(self.context.rules.inbound.refused(refusal));
    }

    /// Too late to wait for core: the switch is told so, and the posting must not stand.
    fn doubt(&mut self) {
        let told = self.context.rules.inbound.doubtful;
        self.undo(Undo::Doubtful { told }, 0);
        self.answer(told);
    }

    /// Core is asked to cancel the posting until it says that it has; when it doesn't for too long, somebody is called.
    fn undo(&mut self, undo: Undo, tries: u16) {
        let due = self.context.cancel_due(tries);
        self.fact(Fact::UndoAsked { undo, due });
        self.effect(Effect::CancelPosting(self.demand.id));
        if self.context.is_overdue(tries) {
            self.raise(Alarm::Exception);
        }
    }

    fn vouched(&mut self, persons: &TwoPersons) {
        self.fact(Fact::Resolved(persons.clone()));
        self.fact(Fact::Undone(Was::Cancelled));
    }

    /// The request is answered, with what is recorded.
    fn answer(&mut self, code: ResponseCode) {
        self.answer_to(About::Request, self.demand.id, code);
    }

    /// The same answer as before, however often the request comes.
    fn answer_again(&mut self, asked: &Asked, code: ResponseCode) {
        self.fact(Fact::CameAgain);
        self.reply(About::Request, asked.id, code);
    }

    /// A message of the switch is answered, with what is recorded.
    fn answer_to(&mut self, about: About, to: TransferId, code: ResponseCode) {
        self.fact(match about {
            About::Request => Fact::Answered(code),
            About::Reversal => Fact::ReversalAnswered(code),
            About::Status => Fact::StatusAnswered(code),
        });
        self.reply(about, to, code);
    }

    fn reply(&mut self, about: About, to: TransferId, code: ResponseCode) {
        self.effect(Effect::Answer(Reply { id: self.demand.id, to, about, code }));
    }

    /// It has this transfer's numbers and speaks of another: it is none of it.
    fn mismatch(&mut self, about: About, asked: &Asked) {
        self.fact(Fact::Mismatched(*asked));
        self.raise(Alarm::Mismatch);
        self.reply(about, asked.id, self.context.rules.inbound.mismatched);
    }

    /// Core says what can't be true.
    fn differs(&mut self, input: &Input) {
        self.raise(Alarm::CoreDiffers);
        self.unexpected(input);
    }

    fn unexpected(&mut self, input: &Input) {
        self.fact(Fact::Unexpected(input.clone()));
    }

    fn raise(&mut self, alarm: Alarm) {
        self.effect(Effect::Raise(self.demand.id, alarm));
    }

    fn fact(&mut self, fact: Fact) {
        self.decision.facts.push(fact);
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}
