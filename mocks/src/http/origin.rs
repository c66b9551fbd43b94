//! How a client reached a server: scheme and host, as its own URLs for that server begin.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// The scheme and the host that a request named. Cheap: the host is not copied.
#[derive(Clone, Debug)]
pub struct Origin {
    secure: bool,
    host: Option<HeaderValue>,
}

/// A host in a request may be this long in bytes: a name of 253 (RFC 1035) and a port.
const LONGEST_HOST: usize = 253 + 6;

impl Origin {
    /// The origin of a request that came in clear or over TLS.
    pub fn of(uri: &Uri, headers: &HeaderMap, secure: bool) -> Self {
        // A whole URL in the request line counts more than the header (RFC 9112, section 3.2.2).
        let named = uri
            .authority()
            .and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
        Self {
            secure,
            host: named.or_else(|| headers.get(header::HOST).cloned()),
        }
    }

    /// Whether this is where a URL points. `url` has no path.
    pub fn is(&self, url: &str) -> bool {
        let host = url.strip_prefix(self.scheme());
        host.is_some() && host == self.host()
    }

    /// The URL without a slash at its end; none if the request named no host that can stand in one.
    pub fn url(&self) -> Option<String> {
        Some(format!("{}{}", self.scheme(), self.host()?))
    }

    const fn scheme(&self) -> &'static str {
        if self.secure { "https://" } else { "http://" }
    }

    fn host(&self) -> Option<&str> {
        let host = self.host.as_ref()?.to_str().ok()?;
        let fits = !host.is_empty()
            && host.len() <= LONGEST_HOST
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        fits.then_some(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn origin(uri: &str, host: &str, secure: bool) -> Origin {
        let request = Request::builder().uri(uri).header(header::HOST, host);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Origin::of(&parts.uri, &parts.headers, secure)
    }

    #[test]
    fn the_scheme_is_the_lines_and_the_host_is_what_the_client_named() {
        let plain = origin("/userinfo", "127.0.0.1:8480", false);
        assert!(plain.is("http://127.0.0.1:8480"));
        assert!(!plain.is("https://127.0.0.1:8480"));
        let secure = origin("/userinfo", "localhost:8480", true);
        assert_eq!(secure.url().as_deref(), Some("https://localhost:8480"));
        let whole = origin("http://mock:1/userinfo", "localhost:8480", false);
        assert_eq!(whole.url().as_deref(), Some("http://mock:1"));
    }

    #[test]
    fn a_host_that_cannot_stand_in_a_url_is_none() {
        for host in ["", "a/b", "a b", "a@b", "\"", &"a".repeat(300)] {
            assert_eq!(origin("/", host, false).url(), None, "{host}");
        }
    }
}
