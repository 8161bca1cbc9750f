//! The inputs of an outbound transfer.

use serde::{Deserialize, Serialize};

use super::core_reply::{CancelReply, PostingReply};
use super::effect::MessageKind;
use super::order::SwitchResponse;
use super::resolution::Resolution;

/// An input of an outbound transfer: something that happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutboundInput {
    /// Core replied to the debit command, or did not.
    #[serde(rename = "posting_reply")]
    Posting(PostingReply),
    /// Core replied to the cancel of the debit, or did not.
    #[serde(rename = "cancel_reply")]
    Cancel(CancelReply),
    /// The link reports whether the request was sent.
    #[serde(rename = "send_status")]
    Send(SendStatus),
    /// The switch responded to the request.
    #[serde(rename = "response")]
    Response(SwitchResponse),
    /// The switch responded to the reversal.
    #[serde(rename = "reversal_response")]
    ReversalResponse(SwitchResponse),
    /// The switch responded to the status inquiry.
    #[serde(rename = "status_inquiry_response")]
    StatusResponse(SwitchResponse),
    /// The settlement file contains the transfer, or it is complete and does not.
    #[serde(rename = "settlement")]
    Settlement {
        /// Whether the file contains the transfer as settled.
        #[serde(rename = "settled")]
        settled: bool,
    },
    /// A maker and a checker resolved an exception.
    #[serde(rename = "resolution")]
    Resolve(Resolution),
    /// The deadline of the state was reached.
    #[serde(rename = "deadline")]
    Due,
    /// The program restarted. Connections and messages in flight are lost.
    #[serde(rename = "restart")]
    Restarted,
}

impl OutboundInput {
    /// Returns the input for a response of the switch to our message of this kind.
    #[must_use]
    pub const fn response(message: MessageKind, response: SwitchResponse) -> Self {
        match message {
            MessageKind::Request => Self::Response(response),
            MessageKind::Reversal => Self::ReversalResponse(response),
            MessageKind::StatusInquiry => Self::StatusResponse(response),
        }
    }
}

/// Whether the link sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SendStatus {
    /// The message was written to the connection.
    #[serde(rename = "sent")]
    Sent,
    /// The message was certainly not written.
    #[serde(rename = "not_sent")]
    NotSent,
    /// The connection was lost. Whether the switch got the message is unknown.
    #[serde(rename = "lost")]
    Lost,
}
