//! Which limits fit a quantity, and which would decide nothing.

use std::ops::Range;

use super::cursor::Piece;
use super::{Calls, Comparison, Derived, GateError, Limit, Quantity, Selector};
use crate::recorder::{Base, Measure};

/// Whether counts of this quantity are kept by slice and phase.
pub(super) const fn is_sliced(quantity: Quantity) -> bool {
    match quantity {
        Quantity::Measure(_)
        | Quantity::Cause(_)
        | Quantity::Derived(Derived::MigrationSuccess) => true,
        Quantity::Derived(Derived::DevicesOnStytch | Derived::Residue | Derived::StillOut)
        | Quantity::Latency(..)
        | Quantity::Calls(..)
        | Quantity::LoginPeak
        | Quantity::StormLength
        | Quantity::Amplification => false,
    }
}

/// Whether a percentage of this quantity means something.
fn has_share(quantity: Quantity, selector: &Selector) -> bool {
    match quantity {
        Quantity::Measure(measure) => match measure.base() {
            Some(Base::Measure(_) | Base::Requests) => true,
            Some(Base::DevicesSeen | Base::People) => selector.is_empty(),
            None => false,
        },
        Quantity::Derived(_) | Quantity::Cause(_) | Quantity::Calls(_, Calls::Status(_)) => true,
        Quantity::Calls(_, Calls::All | Calls::Peak)
        | Quantity::Latency(..)
        | Quantity::LoginPeak
        | Quantity::StormLength
        | Quantity::Amplification => false,
    }
}

fn has_count(quantity: Quantity) -> bool {
    match quantity {
        Quantity::Measure(_) | Quantity::Cause(_) => true,
        Quantity::Calls(_, calls) => calls != Calls::Peak,
        Quantity::Derived(derived) => derived != Derived::MigrationSuccess,
        Quantity::Latency(..)
        | Quantity::LoginPeak
        | Quantity::StormLength
        | Quantity::Amplification => false,
    }
}

pub(super) fn fits(quantity: Quantity, selector: &Selector, limit: Limit) -> bool {
    match limit {
        Limit::Count(_) => has_count(quantity),
        Limit::Percent(_) => has_share(quantity, selector),
        Limit::Time(_) => matches!(quantity, Quantity::Latency(..) | Quantity::StormLength),
        Limit::PerSecond(_) => {
            matches!(
                quantity,
                Quantity::LoginPeak | Quantity::Calls(_, Calls::Peak)
            )
        }
        Limit::Ratio(_) => quantity == Quantity::Amplification,
    }
}

pub(super) fn misfit(quantity: Quantity, selector: &Selector, limit: Limit) -> String {
    let unsliced = Selector::default();
    if matches!(limit, Limit::Percent(_)) && !selector.is_empty() && has_share(quantity, &unsliced)
    {
        return format!(
            "the whole that `{quantity}` is a share of is not kept apart by {selector}"
        );
    }
    format!("`{limit}` does not fit `{quantity}`")
}

/// What a limit of this quantity looks like.
pub(super) fn expectation(quantity: Quantity, selector: &Selector) -> String {
    let form = match quantity {
        Quantity::Latency(..) => "a time such as 400ms",
        Quantity::StormLength => "a time such as 10m",
        Quantity::LoginPeak | Quantity::Calls(_, Calls::Peak) => "a rate such as 100/s",
        Quantity::Amplification => "a plain number such as 1.5",
        _ => match (has_count(quantity), has_share(quantity, selector)) {
            (true, true) => "a whole number or a percentage such as 0.1%",
            (true, false) => "a whole number such as 0",
            (false, _) => "a percentage such as 99.9%",
        },
    };
    format!("expected {form}")
}

/// Refuses a limit outside of what the quantity can be.
pub(super) fn refuse_vacuous(
    quantity: Quantity,
    comparison: Comparison,
    limit: Limit,
    written: &Piece<'_>,
) -> Result<(), GateError> {
    let least = if quantity == Quantity::Amplification {
        1.0
    } else {
        0.0
    };
    // Retries may outnumber what they retry; every other share is of a whole that contains it.
    let bounded =
        matches!(limit, Limit::Percent(_)) && quantity != Quantity::Measure(Measure::Retries);
    let most = if bounded { 100.0 } else { f64::INFINITY };
    let number = limit.number();
    let (below, above) = (number < least, number > most);
    let never = match comparison {
        Comparison::Equal => below || above,
        Comparison::NotEqual => false,
        Comparison::Below => number <= least,
        Comparison::AtMost => below,
        Comparison::Above => number >= most,
        Comparison::AtLeast => above,
    };
    let always = match comparison {
        Comparison::Equal => false,
        Comparison::NotEqual => below || above,
        Comparison::Below => above,
        Comparison::AtMost => number >= most,
        Comparison::Above => below,
        Comparison::AtLeast => number <= least,
    };
    let span: Range<usize> = written.span.clone();
    let word = match (never, always) {
        (true, _) => "hold",
        (_, true) => "fail",
        _ => return Ok(()),
    };
    let range = if bounded {
        "is from 0% to 100%".to_owned()
    } else {
        format!("is never below {least}")
    };
    Err(GateError::new(span, format!("this gate can never {word}"))
        .help(format!("`{quantity}` {range}")))
}
