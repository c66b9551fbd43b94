//! Python and Node.js with the pinned packages, and the scripts that run on them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cutover::tenant::credentials::Credentials;
use cutover::tenant::guard::{AUTH0_TRICKLE, Amount, Consent, DEFAULT_PEOPLE, Refused, admit};

use super::mocks::Kind;
use super::row::Line;

/// A script below `tests/clients`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    language: Language,
    pub(super) name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
}

impl Script {
    pub(super) const fn python(name: &'static str) -> Self {
        let language = Language::Python;
        Self { language, name }
    }

    pub(super) const fn node(name: &'static str) -> Self {
        let language = Language::Node;
        Self { language, name }
    }
}

/// Where the providers are, by the names of `docs/test-tenants.md`.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) variables: Vec<(String, String)>,
    pub(super) kind: Kind,
    /// Whether mail can be read and keys be rotated.
    pub(super) mock: bool,
    /// Authorities to trust besides the system's.
    pub(super) ca_file: Option<PathBuf>,
}

impl Place {
    /// Test tenants, if the guard lets them through: nobody can consent to live ones here.
    pub(super) fn tenant(credentials: Credentials) -> Result<Self, Refused> {
        let amount = Amount {
            people: DEFAULT_PEOPLE,
            auth0_per_second: AUTH0_TRICKLE.1,
            stytch_per_second: 5.0,
        };
        let admitted = admit(credentials, amount, Consent::default())?;
        let credentials = admitted.credentials();
        let (auth0, stytch) = (&credentials.auth0, &credentials.stytch);
        let variables = [
            ("AUTH0_DOMAIN", auth0.base.authority()),
            ("AUTH0_CLIENT_ID", auth0.client_id.clone()),
            (
                "AUTH0_CLIENT_SECRET",
                auth0.client_secret.expose().to_owned(),
            ),
            ("AUTH0_MGMT_CLIENT_ID", auth0.management_id.clone()),
            (
                "AUTH0_MGMT_CLIENT_SECRET",
                auth0.management_secret.expose().to_owned(),
            ),
            ("AUTH0_AUDIENCE", auth0.audience.clone()),
            ("AUTH0_SCOPE", auth0.scope.clone()),
            ("AUTH0_CONNECTION", auth0.connection.clone()),
            (
                "AUTH0_CALLBACK_URL",
                auth0.callback.clone().unwrap_or_default(),
            ),
            ("STYTCH_PROJECT_ID", stytch.project_id.clone()),
            ("STYTCH_SECRET", stytch.secret.expose().to_owned()),
            ("STYTCH_API_URL", stytch.base.as_str().to_owned()),
            ("CUTOVER_AUTH0_RATE", amount.auth0_per_second.to_string()),
            ("CUTOVER_STYTCH_RATE", amount.stytch_per_second.to_string()),
        ];
        let b2b = std::env::var("CUTOVER_STYTCH_KIND").is_ok_and(|kind| kind == "b2b");
        Ok(Self {
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            kind: if b2b { Kind::B2b } else { Kind::Consumer },
            mock: false,
            ca_file: credentials.ca_file.clone(),
        })
    }

    /// A text without the secrets of the place and without tokens: reports are kept.
    fn hushed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.variables {
            if !self.mock && name.ends_with("SECRET") {
                text = text.replace(value.as_str(), "(hidden)");
            }
        }
        if self.mock {
            return text;
        }
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let mut hushed = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("eyJ") {
            hushed.push_str(&rest[..at]);
            hushed.push_str("(a token)");
            rest = rest[at..].trim_start_matches(part);
        }
        hushed.push_str(rest);
        hushed
    }
}

/// The packages, installed.
#[derive(Debug)]
pub(super) struct Toolbox {
    folder: PathBuf,
}

impl Toolbox {
    /// Where `tests/clients/install` puts them.
    pub(super) fn find() -> Result<Self, String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let folder = target.expect("a target folder").join("clients");
        let installed = folder.join("installed");
        let stamp = std::fs::read_to_string(&installed).map_err(|_| {
            format!(
                "there are no clients in {}: run tests/clients/install",
                folder.display()
            )
        })?;
        let now = locks();
        if stamp == now {
            Ok(Self { folder })
        } else {
            Err(
                "the installed clients are not those of the lock files: run tests/clients/install"
                    .to_owned(),
            )
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs scripts one after the other.
    pub(super) fn run_all(&self, scripts: &[Script], place: &Place) -> Vec<Line> {
        let lines = scripts.iter().flat_map(|script| self.run(script, place));
        lines.collect()
    }

    /// Runs a script, and reads what it says.
    pub(super) fn run(&self, script: &Script, place: &Place) -> Vec<Line> {
        let out = output(self.command(script), place);
        let lines = out.lines().map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{script:?}: {error}: {line}"))
        });
        let lines: Vec<Line> = lines.collect();
        assert!(!lines.is_empty(), "{script:?} said nothing");
        lines
    }

    /// Runs an example of the documentation.
    pub(super) fn run_example(&self, language: Language, text: &str, place: &Place) {
        let (ending, program) = match language {
            Language::Python => ("py", self.folder.join("venv/bin/python")),
            Language::Node => ("mjs", "node".into()),
        };
        // Beside the packages, which Node.js looks for there.
        let file = self.folder.join("node").join(format!("example.{ending}"));
        std::fs::write(&file, text).expect("a copy");
        let mut command = Command::new(program);
        command.arg(file);
        output(command, place);
    }

    fn command(&self, script: &Script) -> Command {
        let name = script.name;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        match script.language {
            Language::Python => {
                let mut command = Command::new(self.folder.join("venv/bin/python"));
                // No folders of compiled code beside the sources.
                command
                    .arg("-B")
                    .arg(sources.join(format!("python/{name}.py")));
                command
            }
            Language::Node => {
                let mut command = Command::new("node");
                command.arg(self.folder.join(format!("node/{name}.mjs")));
                self.bring_scripts(&sources.join("node"));
                command
            }
        }
    }

    /// Node.js finds packages beside a script, so that the scripts go to where the packages are.
    fn bring_scripts(&self, from: &Path) {
        for entry in std::fs::read_dir(from).expect("the scripts") {
            let file = entry.expect("an entry").path();
            if file.extension().is_some_and(|extension| extension == "mjs") {
                let name = file.file_name().expect("a name");
                let to = self.folder.join("node").join(name);
                let text = std::fs::read(&file).expect("a script");
                // A script that is being read must not be emptied.
                if std::fs::read(&to).is_ok_and(|there| there == text) {
                    continue;
                }
                std::fs::write(to, text).expect("a copy");
            }
        }
    }
}

/// Runs a command to its end, and answers what it wrote.
fn output(mut command: Command, place: &Place) -> String {
    command
        .envs(place.variables.iter().map(|(name, value)| (name, value)))
        .env("CUTOVER_CLIENTS_MOCK", if place.mock { "1" } else { "0" })
        .stdin(Stdio::null());
    if let Some(file) = &place.ca_file {
        // What users of these clients set as well.
        command
            .env("NODE_EXTRA_CA_CERTS", file)
            .env("REQUESTS_CA_BUNDLE", file)
            .env("SSL_CERT_FILE", file);
    }
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    let out = place.hushed(&String::from_utf8_lossy(&output.stdout));
    let complaints = place.hushed(&String::from_utf8_lossy(&output.stderr));
    // The command itself would show its environment.
    let what: Vec<_> = command.get_args().collect();
    assert!(
        output.status.success(),
        "{what:?} ended badly:\n{out}\n{complaints}"
    );
    out
}

/// The lock files, as the installer notes them.
fn locks() -> String {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let files = ["python/requirements.txt", "node/package-lock.json"];
    let texts = files.map(|file| std::fs::read_to_string(clients.join(file)).expect(file));
    texts.concat()
}
