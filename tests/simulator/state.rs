//! The state of the switch.

use titian::simulator::{NetworkRules, Switch};

use super::world::{World, response};

#[test]
fn the_state_has_positions_counts_fault_rules_and_a_page_of_transfers() {
    let mut world = World::new(NetworkRules::nusantara());
    world.response_to(world.ours, world.transfer(world.simulated, 1, 12_500));
    world.send(world.ours, world.transfer(world.other, 2, 700));
    let forwarded = world.next_to(world.other);
    world.send(world.other, response(&forwarded, "14"));
    world.take_sent();
    world.faults(r#"[{"match": {"mti": "0200"}, "chance": 0.5, "action": {"late": {"ms": 10}}}]"#);
    world.switch.cut_over(world.now);
    world.collect();
    let state = serde_json::to_string_pretty(&world.switch.snapshot(0, 2)).unwrap();
    insta::assert_snapshot!(state);
}

#[test]
fn pages_follow_each_other_and_are_bounded() {
    let mut world = World::new(NetworkRules::nusantara());
    for stan in 0..2_500 {
        world.response_to(world.ours, world.transfer(world.simulated, stan, 1));
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
