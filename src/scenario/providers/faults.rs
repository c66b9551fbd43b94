//! Faults of a provider as the scenario writes them: what goes wrong, when, where, how often.

use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use super::super::kind::{OneOf, Or};
use super::super::problem::Problem;
use super::super::reader::Table;
use super::super::scalar::{CallRate, LENGTH, Percent, SOME_LENGTH, count};
use super::super::time::Frame;

/// The kinds of [`FaultKind`], by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Outage,
    Status,
    ThrottledAs500,
    Slow,
    Dropped,
    Truncated,
    Malformed,
    Html,
    Limit,
}

const KIND: OneOf<Kind> = OneOf(&[
    ("outage", Kind::Outage),
    ("status", Kind::Status),
    ("throttled-as-500", Kind::ThrottledAs500),
    ("slow", Kind::Slow),
    ("dropped", Kind::Dropped),
    ("truncated", Kind::Truncated),
    ("malformed", Kind::Malformed),
    ("html", Kind::Html),
    ("limit", Kind::Limit),
]);

/// Reads `faults`; `endpoints` are the provider's, by name.
pub(super) fn read<E: Copy + PartialEq>(
    t: &mut Table<'_>,
    frame: &Frame,
    endpoints: &'static [(&'static str, E)],
) -> FaultPlan<E> {
    let doc = "What goes wrong; where several act at once the first one that hits wins.";
    let faults = t.tables("faults", doc, |t| read_fault(t, frame, endpoints));
    FaultPlan::new(faults.into_iter().map(|fault| fault.value).collect())
}

fn read_fault<E: Copy + PartialEq>(
    t: &mut Table<'_>,
    frame: &Frame,
    endpoints: &'static [(&'static str, E)],
) -> Fault<E> {
    let from = t
        .key(
            "from",
            LENGTH,
            "First moment at which it acts, after the start.",
        )
        .required("3d");
    let until = t
        .key("until", LENGTH, "First moment at which it no longer acts.")
        .required("3d 30m");
    frame.within(t, "from", &from);
    frame.ordered(t, &from, &until, "the fault");
    let endpoint = t
        .key(
            "endpoint",
            Or("all", OneOf(endpoints)),
            "The endpoint it hits, or \"all\".",
        )
        .or(
            "all",
            "a provider fails as a whole unless the scenario says where",
        );
    let share = t
        .key("share", Percent, "The share of calls it hits.")
        .or("100%", "every call unless the scenario says less");
    let kind = t
        .key(
            "kind",
            KIND,
            "What happens to a call that is hit: the connection is refused \
            (outage), an error answer in the provider's format (status), \
            throttling told as 500 (throttled-as-500), a late answer (slow), the \
            connection closes after the call took effect (dropped), half an answer \
            (truncated), an answer that is not JSON (malformed), an HTML error \
            page (html), or less is let through than the plan says (limit).",
        )
        .required("outage");
    let if_kind = |kinds: &[Kind]| kind.sound && kinds.contains(&kind.value);
    let status = t.when(if_kind(&[Kind::Status, Kind::Html]), |t| {
        t.key(
            "status",
            count(400, 599),
            "HTTP status, for `status` and `html`.",
        )
        .or("503", "an assumption: service unavailable")
        .value as u16
    });
    let by = t.when(if_kind(&[Kind::Slow]), |t| {
        t.key(
            "by",
            SOME_LENGTH,
            "How much later the answer comes, for `slow`.",
        )
        .required("2s")
        .value
    });
    let rate = t.when(if_kind(&[Kind::Limit]), |t| {
        t.key(
            "rate",
            CallRate { burst: true },
            "What is still let through, for `limit`.",
        )
        .required("2/s")
        .value
        .rate()
    });
    if kind.sound && kind.value == Kind::Limit && share.sound && share.value < Share::ONE {
        let problem = Problem::new("a limit covers every call")
            .at(&share.place, "a share has no meaning here")
            .at(&kind.place, "the fault is a limit")
            .help("remove `share`, and lower `rate` instead");
        t.problem(problem);
    }
    let kind = match kind.value {
        Kind::Outage => FaultKind::Outage,
        Kind::Status => FaultKind::Status(status.unwrap_or(503)),
        Kind::ThrottledAs500 => FaultKind::ThrottledAs500,
        Kind::Slow => FaultKind::Slow(by.unwrap_or(Span::ZERO)),
        Kind::Dropped => FaultKind::Dropped,
        Kind::Truncated => FaultKind::Truncated,
        Kind::Malformed => FaultKind::Malformed,
        Kind::Html => FaultKind::Html(status.unwrap_or(503)),
        Kind::Limit => rate.map_or(FaultKind::Outage, FaultKind::Limit),
    };
    Fault {
        from: frame.start + from.value,
        until: frame.start + until.value,
        endpoint: endpoint.value,
        share: share.value,
        kind,
    }
}
