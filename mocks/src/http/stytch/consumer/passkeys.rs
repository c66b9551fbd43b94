//! Passkeys of users: made, logged in by, named and listed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::names::Kind;
use super::super::passkeys::{ALGORITHMS, Answered, Ceremony, LIFE};
use super::super::problem::{Bad, Problem};
use super::{entered, user_named, user_of};
use crate::stytch::{Enter, Errand, MeansId, Reply, UserId};
use crate::time::Span;

/// The site that a request names.
fn domain_of(ask: &Ask) -> Result<String, Problem> {
    let domain = ask.fields.needed("domain")?;
    let fits = !domain.contains(['/', ':', '@', '?', '#', ' ']);
    if fits {
        Ok(domain.to_lowercase())
    } else {
        let message = "The domain must be a host name, without scheme, port or path.";
        Err(Problem::bad("invalid_domain", message))
    }
}

/// Begins a ceremony; says its challenge.
fn begin(
    ask: &Ask,
    user: Option<UserId>,
    domain: String,
    creates: bool,
) -> Result<String, Problem> {
    let ceremony = Ceremony {
        user,
        domain,
        creates,
        user_agent: ask
            .fields
            .text("user_agent")?
            .unwrap_or_default()
            .to_owned(),
        expires: ask.exchange.stamp().at + LIFE,
    };
    let number = ask.face.book().passkeys.begin(ceremony);
    Ok(ask.face.0.names.challenge(number))
}

/// The passkeys that somebody has at a site.
fn credentials(ask: &Ask, user: UserId, domain: &str) -> Vec<(MeansId, String)> {
    let ids = ask.face.project().means(user).passkeys;
    let book = ask.face.book();
    let kept = ids.into_iter().filter_map(|id| {
        let key = book.passkeys.keys.get(&id)?;
        (key.domain == domain).then(|| (id, URL_SAFE_NO_PAD.encode(&key.credential)))
    });
    kept.collect()
}

fn listed(credentials: &[(MeansId, String)]) -> Vec<Value> {
    let each = credentials.iter();
    each.map(|(_, id)| json!({ "type": "public-key", "id": id }))
        .collect()
}

pub(super) async fn start_registration(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let domain = domain_of(&ask)?;
    let kind = match ask.fields.text("authenticator_type")? {
        None => None,
        Some(kind @ ("platform" | "cross-platform")) => Some(kind.to_owned()),
        Some(_) => {
            let message = "authenticator_type must be platform or cross-platform.";
            return Err(Problem::bad("invalid_authenticator_type", message).into());
        }
    };
    let passkey = ask.fields.flag("return_passkey_credential_options")?;
    let (_, took) = ask.errand(&Errand::read(Some(user), None))?;
    let id = ask.face.person_id(user);
    let email = {
        let view = ask.face.project().user(user);
        view.and_then(|view| view.email)
    };
    let address = email.map(|email| ask.face.0.directory.text(email));
    let text = |name: &str| Ok::<_, Problem>(ask.fields.text(name)?.map(str::to_owned));
    let called = text("override_name")?
        .or(address)
        .unwrap_or_else(|| id.clone());
    let shown = text("override_display_name")?.unwrap_or_else(|| called.clone());
    let handle = text("override_id")?.unwrap_or_else(|| id.clone());
    let known = listed(&credentials(&ask, user, &domain));
    let challenge = begin(&ask, Some(user), domain.clone(), true)?;
    let resident = if passkey == Some(true) {
        "required"
    } else {
        "discouraged"
    };
    let mut selection = json!({
        "residentKey": resident,
        "requireResidentKey": passkey == Some(true),
        "userVerification": "preferred",
    });
    if let Some(kind) = kind {
        selection["authenticatorAttachment"] = json!(kind);
    }
    let parameters: Vec<Value> = ALGORITHMS
        .iter()
        .map(|algorithm| json!({ "type": "public-key", "alg": algorithm }))
        .collect();
    let options = json!({
        "rp": { "id": domain, "name": "cutover mock" },
        "user": { "id": URL_SAFE_NO_PAD.encode(handle), "name": called, "displayName": shown },
        "challenge": challenge,
        "pubKeyCredParams": parameters,
        "timeout": 300_000,
        "excludeCredentials": known,
        "authenticatorSelection": selection,
        "attestation": "none",
        "extensions": {},
    });
    let body = json!({
        "user_id": id,
        "public_key_credential_creation_options": options.to_string(),
    });
    Ok(Good::new(took, body))
}

/// The ceremony that a request's credential answers.
fn answered(ask: &Ask) -> Result<(Answered, Option<Ceremony>), Problem> {
    let answer = Answered::read(ask.fields.needed("public_key_credential")?)?;
    let number = ask.face.0.names.read_challenge(&answer.challenge);
    let now = ask.exchange.stamp().at;
    let mut book = ask.face.book();
    let ceremony = number.and_then(|number| answer.of(&mut book.passkeys, number, now));
    drop(book);
    Ok((answer, ceremony))
}

pub(super) async fn register(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let (answer, ceremony) = answered(&ask)?;
    let ceremony = ceremony.filter(|it| it.user == Some(user));
    let ceremony = ceremony.ok_or_else(|| Problem {
        status: 404,
        error_type: "no_pending_webauthn_registration",
        message: "There is no pending WebAuthn registration that this credential answers."
            .to_owned(),
    })?;
    let made = answer.made(&ceremony).ok_or_else(|| {
        let message = "The credential is not one that was made for this registration.";
        Problem::bad("unable_to_register_webauthn_registration", message)
    })?;
    if ask
        .face
        .book()
        .passkeys
        .of_credential(&made.credential)
        .is_some()
    {
        let message = "The credential is registered already.";
        return Err(Problem::bad("duplicate_webauthn_registration", message).into());
    }
    let add = Enter::AddPasskey { user, duration };
    let got = ask.errand_with(with, &Errand::Enter(add))?;
    let id = ask.face.project().means(user).passkeys.last().copied();
    let id = id.ok_or_else(|| odd(got.1))?;
    ask.face.book().passkeys.keys.insert(id, made);
    entered_by(&ask, got, Some(id)).await
}

pub(super) async fn start_login(ask: Ask) -> Done {
    let domain = domain_of(&ask)?;
    ask.fields.flag("return_passkey_credential_options")?;
    let user = ask
        .fields
        .text("user_id")?
        .map(|text| user_named(&ask, text));
    let (_, took) = ask.errand(&Errand::read(user, None))?;
    let allowed = user.map(|user| credentials(&ask, user, &domain));
    if allowed.as_ref().is_some_and(Vec::is_empty) {
        let problem = Problem::bad(
            "no_active_webauthn_registrations",
            "The user has no active WebAuthn registrations for this domain.",
        );
        return Err(Bad::Told { problem, took });
    }
    let challenge = begin(&ask, user, domain.clone(), false)?;
    let options = json!({
        "challenge": challenge,
        "timeout": 300_000,
        "rpId": domain,
        "allowCredentials": listed(&allowed.unwrap_or_default()),
        "userVerification": "preferred",
    });
    let body = json!({
        "user_id": user.map(|user| ask.face.person_id(user)).unwrap_or_default(),
        "public_key_credential_request_options": options.to_string(),
    });
    Ok(Good::new(took, body))
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let (answer, ceremony) = answered(&ask)?;
    let id = ceremony.and_then(|ceremony| {
        let id = answer.signed(&ask.face.book().passkeys, &ceremony)?;
        let owner = ask.face.project().owner(crate::stytch::Thing::Passkey, id);
        (ceremony.user.is_none() || ceremony.user == owner).then_some(id)
    });
    let enter = Enter::Passkey { id, duration };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    user_of(&got.0).ok_or_else(|| odd(got.1))?;
    entered_by(&ask, got, id).await
}

/// The answer to a login by a passkey.
async fn entered_by(ask: &Ask, got: (Reply, Span), id: Option<MeansId>) -> Done {
    let name = id.map(|id| ask.face.0.names.id(Kind::Webauthn, id.0));
    entered(
        ask,
        got,
        "session",
        json!({ "webauthn_registration_id": name }),
    )
    .await
}

pub(super) async fn rename(ask: Ask) -> Done {
    let text = ask.path("webauthn_registration_id");
    let name = ask.fields.text("name")?.ok_or_else(|| {
        let message = "The name must not be empty.";
        Problem::bad("empty_webauthn_registration_name", message)
    })?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let id = ask.face.0.names.read_id(Kind::Webauthn, text).map(MeansId);
    let owner = id.and_then(|id| {
        let project = ask.face.project();
        project.owner(crate::stytch::Thing::Passkey, id)
    });
    let (Some(id), Some(_)) = (id, owner) else {
        let problem = Problem {
            status: 404,
            error_type: "webauthn_registration_not_found",
            message: "WebAuthn registration could not be found.".to_owned(),
        };
        return Err(Bad::Told { problem, took });
    };
    if let Some(key) = ask.face.book().passkeys.keys.get_mut(&id) {
        name.clone_into(&mut key.name);
    }
    let shown = ask.face.passkey(id);
    Ok(Good::new(took, json!({ "webauthn_registration": shown })))
}

pub(super) async fn list(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    let (_, took) = ask.errand(&Errand::read(Some(user), None))?;
    let found = credentials(&ask, user, &ask.path("domain").to_lowercase());
    let shown = found.iter().map(|(id, credential)| {
        json!({
            "credential_id": credential,
            "webauthn_registration_id": ask.face.0.names.id(Kind::Webauthn, id.0),
            "type": "public-key",
            "public_key": "",
        })
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Good::new(took, json!({ "credentials": shown })))
}
