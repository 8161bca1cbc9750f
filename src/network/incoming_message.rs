//! What a message of the switch says, after the profile has read it.

use thiserror::Error;

use super::duplicate_key::DuplicateKey;
use crate::iso8583::{FieldError, Mti};
use crate::transfer::{
    AccountDetails, InboundRequest, InboundReversal, Inquiry, MessageKind, ResponseFields,
    TraceNumbers,
};

/// A message of the switch about a transfer or an inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncomingMessage {
    /// A response to one of our messages about a transfer.
    Response {
        /// The trace numbers of the request. The transmission time has a resolution of one second.
        trace: TraceNumbers,
        /// The message that is answered.
        kind: MessageKind,
        /// The fields of the response.
        response: ResponseFields,
    },
    /// A response to an account or balance inquiry of ours.
    InquiryResponse {
        /// The trace numbers of the inquiry, as those of a request.
        trace: TraceNumbers,
        /// The fields of the response.
        response: ResponseFields,
        /// The account details.
        account: AccountDetails,
    },
    /// A financial request or its repeat.
    InboundRequest(InboundRequest, DuplicateKey),
    /// A reversal.
    Reversal(InboundReversal),
    /// A status inquiry about an inbound transfer, with the key of the transfer's request.
    StatusInquiry(InboundRequest, DuplicateKey),
    /// An account or balance inquiry.
    Inquiry(Inquiry),
}

/// The reasons why a message of the switch cannot be processed. [`Network::refusal_code`](super::Network::refusal_code) is the response code.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A data element is missing or malformed.
    #[error("{0}")]
    Malformed(#[from] FieldError),
    /// The profile does not have this message type with this processing code.
    #[error("{mti} with processing code {processing_code} is not in the network profile")]
    Unsupported {
        /// The message type.
        mti: Mti,
        /// The processing code (DE3), or `none`.
        processing_code: String,
    },
    /// A partial reversal, and the profile declines them.
    #[error("partial reversal (DE95): the network profile declines them")]
    PartialReversal,
}
