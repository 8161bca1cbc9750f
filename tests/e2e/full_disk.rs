//! The disk is full: the adapter stops and says why, and what it has told anybody is there when there is room again.

use crate::house::{PATIENCE, Plan};
use crate::load::{Load, told_the_same};
use crate::stage::Stage;

/// A process that may write small files only. What is over the limit fails as a full disk does, when the signal of it is ignored.
fn limited(kilobytes: u32) -> Vec<String> {
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
    ["bash", "-c", &script].map(str::to_owned).into()
}

#[tokio::test]
async fn a_full_disk_stops_the_adapter_and_what_it_told_is_there_when_there_is_room() {
    let mut stage = Stage::build(Plan { through: limited(2_000), ..Plan::default() }, &[]).await;
    stage.house.start().await;
    let mut load = Load::new(&stage.house.channel, 1);
    let adapter = stage.house.adapter.take().unwrap();
    let status = tokio::select! {
        () = load.run(400) => None,
        status = adapter.ended(PATIENCE) => Some(status.unwrap()),
    };
    let log = stage.house.log();
    let last = log.lines().next_back().unwrap();
    assert_ne!(status.unwrap().code(), Some(0));
    assert!(last.contains("error: ") && last.contains(".db"), "{last}");
    println!("{last}");

    stage.house.plan.through.clear();
    stage.house.start().await;
    let told = load.told().await;
    let settled = told_the_same(&stage.house.channel, &told).await;
    println!("{} transfers, asked again {} times", told.len(), load.again());
    let books = stage.end().await;
    assert_eq!(books.out.moved, settled);
}
