//! Cut-overs of the switch: handed to the engine, and answered when the new business date is durable.

use super::node::Node;
use super::pending_responses::SwitchRequest;
use crate::engine::{CutOverOutcome, CutOverRequest, Event};
use crate::iso8583::{De, OwnedMessage};
use crate::link::LinkId;
use crate::transfer::Alert;
use crate::values::{Date, TransferId};

impl Node {
    pub(super) fn handle_cut_over(&mut self, link: LinkId, message: OwnedMessage) {
        let id = self.ids.next();
        let Some(message) = self.network.spec().message(message) else {
            self.metrics.messages_unreadable.inc();
            return;
        };
        let day = message.get(De::SETTLEMENT_DATE).ok();
        let request = SwitchRequest { link, message: Box::new(message.into_owned()) };
        self.pending_responses.insert(id, request, self.now);
        let today = Date::of(self.now, self.network.offset());
        self.handle(Event::CutOver(CutOverRequest { id, day, today }));
    }

    /// Reports and answers a cut-over. After a restart the request is gone: then the switch repeats it.
    pub(super) fn finish_cut_over(&mut self, id: TransferId, outcome: CutOverOutcome) {
        self.report_cut_over(outcome);
        match self.pending_responses.take(id) {
            Some(request) => self.respond_to_management(id, request, outcome.is_done()),
            None => {
                self.metrics.inbound_unanswered.inc();
            }
        }
    }

    fn report_cut_over(&mut self, outcome: CutOverOutcome) {
        let (alert, before, date) = match outcome {
            CutOverOutcome::Unchanged(date) => {
                return tracing::info!(%date, "cut-over repeated");
            }
            CutOverOutcome::Taken { before, date } => {
                tracing::info!(%before, %date, "cut-over done");
                if self.working_days.is_next(date, before) {
                    return;
                }
                (Alert::CutOverUnexpected, before, date.to_string())
            }
            CutOverOutcome::Corrected { before, date } => {
                tracing::info!(%before, %date, "cut-over done");
                (Alert::CutOverUnexpected, before, date.to_string())
            }
            CutOverOutcome::Refused { present, day } => {
                let day = day.map_or_else(|| "none".to_owned(), |day| day.to_string());
                (Alert::CutOverRefused, present, day)
            }
        };
        self.raise_own_alert(alert);
        tracing::warn!(alert = alert.code(), %before, date, "alert raised");
    }

    /// Sends the response to a network management request, on the link that the request came on.
    fn respond_to_management(&mut self, id: TransferId, request: SwitchRequest, is_done: bool) {
        let Self { network, encode_buffer, .. } = self;
        let Some(message) = network.spec().message(*request.message) else {
            self.metrics.inbound_unanswered.inc();
            return;
        };
        if let Err(error) = network.session().write_response(&message, is_done, encode_buffer) {
            self.metrics.inbound_unanswered.inc();
            tracing::error!(%error, "response not encoded");
            return self.raise_link_alert(request.link, Alert::MessageNotEncodable);
        }
        self.queue_response(id, request.link);
    }
}
