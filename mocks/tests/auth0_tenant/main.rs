//! Each rule of the tenant, through the calls that anybody can make.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod logins;
mod scene;
mod tokens;
mod trouble;
