//! Limits that change while a transfer waits.

use std::sync::Arc;

use titian::transfer::{
    Alert, Context, CoreRules, Decision, Effect, Funding, Order, OutboundInput, OutboundTransfer,
    PostingReply, Refusal,
};
use titian::values::Moment;

use super::rules::{CORE, FixedTrace, order, reversing};

const NOW: Moment = Moment::from_millis(1_795_521_600_000);

/// Applies an input, or begins the transfer of an order. Returns the transfer after it, and whether it raised an alert.
fn step(
    transfer: Option<OutboundTransfer>,
    input: Result<OutboundInput, &Arc<Order>>,
    cancel_tries: u16,
) -> (OutboundTransfer, bool) {
    let core = CoreRules { cancel_tries, ..CORE.clone() };
    let (rules, mut decision) = (reversing(), Decision::default());
    let mut context = Context { now: NOW, rules: &rules, core: &core, numbers: &mut FixedTrace };
    match (&transfer, input) {
        (Some(transfer), Ok(input)) => transfer.decide(&input, &mut context, &mut decision),
        (None, Err(order)) => OutboundTransfer::accept(order, &mut context, &mut decision),
        _ => panic!("an order begins a transfer, and an input continues it"),
    }
    let next = decision.facts.iter().fold(transfer, |transfer, fact| match transfer {
        None => Some(OutboundTransfer::begin(fact).unwrap()),
        Some(transfer) => Some(OutboundTransfer::evolve(transfer, fact, NOW).unwrap()),
    });
    let is_alert = |effect: &Effect| matches!(effect, Effect::Alert(_, Alert::Exception));
    (next.unwrap(), decision.effects.iter().any(is_alert))
}

/// Core is silent. The operator lowers `core.cancel_tries` below the requests already made, to learn of it earlier.
#[test]
fn a_lower_limit_of_cancels_makes_a_waiting_transfer_an_exception_once() {
    let order = Arc::new(order(Funding::Core));
    let (mut transfer, _) = step(None, Err(&order), 60);
    let refused = OutboundInput::Posting(PostingReply::Refused(Refusal::Other));
    // A refusal after a repeat is not final, so the debit is cancelled.
    for input in
        [OutboundInput::Due, refused, OutboundInput::Due, OutboundInput::Due, OutboundInput::Due]
    {
        transfer = step(Some(transfer), Ok(input), 60).0;
    }
    assert_eq!(transfer.properties().name, "cancelling debit");
    assert!(!transfer.properties().is_exception);
    let (transfer, is_alert) = step(Some(transfer), Ok(OutboundInput::Due), 2);
    assert!(is_alert && transfer.properties().is_exception);
    let (transfer, is_alert) = step(Some(transfer), Ok(OutboundInput::Due), 2);
    assert!(!is_alert && transfer.properties().is_exception, "one alert a transfer");
}
