//! The journal over HTTP: reading it with filters, and verifying what was expected of the calls in it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Admin;
use super::problem::Problem;
use super::words::{Nothing, Object, Provider, Target, moment, within};
use crate::http::journal::{Call, Fingerprint};

/// What a fingerprint looks like; [`Filter::check`] says so in words.
const FINGERPRINT: &str = "^[0-9a-f]{16}$";

/// Describes a parameter as text: absent it may be, but not null.
fn text(schema: &mut Schema) {
    schema.insert("type".into(), "string".into());
}

/// Describes it as the name of an endpoint.
fn endpoints(schema: &mut Schema) {
    text(schema);
    schema.insert("enum".into(), Target::endpoint_names().into());
}

/// The same, where it may be null.
fn endpoints_or_none(schema: &mut Schema) {
    let names = Target::endpoint_names().into_iter().map(Value::from);
    let all: Vec<Value> = names.chain([Value::Null]).collect();
    schema.insert("enum".into(), all.into());
}

/// Which calls: all that fit every field that is given.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Who was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<Provider>,
    /// What was called, e.g. `auth0.userinfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = endpoints_or_none)]
    endpoint: Option<String>,
    /// The method, in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// How the path begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The status that was answered; 0: none, the connection closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Whom the call was about, by the provider's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// Which session the call was about, by the provider's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// Fingerprint of the token that was presented: the first 16 hexadecimal digits of its SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = FINGERPRINT))]
    credential: Option<String>,
    /// Only calls after the one with this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000_000_u64))]
    after: Option<u64>,
}

impl Filter {
    fn check(&self) -> Result<(), Problem> {
        if let Some(endpoint) = &self.endpoint {
            Target::check_endpoint(endpoint)?;
        }
        let print = self.credential.as_deref();
        if print.is_some_and(|print| {
            print.len() != 16
                || !print
                    .bytes()
                    .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        }) {
            return Err(Problem::bad(
                "`credential` is no fingerprint: it is the first 16 hexadecimal digits, in lower case, of the token's SHA-256",
            ));
        }
        within("after", self.after.unwrap_or(0), 0, 1_000_000_000_000)
    }

    fn lets_through(&self, call: &Call) -> bool {
        fn is<T: PartialEq + ?Sized>(wanted: Option<&T>, got: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| got == Some(wanted))
        }
        let credential = call.credential.map(|print| print.to_string());
        is(self.provider.as_ref(), Some(&call.provider.into()))
            && is(self.endpoint.as_deref(), call.endpoint)
            && is(self.method.as_deref(), Some(&call.method))
            && self
                .path
                .as_ref()
                .is_none_or(|start| call.path.starts_with(start.as_str()))
            && is(self.status.as_ref(), Some(&call.status))
            && is(self.person.as_deref(), call.person.as_deref())
            && is(self.session.as_deref(), call.session.as_deref())
            && is(self.credential.as_deref(), credential.as_deref())
            && self.after.is_none_or(|after| call.number > after)
    }
}

/// Which calls to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// Who was called.
    provider: Option<Provider>,
    /// What was called, e.g. `auth0.userinfo`.
    #[schemars(transform = endpoints)]
    endpoint: Option<String>,
    /// The method, in capitals.
    method: Option<String>,
    /// How the path begins.
    path: Option<String>,
    /// The status that was answered; 0: none, the connection closed.
    status: Option<u16>,
    /// Whom the call was about, by the provider's own id.
    person: Option<String>,
    /// Which session the call was about, by the provider's own id.
    session: Option<String>,
    /// Fingerprint of the token that was presented: the first 16 hexadecimal digits of its SHA-256.
    #[schemars(regex(pattern = FINGERPRINT), transform = text)]
    credential: Option<String>,
    /// Only calls after the one with this number.
    #[schemars(range(min = 0, max = 1_000_000_000_000_u64))]
    after: Option<u64>,
    /// How many to list. Default 100.
    #[schemars(range(min = 0, max = 10_000))]
    limit: Option<u32>,
}

/// One call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Shown {
    /// Its place in order, from 1.
    number: u64,
    /// When it came in, by the mocks' clock, RFC 3339.
    at: String,
    /// Who was called.
    provider: Provider,
    /// What was called; absent where nothing of the provider's was.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'static str>,
    /// Its method.
    method: String,
    /// Its path, without the query.
    path: String,
    /// The status that was answered; 0: none, the connection closed.
    status: u16,
    /// The modelled service time in milliseconds.
    took_ms: f64,
    /// Fingerprint of the token that was presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    /// Whom it was about, by the provider's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// Which session it was about, by the provider's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

/// Calls that fit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The oldest of them, as many as were asked for.
    calls: Vec<Shown>,
    /// How many fit in all.
    matched: usize,
    /// How many calls the journal has dropped since it was begun, whether they would fit or not.
    dropped: u64,
}

pub(super) fn list(admin: &Admin, listing: Listing) -> Result<Listed, Problem> {
    let limit = listing.limit.unwrap_or(100);
    within("limit", limit, 0, 10_000)?;
    let Listing {
        provider,
        endpoint,
        method,
        path,
        status,
        person,
        session,
        credential,
        after,
        limit: _,
    } = listing;
    let filter = Filter {
        provider,
        endpoint,
        method,
        path,
        status,
        person,
        session,
        credential,
        after,
    };
    filter.check()?;
    Ok(admin.journal.read(|calls, dropped| {
        let mut listed = Listed {
            calls: Vec::new(),
            matched: 0,
            dropped,
        };
        for call in calls.filter(|call| filter.lets_through(call)) {
            listed.matched += 1;
            if listed.calls.len() < limit as usize {
                listed.calls.push(show(call));
            }
        }
        listed
    }))
}

fn show(call: &Call) -> Shown {
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    Shown {
        number: call.number,
        at: moment(call.at),
        provider: call.provider.into(),
        endpoint: call.endpoint,
        method: call.method.to_string(),
        path: call.path.to_string(),
        status: call.status,
        took_ms: call.took_us as f64 / 1000.0,
        credential: call.credential.map(|print| print.to_string()),
        person: text(&call.person),
        session: text(&call.session),
    }
}

pub(super) fn clear(admin: &Admin, _: Nothing) -> Result<Nothing, Problem> {
    admin.journal.clear();
    Ok(Nothing {})
}

/// What calls have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Per {
    /// The token that they presented.
    Credential,
    /// The person that they were about.
    Person,
    /// The session that they were about.
    Session,
}

impl Per {
    fn of(self, call: &Call) -> Option<String> {
        match self {
            Self::Credential => call.credential.map(|print: Fingerprint| print.to_string()),
            Self::Person => call.person.as_deref().map(str::to_owned),
            Self::Session => call.session.as_deref().map(str::to_owned),
        }
    }
}

/// What is expected of the calls in the journal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// Which calls are counted.
    calls: Object<Filter>,
    /// So many at least. Default 0.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    at_least: Option<u64>,
    /// So many at most. Default: any number.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    at_most: Option<u64>,
    /// Exactly so many; goes before the other two.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    exactly: Option<u64>,
    /// Counts apart what differs in this, and expects the number of each.
    per: Option<Per>,
    /// With `per`: expects it of each token, person or session that these calls have, also of those
    /// that no counted call has. Default: of each that a counted call has.
    for_each: Option<Object<Filter>>,
}

/// Whether an expectation holds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Verified {
    /// Whether it does.
    holds: bool,
    /// Calls that were counted.
    counted: u64,
    /// Tokens, persons or sessions that were told apart; 1 without `per`.
    groups: u64,
    /// Those that the expectation does not hold for, with their counts; the first twenty.
    unmet: BTreeMap<String, u64>,
    /// Calls that the journal has dropped. With any, nothing holds: they might have counted.
    dropped: u64,
    /// In words.
    said: String,
}

/// Groups shown that an expectation does not hold for.
const UNMET: usize = 20;

pub(super) fn verify(admin: &Admin, expected: Expectation) -> Result<Verified, Problem> {
    for filter in std::iter::once(&expected.calls).chain(&expected.for_each) {
        filter.0.check()?;
    }
    let counts = [expected.at_least, expected.at_most, expected.exactly];
    for count in counts.into_iter().flatten() {
        within("the number of calls", count, 0, 1_000_000_000)?;
    }
    let (least, most) = match expected.exactly {
        Some(exactly) => (exactly, exactly),
        None => (
            expected.at_least.unwrap_or(0),
            expected.at_most.unwrap_or(u64::MAX),
        ),
    };
    if least > most {
        return Err(Problem::bad(format!(
            "`at_least` is {least} and `at_most` is {most}: no number is both"
        )));
    }
    let (groups, counted, dropped) = admin.journal.read(|calls, dropped| {
        let mut groups: BTreeMap<String, u64> = BTreeMap::new();
        let mut counted = 0;
        for call in calls {
            let key = |per: Option<Per>| match per {
                None => Some("all".to_owned()),
                Some(per) => per.of(call),
            };
            let seen = expected
                .for_each
                .as_ref()
                .is_some_and(|filter| filter.0.lets_through(call));
            if let (true, Some(key)) = (seen, key(expected.per)) {
                groups.entry(key).or_insert(0);
            }
            if expected.calls.0.lets_through(call) {
                counted += 1;
                if let Some(key) = key(expected.per) {
                    *groups.entry(key).or_insert(0) += 1;
                }
            }
        }
        (groups, counted, dropped)
    });
    Ok(judge(&expected, groups, (least, most), counted, dropped))
}

fn judge(
    expected: &Expectation,
    mut groups: BTreeMap<String, u64>,
    (least, most): (u64, u64),
    counted: u64,
    dropped: u64,
) -> Verified {
    if expected.per.is_none() {
        groups.entry("all".to_owned()).or_insert(0);
    }
    let count = groups.len() as u64;
    let unmet = groups
        .into_iter()
        .filter(|(_, count)| !(least..=most).contains(count));
    let unmet: Vec<(String, u64)> = unmet.collect();
    let holds = unmet.is_empty() && dropped == 0;
    let wanted = match (least, most) {
        (least, most) if least == most => format!("exactly {least}"),
        (least, u64::MAX) => format!("at least {least}"),
        (least, most) => format!("{least} to {most}"),
    };
    let said = match (dropped, unmet.len()) {
        (0, 0) => format!("{counted} calls, {wanted} in each of {count} groups"),
        (0, unmet) => format!("{unmet} of {count} groups do not have {wanted} calls"),
        (dropped, _) => format!(
            "the journal has dropped {dropped} calls, so that it cannot tell: clear it before the test (DELETE /journal) or start the mocks with a longer one"
        ),
    };
    Verified {
        holds,
        counted,
        groups: count,
        unmet: unmet.into_iter().take(UNMET).collect(),
        dropped,
        said,
    }
}
