//! Members: create, read, change, delete and search.

use serde_json::{Map, Value, json};

use super::super::ask::{Ask, Done, Good, odd};
use super::super::consumer::{check_external_id, describe};
use super::super::problem::Problem;
use super::super::search::Search;
use super::{member_named, org_named, picture, with_organization};
use crate::stytch::{Call, Errand, OrgId, Reply, UserId};
use crate::time::Span;

pub(super) async fn create(ask: Ask) -> Done {
    let org = org_named(&ask, ask.path("organization_id"));
    let email = ask.face.email(ask.fields.address("email_address")?);
    check_external_id(&ask, &ask.fields, Some(org), None)?;
    let (reply, took) = ask.call(&Call::CreateUser {
        email,
        org: Some(org),
    })?;
    let Reply::Created(member) = reply else {
        return Err(odd(took));
    };
    describe(&ask, member, Some(org))?;
    let took = match ask.fields.flag("mfa_enrolled")? {
        None => took,
        mfa_enrolled => {
            took + ask
                .errand(&Errand::UpdateUser {
                    user: member,
                    mfa_enrolled,
                })?
                .1
        }
    };
    shown(&ask, member, took)
}

pub(super) async fn read(ask: Ask) -> Done {
    let org = org_named(&ask, ask.path("organization_id"));
    let member = if let Some(id) = ask.query.text("member_id")? {
        member_named(&ask, org, id)
    } else {
        let email = ask.face.email(ask.query.address("email_address")?);
        let found = ask.face.project().find_user(email, Some(org));
        found.unwrap_or(UserId(u32::MAX))
    };
    let (_, took) = ask.errand(&Errand::Read {
        user: Some(member),
        org: Some(org),
    })?;
    shown(&ask, member, took)
}

pub(super) async fn update(ask: Ask) -> Done {
    ask.not_modelled(&["email_address"])?;
    let org = org_named(&ask, ask.path("organization_id"));
    let member = member_named(&ask, org, ask.path("member_id"));
    check_external_id(&ask, &ask.fields, Some(org), Some(member))?;
    let mfa_enrolled = ask.fields.flag("mfa_enrolled")?;
    let (_, took) = ask.errand(&Errand::UpdateUser {
        user: member,
        mfa_enrolled,
    })?;
    describe(&ask, member, Some(org))?;
    shown(&ask, member, took)
}

pub(super) async fn remove(ask: Ask) -> Done {
    let org = org_named(&ask, ask.path("organization_id"));
    let member = member_named(&ask, org, ask.path("member_id"));
    let (_, took) = ask.errand(&Errand::DeleteUser(member))?;
    ask.face.book().forget_person(Some(org), member);
    Ok(Good::new(
        took,
        json!({ "member_id": ask.face.person_id(member) }),
    ))
}

pub(super) async fn search(ask: Ask) -> Done {
    let orgs: Vec<OrgId> = ask
        .fields
        .texts("organization_ids")?
        .into_iter()
        .map(|text| org_named(&ask, text))
        .collect();
    if orgs.is_empty() {
        return Err(Problem::field("organization_ids", "must hold at least one").into());
    }
    let search = Search::read(&ask.face, &ask.fields, orgs)?;
    let (_, took) = ask.errand(&Errand::Read {
        user: None,
        org: None,
    })?;
    let page = search.run(&ask.face, ask.exchange.stamp().at);
    let members: Vec<Value> = page.pictures.iter().map(|it| ask.face.member(it)).collect();
    let mut organizations = Map::new();
    for org in page.pictures.iter().filter_map(|picture| picture.org) {
        organizations
            .entry(ask.face.organization_id(org.id))
            .or_insert_with(|| ask.face.organization(&org));
    }
    let body = json!({
        "members": members,
        "organizations": organizations,
        "results_metadata": page.metadata,
    });
    Ok(Good::new(took, body))
}

fn shown(ask: &Ask, member: UserId, took: Span) -> Done {
    let picture = picture(ask, member, None, took)?;
    Ok(Good::new(
        took,
        Value::Object(with_organization(ask, &picture)),
    ))
}
