//! Charts as inline SVG: what is to be drawn, in numbers and meanings; the only code that knows the
//! chart library.
//!
//! Each chart is drawn twice, wide and narrow, and the page shows the one that fits: a drawing that
//! is merely scaled to a phone's width has letters nobody can read. Drawings hold no colours of
//! their own, only classes of the page's style sheet, so that one drawing serves light, dark and paper.

mod axis;
mod ink;

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(super) use axis::Axis;
use axis::Coordinate;
pub(super) use ink::Ink;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Stretches behind everything, with the letters that stand for them.
    pub(super) stretches: Vec<Stretch>,
    pub(super) series: Vec<Series>,
    /// Heights not to be passed, with their names.
    pub(super) limits: Vec<(f64, String)>,
    /// Moments, with the numbers that stand for them.
    pub(super) marks: Vec<(f64, String)>,
}

/// A stretch of the horizontal axis.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) sign: String,
}

/// Values of one kind.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) ink: Ink,
    pub(super) form: Form,
}

/// How values are drawn.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Lines, interrupted where nothing is known.
    Lines(Vec<Vec<(f64, f64)>>),
    /// Single points.
    Points(Vec<(f64, f64)>),
    /// Small points behind what they add up to.
    Specks(Vec<(f64, f64)>),
    /// What lies between a lower and an upper height, at each place.
    Between(Vec<(f64, f64, f64)>),
    /// Columns from 0: from, to, height.
    Columns(Vec<(f64, f64, f64)>),
}

/// A chart's two drawings.
#[derive(Clone, Debug)]
pub(super) struct Drawings {
    pub(super) wide: String,
    pub(super) narrow: String,
}

/// Pixels of the library for one of the page: it draws at whole pixels only.
const FINE: i32 = 4;
/// The library's size of a font is this much larger than the one it writes.
const FONT_SCALE: f64 = 1.24;

/// Sizes of a drawing, in pixels of the page.
struct Size {
    width: i32,
    height: i32,
    left: i32,
    font: f64,
}

const WIDE: Size = Size {
    width: 920,
    height: 264,
    left: 60,
    font: 12.5,
};
const NARROW: Size = Size {
    width: 340,
    height: 236,
    left: 52,
    font: 12.5,
};

impl Size {
    /// Room for the words beside the vertical axis.
    fn left(&self, ticks: &[axis::Tick]) -> i32 {
        let letters = ticks.iter().map(|tick| tick.text.chars().count()).max();
        let wide = letters.unwrap_or(0) as f64 * self.font * 0.6;
        self.left.max(wide as i32 + 14)
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Axes = Cartesian2d<Coordinate, Coordinate>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Axes>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

impl Plot {
    /// Draws it; `id` ties the drawings to their texts on the page: `ID-title` and `ID-desc`.
    pub(super) fn draw(&self, id: &str, title: &str, description: &str) -> Drawings {
        let named = |size: &Size, kind: &str| {
            let mut svg = String::new();
            let area = SVGBackend::with_string(
                &mut svg,
                ((size.width * FINE) as u32, (size.height * FINE) as u32),
            )
            .into_drawing_area();
            self.paint(&area, size)
                .expect("a drawing in memory has nothing that fails");
            drop(area);
            name(
                &ink::dye(&svg),
                &format!("{id}-{kind}"),
                kind,
                title,
                description,
            )
        };
        Drawings {
            wide: named(&WIDE, "wide"),
            narrow: named(&NARROW, "narrow"),
        }
    }

    fn paint(&self, area: &Area<'_>, size: &Size) -> Drawn {
        let ticks = if size.width == WIDE.width {
            (&self.x.wide, &self.y.wide)
        } else {
            (&self.x.narrow, &self.y.narrow)
        };
        let font = FONT_SCALE * size.font * f64::from(FINE);
        let mut chart = ChartBuilder::on(area)
            .margin_top(20 * FINE)
            .margin_right(20 * FINE)
            .x_label_area_size(24 * FINE)
            .y_label_area_size(size.left(ticks.1) * FINE)
            .build_cartesian_2d(
                Coordinate::new(&self.x, ticks.0),
                Coordinate::new(&self.y, ticks.1),
            )?;
        self.behind(&mut chart, size)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .bold_line_style(Ink::Grid.stroke(FINE as u32))
            .axis_style(Ink::Axis.stroke(FINE as u32))
            .x_labels(ticks.0.len())
            .y_labels(ticks.1.len())
            .x_label_formatter(&|at| text(ticks.0, *at))
            .y_label_formatter(&|at| text(ticks.1, *at))
            .label_style(("sans-serif", font).into_font().color(&Ink::Text.color()))
            .set_all_tick_mark_size(4 * FINE)
            .draw()?;
        for series in &self.series {
            series.paint(&mut chart)?;
        }
        self.before(&mut chart, size)
    }

    /// What lies behind the values.
    fn behind(&self, chart: &mut Chart<'_, '_>, size: &Size) -> Drawn {
        let (bottom, top) = (self.y.from, self.y.to);
        for stretch in &self.stretches {
            let (from, to) = (stretch.from.max(self.x.from), stretch.to.min(self.x.to));
            if from >= to {
                continue;
            }
            chart.draw_series([Rectangle::new(
                [(from, bottom), (to, top)],
                Ink::Fault.fill(),
            )])?;
            // Beside the stretch, for a mark may stand at its beginning.
            sign(chart, size, (to, top), HPos::Left, &stretch.sign)?;
        }
        Ok(())
    }

    /// What lies before the values.
    fn before(&self, chart: &mut Chart<'_, '_>, size: &Size) -> Drawn {
        let unit = FINE as u32;
        for (at, letter) in &self.marks {
            let line = [(*at, self.y.from), (*at, self.y.to)];
            chart.draw_series(DashedLineSeries::new(
                line,
                3 * FINE,
                3 * FINE,
                Ink::Mark.stroke(unit),
            ))?;
            sign(chart, size, (*at, self.y.to), HPos::Center, letter)?;
        }
        for (height, name) in &self.limits {
            let line = [(self.x.from, *height), (self.x.to, *height)];
            chart.draw_series(DashedLineSeries::new(
                line,
                7 * FINE,
                4 * FINE,
                Ink::Limit.stroke(unit * 3 / 2),
            ))?;
            let font = FONT_SCALE * size.font * f64::from(FINE);
            let style = ("sans-serif", font)
                .into_font()
                .color(&Ink::Limit.color())
                .pos(Pos::new(HPos::Right, VPos::Bottom));
            chart.draw_series([Text::new(name.clone(), (self.x.to, *height), style)])?;
        }
        Ok(())
    }
}

impl Series {
    fn paint(&self, chart: &mut Chart<'_, '_>) -> Drawn {
        let stroke = self.ink.stroke(2 * FINE as u32);
        match &self.form {
            Form::Lines(lines) => {
                for line in lines {
                    chart.draw_series(LineSeries::new(line.iter().copied(), stroke))?;
                    // A line of one place would not be seen.
                    let alone = line.iter().filter(|_| line.len() == 1);
                    let dot = |&at: &(f64, f64)| Circle::new(at, 2 * FINE, self.ink.fill());
                    chart.draw_series(alone.map(dot))?;
                }
            }
            Form::Points(points) => {
                let dot = |&at: &(f64, f64)| Circle::new(at, 3 * FINE, self.ink.fill());
                chart.draw_series(points.iter().map(dot))?;
            }
            Form::Specks(points) => {
                let speck = |&at: &(f64, f64)| Circle::new(at, 3 * FINE / 2, self.ink.fill());
                chart.draw_series(points.iter().map(speck))?;
            }
            Form::Between(places) => {
                let upper = places.iter().map(|&(x, _, high)| (x, high));
                let lower = places.iter().rev().map(|&(x, low, _)| (x, low));
                let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
                chart.draw_series([Polygon::new(outline, self.ink.fill())])?;
            }
            Form::Columns(columns) => {
                let outlines = runs(columns);
                let polygon = |outline: Vec<(f64, f64)>| Polygon::new(outline, self.ink.fill());
                chart.draw_series(outlines.into_iter().map(polygon))?;
            }
        }
        Ok(())
    }
}

/// A number or letter above a place.
fn sign(chart: &mut Chart<'_, '_>, size: &Size, at: (f64, f64), side: HPos, sign: &str) -> Drawn {
    let font = FONT_SCALE * size.font * f64::from(FINE);
    // A letter beside a stretch keeps clear of a number above its beginning.
    let near = if matches!(side, HPos::Left) {
        4 * FINE
    } else {
        0
    };
    let style = ("sans-serif", font)
        .into_font()
        .style(FontStyle::Bold)
        .color(&Ink::Text.color())
        .pos(Pos::new(side, VPos::Bottom));
    chart.draw_series([
        EmptyElement::at(at) + Text::new(sign.to_owned(), (near, -2 * FINE), style)
    ])?;
    Ok(())
}

/// Outlines of columns that touch each other; columns of no height are left out.
fn runs(columns: &[(f64, f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open: Option<Vec<(f64, f64)>> = None;
    for &(from, to, height) in columns.iter().chain(&[(0.0, 0.0, 0.0)]) {
        if height > 0.0 {
            open.get_or_insert_with(|| vec![(from, 0.0)])
                .extend([(from, height), (to, height)]);
        } else if let Some(mut outline) = open.take() {
            if let Some(&(end, _)) = outline.last() {
                outline.push((end, 0.0));
            }
            runs.push(outline);
        }
    }
    runs
}

fn text(ticks: &[axis::Tick], at: f64) -> String {
    let near = |tick: &&axis::Tick| (tick.at - at).abs() <= 1e-9 * at.abs().max(1.0);
    ticks
        .iter()
        .find(near)
        .map(|tick| tick.text.clone())
        .unwrap_or_default()
}

/// Gives a drawing its class, its name and its description, and takes away the size in pixels.
fn name(svg: &str, id: &str, class: &str, title: &str, description: &str) -> String {
    let mut head = String::from("<svg");
    write!(
        head,
        " class=\"chart {class}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\""
    )
    .expect("a String takes all text");
    let view = svg.split_once("viewBox=").map_or("", |(_, rest)| rest);
    let body = view.split_once('>').map_or(("", ""), |parts| parts);
    format!(
        "{head} viewBox={}><title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>{}",
        body.0,
        escaped(title),
        escaped(description),
        body.1.trim_start(),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(series: Vec<Series>) -> Plot {
        Plot {
            x: Axis::time(86_400.0),
            y: Axis::counts(10.0),
            stretches: vec![Stretch {
                from: 3_600.0,
                to: 7_200.0,
                sign: "A".to_owned(),
            }],
            series,
            limits: vec![(8.0, "8/s".to_owned())],
            marks: vec![(43_200.0, "1".to_owned())],
        }
    }

    #[test]
    fn a_drawing_has_a_name_a_description_and_no_colours_of_its_own() {
        let line = Series {
            ink: Ink::Stytch,
            form: Form::Lines(vec![vec![(0.0, 1.0), (86_400.0, 9.0)]]),
        };
        let drawn = plot(vec![line]).draw("sessions", "Live <sessions>", "Up & down.");
        for (svg, kind) in [(&drawn.wide, "wide"), (&drawn.narrow, "narrow")] {
            let start = format!(
                "<svg class=\"chart {kind}\" role=\"img\" \
                 aria-labelledby=\"sessions-{kind}-title sessions-{kind}-desc\" viewBox="
            );
            assert!(svg.starts_with(&start), "{svg}");
            assert!(svg.contains("Live &lt;sessions&gt;</title>"));
            assert!(svg.contains("Up &amp; down.</desc>"));
            assert!(svg.contains("class=\"line-stytch\"") && svg.contains("class=\"ink-fault\""));
            assert!(!svg.contains("#1F") && !svg.contains("style="), "{svg}");
            assert!(svg.trim_end().ends_with("</svg>"));
        }
    }

    #[test]
    fn columns_that_touch_are_one_outline_and_gaps_part_them() {
        let outlines = runs(&[
            (0.0, 1.0, 2.0),
            (1.0, 2.0, 3.0),
            (2.0, 3.0, 0.0),
            (3.0, 4.0, 1.0),
        ]);
        assert_eq!(
            outlines,
            [
                vec![
                    (0.0, 0.0),
                    (0.0, 2.0),
                    (1.0, 2.0),
                    (1.0, 3.0),
                    (2.0, 3.0),
                    (2.0, 0.0)
                ],
                vec![(3.0, 0.0), (3.0, 1.0), (4.0, 1.0), (4.0, 0.0)],
            ]
        );
    }
}
