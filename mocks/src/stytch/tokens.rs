//! Single-use tokens: mailed links and codes, OAuth tokens, and intermediate sessions.

use super::call::{IntermediateToken, LoginToken, OrgId, UserId};
use super::people::{NO_EMAIL, NONE};
use super::sessions::{Factor, Factors, Shown};
use super::with::{Connection, Phone, Provider, With};
use crate::email::Email;
use crate::lasting::{Lasting, SLACK};
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
    /// The same by a mailed code.
    DiscoveryCode,
    /// The same by a new password.
    DiscoveryReset,
    /// The same by a social login.
    DiscoveryOAuth,
    /// A code sent by SMS.
    Text,
    /// A code sent by `WhatsApp`.
    WhatsApp,
    /// A link that the application delivers itself.
    Embedded,
    /// Tying a social provider to a user who is known already.
    Attach,
    /// A member's new address.
    EmailChange,
    /// Logging in as somebody else.
    Impersonation,
    /// A login by an SSO connection.
    Sso,
}

impl Purpose {
    /// The factor that a token of this purpose proves.
    pub(super) const fn factor(self) -> Factor {
        match self {
            Self::MagicLink | Self::Discovery | Self::EmailChange => Factor::MagicLink,
            Self::OAuth | Self::Attach | Self::DiscoveryOAuth => Factor::OAuth,
            Self::Code | Self::DiscoveryCode => Factor::EmailCode,
            Self::Reset | Self::DiscoveryReset => Factor::Password,
            Self::Text => Factor::Sms,
            Self::WhatsApp => Factor::WhatsApp,
            Self::Embedded => Factor::Embedded,
            Self::Impersonation => Factor::Impersonated,
            Self::Sso => Factor::Sso,
        }
    }
}

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) email: Email,
    org: u32,
    user: u32,
    phone: u32,
    connection: u32,
    provider: Option<Provider>,
    challenged: bool,
    listed: bool,
}

impl Bearer {
    pub(super) fn new(email: Email, org: Option<OrgId>) -> Self {
        Self {
            email,
            org: org.map_or(NONE, |org| org.0),
            user: NONE,
            phone: NONE,
            connection: NONE,
            provider: None,
            challenged: false,
            listed: false,
        }
    }

    /// Someone who was reached at a number.
    pub(super) fn at(phone: Phone) -> Self {
        Self {
            phone: phone.0,
            ..Self::new(NO_EMAIL, None)
        }
    }

    /// The same, and who they are.
    pub(super) fn of(self, user: UserId) -> Self {
        Self {
            user: user.0,
            ..self
        }
    }

    /// The same, by an SSO connection, which is among those that let newcomers in or is not.
    pub(super) fn by(self, connection: Connection, listed: bool) -> Self {
        Self {
            connection: connection.0,
            listed,
            ..self
        }
    }

    /// The same, under a call's circumstances.
    pub(super) fn under(self, with: With) -> Self {
        Self {
            provider: with.provider,
            challenged: with.challenged,
            ..self
        }
    }

    pub(super) fn user(self) -> Option<UserId> {
        (self.user != NONE).then_some(UserId(self.user))
    }

    pub(super) fn phone(self) -> Option<Phone> {
        (self.phone != NONE).then_some(Phone(self.phone))
    }

    pub(super) fn provider(self) -> Option<Provider> {
        self.provider
    }

    pub(super) fn connection(self) -> Option<Connection> {
        (self.connection != NONE).then_some(Connection(self.connection))
    }

    pub(super) fn challenged(self) -> bool {
        self.challenged
    }

    pub(super) fn listed(self) -> bool {
        self.listed
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

/// Login tokens. Those that were used or are stale are forgotten now and then: what is left of them is
/// that they were issued.
#[derive(Clone, Debug, Default)]
pub(super) struct LoginTokens {
    rows: Lasting<Row>,
    most: Option<usize>,
}

impl LoginTokens {
    pub(super) fn issue(
        &mut self,
        bearer: Bearer,
        purpose: Purpose,
        expires: Timestamp,
        now: Timestamp,
    ) -> LoginToken {
        if self.rows.is_due() {
            self.rows
                .sweep(|row| row.spent || now >= row.expires + SLACK);
            if let Some(most) = self.most {
                self.rows.keep_newest(most);
            }
        }
        LoginToken(self.rows.put(Row {
            bearer,
            expires,
            purpose,
            spent: false,
        }))
    }

    /// Sets how many of those that are good are kept at least; any number if nobody does.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = Some(most);
    }

    /// What a token was issued for.
    pub(super) fn purpose(&self, token: LoginToken) -> Option<Purpose> {
        self.rows.get(token.0).map(|row| row.purpose)
    }

    /// The address that a token is to prove; none: it proves none.
    pub(super) fn address(&self, token: LoginToken) -> Option<Email> {
        let row = self.rows.get(token.0)?;
        let proves = row.purpose != Purpose::Embedded && row.bearer.email != NO_EMAIL;
        proves.then_some(row.bearer.email)
    }

    /// The social provider that a token came by.
    pub(super) fn provider(&self, token: LoginToken) -> Option<Provider> {
        self.rows.get(token.0)?.bearer.provider
    }

    /// The SSO connection that a token came by.
    pub(super) fn connection(&self, token: LoginToken) -> Option<Connection> {
        self.rows.get(token.0)?.bearer.connection()
    }

    /// Makes a token worthless.
    pub(super) fn void(&mut self, token: LoginToken) {
        if let Some(row) = self.rows.get_mut(token.0) {
            row.spent = true;
        }
    }

    /// Looks at a token without using it up.
    pub(super) fn look(
        &self,
        token: LoginToken,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Bearer, Unusable> {
        if self.rows.is_forgotten(token.0) {
            return Err(Unusable::Spent);
        }
        let row = self.rows.get(token.0).filter(|row| row.purpose == purpose);
        let row = row.ok_or(Unusable::Unknown)?;
        if row.spent || now >= row.expires {
            Err(Unusable::Spent)
        } else {
            Ok(row.bearer)
        }
    }
}

/// An intermediate session: some factor is done, another one or the choice of an organization is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Intermediate {
    pub(super) email: Email,
    member: u32,
    pub(super) expires: Timestamp,
    pub(super) factors: Factors,
    connection: Option<Connection>,
    asserted: Option<Email>,
    /// Whether the first factor is one that the organization does not allow.
    pub(super) primary_missing: bool,
    spent: bool,
}

impl Intermediate {
    /// The member who awaits a second factor; none while no organization is chosen.
    pub(super) fn member(&self) -> Option<UserId> {
        (self.member != NONE).then_some(UserId(self.member))
    }

    /// What was proved so far.
    pub(super) fn shown(&self) -> Shown {
        Shown {
            connection: self.connection,
            asserted: self.asserted,
            ..self.factors.into()
        }
    }
}

/// Intermediate sessions. Those that are over are forgotten now and then, which nobody can tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Intermediates {
    rows: Lasting<Intermediate>,
    most: Option<usize>,
}

impl Intermediates {
    pub(super) fn issue(
        &mut self,
        email: Email,
        member: Option<UserId>,
        expires: Timestamp,
        shown: impl Into<Shown>,
        now: Timestamp,
    ) -> IntermediateToken {
        let shown: Shown = shown.into();
        if self.rows.is_due() {
            self.rows
                .sweep(|row| row.spent || now >= row.expires + SLACK);
            if let Some(most) = self.most {
                self.rows.keep_newest(most);
            }
        }
        let member = member.map_or(NONE, |member| member.0);
        IntermediateToken(self.rows.put(Intermediate {
            email,
            member,
            expires,
            factors: shown.factors,
            connection: shown.connection,
            asserted: shown.asserted,
            primary_missing: false,
            spent: false,
        }))
    }

    /// Sets how many of those that are alive are kept at least; any number if nobody does.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = Some(most);
    }

    /// Marks that the first factor is not one that the organization allows.
    pub(super) fn ask_primary(&mut self, token: IntermediateToken) {
        if let Some(row) = self.rows.get_mut(token.0) {
            row.primary_missing = true;
        }
    }

    pub(super) fn live(&self, token: IntermediateToken, now: Timestamp) -> Option<&Intermediate> {
        self.row(token)
            .filter(|row| !row.spent && now < row.expires)
    }

    pub(super) fn row(&self, token: IntermediateToken) -> Option<&Intermediate> {
        self.rows.get(token.0)
    }

    /// Spends every one of a member's. Looks at all.
    pub(super) fn spend_all_of(&mut self, member: UserId) {
        for (_, row) in self.rows.iter_mut() {
            row.spent |= row.member() == Some(member);
        }
    }

    pub(super) fn spend(&mut self, token: IntermediateToken) {
        if let Some(row) = self.rows.get_mut(token.0) {
            row.spent = true;
        }
    }
}
