//! Whole flows against a tenant on a real socket, as a scripted browser and an application drive them.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod admin;
mod administration;
mod backchannel;
mod browser;
mod dpop;
mod embedded;
mod guards;
mod linking;
mod logs;
mod protection;
mod records;
mod scene;
mod settings;
mod tokens;
mod trouble;
mod users;
mod ways;
