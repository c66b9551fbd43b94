//! Who may use the admin interface: programs on this machine, but no web page that a browser shows.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::api::respond;
use super::problem::Problem;

/// Whose requests are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Callers {
    /// Those that call it by a name of this machine's own.
    #[default]
    Local,
    /// Those that call it by any name, for containers and other machines.
    Anyone,
}

pub(super) fn guarded(router: Router, callers: Callers) -> Router {
    router.layer(axum::middleware::from_fn_with_state(callers, check))
}

async fn check(State(callers): State<Callers>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    // Browsers send it with whatever a page of another origin asks them to.
    if headers.contains_key(header::ORIGIN) {
        return respond::<()>(Err(Problem::with_status(
            403,
            "web pages may not use the admin interface: call it from the test's own process",
        )));
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // A page can make its own host name mean this machine, but not call it by another name.
    if callers == Callers::Local && !host.is_none_or(is_local) {
        return respond::<()>(Err(Problem::with_status(
            403,
            "the admin interface answers to localhost and loopback addresses only; start the mocks with --admin-anywhere for other names",
        )));
    }
    next.run(request).await
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        for host in [
            "localhost",
            "LOCALHOST:8482",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8482",
            "[::1]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "localhost.evil.example",
            "10.0.0.1:8482",
            "evil.example:8482",
            "[::2]",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
