//! The line to real providers: calls as requests without any mark of the harness, at a bounded pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cutover_mocks::answer::Answer;
use cutover_mocks::time::Span;
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::auth0::Auth0Line;
use super::moment::Moments;
use super::names::Names;
use super::stytch::StytchLine;
use crate::driver::http::job::Job;
use crate::driver::http::wire::{Exchange, Heard, Hop};
use crate::rehearsal::{ProviderAnswer, ProviderCall};
use crate::tenant::client::{As, Client};
use crate::tenant::tenants::Tenants;

/// Both providers.
#[derive(Debug)]
pub struct TenantLine {
    tenants: Arc<Tenants>,
    auth0: Auth0Line,
    stytch: StytchLine,
    unplayed: AtomicU64,
}

/// One call under way: how its requests are made, and how its times are read.
pub(super) struct Ride<'a, 'e> {
    pub(super) client: &'a Client,
    pub(super) exchange: &'a mut Exchange<'e>,
    pub(super) moments: Moments,
}

impl TenantLine {
    pub(super) fn new(tenants: Arc<Tenants>, names: &Arc<Names>) -> Self {
        Self {
            auth0: Auth0Line::new(Arc::clone(&tenants), Arc::clone(names)),
            stytch: StytchLine::new(Arc::clone(&tenants), Arc::clone(names)),
            tenants,
            unplayed: AtomicU64::new(0),
        }
    }

    /// Calls that real providers cannot be asked for a test person: they need somebody's mailbox.
    pub(super) fn unplayed(&self) -> u64 {
        self.unplayed.load(Ordering::Relaxed)
    }

    /// Where the legacy provider is.
    pub fn host(&self) -> &str {
        self.tenants.auth0.credentials().base.as_str()
    }

    /// Waits for the call's turn. A migration makes the new provider ask the old one, so that it
    /// takes a turn of both. Whoever has waited too long is counted as late, not as slow.
    pub async fn wait(&self, job: &Job) {
        let (auth0, stytch) = (self.tenants.auth0.client(), self.tenants.stytch.client());
        match &job.dispatch.call {
            ProviderCall::Auth0(call) if Auth0Line::asks(call) => auth0.turn().await,
            ProviderCall::Auth0(_) => {}
            ProviderCall::Stytch(call) => {
                if StytchLine::asks_auth0(call) {
                    auth0.turn().await;
                }
                stytch.turn().await;
            }
        }
    }

    /// Carries a job: makes its requests, and gives it up when its time is over.
    pub async fn carry(&self, job: &Job) -> (Option<(ProviderAnswer, Span)>, Vec<Hop>) {
        let moments = Moments::at(job.dispatch.stamp.at, job.due);
        let patience = Instant::now() + job.patience;
        match &job.dispatch.call {
            ProviderCall::Auth0(call) => {
                let client = self.tenants.auth0.client();
                let mut exchange = Exchange::plain(client.http(), call.endpoint().name());
                let ride = Ride {
                    client,
                    exchange: &mut exchange,
                    moments,
                };
                let outcome = tokio::time::timeout_at(patience, self.auth0.call(ride, call)).await;
                let took = exchange.took();
                if Auth0Line::cannot(call) {
                    self.unplayed.fetch_add(1, Ordering::Relaxed);
                }
                let answer = outcome
                    .ok()
                    .map(|outcome| (ProviderAnswer::Auth0(Answer { outcome, took }), took));
                (answer, exchange.into_hops())
            }
            ProviderCall::Stytch(call) => {
                let client = self.tenants.stytch.client();
                let mut exchange = Exchange::plain(client.http(), call.endpoint().name());
                let ride = Ride {
                    client,
                    exchange: &mut exchange,
                    moments,
                };
                let outcome = tokio::time::timeout_at(patience, self.stytch.call(ride, call)).await;
                let took = exchange.took();
                if StytchLine::cannot(call) {
                    self.unplayed.fetch_add(1, Ordering::Relaxed);
                }
                let answer = outcome
                    .ok()
                    .map(|outcome| (ProviderAnswer::Stytch(Answer { outcome, took }), took));
                (answer, exchange.into_hops())
            }
        }
    }
}

impl Ride<'_, '_> {
    /// Makes a request; whoever is told to stop stops.
    pub(super) async fn send(
        &mut self,
        (method, path): (Method, &str),
        who: As<'_>,
        body: Option<&Value>,
    ) -> Result<Heard, cutover_mocks::answer::Breakage> {
        let request = self.client.request(method.clone(), path, who, body);
        let flight = self.client.flight(&method);
        let heard = self.exchange.send(request).await?;
        if heard.status < 500 {
            flight.landed();
        }
        if heard.status == 429 {
            self.client.heed_refusal(heard.headers());
        }
        Ok(heard)
    }
}
