//! Answers that open a session, or ask for a second factor first.

use cutover_mocks::stytch::{IntermediateToken, Opened, OrgId, Reply, SessionJwt, SessionToken};
use serde::Deserialize;

use super::{SessionClaims, Stytch};

/// Between the parts of one text in the wallet; none of them contains it.
pub(super) const SEPARATOR: &str = "\n";

/// An intermediate token in the wallet: the second factor's calls name the member and the
/// organization as well.
pub(super) fn whole(token: String, organization: String, member: String) -> String {
    [token, organization, member].join(SEPARATOR)
}

/// An answer that opens a session, of either product.
#[derive(Debug, Deserialize)]
pub(super) struct Authenticated {
    user_id: Option<String>,
    member_id: Option<String>,
    organization_id: Option<String>,
    #[serde(default)]
    session_token: String,
    #[serde(default)]
    session_jwt: String,
    #[serde(default)]
    intermediate_session_token: Option<String>,
    user: Option<User>,
    member: Option<Member>,
}

#[derive(Debug, Deserialize)]
struct User {
    emails: Vec<UserEmail>,
}

#[derive(Debug, Deserialize)]
struct UserEmail {
    email: String,
}

#[derive(Debug, Deserialize)]
struct Member {
    email_address: String,
}

impl Stytch {
    /// What an answer opens.
    pub(super) fn opened(&self, given: Authenticated) -> Option<Reply> {
        if given.session_jwt.is_empty() {
            return match given
                .intermediate_session_token
                .filter(|token| !token.is_empty())
            {
                Some(token) => {
                    let whole = whole(token, given.organization_id?, given.member_id?);
                    Some(Reply::SecondFactorNeeded(IntermediateToken(
                        self.wallet.know(&whole),
                    )))
                }
                None => Some(Reply::NoSession(
                    self.person_of(&given.user_id.or(given.member_id)?),
                )),
            };
        }
        let claims = SessionClaims::of(&given.session_jwt)?;
        let jwt = SessionJwt {
            handle: self.wallet.keep(&given.session_jwt),
            ..self.claimed(&claims)?
        };
        let address = match (given.user, given.member) {
            (Some(user), _) => user.emails.into_iter().next()?.email,
            (None, Some(member)) => member.email_address,
            (None, None) => return None,
        };
        Some(Reply::Session(Opened {
            token: SessionToken {
                session: jwt.session,
                handle: self.wallet.know(&given.session_token),
            },
            jwt,
            email: self.directory.intern(&address),
        }))
    }

    /// What the claims of a session JWT say.
    pub(super) fn claimed(&self, claims: &SessionClaims) -> Option<SessionJwt> {
        claims.read(
            |id| self.wallet.know(id),
            |id| {
                self.org_named(id)
                    .unwrap_or_else(|| OrgId(self.wallet.know(id)))
            },
        )
    }
}
