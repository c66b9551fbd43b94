//! What a body may say, and how it is told what is wrong with it.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::http::auth0::answering::Complaint;
use crate::http::auth0::errors::management_error;

/// A body that does not fit.
pub(super) fn bad_body(text: &str) -> Complaint {
    management_error(StatusCode::BAD_REQUEST, text, Some("invalid_body")).into()
}

/// A query that does not fit.
pub(super) fn bad_query(text: &str) -> Complaint {
    management_error(StatusCode::BAD_REQUEST, text, Some("invalid_query_string")).into()
}

/// Something that a property must be.
fn expected(kind: &str, name: &str) -> Complaint {
    bad_body(&format!(
        "Payload validation error: 'Expected type {kind}' on property {name}."
    ))
}

/// A body's properties, by type.
#[derive(Clone, Copy)]
pub(super) struct Payload<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Payload<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be there.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Complaint> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| expected("string", name)))
            .transpose()
    }

    /// A text that must be there.
    pub(super) fn needed(self, name: &str) -> Result<&'a str, Complaint> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| {
                bad_body(&format!(
                    "Payload validation error: 'Missing required property: {name}'."
                ))
            })
    }

    /// A truth that may be there.
    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, Complaint> {
        self.get(name)
            .map(|value| value.as_bool().ok_or_else(|| expected("boolean", name)))
            .transpose()
    }

    /// A whole number that may be there.
    pub(super) fn number(self, name: &str) -> Result<Option<i64>, Complaint> {
        self.get(name)
            .map(|value| value.as_i64().ok_or_else(|| expected("integer", name)))
            .transpose()
    }

    /// An object that may be there.
    pub(super) fn object(self, name: &str) -> Result<Option<&'a Map<String, Value>>, Complaint> {
        self.get(name)
            .map(|value| value.as_object().ok_or_else(|| expected("object", name)))
            .transpose()
    }

    /// A list of texts that may be there.
    pub(super) fn texts(self, name: &str) -> Result<Option<Vec<String>>, Complaint> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let list = value.as_array().ok_or_else(|| expected("array", name))?;
        list.iter()
            .map(|item| {
                item.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| expected("string", name))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// A list of texts that must be there.
    pub(super) fn needed_texts(self, name: &str) -> Result<Vec<String>, Complaint> {
        self.texts(name)?.ok_or_else(|| {
            bad_body(&format!(
                "Payload validation error: 'Missing required property: {name}'."
            ))
        })
    }

    /// A list of objects that must be there.
    pub(super) fn needed_objects(self, name: &str) -> Result<Vec<Self>, Complaint> {
        let list = self.get(name).ok_or_else(|| {
            bad_body(&format!(
                "Payload validation error: 'Missing required property: {name}'."
            ))
        })?;
        let list = list.as_array().ok_or_else(|| expected("array", name))?;
        list.iter()
            .map(|item| {
                item.as_object()
                    .map(Self)
                    .ok_or_else(|| expected("object", name))
            })
            .collect()
    }

    /// Complains about a property that nobody knows.
    pub(super) fn only(self, known: &[&str]) -> Result<(), Complaint> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(bad_body(&format!(
                "Payload validation error: 'Additional properties not allowed: {name}'."
            ))),
        }
    }
}
