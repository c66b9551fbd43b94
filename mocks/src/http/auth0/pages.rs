//! Pages that browsers are shown: plain HTML that works without a script, and what may run in it.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font-family:system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem}\
label{display:block;margin:.75rem 0}input:not([type=hidden]){display:block;width:100%;box-sizing:border-box;padding:.5rem;font:inherit}\
button{margin-top:1rem;padding:.5rem 1rem;font:inherit}[role=alert]{color:#b00020}";

/// A page's title for everything that went wrong.
pub(super) const OOPS: &str = "Oops!, something went wrong";

/// Text inside HTML, also inside a quoted attribute.
pub(in crate::http) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A page without scripts, that nobody may frame.
pub(in crate::http) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE)
    );
    let html = document(title, &format!("<h1>{}</h1>\n{body}", escape(title)), "");
    respond(status, &policy, html)
}

/// A page that tells what went wrong.
pub(super) fn problem(status: StatusCode, text: &str) -> Response {
    page(status, OOPS, &format!("<p>{}</p>", escape(text)))
}

/// A page that tells something good.
pub(super) fn notice(title: &str, text: &str) -> Response {
    page(StatusCode::OK, title, &format!("<p>{}</p>", escape(text)))
}

/// What a page does by itself.
pub(super) enum Script {
    /// Posts its form.
    Submit,
    /// Tells the window that framed or opened it.
    Tell { message: Value, origin: Value },
}

/// A page that does something by itself.
pub(super) fn scripted(title: &str, body: &str, script: Script) -> Response {
    let (code, framing) = match script {
        Script::Submit => (
            "document.forms[0].submit();".to_owned(),
            "frame-ancestors 'none'",
        ),
        Script::Tell { message, origin } => (
            format!(
                "(window.opener||window.parent).postMessage({},{});",
                inside_script(&message),
                inside_script(&origin)
            ),
            "frame-ancestors *",
        ),
    };
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; {framing}",
        hash(STYLE),
        hash(&code)
    );
    let html = document(title, body, &format!("<script>{code}</script>"));
    respond(StatusCode::OK, &policy, html)
}

/// JSON inside a script: no text in it can end the script.
pub(super) fn inside_script(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn document(title: &str, body: &str, script: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{}</title><style>{STYLE}</style></head>\n<body>\n<main>\n{body}\n</main>\n{script}</body></html>\n",
        escape(title)
    )
}

fn respond(status: StatusCode, policy: &str, html: String) -> Response {
    const REFERRER: HeaderName = HeaderName::from_static("referrer-policy");
    (
        status,
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, "no-store"),
            (REFERRER, "same-origin"),
        ],
        html,
    )
        .into_response()
}

/// A field that nobody sees.
pub(in crate::http) fn hidden(name: &str, value: &str) -> String {
    let value = escape(value);
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
}

/// Pieces of HTML, one after the other.
pub(super) fn join(pieces: impl Iterator<Item = String>) -> String {
    pieces.collect::<Vec<_>>().concat()
}

/// A form that posts to where it was shown, with a message above it.
pub(super) struct Form<'a> {
    /// What it is for.
    pub(super) title: &'a str,
    /// Where it goes.
    pub(super) action: &'a str,
    /// What went wrong the last time; empty: nothing.
    pub(super) error: &'a str,
    /// What stands above it, line by line.
    pub(super) text: &'a str,
    /// Names and values that nobody sees.
    pub(super) hidden: &'a [(&'a str, &'a str)],
    /// What is to be filled in.
    pub(super) fields: &'a [Field<'a>],
    /// Links below it: where, and what for.
    pub(super) links: &'a [(String, &'a str)],
}

/// A field of a form.
pub(super) struct Field<'a> {
    pub(super) label: &'a str,
    pub(super) name: &'a str,
    /// `type`.
    pub(super) kind: &'a str,
    /// `autocomplete`.
    pub(super) fill: &'a str,
    pub(super) value: &'a str,
}

impl Form<'_> {
    pub(super) fn show(&self, status: StatusCode) -> Response {
        let alert = if self.error.is_empty() {
            String::new()
        } else {
            format!("<p role=\"alert\">{}</p>\n", escape(self.error))
        };
        let text = join(
            self.text
                .lines()
                .map(|line| format!("<p>{}</p>\n", escape(line))),
        );
        let hidden = join(self.hidden.iter().map(|(name, value)| hidden(name, value)));
        let fields = join(self.fields.iter().map(Field::html));
        let links = self
            .links
            .iter()
            .map(|(to, text)| format!("<p><a href=\"{}\">{}</a></p>\n", escape(to), escape(text)));
        let links = join(links);
        let body = format!(
            "{alert}{text}<form method=\"post\" action=\"{}\">\n{hidden}{fields}<button type=\"submit\" name=\"action\" value=\"default\">Continue</button>\n</form>\n{links}",
            escape(self.action)
        );
        page(status, self.title, &body)
    }
}

impl Field<'_> {
    fn html(&self) -> String {
        let Self {
            label,
            name,
            kind,
            fill,
            value,
        } = self;
        format!(
            "<label>{} <input name=\"{name}\" type=\"{kind}\" autocomplete=\"{fill}\" value=\"{}\" required></label>\n",
            escape(label),
            escape(value)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        let value = Value::from("</script><b>\u{2028}");
        assert_eq!(inside_script(&value), "\"\\u003c/script>\\u003cb>\\u2028\"");
        assert_eq!(
            escape("\"<a href='x'>&"),
            "&quot;&lt;a href=&#39;x&#39;&gt;&amp;"
        );
    }
}
