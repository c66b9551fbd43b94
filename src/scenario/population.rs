//! Who is rehearsed: people, devices, visits, sessions and habits.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

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
