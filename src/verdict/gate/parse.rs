//! Text to gate: the names, the selector, the sign, the limit, and whether they fit together.

use cutover_mocks::time::Span;

use super::cursor::{Cursor, Piece, suggestion};
use super::fit::{expectation, fits, is_sliced, misfit, refuse_vacuous};
use super::limit::TIME_UNITS;
use super::quantity::incidents_by_kind;
use super::relative::relative;
use super::selector::{self, KEYS};
use super::{
    Bound, Calls, Comparison, Derived, Endpoint, Gate, GateError, Limit, Percentile, Quantity,
    Selector, Status,
};
use crate::recorder::{Measure, Operation};

/// The longest time that a limit may name: 1,000 days.
const LONGEST: i64 = 86_400_000_000 * 1_000;

pub(super) fn gate(text: &str) -> Result<Gate, GateError> {
    let mut cursor = Cursor::new(text);
    let (quantity, selector) = measured(&mut cursor)?;
    let comparison = comparison(&mut cursor)?;
    limited(&mut cursor, quantity, selector, comparison)
}

/// The limit behind a comparison, which must fit what it limits.
pub(super) fn limited(
    cursor: &mut Cursor<'_>,
    quantity: Quantity,
    selector: Selector,
    comparison: Comparison,
) -> Result<Gate, GateError> {
    let bound = if let Some(relative) = relative(cursor, quantity, &selector)? {
        Bound::Baseline(relative)
    } else {
        let rest = cursor.rest();
        let limit = limit(&rest, quantity, &selector)?;
        refuse_vacuous(quantity, comparison, limit, &rest)?;
        Bound::Fixed(limit)
    };
    Ok(Gate {
        quantity,
        selector,
        comparison,
        bound,
    })
}

/// A quantity, and for whom and when.
pub(super) fn measured(cursor: &mut Cursor<'_>) -> Result<(Quantity, Selector), GateError> {
    let path = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if path.text.is_empty() {
        let span = cursor.next().span;
        return Err(
            GateError::new(span, "a gate begins with the name of a quantity")
                .help("for example `forced_logouts == 0`"),
        );
    }
    let quantity = quantity(&path)?;
    let opened = cursor.next();
    let (selector, filters) = if cursor.take_text("{") {
        let selector = selector(cursor, &opened)?;
        (selector, opened.span.start..cursor.next().span.start)
    } else {
        (Selector::default(), opened.span)
    };
    if !selector.is_empty() && !is_sliced(quantity) {
        let message = format!("`{quantity}` is not kept apart by platform, cohort or phase");
        return Err(GateError::new(filters, message).help("leave the braces out"));
    }
    Ok((quantity, selector))
}

/// Splits at dots; each segment keeps its place.
fn segments<'a>(path: &Piece<'a>) -> Vec<Piece<'a>> {
    let mut start = path.span.start;
    path.text
        .split('.')
        .map(|text| {
            let span = start..start + text.len();
            start = span.end + 1;
            Piece { text, span }
        })
        .collect()
}

fn quantity(path: &Piece<'_>) -> Result<Quantity, GateError> {
    let all = segments(path);
    let end = path.span.end..path.span.end;
    let segment = |place: usize| {
        all.get(place).cloned().unwrap_or(Piece {
            text: "",
            span: end.clone(),
        })
    };
    let (quantity, used) = match all[0].text {
        "latency" => {
            let operation = named(&segment(1), "operation", &Operation::ALL, Operation::name)?;
            let percentile = named(
                &segment(2),
                "percentile",
                &Percentile::ALL,
                Percentile::name,
            )?;
            (Quantity::Latency(operation, percentile), 3)
        }
        "calls" => calls(&segment(1), &segment(2), all.get(3))?,
        "storm" => storm(&segment(1), &segment(2))?,
        "causes" => cause(&segment(1), &segment(2))?,
        _ => (single(&all[0])?, 1),
    };
    match all.get(used) {
        None => Ok(quantity),
        Some(extra) => {
            let span = extra.span.start.saturating_sub(1)..path.span.end;
            Err(GateError::new(span, format!("`{quantity}` has no parts"))
                .help(format!("write `{quantity}`")))
        }
    }
}

/// The item of this name.
fn named<T: Copy>(
    piece: &Piece<'_>,
    what: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, GateError> {
    all.iter()
        .copied()
        .find(|&item| name(item) == piece.text)
        .ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|&item| name(item)).collect();
            unknown(piece, what, &names)
        })
}

fn unknown(piece: &Piece<'_>, what: &str, names: &[&str]) -> GateError {
    let message = if piece.text.is_empty() {
        format!("the name of the {what} is missing")
    } else {
        format!("there is no {what} `{}`", piece.text)
    };
    GateError::new(piece.span.clone(), message).help(suggestion(piece.text, names))
}

fn single(piece: &Piece<'_>) -> Result<Quantity, GateError> {
    let measures = Measure::ALL
        .iter()
        .map(|&measure| (measure.name(), Quantity::Measure(measure)));
    let derived = Derived::ALL
        .iter()
        .map(|&derived| (derived.name(), Quantity::Derived(derived)));
    let all: Vec<(&str, Quantity)> = measures.chain(derived).collect();
    if let Some((_, quantity)) = all.iter().find(|(name, _)| *name == piece.text) {
        return Ok(*quantity);
    }
    let mut names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    names.extend(["latency", "calls", "storm", "causes"]);
    let message = format!("there is no quantity `{}`", piece.text);
    let help = super::cursor::nearest(piece.text, names).map_or_else(
        || {
            "counts such as `forced_logouts`, or `latency.…`, `calls.…`, `causes.…`, `storm.…`"
                .to_owned()
        },
        |name| format!("did you mean `{name}`?"),
    );
    Err(GateError::new(piece.span.clone(), message).help(help))
}

fn calls(
    provider: &Piece<'_>,
    endpoint: &Piece<'_>,
    which: Option<&Piece<'_>>,
) -> Result<(Quantity, usize), GateError> {
    let provider_name = named(provider, "provider", &["auth0", "stytch"], |name| name)?;
    let of_provider: Vec<(Endpoint, &'static str)> = Endpoint::all()
        .filter_map(|endpoint| {
            let (at, name) = endpoint.name().split_once('.')?;
            (at == provider_name).then_some((endpoint, name))
        })
        .collect();
    let (endpoint, _) = named(endpoint, "endpoint", &of_provider, |(_, name)| name)?;
    let calls = match which {
        None => return Ok((Quantity::Calls(endpoint, Calls::All), 3)),
        Some(piece) if piece.text == "peak" => Calls::Peak,
        Some(piece) => Calls::Status(status(piece)?),
    };
    Ok((Quantity::Calls(endpoint, calls), 4))
}

fn status(piece: &Piece<'_>) -> Result<Status, GateError> {
    const WORDS: [&str; 7] = ["peak", "no_answer", "timed_out", "2xx", "3xx", "4xx", "5xx"];
    match piece.text {
        "no_answer" => Ok(Status::NoAnswer),
        "timed_out" => Ok(Status::TimedOut),
        "2xx" => Ok(Status::Class(2)),
        "3xx" => Ok(Status::Class(3)),
        "4xx" => Ok(Status::Class(4)),
        "5xx" => Ok(Status::Class(5)),
        digits => match digits.parse::<u16>() {
            Ok(status @ 100..=598) if digits.len() == 3 => Ok(Status::Exactly(status)),
            _ => {
                let error = unknown(piece, "kind of calls", &WORDS);
                Err(error.help(format!(
                    "an HTTP status such as 429, or one of {}",
                    WORDS.join(", ")
                )))
            }
        },
    }
}

fn storm(first: &Piece<'_>, second: &Piece<'_>) -> Result<(Quantity, usize), GateError> {
    match named(
        first,
        "part of the storm",
        &["logins", "length", "amplification"],
        |name| name,
    )? {
        "logins" => {
            named(second, "part of the logins", &["peak"], |name| name)?;
            Ok((Quantity::LoginPeak, 3))
        }
        "length" => Ok((Quantity::StormLength, 2)),
        _ => Ok((Quantity::Amplification, 2)),
    }
}

fn cause(kind: &Piece<'_>, cause: &Piece<'_>) -> Result<(Quantity, usize), GateError> {
    let kinds = incidents_by_kind();
    let places: Vec<usize> = (0..kinds.len()).collect();
    let place = named(kind, "kind of incident with causes", &places, |place| {
        kinds[place].0
    })?;
    let incident = named(cause, "cause", &kinds[place].1, |incident| {
        incident.cause().unwrap_or_default()
    })?;
    Ok((Quantity::Cause(incident), 3))
}

/// The selector behind its opening brace.
fn selector(cursor: &mut Cursor<'_>, opened: &Piece<'_>) -> Result<Selector, GateError> {
    let mut selector = Selector::default();
    loop {
        let key = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let key_name = named(&key, "key", &KEYS, |name| name)?;
        if !cursor.take_text("=") {
            return Err(
                GateError::new(cursor.next().span, format!("`{key_name}` has no value"))
                    .help(format!("write `{key_name}=…`")),
            );
        }
        let value = value(cursor)?;
        if is_set(&selector, key_name) {
            return Err(
                GateError::new(key.span, format!("`{key_name}` stands here twice"))
                    .help("a gate asks for one value of each; write a second gate"),
            );
        }
        set(&mut selector, key_name, &value)?;
        if cursor.take_text("}") {
            return Ok(selector);
        }
        if !cursor.take_text(",") {
            let next = cursor.next();
            return Err(if next.text.is_empty() {
                GateError::new(opened.span.clone(), "this brace is never closed")
            } else {
                GateError::new(next.span, "expected `,` or `}`")
            });
        }
    }
}

fn value<'a>(cursor: &mut Cursor<'a>) -> Result<Piece<'a>, GateError> {
    let next = cursor.next();
    if cursor.take_text("\"") {
        let closed = cursor.take_until('"');
        return closed
            .ok_or_else(|| GateError::new(next.span, "this quotation mark is never closed"));
    }
    let word = cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '%'));
    if word.text.is_empty() {
        return Err(GateError::new(
            cursor.next().span,
            "expected a word or a text in quotation marks",
        ));
    }
    Ok(word)
}

fn is_set(selector: &Selector, key: &str) -> bool {
    match key {
        "platform" => selector.platform.is_some(),
        "app" => selector.app.is_some(),
        "record" => selector.record.is_some(),
        "organization" => selector.organization.is_some(),
        "cohort" => selector.cohort.is_some(),
        _ => selector.phase.is_some(),
    }
}

fn set(selector: &mut Selector, key: &str, value: &Piece<'_>) -> Result<(), GateError> {
    fn word<T: Copy>(
        words: selector::Words<T>,
        what: &str,
        value: &Piece<'_>,
    ) -> Result<Option<T>, GateError> {
        named(value, what, words, |(word, _)| word).map(|(_, value)| Some(value))
    }
    match key {
        "platform" => selector.platform = word(selector::PLATFORMS, key, value)?,
        "app" => selector.app = word(selector::APPS, "app version", value)?,
        "record" => selector.record = word(selector::RECORDS, key, value)?,
        "organization" => {
            selector.organization = word(selector::ORGANIZATIONS, "size of organization", value)?;
        }
        "cohort" => selector.cohort = word(selector::COHORTS, key, value)?,
        _ => selector.phase = Some(value.text.to_owned()),
    }
    Ok(())
}

pub(super) fn comparison(cursor: &mut Cursor<'_>) -> Result<Comparison, GateError> {
    if let Some(found) = Comparison::ALL
        .into_iter()
        .find(|one| cursor.take_text(one.sign()))
    {
        return Ok(found);
    }
    let next = cursor.next();
    Err(match next.text {
        "" => GateError::new(next.span, "the gate has no limit")
            .help("a comparison and a limit are missing, such as `== 0`"),
        "=" => GateError::new(next.span, "`=` compares nothing").help("write `==`"),
        "≤" => GateError::new(next.span, "`≤` is not known").help("write `<=`"),
        "≥" => GateError::new(next.span, "`≥` is not known").help("write `>=`"),
        other => GateError::new(next.span, format!("expected a comparison, not `{other}`"))
            .help("one of == != <= < >= >"),
    })
}

pub(super) fn limit(
    piece: &Piece<'_>,
    quantity: Quantity,
    selector: &Selector,
) -> Result<Limit, GateError> {
    let expects = expectation(quantity, selector);
    let wrong = |message: String| GateError::new(piece.span.clone(), message).help(expects.clone());
    if piece.text.is_empty() {
        return Err(wrong("the limit is missing".to_owned()));
    }
    let digits = piece
        .text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(piece.text.len());
    let (number, unit) = (&piece.text[..digits], piece.text[digits..].trim_start());
    let Some(amount) = amount(number) else {
        return Err(wrong(format!("`{}` is no limit", piece.text)));
    };
    let read = match (unit, quantity) {
        ("", Quantity::Amplification) => Limit::Ratio(amount),
        ("", _) => match number.parse() {
            Ok(count) => Limit::Count(count),
            Err(_) => return Err(wrong(format!("`{number}` is no whole number"))),
        },
        ("%", _) => Limit::Percent(amount),
        ("/s", _) => Limit::PerSecond(amount),
        (unit, _) => match TIME_UNITS.iter().find(|(name, _)| *name == unit) {
            Some(&(_, micros)) => time(amount, micros).map_err(wrong)?,
            None => return Err(wrong(format!("there is no unit `{unit}`"))),
        },
    };
    if fits(quantity, selector, read) {
        Ok(read)
    } else {
        Err(wrong(misfit(quantity, selector, read)))
    }
}

/// A number as gates write it: digits, perhaps with a decimal point among them.
pub(super) fn amount(number: &str) -> Option<f64> {
    let well_formed = number.starts_with(|c: char| c.is_ascii_digit())
        && number.ends_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.')
        && number.matches('.').count() <= 1;
    let amount = number.parse::<f64>().ok()?;
    (well_formed && amount.is_finite()).then_some(amount)
}

fn time(amount: f64, unit: i64) -> Result<Limit, String> {
    let micros = amount * unit as f64;
    if micros > LONGEST as f64 {
        return Err("the time is longer than 1000 days".to_owned());
    }
    if (micros - micros.round()).abs() > 1e-3 {
        return Err("the time is finer than a microsecond".to_owned());
    }
    Ok(Limit::Time(Span::from_micros(micros.round() as i64)))
}
