//! Searching organizations.

use serde_json::{Map, Value, json};

use super::super::Face;
use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::problem::Problem;
use crate::stytch::{Errand, OrgId, OrgView, UserId};

/// Fuzzy filters need this many letters (error names: `…_too_short`).
const SHORTEST: usize = 3;

/// One operand of a query.
enum Filter {
    Orgs(Vec<OrgId>),
    NameHas(String),
    SlugHas(String),
    Domains(&'static str, Vec<String>),
    DomainHas(String),
    HasSso(bool),
}

pub(super) async fn search(ask: Ask) -> Done {
    let limit = ask.fields.number("limit")?.unwrap_or(100);
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::field("limit", "must be between 1 and 1000").into());
    }
    let first = ask.fields.text("cursor")?.map_or(Ok(0), str::parse);
    let first = first.map_err(|_| Problem::field("cursor", "is invalid"))?;
    let query = ask.fields.object("query")?;
    let any = query
        .and_then(|query| query.get("operator"))
        .is_some_and(|it| it == "OR");
    let filters = filters(&ask, query)?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let all: Vec<OrgView> = ask.face.project().orgs_from(OrgId(0)).collect();
    let matches = |org: &&OrgView| {
        let mut filters = filters.iter().map(|filter| filter.holds(&ask.face, org.id));
        if any && filters.len() > 0 {
            filters.any(|holds| holds)
        } else {
            filters.all(|holds| holds)
        }
    };
    let matching: Vec<&OrgView> = all.iter().filter(matches).collect();
    let mut from = matching.iter().filter(|org| org.id >= OrgId(first));
    let page: Vec<Value> = from
        .by_ref()
        .take(limit as usize)
        .map(|org| ask.face.organization(org))
        .collect();
    let next = from.next().map(|org| org.id.0.to_string());
    let metadata = json!({ "total": matching.len(), "next_cursor": next });
    Ok(Good::new(
        took,
        json!({ "organizations": page, "results_metadata": metadata }),
    ))
}

fn filters(ask: &Ask, query: Option<&Map<String, Value>>) -> Result<Vec<Filter>, Problem> {
    let operands = query
        .and_then(|query| query.get("operands"))
        .and_then(Value::as_array);
    let read = |operand: &Value| {
        let name = operand["filter_name"].as_str().ok_or_else(|| {
            let message = "Every operand needs a filter_name.";
            Problem::bad("organization_search_missing_filter_name", message)
        })?;
        Filter::read(ask, name, &operand["filter_value"])
    };
    operands.into_iter().flatten().map(read).collect()
}

fn fuzzy(name: &str, value: &Value, too_short: &'static str) -> Result<String, Problem> {
    let text = value.as_str().ok_or_else(|| {
        let message = format!("The filter `{name}` takes a string.");
        Problem::bad("organization_search_expected_string", message)
    })?;
    if text.chars().count() < SHORTEST {
        let message = format!("The filter `{name}` takes at least 3 letters.");
        return Err(Problem::bad(too_short, message));
    }
    Ok(text.to_lowercase())
}

impl Filter {
    fn read(ask: &Ask, name: &str, value: &Value) -> Result<Self, Problem> {
        if value.is_null() {
            let message = "Every operand needs a filter_value.";
            return Err(Problem::bad(
                "organization_search_missing_filter_value",
                message,
            ));
        }
        let texts = || -> Result<Vec<String>, Problem> {
            serde_json::from_value(value.clone()).map_err(|_| {
                let message = format!("The filter `{name}` takes an array of strings.");
                Problem::bad("organization_search_expected_array_of_strings", message)
            })
        };
        Ok(match name {
            "organization_ids" | "organization_slugs" | "organization_external_ids" => Self::Orgs(
                texts()?
                    .iter()
                    .map(|text| ask.face.org_named(text))
                    .collect(),
            ),
            "organization_slug" | "organization_id" => {
                let text = value.as_str().unwrap_or_default();
                Self::Orgs(vec![ask.face.org_named(text)])
            }
            "organization_name_fuzzy" => Self::NameHas(fuzzy(
                name,
                value,
                "organization_search_organization_name_fuzzy_too_short",
            )?),
            "organization_slug_fuzzy" => Self::SlugHas(fuzzy(
                name,
                value,
                "organization_search_organization_slug_fuzzy_too_short",
            )?),
            "member_emails" => {
                let texts = texts()?;
                let mailboxes: Vec<u32> = texts
                    .iter()
                    .map(|text| ask.face.email(text).mailbox)
                    .collect();
                Self::with_members(&ask.face, |_, mailbox| mailboxes.contains(&mailbox))
            }
            "member_email_fuzzy" => {
                let too_short = "organization_search_member_email_fuzzy_too_short";
                let part = fuzzy(name, value, too_short)?;
                Self::with_members(&ask.face, |address, _| {
                    address.to_lowercase().contains(&part)
                })
            }
            "sso_connection_id" => {
                let text = value.as_str().unwrap_or_default();
                let owner = ask.face.book().sso.owner(&ask.face.0.names, text);
                Self::Orgs(owner.into_iter().collect())
            }
            "has_active_sso_connection" => Self::HasSso(value.as_bool().ok_or_else(|| {
                let message = format!("The filter `{name}` takes a boolean.");
                Problem::bad("organization_search_expected_boolean", message)
            })?),
            "allowed_domains" => Self::Domains("email_allowed_domains", texts()?),
            "claimed_email_domains" => Self::Domains("claimed_email_domains", texts()?),
            "allowed_domain_fuzzy" => Self::DomainHas(fuzzy(
                name,
                value,
                "organization_search_allowed_domain_fuzzy_too_short",
            )?),
            _ => {
                let message = format!("The filter_name `{name}` is not recognized.");
                let error_type = "organization_search_filter_name_not_recognized";
                return Err(Problem::bad(error_type, message));
            }
        })
    }

    /// The organizations of everybody whose address matches.
    fn with_members(face: &Face, matches: impl Fn(&str, u32) -> bool) -> Self {
        let project = face.project();
        let members = project.users_from(UserId(0)).filter(|member| {
            let email = member.email;
            email.is_some_and(|email| matches(&face.0.directory.text(email), email.mailbox))
        });
        Self::Orgs(members.filter_map(|member| member.org).collect())
    }

    fn holds(&self, face: &Face, org: OrgId) -> bool {
        let domains = |name: &str| -> Vec<String> {
            let listed = face.org_profile(org).settings.get(name).cloned();
            serde_json::from_value(listed.unwrap_or_default()).unwrap_or_default()
        };
        match self {
            Self::Orgs(orgs) => orgs.contains(&org),
            Self::NameHas(part) => {
                let name = face.org_profile(org).name.unwrap_or_default();
                name.to_lowercase().contains(part)
            }
            Self::HasSso(wanted) => face.book().sso.has_active(org) == *wanted,
            Self::SlugHas(part) => face.slug(org).to_lowercase().contains(part),
            Self::Domains(name, wanted) => domains(name).iter().any(|it| wanted.contains(it)),
            Self::DomainHas(part) => domains("email_allowed_domains")
                .iter()
                .any(|it| it.to_lowercase().contains(part)),
        }
    }
}
