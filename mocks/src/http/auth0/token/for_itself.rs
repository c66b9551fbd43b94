//! `client_credentials`: a token for the application itself, for an API or the Management API.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Complaint, Desk, Given, needed, request};
use crate::auth0::organizations::organization_text;
use crate::auth0::registry::{Profile, Secret};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::dialect;
use crate::http::auth0::dpop::Thumbprint;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::face::Face;
use crate::http::auth0::texts::Parties;
use crate::http::seal::Generation;
use crate::keys::KeyId;
use crate::time::{Span, Timestamp};

/// Life of a token for an application: 24 h (Auth0 docs, access tokens).
const LIFE: Span = Span::from_hours(24);

/// What an application without client grants of its own may do in the Management API of a mock: all
/// that is mocked.
const MANAGEMENT_SCOPE: &str = "read:users create:users update:users delete:users \
    read:users_app_metadata create:users_app_metadata update:users_app_metadata delete:users_app_metadata \
    create:user_tickets read:user_idp_tokens read:clients create:clients update:clients delete:clients \
    read:client_keys update:client_keys read:client_grants create:client_grants update:client_grants \
    delete:client_grants read:connections update:connections read:connections_options \
    read:resource_servers create:resource_servers update:resource_servers delete:resource_servers \
    read:stats read:logs read:logs_users read:tenant_settings update:tenant_settings read:attack_protection \
    update:attack_protection read:signing_keys create:signing_keys \
    update:signing_keys read:roles create:roles update:roles delete:roles create:role_members \
    read:role_members delete:role_members read:grants delete:grants read:sessions delete:sessions \
    read:refresh_tokens delete:refresh_tokens read:organizations create:organizations update:organizations \
    delete:organizations read:organization_members create:organization_members delete:organization_members \
    read:organization_connections create:organization_connections update:organization_connections \
    delete:organization_connections read:organization_member_roles create:organization_member_roles \
    delete:organization_member_roles read:organization_invitations create:organization_invitations \
    delete:organization_invitations read:guardian_enrollments delete:guardian_enrollments \
    create:guardian_enrollment_tickets read:authentication_methods create:authentication_methods \
    update:authentication_methods delete:authentication_methods read:mfa_policies update:mfa_policies \
    read:guardian_factors update:guardian_factors";

/// The claims of a token for an application.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct MachineClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gty: Option<String>,
    /// RFC 9068 calls it `client_id`.
    #[serde(alias = "client_id")]
    azp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Thumbprint>,
    /// Told where a person is meant: an application stays who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cutover_reset: Option<u32>,
}

/// A token for an application, not written yet.
pub(super) struct MachineToken {
    client_id: String,
    audience: String,
    scope: String,
    organization: Option<String>,
    issued: Timestamp,
    life: Span,
    key: KeyId,
    bound: Option<Thumbprint>,
    profile: Profile,
    /// Tells tokens of the same claims apart, where the dialect does.
    ordinal: u64,
}

impl MachineToken {
    fn claims(&self, parties: &Parties) -> MachineClaims {
        MachineClaims {
            iss: parties.issuer.clone(),
            sub: format!("{}@clients", self.client_id),
            aud: self.audience.clone(),
            iat: self.issued.as_secs(),
            exp: (self.issued + self.life).as_secs(),
            scope: self.scope.clone(),
            gty: Some("client-credentials".to_owned()),
            azp: self.client_id.clone(),
            org_id: self.organization.clone(),
            cnf: self.bound.clone(),
            cutover_reset: None,
        }
    }

    /// The body of the answer.
    pub(super) fn body(&self, parties: &Parties) -> Value {
        let mut body = json!({
            "access_token": dialect::sign(self.key, self.profile, &self.claims(parties), self.ordinal),
            "expires_in": self.life.as_secs(),
            "token_type": if self.bound.is_some() { "DPoP" } else { "Bearer" },
        });
        if !self.scope.is_empty() {
            body["scope"] = self.scope.as_str().into();
        }
        body
    }
}

impl Desk<'_> {
    pub(super) fn for_itself(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let audience = match request::audience(behind, self.params) {
            Some(audience) => audience.to_owned(),
            None => needed(self.params, "audience")?.to_owned(),
        };
        let audience = audience.as_str();
        if let Secret::Optional(_) = self.client.secret {
            needed(self.params, "client_secret")?;
        }
        let deny =
            |text: &str| Complaint::from(oauth_error(StatusCode::FORBIDDEN, "access_denied", text));
        let management = self.parties.is_management(audience);
        let resource = behind.tenant.registry().resource(audience);
        if !management && resource.is_none() {
            return Err(deny(&format!(
                "Service not enabled within domain: {audience}"
            )));
        }
        let all = || match resource {
            _ if management => MANAGEMENT_SCOPE.to_owned(),
            Some(resource) => {
                let names = resource.scopes.iter().map(|scope| scope.value.as_str());
                names.collect::<Vec<_>>().join(" ")
            }
            None => String::new(),
        };
        let may = match self.client.scopes_at(audience) {
            Some(scopes) => scopes.join(" "),
            None if self.client.any_api => all(),
            None => {
                return Err(deny(&format!(
                    "Client is not authorized to access \"{audience}\". You need to create a \"client-grant\" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
                )));
            }
        };
        let scope = match self.params.get("scope") {
            // An API that takes any scope gives any to whoever may call any API.
            Some(asked) if self.client.any_api && resource.is_some_and(|known| known.any_scope) => {
                asked.to_owned()
            }
            asked => crate::auth0::registry::narrowed(&may, asked),
        };
        let organization = match self.params.get("organization") {
            None => None,
            Some(text) => {
                let found = behind.tenant.organizations.find(text);
                let found = found.ok_or_else(|| {
                    oauth_error(
                        StatusCode::BAD_REQUEST,
                        "invalid_request",
                        "parameter organization is invalid",
                    )
                })?;
                Some(organization_text(found))
            }
        };
        Ok(Given::ToMachine(MachineToken {
            client_id: self.client.id.clone(),
            audience: audience.to_owned(),
            scope,
            organization,
            issued: self.now,
            life: resource
                .and_then(|resource| resource.token_life)
                .unwrap_or(LIFE),
            key: behind.tenant.keys(self.stamp.at).current,
            bound: self.key.clone(),
            profile: resource
                .map(|resource| resource.dialect.profile)
                .unwrap_or_default(),
            ordinal: behind.ordinal(),
        }))
    }
}

/// A token for the Management API, for the application that the mock was started for.
pub(in super::super) fn management_token(parties: &Parties, now: Timestamp, key: KeyId) -> String {
    let token = MachineToken {
        client_id: parties.client_id.clone(),
        audience: parties.management_audience(),
        scope: MANAGEMENT_SCOPE.to_owned(),
        organization: None,
        issued: now,
        life: LIFE,
        key,
        bound: None,
        profile: Profile::Auth0,
        ordinal: 0,
    };
    Face::keys().sign_here(key, &token.claims(parties))
}

/// What a live token for the Management API allows.
#[derive(Clone, Debug)]
pub(in super::super) struct ManagementToken {
    subject: String,
    client: String,
    scope: String,
}

impl ManagementToken {
    /// Whose it is, and the application that it was given to, if it allows these only to people for
    /// themselves (`read:current_user` and the like).
    pub(in super::super) fn own(&self, scopes: &[&str]) -> Option<(&str, &str)> {
        let anybody = |scope: &&str| !scope.contains(":current_user");
        let scopes: Vec<&str> = scopes.iter().copied().filter(anybody).collect();
        let own = scopes.is_empty() || !self.allows(&scopes);
        own.then_some((self.subject.as_str(), self.client.as_str()))
    }

    /// The application that it was given to.
    pub(in super::super) fn into_client(self) -> String {
        self.client
    }

    /// Whether it allows one of these.
    pub(in super::super) fn allows(&self, scopes: &[&str]) -> bool {
        scopes.is_empty()
            || self
                .scope
                .split_whitespace()
                .any(|scope| scopes.contains(&scope))
    }
}

/// A token whose signature and parties are right, and whose time is not judged yet.
#[derive(Clone, Debug)]
pub(in super::super) struct Signed {
    key: KeyId,
    claims: MachineClaims,
}

impl Signed {
    /// The token for the Management API behind a text. It takes a while: nobody should have to wait
    /// for it meanwhile.
    pub(in super::super) fn read(face: &Face, text: &str) -> Option<Self> {
        let (key, claims) = Face::keys().verify::<MachineClaims>(text).ok()?;
        let parties = face.parties_of(text);
        let of = Generation::heard(claims.cutover_reset);
        let ours = claims.iss == parties.issuer
            && parties.is_management(&claims.aud)
            && (claims.sub.ends_with("@clients") || of == parties.generation);
        ours.then_some(Self { key, claims })
    }

    /// The token, if it is good at this moment.
    pub(in super::super) fn live(
        self,
        behind: &Behind,
        (now, at): (Timestamp, Timestamp),
    ) -> Option<ManagementToken> {
        let live = now.as_secs() < self.claims.exp && behind.tenant.keys(at).holds(self.key);
        live.then_some(ManagementToken {
            subject: self.claims.sub,
            client: self.claims.azp,
            scope: self.claims.scope,
        })
    }
}
