//! Clients that nobody here wrote, against the mocks and against a test tenant, and the table of
//! what they show: `docs/conformance.md`.
//!
//! They need Python, Node.js and their packages (`tests/clients/install`). Without them the tests say
//! so and pass, unless `CUTOVER_CLIENTS` is `required`.

mod gaps;
mod mocks;
mod row;
mod rust;
mod table;
mod toolbox;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use cutover::tenant::credentials::{Credentials, DEFAULT_FILE};

use mocks::{Kind, Mocks};
use row::{Endpoint, Line, Outcome, Row};
use toolbox::{Language, Place, Script, Toolbox};

/// What is driven: one file each, below `tests/clients`.
const CONSUMER: &[Script] = &[
    Script::python("auth0_sdk"),
    Script::python("auth0_administration"),
    Script::python("auth0_server"),
    Script::python("auth0_access"),
    Script::python("auth0_organizations"),
    Script::python("auth0_tenant"),
    Script::python("auth0_pages"),
    Script::python("auth0_mfa"),
    Script::python("auth0_whole_tenant"),
    Script::python("authlib_oidc"),
    Script::python("pyoidc_rp"),
    Script::python("standard_clients"),
    Script::python("django_apps"),
    Script::python("apache"),
    Script::python("stytch_consumer"),
    Script::python("stytch_factors"),
    Script::python("stytch_links"),
    Script::python("stytch_parts"),
    Script::node("auth0_sdk"),
    Script::node("whole_tenant"),
    Script::node("openid_client"),
    Script::node("standard_clients"),
    Script::node("server_sdks"),
    Script::node("web_apps"),
    Script::node("frameworks"),
    Script::node("spa"),
    Script::node("embedded"),
    Script::node("stytch_consumer"),
    Script::node("stytch_browser"),
    Script::node("stytch_browser_users"),
    Script::node("react"),
];
const B2B: &[Script] = &[
    Script::python("stytch_b2b"),
    Script::python("stytch_members"),
    Script::python("stytch_member_logins"),
    Script::python("stytch_second_factors"),
    Script::python("stytch_organizations"),
    Script::python("stytch_sso"),
    Script::node("stytch_b2b"),
    Script::node("stytch_sso"),
    Script::node("stytch_browser_b2b"),
    Script::node("stytch_browser_sso"),
    Script::node("stytch_browser_members"),
];

/// The packages, or words about what is missing.
fn toolbox() -> Option<Toolbox> {
    match Toolbox::find() {
        Ok(toolbox) => Some(toolbox),
        Err(missing) => {
            assert!(
                std::env::var_os("CUTOVER_CLIENTS").is_none_or(|value| value != "required"),
                "CUTOVER_CLIENTS=required, but {missing}"
            );
            say(&format!("skipped: {missing}"));
            None
        }
    }
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn rows(lines: Vec<Line>) -> Vec<Row> {
    let rows = lines.into_iter().filter_map(Line::row);
    rows.collect()
}

fn failures<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let failed = rows.into_iter().filter(|row| row.result == Outcome::Fail);
    let told: Vec<String> = failed.map(ToString::to_string).collect();
    told.join("\n\n")
}

#[test]
fn clients_log_in_and_migrate_against_the_mocks_and_the_table_says_so() {
    let Some(toolbox) = toolbox() else { return };
    let consumer = Mocks::start(Kind::Consumer);
    let b2b = Mocks::start(Kind::B2b);
    let (mut lines, more) = std::thread::scope(|scope| {
        let more = scope.spawn(|| toolbox.run_all(B2B, &b2b.place()));
        let lines = toolbox.run_all(CONSUMER, &consumer.place());
        (lines, more.join().expect("the scripts end"))
    });
    lines.extend(more);
    let published = toolbox.run(&Script::python("published"), &consumer.place());
    let published = gaps::Published::of(&published);
    let named = published.iter();
    let mut named: BTreeMap<Endpoint, String> = named
        .map(|(endpoint, published)| (endpoint.clone(), published.name.clone()))
        .collect();
    named.extend(lines.iter().map(Line::named));
    let mut served = consumer.endpoints(&named);
    served.extend(b2b.endpoints(&named));
    // What no router has is told as such at the end of the table.
    let modelled = |row: &Row| row.result == Outcome::Ok || served.contains_key(&row.endpoint());
    let rows: Vec<Row> = rows(lines).into_iter().filter(modelled).collect();
    let failed = failures(&rows);
    assert!(
        failed.is_empty(),
        "clients that found the mocks wrong:\n{failed}"
    );
    assert!(rows.len() > 100, "only {} checks ran", rows.len());

    if let Some(skipped) = rows
        .iter()
        .find(|row| row.result == Outcome::Skip && row.of_the_system())
    {
        assert!(
            std::env::var_os("CUTOVER_CLIENTS").is_none(),
            "CUTOVER_CLIENTS=required, but {skipped}"
        );
        say(&format!("the table is not compared: {skipped}"));
        return;
    }
    let gaps = gaps::write(&served, &published);
    let table = table::write(&rows, &rust::rows(), &served, &gaps);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&file, &table).expect("docs/conformance.md");
    }
    assert!(
        std::fs::read_to_string(&file).is_ok_and(|text| text == table),
        "docs/conformance.md is stale: run with UPDATE_GENERATED=1"
    );
}

/// The same scripts, without what only the mocks have: mailboxes, keys to rotate. The mocks stand in
/// for a tenant here, so that there is no difference.
#[test]
fn the_same_scripts_run_against_a_tenant() {
    let Some(toolbox) = toolbox() else { return };
    let stand_in = Mocks::start(Kind::Consumer);
    let mut place = Place {
        mock: false,
        ..stand_in.place()
    };
    for name in ["CUTOVER_AUTH0_RATE", "CUTOVER_STYTCH_RATE"] {
        let rate = (name.to_owned(), PER_SECOND.to_string());
        place.variables.push(rate);
    }
    for script in [
        Script::python("stytch_consumer"),
        Script::node("openid_client"),
    ] {
        let (before, began) = (stand_in.calls(), Instant::now());
        let lines = rows(toolbox.run(&script, &place));
        let took = began.elapsed().as_secs_f64();
        assert_eq!(failures(&lines), "");
        // Whatever the machine does, so many requests take so long: two may go at once to each, and
        // the project asks the tenant for itself.
        let after = stand_in.calls();
        for provider in ["auth0", "stytch"] {
            let made = (after[provider] - before[provider]).saturating_sub(4);
            let least = made as f64 / PER_SECOND;
            assert!(
                took >= least,
                "{script:?}: {made} at {provider} in {took} s"
            );
        }
        let mut skipped = lines.iter().filter(|row| row.result == Outcome::Skip);
        assert!(
            script.name != "stytch_consumer" || skipped.any(|row| row.detail.contains("mailbox")),
            "reading mail at a tenant is skipped, and said so"
        );
    }
}

/// What a stand-in is asked at the most.
const PER_SECOND: f64 = 20.0;

/// The guard stands before the scripts as well, and nobody can consent for them.
#[test]
fn scripts_are_not_driven_against_what_may_be_live() {
    let whole = |domain: &str, kind: &str| {
        let settings = [
            ("AUTH0_DOMAIN", domain.to_owned()),
            ("AUTH0_CLIENT_ID", "client".to_owned()),
            ("AUTH0_CLIENT_SECRET", "hush".to_owned()),
            ("AUTH0_AUDIENCE", "https://api.example".to_owned()),
            ("STYTCH_PROJECT_ID", format!("project-{kind}-1")),
            ("STYTCH_SECRET", format!("secret-{kind}-1")),
        ];
        let read = |name: &str| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        Credentials::read(read, Some(Path::new("/dev/null"))).expect("whole credentials")
    };
    assert!(Place::tenant(whole("dev-abc.eu.auth0.com", "test")).is_ok());
    assert!(Place::tenant(whole("login.shop.example", "test")).is_err());
    assert!(Place::tenant(whole("dev-abc.eu.auth0.com", "live")).is_err());
}

/// The examples of `docs/clients.md`, as they stand but for the ports.
#[test]
fn examples_of_the_documentation_run() {
    let Some(toolbox) = toolbox() else { return };
    let mocks = Mocks::start(Kind::Consumer);
    let text = include_str!("../../../docs/clients.md");
    let text = text
        .replace("localhost:8480", mocks.auth0())
        .replace("localhost:8481", mocks.stytch());
    let examples = [("python", Language::Python), ("js", Language::Node)];
    for (name, language) in examples {
        let blocks: Vec<&str> = text.split(&format!("```{name}\n")).skip(1).collect();
        assert!(
            !blocks.is_empty(),
            "docs/clients.md has no example in {name}"
        );
        for block in blocks {
            let (example, _) = block.split_once("```").expect("an end of the example");
            toolbox.run_example(language, example, &mocks.place());
        }
    }
}

#[test]
fn clients_see_no_difference_at_the_test_tenant() {
    let variable = |name: &str| std::env::var(name).ok();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(DEFAULT_FILE);
    let file = file.exists().then_some(file);
    if variable("STYTCH_PROJECT_ID").is_none() && file.is_none() {
        say("skipped: no test tenant in the environment or in .env-test (docs/test-tenants.md)");
        return;
    }
    let credentials =
        Credentials::read(variable, file.as_deref()).unwrap_or_else(|error| panic!("{error}"));
    let Some(toolbox) = toolbox() else { return };
    let place = Place::tenant(credentials).unwrap_or_else(|refused| panic!("refused: {refused}"));
    let scripts = match place.kind {
        Kind::Consumer => CONSUMER,
        Kind::B2b => B2B,
    };
    let rows = rows(toolbox.run_all(scripts, &place));
    let report = table::differences(&rows);
    let file = toolbox.folder().join("differences.md");
    std::fs::write(&file, &report).expect("a report");
    let failed = failures(&rows);
    assert!(failed.is_empty(), "{report}\nalso in {}", file.display());
    say(&report);
}
