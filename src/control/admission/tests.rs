//! Every shape of scope against every kind of work, and every limit.

use super::*;
use crate::control::person::PersonId;
use crate::control::scope::Scope;
use crate::values::{AccountNumber, Amount, Currency, Direction, Institution, Reference, Value};

const NOW: Moment = Moment::from_millis(1_795_521_600_000);

fn name(text: &str) -> Reference {
    Reference::from_ascii(text.as_bytes()).unwrap()
}

fn bank(code: &str) -> Institution {
    Institution::from_ascii(code.as_bytes()).unwrap()
}

fn restriction(scope: Scope, mode: Mode) -> Restriction {
    Restriction {
        scope,
        mode,
        reason: "bank 014 answers nothing".into(),
        public_text: Some("Transfers to this bank are suspended".into()),
        set_by: PersonId::new("e17").unwrap(),
        set_at: NOW,
        until: None,
    }
}

fn admit(
    admission: &mut Admission,
    work: &Work<'_>,
    account: u64,
    now: Moment,
) -> Result<(), Restricted> {
    admission.admit(work, || AccountKey(account), now)
}

fn set(admission: &mut Admission, id: u64, restriction: Restriction) {
    let (id, restriction) = (RestrictionId(id), Box::new(restriction));
    admission.apply(&ControlFact::Restricted { id, restriction });
}

fn lift(admission: &mut Admission, id: u64) {
    admission.apply(&ControlFact::Lifted { id: RestrictionId(id) });
}

fn account() -> AccountNumber {
    AccountNumber::from_ascii(b"5550000017").unwrap()
}

/// Work of every kind that two values of each part make.
fn all_work(account: &AccountNumber) -> Vec<Work<'_>> {
    let mut all = Vec::new();
    for network in ["nusantara", "holdfast"] {
        for service in ["transfer", "qris"] {
            for direction in [Direction::Outbound, Direction::Inbound] {
                for bank in [bank("014"), bank("008")] {
                    for partner in [Some("MOBILE"), Some("TELLER"), None] {
                        let amount = Some(Amount::new(100, Currency::IDR));
                        let work =
                            Work { network, service, direction, bank, partner, account, amount };
                        all.push(work);
                    }
                }
            }
        }
    }
    all
}

/// Every scope that the same parts make.
fn all_scopes() -> Vec<Scope> {
    let mut all = Vec::new();
    for parts in 0..32_u8 {
        let has = |bit: u8| parts & bit != 0;
        all.push(Scope {
            network: has(1).then(|| name("nusantara")),
            service: has(2).then(|| name("transfer")),
            direction: has(4).then_some(Direction::Outbound),
            bank: has(8).then(|| bank("014")),
            partner: has(16).then(|| name("MOBILE")),
        });
    }
    all
}

#[test]
fn a_closed_scope_of_every_shape_refuses_exactly_what_it_covers() {
    let account = account();
    for scope in all_scopes() {
        let mut admission = Admission::default();
        set(&mut admission, 7, restriction(scope.clone(), Mode::Closed));
        for work in all_work(&account) {
            let admitted = admit(&mut admission, &work, 5, NOW);
            let refused = admitted.err().map(|refused| (refused.id, refused.cause));
            let expected = scope.covers(&work).then_some((RestrictionId(7), Cause::Closed));
            assert_eq!(refused, expected, "{scope:?} {work:?}");
        }
        lift(&mut admission, 7);
        assert!(all_work(&account).iter().all(|work| admit(&mut admission, work, 5, NOW).is_ok()));
    }
}

#[test]
fn each_limit_refuses_what_is_beyond_it() {
    let account = account();
    let amount = |minor| Some(Amount::new(minor, Currency::IDR));
    let work = Work { amount: amount(100), ..all_work(&account)[0] };
    let with = |limits| {
        let mut admission = Admission::default();
        set(&mut admission, 1, restriction(Scope::default(), Mode::Limited(limits)));
        admission
    };
    let cause = |admission: &mut Admission, work: &Work<'_>, key, now| {
        admit(admission, work, key, now).err().map(|refused| refused.cause)
    };
    let mut by_amount = with(Limits { amount_max: amount(100), ..Limits::default() });
    assert_eq!(cause(&mut by_amount, &work, 0, NOW), None);
    let more = Work { amount: amount(101), ..work };
    assert_eq!(cause(&mut by_amount, &more, 0, NOW), Some(Cause::Amount));
    let other = Currency::new(840).unwrap();
    let foreign = Work { amount: Some(Amount::new(1, other)), ..work };
    assert_eq!(cause(&mut by_amount, &foreign, 0, NOW), Some(Cause::Amount));
    assert_eq!(cause(&mut by_amount, &Work { amount: None, ..work }, 0, NOW), None);
    let pilot = Some([AccountKey(17)].into());
    let mut by_pilot = with(Limits { pilot, ..Limits::default() });
    assert_eq!(cause(&mut by_pilot, &work, 17, NOW), None);
    assert_eq!(cause(&mut by_pilot, &work, 18, NOW), Some(Cause::Pilot));
    let mut by_share = with(Limits { percent: Some(10), ..Limits::default() });
    assert_eq!(cause(&mut by_share, &work, 209, NOW), None);
    assert_eq!(cause(&mut by_share, &work, 210, NOW), Some(Cause::Share));
    let mut by_rate = with(Limits { per_minute: Some(2), ..Limits::default() });
    let later = Moment::from_millis(NOW.millis() + 60_000);
    for (now, expected) in
        [(NOW, None), (NOW, None), (NOW, Some(Cause::Rate)), (later, None), (later, None)]
    {
        assert_eq!(cause(&mut by_rate, &work, 0, now), expected);
    }
}

#[test]
fn the_oldest_refusal_is_named_and_what_is_refused_counts_nowhere() {
    let account = account();
    let work = all_work(&account)[0];
    let mut admission = Admission::default();
    let limits = Limits { per_minute: Some(1), ..Limits::default() };
    let scope = Scope { bank: Some(bank("014")), ..Scope::default() };
    set(&mut admission, 3, restriction(scope, Mode::Limited(limits)));
    set(&mut admission, 9, restriction(Scope::default(), Mode::Closed));
    let refused = admit(&mut admission, &work, 0, NOW).unwrap_err();
    assert_eq!((refused.id, refused.cause), (RestrictionId(9), Cause::Closed));
    assert_eq!(refused.by.public_text.as_deref(), Some("Transfers to this bank are suspended"));
    lift(&mut admission, 9);
    assert!(admit(&mut admission, &work, 0, NOW).is_ok(), "nothing was counted");
    set(&mut admission, 12, restriction(Scope::default(), Mode::Closed));
    let refused = admit(&mut admission, &work, 0, NOW).unwrap_err();
    assert_eq!((refused.id, refused.cause), (RestrictionId(3), Cause::Rate));
    lift(&mut admission, 12);
    set(&mut admission, 3, restriction(Scope::default(), Mode::Closed));
    let refused = admit(&mut admission, &work, 0, NOW).unwrap_err();
    assert_eq!((refused.id, refused.cause), (RestrictionId(3), Cause::Closed), "it was replaced");
}

#[test]
fn a_restriction_with_an_end_is_over_at_that_moment() {
    let account = account();
    let work = all_work(&account)[0];
    let mut admission = Admission::default();
    let end = Moment::from_millis(NOW.millis() + 1);
    let until = Some(end);
    let closed = restriction(Scope::default(), Mode::Closed);
    set(&mut admission, 1, Restriction { until, ..closed });
    assert!(admit(&mut admission, &work, 0, NOW).is_err());
    assert!(admission.still_admit(&work, || AccountKey(0), NOW).is_err());
    assert!(admit(&mut admission, &work, 0, end).is_ok());
}

#[test]
fn each_of_many_restrictions_is_found() {
    let account = account();
    let mut admission = Admission::default();
    for (nth, scope) in (1..).zip(all_scopes()) {
        set(&mut admission, nth, restriction(scope, Mode::Closed));
    }
    let mut scopes = all_scopes();
    for nth in 1..=32 {
        for work in all_work(&account) {
            let oldest = scopes.iter().position(|scope| scope.covers(&work));
            let found = admit(&mut admission, &work, 5, NOW).err().map(|refused| refused.id.0);
            let expected = oldest.map(|place| nth + u64::try_from(place).unwrap());
            assert_eq!(found, expected, "{work:?}");
        }
        scopes.remove(0);
        lift(&mut admission, nth);
    }
}
