//! The inputs of an outbound transfer, with labels for the tables.

use titian::transfer::{
    CancelReply, OutboundInput, PostingReply, PriorPosting, Refusal, ResolutionOutcome, SendStatus,
};

use super::rules::{amount, resolution, response};

pub(crate) fn outbound_inputs() -> Vec<(&'static str, OutboundInput)> {
    let mut other = response("00");
    other.amount = amount(1);
    let resolve = |outcome| OutboundInput::Resolve(resolution(outcome));
    vec![
        ("core: posted", OutboundInput::Posting(PostingReply::Posted)),
        (
            "core: refused",
            OutboundInput::Posting(PostingReply::Refused(Refusal::InsufficientFunds)),
        ),
        ("core: conflict", OutboundInput::Posting(PostingReply::Conflict)),
        ("core: barred", OutboundInput::Posting(PostingReply::Barred)),
        ("core: no reply", OutboundInput::Posting(PostingReply::Unknown)),
        (
            "core: cancelled, was posted",
            OutboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Posted)),
        ),
        (
            "core: cancelled, was absent",
            OutboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Absent)),
        ),
        (
            "core: cancelled, was cancelled",
            OutboundInput::Cancel(CancelReply::Cancelled(PriorPosting::Cancelled)),
        ),
        ("core: no reply to cancel", OutboundInput::Cancel(CancelReply::Unknown)),
        ("core: cancel refused", OutboundInput::Cancel(CancelReply::Refused)),
        ("link: sent", OutboundInput::Send(SendStatus::Sent)),
        ("link: not sent", OutboundInput::Send(SendStatus::NotSent)),
        ("link: lost", OutboundInput::Send(SendStatus::Lost)),
        ("response 00", OutboundInput::Response(response("00"))),
        ("response 51", OutboundInput::Response(response("51"))),
        ("response 68", OutboundInput::Response(response("68"))),
        ("response 91", OutboundInput::Response(response("91"))),
        ("response 00, other amount", OutboundInput::Response(other)),
        ("reversal response 00", OutboundInput::ReversalResponse(response("00"))),
        ("reversal response 25", OutboundInput::ReversalResponse(response("25"))),
        ("reversal response 96", OutboundInput::ReversalResponse(response("96"))),
        ("reversal response 00, other amount", OutboundInput::ReversalResponse(other)),
        ("status response 00", OutboundInput::StatusResponse(response("00"))),
        ("status response 51", OutboundInput::StatusResponse(response("51"))),
        ("status response 68", OutboundInput::StatusResponse(response("68"))),
        ("status response 30", OutboundInput::StatusResponse(response("30"))),
        ("file: settled", OutboundInput::Settlement { settled: true }),
        ("file: not settled", OutboundInput::Settlement { settled: false }),
        ("resolution: settled", resolve(ResolutionOutcome::Settled)),
        ("resolution: refunded", resolve(ResolutionOutcome::Refunded)),
        ("resolution: posted by hand", resolve(ResolutionOutcome::PostedByHand)),
        ("resolution: written off", resolve(ResolutionOutcome::WrittenOff)),
        ("deadline", OutboundInput::Due),
        ("restart", OutboundInput::Restarted),
    ]
}
