//! The events that the engine handles, and the outputs that it produces.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cut_over::{CutOverOutcome, CutOverRequest};
use super::refusals::ResolutionRefusal;
use crate::control::{ActDone, ActRefusal, ActRequest, Control, Restricted};
use crate::transfer::{
    AccountDetails, CancelReply, Effect, InboundFact, InboundInput, InboundRequest,
    InboundReversal, InboundTransfer, Inquiry, InquiryInput, InquiryOutcome, MessageKind, Order,
    OriginalStep, OutboundFact, OutboundInput, OutboundTransfer, PostingReply, ResponseFields,
    TraceNumbers,
};
use crate::values::{
    AccountNumber, Direction, IdempotencyKey, Institution, LinkOrder, Moment, Reference,
    RequestFingerprint, RequestIdentity, ResponseCode, Rrn, TransferId,
};

/// Something that happened outside the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A channel asks for a transfer.
    Order {
        /// The order.
        order: Arc<Order>,
        /// The keys and the fingerprint of the request.
        identity: RequestIdentity,
    },
    /// An input for a transfer, found by its id.
    Transfer(TransferId, TransferInput),
    /// Core replied to a command about the posting of a transfer. The transfer may have either direction.
    Core(TransferId, PostingCoreReply),
    /// The switch responded to a message of an outbound transfer.
    Response {
        /// The transfer whose message the links matched with it. `None` if no message in flight matches: then the trace numbers find
        /// the transfer.
        transfer_id: Option<TransferId>,
        /// The trace numbers of the response.
        trace: TraceNumbers,
        /// The kind of message that it responds to.
        kind: MessageKind,
        /// The fields of the response.
        response: ResponseFields,
    },
    /// The switch sent a request for an inbound transfer, for the first time or as a repeat.
    InboundRequest {
        /// The request.
        request: Arc<InboundRequest>,
        /// The key of the request.
        key: IdempotencyKey,
    },
    /// The switch sent a request that cannot be processed. It gets this response, unless its key is on record: that request
    /// may be approved, and then a decline would contradict it.
    RefusedRequest {
        /// The id that the message got here. No transfer exists under it.
        id: TransferId,
        /// The key of the request.
        key: IdempotencyKey,
        /// The response code.
        code: ResponseCode,
    },
    /// The switch sent a reversal of an inbound transfer.
    InboundReversal {
        /// The reversal.
        reversal: Arc<InboundReversal>,
        /// The place of the present step in the search for its original.
        step: usize,
    },
    /// The switch asked for the status of an inbound transfer.
    InboundStatusInquiry {
        /// The request of the transfer, with the fields that the inquiry carries.
        request: Arc<InboundRequest>,
        /// The key of the original request.
        original_key: IdempotencyKey,
    },
    /// A channel (outbound) or the switch (inbound) sent an inquiry that moves no money.
    Inquiry(Inquiry, Direction),
    /// An input for an open inquiry, found by its id.
    InquiryInput(TransferId, InquiryInput),
    /// The switch responded to an inquiry.
    InquiryResponse {
        /// The trace numbers of the response.
        trace: TraceNumbers,
        /// The fields of the response.
        response: ResponseFields,
        /// The account details that it carries.
        account: AccountDetails,
    },
    /// A person gives a command.
    Act(Box<ActRequest>),
    /// The switch asks for a new business date.
    CutOver(CutOverRequest),
    /// A channel or an operator asks for the status of a transfer. The id identifies the question.
    StatusQuery(TransferId, Lookup),
}

impl Event {
    /// Returns the input that the event means for a transfer, or `None` if the event does not apply to it.
    pub(super) fn input_for(&self, transfer: &Transfer) -> Option<TransferInput> {
        match self {
            Self::Transfer(_, input) => Some(input.clone()),
            Self::Core(_, reply) => Some(reply.input_for(transfer)),
            Self::Response { kind, response, .. } => match transfer {
                Transfer::Outbound(transfer) => Some(TransferInput::Outbound(
                    OutboundInput::response(*kind, response.response_to(transfer.order())),
                )),
                Transfer::Inbound(_) => None,
            },
            Self::InboundRequest { request, .. } => {
                Some(TransferInput::Inbound(InboundInput::RepeatedRequest((&**request).into())))
            }
            Self::InboundReversal { reversal, .. } => {
                Some(TransferInput::Inbound(InboundInput::Reversal(reversal.message())))
            }
            Self::InboundStatusInquiry { request, .. } => match transfer {
                Transfer::Inbound(transfer) => {
                    let inquiry = request.status_message(transfer.request().side);
                    Some(TransferInput::Inbound(InboundInput::StatusInquiry(inquiry)))
                }
                Transfer::Outbound(_) => None,
            },
            Self::Order { .. }
            | Self::Inquiry(..)
            | Self::InquiryInput(..)
            | Self::InquiryResponse { .. }
            | Self::CutOver(_)
            | Self::Act(_)
            | Self::RefusedRequest { .. }
            | Self::StatusQuery(..) => None,
        }
    }

    /// Returns how to find the transfer of the event, or `None` if the event is not about an existing transfer.
    pub(super) fn lookup(&self) -> Option<Lookup> {
        match self {
            Self::Transfer(id, _)
            | Self::Core(id, _)
            | Self::Response { transfer_id: Some(id), .. } => Some(Lookup::Id(*id)),
            Self::Response { transfer_id: None, trace, .. } => Some(Lookup::TraceNumbers(*trace)),
            Self::InboundRequest { key, .. } | Self::RefusedRequest { key, .. } => {
                Some(Lookup::IdempotencyKey(*key))
            }
            Self::InboundReversal { reversal, step } => {
                let step = reversal.original.steps.get(*step)?;
                Some(match step {
                    OriginalStep::Key(key) => Lookup::IdempotencyKey(*key),
                    OriginalStep::Reference { since } => Lookup::InboundReference {
                        bank: reversal.request.counterparty,
                        rrn: reversal.request.trace.rrn,
                        since: *since,
                    },
                })
            }
            Self::InboundStatusInquiry { original_key, .. } => {
                Some(Lookup::IdempotencyKey(*original_key))
            }
            Self::StatusQuery(_, lookup) => Some(*lookup),
            Self::Order { .. }
            | Self::Inquiry(..)
            | Self::InquiryInput(..)
            | Self::InquiryResponse { .. }
            | Self::CutOver(_)
            | Self::Act(_) => None,
        }
    }
}

/// An input for one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferInput {
    /// For an outbound transfer.
    Outbound(OutboundInput),
    /// For an inbound transfer.
    Inbound(InboundInput),
}

/// A reply of core about a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingCoreReply {
    /// The reply to a posting command.
    Posting(PostingReply),
    /// The reply to a cancel command.
    Cancel(CancelReply),
    /// The reply to the command of a partial reversal, whose posting has an id of its own.
    PartialReversal(PostingReply),
    /// The reply to the cancel of such a posting.
    PartCancel(CancelReply),
}

impl PostingCoreReply {
    const fn input_for(self, transfer: &Transfer) -> TransferInput {
        match (transfer, self) {
            // Only an inbound transfer has a partial reversal. An outbound one raises an alert.
            (_, Self::PartialReversal(reply)) => {
                TransferInput::Inbound(InboundInput::PartialReversal(reply))
            }
            (_, Self::PartCancel(reply)) => TransferInput::Inbound(InboundInput::PartCancel(reply)),
            (Transfer::Outbound(_), Self::Posting(reply)) => {
                TransferInput::Outbound(OutboundInput::Posting(reply))
            }
            (Transfer::Outbound(_), Self::Cancel(reply)) => {
                TransferInput::Outbound(OutboundInput::Cancel(reply))
            }
            (Transfer::Inbound(_), Self::Posting(reply)) => {
                TransferInput::Inbound(InboundInput::Posting(reply))
            }
            (Transfer::Inbound(_), Self::Cancel(reply)) => {
                TransferInput::Inbound(InboundInput::Cancel(reply))
            }
        }
    }
}

/// Something that the caller must do. Everything that it rests on is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// An effect of a transfer.
    Effect(Effect),
    /// A channel repeated a request. The original transfer is the answer to it.
    Duplicate(DuplicateRequest),
    /// A channel sent a different request under a key that is in use.
    KeyConflict(DuplicateRequest),
    /// A request is not admitted, and nothing was done. A channel gets a refusal. The switch gets no response: it repeats or
    /// reverses its request, as if the request had been lost.
    NotAdmitted(TransferId, NotAdmitted),
    /// A restriction refuses the request, and nothing was done. A channel gets its text.
    Restricted(TransferId, Box<Restricted>),
    /// The answer to the command with this id: what it did, or why it was refused.
    Act(TransferId, Result<ActDone, ActRefusal>),
    /// The state of control after acts. It is durable.
    Control(Arc<Control>),
    /// Give a link an order, and tell the person who gave it under this id what became of it.
    OrderLink(TransferId, Reference, LinkOrder),
    /// A closing refuses transfers whose request was released before: withdraw each request that is not written yet.
    WithdrawRequests(Vec<TransferId>),
    /// A checker approved looser settings. Read the configuration again.
    SettingsApproved,
    /// Look up a transfer in the journal for an event. Pass the result, once and with this number, to
    /// [`Engine::handle_lookup_result`](super::Engine::handle_lookup_result). The event waits for it.
    JournalLookup(u64, Lookup, Box<Event>),
    /// A response matches no message.
    UnmatchedResponse(TraceNumbers, MessageKind, ResponseCode),
    /// An event is about a transfer that neither the engine nor the journal has. It may belong to another journal.
    UnknownTransfer(TransferId),
    /// A manual resolution is not possible in the state of its transfer. Nothing is on record.
    ResolutionRefused(ResolutionRefusal),
    /// What became of the cut-over with this id. The new business date is durable. Send the response to the switch.
    CutOver(TransferId, CutOverOutcome),
    /// The durable state of the transfer that a status query is about, or `None` if there is no such transfer.
    Status(TransferId, Option<Box<Transfer>>),
    /// Send this inquiry to the switch with these trace numbers.
    SendInquiry(Box<Inquiry>, TraceNumbers),
    /// Ask core for an account, for the inquiry with this id.
    RequestAccount(TransferId, AccountNumber),
    /// An inquiry has ended. Send the outcome to the one who asked.
    InquiryEnded(TransferId, Direction, InquiryOutcome),
    /// A response to an inquiry that has ended, or that this node did not send.
    LateInquiryResponse(TraceNumbers, ResponseCode),
}

/// A channel's request whose key another transfer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateRequest {
    /// The id that this request got. No transfer exists under it.
    pub duplicate_id: TransferId,
    /// The key that is in use.
    pub key: IdempotencyKey,
    /// The fingerprint of this request.
    pub fingerprint: RequestFingerprint,
    /// The transfer that holds the key.
    pub original_id: TransferId,
}

/// Why a request is not admitted. Nothing was done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotAdmitted {
    /// A limit is reached: of open transfers, open inquiries or lookups in the journal.
    Full,
    /// The node is shutting down.
    Draining,
    /// The switch cannot be reached.
    Unreachable,
    /// The transfer that held one of its keys was withdrawn. If the channel repeats the request, it is a new one.
    Withdrawn,
}

/// How to find a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// By its id.
    Id(TransferId),
    /// By one of its keys.
    IdempotencyKey(IdempotencyKey),
    /// By the trace numbers of one of its messages.
    TraceNumbers(TraceNumbers),
    /// By any of the keys of a channel's request.
    RequestIdentity(RequestIdentity),
    /// All inbound transfers with this RRN of this bank that started since then.
    InboundReference {
        /// The other bank.
        bank: Institution,
        /// The RRN.
        rrn: Rrn,
        /// The earliest start.
        since: Moment,
    },
}

impl Lookup {
    /// The most transfers that a look-up by RRN returns, the newest first. A result with as many is ambiguous.
    pub const REFERENCES_MAX: usize = 8;
}

/// A transfer in the journal, as a look-up finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredTransfer {
    /// All its facts, in order. There is at least one.
    pub facts: Vec<RecordedFact>,
    /// The identity of the request that started it.
    pub identity: Option<RequestIdentity>,
}

/// A transfer of either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// We send the request to the switch.
    Outbound(OutboundTransfer),
    /// The switch sends the request to us.
    Inbound(InboundTransfer),
}

/// A fact of either direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A fact of an outbound transfer.
    #[serde(rename = "outbound")]
    Outbound(OutboundFact),
    /// A fact of an inbound transfer.
    #[serde(rename = "inbound")]
    Inbound(InboundFact),
}

/// A fact with its transfer and its time, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFact {
    /// The transfer.
    pub id: TransferId,
    /// When the fact became true.
    pub at: Moment,
    /// The fact.
    pub fact: Fact,
}
