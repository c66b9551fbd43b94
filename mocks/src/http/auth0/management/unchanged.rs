//! Writes to what the mock never changes: whoever writes what is there already is told so, as tools do
//! that bring a tenant to the state that they once read from it. Anything else is refused.

use serde_json::{Map, Value};

use super::desk::Served;
use super::payload::bad_body;
use crate::http::auth0::answering::Complaint;

/// The answer to a write of these fields, where this is there.
pub(super) fn keep(shown: Value, fields: &Map<String, Value>) -> Result<Served, Complaint> {
    changed(&shown, fields)?;
    Served::ok(shown)
}

/// Complains about the first field that says something else.
pub(super) fn changed(shown: &Value, fields: &Map<String, Value>) -> Result<(), Complaint> {
    match fields
        .iter()
        .find(|(name, value)| !says(&shown[name.as_str()], value))
    {
        None => Ok(()),
        Some((name, _)) => Err(refused(name)),
    }
}

/// The complaint about a field that says something else.
pub(super) fn refused(name: &str) -> Complaint {
    bad_body(&format!(
        "Payload validation error: 'The mock takes no other value' on property {name}."
    ))
}

/// Whether a value is what is there: of an object that is written, its fields alone count.
fn says(shown: &Value, written: &Value) -> bool {
    match (shown, written) {
        (Value::Object(shown), Value::Object(written)) => written
            .iter()
            .all(|(name, value)| says(shown.get(name).unwrap_or(&Value::Null), value)),
        (Value::Number(shown), Value::Number(written)) => shown.as_f64() == written.as_f64(),
        (shown, written) => shown == written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_there_may_be_written_and_nothing_else() {
        let shown =
            json!({"enabled": false, "life": 72.0, "stage": {"login": {"rate": 1, "max": 2}}});
        let may = |written: Value| changed(&shown, written.as_object().unwrap()).is_ok();
        assert!(may(json!({})) && may(json!({"enabled": false, "life": 72})));
        assert!(may(json!({"stage": {"login": {"max": 2}}})));
        assert!(!may(json!({"enabled": true})) && !may(json!({"stage": {"login": {"max": 3}}})));
        assert!(!may(json!({"unknown": 1})) && !may(json!({"stage": []})));
    }
}
