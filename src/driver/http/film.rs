//! The film: which stretches of scenario time play in time-lapse, which at true speed, and which are
//! skipped; and how scenario time and wall time map to each other inside a stretch.

use std::time::Duration;

use cutover_mocks::time::{Span, Timestamp};

use crate::scenario::Time;

/// The whole rehearsal as stretches, in order and without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Film {
    stretches: Vec<Stretch>,
}

/// A stretch of scenario time that plays at one speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First moment of it.
    pub from: Timestamp,
    /// First moment after it.
    pub until: Timestamp,
    /// How it plays.
    pub speed: Speed,
}

/// How a stretch plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Time-lapse: the stretch takes this much wall time, or longer where the machine is slower.
    Lapse(Duration),
    /// A named window: a second takes a second.
    True(String),
    /// Not on the wire at all: the machines behind the servers answer inside, in virtual time.
    Skipped,
}

/// What becomes of the stretches outside the windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Elsewhere {
    /// They play in time-lapse.
    #[default]
    Lapse,
    /// They are skipped.
    Skipped,
}

impl Film {
    /// Cuts the rehearsal at its windows. The stretches between share `time.lapse` in proportion to
    /// their length. What lies outside the rehearsal, and the part of a window that an earlier one
    /// already covers, is cut off.
    pub fn new(time: &Time, elsewhere: Elsewhere) -> Self {
        let end = time.end();
        let mut cuts = Vec::new();
        let mut at = time.start;
        for window in &time.windows {
            let from = (time.start + window.from).clamp(at, end);
            let until = (time.start + window.from + window.length).clamp(from, end);
            if from > at {
                cuts.push((at, from, None));
            }
            if until > from {
                cuts.push((from, until, Some(window.name.clone())));
            }
            at = until;
        }
        if end > at {
            cuts.push((at, end, None));
        }
        let lapsed: i64 = cuts
            .iter()
            .filter(|(_, _, window)| window.is_none())
            .map(|(from, until, _)| (*until - *from).as_micros())
            .sum();
        let stretches = cuts
            .into_iter()
            .map(|(from, until, window)| {
                let speed = match (window, elsewhere) {
                    (Some(name), _) => Speed::True(name),
                    (None, Elsewhere::Lapse) => {
                        Speed::Lapse(share_of(time.lapse, until - from, lapsed))
                    }
                    (None, Elsewhere::Skipped) => Speed::Skipped,
                };
                Stretch { from, until, speed }
            })
            .collect();
        Self { stretches }
    }

    /// A film of one window at true speed, which plays on as long as anything is left that began in it.
    pub(super) fn only(name: &str, from: Timestamp) -> Self {
        let stretch = Stretch {
            from,
            until: Timestamp::NEVER,
            speed: Speed::True(name.to_owned()),
        };
        Self {
            stretches: vec![stretch],
        }
    }

    /// The same film with its windows in time-lapse, as fast as they go. What a window at true speed
    /// measures is lost; that the wire takes over in the middle and gives back is left.
    #[must_use]
    pub fn hurried(mut self) -> Self {
        for stretch in &mut self.stretches {
            if matches!(stretch.speed, Speed::True(_)) {
                stretch.speed = Speed::Lapse(Duration::ZERO);
            }
        }
        self
    }

    /// How the time after its end plays, until everything that had begun has ended: as fast as it can.
    pub(super) fn tail(&self) -> Option<Stretch> {
        let last = self.stretches.last()?;
        let skips = |stretch: &Stretch| stretch.speed == Speed::Skipped;
        let speed = if self.stretches.iter().any(skips) {
            Speed::Skipped
        } else {
            Speed::Lapse(Duration::ZERO)
        };
        Some(Stretch {
            from: last.until,
            until: Timestamp::NEVER,
            speed,
        })
    }

    /// The stretches, in order.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Wall time of the whole film, if the machine keeps up.
    pub fn wall(&self) -> Duration {
        self.stretches.iter().map(Stretch::wall).sum()
    }
}

impl Stretch {
    /// Wall time of this stretch, if the machine keeps up.
    pub fn wall(&self) -> Duration {
        match self.speed {
            Speed::Lapse(wall) => wall,
            Speed::True(_) => span_to_duration(self.until - self.from),
            Speed::Skipped => Duration::ZERO,
        }
    }

    /// How long after the start of the stretch this moment is due; moments before it: at once.
    pub fn due(&self, at: Timestamp) -> Duration {
        let into = span_to_duration(at - self.from);
        match self.speed {
            Speed::True(_) => into,
            Speed::Skipped => Duration::ZERO,
            Speed::Lapse(wall) => {
                let whole = (self.until - self.from).as_micros();
                if whole <= 0 {
                    return Duration::ZERO;
                }
                let nanos = wall.as_nanos() * into.as_micros() / whole as u128;
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
        }
    }

    /// The scenario time that plays this long after the start of a true-speed stretch. In
    /// time-lapse no moment has one scenario time: the film waits for answers.
    pub fn moment(&self, elapsed: Duration) -> Timestamp {
        self.from + Span::from_micros(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A span as a duration; negative ones are none at all.
pub(super) fn span_to_duration(span: Span) -> Duration {
    Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(0))
}

fn share_of(lapse: Span, part: Span, whole: i64) -> Duration {
    if whole <= 0 {
        return Duration::ZERO;
    }
    let nanos =
        span_to_duration(lapse).as_nanos() * part.as_micros().max(0) as u128 / whole as u128;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Window;
    use proptest::prelude::*;

    fn time(length: Span, windows: &[(Span, Span)]) -> Time {
        Time {
            start: Timestamp::from_secs(1_000_000),
            length,
            lapse: Span::from_secs(60),
            windows: windows
                .iter()
                .map(|&(from, length)| Window {
                    name: format!("at {from}"),
                    from,
                    length,
                })
                .collect(),
            lateness_limit: Span::from_millis(50),
        }
    }

    #[test]
    fn windows_are_true_and_the_rest_shares_the_lapse() {
        let time = time(
            Span::from_hours(25),
            &[(Span::from_hours(6), Span::from_hours(1))],
        );
        let film = Film::new(&time, Elsewhere::Lapse);
        let speeds: Vec<_> = film.stretches().iter().map(Stretch::wall).collect();
        assert_eq!(
            speeds,
            [
                Duration::from_secs(15),
                Duration::from_hours(1),
                Duration::from_secs(45)
            ]
        );
        assert_eq!(film.wall(), Duration::from_mins(61));
        assert_eq!(film.stretches()[1].speed, Speed::True("at 6h".into()));
    }

    #[test]
    fn a_window_over_everything_leaves_no_lapse() {
        let windows = [(Span::ZERO, Span::from_hours(2))];
        let film = Film::new(&time(Span::from_hours(1), &windows), Elsewhere::Lapse);
        assert_eq!(film.stretches().len(), 1);
        assert_eq!(film.wall(), Duration::from_hours(1));
    }

    #[test]
    fn what_is_skipped_takes_no_time() {
        let windows = [(Span::from_hours(1), Span::from_mins(1))];
        let film = Film::new(&time(Span::from_hours(2), &windows), Elsewhere::Skipped);
        assert_eq!(film.wall(), Duration::from_mins(1));
        let speeds: Vec<_> = film.stretches().iter().map(|it| &it.speed).collect();
        let window = Speed::True("at 1h".into());
        assert_eq!(speeds, [&Speed::Skipped, &window, &Speed::Skipped]);
        assert_eq!(film.tail().unwrap().speed, Speed::Skipped);
        let hurried = film.hurried();
        assert_eq!(hurried.wall(), Duration::ZERO);
        assert_eq!(hurried.stretches()[1].speed, Speed::Lapse(Duration::ZERO));
    }

    #[test]
    fn a_lapse_is_even_and_a_window_is_the_wall_clock() {
        let windows = [(Span::from_hours(1), Span::from_hours(1))];
        let film = Film::new(&time(Span::from_hours(2), &windows), Elsewhere::Lapse);
        let [lapse, window] = film.stretches() else {
            panic!("two stretches")
        };
        assert_eq!(
            lapse.due(lapse.from + Span::from_mins(30)),
            Duration::from_secs(30)
        );
        assert_eq!(lapse.due(lapse.from - Span::from_mins(1)), Duration::ZERO);
        assert_eq!(
            window.due(window.from + Span::from_millis(1_500)),
            Duration::from_millis(1_500)
        );
        assert_eq!(
            window.moment(Duration::from_millis(1_500)),
            window.from + Span::from_millis(1_500)
        );
    }

    proptest! {
        /// Whatever the windows: no gap, no overlap, nothing outside, and true speed is true.
        #[test]
        fn stretches_cover_the_rehearsal_once(
            hours in 1i64..500,
            raw in prop::collection::vec((0i64..600, 1i64..100), 0..6),
        ) {
            let mut raw = raw;
            raw.sort_unstable();
            let windows: Vec<_> =
                raw.iter().map(|&(from, long)| (Span::from_hours(from), Span::from_hours(long))).collect();
            let time = time(Span::from_hours(hours), &windows);
            let film = Film::new(&time, Elsewhere::Lapse);
            let mut at = time.start;
            for stretch in film.stretches() {
                prop_assert_eq!(stretch.from, at);
                prop_assert!(stretch.until > stretch.from);
                prop_assert_eq!(stretch.due(stretch.until), stretch.wall());
                if let Speed::True(_) = stretch.speed {
                    prop_assert_eq!(stretch.moment(stretch.wall()), stretch.until);
                }
                at = stretch.until;
            }
            prop_assert_eq!(at, time.end());
            let lapsed: Duration = film
                .stretches()
                .iter()
                .filter(|stretch| matches!(stretch.speed, Speed::Lapse(_)))
                .map(Stretch::wall)
                .sum();
            prop_assert!(lapsed <= Duration::from_mins(1));
        }
    }
}
