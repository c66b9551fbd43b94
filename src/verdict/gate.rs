//! Gates: what must hold, as one line of text; this module owns their grammar.
//!
//! ```ebnf
//! gate       = quantity , [ selector ] , comparison , ( limit | relative ) ;
//! quantity   = measure                                   (* forced_logouts, lockouts, … *)
//!            | derived                                   (* migration_success, residue, … *)
//!            | "latency." , operation , "." , percentile (* latency.migrate.p99 *)
//!            | "calls." , endpoint , [ "." , calls ]     (* calls.auth0.userinfo.peak *)
//!            | "storm.logins.peak" | "storm.length" | "storm.amplification"
//!            | "causes." , kind , "." , cause ;          (* causes.forced_logouts.refresh_race *)
//! percentile = "p50" | "p90" | "p95" | "p99" | "p999" | "max" ;
//! calls      = "peak" | status | "2xx" | "3xx" | "4xx" | "5xx" | "no_answer" | "timed_out" ;
//! status     = digit , digit , digit ;
//! selector   = "{" , filter , { "," , filter } , "}" ;
//! filter     = key , "=" , ( word | '"' , { any - '"' } , '"' ) ;
//! key        = "platform" | "app" | "record" | "organization" | "cohort" | "phase" ;
//! comparison = "==" | "!=" | "<=" | "<" | ">=" | ">" ;
//! limit      = number , [ "%" | "us" | "ms" | "s" | "m" | "h" | "d" | "/s" ] ;
//! relative   = "baseline" , [ "*" , number | ( "+" | "-" ) , step ]
//!            | number , "*" , "baseline" ;
//! step       = number , "%"                              (* of the baseline's value *)
//!            | number , "points"                         (* percentage points *)
//!            | limit ;                                   (* in the quantity's own unit *)
//! number     = digit , { digit } , [ "." , digit , { digit } ] ;
//! ```
//!
//! Blanks may stand between any two of these. The unit of the limit must fit the quantity: a time
//! for a latency, a rate for a peak, a whole number or a percentage for a count. A percentage of a
//! count is a share of what [`Measure::base`](crate::recorder::Measure::base) says. A gate that can
//! never fail, or never hold, is refused.
//!
//! A relative limit follows from the value that a [`Baseline`](super::Baseline) has for the same
//! quantity and selector, in the quantity's own unit: `forced_logouts <= baseline + 10%` and
//! `latency.migrate.p99 <= baseline * 1.1` both say "no more than 10% worse".

pub mod between;
mod cursor;
mod fit;
mod limit;
mod parse;
mod quantity;
mod relative;
mod selector;

use std::fmt;
use std::ops::Range;

use crate::outcome::Unit;

pub use limit::{Comparison, Limit};
pub use quantity::{Calls, Derived, Endpoint, Percentile, Quantity, Status};
pub use relative::{Relative, Step};
pub use selector::Selector;

/// A gate: a quantity, for a part of the people and phases or for all, held against a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    quantity: Quantity,
    selector: Selector,
    comparison: Comparison,
    bound: Bound,
}

/// What a quantity is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// A limit that the gate names.
    Fixed(Limit),
    /// A limit that follows from the quantity's value in a baseline.
    Baseline(Relative),
}

impl Gate {
    /// What is held against the limit.
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// For whom and when.
    pub const fn selector(&self) -> &Selector {
        &self.selector
    }

    /// How.
    pub const fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// Against what.
    pub const fn bound(&self) -> Bound {
        self.bound
    }

    /// The unit of the value and of its limit: the limit's, or else the quantity's own.
    pub const fn unit(&self) -> Unit {
        match self.bound {
            Bound::Fixed(limit) => limit.unit(),
            Bound::Baseline(_) => self.quantity.unit(),
        }
    }

    /// What asks for a quantity in its own unit.
    pub(super) const fn asking(quantity: Quantity, selector: Selector) -> Self {
        Self {
            quantity,
            selector,
            comparison: Comparison::Equal,
            bound: Bound::Baseline(Relative::Same),
        }
    }
}

/// All incidents that gates can ask for by their cause.
pub(super) fn incidents() -> impl Iterator<Item = crate::recorder::IncidentKind> {
    quantity::incidents_by_kind()
        .into_iter()
        .flat_map(|(_, all)| all)
}

/// Reads a gate.
pub fn parse(text: &str) -> Result<Gate, GateError> {
    parse::gate(text)
}

/// Reads a gate where there is no baseline to be relative to.
pub fn parse_fixed(text: &str) -> Result<Gate, GateError> {
    let gate = parse(text)?;
    match gate.bound() {
        Bound::Fixed(_) => Ok(gate),
        Bound::Baseline(_) => {
            let from = text.rfind(relative::BASELINE).unwrap_or_default();
            let span = from..from + relative::BASELINE.len();
            let error = GateError::new(span, "a comparison has no baseline");
            Err(error.help(
                "hold strategies against each other under `between`, or one scenario against its \
                 baseline with `cutover simulate --baseline`",
            ))
        }
    }
}

/// Why a text is no gate, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GateError {
    /// The bytes of the text that are wrong; always within it and on character boundaries.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl GateError {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The gate as one would write it; [`parse`] reads the same gate from it.
impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            quantity,
            selector,
            comparison,
            bound,
        } = self;
        write!(f, "{quantity}{selector} {comparison} {bound}")
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(limit) => limit.fmt(f),
            Self::Baseline(relative) => relative.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
