//! Users: create, read, change, delete and search.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::book;
use super::super::fields::Fields;
use super::super::problem::Problem;
use super::super::search::Search;
use super::user_means::phone_of;
use super::{address, picture, user_named};
use crate::stytch::{Call, Errand, ErrandReply, Keep, OrgId, Reply, UserId, Vertical, With};

pub(super) async fn create(ask: Ask) -> Done {
    let email = match ask.fields.text("email")? {
        Some(_) => Some(address(&ask, "email")?.1),
        None => None,
    };
    let number = ask.fields.phone("phone_number")?;
    if email.is_none() && number.is_none() {
        let message = "One of email and phone_number must be provided.";
        return Err(Problem::bad("invalid_create_user_request", message).into());
    }
    check_external_id(&ask, &ask.fields, None, None)?;
    metadata_fits(&ask, None)?;
    let pending = ask.fields.flag("create_user_as_pending")?.unwrap_or(false);
    let phone = number.map(|number| phone_of(&ask, number));
    let with = With {
        pending,
        ..With::default()
    };
    let (user, took) = match email {
        Some(email) if phone.is_none() && !pending => {
            match ask.call(&Call::CreateUser { email, org: None })? {
                (Reply::Created(user), took) => (user, took),
                (_, took) => return Err(odd(took)),
            }
        }
        _ => {
            let keep = Keep::Create {
                email,
                phone,
                org: None,
            };
            match ask.any_errand_with(with, &Errand::Keep(keep))? {
                (ErrandReply::Has { user, .. }, took) => (user, took),
                (_, took) => return Err(odd(took)),
            }
        }
    };
    describe(&ask, user, None)?;
    let picture = picture(&ask, user, None, took)?;
    let shown = json!(ask.face.user(&picture));
    let id = |list: &str, name: &str| shown[list][0][name].as_str().unwrap_or_default().to_owned();
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": id("emails", "email_id"),
        "phone_id": id("phone_numbers", "phone_id"),
        "status": shown["status"],
        "user": shown,
    });
    Ok(Good::new(took, body))
}

pub(super) async fn remove_external_id(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    let (_, took) = ask.errand(&Errand::read(Some(user), None))?;
    ask.face.book().forget_external_id(None, user);
    let shown = json!(ask.face.user(&picture(&ask, user, None, took)?));
    let body = json!({ "user_id": ask.face.person_id(user), "user": shown });
    Ok(Good::new(took, body))
}

pub(super) async fn read(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    let (_, took) = ask.errand(&Errand::read(Some(user), None))?;
    Ok(Good::new(
        took,
        json!(ask.face.user(&picture(&ask, user, None, took)?)),
    ))
}

pub(super) async fn update(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    check_external_id(&ask, &ask.fields, None, Some(user))?;
    metadata_fits(&ask, Some(user))?;
    let (_, took) = ask.errand(&Errand::UpdateUser {
        user,
        mfa_enrolled: None,
    })?;
    describe(&ask, user, None)?;
    let shown = json!(ask.face.user(&picture(&ask, user, None, took)?));
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
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let page = search.run(&ask.face, ask.exchange.stamp().at);
    let results: Vec<Value> = page
        .pictures
        .iter()
        .map(|picture| json!(ask.face.user(picture)))
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

/// Metadata has at most this many keys at its top level, and this many bytes (Stytch docs).
const METADATA_KEYS: usize = 20;
const METADATA_BYTES: usize = 4096;

/// Refuses metadata that would be too large once merged, roles that are no texts, and a name of
/// another form.
pub(in super::super) fn metadata_fits(ask: &Ask, of: Option<UserId>) -> Result<(), Problem> {
    let fields = &ask.fields;
    let kept = of.map(|user| ask.face.profile(user)).unwrap_or_default();
    for (field, kept) in [
        ("trusted_metadata", kept.trusted),
        ("untrusted_metadata", kept.untrusted),
    ] {
        let update = match fields.raw(field) {
            None => continue,
            Some(Value::Object(update)) => update,
            Some(_) => {
                let message = format!("{field} must be an object.");
                return Err(Problem::bad("metadata_invalid_format", message));
            }
        };
        let mut merged = kept;
        book::merge(&mut merged, update);
        if merged.len() > METADATA_KEYS {
            let message = format!("{field} has more than {METADATA_KEYS} keys.");
            return Err(Problem::bad("metadata_too_many_keys", message));
        }
        if Value::Object(merged).to_string().len() > METADATA_BYTES {
            let message = format!("{field} is larger than 4 KB.");
            return Err(Problem::bad("metadata_too_large", message));
        }
    }
    if fields.raw("roles").is_some() {
        fields.texts("roles")?;
    }
    match (ask.face.0.vertical, fields.raw("name")) {
        (_, None)
        | (Vertical::Consumer, Some(Value::Object(_)))
        | (Vertical::B2b, Some(Value::String(_))) => Ok(()),
        (Vertical::Consumer, _) => Err(Problem::field("name", "must be an object")),
        (Vertical::B2b, _) => Err(Problem::field("name", "must be a string")),
    }
}

/// A user's name keeps the parts that an update does not mention.
fn named(kept: Option<Value>, update: &Value) -> Value {
    let Value::Object(update) = update else {
        return update.clone();
    };
    let mut name = json!({ "first_name": "", "middle_name": "", "last_name": "" });
    let kept = kept.and_then(|kept| kept.as_object().cloned());
    let parts = kept.unwrap_or_default().into_iter().chain(update.clone());
    for (part, value) in parts.filter(|(_, value)| value.is_string()) {
        name[part] = value;
    }
    name
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
    let default_mfa = fields.text("default_mfa_method")?;
    if !said.contains(&true) && default_mfa.is_none() && roles.is_none() {
        return Ok(());
    }
    let mut book = ask.face.book();
    let profile = book.people.entry(user).or_default();
    if let Some(name) = name {
        profile.name = Some(named(profile.name.take(), name));
    }
    if let Some(update) = trusted {
        book::merge(&mut profile.trusted, update);
    }
    if let Some(update) = untrusted {
        book::merge(&mut profile.untrusted, update);
    }
    if let Some(method) = default_mfa {
        profile.default_mfa = Some(method.to_owned());
    }
    profile.updated = Some(ask.exchange.stamp().at);
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
