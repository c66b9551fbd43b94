//! The end of a login in a browser: membership is judged, and the application gets what it asked for.

use std::sync::Arc;

use axum::response::Response;

use super::answering::Complaint;
use super::behind::Behind;
use super::cookies;
use super::face::Face;
use super::issue::Issue;
use super::request::{Granted, Request};
use super::respond::{self, Fields};
use super::texts::{self, Parties};
use crate::auth0::organizations::organization_text;
use crate::auth0::{Code, Scopes, SsoSession, UserId};
use crate::http::Exchange;
use crate::http::off_the_loop::briefly_off_the_loop;
use crate::time::Timestamp;

/// What the machine gave for a login.
#[derive(Clone, Copy)]
pub(super) struct Login {
    pub(super) code: Code,
    pub(super) session: SsoSession,
    pub(super) second_factor: bool,
}

/// What a login ends with.
pub(super) struct Conclusion {
    request: Arc<Request>,
    session: SsoSession,
    code: Option<String>,
    issue: Option<Issue>,
}

impl Conclusion {
    /// Judges whether the person may go on to the application, and gathers what it gets.
    pub(super) fn reach(
        face: &Face,
        behind: &mut Behind,
        exchange: &Exchange,
        request: &Arc<Request>,
        login: Login,
    ) -> Result<Self, Complaint> {
        let at = exchange.stamp().at;
        let now = behind.tenant.now(at);
        let Login { code, session, .. } = login;
        let user = behind.tenant.code_user(code, now);
        if let Err(text) = join(behind, face, request, user, now) {
            behind.tenant.drop_code(code, now);
            return Err(respond::refused(request, "access_denied", &text).into());
        }
        let seen = behind.tenant.session(session, now);
        let issuer = &face.parties_at(exchange).issuer;
        behind.take_part(session, &request.ask.client_id, issuer);
        let granted = Granted {
            request: Arc::clone(request),
            session,
            authenticated: seen.map_or(now, |seen| seen.authenticated),
            second_factor: login.second_factor,
        };
        let issue = request
            .wants
            .is_implicit()
            .then(|| Some(issue(face, behind, &granted, user?, at)))
            .flatten();
        let code = if request.wants.code {
            behind.grants.put(code.0, granted);
            Some(texts::code(behind.generation, code))
        } else {
            behind.tenant.drop_code(code, now);
            None
        };
        Ok(Self {
            request: Arc::clone(request),
            session,
            code,
            issue,
        })
    }

    /// Sends the browser back to the application.
    pub(super) async fn respond(self, parties: &Arc<Parties>) -> Response {
        let Self {
            request,
            session,
            code,
            issue,
        } = self;
        let mut fields: Fields = Vec::new();
        if let Some(code) = &code {
            fields.push(("code", code.clone()));
        }
        if let Some(issue) = issue {
            let (parties, request) = (Arc::clone(parties), Arc::clone(&request));
            fields.extend(
                briefly_off_the_loop(move || tokens(&issue, &parties, &request, code.as_deref()))
                    .await,
            );
        }
        let mut response = respond::back(&request, fields);
        cookies::give(&mut response, session, parties);
        response
    }
}

/// Tokens for the fragment, without a refresh token.
fn issue(
    face: &Face,
    behind: &mut Behind,
    granted: &Granted,
    user: UserId,
    at: Timestamp,
) -> Issue {
    let now = behind.tenant.now(at);
    let terms = Arc::new(granted.terms(behind));
    let scopes = Scopes {
        offline: false,
        ..terms.scopes()
    };
    let tokens = behind
        .tenant
        .open(now, user, scopes, terms.audience.is_api());
    let issue = Issue::gather(behind, face.directory(), at, tokens, terms);
    let nonce = granted.request.nonce.as_deref();
    issue.implicit().with_nonce(nonce)
}

/// The fields that tokens make.
fn tokens(issue: &Issue, parties: &Parties, request: &Request, code: Option<&str>) -> Fields {
    let mut fields: Fields = Vec::new();
    let access = request.wants.token.then(|| issue.access_text(parties));
    let mut hashes: Vec<(&str, &str)> = Vec::new();
    hashes.extend(access.as_deref().map(|access| ("at_hash", access)));
    hashes.extend(code.map(|code| ("c_hash", code)));
    let id_token = (request.wants.id_token).then(|| issue.id_text(parties, &hashes));
    if let Some(access) = access {
        fields.push(("access_token", access));
        fields.push(("scope", issue.terms.scope.clone()));
        fields.push(("expires_in", issue.expires_in().to_string()));
        fields.push(("token_type", "Bearer".to_owned()));
    }
    fields.extend(id_token.map(|text| ("id_token", text)));
    fields
}

/// Whether somebody belongs to the organization that was asked for: as a member, by an invitation,
/// or because its connection makes members of all who come.
fn join(
    behind: &mut Behind,
    face: &Face,
    request: &Request,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<(), String> {
    let (Some(id), Some(user)) = (request.organization, user) else {
        return Ok(());
    };
    let name = behind.user_text(user);
    let address = behind
        .tenant
        .user(user)
        .map(|user| face.directory().text(user.email));
    let text = organization_text(id);
    let organization = behind
        .tenant
        .organizations
        .get_mut(id)
        .ok_or_else(|| "parameter organization is invalid".to_owned())?;
    if organization.has(user) {
        return Ok(());
    }
    if let Some(number) = request.invitation {
        let invited = organization.invitations().iter().find(|invitation| {
            invitation.number == number
                && now < invitation.expires
                && address
                    .as_ref()
                    .is_some_and(|address| invitation.invitee.eq_ignore_ascii_case(address))
        });
        if invited.is_none() {
            return Err("the invitation has expired or was made for somebody else".to_owned());
        }
        let invitation = organization.take_invitation(number);
        organization.join(user);
        if let (Some(invitation), Some(roles)) = (invitation, organization.roles_mut(user)) {
            roles.extend(invitation.roles);
        }
        return Ok(());
    }
    if organization.connections.get(&request.connection) == Some(&true) {
        organization.join(user);
        return Ok(());
    }
    Err(format!(
        "user {name} is not part of the {text} organization"
    ))
}
