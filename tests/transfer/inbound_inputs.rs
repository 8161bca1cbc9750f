//! The inputs of an inbound transfer, with labels for the tables.

use titian::transfer::{
    CancelReply, InboundInput, InboundMessage, PostingReply, PriorPosting, Refusal,
    ResolutionOutcome, ReversalMessage,
};
use titian::values::IdempotencyKey;

use super::rules::{amount, request, resolution, reversal};

pub(crate) fn inbound_inputs() -> Vec<(&'static str, InboundInput)> {
    let message = InboundMessage::from(&request());
    let other = InboundMessage { amount: amount(1), ..message };
    let another = ReversalMessage { key: IdempotencyKey(91), ..reversal(message) };
    let partial = |minor| ReversalMessage { actual: Some(amount(minor)), ..reversal(message) };
    let refused = PostingReply::Refused(Refusal::NoSuchAccount);
    let resolve = |outcome| InboundInput::Resolve(resolution(outcome));
    vec![
        ("core: posted", InboundInput::Posting(PostingReply::Posted)),
        ("core: refused", InboundInput::Posting(PostingReply::Refused(Refusal::NoSuchAccount))),
        ("core: conflict", InboundInput::Posting(PostingReply::Conflict)),
        ("core: barred", InboundInput::Posting(PostingReply::Barred)),
        ("core: no reply", InboundInput::Posting(PostingReply::Unknown)),
        (
            "core: cancelled, was posted",
            InboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Posted)),
        ),
        (
            "core: cancelled, was absent",
            InboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Absent)),
        ),
        (
            "core: cancelled, was cancelled",
            InboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Cancelled)),
        ),
        ("core: no reply to cancel", InboundInput::Cancel(CancelReply::Unknown)),
        ("core: cancel refused", InboundInput::Cancel(CancelReply::Refused)),
        ("resolution: settled", resolve(ResolutionOutcome::Settled)),
        ("resolution: refunded", resolve(ResolutionOutcome::Refunded)),
        ("resolution: posted by hand", resolve(ResolutionOutcome::PostedByHand)),
        ("resolution: written off", resolve(ResolutionOutcome::WrittenOff)),
        ("repeated request", InboundInput::RepeatedRequest(message)),
        ("repeated request, other amount", InboundInput::RepeatedRequest(other)),
        ("reversal", InboundInput::Reversal(reversal(message))),
        ("reversal, another one", InboundInput::Reversal(another)),
        ("reversal, other amount", InboundInput::Reversal(reversal(other))),
        ("partial reversal", InboundInput::Reversal(partial(5_000_000))),
        ("partial reversal, other part", InboundInput::Reversal(partial(5_000_001))),
        ("core: part posted", InboundInput::PartialReversal(PostingReply::Posted)),
        ("core: part refused", InboundInput::PartialReversal(refused)),
        ("core: part conflict", InboundInput::PartialReversal(PostingReply::Conflict)),
        ("core: part barred", InboundInput::PartialReversal(PostingReply::Barred)),
        ("core: no reply to part", InboundInput::PartialReversal(PostingReply::Unknown)),
        (
            "core: part cancelled, was posted",
            InboundInput::PartCancel(CancelReply::Cancelled(PriorPosting::Posted)),
        ),
        ("core: cancel of part refused", InboundInput::PartCancel(CancelReply::Refused)),
        ("core: no reply to cancel of part", InboundInput::PartCancel(CancelReply::Unknown)),
        ("status inquiry", InboundInput::StatusInquiry(message)),
        ("deadline", InboundInput::Due),
        ("restart", InboundInput::Restarted),
    ]
}
