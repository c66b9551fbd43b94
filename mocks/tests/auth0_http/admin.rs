//! Somebody who administers a tenant by its Management API.

use super::scene::*;
use cutover_mocks::http::stamp::STAMP;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

const DATABASE: &str = "Username-Password-Authentication";

/// Somebody who administers the tenant.
pub(super) struct Admin {
    pub(super) scene: Scene,
    pub(super) token: String,
}

impl Admin {
    pub(super) async fn new() -> Self {
        let scene = Scene::new(|_| ()).await;
        let token = scene.management_token();
        Self { scene, token }
    }

    pub(super) async fn call(
        &mut self,
        method: &str,
        path: &str,
        sent: Value,
    ) -> (StatusCode, Value) {
        let path = format!("/api/v2{path}");
        let answer = self.scene.json(method, &path, &self.token, sent).await;
        let status = answer.status();
        let told = answer.text().await.unwrap();
        (status, serde_json::from_str(&told).unwrap_or(Value::Null))
    }

    pub(super) async fn get(&mut self, path: &str) -> Value {
        let (status, told) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    pub(super) async fn make(&mut self, path: &str, sent: Value) -> Value {
        let (status, told) = self.call("POST", path, sent).await;
        assert!(status.is_success(), "{path}: {told}");
        told
    }

    /// Makes a user whose password is `s3cret`.
    pub(super) async fn user(&mut self, address: &str, more: Value) -> String {
        let mut sent = json!({"connection": DATABASE, "email": address, "password": "s3cret"});
        sent.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        text(&self.make("/users", sent).await, "user_id").to_owned()
    }

    /// What a password grant is answered.
    pub(super) async fn grant(&mut self, address: &str, password: &str, more: Value) -> Response {
        let mut sent = json!({"grant_type": "password", "client_id": "cutover-client", "username": address, "password": password});
        let fields = sent.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.scene.json("POST", "/oauth/token", "", sent).await
    }

    /// How `UserInfo` answers the access token of some tokens.
    pub(super) async fn userinfo(&mut self, tokens: &Value) -> StatusCode {
        let token = text(tokens, "access_token");
        self.scene.userinfo(token).await.status()
    }

    async fn connection(&mut self) -> String {
        let all = self.get("/connections").await;
        let known = all.as_array().unwrap().iter();
        let database = known.into_iter().find(|one| one["name"] == DATABASE);
        text(database.unwrap(), "id").to_owned()
    }

    /// Uploads a file of users.
    pub(super) async fn import(&mut self, file: &str, upsert: bool) -> (StatusCode, Value) {
        let connection = self.connection().await;
        let body = [
            ("connection_id", connection.as_str()),
            ("upsert", if upsert { "true" } else { "false" }),
            ("users", file),
        ]
        .map(|(name, content)| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
        })
        .concat();
        let url = self.scene.url("/api/v2/jobs/users-imports");
        let call = self
            .scene
            .client
            .post(url)
            .header(STAMP, self.scene.stamp());
        let answer = call
            .bearer_auth(&self.token)
            .header("content-type", "multipart/form-data; boundary=b")
            .body(format!("{body}--b--\r\n"))
            .send()
            .await
            .unwrap();
        (answer.status(), body_or_null(answer).await)
    }
}

async fn body_or_null(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null)
}

pub(super) fn escaped(id: &str) -> String {
    id.replace('|', "%7C")
}
