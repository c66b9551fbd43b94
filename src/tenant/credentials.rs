//! Credentials: what reaches a test tenant, read from the environment and from `.env-test`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::base::Base;
use super::env_file;
use super::secret::Secret;

/// A setting by its name in the environment or in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Where to find it.
    pub place: &'static str,
    /// What it is when nobody sets it; none: it must be set.
    pub default: Option<&'static str>,
}

macro_rules! variables {
    ($($constant:ident = $name:literal, $what:literal, $place:literal, $default:expr;)*) => {
        $(const $constant: Variable = Variable { name: $name, what: $what, place: $place, default: $default };)*
        /// All settings, in the order in which they are documented.
        pub const VARIABLES: &[Variable] = &[$($constant),*];
    };
}

variables! {
    AUTH0_DOMAIN = "AUTH0_DOMAIN", "the tenant's domain, such as dev-abc.eu.auth0.com",
        "Auth0 dashboard > Applications > your application > Settings > Domain", None;
    AUTH0_CLIENT_ID = "AUTH0_CLIENT_ID", "the application whose logins are moved",
        "Auth0 dashboard > Applications > your application > Settings > Client ID", None;
    AUTH0_CLIENT_SECRET = "AUTH0_CLIENT_SECRET", "its secret",
        "Auth0 dashboard > Applications > your application > Settings > Client Secret", None;
    AUTH0_AUDIENCE = "AUTH0_AUDIENCE", "the identifier of your application's API",
        "Auth0 dashboard > Applications > APIs > your API > Identifier", None;
    AUTH0_SCOPE = "AUTH0_SCOPE", "the scopes that your application asks for",
        "your application's code", Some("openid profile email offline_access");
    AUTH0_CONNECTION = "AUTH0_CONNECTION", "the database connection in which test people are made",
        "Auth0 dashboard > Authentication > Database", Some("Username-Password-Authentication");
    AUTH0_CALLBACK_URL = "AUTH0_CALLBACK_URL", "a callback URL of the application, to check that it is allowed",
        "Auth0 dashboard > Applications > your application > Settings > Allowed Callback URLs", Some("");
    AUTH0_MGMT_CLIENT_ID = "AUTH0_MGMT_CLIENT_ID", "the machine-to-machine application for the Management API; AUTH0_CLIENT_ID when absent",
        "Auth0 dashboard > Applications > your M2M application > Settings > Client ID", Some("");
    AUTH0_MGMT_CLIENT_SECRET = "AUTH0_MGMT_CLIENT_SECRET", "its secret; AUTH0_CLIENT_SECRET when absent",
        "Auth0 dashboard > Applications > your M2M application > Settings > Client Secret", Some("");
    STYTCH_PROJECT_ID = "STYTCH_PROJECT_ID", "the project, project-test-…",
        "Stytch dashboard > Project settings > API keys", None;
    STYTCH_SECRET = "STYTCH_SECRET", "its secret, secret-test-…",
        "Stytch dashboard > Project settings > API keys", None;
    STYTCH_API_URL = "STYTCH_API_URL", "where the project is; by default test.stytch.com, or api.stytch.com for a live project",
        "nowhere: only custom domains and mocks need it", Some("");
    CUTOVER_CA_FILE = "CUTOVER_CA_FILE", "a PEM file of certificate authorities to trust besides the system's",
        "nowhere: only mocks and proxies need it", Some("");
}

/// Whom to be at the legacy provider.
#[derive(Clone, Debug)]
pub struct Auth0Credentials {
    /// Where the tenant is.
    pub base: Base,
    /// The application whose logins are moved.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// The application for the Management API.
    pub management_id: String,
    /// Its secret.
    pub management_secret: Secret,
    /// The application's API.
    pub audience: String,
    /// Scopes that logins ask for.
    pub scope: String,
    /// The database connection.
    pub connection: String,
    /// A callback URL to check.
    pub callback: Option<String>,
}

/// Whom to be at the new provider.
#[derive(Clone, Debug)]
pub struct StytchCredentials {
    /// Where the project is.
    pub base: Base,
    /// The project.
    pub project_id: String,
    /// Its secret.
    pub secret: Secret,
}

/// All that reaches a pair of test tenants.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The legacy provider.
    pub auth0: Auth0Credentials,
    /// The new one.
    pub stytch: StytchCredentials,
    /// Certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The file that was read.
    pub file: Option<EnvFile>,
    /// What whoever set them should look at, though it works.
    pub notes: Vec<String>,
}

/// A file that credentials were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// As it was named.
    pub named: PathBuf,
    /// Where it is, once links are followed.
    pub real: PathBuf,
}

/// The file that is read when it is there and no other is named.
pub const DEFAULT_FILE: &str = ".env-test";

/// What is wrong with credentials: all of it.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file that was asked for cannot be read.
    #[error("cannot read {}: {why}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// Settings are missing or wrong.
    #[error("{}", list(.0))]
    Settings(Vec<BadSetting>),
}

/// A setting that is missing or wrong. Its value is never shown: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSetting {
    /// Which.
    pub variable: Variable,
    /// What is wrong with it.
    pub problem: &'static str,
    /// Where it was read, or should be.
    pub origin: String,
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            problem,
            origin,
        } = self;
        let Variable {
            name, what, place, ..
        } = variable;
        write!(
            f,
            "{name} {problem} ({origin})\n  it is {what}\n  find it at: {place}"
        )
    }
}

fn list(bad: &[BadSetting]) -> String {
    let lines: Vec<String> = bad.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Credentials {
    /// Reads the settings: the environment comes first, then the file. Without a file named,
    /// [`DEFAULT_FILE`] in this directory is read if it is there.
    pub fn read(
        environment: impl Fn(&str) -> Option<String>,
        file: Option<&Path>,
    ) -> Result<Self, CredentialsError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.is_file().then_some(default));
        let mut settings = Settings {
            environment,
            written: file.map(read_file).transpose()?.unwrap_or_default(),
            file,
            bad: Vec::new(),
        };
        let auth0 = settings.auth0();
        let stytch = settings.stytch();
        let ca_file = settings.optional(&CUTOVER_CA_FILE).map(PathBuf::from);
        let notes = settings.notes();
        match (auth0, stytch) {
            (Some(auth0), Some(stytch)) if settings.bad.is_empty() => Ok(Self {
                auth0,
                stytch,
                ca_file,
                file: file.map(|file| EnvFile {
                    named: file.to_owned(),
                    real: file.canonicalize().unwrap_or_else(|_| file.to_owned()),
                }),
                notes,
            }),
            _ => Err(CredentialsError::Settings(settings.bad)),
        }
    }
}

fn read_file(file: &Path) -> Result<BTreeMap<String, String>, CredentialsError> {
    let failed = |why: String| CredentialsError::File {
        file: file.to_owned(),
        why,
    };
    // An error of the reader is about the file, one of the parser about a line: neither quotes it.
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    env_file::read(&text).map_err(failed)
}

/// Whether others than its owner may read a file, where the system tells.
#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(file);
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

struct Settings<'a, E> {
    environment: E,
    written: BTreeMap<String, String>,
    file: Option<&'a Path>,
    bad: Vec<BadSetting>,
}

impl<E: Fn(&str) -> Option<String>> Settings<'_, E> {
    fn auth0(&mut self) -> Option<Auth0Credentials> {
        let base = self.base(&AUTH0_DOMAIN);
        let client_id = self.needed(&AUTH0_CLIENT_ID);
        let client_secret = self.needed(&AUTH0_CLIENT_SECRET).map(Secret::new);
        let audience = self.needed(&AUTH0_AUDIENCE);
        let scope = self.or_default(&AUTH0_SCOPE);
        let connection = self.or_default(&AUTH0_CONNECTION);
        let callback = self.optional(&AUTH0_CALLBACK_URL);
        let management_id = self.optional(&AUTH0_MGMT_CLIENT_ID);
        let management_secret = self.optional(&AUTH0_MGMT_CLIENT_SECRET).map(Secret::new);
        // An id with the secret of another application is no pair.
        match (&management_id, &management_secret) {
            (Some(_), None) => self.complain(
                &AUTH0_MGMT_CLIENT_SECRET,
                "is not set, though AUTH0_MGMT_CLIENT_ID is",
            ),
            (None, Some(_)) => self.complain(
                &AUTH0_MGMT_CLIENT_ID,
                "is not set, though AUTH0_MGMT_CLIENT_SECRET is",
            ),
            _ => {}
        }
        let (client_id, client_secret) = (client_id?, client_secret?);
        Some(Auth0Credentials {
            base: base?,
            management_id: management_id.unwrap_or_else(|| client_id.clone()),
            management_secret: management_secret.unwrap_or_else(|| client_secret.clone()),
            client_id,
            client_secret,
            audience: audience?,
            scope,
            connection,
            callback,
        })
    }

    fn stytch(&mut self) -> Option<StytchCredentials> {
        let project_id = self.needed(&STYTCH_PROJECT_ID);
        let secret = self.needed(&STYTCH_SECRET).map(Secret::new);
        if project_id
            .as_ref()
            .is_some_and(|id| !id.starts_with("project-test-") && !id.starts_with("project-live-"))
        {
            self.complain(
                &STYTCH_PROJECT_ID,
                "is neither project-test-… nor project-live-…",
            );
        }
        if secret.as_ref().is_some_and(|secret| {
            !secret.starts_with("secret-test-") && !secret.starts_with("secret-live-")
        }) {
            self.complain(&STYTCH_SECRET, "is neither secret-test-… nor secret-live-…");
        }
        let own = match &project_id {
            Some(id) if id.starts_with("project-live-") => "https://api.stytch.com",
            _ => "https://test.stytch.com",
        };
        let base = match self.optional(&STYTCH_API_URL) {
            None => Base::read(own),
            Some(_) => self.base(&STYTCH_API_URL),
        };
        Some(StytchCredentials {
            base: base?,
            project_id: project_id?,
            secret: secret?,
        })
    }

    /// A value that somebody set; an empty one counts as none. White space around it, such as the
    /// newline at the end of a mounted secret, is never meant.
    fn optional(&mut self, variable: &Variable) -> Option<String> {
        let value = self.raw(variable)?;
        if value.contains(char::is_control) {
            self.complain(variable, "holds a line break or another control sign");
        } else if value.contains(char::REPLACEMENT_CHARACTER) {
            self.complain(variable, "is not UTF-8");
        } else if is_quoted(&value) {
            self.complain(variable, "has quotes around it, which are not a part of it");
        }
        Some(value)
    }

    fn raw(&self, variable: &Variable) -> Option<String> {
        self.set(variable).or_else(|| self.written(variable))
    }

    /// What the environment says.
    fn set(&self, variable: &Variable) -> Option<String> {
        (self.environment)(variable.name).and_then(|value| trimmed(&value))
    }

    /// What the file says.
    fn written(&self, variable: &Variable) -> Option<String> {
        trimmed(self.written.get(variable.name)?)
    }

    /// What works and may yet surprise.
    fn notes(&self) -> Vec<String> {
        let Some(file) = self.file else {
            return Vec::new();
        };
        let name = file.display();
        let differ = |variable: &&Variable| {
            let (set, written) = (self.set(variable), self.written(variable));
            set.is_some() && written.is_some() && set != written
        };
        let mut notes: Vec<String> = VARIABLES
            .iter()
            .filter(differ)
            .map(|variable| {
                let variable = variable.name;
                format!("{variable} is another one in the environment than in {name}; the environment's is used")
            })
            .collect();
        let consent = |key: &&String| key.to_ascii_uppercase().contains("CONSENT");
        notes.extend(self.written.keys().filter(consent).map(|key| {
            format!("{key} in {name} counts for nothing: consent is given on the command line")
        }));
        if is_open_to_others(file) {
            notes.push(format!(
                "{name} can be read by others on this machine; chmod 600 {name} keeps it to you"
            ));
        }
        notes
    }

    fn or_default(&mut self, variable: &Variable) -> String {
        self.optional(variable)
            .unwrap_or_else(|| variable.default.unwrap_or_default().to_owned())
    }

    fn needed(&mut self, variable: &Variable) -> Option<String> {
        let value = self.optional(variable);
        if value.is_none() {
            self.complain(variable, "is not set");
        }
        value
    }

    fn base(&mut self, variable: &Variable) -> Option<Base> {
        let base = Base::read(&self.needed(variable)?);
        if base.is_none() {
            self.complain(variable, "is no host name and no https address");
        }
        base
    }

    fn complain(&mut self, variable: &Variable, problem: &'static str) {
        let environment = self.set(variable).is_some();
        let origin = match (self.file, environment, self.raw(variable).is_some()) {
            (_, true, _) => "in the environment".to_owned(),
            (Some(file), _, true) => format!("in {}", file.display()),
            (Some(file), _, false) => {
                format!("neither in the environment nor in {}", file.display())
            }
            (None, ..) => {
                format!("not in the environment, and there is no {DEFAULT_FILE} here")
            }
        };
        let bad = BadSetting {
            variable: *variable,
            problem,
            origin,
        };
        // A value that is looked at twice is told once.
        if !self.bad.iter().any(|known| known.variable == *variable) {
            self.bad.push(bad);
        }
    }
}

fn trimmed(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn is_quoted(value: &str) -> bool {
    let within = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    within('"') || within('\'')
}

#[cfg(test)]
mod tests;
