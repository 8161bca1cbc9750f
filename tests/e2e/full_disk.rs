//! The disk is full: the adapter stops and says why, and what it has told anybody is there when there is room again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::house::{PATIENCE, Plan};
use crate::load::{Load, told_the_same};
use crate::stage::Stage;

/// Asks for transfers until the adapter stops, makes room, starts it again, and compares.
async fn fill(plan: Plan, make_room: impl FnOnce()) {
    let mut stage = Stage::set(plan).await;
    let mut load = Load::new(&stage.house.channel, 1);
    let adapter = stage.house.adapter.take().unwrap();
    let status = tokio::select! {
        () = load.run(400) => panic!("it asks for ever"),
        status = adapter.ended(PATIENCE) => status.unwrap(),
    };
    let log = stage.house.log();
    let told = log.lines().find(|line| line.starts_with("error: ")).unwrap();
    println!("{told}");
    assert!(!status.success());
    assert!(told.contains("titian-e2e") && told.ends_with("start again, which recovers"), "{told}");

    make_room();
    stage.house.plan.through.clear();
    stage.house.start().await;
    let told = load.told().await;
    let settled = told_the_same(&stage.house.channel, &told).await;
    println!("{} transfers, asked again {} times", told.len(), load.again());
    assert_eq!(stage.end().await.out.moved, settled);
}

/// A process that may write small files only. What is over the limit fails as a full disk does, when the signal of it is ignored.
#[tokio::test]
async fn an_adapter_that_can_write_no_more_stops_and_what_it_told_is_there() {
    let script = "trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\"";
    let through = ["bash", "-c", script].map(str::to_owned).into();
    fill(Plan { through, ..Plan::default() }, || {}).await;
}

/// A disk of its own, as long as this is.
struct Disk(PathBuf);

impl Disk {
    /// None, where this process may not do that.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let disk = Self(at.to_owned());
        disk.run("mount", &["-t", "tmpfs", "-o", "size=6m", "none"]).then_some(disk)
    }

    fn grow(&self) {
        assert!(self.run("mount", &["-o", "remount,size=200m"]));
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let status = Command::new(program).args(arguments).arg(&self.0).status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.run("umount", &["--lazy"]);
        let _gone = fs::remove_dir(&self.0);
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_adapter_and_what_it_told_is_there_when_there_is_room() {
    let at = std::env::temp_dir().join(format!("titian-e2e-disk-{}", std::process::id()));
    let Some(disk) = Disk::mount(&at) else {
        return println!("not tried: only root can make a disk that is full");
    };
    fill(Plan { within: at, ..Plan::default() }, || disk.grow()).await;
}
