//! What the doctor sees through a test person: a login, the token, `UserInfo` and Migrate Session.

use super::{
    Examination, Finding, Verdict, Wishes, bad, claims, clock, fail, failed, issued_ahead, ok,
    unknown,
};
use crate::tenant::auth0::{Auth0, Tokens};
use crate::tenant::cleanup::{self, Mode};
use crate::tenant::client::Heard;
use crate::tenant::journal::{Journal, JournalError};
use crate::tenant::provision::{Account, AtStytch, Go, Plan, Wanted, provision};
use crate::tenant::refused::ApiError;
use crate::tenant::stytch::Product;
use crate::tenant::tenants::Tenants;

/// The checks that need a test person.
const CHECKS: [&str; 5] = [
    "auth0 login",
    "auth0 token",
    "auth0 userinfo",
    "stytch migrate session",
    "stytch session clock",
];

pub(super) async fn look(tenants: &Tenants, wishes: Wishes<'_>, examination: &mut Examination) {
    if !wishes.test_person {
        skip(examination, &CHECKS, "left out by --read-only");
        return;
    }
    let credentials = tenants.admitted().credentials();
    let begun = Journal::begin(wishes.journals, credentials, tenants.stytch.product());
    let mut journal = match begun {
        Ok(journal) => journal,
        Err(error) => {
            examination.add("test person", journal_failed(&error));
            skip(examination, &CHECKS, "there is no test person");
            return;
        }
    };
    let wanted = Wanted {
        person: 0,
        at_stytch: AtStytch::Password,
        organization: (tenants.stytch.product() == Product::B2b).then_some(0),
    };
    let plan = Plan::new(vec![wanted]);
    let provisioned = provision(tenants, &mut journal, &plan, |_| Go::On).await;
    match provisioned.map(|mut made| made.people.pop()) {
        Ok(Some(account)) => {
            examination.add("test person", ok(format!("made {}", account.email)));
            through(tenants, wishes, &account, examination).await;
        }
        Ok(None) => skip(examination, &CHECKS, "there is no test person"),
        Err(error) => {
            let finding = fail(
                error.to_string(),
                "see the checks of both providers above",
                "AUTH0_CONNECTION, the Management API's scopes, the Stytch project",
            );
            examination.add("test person", finding);
            skip(examination, &CHECKS, "there is no test person");
        }
    }
    let settled = cleanup::clean(tenants, &mut journal, Mode::Remove, cleanup::SETTLE).await;
    let file = journal.file().display().to_string();
    let finding = match settled {
        Ok(cleaned) if cleaned.kept.is_empty() => match journal.done() {
            Ok(()) => ok(format!("{} records removed", cleaned.removed.len())),
            Err(error) => journal_failed(&error),
        },
        Ok(cleaned) => {
            let kept: Vec<String> = cleaned
                .kept
                .iter()
                .map(|(record, why)| format!("{record}: {why}"))
                .collect();
            fail(
                kept.join("; "),
                format!("run cutover cleanup; the journal is {file}"),
                "cutover cleanup",
            )
        }
        Err(error) => journal_failed(&error),
    };
    examination.add("removal", finding);
}

fn journal_failed(error: &JournalError) -> Finding {
    fail(
        error.to_string(),
        "name a directory that can be written: nothing is created without a journal",
        "--journal",
    )
}

fn skip(examination: &mut Examination, names: &[&'static str], why: &str) {
    for name in names {
        examination.add(name, unknown(why));
    }
}

async fn through(
    tenants: &Tenants,
    wishes: Wishes<'_>,
    account: &Account,
    examination: &mut Examination,
) {
    let auth0 = &tenants.auth0;
    let tokens = match auth0.log_in(&account.email, &account.password).await {
        Ok(tokens) => tokens,
        Err(error) => {
            examination.add(CHECKS[0], login_failed(&error));
            skip(examination, &CHECKS[1..], "nobody could log in");
            return;
        }
    };
    examination.add(CHECKS[0], granted(&tokens));
    examination.add(CHECKS[1], token(auth0, &tokens));
    examination.add(CHECKS[2], userinfo(auth0, &tokens, account).await);
    let organization = account.organization.as_deref();
    let migrated = tenants
        .stytch
        .migrate(&tokens.access, organization, wishes.session_minutes)
        .await;
    let (finding, issued) = migrate(tenants, migrated, account);
    examination.add(CHECKS[3], finding);
    let finding = match issued {
        Some(_) => clock(None, issued, "Stytch"),
        None => unknown("there is no session"),
    };
    examination.add(CHECKS[4], finding);
}

fn login_failed(error: &ApiError) -> Finding {
    let settings = "Auth0 dashboard > Applications > your application > Settings";
    let text = error.to_string();
    match error.refusal() {
        Some((401, _)) => fail(
            text,
            "use the id and secret of the application whose logins are moved, each in its place",
            "AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET",
        ),
        Some((_, "unauthorized_client")) => fail(
            text,
            "enable the Password grant for as long as you test: by it test people log in, as the login page \
             is for browsers",
            format!("{settings} > Advanced > Grant Types"),
        ),
        Some((_, "mfa_required")) => fail(
            text,
            "let test people in without a second factor",
            "Auth0 dashboard > Security > Multi-factor Auth",
        ),
        Some((_, "invalid_request" | "access_denied")) if audience_in(&text) => fail(
            text,
            "name an API of this tenant that the application may use",
            "AUTH0_AUDIENCE; Auth0 dashboard > Applications > APIs",
        ),
        Some((_, "invalid_grant")) => fail(
            text,
            "enable the database connection for the application, and name it",
            "AUTH0_CONNECTION; Auth0 dashboard > Applications > your application > Connections",
        ),
        _ => failed(error, "AUTH0_DOMAIN"),
    }
}

fn audience_in(text: &str) -> bool {
    ["audience", "Service not", "authorized to access"]
        .iter()
        .any(|word| text.contains(word))
}

fn granted(tokens: &Tokens) -> Finding {
    let scope = tokens.scope.as_deref().unwrap_or("not told");
    if tokens.refresh.is_some() {
        ok(format!("scopes {scope}, with a refresh token"))
    } else {
        bad(
            Verdict::Warn,
            format!("scopes {scope}, without a refresh token"),
            "ask for offline_access if your application does: whoever returns after the access token's \
             life must refresh before their session can migrate",
            "AUTH0_SCOPE; Auth0 dashboard > Applications > APIs > your API > Allow Offline Access",
        )
    }
}

/// What the access token is made of: `UserInfo` takes those of its own audience only, and that is
/// there only with `openid` and RS256.
fn token(auth0: &Auth0, tokens: &Tokens) -> Finding {
    let Some((header, claims)) = claims(tokens.access.expose()) else {
        return fail(
            "the access token is opaque: neither your backend nor a run can verify it",
            "name your API's identifier, to get a JWT",
            "AUTH0_AUDIENCE; Auth0 dashboard > Applications > APIs",
        );
    };
    if header.alg != jsonwebtoken::Algorithm::RS256 {
        return fail(
            format!("the access token is signed with {:?}", header.alg),
            "let the API sign with RS256: UserInfo takes no other token",
            "Auth0 dashboard > Applications > APIs > your API > Signing Algorithm",
        );
    }
    let audiences: Vec<&str> = match &claims["aud"] {
        serde_json::Value::Array(all) => all.iter().filter_map(|one| one.as_str()).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let api = auth0.credentials().audience.as_str();
    let userinfo = format!("{}userinfo", auth0.issuer());
    if !audiences.contains(&api) {
        fail(
            format!("the access token is for {audiences:?}, not for {api}"),
            "name the API that your backend verifies tokens for",
            "AUTH0_AUDIENCE",
        )
    } else if !audiences.contains(&userinfo.as_str()) {
        fail(
            format!("the access token is for {audiences:?}, not for {userinfo}"),
            "ask for the scope openid: without it UserInfo, and so Migrate Session, refuses the token",
            "AUTH0_SCOPE, and your application's code",
        )
    } else {
        ok(format!("RS256, for {}", audiences.join(" and ")))
    }
}

async fn userinfo(auth0: &Auth0, tokens: &Tokens, account: &Account) -> Finding {
    let scope = "AUTH0_SCOPE, and your application's code";
    let heard = match auth0.userinfo(&tokens.access).await {
        Ok(heard) => heard,
        Err(error) => return failed(&error, "AUTH0_DOMAIN"),
    };
    match (heard.status, heard.json["email"].as_str()) {
        (200, Some(email)) if email.eq_ignore_ascii_case(&account.email) => {
            ok("it gives the e-mail address")
        }
        (200, Some(_)) => fail(
            "it gives another e-mail address than the person has",
            "look for an Action or Rule that changes it: Migrate Session matches by e-mail",
            "Auth0 dashboard > Actions",
        ),
        (200, None) => fail(
            "it answers, but gives no e-mail address",
            "ask for the scope email: Migrate Session matches by e-mail",
            scope,
        ),
        (401 | 403, _) => fail(
            format!("it refuses the access token ({})", heard.status),
            "ask for the scope openid, and let the API sign with RS256",
            scope,
        ),
        (429, _) => fail(
            "it refuses: 429, though nobody but this test person used their bucket",
            "wait, and find out who else uses the tenant",
            "Auth0 dashboard > Monitoring > Logs, type api_limit",
        ),
        (status, _) => fail(
            format!("it answers {status}"),
            "look at what the tenant's log says",
            "Auth0 dashboard > Monitoring > Logs",
        ),
    }
}

fn migrate(
    tenants: &Tenants,
    migrated: Result<Heard, ApiError>,
    account: &Account,
) -> (Finding, Option<f64>) {
    let heard = match migrated {
        Ok(heard) => heard,
        Err(error) => return (failed(&error, "STYTCH_API_URL"), None),
    };
    let error = heard.json["error_type"].as_str().unwrap_or_default();
    let evidence = format!("Migrate Session answers {} {error}", heard.status);
    let userinfo = format!("{}userinfo", tenants.auth0.issuer());
    let migrations = "Stytch dashboard > Migrations";
    let finding = match (heard.status, error) {
        (200, _) => {
            let session = heard.json["session_jwt"].as_str().unwrap_or_default();
            let Some((_, claims)) = claims(session) else {
                let finding = fail(
                    "Migrate Session answers 200, but without a session",
                    "send session_duration_minutes, as the scenario's application does",
                    "your application's code",
                );
                return (finding, None);
            };
            let issued = issued_ahead(&claims);
            return (ok(format!("{} has a session", account.email)), issued);
        }
        (_, "migrate_from_external_missing_userinfo") => fail(
            evidence,
            format!("set the UserInfo URL to {userinfo}"),
            migrations,
        ),
        (_, "migrate_from_external_unexpected_response") => fail(
            evidence,
            format!(
                "check that the UserInfo URL is {userinfo} and that the check of UserInfo above is ok"
            ),
            migrations,
        ),
        (_, "migrate_from_external_email_does_not_exist") => fail(
            evidence,
            "check that the UserInfo URL is that of this tenant, and that it gives the e-mail address",
            migrations,
        ),
        (_, code) if code.starts_with("invalid_session_duration") => fail(
            evidence,
            "allow sessions of the length that the scenario's application asks for, or ask for less",
            "Stytch dashboard > Configuration > Session management; app.session_duration in the scenario",
        ),
        (404, _) => fail(
            evidence,
            "use a project of the scenario's product",
            "STYTCH_PROJECT_ID",
        ),
        _ => fail(
            evidence,
            "look at what the project's log says",
            "Stytch dashboard > Event logs",
        ),
    };
    (finding, None)
}

#[cfg(test)]
mod tests;
