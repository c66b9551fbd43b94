//! Users, members and organizations as JSON, whole enough for Stytch's own SDKs.

use jiff::Timestamp as Instant;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Face;
use super::book::{OrgProfile, Profile};
use super::names::Kind;
use super::passkeys::Passkey;
use super::providers;
use crate::stytch::{
    Joining, Means, MeansId, Method, OrgId, OrgRules, OrgView, Project, SessionView, Status,
    UserId, UserView,
};
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
        let user = project.user(user).or_else(|| project.deleted_user(user))?;
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
    DateTimePrinter::new().timestamp_to_string(&instant)
}

/// A status as Stytch writes it.
pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Pending => "pending",
        Status::Invited => "invited",
        Status::Deleted => "deleted",
    }
}

/// A user object.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are Stytch's")]
pub(super) struct User {
    pub(super) user_id: String,
    status: &'static str,
    emails: Vec<Address>,
    phone_numbers: Vec<Value>,
    providers: Vec<Value>,
    webauthn_registrations: Vec<Value>,
    biometric_registrations: [(); 0],
    totps: Vec<Value>,
    crypto_wallets: [(); 0],
    is_locked: bool,
    lock_created_at: Option<String>,
    lock_expires_at: Option<String>,
    roles: Vec<String>,
    name: Name,
    created_at: String,
    password: Option<Password>,
    trusted_metadata: Map<String, Value>,
    untrusted_metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct Address {
    email_id: String,
    email: String,
    verified: bool,
}

#[derive(Debug, Serialize)]
struct Password {
    password_id: String,
    requires_reset: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Name {
    Given(Value),
    Unknown {
        first_name: &'static str,
        middle_name: &'static str,
        last_name: &'static str,
    },
}

impl Name {
    const UNKNOWN: Self = Self::Unknown {
        first_name: "",
        middle_name: "",
        last_name: "",
    };
}

impl Face {
    /// A user object.
    pub(super) fn user(&self, picture: &Picture) -> User {
        let view = &picture.user;
        let profile = self.profile(view.id);
        let means = self.project().means(view.id);
        let number = view.id.0;
        let names = &self.0.names;
        let password = view.has_password.then(|| Password {
            password_id: names.id(Kind::Password, number),
            requires_reset: view.stale_password,
        });
        let totps = means.totps.iter().map(
            |totp| json!({ "totp_id": names.id(Kind::Totp, totp.id.0), "verified": totp.verified }),
        );
        let passkeys = means.passkeys.iter().map(|id| self.passkey(*id));
        let locked = picture.now < view.locked_until;
        User {
            user_id: self.person_id(view.id),
            status: status(view.status),
            emails: self.emails(view, &means),
            phone_numbers: self.phones(&means),
            providers: self.providers(view.id, &means, Kind::OAuthUser),
            webauthn_registrations: passkeys.collect(),
            biometric_registrations: [],
            totps: totps.collect(),
            crypto_wallets: [],
            is_locked: locked,
            lock_created_at: locked.then(|| self.locked_at(view)),
            lock_expires_at: locked.then(|| rfc3339(view.locked_until)),
            roles: self.roles(picture),
            name: profile.name.map_or(Name::UNKNOWN, Name::Given),
            created_at: rfc3339(view.created),
            password,
            trusted_metadata: profile.trusted,
            untrusted_metadata: profile.untrusted,
            external_id: profile.external_id,
        }
    }

    /// A passkey object.
    pub(super) fn passkey(&self, id: MeansId) -> Value {
        let key = self.book().passkeys.keys.get(&id).cloned();
        let part = |part: fn(&Passkey) -> &String| key.as_ref().map(part).cloned();
        json!({
            "webauthn_registration_id": self.0.names.id(Kind::Webauthn, id.0),
            "domain": part(|key| &key.domain),
            "user_agent": part(|key| &key.user_agent),
            "verified": true,
            "authenticator_type": "",
            "name": part(|key| &key.name),
        })
    }

    fn emails(&self, view: &UserView, means: &Means) -> Vec<Address> {
        let first = view.email.map(|email| (view.id.0, email, view.verified));
        let others = means
            .emails
            .iter()
            .map(|it| (it.id.0, it.what, it.verified));
        let all = first.into_iter().chain(others);
        all.map(|(id, email, verified)| Address {
            email_id: self.0.names.id(Kind::Email, id),
            email: self.0.directory.text(email),
            verified,
        })
        .collect()
    }

    fn phones(&self, means: &Means) -> Vec<Value> {
        let phones = means.phones.iter().map(|owned| {
            json!({
                "phone_id": self.0.names.id(Kind::Phone, owned.id.0),
                "phone_number": self.book().phones.text(owned.what.0),
                "verified": owned.verified,
            })
        });
        phones.collect()
    }

    fn locked_at(&self, view: &UserView) -> String {
        rfc3339(view.locked_until - self.project().settings().lock_for)
    }

    /// A member object.
    pub(super) fn member(&self, picture: &Picture) -> Value {
        let view = &picture.user;
        let profile = self.profile(view.id);
        let means = self.project().means(view.id);
        let names = &self.0.names;
        let password = if view.has_password {
            names.id(Kind::MemberPassword, view.id.0)
        } else {
            String::new()
        };
        let locked = picture.now < view.locked_until;
        let phone = means.phones.first();
        let number = phone.map(|owned| self.book().phones.text(owned.what.0).to_owned());
        let totp = means.totps.iter().find(|totp| totp.verified);
        let retired: Vec<Value> = means
            .retired
            .iter()
            .map(|owned| {
                json!({
                    "email_id": names.id(Kind::Email, owned.id.0),
                    "email_address": self.0.directory.text(owned.what),
                })
            })
            .collect();
        let (roles, is_admin) = self.member_roles(view);
        let second = profile.default_mfa.clone().unwrap_or_else(|| {
            let first = match (view.mfa_enrolled, phone, totp) {
                (true, None, Some(_)) => "totp",
                (true, ..) => "sms_otp",
                (false, ..) => "",
            };
            first.to_owned()
        });
        let email = view.email.map(|email| self.0.directory.text(email));
        let registrations = {
            let book = self.book();
            book.sso_registrations.shown(names, view.id, &book.sso)
        };
        let mut member = json!({
            "organization_id": view.org.map(|org| self.organization_id(org)).unwrap_or_default(),
            "member_id": self.person_id(view.id),
            "email_address": email.unwrap_or_default(),
            "email_address_verified": view.verified,
            "status": status(view.status),
            "name": profile.name.clone().unwrap_or_else(|| json!("")),
            "sso_registrations": registrations,
            "oauth_registrations": self.providers(view.id, &means, Kind::OAuthMember),
            "retired_email_addresses": retired,
            "is_breakglass": view.breakglass,
            "is_admin": is_admin,
            "member_password_id": password,
            "totp_registration_id": totp
                .map(|totp| names.id(Kind::MemberTotp, totp.id.0))
                .unwrap_or_default(),
            "mfa_enrolled": view.mfa_enrolled,
            "mfa_phone_number": number.unwrap_or_default(),
            "mfa_phone_number_verified": phone.is_some_and(|owned| owned.verified),
            "default_mfa_method": second,
            "is_locked": locked,
            "lock_created_at": locked.then(|| self.locked_at(view)),
            "lock_expires_at": locked.then(|| rfc3339(view.locked_until)),
            "roles": roles,
            "created_at": rfc3339(view.created),
            "updated_at": rfc3339(profile.updated.unwrap_or(view.created)),
            "trusted_metadata": profile.trusted,
            "untrusted_metadata": profile.untrusted,
            "scim_registration": null,
        });
        if let Some(id) = profile.external_id {
            member["external_id"] = json!(id);
        }
        member
    }

    /// An organization object.
    pub(super) fn organization(&self, view: &OrgView) -> Value {
        let profile = self.org_profile(view.id);
        let name = profile
            .name
            .unwrap_or_else(|| format!("Organization {}", view.id.0));
        let mut organization = json!({
            "organization_id": self.organization_id(view.id),
            "organization_name": name,
            "organization_slug": self.slug(view.id),
            "organization_logo_url": "",
            "trusted_metadata": {},
            "created_at": rfc3339(view.created),
            "updated_at": rfc3339(profile.updated.unwrap_or(view.created)),
            "sso_jit_provisioning_allowed_connections": [],
            "sso_active_connections": self.book().sso.active(&self.0.names, view.id),
            "sso_default_connection_id": "",
            "scim_active_connection": null,
            "email_allowed_domains": [],
            "email_invites": "ALL_ALLOWED",
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
        if let Some(id) = profile.external_id {
            organization["organization_external_id"] = json!(id);
        }
        let rules = [
            rules_shown(view.rules),
            self.book().org_policies.get(&view.id).map_or_else(
                || json!({}),
                |policy| json!({ "custom_roles": policy["roles"] }),
            ),
        ];
        for (key, value) in rules
            .into_iter()
            .filter_map(|it| match it {
                Value::Object(map) => Some(map),
                _ => None,
            })
            .flatten()
        {
            organization[key] = value;
        }
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

    fn providers(&self, user: UserId, means: &Means, kind: Kind) -> Vec<Value> {
        let id = match kind {
            Kind::OAuthMember => "member_oauth_registration_id",
            _ => "oauth_user_registration_id",
        };
        let ties = means.ties.iter().map(|tie| {
            json!({
                "provider_type": providers::shown(tie.provider),
                "provider_subject": provider_subject(user),
                "profile_picture_url": "",
                "locale": "",
                id: self.0.names.id(kind, tie.id.0),
            })
        });
        ties.collect()
    }
}

/// Settings of an organization that the machine keeps.
fn rules_shown(rules: OrgRules) -> Value {
    let policy = if rules.mfa_required {
        "REQUIRED_FOR_ALL"
    } else {
        "OPTIONAL"
    };
    let list = |methods: crate::stytch::Methods,
                second: bool|
     -> (&'static str, Vec<&'static str>) {
        let kind = Method::ALL
            .into_iter()
            .filter(|it| it.is_second() == second);
        let (allowed, others): (Vec<Method>, Vec<Method>) = kind.partition(|it| methods.has(*it));
        if others.is_empty() {
            ("ALL_ALLOWED", Vec::new())
        } else {
            (
                "RESTRICTED",
                allowed.into_iter().map(Method::name).collect(),
            )
        }
    };
    let (auth_methods, allowed) = list(rules.methods, false);
    let (mfa_methods, allowed_mfa) = list(rules.mfa_methods, true);
    let joining = |joining, seeded| match joining {
        Joining::AsSettings => seeded,
        Joining::All => "ALL_ALLOWED",
        Joining::Restricted => "RESTRICTED",
        Joining::NotAllowed => "NOT_ALLOWED",
    };
    json!({
        "mfa_policy": policy,
        "auth_methods": auth_methods,
        "allowed_auth_methods": allowed,
        "mfa_methods": mfa_methods,
        "allowed_mfa_methods": allowed_mfa,
        "email_jit_provisioning": joining(rules.email_jit, "NOT_ALLOWED"),
        "email_invites": joining(rules.invites, "ALL_ALLOWED"),
        "sso_jit_provisioning": joining(rules.sso_jit, "ALL_ALLOWED"),
    })
}

/// Who a person is at their social provider.
pub(super) fn provider_subject(user: UserId) -> String {
    format!("{:021}", 100_000_000_000_u64 + u64::from(user.0))
}
