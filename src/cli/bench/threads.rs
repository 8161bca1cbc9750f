//! Processor time of a process in nanoseconds, as the scheduler counts it for each thread.

use std::collections::HashMap;
use std::fs;

/// The threads of a process, and the processor time of each so far.
pub(super) struct Threads {
    process: u32,
    /// Nanoseconds by thread id. Ended threads stay; their id may return with a lower value.
    used: HashMap<u32, u64>,
}

impl Threads {
    /// Starts counting the threads of a process.
    pub(super) fn of(process: u32) -> Self {
        let mut threads = Self { process, used: HashMap::new() };
        threads.spent();
        threads
    }

    /// Returns the nanoseconds since the previous call.
    ///
    /// The last part of an ended thread is not visible, and without `/proc` the result is 0 (`schedstat`, see proc(5)).
    pub(super) fn spent(&mut self) -> u64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process));
        let threads = threads.into_iter().flatten().flatten();
        let mut sum = 0;
        for thread in threads {
            let number = thread.file_name().to_str().and_then(|name| name.parse().ok());
            let text = fs::read_to_string(thread.path().join("schedstat")).ok();
            if let Some((number, now)) = number.zip(text.as_deref().and_then(first)) {
                sum += self.grown(number, now);
            }
        }
        sum
    }

    /// Returns the growth of a thread since the previous call.
    fn grown(&mut self, thread: u32, now: u64) -> u64 {
        let before = self.used.insert(thread, now).unwrap_or_default();
        // A lower value belongs to a new thread with the same id.
        now.checked_sub(before).unwrap_or(now)
    }
}

/// Returns the first number of a line.
fn first(line: &str) -> Option<u64> {
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_threads_is_counted_once_and_ids_may_return() {
        let mut threads = Threads { process: 0, used: HashMap::new() };
        let grown = [(1, 100), (2, 50), (1, 130), (2, 20), (1, 130)];
        let grown = grown.map(|(thread, now)| threads.grown(thread, now));
        assert_eq!(grown, [100, 50, 30, 20, 0]);
        assert_eq!(first("1234 56 7\n"), Some(1234));
    }

    #[test]
    fn time_of_this_process_has_nanoseconds() {
        let mut threads = Threads::of(std::process::id());
        let mut spent = 0;
        while spent == 0 {
            spent = threads.spent();
        }
        assert!(!spent.is_multiple_of(1_000_000), "finer than a clock tick: {spent}");
    }
}
