//! Both mocks at work by the wall clock, in clear and under TLS, for tests of what is in front of them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use cutover_mocks::http::Running;
use cutover_mocks::http::blueprint::Blueprint;
use cutover_mocks::http::server::{Limits, Serving};
use cutover_mocks::http::standalone::{self, AdminOptions, Options, Standalone};
use cutover_mocks::stytch::{Settings, Vertical};
use reqwest::Client;

/// A directory of its own that goes away with its owner.
#[derive(Debug)]
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cutover-door-{}-{count}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Both providers, with ten people in them.
pub(super) struct Scene {
    pub(super) running: Running,
    /// The authority that clients trust.
    pub(super) ca_file: PathBuf,
    /// Where the admin interface is.
    pub(super) admin_url: String,
    _admin: Serving,
    _scratch: Scratch,
}

impl Scene {
    pub(super) async fn new(limits: Limits) -> Self {
        Self::of(Vertical::Consumer, limits).await
    }

    pub(super) async fn of(vertical: Vertical, limits: Limits) -> Self {
        let scratch = Scratch::new();
        let options = Options {
            auth0: ([127, 0, 0, 1], 0).into(),
            stytch: ([127, 0, 0, 1], 0).into(),
            blueprint: Blueprint {
                people: 10,
                stytch: Settings {
                    vertical,
                    ..Settings::default()
                },
                ..Blueprint::default()
            },
            admin: Some(AdminOptions {
                address: ([127, 0, 0, 1], 0).into(),
                people: 1_100_000,
                ..AdminOptions::default()
            }),
            waits: false,
            tls: Some(scratch.0.clone()),
            limits,
            ..Options::default()
        };
        let Standalone {
            running,
            admin,
            introduction,
        } = standalone::start(&options).await.unwrap();
        Self {
            running,
            admin_url: introduction.admin_url.unwrap(),
            _admin: admin.unwrap(),
            ca_file: introduction.ca_file.unwrap(),
            _scratch: scratch,
        }
    }

    /// `127.0.0.1:<port>` of the tenant.
    pub(super) fn auth0(&self) -> String {
        let url = self.running.auth0_url().unwrap();
        url.strip_prefix("http://").unwrap().to_owned()
    }

    /// `127.0.0.1:<port>` of the project.
    pub(super) fn stytch(&self) -> String {
        let url = self.running.stytch_url().unwrap();
        url.strip_prefix("http://").unwrap().to_owned()
    }

    /// A client that trusts the mocks' authority and nobody else.
    pub(super) fn client(&self) -> Client {
        let pem = std::fs::read(&self.ca_file).unwrap();
        let root = reqwest::Certificate::from_pem(&pem).unwrap();
        Client::builder()
            .tls_certs_only([root])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    }
}
