//! Messages of the switch that are odd: with faults that the profile tolerates, with elements that the program does not use, or
//! malformed.

use crate::engine::Event;
use crate::iso8583::{DecodeError, Message, Mti, Reason};
use crate::link::LinkId;
use crate::network::Network;
use crate::transfer::AccountDetails;
use crate::values::{IdempotencyKey, ResponseCode, TransferId};

use super::node::Node;
use super::pending_responses::SwitchRequest;

impl Node {
    /// Counts and logs the faults of a message that is handled as any other.
    pub(super) fn warn_of_faults(&self, link: LinkId, mti: Mti, faults: &[DecodeError]) {
        let (link, metrics) = (self.link_name(link), &self.metrics);
        for fault in faults {
            match fault.reason {
                Reason::TrailingBytes(_) => metrics.trailing_bytes.inc(),
                Reason::Undefined | Reason::UndefinedBitmap => metrics.undefined_elements.inc(),
                _ => metrics.odd_elements.inc(),
            };
            tracing::warn!(link, %mti, %fault, "fault tolerated");
        }
    }

    /// Counts and logs what a response has that the program does not understand. The response keeps its meaning.
    pub(super) fn warn_of_response(&self, link: LinkId, message: &Message<'_>) {
        let (link, mti, metrics) = (self.link_name(link), message.mti(), &self.metrics);
        for de in self.network.unknown_elements(message).iter() {
            metrics.unused_elements.inc();
            tracing::warn!(link, %mti, %de, "element not understood");
        }
        if let Err(error) = Network::check_settlement_date(message, self.now) {
            metrics.odd_elements.inc();
            tracing::warn!(link, %mti, %error, "settlement date ignored");
        }
    }

    /// Answers a request that cannot be decoded, if what identifies it can be read.
    pub(super) fn answer_malformed(&mut self, request: SwitchRequest) {
        let spec = self.network.spec();
        let Some(message) = spec.message((*request.message).clone()) else { return };
        if !self.network.answers_malformed(&message) {
            self.metrics.inbound_unanswered.inc();
            return;
        }
        let (id, code) = (self.ids.next(), self.network.malformed_code());
        self.refuse(id, request, code);
    }

    /// Refuses a request that cannot be processed. Nothing was done for it, and the journal gets no row of it. A financial request
    /// gets no response if its key is on record, or if it is a repeat: the request itself may be approved, and a decline would
    /// contradict that.
    pub(super) fn refuse(&mut self, id: TransferId, request: SwitchRequest, code: ResponseCode) {
        let spec = self.network.spec();
        let Some(message) = spec.message((*request.message).clone()) else { return };
        let mti = message.mti();
        match (mti.class() == 2, mti.is_repeat()) {
            (true, true) => {
                self.metrics.inbound_unanswered.inc();
            }
            (true, false) => {
                let key = IdempotencyKey(self.network.duplicate_key(&message).0);
                self.pending_responses.insert(id, request, self.now);
                self.handle(Event::RefusedRequest { id, key, code });
            }
            (false, _) => self.send_response(id, request, code, &AccountDetails::default()),
        }
    }
}
