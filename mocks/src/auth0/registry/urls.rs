//! Which URLs an application may be sent back to.

use url::{Host, Url};

/// Allowed URLs of one purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urls {
    /// Those that are listed. A `*` as the leftmost label of a host stands for any one label, as in
    /// `https://*.app.example/callback` (Auth0 docs, subdomain URL placeholders).
    pub listed: Vec<String>,
    /// Whether any URL on this machine, any below a name that is reserved for examples and tests
    /// (RFC 2606) and any of a native app's own scheme will do, too. A real tenant has no such rule: it
    /// is what lets a client try the mock before anything is configured.
    pub local: bool,
}

/// Top-level names that are reserved for examples and tests (RFC 2606, section 2).
const RESERVED: [&str; 3] = [".example", ".test", ".invalid"];

impl Urls {
    /// These, and no others.
    pub fn only(listed: impl IntoIterator<Item = String>) -> Self {
        Self {
            listed: listed.into_iter().collect(),
            local: false,
        }
    }

    /// These, if an application that nobody vouches for may name them: absolute URLs without a fragment
    /// (RFC 6749, section 3.1.2), of the web or of a native app's own scheme. The first other one is
    /// answered.
    pub fn of_strangers(listed: Vec<String>) -> Result<Self, String> {
        let fits = |text: &String| {
            Url::parse(text).is_ok_and(|url| {
                let web = matches!(url.scheme(), "http" | "https");
                url.fragment().is_none() && (web || is_native(&url))
            })
        };
        match listed.iter().find(|text| !fits(text)) {
            None => Ok(Self::only(listed)),
            Some(bad) => Err(bad.clone()),
        }
    }

    /// Whatever is harmless.
    pub const fn local() -> Self {
        Self {
            listed: Vec::new(),
            local: true,
        }
    }

    /// Whether a URL is among them.
    pub fn allow(&self, url: &str) -> bool {
        self.listed.iter().any(|listed| matches(listed, url)) || (self.local && is_local(url))
    }

    /// Whether a page of this origin (`https://app.example`) may call in the name of the application.
    pub fn allow_origin(&self, origin: &str) -> bool {
        self.listed
            .iter()
            .any(|listed| matches(origin_of(listed), origin))
            || (self.local && is_local(origin))
    }
}

/// Auth0 compares strings; a slash at the end of a bare origin is no difference.
fn matches(listed: &str, url: &str) -> bool {
    let (listed, url) = (bare(listed), bare(url));
    if listed == url {
        return true;
    }
    let Some((before, after)) = listed.split_once("://*.") else {
        return false;
    };
    url.strip_prefix(before)
        .and_then(|rest| rest.strip_prefix("://"))
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(label, rest)| is_label(label) && rest == after)
}

/// Whether a text is one label of a host, which nothing in it can end early.
fn is_label(text: &str) -> bool {
    let of_names = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(of_names)
}

fn bare(url: &str) -> &str {
    let origin = origin_of(url);
    if url.strip_prefix(origin) == Some("/") {
        origin
    } else {
        url
    }
}

/// Scheme and authority of a URL.
fn origin_of(url: &str) -> &str {
    let Some(start) = url.find("://").map(|at| at + 3) else {
        return url;
    };
    let end = url[start..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| start + at);
    &url[..end]
}

/// Judged as a browser reads it, which takes `https:/evil.com` and `http://evil.com\\@localhost` for URLs
/// of evil.com.
fn is_local(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    if !matches!(url.scheme(), "http" | "https") {
        return is_native(&url);
    }
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost"
                || name.ends_with(".localhost")
                || RESERVED.iter().any(|reserved| name.ends_with(reserved))
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Schemes that browsers know what to do with themselves, some by running code.
const BROWSERS: [&str; 11] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Whether a URL has a native app's own scheme: `com.example.app:/callback`.
fn is_native(url: &Url) -> bool {
    !url.cannot_be_a_base() && !BROWSERS.contains(&url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_urls_are_compared_whole() {
        let urls = Urls::only([
            "https://app.example.com/callback".to_owned(),
            "https://*.shop.example.com/back".to_owned(),
            "https://bare.example.com".to_owned(),
        ]);
        for allowed in [
            "https://app.example.com/callback",
            "https://one.shop.example.com/back",
            "https://bare.example.com/",
        ] {
            assert!(urls.allow(allowed), "{allowed}");
        }
        for refused in [
            "https://app.example.com/callback/",
            "https://app.example.com/callback?x=1",
            "http://app.example.com/callback",
            "https://one.two.shop.example.com/back",
            "https://.shop.example.com/back",
            "https://evil.com/.shop.example.com/back",
            "https://3232235777\\.shop.example.com/back",
            "https://3232235777?.shop.example.com/back",
            "http://localhost/callback",
        ] {
            assert!(!urls.allow(refused), "{refused}");
        }
        assert!(urls.allow_origin("https://app.example.com"));
        assert!(!urls.allow_origin("https://evil.com"));
    }

    #[test]
    fn local_urls_are_harmless_ones() {
        let urls = Urls::local();
        for allowed in [
            "http://localhost:3000/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:80/",
            "https://app.example/callback",
            "com.my.app://callback",
            "com.my.app:/callback",
            "HTTP://LOCALHOST/callback",
            "http:/localhost/callback",
        ] {
            assert!(urls.allow(allowed), "{allowed}");
        }
        for refused in [
            "https://app.example.com/callback",
            "http://localhost.evil.com/",
            "http://localhost@evil.com/",
            "http://127.0.0.1.evil.com/",
            "https:/evil.com/cb",
            "https:evil.com/cb",
            "https:\\\\evil.com/cb",
            "https:\t//evil.com/cb",
            "http://evil.com\\@localhost/",
            "http://evil.com#@localhost/",
            "http://0x7f.1.evil.com/",
            "//evil.com/cb",
            "ftp://localhost/",
            "mailto:app",
            "javascript:/alert(1)",
            "JavaScript:/alert(1)",
            " javascript:/alert(1)",
            "javascript://localhost/%0aalert(1)",
            "",
        ] {
            assert!(!urls.allow(refused), "{refused}");
        }
    }
}
