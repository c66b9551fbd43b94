//! Searching people: pages of what filters let through.

use serde_json::{Value, json};

use super::Face;
use super::fields::Fields;
use super::filters::Filter;
use super::objects::Picture;
use super::problem::Problem;
use crate::stytch::{OrgId, Project, UserId, UserView, Vertical};
use crate::time::Timestamp;

/// A page holds this many results unless the request says otherwise, and at most [`LARGEST_PAGE`].
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1_000;

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
            return Err(match face.0.vertical {
                Vertical::Consumer => Problem::bad(
                    "user_search_invalid_limit",
                    "The limit must be between 1 and 1000.",
                ),
                Vertical::B2b => Problem::field("limit", "must be between 1 and 1000"),
            });
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
        search.all = match query.get("operator") {
            None | Some(Value::Null) => true,
            Some(operator) if operator == "AND" => true,
            Some(operator) if operator == "OR" => false,
            Some(_) => {
                let message = "The operator must be AND or OR.";
                return Err(Problem::bad("user_search_invalid_operator", message));
            }
        };
        let operands = match query.get("operands") {
            None | Some(Value::Null) => None,
            Some(Value::Array(operands)) => Some(operands),
            Some(_) => return Err(Problem::field("query.operands", "must be an array")),
        };
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
            if !here || !self.matches(face, &project, &view) {
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
            None if self.asks_for_deleted() => project.all_users().for_each(&mut see),
            None => project.users_from(UserId(0)).for_each(&mut see),
        }
        Page {
            pictures,
            metadata: json!({ "total": total, "next_cursor": next }),
        }
    }

    fn asks_for_deleted(&self) -> bool {
        self.filters.iter().any(|filter| match filter {
            Filter::Statuses(statuses) => statuses.iter().any(|it| it == "deleted"),
            _ => false,
        })
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

    fn matches(&self, face: &Face, project: &Project, view: &UserView) -> bool {
        let mut filters = self.filters.iter();
        if self.all || self.filters.is_empty() {
            filters.all(|filter| filter.holds(face, project, view))
        } else {
            filters.any(|filter| filter.holds(face, project, view))
        }
    }
}
