//! Under which names the tenant issues tokens: a given one, or its URL as each client reached it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use super::texts::{self, Parties};
use crate::http::origin::Origin;

/// The tenant's own name and those that it took from requests.
#[derive(Debug)]
pub(super) struct Issuers {
    own: Arc<Parties>,
    /// The own name without its slash.
    own_url: String,
    follows: bool,
    /// By `iss`; what stands here was issued under.
    taken: RwLock<BTreeMap<String, Arc<Parties>>>,
}

/// Names that a tenant takes from requests at most; a request by any further one is answered under
/// the tenant's own.
const TAKEN: usize = 64;

impl Issuers {
    /// The tenant's own name, and whether it is also known by what clients call it.
    pub(super) fn new(own: Parties, follows: bool) -> Self {
        Self {
            own_url: own.issuer.trim_end_matches('/').to_owned(),
            own: Arc::new(own),
            follows,
            taken: RwLock::default(),
        }
    }

    /// The same names in the next generation.
    pub(super) fn renewed(&self) -> Self {
        let next = |parties: &Arc<Parties>| {
            let mut parties = Parties::clone(parties);
            parties.generation = parties.generation.next();
            Arc::new(parties)
        };
        let taken = self.taken.read().unwrap_or_else(PoisonError::into_inner);
        let taken = taken
            .iter()
            .map(|(name, parties)| (name.clone(), next(parties)))
            .collect();
        Self {
            own: next(&self.own),
            own_url: self.own_url.clone(),
            follows: self.follows,
            taken: RwLock::new(taken),
        }
    }

    /// The own name.
    pub(super) fn own(&self) -> &Parties {
        &self.own
    }

    /// The name that a request by this origin is answered under.
    pub(super) fn at(&self, origin: &Origin) -> Arc<Parties> {
        if !self.follows || origin.is(&self.own_url) {
            return Arc::clone(&self.own);
        }
        let Some(url) = origin.url() else {
            return Arc::clone(&self.own);
        };
        let issuer = format!("{url}/");
        if let Some(known) = self.find(&issuer) {
            return known;
        }
        let mut taken = self.taken.write().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= TAKEN {
            return Arc::clone(&self.own);
        }
        let parties = Parties {
            issuer: issuer.clone(),
            ..Parties::clone(&self.own)
        };
        Arc::clone(taken.entry(issuer).or_insert_with(|| Arc::new(parties)))
    }

    /// The name that a token says it was issued under, if that is one of the tenant's; its own if
    /// not, which will refuse the token.
    pub(super) fn of_token(&self, text: &str) -> Arc<Parties> {
        #[derive(Clone, Deserialize)]
        struct Named {
            iss: String,
        }
        if !texts::is_jwt(text) {
            return Arc::clone(&self.own);
        }
        let taken = self.taken.read().unwrap_or_else(PoisonError::into_inner);
        if taken.is_empty() {
            return Arc::clone(&self.own);
        }
        jsonwebtoken::dangerous::insecure_decode::<Named>(text)
            .ok()
            .and_then(|token| taken.get(&token.claims.iss).cloned())
            .unwrap_or_else(|| Arc::clone(&self.own))
    }

    fn find(&self, issuer: &str) -> Option<Arc<Parties>> {
        let taken = self.taken.read().unwrap_or_else(PoisonError::into_inner);
        taken.get(issuer).cloned()
    }
}
