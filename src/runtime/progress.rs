//! How a transfer stands, as channels are told.

use crate::api::{Progress, Reason};
use crate::transfer::{Outbound, Refusal, RefusedFor, Rules, Trace, Why};
use crate::values::ResponseCode;

/// How a transfer stands. `trace` has the numbers of its request.
pub(super) fn progress(life: &Outbound, trace: Option<Trace>, rules: &Rules) -> Progress {
    let (id, standing) = (life.order().id, life.standing());
    Progress { id, standing, trace, reason: reason(life, rules) }
}

/// Why its money did not move, where that is so.
fn reason(life: &Outbound, rules: &Rules) -> Option<Reason> {
    match life {
        Outbound::Refused { why, .. } => Some(match why {
            RefusedFor::Core(refusal) | RefusedFor::CoreThenCancelled(refusal, _) => {
                Reason::Refused(*refusal)
            }
            RefusedFor::Barred => Reason::Refused(Refusal::Other),
            RefusedFor::Doubtful(_) => Reason::Undone,
        }),
        Outbound::Refunding { why, .. } | Outbound::Refunded { why, .. } => Some(match why {
            Why::Declined(code) => Reason::Refused(refusal(*code, rules)),
            Why::NotSent => Reason::NotSent,
            Why::Reversed | Why::NotSettled | Why::Resolved | Why::YetApproved => Reason::Undone,
        }),
        Outbound::Accepted(_)
        | Outbound::Debiting { .. }
        | Outbound::CancellingDebit { .. }
        | Outbound::Debited(..)
        | Outbound::Ready(_)
        | Outbound::Sent(_)
        | Outbound::Doubtful(..)
        | Outbound::Reversing(..)
        | Outbound::Inquiring { .. }
        | Outbound::Exception(..)
        | Outbound::Settled { .. }
        | Outbound::Contradicted(..)
        | Outbound::PaidTwice(_) => None,
    }
}

/// What a code that declines means: the same that it means when we say it.
pub(super) fn refusal(code: ResponseCode, rules: &Rules) -> Refusal {
    let listed = rules.inbound.refusals.iter().find(|(_, said)| *said == code);
    listed.map_or(Refusal::Other, |(refusal, _)| *refusal)
}
