//! Searching people: filters, and pages of what they let through.

use serde_json::{Map, Value, json};

use super::Face;
use super::fields::Fields;
use super::names::Kind;
use super::objects::Picture;
use super::problem::Problem;
use crate::stytch::{OrgId, UserId, UserView, Vertical};
use crate::time::Timestamp;

/// A page holds this many results unless the request says otherwise, and at most [`LARGEST_PAGE`].
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1_000;

/// One operand of a query.
enum Filter {
    People(Vec<UserId>),
    Mailboxes(Vec<u32>),
    AddressHas(String),
    Statuses(Vec<String>),
    HasPassword(bool),
}

/// A query: all of its filters have to hold, or any of them.
pub(super) struct Search {
    all: bool,
    filters: Vec<Filter>,
    first: UserId,
    limit: usize,
    /// The organizations that are searched (B2B).
    orgs: Vec<OrgId>,
}

/// A page of results.
pub(super) struct Page {
    pub(super) pictures: Vec<Picture>,
    /// `results_metadata`.
    pub(super) metadata: Value,
}

impl Search {
    pub(super) fn read(face: &Face, fields: &Fields, orgs: Vec<OrgId>) -> Result<Self, Problem> {
        let limit = fields.number("limit")?.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(Problem::field("limit", "must be between 1 and 1000"));
        }
        let wrong_cursor = || {
            Problem::bad(
                "user_search_invalid_cursor",
                "The search cursor is invalid.",
            )
        };
        let first = match fields.text("cursor")? {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| wrong_cursor())?,
        };
        let mut search = Self {
            all: true,
            filters: Vec::new(),
            first: UserId(first),
            limit: limit as usize,
            orgs,
        };
        let Some(query) = fields.object("query")? else {
            return Ok(search);
        };
        search.all = query.get("operator").and_then(Value::as_str) != Some("OR");
        let operands = query.get("operands").and_then(Value::as_array);
        for operand in operands.into_iter().flatten() {
            let operand = operand.as_object();
            let operand =
                operand.ok_or_else(|| Problem::field("query.operands", "must hold objects"))?;
            search.filters.push(Filter::read(face, operand)?);
        }
        Ok(search)
    }

    /// Looks at everyone, unless a filter names those who can match.
    pub(super) fn run(&self, face: &Face, now: Timestamp) -> Page {
        let project = face.project();
        let mut total = 0_usize;
        let mut pictures: Vec<Picture> = Vec::new();
        let mut next = None;
        let mut see = |view: UserView| {
            let here = face.0.vertical == Vertical::Consumer
                || view.org.is_some_and(|org| self.orgs.contains(&org));
            if !here || !self.matches(face, &view) {
                return;
            }
            total += 1;
            if view.id < self.first {
                return;
            }
            if pictures.len() < self.limit {
                pictures.extend(Picture::take(&project, view.id, None, now));
            } else if next.is_none() {
                next = Some(view.id.0.to_string());
            }
        };
        match self.candidates() {
            Some(people) => people
                .iter()
                .filter_map(|id| project.user(*id))
                .for_each(&mut see),
            None => project.users_from(UserId(0)).for_each(&mut see),
        }
        Page {
            pictures,
            metadata: json!({ "total": total, "next_cursor": next }),
        }
    }

    fn candidates(&self) -> Option<Vec<UserId>> {
        let sorted = |people: &Vec<UserId>| {
            let mut people = people.clone();
            people.sort_unstable();
            people.dedup();
            people
        };
        let mut filters = self
            .filters
            .iter()
            .filter(|_| self.all || self.filters.len() == 1);
        filters.find_map(|filter| match filter {
            Filter::People(people) => Some(sorted(people)),
            _ => None,
        })
    }

    fn matches(&self, face: &Face, view: &UserView) -> bool {
        let mut filters = self.filters.iter();
        if self.all || self.filters.is_empty() {
            filters.all(|filter| filter.holds(face, view))
        } else {
            filters.any(|filter| filter.holds(face, view))
        }
    }
}

impl Filter {
    fn read(face: &Face, operand: &Map<String, Value>) -> Result<Self, Problem> {
        let name = operand
            .get("filter_name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let value = operand.get("filter_value").cloned().unwrap_or_default();
        let wrong = || Problem::field(name, "has a filter_value of another type");
        let texts = || -> Result<Vec<String>, Problem> {
            serde_json::from_value(value.clone()).map_err(|_| wrong())
        };
        let ids = |kind: Kind| -> Result<Self, Problem> {
            let read = |text: &String| face.0.names.read_id(kind, text).map(UserId);
            Ok(Self::People(texts()?.iter().filter_map(read).collect()))
        };
        match name {
            "user_id" | "user_ids" => ids(Kind::User),
            "member_ids" => ids(Kind::Member),
            "email_id" => ids(Kind::Email),
            "email_address" | "member_emails" => {
                let mailbox = |text: &String| face.email(text).mailbox;
                Ok(Self::Mailboxes(texts()?.iter().map(mailbox).collect()))
            }
            "email_address_fuzzy" | "email_fuzzy" | "member_email_fuzzy" => {
                let part = value.as_str().ok_or_else(wrong)?;
                Ok(Self::AddressHas(part.to_lowercase()))
            }
            "status" => Ok(Self::Statuses(vec![
                value.as_str().ok_or_else(wrong)?.to_owned(),
            ])),
            "statuses" => Ok(Self::Statuses(texts()?)),
            "password_exists" | "member_password_exists" => {
                value.as_bool().map(Self::HasPassword).ok_or_else(wrong)
            }
            _ => Err(Problem::bad(
                "bad_request",
                format!("The filter_name `{name}` is not known to this mock."),
            )),
        }
    }

    fn holds(&self, face: &Face, view: &UserView) -> bool {
        match self {
            Self::People(people) => people.contains(&view.id),
            Self::Mailboxes(mailboxes) => mailboxes.contains(&view.email.mailbox),
            Self::AddressHas(part) => face
                .0
                .directory
                .text(view.email)
                .to_lowercase()
                .contains(part.as_str()),
            Self::Statuses(statuses) => {
                let status = if view.pending { "pending" } else { "active" };
                statuses.iter().any(|wanted| wanted == status)
            }
            Self::HasPassword(has) => view.has_password == *has,
        }
    }
}
