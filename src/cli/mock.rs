//! `cutover mock`: both providers, served on this machine until stopped.

use std::net::SocketAddr;

use clap::Args;

use super::Failure;
use crate::verdict::exit;

/// Where they listen.
#[derive(Debug, Args)]
pub(super) struct MockArgs {
    /// Address of the Auth0 tenant
    #[arg(long, default_value = "127.0.0.1:8480")]
    auth0: SocketAddr,
    /// Address of the Stytch project
    #[arg(long, default_value = "127.0.0.1:8481")]
    stytch: SocketAddr,
}

pub(super) fn mock(args: &MockArgs) -> Result<u8, Failure> {
    use cutover_mocks::http::standalone::{self, Options};
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    let options = Options {
        auth0: args.auth0,
        stytch: args.stytch,
        ..Options::default()
    };
    runtime
        .block_on(standalone::run(options, &mut std::io::stdout()))
        .map_err(Failure::environment)?;
    Ok(exit::PASSED)
}
