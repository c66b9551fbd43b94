//! What a request says: its fields, with null read as absent, and each one's form checked.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::time::Span;

/// A JSON object, or a query, whose fields are asked for one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

/// Session durations that Stytch takes, in minutes (error texts: 5 to 527040).
const DURATION: std::ops::RangeInclusive<i64> = 5..=527_040;

impl Fields {
    /// The fields of a body. An empty body, and `null`, have none.
    pub(super) fn of_body(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(without_nulls(fields))),
            Ok(Value::Null) => Ok(Self::default()),
            _ => Err(Problem::bad(
                "bad_request",
                "The submitted request is not a JSON object.",
            )),
        }
    }

    /// The fields of a form.
    pub(super) fn of_form(bytes: &[u8]) -> Self {
        let mut url = reqwest::Url::parse("http://form.invalid/").expect("a constant URL");
        url.set_query(Some(&String::from_utf8_lossy(bytes)));
        let pairs = url.query_pairs();
        Self::of_query(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The fields of a query.
    pub(super) fn of_query(pairs: Vec<(String, String)>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name, Value::String(value)))
                .collect(),
        )
    }

    /// Says something that the client did not say.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// All texts, by their names.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.0.iter();
        texts.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// A field as it came.
    pub(super) fn raw(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(Problem::field(name, "must be a string")),
        }
    }

    /// A text that has to be there.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?
            .ok_or_else(|| Problem::field(name, "is required"))
    }

    /// A flag.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Problem::field(name, "must be a boolean")),
        }
    }

    /// A flag of a query: off unless it says otherwise. SDKs write it as their language does.
    pub(super) fn switch(&self, name: &str) -> Result<bool, Problem> {
        let text = self.text(name)?;
        Ok(text.is_some_and(|text| text.eq_ignore_ascii_case("true")))
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| Problem::field(name, "must be an integer")),
        }
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, Problem> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(Problem::field(name, "must be an object")),
        }
    }

    /// The fields of an object that has to be there.
    pub(super) fn needed_object(&self, name: &str) -> Result<Self, Problem> {
        let object = self
            .object(name)?
            .ok_or_else(|| Problem::field(name, "is required"))?;
        Ok(Self(without_nulls(object.clone())))
    }

    /// Texts of a list; one text alone counts as a list of one.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, Problem> {
        let strings = || Problem::field(name, "must be an array of strings");
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| value.as_str().ok_or_else(strings))
                .collect(),
            Some(_) => Err(strings()),
        }
    }

    /// An address that has to be there.
    pub(super) fn address(&self, name: &str) -> Result<&str, Problem> {
        let text = self.needed(name)?.trim();
        if looks_like_an_address(text) {
            Ok(text)
        } else {
            Err(Problem::bad("invalid_email", "Email format is invalid."))
        }
    }

    /// `session_duration_minutes`.
    pub(super) fn duration(&self) -> Result<Option<Span>, Problem> {
        let minutes = self.number("session_duration_minutes")?;
        match minutes {
            Some(minutes) if !DURATION.contains(&minutes) => Err(Problem::bad(
                "invalid_session_duration_minutes",
                "session_duration_minutes should be between 5 to 527040 minutes.",
            )),
            _ => Ok(minutes.map(Span::from_mins)),
        }
    }

    /// A number of minutes between two bounds, and what it is called if it is not.
    pub(super) fn minutes_or(
        &self,
        name: &str,
        least: i64,
        most: i64,
        error_type: &'static str,
    ) -> Result<Option<Span>, Problem> {
        match self.number(name)? {
            Some(minutes) if !(least..=most).contains(&minutes) => Err(Problem::bad(
                error_type,
                format!("{name} must be between {least} and {most}."),
            )),
            minutes => Ok(minutes.map(Span::from_mins)),
        }
    }

    /// A telephone number in E.164 form.
    pub(super) fn phone(&self, name: &str) -> Result<Option<&str>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let digits = text.strip_prefix('+').unwrap_or_default();
        let fits = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if fits && !digits.starts_with('0') {
            Ok(Some(text))
        } else {
            Err(Problem::bad(
                "invalid_phone_number",
                "Phone number format is invalid: it must be in E.164 form, such as +10000000000.",
            ))
        }
    }

    /// An address of the web, and what it is called if it is none.
    pub(super) fn url(
        &self,
        name: &str,
        error_type: &'static str,
    ) -> Result<Option<&str>, Problem> {
        let text = self.text(name)?;
        match text {
            Some(text) if reqwest::Url::parse(text).is_err() => {
                Err(Problem::bad(error_type, format!("{name} is not a URL.")))
            }
            text => Ok(text),
        }
    }

    /// A code of six digits that has to be there.
    pub(super) fn code(&self, name: &str, error_type: &'static str) -> Result<&str, Problem> {
        let text = self.needed(name)?;
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(text)
        } else {
            Err(Problem::bad(
                error_type,
                format!("{name} must have six digits."),
            ))
        }
    }
}

/// Only the outermost nulls mean "absent"; inside metadata and claims they delete keys.
fn without_nulls(fields: Map<String, Value>) -> Map<String, Value> {
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}

fn looks_like_an_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    plain(local) && plain(domain) && domain.contains('.') && !domain.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::of_body(text.as_bytes()).expect("it is an object")
    }

    #[test]
    fn null_is_absent_except_inside_objects() {
        let fields = fields(r#"{"email": null, "trusted_metadata": {"plan": null}}"#);
        assert_eq!(fields.text("email"), Ok(None));
        let metadata = fields
            .object("trusted_metadata")
            .expect("an object")
            .expect("there");
        assert_eq!(metadata.get("plan"), Some(&Value::Null));
        assert!(Fields::of_body(b"null").is_ok());
        assert!(Fields::of_body(b"").is_ok());
        assert!(Fields::of_body(b"[]").is_err());
    }

    #[test]
    fn durations_have_bounds() {
        let ask = |minutes: i64| {
            fields(&format!(r#"{{"session_duration_minutes": {minutes}}}"#)).duration()
        };
        assert_eq!(ask(5), Ok(Some(Span::from_mins(5))));
        assert_eq!(ask(527_040), Ok(Some(Span::from_mins(527_040))));
        for outside in [4, 527_041, -60] {
            let problem = ask(outside).expect_err("outside");
            assert_eq!(problem.error_type, "invalid_session_duration_minutes");
        }
    }

    #[test]
    fn addresses_have_a_form() {
        for good in ["ada@home.example", "a+b@c.d.org"] {
            assert!(looks_like_an_address(good), "{good}");
        }
        for bad in [
            "ada",
            "@home.example",
            "ada@",
            "ada@home",
            "a da@home.example",
            "a@b@c.d",
            "a@.d",
        ] {
            assert!(!looks_like_an_address(bad), "{bad}");
        }
    }
}
