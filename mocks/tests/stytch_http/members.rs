//! Organizations and members.

use crate::stage::*;

#[tokio::test]
async fn organizations_and_members_live_through_the_official_client() {
    let stage = Stage::b2b().await;
    let client = stage.members();
    let organizations = &client.organizations;
    let created = organizations
        .create(b2b::organizations::CreateRequest {
            organization_name: "Acme".to_owned(),
            organization_slug: Some("acme".to_owned()),
            organization_external_id: Some("org_legacy_1".to_owned()),
            ..Default::default()
        })
        .await
        .expect("it is created");
    let id = created.organization.organization_id.clone();
    for name in [id.as_str(), "acme", "org_legacy_1"] {
        let request = b2b::organizations::GetRequest {
            organization_id: name.to_owned(),
        };
        let found = organizations.get(request).await.expect("found");
        assert_eq!(found.organization.organization_id, id, "{name}");
    }
    let again = b2b::organizations::CreateRequest {
        organization_name: "Acme 2".to_owned(),
        organization_slug: Some("acme".to_owned()),
        ..Default::default()
    };
    let again = organizations.create(again).await;
    assert_eq!(told(again), is(400, "organization_slug_already_used"));

    let member = organizations
        .members
        .create(b2b::organizations_members::CreateRequest {
            organization_id: "acme".to_owned(),
            email_address: ADA.to_owned(),
            name: Some("Ada".to_owned()),
            external_id: Some("auth0|1".to_owned()),
            ..Default::default()
        })
        .await
        .expect("it is created");
    assert_eq!(
        (
            member.member.name.as_str(),
            member.organization.organization_slug.as_str()
        ),
        ("Ada", "acme")
    );
    let by_address = b2b::organizations_members::GetRequest {
        organization_id: id.clone(),
        email_address: Some("ADA@home.example".to_owned()),
        ..Default::default()
    };
    let found = organizations.members.get(by_address).await.expect("found");
    assert_eq!(found.member_id, member.member_id);
    let changed = b2b::organizations_members::UpdateRequest {
        organization_id: id.clone(),
        member_id: "auth0|1".to_owned(),
        mfa_enrolled: Some(true),
        ..Default::default()
    };
    assert!(
        organizations
            .members
            .update(changed)
            .await
            .expect("changed")
            .member
            .mfa_enrolled
    );
    let search = b2b::organizations_members::SearchRequest {
        organization_ids: vec!["acme".to_owned()],
        ..Default::default()
    };
    let found = organizations
        .members
        .search(search)
        .await
        .expect("searched");
    assert_eq!(found.members.len(), 1);
    assert!(found.organizations.contains_key(&id));
    let all = organizations
        .search(b2b::organizations::SearchRequest::default())
        .await
        .expect("searched");
    assert_eq!(all.results_metadata.total, 1);

    let delete = b2b::organizations::DeleteRequest {
        organization_id: id.clone(),
    };
    organizations.delete(delete).await.expect("it is deleted");
    let gone = b2b::organizations::GetRequest {
        organization_id: "acme".to_owned(),
    };
    assert_eq!(
        told(organizations.get(gone).await),
        is(404, "organization_not_found")
    );
    assert_eq!(stage.face.project().user_count(), 0);
}

#[tokio::test]
async fn a_member_session_migrates_exchanges_and_ends() {
    let stage = Stage::b2b().await;
    let (one, two) = {
        let mut project = stage.face.project();
        (
            project.seed_org(SeedOrg::default()),
            project.seed_org(SeedOrg::default()),
        )
    };
    let ada = stage.seed(ADA, Some(one));
    stage.seed(ADA, Some(two));
    let client = stage.members();
    let migrate = |org: &str| {
        client.sessions.migrate(b2b::sessions::MigrateRequest {
            session_token: "ada".to_owned(),
            organization_id: org.to_owned(),
            ..Default::default()
        })
    };
    let migrated = migrate("org-0").await.expect("it is migrated");
    assert_eq!(migrated.member_id, stage.face.person_id(ada));
    let session = migrated.member_session.expect("sixty minutes by default");
    assert_eq!((session.expires_at - session.started_at).num_minutes(), 60);
    assert_eq!(session.organization_slug, "org-0");
    assert_eq!(
        told(migrate("nowhere").await),
        is(404, "organization_not_found")
    );

    let id = stage.face.config().project_id.clone();
    let keys = b2b::sessions::GetJWKSRequest {
        project_id: id.clone(),
    };
    let keys = client
        .sessions
        .get_jwks(keys)
        .await
        .expect("published")
        .keys;
    let keys = serde_json::to_value(keys).expect("JSON");
    let claims = verify(&migrated.session_jwt, &keys, &id);
    assert_eq!(claims["https://stytch.com/organization"]["slug"], "org-0");
    assert_eq!(claims["sub"], json!(migrated.member_id));
    assert!(claims["exp"].as_i64().expect("a number") > unix_now());

    let exchanged = client
        .sessions
        .exchange(b2b::sessions::ExchangeRequest {
            organization_id: stage.face.organization_id(two),
            session_token: Some(migrated.session_token.clone()),
            ..Default::default()
        })
        .await
        .expect("a member there as well");
    assert!(exchanged.member_authenticated);
    assert_eq!(exchanged.organization.organization_slug, "org-1");
    let everything = b2b::sessions::RevokeRequest {
        member_id: Some(migrated.member_id.clone()),
        ..Default::default()
    };
    client.sessions.revoke(everything).await.expect("they end");
    let check = b2b::sessions::AuthenticateRequest {
        session_token: Some(migrated.session_token),
        ..Default::default()
    };
    let check = client.sessions.authenticate(check).await;
    assert_eq!(told(check), is(404, "session_not_found"));
    let other = b2b::sessions::AuthenticateRequest {
        session_jwt: Some(exchanged.session_jwt),
        ..Default::default()
    };
    client
        .sessions
        .authenticate(other)
        .await
        .expect("the other one lives");
}

#[tokio::test]
async fn settings_of_another_form_are_refused_before_an_organization_is_made() {
    let stage = Stage::b2b().await;
    for (setting, wrong) in [
        ("email_allowed_domains", json!({ "0": "home.example" })),
        ("claimed_email_domains", json!([1])),
        ("allowed_oauth_tenants", json!(["T1"])),
        ("rbac_email_implicit_role_assignments", json!(["admin"])),
        ("organization_logo_url", json!(7)),
        ("trusted_metadata", json!("gold")),
    ] {
        let organization = json!({ "organization_name": "Acme", setting: wrong });
        let (status, told) = stage.raw("/v1/b2b/organizations", &organization).await;
        assert_eq!(
            (status.as_u16(), &told["error_type"]),
            (400, &json!("bad_request")),
            "{setting}: {told}"
        );
    }
    let (_, found) = stage.raw("/v1/b2b/organizations/search", &json!({})).await;
    assert_eq!(found["results_metadata"]["total"], 0, "{found}");
    let organization =
        json!({ "organization_name": "Acme", "email_allowed_domains": ["a.example"] });
    let (_, made) = stage.raw("/v1/b2b/organizations", &organization).await;
    let domains = &made["organization"]["email_allowed_domains"];
    assert_eq!(domains, &json!(["a.example"]));
}
