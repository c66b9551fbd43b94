//! Calls as HTTP requests, HTTP responses as answers: the client's side of both providers.
//!
//! One call is one line in a provider's ledger. Where it is two requests (Stytch's second factor and
//! password reset), the first half is free: the provider counts, limits and breaks the second alone.

mod auth0;
mod claims;
mod exchange;
mod no;
mod stytch;
#[cfg(test)]
mod twin_auth0;
#[cfg(test)]
mod twin_stytch;

use cutover_mocks::answer::{Answer, Outcome};
use cutover_mocks::auth0::{self as auth0_machine, Stamp};
use cutover_mocks::http::Clock;
use cutover_mocks::http::stamp::Pace;
use cutover_mocks::stytch as stytch_machine;
use cutover_mocks::time::Span;
use reqwest::Client;
use tokio::time::Instant;

use super::job::Job;
use super::target::Target;
use crate::driver::virtual_time::perform;
use crate::rehearsal::{Dispatch, ProviderAnswer, ProviderCall};

pub use auth0::Auth0;
pub(super) use auth0::{oauth_error, text_error};
pub(super) use claims::SessionClaims;
pub(super) use exchange::Heard;
pub use exchange::{Exchange, Hop};
pub(super) use no::{No, outcome};
pub use stytch::Stytch;
pub(super) use stytch::error as stytch_error;

/// Both providers as the application's calls reach them.
#[derive(Debug)]
pub struct Wire {
    auth0: Auth0,
    stytch: Stytch,
    clock: Clock,
}

impl Wire {
    /// The wire to two providers whose servers share this clock.
    pub fn new(auth0: Auth0, stytch: Stytch, clock: Clock) -> Self {
        Self {
            auth0,
            stytch,
            clock,
        }
    }

    /// The way of one call.
    pub fn exchange<'a>(
        &'a self,
        client: &'a Client,
        stamp: Stamp,
        pace: Pace,
        endpoint: &'static str,
    ) -> Exchange<'a> {
        Exchange::new(client, Some(&self.clock), stamp, pace, endpoint)
    }

    /// The legacy provider.
    pub fn auth0(&self) -> &Auth0 {
        &self.auth0
    }

    /// The new one.
    pub fn stytch(&self) -> &Stytch {
        &self.stytch
    }

    /// Answers a call inside, by the machines behind the servers: what the wire would have carried
    /// to them, without the wire. To be used while no call is on it.
    pub fn answer_inside(&self, dispatch: &Dispatch) -> ProviderAnswer {
        let call = match &dispatch.call {
            ProviderCall::Auth0(call) => ProviderCall::Auth0(self.auth0.as_read(call)),
            ProviderCall::Stytch(call) => ProviderCall::Stytch(self.stytch.as_read(call)),
        };
        let read = Dispatch { call, ..*dispatch };
        let mut project = self.stytch.project();
        let answer = self
            .auth0
            .with_tenant(|tenant| perform(tenant, &mut project, &read));
        drop(project);
        match answer {
            ProviderAnswer::Auth0(answer) => {
                if let Outcome::Served(auth0_machine::Reply::Keys(set)) = answer.outcome {
                    self.auth0.learn_keys(set);
                }
            }
            ProviderAnswer::Stytch(answer) => {
                if let Outcome::Served(stytch_machine::Reply::Keys(set)) = answer.outcome {
                    self.stytch.learn_keys(set);
                }
            }
        }
        answer
    }

    pub(super) fn auth0_target(&self) -> &Target {
        self.auth0.target()
    }

    /// Carries a job: makes its requests, and gives it up when its time is over.
    pub(super) async fn carry(
        &self,
        client: &Client,
        job: &Job,
    ) -> (Option<(ProviderAnswer, Span)>, Vec<Hop>) {
        let endpoint = match &job.dispatch.call {
            ProviderCall::Auth0(call) => call.endpoint().name(),
            ProviderCall::Stytch(call) => call.endpoint().name(),
        };
        let mut exchange = self.exchange(client, job.dispatch.stamp, job.pace, endpoint);
        let given_up = job.given_up(Instant::now());
        let answer = tokio::time::timeout_at(given_up, self.answer(&mut exchange, job))
            .await
            .ok();
        (answer, exchange.into_hops())
    }

    async fn answer(&self, exchange: &mut Exchange<'_>, job: &Job) -> (ProviderAnswer, Span) {
        match &job.dispatch.call {
            ProviderCall::Auth0(call) => {
                let outcome = self
                    .auth0
                    .call(exchange, job.dispatch.stamp.luck, call)
                    .await;
                let took = exchange.took();
                (ProviderAnswer::Auth0(Answer { outcome, took }), took)
            }
            ProviderCall::Stytch(call) => {
                let outcome = self.stytch.call(exchange, &self.auth0, call).await;
                let took = exchange.took();
                (ProviderAnswer::Stytch(Answer { outcome, took }), took)
            }
        }
    }
}
