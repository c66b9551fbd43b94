//! Where a provider is.

use reqwest::Url;

/// Where a provider is: `https`, or `http` on this machine; no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(Url);

impl Base {
    /// Reads a host name or a URL without path.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/');
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let mut url = Url::parse(&with_scheme).ok()?;
        // A dot at the end names the same host, but stands in no certificate and no issuer.
        let undotted = url.host_str().and_then(|host| host.strip_suffix('.'));
        if let Some(host) = undotted.map(str::to_owned) {
            url.set_host(Some(&host)).ok()?;
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        let known = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        (bare && nobody && known).then_some(Self(url))
    }

    /// The address of a path, which begins with `/`.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// Host and port, as in a domain.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The host's name, in lower case.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether it speaks TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        let address = host.parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
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
    fn bases_are_hosts_and_nothing_else() {
        for (text, base) in [
            ("Dev-Abc.auth0.com", "https://dev-abc.auth0.com"),
            ("https://login.example/", "https://login.example"),
            ("login.example.:8443", "https://login.example:8443"),
            ("http://127.0.0.1:8480", "http://127.0.0.1:8480"),
        ] {
            assert_eq!(Base::read(text).unwrap().as_str(), base);
        }
        for bad in [
            "",
            "https://a.example/path",
            "https://me:pw@a.example",
            "ftp://a.example",
            "https://a.example?x=1",
        ] {
            assert_eq!(Base::read(bad), None, "{bad}");
        }
        for (text, loopback) in [
            ("localhost:1", true),
            ("https://[::1]:9", true),
            ("127.0.0.1", true),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(Base::read(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
