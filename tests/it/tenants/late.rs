//! Records that come late: their request was cut off, or nobody waited for its answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cutover::driver::http::Options;
use cutover::driver::http::stop::Stop;
use cutover::driver::http::tenants::TenantRunError;
use cutover::tenant::cleanup::{Mode, clean};
use cutover::tenant::client::Patience;
use cutover::tenant::journal::Journal;
use cutover::tenant::provision::{AtStytch, Go, Plan, ProvisionError, Wanted, provision};
use cutover::tenant::stytch::Product;
use cutover::tenant::tenants::Tenants;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::standin::{Setup, StandIn};
use super::window::Stage;

/// A tenant that takes its time to make users.
struct Slow {
    server: MockServer,
    /// Their addresses, and from when on they are there.
    users: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Slow {
    /// Wishes this stop as soon as it is asked for a user.
    async fn start(takes: Duration, stop: Stop) -> Self {
        let server = MockServer::start().await;
        let users = Arc::new(Mutex::new(Vec::new()));
        let token = json!({ "access_token": "a", "expires_in": 600 });
        Mock::given(path("/oauth/token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&server)
            .await;
        let made = Arc::clone(&users);
        let make = move |request: &Request| {
            stop.wish();
            let asked: Value = request.body_json().expect("JSON");
            let email = asked["email"].as_str().expect("an address").to_owned();
            let id = format!("auth0|{email}");
            made.lock()
                .expect("no panic")
                .push((email, Instant::now() + takes));
            ResponseTemplate::new(201)
                .set_body_json(json!({ "user_id": id }))
                .set_delay(takes)
        };
        Mock::given(method("POST"))
            .and(path("/api/v2/users"))
            .respond_with(make)
            .mount(&server)
            .await;
        let there = Arc::clone(&users);
        let list = move |_: &Request| {
            let users = there.lock().expect("no panic");
            let there = users.iter().filter(|(_, from)| *from <= Instant::now());
            let shown: Vec<Value> = there
                .map(|(email, _)| json!({ "user_id": format!("auth0|{email}"), "email": email }))
                .collect();
            ResponseTemplate::new(200).set_body_json(shown)
        };
        Mock::given(path("/api/v2/users-by-email"))
            .respond_with(list)
            .mount(&server)
            .await;
        let going = Arc::clone(&users);
        let remove = move |_: &Request| {
            going.lock().expect("no panic").clear();
            ResponseTemplate::new(204)
        };
        Mock::given(method("DELETE"))
            .and(path_regex("^/api/v2/users/"))
            .respond_with(remove)
            .mount(&server)
            .await;
        Self { server, users }
    }

    fn tenants(&self, stand_in: &StandIn, patience: Patience) -> Tenants {
        let changed = [("AUTH0_DOMAIN", &*self.server.uri())];
        stand_in.tenants_with(Product::Consumer, &changed, patience)
    }

    fn users(&self) -> usize {
        self.users.lock().expect("no panic").len()
    }
}

/// Ctrl-C in the middle of a request: its answer says what was made.
#[tokio::test]
async fn whoever_stops_waits_for_the_answer_that_is_under_way() {
    let stand_in = StandIn::start(Setup::default()).await;
    let options = Options::default();
    let slow = Slow::start(Duration::from_millis(300), options.stop.clone()).await;
    let stage = Stage::of("zero-downtime", &[]);
    let trial = stage.trial(slow.tenants(&stand_in, Patience::default()));
    let before = stand_in.holdings();
    let (cast, plan) = trial.plan().expect("somebody comes");
    assert!(plan.people().len() > 1);
    let tried = Box::pin(trial.play((cast, &plan), &options, |_| {})).await;
    let stopped = TenantRunError::Provision(ProvisionError::Stopped);
    assert_eq!(tried.run.unwrap_err().to_string(), stopped.to_string());
    let cleaned = tried.removal.expect("a journal").expect("it is written");
    assert_eq!(cleaned.kept, [], "{cleaned:?}");
    assert_eq!((slow.users(), stand_in.holdings()), (0, before));

    let mut entries = std::fs::read_dir(stage.folder.path()).expect("a directory");
    let done = entries.find_map(|entry| {
        let path = entry.expect("an entry").path();
        path.extension()
            .is_some_and(|end| end == "done")
            .then_some(path)
    });
    let journal = std::fs::read_to_string(done.expect("a journal")).expect("a text");
    let count = |word: &str| journal.matches(word).count();
    assert_eq!(count("auth0_user"), 1, "nobody more is begun: {journal}");
    assert_eq!(count("\"auth0|"), 1, "the answer was heard: {journal}");
}

/// Nobody waited for the answer, and the record comes after the first look for it.
#[tokio::test]
async fn a_record_that_comes_late_is_looked_for_until_it_cannot_come_any_more() {
    let folder = tempfile::tempdir().expect("a directory");
    let stand_in = StandIn::start(Setup::default()).await;
    let slow = Slow::start(Duration::from_millis(700), Stop::default()).await;
    let patience = Patience {
        tries: 1,
        answer: Duration::from_millis(100),
        late: Duration::from_secs(2),
        ..Patience::default()
    };
    let tenants = slow.tenants(&stand_in, patience);
    let credentials = tenants.admitted().credentials();
    let mut journal = Journal::begin(folder.path(), credentials, Product::Consumer).unwrap();
    let wanted = Wanted {
        person: 0,
        at_stytch: AtStytch::Nothing,
        organization: None,
    };
    let plan = Plan::new(vec![wanted]);
    let made = provision(&tenants, &mut journal, &plan, |_| Go::On).await;
    assert!(matches!(made, Err(ProvisionError::Api(_))), "{made:?}");
    let cleaned = clean(&tenants, &mut journal, Mode::Remove, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((cleaned.removed.len(), cleaned.gone), (1, 0), "{cleaned:?}");
    assert_eq!((slow.users(), journal.left()), (0, 0));
}
