//! Pages of lists: by number, with totals if they are asked for, or from a checkpoint on.

use serde_json::{Map, Value, json};

use super::desk::Served;
use super::payload::bad_query;
use crate::http::auth0::answering::Complaint;
use crate::http::params::Params;
use crate::http::seal::Seal;

const CHECKPOINT: Seal = Seal::new("auth0 checkpoint");

/// Records on a page at most (Management API schema).
const MOST: usize = 100;
/// Records on a page unless a call says otherwise.
const USUAL: usize = 50;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paging {
    /// The first record.
    pub(super) start: usize,
    /// How many.
    pub(super) limit: usize,
    totals: bool,
    checkpoints: bool,
}

impl Paging {
    /// Reads `page`, `per_page` and `include_totals`, or `from` and `take`.
    pub(super) fn read(query: &Params) -> Result<Self, Complaint> {
        let number = |name: &str, most: usize| -> Result<Option<usize>, Complaint> {
            query
                .get(name)
                .map(|text| {
                    text.parse()
                        .ok()
                        .filter(|number| *number <= most)
                        .ok_or_else(|| {
                            bad_query(&format!(
                                "Query validation error: 'Expected a number from 0 to {most}' on property {name}."
                            ))
                        })
                })
                .transpose()
        };
        if query.get("from").is_some() || query.get("take").is_some() {
            let start = match query.get("from") {
                None => 0,
                Some(text) => CHECKPOINT
                    .open_id(text)
                    .and_then(|number| usize::try_from(number).ok())
                    .ok_or_else(|| bad_query("Query validation error: 'Invalid from'."))?,
            };
            return Ok(Self {
                start,
                limit: number("take", MOST)?.unwrap_or(USUAL),
                totals: false,
                checkpoints: true,
            });
        }
        let limit = number("per_page", MOST)?.unwrap_or(USUAL);
        let page = number("page", 1 << 32)?.unwrap_or(0);
        Ok(Self {
            start: page.saturating_mul(limit),
            limit,
            totals: query.get("include_totals") == Some("true"),
            checkpoints: false,
        })
    }

    /// Cuts the page out of a list and shows it under a name, or bare.
    pub(super) fn show(
        self,
        name: &str,
        all: impl Iterator<Item = Value>,
    ) -> Result<Served, Complaint> {
        let mut total = 0;
        let mut page = Vec::new();
        for (place, item) in all.enumerate() {
            total += 1;
            if place >= self.start && page.len() < self.limit {
                page.push(item);
            }
        }
        Served::ok(self.page(name, page, total))
    }

    /// As [`Self::show`], always under a name, with `next` while there is more: lists that know
    /// only checkpoints.
    pub(super) fn show_from(
        self,
        name: &str,
        all: impl Iterator<Item = Value>,
    ) -> Result<Served, Complaint> {
        let always = Self {
            checkpoints: true,
            ..self
        };
        always.show(name, all)
    }

    /// A page that was cut out already.
    pub(super) fn page(self, name: &str, page: Vec<Value>, total: usize) -> Value {
        let end = self.start + page.len();
        if self.checkpoints {
            let mut shown = Map::new();
            shown.insert(name.to_owned(), page.into());
            if end < total {
                let next = CHECKPOINT.close_id(end as u64);
                shown.insert("next".to_owned(), next.into());
            }
            return shown.into();
        }
        if !self.totals {
            return page.into();
        }
        let mut shown = json!({
            "start": self.start, "limit": self.limit, "length": page.len(), "total": total,
        });
        shown[name] = page.into();
        shown
    }
}

/// Keeps the fields that `fields` and `include_fields` ask for.
pub(super) fn cut_fields(query: &Params, shown: Value) -> Value {
    let (Some(fields), Value::Object(all)) = (query.get("fields"), &shown) else {
        return shown;
    };
    let named: Vec<&str> = fields.split(',').map(str::trim).collect();
    let include = query.get("include_fields") != Some("false");
    all.iter()
        .filter(|(name, _)| named.contains(&name.as_str()) == include)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str) -> Result<Paging, Complaint> {
        let uri = format!("/?{query}").parse().unwrap();
        Paging::read(&Params::from_query(&uri))
    }

    fn page(query: &str, all: usize) -> Value {
        let paging = paging(query).unwrap();
        let items: Vec<Value> = (0..all)
            .skip(paging.start)
            .take(paging.limit)
            .map(Value::from)
            .collect();
        paging.page("items", items, all)
    }

    #[test]
    fn pages_are_bare_with_totals_or_from_a_checkpoint() {
        assert_eq!(page("page=1&per_page=2", 5), json!([2, 3]));
        assert_eq!(
            page("page=2&per_page=2&include_totals=true", 5),
            json!({"start": 4, "limit": 2, "length": 1, "total": 5, "items": [4]})
        );
        let first = page("take=3", 5);
        assert_eq!(first["items"], json!([0, 1, 2]));
        let next = first["next"].as_str().unwrap();
        assert_eq!(
            page(&format!("take=3&from={next}"), 5),
            json!({"items": [3, 4]})
        );
        for bad in ["per_page=101", "page=x", "from=made-up", "take=-1"] {
            assert!(paging(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fields_are_kept_or_left_out() {
        let all = json!({"a": 1, "b": 2});
        let cut = |query: &str| {
            let uri = format!("/?{query}").parse().unwrap();
            cut_fields(&Params::from_query(&uri), all.clone())
        };
        assert_eq!(cut("fields=a"), json!({"a": 1}));
        assert_eq!(cut("fields=a&include_fields=false"), json!({"b": 2}));
        assert_eq!(cut(""), all);
    }
}
