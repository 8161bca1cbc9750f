//! Inquiries: of channels to the switch, and of the switch to core. They are not durable: a restart drops them, and the one who
//! asked repeats the inquiry.

use super::Engine;
use super::event::{NotAdmitted, Output};
use super::open_inquiries::ActiveInquiry;
use crate::control::Restricted;
use crate::transfer::{
    AccountDetails, Alert, Inquiry, InquiryInput, InquiryOutcome, InquiryStep, OpenInquiry,
    ResponseFields, TraceNumbers, TraceSource as _,
};
use crate::values::{Direction, Moment, TransferId};

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
                if let Err(restricted) = self.controls.admit_inquiry(&inquiry, direction, now) {
                    return self.refuse_inquiry(id, direction, restricted);
                }
                let patience = match direction {
                    Direction::Outbound => self.rules.response_timeout,
                    Direction::Inbound => self.rules.inbound.respond_within,
                };
                let rules = (&*self.rules, &self.core);
                let state = OpenInquiry::start(direction, now, now.after(patience), rules);
                self.send_inquiry(ActiveInquiry { inquiry, state, traces: Vec::new() }, now);
            }
        }
    }

    /// Refuses an inquiry that a restriction does not admit.
    fn refuse_inquiry(&mut self, id: TransferId, direction: Direction, restricted: Restricted) {
        match direction {
            Direction::Outbound => self.put(Output::Restricted(id, Box::new(restricted))),
            Direction::Inbound => {
                let code = self.rules.inbound.closed;
                self.end_inquiry(id, direction, InquiryOutcome::Declined(code));
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
        let Some(active) = self.inquiries.get(id) else { return };
        match active.state.decide(&active.inquiry, input, now, (&self.rules, &self.core)) {
            InquiryStep::Wait => {}
            InquiryStep::Mismatched => self.put_alert(id, Alert::Mismatch, now),
            InquiryStep::Continue(state) => {
                if let Some(active) = self.inquiries.remove(id) {
                    self.inquiries.insert(ActiveInquiry { state, ..active });
                }
            }
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

    /// Handles the deadlines of inquiries that have come, up to the limit.
    pub(super) fn handle_inquiry_deadlines(&mut self, now: Moment) {
        for _ in 0..self.limits.deadlines_at_once {
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
            Direction::Inbound => self.put(Output::RequestAccount(inquiry.id, inquiry.account)),
        }
        self.inquiries.insert(active);
    }

    fn end_inquiry(&mut self, id: TransferId, direction: Direction, outcome: InquiryOutcome) {
        self.put(Output::InquiryEnded(id, direction, outcome));
    }
}
