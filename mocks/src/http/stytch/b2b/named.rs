//! Whom a request names: organizations and their members.

use super::super::ask::Ask;
use super::super::names::Kind;
use super::super::problem::Problem;
use crate::email::Email;
use crate::stytch::{OrgId, UserId, With};

/// The organization of a request's path.
pub(super) fn org_of_path(ask: &Ask) -> OrgId {
    ask.face.org_named(ask.path("organization_id"))
}

/// The organization of a request's body.
pub(super) fn org_of(ask: &Ask) -> Result<OrgId, Problem> {
    Ok(ask.face.org_named(ask.fields.needed("organization_id")?))
}

/// The organization and the address of a request's body.
pub(super) fn whom(ask: &Ask) -> Result<(OrgId, Email), Problem> {
    let org = org_of(ask)?;
    Ok((org, ask.face.email(ask.fields.address("email_address")?)))
}

/// The member of an organization that a request names by id or external id.
pub(super) fn member_named(ask: &Ask, org: OrgId, text: &str) -> UserId {
    let face = &ask.face;
    let by_id = face.0.names.read_id(Kind::Member, text).map(UserId);
    let external = || {
        let book = face.book();
        book.external_people
            .get(&(Some(org), text.to_owned()))
            .copied()
    };
    let nobody = UserId(u32::MAX);
    let member = by_id.or_else(external).unwrap_or(nobody);
    let project = face.project();
    let view = project
        .user(member)
        .or_else(|| project.deleted_user(member));
    if view.is_some_and(|view| view.org == Some(org)) {
        member
    } else {
        nobody
    }
}

/// The organization and the member of a request's body.
pub(super) fn member_of(ask: &Ask) -> Result<(OrgId, UserId), Problem> {
    let org = org_of(ask)?;
    let member = member_named(ask, org, ask.fields.needed("member_id")?);
    Ok((org, member))
}

/// The organization and the member of a request's path.
pub(in super::super) fn member_of_path(ask: &Ask) -> (OrgId, UserId) {
    let org = org_of_path(ask);
    (org, member_named(ask, org, ask.path("member_id")))
}

pub(super) fn email_id(ask: &Ask, member: UserId) -> String {
    ask.face.0.names.id(Kind::Email, member.0)
}

/// What a login brings along, and whether its address is one that the organization lists.
pub(super) fn with_domain(ask: &Ask, org: OrgId) -> Result<With, Problem> {
    let address = ask.fields.address("email_address")?;
    Ok(With {
        listed_domain: ask.listed_domain(Some(org), address),
        ..With::default()
    })
}
