//! Every state with every input, in one snapshot, and the diagram of the states in `docs/transfer.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use titian::engine::Fact;
use titian::transfer::{
    About, Asked, Bar, CancelAnswer, Context, Decision, Demand, Effect, Funding, Inbound,
    InboundFact, InboundInput, Input, Line, Outbound, OutboundFact, PostingAnswer, Refusal, Reply,
    Resolution, Rules, TwoPersons, Verdict, Was,
};
use titian::values::Moment;

use crate::form;
use crate::rules::{Same, amount, answer, by_caller, demand, holding, order, reversing};

/// A state, and how it was come to.
#[derive(Clone)]
struct Reached<S> {
    name: String,
    state: S,
    rules: Rules,
    now: Moment,
}

/// What an input brought about.
struct Outcome<S> {
    facts: Vec<&'static str>,
    effects: Vec<&'static str>,
    next: S,
}

fn outbound_inputs() -> Vec<(&'static str, Input)> {
    let mut other = answer("00");
    other.amount = amount(1);
    let resolve = |verdict| {
        Input::Resolve(Resolution { verdict, by: TwoPersons::new("rina", "budi").unwrap() })
    };
    vec![
        ("core: posted", Input::Posting(PostingAnswer::Posted)),
        ("core: refused", Input::Posting(PostingAnswer::Refused(Refusal::InsufficientFunds))),
        ("core: conflict", Input::Posting(PostingAnswer::Conflict)),
        ("core: barred", Input::Posting(PostingAnswer::Barred)),
        ("core: no answer", Input::Posting(PostingAnswer::None)),
        ("core: was posted", Input::Cancel(CancelAnswer::Was(Was::Posted))),
        ("core: was absent", Input::Cancel(CancelAnswer::Was(Was::Absent))),
        ("core: was cancelled", Input::Cancel(CancelAnswer::Was(Was::Cancelled))),
        ("core: cancel unanswered", Input::Cancel(CancelAnswer::None)),
        ("core: won't cancel", Input::Cancel(CancelAnswer::Refused)),
        ("line: sent", Input::Line(Line::Sent)),
        ("line: not sent", Input::Line(Line::NotSent)),
        ("line: lost", Input::Line(Line::Lost)),
        ("answer 00", Input::Answer(answer("00"))),
        ("answer 51", Input::Answer(answer("51"))),
        ("answer 68", Input::Answer(answer("68"))),
        ("answer 91", Input::Answer(answer("91"))),
        ("answer 00, other amount", Input::Answer(other)),
        ("reversal answer 00", Input::ReversalAnswer(answer("00"))),
        ("reversal answer 25", Input::ReversalAnswer(answer("25"))),
        ("reversal answer 96", Input::ReversalAnswer(answer("96"))),
        ("reversal answer 00, other amount", Input::ReversalAnswer(other)),
        ("status answer 00", Input::StatusAnswer(answer("00"))),
        ("status answer 51", Input::StatusAnswer(answer("51"))),
        ("status answer 68", Input::StatusAnswer(answer("68"))),
        ("status answer 30", Input::StatusAnswer(answer("30"))),
        ("file: settled", Input::Settlement { settled: true }),
        ("file: not settled", Input::Settlement { settled: false }),
        ("persons: settle", resolve(Verdict::Settle)),
        ("persons: refund", resolve(Verdict::Refund)),
        ("due", Input::Due),
        ("restarted", Input::Restarted),
    ]
}

fn decide_outbound(from: &Reached<Outbound>, input: &Input) -> Outcome<Outbound> {
    let mut decision = Decision::default();
    let mut context = Context { now: from.now, rules: &from.rules, numbers: &mut Same };
    from.state.decide(input, &mut context, &mut decision);
    let next = decision
        .facts
        .iter()
        .try_fold(from.state.clone(), |state, fact| state.evolve(fact, from.now))
        .expect("what is decided folds");
    form::reads_as_written(decision.facts.iter().cloned().map(Fact::Out));
    outcome(decision.facts.iter().map(OutboundFact::name).collect(), &decision.effects, next)
}

fn outcome<S>(facts: Vec<&'static str>, effects: &[Effect], next: S) -> Outcome<S> {
    Outcome { facts, effects: effects.iter().map(effect_name).collect(), next }
}

fn effect_name(effect: &Effect) -> &'static str {
    match effect {
        Effect::AskPosting(_) => "ask posting",
        Effect::CancelPosting(_) => "cancel posting",
        Effect::SendRequest(_) => "send request",
        Effect::SendReversal(reversal) if reversal.repeat => "send reversal repeat",
        Effect::SendReversal(_) => "send reversal",
        Effect::SendStatusInquiry(..) => "send status inquiry",
        Effect::Answer(Reply { about: About::Request, .. }) => "answer",
        Effect::Answer(Reply { about: About::Reversal, .. }) => "answer reversal",
        Effect::Answer(Reply { about: About::Status, .. }) => "answer status",
        Effect::Tell(..) => "tell",
        Effect::Raise(..) => "raise alarm",
    }
}

/// One of each state, by the shortest way there, the first input first.
fn outbound_states() -> Vec<Reached<Outbound>> {
    let mut reached = Vec::new();
    for (network, rules) in [("reversing", reversing()), ("holding", holding())] {
        for (funding_name, funding) in [("core", Funding::Core), ("caller", by_caller())] {
            reach_outbound(
                &format!("{network}, debit by {funding_name}"),
                &rules,
                funding,
                &mut reached,
            );
        }
    }
    reached
}

fn reach_outbound(
    label: &str,
    rules: &Rules,
    funding: Funding,
    reached: &mut Vec<Reached<Outbound>>,
) {
    let order = order(funding);
    let mut decision = Decision::default();
    let start = Moment::from_millis(1_000_000);
    let mut context = Context { now: start, rules, numbers: &mut Same };
    Outbound::accept(&order, &mut context, &mut decision);
    let mut facts = decision.facts.iter();
    let first = Outbound::begin(facts.next().unwrap()).unwrap();
    let first = facts.try_fold(first, |state, fact| state.evolve(fact, start)).unwrap();
    let mut seen = BTreeSet::new();
    let mut queue = vec![(first, start)];
    while !queue.is_empty() {
        let (state, now) = queue.remove(0);
        let counted = format!("{}{}", state.name(), counted(&state));
        if !seen.insert(counted.clone()) {
            continue;
        }
        let name = format!("{counted} ({label})");
        for now in [now, now.after(std::time::Duration::from_hours(48))] {
            let from =
                Reached { name: name.clone(), state: state.clone(), rules: rules.clone(), now };
            for (_, input) in outbound_inputs() {
                queue.push((decide_outbound(&from, &input).next, start));
            }
        }
        reached.push(Reached { name, state, rules: rules.clone(), now });
    }
}

/// What a state has counted, as far as it decides: tries that are used up, and answers 'not found'.
fn counted(state: &Outbound) -> &'static str {
    match state {
        Outbound::Debiting { tries: 2.., .. } | Outbound::Inquiring { tries: 2.., .. } => {
            ", asked for the last time"
        }
        Outbound::Reversing(_, reversal) if reversal.not_found > 0 => ", not found once",
        _ => "",
    }
}

fn inbound_inputs() -> Vec<(&'static str, InboundInput)> {
    let asked = Asked::from(&demand());
    let other = Asked { amount: amount(1), ..asked };
    vec![
        ("core: posted", InboundInput::Posting(PostingAnswer::Posted)),
        ("core: refused", InboundInput::Posting(PostingAnswer::Refused(Refusal::NoSuchAccount))),
        ("core: conflict", InboundInput::Posting(PostingAnswer::Conflict)),
        ("core: barred", InboundInput::Posting(PostingAnswer::Barred)),
        ("core: no answer", InboundInput::Posting(PostingAnswer::None)),
        ("core: was posted", InboundInput::Cancel(CancelAnswer::Was(Was::Posted))),
        ("core: was absent", InboundInput::Cancel(CancelAnswer::Was(Was::Absent))),
        ("core: was cancelled", InboundInput::Cancel(CancelAnswer::Was(Was::Cancelled))),
        ("core: cancel unanswered", InboundInput::Cancel(CancelAnswer::None)),
        ("core: won't cancel", InboundInput::Cancel(CancelAnswer::Refused)),
        ("persons vouch", InboundInput::Resolve(TwoPersons::new("rina", "budi").unwrap())),
        ("request again", InboundInput::Again(asked)),
        ("request again, other amount", InboundInput::Again(other)),
        ("reversal", InboundInput::Reversal(asked)),
        ("reversal, other amount", InboundInput::Reversal(other)),
        ("status asked", InboundInput::StatusAsked(asked)),
        ("due", InboundInput::Due),
        ("restarted", InboundInput::Restarted),
    ]
}

fn decide_inbound(from: &Reached<Inbound>, input: &InboundInput) -> Outcome<Inbound> {
    let mut decision = Decision::default();
    let mut context = Context { now: from.now, rules: &from.rules, numbers: &mut Same };
    from.state.decide(input, &mut context, &mut decision);
    let next = decision
        .facts
        .iter()
        .try_fold(from.state.clone(), Inbound::evolve)
        .expect("what is decided folds");
    form::reads_as_written(decision.facts.iter().cloned().map(Fact::In));
    outcome(decision.facts.iter().map(InboundFact::name).collect(), &decision.effects, next)
}

fn begin_inbound(
    begin: fn(&Demand, &mut Context<'_>, &mut Decision<InboundFact>),
    now: Moment,
) -> Inbound {
    let (rules, mut decision) = (reversing(), Decision::default());
    begin(&demand(), &mut Context { now, rules: &rules, numbers: &mut Same }, &mut decision);
    let mut facts = decision.facts.iter();
    let first = Inbound::begin(facts.next().unwrap()).unwrap();
    facts.try_fold(first, Inbound::evolve).unwrap()
}

fn bar_by_reversal(
    demand: &Demand,
    context: &mut Context<'_>,
    decision: &mut Decision<InboundFact>,
) {
    Inbound::bar(demand, Bar::Reversal, context, decision);
}

fn bar_by_inquiry(
    demand: &Demand,
    context: &mut Context<'_>,
    decision: &mut Decision<InboundFact>,
) {
    Inbound::bar(demand, Bar::StatusInquiry, context, decision);
}

/// One of each state; of those that undo, one for each reason.
fn inbound_states() -> Vec<Reached<Inbound>> {
    let start = Moment::from_millis(1_000_000);
    let too_late = start.after(std::time::Duration::from_secs(1));
    let mut reached: Vec<Reached<Inbound>> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut queue = vec![
        (begin_inbound(Inbound::receive, start), start),
        (begin_inbound(Inbound::receive, start), too_late),
        (begin_inbound(bar_by_reversal, start), start),
        (begin_inbound(bar_by_inquiry, start), start),
    ];
    while !queue.is_empty() {
        let (state, now) = queue.remove(0);
        let name = match &state {
            Inbound::Undoing { undo, .. } | Inbound::Undone { undo, .. } => {
                format!("{} ({undo:?})", state.name())
            }
            Inbound::Posting { .. } if now == too_late => "Posting (too late to answer)".to_owned(),
            _ => state.name().to_owned(),
        };
        if !seen.insert(name.clone()) {
            continue;
        }
        let from = Reached { name, state, rules: reversing(), now };
        for (_, input) in inbound_inputs() {
            queue.push((decide_inbound(&from, &input).next, start));
        }
        reached.push(from);
    }
    reached
}

fn row(input: &str, facts: &[&str], effects: &[&str], next: &str) -> String {
    let list = |names: &[&str]| if names.is_empty() { "-".to_owned() } else { names.join(" ") };
    format!("    {input:<34} {:<46} {:<44} {next}", list(facts), effects.join(", "))
        .trim_end()
        .to_owned()
}

/// Edges of the diagram: from, to, and the inputs that lead there.
type Edges = BTreeMap<(String, String), Vec<&'static str>>;

fn plain(name: &str) -> String {
    name.split(" (").next().unwrap_or(name).to_owned()
}

fn outbound_table(edges: &mut Edges) -> (String, usize) {
    let mut table = String::new();
    let mut count = 0;
    for from in outbound_states() {
        let _ = writeln!(table, "\n{}", from.name);
        let on =
            Reached { now: from.now.after(std::time::Duration::from_hours(48)), ..from.clone() };
        let inputs = outbound_inputs().into_iter().map(|(label, input)| (label, input, &from));
        for (label, input, from) in inputs.chain([("due, two days on", Input::Due, &on)]) {
            let outcome = decide_outbound(from, &input);
            let next = outcome.next.name();
            let _ = writeln!(table, "{}", row(label, &outcome.facts, &outcome.effects, next));
            count += 1;
            edge(edges, from.state.name(), next, label);
        }
    }
    (table, count)
}

fn inbound_table(edges: &mut Edges) -> (String, usize) {
    let mut table = String::new();
    let mut count = 0;
    for from in inbound_states() {
        let _ = writeln!(table, "\n{}", from.name);
        for (label, input) in inbound_inputs() {
            let outcome = decide_inbound(&from, &input);
            let next = outcome.next.name();
            let _ = writeln!(table, "{}", row(label, &outcome.facts, &outcome.effects, next));
            count += 1;
            edge(edges, from.state.name(), next, label);
        }
    }
    (table, count)
}

fn edge(edges: &mut Edges, from: &str, to: &str, label: &'static str) {
    let (from, to) = (plain(from), plain(to));
    if from != to {
        let labels = edges.entry((from, to)).or_default();
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
}

fn diagram(edges: &Edges, starts: &[&str], ends: &[&str]) -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned()];
    lines.extend(starts.iter().map(|start| format!("    [*] --> {start}")));
    for ((from, to), labels) in edges {
        lines.push(format!("    {from} --> {to} : {}", labels.join("<br>").replace(':', "")));
    }
    lines.extend(ends.iter().map(|end| format!("    {end} --> [*]")));
    lines.join("\n")
}

#[test]
fn every_state_answers_every_input_as_it_did_when_last_looked_at() {
    let (outbound, outs) = outbound_table(&mut Edges::new());
    let (inbound, ins) = inbound_table(&mut Edges::new());
    println!("outbound: {outs} states × inputs; inbound: {ins}");
    insta::assert_snapshot!("outbound", outbound);
    insta::assert_snapshot!("inbound", inbound);
}

#[test]
fn the_page_of_the_states_is_current() {
    let (mut outbound, mut inbound) = (Edges::new(), Edges::new());
    let (_, outs) = outbound_table(&mut outbound);
    let (_, ins) = inbound_table(&mut inbound);
    let page = format!(
        "# The life of a transfer\n\n\
        Made from the code by `tests/transfer/table.rs`: `TITIAN_WRITE_DOCS=1 cargo test --test transfer` writes it anew.\n\
        Every state with every input, {outs} outbound and {ins} inbound, stands in `tests/transfer/snapshots/`.\n\n\
        ## Outbound\n```mermaid\n{}\n```\n\n## Inbound\n```mermaid\n{}\n```\n",
        diagram(&outbound, &["Debiting", "Ready"], &["Settled", "Refunded", "Refused"]),
        diagram(&inbound, &["Posting", "Barred"], &["Approved", "Declined", "Undone", "Barred"]),
    );
    if std::env::var_os("TITIAN_WRITE_DOCS").is_some() {
        std::fs::write("docs/transfer.md", &page).unwrap();
    }
    let written = std::fs::read_to_string("docs/transfer.md").unwrap_or_default();
    assert!(written == page, "docs/transfer.md is not current: TITIAN_WRITE_DOCS=1 writes it");
}

#[test]
fn what_cannot_follow_is_illegal_and_no_guess() {
    let settled = OutboundFact::Sent { due: Moment::default() };
    assert!(Outbound::begin(&settled).is_err());
    for from in outbound_states().iter().filter(|from| from.state.is_final()) {
        let illegal = from.state.clone().evolve(&settled, from.now).unwrap_err();
        assert_eq!(illegal.state, from.state.name());
    }
}
