//! Scenario time: when the rehearsal starts, how long it lasts, which stretches play at true speed.

use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::{Span, Timestamp};

use super::problem::Problem;
use super::quantity;
use super::reader::{Read, Setting, Table, setting};
use super::scalar::{LENGTH, Length, Moment, Name, SOME_LENGTH};

/// Scenario time, and how it plays over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    /// When the rehearsal starts. Default Monday 2026-03-02 00:00 UTC: a Monday, so that week days are plain.
    pub start: Timestamp,
    /// How long it lasts.
    pub length: Span,
    /// Wall time that everything outside the windows may take, if the machine is fast enough; it
    /// sets the speed of the time-lapse.
    pub lapse: Span,
    /// Windows played at true speed, ascending and apart; latency is measured only here.
    pub windows: Vec<Window>,
    /// Starts later than this, at the 99th percentile inside true-speed windows, make a run inconclusive.
    pub lateness_limit: Span,
}

/// A stretch of scenario time that is played at true speed.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its name in reports.
    pub name: String,
    /// When it starts, after the start of the rehearsal.
    pub from: Span,
    /// How long it lasts.
    pub length: Span,
}

impl Time {
    /// The end of the rehearsal.
    pub fn end(&self) -> Timestamp {
        self.start + self.length
    }
}

/// What the rules of other sections lean on.
pub(super) struct Frame {
    /// Consumer or B2B.
    pub(super) vertical: Read<Vertical>,
    /// When the rehearsal starts.
    pub(super) start: Timestamp,
    /// How long it lasts.
    pub(super) length: Read<Span>,
}

impl Frame {
    /// Rule: a moment lies before the end of the rehearsal.
    pub(super) fn within(&self, t: &mut Table<'_>, name: &str, at: &Read<Span>) {
        if at.sound && at.given && self.length.sound && at.value >= self.length.value {
            let problem = Problem::new(format!(
                "`{}` is after the end of the rehearsal",
                t.path(name)
            ))
            .at(&at.place, format!("at {}", at.text()))
            .at(
                &self.length.place,
                self.length
                    .label(format!("it lasts {}", self.length.text())),
            )
            .help("choose an earlier moment, or a longer rehearsal");
            t.problem(problem);
        }
    }
}

const START: Setting<Moment> = setting(
    "start",
    Moment,
    "When the rehearsal starts.",
    "2026-03-02",
    "a Monday, so that week days are plain",
);

const TIME_LENGTH: Setting<Length> = setting(
    "length",
    SOME_LENGTH,
    "How long the rehearsal lasts.",
    "14d",
    "a fortnight sees most people return",
);

const LAPSE: Setting<Length> = setting(
    "lapse",
    SOME_LENGTH,
    "Wall time over HTTP for everything outside the windows, if the machine \
     is fast enough.",
    "30s",
    "half of what a pull request should wait",
);

const LATENESS_LIMIT: Setting<Length> = setting(
    "lateness_limit",
    SOME_LENGTH,
    "Starts later than this, at the 99th percentile inside the windows, \
     make a run inconclusive.",
    "100ms",
    "a tenth of a second goes unnoticed by a person (Nielsen, 1993)",
);

/// Reads `[time]`.
pub(super) fn read(t: &mut Table<'_>, vertical: Read<Vertical>) -> (Time, Frame) {
    let start = t.get(&START);
    let length = t.get(&TIME_LENGTH);
    let lapse = t.get(&LAPSE);
    let lateness_limit = t.get(&LATENESS_LIMIT);
    let frame = Frame {
        vertical,
        start: start.value,
        length,
    };
    let doc = "Stretches played at true speed over HTTP; latency is measured only here.";
    let mut windows = t.tables("windows", doc, |t| read_window(t, &frame));
    check_apart(t, &mut windows);
    let time = Time {
        start: start.value,
        length: frame.length.value,
        lapse: lapse.value,
        windows: windows
            .into_iter()
            .map(|window| window.value.window)
            .collect(),
        lateness_limit: lateness_limit.value,
    };
    (time, frame)
}

/// A window that was read.
struct ReadWindow {
    window: Window,
    from: Read<Span>,
    until: Span,
}

fn read_window(t: &mut Table<'_>, frame: &Frame) -> ReadWindow {
    let name = t
        .key("name", Name, "Its name in reports.")
        .required("the cutover");
    let from = t
        .key(
            "from",
            LENGTH,
            "When it starts, after the start of the rehearsal.",
        )
        .required("3d");
    let length = t
        .key(
            "length",
            SOME_LENGTH,
            "How long it lasts, in scenario time and on the wall.",
        )
        .required("10s");
    frame.within(t, "from", &from);
    let sound = from.sound && length.sound;
    let until = from.value + length.value;
    if sound && frame.length.sound && from.value < frame.length.value && until > frame.length.value
    {
        let problem = Problem::new(format!(
            "the window \"{}\" goes on after the end of the rehearsal",
            name.value
        ))
        .at(
            &length.place,
            format!("it would end at {}", quantity::text(until)),
        )
        .at(
            &frame.length.place,
            frame
                .length
                .label(format!("the rehearsal lasts {}", frame.length.text())),
        )
        .help("shorten it, or begin it earlier");
        t.problem(problem);
    }
    let from = Read { sound, ..from };
    ReadWindow {
        window: Window {
            name: name.value,
            from: from.value,
            length: length.value,
        },
        from,
        until,
    }
}

/// Windows are ordered by time and lie apart.
fn check_apart(t: &mut Table<'_>, windows: &mut [Read<ReadWindow>]) {
    windows.sort_by_key(|window| window.value.from.value);
    for pair in windows.windows(2) {
        let (first, second) = (&pair[0].value, &pair[1].value);
        if first.from.sound && second.from.sound && second.from.value < first.until {
            let problem = Problem::new(format!(
                "the windows \"{}\" and \"{}\" overlap",
                first.window.name, second.window.name
            ))
            .at(
                &second.from.place,
                format!("this one begins at {}", second.from.text()),
            )
            .at(
                &first.from.place,
                format!("this one ends at {} only", quantity::text(first.until)),
            )
            .help("move them apart, or make one window of them");
            t.problem(problem);
        }
    }
}
