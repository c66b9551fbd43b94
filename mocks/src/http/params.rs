//! Parameters of a request: from its query, from a form, or from JSON, all as text.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri, header};
use reqwest::Url;
use serde_json::Value;

use super::recent::Bulky;

/// Parameters by name. JSON numbers and booleans are kept as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

/// A body that is neither the form nor the JSON object it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be read")]
pub struct Unreadable;

impl Bulky for Params {
    fn heap_bytes(&self) -> usize {
        let pair = |(name, value): (&String, &String)| {
            size_of::<(String, String)>() + name.len() + value.len()
        };
        self.0.iter().map(pair).sum()
    }
}

impl Params {
    /// From a URL's query.
    pub fn from_query(uri: &Uri) -> Self {
        Self::from_form(uri.query().unwrap_or_default())
    }

    /// From a form's text. Lenient, as servers are: whatever it is, it reads as some parameters.
    fn from_form(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let mut url = Url::parse("http://form.invalid/").expect("a constant URL");
        url.set_query(Some(text));
        let pairs = url.query_pairs();
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// From a body: JSON if the headers say so, a form otherwise.
    pub fn from_body(headers: &HeaderMap, body: &Bytes) -> Result<Self, Unreadable> {
        let json = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.trim_start().starts_with("application/json"));
        if !json {
            return std::str::from_utf8(body)
                .map(Self::from_form)
                .map_err(|_| Unreadable);
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Err(Unreadable);
        };
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        Ok(Self(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, text(value)?)))
                .collect(),
        ))
    }

    /// A parameter that is there and not empty: SDKs send empty ones for "none".
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Sets a parameter that is not there yet, or empty.
    pub fn or_insert(&mut self, name: &str, value: String) {
        if self.get(name).is_none() {
            self.0.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))])
    }

    #[test]
    fn a_form_and_json_say_the_same() {
        let form = Params::from_body(
            &headers("application/x-www-form-urlencoded"),
            &Bytes::from_static(b"username=a%2Bb%40c.example&password=x+y&scope="),
        );
        let json = Params::from_body(
            &headers("application/json; charset=utf-8"),
            &Bytes::from_static(
                br#"{"username": "a+b@c.example", "password": "x y", "scope": "", "n": null}"#,
            ),
        );
        assert_eq!(form, json);
        let mut form = form.unwrap();
        assert_eq!(form.get("scope"), None);
        form.or_insert("scope", "openid".to_owned());
        form.or_insert("username", "eve".to_owned());
        assert_eq!(form.get("scope"), Some("openid"), "an empty one is none");
        assert_eq!(form.get("username"), Some("a+b@c.example"));
    }

    #[test]
    fn what_is_not_an_object_cannot_be_read() {
        for body in ["[1]", "{", ""] {
            assert_eq!(
                Params::from_body(&headers("application/json"), &Bytes::from(body)),
                Err(Unreadable)
            );
        }
    }
}
