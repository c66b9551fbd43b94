//! How good a password is: Stytch's LUDS rule, and whether it is among the breached ones.

use serde_json::{Value, json};

use super::Face;
use super::problem::Problem;
use crate::stytch::Vertical;

/// Shorter passwords are refused (Stytch docs, LUDS: 8 characters).
pub(super) const SHORTEST: usize = 8;

/// Of lower case, upper case, digits and symbols, so many kinds are needed (Stytch docs, LUDS: 3).
pub(super) const KINDS: usize = 3;

/// Passwords that a mock takes for breached; Stytch asks a list of hundreds of millions.
const BREACHED: [&str; 6] = [
    "password",
    "password1!",
    "Password1!",
    "Passw0rd!",
    "12345678",
    "qwertyuiop",
];

/// What is found out about a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
struct Strength {
    lower: bool,
    upper: bool,
    digit: bool,
    symbol: bool,
    missing_kinds: usize,
    missing_characters: usize,
    breached: bool,
}

impl Strength {
    fn of(password: &str) -> Self {
        let has = |kind: fn(char) -> bool| password.chars().any(kind);
        let lower = has(char::is_lowercase);
        let upper = has(char::is_uppercase);
        let digit = has(char::is_numeric);
        let symbol = has(|c| !c.is_alphanumeric());
        let kinds = [lower, upper, digit, symbol].into_iter().filter(|it| *it);
        Self {
            lower,
            upper,
            digit,
            symbol,
            missing_kinds: KINDS.saturating_sub(kinds.count()),
            missing_characters: SHORTEST.saturating_sub(password.chars().count()),
            breached: BREACHED.contains(&password),
        }
    }

    fn is_valid(self) -> bool {
        self.missing_kinds == 0 && self.missing_characters == 0 && !self.breached
    }
}

/// The answer to `strength_check`.
pub(super) fn told(password: &str, vertical: Vertical) -> Value {
    let strength = Strength::of(password);
    let luds = json!({
        "has_lower_case": strength.lower,
        "has_upper_case": strength.upper,
        "has_digit": strength.digit,
        "has_symbol": strength.symbol,
        "missing_complexity": strength.missing_kinds,
        "missing_characters": strength.missing_characters,
    });
    let valid = strength.is_valid();
    let mut told = json!({
        "valid_password": valid,
        "score": if valid { 4 } else { 0 },
        "breached_password": strength.breached,
        "strength_policy": "luds",
        "breach_detection_on_create": true,
    });
    match vertical {
        Vertical::Consumer => {
            told["feedback"] = json!({
                "warning": "", "suggestions": [], "luds_requirements": luds,
            });
        }
        Vertical::B2b => {
            told["luds_feedback"] = luds;
            told["zxcvbn_feedback"] = json!({ "warning": "", "suggestions": [] });
        }
    }
    told
}

impl Face {
    /// Refuses a new password that is too weak, where the configuration says so.
    pub(super) fn check_strength(&self, password: &str) -> Result<(), Problem> {
        let strength = Strength::of(password);
        if !self.config().checks_strength || strength.is_valid() {
            return Ok(());
        }
        if strength.breached {
            return Err(Problem::bad(
                "breached_password",
                "The password was found in a breach of another site.",
            ));
        }
        Err(Problem::bad(
            "weak_password",
            format!(
                "The password is too weak: it needs {SHORTEST} characters and {KINDS} of lower case, upper case, digits and symbols."
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_need_length_kinds_and_no_breach() {
        for (password, valid) in [
            ("Sup3rSecret", true),
            ("sup3r-secret", true),
            ("supersecret", false),
            ("Sh0rt!", false),
            ("Password1!", false),
        ] {
            assert_eq!(Strength::of(password).is_valid(), valid, "{password}");
        }
        let told = told("abc", Vertical::Consumer);
        let luds = &told["feedback"]["luds_requirements"];
        assert_eq!(luds["missing_characters"], 5);
        assert_eq!(luds["missing_complexity"], 2);
    }
}
