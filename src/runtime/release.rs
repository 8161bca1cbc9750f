//! What the engine wants done, once the facts behind it are durable.

use bytes::Bytes;

use super::ids::{Kind, given_at};
use super::lookups::Sought;
use super::node::{Node, NodeError};
use super::progress::{progress, refusal};
use crate::api::{Denial, InquiryAnswer, Reason, TransferAnswer};
use crate::bank;
use crate::engine::{Engine, Event, Life, Lookup, Output};
use crate::link::Outgoing;
use crate::network::SpeakError;
use crate::transfer::{
    Alarm, Cleared, Effect, ExchangeInput, Holding, Inquiry, Line, Order, Outcome, Reply,
    ReversalSend, Standing, Trace, Way,
};
use crate::values::{Moment, ResponseCode, TransferId};

impl Node {
    pub(super) fn release(&mut self, output: Output) -> Result<(), NodeError> {
        match output {
            Output::Effect(effect) => self.effect(effect),
            // Whoever asked again is told how the first one stands.
            Output::Existing(repeat) => {
                self.happen(Event::Ask(repeat.asked, Lookup::Id(repeat.first)));
            }
            Output::Conflict(repeat) => {
                self.waiting.transfer(repeat.asked, TransferAnswer::Conflict(repeat.key));
            }
            Output::Refused(id, busy) => {
                self.metrics.refused.add();
                self.waiting.denied(id, Denial::Busy(busy));
            }
            Output::LookUp(number, about, event) => {
                self.metrics.lookups.add();
                let sought = Sought { number, about, event };
                self.lookups.send(sought).map_err(|_| NodeError::NoLookups)?;
            }
            Output::Unmatched(trace, question, code) => {
                self.metrics.unmatched.add();
                tracing::warn!(stan = %trace.stan, ?question, %code, "an answer matches nothing that was ever sent");
            }
            Output::Unknown(id) => {
                tracing::warn!(transfer = %id, "something is told of a transfer that is not in the journal");
            }
            Output::CutOverRefused(date) => {
                tracing::warn!(%date, "the switch's business date is not taken: it goes back, or is days ahead");
            }
            Output::Stands(id, stand) => {
                let stand = stand.map(|stand| *stand);
                let found = stand.and_then(|stand| match stand.life {
                    Life::Out(life) => {
                        let progress = progress(&life, stand.trace, &self.rules);
                        Some((life.order().clone(), progress))
                    }
                    Life::In(_) => None,
                });
                self.waiting.stands(id, found);
            }
            Output::AskSwitch(inquiry, trace) => self.send_inquiry(&inquiry, trace),
            Output::AskAccount(id, account) => {
                self.postings.push(bank::Ask::Account(id, account));
            }
            Output::Inquired(id, Way::Out, outcome) => {
                self.waiting.inquiry(id, self.inquired(outcome));
            }
            Output::Inquired(id, Way::In, outcome) => self.answer_inquiry(id, &outcome),
            Output::LateInquiry(trace, code) => {
                self.metrics.unmatched.add();
                tracing::info!(stan = %trace.stan, %code, "an answer to a question that is over");
            }
        }
        Ok(())
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::AskPosting(posting) => self.postings.push(bank::Ask::Post(posting)),
            Effect::CancelPosting(id) => self.postings.push(bank::Ask::Cancel(id)),
            Effect::SendRequest(cleared) => self.send_request(cleared),
            Effect::SendReversal(reversal) => self.send_reversal(reversal),
            Effect::SendStatusInquiry(id, trace) => self.send_status(id, trace),
            Effect::Answer(reply) => self.answer(reply),
            Effect::Tell(id, standing) => self.tell(id, standing),
            Effect::Raise(id, alarm) => self.raise(id, alarm),
        }
    }

    /// A channel is told when its money has moved or has not. What is pending is waited for.
    fn tell(&mut self, id: TransferId, standing: Standing) {
        self.metrics.told(standing, self.now.since(given_at(id)));
        tracing::debug!(transfer = %id, ?standing, "a transfer stands so");
        match standing {
            Standing::Initiated | Standing::Paying | Standing::Pending => {}
            Standing::Settled | Standing::GivingBack | Standing::GivenBack | Standing::Refused => {
                if let Some(Life::Out(life)) = self.engine.transfer(id) {
                    let mut told = progress(life, self.engine.trace(id), &self.rules);
                    told.standing = standing;
                    self.waiting.transfer(id, TransferAnswer::Stands(told));
                }
            }
        }
    }

    fn raise(&self, id: TransferId, alarm: Alarm) {
        self.metrics.alarm(alarm);
        tracing::warn!(transfer = %id, ?alarm, "somebody has to look at a transfer");
    }
}

/// What is said to the switch.
impl Node {
    fn send_request(&mut self, cleared: Cleared) {
        let id = cleared.id();
        let Self { engine, network, scratch, .. } = self;
        let sent = order(engine, id).map(|order| network.request(order, cleared.trace(), scratch));
        tracing::debug!(transfer = %id, stan = %cleared.trace().stan, rrn = %cleared.trace().rrn, "a request goes out");
        if !self.say(Kind::Request, id, cleared.write_by(), sent) {
            self.line(id, Line::NotSent);
        }
    }

    fn send_reversal(&mut self, reversal: ReversalSend) {
        let id = reversal.id;
        let Self { engine, network, scratch, .. } = self;
        let sent = order(engine, id).map(|order| network.reversal(order, &reversal, scratch));
        tracing::debug!(transfer = %id, stan = %reversal.trace.stan, repeat = reversal.repeat, "a reversal goes out");
        self.say(Kind::Reversal, id, self.patience(), sent);
    }

    fn send_status(&mut self, id: TransferId, trace: Trace) {
        let Self { engine, network, scratch, .. } = self;
        let sent = order(engine, id).map(|order| network.status(order, trace, scratch));
        tracing::debug!(transfer = %id, stan = %trace.stan, "the switch is asked how a transfer stands");
        self.say(Kind::Status, id, self.patience(), sent);
    }

    fn send_inquiry(&mut self, inquiry: &Inquiry, trace: Trace) {
        let sent = self.network.inquiry(inquiry, trace, &mut self.scratch);
        if !self.say(Kind::Inquiry, inquiry.id, self.patience(), Some(sent)) {
            self.happen(Event::Exchange(inquiry.id, ExchangeInput::Line(Line::NotSent)));
        }
    }

    /// Until when a message makes sense that is repeated.
    fn patience(&self) -> Moment {
        self.now.after(self.rules.response_timeout)
    }

    /// Hands a message on that was written to the buffer; `false` if it could not be.
    fn say(
        &mut self,
        kind: Kind,
        id: TransferId,
        deadline: Moment,
        written: Option<Result<(), SpeakError>>,
    ) -> bool {
        match written {
            Some(Ok(())) => {
                let (token, message) = (kind.token(id), self.written());
                self.messages.push(Outgoing { token, message, deadline, via: None });
                true
            }
            Some(Err(error)) => {
                tracing::error!(transfer = %id, ?kind, %error, "a message can't be made");
                false
            }
            None => {
                tracing::error!(transfer = %id, ?kind, "a message is to be made of a transfer that is not there");
                false
            }
        }
    }

    /// What was written to the buffer.
    pub(super) fn written(&mut self) -> Bytes {
        self.scratch.split().freeze()
    }
}

/// What an outbound transfer is about.
fn order(engine: &Engine, id: TransferId) -> Option<&Order> {
    match engine.transfer(id) {
        Some(Life::Out(life)) => Some(life.order()),
        Some(Life::In(_)) | None => None,
    }
}

/// What the switch is answered.
impl Node {
    fn answer(&mut self, Reply { id, to, about, code }: Reply) {
        tracing::debug!(transfer = %id, ?about, %code, "the switch is answered");
        self.respond(to, code, &Holding::default());
    }

    fn answer_inquiry(&mut self, id: TransferId, outcome: &Outcome) {
        match outcome {
            Outcome::Answered(code, holding) => self.respond(id, *code, holding),
            Outcome::Declined(code) => self.respond(id, *code, &Holding::default()),
            Outcome::Unanswered => {}
        }
    }

    /// Answers a message of the switch; where it is not here any more, as after a restart, the switch asks again.
    fn respond(&mut self, to: TransferId, code: ResponseCode, holding: &Holding) {
        let Some(request) = self.asked.take(to) else { return self.metrics.unanswered.add() };
        self.respond_to(to, &request, code, holding);
    }

    fn inquired(&self, outcome: Outcome) -> InquiryAnswer {
        match outcome {
            Outcome::Answered(_, holding) => InquiryAnswer::Found(holding.holder),
            Outcome::Declined(code) => {
                InquiryAnswer::Declined(Reason::Refused(refusal(code, &self.rules)))
            }
            Outcome::Unanswered => InquiryAnswer::Unanswered,
        }
    }
}
