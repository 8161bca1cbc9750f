//! Draws what `titian bench --samples` wrote: what a transfer costs the adapter by how many are in the store, and its memory over
//! time; one picture, for light and dark pages, with a line for each file.
//!
//! `cargo run --profile dist --example curve -- FILE… > docs/curve.svg`

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a program of its own, of two panels"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// Left and right of both panels, and top and bottom of each.
const ACROSS: [f64; 2] = [64.0, 740.0];
const DOWN: [[f64; 2]; 2] = [[50.0, 290.0], [370.0, 540.0]];

/// Of the lines, one file after the other.
const COLOURS: [&str; 4] = ["#2f81d6", "#d9822b", "#3fa45b", "#a371f7"];

const HEAD: &str = "\
<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 600\" font-family=\"sans-serif\" font-size=\"13\">
<style>
text { fill: #24292f } .grid { stroke: #8c959f; stroke-opacity: 0.35 }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round }
@media (prefers-color-scheme: dark) { text { fill: #d0d7de } }
</style>
";

type Point = (f64, f64);

/// What a file says: microseconds of processor time a transfer, by how many are in the store; megabytes, by seconds.
struct Curve {
    name: String,
    panels: [Vec<Point>; 2],
}

/// What is written along an edge, and from what value to what it goes: evenly, or by powers of ten.
struct Axis {
    ends: [f64; 2],
    by_powers: bool,
    ticks: Vec<f64>,
}

fn main() -> Result<(), String> {
    let files = env::args().skip(1).map(|file| read(Path::new(&file)));
    let curves = files.collect::<Result<Vec<_>, _>>()?;
    if curves.is_empty() {
        return Err("name the files that `titian bench --samples` wrote".to_owned());
    }
    print!("{}", picture(&curves));
    Ok(())
}

fn read(path: &Path) -> Result<Curve, String> {
    let wrong = |why: &str| format!("{}: {why}", path.display());
    let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&name, &text).ok_or_else(|| wrong("is not what `titian bench --samples` writes"))
}

/// All windows between two counts of 1, 2 and 5 times a power of ten make one point of the cost, at the later count. What is behind
/// the last such count makes one where the run ended, if it is a tenth of all.
fn parse(name: &str, text: &str) -> Option<Curve> {
    let (mut cost, mut memory) = (Vec::new(), Vec::new());
    let (mut spent, mut count, mut all) = (0.0, 0.0, 0.0);
    let mut lines = text.lines();
    lines.next().filter(|head| head.starts_with("seconds,transfers,window_transfers,adapter_"))?;
    for line in lines {
        let values: Result<Vec<f64>, _> = line.split(',').map(str::parse).collect();
        let [seconds, transfers, window, micros, kib, ..] = *values.ok()? else { return None };
        (spent, count, all) = (spent + micros, count + window, transfers);
        memory.push((seconds, kib / 1024.0));
        if is_mark(transfers) {
            cost.push((transfers, spent / count));
            (spent, count) = (0.0, 0.0);
        }
    }
    if count > all / 10.0 {
        cost.push((all, spent / count));
    }
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    Some(Curve { name, panels: [cost, memory] })
}

fn is_mark(count: f64) -> bool {
    let digits = count.to_string();
    ["1", "2", "5"].contains(&digits.trim_end_matches('0'))
}

fn picture(curves: &[Curve]) -> String {
    let axis = |panel: usize, of: fn(&Point) -> f64| {
        Axis::even(curves.iter().flat_map(|curve| &curve.panels[panel]).map(of).fold(0.0, f64::max))
    };
    let panels = [
        ("processor time of the adapter, µs a transfer", "transfers in the store"),
        ("memory of the adapter, MB", "seconds"),
    ];
    let across = [Axis::by_powers(3, 7), axis(1, |point| point.0)];
    let mut svg = HEAD.to_owned();
    for (panel, (name, below)) in panels.into_iter().enumerate() {
        let ([top, bottom], across, up) =
            (DOWN[panel], &across[panel], axis(panel, |point| point.1));
        grid(&mut svg, [top, bottom], across, &up);
        text(&mut svg, (ACROSS[0], top - 14.0), "start", name);
        text(&mut svg, (ACROSS[1], bottom + 38.0), "end", below);
        for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
            _ = write!(svg, "<polyline stroke=\"{colour}\" points=\"");
            for (x, y) in &curve.panels[panel] {
                let (x, y) = (across.place(*x, ACROSS), up.place(*y, [bottom, top]));
                _ = write!(svg, " {x:.1},{y:.1}");
            }
            svg += "\"/>\n";
        }
    }
    for (nth, (curve, colour)) in (0_u32..).zip(curves.iter().zip(COLOURS.iter().cycle())) {
        let x = ACROSS[0] + 170.0 * f64::from(nth);
        _ = writeln!(svg, "<rect x=\"{x}\" y=\"9\" width=\"18\" height=\"4\" fill=\"{colour}\"/>");
        text(&mut svg, (x + 24.0, 16.0), "start", &curve.name);
    }
    svg + "</svg>\n"
}

/// Lines at the ticks of both axes, and what they are.
fn grid(svg: &mut String, panel: [f64; 2], across: &Axis, up: &Axis) {
    for tick in &across.ticks {
        let (x, [top, bottom]) = (across.place(*tick, ACROSS), panel);
        _ = writeln!(svg, "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>");
        text(svg, (x, bottom + 18.0), "middle", &grouped(*tick));
    }
    for tick in &up.ticks {
        let (y, [left, right]) = (up.place(*tick, [panel[1], panel[0]]), ACROSS);
        _ = writeln!(svg, "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>");
        text(svg, (left - 8.0, y + 4.0), "end", &grouped(*tick));
    }
}

fn text(svg: &mut String, (x, y): Point, anchor: &str, text: &str) {
    _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

/// A whole number with a comma at each thousand.
fn grouped(number: f64) -> String {
    if number < 1e3 {
        return number.to_string();
    }
    format!("{},{:03}", grouped((number / 1e3).floor()), number % 1e3)
}

impl Axis {
    /// From zero to beyond the most, with a tick at each round step.
    fn even(most: f64) -> Self {
        let mut steps = [1.0, 2.0, 5.0];
        while steps[2] * 5.0 < most {
            steps = steps.map(|step| step * 10.0);
        }
        let step = steps.into_iter().find(|step| step * 5.0 >= most).unwrap_or(most);
        let next = |tick: &f64| (*tick < most.max(step)).then_some(tick + step);
        let ticks: Vec<_> = std::iter::successors(Some(0.0), next).collect();
        Self { ends: [0.0, ticks[ticks.len() - 1]], by_powers: false, ticks }
    }

    /// From a power of ten to another.
    fn by_powers(from: i32, to: i32) -> Self {
        let ends = [from, to].map(|power| 10_f64.powi(power));
        Self { ends, by_powers: true, ticks: (from..=to).map(|power| 10_f64.powi(power)).collect() }
    }

    /// Where a value is between two edges; at the edge, if it is beyond the end.
    fn place(&self, value: f64, [near, far]: [f64; 2]) -> f64 {
        let scale = |value: f64| if self.by_powers { value.log10() } else { value };
        let [from, to] = self.ends;
        let share = (scale(value) - scale(from)) / (scale(to) - scale(from));
        near + share.clamp(0.0, 1.0) * (far - near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_a_point_at_each_mark_and_each_axis_begins_at_zero() {
        let table = "seconds,transfers,window_transfers,adapter_micros,adapter_rss_kib,p50_micros\n\
                     0.1,1000,1000,90000,20480,1\n0.2,2000,1000,80000,20480,1\n\
                     0.9,4000,2000,150000,20480,1\n1.1,5000,1000,90000,30720,1\n\
                     1.4,9000,4000,400000,30720,1\n";
        let curve = parse("a<b", table).unwrap();
        assert_eq!(curve.panels[0], [(1e3, 90.0), (2e3, 80.0), (5e3, 80.0), (9e3, 100.0)]);
        assert_eq!(curve.panels[1].last(), Some(&(1.4, 30.0)));
        let svg = picture(&[curve]);
        assert!(svg.contains(">a&lt;b</text>") && svg.contains(">10,000,000</text>"), "{svg}");
        // The first and the last cost, at 90 and at 100 of 100 µs.
        assert!(svg.contains("points=\" 64.0,74.0 ") && svg.contains(",50.0\"/>"), "{svg}");
        assert!(parse("x", "a,b\n1,2\n").is_none());
    }
}
