//! Received bytes: cutting into messages, and the actions that follow.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::{Action, LinkGroup};
use crate::iso8583::{DecodeError, Frame, FrameError, Message, Mti, OutgoingFrame, Salvaged, Spec};
use crate::link::event::{Event, SessionPhase};
use crate::link::management::{ManagementMessage, ManagementRequest, write_request};
use crate::link::session::{Input, SessionAction};
use crate::link::{ConnectionId, DisconnectReason, LinkId};
use crate::network::MatchingKey;
use crate::values::{Moment, Stan};

impl LinkGroup {
    /// Handles received bytes: removes all complete messages from the front of the buffer.
    pub fn handle_received(&mut self, id: ConnectionId, buffer: &mut BytesMut, now: Moment) {
        let spec = Arc::clone(&self.spec);
        while let Some(connection) = self.connections.get_mut(&id)
            && connection.disconnect_reason.is_none()
        {
            match connection.codec.decode(buffer) {
                Ok(None) => break,
                Ok(Some(Frame::KeepAlive)) => {
                    self.step(id, Input::Received(ManagementMessage::KeepAlive), None, now);
                }
                Ok(Some(Frame::Message { message, .. })) => self.receive(id, message, &spec, now),
                Err(error) => self.step(id, Input::Ended(disconnect_reason(&error)), None, now),
            }
        }
        self.send_queued(now);
        self.note_phases(now);
    }

    fn receive(&mut self, id: ConnectionId, bytes: Bytes, spec: &Spec, now: Moment) {
        match spec.decode(bytes.clone()) {
            Ok(message) => self.handle_message(id, message, now),
            Err(error) => self.receive_faulty(id, bytes, error, spec, now),
        }
    }

    fn handle_message(&mut self, id: ConnectionId, message: Message<'_>, now: Moment) {
        self.count_received(id, message.mti(), now);
        let received = ManagementMessage::of(&message, &self.rules);
        if let ManagementMessage::Response { request, stan: Some(stan), code } = received
            && request == Some(ManagementRequest::Echo)
        {
            self.note_echo_response(id, stan, code, now);
        }
        self.step(id, Input::Received(received), Some(message), now);
    }

    fn count_received(&mut self, id: ConnectionId, mti: Mti, now: Moment) {
        let link = self.connections.get(&id).map(|connection| connection.link);
        if let Some(link) = link.and_then(|link| self.links.get_mut(link.0)) {
            link.seen.messages.count_received(mti, now);
        }
    }

    /// Handles a message that is not valid. If the profile tolerates all its faults, it is handled as any other.
    fn receive_faulty(
        &mut self,
        id: ConnectionId,
        bytes: Bytes,
        error: DecodeError,
        spec: &Spec,
        now: Moment,
    ) {
        let Some(connection) = self.connections.get(&id) else { return };
        let (link, is_before_sign_on) = (connection.link, connection.session.is_before_sign_on());
        let salvaged = spec.salvage(bytes.clone()).ok();
        let request = match salvaged {
            Some(Salvaged { message, faults }) if self.rules.lenient.tolerates_all(&faults) => {
                let (mti, faults) = (message.mti(), faults.into());
                self.events.push(Event::Tolerated { link, mti, faults });
                return self.handle_message(id, message, now);
            }
            Some(Salvaged { message, .. }) => {
                let mti = message.mti();
                let is_answered = mti.is_request() && !mti.is_management() && !is_before_sign_on;
                is_answered.then(|| Box::new(message.into_owned()))
            }
            None => None,
        };
        let error = Box::new(error);
        self.events.push(Event::Malformed { link, message: bytes, error, request });
        if is_before_sign_on {
            self.step(id, Input::Ended(DisconnectReason::InvalidMessage), None, now);
        }
    }

    /// Executes an action of a session. A keep-alive has no message; on a closed connection it needs no event.
    pub(super) fn execute(
        &mut self,
        id: ConnectionId,
        action: SessionAction,
        message: &mut Option<Message<'_>>,
        now: Moment,
    ) {
        let Some(link) = self.connections.get(&id).map(|connection| connection.link) else {
            return;
        };
        match action {
            SessionAction::SendRequest(request, stan) => {
                if request == ManagementRequest::Echo {
                    self.note_echo_sent(id, stan, now);
                }
                self.send_management_request(id, request, stan, now);
            }
            SessionAction::KeepAlive => self.return_keep_alive(id, now),
            SessionAction::Up => self.set_up(id, now),
            SessionAction::Draining => self.report(link, false),
            SessionAction::Close(reason) => self.close(id, reason),
            SessionAction::Respond { done } => {
                if let Some(message) = message {
                    self.respond(id, message, done, now);
                }
            }
            SessionAction::Deliver => {
                if let Some(message) = message.take() {
                    self.deliver(link, message, now);
                }
            }
            SessionAction::CutOver => {
                if let Some(message) = message.take() {
                    self.events.push(Event::CutOver { link, message: message.into_owned() });
                }
            }
            SessionAction::KeyChange => {
                if let Some(message) = message.take() {
                    self.events.push(Event::KeyChange { link, message: message.into_owned() });
                }
            }
            SessionAction::Unexpected => {
                if let Some(message) = message.take() {
                    self.report_unexpected(id, message);
                }
            }
        }
    }

    /// Passes a message to the owner.
    fn deliver(&mut self, link: LinkId, message: Message<'_>, now: Moment) {
        if message.mti().is_request() {
            self.events.push(Event::Request { link, message: message.into_owned() });
        } else {
            self.deliver_response(link, message, now);
        }
    }

    fn deliver_response(&mut self, link: LinkId, message: Message<'_>, now: Moment) {
        let key = MatchingKey::of(&message, &self.rules.response_key);
        let message = message.into_owned();
        match key.and_then(|key| self.in_flight.take(&key)) {
            Some(pending) => {
                let correlation_id = pending.correlation_id;
                self.events.push(Event::Response { correlation_id, link, message });
                self.record_response_time(&pending, now);
                self.release_slot(pending.connection, now);
            }
            None => self.events.push(Event::Unmatched { link, message }),
        }
    }

    fn report_unexpected(&mut self, id: ConnectionId, message: Message<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let phase = if connection.session.is_before_sign_on() {
            SessionPhase::BeforeSignOn
        } else {
            SessionPhase::SignedOn
        };
        let message = message.into_owned();
        self.events.push(Event::Unexpected { link: connection.link, phase, message });
    }

    fn close(&mut self, id: ConnectionId, reason: DisconnectReason) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.disconnect_reason = Some(reason);
        self.actions.push_back(Action::Close(id));
    }
}

/// Messages of the session itself.
impl LinkGroup {
    fn send_management_request(
        &mut self,
        id: ConnectionId,
        request: ManagementRequest,
        stan: Stan,
        now: Moment,
    ) {
        let rules = Arc::clone(&self.rules);
        self.scratch.clear();
        let with = (&*self.spec, &*rules);
        match write_request((request, stan), with, now, &mut self.scratch) {
            Ok(()) => self.push_scratch(id, rules.request, now),
            Err(_) => self.step(id, Input::Ended(DisconnectReason::NotEncodable), None, now),
        }
    }

    /// Responds to network management. A message without a response in the spec, such as an advice (0820), gets none.
    fn respond(&mut self, id: ConnectionId, message: &Message<'_>, done: bool, now: Moment) {
        let rules = Arc::clone(&self.rules);
        self.scratch.clear();
        let written = rules.write_response(message, done, &mut self.scratch);
        if let (Ok(()), Some(mti)) = (written, message.mti().response()) {
            self.push_scratch(id, mti, now);
        }
    }

    /// Appends the message in `scratch` to the outbox of a connection.
    fn push_scratch(&mut self, id: ConnectionId, mti: Mti, now: Moment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let reason = if connection.is_full() {
            Some(DisconnectReason::WriteTimeout)
        } else {
            let header = self.rules.headers.of(mti);
            let frame = OutgoingFrame { header, message: &self.scratch };
            connection
                .push(mti, frame, None, now)
                .is_err()
                .then_some(DisconnectReason::NotEncodable)
        };
        if let Some(reason) = reason {
            self.step(id, Input::Ended(reason), None, now);
        }
    }

    fn return_keep_alive(&mut self, id: ConnectionId, now: Moment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.is_full() || connection.push_keep_alive(now).is_err() {
            self.step(id, Input::Ended(DisconnectReason::WriteTimeout), None, now);
        }
    }
}

const fn disconnect_reason(error: &FrameError) -> DisconnectReason {
    match error {
        FrameError::Broken(fault) => DisconnectReason::FramingError(*fault),
        FrameError::Unsendable(_) => DisconnectReason::NotEncodable,
        FrameError::Io(_) => DisconnectReason::ClosedByPeer,
    }
}
