//! A full disk: the adapter stops with the reason. After there is room again, every response that it gave still holds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bank::{Options, TIMEOUT};
use super::load::{Load, assert_same_results};
use super::scenario::Scenario;

/// Requests transfers until the adapter stops, makes room, starts it again, and compares.
async fn fill(options: Options, make_room: impl FnOnce()) {
    let mut scenario = Scenario::start(options).await;
    let mut load = Load::new(&scenario.bank.channel, 1);
    let adapter = scenario.bank.adapter.take().unwrap();
    let status = tokio::select! {
        () = load.run(400) => panic!("the adapter did not stop"),
        status = adapter.wait_for_exit(TIMEOUT) => status.unwrap(),
    };
    let log = scenario.bank.log();
    let result = log.lines().find(|line| line.starts_with("error: ")).unwrap();
    println!("{result}");
    assert!(!status.success());
    assert!(
        result.contains("titian-e2e") && result.contains("start again: the start recovers the "),
        "{result}"
    );

    make_room();
    scenario.bank.options.wrapper.clear();
    scenario.bank.start().await;
    let result = load.results().await;
    let settled = assert_same_results(&scenario.bank.channel, &result).await;
    println!("{} transfers, {} repeated requests", result.len(), load.repeat_count());
    assert_eq!(scenario.finish().await.outbound.settled, settled);
}

/// A process with a limit of file sizes. Above it a write fails as on a full disk, because the signal is ignored.
#[tokio::test]
async fn an_adapter_that_cannot_write_stops_and_keeps_its_promises() {
    let script = "trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\"";
    let wrapper = ["bash", "-c", script].map(str::to_owned).into();
    fill(Options { wrapper, ..Options::impatient() }, || {}).await;
}

/// A small disk, mounted while this value lives.
struct Disk(PathBuf);

impl Disk {
    /// Mounts a disk; `None` without the permission.
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
async fn a_full_disk_stops_the_adapter_and_its_promises_hold_after_there_is_room() {
    let at = std::env::temp_dir().join(format!("titian-e2e-disk-{}", std::process::id()));
    let Some(disk) = Disk::mount(&at) else {
        return println!("skipped: only root can mount a disk");
    };
    fill(Options { parent_folder: at, ..Options::impatient() }, || disk.grow()).await;
}
