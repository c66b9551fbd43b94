//! The new provider as a backend knows it: users or members, organizations, and Migrate Session.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::JwkSet;
use reqwest::Method;
use serde_json::{Value, json};

use super::auth0::{Creation, encoded, get, post};
use super::client::{As, Ask, Client, Heard, Provider};
use super::credentials::StytchCredentials;
use super::refused::{ApiError, needed};
use super::secret::Secret;

/// Which of Stytch's products a project is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// Users.
    Consumer,
    /// Organizations and their members.
    B2b,
}

/// A project.
#[derive(Debug)]
pub struct Stytch {
    client: Client,
    credentials: StytchCredentials,
    product: Product,
}

/// A person to make, or to look for.
#[derive(Clone, Copy, Debug)]
pub struct NewPerson<'a> {
    /// Their address.
    pub email: &'a str,
    /// What the application calls them.
    pub external_id: &'a str,
    /// The organization, by id or slug; B2B only.
    pub organization: Option<&'a str>,
}

/// A person as Stytch shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `user-test-…` or `member-test-…`.
    pub id: String,
    /// Their addresses.
    pub emails: Vec<String>,
    /// What the application calls them.
    pub external_id: Option<String>,
}

/// An organization as Stytch shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `organization-test-…`.
    pub id: String,
    /// Its slug.
    pub slug: String,
}

const WHO: Provider = Provider::Stytch;

/// Work of the imported hashes: test people's passwords are random and long, so little is enough.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(1000).expect("a thousand is not zero");

impl Stytch {
    /// A project behind a client.
    pub fn new(client: Client, credentials: StytchCredentials, product: Product) -> Self {
        Self {
            client,
            credentials,
            product,
        }
    }

    /// The client behind it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whom we are here.
    pub fn credentials(&self) -> &StytchCredentials {
        &self.credentials
    }

    /// The product.
    pub fn product(&self) -> Product {
        self.product
    }

    /// A call that reads and changes nothing, to see whether the credentials are good for this product.
    pub async fn knock(&self) -> Result<Heard, ApiError> {
        let path = match self.product {
            Product::Consumer => self.path("users/search"),
            Product::B2b => self.path("organizations/search"),
        };
        let body = json!({ "limit": 1 });
        self.served("a search", &post(&path, self.me(), body)).await
    }

    /// The keys that sign session JWTs; asked for without credentials.
    pub async fn keys(&self) -> Result<JwkSet, ApiError> {
        let what = "its keys";
        let path = self.path(&format!("sessions/jwks/{}", self.credentials.project_id));
        let heard = self.served(what, &get(&path, As::Nobody)).await?;
        serde_json::from_value(heard.json).map_err(|_| ApiError::Unexpected {
            provider: WHO,
            what,
            missing: "a key set",
        })
    }

    /// Makes a person: Create User or Create Member.
    pub async fn create_person(&self, new: NewPerson<'_>) -> Result<Creation, ApiError> {
        let what = "a new person";
        let (email, id) = match self.product {
            Product::Consumer => ("email", "user_id"),
            Product::B2b => ("email_address", "member_id"),
        };
        let body = json!({ email: new.email, "external_id": new.external_id });
        let path = match new.organization {
            None => "users".to_owned(),
            Some(organization) => format!("organizations/{}/members", encoded(organization)),
        };
        let ask = post(&self.path(&path), self.me(), body);
        let heard = self.client.ask(what, &ask).await?;
        let code = heard.json["error_type"].as_str().unwrap_or_default();
        match heard.status {
            200 | 201 => Ok(Creation::Made(
                needed((WHO, what), &heard.json, id)?.to_owned(),
            )),
            _ if code.starts_with("duplicate_") => Ok(Creation::Exists {
                perhaps_ours: heard.perhaps_done_before,
            }),
            _ => Err(ApiError::refused(WHO, what, &heard)),
        }
    }

    /// Gives a person whom we made a password, by its hash, as an import of real people does:
    /// Migrate Password.
    pub async fn import_password(
        &self,
        email: &str,
        organization: Option<&str>,
        password: &Secret,
    ) -> Result<(), ApiError> {
        let what = "a password's import";
        let mut body = match self.product {
            Product::Consumer => json!({ "email": email, "set_email_verified": true }),
            Product::B2b => json!({ "email_address": email, "organization_id": organization }),
        };
        put_hash(&mut body, password);
        let ask = post(&self.path("passwords/migrate"), self.me(), body);
        let heard = self.client.ask(what, &ask).await?;
        let there = heard.json["error_type"] == "password_already_exists";
        match heard.status {
            200 | 201 => Ok(()),
            _ if there && heard.perhaps_done_before => Ok(()),
            _ => Err(ApiError::refused(WHO, what, &heard)),
        }
    }

    /// The person whom the application calls so, or else the one with this address.
    pub async fn find_person(&self, sought: NewPerson<'_>) -> Result<Option<Person>, ApiError> {
        let what = "a person";
        let organization = encoded(sought.organization.unwrap_or_default());
        let asks = match self.product {
            Product::Consumer => {
                let by_id = format!("users/{}", encoded(sought.external_id));
                let query = json!({ "limit": 2, "query": { "operator": "AND", "operands": [
                    { "filter_name": "email_address", "filter_value": [sought.email] },
                ]}});
                [
                    get(&self.path(&by_id), self.me()),
                    post(&self.path("users/search"), self.me(), query),
                ]
            }
            Product::B2b => {
                let path = self.path(&format!("organizations/{organization}/member"));
                let by = |name, value: &str| Ask {
                    query: vec![(name, value.to_owned())],
                    ..get(&path, self.me())
                };
                [
                    by("member_id", sought.external_id),
                    by("email_address", sought.email),
                ]
            }
        };
        for ask in asks {
            let heard = self.client.ask(what, &ask).await?;
            let found = match heard.status {
                200 => person(what, &heard.json)?,
                // A page that says so is of somebody in between.
                404 if heard.json.is_object() => None,
                _ => return Err(ApiError::refused(WHO, what, &heard)),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Removes a person; whoever is gone already is gone.
    pub async fn delete_person(
        &self,
        id: &str,
        organization: Option<&str>,
    ) -> Result<(), ApiError> {
        let path = match (self.product, organization) {
            (Product::Consumer, _) => format!("users/{}", encoded(id)),
            (Product::B2b, organization) => format!(
                "organizations/{}/members/{}",
                encoded(organization.unwrap_or_default()),
                encoded(id)
            ),
        };
        self.delete("to delete a person", &path).await
    }

    /// Makes an organization.
    pub async fn create_organization(&self, slug: &str) -> Result<Creation, ApiError> {
        let what = "a new organization";
        let body = json!({ "organization_name": slug, "organization_slug": slug });
        let ask = post(&self.path("organizations"), self.me(), body);
        let heard = self.client.ask(what, &ask).await?;
        match (heard.status, heard.json["error_type"].as_str()) {
            (200 | 201, _) => {
                let organization = &heard.json["organization"];
                let id = needed((WHO, what), organization, "organization_id")?;
                Ok(Creation::Made(id.to_owned()))
            }
            (_, Some("organization_slug_already_used")) => Ok(Creation::Exists {
                perhaps_ours: heard.perhaps_done_before,
            }),
            _ => Err(ApiError::refused(WHO, what, &heard)),
        }
    }

    /// The organization with this slug.
    pub async fn find_organization(&self, slug: &str) -> Result<Option<Organization>, ApiError> {
        let what = "an organization";
        let path = self.path(&format!("organizations/{}", encoded(slug)));
        let heard = self.client.ask(what, &get(&path, self.me())).await?;
        match heard.status {
            200 => {
                let shown = &heard.json["organization"];
                Ok(Some(Organization {
                    id: needed((WHO, what), shown, "organization_id")?.to_owned(),
                    slug: needed((WHO, what), shown, "organization_slug")?.to_owned(),
                }))
            }
            404 if heard.json.is_object() => Ok(None),
            _ => Err(ApiError::refused(WHO, what, &heard)),
        }
    }

    /// How many members an organization has.
    pub async fn members(&self, organization: &str) -> Result<usize, ApiError> {
        let path = self.path("organizations/members/search");
        let body = json!({ "organization_ids": [organization], "limit": 1000 });
        let what = "members";
        let heard = self.served(what, &post(&path, self.me(), body)).await?;
        let members = list(what, &heard.json, "members")?;
        let alive = |member: &&Value| member["status"] != "deleted";
        Ok(members.iter().filter(alive).count())
    }

    /// Removes an organization.
    pub async fn delete_organization(&self, id: &str) -> Result<(), ApiError> {
        let path = format!("organizations/{}", encoded(id));
        self.delete("to delete an organization", &path).await
    }

    /// Migrate Session with a legacy access token: whatever status it has.
    pub async fn migrate(
        &self,
        token: &Secret,
        organization: Option<&str>,
        minutes: u32,
    ) -> Result<Heard, ApiError> {
        let mut body = json!({
            "session_token": token.expose(),
            "session_duration_minutes": minutes,
        });
        if let Some(organization) = organization {
            body["organization_id"] = organization.into();
        }
        let ask = post(&self.path("sessions/migrate"), self.me(), body);
        Ok(self.client.ask("Migrate Session", &ask).await?)
    }

    /// A path of this product.
    pub(crate) fn path(&self, rest: &str) -> String {
        match self.product {
            Product::Consumer => format!("/v1/{rest}"),
            Product::B2b => format!("/v1/b2b/{rest}"),
        }
    }

    fn me(&self) -> As<'_> {
        As::Basic(&self.credentials.project_id, &self.credentials.secret)
    }

    async fn delete(&self, what: &'static str, path: &str) -> Result<(), ApiError> {
        let ask = Ask {
            method: Method::DELETE,
            ..get(&self.path(path), self.me())
        };
        let heard = self.client.ask(what, &ask).await?;
        match heard.status {
            200..300 => Ok(()),
            404 if heard.json.is_object() => Ok(()),
            _ => Err(ApiError::refused(WHO, what, &heard)),
        }
    }

    async fn served(&self, what: &'static str, ask: &Ask<'_>) -> Result<Heard, ApiError> {
        let heard = self.client.ask(what, ask).await?;
        if (200..300).contains(&heard.status) {
            Ok(heard)
        } else {
            Err(ApiError::refused(WHO, what, &heard))
        }
    }
}

/// Puts a password's hash into a Migrate Password request.
fn put_hash(body: &mut Value, password: &Secret) {
    let salt = b"cutover-test-people";
    let mut hash = [0; 32];
    aws_lc_rs::pbkdf2::derive(
        aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        salt,
        password.expose().as_bytes(),
        &mut hash,
    );
    body["hash"] = STANDARD.encode(hash).into();
    body["hash_type"] = "pbkdf_2".into();
    body["pbkdf_2_config"] = json!({
        "salt": STANDARD.encode(salt),
        "iteration_amount": ITERATIONS.get(),
        "key_length": hash.len(),
        "algorithm": "sha256",
    });
}

/// A list in an answer: one without it does not say that there is nobody.
fn list<'a>(
    what: &'static str,
    json: &'a Value,
    field: &'static str,
) -> Result<&'a [Value], ApiError> {
    let list = json[field].as_array().map(Vec::as_slice);
    list.ok_or(ApiError::Unexpected {
        provider: WHO,
        what,
        missing: field,
    })
}

/// A person in an answer: Get User shows one flat, Get Member within `member`, a search in a list,
/// which may be empty.
fn person(what: &'static str, json: &Value) -> Result<Option<Person>, ApiError> {
    let needed = |json, field| needed((WHO, what), json, field).map(str::to_owned);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let member = &json["member"];
    if member.is_object() {
        return Ok(Some(Person {
            id: needed(member, "member_id")?,
            emails: vec![needed(member, "email_address")?],
            external_id: text(&member["external_id"]),
        }));
    }
    let user = match json.get("results") {
        None => json,
        Some(_) => match list(what, json, "results")?.first() {
            None => return Ok(None),
            Some(user) => user,
        },
    };
    let emails = list(what, user, "emails")?;
    Ok(Some(Person {
        id: needed(user, "user_id")?,
        emails: emails
            .iter()
            .filter_map(|row| text(&row["email"]))
            .collect(),
        external_id: text(&user["external_id"]),
    }))
}
