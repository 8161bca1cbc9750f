//! Ten thousand proposals: a bound, no growth, and an act that costs the same.

use titian::control::{
    ActRefusal, Command, Control, Mode, ProposalId, ProposalState, Proposed, RestrictionId,
};
use titian::values::Moment;

use super::world::{Exception, MINUTE, Record, START, draft, propose, session};

const MANY: usize = 10_000;

fn now() -> (Moment, Exception) {
    (START, Exception(0))
}

/// A record with this number of restrictions, and a proposal for each.
fn with_proposals(count: usize) -> Record {
    let mut record = Record::default();
    let (maker, close) = (session("siti"), draft(Mode::Closed));
    for _ in 0..count {
        let closing = Command::Restrict { replaces: None, draft: close.clone() };
        record.give(&maker, &closing, now()).unwrap();
        let restriction = RestrictionId(record.control.rows());
        record.give(&maker, &propose(Proposed::Lift { restriction }, 30), now()).unwrap();
    }
    record
}

#[test]
fn more_than_ten_thousand_open_proposals_are_refused_and_all_expire_in_turns() {
    let mut record = with_proposals(MANY);
    assert_eq!(record.control.open_proposals(), MANY);
    let again = Proposed::Lift { restriction: RestrictionId(1) };
    let refused = record.give(&session("dewi"), &propose(again, 30), now()).unwrap_err();
    assert_eq!(refused, ActRefusal::TooMany("open proposals", MANY));
    let late = START.after(MINUTE * 30);
    let mut turns = 0;
    while record.control.next_deadline().is_some_and(|due| due <= late) {
        let acts = record.acts.len();
        record.expire(late);
        assert!(record.acts[acts].facts.len() <= 100, "one turn does too much");
        turns += 1;
    }
    assert_eq!(turns, MANY / 100);
    assert_eq!(record.control.open_proposals(), 0);
    // Those that are closed stay for a while, and are then in the record only.
    assert_eq!(record.control.proposals().count(), 1000);
    assert!(record.control.proposal(ProposalId(2)).is_none());
    let mut folded = Control::default();
    record.acts.iter().for_each(|act| folded.apply(act).unwrap());
    assert_eq!(folded, record.control);
}

/// An act copies what it changes, and shares the rest with the state before it.
#[test]
fn an_act_costs_the_same_with_ten_thousand_proposals() {
    let allocated = [10, MANY].map(|count| {
        let mut record = with_proposals(count);
        let published = record.control.clone();
        let approval = record.approval(ProposalId(2));
        let mut counted = 0;
        let allocations = allocation_counter::measure(|| {
            record.give(&session("budi"), &approval, now()).unwrap();
            counted += 1;
        });
        assert_eq!(published.proposal(ProposalId(2)).unwrap().state, ProposalState::Open);
        allocations.bytes_total
    });
    let [few, many] = allocated;
    println!("{few} bytes with few, {many} bytes with {MANY}");
    assert!(many < few + 64 * 1024, "{few} bytes with few proposals, {many} with {MANY}");
}
