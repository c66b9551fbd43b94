//! Faults, limits and repeatability.

use crate::scene::*;

#[test]
fn limits_are_fixed_windows_of_endpoint_and_project() {
    let limit = |calls| WindowLimit {
        calls,
        window: Span::from_secs(10),
    };
    let mut project = project(Settings {
        endpoint_limits: vec![(Endpoint::Authenticate, limit(2))],
        project_limit: Some(limit(4)),
        retry_after: true,
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(3), ANNA);
    let check = Call::Authenticate {
        token: opened.token,
        duration: None,
    };
    served(call(&mut project, at(4), check));
    served(call(&mut project, at(9), check));
    let third = call(&mut project, at(9), check);
    let Outcome::Refused(refusal) = third.outcome else {
        panic!("not refused")
    };
    assert_eq!((refusal.status, refusal.error), (429, Error::RateLimited));
    assert_eq!(refusal.retry_after, Some(Span::from_secs(1)));
    served(call(&mut project, at(9), Call::Jwks));
    assert_eq!(
        refused(call(&mut project, at(9), Call::Jwks)),
        (429, Error::RateLimited)
    );
    served(call(&mut project, at(10), check));
    assert_eq!(project.ledger().calls[&(Endpoint::Authenticate, 429)], 1);
}

fn faulty(kind: FaultKind) -> Project {
    let endpoint = Some(Endpoint::Password);
    let fault = Fault {
        from: at(10),
        until: at(20),
        endpoint,
        share: Share::ONE,
        kind,
    };
    let faults = FaultPlan::new(vec![fault]);
    let mut project = project(Settings {
        faults,
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    project
}

#[test]
fn faults_act_in_their_time_and_on_their_endpoint_only() {
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    let mut project = faulty(FaultKind::Status(503));
    served(call(&mut project, at(9), right));
    let answer = call(&mut project, at(10), right);
    assert_eq!(refused(answer), (503, Error::Injected(503)));
    served(call(&mut project, at(19), Call::Jwks));
    served(call(&mut project, at(20), right));
    assert_eq!(project.ledger().opened, 2);
}

#[test]
fn faults_break_answers_before_or_after_the_call_took_effect() {
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    let cases = [
        (FaultKind::Outage, Breakage::Refused, 0, 0),
        (FaultKind::Html(502), Breakage::Html(502), 0, 502),
        (FaultKind::Truncated, Breakage::Truncated, 1, 200),
        (FaultKind::Malformed, Breakage::Malformed, 1, 200),
    ];
    for (kind, breakage, opened, status) in cases {
        let mut project = faulty(kind);
        let answer = call(&mut project, at(10), right);
        assert_eq!(answer.outcome, Outcome::Broken(breakage));
        assert_eq!(project.session_count(), opened, "{kind:?}");
        assert_eq!(project.ledger().calls[&(Endpoint::Password, status)], 1);
    }
}

#[test]
fn a_dropped_call_takes_effect_as_often_as_not() {
    let mut project = faulty(FaultKind::Dropped);
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    for micros in 0..1_000 {
        let answer = call(&mut project, at(10) + Span::from_micros(micros), right);
        assert_eq!(answer.outcome, Outcome::Broken(Breakage::Dropped));
    }
    let effects = project.session_count();
    assert!(
        (400..600).contains(&effects),
        "{effects} of 1000 took effect"
    );
    assert_eq!(project.ledger().calls[&(Endpoint::Password, 0)], 1_000);
}

#[test]
fn faults_slow_throttle_and_lower_limits() {
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    let mut slow = faulty(FaultKind::Slow(Span::from_secs(3)));
    assert_eq!(
        call(&mut slow, at(10), right).took,
        Span::from_millis(3_100)
    );
    let mut throttled = faulty(FaultKind::ThrottledAs500);
    assert_eq!(
        refused(call(&mut throttled, at(10), right)),
        (500, Error::RateLimited)
    );
    let mut low = faulty(FaultKind::Limit(Rate {
        per_second: 1.0,
        burst: 2,
    }));
    served(call(&mut low, at(10), right));
    served(call(&mut low, at(10), right));
    assert_eq!(
        refused(call(&mut low, at(11), right)),
        (429, Error::RateLimited)
    );
    served(call(&mut low, at(12), right));
}

#[test]
fn a_fault_on_migrate_hits_before_userinfo_or_after_the_session() {
    for (kind, asks) in [
        (FaultKind::Status(500), false),
        (FaultKind::Truncated, true),
    ] {
        let fault = Fault {
            from: START,
            until: Timestamp::NEVER,
            endpoint: None,
            share: Share::ONE,
            kind,
        };
        let faults = FaultPlan::new(vec![fault]);
        let mut project = project(Settings {
            faults,
            ..Settings::default()
        });
        seed(&mut project, ANNA, None);
        let migrate = Call::Migrate {
            token: legacy(),
            org: None,
            duration: HOUR,
        };
        match project.handle(stamp(at(1)), &migrate) {
            Step::Done(answer) => {
                assert!(!asks);
                assert_eq!(refused(answer), (500, Error::Injected(500)));
            }
            Step::AskUserInfo(pending) => {
                assert!(asks);
                let answer = project.resume(pending, found(Some(ANNA), true));
                assert_eq!(answer.outcome, Outcome::Broken(Breakage::Truncated));
                assert_eq!(project.ledger().migrated, 1);
            }
        }
        assert_eq!(project.ledger().calls_to(Endpoint::Migrate), 1);
    }
}

#[test]
fn the_same_calls_with_the_same_luck_get_the_same_answers() {
    let run = || {
        let mut project = Project::new(Settings::default(), START);
        seed(&mut project, ANNA, None);
        let first = log_in(&mut project, at(0), ANNA);
        let answer = migrate(&mut project, at(5), None, HOUR, found(Some(ANNA), true));
        (first, answer, project.ledger().clone())
    };
    assert_eq!(run(), run());
}
