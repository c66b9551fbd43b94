//! What the mocks lack: endpoints of the SDKs that are not served, and what served ones ignore.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::mocks::words;
use super::row::{Endpoint, Line};

/// Written by hand: what no test can see.
const IGNORED: &str = include_str!("ignored.md");

/// An endpoint that a provider's SDK knows.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) name: String,
    parameters: Vec<String>,
}

impl Published {
    /// Of the lines that tell of them.
    pub(super) fn of(lines: &[Line]) -> BTreeMap<Endpoint, Self> {
        let told = lines.iter().filter_map(|line| {
            let Line::Published { parameters, .. } = line else {
                return None;
            };
            let (endpoint, name) = line.named();
            let parameters = parameters.clone();
            Some((endpoint, Self { name, parameters }))
        });
        told.collect()
    }
}

/// The end of the table.
pub(super) fn write(
    served: &BTreeMap<Endpoint, String>,
    published: &BTreeMap<Endpoint, Published>,
) -> String {
    let mut text = format!("\n{IGNORED}");
    never_read(&mut text, served, published);
    not_served(&mut text, served, published);
    text
}

/// Parameters that the SDKs can send to served endpoints, and that stand nowhere in the sources of
/// the provider's routers.
fn never_read(
    text: &mut String,
    served: &BTreeMap<Endpoint, String>,
    published: &BTreeMap<Endpoint, Published>,
) {
    let _ = write!(
        text,
        "\n### Parameters that are never read\n\n| provider | parameters | of |\n| --- | --- | --- |\n"
    );
    let known = ["auth0", "stytch"].map(|provider| (provider, words(provider)));
    let known = BTreeMap::from(known);
    let mut missing: BTreeMap<(&str, Vec<&str>), BTreeSet<&str>> = BTreeMap::new();
    for (endpoint, Published { name, parameters }) in published {
        let read = &known[endpoint.provider.as_str()];
        let unread = parameters.iter().filter(|it| !read.contains(*it));
        let unread: Vec<&str> = unread.map(String::as_str).collect();
        if served.contains_key(endpoint) && !unread.is_empty() {
            let endpoints = missing.entry((&endpoint.provider, unread)).or_default();
            endpoints.insert(name);
        }
    }
    for ((provider, parameters), endpoints) in missing {
        let quoted = |all: Vec<&str>| {
            let all: Vec<String> = all.iter().map(|it| format!("`{it}`")).collect();
            all.join(", ")
        };
        let of = match endpoints.len() {
            count @ 5.. => format!("{count} endpoints"),
            _ => quoted(endpoints.into_iter().collect()),
        };
        let _ = writeln!(text, "| {provider} | {} | {of} |", quoted(parameters));
    }
}

/// What the SDKs know and the mocks do not.
fn not_served(
    text: &mut String,
    served: &BTreeMap<Endpoint, String>,
    published: &BTreeMap<Endpoint, Published>,
) {
    let known = published
        .keys()
        .filter(|endpoint| served.contains_key(endpoint));
    let _ = write!(
        text,
        "\n## Not served\n\nOf the {} endpoints in the providers' Python SDKs the mocks serve {}. The others are refused. Groups\nthat are served in part name the endpoints that are missing; of groups that are not served at all there is\nonly the number.\n\n| provider | group | not served |\n| --- | --- | --- |\n",
        published.len(),
        known.count(),
    );
    let mut groups: BTreeMap<(&str, String), (bool, Vec<&str>)> = BTreeMap::new();
    for (endpoint, Published { name, .. }) in published {
        let (partly, missing) = groups
            .entry((&endpoint.provider, group(endpoint.path())))
            .or_default();
        if served.contains_key(endpoint) {
            *partly = true;
        } else {
            missing.push(name);
        }
    }
    for ((provider, group), (partly, missing)) in groups {
        if missing.is_empty() {
            continue;
        }
        let what = if partly {
            let named: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            named.join(", ")
        } else {
            format!("all {}", missing.len())
        };
        let _ = writeln!(text, "| {provider} | {group} | {what} |");
    }
}

/// The first parts of a path that are names.
fn group(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let named = parts.take_while(|part| !part.contains('{'));
    let prefixes = ["v1", "b2b", "api", "v2"];
    let mut group: Vec<&str> = Vec::new();
    for part in named {
        group.push(part);
        if !prefixes.contains(&part) {
            break;
        }
    }
    format!("/{}", group.join("/"))
}
