//! The family against a model that keeps every token ever issued, and each rule by itself.

use proptest::prelude::*;

use super::*;
use crate::time::Span;

const SCOPES: Scopes = Scopes {
    openid: true,
    profile: false,
    email: true,
    offline: true,
};
const AUDIENCE: Audience = Audience {
    api: true,
    userinfo: true,
};

fn settings(rotation: bool, leeway: i64) -> Settings {
    Settings {
        rotation,
        rotation_leeway: Span::from_secs(leeway),
        refresh_absolute_life: Span::from_secs(1000),
        refresh_idle_life: Span::from_secs(100),
        ..Settings::default()
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn begin(families: &mut Families) -> RefreshToken {
    families.begin(
        UserId(0),
        SCOPES,
        AUDIENCE,
        at(0),
        at(0),
        &Settings::default(),
    )
}

/// The textbook: a list of tokens, each with the time at which it was first exchanged.
#[derive(Debug, Default)]
struct Model {
    /// First exchange of token `i`; the last token is not exchanged yet.
    exchanged: Vec<i64>,
    last_use: i64,
    dead: bool,
}

impl Model {
    fn exchange(&mut self, token: usize, now: i64, rotation: bool, leeway: i64) -> Option<usize> {
        if self.dead || now >= 1000 || now >= self.last_use + 100 || token > self.exchanged.len() {
            return None;
        }
        if token == self.exchanged.len() {
            self.last_use = now;
            if rotation {
                self.exchanged.push(now);
            }
            return Some(self.exchanged.len());
        }
        let newest_but_one = token + 1 == self.exchanged.len();
        if newest_but_one && now < self.exchanged[token] + leeway {
            return Some(self.exchanged.len());
        }
        self.dead = true;
        None
    }
}

proptest! {
    #[test]
    fn a_family_behaves_like_the_textbook(
        rotation: bool,
        leeway in prop_oneof![Just(0i64), 1i64..60],
        // How long after the last step, how old the presented token is, and whether it is revoked instead.
        steps in prop::collection::vec((0i64..70, prop_oneof![6 => Just(0usize), 3 => Just(1), 1 => 2usize..4], 0u8..40), 1..40),
    ) {
        let settings = settings(rotation, leeway);
        let mut families = Families::default();
        let other = begin(&mut families);
        let first = begin(&mut families);
        let mut model = Model::default();
        let mut now = 0;
        for (wait, age, revoke) in steps {
            now += wait;
            let token = model.exchanged.len().saturating_sub(age);
            let presented = RefreshToken { generation: token as u32, ..first };
            if revoke == 0 {
                let newest = token == model.exchanged.len();
                let alive = !model.dead && now < 1000 && now < model.last_use + 100;
                prop_assert_eq!(families.revoke(presented, at(now), &settings), newest && alive);
                model.dead |= newest && alive;
                continue;
            }
            let got = families.exchange(presented, at(now), &settings);
            let expected = model.exchange(token, now, rotation, leeway);
            prop_assert_eq!(got.ok().map(|token| token.generation as usize), expected, "at {}", now);
            prop_assert!(got.ok().is_none_or(|token| token.family == first.family));
        }
        prop_assert!(families.is_live(other, at(99), &settings), "another family is never touched");
    }
}

#[test]
fn a_reused_token_kills_the_family_and_the_newest_with_it() {
    let settings = settings(true, 0);
    let mut families = Families::default();
    let first = begin(&mut families);
    let second = families.exchange(first, at(1), &settings).unwrap();
    assert_eq!(
        families.exchange(first, at(1), &settings),
        Err(NotExchanged::Reused)
    );
    assert_eq!(
        families.exchange(second, at(2), &settings),
        Err(NotExchanged::Invalid)
    );
    assert_eq!(
        families.exchange(first, at(2), &settings),
        Err(NotExchanged::Invalid),
        "it is dead only once"
    );
}

#[test]
fn the_leeway_covers_only_the_token_before_the_newest() {
    let settings = settings(true, 10);
    let mut families = Families::default();
    let first = begin(&mut families);
    let second = families.exchange(first, at(1), &settings).unwrap();
    assert_eq!(
        families.exchange(first, at(10), &settings),
        Ok(second),
        "a retry after a lost answer"
    );
    let third = families.exchange(second, at(11), &settings).unwrap();
    assert_eq!(
        families.exchange(first, at(11), &settings),
        Err(NotExchanged::Reused)
    );
    assert!(!families.is_live(third, at(11), &settings));
}

#[test]
fn rotation_does_not_prolong_the_absolute_life() {
    let settings = settings(true, 0);
    let mut families = Families::default();
    let mut token = begin(&mut families);
    for second in (50..1000).step_by(50) {
        token = families.exchange(token, at(second), &settings).unwrap();
    }
    assert_eq!(
        families.exchange(token, at(1000), &settings),
        Err(NotExchanged::Invalid)
    );
}

#[test]
fn an_unused_token_ends_at_its_idle_life() {
    let settings = settings(true, 0);
    let mut families = Families::default();
    let token = begin(&mut families);
    assert!(families.is_live(token, at(99), &settings));
    assert_eq!(
        families.exchange(token, at(100), &settings),
        Err(NotExchanged::Invalid)
    );
}

#[test]
fn tokens_that_were_never_issued_do_no_harm() {
    let settings = settings(true, 0);
    let mut families = Families::default();
    let token = begin(&mut families);
    let future = RefreshToken {
        generation: 5,
        ..token
    };
    assert_eq!(
        families.exchange(future, at(1), &settings),
        Err(NotExchanged::Invalid)
    );
    let foreign = RefreshToken {
        family: 77,
        generation: 0,
    };
    assert_eq!(
        families.exchange(foreign, at(1), &settings),
        Err(NotExchanged::Invalid)
    );
    assert!(families.is_live(token, at(1), &settings));
}

#[test]
fn a_family_is_small() {
    assert!(size_of::<Family>() <= 40);
}

#[test]
fn families_that_are_over_are_forgotten() {
    let settings = Settings::default();
    let mut families = Families::default();
    let begin = |families: &mut Families, second| {
        let now = at(second);
        families.begin(UserId(0), SCOPES, AUDIENCE, now, now, &settings)
    };
    let first = begin(&mut families, 0);
    // Each is revoked at once, but for the first and the last.
    for second in 1..200_000 {
        let token = begin(&mut families, second);
        assert!(families.revoke(token, at(second), &settings));
        assert_eq!(token.family, second as u32);
    }
    let last = begin(&mut families, 200_000);
    assert!(families.rows.iter().count() < 1 << 17);
    let now = at(200_001);
    let alive: Vec<u32> = families
        .iter_alive(now, &settings)
        .map(|seen| seen.newest.family)
        .collect();
    assert_eq!(alive, [first.family, last.family]);
    let forgotten = RefreshToken {
        family: 1,
        generation: 0,
    };
    assert!(families.get(forgotten).is_none());
    let refused = Err(NotExchanged::Invalid);
    assert_eq!(families.exchange(forgotten, now, &settings), refused);
    assert!(families.exchange(first, now, &settings).is_ok());
}
