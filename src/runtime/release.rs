//! Carries out what the engine decided, once the facts behind it are durable.

use bytes::Bytes;

use super::ids::{SentMessage, created_at};
use super::lookups::LookupRequest;
use super::node::{Node, NodeError};
use crate::api::{AccountInquiryResponse, NotProcessed, TransferResponse};
use crate::core_banking::CoreCommand;
use crate::engine::{Event, Lookup, Output, Transfer};
use crate::link::{self, NotSent, OutgoingKind, OutgoingMessage};
use crate::network::{BuildError, MatchingKey};
use crate::transfer::{
    AccountDetails, Alert, Effect, FailureReason, FundedRequest, InboundResponse, Inquiry,
    InquiryInput, InquiryOutcome, MessageKind, OutgoingReversal, OutgoingStatusInquiry, SendStatus,
    StatusReport, TraceNumbers, TransferStatus,
};
use crate::values::{Direction, Moment, ResponseCode, TransferId};

impl Node {
    pub(super) fn release(&mut self, output: Output) -> Result<(), NodeError> {
        match output {
            Output::Effect(effect) => self.release_effect(effect),
            // A repeated request gets the present status of the original transfer.
            Output::Duplicate(request) => {
                let original = Lookup::Id(request.original_id);
                self.handle(Event::StatusQuery(request.duplicate_id, original));
            }
            Output::KeyConflict(request) => {
                let conflict = TransferResponse::KeyConflict(request.key);
                self.waiting.respond_transfer(request.duplicate_id, conflict);
            }
            Output::NotAdmitted(id, reason) => {
                self.metrics.requests_refused.inc();
                self.waiting.respond_not_processed(id, NotProcessed::NotAdmitted(reason));
            }
            Output::Restricted(id, restricted) => {
                self.metrics.requests_refused.inc();
                let text = restricted.by.public_text.clone();
                self.waiting.respond_not_processed(id, NotProcessed::ServiceClosed(text));
            }
            Output::Act(id, done) => self.acts.answer(id, done),
            Output::Control(control) => {
                self.metrics.alerts.show_open(control.alerts());
                self.acts.publish(control);
            }
            Output::SettingsApproved => self.settings_approved.notify_one(),
            Output::OrderLink(id, link, order) => self.order_link(id, &link, order),
            Output::WithdrawRequests(ids) => self.withdraw_requests(&ids),
            Output::JournalLookup(number, lookup, event) => {
                self.metrics.journal_lookups.inc();
                let request = LookupRequest { number, lookup, event };
                self.lookups.send(request).map_err(|_| NodeError::LookupsEnded)?;
            }
            Output::UnmatchedResponse(trace, message, code) => {
                self.metrics.responses_unmatched.inc();
                tracing::warn!(stan = %trace.stan, kind = ?message, %code, "unmatched response");
            }
            Output::UnknownTransfer(id) => {
                tracing::warn!(transfer = %id, "unknown transfer");
            }
            Output::ResolutionRefused(refusal) => {
                tracing::warn!(%refusal, "manual resolution refused");
            }
            Output::CutOver(id, outcome) => self.finish_cut_over(id, outcome),
            Output::Status(id, transfer) => {
                let found = transfer.and_then(|transfer| match *transfer {
                    Transfer::Outbound(transfer) => Some(transfer.report(&self.rules)),
                    Transfer::Inbound(_) => None,
                });
                self.waiting.respond_status(id, found);
            }
            Output::SendInquiry(inquiry, trace) => self.send_inquiry(&inquiry, trace),
            Output::RequestAccount(id, account) => {
                self.core_commands.push(CoreCommand::Account(id, account));
            }
            Output::InquiryEnded(id, Direction::Outbound, outcome) => {
                self.waiting.respond_inquiry(id, self.inquiry_response(outcome));
            }
            Output::InquiryEnded(id, Direction::Inbound, outcome) => {
                self.respond_to_inquiry(id, &outcome);
            }
            Output::LateInquiryResponse(trace, code) => {
                self.metrics.responses_unmatched.inc();
                tracing::info!(stan = %trace.stan, %code, "late inquiry response");
            }
        }
        Ok(())
    }

    fn release_effect(&mut self, effect: Effect) {
        match effect {
            Effect::RequestPosting(posting) => self.core_commands.push(CoreCommand::Post(posting)),
            Effect::CancelPosting(id) => self.core_commands.push(CoreCommand::Cancel(id)),
            Effect::CancelPart(part) => self.core_commands.push(CoreCommand::CancelPart(part)),
            Effect::SendRequest(request) => self.send_request(&request),
            Effect::SendReversal(reversal) => self.send_reversal(&reversal),
            Effect::SendStatusInquiry(inquiry) => self.send_status_inquiry(&inquiry),
            Effect::Respond(response) => self.respond_to_transfer(response),
            Effect::NotifyChannel(report) => self.notify_channel(report),
            Effect::CountInbound(_, service, status) => {
                self.metrics.transfers.count_inbound(service, status);
            }
            Effect::Alert(id, alert) => self.report_alert(id, alert),
        }
    }

    /// Responds to the channel once it is known whether the money moved. While the transfer is pending, the channel waits.
    fn notify_channel(&mut self, report: StatusReport) {
        let (id, status) = (report.order.id, report.status);
        let since = self.now.since(created_at(id));
        self.metrics.transfers.count_outbound(report.order.kind, status, since);
        tracing::debug!(transfer = %id, status = status.code(), "transfer status changed");
        match status {
            TransferStatus::Initiated | TransferStatus::Processing | TransferStatus::Pending => {}
            TransferStatus::Settled
            | TransferStatus::Refunding
            | TransferStatus::Refunded
            | TransferStatus::Rejected => {
                self.waiting.respond_transfer(id, TransferResponse::Report(report));
            }
        }
    }
}

/// Messages to the switch.
impl Node {
    fn send_request(&mut self, request: &FundedRequest) {
        let (order, trace) = (request.order(), request.trace());
        let id = order.id;
        // What was closed after the admission stops here: not a byte was written.
        if !self.engine.may_send(order, self.now) {
            tracing::info!(transfer = %id, "request not sent: closed");
            return self.handle_request_status(id, SendStatus::NotSent);
        }
        let encoded = self.network.encode_request(order, trace, &mut self.encode_buffer);
        tracing::debug!(transfer = %id, stan = %trace.stan, rrn = %trace.rrn, "request queued");
        if !self.send(SentMessage::Transfer(MessageKind::Request), id, request.write_by(), encoded)
        {
            self.handle_request_status(id, SendStatus::NotSent);
        }
    }

    /// Withdraws requests of which not a byte is written: those that wait for the links here, and those that wait in the links.
    fn withdraw_requests(&mut self, ids: &[TransferId]) {
        let request = SentMessage::Transfer(MessageKind::Request);
        let withdrawn = ids.iter().map(|id| request.correlation_id(*id));
        self.withdrawn.extend(withdrawn);
        let (withdrawn, events) = (&self.withdrawn, &mut Vec::new());
        self.messages.retain(|message| {
            let is_withdrawn = withdrawn.contains(&message.correlation_id);
            if is_withdrawn {
                events.push(link::Event::NotSent(message.correlation_id, NotSent::Withdrawn));
            }
            !is_withdrawn
        });
        for event in std::mem::take(events) {
            self.handle_link_event(event);
        }
    }

    fn send_reversal(&mut self, reversal: &OutgoingReversal) {
        let id = reversal.order.id;
        let encoded = self.network.encode_reversal(reversal, &mut self.encode_buffer);
        tracing::debug!(
            transfer = %id,
            stan = %reversal.trace.stan,
            repeat = reversal.is_repeat,
            "reversal queued"
        );
        self.send(
            SentMessage::Transfer(MessageKind::Reversal),
            id,
            self.repeat_deadline(),
            encoded,
        );
    }

    fn send_status_inquiry(&mut self, inquiry: &OutgoingStatusInquiry) {
        let OutgoingStatusInquiry { order, trace } = inquiry;
        let encoded = self.network.encode_status_inquiry(order, *trace, &mut self.encode_buffer);
        tracing::debug!(transfer = %order.id, stan = %trace.stan, "status inquiry queued");
        self.send(
            SentMessage::Transfer(MessageKind::StatusInquiry),
            order.id,
            self.repeat_deadline(),
            encoded,
        );
    }

    fn send_inquiry(&mut self, inquiry: &Inquiry, trace: TraceNumbers) {
        let (id, deadline) = (inquiry.id, self.repeat_deadline());
        let encoded = self.network.encode_inquiry(inquiry, trace, &mut self.encode_buffer);
        if !self.send(SentMessage::Inquiry, id, deadline, encoded) {
            self.handle(Event::InquiryInput(id, InquiryInput::Send(SendStatus::NotSent)));
        }
    }

    /// Returns the write deadline of a message that is repeated: then its repeat takes its place.
    fn repeat_deadline(&self) -> Moment {
        self.now.after(self.rules.response_timeout)
    }

    /// Queues the message in the buffer for the links. Returns `false` if it was not encoded.
    fn send(
        &mut self,
        message: SentMessage,
        id: TransferId,
        deadline: Moment,
        encoded: Result<MatchingKey, BuildError>,
    ) -> bool {
        let key = match encoded {
            Ok(key) => key,
            Err(error) => {
                tracing::error!(transfer = %id, kind = ?message, %error, "message not encoded");
                self.raise_alert(id, Alert::MessageNotEncodable);
                return false;
            }
        };
        let correlation_id = message.correlation_id(id);
        let message = self.take_encoded();
        let kind = OutgoingKind::Request(key);
        self.messages.push(OutgoingMessage { correlation_id, message, deadline, kind });
        true
    }

    /// Takes the encoded message out of the buffer.
    pub(super) fn take_encoded(&mut self) -> Bytes {
        self.encode_buffer.split().freeze()
    }
}

/// Responses to the switch.
impl Node {
    fn respond_to_transfer(&mut self, response: InboundResponse) {
        let InboundResponse { id, message_id, message, code } = response;
        tracing::debug!(transfer = %id, kind = ?message, %code, "response queued");
        self.respond(message_id, code, &AccountDetails::default());
    }

    fn respond_to_inquiry(&mut self, id: TransferId, outcome: &InquiryOutcome) {
        match outcome {
            InquiryOutcome::Approved(code, account) => self.respond(id, *code, account),
            InquiryOutcome::Declined(code) => self.respond(id, *code, &AccountDetails::default()),
            InquiryOutcome::NoResponse => {}
        }
    }

    /// Responds to a request of the switch. After a restart the request is gone: then the switch repeats it.
    fn respond(&mut self, message_id: TransferId, code: ResponseCode, account: &AccountDetails) {
        match self.pending_responses.take(message_id) {
            Some(request) => self.send_response(message_id, request, code, account),
            None => {
                self.metrics.inbound_unanswered.inc();
            }
        }
    }

    fn inquiry_response(&self, outcome: InquiryOutcome) -> AccountInquiryResponse {
        match outcome {
            InquiryOutcome::Approved(_, account) => AccountInquiryResponse::Found(account.holder),
            InquiryOutcome::Declined(code) => {
                let refusal = self.rules.declines.of(code);
                AccountInquiryResponse::Declined(FailureReason::Refused(refusal))
            }
            InquiryOutcome::NoResponse => AccountInquiryResponse::NoResponse,
        }
    }
}
