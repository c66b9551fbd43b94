//! What whoever starts the mocks must know to use them: addresses, credentials, certificates.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::auth0::Application;
use super::directory::password_of;
use super::servers::Running;
use crate::email::Email;
use crate::stytch::OrgId;

/// All of it, as data; its text is for people.
#[derive(Clone, Debug, Serialize)]
pub struct Introduction {
    /// The tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth0: Option<Auth0>,
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stytch: Option<Stytch>,
    /// The authority that signed the servers' certificates; none: no TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The admin interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_url: Option<String>,
    /// Who exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<People>,
}

/// How to reach the tenant.
#[derive(Clone, Debug, Serialize)]
pub struct Auth0 {
    /// In clear.
    pub url: String,
    /// Over TLS, on the same port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_url: Option<String>,
    /// `client_id` of its application.
    pub client_id: String,
    /// `client_secret` of its application.
    pub client_secret: String,
    /// The identifier of its API.
    pub audience: String,
}

/// How to reach the project.
#[derive(Clone, Debug, Serialize)]
pub struct Stytch {
    /// In clear.
    pub url: String,
    /// Over TLS, on the same port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_url: Option<String>,
    /// The user of HTTP Basic authentication.
    pub project_id: String,
    /// The password of HTTP Basic authentication.
    pub secret: String,
    /// What browsers show at public routes.
    pub public_token: String,
    /// `profile_id` for `sessions/attest`: the profile by which tokens of the tenant are trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_token_profile: Option<String>,
    /// The organization that people are members of, in a B2B project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
}

/// Who exists at both providers.
#[derive(Clone, Debug, Serialize)]
pub struct People {
    /// How many.
    pub count: u32,
    /// The first one's address.
    pub first: String,
    /// The first one's password.
    pub password: String,
}

impl Introduction {
    /// Of servers that were started with this many people.
    pub fn of(
        running: &Running,
        people: u32,
        ca_file: Option<PathBuf>,
        admin_url: Option<String>,
    ) -> Self {
        // Certificates name the host, so that it is the surest name to call.
        let https = |url: &str| {
            let port = url.rsplit(':').next().unwrap_or_default();
            ca_file
                .as_ref()
                .map(|_| format!("https://localhost:{port}"))
        };
        let auth0 = running.auth0_url().zip(running.auth0());
        let auth0 = auth0.map(|(url, face)| {
            let Application {
                client_id,
                client_secret,
                api,
                ..
            } = face.application().clone();
            Auth0 {
                url: url.to_owned(),
                https_url: https(url),
                client_id,
                client_secret,
                audience: api,
            }
        });
        let stytch = running.stytch_url().zip(running.stytch());
        let stytch = stytch.map(|(url, face)| {
            let config = face.config();
            let organization = face.project().orgs_from(OrgId(0)).next().map(|org| org.id);
            Stytch {
                url: url.to_owned(),
                https_url: https(url),
                project_id: config.project_id.clone(),
                secret: config.secret.clone(),
                public_token: config.public_token.clone(),
                trusted_token_profile: config.trusted.first().map(|profile| profile.id.clone()),
                organization_id: organization.map(|id| face.organization_id(id)),
            }
        });
        let people = (people > 0).then(|| {
            let first = running.directory().text(Email::lower(1));
            People {
                count: people,
                password: password_of(&first),
                first,
            }
        });
        Self {
            auth0,
            stytch,
            ca_file,
            admin_url,
            people,
        }
    }
}

impl fmt::Display for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(auth0) = &self.auth0 {
            writeln!(
                f,
                "Auth0 tenant    {}",
                both(&auth0.url, auth0.https_url.as_deref())
            )?;
            writeln!(f, "  client_id     {}", auth0.client_id)?;
            writeln!(f, "  client_secret {}", auth0.client_secret)?;
            writeln!(f, "  audience      {}", auth0.audience)?;
            writeln!(
                f,
                "  discovery     {}/.well-known/openid-configuration",
                auth0.url
            )?;
        }
        if let Some(stytch) = &self.stytch {
            writeln!(
                f,
                "Stytch project  {}",
                both(&stytch.url, stytch.https_url.as_deref())
            )?;
            writeln!(f, "  project_id    {}", stytch.project_id)?;
            writeln!(f, "  secret        {}", stytch.secret)?;
            writeln!(f, "  public_token  {}", stytch.public_token)?;
            if let Some(profile) = &stytch.trusted_token_profile {
                writeln!(f, "  profile_id    {profile}")?;
            }
            if let Some(organization) = &stytch.organization_id {
                writeln!(f, "  organization  {organization}")?;
            }
        }
        if let Some(people) = &self.people {
            writeln!(
                f,
                "People          {}, the first is {}",
                people.count, people.first
            )?;
            writeln!(f, "  password      {}", people.password)?;
        }
        if let Some(url) = &self.admin_url {
            writeln!(f, "Admin           {url}")?;
            writeln!(f, "  described at  {url}/openapi.json")?;
        }
        writeln!(f, "Mail            GET /_cutover/mail?to=<address>")?;
        if let Some(file) = &self.ca_file {
            let file = file.display();
            writeln!(
                f,
                "\nFor clients over https, trust the mocks' own authority:"
            )?;
            writeln!(f, "  export NODE_EXTRA_CA_CERTS='{file}'   # Node.js")?;
            writeln!(
                f,
                "  export REQUESTS_CA_BUNDLE='{file}'    # Python, requests"
            )?;
            writeln!(
                f,
                "  export SSL_CERT_FILE='{file}'         # Python, Go, Ruby, Rust, curl"
            )?;
        }
        writeln!(f, "\nStop with Ctrl-C.")
    }
}

fn both(url: &str, https_url: Option<&str>) -> String {
    https_url.map_or_else(|| url.to_owned(), |https| format!("{url} and {https}"))
}
