//! Open inquiries: of channels to the switch, and of the switch to core. They are not durable: a restart drops them, and the
//! one who asked repeats the inquiry.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use super::Engine;
use super::event::{NotAdmitted, Output};
use super::live::{IdHasher, trace_key as wire_key};
use crate::mutation::{Mutant, is_mutant_active};
use crate::transfer::{
    AccountDetails, Alert, Effect, Inquiry, InquiryInput, InquiryOutcome, InquiryStep, OpenInquiry,
    ResponseFields, TraceNumbers, TraceSource as _,
};
use crate::values::{Direction, Moment, TransferId};

/// The open inquiries and their indexes.
#[derive(Debug, Default)]
pub(super) struct OpenInquiries {
    by_id: HashMap<u128, ActiveInquiry, BuildHasherDefault<IdHasher>>,
    /// By the trace numbers that a response echoes. It carries no milliseconds, and may leave out the business date.
    by_trace: HashMap<u128, u128, BuildHasherDefault<IdHasher>>,
    /// Inquiries are few and short, so an ordered set is enough for their deadlines.
    deadlines: BTreeSet<(Moment, u128)>,
}

/// An open inquiry with its state and the trace numbers of all its messages. A response to any of them counts.
#[derive(Debug)]
struct ActiveInquiry {
    inquiry: Inquiry,
    state: OpenInquiry,
    traces: Vec<TraceNumbers>,
}

fn trace_key(trace: TraceNumbers) -> u128 {
    let is_mutated = is_mutant_active(Mutant::MatchByMillisecond);
    let millis = if is_mutated { trace.transmitted_at.millis() % 1000 } else { 0 };
    wire_key(trace) | u128::from(millis) << 112
}

impl OpenInquiries {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn contains(&self, id: TransferId) -> bool {
        self.by_id.contains_key(&id.0)
    }

    /// Returns the inquiry with the earliest deadline, and that deadline.
    pub(super) fn first_due(&self) -> Option<(Moment, TransferId)> {
        self.deadlines.first().map(|(at, id)| (*at, TransferId(*id)))
    }

    pub(super) fn by_trace(&self, trace: TraceNumbers) -> Option<TransferId> {
        self.by_trace.get(&trace_key(trace)).map(|id| TransferId(*id))
    }

    fn insert(&mut self, active: ActiveInquiry) {
        let id = active.inquiry.id.0;
        self.deadlines.insert((active.state.due, id));
        self.by_trace.extend(active.traces.iter().map(|trace| (trace_key(*trace), id)));
        self.by_id.insert(id, active);
    }

    fn remove(&mut self, id: TransferId) -> Option<ActiveInquiry> {
        let active = self.by_id.remove(&id.0)?;
        self.deadlines.remove(&(active.state.due, id.0));
        for trace in &active.traces {
            self.by_trace.remove(&trace_key(*trace));
        }
        Some(active)
    }
}

impl Engine {
    /// Handles a new inquiry of a channel or of the switch. At the limit nothing is sent, and the inquiry is refused at once.
    pub(super) fn handle_inquiry(&mut self, inquiry: Inquiry, direction: Direction, now: Moment) {
        let id = inquiry.id;
        // An id that is in use is an error of the caller. Nothing is sent for it.
        let is_full =
            self.inquiries.len() >= self.limits.open_inquiries || self.inquiries.contains(id);
        match direction {
            Direction::Outbound if self.is_draining => {
                self.put(Output::NotAdmitted(id, NotAdmitted::Draining));
            }
            Direction::Outbound if self.is_switch_unreachable => {
                self.put(Output::NotAdmitted(id, NotAdmitted::Unreachable));
            }
            Direction::Outbound if is_full => self.put(Output::NotAdmitted(id, NotAdmitted::Full)),
            Direction::Inbound if is_full => {
                let code = self.rules.inbound.outcome_unknown;
                self.end_inquiry(id, direction, InquiryOutcome::Declined(code));
            }
            Direction::Outbound | Direction::Inbound => {
                let patience = match direction {
                    Direction::Outbound => self.rules.response_timeout,
                    Direction::Inbound => self.rules.inbound.respond_within,
                };
                let state = OpenInquiry::start(direction, now, now.after(patience), &self.rules);
                self.send_inquiry(ActiveInquiry { inquiry, state, traces: Vec::new() }, now);
            }
        }
    }

    /// Handles a response of the switch to an inquiry.
    pub(super) fn handle_inquiry_response(
        &mut self,
        trace: TraceNumbers,
        response: ResponseFields,
        account: AccountDetails,
        now: Moment,
    ) {
        match self.inquiries.by_trace(trace) {
            Some(id) => {
                self.apply_inquiry_input(id, InquiryInput::Switch(response, account), now);
            }
            None => self.put(Output::LateInquiryResponse(trace, response.code)),
        }
    }

    /// Applies an input to an open inquiry. An inquiry that has ended ignores it.
    pub(super) fn apply_inquiry_input(&mut self, id: TransferId, input: InquiryInput, now: Moment) {
        let Some(active) = self.inquiries.by_id.get(&id.0) else { return };
        match active.state.decide(&active.inquiry, input, now, &self.rules) {
            InquiryStep::Wait => {}
            InquiryStep::Mismatched => self.put(Output::Effect(Effect::Alert(id, Alert::Mismatch))),
            InquiryStep::Retry(state) => {
                if let Some(active) = self.inquiries.remove(id) {
                    self.send_inquiry(ActiveInquiry { state, ..active }, now);
                }
            }
            InquiryStep::Finished(outcome) => {
                let direction = active.state.direction;
                self.inquiries.remove(id);
                self.end_inquiry(id, direction, outcome);
            }
        }
    }

    /// Handles deadlines of inquiries that have come, up to the limit of a tick.
    pub(super) fn tick_inquiries(&mut self, now: Moment) {
        for _ in 0..self.limits.deadlines_per_tick {
            match self.inquiries.first_due() {
                Some((at, id)) if at <= now => {
                    self.apply_inquiry_input(id, InquiryInput::Due, now);
                }
                Some(_) | None => return,
            }
        }
    }

    /// Sends an inquiry to the switch or to core, for the first time or again.
    fn send_inquiry(&mut self, mut active: ActiveInquiry, now: Moment) {
        let inquiry = active.inquiry.clone();
        match active.state.direction {
            Direction::Outbound => {
                let trace = self.trace_numbers.trace(now);
                active.traces.push(trace);
                self.put(Output::SendInquiry(Box::new(inquiry), trace));
            }
            Direction::Inbound if is_mutant_active(Mutant::ApproveInquiryUnasked) => {
                let approved = self.rules.inbound.approved;
                self.end_inquiry(
                    inquiry.id,
                    Direction::Inbound,
                    InquiryOutcome::Approved(approved, AccountDetails::default()),
                );
            }
            Direction::Inbound => self.put(Output::RequestAccount(inquiry.id, inquiry.account)),
        }
        self.inquiries.insert(active);
    }

    fn end_inquiry(&mut self, id: TransferId, direction: Direction, outcome: InquiryOutcome) {
        self.put(Output::InquiryEnded(id, direction, outcome));
    }
}
