//! Quantities as people write them: "1h 30m", "99.5%", "300/min burst 300".

use cutover_mocks::limit::Rate;
use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

/// Units of time, the longest first, with their length in microseconds.
const UNITS: [(&str, i64); 7] = [
    ("w", 604_800_000_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// The unit that a spelled-out one stands for.
fn short_unit(unit: &str) -> Option<&'static str> {
    Some(match unit.to_lowercase().as_str() {
        "week" | "weeks" => "w",
        "day" | "days" => "d",
        "hour" | "hours" | "hr" | "hrs" => "h",
        "min" | "mins" | "minute" | "minutes" => "m",
        "sec" | "secs" | "second" | "seconds" => "s",
        "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
        "µs" | "usec" | "micros" | "microsecond" | "microseconds" => "us",
        _ => return None,
    })
}

/// A length of time: numbers with units, the longest unit first; `-` in front makes it negative.
pub fn span(text: &str) -> Result<Span, String> {
    let (sign, mut rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1, rest.trim_start()),
        None => (1, text.trim()),
    };
    if rest.is_empty() {
        return Err("nothing is written here".to_owned());
    }
    let (mut total, mut shortest) = (0_i64, usize::MAX);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() {
            return Err(format!("`{}` does not begin with a number", rest.trim()));
        }
        let number: f64 = number
            .parse()
            .map_err(|_| format!("`{number}` is not a number"))?;
        let place = UNITS
            .iter()
            .position(|&(name, _)| name == unit)
            .ok_or_else(|| unit_problem(unit))?;
        if shortest != usize::MAX && place <= shortest {
            return Err("units must go from long to short, each at most once".to_owned());
        }
        shortest = place;
        let micros = number * UNITS[place].1 as f64;
        if micros > 1e18 {
            return Err("this is longer than 30,000 years".to_owned());
        }
        total += libm::round(micros) as i64;
        rest = tail.trim_start();
    }
    Ok(Span::from_micros(sign * total))
}

/// A length of time as [`span`] reads it, to the microsecond.
pub(super) fn text(span: Span) -> String {
    let mut text = String::from(if span < Span::ZERO { "-" } else { "" });
    let mut rest = span.as_micros().unsigned_abs() as i64;
    for (name, length) in UNITS.into_iter().skip(1) {
        if rest >= length {
            let gap = if text.len() > 1 { " " } else { "" };
            text.push_str(gap);
            text.push_str(&(rest / length).to_string());
            text.push_str(name);
            rest %= length;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

fn unit_problem(unit: &str) -> String {
    match short_unit(unit) {
        _ if unit.is_empty() => "a number needs a unit: w, d, h, m, s, ms or us".to_owned(),
        Some(short) => format!("`{unit}` is written `{short}` here"),
        None => format!("`{unit}` is not a unit of time; units are w, d, h, m, s, ms and us"),
    }
}

/// A share of a whole, in percent.
pub(super) fn share(text: &str) -> Result<Share, String> {
    let Some(number) = text.trim().strip_suffix('%') else {
        return Err("the percent sign is missing".to_owned());
    };
    let number: f64 = number
        .trim()
        .parse()
        .map_err(|_| format!("`{}` is not a number", number.trim()))?;
    Share::new(number / 100.0).map_err(|_| "a share is from 0% to 100%".to_owned())
}

/// Calls per length of time, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calls {
    /// How many.
    pub(super) count: u32,
    /// In what time.
    pub(super) per: Span,
    /// How many may come at once, where it is told.
    pub(super) burst: Option<u32>,
}

impl Calls {
    /// As a token bucket: without a burst, as many may come at once as in the named time.
    pub(super) fn rate(self) -> Rate {
        Rate {
            per_second: f64::from(self.count) / self.per.as_secs_f64(),
            burst: self.burst.unwrap_or(self.count),
        }
    }
}

/// A rate: "120/s", "300/min", "1/864s", "5/min burst 10".
pub(super) fn calls(text: &str) -> Result<Calls, String> {
    let (rate, burst) = match text.split_once("burst") {
        Some((rate, burst)) => (rate.trim(), Some(count(burst)?)),
        None => (text.trim(), None),
    };
    let Some((calls, per)) = rate.split_once('/') else {
        return Err("the `/` is missing".to_owned());
    };
    let per = per.trim();
    let per = if per == "min" { "m" } else { per };
    let per = if per.starts_with(|c: char| c.is_ascii_digit()) {
        span(per)?
    } else {
        span(&format!("1{per}"))?
    };
    if per <= Span::ZERO {
        return Err("the time is zero".to_owned());
    }
    let count = count(calls)?;
    if count == 0 || burst == Some(0) {
        return Err(
            "a limit of zero lets nothing through; use an `outage` fault for that".to_owned(),
        );
    }
    Ok(Calls { count, per, burst })
}

fn count(text: &str) -> Result<u32, String> {
    let digits = text.trim().replace('_', "");
    digits
        .parse()
        .map_err(|_| format!("`{}` is not a whole number", text.trim()))
}

/// An offset from UTC: "+05:30", "-08:00", "UTC".
pub(super) fn offset(text: &str) -> Result<Span, String> {
    if text == "UTC" {
        return Ok(Span::ZERO);
    }
    let shape = || "an offset is written +05:30, -08:00 or UTC".to_owned();
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(shape()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(shape)?;
    match (hours.parse::<u8>(), minutes.parse::<u8>()) {
        (Ok(hours @ 0..=14), Ok(minutes @ 0..=59)) if rest.len() == 5 => Ok(Span::from_mins(
            sign * (i64::from(hours) * 60 + i64::from(minutes)),
        )),
        _ => Err(shape()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        assert_eq!(span("14d"), Ok(Span::from_days(14)));
        assert_eq!(span("1h 30m"), Ok(Span::from_mins(90)));
        assert_eq!(span("1h30m"), Ok(Span::from_mins(90)));
        assert_eq!(span("250ms"), Ok(Span::from_millis(250)));
        assert_eq!(span("1.5h"), Ok(Span::from_mins(90)));
        assert_eq!(span("-2w"), Ok(Span::from_days(-14)));
        assert_eq!(span("0s"), Ok(Span::ZERO));
    }

    #[test]
    fn spans_are_written_as_they_are_read() {
        for written in [
            "14d",
            "1h 30m",
            "3d 5s",
            "250ms",
            "-2d 1us",
            "0s",
            "1d 2h 3m 4s 5ms 6us",
        ] {
            assert_eq!(span(written).map(text), Ok(written.to_owned()));
        }
    }

    #[test]
    fn what_is_no_span_says_why() {
        assert_eq!(
            span("14"),
            Err("a number needs a unit: w, d, h, m, s, ms or us".to_owned())
        );
        assert!(span("14 days").unwrap_err().contains("written `d`"));
        assert!(span("30m 1h").unwrap_err().contains("long to short"));
        assert!(span("h").unwrap_err().contains("number"));
        assert!(span("").is_err());
    }

    #[test]
    fn shares_are_percent_only() {
        assert_eq!(share("99.5%"), Ok(Share::new(0.995).expect("a share")));
        assert!(share("140%").unwrap_err().contains("0% to 100%"));
        assert!(share("-1%").is_err());
        assert!(share("nan%").is_err());
        assert!(share("0.5").unwrap_err().contains("percent"));
    }

    #[test]
    fn rates_burst_as_much_as_they_name() {
        assert_eq!(
            calls("300/min").map(Calls::rate),
            Ok(Rate {
                per_second: 5.0,
                burst: 300
            })
        );
        assert_eq!(
            calls("6/min burst 10").map(Calls::rate),
            Ok(Rate {
                per_second: 0.1,
                burst: 10
            })
        );
        assert_eq!(
            calls("1/4s").map(Calls::rate),
            Ok(Rate {
                per_second: 0.25,
                burst: 1
            })
        );
        assert!(calls("0/s").is_err());
        assert!(calls("ten/s").is_err());
        assert!(calls("10").is_err());
    }

    #[test]
    fn offsets_are_clock_times() {
        assert_eq!(offset("+05:30"), Ok(Span::from_mins(330)));
        assert_eq!(offset("-08:00"), Ok(Span::from_hours(-8)));
        assert!(offset("5h").is_err());
        assert!(offset("+5:30").is_err());
    }
}
