//! The target guard: a rehearsal is never pointed at anything but this machine.

use reqwest::Url;

/// A base URL that the guard let through: `http` or `https` on a loopback address, without path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

/// A base URL that the guard refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedTarget {
    /// Not a URL that HTTP can be spoken to.
    #[error("`{0}` is not an http or https address")]
    NotHttp(String),
    /// Somewhere else than on this machine.
    #[error(
        "`{0}` is not on this machine; cutover sends its load only to loopback addresses (127.0.0.0/8, ::1)"
    )]
    NotLoopback(String),
}

impl Target {
    /// Checks a base URL. Names are refused, `localhost` too: what a name means can change.
    pub fn new(text: &str) -> Result<Self, RefusedTarget> {
        let url = Url::parse(text).map_err(|_| RefusedTarget::NotHttp(text.to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(RefusedTarget::NotHttp(text.to_owned()));
        }
        let host = url.host_str().unwrap_or_default();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>();
        match address {
            Ok(address) if address.is_loopback() => Ok(Self(url)),
            _ => Err(RefusedTarget::NotLoopback(text.to_owned())),
        }
    }

    /// The address of a path (which begins with `/`) on this target.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// Whether a URL lies on this target: same scheme, host and port.
    pub fn holds(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    /// The base URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_pass() {
        for good in [
            "http://127.0.0.1:80",
            "http://127.8.9.1:4000/",
            "http://[::1]:9",
            "https://127.0.0.1",
        ] {
            assert!(Target::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://tenant.eu.auth0.com",
            "https://test.stytch.com",
            "http://localhost:3000",
            "http://127.0.0.1.example.org",
            "http://10.0.0.1",
            "http://[::2]:80",
            "http://0.0.0.0:80",
            "http://user@192.168.0.1",
        ] {
            assert_eq!(
                Target::new(bad),
                Err(RefusedTarget::NotLoopback(bad.into())),
                "{bad}"
            );
        }
        for odd in ["ftp://127.0.0.1", "127.0.0.1:80", ""] {
            assert_eq!(
                Target::new(odd),
                Err(RefusedTarget::NotHttp(odd.into())),
                "{odd}"
            );
        }
    }

    #[test]
    fn paths_keep_their_query() {
        let target = Target::new("http://127.0.0.1:7").unwrap();
        assert_eq!(target.at("/a/b?c=d").as_str(), "http://127.0.0.1:7/a/b?c=d");
        assert!(target.holds(&target.at("/x")));
        assert!(!target.holds(&Url::parse("http://127.0.0.1:8/x").unwrap()));
        assert_eq!(target.as_str(), "http://127.0.0.1:7");
    }
}
