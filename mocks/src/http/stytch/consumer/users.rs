//! Users: create, read, change, delete and search.

use serde_json::{Value, json};

use super::super::ask::{Ask, Done, Good, odd};
use super::super::book;
use super::super::fields::Fields;
use super::super::problem::Problem;
use super::super::search::Search;
use super::{email_id, picture, user_named};
use crate::stytch::{Call, Errand, OrgId, Reply, UserId};

pub(super) async fn create(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email")?);
    check_external_id(&ask, &ask.fields, None, None)?;
    let (reply, took) = ask.call(&Call::CreateUser { email, org: None })?;
    let Reply::Created(user) = reply else {
        return Err(odd(took));
    };
    describe(&ask, user, None)?;
    let picture = picture(&ask, user, None, took)?;
    let shown = ask.face.user(&picture);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(&ask, user),
        "phone_id": "",
        "status": shown["status"],
        "user": shown,
    });
    Ok(Good::new(took, body))
}

pub(super) async fn read(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    let (_, took) = ask.errand(&Errand::Read {
        user: Some(user),
        org: None,
    })?;
    Ok(Good::new(
        took,
        ask.face.user(&picture(&ask, user, None, took)?),
    ))
}

pub(super) async fn update(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    check_external_id(&ask, &ask.fields, None, Some(user))?;
    let (_, took) = ask.errand(&Errand::UpdateUser {
        user,
        mfa_enrolled: None,
    })?;
    describe(&ask, user, None)?;
    let shown = ask.face.user(&picture(&ask, user, None, took)?);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "emails": shown["emails"],
        "phone_numbers": shown["phone_numbers"],
        "crypto_wallets": shown["crypto_wallets"],
        "user": shown,
    });
    Ok(Good::new(took, body))
}

pub(super) async fn remove(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    let (_, took) = ask.errand(&Errand::DeleteUser(user))?;
    ask.face.book().forget_person(None, user);
    Ok(Good::new(
        took,
        json!({ "user_id": ask.face.person_id(user) }),
    ))
}

pub(super) async fn search(ask: Ask) -> Done {
    let search = Search::read(&ask.face, &ask.fields, Vec::new())?;
    let (_, took) = ask.errand(&Errand::Read {
        user: None,
        org: None,
    })?;
    let page = search.run(&ask.face, ask.exchange.stamp().at);
    let results: Vec<Value> = page
        .pictures
        .iter()
        .map(|picture| ask.face.user(picture))
        .collect();
    Ok(Good::new(
        took,
        json!({ "results": results, "results_metadata": page.metadata }),
    ))
}

/// Refuses an external id that is malformed, or that another person has.
pub(in super::super) fn check_external_id(
    ask: &Ask,
    fields: &Fields,
    org: Option<OrgId>,
    of: Option<UserId>,
) -> Result<(), Problem> {
    let Some(id) = fields.text("external_id")? else {
        return Ok(());
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_|".contains(c);
    if id.len() > 128 || !id.chars().all(allowed) {
        return Err(Problem::field(
            "external_id",
            "has at most 128 of letters, digits and . _ - |",
        ));
    }
    let holder = ask
        .face
        .book()
        .external_people
        .get(&(org, id.to_owned()))
        .copied();
    if holder.is_none() || holder == of {
        return Ok(());
    }
    let error_type = if org.is_some() {
        "duplicate_member_external_id"
    } else {
        "duplicate_user_external_id"
    };
    Err(Problem::bad(
        error_type,
        "This external_id is used by another one already.",
    ))
}

/// Takes over what a request says about a person beside their address.
pub(in super::super) fn describe(
    ask: &Ask,
    user: UserId,
    org: Option<OrgId>,
) -> Result<(), Problem> {
    let fields = &ask.fields;
    let trusted = fields.object("trusted_metadata")?;
    let untrusted = fields.object("untrusted_metadata")?;
    let external_id = fields.text("external_id")?;
    let phone = fields
        .text("mfa_phone_number")?
        .or(fields.text("phone_number")?);
    let roles = fields
        .raw("roles")
        .map(|_| fields.texts("roles"))
        .transpose()?;
    let name = fields.raw("name");
    let said = [
        name.is_some(),
        trusted.is_some(),
        untrusted.is_some(),
        external_id.is_some(),
    ];
    if !said.contains(&true) && phone.is_none() && roles.is_none() {
        return Ok(());
    }
    let mut book = ask.face.book();
    let profile = book.people.entry(user).or_default();
    if let Some(name) = name {
        profile.name = Some(name.clone());
    }
    if let Some(update) = trusted {
        book::merge(&mut profile.trusted, update);
    }
    if let Some(update) = untrusted {
        book::merge(&mut profile.untrusted, update);
    }
    if let Some(phone) = phone {
        phone.clone_into(&mut profile.phone);
    }
    if let Some(roles) = roles {
        profile.roles = roles.into_iter().map(str::to_owned).collect();
    }
    if let Some(id) = external_id {
        let old = profile.external_id.replace(id.to_owned());
        if let Some(old) = old {
            book.external_people.remove(&(org, old));
        }
        book.external_people.insert((org, id.to_owned()), user);
    }
    Ok(())
}
