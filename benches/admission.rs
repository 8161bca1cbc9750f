//! Measures admission: the time to decide whether work may begin, with no restriction and with a thousand; and an act of a person with
//! ten thousand proposals open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that can't go on stops"
)]

use std::hint::black_box;
use std::time::Instant;

use titian::control::{
    AccountKey, Act, ActRefusal, Actor, Admission, Command, Control, ControlFact, Draft, Limits,
    Mode, PersonId, Proof, Proposed, RestrictionId, Role, Scope, StateVersion, Work, World,
};
use titian::values::{
    AccountNumber, Amount, Currency, Direction, Institution, Moment, Reference, TransferId, Value,
};

const NOW: Moment = Moment::from_millis(1_795_521_600_000);

fn main() {
    // `cargo test --benches` runs this too, to see that it works.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, admissions, proposals) =
        if full { (15, 1_000_000, 10_000) } else { (1, 100, 100) };
    let account = AccountNumber::from_ascii(b"5550000017").unwrap();
    let cases = [
        ("no restriction", 0, false, 1),
        ("1,000 restrictions of one shape, none matches", 1_000, false, 1),
        ("1,000 restrictions of every shape, none matches", 1_000, false, 31),
        ("1,000 restrictions of every shape, one limits the amount", 1_000, true, 31),
    ];
    for (name, count, has_match, shapes) in cases {
        let mut admission = admission(count, has_match, shapes);
        let mut times: Vec<f64> =
            (0..rounds).map(|_| admit(&mut admission, &account, admissions)).collect();
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        println!("{name}: median {median:.0} ns");
    }
    for (restrictions, proposals) in [(1, 1), (1_000, proposals)] {
        let (micros, bytes) = act(restrictions, proposals);
        println!(
            "an act with {restrictions} restrictions, {proposals} open proposals: {micros:.1} us, {bytes:.0} bytes"
        );
    }
}

fn name(text: &str) -> Reference {
    Reference::from_ascii(text.as_bytes()).unwrap()
}

/// Restrictions that cover other work, and one that limits the amount of this work.
fn admission(count: u64, has_match: bool, shapes: u64) -> Admission {
    let mut admission = Admission::default();
    let mut set = |id, scope, mode| {
        let draft = draft(scope, mode);
        let Draft { scope, mode, reason, public_text, until } = draft;
        let set_by = PersonId::new("siti").unwrap();
        let restriction = Box::new(titian::control::Restriction {
            scope,
            mode,
            reason,
            public_text,
            set_by,
            set_at: NOW,
            until,
        });
        admission.apply(&ControlFact::Restricted { id: RestrictionId(id), restriction });
    };
    for nth in 0..count {
        // With one shape, each names a bank; with all, the bits say which parts it has.
        let parts = if shapes == 1 { 8 } else { nth % shapes + 1 };
        let other = format!("other-{nth}");
        let bank = Institution::from_ascii((100 + nth % 900).to_string().as_bytes()).unwrap();
        let scope = Scope {
            network: (parts & 1 != 0).then(|| name(&other)),
            service: (parts & 2 != 0).then(|| name(&other)),
            direction: (parts & 4 != 0).then_some(Direction::Inbound),
            bank: (parts & 8 != 0).then_some(bank),
            partner: (parts & 16 != 0).then(|| name(&other)),
        };
        set(nth, scope, Mode::Closed);
    }
    if has_match {
        let amount_max = Some(Amount::new(1_000_000, Currency::IDR));
        let scope = Scope { service: Some(name("transfer")), ..Scope::default() };
        set(count, scope, Mode::Limited(Limits { amount_max, ..Limits::default() }));
    }
    admission
}

/// Returns the nanoseconds of an admission.
fn admit(admission: &mut Admission, account: &AccountNumber, count: u32) -> f64 {
    let work = Work {
        network: "nusantara",
        service: "transfer",
        direction: Direction::Outbound,
        bank: Institution::from_ascii(b"014").unwrap(),
        partner: Some("MOBILE"),
        account,
        amount: Some(Amount::new(100, Currency::IDR)),
    };
    let start = Instant::now();
    for _ in 0..count {
        black_box(admission.admit(black_box(&work), || AccountKey(17), NOW)).unwrap();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}

fn draft(scope: Scope, mode: Mode) -> Draft {
    Draft { scope, mode, reason: "it answers nothing".into(), public_text: None, until: None }
}

struct NoTransfers;

impl World for NoTransfers {
    fn version(&self, _: TransferId) -> Option<StateVersion> {
        None
    }

    fn can_retry(&self, _: TransferId) -> bool {
        false
    }

    fn check_resolution(&self, id: TransferId, _: &str) -> Result<(), ActRefusal> {
        Err(ActRefusal::UnknownTransfer(id))
    }
}

/// Returns the microseconds and the allocated bytes of an act, whose state before it is still read.
fn act(restrictions: u64, proposals: u64) -> (f64, f64) {
    let proof = Proof::Session { code_at: Some(NOW) };
    let person = PersonId::new("siti").unwrap();
    let actor = Actor { person, role: Role::Supervisor, proof };
    let give = |control: &mut Control, command: &Command| {
        let facts = control.decide(command, &actor, (NOW, &NoTransfers)).unwrap();
        control.apply(&Act { version: Act::VERSION, at: NOW, by: None, facts }).unwrap();
    };
    let closing =
        Command::Restrict { replaces: None, draft: draft(Scope::default(), Mode::Closed) };
    let mut control = Control::default();
    (0..restrictions).for_each(|_| give(&mut control, &closing));
    for nth in 0..proposals {
        let bank = Some(Institution::from_ascii(nth.to_string().as_bytes()).unwrap());
        let scope = Scope { bank, ..Scope::default() };
        let command = Proposed::Restrict(draft(scope, Mode::Closed));
        give(
            &mut control,
            &Command::Propose { command, reason: "it answers nothing".into(), expires_in: None },
        );
    }
    let acts = 100_u32;
    let (mut published, mut elapsed) = (control.clone(), 0.0);
    let allocated = allocation_counter::measure(|| {
        let start = Instant::now();
        for _ in 0..acts {
            give(&mut control, &closing);
            published = control.clone();
        }
        elapsed = start.elapsed().as_secs_f64() * 1e6;
    });
    black_box(&published);
    (elapsed / f64::from(acts), allocated.bytes_total as f64 / f64::from(acts))
}
