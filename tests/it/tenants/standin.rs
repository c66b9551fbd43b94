//! Mocks of both providers that stand in for a development tenant and a test project.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cutover::tenant::client::Patience;
use cutover::tenant::credentials::Credentials;
use cutover::tenant::guard::{Amount, Consent, admit};
use cutover::tenant::stytch::Product;
use cutover::tenant::tenants::Tenants;
use cutover_mocks::auth0::{self, Connection, SeedUser, Tenant};
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::http::auth0::Application;
use cutover_mocks::http::server::Entrance;
use cutover_mocks::http::stamp::wall_now;
use cutover_mocks::http::stytch::Config as StytchConfig;
use cutover_mocks::http::tls::Authority;
use cutover_mocks::http::{Config, Running, Servers, TimeSource, servers};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::{self, OrgId, Project, SeedOrg, Vertical};
use cutover_mocks::time::Timestamp;
use tempfile::TempDir;

/// How the stand-ins are set up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) auth0: auth0::Settings,
    pub(crate) stytch: stytch::Settings,
    pub(crate) application: Application,
    /// The pace of both, in requests a second.
    pub(crate) rate: Option<f64>,
    /// What the tenant calls itself, whatever it is called.
    pub(crate) issuer: Option<String>,
}

/// Both at work, with people in them who are nobody's business.
pub(crate) struct StandIn {
    pub(crate) running: Running,
    authority: PathBuf,
    _folder: TempDir,
    product: Product,
    rate: f64,
}

/// What exists at both providers: addresses, and organizations by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) auth0: BTreeSet<String>,
    pub(crate) stytch: BTreeSet<String>,
    pub(crate) organizations: usize,
}

/// Addresses that look like those of test people: none of them may be touched.
const LOOKALIKES: [&str; 4] = [
    "cutover-rehearsal-0123456789abcdef-0@example.com",
    "cutover-rehearsal-@example.com",
    "cutover-rehearsal-0@people.example",
    "ada@people.example",
];

/// Secrets of the tenant and the project, which look otherwise wherever anything is encoded.
const SECRETS: [&str; 2] = [
    "s3cret/of+the &\"application<'>=",
    "secret-test-of/the+project&<its>=",
];

impl StandIn {
    pub(crate) async fn start(setup: Setup) -> Self {
        let now = wall_now();
        let product = match setup.stytch.vertical {
            Vertical::Consumer => Product::Consumer,
            Vertical::B2b => Product::B2b,
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let folder = tempfile::tempdir().expect("a directory");
        let authority = Authority::at(folder.path()).expect("an authority");
        let entrance = Entrance {
            tls: Some(authority.serve(&[]).expect("a certificate")),
            ..Entrance::AMONG_FRIENDS
        };
        let config = Config {
            auth0: Some(servers::Auth0 {
                address,
                tenant: Tenant::new(setup.auth0, now),
                issuer: setup.issuer,
                application: Application {
                    client_secret: SECRETS[0].to_owned(),
                    ..setup.application
                },
            }),
            stytch: Some(servers::Stytch {
                address,
                project: Project::new(setup.stytch, now),
                config: StytchConfig {
                    secret: SECRETS[1].to_owned(),
                    ..StytchConfig::default()
                },
            }),
            time: TimeSource::Wall {
                seed: 7,
                waits: false,
            },
        };
        let running = Box::pin(Servers::open(config, &entrance))
            .await
            .expect("mocks start on free ports");
        let stand_in = Self {
            running,
            authority: authority.file(),
            _folder: folder,
            product,
            rate: setup.rate.unwrap_or(2000.0),
        };
        stand_in.seed();
        stand_in
    }

    fn seed(&self) {
        let directory = self.running.directory();
        let (auth0, stytch) = (self.auth0(), self.stytch());
        let org =
            (self.product == Product::B2b).then(|| stytch.project().seed_org(SeedOrg::default()));
        for address in LOOKALIKES {
            let email = directory.intern(address);
            auth0.with_tenant(|tenant| {
                tenant.seed_user(SeedUser {
                    email,
                    connection: Connection::Database,
                    verified: true,
                    has_password: true,
                })
            });
            stytch.project().seed_user(stytch::SeedUser {
                email,
                org,
                has_password: true,
                verified: true,
                mfa_enrolled: false,
            });
        }
    }

    fn auth0(&self) -> Arc<cutover_mocks::http::auth0::Face> {
        self.running.auth0().expect("it is served")
    }

    fn stytch(&self) -> cutover_mocks::http::stytch::Face {
        self.running.stytch().expect("it is served")
    }

    /// All that exists.
    pub(crate) fn holdings(&self) -> Holdings {
        let directory = self.running.directory();
        let auth0 = self.auth0().with_tenant(|tenant| {
            let users = (0..10_000).filter_map(|id| tenant.user(auth0::UserId(id)));
            users.map(|user| directory.text(user.email)).collect()
        });
        let stytch = self.stytch();
        let project = stytch.project();
        let people = project.users_from(stytch::UserId(0));
        Holdings {
            auth0,
            stytch: people
                .filter_map(|user| user.email)
                .map(|email| directory.text(email))
                .collect(),
            organizations: project.orgs_from(OrgId(0)).count(),
        }
    }

    /// Calls that both have received.
    pub(crate) fn requests(&self) -> u64 {
        let auth0: u64 = self.auth0().ledger().calls.values().sum();
        let stytch: u64 = self.stytch().project().ledger().calls.values().sum();
        auth0 + stytch
    }

    /// Settings of the environment that reach them.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let (auth0, stytch) = (self.auth0(), self.stytch());
        let application = auth0.application();
        let config = stytch.config();
        // One port answers in clear and over TLS; from here all goes over TLS.
        let url = |url: Option<&str>| {
            let url = url.expect("it is served");
            url.replace("http://127.0.0.1", "https://localhost")
        };
        vec![
            ("AUTH0_DOMAIN", url(self.running.auth0_url())),
            ("AUTH0_CLIENT_ID", application.client_id.clone()),
            ("AUTH0_CLIENT_SECRET", application.client_secret.clone()),
            ("AUTH0_AUDIENCE", application.api.clone()),
            ("STYTCH_PROJECT_ID", config.project_id.clone()),
            ("STYTCH_SECRET", config.secret.clone()),
            ("STYTCH_API_URL", url(self.running.stytch_url())),
            ("CUTOVER_CA_FILE", self.authority.display().to_string()),
        ]
    }

    /// Clients of them, with some settings changed.
    pub(crate) fn tenants(&self, changed: &[(&'static str, &str)]) -> Tenants {
        self.tenants_of(self.product, changed)
    }

    /// The same, taking the project for one of another product.
    pub(crate) fn tenants_of(&self, product: Product, changed: &[(&'static str, &str)]) -> Tenants {
        let patience = Patience {
            pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(50),
            longest_asked: Duration::from_millis(500),
            answer: Duration::from_secs(5),
            late: Duration::from_millis(50),
            ..Patience::default()
        };
        self.tenants_with(product, changed, patience)
    }

    /// The same, with a patience of its own.
    pub(crate) fn tenants_with(
        &self,
        product: Product,
        changed: &[(&'static str, &str)],
        patience: Patience,
    ) -> Tenants {
        let mut environment = self.environment();
        environment.extend(
            changed
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let read = |name: &str| {
            let found = environment.iter().rev().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        let none = Path::new("/dev/null");
        let credentials = Credentials::read(read, Some(none)).expect("whole credentials");
        let amount = Amount {
            people: 100,
            auth0_per_second: self.rate,
            stytch_per_second: self.rate,
        };
        let admitted = admit(credentials, amount, Consent::default()).expect("loopback is free");
        Tenants::new(admitted, product, patience).expect("a client")
    }
}

/// A fault that acts from now on, on a share of the calls.
pub(crate) fn fault<E>(endpoint: Option<E>, share: f64, kind: FaultKind) -> Fault<E> {
    Fault {
        from: Timestamp::from_secs(0),
        until: Timestamp::NEVER,
        endpoint,
        share: Share::new(share).expect("a share"),
        kind,
    }
}

/// Records are answered with errors, cut off after they were made, or spoiled on the way.
pub(crate) fn trouble() -> Setup {
    let kinds = |share| {
        [
            (share, FaultKind::Dropped),
            (share, FaultKind::Status(500)),
            (share, FaultKind::Status(429)),
            (share, FaultKind::Truncated),
        ]
    };
    let auth0 =
        kinds(0.06).map(|(share, kind)| fault(Some(auth0::Endpoint::Management), share, kind));
    let stytch =
        kinds(0.06).map(|(share, kind)| fault(Some(stytch::Endpoint::Records), share, kind));
    let mut setup = Setup::default();
    setup.auth0.faults = FaultPlan::new(auth0.to_vec());
    setup.stytch.faults = FaultPlan::new(stytch.to_vec());
    setup
}
