//! The doctor: looks at everything that a run against test tenants needs, before anything is played,
//! and says what to fix and where.

mod auth0;
mod person;
mod stytch;

use std::path::Path;

use serde::Serialize;

use super::refused::ApiError;
use super::tenants::Tenants;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it must be.
    Ok,
    /// It will work, but look at it.
    Warn,
    /// Nobody can tell from here.
    Unknown,
    /// It will not work.
    Fail,
}

/// What to do, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What.
    pub what: String,
    /// Where: a setting, or a place in a dashboard.
    pub place: String,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
    /// What to do about it.
    pub fix: Option<Fix>,
}

/// All checks, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// The checks.
    pub checks: Vec<Check>,
}

impl Examination {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.checks.iter().map(|check| check.verdict);
        verdicts.max().unwrap_or(Verdict::Unknown)
    }

    /// A check by its name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    fn add(&mut self, name: &'static str, (verdict, evidence, fix): Finding) {
        self.checks.push(Check {
            name,
            verdict,
            evidence,
            fix,
        });
    }
}

/// A verdict with its evidence, and what to do.
type Finding = (Verdict, String, Option<Fix>);

fn ok(evidence: impl Into<String>) -> Finding {
    (Verdict::Ok, evidence.into(), None)
}

fn unknown(evidence: impl Into<String>) -> Finding {
    (Verdict::Unknown, evidence.into(), None)
}

fn bad(
    verdict: Verdict,
    evidence: impl Into<String>,
    what: impl Into<String>,
    place: impl Into<String>,
) -> Finding {
    let fix = Fix {
        what: what.into(),
        place: place.into(),
    };
    (verdict, evidence.into(), Some(fix))
}

fn fail(evidence: impl Into<String>, what: impl Into<String>, place: impl Into<String>) -> Finding {
    bad(Verdict::Fail, evidence, what, place)
}

/// A provider that cannot be reached, or refuses for a reason that no check knows better.
fn failed(error: &ApiError, name: &str) -> Finding {
    match error {
        ApiError::Unanswered(_) => fail(
            error.to_string(),
            "make it reachable from here: name, port, proxy, certificate authority",
            format!("{name}, CUTOVER_CA_FILE"),
        ),
        ApiError::Refused {
            status: 300..400, ..
        } => fail(
            error.to_string(),
            "use the address that it leads to: no redirect is followed, as it may lead to another system",
            name,
        ),
        _ => fail(error.to_string(), "see what it says", name),
    }
}

/// How far clocks may differ: verifiers commonly allow 5 s.
const SKEW_LIMIT: f64 = 5.0;
/// From here on it is worth a word; the header that tells counts whole seconds.
const SKEW_WORD: f64 = 2.0;

/// What to look at.
#[derive(Clone, Copy, Debug)]
pub struct Wishes<'a> {
    /// Whether a test person may be made, to look at logins and Migrate Session with; they are
    /// removed again.
    pub test_person: bool,
    /// Where journals are kept.
    pub journals: &'a Path,
    /// The session length that Migrate Session will ask for, in minutes.
    pub session_minutes: u32,
}

/// Looks at both providers.
pub async fn examine(tenants: &Tenants, wishes: Wishes<'_>) -> Examination {
    let mut examination = Examination::default();
    auth0::look(tenants, &mut examination).await;
    stytch::look(tenants, &mut examination).await;
    person::look(tenants, wishes, &mut examination).await;
    examination
}

/// Whether two clocks agree. `ahead` is what the provider's `Date` header says, `issued` is how far
/// a fresh token's `iat` is ahead.
fn clock(ahead: Option<f64>, issued: Option<f64>, provider: &str) -> Finding {
    let seen = [("Date header", ahead), ("token", issued)];
    let told: Vec<String> = seen
        .iter()
        .filter_map(|(by, ahead)| Some(format!("{:+.1} s by its {by}", (*ahead)?)))
        .collect();
    let worst = seen
        .iter()
        .filter_map(|(_, ahead)| *ahead)
        .map(f64::abs)
        .reduce(f64::max);
    let evidence = format!("{provider}'s clock against ours: {}", told.join(", "));
    match worst {
        None => unknown(format!("{provider} sent no Date header")),
        Some(worst) if worst > SKEW_WORD => bad(
            if worst > SKEW_LIMIT {
                Verdict::Fail
            } else {
                Verdict::Warn
            },
            evidence,
            "set the clock: tokens seem expired, or not yet valid, where clocks differ by more than 5 s",
            "this machine (NTP), and each machine that verifies tokens",
        ),
        Some(_) => ok(evidence),
    }
}

/// How far a token's `iat` is ahead of our clock, in seconds. It counts whole seconds.
fn issued_ahead(claims: &serde_json::Value) -> Option<f64> {
    let issued = claims["iat"].as_f64()? + 0.5;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Some(issued - now.ok()?.as_secs_f64())
}

/// What a JWT claims, with nothing checked, and its header.
fn claims(text: &str) -> Option<(jsonwebtoken::Header, serde_json::Value)> {
    let header = jsonwebtoken::decode_header(text).ok()?;
    let claims = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
    Some((header, claims))
}

/// Keys of a set that sign RS256.
fn signing_keys(set: &jsonwebtoken::jwk::JwkSet) -> usize {
    use jsonwebtoken::jwk::AlgorithmParameters;
    let rsa = |key: &&jsonwebtoken::jwk::Jwk| {
        matches!(key.algorithm, AlgorithmParameters::RSA(_)) && key.common.key_id.is_some()
    };
    set.keys.iter().filter(rsa).count()
}
