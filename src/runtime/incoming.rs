//! Turns what the links and core report into events of the engine.

use std::sync::Arc;
use std::time::Duration;

use super::ids::SentMessage;
use super::node::Node;
use super::pending_responses::SwitchRequest;
use crate::core_banking::CoreReply;
use crate::engine::{Event, PostingCoreReply};
use crate::iso8583::OwnedMessage;
use crate::link::{self, LinkId, NotSent, OutgoingKind, OutgoingMessage};
use crate::network::IncomingMessage;
use crate::transfer::{AccountDetails, Alert, InquiryInput, MessageKind, SendStatus};
use crate::values::{Direction, IdempotencyKey, ResponseCode, TransferId};

/// How long a response may wait for its link.
const RESPONSE_WAIT: Duration = Duration::from_secs(30);

impl Node {
    pub(super) fn handle_core_reply(&mut self, reply: CoreReply) {
        self.handle(match reply {
            CoreReply::Posting(id, reply) => Event::Core(id, PostingCoreReply::Posting(reply)),
            CoreReply::Cancel(id, reply) => Event::Core(id, PostingCoreReply::Cancel(reply)),
            CoreReply::PartialReversal(id, reply) => {
                Event::Core(id, PostingCoreReply::PartialReversal(reply))
            }
            CoreReply::PartCancel(id, reply) => {
                Event::Core(id, PostingCoreReply::PartCancel(reply))
            }
            CoreReply::Account(id, reply) => Event::InquiryInput(id, InquiryInput::Core(reply)),
        });
    }

    pub(super) fn handle_link_event(&mut self, event: link::Event) {
        match event {
            link::Event::Sent(correlation_id) => {
                self.handle_send_status(correlation_id, SendStatus::Sent);
            }
            link::Event::Lost(correlation_id) => {
                self.handle_send_status(correlation_id, SendStatus::Lost);
            }
            link::Event::NotSent(correlation_id, reason) => {
                log_not_sent(correlation_id, reason);
                self.handle_send_status(correlation_id, SendStatus::NotSent);
            }
            // The engine has its own deadlines.
            link::Event::Expired(_) => {}
            link::Event::Response { correlation_id, link, message } => {
                let sent = SentMessage::of(correlation_id);
                self.handle_response(link, message, sent.map(|(id, _)| id));
            }
            link::Event::Unmatched { link, message } => self.handle_response(link, message, None),
            link::Event::Request { link, message } => self.handle_request(link, message),
            link::Event::CutOver { link, message } => self.handle_cut_over(link, message),
            link::Event::KeyChange { link, .. } => {
                tracing::warn!(link = self.link_name(link), "key change not supported");
            }
            link::Event::Unexpected { link, phase, message } => {
                self.metrics.messages_unreadable.inc();
                let (link, bytes) = (self.link_name(link), message.bytes().len());
                tracing::warn!(link, ?phase, bytes, "unexpected message");
            }
            link::Event::Malformed { link, message, error, request } => {
                self.metrics.messages_unreadable.inc();
                let (name, bytes) = (self.link_name(link), message.len());
                tracing::warn!(link = name, bytes, %error, "malformed message");
                if let Some(message) = request {
                    self.answer_malformed(SwitchRequest { link, message });
                }
            }
            link::Event::Tolerated { link, mti, faults } => self.warn_of_faults(link, mti, &faults),
            link::Event::Up(link) => {
                self.set_link_up(link, true);
                tracing::info!(link = self.link_name(link), "link up");
            }
            link::Event::Draining(link) => {
                self.set_link_up(link, false);
                tracing::info!(link = self.link_name(link), "link draining");
            }
            link::Event::Down(link, reason) => {
                self.set_link_up(link, false);
                self.metrics.links.count_disconnect(link, reason);
                tracing::warn!(link = self.link_name(link), %reason, "link down");
            }
            link::Event::ConnectionClosed(link, reason) => {
                self.metrics.links.count_disconnect(link, reason);
                tracing::warn!(link = self.link_name(link), %reason, "connection failed");
            }
            link::Event::PeerRefused(link, peer) => {
                tracing::warn!(link = self.link_name(link), %peer, "peer refused");
            }
        }
    }

    fn set_link_up(&mut self, link: LinkId, is_up: bool) {
        if is_up {
            self.links_up.insert(link);
        } else {
            self.links_up.remove(&link);
        }
        self.metrics.links.set_up(link, is_up);
        self.engine.set_switch_reachable(!self.links_up.is_empty());
    }

    pub(super) fn link_name(&self, link: LinkId) -> &str {
        self.link_names.get(link.0).map_or("?", String::as_str)
    }

    /// Handles what became of a message of ours. For messages that are repeated anyway it makes no difference.
    fn handle_send_status(&mut self, correlation_id: link::CorrelationId, status: SendStatus) {
        match SentMessage::of(correlation_id) {
            Some((id, SentMessage::Transfer(MessageKind::Request))) => {
                self.handle_request_status(id, status);
            }
            Some((id, SentMessage::Inquiry)) => {
                self.handle(Event::InquiryInput(id, InquiryInput::Send(status)));
            }
            Some((
                _,
                SentMessage::Transfer(MessageKind::Reversal | MessageKind::StatusInquiry)
                | SentMessage::Response,
            ))
            | None => {}
        }
    }
}

/// Logs a message that was not sent. An outage is in the log already; a refused message about money needs a look.
fn log_not_sent(correlation_id: link::CorrelationId, reason: NotSent) {
    let Some((id, message)) = SentMessage::of(correlation_id) else { return };
    match message {
        SentMessage::Transfer(_) | SentMessage::Response if reason.is_refusal() => {
            tracing::warn!(transfer = %id, kind = ?message, %reason, "message refused by the links");
        }
        SentMessage::Transfer(_) | SentMessage::Response | SentMessage::Inquiry => {
            tracing::debug!(transfer = %id, kind = ?message, %reason, "message not sent");
        }
    }
}

/// Messages of the switch.
impl Node {
    /// Handles a response to one of our messages. `sent` is the transfer or inquiry of the message that the links matched.
    fn handle_response(&mut self, link: LinkId, message: OwnedMessage, sent: Option<TransferId>) {
        let Some(message) = self.network.spec().message(message) else {
            self.metrics.messages_unreadable.inc();
            return;
        };
        self.warn_of_response(link, &message);
        match self.network.read(&message, TransferId(0), self.now) {
            Ok(IncomingMessage::Response { trace, kind, response }) => {
                self.handle(Event::Response { transfer_id: sent, trace, kind, response });
            }
            Ok(IncomingMessage::InquiryResponse { trace, response, account }) => {
                self.handle(Event::InquiryResponse { trace, response, account });
            }
            Ok(
                IncomingMessage::InboundRequest(..)
                | IncomingMessage::Reversal(..)
                | IncomingMessage::StatusInquiry(..)
                | IncomingMessage::Inquiry(_),
            ) => {
                self.metrics.messages_unreadable.inc();
            }
            Err(error) => {
                self.metrics.messages_unreadable.inc();
                tracing::warn!(%error, "unreadable response");
            }
        }
    }

    fn handle_request(&mut self, link: LinkId, message: OwnedMessage) {
        let id = self.ids.next();
        let Some(message) = self.network.spec().message(message) else {
            self.metrics.messages_unreadable.inc();
            return;
        };
        let mti = message.mti();
        let read = self.network.read(&message, id, self.now);
        let request = SwitchRequest { link, message: Box::new(message.into_owned()) };
        let event = match read {
            Ok(IncomingMessage::InboundRequest(request, key)) => {
                Event::InboundRequest { request: Arc::new(request), key: IdempotencyKey(key.0) }
            }
            Ok(IncomingMessage::Reversal(reversal)) => {
                Event::InboundReversal { reversal: Arc::new(reversal), step: 0 }
            }
            Ok(IncomingMessage::StatusInquiry(request, key)) => Event::InboundStatusInquiry {
                request: Arc::new(request),
                original_key: IdempotencyKey(key.0),
            },
            Ok(IncomingMessage::Inquiry(inquiry)) => Event::Inquiry(inquiry, Direction::Inbound),
            Ok(IncomingMessage::Response { .. } | IncomingMessage::InquiryResponse { .. }) => {
                self.metrics.messages_unreadable.inc();
                return;
            }
            Err(error) => {
                self.metrics.messages_unreadable.inc();
                tracing::warn!(link = self.link_name(link), %mti, %error, "request refused");
                if let Some(alert) = error.alert() {
                    self.raise_link_alert(link, alert);
                }
                let code = self.network.refusal_code(&error);
                return self.refuse(id, request, code);
            }
        };
        self.pending_responses.insert(id, request, self.now);
        self.handle(event);
    }

    /// Sends the response to a request of the switch, on the link that the request came on.
    pub(super) fn send_response(
        &mut self,
        id: TransferId,
        request: SwitchRequest,
        code: ResponseCode,
        account: &AccountDetails,
    ) {
        let Self { network, encode_buffer, .. } = self;
        let Some(message) = network.spec().message(*request.message) else {
            self.metrics.inbound_unanswered.inc();
            return;
        };
        let code = network.inquiry_response_code(&message, code, account);
        if code == self.rules.inbound.approved {
            self.metrics.inbound_approved.inc();
        } else {
            self.metrics.inbound_declined.inc();
        }
        if let Err(error) = network.encode_response(&message, code, account, encode_buffer) {
            self.metrics.inbound_unanswered.inc();
            tracing::error!(transfer = %id, %error, "response not encoded");
            return self.raise_link_alert(request.link, Alert::MessageNotEncodable);
        }
        self.queue_response(id, request.link);
    }

    /// Queues the encoded response for the link that its request came on.
    pub(super) fn queue_response(&mut self, id: TransferId, link: LinkId) {
        let message = self.take_encoded();
        self.messages.push(OutgoingMessage {
            correlation_id: SentMessage::Response.correlation_id(id),
            message,
            deadline: self.now.after(RESPONSE_WAIT),
            kind: OutgoingKind::Response(link),
        });
    }
}
