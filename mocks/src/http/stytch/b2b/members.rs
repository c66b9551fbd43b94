//! Members: create, read, change, delete and search.

use serde_json::{Map, Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::consumer::{check_external_id, describe, metadata_fits, phone_of};
use super::super::names::Kind;
use super::super::problem::{Bad, Problem};
use super::super::search::Search;
use super::{member_named, member_of_path, org_of_path, shown};
use crate::stytch::{Call, Errand, ErrandReply, Keep, Membership, OrgId, Reply, UserId, With};

pub(super) fn create(ask: &Ask) -> Done {
    let org = org_of_path(ask);
    let email = ask.face.email(ask.fields.address("email_address")?);
    check_external_id(ask, &ask.fields, Some(org), None)?;
    metadata_fits(ask, None)?;
    let pending = ask
        .fields
        .flag("create_member_as_pending")?
        .unwrap_or(false);
    let changes = Changes::read(ask)?;
    let (member, took) = if pending {
        let with = With {
            pending,
            ..With::default()
        };
        let keep = Keep::Create {
            email: Some(email),
            phone: None,
            org: Some(org),
        };
        match ask.any_errand_with(with, &Errand::Keep(keep))? {
            (ErrandReply::Has { user, .. }, took) => (user, took),
            (_, took) => return Err(odd(took)),
        }
    } else {
        let call = Call::CreateUser {
            email,
            org: Some(org),
        };
        match ask.call(&call)? {
            (Reply::Created(member), took) => (member, took),
            (_, took) => return Err(odd(took)),
        }
    };
    describe(ask, member, Some(org)).map_err(|problem| Bad::Told { problem, took })?;
    changes.make(ask, member)?;
    shown(ask, member, took)
}

/// Fields of a member that the machine keeps.
struct Changes<'a> {
    mfa_enrolled: Option<bool>,
    breakglass: Option<bool>,
    phone: Option<&'a str>,
}

impl<'a> Changes<'a> {
    fn read(ask: &'a Ask) -> Result<Self, Problem> {
        Ok(Self {
            mfa_enrolled: ask.fields.flag("mfa_enrolled")?,
            breakglass: ask.fields.flag("is_breakglass")?,
            phone: ask.fields.phone("mfa_phone_number")?,
        })
    }

    fn make(&self, ask: &Ask, member: UserId) -> Result<(), Bad> {
        if self.mfa_enrolled.is_some() || self.breakglass.is_some() {
            let update = Membership::Update {
                member,
                mfa_enrolled: self.mfa_enrolled,
                breakglass: self.breakglass,
                email: None,
                unlink: false,
                keep_sessions: true,
            };
            ask.errand(&Errand::Membership(update))?;
        }
        if let Some(number) = self.phone {
            let phone = phone_of(ask, number);
            let keep = Keep::SetPhone {
                user: member,
                phone,
                verified: false,
            };
            ask.any_errand(&Errand::Keep(keep))?;
        }
        Ok(())
    }
}

pub(super) async fn read(ask: Ask) -> Done {
    let org = org_of_path(&ask);
    let member = if let Some(id) = ask.query.text("member_id")? {
        member_named(&ask, org, id)
    } else if ask.query.text("email_address")?.is_some() {
        let email = ask.face.email(ask.query.address("email_address")?);
        let found = ask.face.project().find_user(email, Some(org));
        found.unwrap_or(UserId(u32::MAX))
    } else {
        let message = "One of member_id and email_address must be provided.";
        return Err(Problem::bad("invalid_member_get_fields", message).into());
    };
    let (_, took) = ask.errand(&Errand::read(Some(member), Some(org)))?;
    shown(&ask, member, took)
}

/// `GET …/members/dangerously_get/{member_id}`: a member of any organization, deleted or not.
pub(super) async fn dangerously_read(ask: Ask) -> Done {
    let text = ask.path("member_id");
    let face = &ask.face;
    let member = face.0.names.read_id(Kind::Member, text).map(UserId);
    let member = member.unwrap_or(UserId(u32::MAX));
    let deleted =
        ask.query.switch("include_deleted")? && face.project().deleted_user(member).is_some();
    let read = Errand::read(Some(member).filter(|_| !deleted), None);
    let (_, took) = ask.errand(&read)?;
    shown(&ask, member, took)
}

pub(super) fn update(ask: &Ask) -> Done {
    let (org, member) = member_of_path(ask);
    check_external_id(ask, &ask.fields, Some(org), Some(member))?;
    metadata_fits(ask, Some(member))?;
    let changes = Changes::read(ask)?;
    let email = match ask.fields.text("email_address")? {
        Some(_) => Some(ask.face.email(ask.fields.address("email_address")?)),
        None => None,
    };
    let update = Membership::Update {
        member,
        mfa_enrolled: changes.mfa_enrolled,
        breakglass: changes.breakglass,
        email,
        unlink: ask.fields.flag("unlink_email")?.unwrap_or(false),
        keep_sessions: ask
            .fields
            .flag("preserve_existing_sessions")?
            .unwrap_or(false),
    };
    let (_, took) = ask.errand(&Errand::Membership(update))?;
    let phone = Changes {
        mfa_enrolled: None,
        breakglass: None,
        phone: changes.phone,
    };
    phone.make(ask, member)?;
    describe(ask, member, Some(org)).map_err(|problem| Bad::Told { problem, took })?;
    shown(ask, member, took)
}

pub(super) fn remove(ask: &Ask) -> Done {
    let (org, member) = member_of_path(ask);
    let (_, took) = ask.errand(&Errand::DeleteUser(member))?;
    // The rest of the profile stays: a member can be reactivated.
    ask.face.book().forget_external_id(Some(org), member);
    let body = json!({ "member_id": ask.face.person_id(member) });
    Ok(Good::new(took, body))
}

pub(super) fn search(ask: &Ask) -> Done {
    let orgs: Vec<OrgId> = ask
        .fields
        .texts("organization_ids")?
        .into_iter()
        .map(|text| ask.face.org_named(text))
        .collect();
    if orgs.is_empty() {
        let message = "organization_ids must hold at least one.";
        return Err(Problem::bad("member_search_organization_ids_empty", message).into());
    }
    let search = Search::read(&ask.face, &ask.fields, orgs)?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
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
