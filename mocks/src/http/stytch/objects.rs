//! Users, members, sessions and organizations as JSON, whole enough for Stytch's own SDKs.

use jiff::Timestamp as Instant;
use serde_json::{Map, Value, json};

use super::Face;
use super::book::{OrgProfile, Profile};
use super::names::Kind;
use crate::stytch::{Factor, OrgId, OrgView, Project, SessionView, UserId, UserView, Vertical};
use crate::time::Timestamp;

/// A person, and the organization and session they are shown with, as they were at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    pub(super) user: UserView,
    pub(super) org: Option<OrgView>,
    pub(super) session: Option<SessionView>,
    /// The project's time at that moment.
    now: Timestamp,
}

impl Picture {
    /// Takes a picture; none of a person who is gone.
    pub(super) fn take(
        project: &Project,
        user: UserId,
        session: Option<u32>,
        now: Timestamp,
    ) -> Option<Self> {
        let user = project.user(user)?;
        Some(Self {
            user,
            org: user.org.and_then(|org| project.org(org)),
            session: session.and_then(|session| project.session(session)),
            now: project.clock(now),
        })
    }
}

/// A time as Stytch writes it.
pub(super) fn rfc3339(time: Timestamp) -> String {
    // Times that no calendar holds are shown as its last second.
    let instant = Instant::from_microsecond(time.as_micros()).unwrap_or(Instant::MAX);
    instant.to_string()
}

impl Face {
    /// A user object.
    pub(super) fn user(&self, picture: &Picture) -> Value {
        let view = &picture.user;
        let profile = self.profile(view.id);
        let number = view.id.0;
        let names = &self.0.names;
        let password = view.has_password.then(
            || json!({ "password_id": names.id(Kind::Password, number), "requires_reset": false }),
        );
        let locked = picture.now < view.locked_until;
        let phones = match profile.phone.as_str() {
            "" => json!([]),
            phone => json!([{ "phone_id": "", "phone_number": phone, "verified": false }]),
        };
        json!({
            "user_id": names.id(Kind::User, number),
            "status": if view.pending { "pending" } else { "active" },
            "emails": [{
                "email_id": names.id(Kind::Email, number),
                "email": self.0.directory.text(view.email),
                "verified": view.verified,
            }],
            "phone_numbers": phones,
            "providers": self.providers(view.id, &profile, Kind::OAuthUser),
            "webauthn_registrations": [],
            "biometric_registrations": [],
            "totps": [],
            "crypto_wallets": [],
            "is_locked": locked,
            "lock_expires_at": locked.then(|| rfc3339(view.locked_until)),
            "roles": self.roles(picture),
            "name": profile.name.unwrap_or_else(|| {
                json!({ "first_name": "", "middle_name": "", "last_name": "" })
            }),
            "created_at": rfc3339(view.created),
            "password": password,
            "trusted_metadata": profile.trusted,
            "untrusted_metadata": profile.untrusted,
            "external_id": profile.external_id,
        })
    }

    /// A member object.
    pub(super) fn member(&self, picture: &Picture) -> Value {
        let view = &picture.user;
        let profile = self.profile(view.id);
        let number = view.id.0;
        let names = &self.0.names;
        let password = if view.has_password {
            names.id(Kind::MemberPassword, number)
        } else {
            String::new()
        };
        let locked = picture.now < view.locked_until;
        let roles: Vec<Value> = self
            .roles(picture)
            .into_iter()
            .map(|role| {
                let sources = json!([{ "type": "direct_assignment", "details": {} }]);
                json!({ "role_id": role, "sources": sources })
            })
            .collect();
        json!({
            "organization_id": view.org.map(|org| names.organization(org)).unwrap_or_default(),
            "member_id": names.id(Kind::Member, number),
            "email_address": self.0.directory.text(view.email),
            "email_address_verified": view.verified,
            "status": if view.pending { "pending" } else { "active" },
            "name": profile.name.clone().unwrap_or_else(|| json!("")),
            "sso_registrations": [],
            "oauth_registrations": self.providers(view.id, &profile, Kind::OAuthMember),
            "retired_email_addresses": [],
            "is_breakglass": false,
            "is_admin": false,
            "member_password_id": password,
            "totp_registration_id": "",
            "mfa_enrolled": view.mfa_enrolled,
            "mfa_phone_number": profile.phone,
            "mfa_phone_number_verified": !profile.phone.is_empty(),
            "default_mfa_method": if view.mfa_enrolled { "sms_otp" } else { "" },
            "is_locked": locked,
            "lock_expires_at": locked.then(|| rfc3339(view.locked_until)),
            "roles": roles,
            "created_at": rfc3339(view.created),
            "updated_at": rfc3339(view.created),
            "trusted_metadata": profile.trusted,
            "untrusted_metadata": profile.untrusted,
            "external_id": profile.external_id,
            "scim_registration": null,
        })
    }

    /// A session object of either product.
    pub(super) fn session(&self, row: &SessionView, picture: &Picture) -> Value {
        let names = &self.0.names;
        let (id, whose) = match self.0.vertical {
            Vertical::Consumer => ("session_id", "user_id"),
            Vertical::B2b => ("member_session_id", "member_id"),
        };
        let mut session = json!({
            id: names.id(Kind::Session, row.id),
            whose: self.person_id(row.user),
            "started_at": rfc3339(row.started),
            "last_accessed_at": rfc3339(row.last_accessed),
            "expires_at": rfc3339(row.expires),
            "authentication_factors": self.factors(row, picture),
            "roles": self.roles(picture),
            "custom_claims": self.book().claims.get(row.id).cloned(),
        });
        match picture.org {
            None => session["attributes"] = json!({ "ip_address": "", "user_agent": "" }),
            Some(org) => {
                session["organization_id"] = json!(names.organization(org.id));
                session["organization_slug"] = json!(self.slug(org.id));
            }
        }
        session
    }

    /// `authentication_factors` of a session.
    pub(super) fn factors(&self, row: &SessionView, picture: &Picture) -> Value {
        let number = picture.user.id.0;
        let names = &self.0.names;
        let profile = self.profile(picture.user.id);
        let email = || {
            json!({
                "email_id": names.id(Kind::Email, number),
                "email_address": self.0.directory.text(picture.user.email),
            })
        };
        let consumer = self.0.vertical == Vertical::Consumer;
        let factors = row.factors.iter().map(|factor| {
            let provider = profile.provider.unwrap_or("google");
            let oauth = if consumer {
                Kind::OAuthUser
            } else {
                Kind::OAuthMember
            };
            let (kind, delivery, detail) = match factor {
                Factor::Imported => ("imported", "imported_auth0".to_owned(), None),
                Factor::Password => ("password", "knowledge".to_owned(), None),
                Factor::MagicLink => (
                    "magic_link",
                    "email".to_owned(),
                    Some(("email_factor".to_owned(), email())),
                ),
                Factor::EmailCode => {
                    let kind = if consumer { "otp" } else { "email_otp" };
                    (
                        kind,
                        "email".to_owned(),
                        Some(("email_factor".to_owned(), email())),
                    )
                }
                Factor::OAuth => {
                    let detail = json!({
                        "id": names.id(oauth, number),
                        "provider_subject": provider_subject(picture.user.id),
                        "email_id": names.id(Kind::Email, number),
                    });
                    let name = format!("{provider}_oauth_factor");
                    ("oauth", format!("oauth_{provider}"), Some((name, detail)))
                }
                Factor::Sms => {
                    let detail = json!({ "phone_id": "", "phone_number": profile.phone });
                    (
                        "otp",
                        "sms".to_owned(),
                        Some(("phone_number_factor".to_owned(), detail)),
                    )
                }
            };
            let mut object = Map::new();
            object.insert("type".into(), json!(kind));
            object.insert("delivery_method".into(), json!(delivery));
            for time in ["last_authenticated_at", "created_at", "updated_at"] {
                object.insert(time.into(), json!(rfc3339(row.started)));
            }
            object.extend(detail);
            Value::Object(object)
        });
        factors.collect()
    }

    /// An organization object.
    pub(super) fn organization(&self, view: &OrgView) -> Value {
        let profile = self.org_profile(view.id);
        let name = profile
            .name
            .unwrap_or_else(|| format!("Organization {}", view.id.0));
        let mut organization = json!({
            "organization_id": self.0.names.organization(view.id),
            "organization_name": name,
            "organization_slug": self.slug(view.id),
            "organization_external_id": profile.external_id,
            "organization_logo_url": "",
            "trusted_metadata": {},
            "created_at": rfc3339(view.created),
            "updated_at": rfc3339(view.created),
            "sso_jit_provisioning": "ALL_ALLOWED",
            "sso_jit_provisioning_allowed_connections": [],
            "sso_active_connections": [],
            "sso_default_connection_id": null,
            "scim_active_connection": null,
            "email_allowed_domains": [],
            "email_jit_provisioning": "NOT_ALLOWED",
            "email_invites": "ALL_ALLOWED",
            "auth_methods": "ALL_ALLOWED",
            "allowed_auth_methods": [],
            "mfa_methods": "ALL_ALLOWED",
            "allowed_mfa_methods": [],
            "oauth_tenant_jit_provisioning": "NOT_ALLOWED",
            "allowed_oauth_tenants": {},
            "claimed_email_domains": [],
            "rbac_email_implicit_role_assignments": [],
            "first_party_connected_apps_allowed_type": "ALL_ALLOWED",
            "allowed_first_party_connected_apps": [],
            "third_party_connected_apps_allowed_type": "ALL_ALLOWED",
            "allowed_third_party_connected_apps": [],
            "custom_roles": [],
        });
        for (key, value) in profile.settings {
            organization[key] = value;
        }
        let policy = if view.mfa_required {
            "REQUIRED_FOR_ALL"
        } else {
            "OPTIONAL"
        };
        organization["mfa_policy"] = json!(policy);
        organization
    }

    /// The slug of an organization: its own, or `org-<number>`.
    pub(super) fn slug(&self, org: OrgId) -> String {
        self.org_profile(org)
            .slug
            .unwrap_or_else(|| format!("org-{}", org.0))
    }

    pub(super) fn profile(&self, user: UserId) -> Profile {
        self.book().people.get(&user).cloned().unwrap_or_default()
    }

    pub(super) fn org_profile(&self, org: OrgId) -> OrgProfile {
        self.book().orgs.get(&org).cloned().unwrap_or_default()
    }

    /// The roles of a person: everybody's, and those they were given.
    pub(super) fn roles(&self, picture: &Picture) -> Vec<String> {
        let everybody = match self.0.vertical {
            Vertical::Consumer => "stytch_user",
            Vertical::B2b => "stytch_member",
        };
        let given = self.profile(picture.user.id).roles;
        std::iter::once(everybody.to_owned()).chain(given).collect()
    }

    fn providers(&self, user: UserId, profile: &Profile, kind: Kind) -> Value {
        let Some(provider) = profile.provider else {
            return json!([]);
        };
        let id = match kind {
            Kind::OAuthMember => "member_oauth_registration_id",
            _ => "oauth_user_registration_id",
        };
        json!([{
            "provider_type": provider_type(provider),
            "provider_subject": provider_subject(user),
            "profile_picture_url": "",
            "locale": "",
            id: self.0.names.id(kind, user.0),
        }])
    }
}

/// A provider's name as objects show it.
pub(super) fn provider_type(provider: &str) -> &'static str {
    match provider {
        "microsoft" => "Microsoft",
        "github" => "Github",
        _ => "Google",
    }
}

/// Who a person is at their social provider.
pub(super) fn provider_subject(user: UserId) -> String {
    format!("{:021}", 100_000_000_000_u64 + u64::from(user.0))
}
