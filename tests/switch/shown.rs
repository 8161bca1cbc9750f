//! What the switch shows of itself.

use titian::switch::{Dialect, Switch};

use crate::world::{World, reply};

#[test]
fn the_state_shows_positions_counts_faults_and_a_page_of_transfers() {
    let mut world = World::new(Dialect::nusantara());
    world.answer(world.ours, world.transfer(world.played, 1, 12_500));
    world.tell(world.ours, world.transfer(world.other, 2, 700));
    let handed_on = world.next_to(world.other);
    world.tell(world.other, reply(&handed_on, "14"));
    world.take_sent();
    world.faults(r#"[{"match": {"mti": "0200"}, "chance": 0.5, "action": {"late": {"ms": 10}}}]"#);
    world.switch.cut_over(world.now);
    world.collect();
    let state = serde_json::to_string_pretty(&world.switch.snapshot(0, 2)).unwrap();
    insta::assert_snapshot!(state);
}

#[test]
fn pages_follow_each_other_and_are_bounded() {
    let mut world = World::new(Dialect::nusantara());
    for stan in 0..2_500 {
        world.answer(world.ours, world.transfer(world.played, stan, 1));
    }
    let (mut first, mut seen, mut pages) = (Some(0), Vec::new(), 0);
    while let Some(from) = first {
        let page = world.switch.snapshot(from, usize::MAX);
        assert!(page.transfers.len() <= Switch::PAGE_MAX);
        seen.extend(page.transfers.iter().map(|transfer| transfer.stan.number()));
        first = page.next;
        pages += 1;
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, (0..2_500).collect::<Vec<_>>());
    assert!(world.switch.snapshot(u64::MAX, 10).transfers.is_empty());
}
