//! What the links and core say, as what the engine takes in.

use std::time::Duration;

use bytes::Bytes;

use super::asked::Request;
use super::ids::Kind;
use super::node::Node;
use crate::bank::Told;
use crate::engine::{CoreSaid, Event, Key, Question};
use crate::iso8583::Message;
use crate::link::{self, LinkId, NotSent, Outgoing};
use crate::network::{Answered, Incoming, ReadError};
use crate::transfer::{ExchangeInput, Holding, Line, Way};
use crate::values::{Date, Offset, ResponseCode, TransferId};

/// How long an answer may wait for its link.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

impl Node {
    /// Core has answered.
    pub(super) fn told(&mut self, told: Told) {
        self.happen(match told {
            Told::Posting(id, answer) => Event::Core(id, CoreSaid::Posting(answer)),
            Told::Cancel(id, answer) => Event::Core(id, CoreSaid::Cancel(answer)),
            Told::Account(id, answer) => Event::Exchange(id, ExchangeInput::Core(answer)),
        });
    }

    /// Something happened at the links.
    pub(super) fn link_event(&mut self, event: link::Event) {
        match event {
            link::Event::Sent(token) => self.sending(token, Line::Sent),
            link::Event::Lost(token) => self.sending(token, Line::Lost),
            link::Event::NotSent(token, why) => {
                note_not_sent(token, why);
                self.sending(token, Line::NotSent);
            }
            // The engine has deadlines of its own.
            link::Event::Expired(_) => {}
            link::Event::Answered { message, .. } | link::Event::Unmatched { message, .. } => {
                self.hear(&message);
            }
            link::Event::Request { link, message } => self.take_request(link, message),
            link::Event::CutOver { link, date } => {
                let date = Date::nearest(date, Date::of(self.now, Offset::UTC));
                tracing::info!(link = self.name(link), %date, "cut-over");
                self.happen(Event::CutOver(date));
            }
            link::Event::KeyChange { link, .. } => {
                tracing::warn!(
                    link = self.name(link),
                    "the switch has a new key, and there is no use for keys here: it is not answered"
                );
            }
            link::Event::Unexpected { link, premature, message } => {
                self.metrics.unreadable.add();
                let (link, bytes) = (self.name(link), message.len());
                tracing::warn!(link, ?premature, bytes, "a message was not to come now");
            }
            link::Event::Malformed { link, message, error } => {
                self.metrics.unreadable.add();
                let (link, bytes) = (self.name(link), message.len());
                tracing::warn!(link, bytes, %error, "a frame holds no message");
            }
            link::Event::Up(link) => {
                self.set_up(link, true);
                tracing::info!(link = self.name(link), "the link is up");
            }
            link::Event::Down(link, end) => {
                self.set_up(link, false);
                tracing::warn!(link = self.name(link), ?end, "the link is down");
            }
            link::Event::Failed(link, end) => {
                tracing::info!(link = self.name(link), ?end, "no session was made");
            }
            link::Event::TurnedAway(link, peer) => {
                tracing::warn!(link = self.name(link), %peer, "a peer that is not on the list was turned away");
            }
        }
    }

    fn set_up(&mut self, link: LinkId, is_up: bool) {
        if is_up {
            self.up.insert(link);
        } else {
            self.up.remove(&link);
        }
        self.metrics.links_up.set(self.up.len());
        self.engine.reach(!self.up.is_empty());
    }

    fn name(&self, link: LinkId) -> &str {
        self.link_names.get(link.0).map_or("?", String::as_str)
    }

    /// What became of a message of ours. Of those that are repeated nothing needs to be known.
    fn sending(&mut self, token: link::Token, line: Line) {
        match Kind::of(token) {
            Some((id, Kind::Request)) => self.line(id, line),
            Some((id, Kind::Inquiry)) => {
                self.happen(Event::Exchange(id, ExchangeInput::Line(line)));
            }
            Some((_, Kind::Reversal | Kind::Status | Kind::Answer)) | None => {}
        }
    }
}

fn note_not_sent(token: link::Token, why: NotSent) {
    if let Some((id, kind)) = Kind::of(token) {
        tracing::debug!(transfer = %id, ?kind, %why, "a message was not sent");
    }
}

/// Messages.
impl Node {
    /// The switch answers something of ours.
    fn hear(&mut self, bytes: &Bytes) {
        let network = self.network.clone();
        let Ok(message) = network.spec().decode(bytes.clone()) else {
            return self.metrics.unreadable.add();
        };
        match network.read(&message, TransferId(0), self.now) {
            Ok(Incoming::Answer { trace, to, heard, holding }) => {
                self.happen(match to {
                    Answered::Request => Event::Answered { trace, to: Question::Request, heard },
                    Answered::Reversal => Event::Answered { trace, to: Question::Reversal, heard },
                    Answered::Status => Event::Answered { trace, to: Question::Status, heard },
                    Answered::Inquiry => Event::InquiryAnswered { trace, heard, holding },
                });
            }
            Ok(_) => self.metrics.unreadable.add(),
            Err(error) => {
                self.metrics.unreadable.add();
                tracing::warn!(%error, "an answer of the switch can't be taken in");
            }
        }
    }

    /// The switch asks something.
    fn take_request(&mut self, link: LinkId, bytes: Bytes) {
        let (network, id) = (self.network.clone(), self.ids.next());
        let request = Request { link, message: bytes.clone() };
        let Ok(message) = network.spec().decode(bytes) else {
            return self.metrics.unreadable.add();
        };
        let event = match network.read(&message, id, self.now) {
            Ok(Incoming::Demand(demand, key)) => Event::Demand { demand, key: Key(key.0) },
            Ok(Incoming::Reversal(demand, key, _)) => {
                Event::Reversal { demand, original: Key(key.0) }
            }
            Ok(Incoming::Status(demand, key)) => Event::Status { demand, original: Key(key.0) },
            Ok(Incoming::Inquiry(inquiry)) => Event::Inquire(inquiry, Way::In),
            Ok(Incoming::Answer { .. }) => return self.metrics.unreadable.add(),
            Err(error) => return self.refuse(id, &request, &error),
        };
        self.asked.put(id, request, self.now);
        self.happen(event);
    }

    /// What can't be taken in is answered so. Nothing is on record of it, and nothing was done.
    fn refuse(&mut self, id: TransferId, request: &Request, error: &ReadError) {
        self.metrics.unreadable.add();
        tracing::warn!(link = self.name(request.link), %error, "a request of the switch can't be taken in");
        let code = self.network.refusal(error);
        self.respond_to(id, request, code, &Holding::default());
    }

    /// Answers a message of the switch, on the link that it came on.
    pub(super) fn respond_to(
        &mut self,
        id: TransferId,
        request: &Request,
        code: ResponseCode,
        holding: &Holding,
    ) {
        let approved = code == self.rules.inbound.approved;
        let counted = if approved { &self.metrics.approved } else { &self.metrics.declined };
        counted.add();
        let network = self.network.clone();
        let made =
            network.spec().decode(request.message.clone()).map_err(|error| error.to_string());
        let made = made.and_then(|message: Message<'_>| {
            let answer = network.answer(&message, code, holding, &mut self.scratch);
            answer.map_err(|error| error.to_string())
        });
        if let Err(error) = made {
            self.metrics.unanswered.add();
            return tracing::error!(transfer = %id, error, "an answer can't be made");
        }
        let message = self.written();
        self.messages.push(Outgoing {
            token: Kind::Answer.token(id),
            message,
            deadline: self.now.after(ANSWER_WAIT),
            via: Some(request.link),
        });
    }
}
