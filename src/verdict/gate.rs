//! Gates: what must hold, as one line of text; this module owns their grammar.
//!
//! ```ebnf
//! gate       = quantity , [ selector ] , comparison , limit ;
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
//! number     = digit , { digit } , [ "." , digit , { digit } ] ;
//! ```
//!
//! Blanks may stand between any two of these. The unit of the limit must fit the quantity: a time
//! for a latency, a rate for a peak, a whole number or a percentage for a count. A percentage of a
//! count is a share of what [`Measure::base`](crate::recorder::Measure::base) says. A gate that can
//! never fail, or never hold, is refused.

pub mod between;
mod cursor;
mod fit;
mod limit;
mod parse;
mod quantity;
mod selector;

use std::fmt;
use std::ops::Range;

use cutover_mocks::time::Span;

use crate::outcome::Unit;

pub use limit::{Comparison, Limit};
pub use quantity::{Calls, Derived, Endpoint, Percentile, Quantity, Status};
pub use selector::Selector;

/// A gate: a quantity, for a part of the people and phases or for all, held against a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    quantity: Quantity,
    selector: Selector,
    comparison: Comparison,
    limit: Limit,
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
    pub const fn limit(&self) -> Limit {
        self.limit
    }
}

impl Gate {
    /// What asks for a quantity in its own unit, whatever the limit.
    pub(super) const fn asking(quantity: Quantity, selector: Selector) -> Self {
        let limit = match quantity.unit() {
            Unit::Count => Limit::Count(0),
            Unit::Percent => Limit::Percent(0.0),
            Unit::Microseconds => Limit::Time(Span::ZERO),
            Unit::PerSecond => Limit::PerSecond(0.0),
            Unit::Ratio => Limit::Ratio(0.0),
        };
        Self {
            quantity,
            selector,
            comparison: Comparison::Equal,
            limit,
        }
    }
}

/// Reads a gate.
pub fn parse(text: &str) -> Result<Gate, GateError> {
    parse::gate(text)
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
            limit,
        } = self;
        write!(f, "{quantity}{selector} {comparison} {limit}")
    }
}

#[cfg(test)]
mod tests;
