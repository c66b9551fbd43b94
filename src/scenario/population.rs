//! Who is rehearsed: people, devices, visits, sessions and habits.

use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::Span;

use super::kind::{
    self, Kind, LENGTH, List, Misfit, OneOf, POSITIVE, Parts, Percent, SIGNED_LENGTH, SOME_LENGTH,
    count, misfit, number_from,
};
use super::problem::Problem;
use super::quantity;
use super::reader::Table;
use super::time::Frame;
use super::tree::{Node, Value};

/// The population as the scenario describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationSpec {
    /// People with an account when the rehearsal starts.
    pub users: u32,
    /// How often people come.
    pub visits: Visits,
    /// What they come with.
    pub devices: Devices,
    /// Sessions that exist when the rehearsal starts.
    pub sessions: Sessions,
    /// How people log in: shares of the login methods.
    pub methods: Methods,
    /// What Stytch already knows of them.
    pub records: Records,
    /// New people per day.
    pub signups_per_day: f64,
    /// What a person does at a login page they did not expect.
    pub reaction: Reaction,
    /// Moments at which many come at once: a campaign, a push message, an outage's end.
    pub surges: Vec<Surge>,
    /// Organizations; only in a B2B scenario.
    pub organizations: Option<Organizations>,
}

/// How often people come, when, and what a visit is.
#[derive(Clone, Debug, PartialEq)]
pub struct Visits {
    /// Each person's probability of coming on a day is drawn from this Beta distribution: heavy in
    /// the tail, with dormant accounts.
    pub daily: Beta,
    /// Mean number of visits on a day on which a person comes; at least 1.
    pub per_active_day: f64,
    /// Relative weight of each hour of the day, in the person's own time zone.
    pub hours: [f64; 24],
    /// Relative weight of each day of the week, Monday first.
    pub weekdays: [f64; 7],
    /// Time zones and their shares: offset from UTC.
    pub zones: Vec<(Span, Share)>,
    /// Mean number of page loads in a visit (geometric); at least 1.
    pub pages: f64,
    /// Requests that one page load sends at the same time; at least 1.
    pub parallel_requests: u8,
    /// Think time between page loads: log-normal, this median.
    pub think_time: Span,
    /// Share of visits in which two tabs load at the same time.
    pub two_tabs: Share,
    /// How far apart the requests of one page load, and two tabs, start.
    pub stagger: Span,
    /// Share of visits in a private window: no cookies of the device are seen, none stay.
    pub private_window: Share,
    /// Share of visits that end with a click on "log out".
    pub logout: Share,
}

/// Parameters of a Beta distribution, both above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beta {
    /// The first.
    pub a: f64,
    /// The second.
    pub b: f64,
}

/// What people come with.
#[derive(Clone, Debug, PartialEq)]
pub struct Devices {
    /// Shares of people with 1, 2, 3 and 4 devices; sums to 1.
    pub per_user: [f64; 4],
    /// Shares of devices that are web browsers, iOS apps and Android apps; sums to 1.
    pub platforms: [f64; 3],
    /// How mobile apps are updated to the version that can speak to Stytch.
    pub updates: Updates,
    /// Share of a person's visits that come from another address than their home's.
    pub roaming: Share,
    /// People who share one network address, on average.
    pub people_per_address: f64,
    /// Geographic regions and their shares, for a flag keyed by geography.
    pub regions: Vec<(String, Share)>,
    /// Share of web devices that drop their cookies within seven days without a visit.
    pub cookies_expire: Share,
}

/// The curve of updates to the app version that can speak to Stytch:
/// `P(t) = ever × (1 − exp(−(t / tau)^shape))` after the release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Updates {
    /// When the new version is released, after the start of the rehearsal; negative: before it.
    pub released: Span,
    /// The share that ever updates.
    pub ever: Share,
    /// Time scale of the curve.
    pub tau: Span,
    /// Shape of the curve; below 1: fast first, then slow.
    pub shape: f64,
}

/// Sessions that exist when the rehearsal starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sessions {
    /// Share of devices that were logged in when last used; sessions that have since expired by the
    /// provider's lifetimes are gone all the same.
    pub logged_in: Share,
    /// Ages of the logins behind them: uniform up to this, but not before the last use.
    pub oldest: Span,
    /// Share of access tokens that carry the `UserInfo` audience and the `openid` scope.
    pub userinfo_audience: Share,
    /// Share of access tokens that carry the `email` scope.
    pub email_scope: Share,
    /// Share of devices that hold a refresh token.
    pub refresh_token: Share,
}

/// Shares of people by how they log in; sums to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Methods {
    /// Password.
    pub password: f64,
    /// E-mail link or code.
    pub email: f64,
    /// Social login.
    pub social: f64,
}

/// What Stytch already knows of the people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Records {
    /// Share of people already imported into Stytch.
    pub imported: Share,
    /// Share of imported people whose address differs from the legacy one in letter case.
    pub email_case_differs: Share,
    /// Share of imported people whose address differs in form (another spelling of the mailbox).
    pub email_form_differs: Share,
    /// Share of people with a second legacy identity (a social one) with the same address.
    pub second_identity: Share,
    /// Share of password users whose hash was imported too; the others have to reset it.
    pub password_imported: Share,
    /// Share of legacy addresses that are verified.
    pub email_verified: Share,
}

/// What a person does at a login page they did not expect; `now` + `later` + the rest (never) is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reaction {
    /// Logs in at once.
    pub now: Share,
    /// Leaves, and logs in at a later visit.
    pub later: Share,
    /// Share of password users who fail and reset their password.
    pub forgets_password: Share,
    /// Share of resets that are given up.
    pub gives_up_reset: Share,
    /// Time to type a login: log-normal, this median.
    pub login_time: Span,
    /// Time until a mailed link, code or reset is used: log-normal, this median.
    pub mail_time: Span,
    /// Login attempts in one visit before a person gives up.
    pub attempts: u8,
}

/// Many people come within a short time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surge {
    /// When it begins, after the start of the rehearsal.
    pub at: Span,
    /// Share of all people who come because of it.
    pub share: Share,
    /// They come within this time: exponentially fewer towards its end.
    pub within: Span,
}

/// Organizations of a B2B application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Organizations {
    /// How many.
    pub count: u32,
    /// Their sizes follow a Zipf law with this exponent (company sizes: about 1; Axtell, 2001).
    pub zipf: f64,
    /// Share of people who are members of two organizations.
    pub two_memberships: Share,
    /// Share of organizations that nobody created in Stytch.
    pub unmapped: Share,
    /// Share of organizations that require a second factor.
    pub require_mfa: Share,
    /// Share of logins that start at an organization's own page (slug); the others at a common one.
    pub slug_login: Share,
}

/// A pattern of visits: how likely people come on a day, and when.
const PATTERNS: &[(&str, &str)] = &[
    (
        "consumer",
        "Beta(0.005, 0.78): 30% of monthly actives on a day, many dormant accounts.",
    ),
    ("saas", "Beta(19.7, 110.9): 15% of accounts on a day."),
    (
        "ecommerce",
        "Beta(0.005, 5.4): 10% of monthly actives on a day.",
    ),
    (
        "habit",
        "Beta(0.036, 0.30): half of monthly actives on a day.",
    ),
    ("beta", "Any other Beta distribution."),
];

const EVENING: &[f64; 24] = &[
    1.6, 1.0, 0.7, 0.5, 0.5, 0.8, 1.6, 2.8, 3.8, 4.2, 4.4, 4.6, 5.0, 4.8, 4.5, 4.5, 4.8, 5.4, 6.2,
    7.0, 7.4, 6.8, 5.0, 3.0,
];
const OFFICE: &[f64; 24] = &[
    0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 1.2, 4.0, 10.5, 11.5, 9.5, 8.0, 5.5, 7.0, 8.5, 8.0, 7.0, 5.0,
    2.5, 1.5, 1.2, 1.0, 0.7, 0.4,
];
const FLAT: &[f64; 24] = &[1.0; 24];

const HOURS: OneOf<&[f64; 24]> = OneOf(&[("evening", EVENING), ("office", OFFICE), ("flat", FLAT)]);

const EVEN: &[f64; 7] = &[1.0; 7];
const WORK: &[f64; 7] = &[1.05, 1.05, 1.0, 1.0, 0.9, 0.15, 0.15];

const WEEKDAYS: OneOf<&[f64; 7]> = OneOf(&[("even", EVEN), ("work", WORK)]);

const OWN: &str = "an assumption; measure your own";

/// Reads `[population]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> PopulationSpec {
    PopulationSpec {
        users: t
            .key(
                "users",
                count(1, 50_000_000),
                "People with an account when the rehearsal starts; in B2B, members.",
            )
            .required("20_000")
            .value as u32,
        visits: t.table(
            "visits",
            "How often people come, when, and what a visit is.",
            |t| read_visits(t, frame),
        ),
        devices: t.table("devices", "What they come with.", read_devices),
        sessions: t.table(
            "sessions",
            "Sessions that exist when the rehearsal starts.",
            read_sessions,
        ),
        methods: t.table(
            "methods",
            "How people log in: shares that sum to 100%.",
            read_methods,
        ),
        records: t.table(
            "records",
            "What Stytch already knows of them.",
            read_records,
        ),
        signups_per_day: t
            .key("signups_per_day", number_from(0.0), "New people per day.")
            .or("0", "an assumption: nobody new")
            .value,
        reaction: t.table(
            "reaction",
            "What a person does at a login page they did not expect.",
            read_reaction,
        ),
        surges: t
            .tables(
                "surges",
                "Moments at which many come at once: a campaign, a push message, an outage's end.",
                |t| read_surge(t, frame),
            )
            .into_iter()
            .map(|surge| surge.value)
            .collect(),
        organizations: read_organizations(t, frame),
    }
}

fn read_visits(t: &mut Table<'_>, frame: &Frame) -> Visits {
    let b2b = frame.vertical.value == Vertical::B2b;
    let (pattern, hours, weekdays) = if b2b {
        ("saas", "office", "work")
    } else {
        ("consumer", "evening", "even")
    };
    let doc = "Each person's probability of coming on a day is drawn from a Beta distribution: a preset's name, or { beta = { a = 0.005, b = 0.78 } }.";
    let source = "solved from published ratios of daily, weekly and monthly actives (june.so)";
    let daily = t.named("pattern", doc, PATTERNS, (pattern, source), read_pattern);
    let share =
        |t: &mut Table<'_>, name, doc, default| t.key(name, Percent, doc).or(default, OWN).value;
    Visits {
        daily,
        per_active_day: t.key("per_active_day", number_from(1.0), "Mean number of visits on a day on which a person comes.").or("1.5", OWN).value,
        hours: read_hours(t, hours),
        weekdays: read_weekdays(t, weekdays),
        zones: t
            .key("zones", Parts { name: quantity::offset, named: "offsets from UTC" }, "Time zones and their shares: offsets from UTC.")
            .or("{ UTC = \"100%\" }", "an assumption: everyone in one zone, the sharpest peak")
            .value,
        pages: t.key("pages", number_from(1.0), "Mean number of page loads in a visit (geometric).").or("3", "with the think time: a mean app session is below a minute (Boehmer and others, 2011)").value,
        parallel_requests: t.key("parallel_requests", count(1, 50), "Requests that one page load sends at the same time.").or("3", OWN).value as u8,
        think_time: t.key("think_time", SOME_LENGTH, "Think time between page loads: log-normal, this median.").or("15s", OWN).value,
        two_tabs: share(t, "two_tabs", "Share of visits in which two tabs load at the same time.", "5%"),
        stagger: t.key("stagger", LENGTH, "How far apart the requests of one page load, and two tabs, start.").or("50ms", OWN).value,
        private_window: share(t, "private_window", "Share of visits in a private window: no cookies of the device are seen, none stay.", "2%"),
        logout: share(t, "logout", "Share of visits that end with a click on \"log out\".", "1%"),
    }
}

fn read_pattern(t: &mut Table<'_>, name: &str) -> Beta {
    match name {
        "consumer" => Beta { a: 0.005, b: 0.78 },
        "saas" => Beta { a: 19.7, b: 110.9 },
        "ecommerce" => Beta { a: 0.005, b: 5.4 },
        "habit" => Beta { a: 0.036, b: 0.30 },
        _ => {
            let a = t
                .key("a", POSITIVE, "The first parameter.")
                .required("0.005")
                .value;
            let b = t
                .key("b", POSITIVE, "The second parameter.")
                .required("0.78")
                .value;
            Beta { a, b }
        }
    }
}

fn read_hours(t: &mut Table<'_>, default: &str) -> [f64; 24] {
    let kind = Weights {
        presets: HOURS,
        each: "hour",
    };
    t.key("hours", kind, "Relative weight of each hour of the day in the person's own time zone: a profile's name, or 24 numbers.").or(default, OWN).value
}

fn read_weekdays(t: &mut Table<'_>, default: &str) -> [f64; 7] {
    let kind = Weights {
        presets: WEEKDAYS,
        each: "day",
    };
    t.key(
        "weekdays",
        kind,
        "Relative weight of each day of the week, Monday first: \"even\", \"work\", or 7 numbers.",
    )
    .or(default, OWN)
    .value
}

/// Relative weights: a profile's name, or as many numbers, one of which is above 0.
#[derive(Clone, Copy, Debug)]
struct Weights<const N: usize> {
    presets: OneOf<&'static [f64; N]>,
    each: &'static str,
}

impl<const N: usize> Kind for Weights<N> {
    type Value = [f64; N];

    fn expected(&self) -> String {
        format!(
            "{}, or {N} numbers, one for each {}",
            self.presets.expected(),
            self.each
        )
    }

    fn read(&self, node: &Node) -> Result<[f64; N], Misfit> {
        if !matches!(node.value, Value::List(_)) {
            return self.presets.read(node).copied();
        }
        let numbers = List {
            of: number_from(0.0),
            len: Some(N),
        }
        .read(node)?;
        let numbers: Vec<f64> = numbers.into_iter().map(|(number, _)| number).collect();
        let weights = <[f64; N]>::try_from(numbers).expect("the list has been counted");
        if weights.iter().any(|&weight| weight > 0.0) {
            Ok(weights)
        } else {
            Err(misfit(
                node,
                "nobody would ever come",
                Some("make one of them larger than 0".to_owned()),
            ))
        }
    }

    fn schema(&self) -> serde_json::Value {
        let list = List {
            of: number_from(0.0),
            len: Some(N),
        };
        serde_json::json!({ "anyOf": [self.presets.schema(), list.schema()] })
    }
}

fn read_devices(t: &mut Table<'_>) -> Devices {
    let per_user = t
        .key(
            "per_user",
            List {
                of: Percent,
                len: Some(4),
            },
            "Shares of people with 1, 2, 3 and 4 devices; they sum to 100%.",
        )
        .or(
            "[\"45%\", \"35%\", \"15%\", \"5%\"]",
            "an assumption, mean 1.8: six in ten adults use two or more (GfK, 2014)",
        );
    let sum: f64 = per_user.value.iter().map(|(share, _)| share.get()).sum();
    if let Some(help) = kind::off_by(sum).filter(|_| per_user.sound) {
        let problem = Problem::new(format!(
            "the shares of `{}` do not sum to 100%",
            t.path("per_user")
        ));
        t.problem(
            problem
                .at(
                    &per_user.place,
                    format!("they sum to {}", kind::percent(sum)),
                )
                .help(help),
        );
    }
    let mut counts = per_user.value.into_iter().map(|(share, _)| share.get());
    let per_user = std::array::from_fn(|_| counts.next().unwrap_or_default());
    Devices {
        per_user,
        platforms: t.table("platforms", "Shares of devices by platform; they sum to 100%.", |t| {
            read_parts(t, [("web", "Web browsers.", "60%"), ("ios", "iOS apps.", "20%"), ("android", "Android apps.", "20%")])
        }),
        updates: t.table("updates", "How mobile apps are updated to the version that can speak to Stytch: ever × (1 − exp(−(t / tau)^shape)) after the release.", read_updates),
        roaming: t.key("roaming", Percent, "Share of a person's visits that come from another address than their home's.").or("20%", OWN).value,
        people_per_address: t.key("people_per_address", number_from(1.0), "People who share one network address, on average.").or("2", OWN).value,
        regions: t
            .key("regions", Parts { name: |name| Ok(name.to_owned()), named: "regions" }, "Geographic regions and their shares, for a flag keyed by geography.")
            .or("{ americas = \"40%\", asia = \"20%\", europe = \"40%\" }", OWN)
            .value,
        cookies_expire: t.key("cookies_expire", Percent, "Share of web devices that drop their cookies within seven days without a visit.").or("0%", "WebKit spares cookies that a server sets").value,
    }
}

fn read_updates(t: &mut Table<'_>) -> Updates {
    let source = "fitted to published update curves (neurons.dk 2015, Moeller 2012, IMC 2020): one in ten never updates";
    Updates {
        released: t.key("released", SIGNED_LENGTH, "When the new version is released, after the start of the rehearsal; negative: before it.").or("-14d", OWN).value,
        ever: t.key("ever", Percent, "The share that ever updates.").or("90%", source).value,
        tau: t.key("tau", SOME_LENGTH, "Time scale of the curve.").or("4d", source).value,
        shape: t.key("shape", POSITIVE, "Shape of the curve; below 1: fast first, then slow.").or("0.7", source).value,
    }
}

fn read_sessions(t: &mut Table<'_>) -> Sessions {
    Sessions {
        logged_in: t.key("logged_in", Percent, "Share of devices that were logged in when last used.").or("90%", OWN).value,
        oldest: t.key("oldest", SOME_LENGTH, "Ages of the logins behind them: uniform up to this.").or("30d", "the absolute life of Auth0 refresh tokens").value,
        userinfo_audience: t.key("userinfo_audience", Percent, "Share of access tokens that carry the UserInfo audience and the openid scope; only they can be migrated.").or("100%", "Auth0 docs: tokens asked for with openid carry it").value,
        email_scope: t.key("email_scope", Percent, "Share of access tokens that carry the email scope.").or("100%", "Auth0 SDKs ask for openid profile email").value,
        refresh_token: t.key("refresh_token", Percent, "Share of devices that hold a refresh token.").or("90%", OWN).value,
    }
}

fn read_methods(t: &mut Table<'_>) -> Methods {
    let parts = [
        ("password", "Password.", "60%"),
        ("email", "E-mail link or code.", "15%"),
        ("social", "Social login.", "25%"),
    ];
    let [password, email, social] = read_parts(t, parts);
    Methods {
        password,
        email,
        social,
    }
}

/// Keys whose shares sum to 100%.
fn read_parts<const N: usize>(
    t: &mut Table<'_>,
    parts: [(&'static str, &'static str, &str); N],
) -> [f64; N] {
    let shares = parts.map(|(name, doc, default)| t.key(name, Percent, doc).or(default, OWN));
    let sum: f64 = shares.iter().map(|share| share.value.get()).sum();
    if let Some(help) = kind::off_by(sum).filter(|_| shares.iter().all(|share| share.sound)) {
        let mut problem = Problem::new(format!(
            "the shares of `{}` sum to {}",
            t.path(""),
            kind::percent(sum)
        ));
        let (given, defaults): (Vec<_>, Vec<_>) = parts
            .iter()
            .zip(&shares)
            .partition(|(_, share)| share.given);
        for (_, share) in given {
            problem = problem.at(&share.place, share.value.to_string());
        }
        let defaults: Vec<String> = defaults
            .iter()
            .map(|((name, ..), share)| format!("{name} is {} by default", share.value))
            .collect();
        let note = if defaults.is_empty() {
            String::new()
        } else {
            format!(" ({})", defaults.join(", "))
        };
        t.problem(problem.help(help + &note));
    }
    shares.map(|share| share.value.get())
}

fn read_records(t: &mut Table<'_>) -> Records {
    let share =
        |t: &mut Table<'_>, name, doc, default| t.key(name, Percent, doc).or(default, OWN).value;
    Records {
        imported: share(
            t,
            "imported",
            "Share of people already imported into Stytch.",
            "100%",
        ),
        email_case_differs: share(
            t,
            "email_case_differs",
            "Share of imported people whose address differs from the legacy one in letter case.",
            "1%",
        ),
        email_form_differs: share(
            t,
            "email_form_differs",
            "Share of imported people whose address differs in form (another spelling of the mailbox).",
            "0%",
        ),
        second_identity: share(
            t,
            "second_identity",
            "Share of people with a second legacy identity (a social one) with the same address.",
            "2%",
        ),
        password_imported: share(
            t,
            "password_imported",
            "Share of password users whose hash was imported too; the others have to reset it.",
            "100%",
        ),
        email_verified: share(
            t,
            "email_verified",
            "Share of legacy addresses that are verified.",
            "95%",
        ),
    }
}

fn read_reaction(t: &mut Table<'_>) -> Reaction {
    let own = "an assumption: eventual re-login of active people 95%; no published number";
    let now = t
        .key("now", Percent, "Share that logs in at once.")
        .or("70%", own);
    let later = t
        .key(
            "later",
            Percent,
            "Share that leaves, and logs in at a later visit; the rest never does.",
        )
        .or("25%", own);
    let sum = now.value.get() + later.value.get();
    if now.sound && later.sound && sum > 1.0 + 1e-9 {
        let problem = Problem::new(format!(
            "more than all people react: {}",
            kind::percent(sum)
        ));
        let problem = if now.given {
            problem.at(&now.place, "now")
        } else {
            problem
        };
        let problem = if later.given {
            problem.at(&later.place, "later")
        } else {
            problem
        };
        t.problem(problem.help(format!(
            "`now` ({}) and `later` ({}) may sum to 100% at most; the rest never logs in",
            now.value, later.value
        )));
    }
    Reaction {
        now: now.value,
        later: later.value,
        forgets_password: t
            .key(
                "forgets_password",
                Percent,
                "Share of password users who fail and reset their password.",
            )
            .or(
                "15%",
                "an assumption: between 10% and 20% (Baymard; Corbado)",
            )
            .value,
        gives_up_reset: t
            .key(
                "gives_up_reset",
                Percent,
                "Share of resets that are given up.",
            )
            .or("25%", "an assumption; vendors say up to 75% (Corbado)")
            .value,
        login_time: t
            .key(
                "login_time",
                SOME_LENGTH,
                "Time to type a login: log-normal, this median.",
            )
            .or("30s", "an assumption: a password login takes half a minute")
            .value,
        mail_time: t
            .key(
                "mail_time",
                SOME_LENGTH,
                "Time until a mailed link, code or reset is used: log-normal, this median.",
            )
            .or("90s", "an assumption")
            .value,
        attempts: t
            .key(
                "attempts",
                count(1, 20),
                "Login attempts in one visit before a person gives up.",
            )
            .or("3", OWN)
            .value as u8,
    }
}

fn read_surge(t: &mut Table<'_>, frame: &Frame) -> Surge {
    let at = t
        .key(
            "at",
            LENGTH,
            "When it begins, after the start of the rehearsal.",
        )
        .required("3d");
    frame.within(t, "at", &at);
    Surge {
        at: at.value,
        share: t
            .key(
                "share",
                Percent,
                "Share of all people who come because of it.",
            )
            .required("5%")
            .value,
        within: t
            .key(
                "within",
                SOME_LENGTH,
                "They come within this time: exponentially fewer towards its end.",
            )
            .required("10m")
            .value,
    }
}

/// Reads `[population.organizations]`, which a B2B scenario has and a consumer scenario has not.
fn read_organizations(t: &mut Table<'_>, frame: &Frame) -> Option<Organizations> {
    let doc = "Organizations; only in a B2B scenario.";
    let read = t.maybe("organizations", "none", doc, "a consumer scenario has none", |t| Organizations {
        count: t.key("count", count(1, 5_000_000), "How many.").required("200").value as u32,
        zipf: t.key("zipf", number_from(0.0), "Their sizes follow a Zipf law with this exponent.").or("1", "company sizes: about 1 (Axtell, 2001)").value,
        two_memberships: t.key("two_memberships", Percent, "Share of people who are members of two organizations.").or("5%", OWN).value,
        unmapped: t.key("unmapped", Percent, "Share of organizations that nobody created in Stytch.").or("0%", OWN).value,
        require_mfa: t.key("require_mfa", Percent, "Share of organizations that require a second factor.").or("10%", OWN).value,
        slug_login: t.key("slug_login", Percent, "Share of logins that start at an organization's own page; the others at a common one.").or("50%", OWN).value,
    });
    let vertical = &frame.vertical;
    match (&read, vertical.value) {
        (Some(read), Vertical::Consumer) if vertical.sound && read.given => {
            let problem = Problem::new("a consumer scenario has no organizations")
                .at(&read.place, "organizations are described here")
                .at(&vertical.place, vertical.label("the vertical is consumer"))
                .help("remove [population.organizations], or set vertical = \"b2b\"");
            t.problem(problem);
        }
        (None, Vertical::B2b) if vertical.sound => {
            let problem = Problem::new("a B2B scenario needs organizations")
                .at(&vertical.place, "the vertical is b2b")
                .help("add [population.organizations] with their count")
                .following();
            t.problem(problem);
        }
        _ => {}
    }
    read.map(|read| read.value)
}
