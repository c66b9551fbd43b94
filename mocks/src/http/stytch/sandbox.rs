//! Stytch's sandbox values: texts that a test project answers the same way always (Stytch docs).

use super::Face;
use super::ask::Ask;
use super::problem::Problem;
use crate::email::Email;
use crate::stytch::{
    Factor, LoginToken, OrgId, Project, Proof, SeedOrg, SeedUser, SessionToken, UserId, Vertical,
};
use crate::time::{Span, Timestamp};

/// The sandbox's address.
pub(super) const ADDRESS: &str = "sandbox@stytch.com";
/// The sandbox's telephone number.
pub(super) const PHONE: &str = "+10000000000";
/// The code that the sandbox's number always gets.
pub(super) const CODE: &str = "000000";
/// The sandbox's user.
pub(super) const USER: &str = "user-test-e3795c81-f849-4167-bfda-e4a6e9c280fd";
/// The sandbox's organization.
pub(super) const ORGANIZATION: &str = "organization-test-007d9d4a-deac-4a87-ba0a-e6e8afba4d4b";

const LINK_GOOD: &str = "DOYoip3rvIMMW5lgItikFK-Ak1CfMsgjuiCyI7uuU94=";
const LINK_USED: &str = "3pzjQpgksDlGKWEwUq2Up--hCHC_0oamfLHyfspKDFU=";
const LINK_UNKNOWN: &str = "CprTtwhnRNiMBiUS2jSLcWYrfuO2POeBNdo5HhW6qTM=";
const OAUTH_GOOD: &str = "hdPVZHHX0UoRa7hJTuuPHi1vlddffSnoweRbVFf5-H8g";
const SESSION_GOOD: &str = "WJtR5BCy38Szd5AfoDpf0iqFKEt4EE5JhjlWUY7l3FtY";

impl Face {
    /// Who stands for the sandbox, made when first asked for; nobody in a live project.
    fn sandbox(&self) -> Option<(UserId, Option<OrgId>)> {
        if !self.0.names.is_test() {
            return None;
        }
        if let Some(known) = self.book().sandbox {
            return Some(known);
        }
        let email = self.email(ADDRESS);
        let mut project = self.project();
        let org = match self.0.vertical {
            Vertical::Consumer => None,
            Vertical::B2b => Some(project.seed_org(SeedOrg::default())),
        };
        let user = project.seed_user(SeedUser {
            email,
            org,
            has_password: true,
            verified: true,
            mfa_enrolled: false,
        });
        let mut book = self.book();
        // Two calls may have come at once: the first one's stays.
        Some(*book.sandbox.get_or_insert((user, org)))
    }

    /// The sandbox's user or member, where a text is its id.
    pub(super) fn sandbox_person(&self, text: &str) -> Option<UserId> {
        (text == USER)
            .then(|| self.sandbox())?
            .map(|(user, _)| user)
    }

    /// The sandbox's organization, where a text is its id.
    pub(super) fn sandbox_org(&self, text: &str) -> Option<OrgId> {
        (text == ORGANIZATION).then(|| self.sandbox())??.1
    }
}

impl Ask {
    /// Whether sandbox values mean something: in test projects, and to servers alone (Stytch docs).
    pub(super) fn knows_sandbox(&self) -> bool {
        self.face.0.names.is_test() && !self.by_page
    }

    /// Makes the sandbox's person ready if an address is theirs.
    pub(super) fn note_sandbox_address(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(ADDRESS)
            && self.face.0.vertical == Vertical::Consumer
            && self.knows_sandbox()
            && self.face.sandbox().is_some()
    }

    /// Whether this is the password of whoever has the address; the sandbox's person has them all.
    pub(super) async fn proof(&self, email: Email, org: Option<OrgId>, password: &str) -> Proof {
        let found = self.face.project().find_user(email, org);
        let sandbox = self.face.book().sandbox;
        let is_sandbox = sandbox.is_some_and(|(known, _)| Some(known) == found);
        if is_sandbox && self.knows_sandbox() {
            return Proof::RightPassword;
        }
        self.face.proof(email, org, password).await
    }

    /// The token behind the text of a magic link, sandbox values included.
    pub(super) fn link_token(&self, text: &str) -> Result<LoginToken, Problem> {
        self.link_or_discovery(text, Project::seed_magic_link)
    }

    /// The token behind the text of a discovery link, sandbox values included.
    pub(super) fn discovery_token(&self, text: &str) -> Result<LoginToken, Problem> {
        self.link_or_discovery(text, Project::seed_discovery)
    }

    fn link_or_discovery(
        &self,
        text: &str,
        seed: fn(&mut Project, UserId, Timestamp) -> Option<LoginToken>,
    ) -> Result<LoginToken, Problem> {
        let names = &self.face.0.names;
        if !self.knows_sandbox() {
            return Ok(names.read_login_token(text));
        }
        match text {
            LINK_GOOD => {
                let user = self.face.sandbox().map(|(user, _)| user);
                let at = self.exchange.stamp().at;
                let token = user.and_then(|user| seed(&mut self.face.project(), user, at));
                Ok(token.unwrap_or(LoginToken(u32::MAX)))
            }
            LINK_USED => Err(Problem {
                status: 401,
                error_type: "unable_to_auth_magic_link",
                message: "The magic link could not be authenticated because it was either already used or expired. Send another magic link to this user.".to_owned(),
            }),
            LINK_UNKNOWN => Ok(LoginToken(u32::MAX)),
            _ => Ok(names.read_login_token(text)),
        }
    }

    /// The token behind the text of a social login, sandbox values included.
    pub(super) fn oauth_token(&self, text: &str) -> LoginToken {
        let names = &self.face.0.names;
        if text == OAUTH_GOOD && self.knows_sandbox() {
            let user = self.face.sandbox().map(|(user, _)| user);
            let at = self.exchange.stamp().at;
            let token = user.and_then(|user| self.face.project().seed_oauth(user, at));
            return token.unwrap_or(LoginToken(u32::MAX));
        }
        names.read_login_token(text)
    }

    /// A live session of the sandbox's person, where a text is the sandbox's session token.
    pub(super) fn sandbox_session(&self, text: &str) -> Option<SessionToken> {
        let asked = text == SESSION_GOOD && self.knows_sandbox();
        let (user, _) = asked.then(|| self.face.sandbox())??;
        let at = self.exchange.stamp().at;
        let hour = Span::from_mins(60);
        let mut project = self.face.project();
        let opened = project.seed_session(user, at, hour, Factor::MagicLink)?;
        Some(opened.token)
    }
}
