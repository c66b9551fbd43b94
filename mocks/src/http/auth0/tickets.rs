//! Links that are mailed: whose they are, what for, and until when they are good.

use crate::auth0::UserId;
use crate::http::seal::{Generation, Seal};
use crate::time::{Span, Timestamp};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To set a new password.
    Reset,
    /// To verify an address.
    Verify,
}

impl Purpose {
    const fn seal(self) -> Seal {
        match self {
            Self::Reset => Seal::new("auth0 password reset"),
            Self::Verify => Seal::new("auth0 email verification"),
        }
    }

    /// The page that a link leads to.
    pub(super) const fn page(self) -> &'static str {
        match self {
            Self::Reset => "u/reset-verify",
            Self::Verify => "u/email-verification",
        }
    }
}

/// Life of a ticket that names none: 5 d (Management API schema, `ttl_sec` of 432000).
pub(super) const LIFE: Span = Span::from_days(5);

/// What a ticket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) user: UserId,
    pub(super) issued: Timestamp,
}

/// A ticket for a person.
pub(super) fn issue(
    of: Generation,
    purpose: Purpose,
    user: UserId,
    now: Timestamp,
    life: Span,
) -> String {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&user.0.to_be_bytes());
    bytes[4..12].copy_from_slice(&now.as_micros().to_be_bytes());
    bytes[12..].copy_from_slice(&(now + life).as_micros().to_be_bytes());
    purpose.seal().of(of).close(&bytes)
}

/// The person behind a ticket that is good still.
pub(super) fn open(
    of: Generation,
    purpose: Purpose,
    ticket: &str,
    now: Timestamp,
) -> Option<Opened> {
    let bytes = purpose.seal().of(of).open(ticket)?;
    let (user, rest) = bytes.split_first_chunk::<4>()?;
    let (issued, rest) = rest.split_first_chunk::<8>()?;
    let (until, []) = rest.split_first_chunk::<8>()? else {
        return None;
    };
    let until = Timestamp::from_micros(i64::from_be_bytes(*until));
    (now < until).then_some(Opened {
        user: UserId(u32::from_be_bytes(*user)),
        issued: Timestamp::from_micros(i64::from_be_bytes(*issued)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Generation = Generation(0);

    #[test]
    fn a_ticket_is_good_for_one_purpose_until_it_ends() {
        let now = Timestamp::from_secs(1_772_409_600);
        let ticket = issue(FIRST, Purpose::Reset, UserId(7), now, Span::from_hours(1));
        let opened = open(FIRST, Purpose::Reset, &ticket, now + Span::from_mins(59));
        assert_eq!(opened.map(|opened| opened.user), Some(UserId(7)));
        assert_eq!(
            open(FIRST, Purpose::Reset, &ticket, now + Span::from_hours(1)),
            None
        );
        assert_eq!(open(FIRST, Purpose::Verify, &ticket, now), None);
        assert_eq!(open(FIRST, Purpose::Reset, "made up", now), None);
        assert_eq!(open(Generation(1), Purpose::Reset, &ticket, now), None);
    }
}
