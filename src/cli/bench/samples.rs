//! Samples of the load as CSV: a line for each step of the count, and for each second.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::cost::Memory;
use super::threads::Threads;
use crate::cli::failure::Failure;

/// The columns. Durations belong to the window since the previous line.
const HEADER: &str = "seconds,transfers,window_transfers,adapter_micros,adapter_rss_kib,p50_micros,p99_micros,max_micros\n";

/// The first count with a line of its own.
const FIRST_STEP: u64 = 1_000;

/// The longest window without a line.
const WINDOW: Duration = Duration::from_secs(1);

/// The CSV file of samples, from the first transfer on.
pub(super) struct Samples {
    file: File,
    adapter: u32,
    threads: Threads,
    started: Instant,
    /// The time of the last line.
    last: Instant,
    count: u64,
    /// The next count with a line of its own.
    next_step: u64,
    /// Durations in the window.
    times: Histogram<u64>,
}

impl Samples {
    /// Creates the file for an adapter with this process id.
    pub(super) fn begin(path: &Path, adapter: u32) -> Result<Self, Failure> {
        let failed = |error| format!("--samples {}: {error}", path.display());
        let mut file = File::create(path).map_err(failed)?;
        file.write_all(HEADER.as_bytes()).map_err(failed)?;
        let times = super::measured::histogram()?;
        let (threads, now) = (Threads::of(adapter), Instant::now());
        Ok(Self {
            file,
            adapter,
            threads,
            started: now,
            last: now,
            count: 0,
            next_step: FIRST_STEP,
            times,
        })
    }

    /// Records a transfer that was answered after `micros` microseconds.
    pub(super) fn record(&mut self, micros: u64) -> io::Result<()> {
        self.count += 1;
        self.times.saturating_record(micros);
        let is_step = self.count == self.next_step;
        if is_step {
            self.next_step = step_after(self.next_step);
        }
        if is_step || self.last.elapsed() >= WINDOW { self.line() } else { Ok(()) }
    }

    /// Writes the last window, unless it is empty.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if self.times.is_empty() { Ok(()) } else { self.line() }
    }

    fn line(&mut self) -> io::Result<()> {
        self.last = Instant::now();
        let quantile = |share| self.times.value_at_quantile(share);
        let line = format!(
            "{seconds:.3},{count},{window},{micros},{memory},{p50},{p99},{max}\n",
            seconds = (self.last - self.started).as_secs_f64(),
            count = self.count,
            window = self.times.len(),
            micros = self.threads.spent() / 1_000,
            memory = Memory::of(self.adapter).now,
            p50 = quantile(0.5),
            p99 = quantile(0.99),
            max = self.times.max(),
        );
        self.times.reset();
        self.file.write_all(line.as_bytes())
    }
}

/// Returns the next step: 1, 2 and 5 times each power of ten.
fn step_after(step: u64) -> u64 {
    let power = 10_u64.saturating_pow(step.checked_ilog10().unwrap_or_default());
    if step / power == 2 { step / 2 * 5 } else { step.saturating_mul(2) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn steps_are_one_two_and_five_of_each_power_of_ten() {
        let steps: Vec<_> = std::iter::successors(Some(FIRST_STEP), |step| Some(step_after(*step)))
            .take_while(|step| *step <= 200_000)
            .collect();
        assert_eq!(steps, [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000]);
    }

    #[test]
    fn each_step_has_a_line_and_each_line_covers_its_window() {
        let path = std::env::temp_dir().join(format!("titian-samples-{}", std::process::id()));
        let mut samples = Samples::begin(&path, std::process::id()).ok().unwrap();
        for number in 1..=2_500 {
            samples.record(if number <= 1_000 { 100 } else { 300 }).unwrap();
        }
        samples.end().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        // Seconds with three decimals, without the point, are milliseconds.
        let whole =
            |line: &str| line.replace('.', "").split(',').map(|it| it.parse().unwrap()).collect();
        let rows: Vec<Vec<u64>> = text.lines().skip(1).map(whole).collect();
        let column = |nth: usize| rows.iter().map(|row| row[nth]).collect::<Vec<_>>();
        assert!(text.starts_with(HEADER));
        // A slow machine has further lines, one a second.
        assert!([1_000, 2_000, 2_500].iter().all(|step| column(1).contains(step)), "{text}");
        assert_eq!(column(2).iter().sum::<u64>(), 2_500, "{text}");
        assert_eq!((rows[0][7], rows[rows.len() - 1][5]), (100, 300), "{text}");
        assert!(rows.iter().all(|row| row[4] > 0), "{text}");
    }
}
