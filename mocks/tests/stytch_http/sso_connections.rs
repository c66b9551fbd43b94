//! SSO connections: what there is beside logging in by them.

use reqwest::Method;

use crate::browsers::Page;
use crate::sso_scene::{CERTIFICATE, Scene, email};
use crate::stage::*;

#[tokio::test]
async fn another_organizations_connection_can_be_borrowed() {
    let scene = Scene::set().await;
    let lender = scene.stage.face.project().seed_org(SeedOrg::default());
    let lender = scene.stage.face.organization_id(lender);
    let saml = scene.saml(&lender, json!({})).await;
    let path = format!("/v1/b2b/sso/external/{}", scene.org);
    let borrow = |org: &str, id: &str| {
        json!({
            "external_organization_id": org, "external_connection_id": id, "display_name": "Parent",
            "connection_implicit_role_assignments": [{ "role_id": "reader" }],
        })
    };
    for (body, error) in [
        (
            borrow(&scene.org, &saml),
            is(400, "external_organization_id_same_as_organization_id"),
        ),
        (
            borrow(&lender, "saml-connection-test-1"),
            is(404, "external_connection_id_not_found"),
        ),
    ] {
        assert_eq!(scene.refused(Method::POST, &path, body).await, error);
    }
    let made = scene
        .served(Method::POST, &path, borrow(&lender, &saml))
        .await;
    let external = made["connection"]["connection_id"].as_str().expect("an id");
    assert_eq!(
        scene
            .refused(Method::POST, &path, borrow(&lender, &saml))
            .await,
        is(400, "duplicate_external_sso_connection")
    );
    let entered = scene.log_in(external, &email(ADA)).await;
    let factor = &entered["member_session"]["authentication_factors"][0];
    assert_eq!(factor["saml_sso_factor"]["provider_id"], external);
    assert_eq!(entered["organization_id"], json!(scene.org));
    assert_eq!(
        entered["member_session"]["roles"],
        json!(["stytch_member", "reader"])
    );
    let change = json!({
        "external_connection_implicit_role_assignments": [],
        "external_group_implicit_role_assignments": [{ "role_id": "boss", "group": "bosses" }],
    });
    let changed = format!("{path}/connections/{external}");
    let changed = scene.served(Method::PUT, &changed, change).await;
    let roles = &changed["connection"]["external_connection_implicit_role_assignments"];
    assert_eq!(roles, &json!([]));
    let standing = async || {
        let all = scene
            .served(
                Method::GET,
                &format!("/v1/b2b/sso/{}", scene.org),
                json!({}),
            )
            .await;
        let path = format!("/v1/b2b/organizations/{}", scene.org);
        let org = scene.served(Method::GET, &path, json!({})).await;
        let active = org["organization"]["sso_active_connections"].as_array();
        let operand = json!({ "filter_name": "has_active_sso_connection", "filter_value": true });
        let query = json!({ "query": { "operator": "AND", "operands": [operand] } });
        let path = "/v1/b2b/organizations/search";
        let found = scene.served(Method::POST, path, query).await;
        let found = found["organizations"].as_array().cloned();
        let found = found.unwrap_or_default();
        (
            all["external_connections"][0]["status"].clone(),
            active.map(Vec::len),
            found.iter().any(|it| it["organization_id"] == scene.org),
        )
    };
    assert_eq!(standing().await, (json!("active"), Some(1), true));
    // Without what it stands for, it leads nowhere, and says so.
    let gone = format!("/v1/b2b/sso/{lender}/connections/{saml}");
    scene.served(Method::DELETE, &gone, json!({})).await;
    let nowhere = scene.start(&[("connection_id", external)]).await;
    assert_eq!(nowhere, Err("external_connection_id_not_found".to_owned()));
    assert_eq!(standing().await, (json!("pending"), Some(0), false));
    let org = format!("/v1/b2b/organizations/{}", scene.org);
    let default = json!({ "sso_default_connection_id": external });
    assert_eq!(
        scene.refused(Method::PUT, &org, default).await,
        is(400, "invalid_sso_default_connection_id")
    );
}

#[tokio::test]
async fn connections_are_read_and_organizations_found_by_them() {
    let scene = Scene::set().await;
    let (oidc, saml) = (
        scene.oidc(&scene.org).await,
        scene.saml(&scene.org, json!({})).await,
    );
    let bare = scene.stage.face.project().seed_org(SeedOrg::default());
    let bare = scene.stage.face.organization_id(bare);
    let client = scene.stage.members();
    let asked = client
        .sso
        .get_connections(b2b::sso::GetConnectionsRequest {
            organization_id: scene.org.clone(),
        })
        .await
        .expect("the SDK reads them");
    assert_eq!(asked.oidc_connections[0].connection_id, oidc);
    let shown = &asked.saml_connections[0];
    assert_eq!(
        (&shown.connection_id, shown.status.as_str()),
        (&saml, "active")
    );
    assert!(shown.acs_url.ends_with(&saml), "{}", shown.acs_url);
    assert_eq!(shown.verification_certificates[0].certificate, CERTIFICATE);
    let search = async |name: &str, value: Value| {
        let operand = json!({ "filter_name": name, "filter_value": value });
        let query = json!({ "query": { "operator": "AND", "operands": [operand] } });
        let path = "/v1/b2b/organizations/search";
        let found = scene.served(Method::POST, path, query).await;
        let found = found["organizations"].as_array().expect("a list").clone();
        let ids = found
            .iter()
            .map(|it| it["organization_id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        search("sso_connection_id", json!(saml)).await,
        std::slice::from_ref(&scene.org)
    );
    assert_eq!(
        search("has_active_sso_connection", json!(true)).await,
        std::slice::from_ref(&scene.org)
    );
    assert_eq!(
        search("has_active_sso_connection", json!(false)).await,
        [bare]
    );
}

#[tokio::test]
async fn an_address_leads_to_connections() {
    let scene = Scene::set().await;
    let page = Page::of(&scene.stage);
    let ask = |address: &str| format!("/b2b/sso/discovery/connections?email_address={address}");
    let connection = scene.saml(&scene.org, json!({})).await;
    let none = page.get(Method::GET, &ask(ADA), json!({})).await;
    assert_eq!(none["connections"], json!([]));
    scene
        .set_org(json!({ "email_allowed_domains": ["home.example"] }))
        .await;
    let by_domain = page.get(Method::GET, &ask(ADA), json!({})).await;
    let shown = json!([{
        "connection_id": connection, "display_name": "Entra", "identity_provider": "microsoft-entra",
    }]);
    assert_eq!(by_domain["connections"], shown);
    scene
        .set_org(json!({ "sso_jit_provisioning": "NOT_ALLOWED" }))
        .await;
    let closed = page.get(Method::GET, &ask(ADA), json!({})).await;
    assert_eq!(closed["connections"], json!([]));
    let member = json!({ "email_address": ADA });
    let path = format!("/v1/b2b/organizations/{}/members", scene.org);
    scene.served(Method::POST, &path, member).await;
    let own = page.get(Method::GET, &ask(ADA), json!({})).await;
    assert_eq!(own["connections"], shown);
}

#[tokio::test]
async fn certificates_and_keys_come_and_go() {
    let scene = Scene::set().await;
    let saml = scene.saml(&scene.org, json!({})).await;
    let path = format!("/v1/b2b/sso/saml/{}/connections/{saml}", scene.org);
    for (body, error) in [
        (
            json!({ "x509_certificate": "text" }),
            "invalid_x509_certificate",
        ),
        (
            json!({ "idp_sso_url": "http://idp.example" }),
            "saml_connection_idp_sso_url_not_https",
        ),
        (
            json!({ "attribute_mapping": { "full_name": "name" } }),
            "saml_connection_email_mapping_required",
        ),
        (json!({ "identity_provider": "nobody" }), "invalid_sso_idp"),
        (
            json!({ "signing_private_key": "text" }),
            "saml_signing_private_key_format_not_supported",
        ),
    ] {
        assert_eq!(
            scene.refused(Method::PUT, &path, body).await,
            is(400, error)
        );
    }
    let metadata = json!({ "metadata_url": "https://idp.example/metadata" });
    let changed = scene
        .served(Method::PUT, &format!("{path}/url"), metadata)
        .await;
    let connection = &changed["connection"];
    assert_eq!(connection["idp_entity_id"], "https://idp.example/metadata");
    let key = "-----BEGIN PRIVATE KEY-----\nMIIBAAAA\n-----END PRIVATE KEY-----";
    let key = json!({ "saml_encryption_private_key": key });
    let changed = scene.served(Method::PUT, &path, key).await;
    let key = changed["connection"]["encryption_private_keys"][0]["private_key_id"].clone();
    let key = format!(
        "{path}/encryption_private_keys/{}",
        key.as_str().expect("an id")
    );
    scene.served(Method::DELETE, &key, json!({})).await;
    assert_eq!(
        scene.refused(Method::DELETE, &key, json!({})).await,
        is(404, "sso_encryption_private_key_not_found")
    );
    let certificates = connection["verification_certificates"]
        .as_array()
        .expect("a list");
    let ids = certificates
        .iter()
        .map(|it| it["certificate_id"].as_str().expect("an id"));
    let ids: Vec<String> = ids
        .map(|id| format!("{path}/verification_certificates/{id}"))
        .collect();
    assert_eq!(ids.len(), 2);
    scene.served(Method::DELETE, &ids[0], json!({})).await;
    assert_eq!(
        scene.refused(Method::DELETE, &ids[0], json!({})).await,
        is(404, "sso_verification_key_not_found")
    );
    assert_eq!(
        scene.refused(Method::DELETE, &ids[1], json!({})).await,
        is(400, "cannot_delete_last_sso_verification_key")
    );
}

#[tokio::test]
async fn connections_to_join_by_are_a_list() {
    let scene = Scene::set().await;
    let connection = scene.oidc(&scene.org).await;
    let path = format!("/v1/b2b/organizations/{}", scene.org);
    let restricted = |listed: Value| {
        json!({
            "sso_jit_provisioning": "RESTRICTED",
            "sso_jit_provisioning_allowed_connections": listed,
        })
    };
    // What is kept is what a login and a deletion look through, so one text alone is no list.
    for odd in [json!(connection), json!(""), json!({}), json!([7])] {
        assert_eq!(
            scene.refused(Method::PUT, &path, restricted(odd)).await,
            is(400, "bad_request")
        );
    }
    scene.set_org(restricted(json!([connection]))).await;
    scene.log_in(&connection, &email(ADA)).await;
}

/// Whoever looks whether there is one already and adds it later adds two.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_borrowers_at_once_one_gets_the_connection() {
    let scene = Arc::new(Scene::set().await);
    let lender = scene.stage.face.project().seed_org(SeedOrg::default());
    let lender = scene.stage.face.organization_id(lender);
    let path = format!("/v1/b2b/sso/external/{}", scene.org);
    for _ in 0..20 {
        let lent = scene.oidc(&lender).await;
        let body = json!({ "external_organization_id": lender, "external_connection_id": lent });
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (scene, path, body) = (scene.clone(), path.clone(), body.clone());
            all.spawn(async move { scene.call(Method::POST, &path, body).await.0 });
        }
        let mut told = all.join_all().await;
        told.sort_unstable();
        assert_eq!(told, [200, 400, 400, 400, 400, 400, 400, 400]);
    }
}
