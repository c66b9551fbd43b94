//! An organization with SSO connections, and a browser that goes to their providers.

use std::collections::HashMap;

use reqwest::{Method, Url};

use crate::stage::*;

pub(crate) const CERTIFICATE: &str =
    "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";

/// A project with one organization, and what a browser does there.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) org: String,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let stage = Stage::b2b().await;
        let org = stage.face.project().seed_org(SeedOrg::default());
        let org = stage.face.organization_id(org);
        Self { stage, org }
    }

    /// A call of a server.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let config = self.stage.face.config();
        let request = self
            .stage
            .http
            .request(method, format!("{}{path}", self.stage.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    pub(crate) async fn served(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, body) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.call(method, path, body).await;
        (
            status,
            body["error_type"].as_str().expect("an error").to_owned(),
        )
    }

    /// An active connection of an organization.
    pub(crate) async fn oidc(&self, org: &str) -> String {
        let path = format!("/v1/b2b/sso/oidc/{org}");
        let made = self.served(Method::POST, &path, json!({})).await;
        let id = made["connection"]["connection_id"].as_str().expect("an id");
        let path = format!("{path}/connections/{id}");
        let rest =
            json!({ "client_id": "a", "client_secret": "b", "issuer": "https://idp.example/" });
        let changed = self.served(Method::PUT, &path, rest).await;
        assert_eq!(changed["connection"]["status"], "active");
        id.to_owned()
    }

    pub(crate) async fn saml(&self, org: &str, more: Value) -> String {
        let path = format!("/v1/b2b/sso/saml/{org}");
        let named = json!({ "display_name": "Entra", "identity_provider": "microsoft-entra" });
        let made = self.served(Method::POST, &path, named).await;
        let id = made["connection"]["connection_id"].as_str().expect("an id");
        let mut rest = json!({
            "idp_entity_id": "https://idp.example", "idp_sso_url": "https://idp.example/sso",
            "attribute_mapping": { "email": "NameID", "full_name": "name", "groups": "groups" },
            "x509_certificate": CERTIFICATE,
        });
        for (name, value) in more.as_object().expect("fields") {
            rest[name] = value.clone();
        }
        let path = format!("{path}/connections/{id}");
        let changed = self.served(Method::PUT, &path, rest).await;
        assert_eq!(changed["connection"]["status"], "active");
        id.to_owned()
    }

    pub(crate) async fn set_org(&self, settings: Value) {
        let path = format!("/v1/b2b/organizations/{}", self.org);
        self.served(Method::PUT, &path, settings).await;
    }

    pub(crate) async fn get(&self, url: Url) -> reqwest::Response {
        self.stage.http.get(url).send().await.expect("an answer")
    }

    /// Starts a login; answers where the browser is sent to, or an error's type.
    pub(crate) async fn start(&self, query: &[(&str, &str)]) -> Result<Url, String> {
        let url = format!("{}/v1/public/sso/start", self.stage.base);
        let mut url = Url::parse_with_params(&url, query).expect("a URL");
        if !query.iter().any(|(name, _)| *name == "public_token") {
            let token = &self.stage.face.config().public_token;
            url.query_pairs_mut().append_pair("public_token", token);
        }
        let response = self.get(url).await;
        self.whither(response).await
    }

    pub(crate) async fn whither(&self, response: reqwest::Response) -> Result<Url, String> {
        if response.status() == 302 {
            let location = response.headers()["location"].to_str().expect("text");
            return Ok(Url::parse(location).expect("a URL"));
        }
        let body: Value = response.json().await.expect("JSON");
        Err(body["error_type"].as_str().expect("an error").to_owned())
    }

    /// Fills in the provider's form; answers where the browser is sent to.
    pub(crate) async fn show(&self, page: Url, said: &[(&str, &str)]) -> Result<Url, String> {
        let response = self.get(page).await;
        assert_eq!(response.status(), 200);
        let text = response.text().await.expect("a page");
        let action = text.split(" action=\"").nth(1).expect("a form");
        let action = action.split('"').next().expect("an address");
        let url = format!("{}{action}", self.stage.base);
        let mut form = Url::parse(&url).expect("a URL");
        for hidden in text.split("<input type=\"hidden\" ").skip(1) {
            let mut parts = hidden.split('"');
            let (name, value) = (
                parts.nth(1).expect("a name"),
                parts.nth(1).expect("a value"),
            );
            let value = value.replace("&amp;", "&");
            form.query_pairs_mut().append_pair(name, &value);
        }
        form.query_pairs_mut().extend_pairs(said);
        let form = form.query().unwrap_or_default().to_owned();
        let request = self.stage.http.post(url).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send().await.expect("an answer");
        self.whither(response).await
    }

    /// A whole way through the provider: the token that the browser comes back with.
    pub(crate) async fn come(
        &self,
        connection: &str,
        said: &[(&str, &str)],
    ) -> Result<String, String> {
        let page = self.start(&[("connection_id", connection)]).await?;
        Ok(token(&self.show(page, said).await?))
    }

    pub(crate) async fn authenticate(&self, token: &str) -> (u16, Value) {
        let body = json!({ "sso_token": token, "session_duration_minutes": 30 });
        self.call(Method::POST, "/v1/b2b/sso/authenticate", body)
            .await
    }

    pub(crate) async fn log_in(&self, connection: &str, said: &[(&str, &str)]) -> Value {
        let token = self.come(connection, said).await.expect("they come back");
        let (status, body) = self.authenticate(&token).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}

pub(crate) fn token(url: &Url) -> String {
    let pairs: HashMap<_, _> = url.query_pairs().collect();
    assert_eq!(pairs["stytch_token_type"], "sso", "{url}");
    pairs["token"].to_string()
}

pub(crate) fn email(address: &str) -> [(&str, &str); 1] {
    [("email", address)]
}
