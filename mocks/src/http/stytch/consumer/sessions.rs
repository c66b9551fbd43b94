//! Sessions: migrate, authenticate, revoke, list, and the keys that sign their JWTs.

use axum::http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::objects::Picture;
use super::super::problem::Problem;
use super::{entered, picture, user_named};
use crate::stytch::{Call, Enter, Errand, Reply};

pub(super) async fn migrate(ask: Ask) -> Done {
    let token = ask.fields.needed("session_token")?;
    let duration = ask.fields.duration()?;
    let got = ask.migrate(token, None, duration).await?;
    entered(&ask, got, "session", json!({})).await
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let duration = ask.fields.duration()?;
    let session = ask.session_or_sandbox()?;
    let verdict = ask.verdict(session.token().session)?;
    let got = ask.call(&session.authenticate(duration))?;
    entered(&ask, got, "session", json!({ "verdict": verdict })).await
}

pub(super) async fn attest(ask: Ask) -> Done {
    let profile = ask.profile()?;
    let token = ask.fields.needed("token")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let attested = ask.attest(profile, token, None).await;
    let enter = Enter::Attest {
        seen: attested.seen,
        creates: profile.creates,
        org: None,
        duration,
    };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    if let Reply::Session(opened) = got.0 {
        let mut book = ask.face.book();
        book.token_ids.put(opened.token.session, attested.token_id);
    }
    entered(&ask, got, "session", json!({})).await
}

pub(super) async fn impersonate(ask: Ask) -> Done {
    let text = ask.fields.needed("impersonation_token")?;
    let token = ask.face.0.names.read_login_token(text);
    let got = ask.errand(&Errand::Enter(Enter::Impersonate(token)))?;
    entered(&ask, got, "session", json!({})).await
}

pub(super) async fn revoke(ask: Ask) -> Done {
    let token = match ask.fields.text("session_id")? {
        Some(_)
            if ask
                .fields
                .raw("session_token")
                .or(ask.fields.raw("session_jwt"))
                .is_some() =>
        {
            return Err(Problem::bad(
                "too_many_session_revoke_arguments",
                "Only one of session_id, session_token and session_jwt may be provided.",
            )
            .into());
        }
        Some(id) => ask.session_of(id),
        None => ask.session().map_err(none_to_revoke)?.token(),
    };
    let (_, took) = ask.call(&Call::Revoke { token })?;
    Ok(Good::new(took, json!({})))
}

/// The same complaint under the name that revoking has for it.
pub(in super::super) fn none_to_revoke(problem: Problem) -> Problem {
    let error_type = match problem.error_type {
        "no_session_arguments" => "no_session_revoke_arguments",
        "too_many_session_arguments" => "too_many_session_revoke_arguments",
        other => other,
    };
    Problem {
        error_type,
        ..problem
    }
}

pub(super) async fn list(ask: Ask) -> Done {
    let user = user_named(&ask, ask.query.needed("user_id")?);
    let (_, took) = ask.errand(&Errand::ListSessions(user))?;
    let now = ask.exchange.stamp().at;
    let rows: Vec<_> = ask.face.project().sessions_of(user, now).collect();
    let whose: Picture = picture(&ask, user, None, took)?;
    let sessions: Vec<Value> = rows
        .iter()
        .map(|row| json!(ask.face.session(row, &whose)))
        .collect();
    Ok(Good::new(took, json!({ "sessions": sessions })))
}

pub(in super::super) async fn jwks(ask: Ask) -> Done {
    if ask.path("project_id") != ask.face.config().project_id {
        let message = "The project could not be found.".to_owned();
        return Err(Problem {
            status: 404,
            error_type: "project_not_found",
            message,
        }
        .into());
    }
    let (reply, took) = ask.call(&Call::Jwks)?;
    let Reply::Keys(set) = reply else {
        return Err(odd(took));
    };
    let keys = ask.face.jwks(set);
    Ok(Good::new(took, json!({ "keys": keys })).with(CACHE_CONTROL, "max-age=900"))
}
