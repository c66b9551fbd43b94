//! How many refresh tokens one person has for one application: beyond a number the oldest end.

use std::collections::{BTreeMap, VecDeque};

use super::call::{RefreshToken, UserId};
use super::tenant::Tenant;
use crate::time::Timestamp;

/// Active refresh tokens of one person for one application (Auth0 docs, entity limit policy).
pub const MOST: usize = 200;

/// The families of each person for each application, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders {
    families: BTreeMap<(UserId, String), VecDeque<u32>>,
}

impl Holders {
    /// Forgets a person, whose families are over.
    pub(super) fn forget(&mut self, user: UserId) {
        let from_there = self.families.range((user, String::new())..);
        let theirs = from_there.take_while(|((whose, _), _)| *whose == user);
        let theirs: Vec<(UserId, String)> = theirs.map(|(key, _)| key.clone()).collect();
        for key in theirs {
            self.families.remove(&key);
        }
    }
}

impl Tenant {
    /// Notes that a person was given a refresh token for an application; the oldest ones beyond
    /// [`MOST`] end.
    pub(crate) fn hold(&mut self, user: UserId, client: &str, token: RefreshToken, now: Timestamp) {
        let key = (user, client.to_owned());
        let held = self.holders.families.entry(key).or_default();
        held.push_back(token.family);
        if held.len() <= MOST {
            return;
        }
        held.retain(|family| self.families.seen(*family, now, &self.settings).is_some());
        let mut over = Vec::new();
        while held.len() > MOST {
            over.extend(held.pop_front());
        }
        for family in over {
            let token = RefreshToken {
                family,
                generation: 0,
            };
            self.end_family(token, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth0::{Scopes, Settings};
    use crate::time::Span;

    #[test]
    fn the_oldest_refresh_token_makes_room() {
        let start = Timestamp::from_secs(1_772_409_600);
        let mut tenant = Tenant::new(Settings::default(), start);
        let scopes = Scopes {
            offline: true,
            ..Scopes::default()
        };
        let tokens: Vec<RefreshToken> = (0..=MOST as i64)
            .map(|second| {
                let now = start + Span::from_secs(second);
                let token = tenant.open(now, UserId(1), scopes, true).refresh.unwrap();
                tenant.hold(UserId(1), "app", token, now);
                token
            })
            .collect();
        let now = start + Span::from_mins(10);
        assert!(tenant.family(tokens[0], now).is_none());
        assert!(
            tokens[1..]
                .iter()
                .all(|token| tenant.family(*token, now).is_some())
        );
        let other = tenant.open(now, UserId(1), scopes, true).refresh.unwrap();
        tenant.hold(UserId(1), "another", other, now);
        assert!(
            tenant.family(tokens[1], now).is_some(),
            "applications are counted apart"
        );
    }
}
