//! Processor time of a process to the nanosecond, as the scheduler counts it for each thread.

use std::collections::HashMap;
use std::fs;

/// The threads of a process, and what each took so far.
pub(super) struct Threads {
    process: u32,
    /// Nanoseconds by thread. A thread that has ended stays, so its number may come again with less.
    taken: HashMap<u32, u64>,
}

impl Threads {
    /// Those of a process, from now on.
    pub(super) fn of(process: u32) -> Self {
        let mut threads = Self { process, taken: HashMap::new() };
        threads.spent();
        threads
    }

    /// Nanoseconds that they took since this was asked before. What a thread took last, before it ended, is not told by the system,
    /// nor anything where there is no `/proc` (`schedstat`, see proc(5)).
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

    /// How much a thread took since it was seen before.
    fn grown(&mut self, thread: u32, now: u64) -> u64 {
        let before = self.taken.insert(thread, now).unwrap_or_default();
        // Less than before: it is another one, of the same number.
        now.checked_sub(before).unwrap_or(now)
    }
}

/// The first number of a line.
fn first(line: &str) -> Option<u64> {
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_took_is_told_once_and_that_of_ended_ones_is_not_taken_back() {
        let mut threads = Threads { process: 0, taken: HashMap::new() };
        let grown = [(1, 100), (2, 50), (1, 130), (2, 20), (1, 130)];
        let grown = grown.map(|(thread, now)| threads.grown(thread, now));
        assert_eq!(grown, [100, 50, 30, 20, 0]);
        assert_eq!(first("1234 56 7\n"), Some(1234));
    }

    #[test]
    fn what_this_process_takes_is_told_to_the_nanosecond() {
        let mut threads = Threads::of(std::process::id());
        let mut spent = 0;
        while spent == 0 {
            spent = threads.spent();
        }
        assert!(!spent.is_multiple_of(1_000_000), "no tick of the clock: {spent}");
    }
}
