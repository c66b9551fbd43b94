//! Stateful mocks of an Auth0 tenant and a Stytch project.
//!
//! A mock is a state machine; HTTP is only one of its faces. The machines in [`auth0`] and
//! [`stytch`] take a call, the time and the call's luck, and return an answer: no IO, no clock, no
//! dice. A simulation calls them in process; the `http` feature puts real paths, bodies, signatures
//! and status codes in front of the very same machines.
//!
//! | module | owns |
//! | --- | --- |
//! | [`time`], [`luck`], [`share`] | the inputs that machines never make themselves |
//! | [`email`] | addresses as handles, with what "the same address" means |
//! | [`answer`] | what every call comes back with |
//! | [`latency`], [`capacity`], [`fault`], [`limit`] | how a provider is slow, busy, broken or full |
//! | [`keys`] | which signing keys a provider publishes and signs with, over time |
//! | [`bounds`] | how much of what clients leave behind is kept |
//! | [`ledger`] | what a provider says it did, to reconcile with what clients saw |
//! | [`auth0`], [`stytch`] | the two provider machines |

pub mod answer;
pub mod auth0;
pub mod bounds;
pub mod capacity;
pub mod email;
pub mod fault;
#[cfg(feature = "http")]
pub mod http;
pub mod keys;
mod lasting;
pub mod latency;
pub mod ledger;
pub mod limit;
pub mod luck;
pub mod share;
pub mod stytch;
pub mod time;
