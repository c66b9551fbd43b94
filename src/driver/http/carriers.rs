//! Goose carries: a bounded number of Goose users take calls from a queue and make them over HTTP.
//!
//! Each Goose user runs one transaction once; the transaction loops over the queue and ends with
//! it. People are rows of the protocol core, not Goose users: a waiting person costs nothing here.
//! Requests are made with the Goose user's client and told to Goose with their whole duration and
//! their status, under the endpoint's name; Goose's numbers are thereby a second, independent count.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cutover_mocks::time::Span;
use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction, TransactionResult};
use goose::metrics::GooseMetrics;
use goose::{GooseAttack, GooseError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::job::{Done, Job};
use super::stop::Stop;
use super::tenants::TenantLine;
use super::wire::{Hop, Wire};
use crate::rehearsal::ProviderAnswer;

/// How the carriers are set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriers {
    /// How many Goose users carry calls: the most calls that can be under way at once.
    pub count: usize,
    /// Where Goose writes its own report (`.html`, `.md` or `.json`); nowhere when absent.
    pub report: Option<PathBuf>,
    /// Whether Goose serves its dashboard while the rehearsal runs, and at which port of 127.0.0.1
    /// (0: any free one).
    pub dashboard: Option<u16>,
}

impl Default for Carriers {
    /// 256 carriers, no report, no dashboard.
    fn default() -> Self {
        Self {
            count: 256,
            report: None,
            dashboard: None,
        }
    }
}

/// Goose's own count of the requests to one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Requests that were answered with a status below 400.
    pub succeeded: u64,
    /// All others.
    pub failed: u64,
}

/// Goose's own counts by method and endpoint, e.g. `GET auth0.userinfo`.
pub type GooseSummary = BTreeMap<String, Counted>;

/// Why the carriers could not do their work.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// Goose refused its configuration, or failed.
    #[error("Goose: {0}")]
    Goose(#[from] GooseError),
    /// The client could not be built.
    #[error("the HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// Goose's task ended by a panic.
    #[error("Goose ended unexpectedly: {0}")]
    Panicked(tokio::task::JoinError),
    /// Goose did not start all carriers in time.
    #[error("only {started} of {count} carriers started within {within:?}")]
    Late {
        /// Carriers that started.
        started: usize,
        /// Carriers that were asked for.
        count: usize,
        /// How long they had.
        within: Duration,
    },
}

/// What calls are carried over.
#[derive(Clone, Debug)]
pub enum Line {
    /// To mock servers.
    Mocks(Arc<Wire>),
    /// To test tenants.
    Tenants(Arc<TenantLine>),
}

impl From<Arc<Wire>> for Line {
    fn from(wire: Arc<Wire>) -> Self {
        Self::Mocks(wire)
    }
}

impl Line {
    fn host(&self) -> &str {
        match self {
            Self::Mocks(wire) => wire.auth0_target().as_str(),
            Self::Tenants(line) => line.host(),
        }
    }

    /// Waits until a call may go out: real providers are asked at a bounded pace.
    async fn wait(&self, job: &Job) {
        match self {
            Self::Mocks(_) => {}
            Self::Tenants(line) => line.wait(job).await,
        }
    }

    async fn carry(
        &self,
        client: &reqwest::Client,
        job: &Job,
    ) -> (Option<(ProviderAnswer, Span)>, Vec<Hop>) {
        match self {
            Self::Mocks(wire) => wire.carry(client, job).await,
            // Its own client knows the certificate authorities.
            Self::Tenants(line) => line.carry(job).await,
        }
    }
}

/// Carriers at work.
#[derive(Debug)]
pub(super) struct Crew {
    /// Jobs go in here; dropping it sends the crew home.
    pub(super) jobs: flume::Sender<Job>,
    /// Finished jobs come out here; closed when the crew is gone.
    pub(super) done: mpsc::UnboundedReceiver<Done>,
    goose: JoinHandle<Result<GooseMetrics, GooseError>>,
}

/// What each carrier works with.
struct Work {
    client: reqwest::Client,
    line: Line,
    jobs: flume::Receiver<Job>,
    done: mpsc::UnboundedSender<Done>,
    hello: mpsc::UnboundedSender<()>,
}

/// All carriers must have started within this time, however busy the machine is.
const START: Duration = Duration::from_mins(5);

impl Crew {
    /// Starts Goose and waits until every carrier is ready.
    pub(super) async fn start(
        carriers: &Carriers,
        line: impl Into<Line>,
    ) -> Result<Self, CarrierError> {
        let client = client()?;
        let (jobs, queue) = flume::unbounded();
        let (finished, done) = mpsc::unbounded_channel();
        let (hello, mut hellos) = mpsc::unbounded_channel();
        let attack = attack(
            carriers,
            Work {
                client,
                line: line.into(),
                jobs: queue,
                done: finished,
                hello,
            },
        )?;
        let mut goose = tokio::spawn(attack.execute());
        let deadline = Instant::now() + START;
        for started in 0..carriers.count {
            tokio::select! {
                heard = tokio::time::timeout_at(deadline, hellos.recv()) => {
                    if !matches!(heard, Ok(Some(()))) {
                        goose.abort();
                        let (count, within) = (carriers.count, START);
                        return Err(CarrierError::Late { started, count, within });
                    }
                }
                ended = &mut goose => {
                    ended.map_err(CarrierError::Panicked)??;
                    let (count, within) = (carriers.count, START);
                    return Err(CarrierError::Late { started, count, within });
                }
            }
        }
        Ok(Self { jobs, done, goose })
    }

    /// Sends the crew home and returns what Goose counted. A wish to stop ends Goose's wait for an
    /// open dashboard.
    pub(super) async fn finish(self, stop: &Stop) -> Result<GooseSummary, CarrierError> {
        let Self {
            jobs,
            done,
            mut goose,
        } = self;
        drop((jobs, done));
        let ended = tokio::select! {
            ended = &mut goose => ended,
            () = stop.wished() => {
                // Carriers may still be at a last call; its guard time bounds the wait.
                goose::trigger_killswitch("the rehearsal was stopped");
                goose.await
            }
        };
        Ok(summary(&ended.map_err(CarrierError::Panicked)??))
    }
}

/// Carries jobs as fast as the carriers can, all of them queued at once: for measuring what carrying
/// costs.
pub async fn carry_all(
    carriers: &Carriers,
    wire: Arc<Wire>,
    jobs: impl IntoIterator<Item = Job>,
) -> Result<(Vec<Done>, GooseSummary), CarrierError> {
    let mut crew = Crew::start(carriers, wire).await?;
    let mut under_way = 0;
    for job in jobs {
        // A crew that is gone shows in what it has done.
        under_way += usize::from(crew.jobs.send(job).is_ok());
    }
    let mut finished = Vec::with_capacity(under_way);
    while finished.len() < under_way {
        let Some(done) = crew.done.recv().await else {
            break;
        };
        finished.push(done);
    }
    let summary = crew.finish(&Stop::default()).await?;
    Ok((finished, summary))
}

/// One client for all carriers: no cookies and no redirects, which are the codec's business.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(usize::MAX)
        .pool_idle_timeout(None)
        .build()
}

fn attack(carriers: &Carriers, work: Work) -> Result<GooseAttack, GooseError> {
    let configuration = GooseConfiguration::parse_args_default(&arguments(carriers, &work.line))?;
    let work = Arc::new(work);
    let carry = Transaction::new(Arc::new(move |user: &mut GooseUser| {
        let work = Arc::clone(&work);
        Box::pin(async move { carry(user, &work).await })
    }))
    .set_name("carry calls");
    // A client of Goose's own for each user would cost 2.7 ms of CPU each, and is not used.
    Ok(GooseAttack::initialize_with_config(configuration)?
        .set_client_builder_without_cookies(GooseClientBuilder::new().without_cookies())?
        .register_scenario(Scenario::new("cutover").register_transaction(carry)))
}

/// Goose's command line: as quiet as it can be, one iteration, all users at once.
fn arguments(carriers: &Carriers, line: &Line) -> Vec<String> {
    let mut arguments = vec![
        format!("--host={}", line.host()),
        format!("--users={}", carriers.count),
        format!("--increase-rate={}", carriers.count * 20),
        "--iterations=1".to_owned(),
        "--no-telnet".to_owned(),
        "--no-print-metrics".to_owned(),
        "--no-transaction-metrics".to_owned(),
        "--no-scenario-metrics".to_owned(),
        "--quiet".to_owned(),
    ];
    if let Some(report) = &carriers.report {
        arguments.push(format!("--report-file={}", report.display()));
    }
    if let Some(port) = carriers.dashboard {
        arguments.extend(["--dashboard".to_owned(), format!("--dashboard-port={port}")]);
    }
    arguments
}

/// One carrier's life: takes jobs until there are no more.
async fn carry(user: &mut GooseUser, work: &Work) -> TransactionResult {
    user.client = work.client.clone();
    // Nobody to greet or to answer any more: the rehearsal is over, and so is this carrier's work.
    if work.hello.send(()).is_err() {
        return Ok(());
    }
    while let Ok(job) = work.jobs.recv_async().await {
        work.line.wait(&job).await;
        let started = Instant::now();
        let (answer, hops) = work.line.carry(&user.client, &job).await;
        let requests = u32::try_from(hops.len()).unwrap_or(u32::MAX);
        let done = Done {
            job,
            started,
            ended: Instant::now(),
            answer,
            requests,
        };
        if work.done.send(done).is_err() {
            return Ok(());
        }
        for hop in hops {
            let succeeded = hop.status.is_some_and(|status| status < 400);
            user.record_custom_request_duration(
                hop.method,
                hop.endpoint,
                hop.took,
                succeeded,
                hop.status,
                None,
            )
            .await?;
        }
    }
    Ok(())
}

fn summary(metrics: &GooseMetrics) -> GooseSummary {
    let counted = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    metrics
        .requests
        .iter()
        .map(|(name, request)| {
            let count = Counted {
                succeeded: counted(request.success_count),
                failed: counted(request.fail_count),
            };
            (name.clone(), count)
        })
        .collect()
}
