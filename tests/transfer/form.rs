//! Facts as they stand in the journal.

use titian::engine::Fact;
use titian::engine::form::{self, FormError};
use titian::transfer::{Context, Decision, Input, Line, Outbound, PostingAnswer};
use titian::values::Moment;

use crate::rules::{Same, answer, by_caller, order, reversing};

fn written(facts: &[Fact]) -> String {
    form::write(&facts.iter().collect::<Vec<_>>()).unwrap()
}

/// Called with the facts of every state and input of the table.
pub(crate) fn reads_as_written(facts: impl Iterator<Item = Fact>) {
    let facts: Vec<_> = facts.collect();
    assert_eq!(form::read(&written(&facts)).unwrap(), facts);
}

/// A life with a lost line and a reversal, as its journal has it.
#[test]
fn a_life_as_an_auditor_reads_it() {
    let rules = reversing();
    let now = Moment::from_millis(1_795_521_600_000);
    let mut context = Context { now, rules: &rules, numbers: &mut Same };
    let mut decision = Decision::default();
    let mut lines = Vec::new();
    let order = order(titian::transfer::Funding::Core);
    Outbound::accept(&order, &mut context, &mut decision);
    let mut life = None;
    let inputs = [
        Input::Posting(PostingAnswer::Posted),
        Input::Line(Line::Lost),
        Input::ReversalAnswer(answer("25")),
        Input::ReversalAnswer(answer("00")),
        Input::Answer(answer("00")),
    ];
    for input in inputs {
        life = decision.facts.iter().fold(life, |life, fact| match life {
            None => Some(Outbound::begin(fact).unwrap()),
            Some(life) => Some(Outbound::evolve(life, fact, now).unwrap()),
        });
        lines.push(written(&decision.facts.drain(..).map(Fact::Out).collect::<Vec<_>>()));
        let mut context = Context { now, rules: &rules, numbers: &mut Same };
        life.as_ref().unwrap().decide(&input, &mut context, &mut decision);
    }
    lines.push(written(&decision.facts.drain(..).map(Fact::Out).collect::<Vec<_>>()));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_a_later_program_wrote_is_refused_and_so_is_what_is_damaged() {
    let error = |text: &str| form::read(text).unwrap_err();
    assert!(matches!(error("{\"v\":2,\"facts\":[{\"new\":1}]}"), FormError::Newer { found: 2 }));
    assert!(matches!(error("{\"v\":1,\"facts\":[{\"out\":"), FormError::Malformed(_)));
    let caller = titian::transfer::OutboundFact::Accepted(order(by_caller()));
    let damaged = written(&[Fact::Out(caller)]).replace("1234567890", "12345\\n67890");
    let message = error(&damaged).to_string();
    assert!(!message.contains("12345"), "the account is not shown: {message}");
}
