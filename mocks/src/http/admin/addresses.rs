//! Addresses, and patterns of addresses, as requests give them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// An address of at most 254 bytes: something, an at sign, something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(pub(super) String);

/// A pattern of addresses: `{n}` in the part before the at sign stands for a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(pub(super) String);

const LONGEST: usize = 254;

/// Whether a text is an address if these letters are let through. Printable ASCII only, so that
/// every reader of the schema means the same.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"@{}".contains(&byte))
    };
    text.len() <= LONGEST
        && text
            .split_once('@')
            .is_some_and(|(name, domain)| plain(name) && plain(domain))
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_address(&text) {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom(format!(
            "`{text}` is no address; expected e.g. ada@example.com, printable ASCII, at most {LONGEST} bytes"
        )))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Numbers of ten digits take the place of three letters.
        let fits = text.len() <= LONGEST - 7
            && text.split_once('@').is_some_and(|(name, domain)| {
                name.matches("{n}").count() == 1
                    && is_address(&format!("{}@{domain}", name.replace("{n}", "0")))
            });
        if fits {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom(format!(
            "`{text}` is no pattern of addresses; expected e.g. user{{n}}@example.com, with one {{n}} before the at sign"
        )))
    }
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "maxLength": LONGEST,
            "pattern": "^[!-?A-z|~]+@[!-?A-z|~]+$",
            "description": "An e-mail address",
        })
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "maxLength": LONGEST - 7,
            "pattern": r"^[!-?A-z|~]*\{n\}[!-?A-z|~]*@[!-?A-z|~]+$",
            "description": "E-mail addresses that differ in a number, for which `{n}` stands",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_patterns_are_told_from_other_texts() {
        let address = |text: &str| serde_json::from_value::<Address>(text.into()).is_ok();
        assert!(address("Ada+x@home.example"));
        for bad in [
            "",
            "ada",
            "@home.example",
            "ada@",
            "a@b@c",
            "a b@c",
            "é@c",
            "u{n}@c",
        ] {
            assert!(!address(bad), "{bad}");
        }
        let pattern = |text: &str| serde_json::from_value::<Pattern>(text.into()).is_ok();
        assert!(pattern("user{n}@example.com") && pattern("{n}@c") && pattern("{n}x@c"));
        for bad in ["user@c", "u@{n}.c", "{n}{n}@c", "{m}@c", "{n}@"] {
            assert!(!pattern(bad), "{bad}");
        }
    }
}
