//! Manual resolutions: in every state exactly the listed ones are possible, and each does to the books what it says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use titian::codes;
use titian::transfer::{
    CancelReply, InboundInput, InboundTransfer, OutboundInput, OutboundTransfer,
    PossibleResolution, PriorPosting, Properties, ResolutionCommand, ResolutionOutcome, Sums,
};

use super::rules::{order, request, resolution};
use super::table::{
    Decided, Reached, decide_inbound, decide_outbound, inbound_states, outbound_states,
};

const CONFIRMED: CancelReply = CancelReply::Cancelled(PriorPosting::Posted);

/// A transfer of either direction.
trait Machine: Sized + Clone + PartialEq + std::fmt::Debug {
    fn properties(&self) -> Properties;
    fn sums(&self) -> Sums;
    fn cause(&self) -> Option<&'static str>;
    fn possible(&self) -> Vec<PossibleResolution>;
    fn resolve(from: &Reached<Self>, outcome: ResolutionOutcome) -> Decided<Self>;
    fn confirm(from: &Reached<Self>, command: ResolutionCommand) -> Decided<Self>;
}

impl Machine for OutboundTransfer {
    fn properties(&self) -> Properties {
        self.properties()
    }

    fn sums(&self) -> Sums {
        self.properties().sums(order(titian::transfer::Funding::Core).amount)
    }

    fn cause(&self) -> Option<&'static str> {
        self.exception_cause()
    }

    fn possible(&self) -> Vec<PossibleResolution> {
        self.resolutions().collect()
    }

    fn resolve(from: &Reached<Self>, outcome: ResolutionOutcome) -> Decided<Self> {
        decide_outbound(from, &OutboundInput::Resolve(resolution(outcome)))
    }

    fn confirm(from: &Reached<Self>, _: ResolutionCommand) -> Decided<Self> {
        decide_outbound(from, &OutboundInput::Cancel(CONFIRMED))
    }
}

impl Machine for InboundTransfer {
    fn properties(&self) -> Properties {
        self.properties()
    }

    fn sums(&self) -> Sums {
        self.properties().sums(request().amount)
    }

    fn cause(&self) -> Option<&'static str> {
        self.exception_cause()
    }

    fn possible(&self) -> Vec<PossibleResolution> {
        self.resolutions().collect()
    }

    fn resolve(from: &Reached<Self>, outcome: ResolutionOutcome) -> Decided<Self> {
        decide_inbound(from, &InboundInput::Resolve(resolution(outcome)))
    }

    fn confirm(from: &Reached<Self>, command: ResolutionCommand) -> Decided<Self> {
        let input = match command {
            ResolutionCommand::CancelPosting => InboundInput::Cancel(CONFIRMED),
            ResolutionCommand::CancelPart => InboundInput::PartCancel(CONFIRMED),
        };
        decide_inbound(from, &input)
    }
}

/// Checks every outcome in a state.
fn check<M: Machine>(from: &Reached<M>) {
    let (state, name) = (&from.state, &from.name);
    let is_exception = state.properties().is_exception;
    assert_eq!(state.cause().is_some(), is_exception, "{name}");
    assert_eq!(!state.possible().is_empty(), is_exception, "{name}: an exception has a way out");
    for outcome in ResolutionOutcome::ALL {
        let decided = M::resolve(from, outcome);
        if let Some(possible) = state.possible().into_iter().find(|it| it.outcome == outcome) {
            check_possible(from, possible, decided);
        } else {
            assert_eq!((&decided.next, decided.facts), (state, vec!["unexpected_input"]));
            assert!(decided.effects.is_empty(), "{name}, {outcome:?}");
        }
    }
}

fn check_possible<M: Machine>(
    from: &Reached<M>,
    possible: PossibleResolution,
    decided: Decided<M>,
) {
    let name = format!("{}, {possible:?}", from.name);
    let PossibleResolution { before, after, command, confirmed, .. } = possible;
    assert_eq!(decided.facts.first(), Some(&"resolved"), "{name}");
    assert_eq!((from.state.sums(), decided.next.sums()), (before, after), "{name}");
    assert!(before.is_balanced() && after.is_balanced() && confirmed.is_balanced(), "{name}");
    let sent = decided.effects.iter().find_map(|effect| match *effect {
        "cancel posting" => Some(ResolutionCommand::CancelPosting),
        "cancel part" => Some(ResolutionCommand::CancelPart),
        _ => None,
    });
    assert_eq!(sent, command, "{name}");
    assert!(!decided.effects.contains(&"request posting"), "{name}");
    let next = Reached { state: decided.next, ..from.clone() };
    let end = match command {
        Some(command) => M::confirm(&next, command).next,
        None => next.state,
    };
    assert_eq!(end.sums(), confirmed, "{name}");
    // Core confirmed the by-hand refund of a transfer that the switch approved meanwhile: the conflict still needs a resolution.
    let is_next_exception = end.properties().code == "conflict_refunded_but_settled";
    assert!(end.properties().is_final() || is_next_exception, "{name}: {end:?}");
}

#[test]
fn each_possible_resolution_gives_exactly_its_sums_and_no_other_is_possible() {
    outbound_states().iter().for_each(check);
    inbound_states().iter().for_each(check);
}

#[test]
fn every_outcome_cause_and_command_occurs() {
    let (mut outcomes, mut causes, mut commands) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut add = |possible: Vec<PossibleResolution>, cause: Option<&'static str>| {
        causes.extend(cause);
        outcomes.extend(possible.iter().map(|possible| possible.outcome.code()));
        commands.extend(possible.iter().filter_map(|possible| Some(possible.command?.code())));
    };
    for from in outbound_states() {
        add(from.state.possible(), from.state.cause());
    }
    for from in inbound_states() {
        add(from.state.possible(), from.state.cause());
    }
    let set = |codes: &[&'static str]| codes.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(outcomes, set(codes::resolution_outcome::ALL));
    assert_eq!(causes, set(codes::exception_cause::ALL));
    assert_eq!(commands, set(codes::resolution_command::ALL));
}

/// Returns the rows of the table for the states of one direction.
fn rows<M: Machine>(states: &[Reached<M>], rows: &mut BTreeSet<String>) {
    for from in states.iter().filter(|from| from.state.properties().is_exception) {
        for possible in from.state.possible() {
            let command = possible.command.map_or("-", ResolutionCommand::code);
            let sums = [possible.before, possible.after, possible.confirmed].map(words);
            let [before, after, confirmed] = sums;
            let after = if possible.command.is_some() && after != confirmed {
                format!("{after}, then {confirmed}")
            } else {
                after
            };
            rows.insert(format!(
                "| `{}` | `{}` | {before} | {after} | {command} |",
                from.state.properties().code,
                possible.outcome.code(),
            ));
        }
    }
}

/// Names the sums that are not zero, apart from what is debited.
fn words(sums: Sums) -> String {
    let named = [
        (sums.in_flight, "in flight"),
        (sums.settled, "settled"),
        (sums.refunded, "refunded"),
        (sums.written_off, "written off"),
    ];
    let words: Vec<_> = named.iter().filter(|(sum, _)| *sum > 0).map(|(_, name)| *name).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// The page's section on manual resolutions.
pub(crate) fn resolution_table() -> String {
    let (mut outbound, mut inbound) = (BTreeSet::new(), BTreeSet::new());
    rows(&outbound_states(), &mut outbound);
    rows(&inbound_states(), &mut inbound);
    let mut page = "## Manual resolutions\n\
        A maker and a checker resolve an exception. An outcome that is not in the table is refused before it is on record. The table\n\
        shows the share of the books before and after, and the command that goes to core. Titian repeats the command until core\n\
        confirms it.\n\n\
        | state of the exception | outcome | books before | books after | command |\n|---|---|---|---|---|\n"
        .to_owned();
    for row in outbound.iter().chain(&inbound) {
        let _ = writeln!(page, "{row}");
    }
    page + "\n\
        `posted_by_hand` says that the bank corrected the posting in core by hand, so Titian asks core for nothing. A channel that\n\
        debits itself has no posting in core, so this outcome is not possible then, and `refunded` sends no command. After a partial reversal, Titian still cancels its\n\
        own posting of the part or bars it: a command that is under way could return the part once more. `written_off` says that\n\
        the bank bears the loss. It is possible if a transfer was settled and refunded, or if a credit to our customer cannot be\n\
        reversed.\n"
}
