//! How the tenant's ids and tokens look on the wire, and back.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::dpop::Thumbprint;
use super::opaque;
use crate::auth0::{
    AccessToken, Audience, Code, Connection, RefreshToken, Scopes, SsoSession, Transaction, UserId,
};
use crate::http::seal::{Generation, Seal};
use crate::http::signing::KeyRing;
use crate::keys::KeyId;
use crate::luck::mix;
use crate::time::Timestamp;

const REFRESH: Seal = Seal::new("auth0 refresh token");
const CODE: Seal = Seal::new("auth0 code");
const TRANSACTION: Seal = Seal::new("auth0 transaction");
const SSO: Seal = Seal::new("auth0 session");
const SID: Seal = Seal::new("auth0 sid");
const MFA: Seal = Seal::new("auth0 mfa");
const DEVICE: Seal = Seal::new("auth0 device");
const INVITATION: Seal = Seal::new("auth0 invitation");
const LOGIN_TICKET: Seal = Seal::new("auth0 login ticket");
const PUSHED: Seal = Seal::new("auth0 pushed request");

/// `v1.…`, as Auth0 writes refresh tokens.
pub fn refresh_token(of: Generation, token: RefreshToken) -> String {
    format!(
        "v1.{}",
        REFRESH
            .of(of)
            .close_id(u64::from(token.family) << 32 | u64::from(token.generation))
    )
}

/// The refresh token behind a text.
pub fn read_refresh_token(of: Generation, text: &str) -> Option<RefreshToken> {
    let id = REFRESH.of(of).open_id(text.strip_prefix("v1.")?)?;
    Some(RefreshToken {
        family: (id >> 32) as u32,
        generation: id as u32,
    })
}

/// The `code` of a redirect.
pub fn code(of: Generation, code: Code) -> String {
    CODE.of(of).close_id(code.0.into())
}

/// The code behind a text.
pub fn read_code(of: Generation, text: &str) -> Option<Code> {
    Some(Code(CODE.of(of).open_id(text)?.try_into().ok()?))
}

/// The `state` of a login page.
pub fn transaction(of: Generation, transaction: Transaction) -> String {
    TRANSACTION.of(of).close_id(transaction.0.into())
}

/// The login behind a login page's `state`.
pub fn read_transaction(of: Generation, text: &str) -> Option<Transaction> {
    Some(Transaction(
        TRANSACTION.of(of).open_id(text)?.try_into().ok()?,
    ))
}

/// The value of the `auth0` cookie.
pub fn sso(of: Generation, session: SsoSession) -> String {
    SSO.of(of).close_id(session.0.into())
}

/// The session behind a cookie.
pub fn read_sso(of: Generation, text: &str) -> Option<SsoSession> {
    Some(SsoSession(SSO.of(of).open_id(text)?.try_into().ok()?))
}

/// A session's id, as `sid` and the Management API tell it: whoever knows it has no session.
pub fn sid(of: Generation, session: SsoSession) -> String {
    SID.of(of).close_id(session.0.into())
}

/// The session behind an id.
pub fn read_sid(of: Generation, text: &str) -> Option<SsoSession> {
    Some(SsoSession(SID.of(of).open_id(text)?.try_into().ok()?))
}

/// The token of somebody who owes a second factor.
pub fn mfa_token(of: Generation, number: u32) -> String {
    MFA.of(of).close_id(number.into())
}

/// Who owes a second factor.
pub fn read_mfa_token(of: Generation, text: &str) -> Option<u32> {
    MFA.of(of).open_id(text)?.try_into().ok()
}

/// The code that a device polls with.
pub fn device_code(of: Generation, number: u32) -> String {
    DEVICE.of(of).close_id(number.into())
}

/// The device behind a code.
pub fn read_device_code(of: Generation, text: &str) -> Option<u32> {
    DEVICE.of(of).open_id(text)?.try_into().ok()
}

/// The ticket of somebody who logged in on an application's page.
pub fn login_ticket(of: Generation, number: u32) -> String {
    LOGIN_TICKET.of(of).close_id(number.into())
}

/// Who logged in on an application's page.
pub fn read_login_ticket(of: Generation, text: &str) -> Option<u32> {
    LOGIN_TICKET.of(of).open_id(text)?.try_into().ok()
}

/// The `request_uri` of a pushed request (RFC 9126).
pub fn request_uri(of: Generation, number: u32) -> String {
    format!("{REQUEST_URI}{}", PUSHED.of(of).close_id(number.into()))
}

/// The pushed request behind a `request_uri`.
pub fn read_request_uri(of: Generation, text: &str) -> Option<u32> {
    let id = PUSHED.of(of).open_id(text.strip_prefix(REQUEST_URI)?)?;
    id.try_into().ok()
}

/// How each `request_uri` begins.
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

/// The ticket of an invitation.
pub fn invitation(of: Generation, number: u32) -> String {
    INVITATION.of(of).close_id(number.into())
}

/// The invitation behind a ticket.
pub fn read_invitation(of: Generation, text: &str) -> Option<u32> {
    INVITATION.of(of).open_id(text)?.try_into().ok()
}

/// A time as Auth0 writes it: RFC 3339 with milliseconds.
pub fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros()).map_or_else(
        |_| "9999-12-31T23:59:59.999Z".to_owned(),
        |at| format!("{at:.3}"),
    )
}

/// A network address as far as it is known: machines keep only a handle of an IPv6 one.
pub fn address(address: crate::auth0::Address) -> String {
    let [a, b, c, d] = address.0.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

/// The name of a connection.
pub const fn connection(connection: Connection) -> &'static str {
    match connection {
        Connection::Database => "Username-Password-Authentication",
        Connection::Email => "email",
        Connection::Google => "google-oauth2",
        Connection::Sms => "sms",
    }
}

/// The connection of a name.
pub fn read_connection(name: &str) -> Option<Connection> {
    Connection::ALL
        .into_iter()
        .find(|known| connection(*known) == name)
}

/// The provider of an identity: the part of a user id before the bar.
pub const fn provider(connection: Connection) -> &'static str {
    match connection {
        Connection::Database => "auth0",
        Connection::Email => "email",
        Connection::Google => "google-oauth2",
        Connection::Sms => "sms",
    }
}

/// The part of a user id after the bar: 24 hexadecimal digits, or Google's 21 decimal ones.
pub fn identity(id: UserId, from: Connection) -> String {
    let mut text = String::with_capacity(LONGEST_USER_ID);
    push_identity(&mut text, id, from);
    text
}

/// `google-oauth2|` and 21 digits.
const LONGEST_USER_ID: usize = 35;

fn push_identity(text: &mut String, id: UserId, from: Connection) {
    let tag = mix(0x00a7_0001 ^ u64::from(id.0));
    let written = match from {
        Connection::Google => {
            write!(
                text,
                "1{:010}{:010}",
                id.0 ^ GOOGLE_MASK,
                tag % 10_000_000_000
            )
        }
        Connection::Database | Connection::Email | Connection::Sms => {
            push_hex(text, tag, 16);
            push_hex(text, u64::from(id.0 ^ tag as u32), 8);
            Ok(())
        }
    };
    written.expect("a string takes all text");
}

/// The lowest digits of a number; a good deal cheaper than formatting it, and in every `sub`.
fn push_hex(text: &mut String, number: u64, digits: u32) {
    let digits = (0..digits)
        .rev()
        .map(|place| (number >> (4 * place) & 15) as u32);
    text.extend(digits.filter_map(|digit| char::from_digit(digit, 16)));
}

/// So that Google's ids do not look counted.
const GOOGLE_MASK: u32 = 0x5bd1_e995;

/// A user id, as in `sub`: `auth0|…`, `email|…` or `google-oauth2|…`.
pub fn user_id(id: UserId, from: Connection) -> String {
    let mut text = String::with_capacity(LONGEST_USER_ID);
    text.push_str(provider(from));
    text.push('|');
    push_identity(&mut text, id, from);
    text
}

/// The user behind a user id.
pub fn read_user_id(text: &str) -> Option<UserId> {
    let (named, digits) = text.split_once('|')?;
    let from = match named {
        "auth0" => Connection::Database,
        "email" => Connection::Email,
        "google-oauth2" => Connection::Google,
        "sms" => Connection::Sms,
        _ => return None,
    };
    let id = match from {
        Connection::Google => digits.get(1..11)?.parse::<u32>().ok()? ^ GOOGLE_MASK,
        Connection::Database | Connection::Email | Connection::Sms => {
            let tag = u64::from_str_radix(digits.get(..16)?, 16).ok()?;
            u32::from_str_radix(digits.get(16..24)?, 16).ok()? ^ tag as u32
        }
    };
    (identity(UserId(id), from) == digits).then_some(UserId(id))
}

/// The text of `scope`.
pub fn scope(scopes: Scopes) -> String {
    let asked = [
        (scopes.openid, "openid"),
        (scopes.profile, "profile"),
        (scopes.email, "email"),
        (scopes.offline, "offline_access"),
    ];
    let names: Vec<&str> = asked
        .into_iter()
        .filter_map(|(asked, name)| asked.then_some(name))
        .collect();
    names.join(" ")
}

/// The scopes of a `scope`; those that do not matter here are dropped.
pub fn read_scope(text: &str) -> Scopes {
    let asked = |name| text.split_whitespace().any(|scope| scope == name);
    Scopes {
        openid: asked("openid"),
        profile: asked("profile"),
        email: asked("email"),
        offline: asked("offline_access"),
    }
}

/// Who issues tokens, and for whom: what access tokens say beyond their claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// `iss`, with its slash at the end.
    pub issuer: String,
    /// The application's `client_id`.
    pub client_id: String,
    /// The identifier of the application's API.
    pub api: String,
    /// Texts of other generations are nobody's.
    pub generation: Generation,
}

/// An access token as a JWT (Auth0's own profile).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct AccessClaims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: OneOrMany,
    pub(super) iat: i64,
    pub(super) exp: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gty: Option<String>,
    pub(super) azp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) org_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) org_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) permissions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cnf: Option<Thumbprint>,
    /// How many resets there were before. No claim of Auth0's; a JWT shows what it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cutover_reset: Option<u32>,
}

/// `aud`: Auth0 writes a single audience as a string.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// A token that nothing accepts: what a text stands for that is not one of the tenant's tokens.
pub const NO_TOKEN: AccessToken = AccessToken {
    subject: UserId(u32::MAX),
    issued: Timestamp::from_secs(0),
    expires: Timestamp::from_secs(0),
    scopes: Scopes {
        openid: false,
        profile: false,
        email: false,
        offline: false,
    },
    audience: Audience {
        api: false,
        userinfo: false,
    },
    key: KeyId(0),
    handle: 0,
};

impl Parties {
    /// The audience that `UserInfo` looks for.
    pub fn userinfo_audience(&self) -> String {
        format!("{}userinfo", self.issuer)
    }

    /// The audience of the Management API.
    pub fn management_audience(&self) -> String {
        format!("{}api/v2/", self.issuer)
    }

    /// Whether an audience is that of the Management API. Clients write `https` even where they come
    /// by plain HTTP.
    pub fn is_management(&self, audience: &str) -> bool {
        let own = self.management_audience();
        match (audience.split_once("://"), own.split_once("://")) {
            (Some(("http" | "https", asked)), Some((_, own))) => asked == own,
            _ => audience == own,
        }
    }

    /// The audience of the API for second factors.
    pub fn mfa_audience(&self) -> String {
        format!("{}mfa/", self.issuer)
    }

    /// The text of an access token: a signed JWT, or an opaque one if it is for no API. The same
    /// claims give the same text.
    pub fn access_token(&self, keys: KeyRing, token: &AccessToken, subject: Connection) -> String {
        if !token.audience.api {
            return opaque::write(self.generation, token, 0);
        }
        let aud = if token.audience.userinfo {
            OneOrMany::Many(vec![self.api.clone(), self.userinfo_audience()])
        } else {
            OneOrMany::One(self.api.clone())
        };
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            sub: user_id(token.subject, subject),
            aud,
            iat: token.issued.as_secs(),
            exp: token.expires.as_secs(),
            scope: scope(token.scopes),
            gty: None,
            azp: self.client_id.clone(),
            org_id: None,
            org_name: None,
            permissions: None,
            cnf: None,
            cutover_reset: self.generation.told(),
        };
        keys.sign_here(token.key, &claims)
    }

    /// The access token behind a text, its signature and issuer checked, its times not.
    pub fn verify_access_token(&self, keys: KeyRing, text: &str) -> Option<AccessToken> {
        if !text.contains('.') {
            return opaque::read(self.generation, text);
        }
        let (key, claims) = keys.verify::<AccessClaims>(text).ok()?;
        self.claimed(key, &claims, read_user_id(&claims.sub)?)
    }

    /// The same, where ids may have been chosen by hand: `whose` tells whose an id is.
    pub(super) fn verify_for(
        &self,
        keys: KeyRing,
        text: &str,
        whose: impl FnOnce(&str) -> Option<UserId>,
    ) -> Option<AccessToken> {
        if !text.contains('.') {
            return opaque::read(self.generation, text);
        }
        let (key, claims) = keys.verify::<AccessClaims>(text).ok()?;
        self.claimed(key, &claims, whose(&claims.sub)?)
    }

    /// The access token behind a text, nothing checked: for a client that reads what it was given.
    pub fn read_access_token(&self, keys: KeyRing, text: &str) -> Option<AccessToken> {
        if !text.contains('.') {
            return opaque::read(self.generation, text);
        }
        let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
        let claims: AccessClaims = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
        self.claimed(keys.find(&kid)?, &claims, read_user_id(&claims.sub)?)
    }

    /// Whether a token with these claims is one of theirs, if its signature is.
    pub(super) fn issued(&self, claims: &AccessClaims) -> bool {
        claims.iss == self.issuer && Generation::heard(claims.cutover_reset) == self.generation
    }

    fn claimed(&self, key: KeyId, claims: &AccessClaims, subject: UserId) -> Option<AccessToken> {
        self.issued(claims).then_some(())?;
        Some(AccessToken {
            subject,
            issued: Timestamp::from_secs(claims.iat),
            expires: Timestamp::from_secs(claims.exp),
            scopes: read_scope(&claims.scope),
            audience: Audience {
                // A JWT is for some API, whichever that is.
                api: true,
                userinfo: claims.aud.has(&self.userinfo_audience()),
            },
            key,
            handle: 0,
        })
    }
}

/// A PKCE challenge from its text: base64url of 32 bytes.
pub fn read_challenge(text: &str) -> Option<crate::auth0::Challenge> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()?
        .try_into()
        .ok()
        .map(crate::auth0::Challenge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::signing::Owner;
    use crate::time::Span;
    use proptest::prelude::*;

    const KEYS: KeyRing = KeyRing::new(Owner::Auth0);
    const FIRST: Generation = Generation(0);

    fn parties() -> Parties {
        Parties {
            issuer: "http://127.0.0.1:1/".to_owned(),
            client_id: "client".to_owned(),
            api: "https://api.example".to_owned(),
            generation: Generation::default(),
        }
    }

    prop_compose! {
        fn tokens()(subject: u32, issued in 0..u32::MAX, life in 1..1i64 << 24, api: bool, flags: [bool; 4]) -> AccessToken {
            let scopes = Scopes { openid: flags[0], profile: flags[1], email: flags[2], offline: flags[3] };
            let issued = Timestamp::from_secs(issued.into());
            AccessToken {
                subject: UserId(subject),
                issued,
                expires: issued + Span::from_secs(life),
                scopes,
                audience: Audience::issued(scopes, api),
                key: KeyId(0),
                handle: 0,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn access_tokens_read_back(token in tokens()) {
            let text = parties().access_token(KEYS, &token, Connection::Google);
            prop_assert_eq!(parties().verify_access_token(KEYS, &text), Some(token));
            prop_assert_eq!(parties().read_access_token(KEYS, &text), Some(token));
            let later = Parties { generation: Generation(1), ..parties() };
            prop_assert_eq!(later.verify_access_token(KEYS, &text), None);
            let text = later.access_token(KEYS, &token, Connection::Google);
            prop_assert_eq!(parties().verify_access_token(KEYS, &text), None);
            prop_assert_eq!(later.verify_access_token(KEYS, &text), Some(token));
            prop_assert!(token.audience.api || text.len() == 32, "{}", text);
        }

        #[test]
        fn ids_read_back(id: u32, other: u32) {
            for from in Connection::ALL {
                let text = user_id(UserId(id), from);
                prop_assert_eq!(read_user_id(&text), Some(UserId(id)), "{}", text);
            }
            prop_assert_eq!(identity(UserId(id), Connection::Google).len(), 21);
            let token = RefreshToken { family: id, generation: other };
            prop_assert_eq!(read_refresh_token(FIRST, &refresh_token(FIRST, token)), Some(token));
            prop_assert_eq!(read_code(FIRST, &code(FIRST, Code(id))), Some(Code(id)));
            prop_assert_eq!(read_sso(FIRST, &sso(FIRST, SsoSession(id))), Some(SsoSession(id)));
            let text = transaction(FIRST, Transaction(id));
            prop_assert_eq!(read_transaction(FIRST, &text), Some(Transaction(id)));
        }
    }

    #[test]
    fn made_up_ids_are_nobodys() {
        for text in [
            "auth0|1",
            "auth0|000000000000000000000000",
            "google-oauth2|103547991597142817347",
            "x",
            "sms|1",
            "github|1",
        ] {
            assert_eq!(read_user_id(text), None, "{text}");
        }
        assert_eq!(read_refresh_token(FIRST, "v1.AAAA"), None);
    }

    #[test]
    fn the_management_api_goes_by_either_scheme() {
        let ours = |audience| parties().is_management(audience);
        assert!(ours("http://127.0.0.1:1/api/v2/") && ours("https://127.0.0.1:1/api/v2/"));
        assert!(!ours("https://elsewhere/api/v2/") && !ours("ftp://127.0.0.1:1/api/v2/"));
    }

    #[test]
    fn another_issuers_token_is_not_ours() {
        let token = AccessToken {
            audience: Audience {
                api: true,
                userinfo: true,
            },
            ..NO_TOKEN
        };
        let other = Parties {
            issuer: "http://elsewhere/".to_owned(),
            ..parties()
        };
        let text = other.access_token(KEYS, &token, Connection::Database);
        assert_eq!(parties().verify_access_token(KEYS, &text), None);
    }
}
