//! Test people: made on both sides, removed whatever happened, and nobody else touched.

use std::path::Path;
use std::time::Duration;

use cutover::tenant::cleanup::{Cleaned, Mode, clean};
use cutover::tenant::journal::{Journal, Record, State};
use cutover::tenant::provision::{
    AtStytch, Go, Plan, ProvisionError, Provisioned, Wanted, provision,
};
use cutover::tenant::stytch::Product;
use cutover::tenant::tenants::Tenants;
use cutover_mocks::fault::{FaultKind, FaultPlan};
use cutover_mocks::stytch::{Endpoint, Vertical};
use serde_json::json;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::standin::{Setup, StandIn, fault, trouble};

/// People of all kinds.
fn plan(people: u32, organizations: Option<u16>) -> Plan {
    let wanted = (0..people).map(|person| Wanted {
        person,
        at_stytch: match person % 3 {
            0 => AtStytch::Password,
            1 => AtStytch::Record,
            _ => AtStytch::Nothing,
        },
        organization: organizations.map(|count| person as u16 % count),
    });
    Plan::new(wanted.collect())
}

fn journal(directory: &Path, tenants: &Tenants) -> Journal {
    let credentials = tenants.admitted().credentials();
    Journal::begin(directory, credentials, tenants.stytch.product()).expect("a journal")
}

async fn make(
    tenants: &Tenants,
    journal: &mut Journal,
    plan: &Plan,
) -> Result<Provisioned, ProvisionError> {
    provision(tenants, journal, plan, |_| Go::On).await
}

async fn remove(tenants: &Tenants, journal: &mut Journal) -> Cleaned {
    clean(tenants, journal, Mode::Remove, Duration::ZERO)
        .await
        .expect("a journal that can be written")
}

#[tokio::test]
async fn people_come_and_go() {
    let stand_in = StandIn::start(Setup::default()).await;
    let before = stand_in.holdings();
    let folder = tempfile::tempdir().unwrap();
    let tenants = stand_in.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    let made = make(&tenants, &mut journal, &plan(9, None)).await.unwrap();
    let during = stand_in.holdings();
    assert_eq!(during.auth0.len(), before.auth0.len() + 9);
    assert_eq!(during.stytch.len(), before.stytch.len() + 6);
    for account in &made.people {
        tenants
            .auth0
            .log_in(&account.email, &account.password)
            .await
            .expect("the password works");
    }
    let dry = clean(&tenants, &mut journal, Mode::DryRun, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(stand_in.holdings(), during, "a dry run removes nothing");
    let cleaned = remove(&tenants, &mut journal).await;
    assert_eq!(dry, cleaned);
    assert_eq!(
        (cleaned.removed.len(), cleaned.gone, journal.left()),
        (15, 0, 0)
    );
    assert_eq!(stand_in.holdings(), before);
    assert_eq!(
        remove(&tenants, &mut journal).await,
        Cleaned::default(),
        "again"
    );
}

#[tokio::test]
async fn members_come_and_go_with_their_organizations() {
    let mut setup = Setup::default();
    setup.stytch.vertical = Vertical::B2b;
    let stand_in = StandIn::start(setup).await;
    let before = stand_in.holdings();
    let folder = tempfile::tempdir().unwrap();
    let tenants = stand_in.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    let made = make(&tenants, &mut journal, &plan(6, Some(2)))
        .await
        .unwrap();
    assert_eq!(made.organizations.len(), 2);
    assert_eq!(stand_in.holdings().organizations, before.organizations + 2);
    let dry = clean(&tenants, &mut journal, Mode::DryRun, Duration::ZERO)
        .await
        .unwrap();
    let cleaned = remove(&tenants, &mut journal).await;
    assert_eq!(cleaned.kept, []);
    assert_eq!(dry, cleaned);
    assert_eq!(stand_in.holdings(), before);
}

#[tokio::test]
async fn an_organization_with_a_stranger_in_it_stays() {
    let mut setup = Setup::default();
    setup.stytch.vertical = Vertical::B2b;
    let stand_in = StandIn::start(setup).await;
    let folder = tempfile::tempdir().unwrap();
    let tenants = stand_in.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    let made = make(&tenants, &mut journal, &plan(2, Some(1)))
        .await
        .unwrap();
    let stranger = cutover::tenant::stytch::NewPerson {
        email: "stranger@example.com",
        external_id: "stranger",
        organization: made.organizations.get(&0).map(String::as_str),
    };
    tenants.stytch.create_person(stranger).await.unwrap();
    let cleaned = remove(&tenants, &mut journal).await;
    assert_eq!(cleaned.kept.len(), 1, "{cleaned:?}");
    assert!(cleaned.kept[0].1.contains("1 members"), "{cleaned:?}");
    assert!(stand_in.holdings().stytch.contains("stranger@example.com"));
}

/// Errors, throttling, answers that are cut off after the record was made: everybody is made once,
/// and everybody is removed.
#[tokio::test]
async fn trouble_on_the_line_loses_and_leaves_nobody() {
    let stand_in = StandIn::start(trouble()).await;
    let before = stand_in.holdings();
    let folder = tempfile::tempdir().unwrap();
    let tenants = stand_in.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    let mut asked = 0;
    // Sometimes a line is worse than all patience: then provisioning ends early, in good order.
    let made = make(&tenants, &mut journal, &plan(30, None)).await;
    if let Ok(made) = &made {
        assert_eq!(made.people.len(), 30);
    }
    while journal.left() > 0 {
        asked += 1;
        assert!(asked < 20, "{:?}", journal.records().collect::<Vec<_>>());
        remove(&tenants, &mut journal).await;
    }
    assert_eq!(stand_in.holdings(), before);
    let users = journal
        .records()
        .filter(|(_, record, _)| matches!(record, Record::Auth0User { .. }))
        .count() as u64;
    let requests = tenants.auth0.client().made();
    assert!(
        requests > 3 * users + 1,
        "no fault was met: {requests} requests"
    );
}

/// The provider makes the record and the answer never comes, try after try.
#[tokio::test]
async fn a_record_whose_answer_never_came_is_found_and_removed() {
    let mut setup = Setup::default();
    let cut = fault(Some(Endpoint::Records), 1.0, FaultKind::Truncated);
    setup.stytch.faults = FaultPlan::new(vec![cut]);
    let spoiled = StandIn::start(setup).await;
    let folder = tempfile::tempdir().unwrap();
    let tenants = spoiled.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    let before = spoiled.holdings();
    let made = make(&tenants, &mut journal, &plan(1, None)).await;
    assert!(made.is_err());
    let states: Vec<State> = journal
        .records()
        .map(|(_, _, state)| state.clone())
        .collect();
    assert!(
        matches!(states[..], [State::Made { .. }, State::Intended]),
        "{states:?}"
    );
    assert_eq!(spoiled.holdings().stytch.len(), before.stytch.len() + 1);

    // Nothing can be seen yet, so nothing of it is removed, and the journal knows.
    let cleaned = remove(&tenants, &mut journal).await;
    assert_eq!(
        (cleaned.removed.len(), cleaned.kept.len()),
        (1, 1),
        "{cleaned:?}"
    );
    assert_eq!(journal.left(), 1);
}

/// Whatever is not the list that was asked for does not say that there is nobody.
#[tokio::test]
async fn answers_that_make_no_sense_are_no_proof_of_absence() {
    for vertical in [Vertical::Consumer, Vertical::B2b] {
        for answer in [
            ResponseTemplate::new(200).set_body_string("<html>Maintenance</html>"),
            ResponseTemplate::new(200).set_body_json(json!({ "access_token": "a" })),
            ResponseTemplate::new(404).set_body_string("<html>No such page</html>"),
        ] {
            let mut setup = Setup::default();
            setup.stytch.vertical = vertical;
            let stand_in = StandIn::start(setup).await;
            let server = MockServer::start().await;
            let token = json!({ "access_token": "a", "expires_in": 600 });
            Mock::given(path("/oauth/token"))
                .respond_with(ResponseTemplate::new(200).set_body_json(token))
                .mount(&server)
                .await;
            Mock::given(any()).respond_with(answer).mount(&server).await;
            let url = server.uri();
            let lost = stand_in.tenants(&[("AUTH0_DOMAIN", &url), ("STYTCH_API_URL", &url)]);
            let folder = tempfile::tempdir().unwrap();
            let mut journal = journal(folder.path(), &lost);
            let mark = journal.header().run.mark();
            let organization = (vertical == Vertical::B2b).then(|| format!("{mark}o1"));
            let email = format!("{mark}1@example.com");
            for record in [
                Record::StytchOrganization {
                    slug: format!("{mark}o1"),
                },
                Record::Auth0User {
                    email: email.clone(),
                },
                Record::StytchPerson {
                    email,
                    external_id: format!("{mark}1"),
                    organization,
                },
            ] {
                journal.intend(record).unwrap();
            }
            let cleaned = remove(&lost, &mut journal).await;
            assert_eq!((cleaned.gone, cleaned.kept.len()), (0, 3), "{cleaned:?}");
            assert_eq!(journal.left(), 3);
        }
    }
}

#[tokio::test]
async fn a_journal_of_another_tenant_is_told_apart() {
    let (one, two) = (
        StandIn::start(Setup::default()).await,
        StandIn::start(Setup::default()).await,
    );
    let folder = tempfile::tempdir().unwrap();
    let tenants = one.tenants(&[]);
    let journal = journal(folder.path(), &tenants);
    assert!(journal.header().is_of(tenants.admitted().credentials()));
    let other = two.tenants(&[]);
    assert!(!journal.header().is_of(other.admitted().credentials()));
}

/// A journal that somebody edited names people who are not the run's: they stay.
#[tokio::test]
async fn a_doctored_journal_removes_nobody_else() {
    let stand_in = StandIn::start(Setup::default()).await;
    let before = stand_in.holdings();
    let folder = tempfile::tempdir().unwrap();
    let tenants = stand_in.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    for email in &before.auth0 {
        let record = Record::Auth0User {
            email: email.clone(),
        };
        journal.intend(record).unwrap();
    }
    let cleaned = remove(&tenants, &mut journal).await;
    assert_eq!(cleaned.removed, []);
    assert_eq!(cleaned.kept.len(), before.auth0.len());
    assert_eq!(stand_in.holdings(), before);
}

#[tokio::test]
async fn a_wish_to_stop_is_heard_between_two_people() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let tenants = stand_in.tenants(&[]);
    let mut journal = journal(folder.path(), &tenants);
    let made = provision(&tenants, &mut journal, &plan(9, None), |made| {
        if made == 4 { Go::Stop } else { Go::On }
    })
    .await;
    assert!(matches!(made, Err(ProvisionError::Stopped)), "{made:?}");
    let users = journal
        .records()
        .filter(|(_, record, _)| matches!(record, Record::Auth0User { .. }));
    assert_eq!(users.count(), 4);
    assert_eq!(tenants.stytch.product(), Product::Consumer);
}

/// The pace that was admitted is kept to, whatever the provider could bear.
#[tokio::test(start_paused = true)]
async fn nothing_is_faster_than_the_pace() {
    let setup = Setup {
        rate: Some(1.0),
        ..Setup::default()
    };
    let stand_in = StandIn::start(setup).await;
    let tenants = stand_in.tenants(&[]);
    let began = tokio::time::Instant::now();
    for _ in 0..12 {
        tenants.auth0.keys().await.expect("an answer");
    }
    let passed = began.elapsed().as_secs();
    // Five may go at once after a pause.
    assert!(passed >= 7, "12 requests in {passed} s of a second each");
}
