//! The hand-over: each device of the cast gets real sessions in place of those of virtual time.
//!
//! A session that lives in virtual time is opened for real, by a login or a migration; of one that has
//! ended the device keeps a text that no provider knows, so that it is refused as it would be. How old
//! a token is in the application's eyes stays as virtual time has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cutover_mocks::auth0::Tenant;
use cutover_mocks::http::Owner;
use cutover_mocks::keys::KeySet;
use cutover_mocks::stytch::Project;
use cutover_mocks::time::Timestamp;

use super::TenantRunError;
use super::names::{Names, UNKNOWN};
use super::verifier::TenantVerifier;
use crate::population::PersonId;
use crate::recorder::Via;
use crate::rehearsal::Rehearsal;
use crate::rehearsal::hand_over::{HeldLegacy, HeldSession};
use crate::tenant::client::Provider;
use crate::tenant::provision::Account;
use crate::tenant::refused::ApiError;
use crate::tenant::secret::Secret;
use crate::tenant::tenants::Tenants;

/// Sessions that Migrate Session opens for the hand-over last this long: an hour, longer than any
/// window.
const MINUTES: u32 = 60;

/// The providers' keys at the hand-over.
struct RealKeys {
    auth0: KeySet,
    stytch: KeySet,
}

pub(super) async fn hand_over(
    rehearsal: &mut Rehearsal<'_, TenantVerifier>,
    (tenant, project): (&Tenant, &Project),
    (tenants, names): (&Tenants, &Arc<Names>),
    now: Timestamp,
    mut watch: impl FnMut(usize, usize),
) -> Result<(), TenantRunError> {
    let keys = keys(tenants, names).await?;
    rehearsal.give_keys(Via::Auth0, keys.auth0, now);
    rehearsal.give_keys(Via::Stytch, keys.stytch, now);
    let cast: BTreeSet<PersonId> = names.people().collect();
    let held = rehearsal.held(&cast);
    let all = held.len();
    // A person's logins are used for all that their devices need, where one is enough.
    let mut tokens: BTreeMap<PersonId, Secret> = BTreeMap::new();
    for (number, held) in held.into_iter().enumerate() {
        let Some(account) = names.account_of(held.person) else {
            continue;
        };
        let mut real = held;
        if let Some(legacy) = &mut real.legacy {
            let live = legacy
                .refresh
                .map_or(now < legacy.access.expires, |refresh| {
                    tenant.refresh_is_live(refresh, now)
                });
            if live {
                let token = log_in(tenants, names, account, legacy).await?;
                tokens.insert(held.person, token);
            } else {
                end(names, keys.auth0, legacy);
            }
        }
        if let Some(session) = &mut real.stytch {
            let live = project.session_is_live(session.token, now);
            let token = match (live, tokens.get(&held.person)) {
                (false, _) => None,
                (true, Some(token)) => Some(token.clone()),
                (true, None) => {
                    let given = tenants.auth0.log_in(&account.email, &account.password);
                    let access = given.await?.access;
                    tokens.insert(held.person, access.clone());
                    Some(access)
                }
            };
            match token {
                Some(token) => migrate(tenants, names, account, &token, session).await?,
                None => end_session(names, keys.stytch, session),
            }
        }
        rehearsal.exchange(real);
        watch(number + 1, all);
    }
    rehearsal.verifier_mut().hand_over(Arc::clone(names));
    Ok(())
}

async fn keys(tenants: &Tenants, names: &Names) -> Result<RealKeys, ApiError> {
    let none = |provider| ApiError::Unexpected {
        provider,
        what: "its keys",
        missing: "a key",
    };
    let (auth0, stytch) = (tenants.auth0.keys().await?, tenants.stytch.keys().await?);
    let auth0 = names.learn(Owner::Auth0, &auth0);
    let stytch = names.learn(Owner::Stytch, &stytch);
    Ok(RealKeys {
        auth0: auth0.ok_or(none(Provider::Auth0))?,
        stytch: stytch.ok_or(none(Provider::Stytch))?,
    })
}

/// Opens a legacy session for real.
async fn log_in(
    tenants: &Tenants,
    names: &Names,
    account: &Account,
    held: &mut HeldLegacy,
) -> Result<Secret, ApiError> {
    let given = tenants
        .auth0
        .log_in(&account.email, &account.password)
        .await?;
    let text = given.access.expose();
    held.access.key = names.key_of(Owner::Auth0, text).unwrap_or_default();
    held.access.handle = names.wallet.keep(text);
    // Whoever had no refresh token gets none to use.
    held.refresh = held.refresh.map(|_| {
        let text = given.refresh.as_ref().map_or(UNKNOWN, Secret::expose);
        names.wallet.refresh_token(text)
    });
    Ok(given.access)
}

/// A legacy session that has ended.
fn end(names: &Names, keys: KeySet, held: &mut HeldLegacy) {
    held.access.key = keys.current;
    held.access.handle = names.wallet.know(UNKNOWN);
    held.refresh = held.refresh.map(|_| names.wallet.refresh_token(UNKNOWN));
}

/// Opens a Stytch session for real.
async fn migrate(
    tenants: &Tenants,
    names: &Names,
    account: &Account,
    token: &Secret,
    held: &mut HeldSession,
) -> Result<(), ApiError> {
    let organization = account.organization.as_deref();
    let heard = tenants.stytch.migrate(token, organization, MINUTES).await?;
    if heard.status != 200 {
        let what = "Migrate Session";
        return Err(ApiError::refused(Provider::Stytch, what, &heard));
    }
    let text = |field: &str| heard.json[field].as_str().unwrap_or_default();
    let jwt = text("session_jwt");
    held.jwt.key = names.key_of(Owner::Stytch, jwt).unwrap_or_default();
    held.jwt.handle = names.wallet.keep(jwt);
    held.token.handle = names.wallet.know(text("session_token"));
    Ok(())
}

/// A Stytch session that has ended.
fn end_session(names: &Names, keys: KeySet, held: &mut HeldSession) {
    held.jwt.key = keys.current;
    held.jwt.handle = names.wallet.know(UNKNOWN);
    held.token.handle = names.wallet.know(UNKNOWN);
}
