//! Sessions and their factors as JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Face;
use super::names::Kind;
use super::objects::{Picture, provider_subject, rfc3339};
use super::providers;
use crate::stytch::{Factor, MeansId, Proved, Provider, SessionView, Vertical};

/// Type, delivery method, and the object that says more.
pub(super) type Told = (&'static str, String, Option<(String, Value)>);

/// A session object of either product.
#[derive(Debug, Serialize)]
pub(super) struct Session {
    #[serde(flatten)]
    whose: Whose,
    pub(super) started_at: String,
    pub(super) last_accessed_at: String,
    expires_at: String,
    pub(super) authentication_factors: Vec<Shown>,
    pub(super) roles: Vec<String>,
    pub(super) custom_claims: Map<String, Value>,
    #[serde(flatten)]
    place: Place,
}

impl Session {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        match &self.whose {
            Whose::User { session_id, .. } => session_id,
            Whose::Member {
                member_session_id, ..
            } => member_session_id,
        }
    }

    /// The id of the person whose it is.
    pub(super) fn person(&self) -> &str {
        match &self.whose {
            Whose::User { user_id, .. } => user_id,
            Whose::Member { member_id, .. } => member_id,
        }
    }

    /// What the login said of its device, of a user.
    pub(super) fn attributes(&self) -> Option<&Attributes> {
        match &self.place {
            Place::Device { attributes } => Some(attributes),
            Place::Organization { .. } => None,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Whose {
    User {
        session_id: String,
        user_id: String,
    },
    Member {
        member_session_id: String,
        member_id: String,
    },
}

/// What else is told of a session.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Place {
    Device {
        attributes: Attributes,
    },
    Organization {
        organization_id: String,
        organization_slug: String,
    },
}

/// What a login said of its device.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Attributes {
    ip_address: String,
    user_agent: String,
}

/// An element of `authentication_factors`.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(rename = "type")]
    kind: &'static str,
    delivery_method: String,
    last_authenticated_at: String,
    created_at: String,
    updated_at: String,
    #[serde(flatten)]
    detail: Map<String, Value>,
}

impl Face {
    /// A session object of either product.
    pub(super) fn session(&self, row: &SessionView, picture: &Picture) -> Session {
        let id = self.0.names.id(Kind::Session, row.id);
        let person = self.person_id(row.user);
        let whose = match self.0.vertical {
            Vertical::Consumer => Whose::User {
                session_id: id,
                user_id: person,
            },
            Vertical::B2b => Whose::Member {
                member_session_id: id,
                member_id: person,
            },
        };
        let place = match picture.org {
            None => Place::Device {
                attributes: self.attributes(row.id),
            },
            Some(org) => Place::Organization {
                organization_id: self.organization_id(org.id),
                organization_slug: self.slug(org.id),
            },
        };
        Session {
            whose,
            started_at: rfc3339(row.started),
            last_accessed_at: rfc3339(row.last_accessed),
            expires_at: rfc3339(row.expires),
            authentication_factors: self.factors(row, picture),
            roles: self.roles(picture),
            custom_claims: self.book().claims.get(row.id).cloned().unwrap_or_default(),
            place,
        }
    }

    /// `attributes` of a session.
    pub(super) fn attributes(&self, session: u32) -> Attributes {
        let book = self.book();
        let said = book.attributes.get(session);
        let text = |name: &str| {
            let text = said.and_then(|said| said.get(name)?.as_str());
            text.unwrap_or_default().to_owned()
        };
        Attributes {
            ip_address: text("ip_address"),
            user_agent: text("user_agent"),
        }
    }

    /// `authentication_factors` of a session.
    pub(super) fn factors(&self, row: &SessionView, picture: &Picture) -> Vec<Shown> {
        let factors = self.project().factors(row.id);
        let shown = factors.iter().map(|proved| {
            let (kind, delivery_method, detail) = self.told(proved, row.id, picture);
            Shown {
                kind,
                delivery_method,
                last_authenticated_at: rfc3339(proved.last),
                created_at: rfc3339(proved.first),
                updated_at: rfc3339(proved.last),
                detail: detail.into_iter().collect(),
            }
        });
        shown.collect()
    }

    fn told(&self, proved: &Proved, session: u32, picture: &Picture) -> Told {
        let names = &self.0.names;
        let consumer = self.0.vertical == Vertical::Consumer;
        let with = |name: &str, detail: Value| Some((name.to_owned(), detail));
        let id = proved.means.map_or(picture.user.id.0, |id| id.0);
        match proved.factor {
            Factor::Imported => ("imported", "imported_auth0".to_owned(), None),
            Factor::Password => ("password", "knowledge".to_owned(), None),
            Factor::MagicLink => {
                let detail = with("email_factor", self.email_factor(proved, picture));
                ("magic_link", "email".to_owned(), detail)
            }
            Factor::EmailCode => {
                let kind = if consumer { "otp" } else { "email_otp" };
                let detail = with("email_factor", self.email_factor(proved, picture));
                (kind, "email".to_owned(), detail)
            }
            Factor::OAuth => self.oauth_factor(proved, picture),
            Factor::Sms => {
                let detail = with("phone_number_factor", self.phone_factor(proved, picture));
                ("otp", "sms".to_owned(), detail)
            }
            Factor::WhatsApp => {
                let detail = with("phone_number_factor", self.phone_factor(proved, picture));
                ("otp", "whatsapp".to_owned(), detail)
            }
            Factor::Totp => {
                let kind = if consumer {
                    Kind::Totp
                } else {
                    Kind::MemberTotp
                };
                let detail = json!({ "totp_id": names.id(kind, id) });
                let detail = with("authenticator_app_factor", detail);
                ("totp", "authenticator_app".to_owned(), detail)
            }
            Factor::RecoveryCode => {
                let detail = json!({ "totp_recovery_code_id": names.id(Kind::RecoveryCode, id) });
                let detail = with("recovery_code_factor", detail);
                ("recovery_codes", "recovery_code".to_owned(), detail)
            }
            Factor::Trusted => {
                let token = self.book().token_ids.get(session).cloned();
                let detail = json!({ "token_id": token.unwrap_or_default() });
                let detail = with("trusted_auth_token_factor", detail);
                (
                    "trusted_auth_token",
                    "trusted_token_exchange".to_owned(),
                    detail,
                )
            }
            Factor::Impersonated => {
                let detail = json!({
                    "impersonator_id": "stytch-dashboard-user",
                    "impersonator_email_address": "support@cutover.invalid",
                });
                let detail = with("impersonated_factor", detail);
                ("impersonated", "impersonation".to_owned(), detail)
            }
            Factor::Sso => self.sso_factor(proved, picture),
            Factor::Passkey => {
                let passkey = self.passkey(MeansId(id));
                let detail = json!({
                    "webauthn_registration_id": passkey["webauthn_registration_id"],
                    "domain": passkey["domain"],
                    "user_agent": passkey["user_agent"],
                });
                let detail = with("webauthn_factor", detail);
                ("webauthn", "webauthn_registration".to_owned(), detail)
            }
            Factor::Embedded => {
                let detail = json!({ "embedded_id": names.id(Kind::Embedded, session) });
                let detail = with("embeddable_magic_link_factor", detail);
                ("magic_link", "embedded".to_owned(), detail)
            }
        }
    }

    fn email_factor(&self, proved: &Proved, picture: &Picture) -> Value {
        let user = &picture.user;
        let means = self.project().means(user.id);
        let other = means.emails.iter().find(|it| Some(it.id) == proved.means);
        let email = other.map(|owned| owned.what).or(user.email);
        let id = other.map_or(user.id.0, |owned| owned.id.0);
        json!({
            "email_id": self.0.names.id(Kind::Email, id),
            "email_address": email.map(|email| self.0.directory.text(email)).unwrap_or_default(),
        })
    }

    fn phone_factor(&self, proved: &Proved, picture: &Picture) -> Value {
        let means = self.project().means(picture.user.id);
        let same = means.phones.iter().find(|it| Some(it.id) == proved.means);
        let Some(owned) = same.or(means.phones.first()) else {
            return json!({ "phone_id": "", "phone_number": "" });
        };
        json!({
            "phone_id": self.0.names.id(Kind::Phone, owned.id.0),
            "phone_number": self.book().phones.text(owned.what.0),
        })
    }

    fn oauth_factor(&self, proved: &Proved, picture: &Picture) -> Told {
        let user = picture.user.id;
        let means = self.project().means(user);
        let tie = means.ties.iter().find(|it| Some(it.id) == proved.means);
        let provider = tie.map_or(Provider(0), |tie| tie.provider);
        let kind = match self.0.vertical {
            Vertical::Consumer => Kind::OAuthUser,
            Vertical::B2b => Kind::OAuthMember,
        };
        let detail = json!({
            "id": self.0.names.id(kind, tie.map_or(user.0, |tie| tie.id.0)),
            "provider_subject": provider_subject(user),
            "email_id": self.0.names.id(Kind::Email, user.0),
        });
        let delivery = format!("oauth_{}", providers::name(provider));
        (
            "oauth",
            delivery,
            Some((providers::factor(provider).to_owned(), detail)),
        )
    }
}
