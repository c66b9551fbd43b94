//! The guard: which tenants may be driven, how hard, and what only the command line can consent to.
//!
//! | what | what it needs |
//! | --- | --- |
//! | this machine (`localhost`, 127.0.0.0/8, `::1`) | nothing |
//! | `test.stytch.com` with `project-test-…` and `secret-test-…` | nothing |
//! | `*.auth0.com`, no more than a trickle | nothing |
//! | `*.auth0.com`, more than a trickle | `--i-consent-to-auth0-load` |
//! | `api.stytch.com`, `project-live-…`, `secret-live-…`, a file named live, such as `.env-live…` | `--i-consent-to-live` |
//! | any other host: a custom domain may be anybody's production | `--i-consent-to-live` |
//! | a test id with a live secret, or on a live host, and the other way round | cannot be consented to |
//! | plain `http` to another machine; more people or calls than the most | cannot be consented to |
//!
//! Consent is given on the command line for one command, never in a file or in the environment.

use std::fmt;
use std::path::Path;

use super::base::Base;
use super::credentials::Credentials;

/// What somebody consented to, on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// `--i-consent-to-live`.
    pub live: bool,
    /// `--i-consent-to-auth0-load`.
    pub auth0_load: bool,
}

/// How much somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    /// Test people.
    pub people: u32,
    /// Requests a second to the legacy provider, sustained.
    pub auth0_per_second: f64,
    /// Requests a second to the new provider, sustained.
    pub stytch_per_second: f64,
}

/// Test people that are made unless another number is asked for.
pub const DEFAULT_PEOPLE: u32 = 25;

/// Test people at the most, anywhere.
pub const MOST_PEOPLE: u32 = 1000;

/// What Auth0 is sent without consent: 25 people, and one request a second, a fifth of what the
/// Free plan sustains on the Authentication API (300 a minute) and half of its Management API's 2 a
/// second (Auth0 docs, rate limit configurations).
pub const AUTH0_TRICKLE: (u32, f64) = (DEFAULT_PEOPLE, 1.0);

/// What Auth0 is sent at the most: the Free plan's sustained 300 a minute.
pub const AUTH0_MOST_PER_SECOND: f64 = 5.0;

/// What Stytch is sent at the most: its guidance for imports (Stytch docs, migrating user data).
pub const STYTCH_MOST_PER_SECOND: f64 = 65.0;

/// Where a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Here,
    Auth0,
    StytchTest,
    StytchLive,
    Elsewhere,
}

/// Why something is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It may be a production system, and nobody consented.
    MayBeLive {
        /// What makes it so.
        what: String,
    },
    /// More than a trickle to Auth0, and nobody consented.
    Auth0Load(Amount),
    /// Test and live credentials are mixed.
    Mixed {
        /// What contradicts what.
        what: String,
    },
    /// Secrets would cross the network in the clear.
    PlainHttp {
        /// To where.
        host: String,
    },
    /// More than cutover does to anybody.
    TooMuch {
        /// What is too much.
        what: String,
        /// The most.
        most: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MayBeLive { what } => write!(
                f,
                "{what}: this may be a production system, and cutover would create and delete people in it. \
                 Use a test project and a development tenant, or give --i-consent-to-live on the command line"
            ),
            Self::Auth0Load(amount) => write!(
                f,
                "{} people at {} requests a second is more than the trickle of {} people at {} a second \
                 that cutover sends to *.auth0.com unasked. Auth0's load testing policy \
                 (auth0.com/docs/policies/load-testing-policy) wants written approval beforehand, for \
                 Enterprise plans only. Ask for less with --people and --auth0-rate, or, with approval in \
                 hand, give --i-consent-to-auth0-load on the command line",
                amount.people, amount.auth0_per_second, AUTH0_TRICKLE.0, AUTH0_TRICKLE.1
            ),
            Self::Mixed { what } => write!(
                f,
                "{what}: test and live credentials are mixed; take id, secret and address of one environment \
                 (Stytch dashboard > Project settings > API keys)"
            ),
            Self::PlainHttp { host } => write!(
                f,
                "http://{host} is plain http to another machine, so secrets would be sent in the clear; use https"
            ),
            Self::TooMuch { what, most } => write!(f, "{what}; the most is {most}"),
        }
    }
}

/// All that is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refused(pub Vec<Refusal>);

/// What passed the guard. Only the guard makes one, so that whoever holds it has been checked.
#[derive(Clone, Debug)]
pub struct Admitted {
    credentials: Credentials,
    amount: Amount,
}

impl Admitted {
    /// What to be there.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// How much may be done.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether nothing leaves this machine.
    pub fn is_loopback(&self) -> bool {
        let Credentials { auth0, stytch, .. } = &self.credentials;
        auth0.base.is_loopback() && stytch.base.is_loopback()
    }
}

/// Lets credentials and an amount through, or tells all that speaks against it.
pub fn admit(
    credentials: Credentials,
    amount: Amount,
    consent: Consent,
) -> Result<Admitted, Refused> {
    let mut refusals = Vec::new();
    live(&credentials, consent, &mut refusals);
    mixed(&credentials, &mut refusals);
    for base in [&credentials.auth0.base, &credentials.stytch.base] {
        if !base.is_https() && !base.is_loopback() {
            let host = base.authority();
            refusals.push(Refusal::PlainHttp { host });
        }
    }
    load(&credentials, amount, consent, &mut refusals);
    if refusals.is_empty() {
        Ok(Admitted {
            credentials,
            amount,
        })
    } else {
        Err(Refused(refusals))
    }
}

fn place(base: &Base) -> Place {
    let host = base.host().trim_end_matches('.');
    if base.is_loopback() {
        Place::Here
    } else if host == "auth0.com" || host.ends_with(".auth0.com") {
        Place::Auth0
    } else if host == "test.stytch.com" {
        Place::StytchTest
    } else if host == "api.stytch.com" {
        Place::StytchLive
    } else {
        Place::Elsewhere
    }
}

/// What may be live.
fn live(credentials: &Credentials, consent: Consent, refusals: &mut Vec<Refusal>) {
    if consent.live {
        return;
    }
    let Credentials {
        auth0,
        stytch,
        file,
        ..
    } = credentials;
    let mut may_be = |what: String| refusals.push(Refusal::MayBeLive { what });
    // A link may give a live file another name.
    let names = file.iter().flat_map(|file| [&file.named, &file.real]);
    if let Some(live) = names.into_iter().find(|path| is_named_live(path)) {
        may_be(format!("the credentials are read from {}", live.display()));
    }
    if stytch.project_id.starts_with("project-live-") {
        may_be("STYTCH_PROJECT_ID is a live project".to_owned());
    }
    if stytch.secret.starts_with("secret-live-") {
        may_be("STYTCH_SECRET is a live secret".to_owned());
    }
    let (auth0, stytch) = (&auth0.base, &stytch.base);
    if !matches!(place(stytch), Place::Here | Place::StytchTest) {
        let host = stytch.authority();
        may_be(format!("{host} is not test.stytch.com"));
    }
    if !matches!(place(auth0), Place::Here | Place::Auth0) {
        let host = auth0.authority();
        may_be(format!("{host} is not of *.auth0.com"));
    }
}

/// Whether a file's name says that it is for production: `.env-live`, `.env-live2`,
/// `.env.production.local`, `live.env`.
fn is_named_live(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let is_live = |word: &&str| {
        let numbered = word.trim_end_matches(|c: char| c.is_ascii_digit());
        word.starts_with("live") || word.starts_with("production") || numbered == "prod"
    };
    words.contains(&"env") && words.iter().any(is_live)
}

/// Test and live in one: consent does not make sense of it.
fn mixed(credentials: &Credentials, refusals: &mut Vec<Refusal>) {
    let stytch = &credentials.stytch;
    let live_id = stytch.project_id.starts_with("project-live-");
    let live_secret = stytch.secret.starts_with("secret-live-");
    let kind = |live| if live { "live" } else { "test" };
    let mut mixed = |what: String| refusals.push(Refusal::Mixed { what });
    if live_id != live_secret {
        let (id, secret) = (kind(live_id), kind(live_secret));
        mixed(format!("a {id} project with a {secret} secret"));
    }
    match (place(&stytch.base), live_id) {
        (Place::StytchTest, true) => mixed("a live project on test.stytch.com".to_owned()),
        (Place::StytchLive, false) => mixed("a test project on api.stytch.com".to_owned()),
        _ => {}
    }
}

fn load(credentials: &Credentials, amount: Amount, consent: Consent, refusals: &mut Vec<Refusal>) {
    let mut too_much = |what: String, most: String| refusals.push(Refusal::TooMuch { what, most });
    if amount.people > MOST_PEOPLE {
        let what = format!("{} test people", amount.people);
        too_much(what, MOST_PEOPLE.to_string());
    }
    let (auth0, stytch) = (&credentials.auth0.base, &credentials.stytch.base);
    for (base, name, asked, most) in [
        (
            auth0,
            "Auth0",
            amount.auth0_per_second,
            AUTH0_MOST_PER_SECOND,
        ),
        (
            stytch,
            "Stytch",
            amount.stytch_per_second,
            STYTCH_MOST_PER_SECOND,
        ),
    ] {
        if !base.is_loopback() && asked > most {
            let what = format!("{asked} requests a second to {name}");
            too_much(what, format!("{most} a second"));
        }
    }
    let (people, per_second) = AUTH0_TRICKLE;
    let trickle = amount.people <= people && amount.auth0_per_second <= per_second;
    if !auth0.is_loopback() && !trickle && !consent.auth0_load {
        refusals.push(Refusal::Auth0Load(amount));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::credentials::EnvFile;
    use crate::tenant::fixture;
    use crate::tenant::secret::Secret;

    const TRICKLE: Amount = Amount {
        people: 25,
        auth0_per_second: 1.0,
        stytch_per_second: 5.0,
    };
    const NO: Consent = Consent {
        live: false,
        auth0_load: false,
    };
    const LIVE: Consent = Consent { live: true, ..NO };
    const LOAD: Consent = Consent {
        auth0_load: true,
        ..NO
    };

    fn credentials(auth0: &str, stytch: &str, kinds: (&str, &str)) -> Credentials {
        let mut credentials = fixture::credentials(auth0, stytch);
        credentials.stytch.project_id = format!("project-{}-1", kinds.0);
        credentials.stytch.secret = Secret::new(format!("secret-{}-1", kinds.1));
        credentials
    }

    const DEV: &str = "dev-abc.eu.auth0.com";
    const TEST: &str = "test.stytch.com";
    const API: &str = "api.stytch.com";

    /// Auth0, Stytch, kinds of project and secret, consent, and what becomes of it.
    type Row = (
        &'static str,
        &'static str,
        (&'static str, &'static str),
        Consent,
        &'static str,
    );

    /// The table of the module's documentation, row by row.
    #[test]
    fn the_table_holds() {
        let t = ("test", "test");
        let l = ("live", "live");
        let (m, p) = ("mixed", "plain");
        let (live, free) = ("live", "");
        let rows: [Row; 35] = [
            ("http://127.0.0.1:8480", "http://[::1]:8481", t, NO, free),
            (
                "https://localhost:8480",
                "https://localhost:8481",
                t,
                NO,
                free,
            ),
            (DEV, TEST, t, NO, free),
            (DEV, TEST, l, NO, live),
            (DEV, TEST, l, LIVE, m),
            (DEV, API, l, NO, live),
            (DEV, API, l, LOAD, live),
            (DEV, API, l, LIVE, free),
            (DEV, API, t, LIVE, m),
            (DEV, TEST, ("test", "live"), LIVE, m),
            (DEV, TEST, ("live", "test"), LIVE, m),
            ("localhost:1", "localhost:2", l, NO, live),
            ("localhost:1", "localhost:2", l, LIVE, free),
            ("login.shop.example", TEST, t, NO, live),
            ("login.shop.example", TEST, t, LIVE, free),
            (DEV, "auth.shop.example", t, NO, live),
            ("evil-auth0.com", TEST, t, NO, live),
            ("auth0.com.evil.example", TEST, t, NO, live),
            ("DEV-ABC.EU.AUTH0.COM.", "TEST.Stytch.com.", t, NO, free),
            ("dev-abc.eu.auth0.com:8443", TEST, t, NO, free),
            ("dev-abc.auth0.com.", "api.stytch.com.", l, NO, live),
            (DEV, "API.STYTCH.COM:443", l, NO, live),
            (DEV, "https://test%2estytch.com.evil.example", t, NO, live),
            // The first letters are Cyrillic.
            ("dev.\u{430}uth0.com", TEST, t, NO, live),
            (DEV, "t\u{435}st.stytch.com", t, NO, live),
            (DEV, "https://xn--tst-qdd.stytch.com", t, NO, live),
            (DEV, "a.test.stytch.com", t, NO, live),
            ("https://[2001:db8::1]", TEST, t, NO, live),
            ("https://[::ffff:127.0.0.1]:8480", TEST, t, NO, live),
            ("https://0.0.0.0:8480", TEST, t, NO, live),
            ("http://localhost.evil.example:8480", TEST, t, NO, live),
            (DEV, "test.stytch.com.evil.example", t, NO, live),
            ("http://dev-abc.eu.auth0.com", TEST, t, LIVE, p),
            (DEV, "http://test.stytch.com", t, LIVE, p),
            ("http://10.0.0.1:8480", "http://127.0.0.1:8481", t, LIVE, p),
        ];
        for (auth0, stytch, kinds, consent, why) in rows {
            let answer = admit(credentials(auth0, stytch, kinds), TRICKLE, consent);
            let told = match &answer {
                Ok(_) => free,
                Err(Refused(refusals))
                    if refusals
                        .iter()
                        .any(|r| matches!(r, Refusal::MayBeLive { .. })) =>
                {
                    live
                }
                Err(Refused(refusals))
                    if refusals.iter().any(|r| matches!(r, Refusal::Mixed { .. })) =>
                {
                    m
                }
                Err(Refused(refusals))
                    if refusals
                        .iter()
                        .any(|r| matches!(r, Refusal::PlainHttp { .. })) =>
                {
                    p
                }
                Err(_) => "other",
            };
            assert_eq!(
                told, why,
                "{auth0} {stytch} {kinds:?} {consent:?}: {answer:?}"
            );
        }
    }

    #[test]
    fn live_files_need_consent() {
        for (named, real, live) in [
            ("some/where/.env-live", "/some/where/.env-live", true),
            (".ENV-LIVE.local", "/.ENV-LIVE.local", true),
            (".env.production", "/.env.production", true),
            ("live.env", "/live.env", true),
            (".env-live2", "/.env-live2", true),
            (".env-liveeu", "/.env-liveeu", true),
            (".env.live1", "/.env.live1", true),
            (".env.prod2", "/.env.prod2", true),
            (".env-product", "/.env-product", false),
            // A link.
            (".env-test", "/home/me/.env-live", true),
            (".env-test", "/home/me/live/.env-test", false),
            ("deliver.env", "/deliver.env", false),
        ] {
            let mut from_file = credentials(DEV, TEST, ("test", "test"));
            from_file.file = Some(EnvFile {
                named: named.into(),
                real: real.into(),
            });
            let refused = admit(from_file.clone(), TRICKLE, NO).is_err();
            assert_eq!(refused, live, "{named} {real}");
            assert!(admit(from_file, TRICKLE, LIVE).is_ok());
        }
    }

    #[test]
    fn more_than_a_trickle_to_auth0_names_the_policy() {
        for more in [
            Amount {
                people: 26,
                ..TRICKLE
            },
            Amount {
                auth0_per_second: 1.1,
                ..TRICKLE
            },
        ] {
            let asked = || credentials(DEV, TEST, ("test", "test"));
            let told = admit(asked(), more, NO).unwrap_err().to_string();
            assert!(told.contains("load testing policy"), "{told}");
            assert!(told.contains("--i-consent-to-auth0-load"), "{told}");
            assert!(admit(asked(), more, LIVE).is_err());
            assert!(admit(asked(), more, LOAD).is_ok());
            let here = credentials("localhost:1", "localhost:2", ("test", "test"));
            assert!(admit(here, more, NO).is_ok());
        }
    }

    #[test]
    fn nobody_can_consent_to_more_than_the_most() {
        let all = Consent {
            live: true,
            auth0_load: true,
        };
        for more in [
            Amount {
                people: MOST_PEOPLE + 1,
                ..TRICKLE
            },
            Amount {
                auth0_per_second: 5.1,
                ..TRICKLE
            },
            Amount {
                stytch_per_second: 66.0,
                ..TRICKLE
            },
        ] {
            let asked = credentials(DEV, TEST, ("test", "test"));
            assert!(admit(asked, more, all).is_err(), "{more:?}");
        }
    }
}
