//! Reversals: after their original, while it is open, before it, of another amount, and again.

use titian::iso8583::De;
use titian::switch::Dialect;

use crate::world::{World, code, mti, repeat, reply};

fn reversing() -> [Dialect; 2] {
    [Dialect::nusantara(), Dialect::rendezvous()]
}

#[test]
fn a_reversal_gives_the_money_back_once_and_its_repeat_has_the_same_answer() {
    for dialect in reversing() {
        let mut world = World::new(dialect);
        let request = world.transfer(world.played, 1, 700);
        world.answer(world.ours, request.clone());
        let reversal = world.reversal(&request, 2);
        let first = world.answer(world.ours, reversal.clone());
        assert_eq!(code(&first), "00");
        assert_eq!(mti(&first), mti(&reversal) + 10);
        assert_eq!(world.positions(), [0, 0, 0]);
        let again = world.answer(world.ours, repeat(&reversal));
        assert_eq!(again, first);
        world.pass(1);
        let another = world.reversal(&request, 3);
        assert_eq!(world.code_to(world.ours, another), "94", "another one finds it done");
        assert_eq!(world.positions(), [0, 0, 0]);
        assert_eq!(world.code_to(world.ours, repeat(&request)), "12", "it was undone meanwhile");
        assert_eq!(world.switch.counts().reversals, 1);
    }
}

#[test]
fn a_reversal_before_its_original_bars_it() {
    for dialect in reversing() {
        let mut world = World::new(dialect);
        let request = world.transfer(world.played, 1, 700);
        let reversal = world.reversal(&request, 2);
        assert_eq!(world.code_to(world.ours, reversal.clone()), "00");
        assert_eq!(world.code_to(world.ours, request.clone()), "12");
        assert_eq!(world.code_to(world.ours, repeat(&request)), "12");
        assert_eq!(world.code_to(world.ours, repeat(&reversal)), "00");
        assert_eq!(world.positions(), [0, 0, 0]);
        assert_eq!(world.switch.transfers(0).next().unwrap().state, "barred");
    }
}

#[test]
fn a_reversal_while_the_destination_is_asked_ends_it_and_goes_there_too() {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.other, 1, 700);
    world.tell(world.ours, request.clone());
    let handed_on = world.next_to(world.other);
    let reversal = world.reversal(&request, 2);
    world.tell(world.ours, reversal.clone());
    assert_eq!(code(&world.next_to(world.ours)), "00");
    assert_eq!(world.next_to(world.other), reversal);
    world.tell(world.other, reply(&handed_on, "00"));
    assert!(world.is_quiet(), "the answer to the original comes too late");
    assert_eq!(world.positions(), [0, 0, 0]);
    assert_eq!(world.switch.counts().answers_late, 1);
    // Until it is answered, and no longer.
    world.pass(15);
    assert_eq!(world.next_to(world.other), repeat(&reversal));
    world.tell(world.other, reply(&reversal, "00"));
    world.pass(1_000);
    assert!(world.is_quiet());
}

#[test]
fn a_reversal_after_the_answer_gives_back_and_goes_to_the_destination() {
    let mut world = World::new(Dialect::rendezvous());
    let request = world.transfer(world.other, 1, 700);
    world.tell(world.ours, request.clone());
    let handed_on = world.next_to(world.other);
    world.tell(world.other, reply(&handed_on, "00"));
    world.next_to(world.ours);
    assert_eq!(world.positions(), [-700, 700, 0]);
    let reversal = world.reversal(&request, 2);
    world.tell(world.ours, reversal.clone());
    assert_eq!(code(&world.next_to(world.ours)), "00");
    assert_eq!(world.next_to(world.other), reversal);
    world.tell(world.other, reply(&reversal, "51"));
    assert_eq!(world.switch.counts().reversals_refused, 1);
    assert_eq!(world.positions(), [0, 0, 0], "what the switch decided stands");
}

#[test]
fn a_reversal_of_another_amount_is_refused_and_changes_nothing() {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.played, 1, 700);
    world.answer(world.ours, request.clone());
    let mut reversal = world.reversal(&request, 2);
    reversal.set(De::AMOUNT, "000000000699");
    assert_eq!(world.code_to(world.ours, reversal), "13");
    assert_eq!(world.positions(), [-700, 0, 700]);
    let right = world.reversal(&request, 3);
    assert_eq!(world.code_to(world.ours, right), "00");
}

#[test]
fn a_reversal_of_what_was_refused_finds_nothing_to_undo() {
    let mut world = World::new(Dialect::nusantara());
    world.faults(r#"[{"match": {"mti": "0200"}, "action": {"decline": {"rc": "05"}}}]"#);
    let request = world.transfer(world.played, 1, 700);
    assert_eq!(world.code_to(world.ours, request.clone()), "05");
    let reversal = world.reversal(&request, 2);
    assert_eq!(world.code_to(world.ours, reversal), "00");
    assert_eq!(world.switch.transfers(0).next().unwrap().state, "declined");
}

#[test]
fn nobody_reverses_for_another_bank() {
    let mut world = World::new(Dialect::nusantara());
    let request = world.transfer(world.played, 1, 700);
    world.answer(world.ours, request.clone());
    let mut reversal = world.reversal(&request, 2);
    assert_eq!(world.code_to(world.other, reversal.clone()), "30", "it says that it is ours");
    reversal.set(De::ACQUIRER, "008");
    assert_eq!(world.code_to(world.other, reversal), "30", "DE90 names ours");
    assert_eq!(world.positions(), [-700, 0, 700]);
}

#[test]
fn holdfast_knows_no_reversal() {
    let mut world = World::new(Dialect::holdfast());
    let mut reversal = world.transfer(world.played, 1, 700);
    reversal = {
        let mut wire = crate::world::request(420);
        reversal.elements().for_each(|(de, text)| wire.set(de, text));
        wire
    };
    assert_eq!(world.code_to(world.ours, reversal), "40");
}
