//! The stored form of facts.

use std::sync::Arc;

use titian::engine::Fact;
use titian::engine::stored_facts::{self, StoredFactsError, WrittenFacts};
use titian::transfer::{
    Context, Decision, OutboundInput, OutboundTransfer, PostingReply, SendStatus,
};
use titian::values::{Moment, PersonalText};

use super::rules::{CORE, FixedTrace, channel_funding, order, response, reversing};

fn stored(facts: &[Fact]) -> WrittenFacts {
    stored_facts::write(&facts.iter().collect::<Vec<_>>()).unwrap()
}

/// Asserts that stored facts read back equal. The table calls it with the facts of every state and input.
pub(crate) fn assert_round_trip(facts: impl Iterator<Item = Fact>) {
    let facts: Vec<_> = facts.collect();
    let WrittenFacts { text, personal } = stored(&facts);
    assert_eq!(stored_facts::read(&text, personal.as_ref()).unwrap(), facts);
    for secret in ["1234567890", "9876543210", "6011123456789018", "Siti Rahayu", "Budi Santoso"] {
        assert!(!text.contains(secret), "{text}");
    }
    // Without the personal text, the facts are the same except for placeholders.
    let unreadable = stored_facts::read(&text, None).unwrap();
    let whole = stored_facts::read_whole(&text, None);
    assert_eq!(personal.is_some(), matches!(whole, Err(StoredFactsError::Encrypted)), "{whole:?}");
    assert_eq!(stored(&unreadable).text, text);
}

/// The stored facts of a transfer with a lost connection and a reversal.
#[test]
fn stored_facts_of_reversed_transfer() {
    let rules = reversing();
    let now = Moment::from_millis(1_795_521_600_000);
    let mut context = Context { now, rules: &rules, core: &CORE, numbers: &mut FixedTrace };
    let mut decision = Decision::default();
    let mut lines = Vec::new();
    let order = Arc::new(order(titian::transfer::Funding::Core));
    OutboundTransfer::accept(&order, &mut context, &mut decision);
    let mut transfer = None;
    let inputs = [
        OutboundInput::Posting(PostingReply::Posted),
        OutboundInput::Send(SendStatus::Lost),
        OutboundInput::ReversalResponse(response("25")),
        OutboundInput::ReversalResponse(response("00")),
        OutboundInput::Response(response("00")),
    ];
    for input in inputs {
        transfer = decision.facts.iter().fold(transfer, |transfer, fact| match transfer {
            None => Some(OutboundTransfer::begin(fact).unwrap()),
            Some(transfer) => Some(OutboundTransfer::evolve(transfer, fact, now).unwrap()),
        });
        lines.extend(lines_of(stored(
            &decision.facts.drain(..).map(Fact::Outbound).collect::<Vec<_>>(),
        )));
        let mut context = Context { now, rules: &rules, core: &CORE, numbers: &mut FixedTrace };
        transfer.as_ref().unwrap().decide(&input, &mut context, &mut decision);
    }
    lines.extend(lines_of(stored(
        &decision.facts.drain(..).map(Fact::Outbound).collect::<Vec<_>>(),
    )));
    insta::assert_snapshot!(lines.join("\n"));
}

fn lines_of(WrittenFacts { text, personal }: WrittenFacts) -> impl Iterator<Item = String> {
    [Some(text), personal.map(|personal| personal.0)].into_iter().flatten()
}

#[test]
fn newer_or_damaged_facts_are_rejected() {
    let error = |text: &str| stored_facts::read(text, None).unwrap_err();
    assert!(matches!(
        error("{\"v\":2,\"facts\":[{\"new\":1}]}"),
        StoredFactsError::Newer { found: 2 }
    ));
    assert!(matches!(error("{\"v\":1,\"facts\":[{\"out\":"), StoredFactsError::Malformed(_)));
    let caller = titian::transfer::OutboundFact::Accepted(Arc::new(order(channel_funding())));
    let WrittenFacts { text, personal } = stored(&[Fact::Outbound(caller)]);
    let damaged = PersonalText(personal.unwrap().0.replace("1234567890", "12345\\n67890"));
    let message = stored_facts::read(&text, Some(&damaged)).unwrap_err().to_string();
    assert!(!message.contains("12345"), "account number in the error: {message}");
}
