//! What a request brings along besides its own fields: the session it joins, a verifier, claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::ask::{Actor, Ask};
use super::book::{Bond, merge_deep};
use super::jwt;
use super::names::{Kind, Presented};
use super::problem::Problem;
use crate::stytch::{
    Call, IntermediateToken, LoginToken, OrgId, SessionJwt, SessionToken, Verifier, Vertical, With,
};
use crate::time::Span;

/// Custom claims of a session are at most this long (Stytch docs: 4 KB).
const LONGEST_CLAIMS: usize = 4096;

/// A session as a request names it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Session {
    Token(SessionToken),
    Jwt(SessionJwt),
}

impl Session {
    pub(super) fn token(self) -> SessionToken {
        match self {
            Self::Token(token) => token,
            Self::Jwt(jwt) => SessionToken {
                session: jwt.session,
                handle: 0,
            },
        }
    }
}

impl Session {
    /// The call that authenticates it.
    pub(super) fn authenticate(self, duration: Option<Span>) -> Call {
        match self {
            Self::Token(token) => Call::Authenticate { token, duration },
            Self::Jwt(jwt) => Call::AuthenticateJwt { jwt, duration },
        }
    }
}

impl Ask {
    /// The session with this id.
    pub(super) fn session_of(&self, id: &str) -> SessionToken {
        let session = self.face.0.names.read_id(Kind::Session, id);
        SessionToken {
            session: session.unwrap_or(u32::MAX),
            handle: 0,
        }
    }

    /// The session that the request names by exactly one of token and JWT.
    pub(super) fn session(&self) -> Result<Session, Problem> {
        self.maybe_session()?.ok_or_else(|| {
            Problem::bad(
                "no_session_arguments",
                "One of session_token and session_jwt must be provided.",
            )
        })
    }

    /// The same, where the sandbox's token may stand for a session.
    pub(super) fn session_or_sandbox(&self) -> Result<Session, Problem> {
        let sandbox = match self.fields.text("session_token")? {
            Some(text) if self.fields.raw("session_jwt").is_none() => self.sandbox_session(text),
            _ => None,
        };
        sandbox.map_or_else(|| self.session(), |token| Ok(Session::Token(token)))
    }

    /// The session that the request names, if it names one.
    pub(super) fn maybe_session(&self) -> Result<Option<Session>, Problem> {
        let fields = &self.fields;
        self.shown_session(fields.text("session_token")?, fields.text("session_jwt")?)
    }

    /// The session that a token or a JWT stands for.
    fn shown_session(
        &self,
        token: Option<&str>,
        jwt: Option<&str>,
    ) -> Result<Option<Session>, Problem> {
        match (token, jwt) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(Problem::bad(
                "too_many_session_arguments",
                "Only one of session_token and session_jwt may be provided.",
            )),
            (Some(token), None) => match self.face.0.names.read_session_token(token) {
                Presented::Token(token) => Ok(Some(Session::Token(token))),
                Presented::Malformed => Err(Problem::bad(
                    "invalid_session_token",
                    "Session token format is invalid.",
                )),
            },
            (None, Some(jwt)) => {
                let jwt = self.face.read_session_jwt(jwt)?;
                Ok(Some(Session::Jwt(jwt)))
            }
        }
    }

    /// Whoever holds the live session that the request names.
    pub(super) fn holder(&self) -> Result<Actor, Problem> {
        self.holder_of(self.session()?)
    }

    fn holder_of(&self, session: Session) -> Result<Actor, Problem> {
        let token = session.token();
        let project = self.face.project();
        let live = project.session_is_live(token, self.exchange.stamp().at);
        let row = project.session(token.session).filter(|_| live);
        let person = row.and_then(|row| project.user(row.user));
        let session = token.session;
        person
            .map(|person| Actor { person, session })
            .ok_or_else(Problem::no_session)
    }

    /// Holds the request to what the member may do whose live session comes beside it, if one does.
    pub(super) fn act_for(
        &mut self,
        token: Option<&str>,
        jwt: Option<&str>,
    ) -> Result<(), Problem> {
        if let Some(session) = self.shown_session(token, jwt)? {
            self.actor = Some(Box::new(self.holder_of(session)?));
        }
        Ok(())
    }

    /// The intermediate session that the request names, if it names one.
    pub(super) fn maybe_intermediate(&self) -> Result<Option<IntermediateToken>, Problem> {
        let text = self.fields.text("intermediate_session_token")?;
        Ok(text.map(|text| self.face.0.names.read_intermediate_token(text)))
    }

    /// What a login brings along: a session to join, or an intermediate session, or neither.
    pub(super) fn with(&self) -> Result<With, Problem> {
        // Forms are checked before anything is done: claims of a login are judged here already.
        self.claims()?;
        let session = self.maybe_session()?.map(Session::token);
        let intermediate = match self.face.0.vertical {
            Vertical::Consumer => None,
            Vertical::B2b => self.maybe_intermediate()?,
        };
        if session.is_some() && intermediate.is_some() {
            return Err(Problem::bad(
                "too_many_session_arguments",
                "Only one of session_token, session_jwt and intermediate_session_token may be provided.",
            ));
        }
        Ok(With {
            session,
            intermediate,
            ..With::default()
        })
    }

    /// The same, with the verifier of a token that was sent under a code challenge.
    pub(super) fn with_verifier(&self, token: LoginToken, name: &str) -> Result<With, Problem> {
        let with = self.with()?;
        let given = self.fields.text(name)?;
        if given.is_some_and(|text| !(43..=128).contains(&text.len())) {
            return Err(Problem::bad(
                "invalid_pkce_code_verifier",
                "The code_verifier must have 43 to 128 characters.",
            ));
        }
        let bond = self.face.book().bonds.get(token).cloned();
        let bond = bond.unwrap_or_default();
        self.check_attributes(&bond)?;
        let verifier = match (given, bond.challenge) {
            (None, _) => Verifier::Absent,
            (Some(_), None) => Verifier::Right,
            (Some(given), Some(challenge)) => {
                let fits = URL_SAFE_NO_PAD.encode(Sha256::digest(given)) == challenge;
                if fits {
                    Verifier::Right
                } else {
                    Verifier::Wrong
                }
            }
        };
        Ok(With { verifier, ..with })
    }

    /// Holds `options` against the attributes that the token was sent with.
    fn check_attributes(&self, bond: &Bond) -> Result<(), Problem> {
        let Some(options) = self.fields.object("options")? else {
            return Ok(());
        };
        let now = self.fields.object("attributes")?;
        for (option, attribute) in [
            ("ip_match_required", "ip_address"),
            ("user_agent_match_required", "user_agent"),
        ] {
            if options.get(option) != Some(&Value::Bool(true)) {
                continue;
            }
            let then = bond.attributes.as_ref().and_then(|it| it.get(attribute));
            if then.is_none() || then != now.and_then(|now| now.get(attribute)) {
                return Err(Problem {
                    status: 401,
                    error_type: "attribute_mismatch",
                    message: "Unable to authenticate because attributes on request don't match stored attributes.".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The code challenge in a field of this name.
    pub(super) fn challenge(&self, name: &str) -> Result<Option<String>, Problem> {
        let text = self.fields.text(name)?.or(self.query.text(name)?);
        check_challenge(text)
    }

    /// Remembers what binds a token that was just sent.
    pub(super) fn bind(&self, token: LoginToken, challenge: Option<String>) {
        let attributes = self.fields.raw("attributes").cloned();
        if challenge.is_some() || attributes.is_some() {
            let bond = Bond {
                challenge,
                attributes,
            };
            self.face.book().bonds.put(token, bond);
        }
    }

    /// The request's custom claims, checked.
    fn claims(&self) -> Result<Option<&Map<String, Value>>, Problem> {
        let custom = self.fields.object("session_custom_claims")?;
        let length = custom.map_or(0, |custom| Value::Object(custom.clone()).to_string().len());
        if length > LONGEST_CLAIMS {
            return Err(claims_too_large());
        }
        Ok(custom)
    }

    /// Takes over the request's custom claims and attributes into a session.
    pub(super) fn claim(&self, session: u32) -> Result<(), Problem> {
        let custom = self.claims()?;
        let attributes = self.fields.object("attributes")?;
        let mut book = self.face.book();
        if let Some(custom) = custom {
            let mut claims = book.claims.get(session).cloned().unwrap_or_default();
            merge_deep(&mut claims, &jwt::allowed(custom));
            if Value::Object(claims.clone()).to_string().len() > LONGEST_CLAIMS {
                return Err(claims_too_large());
            }
            book.claims.put(session, claims);
        }
        if let Some(attributes) = attributes {
            let attributes = Value::Object(attributes.clone());
            book.attributes.put(session, attributes);
        }
        Ok(())
    }

    /// Whether an address's domain is among those that an organization names.
    pub(super) fn listed_domain(&self, org: Option<OrgId>, address: &str) -> bool {
        let Some((_, domain)) = address.rsplit_once('@') else {
            return false;
        };
        let profile = org
            .map(|org| self.face.org_profile(org))
            .unwrap_or_default();
        let domains = profile.settings.get("email_allowed_domains");
        let mut domains = domains.and_then(Value::as_array).into_iter().flatten();
        domains.any(|it| {
            it.as_str()
                .is_some_and(|it| it.eq_ignore_ascii_case(domain))
        })
    }
}

/// A code challenge has the form of one.
fn check_challenge(text: Option<&str>) -> Result<Option<String>, Problem> {
    let fits = |text: &&str| {
        URL_SAFE_NO_PAD
            .decode(text)
            .is_ok_and(|bytes| bytes.len() == 32)
    };
    match text {
        None => Ok(None),
        Some(text) if fits(&text) => Ok(Some(text.to_owned())),
        Some(_) => Err(Problem::bad(
            "invalid_pkce_code_challenge",
            "The code_challenge must be the base64url-encoded SHA-256 hash of a code_verifier.",
        )),
    }
}

fn claims_too_large() -> Problem {
    Problem::bad(
        "custom_claims_too_large",
        "The custom claims are larger than 4 KB.",
    )
}
