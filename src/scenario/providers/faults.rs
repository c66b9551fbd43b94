//! Faults of a provider as the scenario writes them: what goes wrong, when, where, how often.

use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use super::super::kind::{OneOf, Or};
use super::super::problem::Problem;
use super::super::reader::{Read, Setting, Table, setting};
use super::super::scalar::{CallRate, Count, LENGTH, Percent, SOME_LENGTH, count};
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

const SHARE: Setting<Percent> = setting(
    "share",
    Percent,
    "The share of calls it hits.",
    "100%",
    "every call unless the scenario says less",
);

const STATUS: Setting<Count> = setting(
    "status",
    count(400, 599),
    "HTTP status, for `status` and `html`.",
    "503",
    "an assumption: service unavailable",
);

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
    let doc = "First moment at which it acts, after the start.";
    let from = t.key("from", LENGTH, doc).required("3d");
    let doc = "First moment at which it no longer acts.";
    let until = t.key("until", LENGTH, doc).required("3d 30m");
    frame.within(t, "from", &from);
    ordered(t, &from, &until);
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
    let share = t.get(&SHARE);
    Fault {
        from: frame.start + from.value,
        until: frame.start + until.value,
        endpoint: endpoint.value,
        share: share.value,
        kind: read_kind(t, &share),
    }
}

/// Rule: a fault ends after it begins.
fn ordered(t: &mut Table<'_>, from: &Read<Span>, until: &Read<Span>) {
    if from.sound && until.sound && until.value <= from.value {
        let problem = Problem::new("the fault ends before it begins")
            .at(&until.place, format!("it ends at {}", until.text()))
            .at(&from.place, format!("it begins at {}", from.text()))
            .help(format!("end it later than {}", from.text()));
        t.problem(problem);
    }
}

/// Reads `kind`, and the keys that only some kinds have.
fn read_kind(t: &mut Table<'_>, share: &Read<Share>) -> FaultKind {
    let doc = "What happens to a call that is hit: the connection is refused (outage), an error \
     answer in the provider's format (status), throttling told as 500 \
     (throttled-as-500), a late answer (slow), the connection closes after the call \
     took effect (dropped), half an answer (truncated), an answer that is not JSON \
     (malformed), an HTML error page (html), or less is let through than the plan \
     says (limit).";
    let kind = t.key("kind", KIND, doc).required("outage");
    let one_of = |kinds: &[Kind]| kind.sound && kinds.contains(&kind.value);
    let status = t.when(one_of(&[Kind::Status, Kind::Html]), |t| {
        t.get(&STATUS).value as u16
    });
    let by = t.when(one_of(&[Kind::Slow]), |t| {
        let doc = "How much later the answer comes, for `slow`.";
        t.key("by", SOME_LENGTH, doc).required("2s").value
    });
    let rate = t.when(one_of(&[Kind::Limit]), |t| {
        let doc = "What is still let through, for `limit`.";
        t.key("rate", CallRate { burst: true }, doc)
            .required("2/s")
            .value
            .rate()
    });
    if one_of(&[Kind::Limit]) && share.sound && share.value < Share::ONE {
        let problem = Problem::new("a limit covers every call")
            .at(&share.place, "a share has no meaning here")
            .at(&kind.place, "the fault is a limit")
            .help("remove `share`, and lower `rate` instead");
        t.problem(problem);
    }
    match kind.value {
        Kind::Outage => FaultKind::Outage,
        Kind::Status => FaultKind::Status(status.unwrap_or_default()),
        Kind::ThrottledAs500 => FaultKind::ThrottledAs500,
        Kind::Slow => FaultKind::Slow(by.unwrap_or_default()),
        Kind::Dropped => FaultKind::Dropped,
        Kind::Truncated => FaultKind::Truncated,
        Kind::Malformed => FaultKind::Malformed,
        Kind::Html => FaultKind::Html(status.unwrap_or_default()),
        // Without a rate the kind is no sound one, and nothing comes of the scenario.
        Kind::Limit => rate.map_or(FaultKind::Outage, FaultKind::Limit),
    }
}
