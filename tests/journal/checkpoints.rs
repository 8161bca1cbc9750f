//! Checkpoints that cannot be written, and the age of the last one.

use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use titian::journal::{Checkpoints, open};
use tracing_subscriber::fmt::MakeWriter;

use super::support::{Folder, all_steps, append, checkpoints, keys, none};

/// The log of this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Waits until the log has a line with all these texts.
    fn wait_for(&self, texts: [&str; 2]) {
        let has_line = || {
            let log = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
            log.lines().any(|line| texts.iter().all(|text| line.contains(text)))
        };
        while !has_line() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_logged_and_tried_again() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let folder = Folder::new();
    let elsewhere = folder.file("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let often = Checkpoints { every: Duration::from_millis(5), ..checkpoints(&elsewhere) };
    let journal = open(&folder.url(), &keys(), &often).unwrap();
    fs::remove_dir_all(&elsewhere).unwrap();
    append(&*journal, all_steps(0..10)).unwrap();
    log.wait_for(["ERROR", "checkpoint not written"]);
    log.wait_for(["checkpoint not written", elsewhere.to_str().unwrap()]);
    assert!(journal.checkpoint_clock().is_failing());
    fs::create_dir(&elsewhere).unwrap();
    while !fs::read_to_string(&often.files[0]).is_ok_and(|signed| signed.contains("-40 ")) {
        thread::sleep(Duration::from_millis(1));
    }
    journal.close().unwrap();
}

#[test]
fn the_age_of_the_last_checkpoint_begins_with_the_start() {
    let folder = Folder::new();
    let journal = folder.open();
    let clock = journal.checkpoint_clock();
    let at_start = clock.age().unwrap();
    thread::sleep(Duration::from_millis(2));
    assert!(clock.age().unwrap() >= at_start + Duration::from_millis(2));
    journal.close().unwrap();
    let journal = open(&folder.url(), &keys(), &none()).unwrap();
    assert_eq!(journal.checkpoint_clock().age(), None, "without a place");
}
