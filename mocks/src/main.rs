//! `cutover-mocks`: the providers, served on this machine until interrupted.

use std::net::SocketAddr;
use std::process::ExitCode;

use cutover_mocks::http::standalone::{self, Options};

const USAGE: &str =
    "usage: cutover-mocks [AUTH0_ADDRESS]   (default 127.0.0.1:8480; port 0: any free one)";

#[tokio::main]
async fn main() -> ExitCode {
    let mut options = Options::default();
    if let Some(text) = std::env::args().nth(1) {
        match text.parse::<SocketAddr>() {
            Ok(address) => options.auth0 = address,
            Err(_) => return fail(USAGE),
        }
    }
    match standalone::run(options, &mut std::io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "a program that fails says why")]
fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
