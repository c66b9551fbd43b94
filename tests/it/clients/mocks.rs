//! `cutover mock`, started as users start it, and the endpoints that it serves.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::row::Endpoint;
use super::toolbox::Place;

/// Which product the Stytch project has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Consumer,
    B2b,
}

/// Both mocks at work, until dropped.
pub(super) struct Mocks {
    child: Child,
    introduction: Value,
    kind: Kind,
    _folder: tempfile::TempDir,
}

impl Mocks {
    pub(super) fn start(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let anywhere = "127.0.0.1:0";
        let mut child = Command::new(env!("CARGO_BIN_EXE_cutover"))
            .args(["mock", "--json", "--at-once", "--people", "3"])
            .args([
                "--auth0", anywhere, "--stytch", anywhere, "--admin", anywhere,
            ])
            .args(match kind {
                Kind::Consumer => &["--kind", "consumer"][..],
                // One of the two has the stricter setting.
                Kind::B2b => &["--kind", "b2b", "--frontend-pkce"],
            })
            .arg("--tls-dir")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("its first line");
        let introduction =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self {
            child,
            introduction,
            kind,
            _folder: folder,
        }
    }

    fn told(&self, pointer: &str) -> &str {
        let value = self.introduction.pointer(pointer);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// Host and port of the tenant.
    pub(super) fn auth0(&self) -> &str {
        self.told("/auth0/https_url").trim_start_matches("https://")
    }

    /// Host and port of the project.
    pub(super) fn stytch(&self) -> &str {
        self.told("/stytch/https_url")
            .trim_start_matches("https://")
    }

    /// Calls that each provider has received.
    pub(super) fn calls(&self) -> BTreeMap<&'static str, u64> {
        let told = asked(self.told("/admin_url"), "GET", "/counts");
        let (_, body) = told.split_once("\r\n\r\n").expect("a body");
        let counts: Value = serde_json::from_str(body).expect("JSON");
        ["auth0", "stytch"]
            .map(|provider| {
                let calls = counts[provider]["calls"].as_object().expect("calls");
                let by_status = calls.values().filter_map(Value::as_object);
                let sum = by_status
                    .flat_map(|by| by.values())
                    .filter_map(Value::as_u64);
                (provider, sum.sum())
            })
            .into()
    }

    /// What clients are told of them.
    pub(super) fn place(&self) -> Place {
        let domain = self.told("/auth0/https_url").trim_start_matches("https://");
        let variables = [
            ("AUTH0_DOMAIN", domain),
            ("AUTH0_CLIENT_ID", self.told("/auth0/client_id")),
            ("AUTH0_CLIENT_SECRET", self.told("/auth0/client_secret")),
            ("AUTH0_AUDIENCE", self.told("/auth0/audience")),
            ("STYTCH_PROJECT_ID", self.told("/stytch/project_id")),
            ("STYTCH_SECRET", self.told("/stytch/secret")),
            ("STYTCH_PUBLIC_TOKEN", self.told("/stytch/public_token")),
            ("STYTCH_API_URL", self.told("/stytch/https_url")),
            ("STYTCH_PUBLIC_TOKEN", self.told("/stytch/public_token")),
            ("CUTOVER_ADMIN_URL", self.told("/admin_url")),
            (
                "STYTCH_TRUSTED_TOKEN_PROFILE",
                self.told("/stytch/trusted_token_profile"),
            ),
        ];
        let variables = variables.into_iter().filter(|(_, value)| !value.is_empty());
        Place {
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            kind: self.kind,
            mock: true,
            ca_file: Some(self.told("/ca_file").into()),
        }
    }

    /// The endpoints that are served, each with its name. A path is looked for if the SDKs have it, a
    /// check names it, or it stands in a router's source; its methods are those that the router itself
    /// names.
    pub(super) fn endpoints(
        &self,
        named: &BTreeMap<Endpoint, String>,
    ) -> BTreeMap<Endpoint, String> {
        let mut endpoints = BTreeMap::new();
        for (provider, url) in [("auth0", "/auth0/url"), ("stytch", "/stytch/url")] {
            let sources = sources(provider);
            let mut paths = sources.clone();
            for (endpoint, name) in named {
                let path = endpoint.path();
                // `/clients/search` is no endpoint of its own where `/clients/{}` takes it.
                let swallowed = || sources.values().any(|other| swallows(other, path));
                if endpoint.provider == provider
                    && path.starts_with('/')
                    && (sources.contains_key(path) || !swallowed())
                {
                    let (_, spelt) = name.split_once(' ').unwrap_or_default();
                    paths.insert(path.to_owned(), spelt.to_owned());
                }
            }
            // Underscores begin what no provider has.
            paths.retain(|path, _| !path.contains("/_") && !OWN.contains(&path.as_str()));
            // Media are told one by one, as SDKs have a method for each.
            paths.retain(|_, spelt| !spelt.starts_with("/v1/otps/{medium}"));
            for (path, spelt) in paths {
                for method in methods(self.told(url), &path) {
                    let name = format!("{method} {spelt}");
                    endpoints.insert(Endpoint::new(provider, &name), name);
                }
            }
        }
        endpoints
    }
}

impl Drop for Mocks {
    fn drop(&mut self) {
        // It may have ended on its own; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Endpoints that no provider has, though their names do not say so: a member's first password.
const OWN: [&str; 1] = ["/v1/b2b/passwords"];

/// What routers that are nested have before their paths.
const NESTED: [&str; 4] = ["", "/api/v2", "/v1/b2b", "/sdk/v1"];

/// The paths that stand in the sources of a provider's routers, wherever they are nested: by their
/// shape, as they are spelt there.
fn sources(provider: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for text in texts(provider) {
        let routes = text.split(".route(").skip(1);
        let routes =
            routes.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
        for route in routes {
            found.extend(NESTED.map(|before| {
                let spelt = format!("{before}{route}");
                (Endpoint::new(provider, &spelt).shape, spelt)
            }));
        }
    }
    found
}

/// All words in quotes in the sources of a provider's routers.
pub(super) fn words(provider: &str) -> BTreeSet<String> {
    let texts = texts(provider);
    let quoted = texts.iter().flat_map(|text| text.split('"').skip(1));
    quoted.map(str::to_owned).collect()
}

/// The sources of a provider's routers, without their tests.
fn texts(provider: &str) -> Vec<String> {
    let faces = Path::new(env!("CARGO_MANIFEST_DIR")).join("mocks/src/http");
    let mut folders = vec![faces.join(provider)];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of routers") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            texts.push(code.to_owned());
        }
    }
    texts
}

/// Whether a path with ids takes another path for itself, and a word in it for an id.
fn swallows(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || one.ends_with("id}") => {}
            _ => return false,
        }
    }
}

/// The methods of a path: a router that is asked with another one names them. None: it has no such
/// path.
fn methods(url: &str, path: &str) -> Vec<String> {
    let answer = asked(url, "TRACE", &path.replace("{}", "x"));
    let allow = answer
        .lines()
        .find_map(|line| line.strip_prefix("allow: "))
        .unwrap_or_default();
    let methods = allow.split(',').map(str::trim);
    let methods = methods.filter(|method| !["", "HEAD", "OPTIONS"].contains(method));
    methods.map(str::to_owned).collect()
}

/// What a mock answers to a request without a body.
fn asked(url: &str, method: &str, path: &str) -> String {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("a connection to the mock");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
