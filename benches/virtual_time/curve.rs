//! The numbers of a point, how they travel between processes, and the curve that they make.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use plotters::prelude::*;

use crate::Failure;

/// What one rehearsal took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) users: u64,
    pub(crate) visits: u64,
    pub(crate) requests: u64,
    pub(crate) calls: u64,
    pub(crate) forced_logouts: u64,
    pub(crate) people_s: f64,
    pub(crate) baseline_s: f64,
    pub(crate) run_s: f64,
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_bytes: u64,
}

/// What a bare sweep of as many visits took.
#[derive(Debug)]
pub(crate) struct Bare {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
}

/// A point of the curve.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) shape: String,
    pub(crate) measured: Measured,
    pub(crate) bare: Bare,
}

/// The head of the table.
pub(crate) const HEAD: &str = "\
| shape | people | visits | events | wall | CPU | of it: none, cutover | ns a visit | events a second | bare sweep | peak | bytes a person |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

impl Measured {
    pub(crate) fn to_line(&self) -> String {
        let Self {
            users,
            visits,
            requests,
            calls,
            forced_logouts,
            people_s,
            baseline_s,
            run_s,
            wall_s,
            cpu_s,
            peak_bytes,
        } = self;
        format!(
            "{users} {visits} {requests} {calls} {forced_logouts} {people_s} {baseline_s} {run_s} {wall_s} {cpu_s} {peak_bytes}"
        )
    }

    pub(crate) fn from_line(line: &str) -> Result<Self, Failure> {
        let mut words = line.split_whitespace();
        Ok(Self {
            users: next(&mut words)?,
            visits: next(&mut words)?,
            requests: next(&mut words)?,
            calls: next(&mut words)?,
            forced_logouts: next(&mut words)?,
            people_s: next(&mut words)?,
            baseline_s: next(&mut words)?,
            run_s: next(&mut words)?,
            wall_s: next(&mut words)?,
            cpu_s: next(&mut words)?,
            peak_bytes: next(&mut words)?,
        })
    }

    /// Visits, requests and provider calls of the cutover's rehearsal; those of `none` come on top.
    fn events(&self) -> u64 {
        self.visits + self.requests + self.calls
    }
}

impl Bare {
    pub(crate) fn to_line(&self) -> String {
        format!("{} {}", self.wall_s, self.cpu_s)
    }

    pub(crate) fn from_line(line: &str) -> Result<Self, Failure> {
        let mut words = line.split_whitespace();
        Ok(Self {
            wall_s: next(&mut words)?,
            cpu_s: next(&mut words)?,
        })
    }
}

fn next<'a, T>(words: &mut impl Iterator<Item = &'a str>) -> Result<T, Failure>
where
    T: FromStr,
    T::Err: std::error::Error + 'static,
{
    Ok(words.next().ok_or("a number is missing")?.parse()?)
}

impl Point {
    /// A row of the table.
    pub(crate) fn row(&self) -> String {
        let it = &self.measured;
        format!(
            "| {} | {} | {} | {} | {:.2} s | {:.2} s | {:.2}, {:.2} s | {:.0} | {:.1} M | {:.2} s | {:.0} MB | {:.0} |",
            self.shape,
            grouped(it.users),
            grouped(it.visits),
            grouped(it.events()),
            it.wall_s,
            it.cpu_s,
            it.baseline_s,
            it.run_s,
            self.ns_a_visit(),
            it.events() as f64 / it.run_s / 1e6,
            self.bare.cpu_s,
            it.peak_bytes as f64 / 1e6,
            it.peak_bytes as f64 / it.users as f64,
        )
    }

    /// CPU of the whole, rehearsal of `none` included, over the visits.
    fn ns_a_visit(&self) -> f64 {
        self.measured.cpu_s * 1e9 / self.measured.visits.max(1) as f64
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes the numbers and the curve into a directory.
pub(crate) fn write(points: &[Point], out: &Path) -> Result<(), Failure> {
    let mut csv = "shape,people,visits,requests,calls,forced_logouts,people_s,none_s,cutover_s,wall_s,cpu_s,peak_bytes,bare_wall_s,bare_cpu_s\n".to_owned();
    for Point {
        shape,
        measured,
        bare,
    } in points
    {
        let line = measured.to_line().replace(' ', ",");
        writeln!(csv, "{shape},{line},{},{}", bare.wall_s, bare.cpu_s)?;
    }
    std::fs::write(out.join("virtual_time.csv"), csv)?;
    let path = out.join("virtual_time.svg");
    let area = SVGBackend::new(&path, (900, 380)).into_drawing_area();
    area.fill(&WHITE)?;
    let (left, right) = area.split_horizontally(450);
    let cpu = |point: &Point| point.measured.cpu_s;
    draw(
        &left,
        points,
        ("CPU seconds over people", 0.01..1_000.0),
        cpu,
    )?;
    let memory = |point: &Point| point.measured.peak_bytes as f64 / 1e6;
    draw(
        &right,
        points,
        ("peak MB over people", 1.0..10_000.0),
        memory,
    )?;
    area.present()?;
    Ok(())
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    points: &[Point],
    (title, range): (&str, std::ops::Range<f64>),
    value: impl Fn(&Point) -> f64,
) -> Result<(), Failure> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(56)
        .build_cartesian_2d((5_000.0..20_000_000.0_f64).log_scale(), range.log_scale())?;
    chart.configure_mesh().light_line_style(WHITE).draw()?;
    let mut shapes: Vec<&str> = points.iter().map(|point| point.shape.as_str()).collect();
    shapes.dedup();
    for (shape, colour) in shapes.into_iter().zip([&BLUE, &RED, &GREEN]) {
        let of_shape = points.iter().filter(|point| point.shape == shape);
        let line: Vec<(f64, f64)> = of_shape
            .map(|point| (point.measured.users as f64, value(point)))
            .collect();
        if let Some(last) = line.last() {
            let style = ("sans-serif", 13).into_font().color(colour);
            chart.draw_series(std::iter::once(Text::new(shape.to_owned(), *last, style)))?;
        }
        chart.draw_series(LineSeries::new(line, colour))?;
    }
    Ok(())
}

/// CPU time of this process so far.
pub(crate) fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // Fields 14 and 15 of the file: time in user mode and in the kernel, in hundredths of a second.
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(ticks as f64 / 100.0)
}

/// The most memory that this process has had.
pub(crate) fn peak_bytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no VmHWM")?.parse::<u64>()? * 1_024)
}
