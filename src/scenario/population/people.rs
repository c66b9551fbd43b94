//! What is known of people: their sessions, how they log in, their records, how they react.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use super::super::kind::{self};
use super::super::problem::Problem;
use super::super::reader::{Read, Setting, Table, setting};
use super::super::scalar::{Count, Length, Percent, SOME_LENGTH, count};
use super::{OWN, read_parts};

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

const LOGGED_IN: Setting<Percent> = setting(
    "logged_in",
    Percent,
    "Share of devices that were logged in when last used.",
    "90%",
    OWN,
);

const OLDEST: Setting<Length> = setting(
    "oldest",
    SOME_LENGTH,
    "Ages of the logins behind them: uniform up to this.",
    "30d",
    "the absolute life of Auth0 refresh tokens",
);

const USERINFO_AUDIENCE: Setting<Percent> = setting(
    "userinfo_audience",
    Percent,
    "Share of access tokens that carry the UserInfo audience and the openid \
     scope; only they can be migrated.",
    "100%",
    "Auth0 docs: tokens asked for with openid carry it",
);

const EMAIL_SCOPE: Setting<Percent> = setting(
    "email_scope",
    Percent,
    "Share of access tokens that carry the email scope.",
    "100%",
    "Auth0 SDKs ask for openid profile email",
);

const REFRESH_TOKEN: Setting<Percent> = setting(
    "refresh_token",
    Percent,
    "Share of devices that hold a refresh token.",
    "90%",
    OWN,
);

const NOW: Setting<Percent> = setting("now", Percent, "Share that logs in at once.", "70%", RETURN);

const LATER: Setting<Percent> = setting(
    "later",
    Percent,
    "Share that leaves, and logs in at a later visit; the rest never does.",
    "25%",
    RETURN,
);

/// The source of how many people return.
const RETURN: &str = "an assumption: eventual re-login of active people 95%; no published number";

const FORGETS_PASSWORD: Setting<Percent> = setting(
    "forgets_password",
    Percent,
    "Share of password users who fail and reset their password.",
    "15%",
    "an assumption: between 10% and 20% (Baymard; Corbado)",
);

const GIVES_UP_RESET: Setting<Percent> = setting(
    "gives_up_reset",
    Percent,
    "Share of resets that are given up.",
    "25%",
    "an assumption; vendors say up to 75% (Corbado)",
);

const LOGIN_TIME: Setting<Length> = setting(
    "login_time",
    SOME_LENGTH,
    "Time to type a login: log-normal, this median.",
    "30s",
    "an assumption: a password login takes half a minute",
);

const MAIL_TIME: Setting<Length> = setting(
    "mail_time",
    SOME_LENGTH,
    "Time until a mailed link, code or reset is used: log-normal, this median.",
    "90s",
    "an assumption",
);

const ATTEMPTS: Setting<Count> = setting(
    "attempts",
    count(1, 20),
    "Login attempts in one visit before a person gives up.",
    "3",
    OWN,
);

/// Reads `[population.sessions]`.
pub(super) fn read_sessions(t: &mut Table<'_>) -> Sessions {
    Sessions {
        logged_in: t.get(&LOGGED_IN).value,
        oldest: t.get(&OLDEST).value,
        userinfo_audience: t.get(&USERINFO_AUDIENCE).value,
        email_scope: t.get(&EMAIL_SCOPE).value,
        refresh_token: t.get(&REFRESH_TOKEN).value,
    }
}

/// Reads `[population.methods]`.
pub(super) fn read_methods(t: &mut Table<'_>) -> Methods {
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

/// Reads `[population.records]`.
pub(super) fn read_records(t: &mut Table<'_>) -> Records {
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
            "Share of imported people whose address differs from the legacy one in \
             letter case.",
            "1%",
        ),
        email_form_differs: share(
            t,
            "email_form_differs",
            "Share of imported people whose address differs in form (another \
             spelling of the mailbox).",
            "0%",
        ),
        second_identity: share(
            t,
            "second_identity",
            "Share of people with a second legacy identity (a social one) with the \
             same address.",
            "2%",
        ),
        password_imported: share(
            t,
            "password_imported",
            "Share of password users whose hash was imported too; the others have \
             to reset it.",
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

/// Reads `[population.reaction]`.
pub(super) fn read_reaction(t: &mut Table<'_>) -> Reaction {
    let (now, later) = (t.get(&NOW), t.get(&LATER));
    check_reaction(t, &now, &later);
    Reaction {
        now: now.value,
        later: later.value,
        forgets_password: t.get(&FORGETS_PASSWORD).value,
        gives_up_reset: t.get(&GIVES_UP_RESET).value,
        login_time: t.get(&LOGIN_TIME).value,
        mail_time: t.get(&MAIL_TIME).value,
        attempts: t.get(&ATTEMPTS).value as u8,
    }
}

/// Nobody reacts twice: `now` and `later` are parts of one whole.
fn check_reaction(t: &mut Table<'_>, now: &Read<Share>, later: &Read<Share>) {
    let sum = now.value.get() + later.value.get();
    if !now.sound || !later.sound || sum <= 1.0 + 1e-9 {
        return;
    }
    let mut problem = Problem::new(format!(
        "more than all people react: {}",
        kind::percent(sum)
    ));
    for (share, label) in [(now, "now"), (later, "later")] {
        if share.given {
            problem = problem.at(&share.place, label);
        }
    }
    let (now, later) = (now.value, later.value);
    t.problem(problem.help(format!(
        "`now` ({now}) and `later` ({later}) may sum to 100% at most; the rest never logs in"
    )));
}
