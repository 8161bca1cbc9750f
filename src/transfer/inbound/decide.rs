//! What happens next: a state and an input give facts and effects. Each state answers every input.

use super::{Bar, Demand, Inbound, InboundFact as Fact, InboundInput as Input, Undo};
use crate::mutation::{Mutant, broken};
use crate::transfer::Context;
use crate::transfer::effect::{Alarm, Decision, Effect, Posting};
use crate::transfer::input::{CancelAnswer, PostingAnswer, Refusal};
use crate::transfer::order::Receipt;
use crate::values::{Amount, Moment, ResponseCode};

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
        let codes = &context.rules.inbound;
        let (reversal, status) = (codes.reversal_before, codes.not_found);
        let mut next = Next { demand, context, decision };
        match by {
            Bar::Reversal => next.answer_reversal(reversal),
            Bar::StatusInquiry => next.answer_status(status),
        }
    }

    /// What an input brings about in this state.
    pub fn decide(&self, input: &Input, context: &mut Context<'_>, decision: &mut Decision<Fact>) {
        let mut next = Next { demand: self.demand(), context, decision };
        if let Input::Reversal { amount } = input
            && *amount != next.demand.amount
        {
            return next.mismatch(*amount);
        }
        match self {
            Self::Received(_) | Self::Posted(..) | Self::Rejected(..) => next.unexpected(*input),
            Self::Posting { tries, answer_by, .. } => next.posting(*tries, *answer_by, *input),
            Self::Approved { code, .. } => next.approved(*code, *input),
            Self::Declined { code, .. } => next.declined(*code, *input),
            Self::Undoing { undo, tries, .. } => next.undoing(*undo, *tries, *input),
            Self::Undone { undo, .. } => next.undone(*undo, *input),
            Self::Barred(_, by) => next.barred(*by, *input),
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
    fn posting(&mut self, tries: u16, answer_by: Moment, input: Input) {
        let too_late = self.context.now >= answer_by;
        match input {
            Input::Posting(PostingAnswer::Posted) if !too_late => {
                self.fact(Fact::Posted(Receipt::posted(self.context.now)));
                self.answer(self.context.rules.inbound.approved);
            }
            Input::Posting(PostingAnswer::Refused(refusal)) if tries == 1 => self.reject(refusal),
            Input::Posting(PostingAnswer::Refused(refusal)) => {
                let told = self.context.rules.inbound.refused(refusal);
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
            Input::Reversal { .. } => {
                self.undo(Undo::ReversedUnanswered, 0);
                self.answer_reversal(self.context.rules.inbound.approved);
            }
            // It is answered when core has.
            Input::Again => self.fact(Fact::CameAgain),
            Input::StatusAsked => self.answer_status(self.context.rules.inbound.in_progress),
            Input::Posting(PostingAnswer::None) | Input::Restarted => {}
            Input::Cancel(_) => self.unexpected(input),
        }
    }

    fn approved(&mut self, code: ResponseCode, input: Input) {
        match input {
            Input::Again => self.answer_again(code),
            Input::StatusAsked => self.answer_status(code),
            Input::Reversal { .. } => {
                self.undo(Undo::Reversed { told: code }, 0);
                self.answer_reversal(self.context.rules.inbound.approved);
            }
            Input::Posting(PostingAnswer::Posted | PostingAnswer::None) | Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::Due => self.unexpected(input),
        }
    }

    fn declined(&mut self, code: ResponseCode, input: Input) {
        match input {
            Input::Again => self.answer_again(code),
            Input::StatusAsked => self.answer_status(code),
            // Nothing stands, so there is nothing to undo.
            Input::Reversal { .. } => self.answer_reversal(self.context.rules.inbound.approved),
            Input::Posting(PostingAnswer::Posted) => {
                self.raise(Alarm::CoreDiffers);
                self.unexpected(input);
            }
            Input::Posting(_) | Input::Restarted => {}
            Input::Cancel(_) | Input::Due => self.unexpected(input),
        }
    }

    fn undoing(&mut self, undo: Undo, tries: u16, input: Input) {
        match input {
            Input::Cancel(CancelAnswer::Was(was)) => self.fact(Fact::Undone(was)),
            Input::Due if broken(Mutant::ForgetUndo) => {}
            Input::Due => self.undo(undo, tries),
            Input::Again | Input::Reversal { .. } | Input::StatusAsked => self.undone(undo, input),
            // A late answer about the posting changes nothing: core will say what it was.
            Input::Posting(_) | Input::Cancel(CancelAnswer::None) | Input::Restarted => {}
        }
    }

    fn undone(&mut self, undo: Undo, input: Input) {
        match (input, undo) {
            (
                Input::Again,
                Undo::Doubtful { told } | Undo::Refused { told } | Undo::Reversed { told },
            ) => self.answer_again(told),
            (Input::Again, Undo::ReversedUnanswered) => {
                self.answer_again(self.context.rules.inbound.reversed_before);
            }
            (Input::Reversal { .. }, Undo::Doubtful { .. } | Undo::Refused { .. }) => {
                self.answer_reversal(self.context.rules.inbound.approved);
            }
            (Input::Reversal { .. }, Undo::Reversed { .. } | Undo::ReversedUnanswered) => {
                self.answer_reversal(self.context.rules.inbound.reversed_already);
            }
            (Input::StatusAsked, _) => self.answer_status(self.context.rules.inbound.undone),
            (Input::Cancel(_) | Input::Posting(_) | Input::Restarted, _) => {}
            (Input::Due, _) => self.unexpected(input),
        }
    }

    fn barred(&mut self, by: Bar, input: Input) {
        let codes = &self.context.rules.inbound;
        match input {
            Input::StatusAsked => self.answer_status(match by {
                Bar::Reversal => codes.undone,
                Bar::StatusInquiry => codes.not_found,
            }),
            Input::Again => self.answer_again(self.context.rules.inbound.reversed_before),
            Input::Reversal { .. } => {
                self.answer_reversal(self.context.rules.inbound.reversed_already);
            }
            Input::Restarted => {}
            Input::Posting(_) | Input::Cancel(_) | Input::Due => self.unexpected(input),
        }
    }
}

/// The moves that the states make.
impl Next<'_, '_> {
    /// Core is asked, and again until it is too late to answer.
    fn ask_posting(&mut self, tries: u16, answer_by: Moment) {
        let due = self.core_due(tries).min(answer_by);
        self.fact(Fact::PostingAsked { due, answer_by });
        let Demand { id, side, account, amount, .. } = *self.demand;
        self.effect(Effect::AskPosting(Posting { id, side, account, amount }));
        if broken(Mutant::AnswerBeforePosting) {
            self.effect(Effect::Answer(id, self.context.rules.inbound.approved));
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

    fn undo(&mut self, undo: Undo, tries: u16) {
        let due = self.core_due(tries);
        self.fact(Fact::UndoAsked { undo, due });
        self.effect(Effect::CancelPosting(self.demand.id));
    }

    fn answer(&mut self, code: ResponseCode) {
        self.fact(Fact::Answered(code));
        self.effect(Effect::Answer(self.demand.id, code));
    }

    /// The same answer as before, however often the request comes.
    fn answer_again(&mut self, code: ResponseCode) {
        self.fact(Fact::CameAgain);
        self.effect(Effect::Answer(self.demand.id, code));
    }

    fn answer_reversal(&mut self, code: ResponseCode) {
        self.fact(Fact::ReversalAnswered(code));
        self.effect(Effect::AnswerReversal(self.demand.id, code));
    }

    fn answer_status(&mut self, code: ResponseCode) {
        self.fact(Fact::StatusAnswered(code));
        self.effect(Effect::AnswerStatus(self.demand.id, code));
    }

    fn mismatch(&mut self, amount: Amount) {
        self.fact(Fact::ReversalMismatched(amount));
        self.raise(Alarm::Mismatch);
        let code = self.context.rules.inbound.mismatched;
        self.effect(Effect::AnswerReversal(self.demand.id, code));
    }

    fn unexpected(&mut self, input: Input) {
        self.fact(Fact::Unexpected(input));
    }

    fn core_due(&mut self, tries: u16) -> Moment {
        let draw = self.context.numbers.draw();
        self.context.rules.core.next(self.context.now, tries.saturating_add(1), draw)
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
