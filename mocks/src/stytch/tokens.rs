//! Single-use tokens: mailed links and codes, OAuth tokens, and intermediate sessions.

use super::call::{IntermediateToken, LoginToken, OrgId, UserId};
use super::people::NONE;
use super::sessions::Factors;
use crate::email::Email;
use crate::time::Timestamp;

/// What a login token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A magic link.
    MagicLink,
    /// An OAuth exchange.
    OAuth,
    /// A mailed code.
    Code,
    /// Setting a password.
    Reset,
    /// Showing an address at B2B discovery, before any organization is chosen.
    Discovery,
}

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) email: Email,
    org: u32,
}

impl Bearer {
    pub(super) fn new(email: Email, org: Option<OrgId>) -> Self {
        Self {
            email,
            org: org.map_or(NONE, |org| org.0),
        }
    }

    pub(super) fn org(self) -> Option<OrgId> {
        (self.org != NONE).then_some(OrgId(self.org))
    }
}

#[derive(Clone, Copy, Debug)]
struct Row {
    bearer: Bearer,
    expires: Timestamp,
    purpose: Purpose,
    spent: bool,
}

/// Why a login token is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Nobody issued it for this purpose.
    Unknown,
    /// It was used before, replaced by a newer one, or is stale.
    Spent,
}

/// All login tokens that ever were.
#[derive(Clone, Debug, Default)]
pub(super) struct LoginTokens {
    rows: Vec<Row>,
}

impl LoginTokens {
    pub(super) fn issue(
        &mut self,
        bearer: Bearer,
        purpose: Purpose,
        expires: Timestamp,
    ) -> LoginToken {
        self.rows.push(Row {
            bearer,
            expires,
            purpose,
            spent: false,
        });
        LoginToken(self.rows.len() as u32 - 1)
    }

    /// Looks at a token without using it up.
    pub(super) fn look(
        &self,
        token: LoginToken,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Bearer, Unusable> {
        let row = self
            .rows
            .get(token.0 as usize)
            .filter(|row| row.purpose == purpose);
        let row = row.ok_or(Unusable::Unknown)?;
        if row.spent || now >= row.expires {
            Err(Unusable::Spent)
        } else {
            Ok(row.bearer)
        }
    }

    /// Uses a token up.
    pub(super) fn spend(
        &mut self,
        token: LoginToken,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Bearer, Unusable> {
        let bearer = self.look(token, purpose, now)?;
        self.rows[token.0 as usize].spent = true;
        Ok(bearer)
    }
}

/// An intermediate session: some factor is done, another one or the choice of an organization is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Intermediate {
    pub(super) email: Email,
    member: u32,
    pub(super) expires: Timestamp,
    pub(super) factors: Factors,
    spent: bool,
}

impl Intermediate {
    /// The member who awaits a second factor; none while no organization is chosen.
    pub(super) fn member(&self) -> Option<UserId> {
        (self.member != NONE).then_some(UserId(self.member))
    }
}

/// All intermediate sessions that ever were.
#[derive(Clone, Debug, Default)]
pub(super) struct Intermediates {
    rows: Vec<Intermediate>,
}

impl Intermediates {
    pub(super) fn issue(
        &mut self,
        email: Email,
        member: Option<UserId>,
        expires: Timestamp,
        factors: Factors,
    ) -> IntermediateToken {
        let member = member.map_or(NONE, |member| member.0);
        self.rows.push(Intermediate {
            email,
            member,
            expires,
            factors,
            spent: false,
        });
        IntermediateToken(self.rows.len() as u32 - 1)
    }

    pub(super) fn live(&self, token: IntermediateToken, now: Timestamp) -> Option<&Intermediate> {
        self.row(token)
            .filter(|row| !row.spent && now < row.expires)
    }

    pub(super) fn row(&self, token: IntermediateToken) -> Option<&Intermediate> {
        self.rows.get(token.0 as usize)
    }

    pub(super) fn spend(&mut self, token: IntermediateToken) {
        if let Some(row) = self.rows.get_mut(token.0 as usize) {
            row.spent = true;
        }
    }
}
