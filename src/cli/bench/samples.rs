//! What the load sees as it goes on: a line of a table for each step of the count, and for each second.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::cost::Memory;
use super::threads::Threads;
use crate::cli::failure::Failure;

/// What the columns are. Times of transfers are those of the window, which begins where that of the line before ended.
const HEADER: &str = "seconds,transfers,window_transfers,adapter_micros,adapter_rss_kib,p50_micros,p99_micros,most_micros\n";

/// The first count that has a line.
const FIRST_MARK: u64 = 1_000;

/// Without a mark a line comes after so long, with the next transfer.
const WINDOW: Duration = Duration::from_secs(1);

/// A table that grows, from the first transfer on.
pub(super) struct Samples {
    file: File,
    adapter: u32,
    threads: Threads,
    begun: Instant,
    /// When the last line was written.
    last: Instant,
    count: u64,
    /// The next count that has a line.
    mark: u64,
    /// Of the window.
    times: Histogram<u64>,
}

impl Samples {
    /// A new table in a file, of the adapter that has this process.
    pub(super) fn begin(path: &Path, adapter: u32) -> Result<Self, Failure> {
        let failed = |error| format!("--samples {}: {error}", path.display());
        let mut file = File::create(path).map_err(failed)?;
        file.write_all(HEADER.as_bytes()).map_err(failed)?;
        let times = super::load::times()?;
        let (threads, now) = (Threads::of(adapter), Instant::now());
        Ok(Self {
            file,
            adapter,
            threads,
            begun: now,
            last: now,
            count: 0,
            mark: FIRST_MARK,
            times,
        })
    }

    /// A transfer was answered, after so many microseconds.
    pub(super) fn told(&mut self, micros: u64) -> io::Result<()> {
        self.count += 1;
        self.times.saturating_record(micros);
        let is_mark = self.count == self.mark;
        if is_mark {
            self.mark = after(self.mark);
        }
        if is_mark || self.last.elapsed() >= WINDOW { self.line() } else { Ok(()) }
    }

    /// Writes what the last window has, if it has anything.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if self.times.is_empty() { Ok(()) } else { self.line() }
    }

    fn line(&mut self) -> io::Result<()> {
        self.last = Instant::now();
        let within = |share| self.times.value_at_quantile(share);
        let line = format!(
            "{seconds:.3},{count},{window},{micros},{memory},{p50},{p99},{most}\n",
            seconds = (self.last - self.begun).as_secs_f64(),
            count = self.count,
            window = self.times.len(),
            micros = self.threads.spent() / 1_000,
            memory = Memory::of(self.adapter).now,
            p50 = within(0.5),
            p99 = within(0.99),
            most = self.times.max(),
        );
        self.times.reset();
        self.file.write_all(line.as_bytes())
    }
}

/// The mark after one: 1, 2 and 5 of each power of ten.
fn after(mark: u64) -> u64 {
    let power = 10_u64.saturating_pow(mark.checked_ilog10().unwrap_or_default());
    if mark / power == 2 { mark / 2 * 5 } else { mark.saturating_mul(2) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn marks_are_one_two_and_five_of_each_power_of_ten() {
        let marks: Vec<_> = std::iter::successors(Some(FIRST_MARK), |mark| Some(after(*mark)))
            .take_while(|mark| *mark <= 200_000)
            .collect();
        assert_eq!(marks, [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000]);
    }

    #[test]
    fn a_line_is_of_its_window_alone_and_comes_with_each_mark() {
        let path = std::env::temp_dir().join(format!("titian-samples-{}", std::process::id()));
        let mut samples = Samples::begin(&path, std::process::id()).ok().unwrap();
        for number in 1..=2_500 {
            samples.told(if number <= 1_000 { 100 } else { 300 }).unwrap();
        }
        samples.end().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        // Seconds with three digits behind the point are milliseconds.
        let whole =
            |line: &str| line.replace('.', "").split(',').map(|it| it.parse().unwrap()).collect();
        let rows: Vec<Vec<u64>> = text.lines().skip(1).map(whole).collect();
        let column = |nth: usize| rows.iter().map(|row| row[nth]).collect::<Vec<_>>();
        assert!(text.starts_with(HEADER));
        // A machine that is held up for a second has lines between.
        assert!([1_000, 2_000, 2_500].iter().all(|mark| column(1).contains(mark)), "{text}");
        assert_eq!(column(2).iter().sum::<u64>(), 2_500, "{text}");
        assert_eq!((rows[0][7], rows[rows.len() - 1][5]), (100, 300), "{text}");
        assert!(rows.iter().all(|row| row[4] > 0), "{text}");
    }
}
