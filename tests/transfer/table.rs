//! Every state with every input in two snapshots, and the state diagrams in `docs/transfer.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use titian::codes;
use titian::engine::Fact;
use titian::transfer::{
    BarCause, Context, Decision, Effect, Funding, InboundFact, InboundInput, InboundRequest,
    InboundResponse, InboundState, InboundTransfer, MessageKind, OutboundFact, OutboundInput,
    OutboundState, OutboundTransfer, PendingCancel, Refusal, ReversalCause, Rules,
};
use titian::values::Moment;

use super::form;
use super::inbound_inputs::inbound_inputs;
use super::outbound_inputs::outbound_inputs;
use super::resolutions::resolution_table;
use super::rules::{
    CORE, FixedTrace, REVERSAL_KEY, channel_funding, holding, order, request, reversing,
};

/// A state, with a label that says how it was reached.
#[derive(Clone)]
pub(crate) struct Reached<S> {
    pub(crate) name: String,
    pub(crate) state: S,
    pub(crate) rules: Rules,
    pub(crate) now: Moment,
}

/// The result of an input.
pub(crate) struct Decided<S> {
    pub(crate) facts: Vec<&'static str>,
    pub(crate) effects: Vec<&'static str>,
    pub(crate) next: S,
}

pub(crate) fn decide_outbound(
    from: &Reached<OutboundTransfer>,
    input: &OutboundInput,
) -> Decided<OutboundTransfer> {
    let mut decision = Decision::default();
    let mut context =
        Context { now: from.now, rules: &from.rules, core: &CORE, numbers: &mut FixedTrace };
    from.state.decide(input, &mut context, &mut decision);
    let next = decision
        .facts
        .iter()
        .try_fold(from.state.clone(), |state, fact| state.evolve(fact, from.now))
        .expect("decided facts fold");
    form::assert_round_trip(decision.facts.iter().cloned().map(Fact::Outbound));
    outcome(decision.facts.iter().map(OutboundFact::code).collect(), &decision.effects, next)
}

fn outcome<S>(facts: Vec<&'static str>, effects: &[Effect], next: S) -> Decided<S> {
    Decided { facts, effects: effects.iter().map(effect_name).collect(), next }
}

fn effect_name(effect: &Effect) -> &'static str {
    match effect {
        Effect::RequestPosting(_) => "request posting",
        Effect::CancelPosting(_) => "cancel posting",
        Effect::CancelPart(_) => "cancel part",
        Effect::SendRequest(_) => "send request",
        Effect::SendReversal(reversal) if reversal.is_repeat => "send reversal repeat",
        Effect::SendReversal(_) => "send reversal",
        Effect::SendStatusInquiry(_) => "send status inquiry",
        Effect::Respond(InboundResponse { message: MessageKind::Request, .. }) => "respond",
        Effect::Respond(InboundResponse { message: MessageKind::Reversal, .. }) => {
            "respond to reversal"
        }
        Effect::Respond(InboundResponse { message: MessageKind::StatusInquiry, .. }) => {
            "respond to status inquiry"
        }
        Effect::NotifyChannel(_) => "notify channel",
        Effect::CountInbound(..) => "count",
        Effect::Alert(..) => "raise alert",
    }
}

/// Returns one of each state, reached by the fewest inputs.
pub(crate) fn outbound_states() -> Vec<Reached<OutboundTransfer>> {
    let mut reached = Vec::new();
    for (network, rules) in [("with reversals", reversing()), ("without reversals", holding())] {
        for (funding_name, funding) in [("core", Funding::Core), ("channel", channel_funding())] {
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
    reached: &mut Vec<Reached<OutboundTransfer>>,
) {
    let order = Arc::new(order(funding));
    let mut decision = Decision::default();
    let start = Moment::from_millis(1_000_000);
    let mut context = Context { now: start, rules, core: &CORE, numbers: &mut FixedTrace };
    OutboundTransfer::accept(&order, &mut context, &mut decision);
    let mut facts = decision.facts.iter();
    let first = OutboundTransfer::begin(facts.next().unwrap()).unwrap();
    let first = facts.try_fold(first, |state, fact| state.evolve(fact, start)).unwrap();
    let mut seen = BTreeSet::new();
    let mut queue = vec![(first, start)];
    while !queue.is_empty() {
        let (state, now) = queue.remove(0);
        let label_of_state = format!("{}{}", state.properties().name, counters(&state));
        if !seen.insert(label_of_state.clone()) {
            continue;
        }
        let name = format!("{label_of_state} ({label})");
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

/// What a state counts and what changes decisions: attempts used up, "not found" responses, and a cancel that is an exception.
fn counters(transfer: &OutboundTransfer) -> &'static str {
    match transfer.state() {
        OutboundState::Debiting { tries: 2.., .. }
        | OutboundState::Inquiring { tries: 2.., .. } => ", last attempt",
        OutboundState::Reversing(_, reversal) if reversal.not_found > 0 => ", one not found",
        OutboundState::CancellingDebit { cancel, .. } | OutboundState::Refunding { cancel, .. } => {
            cancel_counter(cancel)
        }
        OutboundState::Refunded { prior: None, .. } => ", not by core",
        _ => "",
    }
}

fn cancel_counter(cancel: &PendingCancel) -> &'static str {
    match (cancel.is_exception, cancel.tries) {
        (true, _) => ", exception",
        (false, 2..) => ", last attempt",
        (false, _) => "",
    }
}

/// The cause without the key of the reversal.
fn cause_label(cause: ReversalCause) -> String {
    match cause {
        ReversalCause::OutcomeUnknown { .. } | ReversalCause::Refused { .. } => {
            format!("{cause:?}")
        }
        ReversalCause::Reversed { .. } => "Reversed".to_owned(),
        ReversalCause::ReversedBeforeResponse { .. } => "ReversedBeforeResponse".to_owned(),
    }
}

pub(crate) fn decide_inbound(
    from: &Reached<InboundTransfer>,
    input: &InboundInput,
) -> Decided<InboundTransfer> {
    let mut decision = Decision::default();
    let mut context =
        Context { now: from.now, rules: &from.rules, core: &CORE, numbers: &mut FixedTrace };
    from.state.decide(input, &mut context, &mut decision);
    let next = decision
        .facts
        .iter()
        .try_fold(from.state.clone(), InboundTransfer::evolve)
        .expect("decided facts fold");
    form::assert_round_trip(decision.facts.iter().cloned().map(Fact::Inbound));
    outcome(decision.facts.iter().map(InboundFact::code).collect(), &decision.effects, next)
}

fn begin_inbound(
    begin: fn(&Arc<InboundRequest>, &mut Context<'_>, &mut Decision<InboundFact>),
    now: Moment,
) -> InboundTransfer {
    let (rules, mut decision) = (reversing(), Decision::default());
    let mut context = Context { now, rules: &rules, core: &CORE, numbers: &mut FixedTrace };
    begin(&Arc::new(request()), &mut context, &mut decision);
    let mut facts = decision.facts.iter();
    let first = InboundTransfer::begin(facts.next().unwrap()).unwrap();
    facts.try_fold(first, InboundTransfer::evolve).unwrap()
}

fn bar_by_reversal(
    request: &Arc<InboundRequest>,
    context: &mut Context<'_>,
    decision: &mut Decision<InboundFact>,
) {
    InboundTransfer::bar(request, BarCause::Reversal { key: REVERSAL_KEY }, context, decision);
}

fn bar_by_inquiry(
    request: &Arc<InboundRequest>,
    context: &mut Context<'_>,
    decision: &mut Decision<InboundFact>,
) {
    InboundTransfer::bar(request, BarCause::StatusInquiry, context, decision);
}

/// Returns one of each state, and one of each cause of the reversing states.
/// A request over a limit of ours.
fn refuse(
    request: &Arc<InboundRequest>,
    context: &mut Context<'_>,
    decision: &mut Decision<InboundFact>,
) {
    InboundTransfer::refuse(request, Refusal::Limit, context, decision);
}

pub(crate) fn inbound_states() -> Vec<Reached<InboundTransfer>> {
    let start = Moment::from_millis(1_000_000);
    let is_too_late = start.after(std::time::Duration::from_secs(1));
    let mut reached: Vec<Reached<InboundTransfer>> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut queue = vec![
        (begin_inbound(InboundTransfer::receive, start), start),
        (begin_inbound(InboundTransfer::receive, start), is_too_late),
        (begin_inbound(bar_by_reversal, start), start),
        (begin_inbound(bar_by_inquiry, start), start),
    ];
    while !queue.is_empty() {
        let (state, now) = queue.remove(0);
        let name = state.properties().name;
        let name = match state.state() {
            InboundState::Reversing { cause, cancel } => {
                format!("{name} ({}){}", cause_label(*cause), cancel_counter(cancel))
            }
            InboundState::Reversed { cause, prior: None } => {
                format!("{name} by hand ({})", cause_label(*cause))
            }
            InboundState::Reversed { cause, .. } | InboundState::WrittenOff { cause } => {
                format!("{name} ({})", cause_label(*cause))
            }
            InboundState::CancellingPart { cancel, end, .. } => {
                format!("{name} ({end:?}){}", cancel_counter(cancel))
            }
            InboundState::PartiallyReversing { pending, .. } => {
                format!("{name}{}", cancel_counter(pending))
            }
            InboundState::Posting { .. } if now == is_too_late => {
                "posting (too late to respond)".to_owned()
            }
            _ => name.to_owned(),
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
    let refused = begin_inbound(refuse, start);
    assert!(
        reached.iter().any(|known| known.state.properties().code == refused.properties().code),
        "a refusal of ours is as one of core"
    );
    reached
}

fn row(input: &str, facts: &[&str], effects: &[&str], next: &str) -> String {
    let list = |names: &[&str]| if names.is_empty() { "-".to_owned() } else { names.join(" ") };
    format!("    {input:<36} {:<46} {:<44} {next}", list(facts), effects.join(", "))
        .trim_end()
        .to_owned()
}

/// The edges of a diagram: from, to, and the inputs that lead there.
type Edges = BTreeMap<(String, String), Vec<&'static str>>;

fn outbound_table(edges: &mut Edges) -> (String, usize) {
    let mut table = String::new();
    let mut count = 0;
    for from in outbound_states() {
        let _ = writeln!(table, "\n{}", from.name);
        let on =
            Reached { now: from.now.after(std::time::Duration::from_hours(48)), ..from.clone() };
        let inputs = outbound_inputs().into_iter().map(|(label, input)| (label, input, &from));
        for (label, input, from) in
            inputs.chain([("deadline, two days later", OutboundInput::Due, &on)])
        {
            let outcome = decide_outbound(from, &input);
            let next = outcome.next.properties().name;
            let _ = writeln!(table, "{}", row(label, &outcome.facts, &outcome.effects, next));
            count += 1;
            edge(edges, from.state.properties().code, outcome.next.properties().code, label);
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
            let next = outcome.next.properties().name;
            let _ = writeln!(table, "{}", row(label, &outcome.facts, &outcome.effects, next));
            count += 1;
            edge(edges, from.state.properties().code, outcome.next.properties().code, label);
        }
    }
    (table, count)
}

fn edge(edges: &mut Edges, from: &str, to: &str, label: &'static str) {
    let (from, to) = (from.to_owned(), to.to_owned());
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
fn every_state_and_input_gives_recorded_decision() {
    let (outbound, outbound_count) = outbound_table(&mut Edges::new());
    let (inbound, inbound_count) = inbound_table(&mut Edges::new());
    println!("outbound: {outbound_count} states × inputs; inbound: {inbound_count}");
    insta::assert_snapshot!("outbound", outbound);
    insta::assert_snapshot!("inbound", inbound);
}

#[test]
fn state_page_is_current() {
    let (mut outbound, mut inbound) = (Edges::new(), Edges::new());
    let (_, outbound_count) = outbound_table(&mut outbound);
    let (_, inbound_count) = inbound_table(&mut inbound);
    let page = format!(
        "# States of a transfer\n\n\
        The test `state_page_is_current` in `tests/transfer/table.rs` generates this page from the code. To update it:\n\
        `TITIAN_WRITE_DOCS=1 cargo test --test rooms transfer::`. Every state with every input ({outbound_count} outbound and\n\
        {inbound_count} inbound combinations), with facts, effects and next state, is in `tests/transfer/snapshots/`.\n\n\
        Labels are inputs. `response 00` and the like name a response code of the test rules: 00 approved, 51 and 30\n\
        declined, 68 and 91 outcome unknown, 25 not found, 96 any other code.\n\n\
        ## Outbound\n```mermaid\n{}\n```\n\n## Inbound\n```mermaid\n{}\n```\n\n\
        A partial reversal leaves the posting as it is. A posting of its own, on the other side of the account, returns the part.\n\
        It is repeated until core confirms it. If core refuses it, or does not confirm it for too long, the transfer becomes an\n\
        exception. The response to the partial reversal leaves when the fact is durable. What is not certain is not confirmed:\n\n\
        | state | response to a partial reversal |\n|---|---|\n\
        | `posting` | `in_progress`: whether the posting will stand is not known yet. The switch repeats its reversal |\n\
        | `approved` | `approved`: the part goes back |\n\
        | `partially_reversing`, `partially_reversed` | `approved` for the same part again. For another part, or for a full reversal: `mismatch` and an alert |\n\
        | `declined`, `reversing`, `reversed`, `barred` | `mismatch` and an alert: a part of the amount cannot stay, because nothing of it stands |\n\n\
        A repeated request gets the same response, with one exception: a request that was reversed after its approval gets\n\
        `reversed_before` and is never approved again. After a partial reversal the request stays approved. A repeated\n\
        reversal gets the same response. Another reversal of a reversed transfer gets `already_reversed`.\n\n{}",
        diagram(
            &outbound,
            &["debiting", "ready_to_send"],
            &["settled", "refunded", "paid_twice", "rejected"]
        ),
        diagram(
            &inbound,
            &["posting", "declined", "barred"],
            &[
                "approved",
                "declined",
                "reversed",
                "written_off",
                "partially_reversed",
                "part_written_off",
                "barred",
            ]
        ),
        resolution_table(),
    );
    if std::env::var_os("TITIAN_WRITE_DOCS").is_some() {
        std::fs::write("docs/transfer.md", &page).unwrap();
    }
    let written = std::fs::read_to_string("docs/transfer.md").unwrap_or_default();
    assert!(
        written == page,
        "docs/transfer.md is not current: run the test with TITIAN_WRITE_DOCS=1 to write it"
    );
}

#[test]
fn fact_that_cannot_follow_is_illegal() {
    let settled = OutboundFact::Sent { due: Moment::default() };
    assert!(OutboundTransfer::begin(&settled).is_err());
    for from in outbound_states().iter().filter(|from| from.state.properties().is_final()) {
        let illegal = from.state.clone().evolve(&settled, from.now).unwrap_err();
        assert_eq!(illegal.state, from.state.properties().code);
    }
}

#[test]
fn every_code_of_a_state_and_of_a_fact_is_used() {
    let (mut states, mut facts) = (BTreeSet::new(), BTreeSet::from(["accepted"]));
    for from in outbound_states() {
        states.insert(from.state.properties().code);
        facts.extend(
            outbound_inputs().iter().flat_map(|(_, input)| decide_outbound(&from, input).facts),
        );
    }
    // These two are left with the decision that leads to them.
    states.extend(["accepted", "debited"]);
    assert_eq!(states, codes::outbound_state::ALL.iter().copied().collect());
    assert_eq!(facts, codes::outbound_fact::ALL.iter().copied().collect());
    let (mut states, mut facts) = (BTreeSet::new(), BTreeSet::from(["received", "barred"]));
    for from in inbound_states() {
        states.insert(from.state.properties().code);
        facts.extend(
            inbound_inputs().iter().flat_map(|(_, input)| decide_inbound(&from, input).facts),
        );
    }
    states.extend(["received", "posted", "posting_refused"]);
    facts.insert("posting_requested");
    assert_eq!(states, codes::inbound_state::ALL.iter().copied().collect());
    assert_eq!(facts, codes::inbound_fact::ALL.iter().copied().collect());
}
