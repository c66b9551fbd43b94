//! `/api/v2/clients…` and `/client-grants…`: applications, and which APIs they may call for themselves.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit, conflict, not_found, room_beside};
use super::paging::{Paging, cut_fields};
use super::payload::{Payload, bad_body};
use crate::auth0::organizations::letters;
use crate::auth0::registry::{
    ApiGrant, Backchannel, Client, GrantType, Initiator, Kind, OrganizationUse, Secret, Urls,
};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::registration::THIRD_PARTY;

/// A complaint about an application that is not registered.
pub(super) fn missing() -> Complaint {
    not_found("The client does not exist", "inexistent_client")
}

fn client_shown(desk: &Desk<'_>, client: &Client) -> Value {
    let mut shown = json!({
        "tenant": "cutover",
        "global": false,
        "is_first_party": !client.id.starts_with(THIRD_PARTY),
        "oidc_conformant": true,
        "client_id": client.id,
        "name": client.name,
        "app_type": client.kind.name(),
        "callbacks": client.callbacks.listed,
        "allowed_logout_urls": client.logout_urls.listed,
        "web_origins": client.web_origins.listed,
        "grant_types": client
            .grants
            .iter()
            .flat_map(|grant| grant.names())
            .collect::<Vec<_>>(),
        "token_endpoint_auth_method": client.auth_method(),
        "organization_usage": match client.organizations {
            OrganizationUse::Deny => "deny",
            OrganizationUse::Allow => "allow",
            OrganizationUse::Require => "require",
        },
        "jwt_configuration": { "alg": "RS256", "lifetime_in_seconds": 36_000, "secret_encoded": false },
        "refresh_token": {
            "rotation_type": if desk.behind.tenant.settings().rotation { "rotating" } else { "non-rotating" },
            "expiration_type": "expiring",
            "leeway": desk.behind.tenant.settings().rotation_leeway.as_secs(),
            "token_lifetime": desk.behind.tenant.settings().refresh_absolute_life.as_secs(),
            "idle_token_lifetime": desk.behind.tenant.settings().refresh_idle_life.as_secs(),
        },
    });
    if let Secret::Needed(secret) | Secret::Optional(secret) = &client.secret {
        shown["client_secret"] = secret.as_str().into();
    }
    if let Some(uri) = &client.login_uri {
        shown["initiate_login_uri"] = uri.as_str().into();
    }
    if let Some(url) = &client.backchannel.url {
        let told = &client.backchannel;
        let mut initiators = json!({ "mode": if told.all { "all" } else { "custom" } });
        if !told.all {
            let selected = told.selected.iter().map(|it| it.name());
            initiators["selected_initiators"] = selected.collect();
        }
        shown["oidc_logout"] = json!({
            "backchannel_logout_urls": [url],
            "backchannel_logout_initiators": initiators,
        });
    }
    shown
}

/// `GET /clients`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:clients"], |desk| {
            let kinds = desk
                .query
                .get("app_type")
                .map(|kinds| kinds.split(',').filter_map(Kind::named).collect::<Vec<_>>());
            let all = desk.behind.tenant.registry().clients().iter();
            let all = all
                .filter(|client| {
                    kinds
                        .as_ref()
                        .is_none_or(|kinds| kinds.contains(&client.kind))
                })
                .map(|client| cut_fields(desk.query, client_shown(desk, client)));
            Paging::read(desk.query)?.show("clients", all)
        })
        .await
}

/// `GET /clients/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:clients", "read:client_keys"], |desk| {
            let client = desk.behind.tenant.registry().client(&id);
            let shown = client_shown(desk, client.ok_or_else(missing)?);
            Served::ok(cut_fields(desk.query, shown))
        })
        .await
}

/// `POST /clients`.
pub(super) async fn create(visit: Visit) -> Response {
    visit
        .serve(&["create:clients"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let name = payload.needed("name")?;
            let kind = match payload.text("app_type")? {
                None => Kind::RegularWeb,
                Some(kind) => Kind::named(kind).ok_or_else(|| {
                    bad_body("Payload validation error: 'No enum match' on property app_type.")
                })?,
            };
            let luck = desk.stamp.luck.split(60);
            let id = format!("{}{}", letters(luck.0), letters(luck.split(0).0));
            let mut client = Client::new(id.clone(), kind);
            name.clone_into(&mut client.name);
            change(&mut client, payload)?;
            let registry = desk.behind.tenant.registry_mut();
            room_beside(registry.clients().len())?;
            registry
                .add_client(client.clone())
                .map_err(|taken| conflict(&taken.to_string(), "client_conflict"))?;
            Served::created(client_shown(desk, &client))
        })
        .await
}

/// Takes over what a body says of an application.
fn change(client: &mut Client, payload: Payload<'_>) -> Result<(), Complaint> {
    if let Some(name) = payload.text("name")? {
        name.clone_into(&mut client.name);
    }
    for (name, urls) in [
        ("callbacks", &mut client.callbacks),
        ("allowed_logout_urls", &mut client.logout_urls),
        ("web_origins", &mut client.web_origins),
    ] {
        // Whoever writes what is listed already changes nothing.
        if let Some(listed) = payload.texts(name)?
            && listed != urls.listed
        {
            *urls = Urls::only(listed);
        }
    }
    if let Some(origins) = payload.texts("allowed_origins")? {
        client.web_origins.listed.extend(origins);
    }
    if let Some(names) = payload.texts("grant_types")? {
        let mut grants = Vec::new();
        for name in &names {
            let grant = GrantType::named(name).ok_or_else(|| {
                bad_body(&format!(
                    "Payload validation error: '{name} is not mocked' on property grant_types."
                ))
            })?;
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        client.grants = grants;
    }
    if let Some(uri) = payload.text("initiate_login_uri")? {
        client.login_uri = Some(uri.to_owned());
    }
    for name in ["oidc_backchannel_logout", "oidc_logout"] {
        if let Some(told) = payload.object(name)? {
            change_backchannel(&mut client.backchannel, Payload(told))?;
        } else if payload.0.get(name).is_some_and(Value::is_null) {
            client.backchannel = Backchannel::default();
        }
    }
    match payload.text("organization_usage")? {
        Some("deny") => client.organizations = OrganizationUse::Deny,
        Some("allow") => client.organizations = OrganizationUse::Allow,
        Some("require") => client.organizations = OrganizationUse::Require,
        _ => {}
    }
    change_secret(client, payload)
}

fn change_backchannel(backchannel: &mut Backchannel, told: Payload<'_>) -> Result<(), Complaint> {
    if let Some(urls) = told.texts("backchannel_logout_urls")? {
        if urls.len() > 1 || urls.iter().any(|url| !is_web_url(url)) {
            return Err(bad_body(
                "Payload validation error: 'Expected one http(s) URL at most' on property backchannel_logout_urls.",
            ));
        }
        backchannel.url = urls.into_iter().next();
    }
    let Some(initiators) = told.object("backchannel_logout_initiators")? else {
        return Ok(());
    };
    let initiators = Payload(initiators);
    backchannel.all = match initiators.text("mode")? {
        None | Some("custom") => false,
        Some("all") => true,
        Some(_) => {
            return Err(bad_body(
                "Payload validation error: 'Expected custom or all' on property mode.",
            ));
        }
    };
    let Some(names) = initiators.texts("selected_initiators")? else {
        backchannel.selected = Initiator::USUAL.to_vec();
        return Ok(());
    };
    let mut selected = Vec::new();
    for name in names {
        let initiator = Initiator::named(&name).ok_or_else(|| {
            bad_body(&format!(
                "Payload validation error: 'No such initiator: {name}' on property selected_initiators."
            ))
        })?;
        if !selected.contains(&initiator) {
            selected.push(initiator);
        }
    }
    if selected.is_empty() {
        selected.push(Initiator::RpLogout);
    }
    backchannel.selected = selected;
    Ok(())
}

fn is_web_url(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.fragment().is_none())
}

fn change_secret(client: &mut Client, payload: Payload<'_>) -> Result<(), Complaint> {
    let has_secret = matches!(client.secret, Secret::Needed(_) | Secret::Optional(_));
    match payload.text("token_endpoint_auth_method")? {
        Some("none") => client.secret = Secret::Public,
        Some("client_secret_post" | "client_secret_basic") if !has_secret => {
            client.secret = Client::new(client.id.clone(), Kind::Machine).secret;
        }
        _ => {}
    }
    if let Some(secret) = payload.text("client_secret")? {
        client.secret = Secret::Needed(secret.to_owned());
    }
    let methods = payload.object("client_authentication_methods")?;
    let keys = methods
        .and_then(|methods| methods.get("private_key_jwt"))
        .and_then(|jwt| jwt["credentials"].as_array());
    if let Some(credentials) = keys {
        let keys = credentials
            .iter()
            .filter_map(|credential| credential["pem"].as_str().map(str::to_owned))
            .collect();
        client.secret = Secret::Keys(keys);
    }
    Ok(())
}

/// `PATCH /clients/{id}`.
pub(super) async fn update(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:clients"], |desk| {
            let fields = desk.object()?;
            let known = desk.behind.tenant.registry().client(&id);
            let mut client = known.ok_or_else(missing)?.clone();
            change(&mut client, Payload(&fields))?;
            if let Some(known) = desk.behind.tenant.registry_mut().client_mut(&id) {
                known.clone_from(&client);
            }
            Served::ok(client_shown(desk, &client))
        })
        .await
}

/// `DELETE /clients/{id}`.
pub(super) async fn delete(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:clients"], |desk| {
            desk.behind.tenant.registry_mut().remove_client(&id);
            Served::empty()
        })
        .await
}

/// A client grant's id tells whose it is and for what.
fn grant_id(client: &str, audience: &str) -> String {
    let tag = client
        .bytes()
        .chain([0])
        .chain(audience.bytes())
        .fold(0x00c9_0001, |tag, byte| {
            crate::luck::mix(tag ^ u64::from(byte))
        });
    format!("cgr_{}", letters(tag))
}

fn grant_shown(client: &str, grant: &ApiGrant) -> Value {
    json!({
        "id": grant_id(client, &grant.audience),
        "client_id": client,
        "audience": grant.audience,
        "scope": grant.scopes,
    })
}

/// `GET /client-grants`.
pub(super) async fn grants(visit: Visit) -> Response {
    visit
        .serve(&["read:client_grants"], |desk| {
            let (client, audience) = (desk.query.get("client_id"), desk.query.get("audience"));
            let all = desk.behind.tenant.registry().clients().iter();
            let all = all
                .filter(|known| client.is_none_or(|id| known.id == id))
                .flat_map(|known| known.apis.iter().map(|grant| (&known.id, grant)))
                .filter(|(_, grant)| audience.is_none_or(|name| grant.audience == name))
                .map(|(client, grant)| grant_shown(client, grant));
            Paging::read(desk.query)?.show("client_grants", all)
        })
        .await
}

/// A grant by its id: whose it is, and for what.
fn find_grant<'a>(
    desk: &'a mut Desk<'_>,
    id: &str,
) -> Result<(String, &'a mut ApiGrant), Complaint> {
    let clients = desk.behind.tenant.registry().clients().iter();
    let mut all = clients.flat_map(|client| client.apis.iter().map(move |it| (client, it)));
    let found = all.find(|(client, grant)| grant_id(&client.id, &grant.audience) == id);
    let found = found.map(|(client, grant)| (client.id.clone(), grant.audience.clone()));
    let missing = || not_found("The client grant does not exist", "inexistent_client_grant");
    let (holder, audience) = found.ok_or_else(missing)?;
    let client = desk.behind.tenant.registry_mut().client_mut(&holder);
    let grant = client.and_then(|client| {
        let mut apis = client.apis.iter_mut();
        apis.find(|grant| grant.audience == audience)
    });
    Ok((holder, grant.ok_or_else(missing)?))
}

/// `GET /client-grants/{id}`.
pub(super) async fn grant(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:client_grants"], |desk| {
            let (holder, grant) = find_grant(desk, &id)?;
            Served::ok(grant_shown(&holder, grant))
        })
        .await
}

/// `PATCH /client-grants/{id}`.
pub(super) async fn change_grant(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:client_grants"], |desk| {
            let fields = desk.object()?;
            let scopes = Payload(&fields).texts("scope")?;
            let (holder, grant) = find_grant(desk, &id)?;
            if let Some(scopes) = scopes {
                grant.scopes = scopes;
            }
            Served::ok(grant_shown(&holder, grant))
        })
        .await
}

/// `POST /clients/{id}/rotate-secret`: the old secret is worth nothing at once. Applications that show no
/// secret have none.
pub(super) async fn rotate_secret(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:client_keys"], |desk| {
            let parts = (50..54).map(|part| format!("{:016x}", desk.stamp.luck.split(part).0));
            let new: String = parts.collect();
            let client = desk.behind.tenant.registry_mut().client_mut(&id);
            let client = client.ok_or_else(missing)?;
            if let Secret::Needed(secret) | Secret::Optional(secret) = &mut client.secret {
                *secret = new;
            }
            let client = client.clone();
            Served::ok(client_shown(desk, &client))
        })
        .await
}

/// `POST /client-grants`.
pub(super) async fn add_grant(visit: Visit) -> Response {
    visit
        .serve(&["create:client_grants"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let id = payload.needed("client_id")?;
            let grant = ApiGrant {
                audience: payload.needed("audience")?.to_owned(),
                scopes: payload.texts("scope")?.unwrap_or_default(),
            };
            let registry = desk.behind.tenant.registry_mut();
            let client = registry.client_mut(id).ok_or_else(missing)?;
            if client.scopes_at(&grant.audience).is_some() {
                let text = "A resource with the same identifier already exists";
                return Err(conflict(text, "client_grant_conflict"));
            }
            client.apis.push(grant.clone());
            Served::created(grant_shown(id, &grant))
        })
        .await
}

/// `DELETE /client-grants/{id}`.
pub(super) async fn remove_grant(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:client_grants"], |desk| {
            let registry = desk.behind.tenant.registry();
            let holders: Vec<String> = registry
                .clients()
                .iter()
                .map(|client| client.id.clone())
                .collect();
            for holder in holders {
                if let Some(client) = desk.behind.tenant.registry_mut().client_mut(&holder) {
                    client
                        .apis
                        .retain(|grant| grant_id(&holder, &grant.audience) != id);
                }
            }
            Served::empty()
        })
        .await
}
