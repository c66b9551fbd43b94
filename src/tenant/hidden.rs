//! Secrets of a request that its refusal repeats: providers' words are shown to people and kept in
//! reports, so that what they echo is taken out before anybody reads them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::client::{As, Ask};
use super::secret::hex;

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// Shorter texts are no secrets, and would be found everywhere.
const SHORTEST: usize = 4;

/// Takes the secrets of a request, in whatever form they come back, out of the texts of an answer.
pub(super) fn hide(answer: &mut Value, ask: &Ask<'_>) {
    let mut forms = Vec::new();
    match ask.who {
        As::Nobody => {}
        As::Basic(user, secret) => {
            add_forms(&mut forms, secret.expose());
            add_forms(&mut forms, &format!("{user}:{}", secret.expose()));
        }
        As::Bearer(token) => add_forms(&mut forms, token.expose()),
    }
    if let Some(body) = &ask.body {
        gather(&mut forms, body);
    }
    // A form may be a part of another one.
    forms.sort_unstable_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    clean(answer, &forms);
}

/// Whether a field of a request holds a secret.
fn is_secret(name: &str) -> bool {
    let words = [
        // Somebody may have taken the secret for the id.
        "client_id",
        "secret",
        "password",
        "token",
        "code",
        "jwt",
        "assertion",
        "hash",
    ];
    words.iter().any(|word| name.contains(word))
}

fn gather(forms: &mut Vec<String>, body: &Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret(name) => add_forms(forms, text),
                    other => gather(forms, other),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(forms, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A secret as it is, as in a URL or a form, in base64 and hexadecimal, and as in JSON and HTML.
fn add_forms(forms: &mut Vec<String>, secret: &str) {
    if secret.len() < SHORTEST {
        return;
    }
    let in_form: String = reqwest::Url::parse_with_params("http://form.invalid", [("s", secret)])
        .ok()
        .and_then(|url| url.query().map(|query| query[2..].to_owned()))
        .unwrap_or_default();
    let in_url = in_form.replace('+', "%20");
    let in_json = Value::from(secret).to_string();
    let hex = hex(secret.as_bytes());
    let all = [
        secret.to_owned(),
        in_url.replace("%2D", "-"),
        with_small_digits(&in_url),
        with_small_digits(&in_form),
        in_url,
        in_form,
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
        in_json.trim_matches('"').to_owned(),
    ];
    let in_html = [
        in_html(secret, "&quot;", "&#39;"),
        in_html(secret, "&quot;", "&#x27;"),
        in_html(secret, "&#34;", "&#39;"),
        in_html(secret, "\"", "'"),
    ];
    let all = all.into_iter().chain(in_html);
    forms.extend(all.filter(|form| form.len() >= SHORTEST));
}

/// A text as pages write it; quotes are written in several ways.
fn in_html(text: &str, double: &str, single: &str) -> String {
    let escaped = text.replace('&', "&amp;");
    let escaped = escaped.replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', double).replace('\'', single)
}

/// A percent-encoded text whose hexadecimal digits are small letters.
fn with_small_digits(encoded: &str) -> String {
    let mut text = String::with_capacity(encoded.len());
    let mut digits = 0;
    for c in encoded.chars() {
        text.push(if digits > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        });
        digits = if c == '%' { 2 } else { digits.max(1) - 1 };
    }
    text
}

fn clean(answer: &mut Value, forms: &[String]) {
    match answer {
        Value::String(text) => {
            for form in forms {
                if text.contains(form.as_str()) {
                    *text = text.replace(form.as_str(), HIDDEN);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| clean(value, forms)),
        Value::Object(fields) => fields.values_mut().for_each(|value| clean(value, forms)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::secret::Secret;
    use reqwest::Method;
    use serde_json::json;

    #[test]
    fn an_echo_shows_nothing_of_a_secret_in_any_form() {
        let secret = Secret::new("s3cr\"t/ä+=& x".to_owned());
        let ask = Ask {
            method: Method::POST,
            path: "/oauth/token".to_owned(),
            query: Vec::new(),
            body: Some(json!({
                "username": "ada@home.example",
                "client_id": "the secret, taken for an id",
                "nested": [{ "password": "hunter2-hunter2" }],
            })),
            who: As::Basic("project-1", &secret),
        };
        let raw = secret.expose();
        let told = [
            raw.to_owned(),
            "s3cr%22t%2F%C3%A4%2B%3D%26%20x".to_owned(),
            "s3cr%22t%2F%C3%A4%2B%3D%26+x".to_owned(),
            Value::from(raw).to_string(),
            STANDARD.encode(raw),
            URL_SAFE_NO_PAD.encode(raw),
            STANDARD.encode(format!("project-1:{raw}")),
            "hunter2-hunter2".to_owned(),
            "s3cr%22t%2f%c3%a4%2b%3d%26%20x".to_owned(),
            URL_SAFE.encode(raw),
            "73336372227 42fc3a42b3d262078".replace(' ', ""),
            "s3cr&quot;t/ä+=&amp; x".to_owned(),
            "s3cr&#34;t/ä+=&amp; x".to_owned(),
            "the secret, taken for an id".to_owned(),
        ];
        for echo in told {
            let text = format!("ada@home.example may not use <{echo}>!");
            let mut answer = json!({ "error": "no", "details": [{ "message": text }] });
            hide(&mut answer, &ask);
            let text = answer["details"][0]["message"].as_str().unwrap();
            let quiet = ["<(hidden)>", "<\"(hidden)\">"];
            assert!(quiet.iter().any(|quiet| text.contains(quiet)), "{text}");
            assert!(text.starts_with("ada@home.example may"), "{text}");
        }
    }
}
