//! Requests of the switch that have no response yet, by the id that they got here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::created_at;
use crate::iso8583::OwnedMessage;
use crate::link::LinkId;
use crate::values::{Moment, TransferId};

/// How long a request is kept. By then the switch has repeated it, under another id.
const KEPT: Duration = Duration::from_mins(5);

/// A request of the switch, and the link that it came on.
#[derive(Clone, Debug)]
pub(super) struct SwitchRequest {
    pub(super) link: LinkId,
    pub(super) message: Box<OwnedMessage>,
}

/// The requests in the order of their ids, which is the order of time. At the limit the oldest is dropped and gets no
/// response: the switch repeats it.
#[derive(Debug)]
pub(super) struct PendingResponses {
    by_id: BTreeMap<TransferId, SwitchRequest>,
    limit: usize,
}

impl PendingResponses {
    pub(super) const fn new(limit: usize) -> Self {
        Self { by_id: BTreeMap::new(), limit }
    }

    /// Keeps a request until it gets its response.
    pub(super) fn insert(&mut self, id: TransferId, request: SwitchRequest, now: Moment) {
        while let Some(oldest) = self.by_id.first_entry()
            && (now.since(created_at(*oldest.key())) >= KEPT || self.by_id.len() >= self.limit)
        {
            self.by_id.pop_first();
        }
        self.by_id.insert(id, request);
    }

    /// Removes the request that gets its response now.
    pub(super) fn take(&mut self, id: TransferId) -> Option<SwitchRequest> {
        self.by_id.remove(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::iso8583::{Mti, Spec};

    fn message() -> OwnedMessage {
        let (name, text) = Spec::SHIPPED[0];
        let spec = Spec::parse(name, text).unwrap();
        let mut bytes = BytesMut::new();
        spec.encoder(Mti::FINANCIAL_REQUEST, &mut bytes).unwrap().finish();
        spec.decode(bytes.freeze()).unwrap().into_owned()
    }

    #[test]
    fn old_requests_and_those_over_the_limit_are_dropped() {
        let mut pending = PendingResponses::new(2);
        let message = message();
        let request = || SwitchRequest { link: LinkId(0), message: Box::new(message.clone()) };
        let at = |seconds: u64| Moment::from_millis(1000 * seconds);
        let id = |seconds: u128| TransferId((1000 * seconds) << 80);
        for seconds in [0, 200, 250] {
            pending.insert(id(u128::from(seconds)), request(), at(seconds));
        }
        assert!(pending.take(id(0)).is_none(), "over the limit");
        assert!(pending.take(id(250)).is_some());
        pending.insert(id(500), request(), at(500));
        assert!(pending.take(id(200)).is_none(), "too old");
        assert_eq!(pending.len(), 1);
    }
}
