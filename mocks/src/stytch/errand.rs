//! Calls that the API has and no rehearsal makes: records, imports, halves of flows, discovery.

use super::call::{
    Endpoint, IntermediateToken, LoginToken, OrgId, Proof, Reply, SessionToken, UserId,
};
use super::discovery::Discovery;
use super::enter::Enter;
use super::means::MeansId;
use super::means_calls::Keep;
use super::members::Membership;
use super::org_rules::OrgRules;
use super::sso::Sso;
use super::with::Phone;
use crate::email::Email;
use crate::time::Span;

/// A call that only the wire knows.
///
/// [`Self::StartReset`] and [`Self::SendSms`] are first halves of what [`super::Call::ResetPassword`]
/// and [`super::Call::SecondFactor`] do in one: they meet no fault and no limit, take no time and
/// are not counted, so that the two requests together are exactly that one call. A first half that
/// leads nowhere is answered, and counted, as the whole call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// `POST …/passwords/email/reset/start`.
    StartReset {
        /// Whose password.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// How long the token is good; none: as the project sets it.
        life: Option<Span>,
    },
    /// `POST …/passwords/email/reset` with the mailed token.
    FinishReset {
        /// The mailed token.
        token: LoginToken,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/passwords/existing_password/reset`: a new password for the old one.
    ReplacePassword {
        /// Whose password.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// Whether the old one was right.
        proof: Proof,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/passwords/migrate`: imports a hash, and the person where they are missing.
    ImportPassword {
        /// Whose password.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// `set_email_verified`; B2B imports always verify.
        verified: bool,
    },
    /// `POST …/otps/email/send` (`create` false), `…/login_or_create` (true): mails a code.
    SendCode {
        /// Who.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// Whether an unknown person is created.
        create: bool,
        /// How long the code is good.
        life: Span,
    },
    /// `POST /v1/otps/{sms|whatsapp}/send` (`create` false), `…/login_or_create` (true).
    SendText {
        /// Where to.
        phone: Phone,
        /// Whether it goes by `WhatsApp`.
        whatsapp: bool,
        /// Whether an unknown person is created.
        create: bool,
        /// How long the code is good.
        life: Span,
    },
    /// `POST …/otps/authenticate` with a mailed code or a text message.
    Code {
        /// The token of the newest code mailed to the person.
        token: LoginToken,
        /// What they typed.
        proof: Proof,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/magic_links/email/send`, which creates nobody, or a send with lifetimes of its own.
    SendMagicLink {
        /// Who.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// Whether an unknown person is created, if the settings allow it.
        create: bool,
        /// How long the link is good, where not as long as the settings say.
        life: Option<Span>,
    },
    /// `POST …/sessions/revoke` with a member id, or a user's revocation: all of their sessions.
    RevokeAll(UserId),
    /// `GET …/sessions`: reading a person's sessions.
    ListSessions(UserId),
    /// `POST /v1/b2b/sessions/exchange`: a session in another organization of the same person.
    Exchange {
        /// The session to exchange.
        token: SessionToken,
        /// The organization to go to.
        org: OrgId,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/b2b/magic_links/email/discovery/send`.
    SendDiscovery {
        /// Whose address is to be shown.
        email: Email,
        /// How long the link is good; none: as the project sets it.
        life: Option<Span>,
    },
    /// `POST /v1/b2b/magic_links/discovery/authenticate`.
    Discover(LoginToken),
    /// `POST /v1/b2b/discovery/intermediate_sessions/exchange`.
    ExchangeIntermediate {
        /// The intermediate session.
        token: IntermediateToken,
        /// The organization to go to.
        org: OrgId,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/b2b/otps/sms/send`.
    SendSms(IntermediateToken),
    /// `POST /v1/b2b/organizations`.
    CreateOrg(OrgRules),
    /// `PUT /v1/b2b/organizations/{org}`.
    UpdateOrg {
        /// The organization.
        org: OrgId,
        /// Its settings from now on.
        rules: OrgRules,
    },
    /// `DELETE /v1/b2b/organizations/{org}`, with all members.
    DeleteOrg(OrgId),
    /// `PUT` on a user or member.
    UpdateUser {
        /// Who.
        user: UserId,
        /// The new `mfa_enrolled`, if it changes.
        mfa_enrolled: Option<bool>,
    },
    /// `DELETE` on a user or member.
    DeleteUser(UserId),
    /// Ways in that no rehearsal takes.
    Enter(Enter),
    /// Logins by SSO connections (B2B).
    Sso(Sso),
    /// What people have: addresses, numbers, apps, ties.
    Keep(Keep),
    /// Where members stand.
    Membership(Membership),
    /// Choosing an organization after showing an address.
    Discovery(Discovery),
    /// A read or a search of records, which the codec answers from [`super::Project`]'s views.
    Read {
        /// The person who is read, and so has to exist.
        user: Option<UserId>,
        /// The organization that is read, and so has to exist.
        org: Option<OrgId>,
    },
    /// A request that the API refuses by its form, before any rule of the project matters; it meets
    /// faults and limits and is counted like any other.
    Rejected {
        /// The endpoint it was sent to.
        endpoint: Endpoint,
        /// HTTP status of the refusal.
        status: u16,
    },
}

/// A successful answer to an errand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrandReply {
    /// As to a call.
    Reply(Reply),
    /// An organization was created.
    Organization(OrgId),
    /// A password was imported.
    Imported {
        /// For whom.
        user: UserId,
        /// Whether they were created by this call.
        created: bool,
    },
    /// A person was created, or is known, and has this address, number or app.
    Has {
        /// Who.
        user: UserId,
        /// The id of what they have.
        id: MeansId,
    },
    /// An organization was created, and its first member has logged in.
    Founded {
        /// The organization.
        org: OrgId,
        /// The login.
        login: Reply,
    },
}

/// An answer to an errand.
pub type ErrandAnswer = crate::answer::Answer<ErrandReply, super::Error>;

impl Errand {
    /// A read of somebody or something that has to exist, or of neither.
    pub const fn read(user: Option<UserId>, org: Option<OrgId>) -> Self {
        Self::Read { user, org }
    }

    /// The endpoint that takes this errand; none for a first half.
    pub const fn endpoint(&self) -> Option<Endpoint> {
        Some(match self {
            Self::StartReset { .. } | Self::SendSms(_) => return None,
            Self::FinishReset { .. } | Self::ReplacePassword { .. } => Endpoint::PasswordChange,
            Self::SendCode { .. }
            | Self::SendText { .. }
            | Self::SendMagicLink { .. }
            | Self::SendDiscovery { .. } => Endpoint::SendMagicLink,
            Self::Enter(enter) => enter.endpoint(),
            Self::Sso(sso) => sso.endpoint(),
            Self::Discovery(discovery) => discovery.endpoint(),
            Self::Membership(membership) => membership.endpoint(),
            Self::Code { .. } | Self::Discover(_) => Endpoint::MagicLink,
            Self::RevokeAll(_) => Endpoint::Revoke,
            Self::Exchange { .. } | Self::ExchangeIntermediate { .. } | Self::ListSessions(_) => {
                Endpoint::Other
            }
            Self::ImportPassword { .. }
            | Self::CreateOrg(_)
            | Self::Keep(_)
            | Self::UpdateOrg { .. }
            | Self::DeleteOrg(_)
            | Self::UpdateUser { .. }
            | Self::DeleteUser(_)
            | Self::Read { .. } => Endpoint::Records,
            Self::Rejected { endpoint, .. } => *endpoint,
        })
    }
}
