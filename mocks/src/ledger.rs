//! What a provider says it did: counts only, never requests, to reconcile with what clients saw.

use std::collections::BTreeMap;

/// Counts of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger<Endpoint: Ord> {
    /// Calls by endpoint and by the status the provider answered with (0: connection closed or
    /// refused by a fault).
    pub calls: BTreeMap<(Endpoint, u16), u64>,
    /// Sessions opened by a login.
    pub opened: u64,
    /// Sessions opened by migrating a legacy one.
    pub migrated: u64,
    /// Sessions or token families renewed.
    pub refreshed: u64,
    /// Sessions or token families revoked, by a call or by reuse detection.
    pub revoked: u64,
    /// People created by a call (not by seeding).
    pub created: u64,
}

impl<Endpoint: Ord> Default for Ledger<Endpoint> {
    fn default() -> Self {
        Self {
            calls: BTreeMap::new(),
            opened: 0,
            migrated: 0,
            refreshed: 0,
            revoked: 0,
            created: 0,
        }
    }
}

impl<Endpoint: Ord + Copy> Ledger<Endpoint> {
    /// Counts one call.
    pub fn count(&mut self, endpoint: Endpoint, status: u16) {
        *self.calls.entry((endpoint, status)).or_insert(0) += 1;
    }

    /// Calls to an endpoint, whatever came of them.
    pub fn calls_to(&self, endpoint: Endpoint) -> u64 {
        self.calls
            .iter()
            .filter(|((at, _), _)| *at == endpoint)
            .map(|(_, count)| count)
            .sum()
    }
}
