//! The way back to the application: what it gets, and by which of the ways that it may ask for.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;

use super::pages::{self, Script, escape};
use super::request::Request;

/// What a login gives at once (`response_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) code: bool,
    pub(super) token: bool,
    pub(super) id_token: bool,
}

impl Wants {
    /// A code, as most applications ask.
    pub(super) const CODE: Self = Self {
        code: true,
        token: false,
        id_token: false,
    };

    /// Reads a `response_type`; none if one of its words is unknown.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut wants = Self::default();
        for word in text.split_whitespace() {
            match word {
                "code" => wants.code = true,
                "token" => wants.token = true,
                "id_token" => wants.id_token = true,
                _ => return None,
            }
        }
        (wants != Self::default()).then_some(wants)
    }

    /// Whether tokens come straight from `/authorize`.
    pub(super) const fn is_implicit(self) -> bool {
        self.token || self.id_token
    }
}

/// How it is given (`response_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    Fragment,
    /// A page whose form posts itself.
    FormPost,
    /// A page that tells the window that framed it.
    WebMessage,
}

impl Mode {
    /// Reads a `response_mode`; without one, tokens go into the fragment and codes into the query.
    pub(super) fn read(text: Option<&str>, wants: Wants) -> Option<Self> {
        match text {
            None if wants.is_implicit() => Some(Self::Fragment),
            None => Some(Self::Query),
            // Tokens must not stand in a query (OAuth 2.0 Multiple Response Types, section 3).
            Some("query") if !wants.is_implicit() => Some(Self::Query),
            Some("fragment") => Some(Self::Fragment),
            Some("form_post") => Some(Self::FormPost),
            Some("web_message") => Some(Self::WebMessage),
            Some(_) => None,
        }
    }
}

/// What the application is told, in order.
pub(super) type Fields = Vec<(&'static str, String)>;

/// Sends the browser back to the application.
pub(super) fn back(request: &Request, mut fields: Fields) -> Response {
    if let Some(state) = &request.state {
        fields.push(("state", state.clone()));
    }
    if let Some(issuer) = &request.issuer {
        fields.push(("iss", issuer.clone()));
    }
    send(&request.redirect_uri, request.mode, &fields)
}

/// Sends the browser back with an error.
pub(super) fn refused(request: &Request, error: &'static str, description: &str) -> Response {
    back(
        request,
        vec![
            ("error", error.to_owned()),
            ("error_description", description.to_owned()),
        ],
    )
}

/// Sends the browser to a URL with fields.
pub(super) fn send(to: &Url, mode: Mode, fields: &Fields) -> Response {
    match mode {
        Mode::Query => {
            let mut url = to.clone();
            url.query_pairs_mut().extend_pairs(fields);
            redirect(url.as_str())
        }
        Mode::Fragment => {
            let mut form = Url::parse("http://form.invalid/").expect("a constant URL");
            form.query_pairs_mut().extend_pairs(fields);
            let mut url = to.clone();
            url.set_fragment(form.query());
            redirect(url.as_str())
        }
        Mode::FormPost => form_post(to, fields),
        Mode::WebMessage => web_message(to, fields),
    }
}

/// A redirect.
pub(super) fn redirect(to: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)], "").into_response()
}

fn form_post(to: &Url, fields: &Fields) -> Response {
    let inputs = fields
        .iter()
        .map(|(name, value)| pages::hidden(name, value));
    let inputs = pages::join(inputs);
    let body = format!(
        "<form method=\"post\" action=\"{}\">\n{inputs}<button type=\"submit\">Continue</button>\n</form>",
        escape(to.as_str())
    );
    pages::scripted("Continue", &body, Script::Submit)
}

/// The origin is the redirect's, so that nobody else can listen.
fn web_message(to: &Url, fields: &Fields) -> Response {
    let response: serde_json::Map<String, serde_json::Value> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
        .collect();
    let message = serde_json::json!({ "type": "authorization_response", "response": response });
    let origin = serde_json::Value::from(to.origin().ascii_serialization());
    pages::scripted(
        "Authorization response",
        "",
        Script::Tell { message, origin },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_types_are_sets_of_words() {
        let wants = Wants::read("id_token code").unwrap();
        assert_eq!(
            (wants.code, wants.token, wants.id_token),
            (true, false, true)
        );
        assert!(wants.is_implicit());
        for unknown in ["", "none", "code x"] {
            assert_eq!(Wants::read(unknown), None, "{unknown}");
        }
        assert_eq!(Mode::read(None, wants), Some(Mode::Fragment));
        assert_eq!(Mode::read(Some("query"), wants), None);
        let code = Wants::read("code").unwrap();
        assert_eq!(Mode::read(None, code), Some(Mode::Query));
    }

    #[test]
    fn fields_reach_the_url_whole() {
        let to = Url::parse("https://app.example/cb?kept=1#gone").unwrap();
        let fields = vec![("code", "a b&c".to_owned())];
        let location = |mode| {
            let answer = send(&to, mode, &fields);
            answer.headers()["location"].to_str().unwrap().to_owned()
        };
        assert_eq!(
            location(Mode::Query),
            "https://app.example/cb?kept=1&code=a+b%26c#gone"
        );
        assert_eq!(
            location(Mode::Fragment),
            "https://app.example/cb?kept=1#code=a+b%26c"
        );
    }
}
