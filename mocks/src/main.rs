//! `cutover-mocks`: the providers, served on this machine until interrupted.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use cutover_mocks::http::introduction::Introduction;
use cutover_mocks::http::standalone::{self, AdminOptions, Options};

const USAGE: &str = "usage: cutover-mocks [AUTH0_ADDRESS [STYTCH_ADDRESS [ADMIN_ADDRESS]]]   \
    (default 127.0.0.1:8480 127.0.0.1:8481 127.0.0.1:8482; port 0: any free one);\n\
    certificates are kept in ./cutover-mock-ca";

#[tokio::main]
async fn main() -> ExitCode {
    let mut options = Options::default();
    for (place, text) in std::env::args().skip(1).enumerate() {
        match (place, text.parse::<SocketAddr>()) {
            (0, Ok(address)) => options.auth0 = address,
            (1, Ok(address)) => options.stytch = address,
            (2, Ok(address)) => {
                options.admin = Some(AdminOptions {
                    address,
                    ..AdminOptions::default()
                });
            }
            _ => return fail(USAGE),
        }
    }
    options.tls = Some("cutover-mock-ca".into());
    let introduce = |introduction: &Introduction| {
        let mut out = std::io::stdout();
        write!(out, "{introduction}").and_then(|()| out.flush())
    };
    match standalone::run(&options, introduce).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "a program that fails says why")]
fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
