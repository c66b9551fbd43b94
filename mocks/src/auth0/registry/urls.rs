//! Which URLs an application may be sent back to.

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
        .is_some_and(|(label, rest)| !label.is_empty() && !label.contains('/') && rest == after)
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

fn is_local(url: &str) -> bool {
    let origin = origin_of(url);
    let Some((scheme, authority)) = origin.split_once("://") else {
        // `com.example.app:/callback`
        return url
            .split_once(":/")
            .is_some_and(|(scheme, _)| is_native(scheme));
    };
    if scheme != "http" && scheme != "https" {
        return is_native(scheme);
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "::1"
        || is_loopback_v4(&host)
        || RESERVED.iter().any(|name| host.ends_with(name))
}

/// `127.x.y.z`, with nothing but numbers in it.
fn is_loopback_v4(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    parts.len() == 4 && parts[0] == "127" && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

/// A native app's own scheme, which no browser runs as code.
fn is_native(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && !["javascript", "data", "vbscript", "file", "blob", "about"]
            .contains(&scheme.to_ascii_lowercase().as_str())
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
        ] {
            assert!(urls.allow(allowed), "{allowed}");
        }
        for refused in [
            "https://app.example.com/callback",
            "http://localhost.evil.com/",
            "http://localhost@evil.com/",
            "http://127.0.0.1.evil.com/",
            "javascript:/alert(1)",
            "javascript://localhost/%0aalert(1)",
            "",
        ] {
            assert!(!urls.allow(refused), "{refused}");
        }
    }
}
