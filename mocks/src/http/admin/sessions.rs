//! Sessions that exist without anybody having logged in: with their tokens, or in bulk without.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::addresses::{Address, Pattern};
use super::people::organizations_of;
use super::problem::Problem;
use super::words::{Provider, within};
use crate::auth0::{self, Audience, Connection, Scopes, SeedSession};
use crate::email::Email;
use crate::stytch::{self, Factor, Opened};
use crate::time::Span;

/// Sessions with tokens in one request, at most: each is signed, which takes half a millisecond.
const LISTED: usize = 1_000;

/// Sessions of some people.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSessions {
    /// At which provider.
    provider: Provider,
    /// Whose: people that were seeded. One session each.
    #[schemars(length(max = 1_000))]
    emails: Vec<Address>,
    /// How long ago they began, in seconds. Default 0.
    #[schemars(range(min = 0, max = 31_536_000))]
    age_s: Option<u32>,
    /// How long a Stytch session lasts from its beginning, in minutes. Default 60.
    #[schemars(range(min = 5, max = 527_040))]
    stytch_duration_minutes: Option<u32>,
}

/// Sessions of people whose addresses differ in a number alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionsOfSeries {
    /// At which provider.
    provider: Provider,
    /// Their addresses, as they were seeded.
    emails: Pattern,
    /// How many.
    #[schemars(range(min = 1, max = 5_000_000))]
    count: u32,
    /// The first number. Default 1.
    #[schemars(range(min = 0, max = 4_000_000_000_u32))]
    first: Option<u32>,
    /// How long ago they began, in seconds. Default 0.
    #[schemars(range(min = 0, max = 31_536_000))]
    age_s: Option<u32>,
    /// How long a Stytch session lasts from its beginning, in minutes. Default 60.
    #[schemars(range(min = 5, max = 527_040))]
    stytch_duration_minutes: Option<u32>,
}

/// A session with its tokens.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
struct OpenSession {
    /// Whose.
    email: String,
    /// Auth0's access token, for the application's API and `UserInfo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Auth0's refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Stytch's session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// Stytch's session JWT.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_jwt: Option<String>,
}

/// What was opened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct WithTokens {
    /// In the order of the request.
    sessions: Vec<OpenSession>,
}

/// What was opened, counted.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(super) struct Counted {
    /// Sessions that were opened.
    opened: u64,
    /// Addresses that nobody has at the provider.
    unknown: u64,
}

pub(super) fn open(admin: &Admin, new: NewSessions) -> Result<WithTokens, Problem> {
    if new.emails.len() > LISTED {
        return Err(Problem::bad(format!(
            "{} sessions are too many for one request with tokens: ask for up to {LISTED}, or use /sessions/series",
            new.emails.len()
        )));
    }
    let opening = Opening::of(admin, new.age_s, new.stytch_duration_minutes)?;
    let people = new.emails.iter().map(|address| {
        let email = admin.directory.intern(&address.0);
        opening
            .knows(new.provider, email)
            .then_some(email)
            .ok_or_else(|| {
                Problem::missing(format!(
                    "nobody has the address `{}` there: POST /people seeds people",
                    address.0
                ))
            })
    });
    let people: Vec<Email> = people.collect::<Result<_, _>>()?;
    let sessions = people
        .iter()
        .zip(&new.emails)
        .filter_map(|(email, address)| {
            let opened = opening.open(new.provider, *email)?;
            Some(opening.with_tokens(&address.0, &opened))
        });
    Ok(WithTokens {
        sessions: sessions.collect(),
    })
}

pub(super) fn open_series(admin: &Admin, new: SessionsOfSeries) -> Result<Counted, Problem> {
    within("count", new.count, 1, 5_000_000)?;
    within("first", new.first.unwrap_or(1), 0, 4_000_000_000)?;
    admin.has_room_for_sessions(new.count as usize)?;
    let opening = Opening::of(admin, new.age_s, new.stytch_duration_minutes)?;
    let first = u64::from(new.first.unwrap_or(1));
    let mut counted = Counted {
        opened: 0,
        unknown: 0,
    };
    for email in admin.emails(&new.emails, first..first + u64::from(new.count))? {
        match opening.open(new.provider, email) {
            Some(_) => counted.opened += 1,
            None => counted.unknown += 1,
        }
    }
    Ok(counted)
}

/// How sessions are opened.
struct Opening<'a> {
    admin: &'a Admin,
    began: crate::time::Timestamp,
    length: Span,
    orgs: Vec<Option<stytch::OrgId>>,
}

enum Made {
    Auth0(auth0::AccessToken, Option<auth0::RefreshToken>),
    Stytch(Opened),
}

impl<'a> Opening<'a> {
    fn of(admin: &'a Admin, age_s: Option<u32>, minutes: Option<u32>) -> Result<Self, Problem> {
        let (age_s, minutes) = (age_s.unwrap_or(0), minutes.unwrap_or(60));
        within("age_s", age_s, 0, 31_536_000)?;
        within("stytch_duration_minutes", minutes, 5, 527_040)?;
        let mut orgs: Vec<Option<stytch::OrgId>> =
            organizations_of(admin).ids().map(Some).collect();
        if orgs.is_empty() {
            orgs.push(None);
        }
        Ok(Self {
            admin,
            began: admin.now() - Span::from_secs(age_s.into()),
            length: Span::from_mins(minutes.into()),
            orgs,
        })
    }

    fn user(&self, email: Email) -> Option<auth0::UserId> {
        let all = [Connection::Database, Connection::Email, Connection::Google];
        self.admin.auth0.with_tenant(|tenant| {
            all.into_iter()
                .find_map(|connection| tenant.find_user(email, connection))
        })
    }

    fn person(&self, email: Email) -> Option<stytch::UserId> {
        let project = self.admin.stytch.project();
        self.orgs
            .iter()
            .find_map(|org| project.find_user(email, *org))
    }

    fn knows(&self, provider: Provider, email: Email) -> bool {
        match provider {
            Provider::Auth0 => self.user(email).is_some(),
            Provider::Stytch => self.person(email).is_some(),
        }
    }

    fn open(&self, provider: Provider, email: Email) -> Option<Made> {
        match provider {
            Provider::Auth0 => {
                let scopes = Scopes {
                    openid: true,
                    profile: true,
                    email: true,
                    offline: true,
                };
                let seed = SeedSession {
                    user: self.user(email)?,
                    login_at: self.began,
                    last_used: self.began,
                    scopes,
                    audience: Audience::issued(scopes, true),
                    with_refresh: true,
                };
                let (access, refresh) = self
                    .admin
                    .auth0
                    .with_tenant(|tenant| tenant.seed_family(seed));
                Some(Made::Auth0(access, refresh))
            }
            Provider::Stytch => {
                let person = self.person(email)?;
                let mut project = self.admin.stytch.project();
                project
                    .seed_session(person, self.began, self.length, Factor::Password)
                    .map(Made::Stytch)
            }
        }
    }

    fn with_tokens(&self, address: &str, made: &Made) -> OpenSession {
        let mut session = OpenSession {
            email: address.to_owned(),
            access_token: None,
            refresh_token: None,
            session_token: None,
            session_jwt: None,
        };
        match made {
            Made::Auth0(access, refresh) => {
                session.access_token = Some(self.admin.auth0.mint_access_token(access));
                session.refresh_token =
                    refresh.map(|refresh| self.admin.auth0.refresh_token_text(refresh));
            }
            Made::Stytch(opened) => {
                session.session_token = Some(self.admin.stytch.session_token_text(opened.token));
                session.session_jwt = self.admin.stytch.session_jwt_text(&opened.jwt);
            }
        }
        session
    }
}
